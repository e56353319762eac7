"""Hands for the tests of the room: people of the offices, a suggestion, and a walk along its way."""

from collections.abc import Callable
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from anju.duties.suggestions import services
from anju.duties.suggestions.models import Suggestion
from anju.duties.suggestions.services import Draft, Signer
from anju.ground.access import services as access
from anju.ground.access.actors import SYSTEM, Actor
from anju.ground.organisations import services as organisations

TZ = ZoneInfo("Asia/Shanghai")
SINCE = date(2020, 1, 1)


def on(text: str, hour: int = 9) -> datetime:
    """Return a local moment of a day."""
    return datetime.fromisoformat(text).replace(hour=hour, tzinfo=TZ)


@pytest.fixture(autouse=True)
def _own_store(settings, tmp_path):
    settings.FILE_STORE = tmp_path / "files"


@pytest.fixture
def hire(city) -> Callable[..., tuple[object, Callable[[datetime], Actor]]]:
    """Return a function that gives somebody a post and returns the login and the actor at a moment."""

    def give(name: str, login: str, office: object, role: str):
        at = on("2020-01-02")
        person = organisations.create_person(name=name, is_demo=True, by=SYSTEM, at=at)
        organisations.hold_post(
            person=person, organisation=office, role=role, title="", valid_from=SINCE, by=SYSTEM, at=at
        )
        account = access.create_account(
            username=login, password="only-for-tests-2024", person=person, by=SYSTEM, at=at
        )
        return account, lambda moment: access.actor_of(account, at=moment)

    return give


@pytest.fixture
def leader(hire, city):
    """The main leader of the city housing bureau: (login, actor at a moment)."""
    return hire("丁主任", "ding", city.offices.city_housing, "bureau_leader")


@pytest.fixture
def offices(city):
    """Give the bureaus their 机关代字 and telephones."""
    for office, code in ((city.offices.city_housing, "试建函"), (city.offices.east_housing, "东建函")):
        organisations.edit_organisation(
            organisation_id=office.pk,
            changes={"document_code": code, "phone": "0373-0000001"},
            by=SYSTEM,
            at=on("2020-01-02"),
        )
        office.refresh_from_db()
    return city.offices


@pytest.fixture
def registered(offices, city_supervisor) -> Callable[..., Suggestion]:
    """Return a function that registers a suggestion as the city housing bureau does."""

    def register(**told) -> Suggestion:
        at = told.pop("at", on("2024-04-15"))
        values = {
            "meeting": "试点市一届人大二次会议",
            "number": 213,
            "title": "关于加强老旧小区安全管理的建议",
            "text": "老旧小区电动车充电和消防通道问题突出，建议加强检查。",
            "received_on": date(2024, 4, 12),
            "deputies": [Signer("郜演一", "东湖区代表团", "13800001234")],
            "by": city_supervisor.actor(at),
            "at": at,
        }
        return services.register(**values | told)

    return register


DRAFT = Draft(
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


@pytest.fixture
def walk(offices, city_supervisor, leader) -> Callable[..., Suggestion]:
    """Return a function that takes a suggestion along its way: the city bureau leads and signs."""
    _login, chief = leader

    def go(suggestion: Suggestion, *acts: str, at: datetime, draft: Draft = DRAFT) -> Suggestion:
        clerk, boss = city_supervisor.actor(at), chief(at)
        one = {"suggestion_id": suggestion.pk, "at": at}
        for act in acts:
            if act == "assign":
                services.assign(lead_id=offices.city_housing.pk, by=clerk, **one)
            elif act == "accept":
                services.accept(by=clerk, **one)
            elif act == "draft":
                services.draft_reply(draft=draft, by=clerk, **one)
            elif act == "talk":
                for signatory in suggestion.signatories.all():
                    services.hold_talk(
                        signatory_id=signatory.pk, kind="visit", held_on=at.date(), place="代表工作室",
                        attendees="物业科", content="当面汇报办理思路并听取意见", attitude="agrees", by=clerk, at=at,
                    )  # fmt: skip
            elif act == "submit":
                services.submit_for_signature(by=clerk, **one)
            elif act == "sign":
                services.sign(by=boss, **one)
            elif act == "issue":
                services.issue(by=clerk, **one)
        return Suggestion.objects.get(pk=suggestion.pk)

    return go


@pytest.fixture
def answered(registered, walk) -> Suggestion:
    """A suggestion answered on 2024-07-15, awaiting the deputy's feedback."""
    suggestion = registered()
    walk(suggestion, "assign", "accept", at=on("2024-04-15"))
    return walk(suggestion, "draft", "talk", "submit", "sign", "issue", at=on("2024-07-15"))
