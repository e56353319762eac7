"""Estates: entered, edited, listed as old, and brought up to date from ledgers."""

import pytest
from tests.cast import Builder

from anju.ground.foundation import journal
from anju.ground.foundation.coordinates import System
from anju.ground.foundation.refusals import NotFound, Refusal
from anju.ground.territory import queries, services
from anju.ground.territory.models import Estate
from anju.ground.territory.queries import boundaries

BY = Builder()


def test_a_new_estate_has_key_initials_and_buildings(city, friday_9am):
    kept = services.create_estate(
        name=" 金域·蓝湾  二期 ",
        area=city.areas.hebin,
        buildings=("1号楼", "1号楼", "2号楼"),
        by=BY,
        at=friday_9am,
    )
    assert kept.estate.name == "金域·蓝湾 二期"
    assert kept.estate.name_key == "金域蓝湾二期"
    assert kept.estate.initials == "jylweq"
    assert kept.estate.buildings.count() == 2
    assert [event.name for event in journal.events_of(kept.estate)] == ["territory.create_estate"]


@pytest.mark.parametrize("name", ["槐荫小区", "槐荫 小区", "槐荫·小区"])
def test_the_same_name_twice_in_a_community_is_refused(city, friday_9am, name):
    with pytest.raises(Refusal, match="已有小区") as refusal:
        services.create_estate(name=name, area=city.areas.huaiyin, by=BY, at=friday_9am)
    assert refusal.value.field == "name"


def test_the_same_name_in_another_community_is_another_estate(city, friday_9am):
    services.create_estate(name="槐荫小区", area=city.areas.hebin, by=BY, at=friday_9am)
    assert {e.area.name for e in queries.search_estates("槐荫小区")} == {"槐荫社区", "河滨社区"}


def test_an_estate_stands_in_a_community_not_in_a_street(city, friday_9am):
    with pytest.raises(Refusal, match="社区"):
        services.create_estate(name="某小区", area=city.areas.huaiyin_street, by=BY, at=friday_9am)
    with pytest.raises(Refusal, match="名称"):
        services.create_estate(name=" · ", area=city.areas.huaiyin, by=BY, at=friday_9am)


def test_swapped_coordinates_are_put_right_and_said(city, friday_9am):
    kept = services.create_estate(
        name="新苑", area=city.areas.hebin, point=(35.30, 113.90), by=BY, at=friday_9am
    )
    assert (kept.estate.longitude, kept.estate.latitude) == (113.90, 35.30)
    assert "swapped" in kept.warnings


def test_a_point_of_a_chinese_map_is_stored_as_wgs84(city, friday_9am):
    kept = services.create_estate(
        name="新苑",
        area=city.areas.hebin,
        point=(113.878158, 35.302684),
        system=System.GCJ02,
        by=BY,
        at=friday_9am,
    )
    assert kept.estate.longitude == pytest.approx(113.872205, abs=2e-5)
    assert kept.estate.latitude == pytest.approx(35.303266, abs=2e-5)
    assert kept.estate.coordinate_source == "gcj02"


def test_a_point_outside_of_the_county_is_kept_and_warned_of(city, friday_9am):
    kept = services.create_estate(
        name="新苑", area=city.areas.hebin, point=(116.4, 39.9), by=BY, at=friday_9am
    )
    assert kept.warnings == ["outside_county"]
    assert kept.estate.longitude == 116.4


def test_the_county_of_a_point_is_known():
    assert boundaries.county_code_at(113.872205, 35.303266) == "410702"
    assert boundaries.county_code_at(116.4, 39.9) is None
    assert boundaries.lies_near(113.872205, 35.303266, code="410702") is True
    assert boundaries.lies_near(113.872205, 35.303266, code="410783") is False
    # A zone has no polygon of its own: anywhere in the city will do.
    assert boundaries.lies_near(113.872205, 35.303266, code="410771") is True


def test_an_edit_keeps_what_was_before_in_the_journal(city, li, friday_9am):
    estate = city.estates.huaiyin
    kept = services.edit_estate(
        estate_id=estate.pk,
        changes={"households": 640, "id": 99, "is_demo": False},
        by=li.actor(friday_9am),
        at=friday_9am,
    )
    assert kept.done == "changed"
    event = journal.events_of(estate)[-1]
    assert event.data["changed"] == {"households": [620, 640]}
    assert event.actor_name == "李敏"
    assert Estate.objects.get(pk=estate.pk).is_demo


def test_an_edit_that_changes_nothing_leaves_no_trace(city, friday_9am):
    estate = city.estates.huaiyin
    before = len(journal.events_of(estate))
    kept = services.edit_estate(estate_id=estate.pk, changes={"households": 620}, by=BY, at=friday_9am)
    assert (kept.done, len(journal.events_of(estate))) == ("unchanged", before)


def test_a_ledger_brings_an_estate_up_to_date_once(city, friday_9am):
    facts = {
        "name": "柳园　新村",
        "area": city.areas.liuyuan,
        "households": 1130,
        "year_built": None,
        "by": BY,
        "at": friday_9am,
    }
    first, second = services.upsert_estate(**facts), services.upsert_estate(**facts)
    assert (first.done, second.done) == ("changed", "unchanged")
    estate = Estate.objects.get(pk=city.estates.liuyuan.pk)
    # What the ledger leaves empty stays as it is.
    assert (estate.households, estate.year_built) == (1130, 2012)


def test_listing_as_old_needs_a_document(city, friday_9am):
    estate = city.estates.hebin
    with pytest.raises(Refusal, match="文号"):
        services.list_old(estate_id=estate.pk, listed=True, basis=" ", by=BY, at=friday_9am)
    assert not queries.estate_is_old(estate, on=friday_9am.date())
    estate = services.list_old(
        estate_id=estate.pk, listed=True, basis="试政〔2024〕3号", by=BY, at=friday_9am
    )
    assert queries.estate_is_old(estate, on=friday_9am.date())
    found = Estate.objects.filter(queries.old_q(on=friday_9am.date()))
    assert set(found.values_list("name", flat=True)) == {"槐荫小区", "铁路家属院", "山前家园", "河滨花园"}


def test_a_frequent_name_is_narrowed_by_the_names_of_its_place(city, friday_9am):
    for area, most in ((city.areas.hebin, 14), (city.areas.shanqian, 3)):
        Estate.objects.bulk_create(
            Estate(name=f"槐荫{n:02}院", initials=f"hy{n:02}y", area=area) for n in range(most)
        )
    found = queries.public_search("槐荫", limit=12)
    assert found.more and len(found.places) == 12
    assert dict(found.counties) == {"东湖区": 15, "西山县": 3}
    assert {e.area for e in queries.search_estates("槐荫 西山")} == {city.areas.shanqian}
    assert {e.area for e in queries.search_estates("hy 西山县")} == {city.areas.shanqian}
    narrowed = queries.public_search("槐荫 西山县", limit=12)
    assert not narrowed.more and len(narrowed.places) == 3


def test_the_verbs_themselves_ask_for_the_place(city, street_officer, friday_9am):
    """Also where no page has asked before: nothing is entered in another county, or moved there."""
    told = {"by": street_officer.actor(friday_9am), "at": friday_9am}
    estate = services.create_estate(name="新苑", area=city.areas.liuyuan, **told).estate
    with pytest.raises(NotFound):
        services.create_estate(name="新苑", area=city.areas.shanqian, **told)
    with pytest.raises(NotFound):
        services.edit_estate(estate_id=estate.pk, changes={}, area=city.areas.shanqian, **told)
    with pytest.raises(NotFound):
        services.list_old(estate_id=city.estates.shanqian.pk, listed=True, basis="试政〔2024〕3号", **told)


def test_the_point_that_an_estate_has_comes_back_from_a_page_and_changes_nothing(city, friday_9am):
    estate = city.estates.huaiyin
    Estate.objects.filter(pk=estate.pk).update(longitude=113.90120004, latitude=35.30339996)
    shown = (113.901200, 35.303400)
    kept = services.edit_estate(estate_id=estate.pk, changes={}, point=shown, by=BY, at=friday_9am)
    assert kept.done == "unchanged"
    moved = services.edit_estate(
        estate_id=estate.pk, changes={}, point=(113.9013, 35.3034), by=BY, at=friday_9am
    )
    assert (moved.done, moved.estate.longitude) == ("changed", 113.9013)


def test_a_double_click_on_a_new_estate_warns_twice_and_enters_once(city, friday_9am):
    given = {
        "name": "新苑",
        "area": city.areas.hebin,
        "point": (116.4, 39.9),
        "by": BY,
        "at": friday_9am,
        "key": "k",
    }
    first, again = services.create_estate(**given), services.create_estate(**given)
    assert first == again and again.warnings == ["outside_county"]
