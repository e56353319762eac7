"""The calendar of this city's offices: kept in the database, edited by officers, seeded from rulebooks/calendar.

`due` is what every room calls. `confirm_year` and `edit_day` are acts; `foundation.calendar_changed` follows whatever
changes the calendar, and the rooms that keep deadlines hear it, to recompute the open ones.
"""

import csv
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Sum
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from . import journal, workdays
from .acts import Loop, Turn
from .asks import Field
from .models import CalendarDay, CalendarYear
from .refusals import Refusal
from .wording import lazy
from .workdays import Calendar, Due, Term
from .workflow import ANY, NEW, SYSTEM, Step

CHANGED = "foundation.calendar_changed"
# How long a process may go on with the calendar it knows before it asks whether another one has changed it.
FRESH_FOR = 5.0

Version = tuple[int, int]


@dataclass(frozen=True, slots=True)
class DayException:
    """A day that is not what its weekday says, as a State Council notice lists it."""

    date: date
    is_workday: bool
    name: str


class _Cache:
    """The calendar this process knows, the version it was read at, and when that was last asked for."""

    calendar: Calendar | None = None
    version: Version | None = None
    asked_at = 0.0
    asks_always_until = 0.0


# --- Asking ---------------------------------------------------------------------------------------------------


def current() -> Calendar:
    """Return the calendar in force; asks the database at most every five seconds, and at once after an edit here."""
    now = time.monotonic()
    known = _Cache.calendar
    if known is not None and now >= _Cache.asks_always_until and now - _Cache.asked_at < FRESH_FOR:
        return known
    version = _version()
    if known is None or version != _Cache.version:
        known = _read()
        _Cache.calendar, _Cache.version = known, version
    _Cache.asked_at = now
    return known


def due(at: datetime, term: Term) -> Due:
    """Return when a term that starts at an aware datetime ends, by the calendar in force and in local time."""
    return workdays.due(current(), start=at, term=term, tz=timezone.get_default_timezone())


def remaining(*, at: datetime, due_at: datetime, unit: workdays.Unit, basis: str = "") -> Term:
    """Return what is left of a term whose clock is stopped at `at`."""
    local = due_at.astimezone(timezone.get_default_timezone())
    return workdays.remaining(current(), at=at, due_at=local, unit=unit, basis=basis)


def resume(*, at: datetime, left: Term) -> Due:
    """Return the new end of a stopped clock that goes on at `at`."""
    return workdays.resume(current(), at=at, left=left, tz=timezone.get_default_timezone())


def forget() -> None:
    """Drop what this process knows, and ask at every call for a while: an edit may still be rolled back."""
    _Cache.calendar = None
    _Cache.asks_always_until = time.monotonic() + FRESH_FOR


def _version() -> Version:
    found = CalendarYear.objects.aggregate(years=Count("year"), revisions=Sum("revision"))
    return found["years"], found["revisions"] or 0


def _read() -> Calendar:
    days = CalendarDay.objects.values_list("date", "is_workday", "name")
    confirmed = CalendarYear.objects.filter(confirmed=True).values_list("year", flat=True)
    return Calendar({day: (works, name) for day, works, name in days}, frozenset(confirmed))


# --- Changing -------------------------------------------------------------------------------------------------

BASIS = "cn-holidays-2024-2"
_SOURCE = Field("source", lazy("依据"), "line", most=200, help=lazy("谁发的通知、文号"))
_CHANGES = ("calendar_changed",)
STEPS = (
    Step("confirm_year", lazy("确认全年放假安排"), NEW, None, "calendar.edit", BASIS, follows=_CHANGES,
         asks=(Field("year", lazy("年份"), "whole", required=True, least=2000, most=2199),
               Field("exceptions", lazy("放假和调休日期"), "given", default=()),
               replace(_SOURCE, required=True, lacking=lazy("请写明放假通知的名称或文号。")))),
    Step("edit_day", lazy("更改一天"), NEW, None, "calendar.edit", BASIS, follows=_CHANGES,
         asks=(Field("day", lazy("日期"), "day", required=True, lacking=lazy("请选择一个日期。")),
               Field("is_workday", lazy("安排"), "given"), Field("name", lazy("名称"), "line", most=40), _SOURCE)),
    Step("load_year", lazy("载入全年放假安排"), NEW, None, "", BASIS, who=SYSTEM, follows=_CHANGES, mood="quiet"),
    Step("calendar_changed", lazy("工作日历变更"), ANY, None, "", BASIS, who=SYSTEM, mood="warn"),
)  # fmt: skip
YEARS = Loop(CalendarYear, STEPS, room="foundation", state="", param="year", by_server=True)


@YEARS.verb("confirm_year")
def confirm_year(turn: Turn, *, year: int, exceptions: Iterable[DayException], source: str) -> CalendarYear:
    """Replace a year's exceptions by those of the State Council's notice, and call the year confirmed.

    source  what the notice is called; required, because every deadline of the year rests on it
    """
    days = sorted(exceptions, key=lambda e: e.date)
    if strangers := [e.date for e in days if e.date.year != year]:
        raise Refusal(
            _("%(day)s 不在 %(year)s 年，请核对日期。") % {"day": strangers[0].isoformat(), "year": year},
            field="exceptions",
        )
    if len({e.date for e in days}) < len(days):
        raise Refusal(_("同一天出现了两次，请核对日期。"), field="exceptions")
    return _replace(turn, year, days, confirmed=True, source=source)


@YEARS.verb("load_year")
def load_year(
    turn: Turn, *, year: int, exceptions: Sequence[DayException], confirmed: bool, source: str
) -> CalendarYear:
    """Bring a year to what the rulebook says of it."""
    return _replace(turn, year, exceptions, confirmed=confirmed, source=source)


@YEARS.verb("edit_day")
def edit_day(turn: Turn, *, day: date, is_workday: bool | None, name: str, source: str) -> CalendarYear:
    """Make one day a workday or a day off, or (None) what its weekday says; for holidays announced late.

    source  who announced it; required unless the exception is removed
    """
    if is_workday is not None and not (name and source):
        raise Refusal(_("请写明这一天的名称和依据。"), field="source" if name else "name")
    row = _locked(turn, day.year)
    before = _listed(CalendarDay.objects.filter(date=day))
    if is_workday is None:
        CalendarDay.objects.filter(date=day).delete()
    else:
        told = {"is_workday": is_workday, "name": name, "source": source}
        CalendarDay.objects.update_or_create(date=day, defaults=told)
    after = _listed(CalendarDay.objects.filter(date=day))
    if before == after:
        turn.unchanged(row)
    return _changed(turn, row, before=before, after=after, confirmed_before=row.confirmed)


def _locked(turn: Turn, year: int) -> CalendarYear:
    """Lock a year's row; one that was never filled (revision 0) is made."""
    CalendarYear.objects.bulk_create([CalendarYear(year=year, revision=0)], ignore_conflicts=True)
    row: CalendarYear = turn.lock(CalendarYear.objects.all(), [year])[0]
    return row


def _replace(
    turn: Turn, year: int, days: Iterable[DayException], *, confirmed: bool, source: str
) -> CalendarYear:
    """Make the rows of one year exactly these."""
    row, source = _locked(turn, year), source[:200]
    of_year = CalendarDay.objects.filter(date__year=year)
    before = _listed(of_year)
    of_year.delete()
    CalendarDay.objects.bulk_create(
        CalendarDay(date=e.date, is_workday=e.is_workday, name=e.name[:40], source=source) for e in days
    )
    after = _listed(of_year.all())
    confirmed_before = row.confirmed
    if row.revision and (before, confirmed_before, row.source) == (after, confirmed, source):
        turn.unchanged(row)
    row.confirmed, row.source = confirmed, source
    return _changed(turn, row, before=before, after=after, confirmed_before=confirmed_before)


def _changed(
    turn: Turn,
    row: CalendarYear,
    *,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    confirmed_before: bool,
) -> CalendarYear:
    """Raise the year's revision, forget the cached calendar, and tell the rooms what changed.

    The news' data: {"year", "confirmed_before", "confirmed", "source", "before", "after", "days"}, where before
    and after are {ISO day: [is_workday, name]} and days lists those that differ.
    """
    row.revision += 1
    row.save(update_fields=["confirmed", "source", "revision"])
    forget()
    differ = sorted(d for d in before.keys() | after.keys() if before.get(d) != after.get(d))
    turn.follow(
        "calendar_changed",
        year=row.year,
        confirmed_before=confirmed_before,
        confirmed=row.confirmed,
        source=row.source,
        before={d: before[d] for d in differ if d in before},
        after={d: after[d] for d in differ if d in after},
        days=differ,
    )
    return row


def _listed(days: Iterable[CalendarDay]) -> dict[str, list[Any]]:
    return {d.date.isoformat(): [d.is_workday, d.name] for d in days}


# --- Seeding --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SeedYear:
    """A year as the rulebook has it."""

    year: int
    confirmed: bool
    source: str
    days: tuple[DayException, ...]


def read_seed(folder: Path | None = None) -> list[SeedYear]:
    """Read rulebooks/calendar: years.csv (year, confirmed, source) and <year>.csv (date, is_workday, name)."""
    folder = folder or settings.RULEBOOK_DIR / "calendar"
    years = []
    with (folder / "years.csv").open(encoding="utf-8", newline="") as listed:
        for line in csv.DictReader(listed):
            with (folder / f"{line['year']}.csv").open(encoding="utf-8", newline="") as file:
                days = tuple(
                    DayException(date.fromisoformat(d["date"]), d["is_workday"] == "1", d["name"])
                    for d in csv.DictReader(file)
                )
            years.append(SeedYear(int(line["year"]), line["confirmed"] == "1", line["source"], days))
    return years


def from_seed(folder: Path | None = None) -> Calendar:
    """Build the calendar of the rulebook without a database."""
    years = read_seed(folder)
    days = {d.date: (d.is_workday, d.name) for year in years for d in year.days}
    return Calendar(days, frozenset(y.year for y in years if y.confirmed))


@transaction.atomic
def load_seed(*, by: journal.Trace, at: datetime, folder: Path | None = None) -> dict[str, list[int]]:
    """Bring the calendar to the rulebook's; a year that an officer has touched is left as it is.

    Returns {"loaded": years, "unchanged": years, "kept": years an officer edited}. Twice does nothing twice.
    """
    result: dict[str, list[int]] = {"loaded": [], "unchanged": [], "kept": []}
    touched = set(
        journal.Event.objects.filter(name=CHANGED, actor_kind="account").values_list("subject_id", flat=True)
    )
    revisions = dict(CalendarYear.objects.values_list("year", "revision"))
    for seed in read_seed(folder):
        if seed.year in touched:
            result["kept"].append(seed.year)
            continue
        told: dict[str, Any] = {"exceptions": seed.days, "confirmed": seed.confirmed, "source": seed.source}
        row = load_year(year=seed.year, **told, by=by, at=at)
        result["unchanged" if revisions.get(seed.year) == row.revision else "loaded"].append(seed.year)
    return result


# --- Saying ---------------------------------------------------------------------------------------------------


def explain(derivation: Iterable[Mapping[str, Any]]) -> list[str]:
    """Say a derivation in sentences an officer can check, one for each step.

    Steps are those of workdays.due, and {"step": "extend", "days"}, {"step": "pause", "from", "to"},
    {"step": "longer", "amount", "unit", "reason"} between them.
    """
    return [said for step in derivation if (said := _say(step))]


def _say(step: Mapping[str, Any]) -> str:
    kind = step["step"]
    if kind == "start":
        return _("自%(moment)s起算，期限%(term)s。") % {
            "moment": _moment(step["at"]),
            "term": say_term(step),
        } + (
            _("开始当日不计入。") if step["unit"] in ("workdays", "days", "months") and step["amount"] else ""
        )
    if kind == "skipped":
        name = step["name"] or _("周末")
        if step["days"] == 1:
            return _("%(day)s（%(name)s）不计入。") % {"day": _day(step["from"]), "name": name}
        return _("%(start)s至%(end)s（%(name)s，%(days)s天）不计入。") % {
            "start": _day(step["from"]),
            "end": _day(step["to"]),
            "name": name,
            "days": step["days"],
        }
    if kind == "makeup":
        return _("%(day)s（%(name)s）计入。") % {"day": _day(step["date"]), "name": step["name"]}
    if kind == "last_day":
        return _("最后一日为%(day)s，是休息日。") % {"day": _day(step["date"])}
    if kind == "moved":
        return _("顺延至其后第一个工作日%(day)s。") % {"day": _day(step["to"])}
    if kind == "provisional":
        return _("%(year)s年放假安排尚未公布或尚未录入，此期限为暂定，录入后将重新计算。") % {
            "year": step["year"]
        }
    if kind == "extend":
        return _("经批准延长%(days)s个工作日，接续计算。") % {"days": step["days"]}
    if kind == "longer":
        return _("期限改为%(term)s，自同一时间起算：%(reason)s") % {
            "term": say_term(step),
            "reason": step["reason"],
        }
    if kind == "pause":
        return _("%(start)s至%(end)s中止，不计入期限；恢复后接续计算。") % {
            "start": _moment(step["from"]),
            "end": _moment(step["to"]),
        }
    if kind == "end":
        return _("期限至%(moment)s届满。") % {"moment": _moment(step["at"])}
    return ""


def say_term(term: Mapping[str, Any] | Term) -> str:
    """Say a term in words: 3个工作日, 15日, 2个月, 24小时, 当日."""
    if isinstance(term, Term):
        term = {"amount": term.amount, "unit": term.unit}
    amount, unit = term["amount"], term["unit"]
    if unit == "seconds":
        return _("%(hours)s小时%(minutes)s分") % {"hours": amount // 3600, "minutes": amount % 3600 // 60}
    if unit == "hours":
        return ngettext("%(n)s小时", "%(n)s小时", amount) % {"n": amount}
    if not amount:
        return _("当日")
    if unit == "months":
        return ngettext("%(n)s个月", "%(n)s个月", amount) % {"n": amount}
    if unit == "days":
        return ngettext("%(n)s日", "%(n)s日", amount) % {"n": amount}
    return ngettext("%(n)s个工作日", "%(n)s个工作日", amount) % {"n": amount}


def _moment(iso: str) -> str:
    at = datetime.fromisoformat(iso).astimezone(timezone.get_default_timezone())
    if at.time() == workdays.END_OF_DAY:
        return _("%(day)s24时") % {"day": _day(at.date().isoformat())}
    return _("%(day)s%(time)s") % {"day": _day(at.date().isoformat()), "time": f"{at:%H:%M}"}


def _day(iso: str) -> str:
    day = date.fromisoformat(iso)
    weekday = (_("周一"), _("周二"), _("周三"), _("周四"), _("周五"), _("周六"), _("周日"))[day.weekday()]
    return _("%(year)s年%(month)s月%(day)s日（%(weekday)s）") % {
        "year": day.year,
        "month": day.month,
        "day": day.day,
        "weekday": weekday,
    }
