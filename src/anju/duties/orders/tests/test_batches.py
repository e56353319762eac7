"""Many orders in one job: chosen from the own visits, issued each once, put together to be printed."""

import io
import re
import zipfile
from datetime import date

import pypdfium2
import pytest
from django.urls import reverse
from django.utils import timezone

from anju.duties.cases.models import Case
from anju.duties.cases.tests.conftest import _own_store, photo, walk  # noqa: F401
from anju.duties.inspections.models import VisitPart
from anju.duties.inspections.tests.conftest import (  # noqa: F401
    answer_all,
    begun,
    estate_unit,
    finished,
    officers,
)
from anju.duties.orders import jobs
from anju.duties.orders.models import Order
from anju.duties.orders.queries import batches as choosing
from anju.duties.orders.queries import matters
from anju.duties.orders.services import batches, orders
from anju.ground.foundation import files, numbering
from anju.ground.foundation.models import IssuedNumber, StoredFile
from anju.ground.foundation.refusals import NotFound, NotPermitted, Refusal
from anju.means.documents.models import IssuedDocument

pytestmark = pytest.mark.django_db
CODE = "槐派"


@pytest.fixture(autouse=True)
def _on_that_day(monkeypatch, friday_9am):
    """Let the job and the pages run on the day of the visits."""
    monkeypatch.setattr(timezone, "now", lambda: friday_9am.replace(hour=15))


@pytest.fixture
def at(friday_9am):
    return friday_9am.replace(hour=15)


@pytest.fixture
def police(police_officer, officers, at):  # noqa: F811
    return police_officer.actor(at)


@pytest.fixture
def visits(finished):  # noqa: F811
    """Return a function that makes so many visits with a hazard each; a number in `bad` cannot be printed."""

    def make(count: int, *bad: int) -> list[int]:
        return [
            finished(
                {"place": f"{n}号楼", "text": "一楼门厅充电😀" if n in bad else f"{n}号楼一楼门厅充电"}
            ).pk
            for n in range(1, count + 1)
        ]

    return make


@pytest.fixture
def started(police, at):
    """Return a function that starts a batch and gives its progress with what the job was given."""

    def start(ids, **told):
        progress = batches.start(visit_ids=ids, by=police, at=at, **told)
        return progress, {"progress_id": progress.pk, "visit_ids": sorted(ids)}

    return start


def stored(progress, form: str) -> bytes:
    return files.read(StoredFile.objects.get(sha256=progress.result[form]))


def test_twelve_visits_get_eleven_orders_and_one_sentence(visits, started, police, at):
    ids = visits(12, 5)
    progress, given = started(ids)
    assert (progress.total, progress.owner_id) == (12, police.account_id)
    jobs.issue_batch(**given)
    progress.refresh_from_db()
    assert (progress.state, progress.done, progress.total) == ("done", 12, 12)
    [miss] = progress.result["refused"]
    assert (miss["visit"], "😀" in miss["why"]) == (ids[4], True)
    made = list(Order.objects.order_by("pk"))
    assert [o.pk for o in made] == progress.result["orders"] and len(made) == 11
    assert {o.visit_id for o in made} == set(ids) - {ids[4]}
    assert {o.kind for o in made} == {"timed"} and {o.serve_by for o in made} == {date(2024, 7, 17)}
    assert [o.written_number[-3:-1] for o in made] == [f"{n:02d}" for n in range(1, 12)]
    register = IssuedNumber.objects.get(pk=IssuedDocument.objects.earliest("pk").number_id).register.code
    assert numbering.gaps(code=register, year=2024) == []
    paper = IssuedDocument.objects.get(pk=made[0].document_id)
    assert [i["name"] for i in paper.facts["inspectors"]] == ["陈卫东", "高远"]
    # Both sides: every order begins on an odd page.
    with pypdfium2.PdfDocument(stored(progress, "pdf")) as document:
        texts = [page.get_textpage().get_text_range().replace("\r\n", "") for page in document]
    assert len(texts) % 2 == 0
    firsts = [n for n, text in enumerate(texts) if any(o.written_number in text for o in made)]
    assert len(firsts) == 11 and all(n % 2 == 0 for n in firsts)
    assert len(zipfile.ZipFile(io.BytesIO(stored(progress, "zip"))).namelist()) == 11


def test_a_killed_job_goes_on_and_repeats_nothing(visits, started, monkeypatch):
    ids = visits(12)
    progress, given = started(ids)
    monkeypatch.setattr(batches, "TOGETHER", 1)
    order_timed = orders.order_timed
    calls: list[str] = []

    def killed(**told):
        if len(calls) == 5:
            raise KeyboardInterrupt
        calls.append(told["key"])
        return order_timed(**told)

    monkeypatch.setattr(orders, "order_timed", killed)
    with pytest.raises(KeyboardInterrupt):
        jobs.issue_batch(**given)
    assert Order.objects.count() == 5
    monkeypatch.setattr(orders, "order_timed", order_timed)
    jobs.issue_batch(**given)
    progress.refresh_from_db()
    assert (progress.state, len(progress.result["orders"]), progress.result["refused"]) == ("done", 12, [])
    assert Order.objects.count() == IssuedDocument.objects.filter(kind="order_timed").count() == 12
    jobs.issue_batch(**given)
    assert Order.objects.count() == 12


def test_a_transaction_that_dies_takes_its_ten_with_it_and_leaves_no_gap(visits, started, monkeypatch):
    ids = visits(4)
    progress, given = started(ids)
    order_timed = orders.order_timed
    calls: list[str] = []

    def killed(**told):
        calls.append(told["key"])
        if len(calls) == 3:
            raise KeyboardInterrupt
        return order_timed(**told)

    monkeypatch.setattr(orders, "order_timed", killed)
    with pytest.raises(KeyboardInterrupt):
        jobs.issue_batch(**given)
    assert not Order.objects.exists() and not IssuedNumber.objects.filter(register__code=CODE).exists()
    monkeypatch.setattr(orders, "order_timed", order_timed)
    jobs.issue_batch(**given)
    progress.refresh_from_db()
    assert len(progress.result["orders"]) == 4


def test_what_is_issued_is_known_even_when_the_files_cannot_be_made(visits, started, monkeypatch):
    ids = visits(2)
    progress, given = started(ids)

    def broken(*_order_ids, **_told):
        raise OSError("no space left")

    monkeypatch.setattr(batches, "_printed", broken)
    with pytest.raises(OSError, match="no space"):
        jobs.issue_batch(**given)
    progress.refresh_from_db()
    assert (progress.state, len(progress.result["orders"])) == ("failed", 2)
    monkeypatch.undo()


def test_a_job_asked_to_stop_issues_no_more_and_prints_what_there_is(visits, started, monkeypatch):
    ids = visits(4)
    progress, given = started(ids)
    monkeypatch.setattr(batches, "TOGETHER", 2)
    issue_some = batches.issue_some

    def stop_then(*told, **named):
        type(progress).objects.filter(pk=progress.pk).update(cancel_asked=True)
        return issue_some(*told, **named)

    monkeypatch.setattr(batches, "issue_some", stop_then)
    jobs.issue_batch(**given)
    progress.refresh_from_db()
    assert (progress.state, len(progress.result["orders"]), progress.result["left"]) == ("done", 2, 2)
    assert "已停止" in progress.message and stored(progress, "pdf").startswith(b"%PDF")


def test_a_visit_is_ordered_once_however_often_it_is_asked_for(visits, started, police, at):
    ids = visits(3)
    orders.order_timed(
        draft=orders.draft(matters.of_visit(police, ids[0], at=at), by=police, at=at), by=police, at=at
    )
    first, given = started(ids)
    second, again = started(ids)
    assert first.total == 2
    jobs.issue_batch(**given)
    jobs.issue_batch(**again)
    assert sorted(Order.objects.values_list("visit", flat=True)) == ids
    first.refresh_from_db()
    second.refresh_from_db()
    assert [m["visit"] for m in first.result["refused"]] == [ids[0]]
    assert [m["why"] for m in second.result["refused"]] == ["这次检查已经制发过责令改正，没有重复制发。"] * 3
    with pytest.raises(Refusal, match="不再重复制发"):
        batches.start(visit_ids=ids, by=police, at=at)


def test_the_same_form_sent_twice_starts_one_job(visits, police, at):
    ids = visits(2)
    one = batches.start(visit_ids=ids, by=police, at=at, key="k")
    assert batches.start(visit_ids=ids, by=police, at=at, key="k").pk == one.pk


def test_a_hazard_seen_at_two_visits_is_named_by_one_order(visits, finished, started, police, at):  # noqa: F811
    ids = visits(1)
    later = finished({"place": "9号楼"}).pk
    # The second visit saw the first one's hazard, too.
    found = Case.objects.get(findings__visit=ids[0])
    one = found.findings.get()
    one.pk, one.visit_id, one.is_new, one.counted = None, later, False, False
    one.part = VisitPart.objects.get(visit=later)
    one.save(force_insert=True)
    _progress, given = started([*ids, later])
    jobs.issue_batch(**given)
    lines = [sorted(o.lines.values_list("case", flat=True)) for o in Order.objects.order_by("visit")]
    assert lines[0] == [found.pk] and len(lines[1]) == 1 and lines[1] != lines[0]


def test_what_was_put_right_before_the_job_came_to_it_is_refused(visits, started, police, at):
    ids = visits(2)
    progress, _given = started(ids)
    Case.objects.filter(findings__visit=ids[1]).update(state="closed", closed_at=at)
    misses = batches.issue_some(progress.pk, ids, by=police, at=at)
    assert [(m["visit"], m["why"]) for m in misses] == [
        (ids[1], "这次检查的隐患都已改正，或者已在另一份责令改正中。")
    ]
    assert Order.objects.count() == 1


def test_the_visits_of_another_agency_are_not_chosen(visits, fire_officer, grid_worker, police, at):
    ids = visits(2)
    fire = fire_officer.actor(at)
    span = {"since": None, "until": None, "at": at}
    assert choosing.choice(fire, choosing.filters_of(fire, **span)).rows == []
    with pytest.raises(Refusal, match="至少勾选一次"):
        batches.start(visit_ids=[*ids, 10**15], by=fire, at=at)
    with pytest.raises(NotPermitted):
        batches.start(visit_ids=ids, by=grid_worker.actor(at), at=at)
    progress = batches.start(visit_ids=[*ids, 10**15], by=police, at=at)
    assert progress.total == 2
    # Not even a job that was given them would issue them.
    misses = batches.issue_some(progress.pk, ids, by=fire, at=at)
    assert ["没有找到" in m["why"] for m in misses] == [True, True] and not Order.objects.exists()


def test_an_office_without_a_code_is_told_before_the_job(visits, police, officers, at, city):  # noqa: F811
    ids = visits(1)
    type(city.offices.police).objects.filter(pk=city.offices.police.pk).update(document_code="")
    with pytest.raises(Refusal, match="机关代字"):
        batches.start(visit_ids=ids, by=police, at=at)


def test_the_list_is_narrowed_by_period_place_campaign_and_class(visits, finished, police, at, city):  # noqa: F811
    ids = visits(2)
    spring = finished({"place": "8号楼", "class_code": "FA01"}, campaign="春季行动").pk

    def shown(**asked):
        told = {"since": None, "until": None, "at": at} | asked
        return {row.pk for row in choosing.choice(police, choosing.filters_of(police, **told)).rows}

    assert shown() == {*ids, spring}
    assert shown(campaign="春季行动") == {spring} and shown(top_class="EB") == set(ids)
    assert shown(area=city.estates.huaiyin.area_id) == {*ids, spring} and shown(area=10**12) == set()
    assert shown(until=date(2024, 7, 11)) == set()
    kept = choosing.filters_of(police, since=date(2001, 1, 1), until=date(2024, 7, 12), at=at)
    assert (kept.until - kept.since).days == choosing.LONGEST


def test_the_pages_from_the_list_to_the_papers(visits, signed_in_as, police_officer, fire_officer):
    ids = visits(3)
    officer = signed_in_as(police_officer)
    listed = officer.get(reverse("orders:list")).content.decode()
    assert reverse("orders:batch_new") in listed
    page = officer.get(reverse("orders:batch_new")).content.decode()
    assert len(re.findall(r'name="ids" value="\d+" form="batch" data-select checked', page)) == 3
    none = officer.post(reverse("orders:batch_new"), {"request_key": "n"})
    assert none.status_code == 422 and "请至少勾选一次检查" in none.content.decode()
    went = officer.post(reverse("orders:batch_new"), {"ids": [*ids[:2], "x", "²"], "request_key": "a"})
    job = int(went["Location"].rstrip("/").rsplit("/", 1)[-1])
    assert went["Location"] == reverse("console:job", args=[job])
    waiting = officer.get(reverse("orders:batch", args=[job])).content.decode()
    assert "已完成 0 / 2 份" in waiting
    jobs.issue_batch(progress_id=job, visit_ids=ids[:2])
    assert reverse("orders:batch", args=[job]) in officer.get(went["Location"]).content.decode()
    shown = officer.get(reverse("orders:batch", args=[job])).content.decode()
    made = list(Order.objects.order_by("pk"))
    assert f"?batch={job}" in shown and len(made) == 2
    orders_page = officer.get(reverse("orders:list"), {"batch": job}).content.decode()
    assert all(o.written_number in orders_page for o in made)
    assert "共 2 条" in orders_page
    pdf = officer.get(reverse("orders:batch_file", args=[job, "pdf"]))
    assert pdf["Content-Type"] == "application/pdf" and pdf.getvalue().startswith(b"%PDF")
    packed = officer.get(reverse("orders:batch_file", args=[job, "zip"]))
    assert packed["Content-Disposition"].startswith("attachment")
    assert officer.get(reverse("orders:batch_file", args=[job, "url"])).status_code == 404
    stranger = signed_in_as(fire_officer)
    assert stranger.get(reverse("orders:batch", args=[job])).status_code == 404
    assert stranger.get(reverse("orders:batch_file", args=[job, "pdf"])).status_code == 404
    with pytest.raises(NotFound):
        choosing.job_of(fire_officer.actor(timezone.now()), job)


@pytest.mark.parametrize(
    "value", ["\x00", "²", "-1", "9" * 40, "0001-01-01", "9999-12-31", "2024-02-30", "' OR 1=1", "[]"]
)
def test_no_address_or_form_breaks_the_page(value, city, officers, signed_in_as, police_officer):  # noqa: F811
    officer = signed_in_as(police_officer)
    address = reverse("orders:batch_new")
    asked = dict.fromkeys(["since", "until", "area", "campaign", "class", "batch"], value)
    assert officer.get(address, asked).status_code < 500
    assert officer.get(reverse("orders:list"), {"batch": value}).status_code < 500
    assert officer.post(address, {"ids": [value], "request_key": "x"}).status_code == 422
