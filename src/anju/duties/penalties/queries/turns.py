"""What waits for an actor's own agency: penalties whose next act is its own, by the powers of the post."""

from datetime import date

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from anju.duties.orders.queries import matters
from anju.duties.orders.queries.turns import NOBODY, Next, is_company
from anju.ground.access.actors import Actor
from anju.ground.foundation.models import Event

from ..models import Penalty
from ..rules import PenaltyState
from . import offences


def _proposed() -> Exists:
    return Exists(
        Event.objects.filter(
            subject_type=Penalty._meta.label_lower,
            subject_id=OuterRef("pk"),
            name="penalties.propose",
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
    if actor.has("penalties.punish"):
        heard = ~Q(statement="") | Q(statement_until__lt=on)
        found |= (
            (Q(state=PenaltyState.FILED) & ~young)
            | (Q(state=PenaltyState.NOTICED) & heard & ~_proposed())
            | Q(state=PenaltyState.HEARING, hearing_on__lte=on)
            | Q(state=PenaltyState.DECIDED, served_at__isnull=True)
        )
    if actor.has("penalties.approve"):
        found |= (Q(state=PenaltyState.NOTICED) & _proposed()) | (Q(state=PenaltyState.FILED) & young)
    if actor.has("penalties.payment"):
        found |= Q(state=PenaltyState.DECIDED, amount__isnull=False, pay_by__lt=on)
    return found if found == NOBODY else Q(agency_id__in=actor.organisation_ids) & found


def next_of_penalty(penalty: Penalty, *, proposed: bool, on: date, company: bool = False) -> Next:
    """Say what comes next for a penalty that waits, for its agency or for the punished company."""
    if company:
        return Next(_("缴纳罚款"), penalty.pay_by, bool(penalty.pay_by and penalty.pay_by < on))
    label, by = _("审批决定") if proposed else _("提出处罚意见"), penalty.decide_by
    if penalty.state == PenaltyState.FILED:
        label = _("作出当场处罚决定") if penalty.procedure == "simple" else _("处罚告知")
        if offences.under_age(penalty):
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
