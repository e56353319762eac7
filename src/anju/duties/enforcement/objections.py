"""Objections to an order or a decision, made to the agency itself: registered, answered in time, never acted on alone.

Reconsideration and lawsuit stay open beside it. An objection that is upheld does not cancel anything: the agency is
offered the act.
"""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.ground.access import services as access
from anju.ground.access.actors import SYSTEM, Actor
from anju.ground.foundation import calendar, codes, journal, rulebooks, workdays
from anju.ground.foundation.refusals import NotAllowedNow, NotFound, NotPermitted, Refusal

from .models import Objection, Order, Penalty
from .rules import OrderState, PenaltyState

_PARTS = ("penalty__agency", "order__agency", "penalty__company", "order__company")
# Who may register for somebody who came to the counter or wrote a letter.
_ON_BEHALF = ("enforcement.order", "enforcement.punish", "enforcement.approve")


def _book(at: datetime) -> dict[str, Any]:
    return rulebooks.load("objections", on=timezone.localtime(at).date())


def get(actor: Actor, objection_id: int) -> Objection:
    """Return an objection that the actor may see, or say that there is none."""
    found = (
        access.visible(Objection, to=actor, power="enforcement.see")
        .filter(pk=objection_id)
        .select_related(*_PARTS)
        .first()
    )
    if found is None:
        raise NotFound(_("没有找到这件异议，可能编号有误，或与您的单位无关。"))
    return found


def listing(actor: Actor, *, answered: bool = False) -> QuerySet[Objection]:
    """List the objections in an actor's reach: those to be answered, the most urgent first, or the answered."""
    found = access.visible(Objection, to=actor, power="enforcement.see").filter(
        answered_at__isnull=not answered
    )
    return found.select_related(*_PARTS).order_by("-answered_at" if answered else "answer_by", "pk")


def target_of(actor: Actor, *, penalty_id: int | None, order_id: int | None) -> Penalty | Order:
    """Return the decision or order that an actor may object to, their own or on somebody's behalf."""
    if (penalty_id is None) == (order_id is None):
        raise NotFound(_("请从处罚决定或责令改正文书的页面提出异议。"))
    powers = ["enforcement.object"] if actor.has("enforcement.object") else []
    if any(actor.has(power) for power in _ON_BEHALF):
        powers.append("enforcement.see")
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
    entry = _book(at)["answer"]
    return workdays.Term(entry["amount"], entry["unit"], entry["basis"])


@transaction.atomic
def object_to(
    *,
    penalty_id: int | None = None,
    order_id: int | None = None,
    by_name: str,
    text: str,
    by: Actor,
    at: datetime,
    key: str = "",
) -> Objection:
    """Register what somebody says against an order or a decision, and start the agency's term for the answer.

    by_name  who objects: of a company clerk their own company, else the person or unit on whose behalf it is written
    """
    asked = journal.digest([penalty_id, order_id, by_name, text])
    target = target_of(by, penalty_id=penalty_id, order_id=order_id)
    # Locked, so that the second of two equal requests finds what the first has left.
    type(target)._default_manager.select_for_update(of=("self",)).only("pk").get(pk=target.pk)
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return Objection.objects.get(pk=known.subject_id)
    book = _book(at)
    text, by_name = text.strip(), by_name.strip()
    if not by_name:
        raise Refusal(_("请写明异议人的姓名或者单位名称。"), field="by_name")
    # A punished person's name is sealed on the decision, and so here.
    sealed = isinstance(target, Penalty) and target.party_sealed is not None
    by_name = (codes.mask_name(by_name) if sealed else by_name)[:120]
    if len(text) < book["least"]:
        raise Refusal(_("请写明对哪一项有异议、事实和理由是什么。"), field="text")
    if len(text) > book["most_letters"]:
        raise Refusal(_("最多 %(n)d 个字，请缩短。") % {"n": book["most_letters"]}, field="text")
    over = (
        PenaltyState.FILED,
        PenaltyState.NOTICED,
        PenaltyState.HEARING,
        PenaltyState.CANCELLED,
        OrderState.VOID,
    )
    if target.state in over:
        raise NotAllowedNow(
            _("决定还没有作出或者已经撤销，不能提出异议；告知后可以先陈述、申辩。"), data={"allowed": []}
        )
    which = Q(penalty=target) if isinstance(target, Penalty) else Q(order=target)
    if Objection.objects.filter(which, answered_at__isnull=True, by_name=by_name).exists():
        raise Refusal(_("同一异议人的异议正在审查，请等待答复。"), code="already_objected")
    made = Objection.objects.create(
        penalty=target if isinstance(target, Penalty) else None,
        order=target if isinstance(target, Order) else None,
        by_name=by_name,
        text=text,
        made_at=at,
        answer_by=timezone.localtime(calendar.due(at, term(at=at)).at).date(),
    )
    journal.record(
        "enforcement.object",
        subject=made,
        by=by,
        at=at,
        basis="xx-defaults-2026-76",
        data={
            "target": target._meta.label_lower,
            "id": target.pk,
            "number": target.written_number,
            "answer_by": made.answer_by.isoformat(),
        },
        key=key,
        key_digest=asked,
    )
    return made


def may_answer(actor: Actor, objection: Objection) -> bool:
    """Say whether an actor answers for the agency: who may decide penalties, or who may give orders."""
    target = objection.penalty or objection.order
    power = "enforcement.approve" if objection.penalty_id else "enforcement.order"
    return (
        target is not None
        and objection.answered_at is None
        and actor.has(power)
        and target.agency_id in actor.organisation_ids
    )


@transaction.atomic
def answer(
    *, objection_id: int, upheld: bool, text: str, by: Actor, at: datetime, key: str = ""
) -> Objection:
    """Answer an objection; upheld or not, with reasons. Whether the decision is cancelled is decided apart."""
    asked = journal.digest([objection_id, upheld, text])
    get(by, objection_id)
    made = (
        Objection.objects.select_for_update(of=("self",))
        .select_related("penalty__agency", "order__agency")
        .get(pk=objection_id)
    )
    if journal.receipt(by=by, key=key, key_digest=asked):
        return made
    if made.answered_at is not None:
        raise NotAllowedNow(_("这件异议已经答复。"), data={"allowed": []})
    if not may_answer(by, made):
        raise NotPermitted(
            _("异议由作出决定的机关答复：处罚由负责人答复，责令改正由本单位执法人员答复。"),
            data={"power": "enforcement.approve"},
        )
    text = text.strip()
    if len(text) < _book(at)["least"]:
        raise Refusal(_("请写明审查的情况和理由，异议人会看到。"), field="answer")
    made.upheld, made.answer, made.answered_at = upheld, text, at
    made.answered_by = f"{by.post} {by.name}".strip()[:120]
    made.save(update_fields=["upheld", "answer", "answered_at", "answered_by"])
    late = timezone.localtime(at).date() > made.answer_by
    journal.record(
        "enforcement.object_answer",
        subject=made,
        by=by,
        at=at,
        note=text,
        basis="xx-defaults-2026-76",
        data={"upheld": upheld, "late": late},
        key=key,
        key_digest=asked,
    )
    return made


def recompute_deadlines(*, at: datetime) -> int:
    """Work out again by when each open objection is to be answered, after a change of the calendar."""
    moved = 0
    for made in (
        Objection.objects.filter(answered_at__isnull=True).select_for_update(of=("self",)).order_by("pk")
    ):
        due = timezone.localtime(calendar.due(made.made_at, term(at=made.made_at)).at).date()
        if due == made.answer_by:
            continue
        before, made.answer_by = made.answer_by, due
        made.save(update_fields=["answer_by"])
        data = {"from": before.isoformat(), "to": due.isoformat()}
        journal.record("enforcement.object_moved", subject=made, by=SYSTEM, at=at, data=data)
        moved += 1
    return moved
