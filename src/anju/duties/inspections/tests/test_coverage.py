"""What is due: moved forward by a visit, derived again when days go back, counted by agency, gathered by site."""

from datetime import date, datetime, time, timedelta

import pytest
from tests.cast import SHANGHAI

from anju.duties.inspections import bulk
from anju.duties.inspections.models import Duty, Finding, Unit, Visit, VisitPart
from anju.duties.inspections.queries import kinds
from anju.duties.inspections.queries import units as queries
from anju.duties.inspections.services import coverage, register
from anju.ground.access.actors import SYSTEM
from anju.ground.foundation.refusals import Refusal


@pytest.fixture
def shops(city, friday_9am):
    """Three shops of the station, on the register since the first day of 2023."""
    rows = [
        bulk.Row(
            kind="small_shop", name=f"小店{n}（演示）", area_id=city.areas.huaiyin.pk, address="演示路9号",
            registered_on=date(2023, 1, 1),
        )
        for n in range(3)
    ]  # fmt: skip
    ids = bulk.enter(rows, by=SYSTEM, at=friday_9am)
    return [Unit.objects.get(pk=pk) for pk in ids]


def visited(unit, agency, day):
    """Leave the rows that a finished visit leaves."""
    place = {c: getattr(unit, c) for c in ("city_id", "county_id", "street_id", "community_id")}
    at = datetime.combine(day, time(10), tzinfo=SHANGHAI)
    visit = Visit.objects.create(
        unit=unit, kind="daily", state="finished", agency=agency, visited_on=day, finished_at=at, **place
    )
    return VisitPart.objects.create(
        visit=visit, unit=unit, unit_kind=unit.kind, kind="daily", agency=agency, agency_kind=agency.kind,
        checklist="unit", edition=date(2020, 9, 1), conclusion="clean", visited_on=day, **place,
    )  # fmt: skip


def test_a_visit_moves_what_is_due_a_period_forward_and_an_older_one_changes_nothing(city, shops):
    unit, police = shops[0], city.offices.police
    coverage.visited_all([(unit.pk, police.pk, date(2024, 2, 29))])
    duty = Duty.objects.get(unit=unit)
    assert (duty.last_on, duty.due_on) == (date(2024, 2, 29), date(2025, 2, 28))
    coverage.visited_all([(unit.pk, police.pk, date(2023, 5, 1))])
    duty.refresh_from_db()
    assert duty.last_on == date(2024, 2, 29)
    unit.refresh_from_db()
    assert unit.last_visited_on == date(2024, 2, 29)


def test_another_agencys_visit_does_nothing_for_this_ones_duty(city, shops):
    coverage.visited_all([(shops[0].pk, city.offices.fire.pk, date(2024, 3, 1))])
    assert Duty.objects.get(unit=shops[0]).last_on is None


def test_many_visits_are_one_statement(city, shops, django_assert_num_queries):
    police = city.offices.police.pk
    with django_assert_num_queries(2):
        coverage.visited_all(
            [(unit.pk, police, date(2024, month, 1)) for unit in shops for month in (1, 3, 2)]
        )
    assert {d.last_on for d in Duty.objects.filter(unit__in=shops)} == {date(2024, 3, 1)}


def test_when_a_visit_is_taken_back_the_day_before_counts_again(city, shops):
    unit, police = shops[0], city.offices.police
    visited(unit, police, date(2024, 1, 10))
    last = visited(unit, police, date(2024, 6, 10))
    coverage.recompute([unit.pk])
    assert Duty.objects.get(unit=unit).due_on == date(2025, 6, 10)
    VisitPart.objects.filter(pk=last.pk).update(visited_on=None)
    coverage.recompute([unit.pk])
    duty = Duty.objects.get(unit=unit)
    assert (duty.last_on, duty.due_on) == (date(2024, 1, 10), date(2025, 1, 10))
    VisitPart.objects.filter(unit=unit).update(visited_on=None)
    coverage.recompute(None)
    duty.refresh_from_db()
    unit.refresh_from_db()
    assert (duty.last_on, duty.due_on, unit.last_visited_on) == (None, date(2024, 1, 1), None)


def test_coverage_of_a_station(city, shops, police_officer, friday_9am):
    coverage.visited_all([(shops[0].pk, city.offices.police.pk, date(2024, 7, 1))])
    coverage.visited_all([(shops[1].pk, city.offices.police.pk, date(2023, 8, 1))])
    rows = queries.coverage_by_agency(
        police_officer.actor(friday_9am), on=friday_9am.date(), kind="police_station"
    )
    police = next(row for row in rows if row.agency == city.offices.police)
    others = Duty.objects.filter(agency=city.offices.police, active=True).exclude(unit__in=shops).count()
    assert police.listed == 3 + others
    assert police.done == 1
    # The second is due on 1 August, the third since the first day of the year.
    assert police.soon == 1
    assert police.overdue >= 1
    assert police.share == round(100 / police.listed, 1)


def test_coverage_of_one_community(city, shops, county_supervisor, friday_9am):
    by, day = county_supervisor.actor(friday_9am), friday_9am.date()
    listed = {
        key: sum(
            row.listed
            for row in queries.coverage_by_agency(
                by, on=day, kind="police_station", area=getattr(city.areas, key).pk if key else None
            )
        )
        for key in ("", "east", "huaiyin_street", "hebin_street", "huaiyin", "liuyuan")
    }
    assert listed[""] == listed["east"] == listed["huaiyin_street"] + listed["hebin_street"]
    assert listed["huaiyin_street"] == listed["huaiyin"] + listed["liuyuan"]
    assert listed["huaiyin"] >= 3


@pytest.mark.parametrize(
    ("scope", "found"), [("overdue", {2}), ("soon", {1}), ("done", {0}), ("listed", {0, 1, 2})]
)
def test_what_is_due_opens_by_what_was_counted(city, shops, police_officer, friday_9am, scope, found):
    coverage.visited_all([(shops[0].pk, city.offices.police.pk, date(2024, 7, 1))])
    coverage.visited_all([(shops[1].pk, city.offices.police.pk, date(2023, 8, 1))])
    page = queries.due_page(
        police_officer.actor(friday_9am), on=friday_9am.date(), scope=scope, agency=city.offices.police.pk
    )
    ours = {n for n, unit in enumerate(shops) if any(d.unit_id == unit.pk for d in page.rows)}
    assert ours == found


def test_nothing_is_due_to_somebody_of_another_county(city, shops, outsider, friday_9am):
    page = queries.due_page(outsider.actor(friday_9am), on=friday_9am.date(), scope="listed", size=500)
    assert {d.county_id for d in page.rows} <= {city.areas.west.pk}


def test_several_checks_of_one_site_are_one_offer(city, shops, police_officer, street_officer, friday_9am):
    """An estate is owed by the station, the street and the housing bureau; the shops by the station alone."""
    due = friday_9am.date() - timedelta(days=3)
    Duty.objects.filter(unit__estate=city.estates.huaiyin).update(due_on=due)
    Duty.objects.filter(unit__in=shops).update(due_on=due)
    for member, own in ((police_officer, city.offices.police), (street_officer, city.offices.huaiyin_office)):
        sites = queries.sites_due(member.actor(friday_9am), on=friday_9am.date(), own=[own.pk])
        site = next(s for s in sites if s.name == "槐荫小区")
        assert {a.pk for a in site.agencies} == {
            city.offices.police.pk, city.offices.huaiyin_office.pk, city.offices.east_housing.pk,
        }  # fmt: skip
        assert own.pk in {a.pk for a in site.agencies}
        assert all(len(s.agencies) > 1 for s in sites)
    Visit.objects.create(
        unit=Unit.objects.get(kind="estate", estate=city.estates.huaiyin), kind="joint", state="planned",
        agency=city.offices.police, planned_for=friday_9am.date(),
    )  # fmt: skip
    sites = queries.sites_due(
        police_officer.actor(friday_9am), on=friday_9am.date(), own=[city.offices.police.pk]
    )
    assert "槐荫小区" not in {s.name for s in sites}


def test_units_at_one_address_are_one_site(city, shops, friday_9am):
    assert len({queries.site_key(unit) for unit in shops}) == 1
    shops[0].address = ""
    assert queries.site_key(shops[0]) == f"u{shops[0].pk}"


def test_joined_units_are_one_in_the_count_and_two_again_when_parted(city, shops, friday_9am):
    """A unit is counted once in a period: of a joined pair only the first part has no day before it."""
    keep, gone = shops[0], shops[1]
    police = city.offices.police
    first = visited(keep, police, date(2024, 1, 10))
    second = visited(gone, police, date(2024, 3, 10))
    register.set_flag(
        unit_id=gone.pk, flag="focus", on=True, since=date(2024, 1, 1), by=SYSTEM, at=friday_9am, basis="名单"
    )
    register.merge_units(keep_id=keep.pk, gone_id=gone.pk, reason="现场核对", by=SYSTEM, at=friday_9am)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.previous_on, second.previous_on, second.unit_id) == (None, date(2024, 1, 10), keep.pk)
    assert Duty.objects.get(unit=keep, active=True).last_on == date(2024, 3, 10)
    assert not Duty.objects.filter(unit=gone, active=True).exists()
    assert "focus" in kinds.flags_on(keep, on=friday_9am.date())
    with pytest.raises(Refusal, match="已并入另一个对象"):
        register.merge_units(keep_id=keep.pk, gone_id=gone.pk, reason="再来", by=SYSTEM, at=friday_9am)
    register.separate_units(gone_id=gone.pk, reason="两家", by=SYSTEM, at=friday_9am)
    second.refresh_from_db()
    assert (second.previous_on, second.unit_id) == (None, gone.pk)
    assert "focus" not in kinds.flags_on(keep, on=friday_9am.date())
    assert Duty.objects.get(unit=keep, active=True).last_on == date(2024, 1, 10)
    assert Duty.objects.get(unit=gone, active=True).last_on == date(2024, 3, 10)


@pytest.mark.parametrize(("reason", "said"), [("", "写明依据")])
def test_a_merger_needs_a_reason_and_two_units(shops, friday_9am, reason, said):
    with pytest.raises(Refusal, match=said):
        register.merge_units(
            keep_id=shops[0].pk, gone_id=shops[1].pk, reason=reason, by=SYSTEM, at=friday_9am
        )
    with pytest.raises(Refusal, match="同一条记录"):
        register.merge_units(keep_id=shops[0].pk, gone_id=shops[0].pk, reason="x", by=SYSTEM, at=friday_9am)


def test_two_estates_are_never_one(city, friday_9am):
    one, other = (
        Unit.objects.get(kind="estate", estate=e) for e in (city.estates.huaiyin, city.estates.railway)
    )
    with pytest.raises(Refusal, match="两个不同的小区"):
        register.merge_units(keep_id=one.pk, gone_id=other.pk, reason="x", by=SYSTEM, at=friday_9am)


@pytest.mark.parametrize(
    ("fixed", "waiting", "shown"),
    [(0, 0, (0, 0)), (30, 20, (50, 30)), (30, 2, (32, None)), (3, 0, (None, None))],
)
def test_the_public_reads_of_checks_what_betrays_nobody(city, client, friday_9am, fixed, waiting, shown):
    unit = Unit.objects.get(kind="estate", estate=city.estates.huaiyin)
    part = visited(unit, city.offices.police, date(2024, 7, 1))
    Finding.objects.bulk_create(
        Finding(
            visit=part.visit, part=part, unit=unit, unit_kind="estate", class_code="EB01", top_class="EB",
            severity="general", agency=part.agency, agency_kind="police_station", found_on=date(2024, 7, 1),
            counted=True, rectified_on=date(2024, 7, 2) if n < fixed else None,
        )
        for n in range(fixed + waiting)
    )  # fmt: skip
    found = queries.public_checks(city.estates.huaiyin, on=friday_9am.date())
    assert (found.visits, found.last_on) == (1, date(2024, 7, 1))
    assert (found.found, found.fixed) == shown
    assert found.found is None or found.fixed is None or found.found >= found.fixed
    page = client.get(f"/estates/{city.estates.huaiyin.pk}/").content.decode()
    assert "消防安全检查" in page and "2024-07-01" in page
