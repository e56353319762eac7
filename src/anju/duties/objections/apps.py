from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ObjectionsConfig(AppConfig):
    """Objections to the acts of agencies, and the answers."""

    name = "anju.duties.objections"
    label = "objections"

    def ready(self) -> None:
        from anju.duties.orders.models import Order
        from anju.duties.penalties.models import Penalty
        from anju.ground.foundation import beside, desk, story
        from anju.ground.foundation.navigation import Item, register

        from . import (
            listeners,  # noqa: F401  (subscribes)
            pages,
        )

        register(Item(_("执法异议"), "objections:list", "objections.see", "info", 68, _("检查执法")))
        desk.register(pages.KIND)
        story.register({}, subjects={"objections.objection": _("执法异议")})
        beside.register(Order, pages.of_order, order=20)
        beside.register(Penalty, pages.of_penalty, order=20)
