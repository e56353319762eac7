"""What this room lays elsewhere: in a unit's file, beside a case, on the desk."""

from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from anju.duties.cases.models import Case
from anju.duties.inspections.queries.dossier import Line
from anju.ground.access import services as access
from anju.ground.foundation import desk
from anju.ground.foundation.beside import Act, Beside, Paper
from anju.ground.foundation.models import Event
from anju.ground.foundation.notices import Word

from .models import Order, Sealing
from .queries import matters, turns
from .rules import ORDER_KINDS, ORDER_LABELS, OrderState

_TONES = {"complied": "done", "overdue": "danger", "void": "quiet"}


def story_detail(event: Event, said: dict[str, Any]) -> dict[str, Any]:
    """Say behind an act that it was done late."""
    late = (
        _("（报备超过二十四小时）")
        if event.data.get("filed_late")
        else _("（超期）")
        if event.data.get("late")
        else ""
    )
    return {"title": f"{said['title']}{late}"}


def lines(request: Any, unit_ids: Sequence[int], *, limit: int) -> list[Line]:
    """Return the orders and sealings of some units that the reader sees, newest first."""
    actor = request.actor
    if not actor.has("orders.see"):
        return []
    orders = access.visible(Order, to=actor, power="orders.see").filter(unit__in=unit_ids)
    found = [
        Line(
            matters.day_of(order.issued_at), "order", str(ORDER_KINDS[order.kind]),
            note=str(ORDER_LABELS[order.state])
            + (_("，限期到 %(day)s") % {"day": order.due_on.isoformat()} if order.due_on else ""),
            url=reverse("orders:order", args=[order.pk]), tone=_TONES.get(order.state, "warn"), by=order.agency.name,
        )
        for order in orders.select_related("agency").order_by("-issued_at")[:limit]
    ]  # fmt: skip
    sealings = access.visible(Sealing, to=actor, power="orders.see").filter(unit__in=unit_ids)
    found += [
        Line(
            matters.day_of(sealing.sealed_at), "sealing", _("临时查封"), note=sealing.part,
            url=reverse("orders:sealing", args=[sealing.pk]),
            tone="done" if sealing.lifted_at else "danger", by=sealing.agency.name,
        )
        for sealing in sealings.select_related("agency").order_by("-sealed_at")[:limit]
    ]  # fmt: skip
    return found


def counts(request: Any, unit_ids: Sequence[int]) -> list[tuple[Any, int]]:
    """Return how many orders the units had, of those the reader sees."""
    if not request.actor.has("orders.see"):
        return []
    seen = access.visible(Order, to=request.actor, power="orders.see").filter(unit__in=unit_ids)
    return [(_("责令改正（件）"), seen.exclude(state=OrderState.VOID).count())]


def orders_of_case(request: Any, case: Case) -> Beside | None:
    """Lay beside a case the orders that name it, and what may be ordered."""
    actor = request.actor
    if not actor.has("orders.see"):
        return None
    seen = access.visible(Order, to=actor, power="orders.see").filter(lines__case=case)
    papers = []
    for order in seen.order_by("-issued_at"):
        note = " · ".join(
            str(part)
            for part in (
                ORDER_KINDS[order.kind],
                ORDER_LABELS[order.state],
                order.due_on and order.due_on.isoformat(),
            )
            if part
        )
        links = (
            (
                ("PDF", reverse("documents:pdf", args=[order.document_id])),
                ("Word", reverse("documents:docx", args=[order.document_id])),
            )
            if order.document_id
            else ()
        )
        title = order.written_number or _("口头责令")
        papers.append(Paper(title, reverse("orders:order", args=[order.pk]), note, links))
    acts = []
    if actor.has("orders.order") and case.is_open:
        acts.append(Act(_("责令改正"), f"{reverse('orders:new')}?case={case.pk}", "file"))
    return Beside(papers, acts)


def sealings_of_case(request: Any, case: Case) -> Beside | None:
    """Lay beside a case what was sealed, and whether something may be."""
    actor = request.actor
    if not actor.has("orders.see"):
        return None
    seen = access.visible(Sealing, to=actor, power="orders.see").filter(case=case)
    papers = []
    for sealing in seen.order_by("-sealed_at"):
        until = _("已解除") if sealing.lifted_at else _("至 %(d)s") % {"d": sealing.until.isoformat()}
        title = sealing.written_number or _("临时查封")
        papers.append(Paper(title, reverse("orders:sealing", args=[sealing.pk]), f"{sealing.part} · {until}"))
    acts = []
    if actor.has("orders.seal") and case.is_open and case.kind == "hazard":
        acts.append(Act(_("临时查封"), f"{reverse('orders:sealing_new')}?case={case.pk}"))
    return Beside(papers, acts)


def _order_line(order: Order) -> desk.Line:
    return desk.Line(
        order.recipient,
        reverse("orders:order", args=[order.pk]),
        order.written_number or str(ORDER_KINDS[order.kind]),
        matters.where(order),
        is_demo=order.is_demo,
    )


def _sealing_line(sealing: Sealing) -> desk.Line:
    return desk.Line(
        f"{sealing.unit.name} {sealing.part}",
        reverse("orders:sealing", args=[sealing.pk]),
        sealing.written_number,
        matters.where(sealing),
        is_demo=sealing.is_demo,
    )


NOTICES = {"overdue": Word(lazy("责令逾期"), repeats=True)}
KINDS = (
    desk.Kind(
        "orders", lazy("责令改正"), Order, turns.of_orders, _order_line, 20, related=("street", "county")
    ),
    desk.Kind(
        "sealings",
        lazy("临时查封"),
        Sealing,
        turns.of_sealings,
        _sealing_line,
        25,
        related=("unit", "street", "county"),
    ),
)
