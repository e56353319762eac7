"""Examples of the verbs of transfers: each on a hazard of its own, found by the station and sent to the brigade."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.verbs import Example, World, example

from anju.duties.cases import services as cases
from anju.duties.cases.models import Case
from anju.duties.transfers import services as transfers
from anju.duties.transfers.models import Transfer
from anju.ground.foundation.models import Event

CODES = {"police": "东公移字", "fire": "东消移字", "urban_management": "东城管移字"}
REASON = "安全出口锁闭拒不改正，处罚属于消防救援机构职权，请依法查处"
WORDS = {
    "discard": "当事人已经当场改正",
    "refuse": "现场不属于本机关职权范围",
    "insist": "照片显示铁链仍在，出口仍然锁闭",
    "redirect": "改由城市管理部门处理",
    "contest": "双方对管辖有争议，应属消防职权",
    "take_back": "当事人已改正，由我所继续跟踪",
    "pass_on": "出口被违法建设占用，属城管职权",
    "report_back": "已到场核查，责令改正并立案",
    "order_accept": "锁闭出口的处罚属于消防救援机构",
    "order_return": "应由派出所先行处理后再移送",
    "urge": "请尽快签收办理",
}
BY_SENDER = {"send", "discard", "close", "insist", "redirect", "contest", "take_back"}


def hazard(world: World, code: str = "EG02") -> Case:
    """Find a blocked exit in 槐荫小区, as an officer of the street does."""
    for office, number in CODES.items():
        found = getattr(world.city.offices, office)
        type(found).objects.filter(pk=found.pk).update(document_code=number)
    made: Case = cases.report(
        kind="hazard", class_code=code, text="二单元一楼安全出口被铁链锁住，晚上打不开",
        by=world.actor("street_officer"), at=world.now, channel="field", estate=world.city.estates.huaiyin,
    )  # fmt: skip
    return made


def matter(world: World, code: str = "EG02") -> dict[str, Any]:
    """Say what is transferred, why, and what was stopped."""
    return {"case_id": hazard(world, code).pk, "reason": REASON, "stopped": "已当场责令立即打开安全出口"}


@example("transfers.draft")
def draft(world: World) -> Example:
    given = matter(world) | {"kind": "referral", "receiver_id": world.city.offices.fire.pk}
    return Example(world.actor("police_officer"), given, other={"stopped": "已当场责令拆除铁链"})


def who(world: World, act: str) -> Any:
    """Return who takes an act."""
    if act in ("order_accept", "order_return"):
        return world.actor("city_supervisor")
    return world.actor("police_officer" if act in BY_SENDER else "fire_officer")


def given_to(world: World, act: str, transfer: Transfer) -> dict[str, Any]:
    """Return what an act is given."""
    given: dict[str, Any] = {"transfer_id": transfer.pk}
    if act in WORDS:
        given["note"] = WORDS[act]
    if act == "report_back":
        given["outcome"] = "punished"
    if act in ("pass_on", "redirect"):
        given["receiver_id"] = world.city.offices.urban_management.pk
    return given


def walked(world: World, *acts: str) -> Transfer:
    """Take a transfer of its own through acts, each by whoever is in turn."""
    shown = draft(world)
    made: Transfer = transfers.draft_transfer(by=shown.by, at=world.now, **shown.given)
    for act in acts:
        made = transfers.LOOP.verbs[act](by=who(world, act), at=world.now, **given_to(world, act, made))
    return made


WAYS = {
    "send": (),
    "discard": (),
    "sign_for": ("send",),
    "accept": ("send", "sign_for"),
    "refuse": ("send", "sign_for"),
    "pass_on": ("send", "sign_for"),
    "report_back": ("send", "sign_for", "accept"),
    "close": ("send", "sign_for", "accept", "report_back"),
    "insist": ("send", "sign_for", "accept", "report_back"),
    "redirect": ("send", "sign_for", "refuse"),
    "contest": ("send", "sign_for", "refuse"),
    "take_back": ("send", "sign_for", "refuse"),
    "order_accept": ("send", "sign_for", "refuse", "contest"),
    "order_return": ("send", "sign_for", "refuse", "contest"),
}


def on_its_way(act: str) -> Callable[[World], Example]:
    """Return the example of an act on a transfer that has come so far."""

    def make(world: World) -> Example:
        transfer = walked(world, *WAYS[act])
        other = {"note": "换了一种说法的理由"} if act in WORDS else {}
        return Example(who(world, act), given_to(world, act, transfer), other=other)

    return make


for _act in WAYS:
    example(f"transfers.{_act}")(on_its_way(_act))


@example("transfers.urge")
def urge(world: World) -> Example:
    given = {"transfer_id": walked(world, "send").pk, "note": WORDS["urge"]}
    return Example(world.actor("police_officer"), given, other={"note": "请今天之内签收"})


@example("transfers.verify")
def verify(world: World) -> Example:
    return Example(world.actor("fire_officer"), {"transfer_id": walked(world, "send").pk})


@example("transfers.report_serious")
def report_serious(world: World) -> Example:
    return Example(world.actor("police_officer"), matter(world, "FF04"), other={"stopped": "已责令派人值守"})


@example("transfers.dispatch")
def dispatch(world: World) -> Example:
    offices = world.city.offices
    given = {
        "case": hazard(world), "kind": "referral", "sender": offices.police, "receiver": offices.fire, "reason": REASON,
        "stopped": "已当场责令立即打开安全出口",
    }  # fmt: skip
    for office in (offices.police, offices.fire):
        office.refresh_from_db()
    return Example(world.actor("police_officer"), given, other={"stopped": "已当场责令拆除铁链"})


def passed_on(world: World, *acts: str) -> tuple[Any, Transfer]:
    """Pass a matter on to urban management and take it further there; return who acts there, and the transfer."""
    before = walked(world, "send", "sign_for", "pass_on")
    by, office = world.actor("fire_officer"), world.city.offices.urban_management.pk
    desk = {power: tuple(replace(r, id=office) for r in reaches) for power, reaches in by.powers.items()}
    by = replace(by, organisation_ids=frozenset({office}), powers=desk, held_in=None)
    child = before.passed_to.get()
    for act in acts:
        child = transfers.LOOP.verbs[act](by=by, at=world.now, **given_to(world, act, child))
    return by, child


@example("transfers.handed_up")
def handed_up(world: World) -> Example:
    by, child = passed_on(world, "sign_for", "accept", "report_back")
    _by, other = passed_on(world)
    return Example(by, {"transfer_id": child.passed_from_id, "child": child}, other={"child": other})


@example("transfers.resumed")
def resumed(world: World) -> Example:
    by, child = passed_on(world, "sign_for", "refuse")
    _by, other = passed_on(world)
    return Example(by, {"transfer_id": child.passed_from_id, "child": child}, other={"child": other})


def told(transfer_or_case: Transfer | Case, least: int = 1) -> bool:
    """Say whether the story of the case tells of a transfer (so often)."""
    case_id = getattr(transfer_or_case, "case_id", transfer_or_case.pk)
    return Event.objects.filter(name="cases.noted", subject_id=case_id).count() >= least


@example("transfers.send", effect="tell_case")
def send_and_tell(world: World) -> Example:
    shown = on_its_way("send")(world)
    return replace(shown, holds=lambda: told(Transfer.objects.get(pk=shown.given["transfer_id"])))


@example("transfers.dispatch", effect="tell_case")
def dispatch_and_tell(world: World) -> Example:
    shown = dispatch(world)
    return replace(shown, holds=lambda: told(shown.given["case"]))


def _followed(shown: Example, transfer: Transfer | None, office: Any) -> Example:
    """Show that the case is an office's to see to."""
    case = transfer.case if transfer is not None else shown.given["case"]
    followed = Case.objects.filter(pk=case.pk, state="fixing", handler=office, desk=office)
    return replace(shown, holds=followed.exists)


@example("transfers.send", effect="take_over")
def send_and_take_over(world: World) -> Example:
    shown = on_its_way("send")(world)
    sent = Transfer.objects.get(pk=shown.given["transfer_id"])
    return _followed(shown, sent, sent.sender)


@example("transfers.dispatch", effect="take_over")
def dispatch_and_take_over(world: World) -> Example:
    shown = dispatch(world)
    return _followed(shown, None, shown.given["sender"])


@example("transfers.accept", effect="take_over")
def accept_and_take_over(world: World) -> Example:
    shown = on_its_way("accept")(world)
    sent = Transfer.objects.get(pk=shown.given["transfer_id"])
    return _followed(shown, sent, sent.receiver)


@example("transfers.close", effect="tell_case")
def close_and_tell(world: World) -> Example:
    shown = on_its_way("close")(world)
    return replace(shown, holds=lambda: told(Transfer.objects.get(pk=shown.given["transfer_id"]), 2))


def _handed_on(act: str) -> Callable[[World], Example]:
    def make(world: World) -> Example:
        shown = on_its_way(act)(world)
        made = Transfer.objects.filter(passed_from=shown.given["transfer_id"], state="sent")
        return replace(shown, holds=lambda: made.all().exists())

    return make


for _act in ("pass_on", "redirect"):
    example(f"transfers.{_act}", effect="hand_on")(_handed_on(_act))


@example("transfers.close", effect="hand_up")
def close_and_hand_up(world: World) -> Example:
    _by, child = passed_on(world, "sign_for", "accept", "report_back")
    up = Transfer.objects.filter(pk=child.passed_from_id, state="reported_back")
    return Example(world.actor("fire_officer"), {"transfer_id": child.pk}, holds=lambda: up.all().exists())


@example("transfers.take_back", effect="give_back")
def take_back_and_give_back(world: World) -> Example:
    _by, child = passed_on(world, "sign_for", "refuse")
    back = Transfer.objects.filter(pk=child.passed_from_id, state="accepted")
    given = given_to(world, "take_back", child)
    return Example(world.actor("fire_officer"), given, holds=lambda: back.all().exists())
