"""Examples of the verbs of a visit: each on a visit of its own, of an estate where nobody else inspects just then."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

from tests.cast import BUILT_AT, SINCE, Builder
from tests.verbs import Example, World, example

from anju.duties.cases.models import Evidence
from anju.duties.inspections.models import Finding, Unit, Visit
from anju.duties.inspections.services import checking, visits
from anju.ground.foundation import files
from anju.ground.foundation.models import StoredFile
from anju.ground.foundation.tests import samples
from anju.ground.organisations import services as organisations
from anju.ground.organisations.models import Person

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
    """Begin a visit of 槐荫小区, once the one that is still open there is dropped."""
    by, officers = station(world)
    unit = Unit.objects.get(kind="estate", estate=world.city.estates.huaiyin)
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
    return replace(by, powers={**by.powers, "inspections.plan": by.powers["inspections.record"]})


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
