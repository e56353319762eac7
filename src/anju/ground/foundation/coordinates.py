"""Points on the earth in the three coordinate systems met in China, and the texts people write them in.

Stored is WGS-84, which CGCS2000 equals within a metre. GCJ-02 (most Chinese maps) is shifted by some 500 m and
BD-09 (one map maker) by some 1,100 m at this latitude. Pure: standard library only. A point is (longitude,
latitude) in degrees everywhere.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from math import asin, atan2, cos, hypot, pi, radians, sin, sqrt

Point = tuple[float, float]

# Krasovsky 1940, which the GCJ-02 shift is computed on.
SEMI_MAJOR = 6378245.0
ECCENTRICITY_SQUARED = 0.00669342162296594323
EARTH_RADIUS = 6371008.8  # metres, mean
WEST, EAST, SOUTH, NORTH = 72.0, 138.0, 3.0, 54.5
# Some packages take plain pi here and land up to 75 m away; this form gives the map maker's own published results.
BD_PI = pi * 3000.0 / 180.0


class System(StrEnum):
    """The coordinate system a point is given in."""

    WGS84 = "wgs84"
    CGCS2000 = "cgcs2000"
    GCJ02 = "gcj02"
    BD09 = "bd09"


def convert(point: Point, source: System, target: System) -> Point:
    """Return a point of one system in another; exact to a few centimetres there and back."""
    if source == target or {source, target} == {System.WGS84, System.CGCS2000}:
        return point
    # GCJ-02 lies between the others: first to it, then on.
    if source == System.BD09:
        point = _bd09_to_gcj02(point)
    elif source != System.GCJ02:
        point = _wgs84_to_gcj02(point)
    if target == System.BD09:
        return _gcj02_to_bd09(point)
    return point if target == System.GCJ02 else _gcj02_to_wgs84(point)


def to_wgs84(point: Point, source: System) -> Point:
    """Return a point of any system as it is stored, rounded to a tenth of a metre (six places)."""
    lon, lat = convert(point, source, System.WGS84)
    return round(lon, 6), round(lat, 6)


def metres_between(a: Point, b: Point) -> float:
    """Return the great-circle distance of two WGS-84 points in metres (haversine; within 0.5 %)."""
    (lon_a, lat_a), (lon_b, lat_b) = a, b
    phi_a, phi_b = radians(lat_a), radians(lat_b)
    h = sin((phi_b - phi_a) / 2) ** 2 + cos(phi_a) * cos(phi_b) * sin(radians(lon_b - lon_a) / 2) ** 2
    return 2 * EARTH_RADIUS * asin(min(1.0, sqrt(h)))


def in_china(point: Point) -> bool:
    """Say whether a point lies in the rectangle around China, in whatever system."""
    lon, lat = point
    return WEST <= lon <= EAST and SOUTH <= lat <= NORTH


def _shift(point: Point) -> Point:
    """Return the GCJ-02 offset in degrees at a WGS-84 point."""
    lon, lat = point
    x, y = lon - 105.0, lat - 35.0
    ripple = (20.0 * sin(6.0 * x * pi) + 20.0 * sin(2.0 * x * pi)) * 2.0 / 3.0
    d_lat = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x)) + ripple
    d_lat += (20.0 * sin(y * pi) + 40.0 * sin(y / 3.0 * pi)) * 2.0 / 3.0
    d_lat += (160.0 * sin(y / 12.0 * pi) + 320.0 * sin(y * pi / 30.0)) * 2.0 / 3.0
    d_lon = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x)) + ripple
    d_lon += (20.0 * sin(x * pi) + 40.0 * sin(x / 3.0 * pi)) * 2.0 / 3.0
    d_lon += (150.0 * sin(x / 12.0 * pi) + 300.0 * sin(x / 30.0 * pi)) * 2.0 / 3.0
    phi = radians(lat)
    curve = 1.0 - ECCENTRICITY_SQUARED * sin(phi) ** 2
    meridian = SEMI_MAJOR * (1.0 - ECCENTRICITY_SQUARED) / (curve * sqrt(curve))
    parallel = SEMI_MAJOR / sqrt(curve) * cos(phi)
    return d_lon * 180.0 / (parallel * pi), d_lat * 180.0 / (meridian * pi)


def _wgs84_to_gcj02(point: Point) -> Point:
    if not in_china(point):
        return point
    d_lon, d_lat = _shift(point)
    return point[0] + d_lon, point[1] + d_lat


def _gcj02_to_wgs84(point: Point) -> Point:
    """Undo the shift by walking back until the forward shift lands on the point."""
    if not in_china(point):
        return point
    guess = point
    for _turn in range(6):
        there = _wgs84_to_gcj02(guess)
        guess = guess[0] - (there[0] - point[0]), guess[1] - (there[1] - point[1])
    return guess


def _gcj02_to_bd09(point: Point) -> Point:
    lon, lat = point
    z = hypot(lon, lat) + 0.00002 * sin(lat * BD_PI)
    theta = atan2(lat, lon) + 0.000003 * cos(lon * BD_PI)
    return z * cos(theta) + 0.0065, z * sin(theta) + 0.006


def _bd09_to_gcj02(point: Point) -> Point:
    lon, lat = point[0] - 0.0065, point[1] - 0.006
    z = hypot(lon, lat) - 0.00002 * sin(lat * BD_PI)
    theta = atan2(lat, lon) - 0.000003 * cos(lon * BD_PI)
    return z * cos(theta), z * sin(theta)


# --- Texts -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Parsed:
    """A text read as a point: (longitude, latitude) or None, and then a problem word for code_words."""

    point: Point | None
    problem: str = ""


# Degrees, minutes and seconds are also written as the words U+5EA6, U+5206, U+79D2; E and N as U+4E1C and U+5317.
_DEGREES = r"(?:\u00b0|\u5ea6|d(?:eg)?)"
_MINUTES = r"(?:'|\u2032|\u2018|\u2019|\u5206|m)"
_SECONDS = r"(?:\"|''|\u2032\u2032|\u201c|\u201d|\u79d2|s)"
_ANGLE = re.compile(
    rf"(?P<sign>-)?(?P<deg>\d{{1,3}}(?:\.\d+)?)\s*"
    rf"(?:{_DEGREES}\s*(?:(?P<min>\d{{1,2}}(?:\.\d+)?)\s*{_MINUTES}\s*(?:(?P<sec>\d{{1,2}}(?:\.\d+)?)\s*{_SECONDS})?)?)?",
    re.IGNORECASE,
)


def parse(text: str) -> Parsed:
    """Read "35.30,113.87", "113.87E 35.30N" or degrees with minutes as (longitude, latitude), in either order.

    In China every longitude is above 72 and every latitude below 55, so the order tells itself.
    """
    # Before NFKC, which would turn these two look-alikes of the degree sign into letters.
    plain = unicodedata.normalize("NFKC", text.replace("\u00ba", "\u00b0").replace("\u02da", "\u00b0"))
    angles = [
        (-1 if m["sign"] else 1) * (float(m["deg"]) + float(m["min"] or 0) / 60 + float(m["sec"] or 0) / 3600)
        for m in _ANGLE.finditer(plain)
    ]
    if not angles:
        return Parsed(None, "no_numbers")
    if len(angles) == 1:
        return Parsed(None, "one_number")
    if len(angles) > 2:
        return Parsed(None, "too_many_numbers")
    for point in ((angles[0], angles[1]), (angles[1], angles[0])):
        if in_china(point):
            return Parsed((round(point[0], 7), round(point[1], 7)))
    return Parsed(None, "outside_china")
