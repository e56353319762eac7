"""Who dispatches, who puts right and who checks: the first rule of rulebooks/routing that fits a case.

The rule that fired is kept on the case and shown, with its reason.
"""

from collections.abc import Mapping
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
class Route:
    """What routing found: any office may be None when the place has none of that kind."""

    rule: str
    dispatcher: Organisation | None
    handler: Organisation | None
    checker: Organisation | None
    company: Organisation | None


def route(
    *, kind: str, class_code: str, severity: str, channel: str, estate: Estate | None, area: Area, on: date
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
    }
    for rule in book["rules"]:
        if fits(rule.get("when") or {}, facts):
            find = Finder(area, company)
            return Route(
                rule["id"], find(rule["dispatcher"]), find(rule["handler"]), find(rule["checker"]), company
            )
    raise LookupError("rulebooks/routing has no rule that fits everything")


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
    """Finds the office of a kind that covers an area, or the estate's company."""

    def __init__(self, area: Area, company: Organisation | None):
        self.offices = organisations.covering_all(area)
        self.company = company

    def __call__(self, target: Mapping[str, Any] | None) -> Organisation | None:
        if not target:
            return None
        options = target if isinstance(target, list) else [target]
        for option in options:
            if option["kind"] == "property_company":
                found = self.company
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
