"""An officer's morning on the phone: from today's task to the signed record, with a finger."""

from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import timezone

from anju.duties.cases.models import Case
from anju.duties.inspections.models import Finding, Unit, Visit
from anju.duties.inspections.services import checking
from anju.duties.inspections.services import visits as services
from anju.duties.inspections.tests.conftest import officers
from anju.ground.foundation.tests import samples

from .test_in_a_browser import (
    DESK,
    PHONE,
    _world,
    page_of,
    picture_of,
    refusals_of_axe,
    wider_than_the_screen,
)

__all__ = ["_world", "officers", "page_of"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def unit(city) -> Unit:
    return Unit.objects.get(kind="estate", estate=city.estates.huaiyin)


@pytest.fixture
def planned(unit, officers) -> Visit:
    at = timezone.now()
    return services.plan_visit(
        unit_id=unit.pk, kind="daily", planned_for=timezone.localdate(at), by=officers.police.actor(at), at=at
    )


def sound(page) -> list[str]:
    """List what is wrong with the page that is shown: for those who cannot see it, and on a narrow screen."""
    problems = refusals_of_axe(page) + page.errors
    if (too_wide := wider_than_the_screen(page)) > 0:
        problems.append(f"{too_wide} px wider than the screen")
    page.errors.clear()
    return problems


def small_targets(page) -> list[str]:
    """List what a thumb would miss: controls lower than 44 px (radio buttons are as large as their labels)."""
    return page.evaluate(
        """() => [...document.querySelectorAll('main button, main .button, main .tri-choice, main .card-choice label')]
            .filter(e => e.offsetParent && e.getBoundingClientRect().height < 44)
            .map(e => e.outerHTML.slice(0, 120))"""
    )


def draw(page) -> None:
    """Write something with a finger."""
    canvas = page.locator("canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + 40, box["y"] + 60)
    page.mouse.down()
    for step in range(1, 12):
        page.mouse.move(box["x"] + 40 + step * 20, box["y"] + 60 + (step % 3) * 22)
    page.mouse.up()


def test_from_todays_task_to_the_signed_record(page_of, planned, officers, tmp_path):
    photo = tmp_path / "stairs.jpg"
    photo.write_bytes(samples.photo(seed=41))
    page, found = page_of(PHONE, officers.police), {}

    def look(name: str) -> None:
        picture_of(page, f"visit-{name}")
        if problems := sound(page) + small_targets(page):
            found[name] = problems

    page.goto(reverse("field:visits"))
    look("1-today")
    page.click("text=槐荫小区")
    look("2-begin")
    assert page.is_checked(f"#officer-{officers.police.person.pk}")
    page.click("button:has-text('开始检查')")
    page.wait_for_selector("text=下一步：结论")
    look("3-items")
    page.check("#r-O01-ok")
    with page.expect_response(lambda r: r.url.endswith("/check")) as saved:
        page.check("#r-O04-problem")
    assert saved.value.status == 200
    page.wait_for_selector("#saved:has-text('已保存')")
    assert planned.parts.get().items.count() == 2
    page.click(".tri:has(#r-O04-problem) button:has-text('登记这处问题')")
    page.wait_for_url("**/finding?item=O04")
    look("4-finding")
    page.set_input_files("input[name=photos]", str(photo))
    page.fill("#class-q", "ztlt")
    page.wait_for_selector("#class-choices label[for='cls-EB01']")
    page.fill("#class-q", "cd")
    page.wait_for_selector("label[for='cls-EB03']")
    look("5-picker")
    page.fill("#class-q", "ztdlt")
    page.fill("#class-q", "")
    page.wait_for_selector("label[for='cls-EB02']")
    page.click("label[for='cls-EB02']")
    page.fill("input[name=place]", "3号楼2单元一层")
    page.click("button:has-text('登记')")
    page.wait_for_url("**/?step=check#i-O04")
    look("6-found")
    page.click("button:has-text('其余全部合格')")
    page.wait_for_selector("button:has-text('下一步：签字')")
    look("7-conclusion")
    page.click("button:has-text('下一步：签字')")
    page.wait_for_selector("canvas")
    look("8-signature")
    draw(page)
    page.fill("input[name=signed_by]", "钱经理")
    picture_of(page, "visit-9-signed")
    page.click("button:has-text('签字并完成检查')")
    page.wait_for_selector("text=打开检查记录 PDF")
    look("10-done")
    planned.refresh_from_db()
    assert planned.state == "finished" and planned.signature is not None
    assert planned.signature.media_type == "image/png"
    finding = Finding.objects.get()
    assert finding.counted and finding.case.evidence.count() == 1
    assert found == {}


def test_the_name_alone_signs_where_nothing_can_be_drawn(page_of, planned, officers):
    at, by = timezone.now(), officers.police.actor(timezone.now())
    services.begin_visit(visit_id=planned.pk, officer_ids=[officers.police.person.pk], by=by, at=at)
    checking.check_items(visit_id=planned.pk, answers={}, rest="ok", by=by, at=at)
    checking.conclude_part(visit_id=planned.pk, conclusion="clean", by=by, at=at)
    page = page_of(PHONE, officers.police, javascript=False)
    page.goto(reverse("field:visit", args=[planned.pk]))
    page.fill("input[name=signed_by] >> nth=0", "钱经理")
    page.click("button:has-text('签字并完成检查')")
    page.wait_for_selector("text=打开检查记录 PDF")
    planned.refresh_from_db()
    assert (planned.state, planned.signature) == ("finished", None)
    assert not Case.objects.exists()


def test_the_desk_pages_of_visits_are_sound(page_of, planned, officers, unit, tmp_path):
    at, by = timezone.now(), officers.police.actor(timezone.now())
    services.begin_visit(visit_id=planned.pk, officer_ids=[officers.police.person.pk], by=by, at=at)
    photo = samples.upload(samples.photo(seed=5))
    for place in ("1号楼", "2号楼"):
        checking.add_finding(
            visit_id=planned.pk, class_code="EB02", place=place, text="门厅充电", item="O04",
            uploads=[checking.Upload(photo)], by=by, at=at,
        )  # fmt: skip
    addresses = ["", "plan", f"plan?unit={unit.pk}", f"{planned.pk}/"]
    found: dict[str, list[str]] = {}
    Path(tmp_path).mkdir(exist_ok=True)
    for size in (DESK, PHONE):
        page = page_of(size, officers.police)
        for address in addresses:
            page.goto(f"/inspections/{address}")
            picture_of(page, f"desk-{size['width']}-{address}")
            if problems := sound(page):
                found[f"{size['width']} {address}"] = problems
        if size is DESK:
            act = page.locator("#acts .button").first
            assert act.bounding_box()["y"] < DESK["height"], "the next act must be reached without scrolling"
    checking.check_items(visit_id=planned.pk, answers={}, rest="ok", by=by, at=at)
    checking.conclude_part(visit_id=planned.pk, conclusion="problems", by=by, at=at)
    checking.sign(visit_id=planned.pk, signed_by="钱经理", by=by, at=at)
    services.finish_visit(visit_id=planned.pk, by=by, at=at)
    again = services.begin_visit(
        unit_id=unit.pk, kind="recheck", officer_ids=[officers.police.person.pk], by=by, at=at
    )
    for size in (DESK, PHONE):
        page = page_of(size, officers.police)
        addresses = [f"/inspections/{planned.pk}/", f"/inspections/{again.pk}/", f"/field/visits/{again.pk}/"]
        for address in [*addresses, f"/field/visits/begin?unit={unit.pk}", "/field/visits/units"]:
            page.goto(address)
            picture_of(page, f"after-{size['width']}-{address}")
            if problems := sound(page):
                found[f"{size['width']} {address}"] = problems
    assert found == {}
