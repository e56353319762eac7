"""Whose desk the open rows of a ledger lie on: the routing of cases, asked once for all rows that are alike."""

from datetime import date
from typing import Any

from anju.duties.cases.queries import routing
from anju.ground.foundation import rulebooks
from anju.ground.organisations.models import Organisation
from anju.ground.territory.models import Area
from anju.ground.territory.rules import is_old

from .classes import Classed
from .places import Spot

Offices = tuple[int | None, int | None, int | None, str]


class Router:
    """Finds dispatcher, handler and checker by rulebooks/routing as `routing.route` does, without asking twice."""

    def __init__(self, kind: str, areas: dict[int, Area], *, on: date):
        self.kind = kind
        self.areas = areas
        self._rules = rulebooks.load("routing", on=on)["rules"]
        self._old = rulebooks.load("territory", on=on)["old_community"]
        self._chosen: dict[tuple, dict[str, Any]] = {}
        self._finders: dict[int, Any] = {}
        self._offices: dict[tuple, Offices] = {}

    def __call__(self, spot: Spot, chosen: Classed, company_id: int | None) -> Offices:
        """Return the ids of dispatcher, handler and checker (None where the place has none) and the rule's id."""
        old = spot.estate_id is not None and is_old(
            year_built=spot.year_built, listed=spot.listed_old, rule=self._old
        )
        asked = (chosen.code, chosen.severity, spot.management, old, company_id is not None)
        rule = self._chosen.get(asked)
        if rule is None:
            rule = self._chosen[asked] = self._choose(*asked)
        place = (rule["id"], spot.area_id, company_id)
        if place not in self._offices:
            self._offices[place] = self._find(rule, spot.area_id, company_id)
        return self._offices[place]

    def _choose(
        self, code: str, severity: str, management: str, old: bool, has_company: bool
    ) -> dict[str, Any]:
        facts = {
            "kind": self.kind,
            "class": code,
            "severity": severity,
            "channel": "import",
            "management": management,
            "old_community": old,
            "has_company": has_company,
            **routing.unit_facts(None),
        }
        return next(rule for rule in self._rules if routing.fits(rule.get("when") or {}, facts))

    def _find(self, rule: dict[str, Any], area_id: int, company_id: int | None) -> Offices:
        if area_id not in self._finders:
            self._finders[area_id] = routing.Finder(self.areas[area_id], None)
        finder = self._finders[area_id]
        finder.company = Organisation(pk=company_id) if company_id else None
        found = [finder(rule[role]) for role in ("dispatcher", "handler", "checker")]
        dispatcher, handler, checker = (office.pk if office is not None else None for office in found)
        return dispatcher, handler, checker, rule["id"]
