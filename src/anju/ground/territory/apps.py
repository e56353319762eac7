from django.apps import AppConfig


class TerritoryConfig(AppConfig):
    name = "anju.ground.territory"
    label = "territory"
