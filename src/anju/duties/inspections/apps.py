from django.apps import AppConfig


class InspectionsConfig(AppConfig):
    name = "anju.duties.inspections"
    label = "inspections"

    def ready(self) -> None:
        from . import figures

        figures.register()
