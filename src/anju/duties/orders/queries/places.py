"""How a reach covers rows that are stamped with their place: orders, sealings, and what rooms above keep alike."""

from collections.abc import Callable

from django.db.models import Q

from anju.ground.access.actors import Reach

LEVELS = {2: "city_id", 3: "county_id", 4: "street_id", 5: "community_id"}


def covers(reach: Reach, *on: str) -> Q:
    """Return the condition that a row lies in the area of a reach.

    on  relations to the stamped rows, one of which must lie there; none = the row itself
    """
    column = LEVELS[reach.level]
    found = Q()
    for relation in on:
        found |= Q(**{f"{relation}__{column}": reach.id})
    return found if on else Q(**{column: reach.id})


def reach_of(company: str) -> Callable[[Reach], Q]:
    """Return the condition of a reach over acts: by place, by the agency's desk, or as the company addressed."""

    def condition(reach: Reach) -> Q:
        if reach.kind == "area":
            return covers(reach)
        return Q(**{company if reach.kind == "company" else "agency_id": reach.id})

    return condition
