"""What waits for an actor's own agency: orders to serve or to look at again, sealings that end."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Q
from django.utils.translation import gettext as _

from anju.ground.access.actors import Actor

from ..models import Order
from ..rules import OrderState

NOBODY = Q(pk__in=[])
# A sealing is renewed or lifted before its last day: it is called so many days ahead.
SEALING_AHEAD = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Next:
    """The next act of a row, the last day for it (None: no term runs), and whether that day has passed."""

    label: str
    by: date | None
    late: bool


def of_orders(actor: Actor, *, on: date) -> Q:
    """Return the condition "the actor's agency must serve this order, or look again", or "the company must obey it"."""
    if not actor.has("orders.order"):
        running = Q(state__in=[OrderState.SERVED, OrderState.OVERDUE])
        return Q(company_id__in=actor.organisation_ids) & running if is_company(actor) else NOBODY
    again = Q(state=OrderState.SERVED) & (Q(recheck_asked_at__isnull=False) | Q(due_on__lt=on))
    return Q(agency_id__in=actor.organisation_ids) & (
        Q(state__in=[OrderState.ISSUED, OrderState.OVERDUE]) | again
    )


def rechecks(actor: Actor, *, on: date, limit: int = 30) -> list[Order]:
    """List the orders of the actor's agency that must be looked at again, one for each unit, the most urgent first."""
    if not actor.has("orders.order") or not actor.organisation_ids:
        return []
    again = Q(state=OrderState.OVERDUE) | (
        Q(state=OrderState.SERVED) & (Q(recheck_asked_at__isnull=False) | Q(due_on__lt=on))
    )
    rows = Order.objects.filter(again, agency_id__in=actor.organisation_ids, unit__ended_on__isnull=True)
    found: dict[int, Order] = {}
    for order in rows.exclude(unit=None).select_related("unit").order_by("recheck_by", "pk")[: limit * 2]:
        if order.unit_id is not None:
            found.setdefault(order.unit_id, order)
    return list(found.values())[:limit]


def is_company(actor: Actor) -> bool:
    """Say whether the actor stands on the other side: addressed by orders and decisions."""
    return actor.has("orders.obey") and not actor.has("orders.order")


def next_of_order(order: Order, *, on: date, company: bool = False) -> Next:
    """Say what comes next for an order that waits, for its agency or for the company it is addressed to."""
    if company:
        return Next(_("改正，改好后申请复查"), order.due_on, bool(order.due_on and order.due_on < on))
    if order.state == OrderState.ISSUED:
        return Next(_("登记送达"), order.serve_by, bool(order.serve_by and order.serve_by < on))
    label = _("到现场复查") if order.state == OrderState.SERVED else _("复查，仍未改的立案处罚")
    return Next(label, order.recheck_by, bool(order.recheck_by and order.recheck_by < on))


def late_orders(*, on: date, company: bool) -> Q:
    """Return the condition "late" among the orders that wait, for the company or for the agency."""
    if company:
        return Q(due_on__lt=on)
    return Q(state=OrderState.ISSUED, serve_by__lt=on) | Q(
        state__in=[OrderState.SERVED, OrderState.OVERDUE], recheck_by__lt=on
    )
