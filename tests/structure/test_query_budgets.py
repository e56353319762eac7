"""A page asks the database as often as it must, however much it shows."""

import itertools
import json
import uuid
from collections.abc import Callable
from datetime import datetime

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver, reverse
from django.utils import timezone

from anju.duties.cases import queries, services
from anju.duties.cases.models import Case
from anju.duties.inspections.models import Unit
from anju.ground.access import services as access
from anju.ground.foundation import calendar

from .query_budgets import BUDGETS
from .test_doors import addresses

Ask = Callable[[], HttpResponse]
_numbers = itertools.count(1)


@pytest.fixture
def asked(city, reported, walk, signed_in_as, friday_9am, monkeypatch) -> Callable[[int], dict[str, int]]:
    """Return a function that files that many more cases and counts the questions of every page with a budget."""
    # A process asks every few seconds whether the calendar has changed: no page's own question.
    monkeypatch.setattr(calendar, "FRESH_FOR", 3600)
    clients: dict[str, Client] = {"": Client(HTTP_ACCEPT_LANGUAGE="zh-hans")}

    def client(who: str, api: bool) -> Client:
        name = f"{who} by key" if api else who
        if name not in clients:
            member = getattr(city.people, who)
            if api:
                at = timezone.now()
                key = access.create_key(
                    account=member.account, name="budget", by=member.actor(at), at=at
                ).secret
                clients[name] = Client(HTTP_AUTHORIZATION=f"Bearer {key}")
            else:
                clients[name] = signed_in_as(member)
        return clients[name]

    def file(more: int) -> None:
        _fresh(reported)  # nobody has taken it: from the first, the first page has something to show
        for number in range(more):
            case = _fresh(reported)
            walk(case, "assign", "accept", at=friday_9am)
            if number % 2:
                walk(case, "submit", "close", at=friday_9am)

    def measure(more: int) -> dict[str, int]:
        file(more)
        counts = {}
        for name, (who, _most) in BUDGETS.items():
            opener = client(who, name.startswith("api:"))
            for _warm in range(2):
                ask = _asking(name, opener, city, reported, friday_9am)
                with CaptureQueriesContext(connection) as captured:
                    answer = ask()
                assert answer.status_code in {200, 201}, f"{name}: {answer.status_code}"
            counts[name] = len(captured)
        return counts

    return measure


def _fresh(reported: Callable[..., Case]) -> Case:
    """Report something new from a phone and an address of its own, as so many reports would else be a flood."""
    number = next(_numbers)
    reporter = services.Reporter(name="韩梅", phone=f"139{number:08d}", origin=f"203.0.113.{number % 250}")
    text = f"二单元一楼安全出口被铁链锁住，第{number}次上报，晚上打不开"
    return reported(text=text, place=f"{number}号楼", reporter=reporter)


def _asking(name: str, opener: Client, city, reported, at: datetime) -> Ask:
    """Give the request that opens a page: its address filled in from the cast."""
    key = {"HTTP_IDEMPOTENCY_KEY": uuid.uuid4().hex}
    if name == "api:report_case":
        told = {
            "class_code": "EG02",
            "text": f"一楼安全出口上锁，{uuid.uuid4().hex}",
            "estate_id": city.estates.huaiyin.pk,
        }
        body = json.dumps(told)
        return lambda: opener.post(reverse(name), body, content_type="application/json", **key)
    if name == "api:take_step":
        case = _fresh(reported)
        body = json.dumps({"act": "assign", "handler_id": city.offices.company.pk})
        address = reverse(name, args=[case.pk])
        return lambda: opener.post(address, body, content_type="application/json", **key)
    case = Case.objects.filter(state="fixing").order_by("pk").first()
    fillings = {
        "case_id": case.pk,
        "estate_id": city.estates.huaiyin.pk,
        "unit_id": Unit.objects.get(kind="estate", estate=city.estates.huaiyin).pk,
        "pk": city.offices.company.pk if name.startswith("organisations:") else city.estates.huaiyin.pk,
        "code": queries.code_of(case),
    }
    if name == "territory:place":
        fillings["pk"] = city.areas.huaiyin.division_id
    view = PATTERNS[name]
    kwargs = {k: v for k, v in fillings.items() if f":{k}>" in view or f"<{k}>" in view}
    extra = {"portal:report": {"estate": city.estates.huaiyin.pk}}
    extra |= {"figures:rows": {"measure": "open"}}
    extra |= {"field:report": extra["portal:report"], "portal:estates": {"q": "小区"}}
    address = reverse(name, kwargs=kwargs)
    return lambda: opener.get(address, extra.get(name, {}))


PATTERNS = {name: address for address, name, _view in addresses(get_resolver().url_patterns)}


def over_budget(counts: dict[str, int], budgets: dict[str, tuple[str, int]]) -> list[str]:
    """List the pages that ask more than they may."""
    return [f"{name}: {n} > {budgets[name][1]}" for name, n in counts.items() if n > budgets[name][1]]


def grown(few: dict[str, int], many: dict[str, int]) -> list[str]:
    """List the pages that ask more when there is more to show."""
    return [f"{name}: {few[name]} → {n}" for name, n in many.items() if n > few[name]]


def test_no_page_asks_more_than_its_budget_nor_more_for_more_cases(asked):
    asked(1)  # what the pages make is there from now on: a desk asks once for each kind of thing on it
    few, many = asked(4), asked(4)
    assert over_budget(many, BUDGETS) == []
    assert grown(few, many) == []


def test_a_page_over_its_budget_would_be_seen():
    assert over_budget({"a": 5, "b": 4}, {"a": ("", 4), "b": ("", 4)}) == ["a: 5 > 4"]
    assert grown({"a": 5}, {"a": 6}) == ["a: 5 → 6"]
