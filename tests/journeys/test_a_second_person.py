"""One administrator asks, another confirms, on a desk and on a phone: pages that work and can be read by everybody."""

import os
from pathlib import Path

import pytest
from django.utils import timezone

from anju.ground.access import services as access
from anju.ground.access.actors import SYSTEM
from anju.ground.organisations import services as organisations
from anju.ground.organisations.models import Post
from tests.cast import PASSWORD, SINCE, Member

from .test_in_a_browser import DESK, PHONE, refusals_of_axe, wider_than_the_screen

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
# Where to keep pictures of the pages, when somebody wants to look at them.
LOOK = os.environ.get("ANJU_LOOK", "")


@pytest.fixture
def hire(city):
    """Return a function that gives the city bureau one more person."""

    def make(name: str, login: str, role: str) -> Member:
        at = timezone.now()
        person = organisations.create_person(name=name, is_demo=True, by=SYSTEM, at=at)
        post = organisations.hold_post(
            person=person,
            organisation=city.offices.city_housing,
            role=role,
            valid_from=SINCE,
            by=SYSTEM,
            at=at,
        )
        account = access.create_account(username=login, password=PASSWORD, person=person, by=SYSTEM, at=at)
        return Member(person, account, post)

    return make


@pytest.fixture
def opened(chromium, live_server):
    """Return a function that opens a page of a size, signed in."""
    contexts = []

    def open_page(size: dict[str, int], member: Member):
        context = chromium.new_context(
            viewport=size, locale="zh-CN", base_url=live_server.url, has_touch=size is PHONE, bypass_csp=True
        )
        contexts.append(context)
        page = context.new_page()
        page.goto("/account/login/")
        page.fill("input[name=login]", member.account.username)
        page.fill("input[name=password]", PASSWORD)
        page.click("main button[type=submit], main button:not([type])")
        page.wait_for_url(lambda url: "/login" not in url)
        return page

    yield open_page
    for context in contexts:
        context.close()


def good(page, name: str) -> None:
    """Check that a page can be read by everybody and fits the screen."""
    if LOOK:
        page.screenshot(path=str(Path(LOOK) / f"{name}.png"), full_page=True)
    assert refusals_of_axe(page) == [], name
    assert wider_than_the_screen(page) <= 0, name


def test_a_post_that_audits_is_asked_for_by_one_and_confirmed_by_another(city, hire, opened):
    asking = opened(DESK, hire("韩安全", "anquan", "security_administrator"))
    confirming = opened(PHONE, hire("许系统", "xitong", "system_administrator"))
    person, office = city.people.colleague.person, city.offices.city_housing

    asking.goto(f"/access/people/{person.pk}/posts/new?office={office.pk}")
    good(asking, "post-desk")
    asking.select_option("select[name=role]", "auditor")
    asking.fill("input[name=reason]", "局党组任命，文号（演示）1号")
    asking.click("main form button:has-text('保存')")
    asking.wait_for_url(f"**/access/people/{person.pk}/")
    assert "等待复核" in asking.inner_text("main")
    good(asking, "person-desk")
    asking.goto("/access/grants/")
    good(asking, "asked-desk")

    confirming.goto("/access/grants/")
    good(confirming, "waiting-phone")
    confirming.click("summary:has-text('同意') >> nth=0")
    good(confirming, "confirm-phone")
    confirming.click("details[open] button:has-text('同意')")
    confirming.wait_for_selector("text=已同意，即时生效")
    good(confirming, "confirmed-phone")
    assert Post.objects.filter(person=person, role="auditor", organisation=office).exists()


def test_a_password_reset_by_two_is_read_by_who_confirms_and_the_journal_says_it(city, hire, opened):
    asking = opened(PHONE, hire("韩安全", "anquan", "security_administrator"))
    confirming = opened(DESK, city.people.administrator)
    asking.goto(f"/access/people/{city.people.city_supervisor.person.pk}/")
    asking.click("summary:has-text('申请重置密码')")
    good(asking, "reset-phone")
    asking.fill("details[open] input[name=reason]", "忘记密码，已当面核实")
    asking.click("details[open] button:has-text('申请重置密码')")
    asking.wait_for_selector("text=另一位管理员复核后生效")

    confirming.goto("/access/grants/")
    good(confirming, "waiting-desk")
    confirming.click("summary:has-text('同意') >> nth=0")
    confirming.click("details[open] button:has-text('同意')")
    confirming.wait_for_selector("code.secret")
    good(confirming, "password-desk")
    confirming.goto("/console/journal/?name=access.")
    page = confirming.inner_text("main")
    assert "重置密码 · 吴处长" in page and "从 127.0.0.1" in page
    good(confirming, "journal-desk")
