"""Examples of the verbs of objections: each against an order of its own."""

from tests.verbs import Example, World, example

from anju.duties.objections import services
from anju.duties.objections.models import Objection
from anju.duties.orders.tests.examples import issued, police


@example("objections.object")
def object_to(world: World) -> Example:
    given = {
        "order_id": issued(world, police(world)).pk,
        "by_name": "安邻物业服务有限公司",
        "text": "线路已经拆除，与事实不符，请复核",
    }
    return Example(world.actor("company_clerk"), given, other={"text": "换了一个理由，请复核"})


def objected(world: World) -> Objection:
    """Object to an order."""
    shown = object_to(world)
    made: Objection = services.object_to(by=shown.by, at=world.now, **shown.given)
    return made


@example("objections.answer")
def answer(world: World) -> Example:
    given = {"objection_id": objected(world).pk, "upheld": False, "text": "现场照片显示仍在充电，异议不成立"}
    return Example(police(world), given, other={"upheld": True})
