"""Examples of the verbs of places: each about one of its own."""

from itertools import count

from tests.cast import BUILT_AT, Builder
from tests.verbs import Example, World, example

from anju.ground.access.actors import SYSTEM
from anju.ground.territory import services
from anju.ground.territory.models import Area, Division, Estate

BY, _numbers = Builder(), count(1)


def estate(world: World) -> Estate:
    """Enter an estate in a community of the street."""
    return services.create_estate(
        name=f"演示{next(_numbers)}苑", area=world.city.areas.liuyuan, by=BY, at=BUILT_AT
    ).estate


def street(world: World) -> Area:
    """Create a street of the county, without a division."""
    return services.create_area(
        name=f"演示{next(_numbers)}街道",
        level=Area.Level.STREET,
        parent=world.city.areas.east,
        by=SYSTEM,
        at=BUILT_AT,
    )


@example("territory.succeed_division")
def succeed_division(world: World) -> Example:
    number = 300 + next(_numbers)
    above = world.city.divisions.huaiyin_street
    old = Division.objects.create(
        code=f"{above.code}{number}", name=f"演示{number}村民委员会", level=5, parent=above,
        path=f"{above.path} 演示{number}村民委员会",
    )  # fmt: skip
    given = {
        "code": old.code, "new_code": f"{above.code}{number + 400}", "name": f"演示{number}社区居民委员会",
        "until": world.now.date(), "source": "演示批复1号",
    }  # fmt: skip
    return Example(world.actor("administrator"), given, other={"source": "演示批复2号"})


@example("territory.create_area")
def create_area(world: World) -> Example:
    given = {"name": f"演示{next(_numbers)}街道", "level": Area.Level.STREET, "parent": world.city.areas.east}
    return Example(SYSTEM, given, other={"name": "换一个名字的街道"})


@example("territory.move_area")
def move_area(world: World) -> Example:
    given = {"area_id": street(world).pk, "parent_id": world.city.areas.zone.pk, "reason": "演示会议纪要"}
    return Example(world.actor("administrator"), given, other={"reason": "演示批复"})


@example("territory.create_estate")
def create_estate(world: World) -> Example:
    given = {"name": f"演示{next(_numbers)}苑", "area": world.city.areas.liuyuan, "households": 120}
    return Example(
        world.actor("street_officer"), given, other={"households": 130}, same=lambda kept: kept.estate.pk
    )


@example("territory.edit_estate")
def edit_estate(world: World) -> Example:
    given = {"estate_id": estate(world).pk, "changes": {"households": 640}, "point": (113.9102, 35.3078)}
    return Example(
        world.actor("street_officer"), given, other={"changes": {"households": 650}},
        same=lambda kept: (kept.estate.pk, kept.done),
    )  # fmt: skip


@example("territory.list_old")
def list_old(world: World) -> Example:
    given = {"estate_id": estate(world).pk, "listed": True, "basis": "试政〔2024〕3号"}
    return Example(world.actor("street_officer"), given, other={"basis": "试政〔2024〕4号"})
