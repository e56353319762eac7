"""A visit from the plan to the signed record: each verb, each refusal beside its success."""

from datetime import date, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from anju.duties.cases import services as cases
from anju.duties.cases.models import Case
from anju.duties.inspections import rules
from anju.duties.inspections.models import CheckedItem, Duty, Finding, Unit, Visit, VisitPart
from anju.duties.inspections.services import checking, counting, register
from anju.duties.inspections.services import visits as services
from anju.duties.inspections.services.checking import Answer
from anju.ground.access.actors import SYSTEM
from anju.ground.foundation import journal, ladder, story
from anju.ground.foundation.models import Event
from anju.ground.foundation.refusals import (
    Conflict,
    NeedsConfirmation,
    NotAllowedNow,
    NotFound,
    NotPermitted,
    Refusal,
)
from anju.ground.foundation.tests import samples

from .conftest import codes_of

# ------------------------------------------------------------------------------------------------------- planning


def test_a_planned_visit_has_the_agencys_own_form_and_its_day(estate_unit, officers, friday_9am):
    visit = services.plan_visit(
        unit_id=estate_unit.pk, kind="daily", planned_for=date(2024, 7, 15), by=officers.police.actor(friday_9am),
        at=friday_9am,
    )  # fmt: skip
    part = visit.parts.get()
    assert (visit.state, visit.agency_id, part.checklist) == (
        "planned",
        officers.police.post.organisation_id,
        "old_community",
    )
    assert part.edition == date(2020, 9, 1)
    assert (part.visited_on, visit.county_id) == (None, estate_unit.county_id)
    assert [e.name for e in journal.events_of(visit)] == ["inspections.plan"]


def test_a_plan_is_refused_for_a_day_gone_by_a_stranger_and_a_joint_visit_of_one(
    estate_unit, officers, outsider, grid_worker, city, friday_9am
):
    plan = {"unit_id": estate_unit.pk, "kind": "daily", "planned_for": date(2024, 7, 15), "at": friday_9am}
    by = officers.police.actor(friday_9am)
    with pytest.raises(Refusal, match="已经过去"):
        services.plan_visit(**plan | {"planned_for": date(2024, 7, 11)}, by=by)
    with pytest.raises(Refusal, match="至少要有两个单位"):
        services.plan_visit(**plan | {"kind": "joint"}, by=by)
    with pytest.raises(Refusal, match="专项行动的名称"):
        services.plan_visit(**plan | {"kind": "campaign"}, by=by)
    with pytest.raises(Refusal, match="不管这里"):
        services.plan_visit(**plan | {"kind": "joint"}, agencies=[city.offices.shanqian_office.pk], by=by)
    with pytest.raises(Refusal, match="还没有检查过"):
        services.plan_visit(**plan | {"kind": "recheck"}, by=by)
    with pytest.raises(NotFound):
        services.plan_visit(**plan, by=outsider.actor(friday_9am))
    with pytest.raises(NotPermitted):
        services.plan_visit(**plan, by=grid_worker.actor(friday_9am))
    assert not Visit.objects.exists()


def test_chance_alone_makes_a_visit_double_random(estate_unit, officers, begun, friday_9am):
    own_choice = {"unit_id": estate_unit.pk, "kind": "drawn", "campaign": "三季度抽查", "at": friday_9am}
    with pytest.raises(Refusal, match="抽签产生"):
        services.plan_visit(**own_choice, planned_for=date(2024, 7, 15), by=officers.police.actor(friday_9am))
    with pytest.raises(Refusal, match="抽签产生"):
        begun(kind="drawn", campaign="三季度抽查")
    assert not Visit.objects.exists()
    for kind in rules.CHOSEN_KINDS.keys() - {"joint", "recheck"}:
        services.plan_visit(
            **own_choice | {"kind": kind},
            planned_for=date(2024, 7, 15),
            by=officers.police.actor(friday_9am),
        )
    assert Visit.objects.count() == len(rules.CHOSEN_KINDS) - 2


def test_the_same_key_plans_once_and_other_contents_under_it_are_refused(estate_unit, officers, friday_9am):
    plan = {
        "unit_id": estate_unit.pk,
        "kind": "daily",
        "by": officers.police.actor(friday_9am),
        "at": friday_9am,
    }
    first = services.plan_visit(**plan, planned_for=date(2024, 7, 15), key="k1")
    assert services.plan_visit(**plan, planned_for=date(2024, 7, 15), key="k1") == first
    with pytest.raises(Conflict):
        services.plan_visit(**plan, planned_for=date(2024, 7, 16), key="k1")
    assert Visit.objects.count() == 1


# ------------------------------------------------------------------------------------------------------ beginning


def test_a_visit_nobody_planned_begins_at_once_with_the_badges_of_the_day(begun, officers):
    visit = begun(met="钱经理", point=(113.9, 35.3))
    assert (visit.state, visit.met, visit.longitude) == ("open", "钱经理", 113.9)
    badges = dict(visit.parts.get().officers.values_list("name", "badge"))
    assert badges == {"陈卫东": "演示-police_officer", "高远": "演示gao"}


@pytest.mark.parametrize(
    ("who", "sentence"),
    [([], "请选择到场"), (["expired"], "已过有效期"), (["fire"], "当日在岗的人员")],
)
def test_officers_are_refused_without_a_valid_badge_or_from_elsewhere(begun, officers, who, sentence):
    with pytest.raises(Refusal, match=sentence):
        begun(officer_ids=[getattr(officers, key).person.pk for key in who])
    assert not Visit.objects.exists()


def test_the_fire_agency_comes_with_two(begun, officers, estate_unit):
    with pytest.raises(Refusal, match="至少要 2 名"):
        begun(member=officers.fire, officer_ids=[officers.fire.person.pk])
    both = [officers.fire.person.pk, officers.fire_second.person.pk]
    assert begun(member=officers.fire, officer_ids=both).state == "open"


def test_one_agency_is_at_one_unit_once_at_a_time_and_the_same_key_begins_once(begun):
    first = begun(key="b")
    assert begun(key="b") == first
    with pytest.raises(NotAllowedNow, match="还没有完成") as refused:
        begun()
    assert refused.value.data["visit"] == first.pk


def test_who_may_not_inspect_may_not_begin(begun, grid_worker, outsider, company_clerk):
    for member, failure in ((grid_worker, NotPermitted), (company_clerk, NotPermitted), (outsider, NotFound)):
        with pytest.raises(failure):
            begun(member=member)


def test_a_unit_that_is_gone_is_not_inspected(begun, estate_unit):
    Unit.objects.filter(pk=estate_unit.pk).update(ended_on=date(2024, 7, 1))
    with pytest.raises(NotAllowedNow, match="已经注销"):
        begun()


# ------------------------------------------------------------------------------------------------ items, findings


def test_items_are_written_once_and_only_what_changed_is_told(begun, officers, friday_9am):
    visit, by = begun(), officers.police.actor(friday_9am)
    first, second = codes_of(visit)[:2]
    told = {first: Answer("ok"), second: Answer("problem", "无人负责")}
    part = checking.check_items(visit_id=visit.pk, answers=told, by=by, at=friday_9am)
    checking.check_items(visit_id=visit.pk, answers=told, by=by, at=friday_9am)
    checking.check_items(
        visit_id=visit.pk, answers={first: Answer("not_applicable")}, rest="ok", by=by, at=friday_9am
    )
    results = dict(part.items.values_list("item", "result"))
    assert results == {**dict.fromkeys(codes_of(visit), "ok"), first: "not_applicable", second: "problem"}
    told = Event.objects.filter(name="inspections.check").order_by("pk").values_list("data", flat=True)
    assert [len(data["items"]) for data in told] == [2, len(results) - 1]


def test_items_are_refused_that_the_form_does_not_have(begun, officers, outsider, friday_9am):
    visit, by = begun(), officers.police.actor(friday_9am)
    with pytest.raises(Refusal, match="没有“X99”"):
        checking.check_items(visit_id=visit.pk, answers={"X99": Answer("ok")}, by=by, at=friday_9am)
    with pytest.raises(Refusal, match="合格、有问题"):
        checking.check_items(
            visit_id=visit.pk, answers={codes_of(visit)[0]: Answer("fine")}, by=by, at=friday_9am
        )
    with pytest.raises(NotFound):
        checking.check_items(
            visit_id=visit.pk, answers={}, rest="ok", by=outsider.actor(friday_9am), at=friday_9am
        )
    with pytest.raises(NotPermitted, match="没有参加"):
        checking.check_items(
            visit_id=visit.pk, answers={}, rest="ok", by=officers.fire.actor(friday_9am), at=friday_9am
        )
    assert not CheckedItem.objects.exists()


def test_a_finding_keeps_its_photos_marks_its_item_and_files_nothing_before_the_end(
    begun, officers, photo, friday_9am
):
    visit, by = begun(), officers.police.actor(friday_9am)
    finding = checking.add_finding(
        visit_id=visit.pk, class_code="EB01", place="1号楼2单元", text="楼道停放三辆", item="O04",
        uploads=[checking.Upload(photo(1).file)], by=by, at=friday_9am, key="f",
    )  # fmt: skip
    again = checking.add_finding(
        visit_id=visit.pk, class_code="EB01", place="1号楼2单元", text="楼道停放三辆", item="O04",
        uploads=[checking.Upload(photo(1).file)], by=by, at=friday_9am, key="f",
    )  # fmt: skip
    assert again == finding and visit.photos.count() == 1
    assert (finding.top_class, finding.severity, finding.counted, finding.case) == (
        "EB",
        "general",
        False,
        None,
    )
    assert visit.parts.get().items.get(item="O04").result == "problem"
    assert not Case.objects.exists()


def test_a_finding_is_refused_twice_at_one_place_and_when_it_is_too_grave_to_be_put_right_at_once(
    begun, officers, friday_9am
):
    visit, by = begun(), officers.police.actor(friday_9am)
    checking.add_finding(visit_id=visit.pk, class_code="EB01", place="1号楼 2单元", by=by, at=friday_9am)
    with pytest.raises(Refusal, match="同一位置的同类问题"):
        checking.add_finding(
            visit_id=visit.pk, class_code="EB01", place="１号楼2单元。", by=by, at=friday_9am
        )
    with pytest.raises(Refusal, match="重大火灾隐患嫌疑"):
        checking.add_finding(
            visit_id=visit.pk, class_code="ST03", place="车库", at_once=True, by=by, at=friday_9am
        )
    with pytest.raises(Refusal, match="没有编号"):
        checking.add_finding(visit_id=visit.pk, class_code="ZZ99", place="车库", by=by, at=friday_9am)


def test_a_finding_written_wrongly_is_taken_away_before_the_signature(begun, officers, outsider, friday_9am):
    visit, by = begun(), officers.police.actor(friday_9am)
    finding = checking.add_finding(visit_id=visit.pk, class_code="EB01", place="1号楼", by=by, at=friday_9am)
    with pytest.raises(NotFound):
        checking.drop_finding(finding_id=finding.pk, by=outsider.actor(friday_9am), at=friday_9am)
    checking.drop_finding(finding_id=finding.pk, by=by, at=friday_9am, reason="选错了")
    assert not Finding.objects.exists()
    with pytest.raises(NotFound):
        checking.drop_finding(finding_id=finding.pk, by=by, at=friday_9am)


# ------------------------------------------------------------------------------------------- conclusion, signature


def test_a_conclusion_waits_for_every_item_and_fits_what_was_found(begun, officers, answer_all, friday_9am):
    visit, by = begun(), officers.police.actor(friday_9am)

    def conclude(conclusion: str, note: str = ""):
        return checking.conclude_part(
            visit_id=visit.pk, conclusion=conclusion, note=note, by=by, at=friday_9am
        )

    with pytest.raises(Refusal, match="项没有填写结果"):
        conclude("clean")
    answer_all(visit, friday_9am)
    with pytest.raises(Refusal, match="没有登记任何问题"):
        conclude("problems")
    with pytest.raises(Refusal, match="列出的检查结论"):
        conclude("fine")
    checking.check_items(visit_id=visit.pk, answers={"O04": Answer("problem")}, by=by, at=friday_9am)
    with pytest.raises(Refusal, match="请登记问题"):
        conclude("problems")
    checking.add_finding(
        visit_id=visit.pk, class_code="EB01", place="1号楼", item="O04", by=by, at=friday_9am
    )
    with pytest.raises(Refusal, match="不能是“未发现问题”"):
        conclude("clean")
    with pytest.raises(Refusal, match="没当场改正"):
        conclude("corrected")
    assert conclude("problems").conclusion == "problems"


def test_who_refuses_the_inspection_needs_no_items_but_a_note(begun, officers, friday_9am):
    visit, by = begun(), officers.police.actor(friday_9am)
    with pytest.raises(Refusal, match="请写明"):
        checking.conclude_part(visit_id=visit.pk, conclusion="refused", by=by, at=friday_9am)
    part = checking.conclude_part(
        visit_id=visit.pk, conclusion="refused", note="值班员锁门不让进入", by=by, at=friday_9am
    )
    assert part.concluded_at == friday_9am


def test_the_signature_comes_after_the_conclusion_and_closes_the_record(
    begun, officers, answer_all, friday_9am
):
    visit, by = begun(), officers.police.actor(friday_9am)
    picture = SimpleUploadedFile(
        "signature.png", samples.encoded(samples.courtyard(), "PNG"), content_type="image/png"
    )
    with pytest.raises(NotAllowedNow, match="还没有填写检查结论"):
        checking.sign(visit_id=visit.pk, signed_by="钱经理", by=by, at=friday_9am)
    answer_all(visit, friday_9am)
    checking.conclude_part(visit_id=visit.pk, conclusion="clean", by=by, at=friday_9am)
    with pytest.raises(Refusal, match="签字人的姓名"):
        checking.sign(visit_id=visit.pk, signed_by=" ", by=by, at=friday_9am)
    signed = checking.sign(visit_id=visit.pk, signed_by="钱经理", picture=picture, by=by, at=friday_9am)
    assert (signed.signed_by, signed.signature.is_image, signed.met) == ("钱经理", True, "钱经理")
    with pytest.raises(NotAllowedNow, match="已经签字"):
        checking.add_finding(visit_id=visit.pk, class_code="EB01", place="1号楼", by=by, at=friday_9am)
    with pytest.raises(Refusal, match="为什么要修改"):
        checking.withdraw_signature(visit_id=visit.pk, reason="", by=by, at=friday_9am)
    assert (
        checking.withdraw_signature(visit_id=visit.pk, reason="漏写一处", by=by, at=friday_9am).signed_by
        == ""
    )
    checking.add_finding(visit_id=visit.pk, class_code="EB01", place="1号楼", by=by, at=friday_9am)


def test_a_refused_signature_needs_its_reason_and_a_witness_where_one_officer_is_alone(
    begun, officers, answer_all, friday_9am
):
    visit, by = begun(officer_ids=[officers.police.person.pk]), officers.police.actor(friday_9am)
    answer_all(visit, friday_9am)
    checking.conclude_part(visit_id=visit.pk, conclusion="clean", by=by, at=friday_9am)
    with pytest.raises(Refusal, match="拒绝签字的情况"):
        checking.refuse_signature(visit_id=visit.pk, reason="", by=by, at=friday_9am)
    with pytest.raises(Refusal, match="见证人"):
        checking.refuse_signature(visit_id=visit.pk, reason="负责人离开现场", by=by, at=friday_9am)
    done = checking.refuse_signature(
        visit_id=visit.pk, reason="负责人离开现场", witness="楼长周某", by=by, at=friday_9am
    )
    assert (done.refusal, done.witness) == ("负责人离开现场", "楼长周某")
    assert services.finish_visit(visit_id=visit.pk, by=by, at=friday_9am).state == "finished"


# -------------------------------------------------------------------------------------------------------- finishing


def test_a_finished_visit_counts_files_its_hazards_and_moves_what_is_due(
    finished, estate_unit, officers, city, friday_9am
):
    visit = finished({"place": "1号楼1单元", "text": "一楼门厅给电动车充电"})
    part, finding = visit.parts.get(), visit.findings.get()
    day = date(2024, 7, 12)
    assert (visit.state, visit.visited_on, part.visited_on, part.findings_count) == ("finished", day, day, 1)
    assert part.is_old_community and finding.is_old_community and not part.is_high_rise
    assert (finding.found_on, finding.counted, finding.rectified_on) == (day, True, None)
    case = finding.case
    assert (case.class_code, case.channel, case.estate, case.place) == (
        "EB02",
        "field",
        city.estates.huaiyin,
        "1号楼1单元",
    )
    assert case.verified_at is not None and case.evidence.filter(purpose="report").count() == 1
    estate_unit.refresh_from_db()
    assert estate_unit.last_visited_on == day
    duty = Duty.objects.get(unit=estate_unit, agency=officers.police.post.organisation)
    assert (duty.last_on, duty.due_on) == (day, date(2025, 7, 12))
    events = [e.name for e in journal.events_of(visit, finding)]
    assert events[-2:] == ["inspections.finding_confirmed", "inspections.finish"]
    confirmed = journal.events_named(finding, "inspections.finding_confirmed").get()
    assert confirmed.data["company"] == "安邻物业服务有限公司" and confirmed.data["class"] == "EB02"


def test_a_visit_is_not_finished_before_it_is_concluded_and_signed(begun, officers, answer_all, friday_9am):
    visit, by = begun(), officers.police.actor(friday_9am)
    with pytest.raises(NotAllowedNow, match="检查结论"):
        services.finish_visit(visit_id=visit.pk, by=by, at=friday_9am)
    answer_all(visit, friday_9am)
    checking.conclude_part(visit_id=visit.pk, conclusion="clean", by=by, at=friday_9am)
    with pytest.raises(NotAllowedNow, match="还没有签字"):
        services.finish_visit(visit_id=visit.pk, by=by, at=friday_9am)
    checking.sign(visit_id=visit.pk, signed_by="钱经理", by=by, at=friday_9am)
    first = services.finish_visit(visit_id=visit.pk, by=by, at=friday_9am, key="done")
    assert services.finish_visit(visit_id=visit.pk, by=by, at=friday_9am, key="done") == first
    with pytest.raises(NotAllowedNow, match="“已完成”"):
        services.finish_visit(visit_id=visit.pk, by=by, at=friday_9am)


def test_a_hazard_put_right_at_once_is_filed_closed_and_counted(finished):
    visit = finished({"at_once": True, "text": "当场推离楼道"})
    finding = visit.findings.get()
    assert finding.counted and finding.rectified_on == date(2024, 7, 12)
    assert (finding.case.state, finding.case.on_time, finding.case.due_at) == ("closed", True, None)
    assert visit.parts.get().conclusion == "corrected"


def test_a_hazard_of_a_visit_climbs_the_ladder_when_its_term_passes(finished, friday_9am):
    case = finished({}).findings.get().case
    at = friday_9am + timedelta(days=20)
    ladder.climb_all(at=at)
    case.refresh_from_db()
    assert ladder.rung_of(case, at) >= 1


def test_a_finding_follows_its_case_closed_reopened_declined(
    finished, walk, wang, city_supervisor, friday_9am, monday_9am
):
    one, two = finished({}, {}).findings.order_by("pk")
    walk(one.case, "assign", "accept", "submit", "close", at=monday_9am)
    one.refresh_from_db()
    assert one.rectified_on == date(2024, 7, 15)
    cases.take_step(
        case_id=one.case_id,
        act="reopen",
        by=city_supervisor.actor(monday_9am),
        at=monday_9am,
        note="又出现了",
    )
    one.refresh_from_db()
    assert one.rectified_on is None and one.counted
    cases.take_step(
        case_id=two.case_id, act="void", by=wang.actor(monday_9am), at=monday_9am, note="经核实不存在"
    )
    two.refresh_from_db()
    assert not two.counted


def test_two_hazards_folded_into_one_count_once_and_are_put_right_together(
    finished, walk, wang, officers, friday_9am, monday_9am
):

    first, second = finished({}, {}).findings.order_by("pk")
    by = wang.actor(monday_9am)
    cases.merge(into_id=first.case_id, case_id=second.case_id, by=by, at=monday_9am)
    second.refresh_from_db()
    assert not second.counted
    cases.unmerge(case_id=second.case_id, by=by, at=monday_9am, reason="是两处")
    second.refresh_from_db()
    assert second.counted
    cases.merge(into_id=first.case_id, case_id=second.case_id, by=by, at=monday_9am)
    walk(Case.objects.get(pk=first.case_id), "assign", "accept", "submit", "close", at=monday_9am)
    assert set(Finding.objects.values_list("rectified_on", flat=True)) == {date(2024, 7, 15)}
    assert Finding.objects.filter(counted=True).count() == 1


# ---------------------------------------------------------------------------------------------------- joint visits


@pytest.fixture
def joint(estate_unit, officers, city, friday_9am):
    return services.plan_visit(
        unit_id=estate_unit.pk, kind="joint", planned_for=date(2024, 7, 12), agencies=[city.offices.fire.pk],
        campaign="夏季消防联合检查", by=officers.police.actor(friday_9am), at=friday_9am,
    )  # fmt: skip


def test_each_agency_of_a_joint_visit_has_its_own_officers_items_and_conclusion(
    joint, officers, answer_all, friday_9am
):
    police, fire = officers.police.actor(friday_9am), officers.fire.actor(friday_9am)
    services.begin_visit(visit_id=joint.pk, officer_ids=[officers.police.person.pk], by=police, at=friday_9am)
    with pytest.raises(NotAllowedNow, match="登记本单位到场"):
        checking.check_items(visit_id=joint.pk, answers={}, rest="ok", by=fire, at=friday_9am)
    both = [officers.fire.person.pk, officers.fire_second.person.pk]
    services.begin_visit(visit_id=joint.pk, officer_ids=both, by=fire, at=friday_9am)
    answer_all(joint, friday_9am)
    checking.add_finding(visit_id=joint.pk, class_code="FA01", place="东门", by=fire, at=friday_9am)
    checking.conclude_part(visit_id=joint.pk, conclusion="clean", by=police, at=friday_9am)
    with pytest.raises(NotAllowedNow, match="消防救援大队还没有填写"):
        checking.sign(visit_id=joint.pk, signed_by="钱经理", by=police, at=friday_9am)
    answer_all(joint, friday_9am, officers.fire)
    checking.conclude_part(visit_id=joint.pk, conclusion="problems", by=fire, at=friday_9am)
    checking.sign(visit_id=joint.pk, signed_by="钱经理", by=fire, at=friday_9am)
    done = services.finish_visit(visit_id=joint.pk, by=police, at=friday_9am)
    parts = {p.agency_kind: (p.visited_on, p.findings_count, p.conclusion) for p in done.parts.all()}
    day = date(2024, 7, 12)
    assert parts == {"police_station": (day, 0, "clean"), "fire_brigade": (day, 1, "problems")}
    assert done.findings.get().agency_kind == "fire_brigade"


def test_an_agency_that_never_came_is_left_out_once_that_is_confirmed(
    joint, officers, answer_all, friday_9am
):
    police = officers.police.actor(friday_9am)
    services.begin_visit(visit_id=joint.pk, officer_ids=[officers.police.person.pk], by=police, at=friday_9am)
    answer_all(joint, friday_9am)
    checking.conclude_part(visit_id=joint.pk, conclusion="clean", by=police, at=friday_9am)
    checking.sign(visit_id=joint.pk, signed_by="钱经理", by=police, at=friday_9am)
    with pytest.raises(NeedsConfirmation, match="没有到场"):
        services.finish_visit(visit_id=joint.pk, by=police, at=friday_9am)
    done = services.finish_visit(visit_id=joint.pk, by=police, at=friday_9am, absent=True)
    assert [p.agency_kind for p in done.parts.all()] == ["police_station"]


# ------------------------------------------------------------------------------------------------------ seen again


def test_the_same_hazard_at_a_later_visit_is_asked_about_and_linked_not_counted(
    finished, begun, officers, monday_9am
):
    known = finished({"place": "1号楼"}).findings.get()
    visit, by = begun(at=monday_9am), officers.police.actor(monday_9am)
    seen = {"visit_id": visit.pk, "class_code": "EB02", "place": "1号楼", "by": by, "at": monday_9am}
    with pytest.raises(NeedsConfirmation, match="是同一处") as asked:
        checking.add_finding(**seen)
    assert asked.value.data["cases"] == [known.case_id]
    again = checking.add_finding(**seen, same_case_id=known.case_id)
    assert (again.is_new, again.case_id) == (False, known.case_id)
    checking.drop_finding(finding_id=again.pk, by=by, at=monday_9am)
    assert checking.add_finding(**seen, separate=True).is_new
    with pytest.raises(Refusal, match="已经销号"):
        checking.add_finding(**seen | {"place": "9号楼"}, same_case_id=known.case_id + 99)


def recheck(estate_unit, officers, at, follows):
    return services.begin_visit(
        unit_id=estate_unit.pk, kind="recheck", follows_id=follows.pk, officer_ids=[officers.police.person.pk],
        by=officers.police.actor(at), at=at,
    )  # fmt: skip


def test_a_recheck_looks_at_every_open_hazard_closes_and_sends_back_where_it_may(
    finished, estate_unit, officers, walk, photo, monday_9am
):
    follows = finished({"place": "1号楼"}, {"place": "2号楼"})
    one, two = [f.case for f in follows.findings.order_by("pk")]
    for case in (one, two):
        walk(case, "assign", "accept", "submit", at=monday_9am)
        # The station is the one that checks, as where a community has no office.
        Case.objects.filter(pk=case.pk).update(
            desk=officers.police.post.organisation, checker=officers.police.post.organisation
        )
    at, by = monday_9am + timedelta(hours=2), officers.police.actor(monday_9am)
    visit = recheck(estate_unit, officers, at, follows)
    assert visit.parts.get().checklist == "recheck"
    with pytest.raises(Refusal, match="2 项没有填写"):
        checking.conclude_part(visit_id=visit.pk, conclusion="clean", by=by, at=at)
    look = {"visit_id": visit.pk, "by": by, "at": at}
    with pytest.raises(Refusal, match="至少四个字"):
        checking.look_at(**look, case_id=one.pk, result="ok", note="好")
    with pytest.raises(NeedsConfirmation, match="整改前的那张"):
        checking.look_at(
            **look, case_id=one.pk, result="ok", note="充电器已撤走", uploads=[checking.Upload(photo(0).file)]
        )
    checking.look_at(
        **look, case_id=one.pk, result="ok", note="充电器已撤走", uploads=[checking.Upload(photo(77).file)]
    )
    checking.look_at(**look, case_id=two.pk, result="problem", note="仍在充电，插座未拆")
    with pytest.raises(NotFound):
        checking.look_at(**look, case_id=10**6, result="ok", note="充电器已撤走")
    checking.conclude_part(visit_id=visit.pk, conclusion="problems", by=by, at=at)
    checking.sign(visit_id=visit.pk, signed_by="钱经理", by=by, at=at)
    services.finish_visit(visit_id=visit.pk, by=by, at=at)
    states = dict(Case.objects.values_list("pk", "state"))
    assert states == {one.pk: "closed", two.pk: "fixing"}
    assert Finding.objects.get(case=one).rectified_on == date(2024, 7, 15)
    again = visit.findings.get()
    assert (again.case_id, again.is_new, again.counted) == (two.pk, False, False)
    assert visit.parts.get().findings_count == 0
    assert Finding.objects.filter(counted=True).count() == 2


@pytest.mark.parametrize("steps", [(), ("assign", "accept"), ("assign", "accept", "submit")])
def test_what_a_station_found_and_finds_put_right_is_closed_on_whosever_desk_it_lies(
    finished, estate_unit, officers, walk, photo, monday_9am, steps
):
    follows = finished({"place": "1号楼"})
    case = follows.findings.get().case
    walk(case, *steps, at=monday_9am)
    at = monday_9am + timedelta(hours=2)
    visit, by = recheck(estate_unit, officers, at, follows), officers.police.actor(at)
    checking.look_at(
        visit_id=visit.pk, case_id=case.pk, result="ok", note="充电器已撤走", by=by, at=at,
        uploads=[checking.Upload(photo(78).file)],
    )  # fmt: skip
    checking.conclude_part(visit_id=visit.pk, conclusion="clean", by=by, at=at)
    checking.sign(visit_id=visit.pk, signed_by="钱经理", by=by, at=at)
    services.finish_visit(visit_id=visit.pk, by=by, at=at)
    case.refresh_from_db()
    assert (case.state, case.desk, case.closed_at, case.on_time) == ("closed", None, at, True)
    assert "充电器已撤走" in case.closing_text
    assert not case.clocks.filter(stopped_at__isnull=True).exists()
    assert case.evidence.filter(purpose="recheck").exists()
    assert Finding.objects.get(case=case).rectified_on == date(2024, 7, 15)


def test_a_recheck_leaves_a_case_alone_that_others_found(finished, estate_unit, officers, monday_9am):
    follows = finished({"place": "1号楼"})
    case = follows.findings.get().case
    Finding.objects.filter(case=case).update(agency=officers.fire.post.organisation)
    visit, by = recheck(estate_unit, officers, monday_9am, follows), officers.police.actor(monday_9am)
    checking.look_at(
        visit_id=visit.pk, case_id=case.pk, result="ok", note="充电器已撤走", by=by, at=monday_9am
    )
    checking.conclude_part(visit_id=visit.pk, conclusion="clean", by=by, at=monday_9am)
    checking.sign(visit_id=visit.pk, signed_by="钱经理", by=by, at=monday_9am)
    services.finish_visit(visit_id=visit.pk, by=by, at=monday_9am)
    case.refresh_from_db()
    assert case.state == "reported"


def test_who_asks_to_be_looked_at_again_is_within_three_workdays(finished, officers, friday_9am):
    visit, by = finished({}), officers.police.actor(friday_9am)
    planned = services.ask_recheck(visit_id=visit.pk, by=by, at=friday_9am, note="单位来电称已整改", key="r")
    assert (planned.kind, planned.follows, planned.planned_for) == ("recheck", visit, date(2024, 7, 17))
    assert (
        services.ask_recheck(visit_id=visit.pk, by=by, at=friday_9am, note="单位来电称已整改", key="r")
        == planned
    )
    with pytest.raises(NotAllowedNow, match="已经安排了复查"):
        services.ask_recheck(visit_id=visit.pk, by=by, at=friday_9am)


def test_a_recheck_is_refused_too_late_and_where_nothing_is_open(finished, officers, friday_9am):
    by = officers.police.actor(friday_9am)
    visit = finished({})
    with pytest.raises(Refusal, match="2024-07-17 前"):
        services.ask_recheck(visit_id=visit.pk, by=by, at=friday_9am, planned_for=date(2024, 7, 18))
    Finding.objects.update(counted=False)
    with pytest.raises(NotAllowedNow, match="没有待整改"):
        services.ask_recheck(visit_id=visit.pk, by=by, at=friday_9am)


# --------------------------------------------------------------------------------------------------------- voiding


def test_a_voided_visit_counts_no_longer_and_what_is_due_is_as_before(
    finished, estate_unit, officers, friday_9am, monday_9am
):
    first = finished({})
    second = finished(at=monday_9am)
    assert second.parts.get().previous_on == date(2024, 7, 12)
    by = officers.police.actor(monday_9am)
    with pytest.raises(Refusal, match="作废的理由"):
        services.void_visit(visit_id=first.pk, reason=" ", by=by, at=monday_9am)
    services.void_visit(visit_id=first.pk, reason="录错对象", by=by, at=monday_9am)
    assert second.parts.get().previous_on is None
    assert (first.parts.get().visited_on, first.findings.get().counted) == (None, False)
    services.void_visit(visit_id=second.pk, reason="录错对象", by=by, at=monday_9am)
    estate_unit.refresh_from_db()
    assert estate_unit.last_visited_on is None
    assert Duty.objects.get(unit=estate_unit, agency=officers.police.post.organisation).last_on is None
    with pytest.raises(NotAllowedNow):
        services.void_visit(visit_id=second.pk, reason="再来一次", by=by, at=monday_9am)


def test_a_visit_is_voided_by_its_leading_agency_only(finished, officers, wang, outsider, friday_9am):
    visit = finished()
    with pytest.raises(NotPermitted):
        services.void_visit(visit_id=visit.pk, reason="不对", by=wang.actor(friday_9am), at=friday_9am)
    with pytest.raises(NotFound):
        services.void_visit(visit_id=visit.pk, reason="不对", by=outsider.actor(friday_9am), at=friday_9am)


def test_an_open_visit_is_dropped_and_nothing_is_filed(begun, officers, friday_9am):
    visit, by = begun(), officers.police.actor(friday_9am)
    checking.add_finding(visit_id=visit.pk, class_code="EB01", place="1号楼", by=by, at=friday_9am)
    assert services.void_visit(visit_id=visit.pk, reason="走错小区", by=by, at=friday_9am).state == "void"
    assert not Case.objects.exists() and not VisitPart.objects.filter(visited_on__isnull=False).exists()
    begun()


# -------------------------------------------------------------------------------------------------- the day before


def test_the_day_before_agrees_with_brute_force_however_visits_come_in(finished, friday_9am):
    import random

    days = [friday_9am + timedelta(days=n) for n in (0, 9, 3, 3, -20, 5, 1)]
    for at in days:
        finished(at=at)
    assert_days_are_right()
    numbers = random.Random(7)
    parts = list(VisitPart.objects.filter(visited_on__isnull=False))
    VisitPart.objects.update(previous_on=None)
    for part in numbers.sample(parts, 3):
        part.visited_on, part.previous_on = None, None
        part.save()
    assert counting.renumber_previous([parts[0].unit_id]) > 0
    assert_days_are_right()
    assert counting.renumber_previous([parts[0].unit_id]) == 0


def assert_days_are_right():
    parts = VisitPart.objects.filter(visited_on__isnull=False)
    for part in parts:
        before = [
            p.visited_on
            for p in parts
            if (p.unit_id, p.agency_kind) == (part.unit_id, part.agency_kind)
            and (p.visited_on, p.pk) < (part.visited_on, part.pk)
        ]
        assert part.previous_on == max(before, default=None), part.pk


def test_closing_a_case_never_reads_the_whole_table_of_cases(db):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        asked = {"ids": [1], "zone": "Asia/Shanghai"}
        cursor.execute(f"EXPLAIN {counting._RECOUNT}", asked)
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Seq Scan on cases_case" not in plan
    assert "Seq Scan on inspections_" not in plan


def test_a_hazard_of_a_shop_is_its_own_supervised_by_its_agency_and_needs_nobody_to_verify_it(
    finished, city, friday_9am
):
    shop = register.add_unit(
        kind="small_shop", name="河滨便利店（演示）", area=city.areas.hebin, by=SYSTEM, at=friday_9am
    )
    case = finished({}, unit_id=shop.pk).findings.get().case
    assert (case.unit_id, case.unit_kind, case.routing_rule) == (shop.pk, "small_shop", "unit-responsible")
    assert case.handler == shop.agency == city.offices.police
    assert case.checker.kind == "street_office"
    # Whoever found it was there.
    assert case.verified_at == case.reported_at and case.verify_by is None
    assert not case.clocks.filter(kind="verify").exists()
    told = [str(story.told(event)["title"]) for event in journal.events_of(case)]
    assert told == ["上报（现场发现，无需另行核实）"]


def test_a_hazard_at_the_premises_of_an_organisation_that_is_known_is_its_own_and_its_agency_checks(
    finished, city
):
    premises = Unit.objects.filter(kind="residents_committee", agency=city.offices.police).first()
    case = finished({}, unit_id=premises.pk).findings.get().case
    assert case.routing_rule == "unit-itself"
    assert (case.handler, case.checker) == (premises.organisation, city.offices.police)
