"""Who reported stays sealed; the follow code is nobody's but the reporter's; the public form is no toy."""

import json

import pytest
from django.test import Client
from django.urls import reverse

from anju.duties.cases import services
from anju.duties.cases.models import Case, Report, SealedIdentity
from anju.ground.access.actors import PUBLIC
from anju.ground.foundation import journal, notices
from anju.ground.foundation.models import Event, Notice
from anju.ground.foundation.refusals import Refusal
from anju.ground.foundation.tests import samples

from . import addresses

pytestmark = pytest.mark.django_db

IDENTITY = ("韩梅梅", "13912345678", "203.0.113.9")


def test_no_page_no_api_no_export_and_no_journal_tells_who_reported(city, case, walk, signed_in_as):
    walk(case, "assign", "accept", "submit", "close")
    report = case.reports.get()
    values = {
        "case_id": case.pk, "report_id": report.pk, "estate_id": case.estate_id, "pk": case.estate_id,
        "measure": "received", "code": report.code,
    }  # fmt: skip
    everybody = [None, "city_supervisor", "county_supervisor", "street_officer", "community_manager", "grid_worker",
                 "company_clerk", "police_officer", "administrator", "duty_officer"]  # fmt: skip
    for who in everybody:
        client = signed_in_as(getattr(city.people, who)) if who else Client()
        for address in addresses.table():
            if (url := address.filled(values)) is None:
                continue
            told = client.get(url)
            body = b"".join(told.streaming_content) if told.streaming else told.content
            for secret in IDENTITY:
                assert secret.encode() not in body, f"{who} {url} tells {secret}"
            staff = who and not address.name.startswith("portal:")
            assert not (staff and report.code.encode() in body), f"{who} {url} tells the follow code"
    kept = json.dumps(list(Event.objects.values()), default=str, ensure_ascii=False)
    assert not any(secret in kept for secret in IDENTITY)


def test_who_steals_the_database_learns_neither_the_name_nor_the_phone(case):
    rows = [*Report.objects.values(), *Event.objects.values(), *Case.objects.values()]
    rows += [{"sealed": bytes(s.sealed).decode("latin-1")} for s in SealedIdentity.objects.all()]
    kept = json.dumps(rows, default=str, ensure_ascii=False)
    assert not any(secret in kept for secret in IDENTITY)


def test_the_receipt_of_a_request_is_no_way_to_guess_the_phone(city, now):
    told = {"kind": "hazard", "class_code": "EG02", "text": "安全出口被锁住了", "place": ""}
    services.report(
        **told, by=PUBLIC, at=now, channel="portal", estate=city.estates.huaiyin, key="k",
        reporter=services.Reporter(phone="13912345678"),
    )  # fmt: skip
    kept = Event.objects.get(name="cases.report").request_digest
    facts = [*list(told.values())[:3], city.estates.huaiyin.pk, None, ""]
    assert kept not in {journal.digest([*facts, "13912345678"]), journal.digest([[*facts], "13912345678"])}


def test_unsealing_needs_the_power_and_a_reason_and_tells_somebody_else_than_who_looks(
    city, case, now, signed_in_as
):
    url = reverse("cases:unseal", args=[case.reports.get().pk])
    for who in ("county_supervisor", "street_officer", "company_clerk", "outsider", "administrator"):
        told = signed_in_as(getattr(city.people, who)).post(url, {"reason": "需要联系本人核实位置"})
        assert told.status_code == 404 and "韩梅梅" not in told.content.decode()
    boss = signed_in_as(city.people.city_supervisor)
    assert boss.post(url, {"reason": "看看"}).status_code == 422
    assert boss.get(url).status_code == 405
    assert not Notice.objects.filter(kind="unseal").exists()
    told = boss.post(url, {"reason": "需要联系本人核实位置"})
    assert "韩梅梅" in told.content.decode() and told["Cache-Control"] == "no-store"
    made = Notice.objects.get(kind="unseal")
    assert made.organisation_id not in city.people.city_supervisor.actor(now).organisation_ids
    # At the very top there is no office above: the notice has no owner, and every supervisor sees it.
    page = signed_in_as(city.people.county_supervisor).get(reverse("cases:escalations")).content.decode()
    assert made.text in page


def test_unsealing_leaves_its_trace_even_when_the_page_breaks(city, case, signed_in_as, monkeypatch):
    from anju.duties.cases.views import one as views

    def broken(request, template, *args, **told):
        raise RuntimeError("the template is gone")

    monkeypatch.setattr(views, "render", broken)
    client = signed_in_as(city.people.city_supervisor)
    client.raise_request_exception = False
    told = client.post(
        reverse("cases:unseal", args=[case.reports.get().pk]), {"reason": "需要联系本人核实位置"}
    )
    assert told.status_code == 500
    assert journal.events_named(case, "cases.unseal").count() == 1
    assert notices.about(case).filter(kind="unseal").count() == 1


def test_codes_are_long_and_come_from_no_sequence(filed):
    codes = {filed(seed=90 + n, text=f"安全出口第{n}次被锁住").reports.get().code for n in range(8)}
    assert len(codes) == 8 and all(len(code) == 10 for code in codes)
    assert len({code[:3] for code in codes}) > 4


def test_a_reporter_rates_once_and_nobody_else_can(city, case, walk, now, signed_in_as):
    walk(case, "assign", "accept", "submit", "close")
    code = case.reports.get().code
    url = reverse("portal:rate", args=[code])
    assert Client().post(url, {"rating": "3"}).status_code == 302
    again = Client().post(url, {"rating": "1", "reason": "还是打不开门"})
    assert again.status_code == 409
    case.refresh_from_db()
    assert (case.state, case.satisfaction) == ("closed", 3)
    for rating in ("0", "4", "-1", "x", ""):
        with pytest.raises(Refusal):
            services.rate(
                code=code, rating=int(rating) if rating.isdigit() else 0, reason="", by=PUBLIC, at=now
            )


def test_a_machine_that_fills_the_hidden_field_files_nothing(city):
    form = {
        "estate": city.estates.huaiyin.pk,
        "class_code": "EG02",
        "text": "门锁住了打不开",
        "website": "http://x",
    }
    assert Client().post(reverse("portal:report"), form).status_code == 422
    assert not Case.objects.exists()


def test_a_body_that_is_too_large_is_refused_before_it_is_read(city, settings):
    settings.MAX_BODY_MB = 1
    form = {"estate": city.estates.huaiyin.pk, "class_code": "EG02", "text": "x" * 1_200_000}
    told = Client().post(reverse("portal:report"), form)
    assert told.status_code == 413 and "MB" in told.content.decode()
    told = Client().post("/api/v1/cases", "x" * 1_200_000, content_type="application/json")
    assert told.status_code == 413


def test_a_file_that_is_too_large_or_no_picture_is_refused_with_its_name(city, settings):
    settings.MAX_UPLOAD_MB = 1
    form = {"estate": city.estates.huaiyin.pk, "class_code": "EG02", "text": "安全出口锁住了"}
    for data in (b"\xff\xd8\xff" + b"0" * 1_100_000, b"<html><script>alert(1)</script>", b"MZ\x90\x00"):
        told = Client().post(
            reverse("portal:report"), form | {"photos": [samples.upload(data, name="a.jpg")]}
        )
        assert told.status_code == 422 and "a" in told.content.decode()
    assert not Case.objects.exists()


def test_a_company_does_not_hold_the_key_by_which_its_work_is_rated(city, case, walk, signed_in_as):
    walk(case, "assign", "accept")
    code = case.reports.get().code
    for who in ("company_clerk", "street_officer", "community_manager"):
        page = signed_in_as(getattr(city.people, who)).get(reverse("cases:case", args=[case.pk]))
        assert page.status_code == 200 and code not in page.content.decode()


@pytest.mark.parametrize(
    ("proxies", "forwarded", "counted_as"),
    [
        (0, "198.51.100.7", "203.0.113.5"),  # nobody is believed without a proxy of our own
        (1, "198.51.100.7", "198.51.100.7"),
        (1, "10.0.0.1, 198.51.100.7", "198.51.100.7"),  # what the caller put in front does not count
        (2, "198.51.100.7, 192.0.2.1", "198.51.100.7"),
        (1, "2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        (1, "nonsense", "203.0.113.5"),
    ],
)
def test_an_address_is_believed_only_as_far_as_our_own_proxies_go(
    rf, settings, proxies, forwarded, counted_as
):
    from anju.ground.foundation import asked

    settings.PROXIES = proxies
    request = rf.get("/", REMOTE_ADDR="203.0.113.5", HTTP_X_FORWARDED_FOR=forwarded)
    assert asked.origin_of(request) == counted_as
    assert "/" not in asked.address_of(request)
