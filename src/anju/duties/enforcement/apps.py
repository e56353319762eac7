from django.apps import AppConfig


class EnforcementConfig(AppConfig):
    name = "anju.duties.enforcement"
    label = "enforcement"

    def ready(self) -> None:
        from . import figures

        figures.register()
