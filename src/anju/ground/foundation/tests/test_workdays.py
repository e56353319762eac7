"""When terms end: tables of rows, each with its weekday beside it, by the calendar of the rulebook."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anju.ground.foundation import workdays
from anju.ground.foundation.calendar import from_seed
from anju.ground.foundation.workdays import Calendar, Term

TZ = ZoneInfo("Asia/Shanghai")
CALENDAR = from_seed(Path(__file__).parents[5] / "rulebooks" / "calendar")
WEEKDAYS = "一二三四五六日"


def at(text: str, weekday: str) -> datetime:
    """Read a local moment and insist on its weekday, so that no row of a table is mistaken about its day."""
    moment = datetime.fromisoformat(text).replace(tzinfo=TZ)
    assert WEEKDAYS[moment.weekday()] == weekday, f"{text} is 周{WEEKDAYS[moment.weekday()]}"
    return moment


def due(start: datetime, amount: int, unit: str) -> workdays.Due:
    return workdays.due(CALENDAR, start=start, term=Term(amount, unit, "test-law-2020-1"), tz=TZ)


# start, weekday, workdays, last day, its weekday, why
WORKDAY_ROWS = [
    ("2026-11-23 09:00", "一", 3, "2026-11-26", "四", "an ordinary week"),
    ("2026-11-23 00:00:00", "一", 1, "2026-11-24", "二", "the first second of a day belongs to that day"),
    ("2026-11-23 23:59:59", "一", 1, "2026-11-24", "二", "so does the last"),
    ("2026-11-24 00:00:00", "二", 1, "2026-11-25", "三", "a second later it is the next day"),
    ("2026-11-27 16:59", "五", 1, "2026-11-30", "一", "over a weekend"),
    ("2026-11-28 10:00", "六", 1, "2026-11-30", "一", "started on a Saturday"),
    ("2026-11-29 10:00", "日", 1, "2026-11-30", "一", "started on a Sunday"),
    ("2026-11-23 09:00", "一", 5, "2026-11-30", "一", "five workdays are a week"),
    ("2026-11-23 09:00", "一", 20, "2026-12-21", "一", "twenty are four"),
    ("2026-09-18 16:00", "五", 1, "2026-09-20", "日", "a make-up Sunday counts"),
    ("2026-09-18 16:00", "五", 5, "2026-09-24", "四", "and shortens what follows"),
    ("2026-09-24 16:00", "四", 1, "2026-09-28", "一", "Mid-Autumn on a Friday joins the weekend"),
    ("2026-09-30 17:00", "三", 1, "2026-10-08", "四", "National Day: seven days off"),
    ("2026-09-30 17:00", "三", 3, "2026-10-10", "六", "and the make-up Saturday after it counts"),
    ("2026-10-10 09:00", "六", 1, "2026-10-12", "一", "started on a make-up Saturday, which is not counted"),
    ("2026-02-13 09:00", "五", 1, "2026-02-14", "六", "the Saturday before Spring Festival is worked"),
    ("2026-02-13 09:00", "五", 2, "2026-02-24", "二", "Spring Festival: nine days off"),
    ("2026-02-14 09:00", "六", 1, "2026-02-24", "二", "started on that Saturday"),
    ("2026-02-24 09:00", "二", 4, "2026-02-28", "六", "and the Saturday after it is worked, too"),
    ("2026-02-17 08:00", "二", 1, "2026-02-24", "二", "started in the middle of the festival"),
    ("2026-04-03 09:00", "五", 1, "2026-04-07", "二", "Qingming on a Sunday is made up for on Monday"),
    ("2026-04-30 09:00", "四", 1, "2026-05-06", "三", "Labour Day: five days off"),
    ("2026-04-30 09:00", "四", 4, "2026-05-09", "六", "with a make-up Saturday"),
    ("2026-06-18 09:00", "四", 1, "2026-06-22", "一", "Dragon Boat on a Friday"),
    ("2025-12-31 09:00", "三", 1, "2026-01-04", "日", "New Year, with a make-up Sunday"),
    ("2020-01-23 09:00", "四", 1, "2020-02-03", "一", "the Spring Festival that was prolonged"),
    (
        "2024-02-09 09:00",
        "五",
        1,
        "2024-02-18",
        "日",
        "2024: New Year's Eve was no holiday; back on a Sunday",
    ),
    ("2023-04-04 09:00", "二", 1, "2023-04-06", "四", "2023: Qingming was one day only"),
]


@pytest.mark.parametrize(("start", "day", "amount", "end", "end_day", "why"), WORKDAY_ROWS)
def test_a_term_in_workdays_ends_with_its_last_counted_day(start, day, amount, end, end_day, why):
    result = due(at(start, day), amount, "workdays")
    assert result.at == at(f"{end} 23:59:59", end_day), why
    assert not result.provisional


# start, weekday, days, last day, its weekday, why
DAY_ROWS = [
    ("2026-11-23 09:00", "一", 1, "2026-11-24", "二", "the day after"),
    ("2026-11-23 09:00", "一", 3, "2026-11-26", "四", "ends on a workday"),
    ("2026-11-23 09:00", "一", 5, "2026-11-30", "一", "would end on Saturday: Monday"),
    ("2026-11-23 09:00", "一", 6, "2026-11-30", "一", "would end on Sunday: Monday"),
    ("2026-11-23 09:00", "一", 7, "2026-11-30", "一", "ends on Monday by itself"),
    ("2026-11-23 09:00", "一", 15, "2026-12-08", "二", "half a month"),
    ("2026-11-23 09:00", "一", 30, "2026-12-23", "三", "thirty days, whatever lies between"),
    ("2026-09-15 09:00", "二", 5, "2026-09-20", "日", "a make-up Sunday is a workday and not moved"),
    ("2026-09-30 09:00", "三", 3, "2026-10-08", "四", "would end in the National Day week"),
    ("2026-09-30 09:00", "三", 7, "2026-10-08", "四", "its last day off, too"),
    ("2026-02-09 09:00", "一", 7, "2026-02-24", "二", "would end on New Year's Eve"),
    ("2026-01-29 09:00", "四", 30, "2026-02-28", "六", "ends on a make-up Saturday"),
    ("2024-02-28 09:00", "三", 1, "2024-02-29", "四", "a leap day is a day"),
]


@pytest.mark.parametrize(("start", "day", "amount", "end", "end_day", "why"), DAY_ROWS)
def test_a_term_in_days_that_ends_on_a_rest_day_moves_to_the_next_workday(
    start, day, amount, end, end_day, why
):
    assert due(at(start, day), amount, "days").at == at(f"{end} 23:59:59", end_day), why


# start, weekday, hours, end, its weekday, why
HOUR_ROWS = [
    ("2026-11-23 09:30:15", "一", 24, "2026-11-24 09:30:15", "二", "to the second"),
    ("2026-11-28 23:00", "六", 24, "2026-11-29 23:00", "日", "weekends do not stop it"),
    ("2026-02-16 20:00", "一", 24, "2026-02-17 20:00", "二", "nor does New Year's Eve"),
    ("2026-12-31 12:00", "四", 24, "2027-01-01 12:00", "五", "nor the new year"),
    ("2026-11-23 23:59:59", "一", 2, "2026-11-24 01:59:59", "二", "through midnight"),
    ("2026-11-23 09:00", "一", 0, "2026-11-23 09:00", "一", "no hours are none"),
]


@pytest.mark.parametrize(("start", "day", "amount", "end", "end_day", "why"), HOUR_ROWS)
def test_a_term_in_hours_runs_through_nights_and_holidays(start, day, amount, end, end_day, why):
    result = due(at(start, day), amount, "hours")
    assert result.at == at(end, end_day), why
    assert not result.provisional, "hours never depend on the calendar"


@pytest.mark.parametrize("unit", ["workdays", "days"])
@pytest.mark.parametrize(
    ("start", "day"),
    [
        ("2026-11-23 00:00", "一"),
        ("2026-11-23 23:59:59", "一"),
        ("2026-11-28 10:00", "六"),
        ("2026-10-01 10:00", "四"),
    ],
)
def test_on_the_spot_means_before_the_same_day_is_over_even_on_a_rest_day(start, day, unit):
    started = at(start, day)
    assert due(started, 0, unit).at == started.replace(hour=23, minute=59, second=59)


# start, weekday, months, last day, its weekday, why
MONTH_ROWS = [
    ("2024-04-15 09:00", "一", 3, "2024-07-15", "一", "the same day three months later"),
    ("2024-01-31 09:00", "三", 1, "2024-02-29", "四", "February has no 31st: its last day, a leap year's"),
    ("2023-11-30 09:00", "四", 3, "2024-02-29", "四", "over the end of a year"),
    ("2024-03-15 09:00", "五", 3, "2024-06-17", "一", "a Saturday moves to Monday"),
    ("2024-07-02 09:00", "二", 3, "2024-10-08", "二", "a day of the National Day week moves behind it"),
    ("2024-08-12 09:00", "一", 2, "2024-10-12", "六", "a make-up Saturday is a workday and stays"),
    ("2024-02-29 09:00", "四", 6, "2024-08-29", "四", "half a year"),
]


@pytest.mark.parametrize(("start", "day", "amount", "end", "end_day", "why"), MONTH_ROWS)
def test_a_term_in_months_ends_with_the_same_day_of_the_month(start, day, amount, end, end_day, why):
    assert due(at(start, day), amount, "months").at == at(f"{end} 23:59:59", end_day), why


def test_the_day_of_the_start_is_the_local_one():
    half_past_midnight_here = datetime(2026, 11, 23, 16, 30, tzinfo=UTC)
    assert due(half_past_midnight_here, 1, "workdays").at == at("2026-11-25 23:59:59", "三")


def test_a_start_without_a_time_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        due(datetime(2026, 11, 23, 9), 1, "days")


@pytest.mark.parametrize(("amount", "unit"), [(-1, "days"), (1, "weeks"), (10**9, "workdays")])
def test_an_impossible_term_is_refused(amount, unit):
    with pytest.raises(ValueError):
        Term(amount, unit)


# --- A year not yet announced ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "day", "amount", "unit", "end", "end_day", "provisional"),
    [
        ("2026-12-28 09:00", "一", 3, "workdays", "2026-12-31", "四", False),
        ("2026-12-30 09:00", "三", 1, "workdays", "2026-12-31", "四", False),
        ("2026-12-30 09:00", "三", 3, "workdays", "2027-01-05", "二", True),
        ("2026-12-31 09:00", "四", 1, "workdays", "2027-01-04", "一", True),
        ("2026-12-20 09:00", "日", 15, "days", "2027-01-04", "一", True),
        ("2027-02-04 09:00", "四", 1, "workdays", "2027-02-11", "四", True),
        ("2026-12-31 09:00", "四", 24, "hours", "2027-01-01", "五", False),
        ("2027-01-04 09:00", "一", 0, "days", "2027-01-04", "一", False),
    ],
)
def test_a_deadline_that_rests_on_an_unannounced_year_says_so(
    start, day, amount, unit, end, end_day, provisional
):
    result = due(at(start, day), amount, unit)
    assert (result.at.date(), WEEKDAYS[result.at.weekday()]) == (date.fromisoformat(end), end_day)
    assert result.provisional is provisional
    assert [s["year"] for s in result.derivation if s["step"] == "provisional"] == (
        [2027] if provisional else []
    )


def test_announcing_the_year_moves_the_deadline_and_takes_the_doubt_away():
    start = at("2026-12-31 09:00", "四")
    sunday = date(2027, 1, 3)
    announced = Calendar(
        {**CALENDAR.exceptions, sunday: (True, "元旦调休上班")}, confirmed=CALENDAR.confirmed | {2027}
    )
    result = workdays.due(announced, start=start, term=Term(1, "workdays"), tz=TZ)
    assert result.at == at("2027-01-03 23:59:59", "日")
    assert not result.provisional


# --- The derivation -------------------------------------------------------------------------------------------


def test_the_derivation_names_every_day_that_was_not_counted_as_its_weekday_says():
    result = due(at("2026-09-30 17:00", "三"), 3, "workdays")
    assert list(result.derivation) == [
        {
            "step": "start",
            "at": "2026-09-30T17:00:00+08:00",
            "amount": 3,
            "unit": "workdays",
            "basis": "test-law-2020-1",
        },
        {
            "step": "skipped",
            "kind": "holiday",
            "from": "2026-10-01",
            "to": "2026-10-07",
            "days": 7,
            "name": "国庆节",
        },
        {"step": "makeup", "date": "2026-10-10", "name": "国庆节调休上班"},
        {"step": "end", "at": "2026-10-10T23:59:59+08:00"},
    ]


def test_the_derivation_of_a_moved_last_day_says_from_where_to_where():
    steps = due(at("2026-11-23 09:00", "一"), 5, "days").derivation
    assert {"step": "last_day", "date": "2026-11-28"} in steps
    assert {"step": "moved", "from": "2026-11-28", "to": "2026-11-30"} in steps


# --- Stopping and going on ------------------------------------------------------------------------------------


def remaining(moment: datetime, due_at: datetime, unit: str) -> Term:
    return workdays.remaining(CALENDAR, at=moment, due_at=due_at, unit=unit)


@pytest.mark.parametrize(
    ("moment", "day", "left"),
    [
        ("2026-09-30 08:00", "三", 2),
        ("2026-10-03 08:00", "六", 2),
        ("2026-10-08 08:00", "四", 1),
        ("2026-10-09 23:59:59", "五", 0),
        ("2026-10-20 08:00", "二", 0),
    ],
)
def test_what_is_left_of_a_term_in_workdays_is_its_uncounted_workdays(moment, day, left):
    assert remaining(at(moment, day), at("2026-10-09 23:59:59", "五"), "workdays") == Term(left, "workdays")


def test_what_is_left_of_a_term_in_hours_is_kept_to_the_second():
    left = remaining(at("2026-11-23 09:00:01", "一"), at("2026-11-23 12:00", "一"), "hours")
    assert left == Term(3 * 3600 - 1, "seconds")
    assert workdays.resume(CALENDAR, at=at("2026-11-30 09:00:01", "一"), left=left, tz=TZ).at == at(
        "2026-11-30 12:00", "一"
    )


def test_with_nothing_left_a_clock_that_goes_on_on_a_rest_day_ends_with_the_next_workday():
    result = workdays.resume(CALENDAR, at=at("2026-10-03 10:00", "六"), left=Term(0, "workdays"), tz=TZ)
    assert result.at == at("2026-10-08 23:59:59", "四")


def test_a_pause_of_five_workdays_moves_the_end_by_five_workdays():
    due_at = due(at("2026-11-23 09:00", "一"), 5, "workdays").at
    moved = workdays.shift(
        CALENDAR,
        due_at=due_at,
        paused_at=at("2026-11-24 10:00", "二"),
        resumed_at=at("2026-12-01 10:00", "二"),
        unit="workdays",
        tz=TZ,
    )
    assert moved.at == at("2026-12-07 23:59:59", "一")


moments = st.datetimes(min_value=datetime(2019, 2, 1), max_value=datetime(2026, 10, 1)).map(
    lambda d: d.replace(tzinfo=TZ, microsecond=0)
)


@given(start=moments, amount=st.integers(1, 40), later=st.integers(0, 90 * 24))
def test_stopping_and_going_on_at_once_changes_nothing(start, amount, later):
    for unit in ("workdays", "days", "hours"):
        end = due(start, amount, unit).at
        moment = min(start + timedelta(hours=later), end)
        again = workdays.shift(CALENDAR, due_at=end, paused_at=moment, resumed_at=moment, unit=unit, tz=TZ).at
        assert again == end


@given(start=moments, amount=st.integers(1, 60))
def test_a_term_in_workdays_holds_exactly_its_workdays_and_ends_on_one(start, amount):
    end = due(start, amount, "workdays").at
    assert CALENDAR.is_workday(end.date())
    assert CALENDAR.workdays_between(start.date(), end.date()) == amount


@given(start=moments, amount=st.integers(1, 60))
def test_no_term_ends_before_a_shorter_one(start, amount):
    for unit in ("workdays", "days", "hours"):
        assert due(start, amount, unit).at >= due(start, amount - 1, unit).at
