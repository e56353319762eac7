"""What enforcement adds to a unit's file (inspections.dossier), and how its papers follow when units are joined."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, Sum
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.duties.inspections import dossier
from anju.duties.inspections.dossier import Line
from anju.ground.access import services as access

from .major_rules import LABELS as MAJOR_LABELS
from .major_rules import MajorState
from .models import MajorHazard, Order, Penalty, Sealing, Transfer
from .rules import ORDER_KINDS, ORDER_LABELS, PENALTY_LABELS, TRANSFER_KINDS, TRANSFER_LABELS

_SEE = "enforcement.see"
_TONES = {
    "complied": "done",
    "overdue": "danger",
    "void": "quiet",
    "paid": "done",
    "spared": "quiet",
    "cancelled": "quiet",
    "closed": "done",
}


def register() -> None:
    """Add orders, fines, transfers and sealings to every unit's file (AppConfig.ready calls it)."""
    dossier.register(lines, counter=counts, follow=(Order, Penalty, Transfer, Sealing, MajorHazard))


def _address(name: str, pk: int) -> str:
    try:
        return reverse(name, args=[pk])
    except NoReverseMatch:
        return ""


def _day(at: datetime) -> Any:
    return timezone.localtime(at).date()


def lines(request: Any, unit_ids: Sequence[int], *, limit: int) -> list[Line]:
    """Return the orders, penalties, transfers and sealings of some units that the reader sees, newest first."""
    actor = request.actor
    if not actor.has(_SEE):
        return []

    def seen(model: type[Any]) -> Any:
        # A transfer is its parties' alone, wherever it lies.
        power = "enforcement.watch" if model is Transfer else _SEE
        return access.visible(model, to=actor, power=power).filter(unit__in=unit_ids)

    found = [
        Line(
            _day(order.issued_at), "order", str(ORDER_KINDS[order.kind]),
            note=str(ORDER_LABELS[order.state])
            + (_("，限期到 %(day)s") % {"day": order.due_on.isoformat()} if order.due_on else ""),
            url=_address("enforcement:order", order.pk), tone=_TONES.get(order.state, "warn"), by=order.agency.name,
        )
        for order in seen(Order).select_related("agency").order_by("-issued_at")[:limit]
    ]  # fmt: skip
    for penalty in seen(Penalty).select_related("agency").order_by("-filed_at")[:limit]:
        title = (
            _("罚款 %(yuan)s 元") % {"yuan": f"{penalty.amount:,.2f}".removesuffix(".00")}
            if penalty.amount
            else _("行政处罚案件")
        )
        found.append(
            Line(
                penalty.decided_on or _day(penalty.filed_at), "penalty", title,
                note=str(PENALTY_LABELS[penalty.state]), url=_address("enforcement:penalty", penalty.pk),
                tone=_TONES.get(penalty.state, "danger"), by=penalty.agency.name,
            )
        )  # fmt: skip
    sent = seen(Transfer).filter(sent_at__isnull=False).select_related("sender", "receiver")
    for transfer in sent.order_by("-sent_at")[:limit]:
        found.append(
            Line(
                _day(transfer.sent_at), "transfer", str(TRANSFER_KINDS[transfer.kind]),
                note=f"{transfer.receiver.name} · {TRANSFER_LABELS[transfer.state]}",
                url=_address("enforcement:transfer", transfer.pk), tone=_TONES.get(transfer.state, "active"),
                by=transfer.sender.name,
            )
        )  # fmt: skip
    for sealing in seen(Sealing).select_related("agency").order_by("-sealed_at")[:limit]:
        found.append(
            Line(
                _day(sealing.sealed_at), "sealing", _("临时查封"), note=sealing.part,
                url=_address("enforcement:sealing", sealing.pk),
                tone="done" if sealing.lifted_at else "danger", by=sealing.agency.name,
            )
        )  # fmt: skip
    for major in seen(MajorHazard).select_related("agency").order_by("-proposed_at")[:limit]:
        found.append(
            Line(
                _day(major.decided_at or major.proposed_at), "major", _("重大火灾隐患"),
                note=" · ".join(part for part in (str(MAJOR_LABELS[major.state]), major.written_number) if part),
                url=_address("enforcement:major", major.pk),
                tone="done" if major.state in (MajorState.REMOVED, MajorState.DISMISSED) else "danger",
                by=major.agency.name,
            )
        )  # fmt: skip
    return found


def counts(request: Any, unit_ids: Sequence[int]) -> list[tuple[Any, int]]:
    """Return how many orders and fines the units had, and the fines in yuan, of those the reader sees."""
    actor = request.actor
    if not actor.has(_SEE):
        return []
    orders = (
        access.visible(Order, to=actor, power=_SEE).filter(unit__in=unit_ids).exclude(state="void").count()
    )
    fined = (
        access.visible(Penalty, to=actor, power=_SEE)
        .filter(unit__in=unit_ids)
        .aggregate(
            yuan=Sum("amount", filter=Q(decided_on__isnull=False, cancelled_on__isnull=True)),
            number=Count("pk", filter=Q(decided_on__isnull=False, cancelled_on__isnull=True, amount__gt=0)),
        )
    )
    return [
        (_("责令改正（件）"), orders),
        (_("罚款（件）"), fined["number"]),
        (_("罚款（元）"), fined["yuan"] or 0),
    ]
