"""From a tally and from the rows comes the same number, whatever is asked; and distinct units are distinct units."""

from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from unittest import mock

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from anju.duties.inspections.models import Finding, VisitPart
from anju.duties.penalties.models import Payment, Penalty
from anju.ground.foundation.refusals import Refusal
from anju.means.figures import queries
from anju.means.figures.models import TallyState
from anju.means.figures.queries import INSTALLATION, Query, counting, registry
from anju.means.figures.rules import FiguresDoNotAddUp, Period
from anju.means.figures.services import keeping

from .inspecting import find, fine, life, make_unit, visit_unit
from .making import moment, officer

NOW = moment("2024-08-01 09:00")
LETTER = tuple(measure.name for measure in registry.on_shelf("letter"))
TALLIED = tuple(m.name for m in registry.on_shelf("letter") if m.tally is not None)
HALF = Period(date(2024, 1, 1), date(2024, 7, 15))


@contextmanager
def from_rows():
    """Let no tally answer."""
    with mock.patch.object(counting, "knows", return_value=False):
        yield


@pytest.fixture
def lived(city):
    """A year of life, half of it folded."""
    life(city, 1, visits=45)
    keeping.fold()
    life(city, 2, visits=25)
    return city


def told(results):
    return [(r.measure.name, r.number, r.slices, r.last_year, r.preceding, r.cut_off) for r in results]


@pytest.mark.parametrize("seed", range(8))
def test_both_ways_lead_to_the_same_number(lived, seed):
    dice = Random(seed)
    areas = lived.areas
    asked = 0
    for _question in range(25):
        start = date(2023, 4, 20) + timedelta(days=dice.randrange(400))
        start = start.replace(day=1) if dice.random() < 0.4 else start
        last = start + timedelta(days=dice.randrange(300))
        place = dice.choice((None, areas.city, areas.east, areas.zone, areas.huaiyin_street, areas.huaiyin))
        filters = {}
        if dice.random() < 0.4:
            filters["agency"] = tuple(dice.sample(("police_station", "fire_brigade", "street_office"), 2))
        if dice.random() < 0.3:
            filters["old"] = (dice.choice(("True", "False")),)
        query = Query(
            LETTER,
            Period(start, last),
            territory=("area", str(place.pk)) if place else None,
            by=dice.choice((None, "county", "street", "community", "month", "week", "agency", "old")),
            tree=dice.choice(("", "", "area", "division")),
            filters=filters,
        )
        compare = dice.random() < 0.5
        kept = queries.answer(query, actor=INSTALLATION, at=NOW, compare=compare)
        with from_rows():
            assert told(kept) == told(queries.answer(query, actor=INSTALLATION, at=NOW, compare=compare)), (
                query
            )
        asked += 1
    assert asked == 25


@pytest.mark.parametrize("seed", range(6))
def test_units_are_those_that_a_count_of_distinct_units_finds(lived, seed):
    dice = Random(seed)
    for _question in range(20):
        start = date(2023, 4, 20) + timedelta(days=dice.randrange(400))
        period = Period(start, start + timedelta(days=dice.randrange(260)))
        for name, more in (
            ("units_inspected", {}),
            ("old_communities_inspected", {"is_old_community": True}),
        ):
            (result,) = queries.answer(Query((name,), period), actor=INSTALLATION, at=NOW)
            seen = VisitPart.objects.filter(
                agency_kind="police_station", visited_on__range=(period.start, period.end), **more
            )
            assert result.value == seen.values("unit").distinct().count()
            assert queries.rows(result.query, actor=INSTALLATION, at=NOW).count() == result.value


def test_the_rest_is_what_plain_sql_says(lived):
    first, last = HALF.start, HALF.end
    result = {
        r.measure.name: r.value for r in queries.answer(Query(LETTER, HALF), actor=INSTALLATION, at=NOW)
    }
    police = {"agency_kind": "police_station"}
    visits = VisitPart.objects.filter(visited_on__range=(first, last))
    found = Finding.objects.filter(counted=True, found_on__range=(first, last), **police)
    ebike = {"is_old_community": True, "top_class": "EB"}
    fines = Penalty.objects.filter(decided_on__range=(first, last), cancelled_on=None, **police)
    paid = Payment.objects.filter(paid_on__range=(first, last), penalty__agency_kind="police_station")
    assert result["visits"] == visits.filter(**police).count()
    assert result["visits_all"] == visits.count() > result["visits"]
    assert result["hazards_found"] == found.count()
    assert result["hazards_found_fixed"] == found.filter(rectified_on__lte=last).count()
    assert result["ebike_hazards_found"] == found.filter(**ebike).count() > 0
    assert result["ebike_hazards_rectified"] == found.filter(rectified_on__lte=last, **ebike).count() > 0
    assert result["ebike_hazards_fixed_in_period"] == (
        Finding.objects.filter(counted=True, rectified_on__range=(first, last), **police, **ebike).count()
    )
    assert result["fines_decided_yuan"] == sum(p.amount for p in fines) > 0
    assert result["fines_decided"] == fines.count()
    assert result["ebike_fines_yuan"] == sum(p.amount for p in fines.filter(**ebike))
    assert result["fines_paid_yuan"] == sum(p.principal for p in paid.filter(penalty__cancelled_on=None)) > 0


def test_months_of_distinct_units_are_each_their_own_and_do_not_add_up(city):
    unit, other = make_unit(city, 1), make_unit(city, 2)
    for day in (date(2024, 1, 5), date(2024, 1, 20), date(2024, 2, 3), date(2024, 4, 1)):
        visit_unit(city, unit, day)
    visit_unit(city, other, date(2024, 2, 10))
    query = Query(("units_inspected", "visits"), Period(date(2024, 1, 1), date(2024, 4, 30)), by="month")
    for how in (mock.patch.object(counting, "knows", counting.knows), from_rows()):
        with how:
            units, visits = queries.answer(query, actor=INSTALLATION, at=NOW)
        assert units.value == 2
        assert [part.number.value for part in units.slices] == [1, 2, 0, 1]
        assert (visits.value, [part.number.value for part in visits.slices]) == (5, [2, 2, 0, 1])
        assert not units.measure.additive_over_time
        for part in units.slices:
            rows = queries.rows(query, actor=INSTALLATION, at=NOW, slice_key=part.key)
            assert rows.count() == part.number.value


def test_a_county_officer_is_answered_from_the_tally_in_few_statements(lived):
    actor = officer(lived.areas.east)
    query = Query(TALLIED, HALF, by="county")
    with CaptureQueriesContext(connection) as asked:
        kept = queries.answer(query, actor=actor, at=NOW)
    assert not [q for q in asked if "inspections_" in q["sql"] or "penalties_" in q["sql"]]
    assert len([q for q in asked if "figures_tallyrow" in q["sql"]]) == 1
    with from_rows():
        assert told(kept) == told(queries.answer(query, actor=actor, at=NOW))


def test_a_reach_that_no_area_says_is_counted_from_the_rows(lived):
    both = officer(lived.areas.east, lived.areas.west)
    query = Query(("visits_all",), HALF)
    with mock.patch.object(queries.places.access, "visible_q", return_value=queries.Q(county__in=[
        lived.areas.east.pk, lived.areas.west.pk
    ])) as door:  # fmt: skip
        try:
            (together,) = queries.answer(query, actor=both, at=NOW)
        finally:
            assert door.called
    single = [
        queries.answer(query, actor=officer(area), at=NOW)[0].value
        for area in (lived.areas.east, lived.areas.west)
    ]
    assert together.value == sum(single)


def test_a_tally_found_wrong_is_not_asked(lived):
    TallyState.objects.filter(name="visits").update(differences=3)
    query = Query(("visits", "hazards_found"), HALF)
    with CaptureQueriesContext(connection) as asked:
        kept = queries.answer(query, actor=INSTALLATION, at=NOW)
    assert any("inspections_visitpart" in q["sql"] for q in asked)
    assert not any("inspections_finding" in q["sql"] for q in asked)
    with from_rows():
        assert told(kept) == told(queries.answer(query, actor=INSTALLATION, at=NOW))


def test_money_without_a_decision_is_refused_on_both_ways(city):
    finding = find(visit_unit(city, make_unit(city, 1), date(2024, 3, 5)))
    fine(finding, date(2024, 3, 6), "75.10")
    query = Query(("fines_decided_yuan", "fines_decided"), HALF, by="county")
    amount, count = queries.answer(query, actor=INSTALLATION, at=NOW)
    assert (amount.value, count.value) == (Decimal("75.10"), 1)
    assert isinstance(amount.value, Decimal)
    nothing = replace(registry.get("fines_decided"), counts=lambda w: queries.Q(pk=-1), tally=None)
    with (
        mock.patch.dict(registry._measures, {"fines_decided": nothing}),
        pytest.raises(FiguresDoNotAddUp, match="fines_decided"),
    ):
        queries.answer(query, actor=INSTALLATION, at=NOW)


def test_more_of_a_part_than_of_its_whole_is_refused(city):
    visit_unit(city, make_unit(city, 1), date(2024, 3, 5))
    keeping.fold()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE figures_tallyrow SET number = 5, since = '2023-01-01' WHERE tally = 'visits'")
        cursor.execute(
            "UPDATE figures_tallyrow SET number = 9 WHERE tally = 'visits' AND street = 0 AND false"
        )
    (units, visits) = queries.answer(Query(("units_inspected", "visits"), HALF), actor=INSTALLATION, at=NOW)
    assert (units.value, visits.value) == (5, 5)
    wider = replace(registry.get("visits"), tally=None)
    with (
        mock.patch.dict(registry._measures, {"visits": wider}),
        pytest.raises(FiguresDoNotAddUp, match="visits"),
    ):
        queries.answer(Query(("units_inspected", "visits"), HALF), actor=INSTALLATION, at=NOW)


def test_an_unknown_filter_is_said_before_anything_is_counted(lived):
    with pytest.raises(Refusal):
        queries.answer(Query(("visits",), HALF, filters={"colour": ("red",)}), actor=INSTALLATION, at=NOW)
