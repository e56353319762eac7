"""Examples of the verbs of suggestions: each on a suggestion of its own, led by the city housing bureau."""

from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

from tests.cast import BUILT_AT, SINCE, Builder
from tests.verbs import Example, World, example

from anju.duties.suggestions import services
from anju.duties.suggestions.models import Feedback, Suggestion
from anju.duties.suggestions.services import Signer
from anju.ground.access import services as access
from anju.ground.access.actors import PUBLIC, SYSTEM
from anju.ground.access.models import Account
from anju.ground.foundation import notices
from anju.ground.organisations import services as organisations

from .conftest import DRAFT

_numbers = count(70_001)
_years = count(2012)


def clerk(world: World) -> Any:
    """Return an officer of the city housing bureau."""
    return world.actor("city_supervisor")


def told(world: World) -> dict[str, Any]:
    """Return what a suggestion says when it is registered."""
    day = (world.now - timedelta(days=3)).date()
    return {
        "meeting": "试点市一届人大二次会议",
        "number": next(_numbers),
        "title": "关于加强老旧小区安全管理的建议",
        "text": "建议加强检查。",
        "received_on": day,
        "deputies": [Signer("郜演一", "东湖区代表团", "13800001234")],
    }


def registered(world: World) -> Suggestion:
    """Register a suggestion."""
    made: Suggestion = services.register(**told(world), by=clerk(world), at=world.now)
    return made


def assigned(world: World) -> Suggestion:
    """Hand a suggestion out to the bureau itself, the county's asked for its opinion."""
    made, offices = registered(world), world.city.offices
    services.assign(
        suggestion_id=made.pk, lead_id=offices.city_housing.pk, co_ids=[offices.east_housing.pk],
        by=clerk(world), at=world.now,
    )  # fmt: skip
    return made


def handled(world: World) -> Suggestion:
    """Have it confirmed by its lead."""
    made = assigned(world)
    services.accept(suggestion_id=made.pk, by=clerk(world), at=world.now)
    return made


def pk_of(answer: Any) -> Any:
    """Return the number of an answer that is a record, the answer itself otherwise."""
    return getattr(answer, "pk", answer)


@example("suggestions.register")
def register(world: World) -> Example:
    return Example(clerk(world), told(world), other={"text": "另一件建议的内容。"})


@example("suggestions.assign")
def assign(world: World) -> Example:
    given = {"suggestion_id": registered(world).pk, "lead_id": world.city.offices.city_housing.pk}
    return Example(clerk(world), given, other={"note": "请尽快办理"})


@example("suggestions.accept")
def accept(world: World) -> Example:
    return Example(clerk(world), {"suggestion_id": assigned(world).pk}, other={"note": "由本局主办"})


@example("suggestions.refuse_routing")
def refuse_routing(world: World) -> Example:
    given = {"suggestion_id": assigned(world).pk, "note": "不属本局职责，应由消防部门主办"}
    return Example(clerk(world), given, other={"note": "应由公安部门主办"})


@example("suggestions.refuse_routing", effect="release_co_handlers")
def refuse_and_release(world: World) -> Example:
    shown = refuse_routing(world)
    row = Suggestion.objects.get(pk=shown.given["suggestion_id"])
    return replace(shown, holds=lambda: not row.co_handlings.filter(dropped_at__isnull=True).exists())


@example("suggestions.refuse_routing", effect="tell_registrar")
def refuse_and_tell(world: World) -> Example:
    shown = refuse_routing(world)
    row = Suggestion.objects.get(pk=shown.given["suggestion_id"])
    return replace(shown, holds=notices.about(row).filter(kind="returned").exists)


@example("suggestions.hold_talk")
def hold_talk(world: World) -> Example:
    one = handled(world).signatories.get()
    given = {
        "signatory_id": one.pk, "kind": "visit", "held_on": world.now.date(), "place": "代表工作室",
        "attendees": "物业科", "content": "当面汇报办理思路并听取意见", "attitude": "agrees",
    }  # fmt: skip
    return Example(clerk(world), given, other={"place": "社区"})


@example("suggestions.assign", doubt="refused_before")
def assign_to_who_refused(world: World) -> Example:
    made = assigned(world)
    services.refuse_routing(
        suggestion_id=made.pk, note="不属本局职责，应由消防部门主办", by=clerk(world), at=world.now
    )
    given = {"suggestion_id": made.pk, "lead_id": world.city.offices.city_housing.pk}
    return Example(clerk(world), given, other={"note": "经研究仍由你局主办"})


@example("suggestions.give_opinion")
def give_opinion(world: World) -> Example:
    co = handled(world).co_handlings.get()
    given = {"co_handling_id": co.pk, "opinion": "我局已组织各小区开展检查，建议合并答复"}
    return Example(world.actor("county_supervisor"), given, other={"opinion": "我局意见有变化，请以本次为准"})


@example("suggestions.extend")
def extend(world: World) -> Example:
    given = {"suggestion_id": handled(world).pk, "reason": "涉及多个部门，已当面向代表说明需要延长办理"}
    return Example(clerk(world), given, other={"reason": "情况复杂，已当面向代表说明并取得理解"})


@example("suggestions.extend", effect="tell_registrar")
def extend_and_tell(world: World) -> Example:
    shown = extend(world)
    row = Suggestion.objects.get(pk=shown.given["suggestion_id"])
    return replace(shown, holds=notices.about(row).filter(kind="extend").exists)


@example("suggestions.draft_reply")
def draft_reply(world: World) -> Example:
    given = {"suggestion_id": handled(world).pk, "draft": DRAFT}
    return Example(clerk(world), given, other={"draft": replace(DRAFT, closing="感谢您的关心。")})


def drafted(world: World, *, talked: bool = True, heard: bool = True) -> Suggestion:
    """Draft the reply, the deputy spoken with and the co-handler heard, unless told otherwise."""
    made = handled(world)
    if heard:
        services.give_opinion(
            co_handling_id=made.co_handlings.get().pk, opinion="我局已组织各小区开展检查，建议合并答复",
            by=world.actor("county_supervisor"), at=world.now,
        )  # fmt: skip
    if talked:
        services.hold_talk(
            signatory_id=made.signatories.get().pk, kind="visit", held_on=world.now.date(), place="代表工作室",
            attendees="物业科", content="当面汇报办理思路并听取意见", attitude="agrees", by=clerk(world), at=world.now,
        )  # fmt: skip
    services.draft_reply(suggestion_id=made.pk, draft=DRAFT, by=clerk(world), at=world.now)
    return made


@example("suggestions.submit_for_signature")
def submit_for_signature(world: World) -> Example:
    return Example(clerk(world), {"suggestion_id": drafted(world).pk}, other={"note": "请审签"})


@example("suggestions.submit_for_signature", doubt="no_talk")
def submit_without_a_talk(world: World) -> Example:
    return Example(clerk(world), {"suggestion_id": drafted(world, talked=False).pk})


@example("suggestions.submit_for_signature", doubt="opinion_out")
def submit_without_the_opinion(world: World) -> Example:
    return Example(clerk(world), {"suggestion_id": drafted(world, heard=False).pk})


def leader(world: World) -> Any:
    """Return the main leader of the city housing bureau, who numbers its papers."""
    office = world.city.offices.city_housing
    type(office).objects.filter(pk=office.pk).update(document_code="试建函", phone="0373-0000001")
    account = Account.objects.filter(username="zhuyan").first()
    if account is None:
        by = Builder()
        person = organisations.create_person(
            name="主演任", phone="13800000000", is_demo=True, by=by, at=BUILT_AT
        )
        organisations.hold_post(
            person=person,
            organisation=office,
            role="bureau_leader",
            title="",
            valid_from=SINCE,
            by=by,
            at=BUILT_AT,
        )
        account = access.create_account(
            username="zhuyan", password="only-for-tests-2024", person=person, by=by, at=BUILT_AT
        )
    return access.actor_of(account, at=world.now)


def submitted(world: World) -> Suggestion:
    """Send the reply to be signed."""
    made = drafted(world)
    services.submit_for_signature(suggestion_id=made.pk, by=clerk(world), at=world.now)
    return made


def signed(world: World) -> Suggestion:
    """Have the reply signed."""
    made = submitted(world)
    services.sign(suggestion_id=made.pk, by=leader(world), at=world.now)
    return made


def answered(world: World) -> Suggestion:
    """Issue the reply."""
    made = signed(world)
    services.issue(suggestion_id=made.pk, by=clerk(world), at=world.now)
    return made


def heard(world: World, value: str) -> Suggestion:
    """Enter what the deputy thinks of the reply."""
    made = answered(world)
    services.take_feedback(
        signatory_id=made.signatories.get().pk,
        value=value,
        reason="希望再具体一些",
        by=clerk(world),
        at=world.now,
    )
    return made


@example("suggestions.insert_figure")
def insert_figure(world: World) -> Example:
    made, day = drafted(world), world.now.date()
    given = {
        "suggestion_id": made.pk, "section": 0, "measure": "received", "start": day - timedelta(days=90), "end": day,
        "territory": "9901",
    }  # fmt: skip
    return Example(clerk(world), given, other={"section": 1})


@example("suggestions.send_back")
def send_back(world: World) -> Example:
    given = {"suggestion_id": submitted(world).pk, "note": "请补充办理时限"}
    return Example(leader(world), given, other={"note": "请补充责任单位"})


@example("suggestions.sign")
def sign(world: World) -> Example:
    return Example(leader(world), {"suggestion_id": submitted(world).pk}, other={"note": "同意"})


@example("suggestions.issue")
def issue(world: World) -> Example:
    return Example(clerk(world), {"suggestion_id": signed(world).pk}, other={"note": "印发"})


@example("suggestions.deliver")
def deliver(world: World) -> Example:
    one = answered(world).signatories.get()
    given = {"signatory_id": one.pk, "on": world.now.date(), "how": "in_person"}
    return Example(clerk(world), given, other={"how": "mail"})


@example("suggestions.take_feedback")
def take_feedback(world: World) -> Example:
    given = {"signatory_id": answered(world).signatories.get().pk, "value": "satisfied"}
    return Example(clerk(world), given, other={"value": "basically"})


@example("suggestions.take_feedback", follows="close")
def satisfied(world: World) -> Example:
    return take_feedback(world)


@example("suggestions.take_feedback", follows="redo")
def dissatisfied(world: World) -> Example:
    shown = take_feedback(world)
    return replace(shown, given=shown.given | {"value": "dissatisfied", "reason": "问题还没有解决"})


@example("suggestions.feedback_by_code")
def feedback_by_code(world: World) -> Example:
    given = {"code": answered(world).signatories.get().code, "value": "satisfied"}
    return Example(PUBLIC, given, other={"value": "basically"})


@example("suggestions.feedback_by_code", follows="close")
def satisfied_by_code(world: World) -> Example:
    return feedback_by_code(world)


@example("suggestions.feedback_by_code", follows="redo")
def dissatisfied_by_code(world: World) -> Example:
    shown = feedback_by_code(world)
    return replace(shown, given=shown.given | {"value": "dissatisfied", "reason": "问题还没有解决"})


def again(world: World) -> Suggestion:
    """Answer a second time, after the deputy was dissatisfied with the first."""
    made = heard(world, "dissatisfied")
    services.draft_reply(suggestion_id=made.pk, draft=DRAFT, by=clerk(world), at=world.now)
    services.submit_for_signature(suggestion_id=made.pk, by=clerk(world), at=world.now, insist=True)
    services.sign(suggestion_id=made.pk, by=leader(world), at=world.now, insist=True)
    services.issue(suggestion_id=made.pk, by=clerk(world), at=world.now)
    return made


def silent(world: World, made: Suggestion, value: str = "") -> Suggestion:
    """Let the term of the feedback pass; one of the deputies may have said something that nothing followed from."""
    made.clocks.filter(kind="feedback", stopped_at__isnull=True).update(due_at=world.now - timedelta(days=1))
    if value:
        rows = Feedback.objects.filter(reply__suggestion=made, value="")
        rows.update(value=value, reason="问题还没有解决", given_at=world.now)
    return made


@example("suggestions.take_feedback", follows="ask_assessment")
def dissatisfied_again(world: World) -> Example:
    given = {"signatory_id": again(world).signatories.get().pk, "value": "dissatisfied", "reason": "仍未解决"}
    return Example(clerk(world), given)


@example("suggestions.feedback_by_code", follows="ask_assessment")
def dissatisfied_again_by_code(world: World) -> Example:
    given = {"code": again(world).signatories.get().code, "value": "dissatisfied", "reason": "仍未解决"}
    return Example(PUBLIC, given)


CLOSED = {"note": "期满没有反馈，视为认可"}


@example("suggestions.close")
def close(world: World) -> Example:
    made = silent(world, answered(world))
    return Example(clerk(world), {"suggestion_id": made.pk} | CLOSED, other={"note": "换一个理由办结"})


@example("suggestions.close", follows="redo")
def close_and_redo(world: World) -> Example:
    made = silent(world, answered(world), "dissatisfied")
    return Example(clerk(world), {"suggestion_id": made.pk} | CLOSED)


@example("suggestions.close", follows="ask_assessment")
def close_and_ask(world: World) -> Example:
    made = silent(world, again(world), "dissatisfied")
    return Example(clerk(world), {"suggestion_id": made.pk} | CLOSED)


@example("suggestions.assess")
def assess(world: World) -> Example:
    made = again(world)
    services.take_feedback(
        signatory_id=made.signatories.get().pk,
        value="dissatisfied",
        reason="仍未解决",
        by=clerk(world),
        at=world.now,
    )
    given = {
        "suggestion_id": made.pk, "held_on": world.now.date(), "experts": "张教授、李律师",
        "conclusion": "答复符合规定，建议继续跟踪办理",
    }  # fmt: skip
    return Example(clerk(world), given, other={"experts": "王教授"})


@example("suggestions.redo", effect="tell_both")
def redo_and_tell(world: World) -> Example:
    made = answered(world)
    return Example(
        SYSTEM, {"suggestion_id": made.pk}, holds=notices.about(made).filter(kind="feedback").exists
    )


@example("suggestions.ask_assessment", effect="tell_both")
def ask_assessment_and_tell(world: World) -> Example:
    made = answered(world)
    return Example(
        SYSTEM, {"suggestion_id": made.pk}, holds=notices.about(made).filter(kind="feedback").exists
    )


@example("suggestions.publish")
def publish(world: World) -> Example:
    return Example(
        clerk(world), {"suggestion_id": heard(world, "satisfied").pk}, other={"names": ("郜演一",)}
    )


@example("suggestions.yearly_report")
def yearly_report(world: World) -> Example:
    given = {"year": next(_years), "text": "本年度共办理代表建议若干件，全部按期答复。"}
    return Example(clerk(world), given, other={"text": "另一份报告的内容，全部按期答复。"})


@example("suggestions.choose_publication")
def choose_publication(world: World) -> Example:
    given = {"suggestion_id": registered(world).pk, "publication": "withheld", "reason": "涉及个人信息"}
    return Example(clerk(world), given, other={"reason": "另一个理由"})


@example("suggestions.reveal_phone")
def reveal_phone(world: World) -> Example:
    return Example(clerk(world), {"signatory_id": registered(world).signatories.get().pk}, same=pk_of)
