"""The pure side of figures: periods and what they are compared with, shares, small numbers, sums that must hold."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from anju.ground.foundation.asks import Field
from anju.ground.foundation.wording import lazy as _
from anju.ground.foundation.workflow import ANY, NEW, SYSTEM, Blocked, Step

Amount = float | int | Decimal


def unpublished(snapshot: Any, day: date) -> Blocked | None:
    """Say that a snapshot is published once; it cannot be taken back."""
    return Blocked(_("这份统计已经发布，不能再次发布。")) if snapshot.published_at else None


def published(snapshot: Any, day: date) -> Blocked | None:
    """Say that only what was published is watched for changes."""
    return None if snapshot.published_at else Blocked(_("这份统计还没有发布。"))


STEPS = (
    Step("freeze", _("冻结统计"), NEW, None, "figures.publish",
         asks=(Field("title", _("标题"), "line", required=True, most=120, lacking=_("请给这份统计起一个标题。")),)),
    Step("publish", _("发布统计"), ANY, None, "figures.publish", when=(unpublished,), tone="primary", mood="done"),
    Step("revise", _("发布后数字有变"), ANY, None, "", who=SYSTEM, when=(published,), mood="warn"),
)  # fmt: skip


class FiguresDoNotAddUp(RuntimeError):
    """A number failed the check that stands beside it. A bug of ours: it is logged, and no number is shown."""


@dataclass(frozen=True, slots=True)
class Period:
    """Whole local days, both ends included."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError("a period ends before it starts")

    @property
    def days(self) -> int:
        """How many days the period has."""
        return (self.end - self.start).days + 1

    @property
    def is_whole_months(self) -> bool:
        """Whether the period runs from the first of a month to the last day of a month."""
        return self.start.day == 1 and self.end.day == monthrange(self.end.year, self.end.month)[1]

    def until(self, day: date) -> Period:
        """Return the part that has begun by `day` (at least the first day): comparisons need equal lengths."""
        return Period(self.start, max(self.start, min(self.end, day)))

    def last_year(self) -> Period:
        """Return the same days one year earlier (同比).

        29 February becomes the 28th; whole months stay whole months, so February 2025 meets all 29 days of 2024.
        """
        end = _year_earlier(self.end)
        if self.is_whole_months:
            end = end.replace(day=monthrange(end.year, end.month)[1])
        return Period(_year_earlier(self.start), end)

    def preceding(self) -> Period:
        """Return the period just before this one (环比): as many months for whole months, else as many days."""
        before = self.start - timedelta(days=1)
        if self.is_whole_months:
            months = (self.end.year - self.start.year) * 12 + self.end.month - self.start.month + 1
            return Period(_months_earlier(self.start, months), before)
        return Period(before - timedelta(days=self.days - 1), before)


def _year_earlier(day: date) -> date:
    if (day.month, day.day) == (2, 29):
        return date(day.year - 1, 2, 28)
    return day.replace(year=day.year - 1)


def _months_earlier(first: date, months: int) -> date:
    count = first.year * 12 + first.month - 1 - months
    return date(count // 12, count % 12 + 1, 1)


PRESETS = ("month", "last_month", "quarter", "half", "last_half", "year", "last_year")


def preset(name: str, *, today: date) -> Period:
    """Return a named period: those that are running end today, those that are over are whole.

    month 本月, last_month 上月, quarter 本季度, half 本半年, last_half 上个半年, year 今年以来, last_year 上年.
    """
    first = today.replace(day=1)
    match name:
        case "month":
            return Period(first, today)
        case "last_month":
            return Period(first, first.replace(day=monthrange(first.year, first.month)[1])).preceding()
        case "quarter":
            return Period(today.replace(month=(today.month - 1) // 3 * 3 + 1, day=1), today)
        case "half":
            return Period(today.replace(month=1 if today.month < 7 else 7, day=1), today)
        case "last_half":
            if today.month < 7:
                return Period(date(today.year - 1, 7, 1), date(today.year - 1, 12, 31))
            return Period(date(today.year, 1, 1), date(today.year, 6, 30))
        case "year":
            return Period(today.replace(month=1, day=1), today)
        case "last_year":
            return Period(date(today.year - 1, 1, 1), date(today.year - 1, 12, 31))
    raise ValueError(name)


def months(period: Period) -> list[date]:
    """List the first days of the months that a period touches."""
    found, here = [], period.start.replace(day=1)
    while here <= period.end:
        found.append(here)
        here = (here + timedelta(days=32)).replace(day=1)
    return found


def weeks(period: Period) -> list[date]:
    """List the Mondays of the weeks that a period touches."""
    monday = period.start - timedelta(days=period.start.weekday())
    return [monday + timedelta(weeks=n) for n in range(((period.end - monday).days // 7) + 1)]


def month_of(day: date) -> date:
    """Return the first day of a day's month."""
    return day.replace(day=1)


def month_after(day: date) -> date:
    """Return the first day of the month after a day's."""
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


@dataclass(frozen=True, slots=True)
class Pieces:
    """A period [start, after) cut at the months: the days before the first whole month, the months, the days after.

    Each is a pair (first day, first day after) or None.
    """

    months: tuple[date, date] | None
    days: tuple[tuple[date, date], ...]


def pieces(start: date, after: date) -> Pieces:
    """Cut the days from `start` until before `after` into whole months and the days left at both ends."""
    first = start if start.day == 1 else month_after(start)
    last = month_of(after)
    if first >= last:
        return Pieces(None, ((start, after),))
    ends = ((start, first), (last, after))
    return Pieces((first, last), tuple(end for end in ends if end[0] < end[1]))


def parts_of_time(period: Period, by: str) -> dict[date, Period]:
    """Return {first day of each month or week touched: the days of it that lie in the period}."""
    found = {}
    for first in months(period) if by == "month" else weeks(period):
        last = (month_after(first) if by == "month" else first + timedelta(days=7)) - timedelta(days=1)
        found[first] = Period(max(first, period.start), min(last, period.end))
    return found


def percentage(numerator: float, denominator: float) -> float | None:
    """Return numerator ÷ denominator in percent, two decimals; None when there is nothing to divide by."""
    return round(100 * numerator / denominator, 2) if denominator else None


def change(now: Amount | None, before: Amount | None) -> float | None:
    """Return by how many percent a number grew; None without a number to compare with."""
    if now is None or not before:
        return None
    return round(float(100 * (now - before) / before), 1)  # type: ignore[operator]  # both are of one measure


def plain(value: Amount | None) -> int | float | None:
    """Return a number as JSON writes it: whole yuan as an integer, others by their own digits (75.10 as 75.1).

    The shortest digits of a float are those of the decimal it came from, up to 15 of them: no error is added.
    """
    if not isinstance(value, Decimal):
        return value
    if value == value.to_integral_value():
        return int(value)
    if abs(value) >= 10**13:
        raise ValueError(f"{value} has more digits than a number of JSON keeps")
    return float(value)


def exact(value: Amount | None, unit: str) -> Amount | None:
    """Read back what `plain` wrote: money is a Decimal of cents again."""
    if unit != "yuan" or value is None:
        return value
    return Decimal(repr(value)).quantize(Decimal("0.01")) if isinstance(value, float) else Decimal(value)


def yuan(value: Amount) -> str:
    """Write money with thousands: 75,594 or 75,594.50."""
    amount = Decimal(value).quantize(Decimal("0.01"))
    return f"{amount:,.0f}" if amount == amount.to_integral_value() else f"{amount:,.2f}"


def must_have(name: str, *, amount: Amount, count: Amount, of: str) -> None:
    """Raise FiguresDoNotAddUp for an amount of nothing: money where nothing was decided."""
    if amount and not count:
        raise FiguresDoNotAddUp(f"{name}: {amount}, but {of} is {count}")


def must_add_up(name: str, *, total: Amount, parts: Iterable[Amount]) -> None:
    """Raise FiguresDoNotAddUp unless the slices of a number add up to it."""
    found = sum(parts)
    if found != total:
        raise FiguresDoNotAddUp(f"{name}: the slices add up to {found}, the total is {total}")


def must_be_part(name: str, *, part: Amount, whole: Amount, of: str = "") -> None:
    """Raise FiguresDoNotAddUp when a subset is larger than what it is a subset of."""
    if part > whole:
        raise FiguresDoNotAddUp(f"{name}: {part} is more than {of or 'its total'} {whole}")


@dataclass(frozen=True, slots=True)
class Suppressed:
    """Which cells of a published row of counts are withheld, and whether the total is."""

    cells: tuple[bool, ...]
    total: bool


def suppress(counts: Sequence[int], *, least: int) -> Suppressed:
    """Decide what is withheld before a row of counts and its total are published.

    A count from 1 to least-1 is withheld. What is withheld together must not be computable from the total and the
    rest: at least two cells, `least` or more in all, and more than one way to fill them; otherwise the next smallest
    cells are withheld too, and when none is left, the total. A count of zero says nothing about anybody and stays.
    """
    hidden = {i for i, n in enumerate(counts) if 0 < n < least}
    total = 0 < sum(counts) < least
    if not hidden or total:
        return Suppressed(tuple(i in hidden for i in range(len(counts))), total)
    others = sorted((n, i) for i, n in enumerate(counts) if n >= least)
    while _computable([counts[i] for i in hidden], least=least):
        if not others:
            total = True
            break
        hidden.add(others.pop(0)[1])
    return Suppressed(tuple(i in hidden for i in range(len(counts))), total)


def _computable(withheld: Sequence[int], *, least: int) -> bool:
    """Say whether somebody who knows the sum of the withheld cells can tell one of them, or nearly."""
    n, known = len(withheld), sum(withheld)
    if n < 2 or known < least or known == n:
        return True
    # All small: somebody who knows that each is below `least` learns them when the sum is the largest possible.
    return all(w < least for w in withheld) and known == n * (least - 1)
