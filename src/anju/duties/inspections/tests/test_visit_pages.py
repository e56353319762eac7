"""The pages of visits on the desk and on the phone: who sees what, every act by HTTP, refusals beside the form."""

from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from anju.duties.cases.models import Case
from anju.duties.inspections.forms import visits as forms
from anju.duties.inspections.models import Finding, Unit, Visit
from anju.duties.inspections.queries import visits as queries
from anju.duties.inspections.services import checking, records
from anju.duties.inspections.services import visits as services
from anju.ground.foundation import desk, files
from anju.ground.foundation.models import Event
from anju.ground.foundation.tests import samples

from .conftest import codes_of


@pytest.fixture
def now():
    return timezone.now()


def post(client, name, *args, **sent):
    return client.post(reverse(name, args=args), sent)


# ------------------------------------------------------------------------------------------------------- the desk


def test_the_list_shows_what_is_within_reach_and_narrows(
    finished, begun, officers, signed_in_as, outsider, city
):
    visit = finished({})
    seen = signed_in_as(officers.police).get(reverse("inspections:visits")).content.decode()
    assert visit.number in seen and "槐荫小区" in seen
    assert visit.number not in signed_in_as(outsider).get(reverse("inspections:visits")).content.decode()
    client = signed_in_as(officers.county)
    hit = {"since": "2024-07-01", "until": "2024-07-31", "kind": "daily", "state": "finished"}
    hit |= {"agency": city.offices.police.pk, "area": city.areas.huaiyin_street.pk}
    assert visit.number in client.get(reverse("inspections:visits"), hit).content.decode()
    for miss in (
        {"since": "2024-07-13"},
        {"kind": "joint"},
        {"state": "planned"},
        {"agency": city.offices.fire.pk},
        {"mine": "1"},
    ):
        assert visit.number not in client.get(reverse("inspections:visits"), miss).content.decode(), miss


def test_one_list_in_the_right_order_for_a_city_and_for_a_street(
    finished, begun, officers, city_supervisor, friday_9am, monday_9am
):
    first, second = finished(at=monday_9am), finished(at=friday_9am)
    planned = begun(at=monday_9am)
    for member in (city_supervisor, officers.police, officers.county):
        rows = queries.page(member.actor(monday_9am), queries.Filters()).rows
        assert [v.pk for v in rows] == [planned.pk, first.pk, second.pk]


def test_a_visit_is_shown_as_it_was_with_its_next_act_on_top(finished, officers, signed_in_as):
    visit = finished({"text": "一楼门厅给电动车充电"})
    seen = signed_in_as(officers.police).get(reverse("inspections:visit", args=[visit.pk])).content.decode()
    for words in (
        "老旧小区消防安全检查",
        "一楼门厅给电动车充电",
        "演示gao",
        "钱经理",
        "打印记录",
        "完成检查",
        "申请复查",
    ):
        assert words in seen, words
    assert reverse("cases:case", args=[visit.findings.get().case_id]) in seen
    assert f"{reverse('orders:new')}?visit={visit.pk}" in seen


def test_an_old_visit_keeps_its_old_form(begun, officers, answer_all, signed_in_as, friday_9am):
    visit = begun(checklist="ebike")
    assert visit.parts.get().edition == date(2024, 3, 11)
    visit.parts.update(edition=date(2021, 8, 1))
    seen = signed_in_as(officers.police).get(reverse("inspections:visit", args=[visit.pk])).content.decode()
    assert "2021-08-01版" in seen


def test_who_may_not_see_a_visit_finds_none(
    finished, signed_in_as, outsider, company_clerk, other_clerk, officers
):
    visit = finished()
    address = reverse("inspections:visit", args=[visit.pk])
    assert signed_in_as(outsider).get(address).status_code == 404
    assert signed_in_as(other_clerk).get(address).status_code == 404
    assert signed_in_as(company_clerk).get(address).status_code == 200
    assert signed_in_as(outsider).get(reverse("field:visit", args=[visit.pk])).status_code == 404


def test_a_company_sees_only_finished_visits_of_its_estates(
    finished, begun, signed_in_as, company_clerk, other_clerk
):
    done, going = finished(), begun()
    client = signed_in_as(company_clerk)
    assert client.get(reverse("inspections:visit", args=[going.pk])).status_code == 404
    seen = client.get(reverse("inspections:visits")).content.decode()
    assert done.number in seen and "检查中，继续" not in seen and seen.count("槐荫小区</a>") == 1
    assert done.number not in signed_in_as(other_clerk).get(reverse("inspections:visits")).content.decode()


def test_a_visit_that_a_ledger_brought_is_shown_and_printed_without_items(finished, officers, signed_in_as):
    visit = finished({"text": "一楼门厅给电动车充电"})
    visit.photos.all().delete()
    for part in visit.parts.all():
        part.items.all().delete()
    Visit.objects.filter(pk=visit.pk).update(kind="recheck")
    client = signed_in_as(officers.police)
    seen = client.get(reverse("inspections:visit", args=[visit.pk])).content.decode()
    assert "没有逐项检查结果" in seen and "<figure" in seen
    assert client.get(reverse("field:visit", args=[visit.pk])).status_code == 200
    assert post(client, "inspections:record", visit.pk).status_code == 302


def test_a_joint_visit_is_planned_from_the_desk(estate_unit, officers, signed_in_as, city):
    client, address = signed_in_as(officers.police), reverse("inspections:plan")
    assert "槐荫小区" in client.get(address, {"q": "槐荫"}).content.decode()
    assert "参加单位" in client.get(address, {"unit": estate_unit.pk}).content.decode()
    sent = {
        "unit": estate_unit.pk, "kind": "joint", "planned_for": timezone.localdate().isoformat(),
        "agencies": [city.offices.police.pk, city.offices.fire.pk], "campaign": "夏季行动", "request_key": "plan1",
    }  # fmt: skip
    refused = client.post(address, sent | {"agencies": [city.offices.police.pk]})
    assert refused.status_code == 422 and "至少要有两个单位" in refused.content.decode()
    for _twice in range(2):
        assert client.post(address, sent).status_code == 302
    assert Visit.objects.get().parts.count() == 2


def test_the_whole_way_on_the_desk(estate_unit, officers, signed_in_as, now):
    at = now
    visit = services.plan_visit(
        unit_id=estate_unit.pk,
        kind="daily",
        planned_for=timezone.localdate(at),
        by=officers.police.actor(at),
        at=at,
    )
    client = signed_in_as(officers.police)
    page = reverse("inspections:visit", args=[visit.pk])
    assert "开始检查" in client.get(page).content.decode()
    refused = post(client, "inspections:act", visit.pk, "begin", officers=officers.expired.person.pk)
    assert refused.status_code == 422 and "已过有效期" in refused.content.decode()
    post(client, "inspections:act", visit.pk, "begin", officers=officers.police.person.pk, met="钱经理")
    code = codes_of(visit)[3]
    post(
        client,
        "inspections:act",
        visit.pk,
        "check",
        **{f"r-{code}": "problem", f"n-{code}": "三辆"},
        rest="ok",
    )
    photo = SimpleUploadedFile("a.jpg", samples.photo(seed=3), content_type="image/jpeg")
    sent = {"class_code": "EB01", "item": code, "place": "1号楼", "text": "停放三辆", "photos": photo}
    assert post(client, "inspections:act", visit.pk, "find", **sent).status_code == 302
    refused = post(client, "inspections:act", visit.pk, "conclude", conclusion="clean")
    assert refused.status_code == 422 and "不能是" in refused.content.decode()
    post(client, "inspections:act", visit.pk, "conclude", conclusion="problems", note="限期整改")
    post(client, "inspections:act", visit.pk, "sign", signed_by="钱经理")
    post(client, "inspections:act", visit.pk, "finish")
    visit.refresh_from_db()
    assert visit.state == "finished" and Case.objects.get().channel == "staff"
    assert client.get(page).status_code == 200


def test_the_record_is_issued_once_and_opened_by_who_sees_the_visit(
    finished, officers, signed_in_as, outsider
):
    visit = finished({"text": "一楼门厅给电动车充电"})
    client = signed_in_as(officers.police)
    first = post(client, "inspections:record", visit.pk)
    assert first.status_code == 302 and post(client, "inspections:record", visit.pk).url == first.url
    paper = client.get(first.url)
    assert paper.status_code == 200 and paper["Content-Type"] == "application/pdf"
    visit.refresh_from_db()
    assert visit.document_id
    assert Event.objects.filter(name="inspections.print_record").count() == 1
    assert signed_in_as(outsider).get(first.url).status_code == 404
    assert post(signed_in_as(outsider), "inspections:record", visit.pk).status_code == 404


def test_a_record_is_refused_before_the_end_and_without_the_organs_code(
    begun, finished, officers, signed_in_as, city
):
    client = signed_in_as(officers.police)
    done = finished()
    city.offices.police.document_code = ""
    city.offices.police.save()
    refused = post(client, "inspections:record", done.pk)
    assert refused.status_code == 422 and "机关代字" in refused.content.decode()
    assert post(client, "inspections:record", begun().pk).status_code == 409


# ------------------------------------------------------------------------------------------------------- the phone


def test_todays_tasks_are_what_goes_on_what_is_planned_rechecks_and_what_is_due(
    estate_unit, finished, walk, officers, signed_in_as, city, now
):
    shop = Unit.objects.get(kind="estate", estate=city.estates.liuyuan)
    by = officers.police.actor(now)
    case = finished({}).findings.get().case
    walk(case, "assign", "accept", "submit", at=now)
    services.plan_visit(unit_id=shop.pk, kind="daily", planned_for=timezone.localdate(now), by=by, at=now)
    client = signed_in_as(officers.police)
    seen = client.get(reverse("field:visits")).content.decode()
    for words in ("待检查", "柳园新村", "去复查", "1 处隐患待复查", "开始一次检查"):
        assert words in seen, words
    rows = desk.page(by, now, kind="visits")
    assert [(row.line.title, row.act, row.late) for row in rows] == [(shop.name, "begin", False)]
    again = services.begin_visit(
        unit_id=estate_unit.pk, kind="recheck", officer_ids=[officers.police.person.pk], by=by, at=now
    )
    seen = client.get(reverse("field:visits")).content.decode()
    assert "检查中，继续" in seen and "去复查" not in seen
    assert again.kind == "recheck"


def test_units_whose_yearly_check_is_due_are_offered(estate_unit, officers, now):
    from anju.duties.inspections.models import Duty

    Duty.objects.filter(unit=estate_unit, agency=officers.police.post.organisation).update(
        due_on=timezone.localdate(now)
    )
    assert estate_unit in [t.unit for t in queries.due_units(officers.police.actor(now), at=now)]


def test_the_day_of_a_plan_is_today_until_another_is_chosen(estate_unit, officers, signed_in_as):
    page = signed_in_as(officers.police).get(reverse("inspections:plan"), {"unit": estate_unit.pk})
    assert f'value="{timezone.localdate():%Y-%m-%d}"' in page.content.decode()


def test_no_door_offers_double_random_or_takes_it(estate_unit, officers, signed_in_as):
    client = signed_in_as(officers.police)
    doors = {
        reverse("field:visit_begin"): {"officers": [officers.police.person.pk]},
        reverse("inspections:plan"): {"planned_for": timezone.localdate().isoformat()},
    }
    for address, more in doors.items():
        page = client.get(address, {"unit": estate_unit.pk, "kind": "drawn"}).content.decode()
        assert "日常检查" in page and "双随机" not in page
        sent = {"unit": estate_unit.pk, "kind": "drawn", "campaign": "三季度抽查", **more}
        assert client.post(address, sent).status_code == 422
    assert not Visit.objects.exists()


def test_the_whole_way_on_the_phone_without_javascript(estate_unit, officers, signed_in_as):
    client = signed_in_as(officers.police)
    assert "槐荫小区" in client.get(reverse("field:visit_units"), {"q": "hyxq"}).content.decode()
    begin = reverse("field:visit_begin")
    assert "到场检查人员" in client.get(begin, {"unit": estate_unit.pk}).content.decode()
    refused = client.post(begin, {"unit": estate_unit.pk, "kind": "daily"})
    assert refused.status_code == 422 and "请选择到场" in refused.content.decode()
    sent = {
        "unit": estate_unit.pk,
        "kind": "daily",
        "officers": officers.police.person.pk,
        "request_key": "go",
    }
    started = client.post(begin, sent)
    assert client.post(begin, sent).url == started.url
    visit = Visit.objects.get()
    page = reverse("field:visit", args=[visit.pk])
    assert started.url == page and "下一步：结论" in client.get(page).content.decode()
    code = codes_of(visit)[3]
    go = post(client, "field:visit_act", visit.pk, "check", **{f"r-{code}": "problem"}, go=f"find-{code}")
    assert go.url.endswith(f"finding?item={code}")
    offered = client.get(go.url).content.decode()
    assert offered.index("cls-EB01") < offered.index("cls-EG01")
    photo = SimpleUploadedFile("a.jpg", samples.photo(seed=3), content_type="image/jpeg")
    sent = {"class_code": "EB01", "item": code, "place": "1号楼", "photos": photo, "request_key": "f1"}
    assert post(client, "field:visit_act", visit.pk, "find", **sent).status_code == 302
    assert post(client, "field:visit_act", visit.pk, "check", rest="ok", go="conclude").url.endswith(
        "step=conclude"
    )
    assert "发现问题" in client.get(f"{page}?step=conclude").content.decode()
    assert post(client, "field:visit_act", visit.pk, "conclude", conclusion="problems").url == page
    assert "签字并完成检查" in client.get(page).content.decode()
    empty = {"signed_by": "钱经理", "finish": "1", "drawable": "1", "request_key": "s0"}
    asked = post(client, "field:visit_act", visit.pk, "sign", **empty)
    assert asked.status_code == 409
    assert "框里还没有签字" in asked.content.decode() and 'name="typed"' in asked.content.decode()
    done = post(client, "field:visit_act", visit.pk, "sign", **empty, typed="1")
    assert done.url == page
    shown = client.get(page).content.decode()
    assert "打开检查记录 PDF" in shown and "已签字：钱经理" in shown
    assert Finding.objects.get().case.channel == "field"
    assert post(client, "field:visit_record", visit.pk).status_code == 302


def test_htmx_saves_items_without_leaving_the_page_and_tells_a_refusal_there(begun, officers, signed_in_as):
    visit, client = begun(), signed_in_as(officers.police)
    address = reverse("field:visit_act", args=[visit.pk, "check"])
    code = codes_of(visit)[0]
    for _twice in range(2):
        saved = client.post(address, {f"r-{code}": "ok"}, headers={"HX-Request": "true"})
        assert saved.status_code == 200 and "已保存" in saved.content.decode()
    assert Event.objects.filter(name="inspections.check").count() == 1
    refused = client.post(address, {"r-X9": "ok"}, headers={"HX-Request": "true"})
    assert "检查表里没有" in refused.content.decode()


def test_the_picker_finds_classes_by_initials_name_and_code(begun, officers, signed_in_as):
    visit, client = begun(), signed_in_as(officers.police)
    address = reverse("field:visit_classes", args=[visit.pk])
    for text, code in (("fxcd", "EB03"), ("安全出口", "EG02"), ("fa01", "FA01"), ("", "EB02")):
        assert f"cls-{code}" in client.get(address, {"class_q": text}).content.decode(), text
    assert "没有找到" in client.get(address, {"class_q": "zzzz"}).content.decode()


def test_the_phone_asks_whether_a_known_hazard_is_the_same(finished, begun, officers, signed_in_as):
    known = finished({"place": "1号楼"}).findings.get()
    visit, client = begun(at=timezone.now()), signed_in_as(officers.police)
    sent = {"class_code": "EB02", "place": "1号楼", "request_key": "q"}
    asked = post(client, "field:visit_act", visit.pk, "find", **sent)
    assert asked.status_code == 409 and "是原有隐患" in asked.content.decode()
    assert post(client, "field:visit_act", visit.pk, "find", **sent, same=known.case_id).status_code == 302
    assert visit.findings.get().case_id == known.case_id


def test_a_recheck_on_the_phone(finished, estate_unit, officers, signed_in_as):
    case = finished({"place": "1号楼"}).findings.get().case
    client = signed_in_as(officers.police)
    begin = {"unit": estate_unit.pk, "kind": "recheck", "officers": officers.police.person.pk}
    page = client.post(reverse("field:visit_begin"), begin).url
    visit = Visit.objects.get(kind="recheck")
    assert "已整改" in client.get(page).content.decode()
    post(client, "field:visit_act", visit.pk, "look", case=case.pk, result="problem", note="插座仍在使用")
    post(client, "field:visit_act", visit.pk, "conclude", conclusion="problems")
    sent = {"reason": "负责人不在", "witness": "楼长周某", "finish": "1"}
    post(client, "field:visit_act", visit.pk, "refuse_signature", **sent)
    visit.refresh_from_db()
    assert (visit.state, visit.refusal) == ("finished", "负责人不在")
    assert post(client, "field:visit_record", visit.pk).status_code == 302


def test_who_does_not_inspect_has_no_phone_page(signed_in_as, grid_worker):
    assert signed_in_as(grid_worker).get(reverse("field:visits")).status_code == 404


# --------------------------------------------------------------------------------------------------------- strangers

ACTS = sorted(forms.ACTS)


@pytest.mark.parametrize("door", ["inspections:act", "field:visit_act"])
def test_no_act_of_a_visit_exists_for_a_stranger_and_none_is_open_to_who_takes_no_part(
    begun, officers, signed_in_as, outsider, door
):
    visit = begun()
    finding = checking.add_finding(
        visit_id=visit.pk,
        class_code="EB01",
        place="1号楼",
        by=officers.police.actor(timezone.now()),
        at=timezone.now(),
    )
    sent = {"reason": "不对", "signed_by": "甲", "conclusion": "clean", "rest": "ok", "class_code": "EB02"}
    sent |= {
        "finding": finding.pk,
        "officers": officers.fire.person.pk,
        "case": 1,
        "result": "ok",
        "note": "看过现场",
    }
    stranger, onlooker = signed_in_as(outsider), signed_in_as(officers.fire)
    for act in ACTS:
        assert post(stranger, door, visit.pk, act, **sent).status_code == 404, act
        assert post(onlooker, door, visit.pk, act, **sent).status_code in (403, 409), act
    assert post(onlooker, door, visit.pk, "nonsense").status_code == 404
    visit.refresh_from_db()
    assert (visit.state, visit.signed_by, visit.findings.count()) == ("open", "", 1)
    assert not visit.parts.get().items.exists()


def test_photos_and_signature_of_a_visit_are_shown_to_who_sees_it(
    begun, officers, photo, signed_in_as, outsider
):
    visit, at = begun(), timezone.now()
    checking.add_finding(
        visit_id=visit.pk, class_code="EB01", place="1号楼", uploads=[checking.Upload(photo(8).file)],
        by=officers.police.actor(at), at=at,
    )  # fmt: skip
    address = files.url(visit.photos.get().file, "page")
    assert signed_in_as(officers.police).get(address).status_code == 200
    assert signed_in_as(outsider).get(address).status_code == 404


# ---------------------------------------------------------------------------------------------------- how much is asked


def asked(client, address) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def test_no_page_of_visits_asks_more_for_more_to_show(
    finished, begun, officers, signed_in_as, friday_9am, monday_9am
):
    client = signed_in_as(officers.police)
    few = finished({})
    pages = {
        "inspections:visits": [],
        "field:visits": [],
        "inspections:visit": [few.pk],
        "field:visit": [few.pk],
    }
    before = {}
    for _warm in range(2):
        before = {name: asked(client, reverse(name, args=args)) for name, args in pages.items()}
    many = finished(*({"place": f"{n}号楼"} for n in range(20, 25)), at=monday_9am)
    begun(at=monday_9am)
    pages |= {"inspections:visit": [many.pk], "field:visit": [many.pk]}
    after = {name: asked(client, reverse(name, args=args)) for name, args in pages.items()}
    assert {name: (before[name], n) for name, n in after.items() if n > before[name]} == {}
    budgets = {"inspections:visits": 14, "field:visits": 12, "inspections:visit": 18, "field:visit": 16}
    assert {name: n for name, n in after.items() if n > budgets[name]} == {}


def test_an_agency_that_must_come_with_all_it_has_finds_them_ticked(estate_unit, officers, signed_in_as):
    page = reverse("field:visit_begin") + f"?unit={estate_unit.pk}"
    fire = signed_in_as(officers.fire).get(page).content.decode()
    assert "至少 2 人" in fire
    for member in (officers.fire, officers.fire_second):
        assert f'name="officers" value="{member.person.pk}" checked' in fire
    station = signed_in_as(officers.police).get(page).content.decode()
    assert f'value="{officers.police.person.pk}" checked' in station
    assert f'value="{officers.second.person.pk}" checked' not in station


def test_a_record_is_theirs_who_finished_the_visit_whoever_prints_it(finished, officers):
    visit, by = finished(), officers.county.actor(timezone.now())
    paper = records.issue_record(visit_id=visit.pk, by=by, at=timezone.now())
    assert (paper.issued_by_name, by.name) == ("陈卫东", "刘主任")


def test_the_number_of_a_record_carries_no_ending_of_other_papers(finished, city, officers):
    type(city.offices.police).objects.filter(pk=city.offices.police.pk).update(document_code="槐派责改字")
    visit = finished()
    paper = records.issue_record(
        visit_id=visit.pk, by=officers.police.actor(timezone.now()), at=timezone.now()
    )
    assert paper.written_number.startswith("槐派检字〔")
