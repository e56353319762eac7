"""The pages of the register through HTTP: who sees what, what the forms do, and what they refuse."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from anju.duties.inspections import bulk
from anju.duties.inspections.models import Duty, Unit, UnitFlag, UnitMatch, Visit
from anju.duties.inspections.queries import dossier, kinds
from anju.duties.inspections.services import matching, register
from anju.ground.access.actors import SYSTEM
from anju.ground.foundation import rulebooks


@pytest.fixture
def eatery(city):
    return register.add_unit(
        kind="small_eatery", name="老街面馆（演示）", area=city.areas.huaiyin, address="演示路2号",
        responsible="周某", registered_on=date(2023, 1, 1), by=SYSTEM, at=timezone.now(), is_demo=True,
    )  # fmt: skip


def text(answer):
    return answer.content.decode()


# --- The register -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "seen"),
    [
        ("q=面馆", True),
        ("q=老街", True),
        ("q=ljmg", True),
        ("q=演示路", True),
        ("q=包子", False),
        ("kind=small_eatery", True),
        ("kind=small_shop", False),
        ("group=small_venue", True),
        ("group=residential", False),
        ("flag=crowded", False),
        ("ended=1", False),
        ("kind=nonsense&area=x&agency=y&page=z", True),
    ],
)
def test_the_register_is_narrowed_by_words_kind_and_flag(eatery, street_officer, signed_in_as, query, seen):
    answer = signed_in_as(street_officer).get(f"/inspections/units/?{query}")
    assert answer.status_code == 200
    assert ("老街面馆" in text(answer)) is seen


def test_by_agency_and_by_place(city, eatery, county_supervisor, signed_in_as):
    client = signed_in_as(county_supervisor)
    for query, seen in (
        (f"agency={city.offices.police.pk}", True),
        (f"agency={city.offices.fire.pk}", False),
        (f"area={city.areas.huaiyin_street.pk}", True),
        (f"area={city.areas.hebin_street.pk}", False),
        (f"area={city.areas.huaiyin.pk}", True),
    ):
        assert ("老街面馆" in text(client.get(f"/inspections/units/?{query}"))) is seen, query


def test_the_whole_city_sees_all_and_another_county_nothing(eatery, city_supervisor, outsider, signed_in_as):
    assert "老街面馆" in text(signed_in_as(city_supervisor).get("/inspections/units/"))
    other = signed_in_as(outsider)
    assert "老街面馆" not in text(other.get("/inspections/units/?q=面馆"))
    assert other.get(f"/inspections/units/{eatery.pk}/").status_code == 404
    assert other.get(f"/inspections/units/{eatery.pk}/edit").status_code == 404
    assert (
        other.post(
            f"/inspections/units/{eatery.pk}/end_unit", {"ended_on": "2024-01-01", "reason": "x"}
        ).status_code
        == 404
    )


def test_a_company_sees_itself_and_its_estates_only(city, eatery, company_clerk, signed_in_as):
    client = signed_in_as(company_clerk)
    page = text(client.get("/inspections/units/"))
    assert "槐荫小区" in page and "安邻物业" in page
    assert "老街面馆" not in page and "河滨花园" not in page
    assert client.get("/inspections/units/new").status_code == 404


def test_a_list_asks_the_same_for_one_and_for_fifty(
    city, street_officer, signed_in_as, django_assert_max_num_queries
):
    client = signed_in_as(street_officer)
    rows = [
        bulk.Row(
            kind="small_shop", name=f"小店{n}（演示）", area_id=city.areas.huaiyin.pk, flags=("crowded",),
            registered_on=date(2023, 1, 1),
        )
        for n in range(60)
    ]  # fmt: skip
    bulk.enter(rows, by=SYSTEM, at=timezone.now())
    client.get("/inspections/units/")
    with django_assert_max_num_queries(16):
        page = text(client.get("/inspections/units/?kind=small_shop"))
    assert "共 60 条" in page and "人员密集场所" in page


# --- One unit -----------------------------------------------------------------------------------------------------


def test_a_unit_is_one_file(city, eatery, street_officer, signed_in_as):
    page = text(signed_in_as(street_officer).get(f"/inspections/units/{eatery.pk}/"))
    for said in (
        "小餐饮",
        "演示路2号",
        "周某",
        city.offices.police.name,
        "单位日常消防监督检查",
        "超期",
        "演示数据",
    ):
        assert said in page


def test_rooms_above_add_their_lines(eatery, street_officer, signed_in_as, monkeypatch):
    def fines(request, unit_ids, *, limit):
        return [dossier.Line(date(2024, 5, 1), "penalty", "罚款200元", by="派出所") for _pk in unit_ids]

    monkeypatch.setattr(dossier, "_providers", [*dossier._providers, fines])
    client = signed_in_as(street_officer)
    page = text(client.get(f"/inspections/units/{eatery.pk}/"))
    assert "罚款200元" in page and "处罚" in page
    assert "罚款200元" not in text(client.get(f"/inspections/units/{eatery.pk}/?tab=visit"))


def test_a_unit_is_entered_in_a_community_chosen_before(city, street_officer, signed_in_as):
    client = signed_in_as(street_officer)
    chosen = client.get("/inspections/units/new")
    assert chosen.status_code == 302 and "/territory/pick" in chosen["Location"]
    address = f"/inspections/units/new?area={city.areas.huaiyin.pk}"
    sent = {
        "kind": "rental_house", "name": "演示路3号出租屋（演示）", "address": "演示路3号",
        "estate": city.estates.huaiyin.pk, "flags": ["crowded"], "request_key": "n-1",
    }  # fmt: skip
    answer = client.post(address, sent)
    made = Unit.objects.get(kind="rental_house")
    assert answer.status_code == 302 and answer["Location"] == f"/inspections/units/{made.pk}/"
    assert made.estate == city.estates.huaiyin and kinds.flags_on(made, on=timezone.localdate()) == {
        "crowded"
    }
    assert client.post(address, sent).status_code == 302
    again = client.post(address, sent | {"request_key": "n-2"})
    assert again.status_code == 422 and "已有同类同名" in text(again) and "仍然这样提交" in text(again)
    assert client.post(address, sent | {"request_key": "n-3", "insist": "on"}).status_code == 302
    assert Unit.objects.filter(kind="rental_house").count() == 2


@pytest.mark.parametrize(
    ("changed", "said"),
    [({"name": ""}, "名称"), ({"kind": ""}, "类别"), ({"uscc": "91410000170001401X"}, "校验")],
)
def test_a_form_says_what_is_wrong(city, street_officer, signed_in_as, changed, said):
    sent = {"kind": "small_shop", "name": "小店（演示）"} | changed
    answer = signed_in_as(street_officer).post(f"/inspections/units/new?area={city.areas.huaiyin.pk}", sent)
    assert answer.status_code == 422 and said in text(answer)


def test_nobody_enters_a_unit_in_another_county(city, outsider, signed_in_as):
    answer = signed_in_as(outsider).post(
        f"/inspections/units/new?area={city.areas.huaiyin.pk}", {"kind": "small_shop", "name": "小店（演示）"}
    )
    assert answer.status_code == 302 and "/territory/pick" in answer["Location"]
    assert not Unit.objects.filter(kind="small_shop").exists()


def test_what_is_refused_of_a_unit_stands_beside_its_field_with_what_was_typed(
    eatery, street_officer, signed_in_as
):
    client, address = signed_in_as(street_officer), f"/inspections/units/{eatery.pk}"
    page = text(client.post(f"{address}/end_unit", {"ended_on": "2020-01-01", "reason": "搬到外地"}))
    assert "注销日期不能早于登记日期" in page and "搬到外地" in page
    changed = client.post(f"{address}/edit", {"kind": "small_eatery", "name": "", "phone": "0373-1"})
    assert changed.status_code == 422 and "请填写名称" in text(changed) and "0373-1" in text(changed)
    assert client.post(f"{address}/merge_units", {"keep_id": eatery.pk}).status_code == 404


def test_facts_are_changed_and_the_place_moves(city, eatery, county_supervisor, signed_in_as):
    client = signed_in_as(county_supervisor)
    sent = {"kind": "small_eatery", "name": "老街面馆（演示）", "address": "演示路8号", "agency": ""}
    answer = client.get(f"/inspections/units/{eatery.pk}/edit?area={city.areas.hebin.pk}")
    assert "河滨社区" in text(answer)
    assert (
        client.post(f"/inspections/units/{eatery.pk}/edit?area={city.areas.hebin.pk}", sent).status_code
        == 302
    )
    eatery.refresh_from_db()
    assert (eatery.address, eatery.community_id) == ("演示路8号", city.areas.hebin.pk)


def test_who_only_looks_cannot_change(eatery, grid_worker, signed_in_as):
    client = signed_in_as(grid_worker)
    page = text(client.get(f"/inspections/units/{eatery.pk}/"))
    assert "注销这个对象" not in page and "修改" not in page.split("</nav>")[-1].split("登记记录")[0]
    for act in ("edit", "end_unit", "flag_unit"):
        assert client.post(f"/inspections/units/{eatery.pk}/{act}", {}).status_code == 404


def test_flags_and_the_end_of_a_unit(eatery, street_officer, signed_in_as):
    client, today = signed_in_as(street_officer), timezone.localdate().isoformat()
    client.post(f"/inspections/units/{eatery.pk}/flag_unit", {"flag": "focus", "since": today})
    assert "重点关注" in text(client.get(f"/inspections/units/{eatery.pk}/"))
    refused = client.post(
        f"/inspections/units/{eatery.pk}/end_unit", {"ended_on": "2099-01-01", "reason": "关闭"}
    )
    assert refused.status_code == 422 and "将来" in text(refused)
    client.post(f"/inspections/units/{eatery.pk}/end_unit", {"ended_on": today, "reason": "关闭"})
    assert not Duty.objects.filter(unit=eatery, active=True).exists()
    assert "老街面馆" not in text(client.get("/inspections/units/?kind=small_eatery"))
    assert "老街面馆" in text(client.get("/inspections/units/?kind=small_eatery&ended=1"))


def test_a_flag_is_set_on_many_and_what_is_refused_is_told(city, eatery, street_officer, signed_in_as):
    client = signed_in_as(street_officer)
    hebin = Unit.objects.get(kind="estate", estate=city.estates.hebin)
    answer = client.post(
        "/inspections/units/flag",
        {"ids": [eatery.pk, hebin.pk], "flag": "focus", "on": "1", "back": "?kind=small_eatery"},
        follow=True,
    )
    assert "已处理 1 个对象" in text(answer) and "没有找到这条记录" in text(answer)
    assert list(UnitFlag.objects.filter(flag="focus").values_list("unit", flat=True)) == [eatery.pk]


# --- Coverage -----------------------------------------------------------------------------------------------------


def test_coverage_by_station_opens_to_the_units(city, eatery, police_officer, signed_in_as):
    client = signed_in_as(police_officer)
    page = text(client.get("/inspections/coverage/"))
    assert city.offices.police.name in page and "完成率" in page
    listed = text(client.get(f"/inspections/coverage/due?scope=overdue&agency={city.offices.police.pk}"))
    assert "老街面馆" in listed and "超期" in listed
    assert "老街面馆" not in text(client.get("/inspections/coverage/due?scope=done"))


def test_several_checks_of_one_site_become_one_visit(city, police_officer, signed_in_as):
    client = signed_in_as(police_officer)
    Duty.objects.filter(unit__estate=city.estates.huaiyin).update(due_on=timezone.localdate())
    page = text(client.get("/inspections/coverage/together"))
    assert "槐荫小区" in page and "安排一次联合检查" in page
    day = timezone.localdate() + timedelta(days=2)
    sent = {"site": f"e{city.estates.huaiyin.pk}", "planned_for": day.isoformat(), "request_key": "t-1"}
    assert client.post("/inspections/coverage/together/plan", sent).status_code == 302
    visit = Visit.objects.get()
    assert (visit.kind, visit.planned_for, visit.agency_id) == ("joint", day, city.offices.police.pk)
    assert {(p.agency_id, p.checklist) for p in visit.parts.all()} == {
        (city.offices.police.pk, "old_community"),
        (city.offices.huaiyin_office.pk, "ebike"),
        (city.offices.east_housing.pk, "conduct"),
    }
    late = client.post("/inspections/coverage/together/plan", sent | {"request_key": "t-2"})
    assert late.status_code == 422 and "已经有人安排" in text(late)


# --- Matches ------------------------------------------------------------------------------------------------------


@pytest.fixture
def pair(city, eatery):
    other = register.add_unit(
        kind="small_eatery", name="老街 面馆", area=city.areas.huaiyin, address="演示路2号院", by=SYSTEM,
        at=timezone.now(), insist=True,
    )  # fmt: skip
    assert matching.suggest([other.pk], at=timezone.now()) == 1
    assert matching.suggest([eatery.pk], at=timezone.now()) == 0
    return UnitMatch.objects.get()


def test_two_spellings_are_shown_side_by_side_and_never_joined_by_themselves(
    pair, street_officer, signed_in_as
):
    page = text(signed_in_as(street_officer).get("/inspections/units/matches"))
    assert "名称相近" in page and "同一社区" in page and page.count("小餐饮") == 2
    assert Unit.objects.filter(kind="small_eatery", ended_on__isnull=True).count() == 2


def test_the_same_are_joined_and_can_be_parted_again(city, pair, eatery, street_officer, signed_in_as):
    place = {"city_id": eatery.city_id, "county_id": eatery.county_id, "street_id": eatery.street_id}
    visit = Visit.objects.create(
        unit=pair.other, kind="daily", agency=city.offices.police, planned_for=date(2024, 1, 5), **place
    )
    client = signed_in_as(street_officer)
    client.post(f"/inspections/units/matches/{pair.pk}", {"answer": str(eatery.pk), "note": "现场核对"})
    pair.refresh_from_db()
    visit.refresh_from_db()
    assert pair.state == "same" and "王建国" in pair.decided_by
    assert visit.unit_id == eatery.pk
    gone = Unit.objects.get(pk=pair.other_id)
    assert gone.merged_into_id == eatery.pk
    assert "并入了" in text(client.get(f"/inspections/units/{gone.pk}/"))
    answer = client.post(f"/inspections/units/matches/{pair.pk}", {"answer": "different"})
    assert answer.status_code == 409 and "现在是“同一单位”" in text(answer)
    client.post(f"/inspections/units/{gone.pk}/separate_units", {"reason": "两家"})
    visit.refresh_from_db()
    gone.refresh_from_db()
    assert visit.unit_id == gone.pk and gone.ended_on is None and gone.merged_into_id is None
    assert Duty.objects.filter(unit=gone, active=True).exists()


def test_not_the_same_is_remembered(pair, street_officer, signed_in_as):
    client = signed_in_as(street_officer)
    client.post(f"/inspections/units/matches/{pair.pk}", {"answer": "different"})
    pair.refresh_from_db()
    assert pair.state == "different"
    assert "没有待核对的对象" in text(client.get("/inspections/units/matches"))
    assert matching.suggest([pair.unit_id, pair.other_id], at=timezone.now()) == 0


def test_a_pair_of_another_county_does_not_exist(pair, outsider, signed_in_as):
    client = signed_in_as(outsider)
    assert "老街" not in text(client.get("/inspections/units/matches"))
    assert client.post(f"/inspections/units/matches/{pair.pk}", {"answer": "different"}).status_code == 404


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ({"name": "老街面馆", "street_id": 1}, {"name": "老街面馆（总店）", "street_id": 1}, True),
        (
            {"name": "老街面馆", "address": "人民路2号", "community_id": 1},
            {"name": "老街牛肉面馆", "address": "人民路2号", "community_id": 1},
            True,
        ),
        (
            {"name": "王记电动车行", "address": "演示中街181号", "community_id": 1},
            {"name": "李记电动车行", "address": "演示南环181号", "community_id": 1},
            False,
        ),
        ({"name": "老街面馆", "street_id": 1}, {"name": "幸福超市", "street_id": 1}, False),
        ({"name": "甲", "uscc": "9"}, {"name": "乙", "uscc": "9"}, True),
        (
            {"name": "老街面馆", "address": "人民路2号"},
            {"name": "老街面馆", "address": "建设路88号院"},
            False,
        ),
        ({"name": "老街面馆（演示）"}, {"name": "老街 面馆"}, True),
    ],
)
def test_how_alike_two_entries_are(one, other, alike):
    rule = rulebooks.load("units", on=date(2024, 7, 12))["matching"]
    assert (matching.likeness(one, other, rule=rule).score >= rule["least"]) is alike


# --- On an estate's page ------------------------------------------------------------------------------------------


def test_the_page_of_an_estate_shows_what_was_checked_there(city, street_officer, grid_worker, signed_in_as):
    page = text(signed_in_as(street_officer).get(f"/territory/estates/{city.estates.huaiyin.pk}/"))
    assert "检查和执法" in page and "老旧小区消防安全检查" in page and "安邻物业服务有限公司 进驻" in page


def test_a_unit_entered_by_hand_that_is_spelt_like_another_is_suggested_and_not_joined(
    city, eatery, street_officer, signed_in_as
):
    client = signed_in_as(street_officer)
    sent = {"kind": "small_eatery", "name": "老街面（演示）", "address": "演示路2号", "request_key": "s-1"}
    answer = client.post(f"/inspections/units/new?area={city.areas.huaiyin.pk}", sent)
    assert answer["Location"] == "/inspections/units/matches"
    assert "写法相近" in text(client.get(answer["Location"]))
    pair = UnitMatch.objects.get()
    assert (
        pair.state == "open" and Unit.objects.filter(kind="small_eatery", ended_on__isnull=True).count() == 2
    )


def test_a_unit_is_not_parted_from_one_of_another_county(
    city, pair, eatery, street_officer, outsider, signed_in_as
):
    """Both entries change, so whoever parts them must reach both."""
    client = signed_in_as(street_officer)
    client.post(f"/inspections/units/matches/{pair.pk}", {"answer": str(eatery.pk), "note": "现场核对"})
    gone = Unit.objects.get(pk=pair.other_id)
    area = city.areas.shanqian
    Unit.objects.filter(pk=gone.pk).update(
        area=area, county=city.areas.west, street=city.areas.shanqian_town, community=area
    )
    answer = signed_in_as(outsider).post(f"/inspections/units/{gone.pk}/separate_units", {"reason": "两家"})
    gone.refresh_from_db()
    assert (answer.status_code, gone.merged_into_id) == (404, eatery.pk)
