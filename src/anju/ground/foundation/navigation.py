"""The staff navigation: every room registers its own entry, and a person sees those that their powers open."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Count, Q, QuerySet, Value
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse


@dataclass(frozen=True, slots=True)
class Item:
    """One entry.

    label     what it is called (lazy translation)
    url_name  the URL it opens; an entry whose name nobody serves is left out
    power     the power it takes; "" = everybody signed in
    icon      a name from ui/parts/icons.html
    order     place in the list, small first
    group     heading it stands under (lazy translation), or ""
    shell     "console" or "field"
    badge     given the request, the rows that wait there, or None; all entries are counted in one statement
    """

    label: Any
    url_name: str
    power: str = ""
    icon: str = "list"
    order: int = 100
    group: Any = ""
    shell: str = "console"
    badge: Callable[[HttpRequest], QuerySet | None] | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """An item as it is drawn for one request."""

    label: str
    url: str
    icon: str
    group: str
    current: bool
    badge: int


@dataclass(frozen=True, slots=True)
class Pile:
    """What a room lays on the to-do page: what it is, where it is listed, what waits there, and what of it is late."""

    label: str
    url: str
    rows: QuerySet
    late: Q


@dataclass(frozen=True, slots=True)
class Wait:
    """What waits for the signed-in person besides cases: what it is, where it is listed, how many, how many late."""

    label: str
    url: str
    count: int
    late: int = 0


_items: dict[str, Item] = {}
_piles: list[Callable[[Any], list[Pile]]] = []


def register(item: Item) -> Item:
    """Add an entry (rooms call this in `AppConfig.ready`); the same URL name replaces the earlier one."""
    _items[f"{item.shell} {item.url_name}"] = item
    return item


def register_piles(provider: Callable[[Any], list[Pile]]) -> None:
    """Add what a room lays on the to-do page (rooms call this in `AppConfig.ready`); asked on that page alone."""
    if provider not in _piles:
        _piles.append(provider)


def waits(request: Any) -> list[Wait]:
    """List what waits besides cases, those with something late first; all piles are counted in one statement."""
    piles = [pile for provider in _piles for pile in provider(request)]
    counted = [
        pile.rows.order_by()
        .annotate(pile=Value(place))
        .values("pile")
        .annotate(pile_count=Count("pk"), pile_late=Count("pk", filter=pile.late))
        .values_list("pile", "pile_count", "pile_late")
        for place, pile in enumerate(piles)
    ]
    # Each part is one row at most, so that nothing is lost by keeping all.
    rows = counted[0].union(*counted[1:], all=True) if counted else []
    found = [Wait(piles[place].label, piles[place].url, n, late) for place, n, late in sorted(rows) if n]
    return sorted(found, key=lambda wait: not wait.late)


def of(request: Any, shell: str = "console") -> list[Entry]:
    """List the entries that the signed-in person may open, in order, with the current one marked."""
    held: Iterable[str] = getattr(getattr(request, "actor", None), "powers", ()) or ()
    found = []
    ordered = sorted((i for i in _items.values() if i.shell == shell), key=lambda item: item.order)
    # A group stands where its first entry stands, so that its heading is drawn once.
    place: dict[str, int] = {}
    for item in ordered:
        place.setdefault(str(item.group), item.order)
    for item in sorted(ordered, key=lambda item: (place[str(item.group)], item.order)):
        if item.power and item.power not in held:
            continue
        try:
            address = reverse(item.url_name)
        except NoReverseMatch:
            continue
        found.append((item, address))
    path = getattr(request, "path", "")
    # The longest address that the path begins with is the page one stands on.
    here = max((a for _item, a in found if path.startswith(a)), key=len, default="")
    badges = _counted([item.badge(request) if item.badge else None for item, _address in found])
    return [
        Entry(
            label=str(item.label),
            url=address,
            icon=item.icon,
            group=str(item.group),
            current=address == here,
            badge=badge,
        )
        for (item, address), badge in zip(found, badges, strict=True)
    ]


def _counted(waiting: list[QuerySet | None]) -> list[int]:
    """Count the rows of several questions in one statement: every page of the staff asks them."""
    counts = [0] * len(waiting)
    asked: dict[int, str] = {}
    values: list[Any] = []
    for place, rows in enumerate(waiting):
        if rows is None:
            continue
        try:
            sql, given = rows.query.sql_with_params()
        except EmptyResultSet:
            continue
        asked[place] = f"(SELECT COUNT(*) FROM ({sql}) AS waiting)"  # noqa: S608  (the ORM's own SQL)
        values += given
    if asked:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {', '.join(asked.values())}", values)
            for place, count in zip(asked, cursor.fetchone(), strict=True):
                counts[place] = count
    return counts
