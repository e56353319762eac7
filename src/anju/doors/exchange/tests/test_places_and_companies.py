"""Ledgers of estates and of property companies."""

from datetime import date

import pytest

from anju.doors.exchange.services.imports import load_ledger
from anju.ground.foundation.coordinates import metres_between
from anju.ground.foundation.models import Event
from anju.ground.foundation.refusals import NotPermitted
from anju.ground.organisations.models import Organisation, ServiceContract
from anju.ground.territory.models import Estate

from .books import make

pytestmark = pytest.mark.django_db

ESTATES = [
    "序号", "小区名称", "所属县区", "所属街道", "所属社区", "建成时间", "总户数", "栋数", "物业管理方式", "经纬度",
    "有无微型消防站", "物业公司",
]  # fmt: skip
GOOD = [
    1,
    "新槐苑",
    "东湖区",
    "槐荫街道",
    "槐荫社区",
    "1998年建成",
    "1124户",
    "12栋",
    "物业公司",
    "35.3034 113.9012",
    "有",
    "",
]


@pytest.fixture(autouse=True)
def data_dir(settings, tmp_path):
    settings.DATA_DIR = tmp_path / "data"


@pytest.fixture
def load(wang, county_supervisor, friday_9am, tmp_path):
    def run(rows, headings, kind="estates", by=wang, **options):
        path = make(tmp_path / "台账.xlsx", rows, headings=headings, title="小区台账（演示数据）")
        return load_ledger(path=path, kind=kind, by=by.actor(friday_9am), at=friday_9am, **options)

    return run


def with_values(**values):
    row = list(GOOD)
    for heading, value in values.items():
        row[ESTATES.index(heading)] = value
    return row


def test_an_estate_is_entered_with_units_inside_numbers_read(load, city):
    outcome = load([GOOD], ESTATES)
    assert outcome.errors == []
    estate = Estate.objects.get(name="新槐苑")
    assert (estate.year_built, estate.households, estate.building_count) == (1998, 1124, 12)
    assert (estate.management, estate.has_micro_station) == ("company", True)
    assert (estate.longitude, estate.latitude) == (113.9012, 35.3034)
    assert estate.area == city.areas.huaiyin


@pytest.mark.parametrize("unknown", ["暂无资料", "0000-00-00", "/", "", None])
def test_what_is_not_known_stays_empty(load, unknown):
    assert load([with_values(建成时间=unknown)], ESTATES).errors == []
    assert Estate.objects.get(name="新槐苑").year_built is None


def test_the_same_estate_again_is_known_and_a_changed_one_is_brought_up_to_date(load):
    load([GOOD], ESTATES)
    again = load([GOOD], ESTATES)
    assert (again.loaded, again.duplicates) == (0, 1)
    changed = load([with_values(总户数="1130户", 小区名称="新 槐 苑")], ESTATES)
    assert (changed.loaded, changed.duplicates) == (1, 0)
    assert Estate.objects.get(name="新槐苑").households == 1130


def test_a_dry_run_enters_nothing(load):
    dry = load([GOOD, GOOD], ESTATES, dry_run=True)
    assert (dry.rows, dry.loaded, dry.duplicates) == (2, 1, 1)
    assert not Estate.objects.filter(name="新槐苑").exists()


@pytest.mark.parametrize(
    ("heading", "said"), [("坐标（高德）", None), ("经纬度", "高德地图"), ("经纬度（百度）", "GCJ-02")]
)
def test_a_point_of_another_system_is_converted(load, heading, said):
    headings = [heading if name == "经纬度" else name for name in ESTATES] + ["坐标系"]
    assert load([[*GOOD, said]], headings).errors == []
    estate = Estate.objects.get(name="新槐苑")
    shifted = metres_between((estate.longitude, estate.latitude), (113.9012, 35.3034))
    assert 400 < shifted < 700
    assert estate.coordinate_source == "gcj02"


def test_a_system_nobody_knows_sends_the_row_back(load):
    outcome = load([[*GOOD, "某某坐标"]], [*ESTATES, "坐标系"])
    assert [(e.column, "WGS84" in e.message) for e in outcome.errors] == [("坐标系", True)]


def test_a_number_that_cannot_be_read_sends_the_row_back(load):
    outcome = load(
        [with_values(总户数="300-400户"), with_values(小区名称="另一个苑", 所属社区="山前村")], ESTATES
    )
    assert outcome.rejected == 2
    assert {e.column for e in outcome.errors} == {"总户数", "所属社区"}


def test_a_known_company_gets_a_contract_and_an_unknown_one_a_note(load, city, county_supervisor, friday_9am):
    outcome = load(
        [
            with_values(物业公司="安邻物业服务有限公司"),
            with_values(小区名称="乙苑", 物业公司="没有的物业公司"),
        ],
        ESTATES,
        by=county_supervisor,
    )
    assert outcome.loaded == 2
    contract = ServiceContract.objects.get(estate__name="新槐苑")
    assert (contract.company, contract.valid_from) == (city.offices.company, date(2024, 7, 12))
    assert any("没有的物业公司" in note for note in outcome.notes)


COMPANIES = ["序号", "企业名称", "统一社会信用代码", "法定代表人", "联系电话"]


def test_a_company_is_entered_once_and_its_code_is_checked(load, city, city_supervisor):
    known = city.offices.company.uscc
    rows = [
        [1, "安邻物业服务有限公司", known, "孙某", "0373-2831234"],
        [2, "清风物业服务有限公司", "", "钱某", "13812341234"],
        [3, "错码物业服务有限公司", known[:-1] + ("0" if known[-1] != "0" else "1"), "", ""],
        ["合计", "", "", "", ""],
    ]
    outcome = load(rows, COMPANIES, kind="companies", by=city_supervisor)
    assert (outcome.rows, outcome.loaded, outcome.rejected) == (3, 2, 1)
    assert Organisation.objects.filter(name="清风物业服务有限公司", kind="property_company").count() == 1
    assert "统一社会信用代码" in {e.column for e in outcome.errors}
    again = load(rows, COMPANIES, kind="companies", by=city_supervisor)
    assert (again.loaded, again.duplicates) == (0, 2)


def test_a_county_does_not_rewrite_a_company_of_the_whole_city_but_enters_its_contracts(
    load, city, county_supervisor
):
    company = city.offices.company
    rows = [[1, company.name, company.uscc, "改了的", "0373-9999999", "铁路家属院"]]
    outcome = load(rows, [*COMPANIES, "在管项目"], kind="companies", by=county_supervisor)
    assert any("资料没有改动" in note for note in outcome.notes)
    company.refresh_from_db()
    assert (company.legal_person, company.phone) == ("", "")
    assert ServiceContract.objects.get(estate__name="铁路家属院").company == company


def test_a_code_that_fails_is_kept_with_a_reason_and_known_again(load, city, county_supervisor):
    wrong = city.offices.company.uscc[:-1] + ("0" if city.offices.company.uscc[-1] != "0" else "1")
    row = [1, "错码物业服务有限公司", wrong.lower(), "", "", ""]
    back = load([row], [*COMPANIES, "代码核对说明"], kind="companies", by=county_supervisor)
    assert "代码核对说明" in back.errors[0].message
    row[-1] = "营业执照原件如此"
    assert load([row], [*COMPANIES, "代码核对说明"], kind="companies", by=county_supervisor).loaded == 1
    assert Organisation.objects.get(name="错码物业服务有限公司").uscc_override_reason == "营业执照原件如此"
    again = load([row], [*COMPANIES, "代码核对说明"], kind="companies", by=county_supervisor)
    assert (again.loaded, again.duplicates) == (0, 1)


def test_a_company_gets_contracts_with_the_estates_it_names(load, city, county_supervisor):
    rows = [[1, "清风物业服务有限公司", "", "", "", "铁路家属院、没有的小区"]]
    headings = [*COMPANIES, "在管项目"]
    outcome = load(rows, headings, kind="companies", by=county_supervisor)
    assert outcome.loaded == 1
    contract = ServiceContract.objects.get(company__name="清风物业服务有限公司")
    assert (contract.estate.name, contract.valid_from) == ("铁路家属院", date(2024, 7, 12))
    assert any("没有的小区" in note for note in outcome.notes)
    again = load(rows, headings, kind="companies", by=county_supervisor)
    assert (again.loaded, again.duplicates) == (0, 1)


def test_a_ledger_does_not_give_a_company_another_code(load, city, county_supervisor):
    known = city.offices.company
    outcome = load(
        [[1, known.name, "91410000MA40XXXX0A", "", ""]], COMPANIES, kind="companies", by=county_supervisor
    )
    assert outcome.rejected == 1 and known.uscc in outcome.errors[0].message
    assert Organisation.objects.get(pk=known.pk).uscc == known.uscc


def test_whoever_may_not_edit_companies_may_not_import_them(load):
    with pytest.raises(NotPermitted):
        load([[1, "清风物业服务有限公司", "", "", ""]], COMPANIES, kind="companies")


def test_complaints_are_loaded_with_the_reporter_under_seal(load, friday_9am, wang):
    from anju.duties.cases.models import Case, Report, SealedIdentity
    from anju.ground.access import escrow

    headings = ["序号", "来电时间", "小区名称", "投诉内容", "投诉类别", "办理情况", "来电人", "联系电话"]
    rows = [[1, "2024年6月1日", "槐荫小区", "电梯经常停运没人修", "", "处理中", "钱女士", "13812341234"]]
    outcome = load(rows, headings, kind="complaints")
    assert outcome.errors == []
    case = Case.objects.get()
    assert (case.kind, case.state) == ("complaint", "reported")
    report = Report.objects.get(case=case)
    assert report.anonymous is False
    assert escrow.unseal(SealedIdentity.objects.get().sealed)["phone"] == "13812341234"
    everything = str(list(Event.objects.values_list("data", "note")))
    assert "13812341234" not in everything
    assert "钱女士" not in everything
    assert load(rows, headings, kind="complaints").duplicates == 1
