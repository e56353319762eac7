"""A station's month in one workbook: units, visits, findings, orders, fines, linked by the station's own numbers."""

from datetime import date
from decimal import Decimal

import pytest
import xlsxwriter
from django.urls import reverse
from django.utils import timezone

from anju.doors.exchange.models import Import
from anju.doors.exchange.queries.reading import Unreadable
from anju.doors.exchange.services.imports import load_ledger
from anju.duties.cases.models import Case
from anju.duties.inspections.models import Finding, Unit, UnitMatch, Visit, VisitOfficer, VisitPart
from anju.duties.orders.models import Order, OrderLine
from anju.duties.penalties.models import Payment, Penalty
from anju.ground.access import escrow
from anju.ground.foundation.models import Event
from anju.ground.foundation.refusals import NotPermitted

from .books import read

pytestmark = pytest.mark.django_db

VISITS = [
    "检查编号",
    "被检查单位",
    "场所类型",
    "所属社区",
    "地址",
    "检查时间",
    "检查类型",
    "检查人/民警",
    "证号",
    "检查情况",
    "隐患数",
]
FINDINGS = ["检查编号", "隐患类型", "部位", "隐患描述", "整改期限", "整改情况", "整改时间", "文书编号"]
ORDERS = [
    "文书编号",
    "文书种类",
    "检查编号",
    "开具日期",
    "整改期限",
    "送达时间",
    "送达方式",
    "受送达人",
    "整改情况",
]
FINES = [
    "决定书文号",
    "被处罚人/单位",
    "检查编号",
    "案由",
    "依据",
    "罚款金额(元)",
    "决定日期",
    "缴款日期",
    "办案人员",
]
UNITS = ["单位编号", "单位名称", "场所类型", "所属社区", "地址", "负责人", "联系电话"]

VISIT = [
    "槐检〔2024〕1号",
    "槐荫小区",
    "住宅小区",
    "",
    "",
    "2024年3月5日",
    "日常检查",
    "陈卫东、李某",
    "001/002",
    "发现隐患",
    1,
]
SHOP = [
    "槐检〔2024〕2号",
    "幸福超市",
    "小商店",
    "槐荫社区",
    "演示路8号",
    "2024.3.6",
    "日常检查",
    "陈卫东",
    "",
    "未发现问题",
    0,
]
FINDING = ["槐检〔2024〕1号", "EB02", "3号楼2单元", "楼道内为电动自行车充电", "", "当场改正", "2024.3.5", ""]
ORDER = [
    "槐责〔2024〕1号",
    "责令立即改正通知书",
    "槐检〔2024〕1号",
    "2024.3.5",
    "",
    "2024.3.5",
    "直接送达",
    "孙悦",
    "已改正",
]
FINE = [
    "槐罚〔2024〕1号",
    "钱某某",
    "槐检〔2024〕1号",
    "楼道充电",
    "新乡市居民住宅区消防安全管理条例第三十七条",
    200,
    "2024.3.8",
    "2024.3.10",
    "陈卫东、李某",
]


def book(path, sheets):
    """Write a workbook: {sheet name: (headings, rows)}, each below a title and the name of the station."""
    made = xlsxwriter.Workbook(str(path))
    for name, (headings, rows) in sheets.items():
        sheet = made.add_worksheet(name)
        sheet.merge_range(0, 0, 0, len(headings) - 1, f"2024年{name}（演示数据）")
        sheet.write(1, 0, "填报单位：槐荫派出所")
        for number, row in enumerate([headings, *rows], start=2):
            for position, value in enumerate(row):
                if isinstance(value, str) and value:
                    sheet.write_string(number, position, value)
                elif value not in ("", None):
                    sheet.write(number, position, value)
    made.close()
    return path


def month(**sheets):
    """Name the sheets of a month by their usual names."""
    names = {
        "units": ("单位名册", UNITS),
        "visits": ("检查记录", VISITS),
        "findings": ("隐患清单", FINDINGS),
        "orders": ("文书", ORDERS),
        "fines": ("处罚", FINES),
    }
    return {names[kind][0]: (names[kind][1], rows) for kind, rows in sheets.items()}


@pytest.fixture(autouse=True)
def data_dir(settings, tmp_path):
    settings.DATA_DIR = tmp_path / "data"
    return settings.DATA_DIR


@pytest.fixture
def load(police_officer, friday_9am, tmp_path):
    def run(sheets=None, *, by=police_officer, kind="inspections", path=None, **options):
        path = path or book(tmp_path / "三月.xlsx", sheets)
        return load_ledger(path=path, kind=kind, by=by.actor(friday_9am), at=friday_9am, **options)

    return run


def changed(row, **values):
    """A row with some cells changed, by position."""
    return [values.get(f"c{n}", value) for n, value in enumerate(row)]


def test_a_month_is_loaded_with_its_links(load, city):
    outcome = load(month(visits=[VISIT, SHOP], findings=[FINDING], orders=[ORDER], fines=[FINE]))
    assert outcome.errors == []
    assert (outcome.rows, outcome.loaded, outcome.duplicates, outcome.rejected) == (5, 5, 0, 0)
    assert outcome.units == {"matched": 1, "made": 1, "suggested": 0}  # estates are units already
    visit = Visit.objects.get(source_number="槐检〔2024〕1号")
    assert (visit.agency, visit.state, visit.visited_on) == (
        city.offices.police,
        "finished",
        date(2024, 3, 5),
    )
    assert visit.unit.estate == city.estates.huaiyin
    assert visit.street == city.areas.huaiyin_street
    part = visit.parts.get()
    assert (part.agency_kind, part.findings_count, part.conclusion) == ("police_station", 1, "corrected")
    assert part.is_old_community is True
    assert part.checklist == "old_community"
    assert [(o.name, o.badge) for o in part.officers.order_by("pk")] == [("陈卫东", "001"), ("李某", "002")]
    assert part.officers.get(name="陈卫东").person == city.people.police_officer.person
    finding = Finding.objects.get()
    assert (finding.class_code, finding.top_class, finding.at_once) == ("EB02", "EB", True)
    assert (finding.counted, finding.rectified_on, finding.is_old_community) == (True, date(2024, 3, 5), True)
    case = finding.case
    assert (case.kind, case.state, case.channel, case.estate) == (
        "hazard",
        "closed",
        "import",
        city.estates.huaiyin,
    )
    order = Order.objects.get()
    assert (order.kind, order.state, order.visit, order.served_how) == (
        "immediate",
        "complied",
        visit,
        "direct",
    )
    assert OrderLine.objects.get().case == case
    fine = Penalty.objects.get()
    assert (fine.amount, fine.decided_on, fine.paid_on, fine.state) == (
        Decimal("200.00"), date(2024, 3, 8), date(2024, 3, 10), "paid",
    )  # fmt: skip
    assert (fine.offence, fine.agency_kind, fine.top_class) == ("corridor_charging", "police_station", "EB")
    assert (fine.finding, fine.case, fine.is_old_community) == (finding, case, True)
    assert Payment.objects.get().principal == Decimal("200.00")
    assert outcome.notes == []


def test_a_punished_person_is_sealed_and_masked(load):
    load(month(visits=[VISIT], fines=[FINE]))
    fine = Penalty.objects.get()
    assert fine.party_kind == "person"
    assert "钱某某" not in fine.party_name
    assert escrow.unseal(fine.party_sealed)["name"] == "钱某某"
    assert "钱某某" not in str(list(Event.objects.values_list("data", "note")))


@pytest.mark.parametrize(
    ("party", "kind"),
    [("李建城", "person"), ("王园园", "person"), ("欧阳某某", "person"), ("张会", "person"),
     ("顺风面馆", "unit"), ("幸福超市", "unit"), ("安邻物业服务有限公司", "unit")],
)  # fmt: skip
def test_a_name_that_may_be_a_persons_is_masked(load, party, kind):
    load(month(visits=[VISIT], fines=[changed(FINE, c1=party)]))
    fine = Penalty.objects.get()
    assert (fine.party_kind, fine.party_name == party) == (kind, kind == "unit")


def test_the_same_file_twice_loads_nothing_twice(load):
    sheets = month(visits=[VISIT, SHOP], findings=[FINDING], orders=[ORDER], fines=[FINE])
    load(sheets)
    before = [
        m.objects.count()
        for m in (Unit, Visit, VisitPart, VisitOfficer, Finding, Case, Order, Penalty, Payment)
    ]
    again = load(sheets)
    assert (again.loaded, again.duplicates, again.rejected) == (0, 5, 0)
    assert again.units == {"matched": 2, "made": 0, "suggested": 0}
    after = [
        m.objects.count()
        for m in (Unit, Visit, VisitPart, VisitOfficer, Finding, Case, Order, Penalty, Payment)
    ]
    assert after == before
    assert Event.objects.filter(name="inspections.imported").count() == 2


def test_a_dry_run_says_the_same_and_leaves_nothing(load):
    sheets = month(visits=[VISIT, SHOP], findings=[FINDING], orders=[ORDER], fines=[FINE])
    dry = load(sheets, dry_run=True)
    assert not any(m.objects.exists() for m in (Visit, Finding, Case, Order, Penalty, UnitMatch, Import))
    assert not Unit.objects.filter(name="幸福超市").exists()
    real = load(sheets)
    assert dry.as_dict() == real.as_dict()


def test_a_finding_whose_visit_nobody_knows_comes_back_and_names_both(load, tmp_path):
    bad = changed(FINDING, c0="槐检〔2024〕99号")
    outcome = load(month(visits=[VISIT], findings=[FINDING, bad]))
    assert (outcome.loaded, outcome.rejected) == (2, 1)
    error = outcome.errors[0]
    assert (error.sheet, error.row, error.column) == ("隐患清单", 5, "检查编号")
    assert "槐检〔2024〕99号" in error.message
    assert "东湖分局槐荫派出所" in error.message
    back = read(outcome.returned_workbook)
    assert back[3][0] == "槐检〔2024〕99号"


def test_findings_of_a_returned_visit_come_back_with_its_row(load):
    outcome = load(month(visits=[changed(VISIT, c5="昨天")], findings=[FINDING]))
    assert (outcome.loaded, outcome.rejected) == (0, 2)
    assert "第 4 行" in outcome.errors[1].message


def test_findings_may_come_later_in_a_sheet_of_their_own(load):
    load(month(visits=[VISIT]), kind="visits")
    assert VisitPart.objects.get().findings_count == 0
    outcome = load(month(findings=[FINDING]), kind="findings")
    assert (outcome.loaded, outcome.errors) == (1, [])
    assert VisitPart.objects.get().findings_count == 1
    assert Finding.objects.get().visit.source_number == "槐检〔2024〕1号"


def test_two_stations_may_use_the_same_number(load, city, city_supervisor, administrator, friday_9am):
    from anju.ground.organisations import services as organisations

    organisations.create_organisation(
        kind="police_station", name="东湖分局河滨派出所", area=city.areas.hebin_street, is_demo=True,
        by=administrator.actor(friday_9am), at=friday_9am,
    )  # fmt: skip
    headings = [*VISITS, "检查单位"]
    rows = [
        [*changed(VISIT, c0="1"), "槐荫派出所"],
        [*changed(VISIT, c0="1", c1="河滨花园"), "河滨派出所"],
    ]
    findings = ([*FINDINGS, "检查单位"], [[*changed(FINDING, c0="1"), "河滨派出所"]])
    outcome = load({"检查记录": (headings, rows), "隐患清单": findings}, by=city_supervisor)
    assert outcome.errors == []
    assert Finding.objects.get().unit.name == "河滨花园"
    unsaid = ([*FINDINGS, "检查单位"], [[*changed(FINDING, c0="1", c2="别处"), ""]])
    sheets = {"检查记录": (headings, rows), "隐患清单": unsaid}
    named = load(sheets, by=city_supervisor)  # the rows above the headings name 槐荫派出所
    assert named.errors == []
    assert Finding.objects.get(place="别处").unit.name == "槐荫小区"


def test_a_number_used_twice_for_different_visits_comes_back(load):
    outcome = load(month(visits=[VISIT, changed(SHOP, c0=VISIT[0])]))
    assert (outcome.loaded, outcome.rejected) == (1, 1)
    assert "第 4 行" in outcome.errors[0].message
    later = load(month(visits=[changed(SHOP, c0=VISIT[0])]))
    assert later.rejected == 1
    assert "2024-03-05" in later.errors[0].message


def test_running_numbers_begin_again_every_month(load):
    load(month(visits=[changed(VISIT, c0=1)], findings=[changed(FINDING, c0=1)]))
    april = month(
        visits=[changed(VISIT, c0=1, c5="2024.4.5")], findings=[changed(FINDING, c0=1, c6="2024.4.5")]
    )
    outcome = load(april)
    assert outcome.errors == []
    assert Visit.objects.count() == 2
    assert list(Finding.objects.order_by("pk").values_list("found_on", flat=True)) == [
        date(2024, 3, 5), date(2024, 4, 5),
    ]  # fmt: skip
    unclear = load(month(findings=[changed(FINDING, c0=1, c2="别处")]), kind="findings")
    assert "2 次检查" in unclear.errors[0].message


def test_the_preceding_day_is_right_also_when_an_older_month_comes_later(load):
    load(month(visits=[changed(VISIT, c0="B", c5="2024.4.5")]))
    load(month(visits=[VISIT]))
    assert list(VisitPart.objects.order_by("visited_on").values_list("visited_on", "previous_on")) == [
        (date(2024, 3, 5), None),
        (date(2024, 4, 5), date(2024, 3, 5)),
    ]
    assert Unit.objects.get(kind="estate", estate__name="槐荫小区").last_visited_on == date(2024, 4, 5)


def test_one_shop_in_three_spellings_is_suggested_and_never_merged(load):
    names = ["幸福超市", "幸福超市（演示路店）", "槐荫幸福超市"]
    rows = [changed(SHOP, c0=f"槐检〔2024〕{n}号", c1=name) for n, name in enumerate(names, start=10)]
    dry = load(month(visits=rows), dry_run=True)
    outcome = load(month(visits=rows))
    assert outcome.units == dry.units
    assert outcome.units["made"] == 3
    assert Unit.objects.filter(kind="small_shop").count() == 3
    assert UnitMatch.objects.count() >= 2
    assert {m.state for m in UnitMatch.objects.all()} == {"open"}
    assert {m.unit.kind for m in UnitMatch.objects.all()} == {"small_shop"}
    assert outcome.units["suggested"] >= 1


def test_a_unit_is_known_by_its_name_in_the_same_place_whatever_its_blanks(load):
    load(month(visits=[SHOP]))
    spaced = changed(SHOP, c0="槐检〔2024〕3号", c1="幸福 超市", c5="2024.4.1")
    outcome = load(month(visits=[spaced]))
    assert outcome.units == {"matched": 1, "made": 0, "suggested": 0}
    elsewhere = changed(SHOP, c0="槐检〔2024〕4号", c3="河滨社区", c5="2024.4.2")
    outcome = load(month(visits=[elsewhere]))
    assert outcome.units["made"] == 1
    assert Unit.objects.filter(name_key="幸福超市").count() == 2


def test_a_unit_is_known_by_its_number_and_by_its_credit_code(load, city):
    headings = [*VISITS, "单位编号", "统一社会信用代码"]
    uscc = city.offices.company.uscc
    first = [[*SHOP, "D-1", ""], [*changed(SHOP, c0="x2", c1="顺风面馆", c2="小餐饮"), "", uscc]]
    load({"检查记录": (headings, first)})
    later = [
        [*changed(SHOP, c0="x3", c1="幸福大超市", c5="2024.5.1"), "D-1", ""],
        [*changed(SHOP, c0="x4", c1="顺风面馆总店", c2="小餐饮", c5="2024.5.1"), "", uscc],
    ]
    outcome = load({"检查记录": (headings, later)})
    assert outcome.errors == []
    assert outcome.units == {"matched": 2, "made": 0, "suggested": 0}


def test_a_list_of_units_comes_first_and_its_visits_find_them(load):
    units = [["D-7", "阳光幼儿园", "小学校（幼儿园）", "槐荫社区", "演示路9号", "周某", "0373-2831234"]]
    visits = [changed(SHOP, c1="阳光幼儿园", c2="", c3="")]
    outcome = load(month(units=units, visits=visits))
    assert outcome.errors == []
    assert outcome.kinds["units"] == {"rows": 1, "loaded": 1, "duplicates": 0, "rejected": 0}
    unit = Unit.objects.get(name="阳光幼儿园")
    assert (unit.kind, unit.source_number, unit.responsible) == ("small_school", "D-7", "周某")
    assert Visit.objects.get().unit == unit


def test_a_kind_that_cannot_be_told_is_asked_for(load):
    outcome = load(month(visits=[changed(SHOP, c1="蓝天", c2=""), changed(SHOP, c0="b", c2="什么都卖")]))
    assert {e.column for e in outcome.errors} == {"场所类型"}
    assert outcome.rejected == 2


def test_an_open_finding_waits_for_dispatch_under_the_ledgers_term(load, city):
    load(month(visits=[VISIT], findings=[changed(FINDING, c4="2024.3.20", c5="整改中", c6="")]))
    finding = Finding.objects.get()
    assert (finding.case.state, finding.rectified_on, finding.at_once) == ("reported", None, False)
    clock = finding.case.clocks.get(kind="rectify")
    assert timezone.localtime(clock.due_at).date() == date(2024, 3, 20)
    assert Visit.objects.get().parts.get().conclusion == "problems"


def test_a_hazard_seen_again_is_not_a_new_one_and_its_recheck_closes_it(load):
    again = changed(VISIT, c0="槐检〔2024〕5号", c5="2024.3.20", c6="复查")
    findings = [
        changed(FINDING, c4="2024.3.20", c5="整改中", c6=""),
        changed(FINDING, c0="槐检〔2024〕5号", c3="楼道充电，复查时已拆除", c5="已整改", c6="2024.3.20"),
    ]
    outcome = load(month(visits=[VISIT, again], findings=findings))
    assert outcome.errors == []
    assert Case.objects.count() == 1
    first, second = Finding.objects.order_by("found_on")
    assert (first.is_new, first.counted, first.rectified_on) == (True, True, date(2024, 3, 20))
    assert (second.is_new, second.counted, second.case) == (False, False, first.case)
    assert first.case.state == "closed"
    assert second.visit.follows == first.visit
    later = changed(VISIT, c0="槐检〔2024〕6号", c5="2024.5.20")
    load(month(visits=[later], findings=[changed(FINDING, c0="槐检〔2024〕6号", c5="整改中", c6="")]))
    assert Case.objects.count() == 2


def test_a_timed_order_needs_its_term_and_names_its_hazards(load):
    findings = [
        changed(FINDING, c4="2024.3.20", c5="整改中", c6="", c7="槐责〔2024〕1号"),
        changed(
            FINDING, c1="FF03", c2="大厅", c3="灭火器过期", c5="已整改", c6="2024.3.9", c7="槐责〔2024〕2号"
        ),
    ]
    orders = [
        changed(ORDER, c1="责令限期改正通知书", c4="2024.3.20", c8=""),
        changed(ORDER, c0="槐责〔2024〕2号", c1="责令限期改正通知书", c4="", c8=""),
    ]
    outcome = load(month(visits=[VISIT], findings=findings, orders=orders))
    assert [(e.sheet, e.row) for e in outcome.errors] == [("文书", 5)]
    order = Order.objects.get()
    assert (order.kind, order.state, order.due_on) == ("timed", "overdue", date(2024, 3, 20))
    assert order.recheck_by == date(2024, 3, 25)
    assert [line.class_code for line in order.lines.all()] == ["EB02"]


@pytest.mark.parametrize(
    ("position", "value", "column"),
    [
        (0, "", "决定书文号"),
        (6, "", "决定日期"),
        (5, "0.02万元", "罚款金额(元)"),
        (5, "若干", "罚款金额(元)"),
        (5, 200.005, "罚款金额(元)"),
        (5, 0, "罚款金额(元)"),
        (5, "", "罚款金额(元)"),
        (1, "", "被处罚人/单位"),
        (7, "2024.3.1", "缴款日期"),
        (2, "没有的编号", "检查编号"),
    ],
)
def test_a_fine_that_is_not_whole_comes_back(load, position, value, column):
    outcome = load(month(visits=[VISIT], fines=[changed(FINE, **{f"c{position}": value})]))
    assert outcome.rejected == 1
    assert column in {e.column for e in outcome.errors}
    assert not Penalty.objects.exists()


def test_an_amount_in_ten_thousands_is_asked_about_with_its_yuan(load):
    outcome = load(month(visits=[VISIT], fines=[changed(FINE, c5="0.02万元")]))
    assert "200 元" in outcome.errors[0].message


@pytest.mark.parametrize("written", [200, "200", "200元", "￥200.00", "贰佰元整", 200.0])
def test_an_amount_is_exact_however_it_is_written(load, written):
    assert load(month(visits=[VISIT], fines=[changed(FINE, c5=written)])).errors == []
    assert Penalty.objects.get().amount == Decimal("200.00")


def test_a_fine_outside_the_agencys_power_is_noted_and_loaded(load):
    row = changed(FINE, c1="幸福超市", c3="堵塞疏散通道", c5=5000)
    outcome = load(month(visits=[VISIT], fines=[row]))
    assert outcome.errors == []
    fine = Penalty.objects.get()
    assert (fine.offence, fine.party_kind) == ("escape_blocked", "unit")
    assert "消防救援机构" in outcome.notes[0]
    event = Event.objects.get(name="penalties.imported")
    assert event.data["doubts"] == ["no_power"]


def test_hazards_said_and_hazards_listed_are_compared(load):
    outcome = load(month(visits=[changed(VISIT, c10=3)], findings=[FINDING]))
    assert outcome.loaded == 2
    assert any("3 处" in note and "1 处" in note for note in outcome.notes)


def test_a_station_speaks_for_itself_only(load, city):
    headings = [*VISITS, "检查单位"]
    outcome = load({"检查记录": (headings, [[*VISIT, "东湖区消防救援大队"]])})
    assert outcome.rejected == 1
    assert outcome.errors[0].column == "检查单位"


def test_a_joint_visit_has_a_part_for_each_agency(load, city, county_supervisor):
    headings = [*VISITS, "联合检查单位"]
    outcome = load({"检查记录": (headings, [[*VISIT, "槐荫街道办事处"]])}, by=county_supervisor)
    assert outcome.errors == []
    visit = Visit.objects.get()
    assert visit.kind == "joint"
    assert {p.agency_kind for p in visit.parts.all()} == {"police_station", "street_office"}


def test_a_draw_made_elsewhere_is_carried_over_and_said_to_be_the_ledgers_word(
    load, signed_in_as, police_officer
):
    assert load(month(visits=[changed(VISIT, c6="双随机抽查")])).errors == []
    visit = Visit.objects.get()
    assert (visit.kind, str(visit.kind_label)) == ("drawn", "双随机抽查（据台账）")
    client = signed_in_as(police_officer)
    assert (
        "双随机抽查（据台账）" in client.get(reverse("inspections:visit", args=[visit.pk])).content.decode()
    )
    only_these = reverse("inspections:visits") + "?kind=drawn&from=2024-01-01"
    assert "双随机抽查（据台账）" in client.get(only_these).content.decode()


def test_a_unit_outside_ones_reach_is_answered_like_one_that_is_not_there(load):
    outcome = load(month(visits=[changed(VISIT, c1="山前家园"), changed(VISIT, c0="b", c1="没有的家园")]))
    sentences = [e.message.split("”", 1)[1].split("。")[0] for e in outcome.errors]
    assert len(sentences) == 2
    assert len(set(sentences)) == 1


def test_sheets_are_told_by_their_headings_whatever_their_names(load):
    sheets = month(visits=[VISIT], findings=[FINDING], fines=[FINE])
    renamed = {f"Sheet{n}": content for n, content in enumerate(sheets.values(), start=1)}
    outcome = load(renamed)
    assert outcome.errors == []
    assert {kind: counts["loaded"] for kind, counts in outcome.kinds.items()} == {
        "visits": 1, "findings": 1, "fines": 1,
    }  # fmt: skip


def test_a_sheet_of_visits_without_a_known_day_is_no_list_of_units(load):
    headings = [h if h != "检查时间" else "几时" for h in VISITS]
    units = (UNITS, [["D-7", "阳光幼儿园", "小学校（幼儿园）", "槐荫社区", "演示路9号", "", ""]])
    outcome = load({"Sheet1": (headings, [SHOP]), "Sheet2": units})
    assert [(e.sheet, e.row) for e in outcome.errors] == [("Sheet1", None)]
    assert "检查时间" in outcome.errors[0].message
    assert list(outcome.kinds) == ["units"]
    assert not Unit.objects.filter(name="幸福超市").exists()


def test_one_heading_may_mean_two_things_on_two_sheets(load):
    visits = (["几号", *VISITS[1:]], [VISIT])
    findings = (["几号", *FINDINGS[1:]], [FINDING])
    mapping = {"检查记录!几号": "number", "隐患清单!几号": "visit_number"}
    outcome = load({"检查记录": visits, "隐患清单": findings}, mapping=mapping)
    assert outcome.errors == []
    assert Finding.objects.get().visit.source_number == VISIT[0]


def test_whoever_may_not_import_a_stations_month_is_refused(load, community_manager):
    with pytest.raises(NotPermitted):
        load(month(visits=[VISIT]), by=community_manager)


def test_a_workbook_without_any_known_sheet_is_unreadable(load):
    with pytest.raises(Unreadable, match="检查记录"):
        load({"别的": (["甲", "乙", "丙"], [["a", "b", "c"]] * 4)})


def test_killed_half_way_nothing_is_left(load, monkeypatch):
    from anju.doors.exchange.services import stations as station_loading

    def killed(self):
        raise KeyboardInterrupt

    monkeypatch.setattr(station_loading.StationRun, "_fines", killed)
    with pytest.raises(KeyboardInterrupt):
        load(month(visits=[VISIT], findings=[FINDING], orders=[ORDER], fines=[FINE]))
    assert not any(m.objects.exists() for m in (Visit, Finding, Case, Order, Penalty, Import))


def test_the_practice_month_is_read_but_for_its_deliberate_mistakes(load, tmp_path, police_officer):
    from io import StringIO

    from django.core.management import call_command

    paths = [tmp_path / "一.xlsx", tmp_path / "二.xlsx"]
    for path in paths:
        out = StringIO()
        call_command(
            "practice_ledger", str(path), "--as", "chen", "--kind", "inspections", "--rows", "600", stdout=out
        )
    assert "检查记录：600 行" in out.getvalue()
    assert read(paths[0]) == read(paths[1])
    from django.utils import timezone

    at = timezone.now()
    outcome = load_ledger(path=paths[0], kind="inspections", by=police_officer.actor(at), at=at, is_demo=True)
    assert outcome.kinds["visits"] == {"rows": 600, "loaded": 597, "duplicates": 0, "rejected": 3}
    assert outcome.kinds["findings"]["rejected"] == 2
    assert outcome.kinds["orders"]["rows"] == 20
    assert Visit.objects.filter(is_demo=True).count() == 597
    assert Unit.objects.exclude(kind="estate").filter(is_demo=True).count() > 100
    first = VisitPart.objects.filter(previous_on__isnull=True).values("unit").distinct().count()
    assert first == VisitPart.objects.values("unit").distinct().count()


def test_what_was_imported_opens_on_its_page(load, police_officer, signed_in_as):
    unknown = changed(FINE, c0="槐罚〔2024〕2号", c1="幸福超市", c3="说不清的事", c5=50, c7="")
    load(month(visits=[VISIT, SHOP], findings=[FINDING], orders=[ORDER], fines=[FINE, unknown]))
    assert Penalty.objects.get(written_number="槐罚〔2024〕2号").offence == "other"
    client = signed_in_as(police_officer)
    shown = [f"/inspections/{pk}/" for pk in Visit.objects.values_list("pk", flat=True)]
    shown += [
        f"/inspections/units/{pk}/"
        for pk in Unit.objects.filter(visits__isnull=False).values_list("pk", flat=True)
    ]
    shown += [f"/enforcement/orders/{pk}/" for pk in Order.objects.values_list("pk", flat=True)]
    shown += [f"/enforcement/penalties/{pk}/" for pk in Penalty.objects.values_list("pk", flat=True)]
    shown += ["/inspections/", "/enforcement/orders/", "/enforcement/penalties/"]
    assert {path: client.get(path).status_code for path in shown} == dict.fromkeys(shown, 200)


def test_an_order_to_a_company_is_seen_by_the_company(load, city, company_clerk, friday_9am):
    from anju.ground.access import services as access

    headings = [*ORDERS, "被责令单位"]
    row = [*changed(ORDER, c2=""), "安邻物业服务有限公司"]
    row_of_unit = {"文书": ([*headings, "场所类型"], [[*row, "物业服务企业"]])}
    assert load(row_of_unit, kind="orders").errors == []
    order = Order.objects.get()
    assert order.company == city.offices.company
    clerk = company_clerk.actor(friday_9am)
    assert list(access.visible(Order, to=clerk, power="orders.see")) == [order]


def test_two_visits_of_one_day_without_numbers_are_two(load):
    rows = [changed(SHOP, c0="", c9="上午检查，未发现问题"), changed(SHOP, c0="", c9="下午回访，未发现问题")]
    outcome = load(month(visits=[*rows, rows[0]]))
    assert (outcome.loaded, outcome.duplicates) == (2, 1)


def test_an_order_without_a_known_hazard_names_what_its_text_says(load):
    headings = [*ORDERS, "被责令单位", "场所类型", "责令内容"]
    row = [*changed(ORDER, c2=""), "幸福超市", "小商店", "灭火器过期，立即更换"]
    assert load({"文书": (headings, [row])}, kind="orders").errors == []
    line = OrderLine.objects.get()
    assert (line.class_code, line.text) == ("FF03", "灭火器过期，立即更换")
    assert line.order.unit.name == "幸福超市"


def test_the_returned_workbook_corrected_is_loaded_with_its_links(load, tmp_path):
    import openpyxl

    bad_visit = changed(SHOP, c5="昨天")
    findings = [FINDING, changed(FINDING, c0=SHOP[0], c1="FF03", c2="大厅", c3="灭火器过期", c6="2024.3.6")]
    first = load(month(visits=[VISIT, bad_visit], findings=findings))
    assert (first.loaded, first.rejected) == (2, 2)
    corrected = openpyxl.load_workbook(first.returned_workbook)
    corrected["检查记录"]["F4"] = "2024.3.6"
    path = tmp_path / "改好.xlsx"
    corrected.save(path)
    second = load(path=path)
    assert (second.loaded, second.errors) == (2, [])
    assert Finding.objects.get(class_code="FF03").unit.name == "幸福超市"
