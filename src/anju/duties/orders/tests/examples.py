"""Examples of the verbs of orders and sealings: each on a hazard, a visit, an order or a sealing of its own."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.verbs import Example, World, example

from anju.duties.cases import services as cases
from anju.duties.cases.models import Case
from anju.duties.inspections.models import Unit, Visit
from anju.duties.inspections.services import checking, visits
from anju.duties.inspections.tests.examples import concluded
from anju.duties.orders.models import Order, Sealing
from anju.duties.orders.queries import matters
from anju.duties.orders.services import batches, orders, sealings  # noqa: F401  (their verbs)
from anju.ground.access.actors import SYSTEM
from anju.ground.foundation import notices
from anju.ground.foundation.models import Event
from anju.means.documents.models import IssuedDocument

TWO = [("赵安", "XF0001"), ("钱防", "XF0002")]


def office(world: World, key: str, code: str) -> None:
    """Give an office the code under which it numbers its papers."""
    type(world.city.offices.police).objects.filter(pk=getattr(world.city.offices, key).pk).update(
        document_code=code
    )


def police(world: World) -> Any:
    """Return an officer of the station, which numbers its papers."""
    office(world, "police", "东公")
    return world.actor("police_officer")


def head_of_fire(world: World) -> Any:
    """Return the head of the fire agency, who may seal."""
    office(world, "fire", "东消")
    by = world.actor("fire_officer")
    return replace(by, powers={**by.powers, "orders.seal": by.powers["orders.order"]}, held_in=None)


def hazard(world: World, code: str = "EB06") -> Case:
    """Find a hazard in 槐荫小区, as an officer of the street does."""
    made: Case = cases.report(
        kind="hazard", class_code=code, text="二单元一楼楼道内停放电动自行车充电", by=world.actor("street_officer"),
        at=world.now, channel="field", estate=world.city.estates.huaiyin,
    )  # fmt: skip
    return made


def visited(world: World) -> Visit:
    """Finish a visit of the station, with a hazard that nobody has ordered on."""
    by, visit = concluded(world)
    checking.sign(visit_id=visit.pk, signed_by="钱经理", by=by, at=world.now)
    done: Visit = visits.finish_visit(visit_id=visit.pk, by=by, at=world.now)
    return done


def draft(world: World, by: Any) -> orders.Draft:
    """Draft an order on a hazard of its own."""
    return orders.of_case(hazard(world).pk, by=by, at=world.now)


def issued(world: World, by: Any, **due: Any) -> Order:
    """Issue an order on a hazard of its own."""
    made: Order = orders.order_timed(draft=draft(world, by), by=by, at=world.now)
    return made


def served(world: World, by: Any) -> Order:
    """Issue an order and serve it."""
    order = issued(world, by)
    made: Order = orders.serve(order_id=order.pk, way="direct", served_to="孙悦", by=by, at=world.now)
    return made


def noted(order_or_sealing: Order | Sealing, least: int = 1) -> bool:
    """Say whether the story of its case tells of it (so often)."""
    name = "order" if isinstance(order_or_sealing, Order) else "sealing"
    return Event.objects.filter(name="cases.noted", **{f"data__{name}": order_or_sealing.pk}).count() >= least


@example("orders.issue")
def issue(world: World) -> Example:
    by = police(world)
    made = draft(world, by)
    other = replace(made, data=replace(made.data, recipient="另一家公司"))
    return Example(by, {"draft": made, "kind": "timed", "oral": False}, other={"draft": other})


@example("orders.issue", effect="tell_cases")
def issue_and_tell(world: World) -> Example:
    shown = issue(world)
    (case_id,) = shown.given["draft"].matter.case_ids
    told = Event.objects.filter(name="cases.noted", subject_id=case_id)
    return replace(shown, holds=told.exists)


@example("orders.issue", effect="take_over")
def issue_and_take_over(world: World) -> Example:
    shown = issue(world)
    return replace(shown, holds=lambda: taken_over(world, "police", shown.given["draft"].matter.case_ids))


def taken_over(world: World, office: str, case_ids: Any) -> bool:
    """Say whether cases that nobody had dispatched are an office's to see to."""
    own = getattr(world.city.offices, office)
    return not Case.objects.filter(pk__in=case_ids).exclude(state="fixing", handler=own, desk=own).exists()


@example("orders.batch")
def batch(world: World) -> Example:
    by = police(world)
    ids = [visited(world).pk, visited(world).pk]
    return Example(by, {"visit_ids": ids}, other={"visit_ids": ids[:1]})


@example("orders.serve")
def serve(world: World) -> Example:
    by = police(world)
    given = {"order_id": issued(world, by).pk, "way": "direct", "served_to": "孙悦"}
    return Example(by, given, other={"served_to": "别人"})


@example("orders.comply")
def comply(world: World) -> Example:
    by = police(world)
    given = {"order_id": served(world, by).pk, "note": "现场已经改正，线路已拆除"}
    return Example(by, given, other={"note": "现场没有改正"})


@example("orders.ask_recheck")
def ask_recheck(world: World) -> Example:
    given = {"order_id": served(world, police(world)).pk, "note": "线路已拆除"}
    return Example(world.actor("company_clerk"), given, other={"note": "换了一句话"})


@example("orders.ask_recheck", effect="tell_cases")
def ask_recheck_and_tell(world: World) -> Example:
    shown = ask_recheck(world)
    order = Order.objects.get(pk=shown.given["order_id"])
    return replace(shown, holds=lambda: noted(order, 2))


@example("orders.withdraw")
def withdraw(world: World) -> Example:
    by = police(world)
    return Example(
        by, {"order_id": issued(world, by).pk, "reason": "对象写错了"}, other={"reason": "地址写错了"}
    )


@example("orders.withdraw", effect="void_paper")
def withdraw_and_void(world: World) -> Example:
    shown = withdraw(world)
    paper = Order.objects.get(pk=shown.given["order_id"]).document_id
    return replace(shown, holds=lambda: IssuedDocument.objects.get(pk=paper).state == "voided")


@example("orders.withdraw", effect="let_go")
def withdraw_and_let_go(world: World) -> Example:
    shown = withdraw(world)
    about = Case.objects.filter(order_lines__order=shown.given["order_id"], state="returned")
    return replace(shown, holds=about.exists)


def late(world: World) -> Order:
    """Serve an order whose term has passed since."""
    order = served(world, police(world))
    Order.objects.filter(pk=order.pk).update(due_on=world.now.date() - timedelta(days=3))
    return order


@example("orders.overdue", effect="tell_cases")
def overdue_and_tell(world: World) -> Example:
    order = late(world)
    return Example(SYSTEM, {"order_id": order.pk}, holds=lambda: noted(order, 2))


@example("orders.overdue", effect="tell_agency")
def overdue_and_tell_the_agency(world: World) -> Example:
    order = late(world)
    told = notices.about(order).filter(kind="overdue")
    return Example(SYSTEM, {"order_id": order.pk}, holds=told.exists)


@example("orders.seal")
def seal(world: World) -> Example:
    by = head_of_fire(world)
    unit = Unit.objects.get(kind="estate", estate=world.city.estates.huaiyin)
    day = world.now.date()
    given = {
        "matter": matters.of_case(by, hazard(world, "EG02").pk, at=world.now), "unit_id": unit.pk,
        "part": "3号楼地下车库", "reason": "车库内违规充电且消防设施瘫痪", "until": day + timedelta(days=10),
        "officers": TWO,
    }  # fmt: skip
    ground = matters.book(day)["sealing"]["grounds"][0]["key"]
    return Example(by, given | {"ground": ground}, other={"part": "2号楼"})


def sealed(world: World) -> tuple[Any, Sealing]:
    """Seal a part of the estate on a hazard of its own."""
    shown = seal(world)
    made: Sealing = sealings.seal(by=shown.by, at=world.now, **shown.given)
    return shown.by, made


@example("orders.seal", effect="tell_case")
def seal_and_tell(world: World) -> Example:
    shown = seal(world)
    told = Event.objects.filter(name="cases.noted", subject_id=shown.given["matter"].case.pk)
    return replace(shown, holds=told.exists)


@example("orders.seal", effect="take_over")
def seal_and_take_over(world: World) -> Example:
    shown = seal(world)
    return replace(shown, holds=lambda: taken_over(world, "fire", [shown.given["matter"].case.pk]))


@example("orders.renew")
def renew(world: World) -> Example:
    by, sealing = sealed(world)
    given = {
        "sealing_id": sealing.pk,
        "until": sealing.until + timedelta(days=10),
        "reason": "隐患还没有消除",
    }
    return Example(by, given, other={"reason": "仍在等待配件到货"})


@example("orders.renew", effect="tell_case")
def renew_and_tell(world: World) -> Example:
    shown = renew(world)
    return replace(shown, holds=lambda: noted(Sealing.objects.get(pk=shown.given["sealing_id"]), 2))


@example("orders.lift")
def lift(world: World) -> Example:
    by, sealing = sealed(world)
    return Example(by, {"sealing_id": sealing.pk, "reason": "隐患已经消除"}, other={"reason": "已经整改完毕"})


@example("orders.lift", effect="tell_case")
def lift_and_tell(world: World) -> Example:
    shown = lift(world)
    return replace(shown, holds=lambda: noted(Sealing.objects.get(pk=shown.given["sealing_id"]), 2))


@example("orders.expire", effect="tell_case")
def expire_and_tell(world: World) -> Example:
    _by, sealing = sealed(world)
    return Example(SYSTEM, {"sealing_id": sealing.pk}, holds=lambda: noted(sealing, 2))
