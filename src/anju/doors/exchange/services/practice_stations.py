"""An invented month of a station (or of all stations below somebody) in one workbook, for trying the import on.

The same seed gives the same file. About one row in two hundred of each sheet is wrong on purpose, shops turn up in a
second spelling, visits come again, and everything says that it is 演示数据.
"""

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import xlsxwriter
from django.utils.translation import gettext as _

from anju.ground.access.actors import Actor
from anju.ground.foundation.refusals import Refusal
from anju.ground.organisations.models import Organisation
from anju.ground.territory.models import Area, Estate

from ..queries.agencies import Agencies
from ..queries.places import PlaceFinder
from .practice import ONE_BAD_IN, written

# The letter's half-year: so many hazards, orders and fines for a visit.
FINDINGS_PER_VISIT = 50_564 / 61_521
ORDERS_PER_VISIT = 2_000 / 61_521
FINES_PER_VISIT = 150 / 61_521
_BRACKETED = re.compile(r"[(\uff08].*$")
PARTS = ("visits", "findings", "orders", "fines")


@dataclass(slots=True)
class Beat:
    """A station with the communities and estates around it, and the shops that were invented there."""

    office: str
    short: str
    places: list[tuple[str, str]]
    estates: list[tuple[str, str, str]]
    shops: list[tuple[str, str, tuple[str, str], str, str]] = field(default_factory=list)
    number: int = 0


def beats_of(by: Actor, *, endings: Sequence[str]) -> list[Beat]:
    """List the stations that an importer speaks for, with the places around each."""
    places = PlaceFinder(by, endings=endings)
    found = []
    stations = [o for o in Agencies(by, places).by_id.values() if o.kind == "police_station"]
    for station in sorted(stations, key=lambda o: o.pk):
        area = station.area
        if area is None:
            continue
        around = [a for a in places.areas.values() if area.pk in (a.pk, a.street_id, a.county_id)]
        communities = [a for a in around if a.level == Area.Level.COMMUNITY]
        if not communities:
            continue
        streets = {a.pk: a.name for a in places.areas.values()}
        names = [(streets.get(c.street_id or 0, ""), c.name) for c in communities]
        estates = Estate.objects.filter(area__in=communities, active=True).order_by("pk")
        lying = {c.pk: (streets.get(c.street_id or 0, ""), c.name) for c in communities}
        found.append(
            Beat(
                station.name,
                _short(station),
                names,
                [(name, *lying[area_id]) for name, area_id in estates.values_list("name", "area_id")],
            )
        )
    return found


def _short(station: Organisation) -> str:
    """Return the word by which a station's numbers begin: its short name, else what stands before 派出所."""
    return station.short_name or _BRACKETED.sub("", station.name)[:-3][-2:]


def write(
    path: Path,
    *,
    by: Actor,
    words: Mapping[str, Any],
    endings: Sequence[str],
    visits: int,
    today: date,
    days: int = 190,
    findings: int | None = None,
    orders: int | None = None,
    fines: int | None = None,
    seed: int = 2024,
    mistakes: bool = True,
) -> dict[str, dict[str, int]]:
    """Write the workbook; return for each sheet its rows and how many of them are wrong on purpose.

    words  rulebooks/exchange `practice_month`; days: how many days before today the visits are spread over
    """
    beats = beats_of(by, endings=endings)
    if not beats:
        raise Refusal(_("您可以代为导入的派出所里还没有社区，无法编写练习台账。"))
    many = {
        "visits": visits,
        "findings": round(visits * FINDINGS_PER_VISIT) if findings is None else findings,
        "orders": round(visits * ORDERS_PER_VISIT) if orders is None else orders,
        "fines": round(visits * FINES_PER_VISIT) if fines is None else fines,
    }
    maker = _Month(words, beats, many, today, days, seed, mistakes)
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_formulas": False})
    maker.dated = book.add_format({"num_format": "yyyy-mm-dd"})
    bold = book.add_format({"bold": True, "align": "center"})
    for part in PARTS:
        form = words["sheets"][part]
        sheet = book.add_worksheet(form["name"])
        sheet.write_string(0, 0, words["title"].format(year=today.year, sheet=form["name"]), bold)
        sheet.merge.append([0, 0, 0, len(form["headings"]) - 1])
        sheet.write_string(1, 0, words["filled_in_by"].format(office=beats[0].office))
        for column, heading in enumerate(form["headings"]):
            sheet.write_string(2, column, heading, bold)
        maker.fill(part, sheet)
    book.close()
    return {part: {"rows": many[part], "wrong": maker.wrong[part]} for part in PARTS}


class _Month:
    """Invents the rows of one workbook."""

    def __init__(
        self,
        words: Mapping[str, Any],
        beats: list[Beat],
        many: Mapping[str, int],
        today: date,
        days: int,
        seed: int,
        mistakes: bool,
    ):
        self.words = words
        self.beats = beats
        self.many = many
        self.today = today
        self.days = days
        self.chance = random.Random(seed)  # noqa: S311  (invented data, nothing to keep secret)
        self.mistakes = mistakes
        self.wrong = dict.fromkeys(PARTS, 0)
        self.dated: Any = None
        # number, office, day, findings still to be listed; of the visits that are right
        self.visited: list[tuple[str, Beat, date]] = []
        self.share = many["findings"] / max(1, many["visits"])

    def fill(self, part: str, sheet: Any) -> None:
        """Write the rows of one sheet below its heading, then the sum."""
        make = getattr(self, part)
        slips = self.words["mistakes"][part]
        places = sorted(slips)
        for n in range(self.many[part]):
            values = make(n)
            if self.mistakes and n % ONE_BAD_IN == ONE_BAD_IN - 1:
                self.wrong[part] += 1
                at = places[self.wrong[part] % len(places)]
                values[at] = slips[at][self.wrong[part] % len(slips[at])]
                if part == "visits":
                    self.visited.pop()
                if part == "findings" and at == 8:
                    values[9] = None
            for column, value in enumerate(values):
                if isinstance(value, date):
                    sheet.write_datetime(n + 3, column, value, self.dated)
                elif value not in (None, ""):
                    sheet.write(n + 3, column, value)
        sheet.write_string(self.many[part] + 3, 0, self.words["total"])

    def visits(self, n: int) -> list[Any]:
        """Invent a visit, of an estate or of a shop that may have been visited before."""
        words, chance = self.words, self.chance
        beat = self.beats[chance.randrange(len(self.beats))]
        beat.number += 1
        day = self.today - timedelta(days=1 + chance.randrange(self.days))
        number = words["visit_number"].format(office=beat.short, year=day.year, n=beat.number)
        if beat.estates and chance.random() < 0.15:
            name, street, community = beat.estates[chance.randrange(len(beat.estates))]
            kind, address, phone = words["estate_kind"], "", ""
        else:
            name, kind, (street, community), address, phone = self._shop(beat)
        found = self._found(n)
        self.visited.append((number, beat, day))
        two = {"a": chance.randrange(9000), "b": chance.randrange(9000)}
        team = n % len(words["officers"])
        return [
            number,
            beat.office,
            name,
            kind,
            street,
            community,
            address,
            written(day, n),
            words["visit_kinds"][chance.randrange(len(words["visit_kinds"]))],
            words["officers"][team],
            words["badges"][team].format(**two),
            words["problems"].format(n=found) if found else words["clean"],
            None,
            phone,
        ]

    def _found(self, n: int) -> int:
        return int((n + 1) * self.share) - int(n * self.share)

    def _shop(self, beat: Beat) -> tuple[str, str, tuple[str, str], str, str]:
        words, chance = self.words, self.chance
        if beat.shops and chance.random() < 0.3:
            known = beat.shops[chance.randrange(len(beat.shops))]
            if chance.random() < 0.02:  # the same shop as somebody else writes it
                return (words["spelling"].format(name=known[0]), *known[1:])
            return known
        kind, trade = words["trades"][chance.randrange(len(words["trades"]))]
        first = words["first"][chance.randrange(len(words["first"]))]
        second = words["second"][chance.randrange(len(words["second"]))]
        place = beat.places[chance.randrange(len(beat.places))]
        made = (
            f"{first}{second}{trade}",
            kind,
            place,
            words["address"].format(n=chance.randrange(1, 3000)),
            words["phone"].format(n=2_000_000 + chance.randrange(999_999)) if chance.random() < 0.4 else "",
        )
        beat.shops.append(made)
        return made

    def findings(self, n: int) -> list[Any]:
        """Invent a hazard of one of the visits, most of them put right."""
        words, chance = self.words, self.chance
        number, beat, day = self.visited[int(n / self.share) % len(self.visited)]
        said, text = words["found"][chance.randrange(len(words["found"]))]
        how = chance.random()
        at_once, fixed = how < 0.6, how < 0.9
        until = day + timedelta(days=chance.randrange(1, 15))
        where = words["where"][chance.randrange(len(words["where"]))]
        return [
            n + 1,
            number,
            beat.office,
            said,
            where.format(a=chance.randrange(1, 30), b=chance.randrange(1, 5)),
            text.format(n=chance.randrange(1, 90)),
            words["at_once"] if at_once else words["later"],
            None if at_once else written(until, n),
            words["fixed"] if fixed else words["not_fixed"],
            written(day if at_once else min(until, self.today), n + 2) if fixed else None,
            None,
        ]

    def orders(self, n: int) -> list[Any]:
        """Invent an order that one of the visits led to."""
        words, chance = self.words, self.chance
        number, beat, day = self.visited[(n * 29) % len(self.visited)]
        timed = n % 2
        until = min(day + timedelta(days=7), self.today)
        fixed = chance.random() < 0.8
        return [
            words["order_number"].format(office=beat.short, year=day.year, n=n + 1),
            words["order_kinds"][timed],
            number,
            beat.office,
            written(day, n),
            written(until, n) if timed else None,
            written(day, n + 1),
            words["served_how"][chance.randrange(len(words["served_how"]))],
            words["served_to"],
            words["fixed"] if fixed else None,
        ]

    def fines(self, n: int) -> list[Any]:
        """Invent a fine, nine in ten of them one that a station may decide."""
        words, chance = self.words, self.chance
        number, beat, day = self.visited[(n * 401) % len(self.visited)]
        own = n % 10
        paid = chance.random() < 0.9
        return [
            words["fine_number"].format(office=beat.short, year=day.year, n=n + 1),
            words["parties"][chance.randrange(len(words["parties"]))],
            number,
            beat.office,
            words["offence"] if own else words["other_offence"],
            words["article"] if own else None,
            words["fine"],
            200 if own else 500,
            written(day, n),
            written(day, n + 1) if paid else None,
            words["officers"][n % len(words["officers"])],
        ]
