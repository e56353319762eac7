"""What this room lays elsewhere: beside an order and a penalty, on the desk."""

from datetime import datetime
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from anju.duties.orders.models import Order
from anju.duties.orders.queries import matters
from anju.duties.penalties.models import Penalty
from anju.ground.foundation import desk
from anju.ground.foundation.beside import Act, Beside

from .models import Objection
from .rules import State

_PLACES = tuple(f"{of}__{level}" for of in ("penalty", "order") for level in ("street", "county"))


def of_order(request: Any, order: Order) -> Beside | None:
    """Lay beside an order the way to object to it."""
    return _offered(request, f"order={order.pk}")


def of_penalty(request: Any, penalty: Penalty) -> Beside | None:
    """Lay beside a decision the way to object to it."""
    return _offered(request, f"penalty={penalty.pk}") if penalty.decided_on else None


def _offered(request: Any, query: str) -> Beside | None:
    if not request.actor.has("objections.object"):
        return None
    return Beside(acts=[Act(_("对此有异议"), f"{reverse('objections:new')}?{query}")])


def waits(at: datetime) -> list[desk.Wait]:
    """Say which objections the own agency must answer: a leader on a penalty, an officer on an order."""
    still = Q(state=State.OPEN)
    return [
        desk.Wait("answer", still, "penalty__agency", "penalties.approve", "answer_by"),
        desk.Wait("answer", still, "order__agency", "orders.order", "answer_by"),
    ]


def _line(one: Objection) -> desk.Line:
    return desk.Line(
        one.by_name,
        reverse("objections:objection", args=[one.pk]),
        (one.penalty or one.order).written_number,  # type: ignore[union-attr]
        matters.where(one.penalty or one.order),
    )


KIND = desk.Kind("objections", lazy("执法异议"), Objection, waits, _line, 60, related=_PLACES)
