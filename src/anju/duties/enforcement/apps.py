from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EnforcementConfig(AppConfig):
    name = "anju.duties.enforcement"
    label = "enforcement"

    def ready(self) -> None:
        from anju.ground.foundation.navigation import Item, register, register_piles

        from . import (
            figures,
            jobs,  # noqa: F401  (periodic)
            listeners,  # noqa: F401  (subscribes)
            transfer_jobs,  # noqa: F401  (its periodic job)
            transfer_listeners,  # noqa: F401  (subscribes)
            transfer_navigation,
            unit_file,  # what a unit's file shows of enforcement
            views,
        )

        figures.register()
        law = _("检查执法")
        register(Item(_("责令改正"), "enforcement:orders", "enforcement.see", "file", 62, law))
        register(Item(_("行政处罚"), "enforcement:penalties", "enforcement.see", "stamp", 63, law))
        register(Item(_("临时查封"), "enforcement:sealings", "enforcement.see", "lock", 64, law))
        transfer_navigation.register()
        register_piles(views.piles)
        unit_file.register()
