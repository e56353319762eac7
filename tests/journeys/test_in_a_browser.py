"""The phone and the desk in a real browser: the journey's pages work, can be read by everybody, and fit the screen."""

import os
import re
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import timezone

from anju.duties.cases import services
from anju.duties.cases.models import Case, Report
from anju.ground.access.actors import PUBLIC
from anju.ground.foundation.tests import samples
from tests.cast import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PATIENCE = 300_000  # milliseconds; it ends a wait for what never comes, however slow the machine is
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1366, "height": 768}
AXE = (Path(__file__).parents[1] / "vendor" / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def _world(settings, tmp_path, city):
    settings.FILE_STORE = tmp_path / "files"


@pytest.fixture
def page_of(chromium, live_server):
    """Return a function that opens a browser page of a size, signed in as one of the cast or as nobody."""
    contexts = []

    def open_page(size: dict[str, int], member=None, javascript: bool = True):
        # bypass_csp lets axe be put into the page; every other test leaves the policy in force.
        context = chromium.new_context(
            viewport=size, locale="zh-CN", base_url=live_server.url, java_script_enabled=javascript,
            has_touch=size is PHONE, bypass_csp=javascript,
        )  # fmt: skip
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.errors = []
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        if member is not None:
            page.goto("/account/login/")
            page.fill("input[name=login]", member.account.username)
            page.fill("input[name=password]", PASSWORD)
            page.click("main button[type=submit], main button:not([type])")
            page.wait_for_url("**/console/**")
        return page

    yield open_page
    for context in contexts:
        context.close()


def refusals_of_axe(page) -> list[str]:
    page.evaluate(AXE)
    found = page.evaluate(
        "() => axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})"
    )
    return [f"{v['id']}: {v['nodes'][0]['html'][:160]}" for v in found["violations"]]


def wider_than_the_screen(page) -> int:
    return page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")


def test_a_resident_reports_on_a_phone_and_follows_it(page_of, tmp_path):
    photo = tmp_path / "exit.jpg"
    photo.write_bytes(samples.photo(seed=31))
    page = page_of(PHONE)
    page.goto("/")
    page.click("text=我要上报")
    page.fill("input[name=q]", "槐荫")
    page.click("text=槐荫小区")
    page.click("label:has-text('安全出口锁住了')")
    page.set_input_files("input[name=photos]", str(photo))
    page.fill("input[name=place]", "3号楼2单元一层")
    page.click("button:has-text('提交')")
    page.wait_for_url("**/report/done/**")
    report = Report.objects.get()
    assert report.code in page.content()
    assert report.case.evidence.count() == 1
    page.click("text=查看进度")
    assert "已收到" in page.inner_text("h1")
    assert page.errors == []


def test_the_same_report_works_without_javascript(page_of):
    page = page_of(PHONE, javascript=False)
    page.goto("/report/?q=槐荫")
    page.click("text=槐荫小区")
    page.check("input[value=EB02]", force=True)
    page.fill("input[name=place]", "1号楼楼梯间")
    page.click("button:has-text('提交')")
    page.wait_for_url("**/report/done/**")
    assert Case.objects.get().class_code == "EB02"


def test_a_street_officer_dispatches_from_the_desk_with_the_keyboard_in_reach(page_of, city, wang):
    case = services.report(
        kind="hazard", class_code="EG02", text="安全出口被铁链锁住", place="3号楼", by=PUBLIC, at=timezone.now(),
        channel="portal", estate=city.estates.huaiyin, reporter=services.Reporter(),
    )  # fmt: skip
    page = page_of(DESK, wang)
    row = page.locator("tr[data-row]").first
    assert row.bounding_box()["y"] < DESK["height"], "the first task must be seen without scrolling"
    page.click(f"a[href='{reverse('cases:case', args=[case.pk])}#acts']")
    button = page.locator("[data-act-open=assign]")
    assert button.bounding_box()["y"] < DESK["height"], "the next act must be reached without scrolling"
    button.click()
    picture_of(page, "dispatch-open")
    page.click("form.act-panel:visible button:has-text('派单')")
    page.wait_for_load_state()
    case.refresh_from_db()
    assert case.state == "assigned"
    assert page.errors == []


def picture_of(page, name: str) -> None:
    """Keep a picture of the page for looking at, when ANJU_SHOTS names a folder."""
    if folder := os.environ.get("ANJU_SHOTS"):
        page.screenshot(path=f"{folder}/{re.sub(r'[^0-9a-z]+', '-', name).strip('-')}.png", full_page=True)


def pages_of_the_journey(city) -> tuple[list[str], list[str], list[str]]:
    case = services.report(
        kind="hazard", class_code="EG02", text="安全出口被铁链锁住", place="3号楼", by=PUBLIC, at=timezone.now(),
        channel="portal", estate=city.estates.huaiyin, reporter=services.Reporter(phone="13912345678"),
    )  # fmt: skip
    code = case.reports.get().code
    public = [
        "/", "/report/", f"/report/?estate={city.estates.huaiyin.pk}", f"/report/done/{code}", "/follow/",
        f"/follow/{code}/", "/estates/?q=槐荫", f"/estates/{city.estates.huaiyin.pk}/", "/notices/", "/account/login/",
    ]  # fmt: skip
    desk = [
        "/console/", "/console/cases/", f"/console/cases/{case.pk}/", "/console/map/", "/console/escalations/",
        "/console/cases/new", f"/console/cases/new?estate={city.estates.huaiyin.pk}", "/figures/", "/style",
        f"/console/cases/{case.pk}/who", f"/enforcement/orders/new?case={case.pk}", "/console/calendar/", "/exchange/",
    ]  # fmt: skip
    field = [
        "/field/", "/field/report/", f"/field/report/?estate={city.estates.huaiyin.pk}", f"/field/cases/{case.pk}/",
        "/field/estates/", f"/field/estates/{city.estates.huaiyin.pk}/",
    ]  # fmt: skip
    return public, desk, field


def test_no_page_fails_wcag_or_is_wider_than_its_screen(page_of, city, city_supervisor, grid_worker):
    public, desk, field = pages_of_the_journey(city)
    found = {}
    plans = [
        (PHONE, None, public),
        (DESK, city_supervisor, desk),
        (PHONE, city_supervisor, desk),
        (PHONE, grid_worker, field),
    ]
    for size, member, addresses in plans:
        page = page_of(size, member)
        for address in addresses:
            answer = page.goto(address)
            problems = [] if answer.status == 200 else [f"status {answer.status}"]
            problems += refusals_of_axe(page)
            if (too_wide := wider_than_the_screen(page)) > 0:
                problems.append(f"{too_wide} px wider than the screen")
            problems += page.errors
            page.errors.clear()
            picture_of(page, f"{size['width']}{address}")
            if problems:
                found[f"{size['width']} {address}"] = problems
    assert found == {}
