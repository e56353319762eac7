"""Which estate or area a row of a ledger means, among those that the importer's power reaches and no others."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from anju.ground.access import services as access
from anju.ground.access.actors import Actor
from anju.ground.territory.models import Area, Estate
from anju.ground.territory.rules import name_key

from .. import rules

POWER = "exchange.import"
# Below this share of common pieces two names have nothing to do with each other.
LIKENESS = 0.3


def areas_reached(actor: Actor) -> QuerySet[Area]:
    """List the areas that the importer's power reaches."""
    return access.visible(Area, to=actor, power=POWER).filter(active=True)


@dataclass(frozen=True, slots=True)
class Spot:
    """A place found: ids of the estate (None: only the area is known) and of the four management levels."""

    estate_id: int | None
    name: str
    path: str
    area_id: int
    city_id: int | None
    county_id: int | None
    street_id: int | None
    community_id: int | None
    division_id: int | None
    management: str = "none"
    year_built: int | None = None
    listed_old: bool = False
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lost:
    """Why no place was found: the field that is to blame, and the sentence."""

    field: str
    sentence: str


class PlaceFinder:
    """Finds estates and areas by the names in a row; every question is answered once and remembered."""

    def __init__(self, actor: Actor, *, endings: Iterable[str]):
        self.endings = tuple(endings)
        self.areas: dict[int, Area] = {a.pk: a for a in areas_reached(actor)}
        # The levels above one's own are no secret: rows name them, and they must agree.
        above = {i for a in self.areas.values() for i in (a.street_id, a.county_id, a.city_id) if i}
        self._all = {a.pk: a for a in Area.objects.filter(pk__in=above - self.areas.keys())} | self.areas
        self._area_spots: dict[int, Spot] = {}
        self._by_estate: dict[int | None, Spot] = {}
        self._areas_by_key: dict[int, dict[str, list[Area]]] = defaultdict(lambda: defaultdict(list))
        for area in self._all.values():
            for key in self._area_keys(area.name):
                self._areas_by_key[area.level][key].append(area)
        self._estates: dict[str, list[Spot]] = defaultdict(list)
        self._pieces: dict[str, set[str]] = defaultdict(set)
        self._names: dict[str, str] = {}
        columns = (
            "id",
            "name",
            "aliases",
            "area_id",
            "division_id",
            "management",
            "year_built",
            "listed_old",
        )
        everywhere = Estate.objects.filter(active=True).values_list(*columns).iterator(5000)
        for pk, name, aliases, area_id, division_id, management, year_built, listed_old in everywhere:
            around = self.areas.get(area_id)
            if around is None:
                continue
            spot = self._spot(around, pk, name, division_id, management, year_built, listed_old)
            for key in dict.fromkeys(name_key(n) for n in (name, *(aliases or ())) if n):
                self._estates[key].append(spot)
                self._names.setdefault(key, name)
                for piece in rules.pieces(key):
                    self._pieces[piece].add(key)
        self._lengths = sorted({len(key) for key in self._estates if len(key) >= 3}, reverse=True)
        self._known: dict[tuple[str, ...], Spot | Lost] = {}
        self._known_areas: dict[tuple[str, ...], Area | Lost | None] = {}

    def _spot(
        self,
        area: Area,
        estate_id: int | None,
        name: str,
        division_id: int | None,
        management: str = "none",
        year_built: int | None = None,
        listed_old: bool = False,
    ) -> Spot:
        chain = (area, *(self._all.get(i) for i in (area.street_id, area.county_id, area.city_id) if i))
        return Spot(
            estate_id,
            name,
            area.path,
            area.pk,
            area.at_level(2),
            area.at_level(3),
            area.at_level(4),
            area.at_level(5),
            division_id or area.division_id,
            management,
            year_built,
            listed_old,
            tuple(a.name for a in chain if a is not None),
        )

    def _area_keys(self, name: str) -> list[str]:
        """Return the forms of an area's name: as it is, and without its ending (东街街道 → 东街)."""
        whole = name_key(name)
        forms = {whole: None}
        for ending in self.endings:
            if whole.endswith(ending) and len(whole) > len(ending) + 1:
                forms[whole.removesuffix(ending)] = None
        return list(forms)

    def area(self, county: str, street: str, community: str) -> Area | Lost | None:
        """Return the closest area that the names of a row agree on, None when the row names none."""
        asked = (county, street, community)
        if asked not in self._known_areas:
            self._known_areas[asked] = self._find_area(*asked)
        return self._known_areas[asked]

    def _find_area(self, county: str, street: str, community: str) -> Area | Lost | None:
        above: list[Area] = []
        for level, field, name in ((3, "county", county), (4, "street", street), (5, "community", community)):
            if not name:
                continue
            found = self._named(level, name)
            if above:
                ids = {area.pk for area in above}
                found = [a for a in found if ids & {a.pk, a.street_id, a.county_id}]
            if not found and level == 3 and self._named(2, name):
                continue  # the column says the city itself
            if not found:
                return Lost(
                    field, _("“%(name)s”不在您的管辖范围内，请核对名称和所属地区。") % {"name": name[:40]}
                )
            above = found
        if not above:
            return None
        if len(above) > 1:
            paths = _("、").join(a.path for a in above[:4])
            field = "community" if community else "street" if street else "county"
            return Lost(field, _("有多个同名地方：%(paths)s。请补充上一级名称。") % {"paths": paths})
        return above[0]

    def _named(self, level: int, name: str) -> list[Area]:
        key = name_key(name)
        index = self._areas_by_key[level]
        if key in index:
            exact = [a for a in index[key] if name_key(a.name) == key]
            return exact or index[key]
        for form in self._area_keys(name):
            if form in index:
                return index[form]
        # "某市某区" or "某区某街道": the names of the levels above stand in front.
        ends = [a for known, areas in index.items() if len(known) > 1 and key.endswith(known) for a in areas]
        longest = max((len(name_key(a.name)) for a in ends), default=0)
        return list({a.pk: a for a in ends if len(name_key(a.name)) == longest}.values())

    def find(self, estate: str, county: str, street: str, community: str, address: str) -> Spot | Lost:
        """Return the place that a row's names mean, or why none was found."""
        asked = (estate, county, street, community, address if not estate else "")
        known = self._known.get(asked)
        if known is None:
            known = self._known[asked] = self._find(estate, county, street, community, address)
        return known

    def _find(self, estate: str, county: str, street: str, community: str, address: str) -> Spot | Lost:
        area = self.area(county, street, community)
        if isinstance(area, Lost):
            return area
        field = "estate" if estate else "address"
        spots = self._estates_named(estate) if estate else []
        if not spots and (estate or address):
            spots = self._estates_in(estate or address)
        if area is not None and spots:
            level = {3: "county_id", 4: "street_id", 5: "community_id"}.get(area.level, "city_id")
            inside = [s for s in spots if getattr(s, level) == area.pk]
            if not inside:
                paths = _("、").join(s.path for s in spots[:3])
                return Lost(
                    field,
                    _("“%(name)s”登记在%(paths)s，与本行填写的地区不符，请核对。")
                    % {"name": spots[0].name, "paths": paths},
                )
            spots = inside
        if len(spots) > 1 and address:
            spots = [s for s in spots if any(part and part in address for part in s.keys)] or spots
        if len(spots) > 1:
            paths = _("、").join(s.path for s in spots[:4])
            return Lost(
                field,
                _("有 %(count)s 个同名小区“%(name)s”：%(paths)s。请补充所属街道或社区。")
                % {"count": len(spots), "name": spots[0].name, "paths": paths},
            )
        if spots:
            return spots[0]
        if not estate and area is not None and area.pk in self.areas and area.level >= Area.Level.STREET:
            return self.spot_of(area)
        return self._unknown(field, estate or address, area)

    def spot_of(self, area: Area) -> Spot:
        """Return an area itself as a place."""
        if area.pk not in self._area_spots:
            self._area_spots[area.pk] = self._spot(area, None, area.name, area.division_id)
        return self._area_spots[area.pk]

    def is_name_of(self, spot: Spot, name: str) -> bool:
        """Say whether a name is that of the place's estate, in full."""
        return any(other.estate_id == spot.estate_id for other in self._estates_named(name))

    def spot_of_estate(self, estate_id: int) -> Spot | None:
        """Return an estate within reach by its id."""
        if not self._by_estate:
            self._by_estate = {s.estate_id: s for spots in self._estates.values() for s in spots}
        return self._by_estate.get(estate_id)

    def _estates_named(self, name: str) -> list[Spot]:
        return self._estates.get(name_key(name), [])

    def _estates_in(self, text: str) -> list[Spot]:
        """Return the estates whose name is contained in an address, the longest name first."""
        key = name_key(text)
        for length in self._lengths:
            for start in range(len(key) - length + 1):
                if found := self._estates.get(key[start : start + length]):
                    return found
        return []

    def _unknown(self, field: str, name: str, area: Area | None) -> Lost:
        if not name:
            return Lost("estate", _("没有写明小区，也没有写明街道或社区，无法确定地点。"))
        said = _("“%(name)s”不在您的管辖范围内，或尚未登记。") % {"name": name[:40]}
        near = self.suggestions(name, within=area)
        if near:
            said += _("是否为%(names)s？") % {
                "names": _("、").join(_("“%(name)s”") % {"name": n} for n in near)
            }
        return Lost(field, said)

    def suggestions(self, name: str, *, within: Area | None = None, most: int = 3) -> list[str]:
        """Return the names nearest to one that is unknown, by shared pieces, among what the importer reaches."""
        key = name_key(name)
        mine = rules.pieces(key)
        shared: dict[str, int] = defaultdict(int)
        for piece in mine:
            for other in self._pieces.get(piece, ()):
                shared[other] += 1
        scored = []
        for other, count in shared.items():
            likeness = count / (len(mine) + len(other) + 1 - count)
            if likeness >= LIKENESS:
                scored.append((-likeness, other))
        found: list[str] = []
        for _score, other in sorted(scored)[:20]:
            if within is not None and all(within.name not in s.path for s in self._estates[other]):
                continue
            found.append(self._names[other])
        return list(dict.fromkeys(found))[:most]


def stamps(spot: Spot) -> tuple[Any, ...]:
    """Return the ids of a place in the order of the case's columns."""
    return (
        spot.estate_id,
        spot.division_id,
        spot.city_id,
        spot.county_id,
        spot.street_id,
        spot.community_id,
    )
