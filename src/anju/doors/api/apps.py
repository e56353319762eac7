from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "anju.doors.api"
    label = "api"
