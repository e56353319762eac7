"""What waits for an actor's own agency: penalties whose next act is its own, by the powers of the post."""

from datetime import date

from django.db.models import Q
from django.utils.translation import gettext as _

from anju.duties.orders.queries import matters
from anju.duties.orders.queries.turns import NOBODY, Next, is_company
from anju.ground.access.actors import Actor

from ..models import Penalty
from ..rules import PenaltyState


def of_penalties(actor: Actor, *, on: date) -> Q:
    """Return the condition "the next act on this penalty is the actor's", by the powers held."""
    found = NOBODY
    if is_company(actor):
        due = Q(state=PenaltyState.DECIDED, amount__isnull=False, served_at__isnull=False)
        return Q(company_id__in=actor.organisation_ids) & due
    with_head = Q(with_head_since__isnull=False, state__in=[PenaltyState.FILED, PenaltyState.NOTICED])
    if actor.has("penalties.punish"):
        heard = ~Q(statement="") | Q(statement_until__lt=on)
        found |= (
            Q(state=PenaltyState.FILED, with_head_since=None)
            | (Q(state=PenaltyState.NOTICED, with_head_since=None) & heard)
            | Q(state=PenaltyState.HEARING, hearing_on__lte=on)
            | Q(state=PenaltyState.DECIDED, served_at__isnull=True)
        )
    if actor.has("penalties.approve"):
        found |= with_head
    if actor.has("penalties.payment"):
        found |= Q(state=PenaltyState.DECIDED, amount__isnull=False, pay_by__lt=on)
    return found if found == NOBODY else Q(agency_id__in=actor.organisation_ids) & found


def next_of_penalty(penalty: Penalty, *, on: date, company: bool = False) -> Next:
    """Say what comes next for a penalty that waits, for its agency or for the punished company."""
    if company:
        return Next(_("缴纳罚款"), penalty.pay_by, bool(penalty.pay_by and penalty.pay_by < on))
    label, by = _("提出处罚意见") if penalty.with_head_since is None else _("审批决定"), penalty.decide_by
    if penalty.state == PenaltyState.FILED:
        label = _("作出当场处罚决定") if penalty.procedure == "simple" else _("处罚告知")
        if penalty.spare_only:
            label = _("办理不予处罚（不满十四周岁）")
    elif penalty.state == PenaltyState.HEARING:
        label, by = _("举行并记录听证"), penalty.hearing_on
    elif penalty.state == PenaltyState.DECIDED:
        label, by = _("催缴，登记缴款"), penalty.pay_by
        if penalty.served_at is None and penalty.decided_on is not None:
            within = matters.book(penalty.edition)["service"]["decision_within"]
            label, by = _("送达决定"), matters.last_day(penalty.decided_on, within)
    return Next(label, by, bool(by and by < on))
