from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "anju.duties.cases"
    label = "cases"
