"""Pure rules of places: which estate is old, and how a name is cleaned for comparison."""

import re
import unicodedata
from collections.abc import Mapping
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


_NOISE = re.compile(r"[\s·•,，。.、()（）\-—_]+")


def name_key(name: str) -> str:
    """Return the form of a name by which two spellings are compared: full-width folded, spaces and marks gone."""
    return _NOISE.sub("", unicodedata.normalize("NFKC", name)).lower()
