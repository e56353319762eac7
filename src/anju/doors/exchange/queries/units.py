"""The units that a workbook names: each spelling once, with its kind and place; the database decides who is known.

Within one file two rows mean the same unit when they give the same estate, credit code, sender's number, or the same
name in the same place. Everything else is a unit of its own here; what may be one with it is suggested later.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from anju.ground.foundation import rulebooks
from anju.ground.organisations.models import Organisation
from anju.ground.territory.models import Area
from anju.ground.territory.rules import name_key

from .. import rules
from . import sentences
from .places import Lost, PlaceFinder, Spot

ESTATE = "estate"


@dataclass(slots=True)
class Named:
    """A unit as a workbook names it; `seq` is its number within the load."""

    seq: int
    kind: str
    name: str
    key: str
    spot: Spot
    agency_id: int
    address: str
    uscc: str
    number: str
    responsible: str
    phone: str
    first_on: date

    @property
    def source_key(self) -> str:
        """The key by which the unit is known again: its sender's number, else credit code, else name and place."""
        if self.kind == ESTATE and self.spot.estate_id:
            return rules.source_key("unit", "estate", self.spot.estate_id)
        if self.number:
            return rules.source_key("unit", "number", self.agency_id, self.number)
        if self.uscc:
            return rules.source_key("unit", "uscc", self.uscc, self.spot.street_id)
        return rules.source_key("unit", "name", self.key, self.spot.area_id)

    @property
    def identity(self) -> str:
        """What a visit's own key says of its unit: nothing that a later, better sheet would add."""
        if self.kind == ESTATE and self.spot.estate_id:
            return f"e{self.spot.estate_id}"
        return f"{self.key}@{self.spot.street_id or self.spot.area_id}"


class Kinds:
    """Finds the kind of a unit by what a sheet calls it, else by the words of its name."""

    def __init__(self, *, on: date):
        book, words = rulebooks.load("units", on=on), rulebooks.load("exchange", on=on)
        self.labels: dict[str, str] = {key: entry["name"] for key, entry in book["kinds"].items()}
        self._by_word: dict[str, str] = {}
        for key, name in self.labels.items():
            for word in (key, name, *words["unit_kinds"].get(key, ())):
                for form in rules.heading_keys(str(word)):
                    self._by_word.setdefault(form, key)
        self._in_name = [
            (str(word), key)
            for key, found in words["unit_names"].items()
            if key in self.labels
            for word in found
        ]

    def said(self, word: str) -> str:
        """Return the kind that a cell says, or ""."""
        return next((self._by_word[k] for k in rules.heading_keys(word) if k in self._by_word), "")

    def of_name(self, name: str) -> str:
        """Return the kind that a name tells: its last word first, then any."""
        ending = next((kind for word, kind in self._in_name if name.endswith(word)), "")
        return ending or next((kind for word, kind in self._in_name if word in name), "")


class UnitBook:
    """Collects the units of a load and gives each row the unit that it names."""

    def __init__(self, places: PlaceFinder, *, on: date):
        self.places = places
        self.kinds = Kinds(on=on)
        self.units: list[Named] = []
        self._by_estate: dict[int, Named] = {}
        self._by_uscc: dict[tuple[str, int | None], Named] = {}
        self._by_number: dict[tuple[int, str], Named] = {}
        self._by_name: dict[tuple[str, int], list[Named]] = {}
        self._known: dict[tuple[Any, ...], Named | Lost] = {}

    def meet(
        self,
        *,
        name: str,
        kind: str,
        agency: Organisation,
        on: date,
        county: str = "",
        street: str = "",
        community: str = "",
        address: str = "",
        uscc: str = "",
        number: str = "",
        responsible: str = "",
        phone: str = "",
    ) -> Named | Lost:
        """Return the unit that a row names, or the field that is to blame and why.

        The same answer is given to the same question, so that a thousand visits of one estate ask once.
        """
        asked = (name, kind, agency.pk, county, street, community, address, uscc, number)
        found = self._known.get(asked)
        if found is None:
            found = self._known[asked] = self._meet(
                name, kind, agency, county, street, community, address, uscc, number, on
            )
        if isinstance(found, Named):
            if on < found.first_on:
                found.first_on = on
            if responsible and not found.responsible:
                found.responsible = responsible[:40]
            if phone and not found.phone:
                found.phone = phone[:40]
        return found

    def _meet(
        self,
        name: str,
        kind_said: str,
        agency: Organisation,
        county: str,
        street: str,
        community: str,
        address: str,
        uscc: str,
        number: str,
        on: date,
    ) -> Named | Lost:
        if not name:
            return Lost("unit", sentences.needed(_("单位名称")))
        if len(name) > 120:
            return Lost("unit", _("单位名称超过120个字，请核对。"))
        kind = self.kinds.said(kind_said) if kind_said else ""
        if kind_said and not kind:
            return Lost(
                "unit_kind",
                _("没有“%(kind)s”这类场所，请写成：%(kinds)s。")
                % {"kind": kind_said[:20], "kinds": _("、").join(self.kinds.labels.values())},
            )
        if kind in ("", ESTATE):
            spot = self.places.find(name, county, street, community, address)
            exact = isinstance(spot, Spot) and spot.estate_id and self.places.is_name_of(spot, name)
            if kind == ESTATE:
                return self._estate(spot, agency, on) if not isinstance(spot, Lost) else _at_unit(spot)
            if exact and isinstance(spot, Spot):
                return self._estate(spot, agency, on)
            kind = self.kinds.of_name(name)
            if not kind:
                return Lost(
                    "unit_kind", _("看不出“%(name)s”是哪类场所，请填写场所类型。") % {"name": name[:40]}
                )
            if kind == ESTATE:
                return _at_unit(spot) if isinstance(spot, Lost) else self._estate(spot, agency, on)
        place = self._place(agency, county, street, community, address)
        if isinstance(place, Lost):
            return place
        return self._venue(kind, name, agency, place, address, uscc, number, on)

    def _place(
        self, agency: Organisation, county: str, street: str, community: str, address: str
    ) -> Spot | Lost:
        """Return where a venue is: as the row says, else by its address, else the agency's own street."""
        said = county or street or community
        if said or address:
            spot = self.places.find("", county, street, community, address)
            if not isinstance(spot, Lost):
                return spot
            if said:
                area = self.places.area(county, street, community)
                if isinstance(area, Lost):
                    return area
                if area is not None and area.pk in self.places.areas and area.level >= Area.Level.STREET:
                    return self.places.spot_of(area)
        home = self.places.areas.get(agency.area_id or 0)
        if home is not None and home.level >= Area.Level.STREET:
            return self.places.spot_of(home)
        return Lost("street", _("没有写明所属街道（乡镇），无法确定单位在哪里。"))

    def _estate(self, spot: Spot, agency: Organisation, on: date) -> Named | Lost:
        if spot.estate_id is None:
            return Lost("unit", _("没有写明是哪个小区。"))
        known = self._by_estate.get(spot.estate_id)
        if known is None:
            known = self._add(ESTATE, spot.name, spot, agency, "", "", "", on)
            self._by_estate[spot.estate_id] = known
        return known

    def _venue(
        self,
        kind: str,
        name: str,
        agency: Organisation,
        spot: Spot,
        address: str,
        uscc: str,
        number: str,
        on: date,
    ) -> Named:
        key = name_key(name)
        around = spot.street_id or spot.area_id
        found = self._by_uscc.get((uscc, around)) if uscc else None
        if found is None and number:
            found = self._by_number.get((agency.pk, number))
        if found is None:
            found = next(
                (
                    other
                    for other in self._by_name.get((key, around), ())
                    if _may_be(other, spot, uscc, number)
                ),
                None,
            )
        if found is None:
            found = self._add(kind, name, spot, agency, address, uscc, number, on)
            self._by_name.setdefault((key, around), []).append(found)
        found.address = found.address or address[:200]
        found.uscc = found.uscc or uscc
        found.number = found.number or number
        if uscc:
            self._by_uscc.setdefault((uscc, around), found)
        if number:
            self._by_number.setdefault((agency.pk, number), found)
        return found

    def _add(
        self,
        kind: str,
        name: str,
        spot: Spot,
        agency: Organisation,
        address: str,
        uscc: str,
        number: str,
        on: date,
    ) -> Named:
        made = Named(
            len(self.units), kind, name, name_key(name), spot, agency.pk, address[:200], uscc, number[:40],
            "", "", on,
        )  # fmt: skip
        self.units.append(made)
        return made


def _may_be(other: Named, spot: Spot, uscc: str, number: str) -> bool:
    """Say whether the same name may mean the same unit: nothing that both give is different."""
    if uscc and other.uscc and uscc != other.uscc:
        return False
    if number and other.number and number != other.number:
        return False
    communities = {spot.community_id, other.spot.community_id} - {None}
    return len(communities) < 2


def _at_unit(lost: Lost) -> Lost:
    """Return a sentence about an estate at the column of the unit."""
    return Lost("unit" if lost.field in ("estate", "address") else lost.field, lost.sentence)


def columns_of(unit: Named) -> Mapping[str, Any]:
    """Return what `bulk.Row` takes of a unit."""
    return {
        "kind": unit.kind,
        "name": unit.name,
        "area_id": unit.spot.area_id,
        "registered_on": unit.first_on,
        "address": unit.address,
        "estate_id": unit.spot.estate_id if unit.kind == ESTATE else None,
        "uscc": unit.uscc,
        "responsible": unit.responsible,
        "phone": unit.phone,
        "source_key": unit.source_key,
        "source_number": unit.number,
    }
