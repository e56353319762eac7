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
        from anju.ground.foundation import beside
        from anju.ground.foundation.navigation import Item, register, register_piles

        from . import (
            figures,
            listeners,  # noqa: F401  (subscribes)
            pages,
        )
        from .models import Penalty

        figures.register()
        register(Item(_("行政处罚"), "penalties:list", "penalties.see", "stamp", 63, _("检查执法")))
        register_piles(pages.piles)
        dossier.register(pages.lines, counter=pages.counts, follow=(Penalty,))
        beside.register(Case, pages.of_case, order=20)
        beside.register(Order, pages.of_order, order=10)
