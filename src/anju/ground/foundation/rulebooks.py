"""Dated rules read from YAML: limits, weights, classes, forms and calendars of a city, with source and article.

A rulebook is a folder `rulebooks/<name>/` whose files carry `effective_from` (and optionally `effective_to`).
`load(name, on=day)` gives the file in force that day. Files are read once and kept; they are data of a release.
"""

from datetime import date
from functools import cache
from typing import Any

import yaml
from django.conf import settings

from .refusals import Refusal

# The C loader reads the same, ten times faster.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@cache
def editions(name: str) -> tuple[tuple[date, date | None, dict[str, Any]], ...]:
    """List (from, to, content) of every edition of a rulebook, oldest first."""
    folder = settings.RULEBOOK_DIR / name
    found = []
    for path in sorted(folder.glob("*.yaml")):
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506  (it is a safe loader)
        content["edition"] = path.stem
        found.append((content["effective_from"], content.get("effective_to"), content))
    return tuple(sorted(found, key=lambda edition: edition[0]))


def load(name: str, *, on: date) -> dict[str, Any]:
    """Return the edition of rulebook `name` in force on a day; raises Refusal when none is."""
    in_force = [c for start, end, c in editions(name) if start <= on and (end is None or on <= end)]
    if not in_force:
        raise Refusal(f"rulebooks/{name}: no edition is in force on {on}. Add a file with effective_from.")
    return in_force[-1]


def edition(name: str, stem: str) -> dict[str, Any]:
    """Return one edition by its file's stem, whatever the day."""
    return next(content for _start, _end, content in editions(name) if content["edition"] == stem)
