"""The pages: upload, columns, dry run, import, returned workbook; and lists taken out."""

import csv
import io

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from anju.doors.exchange import jobs as tasks
from anju.doors.exchange.models import Export, Import
from anju.duties.cases.models import Case
from anju.ground.foundation import journal
from anju.ground.foundation.models import Event, JobProgress

from .books import GOOD, HEADINGS, make

pytestmark = pytest.mark.django_db
BAD = [2, "昨天", "槐荫小区", "灭火器过期", "FF03", "是", None]


@pytest.fixture(autouse=True)
def data_dir(settings, tmp_path):
    settings.DATA_DIR = tmp_path / "data"
    return settings.DATA_DIR


@pytest.fixture
def page(wang, signed_in_as):
    return signed_in_as(wang)


@pytest.fixture
def upload(page, tmp_path):
    def send(rows, client=page, **made):
        path = make(tmp_path / "三月台账.xlsx", rows, **made)
        file = SimpleUploadedFile("三月台账.xlsx", path.read_bytes())
        return client.post("/exchange/", {"kind": "hazards", "file": file})

    return send


def work_off():
    """Do what the worker would do."""
    record = Import.objects.get()
    tasks.run_import(record.job_id, record.pk)
    record.refresh_from_db()
    return record


def test_a_ledger_goes_from_upload_to_its_result(page, upload):
    answer = upload([[*GOOD, "蓝"], [*BAD, "红"]], headings=[*HEADINGS, "车辆颜色"])
    record = Import.objects.get()
    assert answer.url == f"/exchange/{record.pk}/"
    shown = page.get(answer.url).content.decode()
    assert "检查时间" in shown
    assert "认不出" in shown
    page.post(f"/exchange/{record.pk}/check", {f"m:{h}": "" for h in ["车辆颜色"]})
    record = work_off()
    assert (record.state, record.loaded, record.rejected) == ("checked", 1, 1)
    assert not Case.objects.exists()
    shown = page.get(f"/exchange/{record.pk}/").content.decode()
    assert "还没有导入任何一行" in shown
    page.post(f"/exchange/{record.pk}/run")
    record = work_off()
    assert (record.state, record.loaded, record.rejected) == ("done", 1, 1)
    assert Case.objects.count() == 1
    shown = page.get(f"/exchange/{record.pk}/").content.decode()
    assert "昨天" in shown
    back = page.get(f"/exchange/{record.pk}/returned")
    rows = openpyxl.load_workbook(io.BytesIO(b"".join(back.streaming_content))).worksheets[0]
    assert rows["B4"].value == "昨天"
    assert "三月台账.xlsx" in page.get("/exchange/").content.decode()


def test_a_stations_workbook_goes_through_the_pages_and_names_its_units(
    police_officer, signed_in_as, tmp_path
):
    from .test_stations import FINDING, SHOP, VISIT, book, month

    client = signed_in_as(police_officer)
    assert "检查执法月报工作簿" in client.get("/exchange/").content.decode()
    path = book(tmp_path / "三月.xlsx", month(visits=[VISIT, SHOP], findings=[FINDING]))
    file = SimpleUploadedFile("三月.xlsx", path.read_bytes())
    answer = client.post("/exchange/", {"kind": "inspections", "file": file})
    shown = client.get(answer.url).content.decode()
    assert 'name="m:检查记录!检查编号"' in shown
    assert 'name="m:隐患清单!检查编号"' in shown
    record = Import.objects.get()
    chosen = {
        "m:检查记录!检查编号": "number",
        "m:检查记录!被检查单位": "unit",
        "m:检查记录!检查时间": "visited_on",
        "m:检查记录!场所类型": "unit_kind",
        "m:检查记录!所属社区": "community",
        "m:隐患清单!检查编号": "visit_number",
        "m:隐患清单!隐患类型": "class",
    }
    client.post(f"/exchange/{record.pk}/check", chosen)
    record = work_off()
    assert (record.state, record.loaded, record.rejected) == ("checked", 3, 0)
    shown = client.get(f"/exchange/{record.pk}/").content.decode()
    assert "将新登记" in shown
    client.post(f"/exchange/{record.pk}/run")
    record = work_off()
    assert record.counts["units"] == {"matched": 1, "made": 1, "suggested": 0}
    assert "与名册对上" in client.get(f"/exchange/{record.pk}/").content.decode()


def test_kinds_that_one_may_not_import_are_not_offered(community_manager, signed_in_as):
    shown = signed_in_as(community_manager).get("/exchange/").content.decode()
    assert 'value="hazards"' in shown
    assert 'value="inspections"' not in shown


def test_a_needed_column_that_is_not_known_is_asked_for(page, upload):
    upload([GOOD], headings=["序号", "几时", *HEADINGS[2:]])
    record = Import.objects.get()
    assert "还缺少" in page.get(f"/exchange/{record.pk}/").content.decode()
    meanings = {"几时": "", "小区名称": "estate", "隐患描述": "text"}
    refused = page.post(f"/exchange/{record.pk}/check", {f"m:{h}": f for h, f in meanings.items()})
    assert refused.status_code == 422
    meanings["几时"] = "found_on"
    page.post(f"/exchange/{record.pk}/check", {f"m:{h}": f for h, f in meanings.items()})
    assert work_off().loaded == 1


def test_two_columns_cannot_mean_the_same(page, upload):
    upload([GOOD])
    record = Import.objects.get()
    chosen = {"检查时间": "found_on", "小区名称": "estate", "隐患描述": "text", "隐患类别": "text"}
    refused = page.post(f"/exchange/{record.pk}/check", {f"m:{h}": f for h, f in chosen.items()})
    assert refused.status_code == 422
    assert "只留一列" in refused.content.decode()


def test_a_file_that_is_no_workbook_is_refused_on_the_page_and_not_kept(page, data_dir):
    file = SimpleUploadedFile("a.xlsx", b"no workbook")
    answer = page.post("/exchange/", {"kind": "hazards", "file": file})
    assert answer.status_code == 422
    assert "不是有效的 Excel" in answer.content.decode()
    assert not Import.objects.exists()
    assert not list(data_dir.glob("uploads/*"))


def test_nobody_sees_the_import_of_another(upload, signed_in_as, county_supervisor, grid_worker):
    upload([GOOD, BAD])
    record = Import.objects.get()
    other = signed_in_as(county_supervisor)
    for path in ("", "returned", "bar"):
        assert other.get(f"/exchange/{record.pk}/{path}").status_code == 404
    assert other.post(f"/exchange/{record.pk}/check").status_code == 404
    assert signed_in_as(grid_worker).get("/exchange/").status_code == 404


def test_a_cancelled_import_leaves_nothing(page, upload):
    upload([GOOD])
    record = Import.objects.get()
    chosen = {"检查时间": "found_on", "小区名称": "estate", "隐患描述": "text", "隐患类别": "class"}
    page.post(f"/exchange/{record.pk}/check", {f"m:{h}": f for h, f in chosen.items()})
    work_off()
    page.post(f"/exchange/{record.pk}/run")
    page.post(f"/exchange/{record.pk}/cancel")
    record = work_off()
    assert record.state == "cancelled"
    assert JobProgress.objects.get(pk=record.job_id).state == "cancelled"
    assert not Case.objects.exists()


CHOSEN = {"m:检查时间": "found_on", "m:小区名称": "estate", "m:隐患描述": "text", "m:隐患类别": "class"}


def test_an_upload_sent_twice_is_one_import_with_one_file(page, tmp_path, data_dir):
    content = make(tmp_path / "三月台账.xlsx", [GOOD]).read_bytes()

    def send(content):
        file = SimpleUploadedFile("三月台账.xlsx", content)
        return page.post("/exchange/", {"kind": "hazards", "file": file, "request_key": "upload-1"})

    assert send(content).url == send(content).url
    assert Import.objects.count() == len(list(data_dir.glob("uploads/*"))) == 1
    other = send(make(tmp_path / "三月台账.xlsx", [GOOD, BAD]).read_bytes())
    assert other.status_code == 422
    assert Import.objects.count() == len(list(data_dir.glob("uploads/*"))) == 1


def test_a_button_pressed_twice_starts_one_run(page, upload):
    upload([GOOD])
    record = Import.objects.get()
    for _click in range(2):
        answer = page.post(f"/exchange/{record.pk}/check", CHOSEN | {"request_key": "check-1"})
        assert answer.status_code == 302
    assert JobProgress.objects.count() == 1
    work_off()
    for _click in range(2):
        assert page.post(f"/exchange/{record.pk}/run", {"request_key": "run-1"}).status_code == 302
    assert JobProgress.objects.count() == 2
    work_off()
    told = ["exchange.file", "exchange.check", "exchange.checked", "exchange.run", "exchange.imported"]
    assert [event.name for event in journal.events_of(record)] == told
    late = page.post(f"/exchange/{record.pk}/run", {"request_key": "run-2"})
    assert late.status_code == 409
    assert "已导入" in late.content.decode()


def test_a_job_taken_up_again_after_its_end_does_nothing_again(page, upload):
    upload([GOOD])
    record = Import.objects.get()
    page.post(f"/exchange/{record.pk}/check", CHOSEN)
    work_off()
    page.post(f"/exchange/{record.pk}/run")
    work_off()
    before = Event.objects.count()
    record = work_off()
    assert (record.state, record.loaded, record.duplicates) == ("done", 1, 0)
    assert Event.objects.count() == before
    assert JobProgress.objects.get(pk=record.job_id).state == "done"


def test_what_fails_in_the_background_says_so_on_the_import(page, upload, data_dir):
    upload([GOOD])
    record = Import.objects.get()
    page.post(f"/exchange/{record.pk}/check", CHOSEN)
    (data_dir / record.path).write_bytes(b"no workbook")
    record = work_off()
    assert record.state == "failed"
    assert record.message == JobProgress.objects.get(pk=record.job_id).message != ""
    assert Event.objects.get(name="exchange.failed").note == record.message


def test_a_dry_run_that_is_stopped_can_be_begun_again(page, upload):
    upload([GOOD])
    record = Import.objects.get()
    page.post(f"/exchange/{record.pk}/check", CHOSEN)
    page.post(f"/exchange/{record.pk}/cancel")
    again = page.post(f"/exchange/{record.pk}/cancel")
    assert "已经要求停止" in again.content.decode()
    assert work_off().state == "uploaded"
    page.post(f"/exchange/{record.pk}/check", CHOSEN)
    assert work_off().state == "checked"


def test_a_ledger_with_nothing_new_cannot_be_loaded(page, upload):
    upload([BAD])
    record = Import.objects.get()
    page.post(f"/exchange/{record.pk}/check", CHOSEN)
    assert work_off().loaded == 0
    assert f"/exchange/{record.pk}/run" not in page.get(f"/exchange/{record.pk}/").content.decode()
    refused = page.post(f"/exchange/{record.pk}/run")
    assert refused.status_code == 409
    assert "没有新的行可以导入" in refused.content.decode()


@pytest.mark.django_db(transaction=True)
def test_progress_shows_while_the_import_is_still_one_open_transaction(page, upload, monkeypatch):
    from anju.doors.exchange.services import imports as services

    upload([[*GOOD[:3], f"{n}号楼楼道停车", *GOOD[4:]] for n in range(1500)])
    record = Import.objects.get()
    chosen = {"检查时间": "found_on", "小区名称": "estate", "隐患描述": "text", "隐患类别": "class"}
    page.post(f"/exchange/{record.pk}/check", {f"m:{h}": f for h, f in chosen.items()})
    assert work_off().loaded == 1500
    page.post(f"/exchange/{record.pk}/run")
    seen = []
    merge = services.loading.merge_cases

    def merged_then_looked(**words):
        made = merge(**words)
        seen.append(JobProgress.objects.get(pk=Import.objects.get().job_id).message)
        return made

    monkeypatch.setattr("anju.doors.exchange.services.loading.merge_cases", merged_then_looked)
    record = work_off()
    assert (record.state, record.loaded) == ("done", 1500)
    assert seen == ["正在写入"]
    assert JobProgress.objects.get(pk=record.job_id).state == "done"
    assert Case.objects.count() == 1500


@pytest.fixture
def case_with_formula(city, friday_9am, county_supervisor):
    from anju.duties.cases import services

    return services.report(
        kind="hazard",
        class_code="EB01",
        text='=HYPERLINK("http://x","点我")，楼道停车',
        by=county_supervisor.actor(friday_9am),
        at=friday_9am,
        channel="staff",
        estate=city.estates.huaiyin,
        reporter=services.Reporter(name="钱女士", phone="13812341234"),
    )


def test_the_list_leaves_as_csv_without_formulas_and_without_reporters(
    case_with_formula, signed_in_as, county_supervisor
):
    answer = signed_in_as(county_supervisor).get("/exchange/cases")
    content = b"".join(answer.streaming_content)
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    assert len(rows) == 1
    assert rows[0]["编号"] == case_with_formula.number
    assert rows[0]["内容"].startswith("'=HYPERLINK")
    assert (rows[0]["小区"], rows[0]["状态"]) == ("槐荫小区", "待派单")
    assert b"13812341234" not in content
    assert "钱女士".encode() not in content
    assert Event.objects.filter(name="exchange.export").count() == 1


def test_the_list_leaves_as_a_workbook_without_formulas(case_with_formula, signed_in_as, county_supervisor):
    answer = signed_in_as(county_supervisor).get("/exchange/cases?format=xlsx&kind=hazard")
    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content))).worksheets[0]
    cells = {sheet.cell(1, c.column).value: c for c in sheet[2]}
    assert cells["内容"].data_type == "s"
    assert cells["内容"].value.startswith("=HYPERLINK")


def test_the_filters_and_the_reach_hold_for_an_export(
    case_with_formula, signed_in_as, county_supervisor, outsider
):
    def rows(member, query=""):
        content = b"".join(signed_in_as(member).get(f"/exchange/cases{query}").streaming_content)
        return len(content.decode().splitlines()) - 1

    assert rows(county_supervisor, "?state=closed") == 0
    assert rows(county_supervisor, "?q=楼道") == 1
    assert rows(outsider) == 0


def test_a_long_list_becomes_a_workbook_in_the_background(
    case_with_formula, signed_in_as, county_supervisor, wang, monkeypatch
):
    monkeypatch.setattr("anju.doors.exchange.views.XLSX_AT_ONCE", 0)
    client = signed_in_as(county_supervisor)
    assert "在后台生成" in client.get("/exchange/cases?format=xlsx").content.decode()
    client.post("/exchange/cases?format=xlsx")
    made = Export.objects.get()
    tasks.export_workbook(made.job_id, made.pk)
    fetched = client.get(JobProgress.objects.get().result["url"])
    assert openpyxl.load_workbook(io.BytesIO(b"".join(fetched.streaming_content))).worksheets[0].max_row == 2
    assert signed_in_as(wang).get(f"/exchange/exports/{made.pk}").status_code == 404


def test_a_workbook_asked_for_twice_is_written_once_and_can_be_stopped(
    case_with_formula, signed_in_as, county_supervisor, data_dir
):
    client = signed_in_as(county_supervisor)
    asked = [
        client.post("/exchange/cases?format=xlsx", {"request_key": "export-1"}).url for _click in range(2)
    ]
    assert asked[0] == asked[1]
    made = Export.objects.get()
    client.post(f"/console/jobs/{made.job_id}/cancel")
    tasks.export_workbook(made.job_id, made.pk)
    made.refresh_from_db()
    assert (made.state, made.path, JobProgress.objects.get().state) == ("cancelled", "", "cancelled")
    assert not list(data_dir.glob("exports/*"))
    assert client.get(f"/exchange/exports/{made.pk}").status_code == 404


def test_old_files_are_removed_and_new_ones_stay(data_dir, friday_9am):
    import os
    from datetime import timedelta

    from anju.doors.exchange.services import imports as services

    files = (("exports", "old", 8), ("exports", "new", 6), ("uploads", "old", 91), ("uploads", "new", 8))
    for folder, name, days in files:
        path = data_dir / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
        when = (friday_9am - timedelta(days=days)).timestamp()
        os.utime(path, (when, when))
    assert services.remove_old_files(at=friday_9am) == 2
    assert sorted(p.name for p in data_dir.rglob("*") if p.is_file()) == ["new", "new"]
