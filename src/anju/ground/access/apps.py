from django.apps import AppConfig


class AccessConfig(AppConfig):
    name = "anju.ground.access"
    label = "access"

    def ready(self) -> None:
        from . import reaches  # noqa: F401  (says how far a reach goes)
