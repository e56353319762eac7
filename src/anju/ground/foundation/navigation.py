"""The staff navigation: every room registers its own entry, and a person sees those that their powers open."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet
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
    badge     given the request, how much waits there, or the rows, which are counted in one statement, or None
    when      given the request, whether it holds anything for this reader; default: for whoever has the power
    """

    label: Any
    url_name: str
    power: str = ""
    icon: str = "list"
    order: int = 100
    group: Any = ""
    shell: str = "console"
    badge: Callable[[HttpRequest], QuerySet | int | None] | None = None
    when: Callable[[HttpRequest], bool] | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """An item as it is drawn for one request."""

    label: str
    url: str
    icon: str
    group: str
    current: bool
    badge: int


_items: dict[str, Item] = {}


def register(item: Item) -> Item:
    """Add an entry (rooms call this in `AppConfig.ready`); the same URL name replaces the earlier one."""
    _items[f"{item.shell} {item.url_name}"] = item
    return item


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
        if (item.power and item.power not in held) or (item.when is not None and not item.when(request)):
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


def _counted(waiting: list[QuerySet | int | None]) -> list[int]:
    """Count the rows of several questions in one statement: every page of the staff asks them."""
    counts = [0] * len(waiting)
    asked: dict[int, str] = {}
    values: list[Any] = []
    for place, rows in enumerate(waiting):
        if isinstance(rows, int):
            counts[place] = rows
        if rows is None or isinstance(rows, int):
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
