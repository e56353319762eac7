"""One of everything that the rooms of duties, papers and figures keep, made now."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone

from anju.duties.cases.models import Case
from anju.duties.inspections.models import Unit, Visit
from anju.duties.inspections.services import checking, records
from anju.duties.inspections.services import visits as inspections
from anju.duties.majors import services as majors
from anju.duties.objections import services as objections
from anju.duties.orders.models import Order, Sealing
from anju.duties.orders.queries import matters
from anju.duties.orders.services import orders, sealings
from anju.duties.penalties.models import Penalty
from anju.duties.penalties.services import payments, penalties
from anju.duties.penalties.services.penalties import Accused, Measure
from anju.duties.suggestions import services as suggestions
from anju.duties.suggestions.models import Suggestion
from anju.duties.transfers import services as transfers
from anju.duties.transfers.models import Transfer
from anju.ground.access import services as access
from anju.ground.access.actors import Actor
from anju.ground.foundation.tests import samples
from anju.ground.organisations import services as organisations
from anju.means.figures import services as figures
from anju.means.figures.queries import Query
from anju.means.figures.rules import Period
from tests.cast import BUILT_AT, PASSWORD, SINCE, Builder, Member

CODES = {
    "police": "东公",
    "fire": "东消",
    "east_housing": "东住建",
    "city_housing": "试建函",
    "huaiyin_office": "槐街",
    "shanqian_office": "山政",
    "urban_management": "东城管",
}
# The punished person: nobody who may not unseal ever reads this name.
PUNISHED = "胡小明"
PERSON = Accused("person", PUNISHED, id_number="11010519491231002X", phone="13900001111", age=30)
TWO = [("赵安", "XF0001"), ("钱防", "XF0002")]
REASONS = "持续时间长，影响通行"
DRAFT = suggestions.Draft(
    sections=[
        {"heading": "建立检查制度", "text": "我局组织各县区逐小区检查。"},
        {"heading": "部门协同", "text": "会同公安、消防联合检查。"},
        {"heading": "党建引领", "text": "依托社区协商解决难题。"},
    ],
    closing="下一步，我们将继续加大监管力度。",
    result_class="B",
    contact_unit="市住建局",
    contact="冯演联",
    phone="0373-0000001",
    postcode="453000",
    copies=[{"to": "市人大选工委", "count": 2}],
)


@dataclass
class World:
    """The city, who works in it, and what was made; `ids` fills the URL table."""

    city: Any
    people: SimpleNamespace
    now: datetime
    ids: dict[str, Any] = field(default_factory=dict)

    def actor(self, who: str | Member, at: datetime | None = None) -> Actor:
        member = getattr(self.people, who) if isinstance(who, str) else who
        return member.actor(at or self.now)


def hire(office: Any, name: str, login: str, role: str, badge: str = "") -> Member:
    """Give an office one more person with a login and a badge."""
    by = Builder()
    person = organisations.create_person(
        name=name, badge_number=badge, phone="13800000000", is_demo=True, by=by, at=BUILT_AT
    )
    post = organisations.hold_post(
        person=person, organisation=office, role=role, title="", valid_from=SINCE, by=by, at=BUILT_AT
    )
    account = access.create_account(username=login, password=PASSWORD, person=person, by=by, at=BUILT_AT)
    return Member(person, account, post)


@pytest.fixture
def world(city, now) -> World:
    """The offices with their codes, the officers with badges, heads, and a station of the other county."""
    for key, code in CODES.items():
        office = getattr(city.offices, key)
        office.document_code = code
        office.save(update_fields=["document_code"])
    for key in ("police_officer", "fire_officer", "street_officer", "county_supervisor"):
        person = getattr(city.people, key).person
        person.badge_number = f"证{key}"[:30]
        person.save(update_fields=["badge_number"])
    west = organisations.create_organisation(
        kind="police_station", name="西山县局山前派出所", area=city.areas.shanqian_town, document_code="西公",
        is_demo=True, by=Builder(), at=BUILT_AT,
    )  # fmt: skip
    people = SimpleNamespace(
        **vars(city.people),
        police_second=hire(city.offices.police, "高远", "gao", "police_officer", "JC0002"),
        police_chief=hire(city.offices.police, "所所长", "suo", "police_chief", "JC0009"),
        fire_second=hire(city.offices.fire, "钱防", "qian", "fire_officer", "XF0002"),
        fire_chief=hire(city.offices.fire, "丁大队", "dingd", "fire_chief", "XF0009"),
        west_officer=hire(west, "邓西警", "deng", "police_officer", "XC0001"),
        west_county=hire(city.offices.west_housing, "西主管", "xizhu", "county_supervisor", "XC0002"),
        leader=hire(city.offices.city_housing, "丁主任", "ding", "bureau_leader"),
        east_leader=hire(city.offices.east_housing, "石局长", "shi", "bureau_leader"),
    )
    return World(city, people, now)


@pytest.fixture
def hazard(world, filed, walk) -> Callable[..., Case]:
    """Return a function that files a hazard of a class and gives it to the company."""
    seeds = iter(range(300, 400))

    def file(class_code: str = "EB02", *, accept: bool = True, **told) -> Case:
        told = {"text": f"{class_code} 现场：一楼门厅正在充电", "reporter": None} | told
        case = filed(seed=next(seeds), class_code=class_code, **told)
        return walk(case, "assign", "accept") if accept else case

    return file


@pytest.fixture
def begun(world) -> Callable[..., Visit]:
    """Return a function that begins a visit of 槐荫小区 by two officers of the station."""

    def begin(**told) -> Visit:
        p = world.people
        unit = Unit.objects.get(kind="estate", estate=world.city.estates.huaiyin)
        values = {
            "unit_id": unit.pk,
            "officer_ids": [p.police_officer.person.pk, p.police_second.person.pk],
            "by": world.actor("police_officer"),
            "at": world.now,
        }
        return inspections.begin_visit(**values | told)

    return begin


@pytest.fixture
def ready(world, begun) -> Callable[..., Visit]:
    """Return a function that makes a visit that is checked, concluded and signed, with one finding."""

    def prepare(text: str = "一楼门厅给电动车充电", place: str = "1号楼", **told) -> Visit:
        by, at = world.actor("police_officer"), world.now
        visit = begun(**told)
        checking.add_finding(
            visit_id=visit.pk, class_code="EB02", place=place, text=text, by=by, at=at,
            uploads=[checking.Upload(samples.upload(samples.photo(seed=visit.pk % 1000 + 500)))],
        )  # fmt: skip
        checking.check_items(visit_id=visit.pk, answers={}, rest="ok", by=by, at=at)
        checking.conclude_part(visit_id=visit.pk, conclusion="problems", by=by, at=at)
        checking.sign(visit_id=visit.pk, signed_by="钱经理", by=by, at=at)
        return visit

    return prepare


@pytest.fixture
def visited(world, ready) -> Callable[..., Visit]:
    """Return a function that makes a finished visit."""

    def finish(**told) -> Visit:
        visit = ready(**told)
        return inspections.finish_visit(visit_id=visit.pk, by=world.actor("police_officer"), at=world.now)

    return finish


def ordered(world: World, case: Case, who: str = "police_officer", *, immediate: bool = False) -> Order:
    """Issue an order on a case and serve it."""
    by, at = world.actor(who), world.now
    draft = orders.of_case(case.pk, by=by, at=at)
    made = (orders.order_immediate if immediate else orders.order_timed)(draft=draft, by=by, at=at)
    return orders.serve(order_id=made.pk, way="direct", served_to="孙悦", by=by, at=at)


def fined_person(world: World, case: Case, *, amount: str = "200", key: str = "") -> Penalty:
    """Fine a person on the spot for charging in a corridor, after an order that was not obeyed."""
    by, at = world.actor("police_officer"), world.now
    ordered(world, case, immediate=True)
    return penalties.penalise_on_the_spot(
        matter=matters.of_case(by, case.pk, at=at), offence="corridor_charging", accused=PERSON,
        facts="在一楼公共门厅为电动自行车充电，责令后拒不改正", officers=[("陈卫东", "JC0001")],
        measure=Measure(Decimal(amount)), refused=True, by=by, at=at, key=key,
    )  # fmt: skip


def filed_unit(world: World, case: Case, accused: Accused | None = None, **told) -> Penalty:
    """File an ordinary case of a blocked fire lane by the fire brigade."""
    by, at = world.actor("fire_officer"), world.now
    values = {
        "offence": "lane_blocked",
        "procedure": "ordinary",
        "facts": "小区消防车通道被固定障碍物占用，消防车无法通行",
        "officers": TWO,
        "accused": accused or Accused("unit", "安邻物业服务有限公司"),
    }
    return penalties.file(matter=matters.of_case(by, case.pk, at=at), by=by, at=at, **values | told)


def proposed(world: World, penalty: Penalty, amount: str = "8000") -> Penalty:
    """Take an ordinary case as far as its proposal."""
    by, at = world.actor("fire_officer"), world.now
    measure = Measure(Decimal(amount), reasons=REASONS)
    penalties.give_notice(penalty_id=penalty.pk, measure=measure, by=by, at=at)
    penalties.take_statement(penalty_id=penalty.pk, statement="无异议，放弃", answer="予以确认", by=by, at=at)
    return penalties.propose(penalty_id=penalty.pk, measure=measure, by=by, at=at)


def decided(world: World, penalty: Penalty, amount: str = "8000") -> Penalty:
    """Take an ordinary case to its served decision."""
    proposed(world, penalty, amount)
    penalties.decide(penalty_id=penalty.pk, by=world.actor("fire_chief"), at=world.now)
    return penalties.serve(
        penalty_id=penalty.pk, way="direct", served_to="孙悦", by=world.actor("fire_officer"), at=world.now
    )


def sealed(world: World, case: Case, **told) -> Sealing:
    """Seal a part of the estate of a case."""
    by, at = world.actor("fire_chief"), world.now
    values = {
        "unit_id": Unit.objects.get(kind="estate", estate=case.estate).pk,
        "ground": "escape_unusable",
        "part": "地下一层电动自行车库",
        "reason": "唯一安全出口被砖墙封堵，无法疏散",
        "until": matters.day_of(at) + timedelta(days=20),
        "officers": TWO,
    }
    return sealings.seal(matter=matters.of_case(by, case.pk, at=at), by=by, at=at, **values | told)


def drafted(world: World, case: Case, **told) -> Transfer:
    """Draft a transfer of a case from the station to the fire brigade."""
    values = {
        "case_id": case.pk,
        "kind": "referral",
        "receiver_id": world.city.offices.fire.pk,
        "reason": "安全出口锁闭拒不改正，处罚属于消防救援机构职权，请依法查处",
        "stopped": "已当场责令立即打开安全出口，拆除铁链",
        "evidence_ids": list(case.evidence.values_list("pk", flat=True)),
        "by": world.actor("police_officer"),
        "at": world.now,
    }
    return transfers.draft_transfer(**values | told)


def step(world: World, transfer: Transfer, act: str, who: str, **told) -> Transfer:
    """Take one step of a transfer."""
    return transfers.LOOP.verbs[act](transfer_id=transfer.pk, by=world.actor(who), at=world.now, **told)


def registered(world: World, **told) -> Suggestion:
    """Register a suggestion at the city housing bureau."""
    values = {
        "meeting": "试点市一届人大二次会议",
        "number": 213,
        "title": "关于加强老旧小区安全管理的建议",
        "text": "老旧小区电动车充电和消防通道问题突出，建议加强检查。",
        "received_on": timezone.localtime(world.now).date(),
        "deputies": [suggestions.Signer("郜演一", "东湖区代表团", "13800001234")],
        "by": world.actor("city_supervisor"),
        "at": world.now,
    }
    return suggestions.register(**values | told)


def carried(world: World, suggestion: Suggestion, *acts: str) -> Suggestion:
    """Take a suggestion along its way: the city bureau leads it and its main leader signs."""
    clerk, boss = world.actor("city_supervisor"), world.actor("leader")
    one = {"suggestion_id": suggestion.pk, "at": world.now}
    verbs = {
        "assign": lambda: suggestions.assign(lead_id=world.city.offices.city_housing.pk, by=clerk, **one),
        "accept": lambda: suggestions.accept(by=clerk, **one),
        "draft": lambda: suggestions.draft_reply(draft=DRAFT, by=clerk, **one),
        "talk": lambda: [
            suggestions.hold_talk(
                signatory_id=signatory.pk, kind="visit", held_on=timezone.localtime(world.now).date(),
                place="代表工作室", attendees="物业科", content="当面汇报办理思路并听取意见", attitude="agrees",
                by=clerk, at=world.now,
            )
            for signatory in suggestion.signatories.all()
        ],
        "submit": lambda: suggestions.submit_for_signature(by=clerk, **one),
        "sign": lambda: suggestions.sign(by=boss, **one),
        "issue": lambda: suggestions.issue(by=clerk, **one),
    }  # fmt: skip
    for act in acts:
        verbs[act]()
    return Suggestion.objects.get(pk=suggestion.pk)


TO_SIGNATURE = ("assign", "accept", "draft", "talk", "submit")


@pytest.fixture
def everything(world, hazard, visited) -> World:
    """One of everything, all of it in 东湖区; `ids` names it."""
    at, day = world.now, timezone.localtime(world.now).date()
    visit = visited()
    record = records.issue_record(visit_id=visit.pk, by=world.actor("police_officer"), at=at)
    case = hazard("FA01")
    order = ordered(world, case, "fire_officer")
    penalty = decided(world, filed_unit(world, case))
    payment = payments.record_payment(
        penalty_id=penalty.pk, principal=Decimal("100"), paid_on=day, receipt="P-1", by=world.actor("fire_officer"),
        at=at,
    )  # fmt: skip
    sealing = sealed(world, case)
    transfer = step(world, drafted(world, hazard("EG02")), "send", "police_officer")
    step(world, transfer, "sign_for", "fire_officer")
    serious = hazard("FF04", text="自动喷水和报警系统全部瘫痪，已停用半年")
    listed = majors.propose(
        case_id=serious.pk, place="mixed", criteria=[{"code": "A", "met": 1, "note": "火灾自动报警系统瘫痪"}],
        note="现场核查判定要素属实", by=world.actor("fire_officer"), at=at,
    )  # fmt: skip
    objection = objections.object_to(
        order_id=order.pk, by_name="安邻物业服务有限公司", text="该处障碍物并非我公司设置，请重新核查认定",
        by=world.actor("company_clerk"), at=at,
    )  # fmt: skip
    suggestion = carried(world, registered(world), *TO_SIGNATURE)
    query = Query(("received",), Period(date(day.year, 1, 1), day))
    snapshot = figures.freeze(query=query, title="本年受理", by=world.actor("county_supervisor"), at=at)
    world.ids = {
        "visit_id": visit.pk,
        "unit_id": visit.unit_id,
        "order_id": order.pk,
        "penalty_id": penalty.pk,
        "payment_id": payment.pk,
        "sealing_id": sealing.pk,
        "transfer_id": transfer.pk,
        "major_id": listed.pk,
        "objection_id": objection.pk,
        "suggestion_id": suggestion.pk,
        "signatory_id": suggestion.signatories.get().pk,
        "document_id": record.pk,
        "snapshot_id": snapshot.pk,
        "case_id": case.pk,
    }
    return world
