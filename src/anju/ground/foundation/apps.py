from django.apps import AppConfig


class FoundationConfig(AppConfig):
    name = "anju.ground.foundation"
    label = "foundation"
