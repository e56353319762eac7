"""What is typed on the page of the calendar."""

from datetime import date

from django.utils.translation import gettext

from anju.ground.foundation.calendar import DayException
from anju.ground.foundation.refusals import Refusal

# What a notice says of a day, in either language.
_DAY_KINDS = {"放假": False, "上班": True, "off": False, "work": True}


def read_days(text: str) -> list[DayException]:
    """Read the days of a holiday notice, one on a line: date, 放假 or 上班, name.

    Raises Refusal naming the first line that cannot be read.
    """
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        parts = line.split()
        if not parts:
            continue
        try:
            day = date.fromisoformat(parts[0])
            if not 2000 <= day.year < 2200:
                raise ValueError(day)
            is_workday = _DAY_KINDS[parts[1]]
        except (ValueError, IndexError, KeyError):
            raise Refusal(
                gettext("第 %(n)d 行看不懂：“%(line)s”。请写成“2027-02-06 放假 春节”。")
                % {"n": number, "line": line},
                field="days",
            ) from None
        found.append(DayException(day, is_workday, " ".join(parts[2:])))
    return found
