"""The half-year behind the letter: units, police checks, hazards and fines of January to July 2024, drawn by chance.

Everything is invented and drawn from one source of chance, so each installation gets the same. The six totals of
`data/half_year.yaml` are met exactly; `half_year_rows` writes what was drawn.
"""

import random
from bisect import bisect
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from itertools import accumulate
from typing import Any

from django.utils import timezone

from anju.duties.cases.models import Case
from anju.duties.inspections.models import Finding, Unit, Visit, VisitPart
from anju.duties.penalties.models import Penalty
from anju.ground.access import services as access
from anju.ground.foundation import calendar, pinyin, rulebooks
from anju.ground.foundation.models import Event
from anju.ground.organisations.models import Organisation
from anju.ground.territory.models import Area, Estate
from anju.ground.territory.rules import is_old, name_key

from .bulk import checked_at_the_end, copy, take_ids
from .city import Builder, book
from .half_year_papers import Papers
from .half_year_rows import EVENT, TABLES, Check, Community, DoesNotAddUp, Fine, Place, Rows, Seen, event

_STATION = "police_station"
_SIMPLE = 200  # yuan: what one person may be fined on the spot
_RECENT = timedelta(days=25)  # a hazard found no longer ago may well be open on the last day


class HalfYear:
    """Makes the half-year."""

    def __init__(self, builder: Builder, chance: random.Random):
        self.builder = builder
        self.city = builder.city
        self.chance = chance
        self.book = book("half_year")
        self.totals: dict[str, int] = self.book["totals"]
        self.first: date = self.book["first"]
        self.last: date = self.book["last"]
        self.zone = timezone.get_current_timezone()
        self.classes: dict[str, dict[str, Any]] = self.book["classes"]
        self.stations: dict[int, Organisation] = {}

    def write(self) -> dict[str, int]:
        """Write everything, in the caller's transaction; returns how many rows of each kind."""
        self._stations()
        communities = self._communities()
        units = self._units(communities)
        waiting = self._waiting(units)
        checks = self._checks([unit for unit in units if unit.id not in waiting])
        self._find(checks, ebikes=self.book["ebike_found"], hazards=self.totals["hazards"])
        for check in checks:
            self._again(check)
        self._lead_to_the_ebikes(checks)
        again = self._rechecks(checks)
        fines = self._fines(checks)
        self._check_totals(checks, fines)
        rows = Rows(self.city, self.chance, self.book)
        with checked_at_the_end(*TABLES):
            rows.register(units)
            rows.save(checks, again, fines)
            more = self._this_year(units, rows)
        Papers(self.city, self.book).write([f for f in fines if f.check.unit.where == "old"])
        return {
            "units": len(units),
            "visits": len(checks) + len(again) + more,
            "hazards": sum(len(c.seen) for c in checks),
            "fines": len(fines),
        }

    def _this_year(self, units: Sequence[Place], rows: Rows) -> int:
        """Let the stations that work with the platform today go on checking; the others' lists rest meanwhile."""
        wanted = self.book["this_year"]
        today = timezone.localtime(self.builder.at).date()
        self.first, self.last = today.replace(month=1, day=1), today - timedelta(days=1)
        here = [u for u in units if u.home.street_code in wanted["streets"]]
        rows.rest([u.id for u in units], but=[u.id for u in here])
        if self.last < self.first:
            return 0
        share = wanted["share"] * (self.last - self.first).days / 330
        checks = self._checks([u for u in here if self.chance.random() < share])
        self._find(
            checks, ebikes=int(len(checks) * wanted["ebikes"]), hazards=int(len(checks) * wanted["hazards"])
        )
        for check in checks:
            self._again(check)
            if check.again and check.again > self.last:
                # What is open today is told by the stories.
                check.again = check.missed = None
                for seen in check.seen:
                    seen.at_once = True
        again = self._rechecks(checks)
        rows.save(checks, again, [])
        rows.settle_coverage([u.id for u in here])
        return len(checks) + len(again)

    # --- Offices and places ----------------------------------------------------------------------------------

    def _stations(self) -> None:
        """Give every street its police station and every county its fire brigade, where there is none yet."""
        builder, chance = self.builder, self.builder.chance
        builder.chance = self.chance
        before = set(self.city.offices)
        wanted = {county["code"]: county for county in builder.book["counties"]}
        for area in sorted(builder.areas.values(), key=lambda a: a.division.code if a.division else ""):
            if area.city_id != builder.top.pk or area.division is None:
                continue
            kind = {Area.Level.STREET: _STATION, Area.Level.COUNTY: "fire_brigade"}.get(
                Area.Level(area.level)
            )
            if kind is None or f"{kind}@{area.division.code}" in self.city.offices:
                continue
            county = area.county or area
            code = county.division.code if county.division else ""
            label = wanted[code]["label"] if code in wanted else builder.book["other_label"].format(
                first=county.name[0]
            )  # fmt: skip
            label += area.name[0] if kind == _STATION else ""
            builder._office(kind, area, document_code=builder._code(kind, label))
        number = 1000
        for office in [office for key, office in self.city.offices.items() if key not in before]:
            _pattern, role, title = builder.book["office_names"][office.kind]
            number += 1
            name = "".join(chance.choice(builder.book[p]) for p in ("surnames", "generation", "given"))
            account = builder._staff(name, office, role, title, login=f"yanshi{number:04d}")
            self.city.actors[office.pk] = access.actor_of(account, at=builder.at)
        builder.chance = chance
        for office in self.city.offices.values():
            if office.kind == _STATION and office.area_id:
                self.stations[office.area_id] = office

    def _communities(self) -> list[Community]:
        found = []
        endings = tuple(self.book["urban_endings"])
        rows = Area.objects.filter(active=True, level=Area.Level.COMMUNITY, city=self.builder.top)
        for area in rows.select_related("division", "street__division", "county").order_by(
            "division__code", "pk"
        ):
            station = self.stations.get(area.street_id or 0)
            if station is None:
                continue
            urban = area.name.endswith(endings)
            weight = self.book["urban_weight" if urban else "rural_weight"]
            weight *= self.chance.lognormvariate(0, self.book["lump"])
            placed = (area.city_id, area.county_id, area.street_id, area.pk, area.division_id)
            street = area.street.division.code if area.street and area.street.division else ""
            found.append(Community(area, station, urban, weight, placed, street))
        return found

    # --- Units -----------------------------------------------------------------------------------------------

    def _units(self, communities: Sequence[Community]) -> list[Place]:
        totals = self.totals
        means = self.book["means"]
        estates = self._estates(communities)
        by_area = {c.area.pk: c for c in communities}
        known = dict(Unit.objects.filter(estate__isnull=False).values_list("estate_id", "id"))
        offices = {
            office.area_id: office
            for office in self.city.offices.values()
            if office.kind == "community_office"
        }
        committees = dict(
            Unit.objects.filter(kind="residents_committee").values_list("area_id", "id")
        )  # those that have an office already have their unit
        found: list[Place] = []
        for estate, old in estates:
            home = by_area[estate.area_id]
            company = self.city.companies.get(estate.pk)
            found.append(Place(
                known.get(estate.pk, 0), "estate", estate.name, "old" if old else "new", home, estate,
                means["estate_old" if old else "estate_new"], estate.is_high_rise, estate.pk not in known,
                max(2, estate.building_count or 6), estate.address, self._person(),
                company.pk if company else None,
            ))  # fmt: skip
        for home in communities:
            area = home.area
            name = (offices[area.pk].name if area.pk in offices
                    else self.builder.book["office_names"]["community_office"][0].format(area=area.name)
                    + self.builder.book["mark"])  # fmt: skip
            known_id = committees.get(area.pk, 0)
            found.append(Place(known_id, "residents_committee", name, "office", home, None,
                               means["residents_committee"], new=not known_id))  # fmt: skip
        rest = totals["units"] + self.book["waiting_units"] - len(found)
        kinds = self.book["kinds"]
        places = self.chance.choices(communities, [c.weight for c in communities], k=rest)
        which = self.chance.choices([*kinds], [k["share"] for k in kinds.values()], k=rest)
        used: dict[int, set[str]] = defaultdict(set)
        for home, kind in zip(places, which, strict=True):
            name = self._name(kinds[kind]["names"], used[home.area.pk])
            found.append(Place(0, kind, name, "venue", home, None, kinds[kind]["mean"], address=self._address(),
                               responsible=self._person()))  # fmt: skip
        ids = iter(take_ids(Unit, sum(1 for unit in found if not unit.id)))
        for unit in found:
            unit.id = unit.id or next(ids)
        return found

    def _estates(self, communities: Sequence[Community]) -> list[tuple[Estate, bool]]:
        """Return the estates to be checked: those of the demo city first, then as many new ones as are wanted."""
        rule = rulebooks.load("territory", on=self.last)["old_community"]
        words = self.builder.book["estates"]
        found = [
            (e, is_old(year_built=e.year_built, listed=e.listed_old, rule=rule)) for e in self.city.estates
        ]
        have = Counter(old for _e, old in found)
        towns = [c for c in communities if c.urban]
        names: dict[int, set[str]] = defaultdict(set)
        for estate, _old in found:
            names[estate.area_id].add(estate.name)
        fresh: list[Estate] = []
        wanted = {
            True: self.totals["old_communities"] + self.book["old_waiting"] - have[True],
            False: self.book["newer_communities"] - have[False],
        }
        for old, number in wanted.items():
            for home in self.chance.choices(towns, [c.weight for c in towns], k=number):
                taken = names[home.area.pk]
                name, turn = "", 1
                while not name or name in taken:
                    stem = self.chance.choice(words["names"]) + self.chance.choice(
                        words["old" if old else "new"]
                    )
                    turn += 1
                    name = f"{stem}{turn // 20 or ''}{self.builder.book['mark']}"
                taken.add(name)
                tall = not old and self.chance.random() < 0.55
                buildings = self.chance.randint(2, 9) if old else self.chance.randint(5, 22)
                households = buildings * self.chance.randint(*((18, 36) if old else (40, 120)))
                management = self.chance.choices(
                    ["self", "street", "work_unit", "none"] if old else ["self"], [1, 3, 2, 3] if old else [1]
                )[0]
                fresh.append(Estate(
                    name=name, aliases=[name.removesuffix(self.builder.book["mark"])],
                    name_key=name_key(name), initials=pinyin.initials(name)[:80], area=home.area,
                    division_id=home.area.division_id,
                    address=words["address"].format(road=self.chance.choice(words["roads"]),
                                                    n=self.chance.randint(1, 199)),
                    year_built=self.chance.randint(1976, 2000) if old else self.chance.randint(2001, 2022),
                    households=households, building_count=buildings, management=management, is_high_rise=tall,
                    hydrants=buildings * (10 if tall else 1), extinguishers=households // 5,
                    has_micro_station=tall, has_control_room=tall, ebikes=int(households * self.chance.uniform(0.4, 1)),
                    charging_places=households // self.chance.randint(5, 15), is_demo=True,
                ))  # fmt: skip
                found.append((fresh[-1], old))
        Estate.objects.bulk_create(fresh, batch_size=500)
        began = self.builder.began
        copy(Event, EVENT, [event("territory.create_estate", Estate, e.pk, None, began) for e in fresh])
        return found

    def _name(self, patterns: Sequence[str], used: set[str]) -> str:
        chance = self.chance
        for turn in range(60):
            name = chance.choice(patterns).format(
                s=chance.choice(self.book["surnames"]), n=chance.choice(self.book["lucky"])
            )
            name += str(turn - 28) if turn >= 30 else ""
            if name not in used:
                break
        used.add(name)
        return name + self.builder.book["mark"]

    def _address(self) -> str:
        return f"{self.chance.choice(self.book['roads'])}{self.chance.randint(1, 380)}"

    def _person(self) -> str:
        words = self.builder.book
        return (
            self.chance.choice(self.book["surnames"])
            + words["generation"]
            + self.chance.choice(words["given"])
        )

    def _waiting(self, units: Sequence[Place]) -> set[int]:
        """Choose the units that nobody visited yet, so that exactly as many as the letter says were."""
        old = [unit.id for unit in units if unit.where == "old"]
        venues = [unit.id for unit in units if unit.where == "venue"]
        spare = len(old) - self.totals["old_communities"]
        more = len(units) - self.totals["units"] - spare
        # The estates of the demo city itself come first in the list: they are visited.
        return {*self.chance.sample(old[200:], spare), *self.chance.sample(venues, more)}

    # --- Checks ----------------------------------------------------------------------------------------------

    def _checks(self, units: Sequence[Place]) -> list[Check]:
        """Give every unit its visit: on a day its station was busy, one after the other."""
        days = [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]
        known = calendar.current()
        usual = [
            self.book["months"][d.month] * (1.0 if known.is_workday(d) else self.book["idle_day"])
            for d in days
        ]
        surges = self.book["surges"]
        busy: dict[int, list[float]] = {}
        ids, parts = iter(take_ids(Visit, len(units))), iter(take_ids(VisitPart, len(units)))
        found = []
        for unit in units:
            station = unit.home.station.pk
            if station not in busy:
                weights = list(usual)
                for _n in range(surges["count"]):
                    start = self.chance.randrange(len(days))
                    for n in range(start, min(start + surges["days"], len(days))):
                        weights[n] *= surges["factor"]
                busy[station] = list(accumulate(weights))
            marks = busy[station]
            day = days[bisect(marks, self.chance.random() * marks[-1])]
            began = self._moment(day, evening=0.3 if unit.where == "old" else 0.06)
            ended = began + timedelta(minutes=self.chance.randint(12, 70))
            found.append(Check(next(ids), next(parts), unit, began, ended))
        return found

    def _moment(self, day: date, *, evening: float = 0.0) -> datetime:
        hour = (
            self.chance.randint(19, 21)
            if self.chance.random() < evening
            else self.chance.choices(range(8, 18), (3, 8, 9, 6, 1, 1, 5, 8, 8, 4))[0]
        )
        return datetime.combine(day, time(hour, self.chance.randint(0, 59)), self.zone)

    def _find(self, checks: Sequence[Check], *, ebikes: int, hazards: int) -> None:
        """Hand out the hazards: so many in all, and of these so many of e-bikes in old communities."""
        chance = self.chance
        old = [c for c in checks if c.unit.where == "old"]
        of_ebikes = Counter(
            chance.choices(range(len(old)), [chance.lognormvariate(0, 0.6) for _c in old], k=ebikes)
        )
        others = Counter(
            chance.choices(
                range(len(checks)), [c.unit.mean * chance.lognormvariate(0, 0.5) for c in checks],
                k=hazards - ebikes,
            )
        )  # fmt: skip
        tables = {
            (where, ebike): self._table(where, ebike)
            for where in ("old", "new", "venue", "office")
            for ebike in (True, False, None)
        }
        finding_ids = iter(take_ids(Finding, hazards))
        case_ids = iter(take_ids(Case, hazards))
        wanted = {id(old[n]): count for n, count in of_ebikes.items()}
        for n, check in enumerate(checks):
            where = check.unit.where
            plan = [True] * wanted.get(id(check), 0)
            plan += [False if where == "old" else None] * others.get(n, 0)  # type: ignore[list-item]
            seen: set[tuple[str, str]] = set()
            for ebike in plan:
                codes, marks = tables[where, ebike]
                code = codes[bisect(marks, chance.random() * marks[-1])]
                check.seen.append(self._seen(check, code, seen, next(finding_ids), next(case_ids)))

    def _table(self, where: str, ebike: bool | None) -> tuple[list[str], list[float]]:
        """Return classes with running weights; ebike True or False: only of e-bikes, or all but these."""
        codes = [
            code
            for code, entry in self.classes.items()
            if entry[where] and (ebike is None or code.startswith("EB") == ebike)
        ]
        return codes, list(accumulate(self.classes[code][where] for code in codes))

    def _seen(
        self, check: Check, code: str, seen: set[tuple[str, str]], finding_id: int, case_id: int
    ) -> Seen:
        chance, entry, unit = self.chance, self.classes[code], check.unit
        kind = "venue" if unit.where == "venue" else "office" if unit.where == "office" else entry["place"]
        patterns = self.book["places"]["estate" if unit.estate and kind in ("venue", "office") else kind]
        for turn in range(40):
            numbers = {
                "b": chance.randint(1, unit.buildings), "u": chance.randint(1, 4), "f": chance.randint(1, 6),
            }  # fmt: skip
            place = chance.choice(patterns).format(c=numbers["b"] + 1, **numbers)
            if turn > 20:
                place += f"（{turn - 20}）"
            if (code, place) not in seen:
                break
        seen.add((code, place))
        days: int = entry["days"]
        at_once = chance.random() < (0.96 if not days else 0.7 if days <= 3 else 0.5 if days <= 7 else 0.2)
        what = chance.choice(entry["seen"])
        text = self.book["text"].format(place=place, seen=what)
        due = check.on + timedelta(days=max(days, 1))
        return Seen(finding_id, case_id, code, place, text, chance.choice(entry["cure"]), due, at_once)

    def _rechecks(self, checks: Sequence[Check]) -> list[Check]:
        """Visit again where something had a term; sometimes it was not put right, and they came a third time."""
        again: list[Check] = []
        for check in checks:
            for day in (check.missed, check.again):
                if day is not None:
                    began = self._moment(day)
                    ended = began + timedelta(minutes=self.chance.randint(8, 30))
                    again.append(Check(0, 0, check.unit, began, ended, of=check))
        ids, parts = iter(take_ids(Visit, len(again))), iter(take_ids(VisitPart, len(again)))
        for visit in again:
            visit.id, visit.part_id = next(ids), next(parts)
        return again

    def _again(self, check: Check) -> None:
        """Say when the officers come back, where something had a term."""
        terms = [s.due for s in check.seen if not s.at_once]
        if not terms:
            return
        known, due = calendar.current(), max(terms)
        if self.chance.random() < self.book["late"]:
            check.missed = self._workday(known, due + timedelta(days=1))
            check.again = self._workday(known, check.missed + timedelta(days=self.chance.randint(3, 16)))
        else:
            early = self.chance.randint(0, max(0, (due - check.on).days - 1))
            check.again = self._workday(known, max(due - timedelta(days=early), check.on + timedelta(days=1)))

    def _workday(self, known: Any, day: date) -> date:
        while not known.is_workday(day):
            day += timedelta(days=1)
        return day

    def _lead_to_the_ebikes(self, checks: Sequence[Check]) -> None:
        """Let exactly as many e-bike hazards of old communities be put right by the last day as the letter says."""
        wanted = self.book["ebike_found"] - self.totals["ebike_rectified"]
        recent = [
            (c, s)
            for c in checks
            if c.unit.where == "old" and (c.again > self.last if c.again else c.on > self.last - _RECENT)
            for s in c.seen
            if s.code.startswith("EB")
        ]
        self.chance.shuffle(recent)
        late = [s for c, s in recent if c.again and not s.at_once]
        for seen in late[wanted:]:
            seen.at_once = True
        spare = [(c, s) for c, s in recent if s.at_once and s not in late]
        if len(late) + len(spare) < wanted:
            raise DoesNotAddUp(f"only {len(late) + len(spare)} of {wanted} e-bike hazards could be open")
        known = calendar.current()
        for check, seen in spare[: max(0, wanted - len(late))]:
            seen.at_once = False
            if check.again is None:
                check.again = self._workday(known, self.last + timedelta(days=self.chance.randint(1, 18)))
        for check in checks:
            if check.again and all(s.at_once for s in check.seen):
                check.again = check.missed = None

    # --- Fines -----------------------------------------------------------------------------------------------

    def _fines(self, checks: Sequence[Check]) -> list[Fine]:
        """Choose the hazards that were fined: each once, decided within the period."""
        taken: set[int] = set()
        ebike = self.book["ebike_fine"]
        count = self.totals["ebike_fines_yuan"] // ebike["yuan"]
        found = self._some(checks, {**ebike, "where": "old", "count": count}, taken)
        for line in self.book["other_fines"]:
            found += self._some(checks, line, taken)
        for fine, number in zip(found, take_ids(Penalty, len(found)), strict=True):
            fine.id = number
        return found

    def _some(self, checks: Sequence[Check], line: dict[str, Any], taken: set[int]) -> list[Fine]:
        fit = [
            (check, seen)
            for check in checks
            if check.unit.where == line["where"] and check.on <= self.last - timedelta(days=9)
            for seen in check.seen
            if seen.code == line["class"] and seen.id not in taken
        ]
        if len(fit) < line["count"]:
            raise DoesNotAddUp(f"{line['offence']}: {len(fit)} hazards for {line['count']} fines")
        chosen = self.chance.sample(fit, line["count"])
        taken.update(seen.id for _check, seen in chosen)
        found = []
        for check, seen in chosen:
            days, minutes = self.chance.choice((0, 0, 1, 2, 5)), self.chance.randint(20, 90)
            on_the_spot = seen.at_once and line["yuan"] <= _SIMPLE
            decided = check.ended + timedelta(days=0 if on_the_spot else days, minutes=minutes)
            seen.fined = decided if on_the_spot else None
            paid = None if self.chance.random() < 0.04 else self.chance.randint(0, 13)
            found.append(
                Fine(0, check, seen, line["offence"], line["article"], line["yuan"], line["party"], decided, paid,
                     self._person())
            )  # fmt: skip
        return found

    def _check_totals(self, checks: Sequence[Check], fines: Sequence[Fine]) -> None:
        """Compare what was drawn with the six totals; raises DoesNotAddUp."""
        old = [c for c in checks if c.unit.where == "old"]
        fixed = sum(
            s.at_once or (c.again is not None and c.again <= self.last)
            for c in old for s in c.seen if s.code.startswith("EB")
        )  # fmt: skip
        made = {
            "units": len({c.unit.id for c in checks}),
            "hazards": sum(len(c.seen) for c in checks),
            "fines_yuan": sum(f.yuan for f in fines),
            "old_communities": len(old),
            "ebike_rectified": fixed,
            "ebike_fines_yuan": sum(
                f.yuan for f in fines if f.check.unit.where == "old" and f.seen.code.startswith("EB")
            ),
        }
        if made != self.totals:
            raise DoesNotAddUp(f"{made} instead of {self.totals}")
