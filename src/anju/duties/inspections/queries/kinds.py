"""Kinds and flags of units, in the reader's words; the flags that units carry on a day."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django.db.models.expressions import RawSQL
from django.utils.translation import get_language

from anju.ground.foundation import rulebooks
from anju.ground.organisations.queries import in_force

from ..models import Unit, UnitFlag


def among(ids: Iterable[int]) -> RawSQL:
    """Return ids as one array, for `pk__in`: thousands of single parameters would cost more than the question."""
    return RawSQL("SELECT unnest(%s::bigint[])", [list(ids)])


def kinds(*, on: date) -> Mapping[str, Mapping[str, Any]]:
    """Return the kinds of unit in force on a day."""
    found: Mapping[str, Mapping[str, Any]] = rulebooks.load("units", on=on)["kinds"]
    return found


def _newest() -> Mapping[str, Any]:
    return rulebooks.load("units", on=date.max)


def _said(entry: Mapping[str, Any] | None, key: str) -> str:
    if entry is None:
        return key
    english = (get_language() or "").startswith("en")
    return str(entry.get("name_en") if english and entry.get("name_en") else entry["name"])


def kind_label(key: str) -> str:
    """Name a kind of unit in the reader's language."""
    return _said(_newest()["kinds"].get(key), key)


def flag_label(key: str) -> str:
    """Name a flag in the reader's language."""
    return _said(_newest()["flags"].get(key), key)


def group_label(key: str) -> str:
    """Name a group of kinds (九小场所 …) in the reader's language."""
    return _said(_newest()["groups"].get(key), key)


def kinds_by_group() -> list[tuple[str, list[tuple[str, str]]]]:
    """List the kinds for a chooser: [(group, [(key, label)])]."""
    book = _newest()
    return [
        (group_label(group), [(k, kind_label(k)) for k, v in book["kinds"].items() if v["group"] == group])
        for group in book["groups"]
    ]


def settable_flags() -> list[str]:
    """List the flags a person may set: those not derived from the estate."""
    return [key for key, rule in _newest()["flags"].items() if not rule.get("derived")]


def flags_on(unit: Unit, *, on: date) -> frozenset[str]:
    """Return the flags a unit carries on a day."""
    return flags_of([unit.pk], on=on).get(unit.pk, frozenset())


def flags_of(unit_ids: Iterable[int], *, on: date) -> dict[int, frozenset[str]]:
    """Return the flags of many units on a day, in one query: {unit id: flags}; units without flags are left out."""
    found: dict[int, set[str]] = {}
    rows = UnitFlag.objects.filter(in_force(on), unit__in=among(unit_ids)).values_list("unit_id", "flag")
    for unit_id, flag in rows:
        found.setdefault(unit_id, set()).add(flag)
    return {unit_id: frozenset(flags) for unit_id, flags in found.items()}
