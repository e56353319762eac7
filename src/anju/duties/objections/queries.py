"""Questions about objections: the list, one of them, what may be objected to, who answers and by when."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.duties.orders.models import Order
from anju.duties.penalties.models import Penalty
from anju.ground.access import services as access
from anju.ground.access.actors import Actor
from anju.ground.foundation import rulebooks, workdays
from anju.ground.foundation.refusals import NotFound

from .models import Objection

_PARTS = ("penalty__agency", "order__agency", "penalty__company", "order__company")
# Who may register for somebody who came to the counter or wrote a letter.
_ON_BEHALF = ("orders.order", "penalties.punish", "penalties.approve")


def book(at: datetime) -> dict[str, Any]:
    """Return the rulebook of objections in force at a moment."""
    return rulebooks.load("objections", on=timezone.localtime(at).date())


def get(actor: Actor, objection_id: int) -> Objection:
    """Return an objection that the actor may see, or say that there is none."""
    found = (
        access.visible(Objection, to=actor, power="objections.see")
        .filter(pk=objection_id)
        .select_related(*_PARTS)
        .first()
    )
    if found is None:
        raise NotFound(_("没有找到这件异议，可能编号有误，或与您的单位无关。"))
    return found


def listing(actor: Actor, *, answered: bool = False) -> QuerySet[Objection]:
    """List the objections in an actor's reach: those to be answered, the most urgent first, or the answered."""
    found = access.visible(Objection, to=actor, power="objections.see").filter(
        answered_at__isnull=not answered
    )
    return found.select_related(*_PARTS).order_by("-answered_at" if answered else "answer_by", "pk")


def target_of(actor: Actor, *, penalty_id: int | None, order_id: int | None) -> Penalty | Order:
    """Return the decision or order that an actor may object to, their own or on somebody's behalf."""
    if (penalty_id is None) == (order_id is None):
        raise NotFound(_("请从处罚决定或责令改正文书的页面提出异议。"))
    powers = ["objections.object"] if actor.has("objections.object") else []
    if any(actor.has(power) for power in _ON_BEHALF):
        powers.append("objections.see")
    for power in powers:
        found: Penalty | Order | None
        if penalty_id is not None:
            seen = access.visible(Penalty, to=actor, power=power).filter(pk=penalty_id)
            found = seen.select_related("agency", "company").first()
        else:
            found = (
                access.visible(Order, to=actor, power=power)
                .filter(pk=order_id)
                .select_related("agency", "company")
                .first()
            )
        if found is not None:
            return found
    raise NotFound(_("没有找到这份决定，可能编号有误，或与您的单位无关。"))


def term(*, at: datetime) -> workdays.Term:
    """Return how long the agency has for an answer."""
    entry = book(at)["answer"]
    return workdays.Term(entry["amount"], entry["unit"], entry["basis"])


def may_answer(actor: Actor, objection: Objection) -> bool:
    """Say whether an actor answers for the agency: who may decide penalties, or who may give orders."""
    target = objection.penalty or objection.order
    power = "penalties.approve" if objection.penalty_id else "orders.order"
    return (
        target is not None
        and objection.answered_at is None
        and actor.has(power)
        and target.agency_id in actor.organisation_ids
    )
