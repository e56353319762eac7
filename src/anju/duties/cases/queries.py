"""Questions about cases. Everything an actor lists goes through access.visible; the portal gets frozen values."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib.postgres.search import TrigramWordSimilarity
from django.db.models import Count, Q, QuerySet, Value
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.ground.access import services as access
from anju.ground.access.actors import Actor
from anju.ground.foundation import calendar, codes, journal, rulebooks
from anju.ground.foundation.models import Event
from anju.ground.foundation.refusals import NotFound
from anju.ground.territory.models import Area, Estate

from . import catalogue, clocks, rules
from .models import Case, CaseClock, Evidence, Notice, Report
from .routing import reason as routing_reason
from .rules import STEPS, State

# An exact count beyond this would cost more than it tells; the list then says "more than". Figures count exactly.
COUNT_LIMIT = 10_000
_LIST_ORDERS = {
    "reported": ("-reported_at", "-pk"),
    "due": ("due_at", "pk"),
    "closed": ("-closed_at", "-pk"),
}


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed by; all optional. Built by `filters_from` from a query string or an API call."""

    state: tuple[str, ...] = ()
    kind: str = ""
    class_code: tuple[str, ...] = ()
    severity: str = ""
    channel: str = ""
    area: int | None = None
    estate: int | None = None
    handler: int | None = None
    desk: int | None = None
    since: date | None = None
    until: date | None = None
    overdue: bool = False
    escalated: bool = False
    open: bool = False
    text: str = ""
    order: str = "reported"


def filters_from(query: Mapping[str, Any]) -> Filters:
    """Read filters from a QueryDict or dict; anything unreadable is left out rather than refused."""

    def many(name: str) -> tuple[str, ...]:
        found = query.getlist(name) if hasattr(query, "getlist") else query.get(name) or []
        found = [found] if isinstance(found, str) else found
        return tuple(part for value in found for part in str(value).split(",") if part)

    def one(name: str) -> str:
        return str(query.get(name) or "").strip()

    def number(name: str) -> int | None:
        return int(one(name)) if one(name).isdigit() and len(one(name)) < 18 else None

    def day(name: str) -> date | None:
        try:
            return date.fromisoformat(one(name))
        except ValueError:
            return None

    return Filters(
        state=tuple(s for s in many("state") if s in rules.STATE_LABELS),
        kind=one("kind") if one("kind") in rules.KIND_LABELS else "",
        class_code=many("class"),
        severity=one("severity"),
        channel=one("channel"),
        area=number("area"),
        estate=number("estate"),
        handler=number("handler"),
        desk=number("desk"),
        since=day("since"),
        until=day("until"),
        overdue=one("overdue") in ("1", "true", "on"),
        escalated=one("escalated") in ("1", "true", "on"),
        open=one("open") in ("1", "true", "on"),
        text=one("q")[:60],
        order=one("order") if one("order") in _LIST_ORDERS else "reported",
    )


def listing(actor: Actor, filters: Filters, *, at: datetime) -> QuerySet[Case]:
    """Return the cases an actor sees that fit the filters, in their order."""
    found = access.visible(Case, to=actor, power="cases.see").filter(_condition(filters, at=at))
    return found.order_by(*_LIST_ORDERS[filters.order])


def _condition(f: Filters, *, at: datetime) -> Q:
    tz = timezone.get_default_timezone()
    found = Q()
    for name in ("kind", "severity", "channel"):
        if getattr(f, name):
            found &= Q(**{name: getattr(f, name)})
    if f.state:
        found &= Q(state__in=f.state)
    if f.open or f.overdue:
        found &= Q(state__in=sorted(rules.OPEN))
    if f.class_code:
        exact = [c for c in f.class_code if len(c) > 2]
        groups = [c for c in f.class_code if len(c) <= 2]
        classes = Q(class_code__in=exact) if exact else Q()
        for group in groups:
            classes |= Q(class_code__startswith=group)
        found &= classes
    for name in ("estate", "handler", "desk"):
        if getattr(f, name):
            found &= Q(**{f"{name}_id": getattr(f, name)})
    if f.area:
        found &= _in_area(f.area)
    if f.since:
        found &= Q(reported_at__gte=datetime.combine(f.since, time(), tz))
    if f.until:
        found &= Q(reported_at__lt=datetime.combine(f.until + timedelta(days=1), time(), tz))
    if f.overdue:
        found &= Q(due_at__lt=at, paused_at__isnull=True)
    if f.escalated:
        found &= Q(escalation__gt=0)
    if f.text:
        found &= _text_condition(f.text)
    return found


def _in_area(area_id: int) -> Q:
    level = Area.objects.filter(pk=area_id).values_list("level", flat=True).first()
    column = {2: "city_id", 3: "county_id", 4: "street_id", 5: "community_id"}.get(level or 0)
    return Q(**{column: area_id}) if column else Q(pk__in=[])


def _text_condition(text: str) -> Q:
    """Find every word exactly, two-character words included; a case number finds its case."""
    found = Q()
    for word in text.split():
        if word.isdigit() and len(word) >= 15:
            found &= Q(pk=int(word[8:]))
            continue
        holds = Q(text__icontains=word) | Q(place__icontains=word) | Q(estate__name__icontains=word)
        holds |= Q(source_number=word)
        pieces = rules.grams(word)
        found &= Q(search__contains=pieces) & holds if pieces else holds
    return found


def count_up_to(found: QuerySet, limit: int = COUNT_LIMIT) -> tuple[int, bool]:
    """Count a list exactly up to a limit; the second value says whether there are more."""
    counted = found.order_by().values("pk")[: limit + 1].count()
    return min(counted, limit), counted > limit


# What a row of a list shows; nothing is asked per row.
def with_row_parts(found: QuerySet[Case]) -> QuerySet[Case]:
    """Load what a list row shows with the same statement."""
    return found.select_related("estate", "street", "county", "handler", "desk").defer(
        "search", "closing_text"
    )


def todo(actor: Actor, *, at: datetime, limit: int = 50) -> list[Case]:
    """List what lies on the actor's desks, what is due first on top; suspended cases come last."""
    if not actor.organisation_ids:
        return []
    found = Case.objects.filter(
        state__in=sorted(rules.OPEN), desk_id__in=actor.organisation_ids
    ) & access.visible(Case, to=actor, power="cases.see")
    return list(with_row_parts(found).order_by("due_at", "pk")[:limit])


@dataclass(frozen=True, slots=True)
class TodoCounts:
    """How much lies on the desks: all, overdue, due within 24 hours."""

    all: int
    overdue: int
    soon: int
    paused: int


def todo_counts(actor: Actor, *, at: datetime) -> TodoCounts:
    """Count the actor's desks in one statement."""
    if not actor.organisation_ids:
        return TodoCounts(0, 0, 0, 0)
    counted = Case.objects.filter(state__in=sorted(rules.OPEN), desk_id__in=actor.organisation_ids).aggregate(
        all=Count("pk"),
        overdue=Count("pk", filter=Q(due_at__lt=at)),
        soon=Count("pk", filter=Q(due_at__gte=at, due_at__lt=at + timedelta(hours=24))),
        paused=Count("pk", filter=Q(paused_at__isnull=False)),
    )
    return TodoCounts(**counted)


def unread_notices(actor: Actor, *, limit: int = 20) -> list[Notice]:
    """List the notices on the actor's desks that nobody has signed for, newest first."""
    if not actor.organisation_ids:
        return []
    found = Notice.objects.filter(organisation_id__in=actor.organisation_ids, read_at__isnull=True)
    return list(found.select_related("case__estate").order_by("-at")[:limit])


def escalations(actor: Actor, *, at: datetime, limit: int = 200) -> list[Case]:
    """List the escalated open cases within reach, the highest rung and the longest overdue first."""
    found = access.visible(Case, to=actor, power="cases.see").filter(
        state__in=sorted(rules.OPEN), escalation__gt=0
    )
    return list(with_row_parts(found).order_by("-escalation", "due_at")[:limit])


@dataclass(frozen=True, slots=True)
class StepButton:
    """One act an officer may take now on a case."""

    act: str
    label: str
    tone: str
    note_required: bool
    allowed: bool
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Dossier:
    """One case with everything its page shows."""

    case: Case
    chosen: catalogue.CaseClass | None
    clocks: list[CaseClock]
    evidence: list[Evidence]
    reports: list[Report]
    events: list[Event]
    buttons: list[StepButton]
    notices: list[Notice]
    requests: list[Any]
    merged: list[Case]
    children: list[Case]
    routing_reason: str
    derivations: dict[int, list[str]] = field(default_factory=dict)


def get(actor: Actor, case_id: int) -> Case:
    """Return a case the actor may see, or raise NotFound."""
    case = (
        access.visible(Case, to=actor, power="cases.see")
        .filter(pk=case_id)
        .select_related(
            "estate", "community", "street", "county", "handler", "checker", "dispatcher", "desk", "company",
            "merged_into", "parent",
        )
        .defer("search")
        .first()
    )  # fmt: skip
    if case is None:
        raise NotFound(_("没有找到这件事项，可能编号有误，或不在您的管辖范围。"))
    return case


def dossier(actor: Actor, case_id: int, *, at: datetime) -> Dossier:
    """Return everything the page of one case shows, or raise NotFound."""
    case = get(actor, case_id)
    running = list(case.clocks.order_by("started_at"))
    chosen = catalogue.classes(case.kind, on=timezone.localtime(case.reported_at).date()).get(case.class_code)
    merged = (
        list(case.merged.only("id", "reported_at", "text", "state")) if case.state != State.MERGED else []
    )
    reports = Report.objects.filter(case_id__in=[case.pk, *(m.pk for m in merged)]).order_by("reported_at")
    return Dossier(
        case=case,
        chosen=chosen,
        clocks=running,
        evidence=list(case.evidence.select_related("file").order_by("added_at")),
        reports=list(reports),
        events=journal.events_of(case),
        buttons=buttons(actor, case),
        notices=list(case.notices.select_related("organisation").order_by("-at")),
        requests=list(case.term_requests.order_by("-asked_at")),
        merged=merged,
        children=list(case.children.only("id", "reported_at", "text", "state", "class_code")),
        routing_reason=routing_reason(case.routing_rule),
        derivations={c.pk: calendar.explain(clocks.replay(c).derivation) for c in running},
    )


def buttons(actor: Actor, case: Case) -> list[StepButton]:
    """List the steps possible from this state, and for each why the actor cannot take it, if so."""
    found = []
    for step in STEPS:
        if case.state not in step.source or not actor.has(step.power):
            continue
        mine = case.desk_id in actor.organisation_ids or step.act == "reopen"
        why_not = ""
        if case.paused_at is not None:
            why_not = _("已批准中止，恢复后才能办理。")
        elif not mine:
            why_not = _("由“%(desk)s”办理。") % {"desk": case.desk.name if case.desk else _("待定单位")}
        found.append(
            StepButton(step.act, str(step.label), step.tone, step.note == "required", not why_not, why_not)
        )
    return found


@dataclass(frozen=True, slots=True)
class Likeness:
    """A case that may be about the same matter, and why it looks so."""

    case: Case
    text: float
    metres: float | None
    score: float


def duplicates(
    actor: Actor, *, kind: str, class_code: str, text: str, street_id: int | None, at: datetime,
    estate_id: int | None = None, longitude: float | None = None, latitude: float | None = None,
    besides: Iterable[int] = (),
) -> list[Likeness]:  # fmt: skip
    """Suggest open cases that may be the same matter: wording, distance, class and time together. Never merges."""
    if street_id is None:
        return []
    rule = rulebooks.load("deadlines", on=timezone.localtime(at).date())["duplicates"]
    near = (
        access.visible(Case, to=actor, power="cases.see")
        .filter(
            street_id=street_id, state__in=sorted(rules.OPEN), kind=kind,
            class_code__startswith=class_code[:2], reported_at__gt=at - timedelta(days=rule["days"]),
        )
        .exclude(pk__in=list(besides))
        .annotate(alike=TrigramWordSimilarity(Value(text[:200]), "text"))
    )  # fmt: skip
    found = []
    for case in with_row_parts(near).order_by("-alike")[:60]:
        metres = distance(longitude, latitude, case.longitude, case.latitude)
        same_estate = estate_id is not None and case.estate_id == estate_id
        close = metres is not None and metres <= rule["metres"]
        if not (same_estate or close):
            continue
        alike = float(case.alike)  # type: ignore[attr-defined]
        same_class = case.class_code == class_code
        if alike >= rule["text"] or (same_class and close) or (same_class and same_estate and alike >= 0.1):
            score = alike + (0.3 if same_class else 0) + (0.2 if close else 0) + (0.1 if same_estate else 0)
            found.append(Likeness(case, alike, metres, score))
    return sorted(found, key=lambda likeness: -likeness.score)[:5]


def distance(lon1: float | None, lat1: float | None, lon2: float | None, lat2: float | None) -> float | None:
    """Return the metres between two WGS-84 points, or None when one is missing (haversine, 0.5 % at worst)."""
    if lon1 is None or lat1 is None or lon2 is None or lat2 is None:
        return None
    p1, p2 = math.radians(lat1), math.radians(lat2)
    a = (
        math.sin((p2 - p1) / 2) ** 2
        + math.cos(p1) * math.cos(p2) * math.sin(math.radians(lon2 - lon1) / 2) ** 2
    )
    return 2 * 6_371_008.8 * math.asin(math.sqrt(a))


# ------------------------------------------------------------------------------------ for the public: frozen values


@dataclass(frozen=True, slots=True)
class PublicStep:
    """One line of a reporter's progress, in plain words and without names of persons."""

    at: datetime
    label: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class PublicProgress:
    """What a reporter sees with the follow code."""

    code: str
    number: str
    kind: str
    class_label: str
    estate: str
    place: str
    text: str
    state: str
    plain: str
    steps: tuple[PublicStep, ...]
    reported_at: datetime
    reply_due_at: datetime | None
    closed_at: datetime | None
    reply_text: str
    rating: int | None
    can_rate: bool
    report_id: int
    case_id: int
    merged: bool


def progress(code: str, *, at: datetime) -> PublicProgress:
    """Return what the holder of a follow code may know, or raise NotFound."""
    made = (
        Report.objects.select_related("case__estate", "case__merged_into__estate")
        .filter(code=code.strip().upper())
        .first()
    )
    if made is None:
        raise NotFound(_("没有找到这个查询码，请核对后再输入。"), field="code")
    case = made.case.merged_into or made.case
    words = {
        "cases.report": _("已收到您反映的问题"),
        "cases.assign": _("已派给办理单位"),
        "cases.accept": _("办理单位已受理，开始整改"),
        "cases.return_back": _("办理单位说明不属其职责，正在改派"),
        "cases.submit": _("办理单位已提交整改，等待复查"),
        "cases.send_back": _("复查不合格，已退回继续整改"),
        "cases.close": _("复查合格，已办结"),
        "cases.void": _("经核实不予受理"),
        "cases.reopen": _("重新办理"),
        "cases.verify": _("工作人员已到现场核实"),
    }
    steps = tuple(
        PublicStep(e.at, words[e.name], e.note if e.name in ("cases.close", "cases.void") else "")
        for e in journal.events_of(case)
        if e.name in words
    )
    days = rulebooks.load("deadlines", on=timezone.localtime(at).date())["rating_days"]
    can_rate = (
        case.state == State.CLOSED
        and made.rating is None
        and case.closed_at is not None
        and at <= case.closed_at + timedelta(days=days)
    )
    return PublicProgress(
        code=made.code,
        number=case.number,
        kind=str(case.kind_label),
        class_label=catalogue.label(case.kind, case.class_code),
        estate=case.estate.name if case.estate else "",
        place=case.place,
        text=made.text,
        state=case.state,
        plain=str(rules.PLAIN_LABELS[case.state]),
        steps=steps,
        reported_at=made.reported_at,
        reply_due_at=made.reply_due_at,
        closed_at=case.closed_at,
        reply_text=made.reply_text,
        rating=made.rating,
        can_rate=can_rate,
        report_id=made.pk,
        case_id=case.pk,
        merged=made.case_id != case.pk,
    )


@dataclass(frozen=True, slots=True)
class PublicNotice:
    """A closed case as the public reads it: what, where (to the estate), when, how it ended. No names, no photos."""

    number: str
    kind: str
    class_label: str
    estate: str
    estate_id: int | None
    street: str
    reported_on: date
    closed_on: date
    days: int
    closing_text: str


def public_notices(
    *, at: datetime, estate_id: int | None = None, limit: int = 50, before: int | None = None
) -> list[PublicNotice]:
    """List the newest closed cases, masked; voided and merged ones are no notices."""
    found = Case.objects.filter(state=State.CLOSED, closed_at__lte=at).select_related("estate", "street")
    if estate_id is not None:
        found = found.filter(estate_id=estate_id)
    if before is not None:
        found = found.filter(pk__lt=before)
    notices = []
    for case in found.order_by("-closed_at").defer("search")[:limit]:
        assert case.closed_at is not None
        reported, closed = (
            timezone.localtime(case.reported_at).date(),
            timezone.localtime(case.closed_at).date(),
        )
        notices.append(
            PublicNotice(
                number=case.number,
                kind=str(case.kind_label),
                class_label=catalogue.label(case.kind, case.class_code),
                estate=case.estate.name if case.estate else "",
                estate_id=case.estate_id,
                street=case.street.name if case.street else "",
                reported_on=reported,
                closed_on=closed,
                days=(closed - reported).days,
                closing_text=codes.mask_text(case.closing_text),
            )
        )
    return notices


@dataclass(frozen=True, slots=True)
class EstateCounts:
    """An estate's cases by state of openness; a cell below the rulebook's threshold is None (shown as "少于 n")."""

    open: int | None
    closed: int | None
    by_class: tuple[tuple[str, int | None], ...]
    threshold: int


def estate_counts(estate: Estate, *, at: datetime) -> EstateCounts:
    """Count an estate's cases of the last twelve months for the public, small numbers suppressed."""
    threshold = rulebooks.load("deadlines", on=timezone.localtime(at).date())["suppression"]["below"]
    found = Case.objects.filter(estate=estate, reported_at__gt=at - timedelta(days=365)).exclude(
        state__in=[State.MERGED, State.VOID]
    )
    totals = found.aggregate(
        open=Count("pk", filter=Q(state__in=sorted(rules.OPEN))),
        closed=Count("pk", filter=Q(state=State.CLOSED)),
    )
    classes = found.values_list("kind", "class_code").annotate(n=Count("pk")).order_by("-n")[:8]

    def shown(n: int) -> int | None:
        return n if n == 0 or n >= threshold else None

    return EstateCounts(
        open=shown(totals["open"]),
        closed=shown(totals["closed"]),
        by_class=tuple((catalogue.label(kind, code), shown(n)) for kind, code, n in classes),
        threshold=threshold,
    )
