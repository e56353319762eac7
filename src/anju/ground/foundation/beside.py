"""What rooms above lay beside a thing on its page: papers, acts, marks, panels. They register; nobody imports them.

    beside.register(Case, of_case, order=20)     # in AppConfig.ready of the room above
    beside.of(request, case)                     # on the page of the case

A provider gets the request and the row, and checks by itself what the reader may see and do there.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model
from django.utils.safestring import mark_safe


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper or a file that a room keeps on a thing: what it is called, where it is read, what there is to say of it.

    links  further addresses, each with its label: the printed forms
    """

    title: str
    url: str
    note: str = ""
    links: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Act:
    """An act that begins at a thing and is another room's: its label and the page on which it is done."""

    label: str
    url: str
    icon: str = ""


@dataclass(frozen=True, slots=True)
class Beside:
    """What lies beside a thing.

    marks   badges: (words, tone)
    panels  panels as a template of the room drew them (escaped there)
    """

    papers: list[Paper] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    marks: list[tuple[str, str]] = field(default_factory=list)
    panels: list[str] = field(default_factory=list)


Provider = Callable[[Any, Any], Beside | None]
_providers: dict[str, list[tuple[int, Provider]]] = {}


def register(model: type[Model], provider: Provider, *, order: int) -> None:
    """Add what a room lays beside the things of a model (rooms call this in `AppConfig.ready`)."""
    known = _providers.setdefault(model._meta.label_lower, [])
    if all(provider is not one for _order, one in known):
        known.append((order, provider))
        known.sort(key=lambda entry: entry[0])


def of(request: Any, row: Model) -> Beside:
    """Return what all rooms lay beside a thing for one request, in order."""
    whole = Beside()
    for _order, provider in _providers.get(row._meta.label_lower, ()):
        if (found := provider(request, row)) is not None:
            whole.papers.extend(found.papers)
            whole.acts.extend(found.acts)
            whole.marks.extend(found.marks)
            whole.panels.extend(mark_safe(panel) for panel in found.panels)
    return whole
