from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class TerritoryConfig(AppConfig):
    name = "anju.ground.territory"
    label = "territory"

    def ready(self) -> None:
        from anju.ground.foundation import story
        from anju.ground.foundation.navigation import Item, register

        from .pages import detail

        story.register(
            {
                "territory.loaded": (_("载入行政区划"), "quiet"),
                "territory.areas_built": (_("建立辖区"), "quiet"),
            },
            subjects={
                "territory.division": _("行政区划"),
                "territory.area": _("辖区"),
                "territory.estate": _("小区"),
            },
            details={"territory": detail},
        )
        estates = pgettext_lazy("navigation", "小区")
        register(Item(estates, "territory:estates", "territory.see", "building", 70, _("档案")))
        register(Item(_("区划和辖区"), "territory:places", "territory.manage", "map", 72, _("档案")))
