"""The six checklists: complete, dated, and each thing they cite is known."""

from datetime import date
from pathlib import Path

import pytest

from anju.duties.cases.queries import catalogue
from anju.duties.inspections.queries import checklists, kinds
from anju.ground.foundation import law, rulebooks
from anju.ground.foundation.citations import cite
from anju.ground.foundation.refusals import Refusal

DAY = date(2024, 7, 12)
ARTICLES = law.read(Path(__file__).parents[5] / "docs" / "law")
KINDS = rulebooks.load("organisations", on=DAY)["kinds"]


def every_edition():
    return [checklist for key in checklists.KEYS for _start, _end, checklist in checklists._editions(key)]


@pytest.mark.parametrize("checklist", every_edition(), ids=lambda c: f"{c.key} {c.edition}")
def test_a_checklist_says_who_uses_it_on_whom_and_what_each_item_rests_on(checklist):
    assert checklist.name and checklist.name_en.isascii()
    assert set(checklist.agency_kinds) <= KINDS.keys()
    assert set(checklist.unit_kinds) <= kinds.kinds(on=DAY).keys()
    codes = [item.code for item in checklist.items]
    assert len(codes) == len(set(codes)) and max(map(len, codes)) <= 30
    hazards = catalogue.classes("hazard", on=max(checklist.edition, date(2020, 9, 1)))
    for item in checklist.items:
        assert item.text and item.ask and item.text_en.isascii() and item.ask_en.isascii()
        assert item.basis and set(item.basis) <= ARTICLES.keys()
        assert all(cite(key, chinese=True) != key for key in item.basis)
        assert set(item.classes) <= hazards.keys()


def test_the_conduct_of_a_property_company_has_the_thirteen_items_of_the_housing_authority():
    conduct = checklists.find("conduct", on=DAY)
    assert len(conduct.items) == 13
    assert [item.basis[0] for item in conduct.items][:5] == [
        "hn-property-2017-49", "hn-property-2017-39", "hn-property-2017-48", "hn-property-2017-63",
        "hn-property-2017-65",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("on", "items"),
    [(date(2021, 7, 31), 5), (date(2021, 8, 1), 7), (date(2024, 3, 10), 7), (date(2024, 3, 11), 9)],
)
def test_a_new_rule_is_a_new_form_from_its_day(on, items):
    assert len(checklists.find("ebike", on=on).items) == items


def test_an_old_visit_shows_its_old_form():
    old = checklists.find("ebike", on=date(2021, 1, 4))
    assert checklists.at_edition("ebike", old.edition) == old
    assert checklists.at_edition("ebike", date(2024, 3, 11)).item("E08") is not None
    assert old.item("E08") is None


def test_an_unknown_checklist_or_a_day_before_any_is_refused():
    with pytest.raises(Refusal, match="检查表"):
        checklists.find("nothing", on=DAY)
    with pytest.raises(Refusal, match="生效"):
        checklists.find("unit", on=date(2019, 1, 1))
    with pytest.raises(Refusal):
        checklists.at_edition("unit", date(2019, 1, 1))


@pytest.mark.parametrize(
    ("unit_kind", "agency_kind", "flags", "key"),
    [
        ("small_eatery", "police_station", (), "unit"),
        ("rental_house", "police_station", (), "unit"),
        ("property_company", "police_station", (), "property_company"),
        ("property_company", "county_housing", (), "conduct"),
        ("residents_committee", "police_station", (), "residents_committee"),
        ("estate", "police_station", ("old_community",), "old_community"),
        ("estate", "police_station", (), "property_company"),
        ("estate", "street_office", (), "ebike"),
        ("estate", "county_housing", ("old_community",), "conduct"),
        ("estate", "fire_brigade", ("old_community",), "old_community"),
        ("small_hotel", "fire_brigade", ("key_fire_unit",), "unit"),
        ("small_eatery", "market_regulator", (), "unit"),
    ],
)
def test_which_checklist_an_agency_takes_to_a_unit(unit_kind, agency_kind, flags, key):
    assert checklists.for_unit(unit_kind, agency_kind, flags=flags, on=DAY).key == key


def test_every_kind_of_unit_is_owed_a_check_at_least_once_a_year():
    for kind in kinds.kinds(on=DAY):
        duties = checklists.duties_of(kind, flags=(), on=DAY)
        assert duties and min(d["every_months"] for d in duties) <= 12, kind


def test_names_are_given_in_the_language_of_the_reader():
    from django.utils.translation import override

    unit = checklists.find("unit", on=DAY)
    assert unit.label == "单位日常消防监督检查"
    with override("en"):
        assert unit.label == "Daily fire supervision of a unit"
        assert unit.items[0].label.startswith("The building")
        assert kinds.kind_label("small_eatery") == "Small eatery"
