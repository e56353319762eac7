"""What stations really send, one mess at a time."""

from datetime import date, datetime

import pytest
from django.utils import timezone

from anju.doors.exchange.queries.reading import Unreadable
from anju.doors.exchange.queries.recognising import kinds_of
from anju.doors.exchange.services import imports as services
from anju.doors.exchange.services.imports import load_ledger
from anju.duties.cases.models import Case
from anju.ground.foundation import journal, rulebooks
from anju.ground.foundation.models import Clock, Event

from .books import GOOD, HEADINGS, make, read

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def data_dir(settings, tmp_path):
    settings.DATA_DIR = tmp_path / "data"
    return settings.DATA_DIR


@pytest.fixture
def wang_now(wang, friday_9am):
    return wang.actor(friday_9am)


@pytest.fixture
def load(wang_now, friday_9am, tmp_path):
    """Load rows (or a workbook) as 王 of 槐荫街道 on Friday."""

    def run(rows=None, *, path=None, by=wang_now, kind="hazards", **options):
        made = {k: options.pop(k) for k in ("headings", "title", "after", "more", "dress") if k in options}
        path = path or make(tmp_path / "台账.xlsx", rows, **made)
        return load_ledger(path=path, kind=kind, by=by, at=friday_9am, **options)

    return run


def with_values(**values):
    """The good row with some cells changed, by heading."""
    row = list(GOOD)
    for heading, value in values.items():
        row[HEADINGS.index(heading)] = value
    return row


def only_case():
    return Case.objects.get()


def found_on():
    return timezone.localtime(only_case().reported_at).date()


def test_a_title_over_all_columns_and_the_headings_in_the_third_row_are_understood(load):
    outcome = load([GOOD])
    assert (outcome.rows, outcome.loaded, outcome.duplicates, outcome.rejected) == (1, 1, 0, 0)
    case = only_case()
    assert case.class_code == "EB01"
    assert case.state == "closed"
    assert case.text == GOOD[3]
    assert timezone.localtime(case.closed_at).date() == date(2024, 3, 6)
    assert case.estate.name == "槐荫小区"
    assert case.street.name == "槐荫街道"
    assert case.channel == "import"


@pytest.mark.parametrize(
    "written",
    [
        "2024年3月5日",
        "2024年03月05日",
        "2024.3.5",
        "2024/3/5",
        "2024-03-05",
        "20240305",
        20240305,
        45356,
        45356.0,
        "45356",
        "２０２４年３月５日",
        "2024 年 3 月 5 日",
        "二〇二四年三月五日",
        "3月5日",
        "24.3.5",
        "2024年3月5日 14:30",
        "2024年3月5日星期二",
        date(2024, 3, 5),
        datetime(2024, 3, 5, 9, 30),
    ],
)
def test_a_date_is_read_however_it_is_written(load, written):
    outcome = load([with_values(检查时间=written)])
    assert outcome.errors == []
    assert found_on() == date(2024, 3, 5)


@pytest.mark.parametrize(
    "written", ["2024年2月30日", "昨天", "2024年3月", "2099.1.1", "", 3.1, "2024年3月5日至8日"]
)
def test_a_date_that_cannot_be_read_sends_the_row_back_with_a_sentence(load, written):
    outcome = load([with_values(检查时间=written)])
    assert (outcome.loaded, outcome.rejected) == (0, 1)
    error = outcome.errors[0]
    assert (error.sheet, error.row, error.column) == ("台账", 4, "检查时间")
    assert error.message


def test_month_and_day_without_a_year_in_the_title_go_back(load):
    outcome = load([with_values(检查时间="3月5日")], title="隐患台账（演示数据）")
    assert outcome.rejected == 1
    assert "缺少年份" in outcome.errors[0].message


@pytest.mark.parametrize("tick", ["√", "✓", "是", "已整改", "整改完毕", 1, True, "已于2024年3月6日清理完毕"])
def test_a_tick_means_rectified(load, tick):
    load([with_values(是否整改=tick, 整改完成时间=None)])
    assert only_case().state == "closed"


@pytest.mark.parametrize("mark", ["×", "否", "未整改", "整改中", "", None, "正在联系施工单位"])
def test_a_row_not_yet_rectified_waits_for_dispatch_with_a_clock(load, mark, city):
    load([with_values(是否整改=mark, 整改完成时间=None)])
    case = only_case()
    assert case.state == "reported"
    assert case.desk == city.offices.huaiyin_office
    assert case.due_clock == "dispatch"
    assert [c.kind for c in case.clocks.all()] == ["dispatch"]
    assert case.due_at == case.clocks.get().due_at


def test_the_ledgers_own_term_is_kept_as_a_clock(load):
    headings = [*HEADINGS, "整改期限"]
    load([[*with_values(是否整改="未整改", 整改完成时间=None), "15日内"]], headings=headings)
    clock = Clock.objects.get(kind="rectify")
    assert timezone.localtime(clock.due_at).date() == date(2024, 3, 20)
    case = only_case()
    assert (case.due_clock, case.due_at) == ("rectify", clock.due_at)


def test_an_imported_case_goes_on_through_the_loop_under_the_ledgers_term(
    load, wang_now, friday_9am, city, company_clerk
):
    from anju.duties.cases import services as cases

    headings = [*HEADINGS, "整改期限"]
    load([[*with_values(是否整改="未整改", 整改完成时间=None), "15日内"]], headings=headings)
    case = only_case()
    cases.take_step(
        case_id=case.pk, act="assign", by=wang_now, at=friday_9am, handler_id=city.offices.company.pk
    )
    cases.take_step(case_id=case.pk, act="accept", by=company_clerk.actor(friday_9am), at=friday_9am)
    case.refresh_from_db()
    assert (case.state, case.due_clock) == ("fixing", "rectify")
    assert timezone.localtime(case.due_at).date() == date(2024, 3, 20)


def test_not_rectified_with_a_day_of_rectification_goes_back(load):
    outcome = load([with_values(是否整改="未整改")])
    assert outcome.rejected == 1
    assert "完成日期" in outcome.errors[0].message


def test_a_rectification_before_the_finding_goes_back(load):
    outcome = load([with_values(整改完成时间="2024.3.1")])
    assert outcome.rejected == 1
    assert outcome.errors[0].column == "整改完成时间"


def test_trailing_totals_notes_blank_rows_and_repeated_headings_are_no_rows(load):
    outcome = load(
        [GOOD, [None] * 7, [2], HEADINGS, with_values(隐患描述="楼道堆放纸箱等可燃杂物")],
        after=[
            ["合 计", "", "2", "", "", "2"],
            ["", "总计：", "2"],
            ["填表人：王某（演示数据）", "", "审核人：李某"],
            ["备注：以上均为演示数据"],
        ],
    )
    assert (outcome.rows, outcome.loaded, outcome.rejected) == (2, 2, 0)


def test_row_numbers_are_those_of_the_workbook(load):
    outcome = load([GOOD, [None] * 7, with_values(检查时间="昨天")])
    assert [e.row for e in outcome.errors] == [6]


def test_full_width_digits_in_texts_become_half_width(load):
    load([with_values(隐患描述="２号楼Ａ单元灭火器失效")])
    assert only_case().text == "2号楼A单元灭火器失效"


def test_ditto_marks_repeat_what_stands_above(load):
    outcome = load(
        [GOOD, with_values(检查时间="〃", 小区名称="同上", 隐患描述="灭火器过期", 隐患类别="FF03")]
    )
    assert outcome.loaded == 2
    assert {timezone.localtime(c.reported_at).date() for c in Case.objects.all()} == {date(2024, 3, 5)}


def test_an_estate_written_once_for_several_merged_rows_counts_for_each(load):
    def merge(book, sheet):
        sheet.merge_range(3, 2, 4, 2, "槐荫小区")

    outcome = load([GOOD, with_values(小区名称=None, 隐患描述="灭火器过期", 隐患类别="FF03")], dress=merge)
    assert outcome.errors == []
    assert {c.estate.name for c in Case.objects.all()} == {"槐荫小区"}


def test_headings_in_two_rows_are_read_together(load):
    headings = ["序号", "检查", "", "小区名称", "整改", ""]

    def merge(book, sheet):
        sheet.merge_range(2, 1, 2, 2, "检查")
        sheet.merge_range(2, 4, 2, 5, "整改")
        sheet.merge_range(2, 3, 3, 3, "小区名称")

    outcome = load(
        [
            ["", "时间", "内容", "", "情况", "时间"],
            [1, "2024.3.5", "楼道充电", "槐荫小区", "已整改", "2024.3.6"],
        ],
        headings=headings,
        dress=merge,
    )
    assert outcome.errors == []
    assert (only_case().text, only_case().class_code, only_case().state) == ("楼道充电", "EB02", "closed")


def test_columns_may_stand_in_any_order_and_under_other_names(load):
    outcome = load(
        [["槐荫小区", "灭火器过期", "2024.3.5", "是"]],
        headings=["被检查单位名称", "存在问题", "排查日期", "整改情况"],
    )
    assert outcome.loaded == 1
    assert only_case().class_code == "FF03"


def test_an_unknown_column_is_asked_about_and_its_values_are_kept(load):
    outcome = load([[*GOOD, "蓝色"]], headings=[*HEADINGS, "车辆颜色"])
    assert outcome.questions == {"台账": ["车辆颜色"]}
    event = Event.objects.get(name="cases.imported")
    assert event.data["columns"] == {"车辆颜色": "蓝色"}
    assert (event.data["sheet"], event.data["row"]) == ("台账", 4)


def test_an_unknown_column_that_names_a_person_is_kept_only_masked(load):
    load([[*GOOD, "13812341234"]], headings=[*HEADINGS, "场所负责人电话"])
    assert Event.objects.get(name="cases.imported").data["columns"] == {"场所负责人电话": "138****1234"}


def test_columns_that_are_known_but_not_read_are_kept_without_a_question(load):
    headings = [*HEADINGS, "检查人", "责任人", "联系电话", "备注"]
    outcome = load([[*GOOD, "陈某、李某", "钱守业", "13812341234", "已拍照"]], headings=headings)
    assert outcome.questions == {}
    assert Event.objects.get(name="cases.imported").data["columns"] == {
        "检查人": "陈某、李某",
        "责任人": "钱**",
        "联系电话": "138****1234",
        "备注": "已拍照",
    }


def test_a_person_may_say_what_a_column_means(load):
    headings = ["序号", "几时", "小区名称", "隐患描述", "隐患类别", "是否整改", "整改完成时间"]
    with pytest.raises(Unreadable, match="检查时间"):
        load([GOOD], headings=headings)
    assert load([GOOD], headings=headings, mapping={"几时": "found_on"}).loaded == 1


def test_the_refusal_names_the_columns_found_and_those_needed(load):
    with pytest.raises(Unreadable) as refused:
        load([[1, "2024.3.5", "槐荫小区"]], headings=["序号", "检查时间", "小区名称"])
    assert "隐患描述" in str(refused.value)
    assert "小区名称" in str(refused.value)


def test_sheets_of_one_kind_are_loaded_together_and_a_sheet_of_notes_is_passed_over(load):
    outcome = load(
        [GOOD],
        more={
            "四月": [HEADINGS, with_values(检查时间="2024.4.1", 整改完成时间="2024.4.2")],
            "填表说明": [["请按实际情况填写"], ["不得漏报"]],
        },
    )
    assert (outcome.loaded, outcome.errors) == (2, [])
    assert any("填表说明" in note for note in outcome.notes)


def test_a_sheet_with_a_table_but_no_known_heading_is_reported_not_guessed(load):
    outcome = load([GOOD], more={"设备": [["名称", "型号", "数量"], ["灭火器", "4kg", 3], ["水带", "65", 2]]})
    assert outcome.loaded == 1
    assert [(e.sheet, e.row) for e in outcome.errors] == [("设备", None)]


def test_a_class_is_known_by_code_name_or_synonym_and_else_told_by_the_text_with_a_doubt(load):
    load(
        [
            with_values(隐患类别="eb01"),
            with_values(隐患类别="飞线充电", 隐患描述="住户从窗户拉线"),
            with_values(隐患类别=None, 隐患描述="消防车通道被占用，停放轿车"),
        ]
    )
    assert sorted(Case.objects.values_list("class_code", flat=True)) == ["EB01", "EB03", "FA01"]
    doubts = [e.data.get("doubts") for e in Event.objects.filter(name="cases.imported")]
    assert doubts.count(["class_from_text"]) == 1


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("电动自行车停在楼道", "EB01"),
        ("一楼大厅停有电动车3辆", "EB01"),
        ("电动车停放在楼道内充电", "EB02"),
        ("私拉电线给电瓶车充电", "EB03"),
        ("电动自行车推入电梯", "EB04"),
        ("电瓶带回家中充电", "EB04"),
        ("充电棚未设置灭火器", "EB07"),
        ("疏散门上锁", "EG02"),
        ("安全出口指示灯损坏", "EG04"),
        ("常闭式防火门处于开启状态", "EG05"),
        ("消防通道堆放杂物", "EG01"),
        ("消防通道内停放私家车", "FA01"),
        ("消防通道设置隔离墩", "FA02"),
        ("消火栓箱内缺少水带", "FF10"),
        ("烟感报警器损坏", "FF04"),
        ("电缆井内堆放杂物", "EL03"),
        ("插线板串联使用", "EL02"),
        ("店内违规住人", "MU01"),
        ("员工不会使用灭火器", None),
    ],
)
def test_what_stations_write_is_classed_by_the_words_that_stand_together(load, text, code):
    outcome = load([with_values(隐患描述=text, 隐患类别="")])
    if code is None:
        assert [e.column for e in outcome.errors] == ["隐患类别"]
    else:
        assert outcome.errors == []
        assert only_case().class_code == code


def test_every_class_that_a_text_may_speak_of_is_one_of_the_rulebook():
    on = date(2026, 1, 1)
    known = {entry["code"] for entry in rulebooks.load("hazards", on=on)["classes"]} | {""}
    lines = rulebooks.load("exchange", on=on)["texts"]["hazard"]
    assert {line["class"] for line in lines} <= known
    assert all(word for line in lines for group in line["all"] for word in group)


@pytest.mark.parametrize(
    "said", ["已于3月9日更换", "已于2024年3月9日清理", "3月9日已拆除", "已经在3月9日清理完毕"]
)
def test_a_sentence_with_a_day_says_when_it_was_put_right(load, said):
    assert load([with_values(是否整改=said, 整改完成时间="")]).errors == []
    assert timezone.localtime(only_case().closed_at).date() == date(2024, 3, 9)


def test_each_reason_in_the_returned_workbook_names_its_column(load):
    outcome = load([with_values(检查时间="2024年13月5日", 小区名称="没有的小区")])
    reasons = read(outcome.returned_workbook)[3][len(HEADINGS)].splitlines()
    assert [reason.partition("：")[0] for reason in reasons] == ["检查时间", "小区名称"]


def test_a_class_that_nothing_tells_sends_the_row_back(load):
    outcome = load([with_values(隐患类别="怪事", 隐患描述="一切如常")])
    assert outcome.rejected == 1
    assert outcome.errors[0].column == "隐患类别"


def test_an_estate_misspelt_is_sent_back_with_the_nearest_name(load):
    outcome = load([with_values(小区名称="槐阴小区")])
    assert outcome.rejected == 1
    assert "“槐荫小区”" in outcome.errors[0].message


def test_an_estate_out_of_reach_goes_back_in_the_same_words_as_one_that_does_not_exist(load):
    existing = load([with_values(小区名称="山前家园")]).errors[0].message
    invented = load([with_values(小区名称="无名家园")]).errors[0].message
    assert existing.replace("山前家园", "") == invented.replace("无名家园", "")
    assert "不在您的管辖范围内" in existing
    assert not Case.objects.exists()


def test_a_county_out_of_reach_sends_the_row_back(load):
    outcome = load([[*GOOD, "西山县"]], headings=[*HEADINGS, "所属县区"])
    assert outcome.rejected == 1
    assert "管辖范围" in outcome.errors[0].message


def test_the_names_of_the_upper_levels_may_be_written_short_or_long(load):
    headings = [*HEADINGS, "所属县区", "所属街道", "所属社区"]
    outcome = load(
        [
            [*GOOD, "东湖区", "槐荫街道办事处", "槐荫社区居委会"],
            [*with_values(隐患描述="楼道堆放杂物纸箱"), "试点市东湖区", "槐荫", "槐荫"],
        ],
        headings=headings,
    )
    assert outcome.errors == []
    assert outcome.loaded == 2


def test_an_estate_is_found_inside_an_address(load):
    headings = ["检查时间", "地址", "隐患描述", "是否整改"]
    outcome = load([["2024.3.5", "东湖区槐荫街道槐荫小区3号楼2单元", "灭火器过期", "是"]], headings=headings)
    assert outcome.errors == []
    assert only_case().estate.name == "槐荫小区"


def test_two_estates_of_one_name_are_told_apart_by_street_or_sent_back_with_both_paths(
    load, city, county_supervisor, friday_9am
):
    from anju.ground.territory.models import Estate

    Estate.objects.create(name="槐荫小区", name_key="槐荫小区", area=city.areas.hebin)
    by = county_supervisor.actor(friday_9am)
    outcome = load([GOOD], by=by)
    assert outcome.rejected == 1
    assert "槐荫街道" in outcome.errors[0].message
    assert "河滨街道" in outcome.errors[0].message
    outcome = load([[*GOOD, "河滨街道"]], headings=[*HEADINGS, "所属街道"], by=by)
    assert outcome.errors == []
    assert only_case().street == city.areas.hebin_street


def test_the_same_file_twice_loads_nothing_twice(load):
    rows = [with_values(隐患描述=f"{n}号楼楼道停放电动自行车") for n in range(1, 21)]
    assert load(rows).loaded == 20
    again = load(rows)
    assert (again.rows, again.loaded, again.duplicates) == (20, 0, 20)
    assert Case.objects.count() == 20
    assert Event.objects.filter(name="cases.imported").count() == 20


def test_a_file_with_ten_rows_appended_loads_ten(load):
    rows = [with_values(隐患描述=f"{n}号楼楼道停放电动自行车") for n in range(1, 31)]
    load(rows[:20])
    more = load(rows)
    assert (more.loaded, more.duplicates) == (10, 20)


def test_two_identical_rows_of_one_file_are_one_case(load):
    outcome = load([GOOD, GOOD])
    assert (outcome.rows, outcome.loaded, outcome.duplicates) == (2, 1, 1)


def test_a_dry_run_counts_the_same_and_loads_nothing(load):
    rows = [GOOD, GOOD, with_values(检查时间="昨天"), with_values(隐患描述="灭火器过期")]
    dry = load(rows, dry_run=True)
    assert (dry.rows, dry.loaded, dry.duplicates, dry.rejected) == (4, 2, 1, 1)
    assert not Case.objects.exists()
    assert not Event.objects.filter(name="exchange.imported").exists()
    wet = load(rows)
    assert (wet.rows, wet.loaded, wet.duplicates, wet.rejected) == (4, 2, 1, 1)


def test_a_run_stopped_half_way_leaves_nothing(load, data_dir, monkeypatch):
    class Stopped(Exception):
        pass

    def fail(*args, **kwargs):
        raise Stopped

    monkeypatch.setattr("anju.doors.exchange.services.loading._events", fail)
    with pytest.raises(Stopped):
        load([GOOD, with_values(检查时间="昨天")])
    assert not Case.objects.exists()
    assert not Event.objects.filter(name__endswith="imported").exists()
    assert not list(data_dir.glob("returned/*"))
    monkeypatch.undo()


def test_every_case_has_its_event_and_the_run_has_one(load):
    load([GOOD, with_values(隐患描述="灭火器过期", 隐患类别="FF03")])
    for case in Case.objects.all():
        assert [e.name for e in journal.events_of(case)] == ["cases.imported"]
    run = Event.objects.get(name="exchange.imported")
    assert run.data["loaded"] == 2
    assert run.actor_name == "王建国"


def test_imported_cases_are_found_by_their_words(load):
    load([GOOD])
    assert {"楼道", "电动", "槐荫"} <= set(only_case().search)


def test_bad_rows_come_back_with_a_sentence_in_each_bad_cell(load):
    outcome = load([GOOD, with_values(检查时间="昨天", 小区名称="槐阴小区")])
    rows = read(outcome.returned_workbook)
    assert rows[0][0] == "槐荫派出所2024年隐患台账（演示数据）"
    assert rows[2][:7] == HEADINGS
    assert rows[2][7:] == ["退回原因", "原行号"]
    assert len(rows) == 4
    assert rows[3][1:3] == ["昨天", "槐阴小区"]
    assert rows[3][8] == 5
    assert "昨天" in rows[3][7]
    import openpyxl

    sheet = openpyxl.load_workbook(outcome.returned_workbook).worksheets[0]
    assert "昨天" in sheet["B4"].comment.text
    assert "槐荫小区" in sheet["C4"].comment.text
    assert sheet["B4"].fill.fgColor.rgb != "00000000"
    assert [str(r) for r in sheet.merged_cells.ranges] == ["A1:G1"]


def test_the_returned_workbook_corrected_is_loaded(load):
    import openpyxl

    outcome = load([GOOD, with_values(检查时间="昨天", 隐患描述="灭火器过期")])
    book = openpyxl.load_workbook(outcome.returned_workbook)
    book.worksheets[0]["B4"] = "2024.3.4"
    book.save(outcome.returned_workbook)
    again = load(path=outcome.returned_workbook)
    assert (again.rows, again.loaded, again.errors, again.questions) == (1, 1, [], {})


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1+1"])
def test_what_looks_like_a_formula_is_never_executed_nor_written_as_one(load, text):
    import openpyxl

    outcome = load([with_values(检查时间="昨天", 隐患描述=text)])
    cell = openpyxl.load_workbook(outcome.returned_workbook).worksheets[0]["D4"]
    assert cell.data_type == "s"
    assert cell.quotePrefix


def test_a_formula_is_read_as_the_value_last_shown(load, tmp_path):
    def formula(book, sheet):
        sheet.write_formula(3, 3, '="灭火器"&"过期"', None, "灭火器过期")

    load([with_values(隐患类别="FF03")], dress=formula)
    assert only_case().text == "灭火器过期"


def test_a_csv_in_gb18030_is_read(load, tmp_path):
    path = tmp_path / "台账.csv"
    lines = [",".join(HEADINGS), ",".join(str(v) for v in GOOD)]
    path.write_bytes("\r\n".join(lines).replace("√", "是").encode("gb18030"))
    assert load(path=path).loaded == 1


def test_a_csv_in_utf8_with_a_mark_and_tabs_is_read(load, tmp_path):
    path = tmp_path / "台账.csv"
    lines = ["\t".join(HEADINGS), "\t".join(str(v) for v in GOOD)]
    path.write_bytes("\n".join(lines).encode("utf-8-sig"))
    assert load(path=path).loaded == 1


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.xlsx", b"", "空的"),
        ("a.xlsx", b"hello, this is no workbook", "不是有效的 Excel"),
        ("a.xls", b"<html><table><tr><td>1</td></tr></table></html>", "网页"),
        ("a.xlsx", b"PK\x03\x04" + b"\0" * 200, "不是有效的 Excel"),
        ("a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "密码"),
        ("a.docx", b"\x00\x01\x02\x03" * 20, "不是表格"),
    ],
)
def test_what_is_no_workbook_is_refused_in_one_sentence(load, tmp_path, name, content, said):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(Unreadable, match=said):
        load(path=path)


def test_a_workbook_that_unfolds_too_far_is_refused(load, tmp_path, monkeypatch):
    monkeypatch.setattr("anju.doors.exchange.queries.reading.MOST_UNPACKED", 4000)
    with pytest.raises(Unreadable, match="太大"):
        load([with_values(隐患描述="长" * 3000)] * 5)


def test_a_part_that_is_longer_than_it_says_is_refused(load, tmp_path):
    import struct

    path = make(tmp_path / "a.xlsx", [with_values(隐患描述="长" * 9000)])
    data = bytearray(path.read_bytes())
    at = data.index(b"xl/sharedStrings.xml", data.index(b"PK\x01\x02")) - 46
    struct.pack_into("<I", data, at + 24, 100)  # its unfolded size, in the directory
    path.write_bytes(bytes(data))
    with pytest.raises(Unreadable):
        load(path=path)


def test_one_cell_at_the_far_end_of_a_sheet_is_refused(load):
    def far(book, sheet):
        sheet.write(1_048_575, 16_383, "x")

    with pytest.raises(Unreadable, match="列"):
        load([GOOD], dress=far)


def test_nobody_imports_without_the_power(load, grid_worker, friday_9am):
    from anju.ground.foundation.refusals import NotPermitted

    with pytest.raises(NotPermitted):
        load([GOOD], by=grid_worker.actor(friday_9am))


def test_each_kind_of_ledger_has_its_words():
    from anju.ground.foundation import rulebooks

    book = rulebooks.load("exchange", on=date(2024, 7, 12))
    for kind in services.KINDS:
        for made in kinds_of(kind, book):
            assert {f for group in made.needs for f in group} <= set(made.columns)
