"""A deputy's suggestion: from the assembly through three offices to a signed letter, a second one, and the public."""

import re
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse

from anju.duties.cases import services as cases
from anju.duties.suggestions.models import CoHandling, Reply, Suggestion
from anju.ground.access import services as access
from anju.ground.access.actors import PUBLIC, SYSTEM
from anju.ground.organisations import services as organisations

pytestmark = pytest.mark.django_db
TODAY = datetime(2024, 7, 15, 9, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.fixture(autouse=True)
def _world(settings, tmp_path, city):
    settings.FILE_STORE = tmp_path / "files"
    organisations.edit_organisation(
        organisation_id=city.offices.city_housing.pk,
        changes={"document_code": "试建函", "phone": "0373-0000001"},
        by=SYSTEM,
        at=TODAY,
    )


@pytest.fixture
def leader(city) -> Client:
    """The main leader of the bureau, signed in."""
    person = organisations.create_person(name="丁局长", is_demo=True, by=SYSTEM, at=TODAY)
    organisations.hold_post(
        person=person, organisation=city.offices.city_housing, role="bureau_leader", title="局长",
        valid_from=date(2020, 1, 1), by=SYSTEM, at=TODAY,
    )  # fmt: skip
    account = access.create_account(
        username="ding", password="only-for-tests-2024", person=person, by=SYSTEM, at=TODAY
    )
    client = Client(HTTP_ACCEPT_LANGUAGE="zh-hans")
    client.force_login(account, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def text_of(response) -> str:
    return re.sub(r"<[^>]+>", " ", response.content.decode())


def hazards(city, first: int, last: int) -> None:
    for number in range(first, last):
        cases.report(
            kind="hazard", class_code="EG02", text=f"二单元{number}楼安全出口被铁链锁住", by=PUBLIC, at=TODAY,
            channel="portal", estate=city.estates.huaiyin,
            reporter=cases.Reporter(phone=f"1390000{number:04d}", origin=f"203.0.113.{number}"),
        )  # fmt: skip


def draft_of(text: str, version: str = "") -> dict:
    return {
        "act": "save", "version": version, "heading": ["隐患排查", "联合整治", "居民动员"],
        "text": [text, "会同消防救援机构逐小区检查。", "由社区组织居民商议充电棚选址。"],
        "closing": "下一步，每年向社会通报。", "result_class": "B", "contact_unit": "市住建局", "contact": "冯演联",
        "phone": "0373-0000001", "postcode": "453000", "copy_to": ["市人大选工委"], "copy_count": ["2"],
    }  # fmt: skip


def test_a_suggestion_is_answered_with_computed_figures_answered_again_and_published(
    city, city_supervisor, fire_officer, outsider, leader, signed_in_as
):
    clerk, brigade, stranger = (signed_in_as(m) for m in (city_supervisor, fire_officer, outsider))
    deputy = Client(HTTP_ACCEPT_LANGUAGE="zh-hans")

    # The bureau registers it and hands it to itself, asking the fire brigade for its opinion.
    sent = clerk.post(
        reverse("suggestions:register"),
        {
            "meeting": "试点市一届人大二次会议", "number": "213", "received_on": "2024-04-12",
            "title": "关于加强老旧小区安全管理的建议", "text": "楼道充电、通道堵塞的问题突出。", "publication": "full",
            "deputy": ["郜演民"], "delegation": ["东湖区代表团"], "phone": ["13800001234"],
        },
    )  # fmt: skip
    page = sent.url
    made = Suggestion.objects.get()

    def step(who: Client, act: str, **given):
        return who.post(reverse("suggestions:step", args=[made.pk, act]), given)

    assert stranger.get(page).status_code == 404
    step(clerk, "assign", lead=city.offices.city_housing.pk, co=[city.offices.fire.pk])
    step(clerk, "accept")
    co = CoHandling.objects.get()
    assert "答复代表" in text_of(clerk.get(page)) and "期限怎么算的" in text_of(clerk.get(page))
    brigade.post(
        reverse("suggestions:opinion", args=[made.pk]), {"opinion": "我们已逐小区检查消防车道和消火栓。"}
    )
    co.refresh_from_db()
    assert co.submitted_at is not None

    # The letter is written; its figure is a reference, and a copy of it by hand is caught before the signature.
    hazards(city, 0, 12)
    write = reverse("suggestions:draft", args=[made.pk])
    figure = "{{figure:received|2024-01-01|2024-12-31|9901}}"
    clerk.post(write, draft_of(f"今年以来共收到隐患{figure}处，已整改其中的12处。"))
    assert "12" in text_of(clerk.get(write)) and "试点市" in text_of(clerk.get(write))
    doubted = step(clerk, "submit_for_signature")
    assert doubted.status_code == 409
    assert "手写的“12”" in text_of(doubted) and "走访或面商" in text_of(doubted)
    talk = {
        "signatory": made.signatories.get().pk, "kind": "visit", "held_on": str(date.today()), "place": "代表工作室",
        "attendees": "物业科", "content": "当面汇报办理思路并听取意见", "attitude": "agrees",
    }  # fmt: skip
    clerk.post(reverse("suggestions:talk", args=[made.pk]), talk)
    clerk.post(write, draft_of(f"今年以来共收到隐患{figure}处，都已派给办理单位。"))
    assert step(clerk, "submit_for_signature").status_code == 302

    # Nobody but the main leader signs; then the figure is frozen, whatever comes later.
    assert step(clerk, "sign").status_code == 403
    assert step(leader, "sign").status_code == 302
    hazards(city, 12, 15)
    assert step(clerk, "issue").status_code == 302
    reply = Reply.objects.get()
    assert re.fullmatch(r"试建函〔\d{4}〕1号", reply.document.written_number)
    assert "共收到隐患12处" in reply.text and "共收到隐患12处" in str(reply.document.data)
    shown = text_of(clerk.get(page))
    assert "已变化" in shown and "冻结的统计" in shown
    assert clerk.get(reverse("documents:pdf", args=[reply.document_id])).content.startswith(b"%PDF")

    # The deputy reads it on a phone and is not satisfied; within a month there is a second answer.
    code = made.signatories.get().code
    own = reverse("portal:deputy", args=[code])
    assert "共收到隐患12处" in text_of(deputy.get(own))
    deputy.post(
        reverse("portal:deputy_feedback", args=[code]),
        {"value": "dissatisfied", "reason": "没有说以后怎么管"},
    )
    assert "因代表不满意，再次办理" in text_of(deputy.get(own))
    assert "没有说以后怎么管" in text_of(clerk.get(page)) and "再次答复" in text_of(clerk.get(page))
    clerk.post(write, draft_of("今后由社区每月巡查，街道每季度通报。"))
    for who, act in ((clerk, "submit_for_signature"), (leader, "sign"), (clerk, "issue")):
        assert step(who, act).status_code == 302, act
    deputy.post(reverse("portal:deputy_feedback", args=[code]), {"value": "satisfied", "reason": ""})
    made.refresh_from_db()
    assert (made.state, made.feedback, made.round) == ("closed", "satisfied", 2)

    # The public reads the last answer, and the year's report counts it.
    clerk.post(reverse("suggestions:publish", args=[made.pk]), {"names": "冯演联"})
    public = text_of(Client().get(reverse("portal:reply", args=[Reply.objects.get(round=2).pk])))
    assert "街道每季度通报" in public and "冯**" in public and "13800001234" not in public
    assert Client().get(reverse("portal:reply", args=[reply.pk])).status_code == 404
    year = text_of(clerk.get(reverse("suggestions:yearly")))
    assert "代表满意率" in year and "100.0%" in year
