"""What the register gives the rest of the house: entries of the navigation, a panel, the lines of a file."""

from django.utils.translation import gettext_lazy as _

from anju.ground.foundation import beside
from anju.ground.foundation.navigation import Item, register
from anju.ground.territory.models import Estate

from . import dossier, lines, units_listeners  # noqa: F401  (subscribes)


def wire() -> None:
    """Register the pages, the estate's panel and this room's own lines (AppConfig.ready calls it)."""
    from .units_views import of_estate

    group = _("检查执法")
    register(Item(_("检查对象"), "inspections:units", "inspections.see", "building", 35, group))
    register(Item(_("检查覆盖"), "inspections:coverage", "inspections.see", "chart", 36, group))
    register(Item(_("综合查一次"), "inspections:together", "inspections.plan", "merge", 37, group))
    beside.register(Estate, of_estate, order=20)
    dossier.register(lines.of_units, counter=lines.counts)
