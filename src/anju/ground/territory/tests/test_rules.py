"""Cleaning of cells, names and points: what real workbooks say, and what is made of it."""

from datetime import date
from decimal import Decimal

import pytest

from anju.ground.territory import rules

TODAY = date(2024, 7, 12)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("1124户", 1124),
        ("约300户", 300),
        ("5栋", 5),
        ("1,124", 1124),
        ("１１２４户", 1124),
        (1124.0, 1124),
        ("十二栋", 12),
        ("二十", 20),
        ("一百零五户", 105),
        ("两栋", 2),
        ("1.2万户", 12000),
        (0, 0),
    ],
)
def test_units_inside_numbers_are_read(cell, value):
    assert rules.clean_count(cell) == (value, None)


@pytest.mark.parametrize(
    "cell",
    ["", None, "暂无资料", "暂无", "无", "不详", "/", "—", "--", "N/A", "待核实", "  ", "未知", float("nan")],
)
def test_the_spellings_of_unknown_are_empty_and_no_problem(cell):
    assert rules.clean_count(cell) == (None, None)


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("3-5栋", "several_numbers"),
        ("1998年建成，共12栋", "several_numbers"),
        ("很多", "no_number"),
        ("12.5户", "not_whole"),
        ("-3", "out_of_range"),
        ("999999999户", "out_of_range"),
    ],
)
def test_what_would_be_a_guess_is_a_problem(cell, problem):
    assert rules.clean_count(cell) == (None, problem)


@pytest.mark.parametrize(
    ("cell", "year"),
    [
        ("2009年建成", 2009),
        ("1998", 1998),
        (1998, 1998),
        (1998.0, 1998),
        ("2009-05-01", 2009),
        ("2009.5", 2009),
        ("98年", 1998),
        ("09年", 2009),
        ("200905", 2009),
        (date(2009, 5, 1), 2009),
        ("０９年", 2009),
        ("2024", 2024),
        ("2025", 2025),
        (36281, 1999),
        ("1999.5.1—1999.12.30", 1999),
    ],
)
def test_years_are_read_from_what_people_write(cell, year):
    assert rules.clean_year(cell, today=TODAY) == (year, None)


@pytest.mark.parametrize("cell", ["0000-00-00", "0", "", None, "暂无资料", "1900-01-00"])
def test_dates_that_stand_for_nothing_are_empty(cell):
    assert rules.clean_year(cell, today=TODAY) == (None, None)


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("2049", "out_of_range"),
        ("1820年", "out_of_range"),
        ("老早", "no_year"),
        ("1998-2001", "several_years"),
        ("1998年至2001年", "several_years"),
        ("2000年以后", "around_year"),
        ("90年代", "around_year"),
        ("2000年前", "around_year"),
        (999, "no_year"),
    ],
)
def test_impossible_years_are_a_problem(cell, problem):
    assert rules.clean_year(cell, today=TODAY) == (None, problem)


@pytest.mark.parametrize(
    ("cell", "area"),
    [
        ("3.5万平方米", Decimal("35000.00")),
        ("35,000㎡", Decimal("35000.00")),
        ("12000 m2", Decimal("12000.00")),
        (12000.5, Decimal("12000.50")),
    ],
)
def test_floor_areas_are_read_in_square_metres(cell, area):
    assert rules.clean_area(cell) == (area, None)


@pytest.mark.parametrize(
    ("cell", "answer"),
    [
        ("是", True),
        ("√", True),
        ("有", True),
        ("否", False),
        ("无", False),
        ("×", False),
        ("", None),
        (True, True),
    ],
)
def test_ticks_and_crosses_are_yes_and_no(cell, answer):
    assert rules.clean_yes(cell) == (answer, None)


@pytest.mark.parametrize(
    "cell", ["35.3034 113.9012", "113.9012,35.3034", "113.9012，35.3034", "东经113.9012 北纬35.3034"]
)
def test_a_point_in_one_field_is_read_in_either_order(cell):
    assert rules.clean_point(cell) == ((113.9012, 35.3034), None)


def test_zero_and_empty_points_are_no_points():
    assert rules.clean_point("0,0") == (None, None)
    assert rules.clean_point("暂无") == (None, None)
    assert rules.clean_point("113.9") == (None, "one_number")
    assert rules.straighten(0, 0) == (None, None)
    assert rules.straighten(113.9, None) == (None, "half_point")
    assert rules.straighten(35.3, 113.9) == ((113.9, 35.3), None)
    assert rules.straighten(2.3, 48.8) == (None, "outside_china")


@pytest.mark.parametrize(
    ("one", "other"),
    [("槐荫小区", "槐荫 小区"), ("金域·蓝湾", "金域蓝湾"), ("锦绣（二期）", "锦绣(二期)"), ("Ａ区", "a区")],
)
def test_two_spellings_of_a_name_have_one_key(one, other):
    assert rules.name_key(one) == rules.name_key(other)


RULE = {"completed_by": date(2000, 12, 31)}


@pytest.mark.parametrize(
    ("year", "listed", "old"),
    [(2000, False, True), (2001, False, False), (2015, True, True), (None, False, False), (None, True, True)],
)
def test_old_is_completed_by_2000_or_listed_by_the_city(year, listed, old):
    assert rules.is_old(year_built=year, listed=listed, rule=RULE) is old


def test_long_names_become_the_names_people_use():
    endings = [["村村民委员会", "村"], ["村民委员会", "村"], ["社区居民委员会", "社区"]]
    assert rules.short_name("张八寨村民委员会", endings) == "张八寨村"
    assert rules.short_name("东关村村民委员会", endings) == "东关村"
    assert rules.short_name("曙光社区居民委员会", endings) == "曙光社区"
    assert rules.short_name("西街街道", endings) == "西街街道"


@pytest.mark.parametrize(
    ("text", "buildings"),
    [
        ("", []),
        ("1号楼、2号楼", [("1号楼", None), ("2号楼", None)]),
        ("１号楼（６层）;2号楼 18层\n综合楼", [("1号楼", 6), ("2号楼", 18), ("综合楼", None)]),
        ("3-5号楼（7层）", [("3号楼", 7), ("4号楼", 7), ("5号楼", 7)]),
        ("Block 1 (1 floor), Block 2-3 (6 floors)", [("Block 1", 1), ("Block 2", 6), ("Block 3", 6)]),
        ("A1至A3", [("A1", None), ("A2", None), ("A3", None)]),
        ("1号楼、1号楼（6层）", [("1号楼", 6)]),
    ],
)
def test_buildings_are_read_as_people_list_them(text, buildings):
    assert rules.clean_buildings(text) == (buildings, None)


@pytest.mark.parametrize(
    ("text", "problem"),
    [("（6层）", "building_name"), ("楼" * 41, "building_name"), ("1-999号", "too_many_buildings")],
)
def test_what_is_no_list_of_buildings_is_a_problem(text, problem):
    assert rules.clean_buildings(text) == (None, problem)


def test_buildings_stand_in_the_order_in_which_people_count():
    assert sorted(["10号楼", "2号楼", "综合楼", "1号楼"], key=rules.in_house_order) == [
        "1号楼", "2号楼", "10号楼", "综合楼"
    ]  # fmt: skip
