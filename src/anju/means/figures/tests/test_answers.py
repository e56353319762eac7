"""Slices add up on both trees, every number opens its rows, and nobody counts beyond their reach."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anju.duties.cases.models import Case
from anju.duties.cases.rules import State
from anju.ground.foundation import rulebooks
from anju.ground.foundation.refusals import NotFound, Refusal
from anju.ground.territory.models import Division
from anju.means.figures import queries, rules, services
from anju.means.figures.queries import INSTALLATION, Query, places, registry
from anju.means.figures.rules import FiguresDoNotAddUp, Period

from .making import make_case, moment, officer, rate

YEAR = Period(date(2024, 1, 1), date(2024, 12, 31))
NOW = moment("2024-07-12 09:00")
EVERY = tuple(measure.name for measure in registry.measures() if measure.facts.name in ("cases", "ratings"))
SLICES = ("county", "street", "community", "class", "class1", "channel", "kind", "severity", "month", "week")
COMMUNITIES = ("huaiyin", "liuyuan", "hebin", "shanqian", "keji")
STATES = (*sorted(State.__dict__[k] for k in State.__dict__ if k.isupper()),)


def fill(city, picks):
    """Make a case for each pick: (community, day of the year, state, class, channel, kind, returns, rating)."""
    for community, day, state, class_code, channel, kind, returns, rating in picks:
        area = getattr(city.areas, community) if community else None
        reported = f"{date(2024, 1, 1) + timedelta(days=day)}"
        more = {"class_code": class_code, "channel": channel, "kind": kind, "returns": returns}
        case = make_case(area, reported, state, repeat=returns > 1, **more)
        if rating:
            rate(case, rating, f"{date(2024, 1, 2) + timedelta(days=day)}")


PICKS = st.lists(
    st.tuples(
        st.sampled_from((*COMMUNITIES, None)),
        st.integers(0, 190),
        st.sampled_from(STATES),
        st.sampled_from(("EB01", "EB03", "EG01", "FA01", "ZZ99")),
        st.sampled_from(("portal", "staff", "import")),
        st.sampled_from(("hazard", "complaint")),
        st.integers(0, 2),
        st.integers(0, 3),
    ),
    max_size=12,
)


@given(
    picks=PICKS,
    by=st.sampled_from(SLICES),
    tree=st.sampled_from(queries.TREES),
    start=st.dates(date(2024, 1, 1), date(2024, 7, 1)),
    days=st.integers(0, 250),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_slices_add_up_to_the_total_and_open_their_rows_on_both_trees(city, picks, by, tree, start, days):
    fill(city, picks)
    try:
        query = Query(EVERY, Period(start, start + timedelta(days=days)), by=by, tree=tree)
        whole = queries.answer(replace(query, by=None), actor=INSTALLATION, at=NOW)
        for total, sliced in zip(whole, queries.answer(query, actor=INSTALLATION, at=NOW), strict=True):
            assert sliced.number == total.number
            assert sum(part.number.numerator for part in sliced.slices) == total.number.numerator
            opened = count_rows(sliced, [part.key for part in sliced.slices])
            assert opened == [expected_rows(sliced, part.number) for part in sliced.slices]
    finally:
        connection.cursor().execute(
            "DELETE FROM cases_report; DELETE FROM foundation_clock; DELETE FROM cases_case"
        )


def count_rows(result, keys):
    """Count the rows that slices of a number open, all in one statement; the key None means the whole number."""
    asked = replace(result.query, measures=(result.measure.name,))
    parts = ["numerator"] if result.measure.among is None else ["numerator", "denominator"]
    counts = counted(
        queries.rows(asked, actor=INSTALLATION, at=NOW, slice_key=key, part=part)
        for key in keys
        for part in parts
    )
    return [counts[n : n + len(parts)] for n in range(0, len(counts), len(parts))]


def counted(found):
    """Count many querysets in one statement."""
    asked, given_ = [], []
    for rows in found:
        try:
            sql, params = rows.order_by().values("pk").query.sql_with_params()
        except EmptyResultSet:
            sql, params = "SELECT 1 WHERE false", ()
        asked.append(f"(SELECT count(*) FROM ({sql}) rows)")
        given_ += params
    if not asked:
        return []
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(asked)}", given_)
        return list(cursor.fetchone())


def expected_rows(result, number):
    if result.measure.among is None:
        return [number.numerator]
    # A score adds up weights: its rows are those it is the mean of.
    first = number.denominator if result.measure.weigh is not None else number.numerator
    return [first, number.denominator]


@pytest.fixture
def full(city):
    """A year with something in every corner of the city."""
    picks = [
        (COMMUNITIES[n % 5], n * 3 % 190, STATES[n % 8], ("EB01", "FA01", "EG01")[n % 3],
         ("portal", "staff", "field")[n % 3], "hazard", n % 3, n % 4)
        for n in range(80)
    ]  # fmt: skip
    fill(city, picks)
    return city


@pytest.mark.parametrize("name", EVERY)
def test_every_number_opens_exactly_its_rows(full, name):
    (result,) = queries.answer(Query((name,), YEAR, by="month"), actor=INSTALLATION, at=NOW)
    assert count_rows(result, [None]) == [expected_rows(result, result.number)]
    assert result.number.numerator > 0
    assert f"measure={name}" in result.rows_url("2024-03-01")
    assert "slice=2024-03-01" in result.rows_url("2024-03-01")


def test_one_statement_answers_all_measures_of_a_table(full):
    query = Query(("received", "open", "overdue", "closed", "return_rate"), YEAR, by="county")
    with CaptureQueriesContext(
        connection,
    ) as asked:
        queries.answer(query, actor=INSTALLATION, at=NOW, compare=True)
    counting = [q for q in asked if "cases_case" in q["sql"]]
    assert len(counting) == 1
    assert len(asked) <= 4


def test_the_two_trees_say_different_things_and_say_which(full):
    """试点高新区 is a county of management and no division: its cases stand elsewhere in the legal tree or nowhere."""
    by_area, by_division = (
        queries.answer(Query(("received",), YEAR, by="county", tree=tree), actor=INSTALLATION, at=NOW)[0]
        for tree in queries.TREES
    )
    assert by_area.number == by_division.number
    assert "试点高新区" in [part.name for part in by_area.slices]
    assert "试点高新区" not in [part.name for part in by_division.slices]
    assert by_area.query.slicing_tree == "area"


def test_a_territory_is_asked_for_in_either_tree(full):
    east, code = full.areas.east, full.divisions.east.code
    query = Query(("received",), YEAR)
    by_area = queries.answer(replace(query, territory=("area", str(east.pk))), actor=INSTALLATION, at=NOW)[0]
    by_code = queries.answer(replace(query, territory=("division", code)), actor=INSTALLATION, at=NOW)[0]
    assert (
        by_area.value
        == by_code.value
        == Case.objects.filter(county=east).exclude(state__in=("merged", "void")).count()
    )
    assert by_code.scope.tree == "division"


def test_a_code_that_was_succeeded_is_counted_where_its_place_is_today(full):
    street = full.divisions.huaiyin_street
    old = Division.objects.create(
        code="990102200", name="槐荫乡", level=4, parent=full.divisions.east, path="试点市 东湖区 槐荫乡",
        valid_to=date(2023, 12, 31), successor=street,
    )  # fmt: skip
    before = queries.answer(
        Query(("received",), YEAR, ("division", street.code)), actor=INSTALLATION, at=NOW
    )[0]
    case = make_case(full.areas.huaiyin, "2024-02-01")
    Case.objects.filter(pk=case.pk).update(division=old)
    for code in (street.code, old.code, full.divisions.east.code):
        (now,) = queries.answer(
            Query(("received",), YEAR, ("division", code), by="street"), actor=INSTALLATION, at=NOW
        )
        part = next(p for p in now.slices if p.key == str(street.pk))
        assert part.number.value == before.value + 1
        found = queries.rows(now.query, actor=INSTALLATION, at=NOW, slice_key=part.key)
        assert found.filter(pk=case.pk).exists()


def test_filters_narrow_the_number_and_its_rows_alike(full):
    query = Query(("received",), YEAR, by="channel", filters={"class1": ("EB",), "kind": ("hazard",)})
    top = next(
        iter(
            {v for k, v in registry.get("received").facts.dimensions["class1"].fold().items() if k == "EB01"}
        )
    )
    query = replace(query, filters={"class1": (top,)})
    (result,) = queries.answer(query, actor=INSTALLATION, at=NOW)
    assert 0 < result.value < queries.answer(replace(query, filters={}), actor=INSTALLATION, at=NOW)[0].value
    assert set(queries.rows(query, actor=INSTALLATION, at=NOW).values_list("class_code", flat=True)) == {
        "EB01"
    }
    with pytest.raises(Refusal):
        queries.answer(replace(query, filters={"colour": ("red",)}), actor=INSTALLATION, at=NOW)


def test_an_address_says_the_question_and_is_read_back(full):
    query = Query(
        ("received", "closed"),
        YEAR,
        ("area", "3"),
        by="class",
        tree="division",
        filters={"channel": ("portal",)},
    )
    asked = {}
    for name, value in query.parameters():
        asked.setdefault(name, []).append(value)
    assert queries.read(asked, today=date(2024, 7, 12)) == query


# --- reach --------------------------------------------------------------------------------------------------------


def test_a_county_officer_counts_the_county_and_nothing_else_is_there(full):
    east, actor = full.areas.east, officer(full.areas.east)
    own = queries.answer(Query(EVERY, YEAR, by="street"), actor=actor, at=NOW)
    asked = queries.answer(
        Query(EVERY, YEAR, ("area", str(east.pk)), by="street"), actor=INSTALLATION, at=NOW
    )
    assert [r.number for r in own] == [r.number for r in asked]
    assert own[0].scope.label == "东湖区"
    for other in (
        full.areas.city,
        full.areas.west,
        full.areas.zone,
        full.areas.shanqian,
        full.areas.keji_street,
    ):
        query = Query(("received",), YEAR, ("area", str(other.pk)))
        with pytest.raises(NotFound):
            queries.answer(query, actor=actor, at=NOW)
        with pytest.raises(NotFound):
            queries.rows(query, actor=actor, at=NOW)
    for code in ("9901", "990121", "990121100", "999999"):
        with pytest.raises(NotFound):
            queries.answer(Query(("received",), YEAR, ("division", code)), actor=actor, at=NOW)


def test_a_slice_key_from_elsewhere_opens_nothing(full):
    actor = officer(full.areas.east)
    query = Query(("received",), YEAR, by="county")
    for key in (str(full.areas.west.pk), str(full.areas.zone.pk)):
        assert queries.rows(query, actor=actor, at=NOW, slice_key=key).count() == 0
    legal = replace(query, tree="division")
    assert queries.rows(legal, actor=actor, at=NOW, slice_key=str(full.divisions.west.pk)).count() == 0
    for strange in ("x", "1 or 1=1"):
        with pytest.raises(NotFound):
            queries.rows(query, actor=actor, at=NOW, slice_key=strange)


def test_a_division_is_counted_only_as_far_as_the_reach_goes_and_says_so(full):
    actor = officer(full.areas.huaiyin_street)
    query = Query(("received",), YEAR, ("division", full.divisions.huaiyin_street.code))
    (seen,) = queries.answer(query, actor=actor, at=NOW)
    (whole,) = queries.answer(query, actor=INSTALLATION, at=NOW)
    assert seen.scope.limited
    assert not whole.scope.limited
    assert seen.value == whole.value
    # A case of the place that management put elsewhere is not the street officer's.
    moved = make_case(full.areas.hebin, "2024-03-03")
    Case.objects.filter(pk=moved.pk).update(division=full.divisions.huaiyin)
    assert queries.answer(query, actor=actor, at=NOW)[0].value == seen.value
    assert queries.answer(query, actor=INSTALLATION, at=NOW)[0].value == whole.value + 1
    with pytest.raises(NotFound):
        queries.answer(replace(query, territory=("division", full.divisions.east.code)), actor=actor, at=NOW)


def test_somebody_with_two_areas_counts_both_together(full):
    both = officer(full.areas.east, full.areas.west)
    sums = [
        queries.answer(Query(("received",), YEAR), actor=officer(area), at=NOW)[0].value
        for area in (full.areas.east, full.areas.west)
    ]
    (together,) = queries.answer(Query(("received",), YEAR, by="county"), actor=both, at=NOW)
    assert together.value == sum(sums)
    assert together.scope.label == "东湖区、西山县"


def test_without_the_power_there_are_no_figures(full, company_clerk, friday_9am):
    with pytest.raises(NotFound):
        queries.answer(Query(("received",), YEAR), actor=company_clerk.actor(friday_9am), at=NOW)


def test_choices_offer_only_what_is_within_reach(full):
    offered = {area.name for area in places.choices(officer(full.areas.east))}
    assert offered == {"东湖区", "槐荫街道", "河滨街道"}


# --- refusals and checks ------------------------------------------------------------------------------------------


def test_what_cannot_be_understood_is_said_in_one_sentence(city):
    at = date(2024, 7, 12)
    for asked in (
        {"measure": "nonsense"},
        {"measure": "received", "from": "yesterday"},
        {"measure": "received", "from": "2024-07-02", "to": "2024-07-01"},
        {"measure": "received", "from": "0024-07-02", "to": "2024-07-01"},
    ):
        with pytest.raises(Refusal):
            queries.read(asked, today=at)
    with pytest.raises(Refusal):
        queries.answer(Query(("received",), YEAR, by="colour"), actor=INSTALLATION, at=NOW)
    with pytest.raises(Refusal):
        queries.answer(Query(("received",), YEAR, tree="oak"), actor=INSTALLATION, at=NOW)


def test_a_number_that_fails_its_check_is_not_shown(full, monkeypatch, caplog):
    def wrong(*args, **kwargs):
        raise FiguresDoNotAddUp("wrong")

    monkeypatch.setattr(rules, "must_add_up", wrong)
    with pytest.raises(FiguresDoNotAddUp):
        queries.answer(Query(("received",), YEAR, by="county"), actor=INSTALLATION, at=NOW)
    assert "do not add up" in caplog.text


def test_overdue_is_never_more_than_open(full, monkeypatch):
    overdue = registry.get("overdue")
    everything = replace(overdue, counts=registry.get("received").counts, scan=None)
    monkeypatch.setitem(registry._measures, "overdue", everything)
    with pytest.raises(FiguresDoNotAddUp):
        queries.answer(Query(("open", "overdue"), YEAR, by="month"), actor=INSTALLATION, at=NOW)


def test_what_is_published_withholds_small_numbers(full):
    make_case(full.areas.shanqian, "2024-01-02")
    (result,) = queries.answer(Query(("received",), YEAR, by="county"), actor=INSTALLATION, at=NOW)
    least = 1 + min(part.number.value for part in result.slices)
    cells = queries.public_cells(result, least=least)
    assert cells[0].key is None
    assert cells[0].value == result.value
    withheld = [cell for cell in cells if cell.withheld]
    assert len(withheld) >= 2
    assert all(cell.value is None for cell in withheld)
    (rate_,) = queries.answer(Query(("return_rate",), YEAR, by="county"), actor=INSTALLATION, at=NOW)
    assert [c.withheld for c in queries.public_cells(rate_, least=least)] == [c.withheld for c in cells]


def test_the_threshold_of_publishing_is_the_rulebooks(city):
    assert (
        services.least_published(at=NOW)
        == rulebooks.load("deadlines", on=NOW.date())["publication"]["small_number"]
    )
