from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PenaltiesConfig(AppConfig):
    """Administrative penalties, from filing to payment."""

    name = "anju.duties.penalties"
    label = "penalties"

    def ready(self) -> None:
        from anju.duties.cases.models import Case
        from anju.duties.inspections.queries import dossier
        from anju.duties.orders.models import Order
        from anju.duties.orders.pages import story_detail
        from anju.ground.foundation import beside, desk, story
        from anju.ground.foundation.navigation import Item, register

        from . import (
            figures,
            listeners,  # noqa: F401  (subscribes)
            pages,
        )
        from .models import Penalty

        figures.register()
        story.register(
            {"penalties.imported": (_("处罚由台账导入"), "active")},
            subjects={"penalties.penalty": _("行政处罚")},
            details={"penalties": story_detail},
        )
        register(Item(_("行政处罚"), "penalties:list", "penalties.see", "stamp", 63, _("检查执法")))
        desk.register(pages.KIND)
        dossier.register(pages.lines, counter=pages.counts, follow=(Penalty,))
        beside.register(Case, pages.of_case, order=20)
        beside.register(Order, pages.of_order, order=10)
