"""Examples of the verbs of suggestions: each on a suggestion of its own, led by the city housing bureau."""

from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

from tests.verbs import Example, World, example

from anju.duties.suggestions import services
from anju.duties.suggestions.models import Suggestion
from anju.duties.suggestions.services import Signer

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
    return replace(shown, holds=row.notices.filter(kind="returned").exists)


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
    return replace(shown, holds=row.notices.filter(kind="extend").exists)


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


@example("suggestions.read_notice")
def read_notice(world: World) -> Example:
    made = assigned(world)
    services.refuse_routing(
        suggestion_id=made.pk, note="不属本局职责，应由消防部门主办", by=clerk(world), at=world.now
    )
    return Example(clerk(world), {"notice_id": made.notices.get().pk}, same=pk_of)


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
