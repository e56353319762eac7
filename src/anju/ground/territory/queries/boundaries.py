"""In which county does a point lie? Polygons of the counties, read once from the data of this installation."""

import json
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from shapely.geometry import Point, shape
from shapely.prepared import prep

from anju.ground.foundation import rulebooks

DATA = Path(__file__).parent.parent / "data"
# A boundary drawn with some dozens of corners is right within a few hundred metres: a point nearer than this
# (degrees, about 550 m) to the county is not called wrong.
TOLERANCE = 0.005


@cache
def collection() -> dict[str, Any]:
    """Return the counties' boundaries as a GeoJSON FeatureCollection in CGCS2000, each with `code` and `name`."""
    name = rulebooks.load("territory", on=date.max).get("boundaries")
    if not name:
        return {"type": "FeatureCollection", "features": []}
    return json.loads((DATA / name).read_text(encoding="utf-8"))


@cache
def _polygons() -> dict[str, tuple[Any, Any]]:
    shapes = {f["properties"]["code"]: shape(f["geometry"]) for f in collection()["features"]}
    return {code: (prep(polygon), prep(polygon.buffer(TOLERANCE))) for code, polygon in shapes.items()}


def county_code_at(longitude: float, latitude: float) -> str | None:
    """Return the code of the county whose polygon holds a point (WGS-84/CGCS2000 degrees), or None outside."""
    point = Point(longitude, latitude)
    return next((code for code, (exact, _near) in _polygons().items() if exact.contains(point)), None)


def county_name_at(longitude: float, latitude: float) -> str:
    """Return the name of the county whose polygon holds a point, or "" outside."""
    code = county_code_at(longitude, latitude)
    return next(
        (f["properties"]["name"] for f in collection()["features"] if f["properties"]["code"] == code), ""
    )


def lies_near(longitude: float, latitude: float, *, code: str | None) -> bool | None:
    """Say whether a point lies in a county or within TOLERANCE of it; None when no boundary is known.

    code  the county's code; a code without a polygon (a development zone) is asked of all counties together
    """
    polygons = _polygons()
    if not polygons:
        return None
    point = Point(longitude, latitude)
    if code in polygons:
        return polygons[code][1].contains(point)
    return any(near.contains(point) for _exact, near in polygons.values())
