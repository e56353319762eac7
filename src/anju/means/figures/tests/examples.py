"""Examples of the verbs of figures."""

from datetime import date

from tests.verbs import Example, World, example

from anju.means.figures import services
from anju.means.figures.queries import Query
from anju.means.figures.rules import Period


@example("figures.freeze")
def freeze(world: World) -> Example:
    query = Query(("received",), Period(date(2024, 6, 1), date(2024, 6, 30)), by="street")
    given = {"query": query, "title": "六月统计"}
    return Example(world.actor("county_supervisor"), given, other={"title": "七月统计"})


@example("figures.publish")
def publish(world: World) -> Example:
    by = world.actor("county_supervisor")
    kept = services.freeze(**freeze(world).given, by=by, at=world.now)
    return Example(by, {"snapshot_id": kept.pk})
