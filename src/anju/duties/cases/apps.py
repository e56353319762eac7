from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "anju.duties.cases"
    label = "cases"

    def ready(self) -> None:
        from . import (
            figures,
            listeners,  # noqa: F401  (subscribes)
        )

        figures.register()
