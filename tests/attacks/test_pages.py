"""What is typed by one person is shown to another: as text, on a page that may do nothing but what we wrote."""

import re

import pytest
from django.conf import settings as configured
from django.test import Client
from django.urls import reverse

from anju.duties.cases import services
from anju.ground.access.actors import Actor
from anju.ground.foundation.tests import samples

from . import addresses

pytestmark = pytest.mark.django_db

EVIL = "\"><script>alert(1)</script><img src=x onerror=alert(2)>'{{7*7}}</textarea>"
PERSONS = [
    "street_officer",
    "county_supervisor",
    "city_supervisor",
    "community_manager",
    "company_clerk",
    "grid_worker",
]


def _staff_pages(values: dict[str, object]) -> list[str]:
    named = [
        a
        for a in addresses.table()
        if a.name.startswith(("console:", "field:", "figures:", "territory:", "organisations:", "portal:"))
    ]
    return [url for a in named if (url := a.filled(values))]


def test_what_was_typed_is_shown_as_text_on_every_page(city, filed, walk, now, signed_in_as):
    estate = city.estates.huaiyin
    estate.name, estate.address = f"槐荫{EVIL}"[:80], EVIL
    estate.save()
    company = city.offices.company
    company.name = f"安邻{EVIL}"[:80]
    company.save()
    case = filed(
        text=f"铁链锁门{EVIL}", place=f"3号楼{EVIL}", reporter=services.Reporter(name=EVIL, origin="x")
    )
    clerk, chief = city.people.company_clerk.actor(now), city.people.county_supervisor.actor(now)
    walk(case, "assign", "accept")
    services.ask_term(case_id=case.pk, kind="extend", days=2, reason=EVIL, by=clerk, at=now)
    services.supervise(case_id=case.pk, by=chief, at=now, note=EVIL)
    services.take_step(
        case_id=case.pk, act="submit", by=clerk, at=now, note=f"当日剪断铁链拆除门锁，已告知住户{EVIL}", insist=True,
        uploads=[services.Upload(samples.upload(samples.photo(seed=5)), caption=EVIL)],
    )  # fmt: skip
    manager = city.people.community_manager.actor(now)
    services.take_step(
        case_id=case.pk,
        act="close",
        by=manager,
        at=now,
        note=f"傍晚现场查看出口可以推开，锁具已收走{EVIL}",
        insist=True,
    )
    code = case.reports.get().code
    services.rate(code=code, rating=1, reason=f"还是打不开{EVIL}", by=Actor(None, "public", "", ""), at=now)
    values = {
        "case_id": case.pk,
        "estate_id": estate.pk,
        "pk": estate.pk,
        "code": code,
        "measure": "received",
    }
    seen = 0
    for who in (None, *PERSONS):
        client = signed_in_as(getattr(city.people, who)) if who else Client()
        for url in _staff_pages(values):
            for query in (
                "",
                "?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E%3Cimg%20src=x%20onerror=alert(2)%3E",
            ):
                page = client.get(url + query)
                assert page.status_code < 500, url
                if page.status_code != 200 or page.streaming or "html" not in page["Content-Type"]:
                    continue
                html = page.content.decode()
                assert "<script>alert" not in html and "<img src=x" not in html, f"{who} {url}{query}"
                assert "{49}" not in html and "'49" not in html
                seen += "&lt;script&gt;alert" in html
    assert seen > 20


def test_every_page_forbids_frames_and_foreign_scripts(city, case, signed_in_as):
    values = {"case_id": case.pk, "estate_id": case.estate_id, "code": case.reports.get().code}
    clients = (Client(), signed_in_as(city.people.county_supervisor))
    for address in addresses.table():
        url = address.filled(values)
        for client in clients if url else ():
            page = client.get(url)
            where = f"{url} {page.status_code}"
            assert page["X-Frame-Options"] == "DENY", where
            assert page["X-Content-Type-Options"] == "nosniff", where
            assert page["Referrer-Policy"] == "same-origin", where
            policy = page["Content-Security-Policy"]
            assert "frame-ancestors 'none'" in policy and "unsafe" not in policy, where
            scripts = re.search(r"script-src ([^;]*)", policy)
            assert scripts and re.fullmatch(r"'self'( 'nonce-[^']+')?", scripts[1].strip()), where


def test_no_page_carries_a_script_or_a_style_in_the_text(city, case, signed_in_as):
    client = signed_in_as(city.people.county_supervisor)
    for url in _staff_pages({"case_id": case.pk, "estate_id": case.estate_id}):
        page = client.get(url)
        if page.status_code != 200 or page.streaming or "html" not in page["Content-Type"]:
            continue
        html = page.content.decode()
        assert not re.search(r"<[^>]+\son\w+\s*=\s*[\"']", html), url
        assert "javascript:" not in html, url
        for tag in re.findall(r"<script\b[^>]*>", html):
            assert "src=" in tag or "nonce=" in tag or "application/json" in tag, f"{url} {tag}"


def test_a_post_without_the_token_of_its_form_changes_nothing(city, case, signed_in_as):
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = signed_in_as(city.people.street_officer).cookies
    values = {"case_id": case.pk, "act": "assign", "report_id": case.reports.get().pk, "pk": 1, "code": "X"}
    posts = [url for a in addresses.table() if (url := a.filled(values))]
    for url in posts:
        told = strict.post(url, {"note": "x", "rating": "3"})
        assert told.status_code in (401, 403, 404, 405), f"{url}: {told.status_code}"
    case.refresh_from_db()
    assert case.state == "reported"
    told = strict.post(
        f"/api/v1/cases/{case.pk}/steps",
        '{"act": "assign"}',
        content_type="application/json",
        HTTP_IDEMPOTENCY_KEY="k",
    )
    assert told.status_code in (401, 403)


def test_cookies_are_kept_from_scripts_and_other_sites(city, settings):
    client = Client()
    client.get(reverse("account_login"))
    client.post(reverse("account_login"), {"login": "wang", "password": "only-for-tests-2024"})
    session = client.cookies["sessionid"]
    assert session["httponly"] and session["samesite"] == "Lax"
    assert client.cookies["csrftoken"]["samesite"] == "Lax"
    # Behind HTTPS both are for HTTPS alone; the switch is one and the same.
    assert configured.SESSION_COOKIE_SECURE == configured.CSRF_COOKIE_SECURE


@pytest.mark.parametrize(
    "bad", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil.example"]
)
def test_nobody_is_sent_on_to_a_foreign_site(city, case, signed_in_as, bad):
    client = signed_in_as(city.people.street_officer)
    told = client.post(reverse("cases:bulk"), {"ids": [case.pk], "act": "assign", "next": bad})
    assert told.status_code == 302 and told.url.startswith("/console/")
    told = client.post(reverse("cases:bulk"), {"ids": [case.pk], "act": "assign"}, HTTP_REFERER=bad)
    assert told.url.startswith("/console/")
    told = Client().post(
        reverse("account_login") + f"?next={bad}",
        {"login": "wang", "password": "only-for-tests-2024", "next": bad},
    )
    assert told.status_code == 302 and told.url.startswith("/") and not told.url.startswith(("//", "/\\"))
    told = client.post(reverse("set_language"), {"language": "en", "next": bad})
    assert told.status_code in (204, 302) and "evil" not in told.headers.get("Location", "")
    told = client.post(reverse("cases:save_view"), {"name": "a", "query": "\r\nSet-Cookie: a=b"})
    assert "\n" not in told.url and "Set-Cookie" not in told.headers


def test_a_file_name_writes_no_header(city, case, walk, now, signed_in_as):
    walk(case, "assign", "accept")
    evil = 'a"\r\nSet-Cookie: x=y;.pdf'
    pdf = samples.upload(samples.pdf(), name=evil)
    services.take_step(
        case_id=case.pk, act="submit", by=city.people.company_clerk.actor(now), at=now,
        note="剪断铁链拆除门锁，附维修单",
        uploads=[services.Upload(pdf), services.Upload(samples.upload(samples.photo(seed=8)))],
    )  # fmt: skip
    file = case.evidence.get(file__media_type="application/pdf").file
    told = signed_in_as(city.people.street_officer).get(reverse("files:attachment", args=[file.sha256]))
    assert told.status_code == 200 and "Set-Cookie" not in told.headers
    shown = told["Content-Disposition"]
    assert shown.startswith("attachment") and not re.search(r"[\r\n]", shown)
    assert told["Content-Type"] == "application/pdf" and "sandbox" in told["Content-Security-Policy"]


def test_a_page_that_says_what_was_done_does_not_repeat_markup(city, signed_in_as):
    client = signed_in_as(city.people.street_officer)
    told = client.post(reverse("cases:save_view"), {"name": "<b>x</b>", "query": "open=1"}, follow=True)
    assert "<b>x</b>" not in told.content.decode() and "&lt;b&gt;x" in told.content.decode()
