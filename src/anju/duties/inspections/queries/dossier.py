"""One unit = one file: its lines over time. Rooms above add theirs (orders, fines); nobody imports them from here.

    dossier.register(lines)      # in AppConfig.ready of the room above

A provider gets the request and the ids of the units of one site, and answers with its lines, newest first, at most
`limit` of them; it checks by itself what the reader may open (a line without `url` is not a link).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from django.db.models import Model


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened to a unit.

    on      the day
    kind    visit | finding | order | penalty | transfer | company | … : which tab it stands under
    title   a few words; note: what more there is to say
    tone    quiet, active, done, warn, danger
    by      who did it: an agency's name
    """

    on: date
    kind: str
    title: str
    note: str = ""
    url: str = ""
    tone: str = "quiet"
    by: str = ""


class Provider(Protocol):
    """A room that knows something of units."""

    def __call__(self, request: Any, unit_ids: Sequence[int], *, limit: int) -> list[Line]: ...


_providers: list[Provider] = []
_followers: dict[str, type[Model]] = {}
# The counts a room adds to the head of a file: [(label, number)].
Counter = Callable[[Any, Sequence[int]], list[tuple[Any, int]]]
_counters: list[Counter] = []


def register(
    provider: Provider, *, counter: Counter | None = None, follow: Sequence[type[Model]] = ()
) -> None:
    """Add a room's lines, and its counts for the head of the file (rooms call this in `AppConfig.ready`).

    follow  models of the room with a `unit`: their rows follow a unit that is joined to another, and go back
    """
    _followers.update({model._meta.label_lower: model for model in follow})
    if provider not in _providers:
        _providers.append(provider)
    if counter is not None and counter not in _counters:
        _counters.append(counter)


def followers() -> dict[str, type[Model]]:
    """Return the models of rooms above whose rows follow their unit, by their labels."""
    return dict(_followers)


def lines(request: Any, unit_ids: Sequence[int], *, limit: int = 200) -> list[Line]:
    """Return what happened to some units, newest first, from every room that knows something."""
    if not unit_ids:
        return []
    found = [line for provider in _providers for line in provider(request, unit_ids, limit=limit)]
    return sorted(found, key=lambda line: line.on, reverse=True)[:limit]


def counts(request: Any, unit_ids: Sequence[int]) -> list[tuple[Any, int]]:
    """Return the counts for the head of a file, from every room that has some."""
    return [pair for counter in _counters for pair in counter(request, unit_ids)] if unit_ids else []
