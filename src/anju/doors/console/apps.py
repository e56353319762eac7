from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    name = "anju.doors.console"
    label = "console"
