"""An invented ledger to try the import on: as messy as those of stations, about the estates that somebody reaches."""

import random
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import xlsxwriter
from django.utils.translation import gettext as _

from anju.ground.access import services as access
from anju.ground.access.actors import Actor
from anju.ground.foundation.refusals import Refusal
from anju.ground.territory.models import Estate

from ..queries.places import POWER

_WIDE = str.maketrans("0123456789", "".join(chr(0xFF10 + n) for n in range(10)))
ONE_BAD_IN = 200


def write(
    path: Path, *, by: Actor, words: Mapping[str, Any], rows: int, today: date, seed: int = 2024
) -> int:
    """Write the workbook and return how many of its rows are wrong on purpose; the same seed gives the same file.

    words  rulebooks/exchange `practice`
    """
    estates = list(
        access.visible(Estate, to=by, power=POWER)
        .filter(active=True)
        .order_by("pk")
        .values_list("name", "area__name", "area__street__name")
    )
    if not estates:
        raise Refusal(_("您的管辖范围内还没有小区，无法编写练习台账。"))
    chance = random.Random(seed)  # noqa: S311  (invented data, nothing to keep secret)
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_formulas": False})
    sheet = book.add_worksheet(words["sheet"])
    dated = book.add_format({"num_format": "yyyy-mm-dd"})
    bold = book.add_format({"bold": True, "align": "center"})
    headings = words["headings"]
    sheet.write_string(0, 0, words["title"].format(year=today.year), bold)
    sheet.merge.append([0, 0, 0, len(headings) - 1])
    sheet.write_string(1, 0, words["filled_in_by"])
    for column, heading in enumerate(headings):
        sheet.write_string(2, column, heading, bold)
    bad, last = 0, None
    for n in range(rows):
        name, community, street = estates[chance.randrange(len(estates))]
        day = today - timedelta(days=20 + chance.randrange(500))
        said, text = words["found"][chance.randrange(len(words["found"]))]
        fixed = chance.random() < 0.9
        same = last == (street, community) and n % 7 == 0
        last = (street, community)
        values: list[Any] = [
            n + 1,
            written(day, n),
            words["ditto"] if same else street,
            words["ditto"] if same else community,
            name,
            words["where"].format(a=chance.randrange(1, 30), b=chance.randrange(1, 5)),
            said if n % 5 else None,
            text.format(n=chance.randrange(1, 90)) + words["told"].format(n=n),
            words["inspectors"],
            words["term"] if n % 3 else None,
            words["fixed"] if fixed else words["not_fixed"],
            written(day + timedelta(days=chance.randrange(9)), n + 3) if fixed else None,
            words["how"] if fixed else None,
        ]
        if n % ONE_BAD_IN == ONE_BAD_IN - 1:
            bad += 1
            mistakes = words["mistakes"]
            values[(1, 4, 10)[bad % 3]] = (
                mistakes["day"][bad % len(mistakes["day"])],
                mistakes["estate"],
                mistakes["fixed"],
            )[bad % 3]
            if bad % 3 == 2:
                values[11] = None
        for column, value in enumerate(values):
            if isinstance(value, date):
                sheet.write_datetime(n + 3, column, value, dated)
            elif value is not None:
                sheet.write(n + 3, column, value)
    sheet.write_string(rows + 3, 0, words["total"])
    sheet.write_string(rows + 3, 7, words["total_of"].format(n=rows))
    notes = book.add_worksheet(words["notes_sheet"])
    for number, note in enumerate(words["notes"]):
        notes.write_string(number, 0, note)
    book.close()
    return bad


def written(day: date, how: int) -> Any:
    """Write a day in one of the ways of ledgers."""
    chinese = f"{day.year}\u5e74{day.month}\u6708{day.day}\u65e5"
    ways = (
        chinese,
        f"{day.year}.{day.month}.{day.day}",
        f"{day.year}/{day.month}/{day.day}",
        day.isoformat(),
        f"{day:%Y%m%d}",
        (day - date(1899, 12, 30)).days,
        day,
        chinese.translate(_WIDE),
    )
    return ways[how % len(ways)]
