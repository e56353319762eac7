from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OrdersConfig(AppConfig):
    """Orders to put right, at once or by a day; temporary sealing."""

    name = "anju.duties.orders"
    label = "orders"

    def ready(self) -> None:
        from anju.duties.cases.models import Case
        from anju.duties.inspections.queries import dossier
        from anju.ground.foundation import beside, desk, notices, story
        from anju.ground.foundation.navigation import Item, register

        from . import (
            listeners,  # noqa: F401  (subscribes)
            pages,
        )
        from .models import Order, Sealing

        story.register(
            {"orders.imported": (_("责令改正由台账导入"), "active"), "cases.noted": (_("执法"), "active")},
            subjects={"orders.order": _("责令改正"), "orders.sealing": _("临时查封")},
            details={"orders": pages.story_detail},
        )
        law = _("检查执法")
        register(Item(_("责令改正"), "orders:list", "orders.see", "file", 62, law))
        register(Item(_("临时查封"), "orders:sealings", "orders.see", "lock", 64, law))
        notices.register(Order, pages.NOTICES)
        for kind in pages.KINDS:
            desk.register(kind)
        dossier.register(pages.lines, counter=pages.counts, follow=(Order, Sealing))
        beside.register(Case, pages.orders_of_case, order=10)
        beside.register(Case, pages.sealings_of_case, order=30)
