"""Which office a row of a station's workbook speaks of, and its officers; each question is answered once.

An importer speaks for their own office; whoever stands above an office, in the tree of places, speaks for it too.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from django.utils.translation import gettext as _

from anju.ground.access.actors import Actor
from anju.ground.organisations.models import Organisation, Person
from anju.ground.territory.rules import name_key

from .. import rules
from .places import POWER, Lost, PlaceFinder

# Companies and committees are inspected; they do not inspect.
NOT_INSPECTING = ("property_company", "community_office", "duty_office")


class Agencies:
    """Finds inspecting agencies by the names that ledgers give them."""

    def __init__(self, by: Actor, places: PlaceFinder):
        reaches = by.powers.get(POWER, ())
        self._everywhere = any(reach.kind == "all" for reach in reaches)
        self._level = min((reach.level for reach in reaches if reach.kind == "area"), default=9)
        self.own: list[Organisation] = []
        self._by_name: dict[str, list[Organisation]] = defaultdict(list)
        self.by_id: dict[int, Organisation] = {}
        offices = Organisation.objects.filter(active=True).exclude(kind__in=NOT_INSPECTING)
        for office in offices.select_related("area").iterator(2000):
            if office.pk in by.organisation_ids:
                self.own.append(office)
            elif not self._below(office, places):
                continue
            self.by_id[office.pk] = office
            for key in {name_key(office.name), name_key(office.short_name)} - {""}:
                self._by_name[key].append(office)
        self._known: dict[str, Organisation | None] = {}

    def _below(self, office: Organisation, places: PlaceFinder) -> bool:
        if self._everywhere:
            return True
        area = office.area
        return area is not None and area.level > self._level and area.pk in places.areas

    def named(self, name: str) -> Organisation | None:
        """Return the one agency that a name means: in full, or by its ending (槐荫派出所 for 东湖分局槐荫派出所)."""
        if name not in self._known:
            key = name_key(name)
            found = self._by_name.get(key, [])
            if not found and len(key) >= 4:
                found = [
                    o for known, offices in self._by_name.items() if known.endswith(key) for o in offices
                ]
            if not found:
                found = [
                    o
                    for known, offices in self._by_name.items()
                    if len(known) >= 4 and key.endswith(known)
                    for o in offices
                ]
            different = {office.pk: office for office in found}
            self._known[name] = next(iter(different.values())) if len(different) == 1 else None
        return self._known[name]

    def of_sheet(self, head: Iterable[Sequence[Any]]) -> Organisation | None:
        """Return the agency that the rows above a heading name (填报单位：…), else the importer's own only one."""
        for row in head:
            for value in row:
                if not isinstance(value, str):
                    continue
                for part in (value, *value.replace("\uff1a", ":").split(":")[1:]):
                    if found := self.named(rules.as_text(part).split(" ")[0]):
                        return found
        return self.own[0] if len(self.own) == 1 else None

    def of_row(self, said: str, usual: Organisation | None) -> Organisation | Lost:
        """Return the agency that a row names, or the sheet's; else why not."""
        if not said:
            if usual is not None:
                return usual
            return Lost("agency", _("没有写明是哪个单位检查的，请补填检查单位。"))
        found = self.named(said)
        if found is not None:
            return found
        return Lost(
            "agency",
            _("“%(name)s”不是您可以代为导入的检查单位，或尚未登记，请核对名称。") % {"name": said[:40]},
        )


class Officers:
    """Turns the cells of officers and badges into JSON for the load: [[name, badge, person id or null], …]."""

    def __init__(self) -> None:
        self._people: dict[int, dict[str, int]] = {}
        self._known: dict[tuple[int, str, str], str] = {}

    def of(self, agency_id: int, names: str, badges: str) -> str:
        """Return the officers that two cells list; who is known in the agency is linked."""
        asked = (agency_id, names, badges)
        if asked not in self._known:
            if len(self._known) > 50_000:
                self._known.clear()
            self._known[asked] = json.dumps(self._read(*asked), ensure_ascii=False)
        return self._known[asked]

    def _read(self, agency_id: int, names: str, badges: str) -> list[list[Any]]:
        people = self._of_agency(agency_id)
        written, numbers = rules.split_people(names), rules.split_people(badges)
        found: dict[tuple[str, str], list[Any]] = {}
        for position, name in enumerate(written[:20]):
            badge = numbers[position][:30] if position < len(numbers) else ""
            found[name[:40], badge] = [name[:40], badge, people.get(badge) or people.get(name)]
        return list(found.values())

    def _of_agency(self, agency_id: int) -> dict[str, int]:
        """Return badge or name -> id of the people of an agency; a name that two share means neither."""
        if agency_id not in self._people:
            here = Person.objects.filter(posts__organisation_id=agency_id).distinct()
            found: dict[str, int] = {}
            twice: set[str] = set()
            for pk, name, badge in here.values_list("pk", "name", "badge_number"):
                for key in filter(None, (name, badge)):
                    if found.setdefault(key, pk) != pk:
                        twice.add(key)
            self._people[agency_id] = {key: pk for key, pk in found.items() if key not in twice}
        return self._people[agency_id]
