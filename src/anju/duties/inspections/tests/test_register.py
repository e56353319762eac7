"""The register: adding with place, agency, flags and duties; changing, ending, joining; following records below."""

from datetime import date, timedelta

import pytest

from anju.duties.inspections import bulk
from anju.duties.inspections.listeners import units as units_listeners
from anju.duties.inspections.models import Duty, Unit, UnitFlag
from anju.duties.inspections.queries import kinds
from anju.duties.inspections.services import register
from anju.ground.access.actors import SYSTEM
from anju.ground.access.services import visible
from anju.ground.foundation import journal
from anju.ground.foundation.refusals import Conflict, NeedsConfirmation, NotFound, NotPermitted, Refusal
from anju.ground.organisations import services as organisations
from anju.ground.territory import services as territory

assert units_listeners  # subscribed


@pytest.fixture
def eatery(city, friday_9am):
    return register.add_unit(
        kind="small_eatery", name="老街面馆（演示）", area=city.areas.huaiyin, address="演示路2号", by=SYSTEM,
        at=friday_9am, is_demo=True,
    )  # fmt: skip


def duties(unit):
    return sorted(
        Duty.objects.filter(unit=unit, active=True).values_list("agency__name", "checklist"),
    )


# --- Adding -------------------------------------------------------------------------------------------------------


def test_a_new_unit_knows_its_place_its_agency_and_what_is_due(city, eatery):
    assert (eatery.city_id, eatery.county_id) == (city.areas.city.pk, city.areas.east.pk)
    assert (eatery.street_id, eatery.community_id) == (city.areas.huaiyin_street.pk, city.areas.huaiyin.pk)
    assert eatery.division_id == city.divisions.huaiyin.pk
    assert eatery.agency == city.offices.police and eatery.level == 4
    assert eatery.initials.startswith("ljmg") and eatery.name_key == "老街面馆演示"
    duty = Duty.objects.get(unit=eatery)
    assert (duty.agency_id, duty.checklist, duty.last_on) == (city.offices.police.pk, "unit", None)
    assert duty.due_on == date(2025, 7, 12)
    assert (duty.county_id, duty.street_id) == (eatery.county_id, eatery.street_id)


def test_the_station_of_two_streets_covers_both(city, friday_9am):
    unit = register.add_unit(
        kind="small_shop", name="河滨便利店（演示）", area=city.areas.hebin, by=SYSTEM, at=friday_9am
    )
    assert unit.agency == city.offices.police


def test_where_no_station_is_the_street_supervises_and_nobody_owes_what_nobody_can_do(city, friday_9am):
    unit = register.add_unit(
        kind="small_shop", name="山前小店（演示）", area=city.areas.shanqian, by=SYSTEM, at=friday_9am
    )
    assert unit.agency == city.offices.shanqian_office
    assert duties(unit) == []


def test_a_key_fire_unit_is_the_fire_agencys(city, friday_9am):
    unit = register.add_unit(
        kind="key_fire_unit", name="大商场（演示）", area=city.areas.huaiyin, by=SYSTEM, at=friday_9am
    )
    assert unit.agency == city.offices.fire and unit.level == 3
    assert duties(unit) == [(city.offices.fire.name, "unit")]


def test_the_same_request_twice_is_one_unit(city, wang, friday_9am):
    by = wang.actor(friday_9am)
    asked = {
        "kind": "street_shop",
        "name": "门店（演示）",
        "area": city.areas.huaiyin,
        "by": by,
        "at": friday_9am,
    }
    first = register.add_unit(**asked, key="k-1")
    assert register.add_unit(**asked, key="k-1") == first
    with pytest.raises(Conflict):
        register.add_unit(**(asked | {"name": "另一家（演示）"}), key="k-1")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"kind": "castle"}, "没有“castle”"),
        ({"name": "  "}, "请填写名称"),
        ({"flags": ["old_community"]}, "由小区档案算出"),
        ({"flags": ["nothing"]}, "没有“nothing”"),
    ],
)
def test_what_cannot_be_entered_is_refused_with_a_sentence(city, wang, friday_9am, changed, said):
    asked = {"kind": "street_shop", "name": "门店（演示）", "area": city.areas.huaiyin} | changed
    with pytest.raises(Refusal, match=said):
        register.add_unit(**asked, by=wang.actor(friday_9am), at=friday_9am)
    assert not Unit.objects.filter(name__contains="门店").exists()


def test_a_second_one_of_the_same_name_wants_a_confirmation(city, eatery, friday_9am):
    asked = {"kind": "small_eatery", "name": "老街面馆 (演示)", "area": city.areas.huaiyin}
    with pytest.raises(NeedsConfirmation, match="已有同类同名"):
        register.add_unit(**asked, by=SYSTEM, at=friday_9am)
    assert register.add_unit(**asked, by=SYSTEM, at=friday_9am, insist=True) != eatery


def test_nobody_enters_units_in_a_place_they_do_not_reach(city, wang, grid_worker, friday_9am):
    asked = {"kind": "small_shop", "name": "小店（演示）", "at": friday_9am}
    with pytest.raises(NotFound):
        register.add_unit(**asked, area=city.areas.shanqian, by=wang.actor(friday_9am))
    with pytest.raises(NotPermitted):
        register.add_unit(**asked, area=city.areas.huaiyin, by=grid_worker.actor(friday_9am))


# --- Flags --------------------------------------------------------------------------------------------------------


def test_a_flag_holds_from_its_day_to_its_day(eatery, friday_9am):
    day = friday_9am.date()
    register.set_flag(
        unit_id=eatery.pk, flag="crowded", on=True, since=day - timedelta(days=9), by=SYSTEM, at=friday_9am
    )
    assert kinds.flags_on(eatery, on=day) == {"crowded"}
    assert kinds.flags_on(eatery, on=day - timedelta(days=10)) == frozenset()
    register.set_flag(unit_id=eatery.pk, flag="crowded", on=False, since=day, by=SYSTEM, at=friday_9am)
    assert kinds.flags_on(eatery, on=day) == frozenset()
    assert kinds.flags_on(eatery, on=day - timedelta(days=1)) == {"crowded"}


def test_the_flag_of_a_key_unit_brings_the_fire_agency_and_its_end_takes_it_away(city, eatery, friday_9am):
    day = friday_9am.date()
    register.set_flag(unit_id=eatery.pk, flag="key_fire_unit", on=True, since=day, by=SYSTEM, at=friday_9am)
    eatery.refresh_from_db()
    assert eatery.agency == city.offices.fire
    assert (city.offices.fire.name, "unit") in duties(eatery)
    register.set_flag(unit_id=eatery.pk, flag="key_fire_unit", on=False, since=day, by=SYSTEM, at=friday_9am)
    eatery.refresh_from_db()
    assert eatery.agency == city.offices.police
    assert duties(eatery) == [(city.offices.police.name, "unit")]


@pytest.mark.parametrize(("flag", "days", "said"), [("high_rise", 0, "列出的标记"), ("crowded", 1, "将来")])
def test_a_derived_flag_and_a_flag_of_tomorrow_are_refused(eatery, friday_9am, flag, days, said):
    with pytest.raises(Refusal, match=said):
        register.set_flag(
            unit_id=eatery.pk, flag=flag, on=True, since=friday_9am.date() + timedelta(days=days), by=SYSTEM,
            at=friday_9am,
        )  # fmt: skip


# --- Changing and ending ------------------------------------------------------------------------------------------


def test_a_unit_that_moves_goes_to_the_agency_of_its_new_place(city, eatery, friday_9am):
    register.edit_unit(unit_id=eatery.pk, changes={}, area=city.areas.shanqian, by=SYSTEM, at=friday_9am)
    eatery.refresh_from_db()
    assert eatery.county_id == city.areas.west.pk
    assert eatery.agency == city.offices.shanqian_office
    assert duties(eatery) == []


def test_an_agency_chosen_by_a_person_stays(city, eatery, friday_9am):
    other = organisations.create_organisation(
        kind="police_station",
        name="东湖分局第二派出所（演示）",
        area=city.areas.hebin_street,
        by=SYSTEM,
        at=friday_9am,
    )
    register.edit_unit(unit_id=eatery.pk, changes={}, agency=other, by=SYSTEM, at=friday_9am)
    register.edit_unit(unit_id=eatery.pk, changes={"phone": "0373-0000000"}, by=SYSTEM, at=friday_9am)
    register.set_flag(
        unit_id=eatery.pk, flag="crowded", on=True, since=friday_9am.date(), by=SYSTEM, at=friday_9am
    )
    eatery.refresh_from_db()
    assert eatery.agency == other


def test_the_journal_keeps_before_and_after(eatery, wang, friday_9am):
    register.edit_unit(
        unit_id=eatery.pk,
        changes={"responsible": "周某"},
        by=wang.actor(friday_9am),
        at=friday_9am,
        key="e-1",
    )
    register.edit_unit(
        unit_id=eatery.pk,
        changes={"responsible": "周某"},
        by=wang.actor(friday_9am),
        at=friday_9am,
        key="e-1",
    )
    edited = list(journal.events_named(eatery, "inspections.edit_unit"))
    assert [e.data["changed"] for e in edited] == [{"responsible": ["", "周某"]}]


def test_what_is_as_it_was_leaves_no_event(eatery, wang, friday_9am):
    one = {"unit_id": eatery.pk, "by": wang.actor(friday_9am), "at": friday_9am}
    before = len(journal.events_of(eatery))
    assert register.edit_unit(**one, changes={"name": eatery.name}, kind=eatery.kind).pk == eatery.pk
    register.unflag_unit(**one, flag="focus")
    for _twice in range(2):
        register.flag_unit(**one, flag="focus")
    assert [event.name for event in journal.events_of(eatery)][before:] == ["inspections.flag_unit"]


def test_a_person_names_an_estate_and_an_agency_of_the_place(city, eatery, wang, friday_9am):
    one = {"unit_id": eatery.pk, "by": wang.actor(friday_9am), "at": friday_9am}
    with pytest.raises(Refusal, match="小区中选择"):
        register.edit_unit(**one, estate=city.estates.shanqian)
    with pytest.raises(Refusal, match="列出的监管单位"):
        register.edit_unit(**one, agency=city.offices.shanqian_office)
    assert register.edit_unit(**one, estate=city.estates.huaiyin).estate == city.estates.huaiyin


def test_an_estate_is_one_unit_whoever_enters_changes_or_parts_it(city, eatery, wang, friday_9am):
    one = {"estate": city.estates.huaiyin, "by": wang.actor(friday_9am), "at": friday_9am}
    with pytest.raises(Refusal, match="已经登记为检查对象"):
        register.add_unit(kind="estate", name="槐荫小区二期", area=city.areas.huaiyin, **one)
    with pytest.raises(Refusal, match="已经登记为检查对象"):
        register.edit_unit(unit_id=eatery.pk, kind="estate", **one)
    own = Unit.objects.get(kind="estate", estate=city.estates.huaiyin)
    told = {"gone_id": own.pk, "reason": "现场核对", "by": SYSTEM, "at": friday_9am}
    register.merge_units(keep_id=eatery.pk, **told)
    register.ensure_unit_for_estate(city.estates.huaiyin, by=SYSTEM, at=friday_9am)
    with pytest.raises(Refusal, match="已经登记为检查对象"):
        register.separate_units(**told)


def test_an_ended_unit_is_owed_nothing_and_stays_as_it_is(eatery, friday_9am):
    day = friday_9am.date()
    with pytest.raises(Refusal, match="注销原因"):
        register.end_unit(unit_id=eatery.pk, ended_on=day, reason=" ", by=SYSTEM, at=friday_9am)
    with pytest.raises(Refusal, match="将来"):
        register.end_unit(
            unit_id=eatery.pk, ended_on=day + timedelta(days=1), reason="关闭", by=SYSTEM, at=friday_9am
        )
    register.end_unit(unit_id=eatery.pk, ended_on=day, reason="关闭", by=SYSTEM, at=friday_9am)
    assert duties(eatery) == []
    with pytest.raises(Refusal, match="已注销"):
        register.edit_unit(unit_id=eatery.pk, changes={"name": "新名"}, by=SYSTEM, at=friday_9am)
    register.settle([eatery.pk], on=day)
    assert duties(eatery) == []


def test_another_county_finds_nothing(eatery, outsider, friday_9am):
    by = outsider.actor(friday_9am)
    assert not visible(Unit, to=by, power="inspections.see").filter(pk=eatery.pk).exists()
    for act in (
        lambda: register.edit_unit(unit_id=eatery.pk, changes={"name": "x"}, by=by, at=friday_9am),
        lambda: register.end_unit(
            unit_id=eatery.pk, ended_on=friday_9am.date(), reason="x", by=by, at=friday_9am
        ),
    ):
        with pytest.raises(NotFound):
            act()


# --- Following ----------------------------------------------------------------------------------------------------


def test_units_follow_estates_companies_and_committees(city):
    estate = Unit.objects.get(kind="estate", estate=city.estates.huaiyin)
    assert kinds.flags_on(estate, on=date(2024, 1, 1)) == {"old_community", "managed"}
    assert duties(estate) == sorted(
        [
            (city.offices.police.name, "old_community"),
            (city.offices.huaiyin_office.name, "ebike"),
            (city.offices.east_housing.name, "conduct"),
        ]
    )
    assert Unit.objects.filter(kind="property_company", organisation=city.offices.company).count() == 1
    committee = Unit.objects.get(kind="residents_committee", organisation=city.offices.huaiyin_community)
    # The station was entered after the committee; it owes the check all the same.
    assert duties(committee) == [(city.offices.police.name, "residents_committee")]


def test_an_estate_that_turns_out_newer_is_no_longer_old_from_that_day(city, friday_9am):
    unit = Unit.objects.get(kind="estate", estate=city.estates.huaiyin)
    territory.edit_estate(
        estate_id=city.estates.huaiyin.pk, changes={"year_built": 2003, "is_high_rise": True}, by=SYSTEM,
        at=friday_9am,
    )  # fmt: skip
    assert kinds.flags_on(unit, on=friday_9am.date()) == {"high_rise", "managed"}
    assert "old_community" in kinds.flags_on(unit, on=date(2024, 7, 11))
    assert (city.offices.police.name, "property_company") in duties(unit)
    assert (city.offices.police.name, "old_community") not in duties(unit)
    territory.list_old(estate_id=city.estates.huaiyin.pk, listed=True, by=SYSTEM, at=friday_9am, basis="名单")
    assert "old_community" in kinds.flags_on(unit, on=friday_9am.date())


def test_an_estate_that_loses_its_company_owes_no_check_of_a_companys_conduct(city, friday_9am):
    unit = Unit.objects.get(kind="estate", estate=city.estates.huaiyin)
    conduct = (city.offices.east_housing.name, "conduct")
    assert conduct in duties(unit)
    railway = Unit.objects.get(kind="estate", estate=city.estates.railway)
    assert conduct not in duties(railway)
    contract = city.estates.huaiyin.contracts.get()
    organisations.end_contract(
        contract_id=contract.pk, last_day=date(2024, 7, 10), reason="到期", by=SYSTEM, at=friday_9am
    )
    assert conduct not in duties(unit)
    organisations.sign_contract(
        company=city.offices.company,
        estate=city.estates.railway,
        valid_from=date(2024, 7, 1),
        by=SYSTEM,
        at=friday_9am,
    )
    assert conduct in duties(railway)


def test_a_renamed_estate_keeps_its_one_unit(city, friday_9am):
    territory.edit_estate(
        estate_id=city.estates.huaiyin.pk, changes={"name": "槐荫花园"}, by=SYSTEM, at=friday_9am
    )
    assert [u.name for u in Unit.objects.filter(kind="estate", estate=city.estates.huaiyin)] == ["槐荫花园"]


# --- Many at once -------------------------------------------------------------------------------------------------


def test_many_units_are_stamped_as_one_would_be(city, friday_9am):
    rows = [
        bulk.Row(
            kind=["small_shop", "rental_house", "key_fire_unit"][n % 3], name=f"批量{n}（演示）", area_id=area.pk,
            registered_on=date(2023, 1, 1), flags=("crowded",) if n % 2 else (), source_key=f"demo-{n}", is_demo=True,
        )
        for n, area in enumerate([city.areas.huaiyin, city.areas.hebin, city.areas.shanqian] * 100)
    ]  # fmt: skip
    ids = bulk.enter(rows, by=SYSTEM, at=friday_9am)
    assert len(set(ids)) == 300
    for number in (0, 1, 5):
        here = Unit.objects.get(pk=ids[number])
        row = rows[number]
        one = register.add_unit(
            kind=row.kind, name=row.name, area=here.area, flags=row.flags, registered_on=row.registered_on,
            by=SYSTEM, at=friday_9am, insist=True,
        )  # fmt: skip
        same = (
            "name_key",
            "initials",
            "agency_id",
            "level",
            "city_id",
            "county_id",
            "street_id",
            "community_id",
            "division_id",
        )
        assert [getattr(here, c) for c in same] == [getattr(one, c) for c in same]
        assert duties(here) == duties(one)
        assert kinds.flags_on(here, on=friday_9am.date()) == kinds.flags_on(one, on=friday_9am.date())
    assert bulk.enter(rows, by=SYSTEM, at=friday_9am) == ids
    assert Unit.objects.filter(source_key__startswith="demo-").count() == 300
    assert UnitFlag.objects.filter(unit__in=ids).count() == 150


def test_an_estate_in_a_ledger_is_the_unit_that_is_there(city, friday_9am):
    row = bulk.Row(
        kind="estate", name="槐荫小区", area_id=city.areas.huaiyin.pk, estate_id=city.estates.huaiyin.pk,
        registered_on=date(2023, 1, 1), source_key="demo-e",
    )  # fmt: skip
    ids = bulk.enter([row], by=SYSTEM, at=friday_9am)
    assert ids == [Unit.objects.get(kind="estate", estate=city.estates.huaiyin).pk]


def test_a_wrong_row_is_named_by_its_number(city, friday_9am):
    good = bulk.Row(
        kind="small_shop", name="好（演示）", area_id=city.areas.huaiyin.pk, registered_on=date(2023, 1, 1)
    )
    bad = bulk.Row(
        kind="castle", name="坏（演示）", area_id=city.areas.huaiyin.pk, registered_on=date(2023, 1, 1)
    )
    with pytest.raises(Refusal, match="第2行"):
        bulk.enter([good, bad], by=SYSTEM, at=friday_9am)
    assert not Unit.objects.filter(name="好（演示）").exists()
