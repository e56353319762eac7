"""Examples of the verbs of penalties and their payments: each on a hazard and a case of its own."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from tests.cast import BUILT_AT, PASSWORD, SINCE, Builder, Member
from tests.verbs import Example, World, example

from anju.duties.cases.models import Case
from anju.duties.orders.queries import matters
from anju.duties.orders.tests.examples import TWO, hazard, office
from anju.duties.penalties.models import Payment, Penalty
from anju.duties.penalties.queries.offences import punished_before
from anju.duties.penalties.services import payments, penalties
from anju.duties.penalties.services.penalties import Accused, Measure
from anju.ground.access import services as access
from anju.ground.access.models import Account
from anju.ground.foundation import desk
from anju.ground.foundation.models import Event
from anju.ground.organisations import services as organisations
from anju.ground.organisations.models import Post
from anju.means.documents.models import IssuedDocument

UNIT = Accused("unit", "安邻物业服务有限公司")
PERSON = Accused("person", "胡小明", id_number="11010519491231002X", phone="13900001111", age=30)
CHILD = Accused("person", "小演", age=13)
EIGHT = Measure(Decimal(8000), reasons="占用时间长，影响通行")


def fire(world: World) -> Any:
    """Return an officer of the fire agency, which numbers its papers."""
    office(world, "fire", "东消")
    return world.actor("fire_officer")


def chief(world: World) -> Any:
    """Return the head of the fire agency, who decides and has handled nothing."""
    login, at, by = "yandui", BUILT_AT, Builder()
    known = Account.objects.filter(username=login).select_related("person").first()
    if known is None:
        person = organisations.create_person(name="丁演队", phone="13800000009", is_demo=True, by=by, at=at)
        organisations.hold_post(
            person=person, organisation=world.city.offices.fire, role="fire_chief", title="", valid_from=SINCE, by=by,
            at=at,
        )  # fmt: skip
        known = access.create_account(username=login, password=PASSWORD, person=person, by=by, at=at)
    return Member(known.person, known, Post.objects.get(person=known.person)).actor(world.now)


def filing(world: World, **told: Any) -> Example:
    """Say how an ordinary case of a blocked fire lane is filed against the company."""
    by = fire(world)
    given = {
        "matter": matters.of_case(by, hazard(world, "FA01").pk, at=world.now), "offence": "lane_blocked",
        "procedure": "ordinary", "accused": UNIT, "officers": TWO, "facts": "小区消防车通道被固定障碍物占用",
    }  # fmt: skip
    return Example(by, given | told, other={"facts": "消防车通道被临时堆放的杂物占用"})


def filed(world: World, **told: Any) -> Penalty:
    """File a case."""
    shown = filing(world, **told)
    made: Penalty = penalties.file(by=shown.by, at=world.now, **shown.given)
    return made


def noticed(world: World, measure: Measure = EIGHT, **told: Any) -> Penalty:
    """Take a case to its notice."""
    one = {"penalty_id": filed(world, **told).pk, "by": fire(world), "at": world.now}
    made: Penalty = penalties.give_notice(measure=measure, **one)
    return made


def heard(world: World, **told: Any) -> Penalty:
    """Take a case to the statement of the party."""
    one = {"penalty_id": noticed(world, **told).pk, "by": fire(world), "at": world.now}
    made: Penalty = penalties.take_statement(statement="无异议，放弃", answer="予以确认", **one)
    return made


def proposed(world: World, **told: Any) -> Penalty:
    """Take a case to its proposal."""
    one = {"penalty_id": heard(world, **told).pk, "by": fire(world), "at": world.now}
    made: Penalty = penalties.propose(measure=EIGHT, **one)
    return made


def decided(world: World, **told: Any) -> Penalty:
    """Take a case to its decision."""
    made: Penalty = penalties.decide(penalty_id=proposed(world, **told).pk, by=chief(world), at=world.now)
    return made


def served(world: World) -> Penalty:
    """Take a case to the service of its decision."""
    one = {"penalty_id": decided(world).pk, "by": fire(world), "at": world.now}
    made: Penalty = penalties.serve(way="direct", served_to="孙悦", **one)
    return made


def simple(world: World) -> Penalty:
    """File a case on a person, to be decided on the spot."""
    return filed(world, offence="escape_blocked", procedure="simple", accused=PERSON)


def fined(world: World) -> Penalty:
    """Fine a person 100 yuan on the spot."""
    one = {"penalty_id": simple(world).pk, "by": fire(world), "at": world.now}
    made: Penalty = penalties.decide_simple(measure=Measure(Decimal(100), reasons="情节轻微"), **one)
    return made


def told(penalty: Penalty, least: int) -> bool:
    """Say whether the story of its case tells of a penalty so often."""
    return Event.objects.filter(name="cases.noted", data__penalty=penalty.pk).count() >= least


def waits_for(head: Any, penalty: Penalty, at: datetime) -> bool:
    """Say whether a penalty lies before its head, who could also act as an officer."""
    power = "penalties.approve"
    head = replace(head, powers={power: head.powers[power]})
    return Penalty.objects.filter(desk.condition("penalties", head, at), pk=penalty.pk).exists()


@example("penalties.file")
def file(world: World) -> Example:
    return filing(world)


@example("penalties.file", effect="tell_case")
def file_and_tell(world: World) -> Example:
    shown = filing(world)
    about = Event.objects.filter(name="cases.noted", subject_id=shown.given["matter"].case.pk)
    return replace(shown, holds=about.exists)


@example("penalties.file", effect="take_over")
def file_and_take_over(world: World) -> Example:
    shown, own = filing(world), world.city.offices.fire
    taken = Case.objects.filter(
        pk=shown.given["matter"].case.pk, state="fixing", handler=own, desk=own, due_clock="rectify"
    )
    return replace(shown, holds=taken.exists)


@example("penalties.file", effect="lay_before_head")
def file_on_somebody_too_young(world: World) -> Example:
    shown = filing(world, offence="escape_blocked", accused=CHILD)
    head = chief(world)
    of_case = Penalty.objects.filter(case=shown.given["matter"].case)
    return replace(shown, holds=lambda: any(waits_for(head, made, world.now) for made in of_case.all()))


@example("penalties.penalise_on_the_spot")
def penalise_on_the_spot(world: World) -> Example:
    shown = filing(world, offence="escape_blocked", accused=PERSON)
    given = {name: value for name, value in shown.given.items() if name != "procedure"}
    given |= {"measure": Measure(Decimal(100), reasons="情节轻微"), "statement": "无异议"}
    return replace(shown, given=given, other={"statement": "有异议"})


@example("penalties.decide_simple")
def decide_simple(world: World) -> Example:
    given = {"penalty_id": simple(world).pk, "measure": Measure(Decimal(100), reasons="情节轻微")}
    return Example(fire(world), given, other={"measure": Measure(Decimal(200), reasons="情节较重")})


@example("penalties.decide_simple", effect="tell_case")
def decide_simple_and_tell(world: World) -> Example:
    shown = decide_simple(world)
    penalty = Penalty.objects.get(pk=shown.given["penalty_id"])
    return replace(shown, holds=lambda: told(penalty, 2))


@example("penalties.give_notice")
def give_notice(world: World) -> Example:
    given = {"penalty_id": filed(world).pk, "amount": "8000", "reasons": "占用时间长，影响通行"}
    return Example(fire(world), given, other={"amount": "9000"})


@example("penalties.renotice")
def renotice(world: World) -> Example:
    given = {"penalty_id": proposed(world).pk, "measure": replace(EIGHT, amount=Decimal(9000))}
    return Example(fire(world), given, other={"measure": EIGHT})


@example("penalties.take_statement")
def take_statement(world: World) -> Example:
    given = {"penalty_id": noticed(world).pk, "statement": "无异议，放弃", "answer": "予以确认"}
    return Example(fire(world), given, other={"answer": "不予采纳"})


def day_of_hearing(world: World) -> date:
    """Return the earliest day for a hearing that is asked for now."""
    today = matters.day_of(world.now)
    return matters.last_day(today, matters.book(today)["hearing"]["notice_before"])


def large(world: World) -> Penalty:
    """Tell the company of a fine so large that it may ask for a hearing."""
    return noticed(world, replace(EIGHT, amount=Decimal(30000)))


@example("penalties.ask_hearing")
def ask_hearing(world: World) -> Example:
    given = {"penalty_id": large(world).pk, "hearing_on": day_of_hearing(world)}
    return Example(fire(world), given, other={"hearing_on": date(2100, 1, 1)})


@example("penalties.record_hearing")
def record_hearing(world: World) -> Example:
    penalty = large(world)
    penalties.ask_hearing(
        penalty_id=penalty.pk, hearing_on=day_of_hearing(world), by=fire(world), at=world.now
    )
    Penalty.objects.filter(pk=penalty.pk).update(hearing_on=matters.day_of(world.now))
    given = {"penalty_id": penalty.pk, "record": "当事人陈述意见，维持原意见"}
    return Example(fire(world), given, other={"record": "当事人没有到场，维持原意见"})


@example("penalties.propose")
def propose(world: World) -> Example:
    given = {"penalty_id": heard(world).pk, "measure": EIGHT}
    return Example(fire(world), given, other={"measure": replace(EIGHT, amount=Decimal(6000))})


@example("penalties.propose", effect="lay_before_head")
def propose_to_the_head(world: World) -> Example:
    shown, head = propose(world), chief(world)
    penalty = Penalty.objects.get(pk=shown.given["penalty_id"])
    return replace(shown, holds=lambda: waits_for(head, penalty, world.now))


@example("penalties.decide")
def decide(world: World) -> Example:
    return Example(
        chief(world), {"penalty_id": proposed(world).pk, "note": "同意"}, other={"note": "同意所提意见"}
    )


@example("penalties.decide", effect="tell_case")
def decide_and_tell(world: World) -> Example:
    shown = decide(world)
    penalty = Penalty.objects.get(pk=shown.given["penalty_id"])
    return replace(shown, holds=lambda: told(penalty, 2))


@example("penalties.spare")
def spare(world: World) -> Example:
    penalty = filed(world, corrected=True)
    given = {"penalty_id": penalty.pk, "ground": "minor_corrected", "note": "情节轻微，当场清除"}
    return Example(chief(world), given, other={"note": "情节轻微，次日清除"})


@example("penalties.spare", effect="tell_case")
def spare_and_tell(world: World) -> Example:
    shown = spare(world)
    penalty = Penalty.objects.get(pk=shown.given["penalty_id"])
    return replace(shown, holds=lambda: told(penalty, 2))


@example("penalties.spare", effect="let_go")
def spare_and_let_go(world: World) -> Example:
    return let_go_by(spare(world))


def let_go_by(shown: Example) -> Example:
    """Ask of an example that the case of its penalty waits to be dispatched again."""
    case = Case.objects.filter(penalties=shown.given["penalty_id"])
    return replace(shown, holds=case.filter(state="returned", taken_over_at=None).exists)


@example("penalties.serve")
def serve(world: World) -> Example:
    given = {"penalty_id": decided(world).pk, "way": "direct", "served_to": "孙悦"}
    return Example(fire(world), given, other={"served_to": "别人"})


@example("penalties.pay")
def pay(world: World) -> Example:
    given = {
        "penalty_id": served(world).pk,
        "principal": Decimal(3000),
        "paid_on": matters.day_of(world.now),
        "receipt": "P-1",
    }
    return Example(fire(world), given, other={"principal": Decimal(2000)})


@example("penalties.pay", follows="settle")
def pay_in_full(world: World) -> Example:
    shown = pay(world)
    return replace(shown, given=shown.given | {"principal": Decimal(8000)})


@example("penalties.hand_in")
def hand_in(world: World) -> Example:
    day = matters.day_of(world.now)
    made: Payment = payments.record_payment(
        penalty_id=fined(world).pk, principal=Decimal(100), paid_on=day, receipt="X-1", way="spot", by=fire(world),
        at=world.now,
    )  # fmt: skip
    return Example(fire(world), {"payment_id": made.pk, "on": day}, other={"on": None})


@example("penalties.cancel")
def cancel(world: World) -> Example:
    given = {"penalty_id": decided(world).pk, "reason": "事实认定有误"}
    return Example(chief(world), given, other={"reason": "处罚对象有误"})


@example("penalties.cancel", effect="tell_case")
def cancel_and_tell(world: World) -> Example:
    shown = cancel(world)
    penalty = Penalty.objects.get(pk=shown.given["penalty_id"])
    return replace(shown, holds=lambda: told(penalty, 3))


@example("penalties.cancel", effect="void_paper")
def cancel_and_void(world: World) -> Example:
    shown = cancel(world)
    paper = Penalty.objects.get(pk=shown.given["penalty_id"]).document_id
    return replace(shown, holds=lambda: IssuedDocument.objects.get(pk=paper).state == "voided")


@example("penalties.cancel", effect="stop_counting")
def cancel_what_was_no_first_offence(world: World) -> Example:
    # An offence for which no other example punishes the company.
    penalty = decided(world, offence="facilities_defective")
    assert penalty.company is not None
    day, offence, company = matters.day_of(world.now), penalty.offence, penalty.company
    given = {"penalty_id": penalty.pk, "reason": "事实认定有误"}
    return Example(chief(world), given, holds=lambda: not punished_before(company, offence, on=day))


@example("penalties.cancel", effect="let_go")
def cancel_and_let_go(world: World) -> Example:
    return let_go_by(cancel(world))


@example("penalties.unseal")
def unseal(world: World) -> Example:
    given = {"penalty_id": simple(world).pk, "reason": "核对缴款人的身份"}
    return Example(fire(world), given, other={"reason": "复核处罚对象身份"})
