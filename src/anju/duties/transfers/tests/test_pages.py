"""The pages of transfers through HTTP: one journey from the station to the outcome, and who finds nothing there."""

import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from tests.attacks.test_nonsense import WORST

from anju.duties.cases import services as cases
from anju.duties.cases.models import Case
from anju.duties.transfers import queries
from anju.duties.transfers import services as transfers
from anju.duties.transfers.models import Transfer
from anju.ground.access.actors import PUBLIC
from anju.ground.foundation import files, ladder
from anju.ground.foundation.tests import samples


@pytest.fixture
def now(_own_store):
    """This moment: pages read the real clock."""
    return timezone.now()


@pytest.fixture
def found_today(city, offices, now) -> Case:
    """A blocked exit reported just now, with a photo."""
    upload = SimpleUploadedFile("exit.jpg", samples.photo(seed=5), content_type="image/jpeg")
    return cases.report(
        kind="hazard", class_code="EG02", text="二单元一楼安全出口被铁链锁住，晚上打不开", place="3号楼2单元",
        by=PUBLIC, at=now, channel="portal", estate=city.estates.huaiyin, uploads=[cases.Upload(upload)],
        reporter=cases.Reporter(name="韩梅", phone="13912345678", origin="203.0.113.9"),
    )  # fmt: skip


def _post(client: Client, address: str, **told):
    return client.post(address, told, follow=True)


def _step(client: Client, made: Transfer, act: str, **told):
    answer = _post(client, reverse("transfers:step", args=[made.pk, act]), **told)
    made.refresh_from_db()
    return answer


def test_a_police_officer_hands_a_matter_to_the_fire_brigade_and_closes_it_when_the_outcome_is_back(
    found_today, police_officer, fire_officer, county_supervisor, signed_in_as, offices
):
    police, fire, county = map(signed_in_as, (police_officer, fire_officer, county_supervisor))
    page = police.get(reverse("transfers:new"), {"case": found_today.pk})
    assert page.status_code == 200
    text = page.content.decode()
    assert re.search(rf'<option value="{offices.fire.pk}" selected', text), "the right receiver is suggested"
    assert "移送消防救援机构" in text
    asked = police.get(reverse("transfers:new"), {"case": found_today.pk, "to": "urban_management"})
    assert f'value="{offices.urban_management.pk}" selected' in asked.content.decode(), (
        "a kind of office may be asked for"
    )
    line = found_today.evidence.get()
    answer = _post(
        police, reverse("transfers:new") + f"?case={found_today.pk}", kind="referral",
        receiver=offices.fire.pk, reason="处罚属于消防救援机构职权，请依法查处", stopped="已责令立即打开安全出口",
        evidence=[line.pk], request_key="one",
    )  # fmt: skip
    made = Transfer.objects.get()
    assert answer.redirect_chain[-1][0] == reverse("transfers:transfer", args=[made.pk])
    assert "发出" in answer.content.decode()
    assert fire.get(reverse("transfers:transfer", args=[made.pk])).status_code == 404, (
        "a draft is the sender's"
    )

    assert "移送办理" not in police.get(reverse("cases:case", args=[found_today.pk])).content.decode()
    _step(police, made, "send")
    assert made.written_number
    assert "移送办理" in county.get(reverse("cases:case", args=[found_today.pk])).content.decode()
    desk = fire.get(reverse("transfers:list")).content.decode()
    assert made.written_number in desk
    assert 'side-badge num">1<' in desk, "the navigation counts what waits for me"
    pdf = fire.get(reverse("documents:pdf", args=[made.document_id]))
    assert b"".join(pdf).startswith(b"%PDF") if pdf.streaming else pdf.content.startswith(b"%PDF")
    assert fire.get(files.url(line.file, "thumb")).status_code == 200

    assert _step(fire, made, "sign_for").status_code == 200
    assert "赵安" in fire.get(reverse("transfers:receipt", args=[made.pk])).content.decode()
    _step(fire, made, "accept")
    refused = fire.post(reverse("transfers:step", args=[made.pk, "report_back"]), {"outcome": "punished"})
    assert refused.status_code == 422
    assert "查明了什么" in refused.content.decode()
    _step(fire, made, "report_back", outcome="punished", note="现场核查属实，已立案调查并责令改正")
    assert "已查处" in county.get(reverse("transfers:transfer", args=[made.pk])).content.decode()
    closed = _step(police, made, "close")
    assert made.state == "closed"
    assert "已办结" in closed.content.decode()
    found_today.refresh_from_db()
    assert found_today.is_open
    assert "移送有了结果" in police.get(reverse("cases:case", args=[found_today.pk])).content.decode()


@pytest.fixture
def sent(found_today, police_officer, offices, now) -> Transfer:
    """A transfer just sent to the fire brigade."""
    actor = police_officer.actor(now)
    made = transfers.draft_transfer(
        case_id=found_today.pk, kind="referral", receiver_id=offices.fire.pk, reason="处罚属于消防救援机构职权",
        stopped="已责令立即打开", evidence_ids=[found_today.evidence.get().pk], by=actor, at=now,
    )  # fmt: skip
    return transfers.send(transfer_id=made.pk, by=actor, at=now)


def test_what_is_late_is_red_on_three_desks(
    sent, police_officer, fire_officer, county_supervisor, city_supervisor, signed_in_as, now
):
    Transfer.objects.filter(pk=sent.pk).update(due_at=now - timedelta(hours=1))
    assert ladder.climb_all(at=now) == 1
    for person, box in (
        (fire_officer, "received"), (police_officer, "sent"), (county_supervisor, "below"), (city_supervisor, "below"),
    ):  # fmt: skip
        client = signed_in_as(person)
        text = client.get(reverse("transfers:list")).content.decode()
        part = text.split(f'id="box-{box}"')[1].split("</section>")[0]
        assert sent.written_number in part and "row-overdue" in part and "超期" in part
        page = client.get(reverse("transfers:transfer", args=[sent.pk])).content.decode()
        assert "超期" in page and "谁在看着这一件" in page


def test_the_page_says_whether_the_evidence_changed(sent, fire_officer, signed_in_as):
    client = signed_in_as(fire_officer)
    address = reverse("transfers:verify", args=[sent.pk])
    assert "与移送时一致" in client.post(address).content.decode()
    path = files.path_of(sent.evidence.get().sha256)
    path.chmod(0o600)
    path.write_bytes(path.read_bytes() + b"x")
    text = client.post(address).content.decode()
    assert "与移送时不一致" in text and "内容已变" in text


@pytest.mark.parametrize(
    "who", ["outsider", "street_officer", "company_clerk", "li", "grid_worker", "west_police"]
)
def test_who_is_no_party_finds_nothing_and_changes_nothing(sent, request, who, signed_in_as, now):
    stranger = request.getfixturevalue(who)
    client = signed_in_as(stranger)
    for name in ("transfer", "receipt"):
        assert client.get(reverse(f"transfers:{name}", args=[sent.pk])).status_code == 404, name
    assert client.post(reverse("transfers:verify", args=[sent.pk])).status_code == 404
    for act in ("sign_for", "accept", "close", "order_accept", "urge", "nonsense"):
        told = {"note": "冒名办理此件", "receiver_id": sent.sender_id}
        assert client.post(reverse("transfers:step", args=[sent.pk, act]), told).status_code == 404, act
    desk = client.get(reverse("transfers:list"))
    assert desk.status_code == 404 or sent.written_number not in desk.content.decode()
    assert client.get(reverse("documents:pdf", args=[sent.document_id])).status_code == 404
    before = (sent.state, sent.due_at)
    sent.refresh_from_db()
    assert (sent.state, sent.due_at) == before


@pytest.mark.parametrize("who", ["outsider", "west_police", "company_clerk", "li"])
def test_nobody_transfers_a_case_from_outside_their_reach(found_today, request, who, signed_in_as, offices):
    client = signed_in_as(request.getfixturevalue(who))
    address = reverse("transfers:new") + f"?case={found_today.pk}"
    assert client.get(address).status_code == 404
    told = {
        "kind": "referral",
        "receiver": offices.fire.pk,
        "reason": "冒名移送此件",
        "stopped": "已责令停止",
    }
    assert client.post(address, told).status_code == 404
    assert not Transfer.objects.exists()


@pytest.mark.parametrize("case", ["", "0", "999999", "x", "1" * 30])
def test_a_case_that_is_none_is_not_found(city, police_officer, signed_in_as, case, now):
    assert signed_in_as(police_officer).get(reverse("transfers:new"), {"case": case}).status_code == 404


def test_a_stranger_who_is_not_signed_in_is_asked_to(sent):
    answer = Client().get(reverse("transfers:transfer", args=[sent.pk]))
    assert answer.status_code == 302 and "login" in answer["Location"]


def test_a_wrong_receiver_is_said_beside_the_field_with_everything_that_was_typed(
    found_today, police_officer, signed_in_as, offices
):
    client = signed_in_as(police_officer)
    told = {
        "kind": "referral",
        "receiver": offices.fire.pk,
        "reason": "处罚属于消防职权请查处",
        "stopped": "无",
    }
    answer = client.post(reverse("transfers:new") + f"?case={found_today.pk}", told)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "请写明已当场责令停止什么" in text and "处罚属于消防职权请查处" in text


def test_a_serious_hazard_goes_to_two_offices_from_one_page(city, police_officer, signed_in_as, offices, now):
    case = cases.report(
        kind="hazard", class_code="FF04", text="自动喷水和报警系统全部瘫痪", by=PUBLIC, at=now, channel="portal",
        estate=city.estates.huaiyin, reporter=cases.Reporter(origin="203.0.113.7"),
    )  # fmt: skip
    client = signed_in_as(police_officer)
    address = reverse("transfers:new") + f"?case={case.pk}&kind=serious_report"
    assert "书面报告街道和消防救援机构" in client.get(address).content.decode()
    told = {
        "kind": "serious_report",
        "reason": "报警和喷淋瘫痪，严重威胁公共安全",
        "stopped": "已责令派人值守",
    }
    assert _post(client, address, **told).status_code == 200
    assert {t.receiver for t in Transfer.objects.all()} == {offices.huaiyin_office, offices.fire}


def test_the_desk_asks_the_same_number_of_questions_however_many_there_are(
    sent, police_officer, fire_officer, signed_in_as, django_assert_max_num_queries, now, city, offices
):
    for number in range(6):
        case = cases.report(
            kind="hazard", class_code="EG02", text=f"第{number}处安全出口被锁住打不开", by=PUBLIC, at=now,
            channel="portal",
            estate=city.estates.huaiyin, reporter=cases.Reporter(origin=f"203.0.113.{number + 20}"),
        )  # fmt: skip
        actor = police_officer.actor(now)
        made = transfers.draft_transfer(
            case_id=case.pk, kind="referral", receiver_id=offices.fire.pk, reason="处罚属于消防救援机构职权",
            stopped="已责令立即打开", by=actor, at=now,
        )  # fmt: skip
        transfers.send(transfer_id=made.pk, by=actor, at=now)
    client = signed_in_as(fire_officer)
    client.get(reverse("transfers:list"))
    with django_assert_max_num_queries(19):
        assert client.get(reverse("transfers:list")).status_code == 200
    client.get(reverse("transfers:transfer", args=[sent.pk]))
    with django_assert_max_num_queries(26):
        assert client.get(reverse("transfers:transfer", args=[sent.pk])).status_code == 200
    assert queries.waiting(fire_officer.actor(now), at=now).count() == 7


def test_no_nonsense_breaks_a_page_or_a_verb(
    sent, found_today, police_officer, fire_officer, city_supervisor, signed_in_as
):
    """Whatever is typed into an address or a form, nothing but a refusal comes back."""
    clients = [signed_in_as(person) for person in (police_officer, fire_officer, city_supervisor)]
    fields = [
        "note", "receiver", "receiver_id", "outcome", "request_key", "kind", "sender", "order", "reason", "stopped",
        "evidence", "place", "direct", "code-1", "text-1", "group-7.1", "due_on", "measures", "panel",
        "by_name", "text", "upheld", "answer",
    ]  # fmt: skip
    asked = ["case", "to", "kind", "reason", "order", "closed", "state", "page", "penalty", "answered"]
    pages = [
        reverse(f"{room}:{name}")
        for room in ("transfers", "majors", "objections")
        for name in ("list", "new")
    ]
    posts = [reverse("transfers:verify", args=[sent.pk])]
    posts += [
        reverse("transfers:step", args=[sent.pk, act])
        for act in ("sign_for", "refuse", "report_back", "urge", "x")
    ]
    posts += [
        f"{reverse('transfers:new')}?case={found_today.pk}",
        f"{reverse('majors:new')}?case={found_today.pk}",
    ]
    posts += [
        reverse("majors:step", args=[1, "decide"]),
        reverse("objections:objection", args=[1]),
    ]
    for client, value in ((c, v) for c in clients for v in WORST):
        for url in pages:
            assert client.get(url, dict.fromkeys(asked, value)).status_code < 500, f"{url} {value[:30]!r}"
        for url in posts:
            told = client.post(url, dict.fromkeys(fields, value))
            assert told.status_code < 500, f"{url} {value[:30]!r}"
    for number in ("0", "9" * 18, "9" * 19, "9" * 40, "9" * 4999):
        for place in ("transfers/{}/", "transfers/{}/receipt", "major/{}/", "objections/{}/"):
            assert clients[0].get(f"/enforcement/{place.format(number)}").status_code == 404, place
