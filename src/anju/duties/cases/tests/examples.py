"""Examples of the verbs of a case: each with a case of its own in 槐荫小区, walked to where the verb is possible."""

from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

from tests.verbs import Example, World, example

from anju.duties.cases import services
from anju.duties.cases.models import Case, Report, SavedView, TermRequest
from anju.ground.access.actors import PUBLIC
from anju.ground.foundation import files, notices
from anju.ground.foundation.models import StoredFile
from anju.ground.foundation.tests import samples
from anju.ground.territory.models import Area

_numbers = count(1)
DONE = "当日下午到现场剪断铁链并拆除门锁，出口可以推开"
NOTES = {"submit": DONE, "close": DONE, "return_back": "不属于本公司服务区域"}
WHO = {
    "assign": "street_officer", "accept": "company_clerk", "return_back": "company_clerk",
    "submit": "company_clerk", "close": "community_manager",
}  # fmt: skip


def photo(world: World) -> StoredFile:
    """Keep a photo that no other example shows; kept beforehand, it is read by no two requests at once."""
    picture = samples.upload(samples.photo(seed=5000 + next(_numbers)))
    return files.store_upload(picture, at=world.now)


def told(world: World, **more: Any) -> dict[str, Any]:
    """Say what a resident reports, each from another telephone."""
    number = next(_numbers)
    reporter = services.Reporter(name="韩梅", phone=f"138{number:08d}", origin=f"198.51.100.{number}")
    return {
        "kind": "hazard", "class_code": "EG02", "text": f"二单元一楼安全出口被铁链锁住，第{number}处", "place": "3号楼",
        "channel": "portal", "estate": world.city.estates.huaiyin, "reporter": reporter,
    } | more  # fmt: skip


def filed(world: World, *acts: str, **more: Any) -> Case:
    """Report a case and take it through acts, each by whoever is in turn."""
    case: Case = services.report(**told(world, **more), by=PUBLIC, at=world.now)
    for act in acts:
        case = services.take_step(
            case_id=case.pk, act=act, by=world.actor(WHO[act]), at=world.now, note=NOTES.get(act, ""),
            uploads=[photo(world)] if act == "submit" else [],
        )  # fmt: skip
    return case


def acted(world: World, who: str, case: Case, **given: Any) -> Example:
    """Act on a case."""
    return Example(
        world.actor(who),
        {"case_id": case.pk, **given},
        other={"note": "另一段完全不同的说明文字，写明别的事"},
    )


def answered(case: Case) -> bool:
    """Say whether the reporter has an answer."""
    return Report.objects.get(case=case).replied_at is not None


def noticed(case: Case, kind: str) -> bool:
    """Say whether a notice about a case was laid on a desk."""
    return notices.about(case).filter(kind=kind).exists()


@example("cases.report")
def report(world: World) -> Example:
    given = told(world, uploads=[services.Upload(photo(world))])
    return Example(PUBLIC, given, other={"text": "完全是另一件事情"}, files="uploads")


@example("cases.report", follows="escalate")
def report_where_nobody_dispatches(world: World) -> Example:
    area = Area.objects.create(name="演示新区", level=Area.Level.CITY, path="演示新区")  # no office yet
    return Example(PUBLIC, told(world, estate=None, area=area))


@example("cases.assign")
def assign(world: World) -> Example:
    return replace(
        acted(world, "street_officer", filed(world), note="请尽快"),
        other={"handler_id": world.city.offices.urban_management.pk},
    )


@example("cases.assign", doubt="returned")
def assign_to_who_returned_it(world: World) -> Example:
    return acted(world, "street_officer", filed(world, "assign", "return_back"))


@example("cases.void")
def void(world: World) -> Example:
    return acted(world, "street_officer", filed(world), note="经现场核实，位置不存在")


@example("cases.void", effect="answer")
def void_answers(world: World) -> Example:
    case = filed(world)
    return replace(acted(world, "street_officer", case, note="位置不存在"), holds=lambda: answered(case))


@example("cases.accept")
def accept(world: World) -> Example:
    return acted(world, "company_clerk", filed(world, "assign"))


@example("cases.return_back")
def return_back(world: World) -> Example:
    return acted(world, "company_clerk", filed(world, "assign"), note="不属于本公司服务区域")


@example("cases.return_back", effect="tell_above")
def return_back_once_more(world: World) -> Example:
    case = filed(world, "assign", "return_back")
    services.assign(case_id=case.pk, note="仍由你们办", by=world.actor("street_officer"), at=world.now)
    return replace(
        acted(world, "company_clerk", case, note="确实不归我们"), holds=lambda: noticed(case, "returned")
    )


@example("cases.submit")
def submit(world: World) -> Example:
    case = filed(world, "assign", "accept")
    return replace(acted(world, "company_clerk", case, note=DONE, uploads=[photo(world)]), files="uploads")


@example("cases.submit", doubt="says_nothing")
def submit_saying_nothing(world: World) -> Example:
    return acted(
        world, "company_clerk", filed(world, "assign", "accept"), note="已整改", uploads=[photo(world)]
    )


@example("cases.submit", doubt="same_photo")
def submit_the_photo_of_the_hazard(world: World) -> Example:
    shown = photo(world)
    case = filed(world, "assign", "accept", uploads=[shown])
    return acted(world, "company_clerk", case, note=DONE, uploads=[shown])


@example("cases.close")
def close(world: World) -> Example:
    case = filed(world, "assign", "accept", "submit")
    return replace(
        acted(world, "community_manager", case, note=DONE, uploads=[photo(world)]), files="uploads"
    )


@example("cases.close", doubt="says_nothing")
def close_saying_nothing(world: World) -> Example:
    return acted(world, "community_manager", filed(world, "assign", "accept", "submit"), note="情况属实")


@example("cases.close", doubt="same_photo")
def close_with_the_photo_of_the_hazard(world: World) -> Example:
    shown = photo(world)
    case = filed(world, "assign", "accept", "submit", uploads=[shown])
    # That it is the same one is doubted at once, and asks for a word as any doubted photo does.
    said = "照片是同一张，已到场看过"
    return acted(world, "community_manager", case, note=DONE, uploads=[shown], about_photos=said)


@example("cases.close", doubt="doubted_photos")
def close_over_a_doubted_photo(world: World) -> Example:
    far = samples.upload(samples.photo(seed=5000 + next(_numbers), point=(113.80, 35.45)))
    case = filed(world, "assign", "accept", "submit", uploads=[files.store_upload(far, at=world.now)])
    shown = acted(world, "community_manager", case, note=DONE)
    return replace(shown, other={"about_photos": "到场核对过，照片里的门就是这一扇"})


@example("cases.close", effect="answer")
def close_answers(world: World) -> Example:
    case = filed(world, "assign", "accept", "submit")
    return replace(acted(world, "community_manager", case, note=DONE), holds=lambda: answered(case))


@example("cases.send_back")
def send_back(world: World) -> Example:
    case = filed(world, "assign", "accept", "submit")
    shown = acted(world, "community_manager", case, note="北侧还锁着", uploads=[photo(world)])
    return replace(shown, files="uploads")


@example("cases.send_back", doubt="same_photo")
def send_back_with_the_photo_of_the_hazard(world: World) -> Example:
    shown = photo(world)
    case = filed(world, "assign", "accept", "submit", uploads=[shown])
    return acted(world, "community_manager", case, note="还是原样", uploads=[shown])


@example("cases.reopen")
def reopen(world: World) -> Example:
    case = filed(world, "assign", "accept", "submit", "close")
    return acted(world, "county_supervisor", case, note="抽查发现又锁上了")


@example("cases.reopen", effect="answer_anew")
def reopen_owes_an_answer(world: World) -> Example:
    case = filed(world, "assign", "accept", "submit", "close")
    shown = acted(world, "county_supervisor", case, note="抽查发现又锁上了")
    return replace(shown, holds=lambda: not answered(case))


@example("cases.verify")
def verify(world: World) -> Example:
    shown = acted(world, "community_manager", filed(world), note="看到铁链", uploads=[photo(world)])
    return replace(shown, files="uploads")


@example("cases.close_on_spot")
def close_on_spot(world: World) -> Example:
    return acted(world, "community_manager", filed(world), note="当场改正")


@example("cases.close_on_spot", effect="answer")
def close_on_spot_answers(world: World) -> Example:
    case = filed(world)
    return replace(acted(world, "community_manager", case, note="当场改正"), holds=lambda: answered(case))


@example("cases.close_at_recheck")
def close_at_recheck(world: World) -> Example:
    return acted(world, "community_manager", filed(world, "assign", "accept"), note="复查已改正")


@example("cases.close_at_recheck", effect="answer")
def close_at_recheck_answers(world: World) -> Example:
    case = filed(world, "assign", "accept")
    return replace(acted(world, "community_manager", case, note="复查已改正"), holds=lambda: answered(case))


def asked(world: World, kind: str = "extend") -> TermRequest:
    """Let the company ask for more time."""
    made: TermRequest = services.ask_term(
        case_id=filed(world, "assign", "accept").pk, kind=kind, days=3 if kind == "extend" else None,
        reason="铁门需要定制", by=world.actor("company_clerk"), at=world.now,
    )  # fmt: skip
    return made


@example("cases.ask_term")
def ask_term(world: World) -> Example:
    given = {"kind": "suspend", "reason": "等待业主共同决定"}
    return replace(
        acted(world, "company_clerk", filed(world, "assign", "accept"), **given), other={"reason": "等待资金"}
    )


@example("cases.decide_term")
def decide_term(world: World) -> Example:
    given = {"request_id": asked(world).pk, "granted": True}
    return Example(world.actor("street_officer"), given, other={"granted": False, "decision": "不同意"})


@example("cases.resume")
def resume(world: World) -> Example:
    made = asked(world, "suspend")
    services.decide_term(request_id=made.pk, granted=True, by=world.actor("street_officer"), at=world.now)
    return acted(world, "company_clerk", made.case)


@example("cases.urge")
def urge(world: World) -> Example:
    return acted(world, "street_officer", filed(world, "assign"), note="请尽快")


@example("cases.urge", follows="supervise")
def urge_the_third_time(world: World) -> Example:
    case, by = filed(world, "assign"), world.actor("street_officer")
    for hours in (60, 30):
        services.urge(case_id=case.pk, by=by, at=world.now - timedelta(hours=hours))
    return acted(world, "street_officer", case)


@example("cases.supervise")
def supervise(world: World) -> Example:
    return acted(world, "county_supervisor", filed(world, "assign"), note="三日内办结")


def sealed(world: World) -> tuple[Case, Example]:
    """Give a report whose reporter is sealed, to be opened by the city."""
    case = filed(world)
    given = {"report_id": case.reports.get().pk, "reason": "需要联系本人核实位置"}
    return case, Example(
        world.actor("city_supervisor"),
        given,
        other={"reason": "另外一个足够长的理由"},
        same=lambda made: made.opened,
    )


@example("cases.unseal")
def unseal(world: World) -> Example:
    return sealed(world)[1]


@example("cases.unseal", effect="tell_superior")
def unseal_is_told(world: World) -> Example:
    case, shown = sealed(world)
    return replace(shown, holds=lambda: noticed(case, "unseal"))


@example("cases.correct")
def correct(world: World) -> Example:
    shown = acted(
        world, "street_officer", filed(world, "assign", "accept"), class_code="EB02", reason="看错了类别"
    )
    return replace(shown, other={"reason": "另一个理由"})


@example("cases.annotate")
def annotate(world: World) -> Example:
    shown = acted(world, "company_clerk", filed(world, "assign"), note="钥匙在门卫室", uploads=[photo(world)])
    return replace(shown, files="uploads")


@example("cases.recall")
def recall(world: World) -> Example:
    return acted(world, "street_officer", filed(world, "assign"), note="派错了单位")


def ended(world: World) -> Case:
    """Close a case that can be published."""
    return filed(world, "assign", "accept", "submit", "close")


@example("cases.publish")
def publish(world: World) -> Example:
    shown = acted(world, "community_manager", ended(world), wording="铁链已剪断，出口可以推开")
    return replace(shown, other={"wording": "门锁已经拆除"})


@example("cases.publish", doubt="names_somebody")
def publish_naming_somebody(world: World) -> Example:
    return replace(acted(world, "community_manager", ended(world), wording="业主韩小梅已清理"), other={})


@example("cases.withdraw")
def withdraw(world: World) -> Example:
    case, by = ended(world), world.actor("community_manager")
    services.publish(case_id=case.pk, wording="铁链已剪断", by=by, at=world.now)
    return acted(world, "community_manager", case, note="写错了楼号")


@example("cases.undo")
def undo(world: World) -> Example:
    shown = acted(world, "company_clerk", filed(world, "assign", "accept"))
    return replace(shown, other={})


def pair(world: World) -> tuple[Case, Case]:
    """Report the same matter twice."""
    return filed(world), filed(world)


@example("cases.merge")
def merge(world: World) -> Example:
    first, second = pair(world)
    return replace(
        acted(world, "street_officer", second, into_id=first.pk, reason="同一处"),
        other={"reason": "同一件事"},
    )


@example("cases.take_in")
def take_in(world: World) -> Example:
    first, second = pair(world)
    return acted(world, "street_officer", first, number=second.number, note="同一处")


@example("cases.unmerge")
def unmerge(world: World) -> Example:
    first, second = pair(world)
    services.merge(case_id=second.pk, into_id=first.pk, by=world.actor("street_officer"), at=world.now)
    shown = acted(world, "street_officer", second, reason="是两处")
    return replace(shown, other={"reason": "不是一处"})


@example("cases.give_back")
def give_back(world: World) -> Example:
    return take_in(world)


@example("cases.take_over")
def take_over(world: World) -> Example:
    note = "已作出责令改正，由作出机关跟踪整改。"
    shown = acted(world, "police_officer", filed(world), agency_id=world.city.offices.police.pk, note=note)
    return replace(shown, other={"agency_id": world.city.offices.fire.pk})


@example("cases.let_go")
def let_go(world: World) -> Example:
    case, agency = filed(world), world.city.offices.police
    services.take_over(
        case_id=case.pk,
        agency_id=agency.pk,
        note="已作出责令改正",
        by=world.actor("police_officer"),
        at=world.now,
    )
    shown = acted(world, "police_officer", case, note="责令改正已撤回：对象写错了")
    return replace(shown, other={"note": "责令改正已撤回：地址写错了"})


@example("cases.split")
def split(world: World) -> Example:
    parts = [services.Part("EB02", "楼道里给电动车充电"), services.Part("FF03", "灭火器压力不足")]
    return replace(acted(world, "street_officer", filed(world), parts=parts), other={"parts": parts[:1]})


def rated(world: World, rating: int) -> tuple[Case, Example]:
    """Give a closed case to its reporter to be rated."""
    case = filed(world, "assign", "accept", "submit", "close")
    given = {"code": case.reports.get().code, "rating": rating, "reason": "锁又装回去了，根本没解决"}
    return case, Example(PUBLIC, given, other={"reason": "还有别的话要说"})


@example("cases.rate")
def rate(world: World) -> Example:
    return rated(world, 3)[1]


@example("cases.rate", follows="reopen")
def rate_badly(world: World) -> Example:
    return rated(world, 1)[1]


@example("cases.rate", effect="tell_of_rating")
def rate_badly_is_told(world: World) -> Example:
    case, shown = rated(world, 1)
    return replace(shown, holds=lambda: noticed(case, "rating"))


@example("foundation.read_notice")
def read_notice(world: World) -> Example:
    about = filed(world)
    told = notices.tell(about, "urge", world.city.offices.huaiyin_office, "请抓紧", at=world.now)
    return Example(world.actor("street_officer"), {"notice_id": told.pk})


@example("cases.save_view")
def save_view(world: World) -> Example:
    given = {"name": f"视图{next(_numbers)}", "query": "open=1"}
    return Example(world.actor("street_officer"), given, other={"query": "open=0"})


@example("cases.drop_view")
def drop_view(world: World) -> Example:
    by = world.actor("street_officer")
    kept: SavedView = services.save_view(name=f"视图{next(_numbers)}", query="open=1", by=by, at=world.now)
    return Example(by, {"view_id": kept.pk}, same=lambda answer: answer)
