"""A real city begins with nothing but its rulebooks: up to its first deadline over a holiday and its first paper."""

import re
from datetime import date, datetime
from io import StringIO

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from anju.duties.cases import services as cases
from anju.duties.orders.services import orders
from anju.ground.access import services as access
from anju.ground.access.actors import PUBLIC, Actor
from anju.ground.access.models import Account
from anju.ground.foundation import calendar, clocks, journal
from anju.ground.foundation.models import CalendarYear
from anju.ground.organisations.models import Organisation
from anju.ground.territory.models import Area, Estate
from anju.means.documents.models import IssuedDocument
from tests.cast import SHANGHAI

pytestmark = pytest.mark.django_db

BEFORE_THE_HOLIDAY = datetime(
    2026, 9, 29, 10, 0, tzinfo=SHANGHAI
)  # 国庆节 2026: 1 to 7 October, work on the 10th


@pytest.fixture(autouse=True)
def _world(settings, tmp_path, monkeypatch):
    settings.FILE_STORE = tmp_path / "files"
    monkeypatch.setenv("FIRST", "a-good-password-1")
    calendar.forget()
    yield
    calendar.forget()


def text_of(response) -> str:
    return re.sub(r"<[^>]+>", " ", response.content.decode())


def administrator() -> Client:
    """Sign in the first administrator as the launcher makes one, with the second factor that the pages ask for."""
    call_command(
        "create_first_administrator", "--username", "first", "--password-env", "FIRST", stdout=StringIO()
    )
    account = Account.objects.get(username="first")
    client = Client(HTTP_ACCEPT_LANGUAGE="zh-hans")
    client.force_login(account, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.get(reverse("console:home")).url == reverse("mfa_activate_totp")
    TOTP.activate(account, generate_totp_secret())
    return client


def registered(client: Client, kind: str, area: Area, **facts: str) -> Organisation:
    sent = {"kind": kind, "name": f"演示数据{kind}", "active": "on", **facts}
    answer = client.post(f"{reverse('organisations:new')}?area={area.pk}", sent)
    assert answer.status_code == 302, text_of(answer)
    return Organisation.objects.get(kind=kind)


def enrolled(client: Client, office: Organisation, role: str, at: datetime, **facts: str) -> Actor:
    sent = {"name": "演示人", "username": f"u{office.pk}", "role": role, "valid_from": "2026-01-01", **facts}
    answer = client.post(f"{reverse('access:enrol')}?office={office.pk}", sent)
    assert answer.status_code in (200, 302), text_of(answer)
    account = Account.objects.select_related("person").get(username=sent["username"])
    return access.actor_of(account, at=at)


def test_an_empty_city_comes_to_its_first_term_over_a_holiday_and_to_its_first_paper():
    at = BEFORE_THE_HOLIDAY
    call_command("set_up_city", stdout=StringIO())
    feng = administrator()
    community = Area.objects.filter(level=Area.Level.COMMUNITY, active=True, street__isnull=False).earliest(
        "pk"
    )
    street = registered(
        feng,
        "street_office",
        community.street,
        name="演示街道办事处",
        document_code="演街",
        phone="0373-0000000",
    )
    registered(feng, "community_office", community, name="演示社区居民委员会")
    officer = enrolled(feng, street, "street_officer", at, badge_number="Y-0001")
    answer = feng.post(
        f"{reverse('territory:new')}?area={community.pk}",
        {"name": "演示小区", "year_built": "1999", "management": "none", "households": "120"},
    )
    assert answer.status_code == 302, text_of(answer)
    estate = Estate.objects.get()

    case = cases.report(
        kind="hazard", class_code="EB06", text="充电桩旁没有灭火器（演示数据）", by=PUBLIC, at=at, channel="portal",
        estate=estate, reporter=cases.Reporter(origin="192.0.2.1"),
    )  # fmt: skip

    # Three working days for the look at the place: the 30th, and after the holiday the 8th and the 9th.
    verify = case.clocks.get(kind="verify")
    assert verify.due_at.astimezone(SHANGHAI).date() == date(2026, 10, 9)
    assert not verify.provisional
    assert any("国庆节" in line for line in clocks.derivation(verify))

    cases.take_step(case_id=case.pk, act="assign", by=officer, at=at, handler_id=street.pk)
    order = orders.order_timed(draft=orders.of_case(case.pk, by=officer, at=at), by=officer, at=at)
    assert order.serve_by == date(2026, 10, 9)
    paper = IssuedDocument.objects.get()
    assert (paper.pk, paper.written_number) == (order.document_id, order.written_number)
    assert order.written_number.endswith("〔2026〕第0001号") and "演街" in order.written_number


def test_setting_up_again_leaves_alone_what_officers_have_changed():
    call_command("set_up_city", stdout=StringIO())
    area = Area.objects.filter(level=Area.Level.STREET).earliest("pk")
    Area.objects.filter(pk=area.pk).update(name="改了名的街道")
    day, feng = date(2026, 12, 7), Actor(1, "account", "冯管理", "系统管理员", {"calendar.edit": ()})
    calendar.edit_day(
        day=day, is_workday=False, name="暴雪停工", source="演示数据", by=feng, at=BEFORE_THE_HOLIDAY
    )
    before = (Area.objects.count(), CalendarYear.objects.count(), journal.Event.objects.count())
    call_command("set_up_city", stdout=StringIO())
    assert (Area.objects.count(), CalendarYear.objects.count(), journal.Event.objects.count()) == before
    assert Area.objects.get(pk=area.pk).name == "改了名的街道"
    assert not calendar.current().is_workday(day)
