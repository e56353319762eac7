"""Examples of the verbs of papers: each with a draft or a paper of its own, of the county's housing office."""

from dataclasses import replace
from typing import Any

from tests.verbs import Example, World, example

from anju.ground.foundation.models import JobProgress
from anju.means.documents import services
from anju.means.documents.models import IssuedDocument

from .samples import order, sample

CODE = "演示改字"


def subject() -> JobProgress:
    """Make something that a paper is about."""
    return JobProgress.objects.create(kind="demo", title="演示")


def drafted(world: World, kind: str = "order_timed") -> IssuedDocument:
    """Draft a paper of the county's housing office, by somebody else than its supervisor."""
    by = replace(
        world.actor("street_officer"), organisation_ids=frozenset({world.city.offices.east_housing.pk})
    )
    paper: IssuedDocument = services.draft(
        kind=kind, data=sample(kind), register_code=CODE, subject=subject(), by=by, at=world.now
    )
    return paper


def reviewed(world: World) -> IssuedDocument:
    """Draft a paper that a leader signs, and send it for review."""
    paper = drafted(world, "penalty_decision")
    paper_: IssuedDocument = services.submit_for_review(
        document_id=paper.pk, by=world.actor("county_supervisor"), at=world.now
    )
    return paper_


def issued(world: World) -> IssuedDocument:
    """Issue a paper at once."""
    paper: IssuedDocument = services.issue(
        kind="order_timed", data=order(), register_code=CODE, subject=subject(),
        by=world.actor("county_supervisor"), at=world.now,
    )  # fmt: skip
    return paper


def signer(world: World) -> Any:
    """Return somebody of the housing office who may also sign."""
    by = world.actor("county_supervisor")
    return replace(by, powers={**by.powers, "documents.sign": by.powers["documents.issue"]}, held_in=None)


def acted(world: World, paper: IssuedDocument, by: Any = None, **given: Any) -> Example:
    """Act on a paper as a supervisor of the county's housing office."""
    return Example(by or world.actor("county_supervisor"), {"document_id": paper.pk, **given})


@example("documents.draft")
def draft(world: World) -> Example:
    given = {"kind": "order_timed", "data": order(), "register_code": CODE, "subject": subject()}
    return Example(world.actor("county_supervisor"), given, other={"data": order(phone="0373-1111111")})


@example("documents.issue")
def issue(world: World) -> Example:
    return draft(world)


@example("documents.issue_many")
def issue_many(world: World) -> Example:
    items = [services.Item(order(recipient=f"演示{n}号公司"), subject()) for n in range(3)]
    given = {"kind": "order_timed", "items": items, "register_code": CODE}
    return Example(world.actor("county_supervisor"), given, other={"items": items[:2]})


@example("documents.issue_in_batch")
def issue_in_batch(world: World) -> Example:
    return acted(world, drafted(world))


@example("documents.redraft")
def redraft(world: World) -> Example:
    shown = acted(world, drafted(world), data=order(phone="0373-2222222"))
    return replace(shown, other={"data": order(phone="0373-3333333")})


@example("documents.submit")
def submit(world: World) -> Example:
    return acted(world, drafted(world, "penalty_decision"))


@example("documents.issue_draft")
def issue_draft(world: World) -> Example:
    return acted(world, drafted(world))


@example("documents.sign")
def sign(world: World) -> Example:
    return acted(world, reviewed(world), signer(world))


@example("documents.send_back")
def send_back(world: World) -> Example:
    return replace(
        acted(world, reviewed(world), signer(world), reason="裁量理由写得不够"), other={"reason": "改地址"}
    )


@example("documents.discard")
def discard(world: World) -> Example:
    return replace(acted(world, drafted(world)), same=lambda answer: answer)


@example("documents.void_own")
def void_own(world: World) -> Example:
    return replace(acted(world, issued(world), reason="名称有误"), other={"reason": "地址有误"})


@example("documents.void")
def void(world: World) -> Example:
    return void_own(world)
