from django.apps import AppConfig


class FiguresConfig(AppConfig):
    name = "anju.means.figures"
    label = "figures"
