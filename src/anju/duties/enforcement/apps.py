from django.apps import AppConfig


class EnforcementConfig(AppConfig):
    name = "anju.duties.enforcement"
    label = "enforcement"

    def ready(self) -> None:
        from . import (
            figures,
            jobs,  # noqa: F401  (periodic)
            listeners,  # noqa: F401  (subscribes)
            transfer_jobs,  # noqa: F401  (its periodic job)
            transfer_listeners,  # noqa: F401  (subscribes)
            transfer_navigation,
        )

        figures.register()
        transfer_navigation.register()
