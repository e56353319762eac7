from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TerritoryConfig(AppConfig):
    name = "anju.ground.territory"
    label = "territory"

    def ready(self) -> None:
        from anju.ground.foundation.navigation import Item, register

        register(Item(_("小区"), "territory:estates", "territory.see", "building", 70, _("档案")))
