"""Points of the city in three coordinate systems, and the texts they come in."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anju.ground.foundation.code_words import sentence
from anju.ground.foundation.coordinates import System, convert, metres_between, parse, to_wgs84


def rows() -> list[dict[str, str]]:
    with (Path(__file__).parent / "data" / "xinxiang_point_vectors.csv").open(
        encoding="utf-8", newline=""
    ) as file:
        return list(csv.DictReader(file))


def point(row: dict[str, str], system: str) -> tuple[float, float]:
    return float(row[f"{system}_lng"]), float(row[f"{system}_lat"])


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["name"])
def test_the_twelve_counties(row):
    wgs84, gcj02, bd09 = (point(row, system) for system in ("wgs84", "gcj02", "bd09"))
    assert metres_between(convert(gcj02, System.GCJ02, System.WGS84), wgs84) < 0.2
    assert metres_between(convert(wgs84, System.WGS84, System.GCJ02), gcj02) < 0.2
    # The vectors' BD-09 was made with another formula; see data/source.md.
    assert metres_between(convert(bd09, System.BD09, System.WGS84), wgs84) < 80
    assert metres_between(convert(gcj02, System.GCJ02, System.BD09), bd09) < 80


def test_bd09_is_what_the_map_maker_itself_answers():
    lon, lat = convert((116.404, 39.915), System.GCJ02, System.BD09)
    assert (round(lon, 9), round(lat, 9)) == (116.410369494, 39.921336994)


china = st.tuples(st.floats(74, 134), st.floats(18, 53))


@given(china, st.sampled_from(System), st.sampled_from(System))
def test_there_and_back_again_is_the_same_place(start, one, other):
    back = convert(convert(start, one, other), other, one)
    assert metres_between(start, back) < 1.5


def test_cgcs2000_and_wgs84_are_stored_alike():
    assert to_wgs84((113.8722051, 35.3032662), System.CGCS2000) == (113.872205, 35.303266)


def test_points_outside_china_are_not_shifted():
    assert convert((2.35, 48.85), System.WGS84, System.GCJ02) == (2.35, 48.85)


def test_metres_between():
    assert metres_between((113.0, 35.0), (113.0, 35.0)) == 0
    assert metres_between((113.0, 35.0), (113.0, 36.0)) == pytest.approx(111_195, rel=0.001)
    assert metres_between((113.0, 35.0), (114.0, 35.0)) == pytest.approx(91_086, rel=0.001)


@pytest.mark.parametrize(
    "text",
    [
        "113.87,35.3",
        "35.30,113.87",
        "35.30，113.87",
        "35.30 113.87",
        "113.87E 35.30N",
        "N35.30 E113.87",
        "东经113.87，北纬35.30",
        "北纬35.30°、东经113.87°",
        "(35.30, 113.87)",
        "lat: 35.3; lng: 113.87",
        "113°52′12″，35°18′",
        "113º52'12\" 35˚18'0\"",
        "东经113度52分12秒 北纬35度18分",
        "１１３．８７，３５．３０",
    ],
)
def test_one_field_holds_both(text):
    found = parse(text)
    assert found.point == pytest.approx((113.87, 35.30), abs=1e-6)
    assert not found.problem


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no_numbers"),
        ("暂无资料", "no_numbers"),
        ("113.87", "one_number"),
        ("1,2", "outside_china"),
        ("-113.87, 35.30", "outside_china"),
        ("113.87,35.30,80", "too_many_numbers"),
        ("113 52 12 35 18 0", "too_many_numbers"),
    ],
)
def test_what_is_no_point_says_why(text, problem):
    found = parse(text)
    assert (found.point, found.problem) == (None, problem)
    assert sentence(problem)


@given(china)
def test_every_point_written_is_read_again(start):
    lon, lat = round(start[0], 6), round(start[1], 6)
    assert parse(f"{lat:.6f}, {lon:.6f}").point == pytest.approx((lon, lat))
