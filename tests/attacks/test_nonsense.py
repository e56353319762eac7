"""Addresses and forms filled with nonsense: answered, refused, never a server error."""

import itertools
import json

import pytest
from django.test import Client
from django.urls import reverse

from anju.duties.cases.models import Case
from anju.ground.access import services as access

from . import addresses

pytestmark = pytest.mark.django_db

NASTY = [
    "'; DROP TABLE cases_case; --",
    "1 OR 1=1",
    "-1",
    "²",
    "①",
    "１２",
    "9" * 18,
    "9" * 30,
    "9" * 5000,
    "1e400",
    "NaN",
    "0000-00-00",
    "9999-12-31",
    "0001-01-01",
    "\x00",
    "%00",
    "%",
    "_" * 70,
    "\\",
    "{{7*7}}",
    "{% debug %}",
    "../../etc/passwd",
    "🧨" * 50,
    "\u202e",
    "，。",
    "20241301000000000000001",
]
# What reached a server error once; walked through every address there is.
WORST = [
    "²",
    "9" * 18,
    "9" * 5000,
    "9999-12-31",
    "0001-01-01",
    "\x00",
    "NaN",
    "_" * 700,
    "'; DROP TABLE x; --",
]
NAMES = [
    "q", "page", "order", "state", "kind", "class", "severity", "channel", "area", "estate", "handler", "desk",
    "since", "until", "from", "to", "before", "year", "period", "territory", "tree", "slice", "by", "measure", "part",
    "name", "next", "level", "within", "office", "role", "code", "size", "sort", "compare", "text", "day",
]  # fmt: skip
ORDERS = [
    "reported_at",
    "-pk",
    "pk; DELETE FROM cases_case",
    "case__handler__uscc",
    "random()",
    "(SELECT 1)",
    "1",
]


def _lists(values) -> list[str]:
    return [url for a in addresses.table() if not a.name.startswith("style") and (url := a.filled(values))]


def test_no_query_string_breaks_a_page(city, case, now, signed_in_as):
    officer, key = signed_in_as(city.people.city_supervisor), ""
    key = access.create_key(
        account=city.people.city_supervisor.account,
        name="对接",
        by=city.people.city_supervisor.actor(now),
        at=now,
    ).secret
    values = {"case_id": case.pk, "estate_id": case.estate_id, "pk": case.estate_id, "measure": "received"}
    queries = [dict.fromkeys(NAMES, value) for value in WORST] + [{"order": o, "sort": o} for o in ORDERS[:2]]
    for url in _lists(values):
        machine = {"HTTP_AUTHORIZATION": f"Bearer {key}"} if url.startswith("/api/") else {}
        for query in queries:
            told = (Client() if machine else officer).get(url, query, **machine)
            assert told.status_code < 500, f"{url} {next(iter(query.values()))[:30]!r}"
    assert Case.objects.count() == 1


@pytest.mark.parametrize("name", ["page", "area", "estate", "since", "until", "order", "class", "q", "state"])
def test_no_single_filter_breaks_the_list_or_lets_more_through(city, case, filed, signed_in_as, name):
    filed(seed=75, estate=city.estates.shanqian, text="山前家园消防通道被堵，无法通行")
    client = signed_in_as(city.people.street_officer)
    for value in [*NASTY, *ORDERS]:
        page = client.get(reverse("cases:list"), {name: value})
        assert page.status_code < 500, f"{name}={value[:30]!r}"
        assert "山前家园" not in page.content.decode()
        told = client.get("/api/v1/cases", {name: value})
        assert told.status_code < 500, f"api {name}={value[:30]!r}"
        if told.status_code == 200:
            assert {c["id"] for c in told.json()["cases"]} <= {case.pk}


def test_no_filled_form_breaks_a_verb(city, case, signed_in_as):
    client = signed_in_as(city.people.city_supervisor)
    fields = [
        "handler_id", "note", "days", "kind", "reason", "into", "ids", "act", "evidence", "class_code", "text",
        "delete", "name", "query", "request_key", "decide", "decision", "year", "estate", "longitude", "latitude",
        "rating", "due_on", "recipient", "hazard", "phone", "place", "next", "website",
    ]  # fmt: skip
    values = {"case_id": case.pk, "act": "assign", "report_id": case.reports.get().pk, "request_id": 1,
              "notice_id": 1, "code": case.reports.get().code, "job_id": 1}  # fmt: skip
    rooms = ("console:", "cases:", "field:", "portal:")
    walked = [url for a in addresses.table() if a.name.startswith(rooms) and (url := a.filled(values))]
    for url, value in itertools.product(walked, WORST):
        told = client.post(url, dict.fromkeys(fields, value))
        assert told.status_code < 500, f"{url} {value[:30]!r}"
    assert not Case.objects.exclude(pk=case.pk).filter(state="closed").exists()


def test_no_json_breaks_the_api(city, case, now, signed_in_as):
    client = signed_in_as(city.people.street_officer)
    good = {"class_code": "EG02", "text": "安全出口被锁住了", "estate_id": city.estates.huaiyin.pk}
    bodies = [json.dumps(good | {field: value}) for field in (*good, "longitude", "place") for value in NASTY]
    bodies += [json.dumps(good | {"longitude": float(n)}) for n in ("nan", "inf", "-inf", "1e308")]
    bodies += [
        "",
        "{",
        "[]",
        "null",
        '"x"',
        '{"class_code": "\\ud800"}',
        json.dumps(good | {"text": "\ud800门锁住了"}),
    ]
    bodies += [json.dumps(good | {"estate_id": n}) for n in (-1, 0, 2**63, 10**30)]
    bodies += ["[" * 3000]
    for number, body in enumerate(bodies):
        told = client.post(
            "/api/v1/cases", body, content_type="application/json", HTTP_IDEMPOTENCY_KEY=f"n-{number}"
        )
        assert told.status_code < 500, f"{body[:80]!r}: {told.status_code}"
        assert told.json()["code"] if told.status_code >= 400 else told.status_code == 201
    assert not Case.objects.exclude(longitude=None).exclude(longitude__range=(-180, 180)).exists()
    for key in ("", "k" * 65, "\x00"):
        told = client.post(
            f"/api/v1/cases/{case.pk}/steps", '{"act": "assign"}', content_type="application/json",
            HTTP_IDEMPOTENCY_KEY=key,
        )  # fmt: skip
        assert told.status_code in (404, 422), f"{key!r}: {told.status_code}"


@pytest.mark.parametrize("number", ["0", "9" * 18, "9" * 19, "9" * 40, "9" * 4999])
def test_absurd_ids_are_not_found(city, signed_in_as, number):
    client = signed_in_as(city.people.county_supervisor)
    places = (
        "console/cases/{}/", "field/cases/{}/", "estates/{}/", "documents/{}.pdf", "api/v1/cases/{}", "console/jobs/{}",
    )  # fmt: skip
    for place in places:
        told = client.get(f"/{place.format(number)}")
        assert told.status_code in (404, 422), f"{place}: {told.status_code}"
    told = client.post(f"/console/cases/{number}/steps/assign")
    assert told.status_code == 404
    assert client.get(f"/console/search?q=20241212{number}").status_code in (302, 404)
