"""The pages of transfers in a real browser: they can be read by everybody, and fit a desk and a phone."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from tests.journeys.test_in_a_browser import (  # noqa: F401  (fixtures)
    DESK,
    PHONE,
    page_of,
    refusals_of_axe,
    wider_than_the_screen,
)

from anju.duties.cases import services as cases
from anju.duties.majors import services as majors
from anju.duties.majors.models import MajorHazard
from anju.duties.objections import services as objections
from anju.duties.penalties.models import Penalty
from anju.duties.transfers import services as transfers
from anju.duties.transfers.models import Transfer
from anju.ground.access.actors import PUBLIC
from anju.ground.foundation import ladder
from anju.ground.foundation.tests import samples

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world(city, offices, police_officer, fire_officer, company_clerk):
    """Transfers in every box, one of them late, a major hazard and an objection, as of now."""
    at = timezone.now()
    station, brigade = police_officer.actor(at), fire_officer.actor(at)
    made = []
    for number, acts in enumerate(
        ((), ("send",), ("send", "sign_for", "refuse"), ("send", "sign_for", "accept", "report_back"))
    ):
        picture = SimpleUploadedFile(
            f"exit{number}.jpg", samples.photo(seed=number), content_type="image/jpeg"
        )
        case = cases.report(
            kind="hazard", class_code="EG02", text="二单元一楼安全出口被铁链锁住，晚上打不开，住户多次反映无人处理",
            place=f"{number + 1}号楼2单元", by=PUBLIC, at=at, channel="portal", estate=city.estates.huaiyin,
            uploads=[cases.Upload(picture)], reporter=cases.Reporter(origin=f"203.0.113.{number}"),
        )  # fmt: skip
        one = transfers.draft_transfer(
            case_id=case.pk, kind="referral", receiver_id=offices.fire.pk, by=station, at=at, is_demo=True,
            reason="当事人拒不改正，处罚属于消防救援机构职权，请依法查处并反馈结果",
            stopped="已当场责令立即打开安全出口，拆除铁链", evidence_ids=[case.evidence.get().pk],
        )  # fmt: skip
        for act in acts:
            given = {
                "refuse": {"note": "现场系社区自管院落"},
                "report_back": {"outcome": "punished", "note": "现场核查属实，已立案并责令改正"},
            }.get(act, {})
            by = station if act == "send" else brigade
            one = getattr(transfers, act)(transfer_id=one.pk, by=by, at=at, **given)
        made.append(one)
    Transfer.objects.filter(pk=made[1].pk).update(due_at=at - timedelta(hours=30))
    ladder.climb_all(at=at)
    suspected = majors.propose(
        case_id=made[0].case_id, place="crowded", criteria=[{"code": "5.2", "met": 1, "note": "安全出口全部锁闭"}],
        note="现场核查安全出口全部锁闭，人员密集", by=brigade, at=at,
    )  # fmt: skip
    decision = Penalty.objects.create(
        offence="x", edition=at.date(), article="xx-fire-2020-37", state="decided", procedure="simple",
        agency=offices.police, agency_kind="police_station", company=offices.company, party_kind="unit",
        party_name=offices.company.name, amount=200, decided_on=at.date(), filed_at=at,
        county=city.areas.east, street=city.areas.huaiyin_street,
        written_number="东公罚〔2026〕第0001号",
    )  # fmt: skip
    objections.object_to(
        penalty_id=decision.pk, by_name=offices.company.name, text="充电设施属于业主私拉，我公司已多次劝阻并报告社区",
        by=company_clerk.actor(at), at=at,
    )  # fmt: skip
    return made, suspected, decision


def _pages(world) -> list[tuple[str, str, str]]:
    made, suspected, decision = world
    drafted, late, refused, answered = made
    return [
        ("desk-police", "police_officer", reverse("transfers:list")),
        ("desk-fire", "fire_officer", reverse("transfers:list")),
        ("draft", "police_officer", reverse("transfers:transfer", args=[drafted.pk])),
        ("late-fire", "fire_officer", reverse("transfers:transfer", args=[late.pk])),
        ("late-county", "county_supervisor", reverse("transfers:transfer", args=[late.pk])),
        ("refused", "police_officer", reverse("transfers:transfer", args=[refused.pk])),
        ("answered", "police_officer", reverse("transfers:transfer", args=[answered.pk])),
        ("receipt", "fire_officer", reverse("transfers:receipt", args=[answered.pk])),
        ("new", "police_officer", reverse("transfers:new") + f"?case={late.case_id}"),
        ("majors", "fire_officer", reverse("majors:list")),
        ("major", "fire_officer", reverse("majors:major", args=[suspected.pk])),
        ("major-new", "fire_officer", reverse("majors:new") + f"?case={late.case_id}"),
        ("objections", "police_officer", reverse("objections:list")),
        ("objection", "company_clerk", reverse("objections:objection", args=[decision.objections.get().pk])),
        ("objection-new", "police_officer", reverse("objections:new") + f"?penalty={decision.pk}"),
    ]


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_every_page_can_be_read_by_everybody_and_fits_the_screen(world, page_of, city, size):  # noqa: F811
    assert MajorHazard.objects.exists()
    opened = {}
    wrong = {}
    for name, who, address in _pages(world):
        page = opened.setdefault(who, None) or page_of(size, getattr(city.people, who))
        opened[who] = page
        answer = page.goto(address)
        assert answer.status == 200, (name, answer.status)
        found = refusals_of_axe(page)
        if found or page.errors or wider_than_the_screen(page) > 0:
            wrong[name] = (found, page.errors, wider_than_the_screen(page))
    assert wrong == {}
