"""Questions about orders, penalties and sealings. Everything an actor lists goes through access.visible."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from django.db.models import Model, Q, QuerySet
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from anju.duties.cases.models import Case
from anju.duties.cases.queries import catalogue
from anju.ground.access import services as access
from anju.ground.access.actors import Actor
from anju.ground.foundation import journal
from anju.ground.foundation.asked import day, whole
from anju.ground.foundation.citations import cite
from anju.ground.foundation.models import Event
from anju.ground.foundation.refusals import NotFound
from anju.means.documents.models import IssuedDocument

from . import batch, matters, orders, payments, penalties, penalty_rules, turns
from .models import Order, OrderLine, Payment, Penalty, Sealing
from .payments import Owed
from .penalty_rules import STEPS, Offence
from .rules import ORDER_LABELS, ORDER_STEPS, PENALTY_LABELS, OrderState, PenaltyState

COUNT_LIMIT = 10_000
PAGE = 50
ORDER_TONES = {
    "issued": "warn",
    "served": "active",
    "complied": "done",
    "overdue": "danger",
    "void": "quiet",
}
PENALTY_TONES = {
    "filed": "active",
    "noticed": "wait",
    "hearing": "wait",
    "decided": "warn",
    "paid": "done",
    "spared": "quiet",
    "cancelled": "quiet",
}


# ------------------------------------------------------------------------------------------------------------ lists


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list: its rows, how many there are in all (up to COUNT_LIMIT), whether there are more."""

    rows: list[Any]
    count: int
    more: bool
    number: int

    @property
    def last(self) -> bool:
        return not self.more and self.number * PAGE >= self.count


def _page(
    model: type[Model], actor: Actor, condition: Q, *, order: str, number: int, parts: Sequence[str]
) -> Page:
    """Return one page of what the actor sees: each part of a reach by its own index, and their union in order."""
    seen = access.visible_q(model, to=actor, power="enforcement.see")
    branches = [
        model._default_manager.filter(part, condition).values_list("pk", order.lstrip("-"))
        for part in access.alternatives(seen)
        if part != Q(pk__in=[])
    ]
    if not branches:
        return Page([], 0, False, number)

    def first(most: int, *ordered: str) -> QuerySet:
        cut = [branch.order_by(*ordered)[:most] for branch in branches]
        return cut[0].union(*cut[1:]) if len(cut) > 1 else cut[0]

    counted = first(COUNT_LIMIT + 1).count()
    start = (number - 1) * PAGE
    chosen = first(start + PAGE, order, "-pk")
    if len(branches) > 1:
        chosen = chosen.order_by(order, "-pk")
    keys = [pk for pk, _by in chosen[start : start + PAGE]] if counted else []
    found = model._default_manager.filter(pk__in=keys).select_related(*parts).in_bulk() if keys else {}
    rows = [found[pk] for pk in keys if pk in found]
    return Page(rows, min(counted, COUNT_LIMIT), counted > COUNT_LIMIT, number)


def _between(column: str, query: Mapping[str, Any]) -> Q:
    found = Q()
    tz = timezone.get_default_timezone()
    for name, lookup in (("since", "gte"), ("until", "lte")):
        if asked := day(query.get(name)):
            moment = datetime.combine(asked, time() if name == "since" else time(23, 59, 59, 999999), tz)
            found &= Q(**{f"{column}__{lookup}": moment})
    return found


def order_page(actor: Actor, query: Mapping[str, Any], *, number: int) -> Page:
    """List orders, newest first: narrowed by state, kind, days, batch, and words of the recipient or the number."""
    found = _between("issued_at", query)
    if (state := query.get("state")) in ORDER_LABELS:
        found &= Q(state=state)
    if (kind := query.get("kind")) in ("immediate", "timed"):
        found &= Q(kind=kind)
    if query.get("turn") == "1":
        found &= turns.of_orders(actor, on=timezone.localdate())
    if (job := whole(query.get("batch"))) is not None:
        found &= Q(pk__in=batch.orders_of(job))
    if text := str(query.get("q") or "").strip()[:60]:
        found &= Q(recipient__icontains=text) | Q(written_number__icontains=text)
    return _page(
        Order, actor, found, order="-issued_at", number=number, parts=("agency", "street", "county", "unit")
    )


def penalty_page(actor: Actor, query: Mapping[str, Any], *, number: int) -> Page:
    """List penalties, newest first: narrowed by state, offence, days, and words of the party or the number."""
    found = _between("filed_at", query)
    if (state := query.get("state")) in PENALTY_LABELS:
        found &= Q(state=state)
    if query.get("turn") == "1":
        found &= turns.of_penalties(actor, on=timezone.localdate())
    if offence := str(query.get("offence") or ""):
        found &= Q(offence=offence)
    if text := str(query.get("q") or "").strip()[:60]:
        found &= Q(party_name__icontains=text) | Q(written_number__icontains=text)
    return _page(
        Penalty, actor, found, order="-filed_at", number=number, parts=("agency", "street", "county", "unit")
    )


def sealing_page(actor: Actor, query: Mapping[str, Any], *, number: int) -> Page:
    """List sealings, those in force first by default."""
    found = Q() if query.get("state") == "all" else Q(lifted_at__isnull=query.get("state") != "lifted")
    order = "until" if query.get("state") in (None, "") else "-until"
    return _page(
        Sealing, actor, found, order=order, number=number, parts=("agency", "unit", "county", "street")
    )


# ------------------------------------------------------------------------------------------------- on other pages


@dataclass(frozen=True, slots=True)
class OfCase:
    """What enforcement has on one case, and what the actor may begin on it."""

    orders: list[Order]
    penalties: list[Penalty]
    sealings: list[Sealing]
    may_order: bool
    may_punish: bool
    may_seal: bool
    may_transfer: bool


def of_case(case: Case, actor: Actor) -> OfCase:
    """Return what a case's page shows of enforcement, in three statements at most.

    A company sees what is addressed to it, as everywhere; whoever lacks enforcement.see sees nothing.
    """
    if not actor.has("enforcement.see"):
        return OfCase([], [], [], False, False, False, False)

    def seen(model: type[Model]) -> QuerySet:
        return access.visible(model, to=actor, power="enforcement.see")

    is_open = case.is_open
    return OfCase(
        orders=list(seen(Order).filter(lines__case=case).select_related("agency").order_by("-issued_at")),
        penalties=list(seen(Penalty).filter(case=case).order_by("-filed_at")),
        sealings=list(seen(Sealing).filter(case=case).order_by("-sealed_at")),
        may_order=actor.has("enforcement.order") and is_open,
        may_punish=actor.has("enforcement.punish") and case.state not in ("merged", "void"),
        may_seal=actor.has("enforcement.seal") and is_open and case.kind == "hazard",
        may_transfer=actor.has("enforcement.transfer") and is_open,
    )


def standing(actor: Actor, case_ids: Sequence[int]) -> list[Order]:
    """List the orders within reach that still run on some hazards: nobody is ordered the same twice unawares."""
    if not case_ids:
        return []
    seen = access.visible(Order, to=actor, power="enforcement.see").filter(state__in=orders.RUNNING)
    return list(seen.filter(lines__case__in=case_ids).distinct().order_by("-issued_at", "-pk")[:5])


def state_of(penalty: Penalty) -> str:
    """Return the state of a penalty in words; a warning alone waits for no money."""
    if penalty.state == PenaltyState.DECIDED and penalty.amount is None:
        return _("已决定（警告）")
    return str(PENALTY_LABELS[penalty.state])


# ------------------------------------------------------------------------------------------------------- one record


@dataclass(frozen=True, slots=True)
class Clock:
    """One last day on a page: what for, until when, since when, how it was worked out, whether it was kept."""

    label: str
    due_at: datetime
    started_at: datetime | None
    derivation: list[str]
    basis: str
    done_at: datetime | None = None
    is_default: bool = False


def _clock(
    label: str, start: date | None, entry: Mapping[str, Any], *, done_at: datetime | None = None
) -> list[Clock]:
    if start is None:
        return []
    due = end_of(matters.last_day(start, dict(entry)))
    return [
        Clock(
            label,
            due,
            matters.noon(start),
            orders.explain(start, dict(entry)),
            cite(entry["basis"]) if entry.get("basis") else "",
            done_at,
            bool(entry.get("default")),
        )
    ]


def end_of(day: date) -> datetime:
    """Return the last moment of a local day."""
    return datetime.combine(day, time(23, 59, 59), timezone.get_default_timezone())


@dataclass(frozen=True, slots=True)
class OrderDossier:
    """One order with everything its page shows."""

    order: Order
    lines: list[OrderLine]
    clocks: list[Clock]
    papers: list[IssuedDocument]
    events: list[Event]
    acts: list[str]
    penalties: list[Penalty] = field(default_factory=list)


def order(actor: Actor, order_id: int) -> OrderDossier:
    """Return one order for its page, or raise NotFound."""
    seen = access.visible(Order, to=actor, power="enforcement.see").filter(pk=order_id)
    found = seen.select_related("agency", "company", "unit", "visit", "county", "street", "community").first()
    if found is None:
        raise NotFound(_("没有找到这份责令改正，可能编号有误，或不在您的管辖范围。"))
    lines = list(found.lines.select_related("case").order_by("pk"))
    cases = [line.case_id for line in lines if line.case_id]
    related = (
        access.visible(Penalty, to=actor, power="enforcement.see").filter(case__in=cases) if cases else []
    )
    return OrderDossier(
        order=found,
        lines=lines,
        clocks=_order_clocks(found),
        papers=_papers(found),
        events=journal.events_of(found),
        acts=order_acts(actor, found),
        penalties=list(related),
    )


def order_acts(actor: Actor, found: Order) -> list[str]:
    """List the acts the actor may take now on an order, in the order of the table."""
    mine = actor.has("enforcement.order") and found.agency_id in actor.organisation_ids
    own = found.company_id is not None and found.company_id in actor.organisation_ids
    acts = [
        s.act for s in ORDER_STEPS if found.state in s.source and (mine or (own and s.act == "ask_recheck"))
    ]
    if found.recheck_asked_at is not None:
        acts = [act for act in acts if act != "ask_recheck"]
    return acts


def _order_clocks(found: Order) -> list[Clock]:
    if found.oral or found.state == OrderState.VOID:
        return []
    service = matters.book(matters.day_of(found.issued_at))["service"]
    complied = end_of(found.complied_on) if found.complied_on else None
    clocks = []
    if found.serve_by:
        start = found.visit.visited_on if found.visit and found.visit.visited_on else None
        clocks.append(
            Clock(
                _("送达期限"), end_of(found.serve_by), matters.noon(start) if start else found.issued_at, [
                    _("自检查之日起三个工作日内送达。")
                ], cite(service["order_within"]["basis"]), found.served_at,
            )
        )  # fmt: skip
    if found.due_on:
        clocks.append(Clock(_("改正期限"), end_of(found.due_on), found.issued_at, [], "", complied))
    if found.recheck_by and found.state in (OrderState.SERVED, OrderState.OVERDUE):
        start = matters.day_of(found.recheck_asked_at) if found.recheck_asked_at else found.due_on
        clocks += _clock(_("复查期限"), start, service["recheck_within"])
    return clocks


def _papers(subject: Model) -> list[IssuedDocument]:
    about = IssuedDocument.objects.filter(subject_type=subject._meta.label_lower, subject_id=subject.pk)
    return list(about.exclude(state="draft").order_by("-issued_at", "-pk"))


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
    acts: list[str]
    ceiling: penalty_rules.Ceiling
    hearing: bool
    may_read: bool


def penalty(actor: Actor, penalty_id: int, *, at: datetime) -> PenaltyDossier:
    """Return one penalty for its page, or raise NotFound."""
    seen = access.visible(Penalty, to=actor, power="enforcement.see").filter(pk=penalty_id)
    parts = ("agency", "company", "unit", "visit", "case__estate", "county", "street", "community")
    found = seen.select_related(*parts).first()
    if found is None:
        raise NotFound(_("没有找到这件处罚，可能编号有误，或不在您的管辖范围。"))
    offence = penalties.offence_of(found)
    book = matters.book(found.edition)
    on = matters.day_of(found.decided_at or at)
    threshold = penalty_rules.hearing_threshold(book, found.agency_kind, found.party_kind)[0]
    large = found.proposed_amount is not None and found.proposed_amount >= threshold
    may_read = found.party_kind == "unit" or found.agency_id in actor.organisation_ids
    events = journal.events_of(found)
    return PenaltyDossier(
        penalty=found,
        offence=offence,
        officers=list(found.officers.order_by("pk")),
        payments=list(found.payments.order_by("paid_on", "pk")),
        owed=payments.owed(found, on=matters.day_of(at)),
        clocks=_penalty_clocks(found, book),
        papers=_papers(found) if may_read or actor.has("cases.unseal") else [],
        events=events,
        acts=penalty_acts(
            actor,
            found,
            proposed=penalties.is_proposed(found),
            hearing=large or penalties.names_a_penalty(offence),
        ),
        ceiling=penalty_rules.simple_ceiling(book, found.agency_kind, found.party_kind, on),
        hearing=large,
        may_read=may_read or actor.has("cases.unseal"),
    )


def penalty_acts(actor: Actor, found: Penalty, *, proposed: bool, hearing: bool = True) -> list[str]:
    """List the acts the actor may take now on a penalty, in the order of the table; a hearing only where it is due."""
    if found.agency_id not in actor.organisation_ids:
        return []
    fitting = {
        "decide_simple": found.procedure == "simple" and not penalties.under_age(found),
        "give_notice": not penalties.under_age(found),
        "renotice": not penalties.under_age(found),
        "ask_hearing": hearing and not found.hearing_record,
        "propose": not proposed and not penalties.under_age(found),
        "decide": proposed,
        "serve": found.served_at is None,
        "pay": found.amount is not None and found.served_at is not None,
    }
    return [
        step.act
        for step in STEPS
        if found.state in step.source and actor.has(step.power) and fitting.get(step.act, True)
    ]


def _penalty_clocks(found: Penalty, book: Mapping[str, Any]) -> list[Clock]:
    clocks: list[Clock] = []
    ended = found.decided_at or (end_of(found.cancelled_on) if found.cancelled_on else None)
    if found.procedure == "ordinary" and found.state != PenaltyState.SPARED:
        filed = matters.day_of(found.filed_at)
        clocks += _clock(_("作出决定期限"), filed, book["ordinary"]["decide_within"], done_at=ended)
    if found.noticed_at and found.decided_at is None and found.state in ("noticed", "hearing"):
        noticed = matters.day_of(found.noticed_at)
        within = book["ordinary"]["statement_within"]
        # A term of the party's: once it has passed the office may go on, and is not late.
        passed = end_of(matters.last_day(noticed, within))
        clocks += _clock(
            _("陈述申辩期限"), noticed, within, done_at=passed if passed < timezone.now() else None
        )
    if found.decided_at and found.served_at is None and found.state == PenaltyState.DECIDED:
        decided = matters.day_of(found.decided_at)
        clocks += _clock(_("送达期限"), decided, book["service"]["decision_within"])
    if found.served_at and found.amount is not None and found.state != PenaltyState.CANCELLED:
        served = matters.day_of(found.served_at)
        paid = end_of(found.paid_on) if found.paid_on else None
        clocks += _clock(_("缴款期限"), served, book["payment"]["pay_within"], done_at=paid)
    return clocks


@dataclass(frozen=True, slots=True)
class SealingDossier:
    """One sealing with everything its page shows."""

    sealing: Sealing
    ground: str
    papers: list[IssuedDocument]
    events: list[Event]
    may_act: bool


def sealing(actor: Actor, sealing_id: int) -> SealingDossier:
    """Return one sealing for its page, or raise NotFound."""
    seen = access.visible(Sealing, to=actor, power="enforcement.see").filter(pk=sealing_id)
    found = seen.select_related("agency", "unit", "case", "county", "street").first()
    if found is None:
        raise NotFound(_("没有找到这份临时查封，可能编号有误，或不在您的管辖范围。"))
    mine = actor.has("enforcement.seal") and found.agency_id in actor.organisation_ids
    return SealingDossier(
        sealing=found,
        ground=ground_name(found.ground, on=matters.day_of(found.sealed_at)),
        papers=_papers(found),
        events=journal.events_of(found),
        may_act=mine and found.lifted_at is None,
    )


def ground_name(key: str, *, on: date) -> str:
    """Return the name of a ground for sealing in the reader's language."""
    entry = next((g for g in matters.book(on)["sealing"]["grounds"] if g["key"] == key), None)
    return _named(entry) if entry else key


def _named(entry: Mapping[str, Any]) -> str:
    return entry["name_en"] if (get_language() or "").startswith("en") else entry["name"]


# ----------------------------------------------------------------------------------------------------- for choosing


@dataclass(frozen=True, slots=True)
class Choice:
    """One offence as the wizard shows it: its row of the rulebook, and whether the own agency may decide it."""

    offence: Offence
    name: str
    article: str
    amounts: list[tuple[str, str]]
    who: str
    may: bool
    to_kind: str
    fits: bool


def choices(agency_kind: str, class_code: str, *, on: date) -> list[Choice]:
    """List the offences that can be chosen on a day, those that follow from the class of hazard first."""
    found = penalty_rules.choices(penalties.offences(on).values(), class_code, on)
    return [choice(offence, agency_kind, class_code, on=on) for offence in found]


def choice(offence: Offence, agency_kind: str, class_code: str, *, on: date) -> Choice:
    """Describe one offence for the wizard."""
    answer = penalty_rules.who_may(offence, agency_kind, on)
    return Choice(
        offence=offence,
        name=penalties.offence_name(offence),
        article=cite(offence.article),
        amounts=[
            (_("个人") if p == "person" else _("单位"), amount_words(r, offence))
            for p, r in offence.parties.items()
        ],
        who=_("或").join(penalties.kind_name(kind, on=on) for kind in answer.agencies),
        may=answer.may,
        to_kind=answer.to_kind,
        fits=offence.follows_from(class_code),
    )


def amount_words(allowed: penalty_rules.Range, offence: Offence) -> str:
    """Say a range in words: 200 元, 5,000–50,000 元, 500 元以下, 合同价款的 30%–50%, 每日 10,000 元."""
    english = (get_language() or "").startswith("en")
    if allowed.of:
        what = allowed.of_en if english else allowed.of
        said = _("%(what)s的 %(least)s%%–%(most)s%%") % {
            "what": what,
            "least": f"{allowed.least_times * 100:.0f}",
            "most": f"{allowed.most_times * 100:.0f}",
        }
    elif allowed.per_day is not None:
        said = _("每日 %(n)s 元") % {"n": f"{allowed.per_day:,.0f}"}
    elif allowed.fixed:
        said = _("%(n)s 元") % {"n": f"{allowed.most:,.0f}"}
    elif allowed.least == 0:
        said = _("%(n)s 元以下") % {"n": f"{allowed.most:,.0f}"}
    else:
        said = _("%(least)s–%(most)s 元") % {"least": f"{allowed.least:,.0f}", "most": f"{allowed.most:,.0f}"}
    if allowed.serious is not None:
        said += _("，情节严重的至 %(n)s 元") % {"n": f"{allowed.serious:,.0f}"}
    return said


def class_name(row: Any) -> str:
    """Return the name of the class of hazard an order line or a penalty is about, of whatever kind."""
    if not row.class_code:
        return ""
    for kind in ("hazard", "complaint"):
        name = catalogue.label(kind, row.class_code)
        if name != row.class_code:
            return name
    return str(row.class_code)


def fixed_amount(offence: Offence) -> str:
    """Return the amount of an offence when it is the same for every party, else an empty string."""
    amounts = {r.most for r in offence.parties.values() if r.fixed}
    return (
        f"{amounts.pop():.2f}" if len(amounts) == 1 and all(r.fixed for r in offence.parties.values()) else ""
    )
