"""The style page and the shells: they draw, keep to the Content-Security-Policy, and are all described."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import render_to_string
from django.test import RequestFactory

from anju.ground.foundation import navigation, views_style
from anju.ground.foundation.models import JobProgress
from anju.ground.foundation.refusals import Refusal

TEMPLATES = Path(views_style.__file__).parent / "templates" / "ui"
GUIDE = (settings.BASE_DIR / "docs" / "rooms" / "foundation-ui.md").read_text(encoding="utf-8")


def macros() -> set[str]:
    text = (TEMPLATES / "macros.html").read_text(encoding="utf-8")
    names = re.findall(r"import ([\w, ]+) %}", text)
    return {name.strip() for line in names for name in line.split(",")}


@pytest.fixture
def page() -> str:
    return render_to_string("ui/style.html", views_style.samples(), request=RequestFactory().get("/"))


def test_the_style_page_shows_every_component():
    shown = (TEMPLATES / "style.html").read_text(encoding="utf-8")
    elsewhere = {"mark", "person", "pager", "photo", "file_list", "error_summary", "field"}
    missing = {name for name in macros() - elsewhere if f"ui.{name}(" not in shown}
    assert missing == set()


def test_every_component_is_described_in_the_guide():
    assert {name for name in macros() if f"`{name}(" not in GUIDE and f"{name}(" not in GUIDE} == set()


def test_nothing_on_the_style_page_needs_what_the_policy_forbids(page: str):
    assert not re.search(r"<[^>]+\sstyle=", page)
    assert not re.search(r"<[^>]+\son\w+=", page)
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)


def test_identifiers_on_the_style_page_are_unique(page: str):
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    "name", ["console", "field", "portal", "auth", "print", "refusal", "not_found", "error"]
)
def test_each_shell_draws_for_somebody_not_signed_in(name: str):
    html = render_to_string(
        f"ui/{name}.html", {"refusal": Refusal("x < y")}, request=RequestFactory().get("/")
    )
    assert 'id="content"' in html
    assert "x < y" not in html


def test_people_see_only_the_entries_their_powers_open(monkeypatch):
    monkeypatch.setattr(navigation, "_items", {})
    monkeypatch.setattr(navigation, "reverse", lambda name: f"/{name}/")
    for order, (name, power) in enumerate([("a", "see.a"), ("a/b", ""), ("c", "see.c")]):
        navigation.register(navigation.Item(label=name, url_name=name, power=power, order=order))
    request = RequestFactory().get("/a/b/3")
    assert [entry.url for entry in navigation.of(request)] == ["/a/b/"]

    request.actor = type("Somebody", (), {"powers": {"see.a": ()}})()
    entries = navigation.of(request)
    assert [(entry.url, entry.current) for entry in entries] == [("/a/", False), ("/a/b/", True)]


def test_what_waits_behind_all_entries_is_counted_in_one_statement(
    db, monkeypatch, django_assert_num_queries
):
    monkeypatch.setattr(navigation, "_items", {})
    monkeypatch.setattr(navigation, "reverse", lambda name: f"/{name}/")
    for name in ("%s and %", "b", "c"):
        JobProgress.objects.create(kind=name, title=name)
    jobs = JobProgress.objects.order_by("pk")
    waiting = {
        "none": None,
        "never": lambda _request: None,
        "nothing": lambda _request: JobProgress.objects.none(),
        "all": lambda _request: jobs.values("pk"),
        "one": lambda _request: jobs.filter(kind="%s and %"),
        "either": lambda _request: (
            jobs.order_by().filter(kind="b").values("pk").union(jobs.order_by().filter(kind="c").values("pk"))
        ),
    }
    for order, (name, badge) in enumerate(waiting.items()):
        navigation.register(navigation.Item(label=name, url_name=name, order=order, badge=badge))
    with django_assert_num_queries(1):
        entries = navigation.of(RequestFactory().get("/"))
    assert {e.label: e.badge for e in entries} == {
        "none": 0, "never": 0, "nothing": 0, "all": 3, "one": 1, "either": 2,
    }  # fmt: skip


def test_a_group_of_entries_stands_together_under_one_heading(monkeypatch):
    monkeypatch.setattr(navigation, "_items", {})
    monkeypatch.setattr(navigation, "reverse", lambda name: f"/{name}/")
    for order, (name, group) in enumerate([("a", "work"), ("b", "files"), ("c", "work")]):
        navigation.register(navigation.Item(label=name, url_name=name, group=group, order=order))
    assert [entry.label for entry in navigation.of(RequestFactory().get("/"))] == ["a", "c", "b"]
