"""The verbs of places: divisions and areas that change, estates and their buildings."""

from .places import (
    AREAS,
    DIVISIONS,
    ESTATES,
    Kept,
    apply_changes,
    county_code,
    create_area,
    create_estate,
    edit_estate,
    list_old,
    move_area,
    succeed_division,
    upsert_estate,
)

__all__ = [
    "AREAS",
    "DIVISIONS",
    "ESTATES",
    "Kept",
    "apply_changes",
    "county_code",
    "create_area",
    "create_estate",
    "edit_estate",
    "list_old",
    "move_area",
    "succeed_division",
    "upsert_estate",
]
