"""Questions about cases. Everything an actor lists goes through access.visible; the portal gets frozen values."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib.postgres.search import TrigramWordSimilarity
from django.db.models import Count, Q, QuerySet, Value
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from anju.ground.access import services as access
from anju.ground.access.actors import Actor
from anju.ground.foundation import calendar, codes, journal, rulebooks
from anju.ground.foundation.asked import day, whole
from anju.ground.foundation.models import Event
from anju.ground.foundation.refusals import NotFound
from anju.ground.organisations.models import Organisation
from anju.ground.organisations.queries import contract_of
from anju.ground.territory.models import Area, Estate
from anju.ground.territory.queries import estate_is_old
from anju.means.figures.rules import suppress

from . import catalogue, clocks, evidence, rules
from .models import Case, CaseClock, Evidence, Notice, Report, TermRequest
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
        return whole(one(name))

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
        since=day(one("since")),
        until=day(one("until")),
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
        if len(word) >= 15 and word.isdecimal() and (pk := whole(word[8:])):
            found &= Q(pk=pk)
            continue
        holds = Q(text__icontains=word) | Q(place__icontains=word) | Q(estate__name__icontains=word)
        holds |= Q(source_number=word)
        pieces = rules.grams(word)
        found &= Q(search__contains=pieces) & holds if pieces else holds
    return found


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list: its rows, how many there are in all (up to COUNT_LIMIT), whether there are more."""

    rows: list[Case]
    count: int
    more: bool


def page(
    actor: Actor, filters: Filters, *, at: datetime, number: int = 1, size: int = 50, with_parts: bool = True
) -> Page:
    """Return one page of `listing` with its count, in four statements and a time that does not grow with the cases.

    A person's reach is an OR (the county, or on the desk, or handled, …), which no index has in order. So each part
    that is needed gives its first rows by its own index, and the union of these few is put in order.

    with_parts  load the names of places and offices that a row shows, too
    """
    seen = access.visible_q(Case, to=actor, power="cases.see")
    condition = _condition(filters, at=at)
    # A searched word narrows more than any reach: then one look through the word's index is enough.
    parts = [seen] if filters.text else _needed([p for p in access.alternatives(seen) if p != Q(pk__in=[])])
    order = _LIST_ORDERS[filters.order]
    branches = [
        Case.objects.filter(part, condition).values_list("pk", order[0].lstrip("-")) for part in parts
    ]

    def first(most: int, *ordered: str) -> QuerySet:
        cut = [branch.order_by(*ordered)[:most] for branch in branches] or [
            Case.objects.none().values_list("pk")
        ]
        return cut[0].union(*cut[1:]) if len(cut) > 1 else cut[0]

    counted = first(COUNT_LIMIT + 1).count()
    start = (number - 1) * size
    chosen = first(start + size, *order)
    if len(branches) > 1:
        chosen = chosen.order_by(*order)
    keys = [pk for pk, _by in chosen[start : start + size]] if counted else []
    rows = Case.objects.filter(pk__in=keys)
    rows = with_row_parts(rows) if with_parts else rows.defer("search", "closing_text")
    found = {case.pk: case for case in rows} if keys else {}
    return Page([found[pk] for pk in keys if pk in found], min(counted, COUNT_LIMIT), counted > COUNT_LIMIT)


_NAMED = {
    "estate": {"name", "area"},
    "street": {"name", "level"},
    "county": {"name", "level"},
    "handler": {"name", "short_name", "kind", "area"},
    "desk": {"name", "short_name", "kind", "area"},
}


def _unread(parts: Iterable[str]) -> list[str]:
    """Name the columns of a case's places and offices that no page shows beside the case."""
    return [
        f"{part}__{column.name}"
        for part in parts
        for column in Case._meta.get_field(part).related_model._meta.concrete_fields  # type: ignore[union-attr]
        if not column.primary_key and column.name not in _NAMED[part]
    ]


_PLACES = ("city_id", "county_id", "street_id", "community_id")


def _needed(parts: list[Q]) -> list[Q]:
    """Leave out the parts that find nothing outside the places of the reach: what an office has lies in its area.

    Costs one statement that counts in the indexes of the offices, and saves looking through all of them twice.
    """
    single = [part for part in parts if len(part.children) == 1 and isinstance(part.children[0], tuple)]
    places = [part for part in single if part.children[0][0] in _PLACES]  # type: ignore[index]
    others = [part for part in parts if part not in places]
    if not places or not others:
        return parts
    outside = Q()
    for place in places:
        column, pk = place.children[0]  # type: ignore[misc]
        outside &= Q(**{f"{column}__lt": pk}) | Q(**{f"{column}__gt": pk}) | Q(**{f"{column}__isnull": True})
    # Counted whole: asked for one row only, the database would hope to meet one soon and read every case.
    strays = [Case.objects.filter(part & outside).values_list(Value(1)) for part in others]
    return parts if strays[0].union(*strays[1:], all=True).count() else places


# What a row of a list shows; nothing is asked per row.
def with_row_parts(found: QuerySet[Case]) -> QuerySet[Case]:
    """Load what a list row shows with the same statement."""
    return found.select_related(*_NAMED).defer("search", "closing_text", *_unread(_NAMED))


def todo(actor: Actor, *, at: datetime, limit: int = 50) -> list[Case]:
    """List what lies on the actor's desks, what is due first on top; suspended cases come last."""
    if not actor.organisation_ids:
        return []
    found = on_desk(actor) & access.visible(Case, to=actor, power="cases.see")
    return list(with_row_parts(found).order_by("due_at", "pk")[:limit])


@dataclass(frozen=True, slots=True)
class TodoCounts:
    """How much lies on the desks: all, overdue, due within 24 hours."""

    all: int
    overdue: int
    soon: int
    paused: int


def on_desk(actor: Actor) -> QuerySet[Case]:
    """Return the open cases on the actor's desks; an administrator of the same office does no cases."""
    desks = actor.organisation_ids if actor.has("cases.see") else ()
    return Case.objects.filter(state__in=sorted(rules.OPEN), desk_id__in=desks)


def todo_counts(actor: Actor, *, at: datetime) -> TodoCounts:
    """Count the actor's desks in one statement."""
    counted = on_desk(actor).aggregate(
        all=Count("pk"),
        overdue=Count("pk", filter=Q(due_at__lt=at)),
        soon=Count("pk", filter=Q(due_at__gte=at, due_at__lt=at + timedelta(hours=24))),
        paused=Count("pk", filter=Q(paused_at__isnull=False)),
    )
    return TodoCounts(**counted)


def unread_notices(actor: Actor, *, limit: int = 20) -> list[Notice]:
    """List the notices on the actor's desks that nobody has signed for, newest first."""
    if not actor.organisation_ids or not actor.has("cases.see"):
        return []
    found = Notice.objects.filter(organisation_id__in=actor.organisation_ids, read_at__isnull=True)
    return list(found.select_related("case__estate").order_by("-at")[:limit])


def escalations(actor: Actor, *, at: datetime, limit: int = 200) -> list[Case]:
    """List open cases within reach that climbed the ladder or are supervised (督办), the highest rung first.

    Of one rung the longest overdue comes first.
    """
    found = access.visible(Case, to=actor, power="cases.see").filter(
        Q(escalation__gt=0) | Q(supervised=True), state__in=sorted(rules.OPEN)
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
    seen = access.visible(Case, to=actor, power="cases.see").filter(pk=case_id)
    case = next(iter(seen.select_related("estate").defer("search")), None)
    if case is None:
        raise NotFound(_("没有找到这件事项，可能编号有误，或不在您的管辖范围。"))
    return case


def _load_parts(case: Case) -> None:
    """Give a case its places and offices: two short statements instead of a join of nine tables."""
    areas = ("community", "street", "county")
    offices = ("handler", "checker", "dispatcher", "desk", "company")
    for model, parts in ((Area, areas), (Organisation, offices)):
        found = model._default_manager.in_bulk({getattr(case, f"{part}_id") for part in parts} - {None})
        for part in parts:
            setattr(case, part, found.get(getattr(case, f"{part}_id")))


def dossier(actor: Actor, case_id: int, *, at: datetime) -> Dossier:
    """Return everything the page of one case shows, or raise NotFound."""
    case = get(actor, case_id)
    _load_parts(case)
    running, days = list(case.clocks.order_by("started_at")), calendar.current()
    chosen = catalogue.classes(case.kind, on=timezone.localtime(case.reported_at).date()).get(case.class_code)
    related = Case.objects.filter(Q(merged_into=case) | Q(parent=case)).order_by("pk")
    shown = ("id", "kind", "reported_at", "text", "state", "class_code", "merged_into_id", "parent_id")
    kin = list(related.only(*shown))
    merged = [c for c in kin if c.merged_into_id == case.pk] if case.state != State.MERGED else []
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
        children=[c for c in kin if c.parent_id == case.pk],
        routing_reason=routing_reason(case.routing_rule),
        derivations={c.pk: calendar.explain(clocks.replay(c, days).derivation) for c in running},
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
        .annotate(alike=TrigramWordSimilarity(text[:200], "text"))
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
    return sorted(found, key=lambda likeness: -likeness.score)[: rule["show"]]


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
        "cases.grant_extend": _("经批准，办理期限延长"),
        "cases.grant_suspend": _("经批准，暂时中止办理"),
        "cases.resume": _("恢复办理"),
        "cases.escalate": _("超过期限，已报上级单位督促"),
        "cases.supervise": _("上级单位已挂牌督办"),
    }
    steps: list[PublicStep] = []
    for e in journal.events_of(case):
        if e.name not in words or (e.name == "cases.report" and made.case_id != case.pk):
            continue
        if e.name == "cases.escalate" and steps and steps[-1].label == words[e.name]:
            continue  # one rung more is no news to the reporter
        told = codes.mask_text(e.note) if e.name in ("cases.close", "cases.void") else ""
        steps.append(PublicStep(e.at, words[e.name], told))
    if made.case_id != case.pk:
        # The other reporter's first step is theirs; this one has an own.
        steps.append(PublicStep(made.reported_at, words["cases.report"]))
        steps.sort(key=lambda step: step.at)
    days = rulebooks.load("deadlines", on=timezone.localtime(at).date())["rating"]["days"]
    can_rate = (
        case.state == State.CLOSED
        and not made.has_rated(case.closed_at)
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
        steps=tuple(steps),
        reported_at=made.reported_at,
        reply_due_at=made.reply_due_at,
        closed_at=case.closed_at,
        reply_text=codes.mask_text(made.reply_text),
        rating=made.last_rating,
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
    case_id: int
    is_demo: bool


def public_notices(
    *, at: datetime, estate_id: int | None = None, limit: int = 50, before: int | None = None
) -> list[PublicNotice]:
    """List the newest closed cases, masked; voided and merged ones are no notices."""
    found = Case.objects.filter(state=State.CLOSED, closed_at__lte=at).select_related("estate", "street")
    if estate_id is not None:
        found = found.filter(estate_id=estate_id)
    if before is not None:
        last = Case.objects.filter(pk=before).values_list("closed_at", flat=True).first() or at
        found = found.filter(Q(closed_at__lt=last) | Q(closed_at=last, pk__lt=before))
    notices = []
    for case in found.order_by("-closed_at", "-pk").defer("search")[:limit]:
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
                case_id=case.pk,
                is_demo=case.is_demo,
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
    threshold = rulebooks.load("deadlines", on=timezone.localtime(at).date())["publication"]["small_number"]
    found = Case.objects.filter(estate=estate, reported_at__gt=at - timedelta(days=365)).exclude(
        state__in=[State.MERGED, State.VOID]
    )
    totals = found.aggregate(
        open=Count("pk", filter=Q(state__in=sorted(rules.OPEN))),
        closed=Count("pk", filter=Q(state=State.CLOSED)),
    )
    classes = list(
        found.values_list("kind", "class_code").annotate(n=Count("pk")).order_by("-n", "class_code")
    )
    by_state = shown([totals["open"], totals["closed"]], least=threshold)
    by_class = shown([n for _kind, _code, n in classes], least=threshold)
    return EstateCounts(
        open=by_state[0],
        closed=by_state[1],
        by_class=tuple(
            (catalogue.label(kind, code), count)
            for (kind, code, _n), count in zip(classes[:8], by_class, strict=False)
        ),
        threshold=threshold,
    )


def shown(counts: list[int], *, least: int) -> list[int | None]:
    """Return counts as the public may read them: withheld ones, and those that would betray them, are None."""
    withheld = suppress(counts, least=least)
    return [None if hidden else n for n, hidden in zip(counts, withheld.cells, strict=True)]


def term_requests(actor: Actor, *, limit: int = 20) -> list[TermRequest]:
    """List the requests for more time that wait for the actor's approval."""
    if not actor.has("cases.approve"):
        return []
    seen = access.visible(Case, to=actor, power="cases.approve").filter(state__in=sorted(rules.OPEN))
    found = TermRequest.objects.filter(granted__isnull=True, case__in=seen)
    return list(
        found.exclude(asked_organisation__in=actor.organisation_ids)
        .select_related("case__estate", "asked_organisation")
        .order_by("asked_at")[:limit]
    )


def may_verify(actor: Actor, case: Case) -> bool:
    """Say whether the actor may record a look at the place: not yet verified, and within reach of the power."""
    return (
        case.verified_at is None
        and case.state in rules.VERIFY.source
        and actor.has(rules.VERIFY.power)
        and case.handler_id not in actor.organisation_ids
    )


def ownerless_notices(actor: Actor) -> list[Notice]:
    """List unread notices that no office could be found for, so that nothing ends in silence."""
    seen = access.visible(Case, to=actor, power="cases.see")
    found = Notice.objects.filter(organisation__isnull=True, read_at__isnull=True, case__in=seen)
    return list(found.select_related("case").order_by("-at")[:50])


def map_rows(actor: Actor, area: Area | None, *, at: datetime) -> list[dict[str, Any]]:
    """Count open and overdue cases by the areas one level below `area` (None: by county), in the actor's reach.

    A community has nothing below it: it is counted itself.
    """
    levels = {None: "county", 2: "county", 3: "street", 4: "community", 5: "community"}
    column = levels.get(area.level if area else None)
    if column is None:
        return []
    found = access.visible(Case, to=actor, power="cases.see").filter(state__in=sorted(rules.OPEN))
    if area is not None and area.level > 2:
        found = found.filter(_in_area(area.pk))
    counted = (
        found.exclude(**{f"{column}__isnull": True})
        .values(f"{column}_id", f"{column}__name", f"{column}__division__code")
        .annotate(open=Count("pk"), overdue=Count("pk", filter=Q(due_at__lt=at, paused_at__isnull=True)))
        .order_by("-overdue", "-open")
    )
    return [
        {
            "id": row[f"{column}_id"],
            "name": row[f"{column}__name"],
            "division_code": row[f"{column}__division__code"],
            "open": row["open"],
            "overdue": row["overdue"],
        }
        for row in counted
    ]


def points(actor: Actor, area: Area | None, *, at: datetime, limit: int = 2000) -> list[Case]:
    """List open cases with a point inside an area (None: everywhere in reach), the most urgent first."""
    found = access.visible(Case, to=actor, power="cases.see").filter(
        state__in=sorted(rules.OPEN), longitude__isnull=False
    )
    if area is not None:
        found = found.filter(_in_area(area.pk))
    return list(with_row_parts(found).order_by("due_at")[:limit])


def common_classes(*, on: date) -> list[dict[str, str]]:
    """List the classes offered first on the public form, as the rulebook orders them, in the reader's language."""
    chosen = rulebooks.load("portal", on=on)["common_classes"]
    english = (get_language() or "").startswith("en")
    return [
        {
            "value": entry["code"],
            "label": entry["name_en"] if english else entry["name"],
            "icon": entry.get("icon", ""),
            "hint": entry.get("hint_en" if english else "hint", ""),
        }
        for entry in chosen
    ]


def reasons_of(act: str, *, on: date) -> list[str]:
    """List the reasons the rulebook words for a suspension or for returns (退单), in the reader's language."""
    english = (get_language() or "").startswith("en")
    reasons = rulebooks.load("deadlines", on=on)[act]["reasons"]
    return [reason["name_en" if english else "name"] for reason in reasons]


def class_tree(*, on: date) -> list[dict[str, Any]]:
    """List all classes of both kinds in groups, for a chooser: {label, leaves}."""
    return [
        {
            "label": f"{label} · {one['label']}",
            "leaves": [leaf for two in one["groups"] for leaf in two["leaves"]],
        }
        for kind, label in rules.KIND_LABELS.items()
        for one in catalogue.tree(kind, on=on)
    ]


def kind_and_label(code: str, *, on: date) -> tuple[str, str]:
    """Return which kind a class code belongs to and its name, or raise Refusal for an unknown one."""
    for kind in rules.KIND_LABELS:
        if code in catalogue.classes(kind, on=on):
            return kind, catalogue.find(kind, code, on=on).name
    return "hazard", catalogue.find("hazard", code, on=on).name


def code_of(case: Case) -> str:
    """Return the follow code of a case's first report."""
    return case.reports.order_by("pk").values_list("code", flat=True).first() or ""


def rating_choices() -> list[dict[str, Any]]:
    """List the ratings, best first."""
    return [{"value": value, "label": str(label)} for value, label in rules.SATISFACTION_LABELS.items()]


def reporter_photos(report_id: int, *, at: datetime) -> evidence.Gallery:
    """Return the photos that the holder of a follow code may see: their own, and how it looks after closing."""
    return evidence.gallery_of_report(report_id, at=at)


@dataclass(frozen=True, slots=True)
class EstateFile:
    """一小区一档 for the public: facts, facilities and company; no persons."""

    year_built: int | None
    is_old: bool
    households: int | None
    building_count: int | None
    management: str
    company: str
    contract_until: date | None
    hydrants: int | None
    extinguishers: int | None
    micro_station: str
    lane_marked: str
    charging_places: int | None
    ebikes: int | None


def estate_file(estate_id: int, *, at: datetime) -> EstateFile:
    """Return an estate's public facts."""
    estate = Estate.objects.get(pk=estate_id)
    on = timezone.localtime(at).date()
    contract = contract_of(estate, on=on)

    def said(value: bool | None) -> str:
        return "—" if value is None else _("有") if value else _("无")

    return EstateFile(
        year_built=estate.year_built,
        is_old=estate_is_old(estate, on=on),
        households=estate.households,
        building_count=estate.building_count,
        management=str(estate.get_management_display()),
        company=contract.company.name if contract else "",
        contract_until=contract.valid_to if contract else None,
        hydrants=estate.hydrants,
        extinguishers=estate.extinguishers,
        micro_station=said(estate.has_micro_station),
        lane_marked=said(estate.fire_lane_marked),
        charging_places=estate.charging_places,
        ebikes=estate.ebikes,
    )


# ------------------------------------------------------------------------------------------------ for the patrol


def patrol_today(actor: Actor, *, at: datetime) -> list[Case]:
    """List what a patrol has to look at in its area: re-checks on its desk, then cases not yet verified."""
    seen = access.visible(Case, to=actor, power="cases.check").filter(state__in=sorted(rules.OPEN))
    mine = Q(state=State.CHECKING, desk_id__in=actor.organisation_ids)
    unseen = Q(verified_at__isnull=True, state__in=sorted(rules.VERIFY.source))
    return list(with_row_parts(seen.filter(mine | unseen)).order_by("due_at", "pk")[:40])
