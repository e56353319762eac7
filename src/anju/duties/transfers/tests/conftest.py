"""Hands for the tests of transfers: offices that may issue letters, a hazard with photos, a transfer on its way."""

from collections.abc import Callable
from datetime import date, datetime
from types import SimpleNamespace

import pytest
from tests.cast import PASSWORD, Builder, Member

from anju.duties.cases.models import Case
from anju.duties.cases.tests.conftest import (  # noqa: F401  (fixtures)
    _own_store,
    photo,
    reported,
    walk,
)
from anju.duties.transfers import services as transfers
from anju.duties.transfers.models import Transfer
from anju.ground.access import services as access
from anju.ground.organisations import services as organisations
from anju.ground.organisations.models import Organisation

CODES = {
    "police": "东公移字",
    "fire": "东消移字",
    "east_housing": "东住建",
    "huaiyin_office": "槐街移字",
    "urban_management": "东城管移字",
}


def hire(office: Organisation, *, name: str, login: str, role: str, at: datetime) -> Member:
    """Give an office one more person with a login."""
    by = Builder()
    person = organisations.create_person(name=name, phone="13800000000", is_demo=True, by=by, at=at)
    post = organisations.hold_post(
        person=person,
        organisation=office,
        role=role,
        title="承办人",
        valid_from=date(2020, 1, 1),
        by=by,
        at=at,
    )
    account = access.create_account(username=login, password=PASSWORD, person=person, by=by, at=at)
    return Member(person, account, post)


@pytest.fixture
def offices(city) -> SimpleNamespace:
    """The offices of the cast, each with its 机关代字."""
    for key, code in CODES.items():
        office = getattr(city.offices, key)
        office.document_code = code
        office.save(update_fields=["document_code"])
    return city.offices


@pytest.fixture
def urban_officer(city, friday_9am) -> Member:
    """秦, of urban management in 东湖区."""
    return hire(
        city.offices.urban_management, name="秦城管", login="qin", role="department_officer", at=friday_9am
    )


@pytest.fixture
def west_police(city, friday_9am) -> Member:
    """A police officer of the other county."""
    office = organisations.create_organisation(
        kind="police_station", name="西山县局山前派出所", area=city.areas.shanqian_town, is_demo=True,
        by=Builder(), at=friday_9am,
    )  # fmt: skip
    return hire(office, name="邓西警", login="deng", role="police_officer", at=friday_9am)


@pytest.fixture
def hazard(reported, photo, offices) -> Case:  # noqa: F811
    """A blocked exit of an estate, reported with two photos."""
    return reported(uploads=[photo(1), photo(2)])


@pytest.fixture
def drafted(hazard, police_officer, offices, friday_9am) -> Callable[..., Transfer]:
    """Return a function by which the police draft a transfer of the hazard to the fire brigade."""

    def draft(**told) -> Transfer:
        values = {
            "case_id": hazard.pk,
            "kind": "referral",
            "receiver_id": offices.fire.pk,
            "reason": "安全出口锁闭拒不改正，处罚属于消防救援机构职权，请依法查处",
            "stopped": "已当场责令立即打开安全出口，拆除铁链",
            "evidence_ids": list(hazard.evidence.values_list("pk", flat=True)),
            "by": police_officer.actor(friday_9am),
            "at": friday_9am,
        }
        return transfers.draft_transfer(**values | told)

    return draft


@pytest.fixture
def go(police_officer, fire_officer, drafted, friday_9am) -> Callable[..., Transfer]:
    """Return a function that takes a transfer through acts, each by whoever is in turn; told is for the last."""

    def take(*acts: str, transfer: Transfer | None = None, at: datetime = friday_9am, **told) -> Transfer:
        made = transfer or drafted()
        by_sender = {"send", "close", "insist", "redirect", "contest", "take_back", "discard"}
        notes = {
            "refuse": "现场是社区自管院落，应由城市管理部门先行处理",
            "report_back": "已到场核查，责令当事人改正并立案",
            "insist": "照片显示铁链仍在，出口仍然锁闭",
            "pass_on": "出口被违法建设占用，属于城市管理部门职权",
            "redirect": "改由城市管理部门处理",
            "contest": "双方对管辖有争议，我所认为属于消防职权",
            "take_back": "当事人已改正，由我所继续跟踪",
            "discard": "当事人已当场改正",
        }
        for act in acts:
            who = police_officer if act in by_sender else fire_officer
            given = {"note": notes[act]} if act in notes else {}
            given |= {"outcome": "punished"} if act == "report_back" else {}
            given |= told if act == acts[-1] else {}
            made = getattr(transfers, act)(transfer_id=made.pk, by=who.actor(at), at=at, **given)
        return made

    return take
