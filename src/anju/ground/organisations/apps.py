from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OrganisationsConfig(AppConfig):
    name = "anju.ground.organisations"
    label = "organisations"

    def ready(self) -> None:
        from anju.ground.foundation.navigation import Item, register
        from anju.ground.territory import panels

        from .views import estate_panel

        register(
            Item(_("单位和企业"), "organisations:organisations", "organisations.see", "people", 71, _("档案"))
        )
        panels.register(estate_panel, order=10)
