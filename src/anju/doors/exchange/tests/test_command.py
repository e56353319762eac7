"""`import_ledger` as scripts meet it: one JSON object, three exit codes."""

import json
from io import StringIO

import pytest
from django.core.management import call_command

from anju.duties.cases.models import Case

from .books import GOOD, HEADINGS, make

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def data_dir(settings, tmp_path):
    settings.DATA_DIR = tmp_path / "data"


@pytest.fixture
def run(city, tmp_path):
    def call(rows=None, *words, path=None, login="wang", kind="hazards", **made):
        out, err = StringIO(), StringIO()
        path = path or make(tmp_path / "台账.xlsx", rows, **made)
        code = 0
        try:
            call_command(
                "import_ledger", str(path), "--kind", kind, "--as", login, *words, stdout=out, stderr=err
            )
        except SystemExit as stop:
            code = stop.code
        return code, out.getvalue(), err.getvalue()

    return call


BAD = [2, "昨天", "槐荫小区", "灭火器过期", "FF03", "是", None]


def test_every_row_loaded_ends_with_zero_and_one_object(run):
    code, out, _err = run([GOOD], "--json")
    assert code == 0
    assert json.loads(out) == {
        "rows": 1,
        "loaded": 1,
        "duplicates": 0,
        "rejected": 0,
        "errors": [],
        "returned_workbook": None,
    }


def test_rows_all_known_end_with_zero(run):
    run([GOOD], "--json")
    code, out, _err = run([GOOD], "--json")
    assert (code, json.loads(out)["duplicates"]) == (0, 1)


def test_returned_rows_end_with_three_and_name_the_workbook(run):
    code, out, _err = run([GOOD, BAD], "--json")
    found = json.loads(out)
    assert code == 3
    assert found["errors"] == [
        {"sheet": "台账", "row": 5, "column": "检查时间", "message": found["errors"][0]["message"]}
    ]
    assert found["returned_workbook"].endswith(".xlsx")


def test_a_dry_run_loads_nothing(run):
    code, out, _err = run([GOOD], "--dry-run", "--json")
    assert (code, json.loads(out)["loaded"]) == (0, 1)
    assert not Case.objects.exists()


def test_a_file_that_cannot_be_read_ends_with_two_and_one_sentence(run, tmp_path):
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"no workbook")
    code, out, err = run(None, "--json", path=path)
    found = json.loads(out)
    assert code == 2
    assert found["rows"] == 0
    assert found["errors"] == [{"sheet": "", "row": None, "column": "", "message": err.strip()}]
    code, out, err = run(None, path=path)
    assert (code, out) == (2, "")
    assert err.strip()


def test_a_missing_column_ends_with_two_and_a_mapping_helps(run, tmp_path):
    headings = ["序号", "几时", *HEADINGS[2:]]
    code, _out, err = run([GOOD], headings=headings)
    assert code == 2
    assert "检查时间" in err
    mapping = tmp_path / "mapping.json"
    mapping.write_text(json.dumps({"几时": "found_on"}), encoding="utf-8")
    code, _out, _err = run([GOOD], "--mapping", str(mapping), headings=headings)
    assert code == 0


def test_an_unknown_login_or_one_without_the_power_ends_with_two(run):
    assert run([GOOD], login="nobody")[0] == 2
    assert run([GOOD], login="zhou")[0] == 2


def test_unknown_columns_are_asked_about_on_standard_error(run):
    code, out, err = run([[*GOOD, "蓝"]], "--json", headings=[*HEADINGS, "车辆颜色"])
    assert code == 0
    assert json.loads(out)["errors"] == []
    assert "车辆颜色" in err


def test_the_practice_ledger_is_read_but_for_its_deliberate_mistakes(run, tmp_path):
    path = tmp_path / "练习.xlsx"
    out = StringIO()
    call_command("practice_ledger", str(path), "--as", "wang", "--rows", "620", stdout=out)
    assert "620" in out.getvalue()
    code, out, _err = run(None, "--json", path=path)
    found = json.loads(out)
    assert code == 3
    assert (found["rows"], found["loaded"], found["rejected"]) == (620, 617, 3)
    assert sorted(e["row"] for e in found["errors"]) == [203, 403, 603]
