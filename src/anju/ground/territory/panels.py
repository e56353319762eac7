"""What rooms above add to the page of an estate: its company, its open cases. They register; nobody imports them."""

from collections.abc import Callable
from typing import Any

from django.utils.safestring import mark_safe

from .models import Estate

# Given the request and the estate: the panel as a template drew it (escaped there), or "" for nothing.
Panel = Callable[[Any, Estate], str]
_panels: list[tuple[int, Panel]] = []


def register(panel: Panel, *, order: int) -> None:
    """Add a panel to the estate's page (rooms call this in `AppConfig.ready`)."""
    if all(panel is not known for _order, known in _panels):
        _panels.append((order, panel))
        _panels.sort(key=lambda entry: entry[0])


def of(request: Any, estate: Estate) -> list[str]:
    """Draw the panels for one request, in order; those with nothing to show are left out."""
    return [mark_safe(drawn) for _order, panel in _panels if (drawn := panel(request, estate))]
