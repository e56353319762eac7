"""Periods and what they are compared with; which small numbers are withheld; sums that must hold."""

from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anju.means.figures import rules
from anju.means.figures.rules import FiguresDoNotAddUp, Period, preset, suppress


def period(start: str, end: str) -> Period:
    return Period(date.fromisoformat(start), date.fromisoformat(end))


@pytest.mark.parametrize(
    ("now", "a_year_before", "just_before"),
    [
        # Whole months meet whole months, however long they are.
        (("2024-03-01", "2024-03-31"), ("2023-03-01", "2023-03-31"), ("2024-02-01", "2024-02-29")),
        (("2025-02-01", "2025-02-28"), ("2024-02-01", "2024-02-29"), ("2025-01-01", "2025-01-31")),
        (("2024-02-01", "2024-02-29"), ("2023-02-01", "2023-02-28"), ("2024-01-01", "2024-01-31")),
        (("2024-01-01", "2024-06-30"), ("2023-01-01", "2023-06-30"), ("2023-07-01", "2023-12-31")),
        (("2024-01-01", "2024-12-31"), ("2023-01-01", "2023-12-31"), ("2023-01-01", "2023-12-31")),
        # Other periods meet as many days.
        (("2024-01-01", "2024-07-15"), ("2023-01-01", "2023-07-15"), ("2023-06-18", "2023-12-31")),
        (("2024-07-12", "2024-07-12"), ("2023-07-12", "2023-07-12"), ("2024-07-11", "2024-07-11")),
        (("2024-02-29", "2024-02-29"), ("2023-02-28", "2023-02-28"), ("2024-02-28", "2024-02-28")),
        (("2024-02-20", "2024-03-10"), ("2023-02-20", "2023-03-10"), ("2024-01-31", "2024-02-19")),
    ],
)
def test_a_period_is_compared_with_the_same_days_last_year_and_the_days_before(
    now, a_year_before, just_before
):
    assert period(*now).last_year() == period(*a_year_before)
    assert period(*now).preceding() == period(*just_before)


@given(st.dates(date(2001, 1, 1), date(2090, 1, 1)), st.integers(0, 800))
def test_the_preceding_period_ends_the_day_before_and_has_the_same_length(start, more):
    now = Period(start, start + timedelta(days=more))
    before = now.preceding()
    assert before.end == now.start - timedelta(days=1)
    assert before.days == now.days or (now.is_whole_months and before.is_whole_months)


def test_a_running_period_is_compared_as_far_as_it_has_come():
    july = period("2024-07-01", "2024-07-31")
    assert july.until(date(2024, 7, 15)) == period("2024-07-01", "2024-07-15")
    assert july.until(date(2024, 8, 2)) == july
    assert july.until(date(2024, 6, 1)) == period("2024-07-01", "2024-07-01")


def test_presets_run_to_today_or_are_whole():
    today = date(2024, 8, 31)
    assert preset("month", today=today) == period("2024-08-01", "2024-08-31")
    assert preset("last_month", today=today) == period("2024-07-01", "2024-07-31")
    assert preset("quarter", today=today) == period("2024-07-01", "2024-08-31")
    assert preset("half", today=today) == period("2024-07-01", "2024-08-31")
    assert preset("year", today=today) == period("2024-01-01", "2024-08-31")
    assert preset("last_year", today=today) == period("2023-01-01", "2023-12-31")
    assert preset("last_month", today=date(2024, 1, 5)) == period("2023-12-01", "2023-12-31")


def test_months_and_weeks_cover_the_period():
    span = period("2023-12-31", "2024-02-01")
    assert rules.months(span) == [date(2023, 12, 1), date(2024, 1, 1), date(2024, 2, 1)]
    assert rules.weeks(span)[0] == date(2023, 12, 25)
    assert rules.weeks(span)[-1] == date(2024, 1, 29)
    assert rules.weeks(period("2024-07-08", "2024-07-14")) == [date(2024, 7, 8)]


def test_a_share_of_nothing_is_no_number():
    assert rules.percentage(0, 0) is None
    assert rules.percentage(1, 3) == 33.33
    assert rules.change(5, 0) is None
    assert rules.change(15, 10) == 50.0


def test_slices_that_do_not_add_up_are_a_bug_and_not_a_number():
    rules.must_add_up("received", total=3, parts=[1, 2])
    with pytest.raises(FiguresDoNotAddUp):
        rules.must_add_up("received", total=4, parts=[1, 2])
    rules.must_be_part("overdue", part=2, whole=2)
    with pytest.raises(FiguresDoNotAddUp):
        rules.must_be_part("overdue", part=3, whole=2)


@pytest.mark.parametrize(
    ("counts", "cells", "total"),
    [
        ([10, 20, 30], [False, False, False], False),
        ([0, 20, 30], [False, False, False], False),  # nothing tells of nobody
        ([3, 20, 30], [True, True, False], False),  # the next smallest goes with it
        ([3, 4, 30], [True, True, False], False),  # two small ones cover each other
        ([1, 1, 30], [True, True, True], False),  # their sum would tell that both are 1
        ([4, 4, 30], [True, True, True], False),  # the largest sum two small ones can have tells both
        ([1, 1, 1], [True, True, True], True),
        ([4, 4, 0], [True, True, False], True),  # nothing left to hide them with: the total goes, too
        ([3, 0, 0], [True, False, False], True),
        ([], [], False),
    ],
)
def test_small_numbers_are_withheld_with_what_would_tell_them(counts, cells, total):
    found = suppress(counts, least=5)
    assert list(found.cells) == cells
    assert found.total is total


@given(st.lists(st.integers(0, 12), min_size=1, max_size=5), st.integers(2, 6))
def test_no_withheld_number_can_be_worked_out_from_what_is_published(counts, least):
    found = suppress(counts, least=least)
    hidden = [i for i, withheld in enumerate(found.cells) if withheld]
    assert all(i in hidden for i, n in enumerate(counts) if 0 < n < least)
    assert found.total or not 0 < sum(counts) < least
    if not hidden or found.total:
        return
    # Everybody may try all ways to fill the withheld cells so that the published total comes out.
    known = sum(counts) - sum(n for i, n in enumerate(counts) if i not in hidden)
    ways = [fill for fill in product(range(1, known + 1), repeat=len(hidden)) if sum(fill) == known]
    for place in range(len(hidden)):
        assert len({fill[place] for fill in ways}) > 1
