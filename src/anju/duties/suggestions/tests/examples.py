"""Examples of the verbs of suggestions: each on a suggestion of its own, led by the city housing bureau."""

from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

from tests.verbs import Example, World, example

from anju.duties.suggestions import services
from anju.duties.suggestions.models import Suggestion
from anju.duties.suggestions.services import Signer

_numbers = count(70_001)


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


@example("suggestions.choose_publication")
def choose_publication(world: World) -> Example:
    given = {"suggestion_id": registered(world).pk, "publication": "withheld", "reason": "涉及个人信息"}
    return Example(clerk(world), given, other={"reason": "另一个理由"})


@example("suggestions.reveal_phone")
def reveal_phone(world: World) -> Example:
    return Example(clerk(world), {"signatory_id": registered(world).signatories.get().pk}, same=pk_of)
