"""Objections to an order or a decision, made to the agency itself: registered, answered in time, never acted on alone.

Reconsideration and lawsuit stay open beside it. An objection that is upheld does not cancel anything: the agency is
offered the act.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.duties.orders.models import Order
from anju.duties.orders.rules import OrderState
from anju.duties.penalties.models import Penalty
from anju.duties.penalties.rules import PenaltyState
from anju.ground.access.actors import SYSTEM, Actor
from anju.ground.foundation import calendar, codes, journal
from anju.ground.foundation.refusals import NotAllowedNow, NotPermitted, Refusal

from .models import Objection
from .queries import book, get, may_answer, target_of, term


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
    rulebook = book(at)
    text, by_name = text.strip(), by_name.strip()
    if not by_name:
        raise Refusal(_("请写明异议人的姓名或者单位名称。"), field="by_name")
    # A punished person's name is sealed on the decision, and so here.
    sealed = isinstance(target, Penalty) and target.party_sealed is not None
    by_name = (codes.mask_name(by_name) if sealed else by_name)[:120]
    if len(text) < rulebook["least"]:
        raise Refusal(_("请写明对哪一项有异议、事实和理由是什么。"), field="text")
    if len(text) > rulebook["most_letters"]:
        raise Refusal(_("最多 %(n)d 个字，请缩短。") % {"n": rulebook["most_letters"]}, field="text")
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
        "objections.object",
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
            data={"power": "penalties.approve"},
        )
    text = text.strip()
    if len(text) < book(at)["least"]:
        raise Refusal(_("请写明审查的情况和理由，异议人会看到。"), field="answer")
    made.upheld, made.answer, made.answered_at = upheld, text, at
    made.answered_by = f"{by.post} {by.name}".strip()[:120]
    made.save(update_fields=["upheld", "answer", "answered_at", "answered_by"])
    late = timezone.localtime(at).date() > made.answer_by
    journal.record(
        "objections.answer",
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
        journal.record("objections.moved", subject=made, by=SYSTEM, at=at, data=data)
        moved += 1
    return moved
