"""Penalties: the list, one with everything its page shows, what it still costs. Lists go through access.visible."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Q, Sum
from django.utils.translation import gettext as _

from anju.duties.orders.queries import lists, matters
from anju.duties.orders.queries.dossiers import Clock, clock_of, end_of
from anju.duties.orders.queries.lists import Page
from anju.ground.access import services as access
from anju.ground.access.actors import Actor
from anju.ground.foundation import desk, journal
from anju.ground.foundation.models import Event
from anju.ground.foundation.refusals import NotFound
from anju.means.documents.models import IssuedDocument
from anju.means.documents.queries import documents_of

from .. import rules
from ..models import Payment, Penalty
from ..rules import STATE_LABELS, TERMS, ZERO, Offence, PenaltyState
from . import offences


def penalty_page(actor: Actor, query: Mapping[str, Any], *, number: int, at: datetime) -> Page:
    """List penalties, newest first: narrowed by state, offence, days, and words of the party or the number."""
    found = lists.between("filed_at", query)
    if (state := query.get("state")) in STATE_LABELS:
        found &= Q(state=state)
    if query.get("turn") == "1":
        found &= desk.condition("penalties", actor, at)
    if offence := str(query.get("offence") or ""):
        found &= Q(offence=offence)
    if text := str(query.get("q") or "").strip()[:60]:
        found &= Q(party_name__icontains=text) | Q(written_number__icontains=text)
    return lists.page_of(
        Penalty, actor, found, power="penalties.see", order="-filed_at", number=number, parts=lists.PARTS
    )


def state_of(penalty: Penalty) -> str:
    """Return the state of a penalty in words; a warning alone waits for no money."""
    if penalty.state == PenaltyState.DECIDED and penalty.amount is None:
        return _("已决定（警告）")
    return str(STATE_LABELS[penalty.state])


@dataclass(frozen=True, slots=True)
class Owed:
    """What a penalty still costs on a day.

    principal, surcharge  yuan still to pay
    days, capped          whole days after the last day to pay; whether the surcharge met the fine
    """

    principal: Decimal
    surcharge: Decimal
    days: int
    capped: bool

    @property
    def total(self) -> Decimal:
        return self.principal + self.surcharge


@dataclass(frozen=True, slots=True)
class PenaltyDossier:
    """One penalty with everything its page shows."""

    penalty: Penalty
    offence: Offence
    officers: list[Any]
    payments: list[Payment]
    owed: Owed
    clocks: list[Clock]
    papers: list[IssuedDocument]
    events: list[Event]
    ceiling: rules.Ceiling


def penalty(actor: Actor, penalty_id: int, *, at: datetime) -> PenaltyDossier:
    """Return one penalty for its page, or raise NotFound."""
    seen = access.visible(Penalty, to=actor, power="penalties.see").filter(pk=penalty_id)
    parts = ("agency", "company", "unit", "visit", "case__estate", "county", "street", "community")
    found = seen.select_related(*parts).first()
    if found is None:
        raise NotFound(_("没有找到这件处罚，可能编号有误，或不在您的管辖范围。"))
    offence = offences.offence_of(found)
    book = matters.book(found.edition)
    on = matters.day_of(found.decided_at or at)
    may_read = found.party_kind == "unit" or found.agency_id in actor.organisation_ids
    return PenaltyDossier(
        penalty=found,
        offence=offence,
        officers=list(found.officers.order_by("pk")),
        payments=list(found.payments.order_by("paid_on", "pk")),
        owed=owed(found, on=matters.day_of(at)),
        clocks=_penalty_clocks(found, book, at),
        papers=documents_of(found) if may_read or actor.has("cases.unseal") else [],
        events=journal.events_of(found),
        ceiling=rules.simple_ceiling(book, found.agency_kind, found.party_kind, on),
    )


def _penalty_clocks(found: Penalty, book: Mapping[str, Any], at: datetime) -> list[Clock]:
    clocks: list[Clock] = []
    ended = found.decided_at or (end_of(found.cancelled_on) if found.cancelled_on else None)
    if found.procedure == "ordinary" and found.state != PenaltyState.SPARED:
        filed = matters.day_of(found.filed_at)
        clocks += clock_of(_("作出决定期限"), filed, book["ordinary"]["decide_within"], done_at=ended)
    if found.noticed_at and found.decided_at is None and found.state in ("noticed", "hearing"):
        noticed = matters.day_of(found.noticed_at)
        within = book["ordinary"]["statement_within"]
        # A term of the party's: once it has passed the office may go on, and is not late.
        passed = end_of(matters.last_day(noticed, within))
        clocks += clock_of(_("陈述申辩期限"), noticed, within, done_at=passed if passed < at else None)
    if found.decided_at and found.served_at is None and found.state == PenaltyState.DECIDED:
        decided = matters.day_of(found.decided_at)
        clocks += clock_of(_("送达期限"), decided, book["service"]["decision_within"])
    if found.served_at and found.amount is not None and found.state != PenaltyState.CANCELLED:
        served = matters.day_of(found.served_at)
        paid = end_of(found.paid_on) if found.paid_on else None
        clocks += clock_of(_("缴款期限"), served, book["payment"]["pay_within"], done_at=paid)
    return clocks


def last_day(penalty: Penalty, column: str) -> date:
    """Work out one of the last days that a case keeps (`rules.TERMS`), by the edition it is judged by."""
    part, within, start = TERMS[column]
    return matters.last_day(
        matters.day_of(getattr(penalty, start)), matters.book(penalty.edition)[part][within]
    )


def papers_of_kind(penalty: Penalty, kind: str) -> tuple[int, str] | None:
    """Return (id, written number) of the newest paper of a kind on a penalty, or None."""
    found = IssuedDocument.objects.filter(
        subject_type=Penalty._meta.label_lower, subject_id=penalty.pk, kind=kind
    )
    return found.order_by("-pk").values_list("pk", "written_number").first()


def says(penalty: Penalty) -> str:
    """Say what was decided: 警告, 罚款 200.00 元, or both."""
    return in_words(penalty.warning, penalty.amount)


def in_words(warning: bool, amount: Decimal | None) -> str:
    """Say a warning, a fine, or both."""
    fine = _("罚款 %(amount)s 元") % {"amount": f"{amount:,.2f}"} if amount is not None else ""
    return _("并处").join(part for part in (_("警告") if warning else "", fine) if part)


def where(penalty: Penalty) -> str:
    """Return the place of the offence in words."""
    case = penalty.case
    if case is not None:
        return " ".join(p for p in (case.estate.name if case.estate else "", case.place) if p)
    return penalty.unit.name if penalty.unit else ""


def owed(penalty: Penalty, *, on: date) -> Owed:
    """Work out what a penalty still costs on a day; nothing before it is served, or when it has no fine."""
    if penalty.amount is None or penalty.state == PenaltyState.CANCELLED:
        return Owed(ZERO, ZERO, 0, False)
    left = penalty.amount - penalty.paid_amount
    if penalty.pay_by is None:
        return Owed(left, ZERO, 0, False)
    paid = list(penalty.payments.values_list("paid_on", "principal"))
    percent = matters.book(penalty.edition)["payment"]["surcharge"]["percent_a_day"]
    late = rules.surcharge(fine=penalty.amount, pay_by=penalty.pay_by, on=on, paid=paid, percent=percent)
    already = penalty.payments.aggregate(sum=Sum("surcharge"))["sum"] or ZERO
    return Owed(left, max(ZERO, late.surcharge - already), late.days, late.capped)
