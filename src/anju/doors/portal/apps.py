from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "anju.doors.portal"
    label = "portal"
