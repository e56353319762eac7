"""Lists of inspections, orders and fines, taken away as CSV and as a workbook."""

import csv
import io

import openpyxl
import pytest

from anju.doors.exchange import jobs as tasks
from anju.doors.exchange.models import Export
from anju.doors.exchange.services.imports import load_ledger
from anju.ground.foundation.models import Event

from .test_stations import FINDING, FINE, ORDER, SHOP, VISIT, book, month

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def data_dir(settings, tmp_path):
    settings.DATA_DIR = tmp_path / "data"
    return settings.DATA_DIR


@pytest.fixture
def loaded(police_officer, friday_9am, tmp_path):
    shop = [*SHOP]
    shop[1] = "=幸福超市"
    path = book(
        tmp_path / "三月.xlsx", month(visits=[VISIT, shop], findings=[FINDING], orders=[ORDER], fines=[FINE])
    )
    outcome = load_ledger(path=path, kind="inspections", by=police_officer.actor(friday_9am), at=friday_9am)
    assert outcome.errors == []


@pytest.fixture
def rows(signed_in_as, police_officer, loaded):
    def fetch(kind, query="", member=police_officer):
        content = b"".join(signed_in_as(member).get(f"/exchange/lists/{kind}{query}").streaming_content)
        return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))

    return fetch


def test_visits_leave_with_their_officers_and_conclusion(rows):
    second, first = rows("visits")
    assert (first["被检查单位"], first["检查人员"], first["隐患数"]) == ("槐荫小区", "陈卫东、李某", "1")
    assert (first["结论"], first["检查日期"], first["检查类型"]) == (
        "发现问题已当场改正",
        "2024-03-05",
        "日常检查",
    )
    assert first["检查编号"].startswith("J20240305")
    assert second["被检查单位"] == "'=幸福超市"
    assert Event.objects.get(name="exchange.export").data["list"] == "visits"


def test_findings_orders_and_fines_leave_with_what_they_say(rows):
    (finding,) = rows("findings")
    assert (finding["类别代码"], finding["当场改正"], finding["老旧小区"]) == ("EB02", "是", "是")
    assert finding["整改日期"] == "2024-03-05"
    (order,) = rows("orders")
    assert (order["文书编号"], order["状态"], order["送达方式"]) == ("槐责〔2024〕1号", "已改正", "直接送达")
    (fine,) = rows("fines")
    assert (fine["罚款（元）"], fine["已缴（元）"], fine["缴清日期"]) == ("200.00", "200.00", "2024-03-10")
    assert "钱某某" not in str(fine)


@pytest.mark.parametrize(
    ("kind", "query", "many"),
    [
        ("visits", "?since=2024-03-06", 1),
        ("visits", "?until=2024-03-05", 1),
        ("visits", "?kind=recheck", 0),
        ("findings", "?class=EB", 1),
        ("findings", "?class=FF", 0),
        ("findings", "?open=1", 0),
        ("findings", "?kind=recheck", 0),
        ("findings", "?kind=daily&mine=1", 1),
        ("orders", "?state=overdue", 0),
        ("orders", "?since=2024-03-05&until=2024-03-05", 1),
        ("fines", "?offence=corridor_charging", 1),
        ("fines", "?q=没有", 0),
    ],
)
def test_the_filters_of_the_page_hold(rows, kind, query, many):
    assert len(rows(kind, query)) == many


def test_nobody_takes_away_what_they_do_not_see(rows, outsider, grid_worker, signed_in_as):
    for kind in ("visits", "findings", "orders", "fines"):
        assert rows(kind, member=outsider) == []
        assert signed_in_as(grid_worker).get(f"/exchange/lists/{kind}").status_code == 404
    assert signed_in_as(outsider).get("/exchange/lists/secrets").status_code == 404


def test_a_short_list_is_a_workbook_at_once_and_a_long_one_a_job(
    loaded, signed_in_as, police_officer, monkeypatch
):
    client = signed_in_as(police_officer)
    answer = client.get("/exchange/lists/fines?format=xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content))).worksheets[0]
    assert (sheet.title, sheet.max_row) == ("行政处罚", 2)
    monkeypatch.setattr("anju.doors.exchange.views.XLSX_AT_ONCE", 0)
    shown = client.get("/exchange/lists/visits?format=xlsx&since=2024-03-01").content.decode()
    assert "/exchange/lists/visits?format=xlsx" in shown
    assert "/inspections/?since=2024-03-01" in shown
    client.post("/exchange/lists/visits?format=xlsx")
    made = Export.objects.get(state="writing")
    tasks.export_workbook(made.job_id, made.pk)
    fetched = client.get(f"/exchange/exports/{made.pk}")
    assert "visits-" in fetched["Content-Disposition"]
    assert openpyxl.load_workbook(io.BytesIO(b"".join(fetched.streaming_content))).worksheets[0].max_row == 3
