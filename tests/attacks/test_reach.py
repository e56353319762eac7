"""Somebody who may not see a case tries every address there is."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from anju.duties.cases import services
from anju.duties.cases.models import Case, TermRequest
from anju.duties.orders.services import orders
from anju.ground.access import services as access
from anju.ground.access.actors import SYSTEM
from anju.ground.foundation import journal, notices
from anju.ground.foundation.models import JobProgress, Notice
from anju.ground.foundation.refusals import NotAllowedNow, NotFound, NotPermitted, Refusal
from anju.ground.organisations import services as organisations
from anju.ground.territory.models import Estate

from . import addresses

pytestmark = pytest.mark.django_db

STRANGERS = ["outsider", "other_clerk"]


@pytest.fixture
def belongings(city, case, walk, now) -> dict[str, object]:
    """Give the case everything that has an id of its own; the values fill the URL table."""
    walk(case, "assign", "accept")
    clerk, chief = city.people.company_clerk.actor(now), city.people.county_supervisor.actor(now)
    asked = services.ask_term(case_id=case.pk, kind="extend", days=3, reason="铁门需要定制", by=clerk, at=now)
    notice = services.urge(case_id=case.pk, by=chief, at=now, note="请抓紧")
    city.offices.huaiyin_office.document_code = "槐街责改字"
    city.offices.huaiyin_office.save()
    officer = city.people.street_officer.actor(now)
    order = orders.order_timed(draft=orders.of_case(case.pk, by=officer, at=now), by=officer, at=now)
    file = case.evidence.get().file
    batch = JobProgress.objects.create(
        kind="documents.batch", title="批量制发", owner_id=city.people.street_officer.account.pk
    )
    return {
        "case_id": case.pk,
        "report_id": case.reports.get().pk,
        "request_id": asked.pk,
        "notice_id": notice.pk,
        "document_id": order.document_id,
        "pk": order.document_id,
        "order_id": order.pk,
        "act": "submit",
        "job_id": batch.pk,
        "form": "pdf",
        "sha256": file.sha256,
        "size": "page",
    }


def _try(client: Client, url: str) -> dict[str, int]:
    body = json.dumps({"act": "accept", "note": "x"})
    machine = {"content_type": "application/json", "HTTP_IDEMPOTENCY_KEY": "k-1"}
    post = client.post(url, body, **machine) if url.startswith("/api/") else client.post(url, {"note": "x"})
    return {"GET": client.get(url).status_code, "POST": post.status_code}


@pytest.mark.parametrize("who", STRANGERS)
def test_to_a_stranger_no_address_of_a_case_exists(city, case, belongings, signed_in_as, who):
    before = Case.objects.values().get(pk=case.pk)
    client = signed_in_as(getattr(city.people, who))
    walked = addresses.about_a_case()
    assert len(walked) > 11
    for address in walked:
        url = address.filled(belongings)
        assert url, f"give {address} a value in `belongings`"
        for method, status in _try(client, url).items():
            assert status in (404, 405), f"{who} {method} {url} ({address.name}): {status}"
    assert Case.objects.values().get(pk=case.pk) == before


@pytest.mark.parametrize("who", STRANGERS)
def test_to_a_stranger_no_photo_and_no_paper_of_a_case_exists(city, belongings, signed_in_as, who):
    client = signed_in_as(getattr(city.people, who))
    walked = [a for a in addresses.table() if a.name.startswith(("documents:", "files:")) and a.parameters]
    assert len(walked) >= 3
    for address in walked:
        url = address.filled(belongings)
        assert url, f"give {address} a value in `belongings`"
        for method, status in _try(client, url).items():
            assert status in (404, 405), f"{who} {method} {url}: {status}"


def test_nobody_gets_further_than_the_sign_in(belongings):
    client = Client()
    for address in addresses.table():
        url = address.filled(belongings)
        if url is None or address.power == "public" or address.name.startswith("api:openapi"):
            continue
        for method, status in _try(client, url).items():
            if url.startswith("/api/"):
                assert status in (401, 404, 405), f"{method} {url}: {status}"
            else:
                assert status in (302, 404, 405), f"{method} {url}: {status}"
                if status == 302 and method == "GET":
                    assert client.get(url).url.startswith("/account/login/")


@pytest.mark.parametrize("who", STRANGERS)
def test_lists_searches_and_maps_do_not_mention_a_case_of_elsewhere(city, case, walk, signed_in_as, who):
    walk(case, "assign", "accept")
    client = signed_in_as(getattr(city.people, who))
    for query in ("", "?q=铁链", f"?q={case.number}", f"?estate={case.estate_id}", f"?desk={case.desk_id}"):
        page = client.get(reverse("cases:list") + query)
        assert "铁链锁住" not in page.content.decode()
    listed = client.get("/api/v1/cases", {"q": "铁链"})
    assert listed.json()["cases"] == [] and listed.json()["count"] == 0
    for name in (
        "console:home",
        "cases:map",
        "cases:map_points",
        "cases:map_areas",
        "cases:escalations",
    ):
        page = client.get(reverse(name))
        assert page.status_code in (200, 404) and "铁链锁住" not in page.content.decode()
        if page.status_code == 200 and name == "cases:map_points":
            assert page.json()["features"] == []
    found = client.get(reverse("cases:search"), {"q": case.number}, follow=True).content.decode()
    assert "铁链锁住" not in found and reverse("cases:case", args=[case.pk]) not in found


def test_bulk_acts_change_only_what_the_officer_sees(city, case, filed, signed_in_as):
    elsewhere = filed(seed=72, estate=city.estates.shanqian, text="山前家园消防通道被堵，无法通行")
    officer = signed_in_as(city.people.street_officer)
    said = officer.post(
        reverse("cases:bulk"), {"ids": [case.pk, elsewhere.pk, 999999], "act": "assign"}, follow=True
    )
    case.refresh_from_db()
    elsewhere.refresh_from_db()
    assert (case.state, elsewhere.state) == ("assigned", "reported")
    assert "山前" not in said.content.decode()


def test_a_company_sees_a_complaint_only_when_it_is_handed_to_it(city, filed, signed_in_as):
    complaint = filed(seed=73, kind="complaint", class_code="SV01", text="报修两周没有人来看过")
    client = signed_in_as(city.people.company_clerk)
    page = reverse("cases:case", args=[complaint.pk])
    assert client.get(page).status_code == 404
    signed_in_as(city.people.street_officer).post(reverse("cases:step", args=[complaint.pk, "assign"]))
    assert client.get(page).status_code == (
        200 if Case.objects.get().handler_id == city.offices.company.pk else 404
    )


def test_a_case_is_not_handed_to_a_company_that_has_nothing_to_do_with_the_estate(city, case, signed_in_as):
    officer = signed_in_as(city.people.street_officer)
    for office in (city.offices.other_company, city.offices.west_housing, city.offices.shanqian_office):
        said = officer.post(reverse("cases:step", args=[case.pk, "assign"]), {"handler_id": office.pk})
        assert said.status_code == 422
    case.refresh_from_db()
    assert case.state == "reported"


def test_cases_of_two_counties_are_neither_merged_nor_split_nor_parted_by_an_outsider(
    city, case, filed, now, signed_in_as
):
    far = filed(seed=74, estate=city.estates.shanqian, text="山前家园安全出口被锁，打不开")
    chief = city.people.city_supervisor.actor(now)
    with pytest.raises(Refusal, match="不在同一个小区"):
        services.merge(into_id=case.pk, case_id=far.pk, by=chief, at=now)
    outsider = signed_in_as(city.people.outsider)
    for name, data in (
        ("merge", {"into": far.pk}),
        ("split", {"class_code": "EG02", "text": "另一处安全出口也锁了"}),
    ):
        assert outsider.post(reverse(f"cases:{name}", args=[case.pk]), data).status_code == 404
    unmerge = reverse("cases:step", args=[case.pk, "unmerge"])
    assert outsider.post(unmerge, {"reason": "不是一件"}).status_code == 404
    assert outsider.post(reverse("cases:merge", args=[far.pk]), {"into": case.pk}).status_code == 404
    assert Case.objects.count() == 2


def test_an_ended_post_acts_at_once_in_the_middle_of_a_session_and_for_its_key(city, case, now, signed_in_as):
    member = city.people.street_officer
    client, page = signed_in_as(member), reverse("cases:case", args=[case.pk])
    key = access.create_key(account=member.account, name="对接", by=member.actor(now), at=now).secret
    bearer = {"HTTP_AUTHORIZATION": f"Bearer {key}"}
    assert client.get(page).status_code == 200
    assert Client().get("/api/v1/cases", **bearer).json()["count"] == 1

    member.post.valid_to = now.date() - timedelta(days=1)
    member.post.save()
    assert client.get(page).status_code == 404
    assert client.post(reverse("cases:step", args=[case.pk, "assign"])).status_code == 404
    assert Client().get("/api/v1/cases", **bearer).json()["count"] == 0
    assert Client().get(f"/api/v1/cases/{case.pk}", **bearer).status_code == 404


def test_a_delegation_taken_back_acts_at_once_in_the_middle_of_a_session(city, case, now, signed_in_as):
    lender, borrower = city.people.street_officer, city.people.colleague
    client, step = signed_in_as(borrower), reverse("cases:step", args=[case.pk, "assign"])
    assert client.post(step).status_code == 403
    day = timezone.localdate(now)
    lent = access.delegate(
        post_id=lender.post.pk, to_person_id=borrower.person.pk, valid_from=day, valid_to=day,
        reason="出差", by=lender.actor(now), at=now,
    )  # fmt: skip
    assert "派单" in client.get(reverse("cases:case", args=[case.pk])).content.decode()
    access.end_delegation(delegation_id=lent.pk, by=lender.actor(now), at=now)
    assert client.post(step).status_code == 403
    case.refresh_from_db()
    assert case.state == "reported"


def test_a_closed_account_is_out_at_once(city, case, now, signed_in_as):
    member = city.people.street_officer
    client = signed_in_as(member)
    key = access.create_key(account=member.account, name="对接", by=member.actor(now), at=now).secret
    access.close_account(
        account_id=member.account.pk,
        by=city.people.administrator.actor(now),
        at=now,
        reason="离职",
    )
    assert client.get(reverse("cases:case", args=[case.pk])).status_code in (302, 404)
    told = Client().get("/api/v1/cases", HTTP_AUTHORIZATION=f"Bearer {key}")
    assert told.status_code == 401


def test_the_api_answers_a_missing_or_false_key_with_401_and_a_sentence():
    for headers in ({}, {"HTTP_AUTHORIZATION": "Bearer nothing"}, {"HTTP_AUTHORIZATION": "Basic eA=="}):
        for method in ("get", "post"):
            told = getattr(Client(), method)(
                "/api/v1/cases", content_type="application/json", HTTP_IDEMPOTENCY_KEY="k", **headers
            )
            assert told.status_code == 401
            assert told.json()["code"] == "unauthenticated" and "密钥" in told.json()["message"]


def test_a_session_that_still_owes_a_second_factor_opens_no_api(city, case, signed_in_as):
    member = city.people.street_officer
    member.account.must_change_password = True
    member.account.save()
    assert signed_in_as(member).get("/api/v1/cases").status_code == 401


def test_a_report_cannot_be_filed_from_outside_its_place(city, signed_in_as, now):
    client = signed_in_as(city.people.outsider)
    body = {"class_code": "EG02", "text": "外县来报的一件事", "estate_id": city.estates.huaiyin.pk}
    told = client.post(
        "/api/v1/cases", json.dumps(body), content_type="application/json", HTTP_IDEMPOTENCY_KEY="k-2"
    )
    assert told.status_code == 404
    officer = organisations.create_person(
        name="卜门", phone="", by=city.people.administrator.actor(now), at=now
    )
    organisations.hold_post(
        person=officer, organisation=city.offices.urban_management, role="department_officer", title="",
        valid_from=now.date().replace(year=2020, day=1), by=city.people.administrator.actor(now), at=now,
    )  # fmt: skip
    account = access.create_account(
        username="bu",
        password="only-for-tests-2024",
        person=officer,
        by=SYSTEM,
        at=now,
    )
    department = access.actor_of(account, at=now)
    with pytest.raises(NotFound):
        services.report(
            kind="hazard", class_code="EG02", text="部门到外县报一件事", by=department, at=now, channel="staff",
            estate=Estate.objects.get(pk=city.estates.shanqian.pk),
        )  # fmt: skip
    assert not Case.objects.exists()


def test_only_the_dispatching_office_or_one_above_decides_about_more_time(city, case, walk, now):
    walk(case, "assign", "accept")
    clerk = city.people.company_clerk.actor(now)
    asked = services.ask_term(case_id=case.pk, kind="extend", days=3, reason="铁门需要定制", by=clerk, at=now)
    for who, refusal in (
        ("company_clerk", NotPermitted),
        ("community_manager", NotPermitted),
        ("grid_worker", NotPermitted),
        ("police_officer", NotPermitted),
        ("outsider", NotFound),
        ("other_clerk", NotFound),
    ):
        with pytest.raises(refusal):
            services.decide_term(
                request_id=asked.pk, granted=True, by=getattr(city.people, who).actor(now), at=now
            )
    assert TermRequest.objects.get().granted is None
    services.decide_term(request_id=asked.pk, granted=True, by=city.people.street_officer.actor(now), at=now)
    with pytest.raises(NotAllowedNow):
        services.decide_term(
            request_id=asked.pk, granted=True, by=city.people.county_supervisor.actor(now), at=now
        )


def test_an_office_below_does_not_decide_what_the_county_asked_itself(city, case, now):
    county = city.offices.east_housing
    services.take_step(
        case_id=case.pk, act="assign", by=city.people.street_officer.actor(now), at=now, handler_id=county.pk
    )
    chief = city.people.county_supervisor.actor(now)
    services.take_step(case_id=case.pk, act="accept", by=chief, at=now)
    Case.objects.filter(pk=case.pk).update(dispatcher=county)
    asked = services.ask_term(case_id=case.pk, kind="extend", days=3, reason="需要多方协调", by=chief, at=now)
    with pytest.raises(NotPermitted):
        services.decide_term(
            request_id=asked.pk, granted=True, by=city.people.street_officer.actor(now), at=now
        )
    services.decide_term(request_id=asked.pk, granted=True, by=city.people.city_supervisor.actor(now), at=now)


def test_notices_are_signed_for_only_by_the_office_they_went_to(city, case, walk, now, signed_in_as):
    walk(case, "assign")
    made = services.urge(case_id=case.pk, by=city.people.county_supervisor.actor(now), at=now, note="请抓紧")
    assert made.organisation_id == city.offices.company.pk
    for who in ("outsider", "other_clerk", "street_officer"):
        client = signed_in_as(getattr(city.people, who))
        assert client.post(reverse("console:read_notice", args=[made.pk])).status_code == 404
    assert Notice.objects.get(pk=made.pk).read_at is None


def test_the_powers_of_one_post_are_not_carried_into_the_reach_of_another(city, case, now, signed_in_as):
    by, member = city.people.administrator.actor(now), city.people.outsider
    organisations.hold_post(
        person=member.person, organisation=city.offices.huaiyin_office, role="grid_worker", title="协管员",
        valid_from=now.date().replace(year=2020, day=1), by=by, at=now,
    )  # fmt: skip
    client = signed_in_as(member)
    assert client.get(reverse("cases:case", args=[case.pk])).status_code == 200
    assert client.post(reverse("cases:step", args=[case.pk, "assign"])).status_code == 403
    assert client.post(reverse("cases:step", args=[case.pk, "void"]), {"note": "不受理"}).status_code == 403
    assert client.post(reverse("cases:step", args=[case.pk, "urge"])).status_code == 403
    case.refresh_from_db()
    assert case.state == "reported" and not Notice.objects.exists()


def test_nobody_checks_their_own_work(city, case, walk, now):
    street = city.offices.huaiyin_office
    Case.objects.filter(pk=case.pk).update(checker=street)
    made = services.take_step(
        case_id=case.pk, act="assign", by=city.people.street_officer.actor(now), at=now, handler_id=street.pk
    )
    assert made.dispatcher == made.handler == street
    assert made.checker == city.offices.east_housing


def test_a_case_that_wanders_is_dispatched_by_the_level_above(city, case, walk, now):
    walk(case, "assign", "return_back")
    officer = city.people.street_officer.actor(now)
    urban = city.offices.urban_management
    services.take_step(case_id=case.pk, act="assign", by=officer, at=now, handler_id=urban.pk)
    Case.objects.filter(pk=case.pk).update(handler=city.offices.company, desk=city.offices.company)
    clerk = city.people.company_clerk.actor(now)
    wandered = services.take_step(case_id=case.pk, act="return_back", by=clerk, at=now, note="不属于本公司")
    assert wandered.desk == city.offices.east_housing
    with pytest.raises(NotPermitted):
        services.take_step(case_id=case.pk, act="assign", by=officer, at=now, note="再派一次")
    assert Notice.objects.get(kind="returned").organisation_id == city.offices.east_housing.pk


def test_a_case_that_took_others_in_is_not_folded_itself_and_a_merge_is_not_undone_for_ever(
    city, case, filed, now
):
    second = filed(seed=76, text="3号楼安全出口一直锁着")
    third = filed(seed=77, text="3号楼的安全出口打不开")
    officer = city.people.street_officer.actor(now)
    services.merge(into_id=second.pk, case_id=third.pk, by=officer, at=now)
    with pytest.raises(NotAllowedNow, match="并入此件"):
        services.merge(into_id=case.pk, case_id=second.pk, by=officer, at=now)
    late = now + timedelta(days=31)
    with pytest.raises(NotAllowedNow, match="不能再取消"):
        services.unmerge(
            case_id=third.pk, by=city.people.street_officer.actor(late), at=late, reason="不是一件"
        )
    services.unmerge(case_id=third.pk, by=officer, at=now, reason="不是一件")


def test_a_suspension_ends_by_itself_and_says_so(city, case, walk, now):
    walk(case, "assign", "accept")
    clerk, officer = city.people.company_clerk.actor(now), city.people.street_officer.actor(now)
    asked = services.ask_term(case_id=case.pk, kind="suspend", reason="等待业主共同决定", by=clerk, at=now)
    services.decide_term(request_id=asked.pk, granted=True, by=officer, at=now)
    assert services.end_long_suspensions(at=now + timedelta(days=31)) == 0
    assert services.end_long_suspensions(at=now + timedelta(days=70)) == 1
    case.refresh_from_db()
    assert case.paused_at is None and case.due_at is not None
    assert TermRequest.objects.get().ended_at is not None
    assert journal.events_named(case, "cases.resume").get().actor_kind == "system"


def test_a_day_of_the_calendar_is_changed_by_its_keeper_alone_and_moves_deadlines(
    city, filed, now, signed_in_as
):
    case = filed(class_code="FF03", text="灭火器过期，瓶身生锈")
    url, due = reverse("console:edit_day"), case.due_at
    data = {"date": f"{due:%Y-%m-%d}", "kind": "off", "name": "临时放假", "source": "市政府通知（演示）"}
    for who in ("outsider", "street_officer", "county_supervisor"):
        assert signed_in_as(getattr(city.people, who)).post(url, data).status_code == 404
    keeper = signed_in_as(city.people.city_supervisor)
    assert keeper.post(url, data | {"date": "不是日期"}).status_code == 422
    assert keeper.post(url, data | {"source": ""}).status_code == 422
    day = timezone.localtime(case.clocks.get(kind="dispatch").due_at).date()
    page = keeper.post(url, data | {"date": day.isoformat()}, follow=True)
    assert page.status_code == 200 and "临时放假" in page.content.decode()
    case.refresh_from_db()
    assert case.due_at > due
    assert journal.events_named(case, "cases.deadline_moved").exists()
    assert keeper.post(url, data | {"date": day.isoformat(), "kind": "plain"}).status_code == 302
    case.refresh_from_db()
    assert case.due_at == due


def test_an_office_is_not_urged_again_before_it_could_act(city, case, walk, now):
    walk(case, "assign")
    chief = city.people.county_supervisor
    services.urge(case_id=case.pk, by=chief.actor(now), at=now)
    with pytest.raises(NotAllowedNow, match="督办"):
        services.urge(case_id=case.pk, by=chief.actor(now), at=now + timedelta(hours=2))
    services.supervise(case_id=case.pk, by=chief.actor(now), at=now, note="今日内答复")
    services.urge(case_id=case.pk, by=chief.actor(now), at=now + timedelta(hours=25))
    assert notices.about(case).count() == 3
