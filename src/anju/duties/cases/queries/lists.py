"""Lists of cases within an actor's reach: filters and pages, the map, the patrol."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet, Value
from django.utils import timezone

from anju.ground.access import services as access
from anju.ground.access.actors import Actor
from anju.ground.foundation import ladder
from anju.ground.foundation.asked import day, whole
from anju.ground.territory.models import Area

from .. import rules
from ..models import Case

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
        found &= Q(pk__in=ladder.climbed(Case, at))
    if f.text:
        found &= text_condition(f.text)
    return found


def _in_area(area_id: int) -> Q:
    level = Area.objects.filter(pk=area_id).values_list("level", flat=True).first()
    column = {2: "city_id", 3: "county_id", 4: "street_id", 5: "community_id"}.get(level or 0)
    return Q(**{column: area_id}) if column else Q(pk__in=[])


def text_condition(text: str) -> Q:
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


def escalations(actor: Actor, *, at: datetime, limit: int = 200) -> list[Case]:
    """List open cases within reach that climbed the ladder or are supervised (督办), the highest rung first.

    Of one rung the longest overdue comes first.
    """
    found = access.visible(Case, to=actor, power="cases.see").filter(
        Q(pk__in=ladder.climbed(Case, at)) | Q(supervised=True), state__in=sorted(rules.OPEN)
    )
    return list(ladder.with_rungs(with_row_parts(found), at).order_by("-escalation", "due_at")[:limit])


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
