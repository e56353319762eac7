"""Questions about the two trees of places, and about estates."""

from .places import (
    area_under,
    city_division,
    division_by_code,
    estate_is_old,
    filter_estates,
    old_q,
    old_year,
    pick_url,
    place,
    public_area,
    public_estate,
    public_search,
    root,
    search_areas,
    search_divisions,
    search_estates,
)

__all__ = [
    "area_under",
    "city_division",
    "division_by_code",
    "estate_is_old",
    "filter_estates",
    "old_q",
    "old_year",
    "pick_url",
    "place",
    "public_area",
    "public_estate",
    "public_search",
    "root",
    "search_areas",
    "search_divisions",
    "search_estates",
]
