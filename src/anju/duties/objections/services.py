"""Objections to an order or a decision, made to the agency itself: registered, answered in time, never acted on alone.

Reconsideration and lawsuit stay open beside it. An objection that is upheld does not cancel anything: the agency is
offered the act.
"""

from datetime import date, datetime
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from anju.duties.orders.models import Order
from anju.duties.orders.rules import OrderState
from anju.duties.penalties.models import Penalty
from anju.duties.penalties.rules import PenaltyState
from anju.ground.foundation import calendar, clocks, codes, ladder
from anju.ground.foundation.acts import Loop, Turn
from anju.ground.foundation.refusals import NotPermitted, Refusal

from .models import Objection
from .queries import book, may_answer, target_of, term
from .rules import STATE_LABELS, STATE_MOODS, STEPS

# Not decided yet, or decided no more: there is nothing to object to.
_OVER = (
    PenaltyState.FILED, PenaltyState.NOTICED, PenaltyState.HEARING, PenaltyState.CANCELLED, OrderState.VOID,
)  # fmt: skip


def _whose(turn: Turn) -> None:
    """Let the agency answer: a leader on a penalty, an officer on an order."""
    if turn.step.act == "answer" and not may_answer(turn.by, turn.row):
        raise NotPermitted(
            _("异议由作出决定的机关答复：处罚由负责人答复，责令改正由本单位执法人员答复。"),
            data={"power": "penalties.approve"},
        )


LOOP = Loop(
    Objection, STEPS, room="objections", see="objections.see", labels=STATE_LABELS, moods=STATE_MOODS, turns=_whose,
    noun=lazy("这件异议"), missing=lazy("没有找到这件异议，可能编号有误，或与您的单位无关。"),
)  # fmt: skip


@LOOP.verb("object")
def object_to(
    turn: Turn, *, penalty_id: int | None = None, order_id: int | None = None, by_name: str, text: str
) -> Objection:
    """Register what somebody says against an order or a decision, and start the agency's term for the answer.

    by_name  who objects: of a company clerk their own company, else the person or unit on whose behalf it is written
    """
    target = target_of(turn.by, penalty_id=penalty_id, order_id=order_id)
    turn.lock(type(target)._default_manager.all(), [target.pk])
    # A punished person's name is sealed on the decision, and so here.
    sealed = isinstance(target, Penalty) and target.party_sealed is not None
    by_name = codes.mask_name(by_name) if sealed else by_name
    _fits(text, at=turn.at, short=_("请写明对哪一项有异议、事实和理由是什么。"))
    if target.state in _OVER:
        turn.refuse(_("决定还没有作出或者已经撤销，不能提出异议；告知后可以先陈述、申辩。"))
    which = Q(penalty=target) if isinstance(target, Penalty) else Q(order=target)
    if Objection.objects.filter(which, answered_at__isnull=True, by_name=by_name).exists():
        raise Refusal(_("同一异议人的异议正在审查，请等待答复。"), code="already_objected")
    made = Objection.objects.create(
        penalty=target if isinstance(target, Penalty) else None,
        order=target if isinstance(target, Order) else None,
        by_name=by_name,
        text=text,
        made_at=turn.at,
        answer_by=timezone.localtime(calendar.due(turn.at, term(at=turn.at)).at).date(),
    )
    turn.facts = {
        "target": target._meta.label_lower,
        "id": target.pk,
        "number": target.written_number,
        "answer_by": made.answer_by.isoformat(),
    }
    return made


def _fits(text: str, *, at: datetime, short: str) -> None:
    """Refuse a text with fewer or more letters than the rulebook allows."""
    limits: dict[str, Any] = book(at)
    if len(text) < limits["least"]:
        raise Refusal(short, field="text")
    if len(text) > limits["most_letters"]:
        raise Refusal(_("最多 %(n)d 个字，请缩短。") % {"n": limits["most_letters"]}, field="text")


@LOOP.verb("answer")
def answer(turn: Turn, *, upheld: bool, text: str) -> None:
    """Answer an objection; upheld or not, with reasons. Whether the decision is cancelled is decided apart."""
    _fits(text, at=turn.at, short=_("请写明审查的情况和理由，异议人会看到。"))
    made = turn.row
    made.upheld, made.answer, made.answered_at = upheld, text, turn.at
    made.answered_by = f"{turn.by.post} {turn.by.name}".strip()[:120]
    turn.note, turn.facts = text, {"upheld": upheld, "late": turn.today > made.answer_by}


escalate = ladder.climbs(LOOP)


def _days(made: Objection) -> dict[str, date]:
    """Return by when an objection is to be answered, by the calendar of today."""
    return {"answer_by": timezone.localtime(calendar.due(made.made_at, term(at=made.made_at)).at).date()}


deadline_moved = clocks.follow_the_calendar(
    LOOP,
    clocks.Days(lambda: Objection.objects.filter(answered_at__isnull=True), _days),
    labels={"answer_by": lazy("答复期限")},
)
