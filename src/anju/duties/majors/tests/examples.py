"""Examples of the verbs of major fire hazards: each on a hazard of its own, decided by another than who proposed it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.verbs import Example, World, example

from anju.duties.cases.models import Case
from anju.duties.majors import services
from anju.duties.majors.models import MajorHazard
from anju.duties.orders.tests.examples import hazard, office

EXPERTS = "钱工，高级工程师，同意认定\n孟工，高级工程师，同意认定\n廖工，工程师，同意认定"
WHY = {"note": "经集体讨论研究决定"}
# What each act asks for, and what makes it another request.
GIVEN: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "panel": ({"panel": EXPERTS} | WHY, {"panel": EXPERTS.replace("廖工", "何工")}),
    "decide": ({"due_on": "2099-09-01"} | WHY, {"due_on": "2099-10-01"}),
    "dismiss": (WHY, {"note": "经复核尚不构成重大隐患"}),
    "notify": ({"measures": "安排专人值守"}, {"measures": "停止使用"}),
    "list": (WHY, {"note": "由县区挂牌督办整改"}),
    "remove": (WHY, {"note": "复查合格，设施恢复"}),
}


def head(world: World) -> Any:
    """Return another of the fire agency than who proposes."""
    return replace(
        world.actor("fire_officer"), account_id=world.member("administrator").account.pk, name="熊队长"
    )


@example("majors.propose")
def propose(world: World) -> Example:
    office(world, "fire", "东消")
    given = {
        "case_id": hazard(world, "FF04").pk, "place": "mixed", "note": "现场核查判定要素属实",
        "criteria": [{"code": "A", "met": 1, "note": "火灾自动报警系统瘫痪"}],
    }  # fmt: skip
    if world.now.year < 2026:
        given |= {"place": "crowded", "criteria": [{"code": "7.3", "met": 3}]}
    return Example(world.actor("fire_officer"), given, other={"note": "现场再次核查属实"})


def walked(world: World, *acts: str) -> MajorHazard:
    """Propose a hazard and take steps on it."""
    shown = propose(world)
    made: MajorHazard = services.propose(by=shown.by, at=world.now, **shown.given)
    for act in acts:
        services.LOOP.verbs[act](major_id=made.pk, by=whose(world, act), at=world.now, **GIVEN[act][0])
    return made


def whose(world: World, act: str) -> Any:
    """Return who takes a step."""
    return world.actor("county_supervisor") if act == "list" else head(world)


BEFORE: dict[str, tuple[str, ...]] = {
    "panel": (), "decide": (), "dismiss": (), "notify": ("decide",), "list": ("decide",),
    "remove": ("decide", "notify"),
}  # fmt: skip


def _on_its_way(act: str) -> Callable[[World], Example]:
    def make(world: World) -> Example:
        made = walked(world, *BEFORE[act])
        if act == "remove":
            Case.objects.filter(pk=made.case_id).update(state="closed", closed_at=world.now)
        given, other = GIVEN[act]
        return Example(whose(world, act), {"major_id": made.pk} | given, other=other)

    return make


for _act in BEFORE:
    example(f"majors.{_act}")(_on_its_way(_act))
