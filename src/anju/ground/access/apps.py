from django.apps import AppConfig


class AccessConfig(AppConfig):
    name = "anju.ground.access"
    label = "access"
