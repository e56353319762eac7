from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InspectionsConfig(AppConfig):
    name = "anju.duties.inspections"
    label = "inspections"

    def ready(self) -> None:
        from anju.ground.foundation.navigation import Item, register

        from . import figures, listeners, units_wiring  # noqa: F401  (subscribes)
        from .badges import waiting

        figures.register()
        units_wiring.wire()
        register(
            Item(
                _("检查"),
                "inspections:visits",
                "inspections.see",
                "stamp",
                34,
                _("检查执法"),
                badge=waiting,
            )
        )
