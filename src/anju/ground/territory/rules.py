"""Pure rules of places: which estate is old, and how a name is cleaned for comparison."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any


def is_old(*, year_built: int | None, listed: bool, rule: Mapping[str, Any]) -> bool:
    """Say whether an estate is an old residential community (老旧小区).

    rule  rulebooks/territory `old_community`: {"completed_by": date}; listed by the city counts whatever the year.
    """
    if listed:
        return True
    completed_by: date = rule["completed_by"]
    return year_built is not None and year_built <= completed_by.year


# Rules that read names, not years, are the same on any day: they are read from the newest edition.
ANY_DAY = date.max

_NOISE = re.compile(r"[\s·•,，。.、()（）\-—_]+")


def name_key(name: str) -> str:
    """Return the form of a name by which two spellings are compared: full-width folded, spaces and marks gone."""
    return _NOISE.sub("", unicodedata.normalize("NFKC", name)).lower()


def short_name(name: str, endings: Iterable[Sequence[str]]) -> str:
    """Return the name people use for a place: its longest matching ending replaced, by rulebooks/territory."""
    for ending, replacement in endings:
        if name.endswith(ending) and len(name) > len(ending):
            return name[: -len(ending)] + replacement
    return name
