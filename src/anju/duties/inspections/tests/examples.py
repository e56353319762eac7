"""Examples of the verbs of visits, units and suggested pairs, each on records of its own."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

from procrastinate.contrib.django.models import ProcrastinateJob
from tests.cast import BUILT_AT, SINCE, Builder
from tests.verbs import Example, World, example

from anju.duties.cases.models import Case, Evidence
from anju.duties.inspections.models import Duty, Finding, Unit, UnitMatch, Visit
from anju.duties.inspections.services import checking, register, visits
from anju.ground.foundation import files
from anju.ground.foundation.models import StoredFile
from anju.ground.foundation.tests import samples
from anju.ground.organisations import services as organisations
from anju.ground.organisations.models import Organisation, Person

_numbers = count(1)


def station(world: World) -> tuple[Any, list[int]]:
    """Return an officer of the station, and the two who come, with their badges."""
    first = world.member("police_officer").person
    Person.objects.filter(pk=first.pk).update(badge_number="JC0001")
    second = Person.objects.filter(name="高演远").first() or organisations.create_person(
        name="高演远", phone="13800000001", badge_number="JC0002", is_demo=True, by=Builder(), at=BUILT_AT
    )
    if not second.posts.exists():
        organisations.hold_post(
            person=second, organisation=world.city.offices.police, role="police_officer", title="",
            valid_from=SINCE, by=Builder(), at=BUILT_AT,
        )  # fmt: skip
    return world.actor("police_officer"), [first.pk, second.pk]


def begun(world: World, **more: Any) -> tuple[Any, Visit]:
    """Begin a visit of 槐荫小区 (or of another unit), once the one that is still open there is dropped."""
    by, officers = station(world)
    unit = more.pop("unit", None) or Unit.objects.get(kind="estate", estate=world.city.estates.huaiyin)
    for other in Visit.objects.filter(unit=unit, state="open", agency=world.city.offices.police):
        visits.void_visit(visit_id=other.pk, reason="未能检查", by=by, at=world.now)
    visit = visits.begin_visit(unit_id=unit.pk, officer_ids=officers, by=by, at=world.now, **more)
    return by, visit


def picture(world: World) -> StoredFile:
    """Keep a picture that no other example shows; kept beforehand, it is read by no two requests at once."""
    return files.store_upload(samples.upload(samples.photo(seed=7000 + next(_numbers))), at=world.now)


def found(world: World, visit: Visit, by: Any) -> Finding:
    """Find a hazard at a visit, at a place of its own."""
    made: Finding = checking.add_finding(
        visit_id=visit.pk, class_code="EB02", place=f"{visit.pk}号楼", uploads=[checking.Upload(picture(world))], by=by,
        at=world.now,
    )  # fmt: skip
    return made


def checked(world: World) -> tuple[Any, Visit]:
    """Begin a visit and answer every item: one problem is found."""
    by, visit = begun(world)
    found(world, visit, by)
    checking.check_items(visit_id=visit.pk, answers={}, rest="ok", by=by, at=world.now)
    return by, visit


def concluded(world: World) -> tuple[Any, Visit]:
    """Conclude a visit, so that it can be signed."""
    by, visit = checked(world)
    checking.conclude_part(visit_id=visit.pk, conclusion="problems", by=by, at=world.now)
    return by, visit


def signed(world: World) -> tuple[Any, Visit]:
    """Have a visit signed."""
    by, visit = concluded(world)
    checking.sign(visit_id=visit.pk, signed_by="钱经理", by=by, at=world.now)
    return by, visit


def finished(world: World) -> tuple[Any, Visit]:
    """Finish a visit with one hazard."""
    by, visit = signed(world)
    return by, visits.finish_visit(visit_id=visit.pk, by=by, at=world.now)


def on(
    made: Callable[[World], tuple[Any, Visit]], world: World, other: dict[str, Any], **given: Any
) -> Example:
    by, visit = made(world)
    return Example(by, {"visit_id": visit.pk, **given}, other=other)


def head(world: World) -> Any:
    """Return an officer of the station who may plan."""
    by, _officers = station(world)
    return replace(
        by, powers={**by.powers, "inspections.plan": by.powers["inspections.record"]}, held_in=None
    )


def planned(world: World, *agencies: int) -> Visit:
    """Plan a visit of 槐荫小区."""
    unit = Unit.objects.get(kind="estate", estate=world.city.estates.huaiyin)
    made: Visit = visits.plan_visit(
        unit_id=unit.pk, kind="joint" if agencies else "daily", planned_for=world.now.date() + timedelta(days=2),
        agencies=agencies, by=head(world), at=world.now,
    )  # fmt: skip
    return made


@example("inspections.plan")
def plan(world: World) -> Example:
    unit = Unit.objects.get(kind="estate", estate=world.city.estates.huaiyin)
    given = {"unit_id": unit.pk, "kind": "daily", "planned_for": world.now.date() + timedelta(days=2)}
    return Example(head(world), given, other={"note": "请先联系物业"})


@example("inspections.start")
def start(world: World) -> Example:
    by, before = begun(world)
    visits.cancel(visit_id=before.pk, reason="未能检查", by=by, at=world.now)
    given = {"unit_id": before.unit_id, "officer_ids": station(world)[1]}
    return Example(by, given, other={"met": "钱经理"})


@example("inspections.begin")
def begin(world: World) -> Example:
    by, officers = station(world)
    return Example(by, {"visit_id": planned(world).pk, "officer_ids": officers}, other={"met": "钱经理"})


@example("inspections.finish")
def finish(world: World) -> Example:
    return on(signed, world, {"channel": "staff"})


def shop(world: World, **told: Any) -> Unit:
    """Enter a shop in 槐荫社区, under a name and at an address of its own."""
    number = next(_numbers)
    facts = {"kind": "small_shop", "name": f"{number}号烟酒店", "address": f"演示路{number}号"} | told
    made: Unit = register.add_unit(area=world.city.areas.huaiyin, by=keeper(world), at=world.now, **facts)
    return made


def signed_in_a_shop(world: World, *, found_there: bool = False) -> tuple[Any, Visit]:
    """Have a visit of a shop signed, where nobody has inspected before."""
    by, visit = begun(world, unit=shop(world))
    one = {"visit_id": visit.pk, "by": by, "at": world.now}
    if found_there:
        found(world, visit, by)
    checking.check_items(**one, answers={}, rest="ok")
    checking.conclude_part(**one, conclusion="problems" if found_there else "clean")
    checking.sign(**one, signed_by="钱经理")
    return by, visit


def holding(shown: tuple[Any, Visit], holds: Callable[[], bool]) -> Example:
    by, visit = shown
    return Example(by, {"visit_id": visit.pk}, holds=holds)


@example("inspections.finish", effect="file_hazards")
def finish_files(world: World) -> Example:
    by, visit = signed_in_a_shop(world, found_there=True)
    return holding((by, visit), lambda: visit.findings.filter(case__isnull=False, counted=True).exists())


@example("inspections.finish", effect="meet_duties")
def finish_meets(world: World) -> Example:
    by, visit = signed_in_a_shop(world)
    return holding((by, visit), lambda: Duty.objects.filter(unit=visit.unit, last_on__isnull=False).exists())


@example("inspections.finish", effect="print_later")
def finish_prints(world: World) -> Example:
    by, visit = signed_in_a_shop(world)
    jobs = ProcrastinateJob.objects.filter(task_name="inspections.issue_record", args={"visit_id": visit.pk})
    return holding((by, visit), jobs.exists)


@example("inspections.finish", effect="answer_rechecks")
def finish_answers(world: World) -> Example:
    by, before = signed_in_a_shop(world, found_there=True)
    visits.finish_visit(visit_id=before.pk, by=by, at=world.now)
    case_id = before.findings.get().case_id
    by, visit = begun(world, unit=before.unit, kind="recheck", follows_id=before.pk)
    one = {"visit_id": visit.pk, "by": by, "at": world.now}
    seen = [checking.Upload(picture(world))]
    checking.look_at(**one, case_id=case_id, result="ok", note="充电器已经撤走", uploads=seen)
    checking.conclude_part(**one, conclusion="clean")
    checking.sign(**one, signed_by="钱经理")
    return holding((by, visit), Case.objects.filter(pk=case_id, state="closed").exists)


@example("inspections.print_record")
def print_record(world: World) -> Example:
    Organisation.objects.filter(pk=world.city.offices.police.pk).update(document_code="槐派")
    by, visit = finished(world)
    return Example(by, {"visit_id": visit.pk})


@example("inspections.finish", doubt="absent")
def finish_without_the_others(world: World) -> Example:
    by, officers = station(world)
    visit = planned(world, world.city.offices.police.pk, world.city.offices.fire.pk)
    one = {"visit_id": visit.pk, "by": by, "at": world.now}
    visits.begin_visit(**one, officer_ids=officers)
    checking.check_items(**one, answers={}, rest="ok")
    checking.conclude_part(**one, conclusion="clean")
    checking.sign(**one, signed_by="钱经理")
    return Example(by, {"visit_id": visit.pk})


@example("inspections.ask_recheck")
def ask_recheck(world: World) -> Example:
    return on(finished, world, {"note": "物业来电"}, note="单位来电称已整改")


@example("inspections.check")
def check(world: World) -> Example:
    return on(begun, world, {"rest": "not_applicable"}, answers={}, rest="ok")


@example("inspections.find")
def find(world: World) -> Example:
    by, visit = begun(world)
    given = {"visit_id": visit.pk, "class_code": "EB02", "place": f"{visit.pk}号楼西侧"}
    return Example(
        by, given | {"uploads": [checking.Upload(picture(world))]}, other={"place": "别处"}, files="uploads"
    )


@example("inspections.find", doubt="known_hazard")
def find_again(world: World) -> Example:
    _by, before = finished(world)
    by, visit = begun(world)
    given = {"visit_id": visit.pk, "class_code": "EB02", "place": before.findings.get().place}
    return Example(by, given, other={"separate": True})


@example("inspections.drop")
def drop(world: World) -> Example:
    by, visit = begun(world)
    given = {"visit_id": visit.pk, "finding_id": found(world, visit, by).pk}
    return Example(by, given, other={"reason": "写错了"})


@example("inspections.look")
def look(world: World) -> Example:
    _by, before = finished(world)
    by, visit = begun(world, kind="recheck", follows_id=before.pk)
    given = {
        "visit_id": visit.pk, "case_id": before.findings.get().case_id, "result": "ok", "note": "充电器已经撤走",
        "uploads": [checking.Upload(picture(world))],
    }  # fmt: skip
    return Example(by, given, other={"note": "线路已经拆除"}, files="uploads")


@example("inspections.look", doubt="same_photo")
def look_at_the_same_photo(world: World) -> Example:
    shown = look(world)
    photo = Evidence.objects.filter(case_id=shown.given["case_id"], purpose="report").latest("pk").file
    given = shown.given | {"uploads": [checking.Upload(photo)]}
    return replace(shown, given=given, files="")


@example("inspections.conclude")
def conclude(world: World) -> Example:
    return on(checked, world, {"note": "另有说明"}, conclusion="problems", note="楼道充电")


@example("inspections.sign")
def sign(world: World) -> Example:
    by, visit = concluded(world)
    given = {"visit_id": visit.pk, "signed_by": "钱经理", "picture": picture(world)}
    return Example(by, given, other={"signed_by": "孙经理"}, files="picture")


@example("inspections.sign", doubt="not_drawn")
def sign_by_name(world: World) -> Example:
    return on(concluded, world, {"signed_by": "孙经理"}, signed_by="钱经理", typed=False)


@example("inspections.refuse_signature")
def refuse_signature(world: World) -> Example:
    return on(concluded, world, {"reason": "无人签字"}, reason="不同意检查结论", witness="孙悦")


@example("inspections.withdraw_signature")
def withdraw_signature(world: World) -> Example:
    return on(signed, world, {"reason": "日期写错了"}, reason="位置写错了")


@example("inspections.cancel")
def cancel(world: World) -> Example:
    return on(begun, world, {"reason": "单位不在"}, reason="走错小区")


@example("inspections.void")
def void(world: World) -> Example:
    _by, visit = finished(world)
    return Example(head(world), {"visit_id": visit.pk, "reason": "录错对象"}, other={"reason": "录错日期"})


@example("inspections.void", effect="owe_again")
def void_owes(world: World) -> Example:
    by, visit = signed_in_a_shop(world)
    visits.finish_visit(visit_id=visit.pk, by=by, at=world.now)
    owed = Duty.objects.filter(unit=visit.unit, last_on__isnull=True)
    return Example(head(world), {"visit_id": visit.pk, "reason": "录错对象"}, holds=owed.exists)


# ---------------------------------------------------------------------------------------------------- the register


def keeper(world: World) -> Any:
    """Return somebody who keeps the register of 槐荫社区."""
    return world.actor("street_officer")


def new_shop(world: World, **told: Any) -> dict[str, Any]:
    """Say what entering a shop takes."""
    number = next(_numbers)
    return {"kind": "small_shop", "name": f"{number}号水果店", "area": world.city.areas.huaiyin} | told


@example("inspections.add_unit")
def add_unit(world: World) -> Example:
    return Example(keeper(world), new_shop(world), other={"address": "演示路9号"})


@example("inspections.add_unit", effect="settle")
def add_unit_owed(world: World) -> Example:
    given = new_shop(world)
    return Example(keeper(world), given, holds=Duty.objects.filter(unit__name=given["name"]).exists)


@example("inspections.add_unit", effect="suggest")
def add_unit_suggested(world: World) -> Example:
    known = shop(world)
    given = new_shop(world, name=f"{known.name}铺", address=known.address)
    return Example(keeper(world), given, holds=UnitMatch.objects.filter(unit=known).exists)


@example("inspections.add_unit", doubt="same_name")
def add_unit_of_the_same_name(world: World) -> Example:
    return Example(keeper(world), new_shop(world, name=shop(world).name))


@example("inspections.add_unit", doubt="odd_code")
def add_unit_with_an_odd_code(world: World) -> Example:
    return Example(keeper(world), new_shop(world, uscc="91410000170001401X"))


def on_shop(world: World, **given: Any) -> Example:
    unit = shop(world)
    return Example(keeper(world), {"unit_id": unit.pk, **given})


@example("inspections.edit_unit")
def edit_unit(world: World) -> Example:
    return replace(
        on_shop(world, changes={"phone": "0373-0000001"}), other={"changes": {"phone": "0373-0000002"}}
    )


@example("inspections.edit_unit", doubt="odd_code")
def edit_unit_with_an_odd_code(world: World) -> Example:
    return on_shop(world, changes={"uscc": "91410000170001401X"})


@example("inspections.edit_unit", effect="settle")
def edit_unit_kind(world: World) -> Example:
    return now_of_the_fire_agency(world, on_shop(world, kind="key_fire_unit"))


def now_of_the_fire_agency(world: World, shown: Example) -> Example:
    own = Unit.objects.filter(pk=shown.given["unit_id"], agency=world.city.offices.fire)
    return replace(shown, holds=own.exists)


@example("inspections.flag_unit")
def flag_unit(world: World) -> Example:
    return replace(on_shop(world, flag="focus"), other={"basis": "名单"})


@example("inspections.flag_unit", effect="settle")
def flag_unit_of_the_fire_agency(world: World) -> Example:
    return now_of_the_fire_agency(world, on_shop(world, flag="key_fire_unit"))


def flagged(world: World, flag: str) -> Example:
    shown = on_shop(world, flag=flag)
    register.flag_unit(**shown.given, by=shown.by, at=world.now)
    return shown


@example("inspections.unflag_unit")
def unflag_unit(world: World) -> Example:
    return replace(flagged(world, "focus"), other={"basis": "名单"})


@example("inspections.unflag_unit", effect="settle")
def unflag_unit_of_the_fire_agency(world: World) -> Example:
    shown = flagged(world, "key_fire_unit")
    own = Unit.objects.filter(pk=shown.given["unit_id"], agency=world.city.offices.police)
    return replace(shown, holds=own.exists)


@example("inspections.end_unit")
def end_unit(world: World) -> Example:
    return replace(on_shop(world, reason="关闭"), other={"reason": "搬迁"})


@example("inspections.end_unit", effect="owe_nothing")
def end_unit_owed_nothing(world: World) -> Example:
    return owed_nothing(on_shop(world, reason="关闭"), "unit_id")


def owed_nothing(shown: Example, param: str) -> Example:
    owed = Duty.objects.filter(unit=shown.given[param], active=True)
    return replace(shown, holds=lambda: not owed.exists())


def two_shops(world: World) -> Example:
    """Say what joining two shops takes; for the one that goes a visit is planned."""
    keep, gone = shop(world), shop(world)
    visits.plan_visit(
        unit_id=gone.pk, kind="daily", planned_for=world.now.date() + timedelta(days=2), by=head(world), at=world.now
    )  # fmt: skip
    return Example(keeper(world), {"keep_id": keep.pk, "gone_id": gone.pk, "reason": "现场核对"})


@example("inspections.merge_units")
def merge_units(world: World) -> Example:
    return replace(two_shops(world), other={"reason": "电话相同"})


@example("inspections.merge_units", effect="move_rows")
def merge_units_moves(world: World) -> Example:
    shown = two_shops(world)
    return replace(shown, holds=Visit.objects.filter(unit=shown.given["keep_id"]).exists)


@example("inspections.merge_units", effect="owe_nothing")
def merge_units_owes_nothing(world: World) -> Example:
    return owed_nothing(two_shops(world), "gone_id")


@example("inspections.separate_units")
def separate_units(world: World) -> Example:
    shown = two_shops(world)
    register.merge_units(**shown.given, by=shown.by, at=world.now)
    return Example(
        shown.by, {"gone_id": shown.given["gone_id"], "reason": "两家"}, other={"reason": "两个门"}
    )


@example("inspections.separate_units", effect="move_back")
def separate_units_moves_back(world: World) -> Example:
    shown = separate_units(world)
    return replace(shown, holds=Visit.objects.filter(unit=shown.given["gone_id"]).exists)


def pair(world: World) -> UnitMatch:
    """Suggest that two shops are one."""
    unit, other = shop(world), shop(world)
    made: UnitMatch = UnitMatch.objects.create(
        unit=unit, other=other, score=0.9, reasons=["name"], suggested_at=world.now, county_id=unit.county_id
    )
    return made


@example("inspections.confirm_match")
def confirm_match(world: World) -> Example:
    match = pair(world)
    return Example(
        keeper(world), {"match_id": match.pk, "keep_id": match.unit_id}, other={"note": "现场核对"}
    )


@example("inspections.confirm_match", effect="join")
def confirm_match_joins(world: World) -> Example:
    shown = confirm_match(world)
    joined = Unit.objects.filter(merged_into=shown.given["keep_id"])
    return replace(shown, holds=joined.exists)


@example("inspections.reject_match")
def reject_match(world: World) -> Example:
    return Example(keeper(world), {"match_id": pair(world).pk}, other={"note": "两家"})
