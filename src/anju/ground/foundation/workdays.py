"""When a term ends, and how that was worked out. Pure: standard library only, no database, no clock.

The conventions are those of Chinese administrative terms (cn-penalty-2021-85, cn-civil-2020-201, cn-civil-2020-202,
cn-civil-2020-203): the day on which a term starts is not counted; a term in workdays ends with the last counted day; a
term in months ends with the same day of a later month, or with that month's last day when it has no such day; a term in
calendar days or months whose last day is a rest day ends with the first workday after it; a term in hours runs through
nights and holidays; a term of nothing ("on the spot") ends with the same day. A day ends at 23:59:59 local time.
"""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, Literal

Unit = Literal["workdays", "days", "months", "hours", "seconds"]
UNITS: tuple[Unit, ...] = ("workdays", "days", "months", "hours", "seconds")
END_OF_DAY = time(23, 59, 59)
ONE_DAY = timedelta(days=1)
SATURDAY = 5
# No term of the rulebooks is longer than a few years; a larger figure is a typing error, not a deadline.
LONGEST = {"workdays": 5_000, "days": 7_500, "months": 240, "hours": 180_000, "seconds": 648_000_000}


@dataclass(frozen=True, slots=True)
class Term:
    """How long somebody has: an amount of a unit, and the article it rests on.

    amount  whole number >= 0; 0 workdays, days or months means "on the spot", due at the end of the same day
    unit    workdays | days | months | hours; seconds only for what is left of a term in hours
    basis   article key resolved in docs/law/, or "" when the city set it
    """

    amount: int
    unit: Unit
    basis: str = ""

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise ValueError(f"unknown unit of a term: {self.unit!r}")
        if not 0 <= self.amount <= LONGEST[self.unit]:
            raise ValueError(f"a term of {self.amount} {self.unit} is not possible")


@dataclass(frozen=True, slots=True)
class Due:
    """The end of a term.

    at           aware datetime in the time zone asked for
    provisional  whether a day that mattered lies in a year whose holidays are not yet announced
    derivation   JSON-able steps (see `due`), to be said by calendar.explain
    """

    at: datetime
    provisional: bool
    derivation: tuple[dict[str, Any], ...]


class Calendar:
    """Which days are workdays: the week, except where a State Council notice says otherwise."""

    __slots__ = ("confirmed", "exceptions")

    def __init__(self, exceptions: Mapping[date, tuple[bool, str]], confirmed: frozenset[int]):
        """Keep the exceptions {day: (is it a workday, name)} and the years whose notice is in."""
        self.exceptions = dict(exceptions)
        self.confirmed = frozenset(confirmed)

    def is_workday(self, day: date) -> bool:
        """Say whether offices work that day: weekday or make-up day, and no holiday."""
        known = self.exceptions.get(day)
        return known[0] if known else day.weekday() < SATURDAY

    def is_provisional(self, day: date) -> bool:
        """Say whether the day lies in a year whose holidays are still to be announced."""
        return day.year not in self.confirmed

    def name_of(self, day: date) -> str:
        """Return the name of the holiday or make-up day, or "" for an ordinary day."""
        known = self.exceptions.get(day)
        return known[1] if known else ""

    def next_workday(self, day: date) -> date:
        """Return the day itself when it is a workday, else the first workday after it."""
        while not self.is_workday(day):
            day += ONE_DAY
        return day

    def workdays_between(self, after: date, until: date) -> int:
        """Count the workdays later than `after`, up to and including `until`; 0 when `until` is not later."""
        return sum(self.is_workday(after + ONE_DAY * n) for n in range(1, (until - after).days + 1))


def due(calendar: Calendar, *, start: datetime, term: Term, tz: tzinfo) -> Due:
    """Return when a term that starts at an aware datetime ends.

    The derivation is a list of dicts, in the order of the days:
      {"step": "start", "at", "amount", "unit", "basis"}   at: ISO, local
      {"step": "skipped", "kind": "weekend" | "holiday", "from", "to", "days", "name"}   days not counted
      {"step": "makeup", "date", "name"}                   a weekend day that counts as a workday
      {"step": "last_day", "date"}                         last day of a term in days, before it was moved
      {"step": "moved", "from", "to"}                      it was a rest day: the first workday after
      {"step": "provisional", "year"}                      holidays of that year are not announced
      {"step": "end", "at"}
    """
    if start.tzinfo is None:
        raise ValueError("the start of a term needs a time zone")
    local = start.astimezone(tz)
    trail = _Trail(calendar)
    trail.add(step="start", at=local.isoformat(), amount=term.amount, unit=term.unit, basis=term.basis)
    if term.unit in ("hours", "seconds"):
        # Through UTC, so that a change of the clock would neither lengthen nor shorten the term.
        at = (start.astimezone(UTC) + timedelta(**{term.unit: term.amount})).astimezone(tz)
        return trail.close(at)
    day = local.date()
    if term.unit == "workdays":
        left = term.amount
        while left:
            day += ONE_DAY
            if trail.look_at(day):
                left -= 1
    elif term.amount:
        day = months_later(day, term.amount) if term.unit == "months" else day + ONE_DAY * term.amount
        day = _first_workday(trail, day)
    return trail.close(datetime.combine(day, END_OF_DAY, tzinfo=tz))


def days_to(last: date, *, today: date) -> int:
    """Count the days from a day to a last day: 0 when it is that day, -1 on the day after; the one count everywhere."""
    return (last - today).days


def months_later(day: date, months: int) -> date:
    """Return the same day so many months later, or the last day of that month when it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def remaining(calendar: Calendar, *, at: datetime, due_at: datetime, unit: Unit, basis: str = "") -> Term:
    """Return what is left of a term when its clock is stopped at `at`, in the unit to be kept while it stands.

    The day of stopping counts as used. A term in hours is kept to the second, one in months as days. An overdue term
    has nothing left.
    `due_at` must be in the local time zone of the deadline (as `due` returned it).
    """
    if at.tzinfo is None or due_at.tzinfo is None:
        raise ValueError("both ends need a time zone")
    if unit in ("hours", "seconds"):
        return Term(max(0, int((due_at - at).total_seconds())), "seconds", basis)
    today, last = at.astimezone(due_at.tzinfo).date(), due_at.date()
    if unit == "workdays":
        return Term(calendar.workdays_between(today, last), "workdays", basis)
    return Term(max(0, days_to(last, today=today)), "days", basis)


def resume(calendar: Calendar, *, at: datetime, left: Term, tz: tzinfo) -> Due:
    """Return the new end when a stopped clock goes on at `at` with what `remaining` kept.

    With nothing left it ends with the day it goes on, or with the first workday after when that is a rest day.
    """
    if left.amount or left.unit in ("hours", "seconds"):
        return due(calendar, start=at, term=left, tz=tz)
    trail = _Trail(calendar)
    local = at.astimezone(tz)
    trail.add(step="start", at=local.isoformat(), amount=0, unit=left.unit, basis=left.basis)
    day = _first_workday(trail, local.date())
    return trail.close(datetime.combine(day, END_OF_DAY, tzinfo=tz))


def shift(
    calendar: Calendar, *, due_at: datetime, paused_at: datetime, resumed_at: datetime, unit: Unit, tz: tzinfo
) -> Due:
    """Return the end of a term that stood still between two datetimes: `remaining`, then `resume`."""
    left = remaining(calendar, at=paused_at, due_at=due_at.astimezone(tz), unit=unit)
    return resume(calendar, at=resumed_at, left=left, tz=tz)


def _first_workday(trail: "_Trail", day: date) -> date:
    """Move a last day that is a rest day to the first workday after it, leaving the trace of each day passed."""
    if trail.calendar.is_workday(day):
        trail.look_at(day)
        return day
    trail.add(step="last_day", date=day.isoformat())
    moved = day
    while not trail.look_at(moved):
        moved += ONE_DAY
    trail.add(step="moved", **{"from": day.isoformat(), "to": moved.isoformat()})
    return moved


class _Trail:
    """Collects the steps of one derivation; neighbouring days skipped for one reason become one step."""

    def __init__(self, calendar: Calendar):
        self.calendar = calendar
        self.steps: list[dict[str, Any]] = []
        self.provisional: set[int] = set()

    def add(self, **step: Any) -> None:
        self.steps.append(step)

    def look_at(self, day: date) -> bool:
        """Note what is special about a day, and say whether it is a workday."""
        if self.calendar.is_provisional(day):
            self.provisional.add(day.year)
        works, name = self.calendar.is_workday(day), self.calendar.name_of(day)
        if works:
            if day.weekday() >= SATURDAY:
                self.add(step="makeup", date=day.isoformat(), name=name)
            return True
        kind = "holiday" if name else "weekend"
        last = self.steps[-1]
        yesterday = (day - ONE_DAY).isoformat()
        if (
            last["step"] == "skipped"
            and last["kind"] == kind
            and last["name"] == name
            and last["to"] == yesterday
        ):
            last["to"] = day.isoformat()
            last["days"] += 1
        else:
            iso = day.isoformat()
            self.add(step="skipped", kind=kind, **{"from": iso, "to": iso}, days=1, name=name)
        return False

    def close(self, at: datetime) -> Due:
        for year in sorted(self.provisional):
            self.add(step="provisional", year=year)
        self.add(step="end", at=at.isoformat())
        return Due(at=at, provisional=bool(self.provisional), derivation=tuple(self.steps))
