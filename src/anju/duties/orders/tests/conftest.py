"""Hands for the tests of orders and sealings: heads of offices, hazards, orders that stand."""

from collections.abc import Callable
from datetime import date, datetime
from types import SimpleNamespace

import pytest
from tests.cast import PASSWORD, Builder, Member

from anju.duties.cases.models import Case
from anju.duties.cases.tests.conftest import _own_store, photo, reported, walk  # noqa: F401
from anju.duties.inspections.models import Unit
from anju.duties.orders.models import Order
from anju.duties.orders.services import orders
from anju.ground.access import services as access
from anju.ground.organisations import services as organisations

CODES = {
    "police": "东公责改字",
    "fire": "东消责改字",
    "east_housing": "东住建责改字",
    "huaiyin_office": "槐街责改字",
    "urban_management": "东城管责改字",
}
TWO = [("赵安", "XF0001"), ("钱防", "XF0002")]
ONE = [("陈卫东", "JC0001")]


@pytest.fixture
def offices(city) -> SimpleNamespace:
    """The offices of the cast, each with its 机关代字."""
    for key, code in CODES.items():
        office = getattr(city.offices, key)
        office.document_code = code
        office.save(update_fields=["document_code"])
    return city.offices


def hired(office, name: str, login: str, role: str) -> Member:
    at, by = datetime(2020, 1, 1, tzinfo=None).astimezone(), Builder()
    person = organisations.create_person(name=name, phone="13800000000", is_demo=True, by=by, at=at)
    post = organisations.hold_post(
        person=person,
        organisation=office,
        role=role,
        title="负责人",
        valid_from=date(2020, 1, 1),
        by=by,
        at=at,
    )
    account = access.create_account(username=login, password=PASSWORD, person=person, by=by, at=at)
    return Member(person, account, post)


@pytest.fixture
def fire_chief(offices) -> Member:
    return hired(offices.fire, "丁大队", "ding", "fire_chief")


@pytest.fixture
def police_chief(offices) -> Member:
    return hired(offices.police, "所所长", "suo", "police_chief")


@pytest.fixture
def police(police_officer, offices, friday_9am):
    return police_officer.actor(friday_9am)


@pytest.fixture
def fire(fire_officer, offices, friday_9am):
    return fire_officer.actor(friday_9am)


@pytest.fixture
def head(fire_chief, friday_9am):
    return fire_chief.actor(friday_9am)


@pytest.fixture
def hazard(reported, walk, friday_9am) -> Callable[..., Case]:  # noqa: F811
    """Return a function that files a hazard of a class and sends it to the company."""

    def file(class_code: str = "EB02", **told) -> Case:
        told = {"reporter": None, "text": f"{class_code} 现场情况：一楼门厅正在充电"} | told
        case = reported(class_code=class_code, **told)
        return walk(case, "assign", "accept", at=friday_9am)

    return file


@pytest.fixture
def unit(city) -> Unit:
    """The estate 槐荫小区 as a unit of the register, or the one that is there already."""
    estate = city.estates.huaiyin
    found = Unit.objects.filter(estate=estate, kind="estate", ended_on__isnull=True).first()
    return found or Unit.objects.create(
        kind="estate", name=estate.name, name_key=estate.name, estate=estate, area=estate.area,
        city_id=estate.area.city_id, county_id=estate.area.county_id, street_id=estate.area.street_id,
        community_id=estate.area.pk, registered_on=date(2020, 1, 1), is_demo=True,
    )  # fmt: skip


@pytest.fixture
def ordered(friday_9am) -> Callable[..., Order]:
    """Return a function that issues an order on a case and serves it."""

    def order(case: Case, by, *, immediate: bool = False, due_on: date | None = None, at=friday_9am) -> Order:
        typed = {"due_on": (due_on or date(2024, 7, 22)).isoformat()}
        draft = orders.of_case(case.pk, by=by, at=at, typed=typed)
        verb = orders.order_immediate if immediate else orders.order_timed
        made = verb(draft=draft, by=by, at=at)
        return orders.serve(order_id=made.pk, way="direct", served_to="孙悦", by=by, at=at)

    return order
