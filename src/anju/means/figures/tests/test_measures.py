"""Each measure against a small set of cases made by hand, in every state."""

from datetime import date

import pytest

from anju.duties.cases.rules import State
from anju.means.figures import queries
from anju.means.figures.queries import INSTALLATION, Query
from anju.means.figures.rules import Period

from .making import make_case, moment, rate

JUNE = Period(date(2024, 6, 1), date(2024, 6, 30))
AFTERWARDS = moment("2024-07-12 09:00")
ALL = (
    "received", "open", "overdue", "closed", "on_time_rate",
    "return_rate", "repeat_rate", "satisfaction", "satisfaction_score",
)  # fmt: skip


@pytest.fixture
def june(city):
    """Cases of June 2024 and around it, one of every state."""
    here = city.areas.huaiyin
    make_case(here, "2024-06-03", State.REPORTED)  # due 06-18
    make_case(here, "2024-06-04", State.ASSIGNED, returns=2)  # due 06-19
    make_case(here, "2024-06-05", State.RETURNED, returns=1)  # due 06-20
    make_case(here, "2024-06-20", State.FIXING)  # due 07-05: not late in June
    make_case(here, "2024-06-06", State.CHECKING, repeat=True)  # due 06-21
    make_case(here, "2024-06-07", State.FIXING, paused_at="2024-06-15")  # suspended before its term ended
    make_case(here, "2024-06-08", State.CLOSED)
    make_case(here, "2024-06-09", State.CLOSED, on_time=False)
    make_case(here, "2024-06-28", State.CLOSED, closed_at="2024-07-03", repeat=True)  # open on 30 June
    make_case(here, "2024-06-10", State.MERGED, returns=1, repeat=True)
    make_case(here, "2024-06-11", State.VOID)
    make_case(here, "2024-05-20", State.CLOSED, closed_at="2024-06-01")  # of May, closed on the first of June
    make_case(here, "2024-05-20", State.CLOSED, closed_at="2024-05-31 23:59")
    make_case(here, "2024-05-02", State.FIXING)  # late since May
    make_case(here, "2024-07-01", State.FIXING)  # one moment after June
    make_case(here, "2024-06-30 23:59", State.FIXING)  # the last minute of June
    return city


def ask(period=JUNE, at=AFTERWARDS, measures=ALL, **more):
    query = Query(measures, period, **more)
    return {r.measure.name: r for r in queries.answer(query, actor=INSTALLATION, at=at, compare=True)}


def test_every_measure_counts_what_its_definition_says(june):
    found = ask()
    # 16 made, less merged, void, two of May closed, one of May open, one of July.
    assert found["received"].value == 10
    # 6 open states of June, the last minute, the one closed in July, the one of May.
    assert found["open"].value == 9
    # reported, assigned, returned, checking, and the one of May; not the suspended one.
    assert found["overdue"].value == 5
    assert found["closed"].value == 3
    # on time: of June and the one of May; among: 3 closed + 5 overdue.
    rate_ = found["on_time_rate"]
    assert (rate_.number.numerator, rate_.number.denominator, rate_.value) == (2, 8, 25.0)
    assert (found["return_rate"].number.numerator, found["return_rate"].number.denominator) == (2, 10)
    assert found["return_rate"].value == 20.0
    assert (found["repeat_rate"].number.numerator, found["repeat_rate"].value) == (2, 20.0)
    assert found["satisfaction"].value is None
    assert found["satisfaction"].number.denominator == 0
    assert found["satisfaction_score"].value is None


def test_the_present_and_a_past_cut_off_agree_when_nothing_happened_since(june):
    """The case's own columns (now) and its clocks (a past cut-off) tell the same."""
    until_now = Period(date(2024, 6, 1), date(2024, 7, 11))
    at_its_end = moment("2024-07-12 00:00")
    now = ask(until_now, at=at_its_end, measures=("open", "overdue", "on_time_rate"))
    later = ask(until_now, at=moment("2024-07-12 08:00"), measures=("open", "overdue", "on_time_rate"))
    assert {k: r.number for k, r in now.items()} == {k: r.number for k, r in later.items()}
    assert now["overdue"].value > 0


def test_satisfaction_counts_answers_and_keeps_those_that_reopened_the_case(june):
    city = june
    closed = make_case(city.areas.hebin, "2024-05-02", State.CLOSED)
    reopened = make_case(city.areas.hebin, "2024-05-03", State.REPORTED, reopens=1)
    rate(closed, 3, "2024-06-02")
    rate(closed, 2, "2024-06-30 23:59")
    rate(reopened, 1, "2024-06-03")
    rate(closed, 3, "2024-07-01")  # of July
    found = ask(measures=("satisfaction", "satisfaction_score"))
    assert (found["satisfaction"].number.numerator, found["satisfaction"].number.denominator) == (2, 3)
    assert found["satisfaction"].value == 66.67
    assert found["satisfaction_score"].value == 66.67  # (3 + 2 + 1) ÷ (3 × 3) × 100


def test_comparisons_hold_to_the_day_at_both_ends(city):
    here = city.areas.keji
    for day in ("2023-05-31 23:59", "2023-06-01", "2023-06-30 23:59", "2023-07-01"):
        make_case(here, day, State.CLOSED)  # two in June 2023
    for day in ("2024-04-30 23:59", "2024-05-01", "2024-05-15", "2024-05-31 23:59"):
        make_case(here, day, State.CLOSED)  # three in May 2024
    for day in ("2024-06-01", "2024-06-30 23:59", "2024-06-12", "2024-06-13", "2024-06-14", "2024-07-01"):
        make_case(here, day, State.CLOSED)  # five in June 2024
    received = ask(measures=("received",))["received"]
    assert received.value == 5
    assert (received.last_year.number.value, received.last_year.change) == (2, 150.0)
    assert (received.preceding.number.value, received.preceding.change) == (3, 66.7)


def test_a_running_period_is_cut_off_now_and_compared_with_as_many_days(city):
    make_case(city.areas.keji, "2024-06-10", State.CLOSED)
    make_case(city.areas.keji, "2023-06-10", State.CLOSED)
    make_case(city.areas.keji, "2023-06-20", State.CLOSED)  # after the day that June 2024 has come to
    at = moment("2024-06-15 10:00")
    received = ask(at=at, measures=("received",))["received"]
    assert received.cut_off == at
    assert received.last_year.period == Period(date(2023, 6, 1), date(2023, 6, 15))
    assert received.last_year.number.value == 1
    assert ask(measures=("received",))["received"].cut_off == moment("2024-07-01")


def test_an_empty_place_has_no_rates_and_no_error(city):
    found = ask(territory=("area", str(city.areas.keji.pk)))
    assert [found[name].value for name in ("received", "open", "overdue", "closed")] == [0, 0, 0, 0]
    assert [found[name].value for name in ALL[4:]] == [None] * 5
    assert found["received"].last_year.change is None
