"""What waits for an actor's own agency: orders to serve or to look at again, penalties whose next act is its own."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Exists, Model, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.ground.access.actors import Actor
from anju.ground.foundation.models import Event

from . import matters, penalties, transfer_queries
from .major_rules import MajorState
from .models import MajorHazard, Objection, Order, Penalty, Sealing, Transfer
from .rules import OrderState, PenaltyState

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
    if not actor.has("enforcement.order"):
        running = Q(state__in=[OrderState.SERVED, OrderState.OVERDUE])
        return Q(company_id__in=actor.organisation_ids) & running if is_company(actor) else NOBODY
    again = Q(state=OrderState.SERVED) & (Q(recheck_asked_at__isnull=False) | Q(due_on__lt=on))
    return Q(agency_id__in=actor.organisation_ids) & (
        Q(state__in=[OrderState.ISSUED, OrderState.OVERDUE]) | again
    )


def rechecks(actor: Actor, *, on: date, limit: int = 30) -> list[Order]:
    """List the orders of the actor's agency that must be looked at again, one for each unit, the most urgent first."""
    if not actor.has("enforcement.order") or not actor.organisation_ids:
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
    """Say whether the actor stands on the other side: addressed by orders and decisions, and free to object."""
    return actor.has("enforcement.object") and not actor.has("enforcement.order")


def next_of_order(order: Order, *, on: date, company: bool = False) -> Next:
    """Say what comes next for an order that waits, for its agency or for the company it is addressed to."""
    if company:
        return Next(_("改正，改好后申请复查"), order.due_on, bool(order.due_on and order.due_on < on))
    if order.state == OrderState.ISSUED:
        return Next(_("登记送达"), order.serve_by, bool(order.serve_by and order.serve_by < on))
    label = _("到现场复查") if order.state == OrderState.SERVED else _("复查，仍未改的立案处罚")
    return Next(label, order.recheck_by, bool(order.recheck_by and order.recheck_by < on))


def _proposed() -> Exists:
    return Exists(
        Event.objects.filter(
            subject_type=Penalty._meta.label_lower,
            subject_id=OuterRef("pk"),
            name="enforcement.penalty_proposed",
            at__gte=OuterRef("noticed_at"),
        )
    )


def of_penalties(actor: Actor, *, on: date) -> Q:
    """Return the condition "the next act on this penalty is the actor's", by the powers held."""
    found = NOBODY
    if is_company(actor):
        due = Q(state=PenaltyState.DECIDED, amount__isnull=False, served_at__isnull=False)
        return Q(company_id__in=actor.organisation_ids) & due
    young = Q(party_age__lt=matters.book(on)["age"]["none_below"])
    if actor.has("enforcement.punish"):
        heard = ~Q(statement="") | Q(statement_until__lt=on)
        found |= (
            (Q(state=PenaltyState.FILED) & ~young)
            | (Q(state=PenaltyState.NOTICED) & heard & ~_proposed())
            | Q(state=PenaltyState.HEARING, hearing_on__lte=on)
            | Q(state=PenaltyState.DECIDED, served_at__isnull=True)
        )
    if actor.has("enforcement.approve"):
        found |= (Q(state=PenaltyState.NOTICED) & _proposed()) | (Q(state=PenaltyState.FILED) & young)
    if actor.has("enforcement.payment"):
        found |= Q(state=PenaltyState.DECIDED, amount__isnull=False, pay_by__lt=on)
    return found if found == NOBODY else Q(agency_id__in=actor.organisation_ids) & found


def next_of_penalty(penalty: Penalty, *, proposed: bool, on: date, company: bool = False) -> Next:
    """Say what comes next for a penalty that waits, for its agency or for the punished company."""
    if company:
        return Next(_("缴纳罚款"), penalty.pay_by, bool(penalty.pay_by and penalty.pay_by < on))
    label, by = _("审批决定") if proposed else _("提出处罚意见"), penalty.decide_by
    if penalty.state == PenaltyState.FILED:
        label = _("作出当场处罚决定") if penalty.procedure == "simple" else _("处罚告知")
        if penalties.under_age(penalty):
            label = _("办理不予处罚（不满十四周岁）")
    elif penalty.state == PenaltyState.HEARING:
        label, by = _("举行并记录听证"), penalty.hearing_on
    elif penalty.state == PenaltyState.DECIDED:
        label, by = _("催缴，登记缴款"), penalty.pay_by
        if penalty.served_at is None and penalty.decided_on is not None:
            within = matters.book(penalty.edition)["service"]["decision_within"]
            label, by = _("送达决定"), matters.last_day(penalty.decided_on, within)
    return Next(label, by, bool(by and by < on))


def proposed_among(rows: list[Penalty]) -> set[int]:
    """Return those penalties on which a proposal was made."""
    found = Penalty.objects.filter(_proposed(), pk__in=[p.pk for p in rows])
    return set(found.values_list("pk", flat=True))


# ------------------------------------------------------------------------------------------------- for the to-do page


def piles(actor: Actor) -> list[tuple[str, type[Model], Q, Q]]:
    """List what an actor's own agency must do, and transfers late there: (kind, model, what waits, what is late)."""
    if not actor.organisation_ids:
        return []
    on = timezone.localdate()
    own = Q(agency_id__in=actor.organisation_ids)
    transfers, transfers_late = transfer_queries.on_desk(actor, at=timezone.now())
    company = is_company(actor)
    orders_late = (
        Q(due_on__lt=on)
        if company
        else Q(state=OrderState.ISSUED, serve_by__lt=on)
        | Q(state__in=[OrderState.SERVED, OrderState.OVERDUE], recheck_by__lt=on)
    )
    penalties_late = Q(decided_on__isnull=True, decide_by__lt=on) | Q(decided_on__isnull=False, pay_by__lt=on)
    ending = own & Q(lifted_at__isnull=True, until__lte=on + SEALING_AHEAD)
    judging = Q(state__in=[MajorState.PROPOSED, MajorState.PANEL])
    notice = Q(state=MajorState.DECIDED, written_number="")
    majors_late = (judging & Q(decide_by__lt=on)) | (notice & Q(notify_by__lt=on))
    found = [
        ("transfers", Transfer, transfers, transfers_late),
        ("orders", Order, of_orders(actor, on=on), orders_late),
        ("penalties", Penalty, of_penalties(actor, on=on), penalties_late),
        ("sealings", Sealing, ending if actor.has("enforcement.seal") else NOBODY, Q(until__lt=on)),
        (
            "majors",
            MajorHazard,
            own & (judging | notice) if actor.has("enforcement.major") else NOBODY,
            majors_late,
        ),
        ("objections", Objection, _objections(actor), Q(answer_by__lt=on)),
    ]
    return [pile for pile in found if pile[2] != NOBODY]


def _objections(actor: Actor) -> Q:
    found = NOBODY
    if actor.has("enforcement.approve"):
        found |= Q(penalty__agency_id__in=actor.organisation_ids)
    if actor.has("enforcement.order"):
        found |= Q(order__agency_id__in=actor.organisation_ids)
    return found if found == NOBODY else found & Q(answered_at__isnull=True)
