"""What this room lays elsewhere: beside an order and a penalty, on the to-do page."""

from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.duties.orders.models import Order
from anju.duties.penalties.models import Penalty
from anju.ground.foundation.beside import Act, Beside
from anju.ground.foundation.navigation import Pile

from .models import Objection


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


def piles(request: Any) -> list[Pile]:
    """List the objections that the own agency must answer: a leader on a penalty, an officer on an order."""
    actor, mine = request.actor, Q()
    if actor.has("penalties.approve"):
        mine |= Q(penalty__agency_id__in=actor.organisation_ids)
    if actor.has("orders.order"):
        mine |= Q(order__agency_id__in=actor.organisation_ids)
    if not mine or not actor.organisation_ids:
        return []
    rows = Objection.objects.filter(mine, answered_at__isnull=True)
    late = Q(answer_by__lt=timezone.localdate())
    return [Pile(_("执法异议待答复"), reverse("objections:list"), rows, late)]
