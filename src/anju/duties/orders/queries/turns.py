"""What waits for an actor's own agency: orders to serve or to look at again, sealings that end."""

from datetime import date, datetime, timedelta

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from anju.ground.access.actors import Actor
from anju.ground.foundation.desk import Wait

from ..models import Order
from ..rules import OrderState, SealingState

# A sealing is renewed or lifted before its last day: it is called so many days ahead.
SEALING_AHEAD = timedelta(days=3)


def _again(on: date) -> Q:
    """Return the condition "it must be looked at again": asked for, or its term has passed."""
    asked = Q(state=OrderState.SERVED) & (Q(recheck_asked_at__isnull=False) | Q(due_on__lt=on))
    return asked | Q(state=OrderState.OVERDUE)


def of_orders(at: datetime) -> list[Wait]:
    """Say what is awaited on orders: of the agency the service and the re-check, of the company the correction."""
    again, running = _again(timezone.localdate(at)), Q(state__in=[OrderState.SERVED, OrderState.OVERDUE])
    own, obey = ("agency", "orders.order"), ("company", "orders.obey")
    return [
        Wait("serve", Q(state=OrderState.ISSUED), *own, "serve_by"),
        Wait("comply", Q(state=OrderState.OVERDUE), *own, "recheck_by", _("复查，仍未改的立案处罚")),
        Wait("comply", again, *own, "recheck_by", _("到现场复查")),
        Wait(
            "ask_recheck",
            running & Q(recheck_asked_at=None),
            *obey,
            "due_on",
            _("改正，改好后申请复查"),
            climbs=False,
        ),
    ]


def of_sealings(at: datetime) -> list[Wait]:
    """Say which sealings end soon: they are lifted or renewed before."""
    soon = Q(until__lte=timezone.localdate(at) + SEALING_AHEAD, state=SealingState.SEALED)
    # Nothing is left undone when the day has passed: the sealing ends by itself.
    return [Wait("lift", soon, "agency", "orders.seal", "until", _("到期前解除或者延长"), climbs=False)]


def rechecks(actor: Actor, *, on: date, limit: int = 30) -> list[Order]:
    """List the orders of the actor's agency that must be looked at again, one for each unit, the most urgent first."""
    rows = Order.objects.filter(
        _again(on), agency_id__in=actor.offices("orders.order"), unit__ended_on__isnull=True
    )
    found: dict[int, Order] = {}
    for order in rows.exclude(unit=None).select_related("unit").order_by("recheck_by", "pk")[: limit * 2]:
        if order.unit_id is not None:
            found.setdefault(order.unit_id, order)
    return list(found.values())[:limit]
