"""Who dispatches, who puts right and who checks: the first rule of rulebooks/routing that fits a case.

The rule that fired is kept on the case and shown, with its reason. A hazard found at a unit goes to who answers for
the unit; the register of units stands above this room and says who that is (`units_by`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import get_language

from anju.ground.foundation import rulebooks
from anju.ground.organisations import queries as organisations
from anju.ground.organisations.models import Organisation
from anju.ground.territory.models import Area, Estate
from anju.ground.territory.queries import estate_is_old


@dataclass(frozen=True, slots=True)
class Unit:
    """Somebody or something that is inspected, as routing must know it.

    kind          key of rulebooks/units
    organisation  who answers for it, when it is one that is known here: a company, a committee
    agency        who supervises it
    """

    id: int
    kind: str
    organisation: Organisation | None = None
    agency: Organisation | None = None


_find_unit: list[Callable[[int], Unit | None]] = []


def units_by(find: Callable[[int], Unit | None]) -> None:
    """Let a room above say what routing must know of a unit (called in `AppConfig.ready`)."""
    _find_unit[:] = [find]


def unit_of(unit_id: int | None) -> Unit | None:
    """Return the unit that a case was found at, as it is now."""
    return _find_unit[0](unit_id) if unit_id is not None and _find_unit else None


@dataclass(frozen=True, slots=True)
class Route:
    """What routing found: any office may be None when the place has none of that kind."""

    rule: str
    dispatcher: Organisation | None
    handler: Organisation | None
    checker: Organisation | None
    company: Organisation | None


def route(
    *,
    kind: str,
    class_code: str,
    severity: str,
    channel: str,
    estate: Estate | None,
    area: Area,
    on: date,
    unit: Unit | None = None,
) -> Route:
    """Find the offices for a case by the first rule that fits (a last rule fits everything)."""
    book = rulebooks.load("routing", on=on)
    company = organisations.company_of(estate, on=on) if estate else None
    facts = {
        "kind": kind,
        "class": class_code,
        "severity": severity,
        "channel": channel,
        "management": estate.management if estate else "none",
        "old_community": estate_is_old(estate, on=on) if estate else False,
        "has_company": company is not None,
        **unit_facts(unit),
    }
    for rule in book["rules"]:
        if fits(rule.get("when") or {}, facts):
            find = Finder(area, company, unit)
            return Route(
                rule["id"], find(rule["dispatcher"]), find(rule["handler"]), find(rule["checker"]), company
            )
    raise LookupError("rulebooks/routing has no rule that fits everything")


def unit_facts(unit: Unit | None) -> dict[str, Any]:
    """Return what rules may ask of the unit that a hazard was found at."""
    return {
        "unit_kind": unit.kind if unit else "",
        "unit_known": unit is not None and unit.organisation is not None,
    }


def fits(when: Mapping[str, Any], facts: Mapping[str, Any]) -> bool:
    """Say whether a rule's conditions hold for the facts of a case."""
    for name, wanted in when.items():
        options = wanted if isinstance(wanted, list) else [wanted]
        value = facts["class" if name == "class_prefix" else name]
        if name == "class_prefix":
            if not any(value.startswith(option) for option in options):
                return False
        elif value not in options:
            return False
    return True


_LEVELS = {"city": 2, "county": 3, "street": 4, "community": 5}


class Finder:
    """Finds the office of a kind that covers an area, the estate's company, or who answers for a unit."""

    def __init__(self, area: Area, company: Organisation | None, unit: Unit | None = None):
        self.offices = organisations.covering_all(area)
        self.company = company
        self.unit = unit

    def __call__(self, target: Mapping[str, Any] | None) -> Organisation | None:
        if not target:
            return None
        options = target if isinstance(target, list) else [target]
        for option in options:
            if option["kind"] == "property_company":
                found = self.company
            elif option["kind"] in ("unit_organisation", "unit_agency"):
                found = getattr(self.unit, option["kind"].removeprefix("unit_"), None)
            else:
                level = _LEVELS.get(option.get("level") or "")
                found = organisations.closest(self.offices, option["kind"], level=level)
            if found is not None:
                return found
        return None


def reason(rule_id: str) -> str:
    """Say in the reader's language why a rule sends cases where it does."""
    english = (get_language() or "").startswith("en")
    for _start, _end, book in reversed(rulebooks.editions("routing")):
        for rule in book["rules"]:
            if rule["id"] == rule_id:
                return rule.get("reason_en" if english else "reason", "")
    return ""
