from django.apps import AppConfig


class OrganisationsConfig(AppConfig):
    name = "anju.ground.organisations"
    label = "organisations"
