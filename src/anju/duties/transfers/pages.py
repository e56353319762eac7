"""What this room lays elsewhere: in a unit's file, beside a case, on the desk."""

from collections.abc import Sequence
from typing import Any

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from anju.duties.cases.models import Case
from anju.duties.inspections.queries.dossier import Line
from anju.duties.orders.queries import matters
from anju.ground.access import services as access
from anju.ground.foundation import desk
from anju.ground.foundation.beside import Act, Beside
from anju.ground.foundation.models import Event

from . import queries
from .models import Transfer
from .rules import KIND_LABELS, STATE_LABELS


def lines(request: Any, unit_ids: Sequence[int], *, limit: int) -> list[Line]:
    """Return the transfers about some units that the reader sees, newest first: a transfer is its parties' alone."""
    if not request.actor.has("transfers.see"):
        return []
    seen = access.visible(Transfer, to=request.actor, power="transfers.see").filter(unit__in=unit_ids)
    sent = seen.filter(sent_at__isnull=False).select_related("sender", "receiver").order_by("-sent_at")
    return [
        Line(
            matters.day_of(transfer.sent_at), "transfer", str(KIND_LABELS[transfer.kind]),
            note=f"{transfer.receiver.name} · {STATE_LABELS[transfer.state]}",
            url=reverse("transfers:transfer", args=[transfer.pk]),
            tone="done" if transfer.state == "closed" else "active", by=transfer.sender.name,
        )
        for transfer in sent[:limit]
    ]  # fmt: skip


def of_case(request: Any, case: Case) -> Beside:
    """Lay beside a case its transfers, that another agency handles it, and whether it may be transferred."""
    actor, found = request.actor, Beside()
    if actor.has("transfers.transfer") and case.is_open:
        found.acts.append(Act(_("移送"), f"{reverse('transfers:new')}?case={case.pk}", "out"))
    if case.is_open and queries.under_way([case.pk]):
        found.marks.append((_("移送办理"), "wait"))
    if actor.has("transfers.see") and (made := queries.of_case(actor, case.pk)):
        context = {"transfers": made, "words": STATE_LABELS, "now": timezone.now()}
        found.panels.append(render_to_string("transfers/of_case.html", context, request=request))
    return found


def _line(one: Transfer) -> desk.Line:
    return desk.Line(
        f"{one.case.estate or ''} {one.case.place}".strip() or one.case.number,
        reverse("transfers:transfer", args=[one.pk]),
        f"{one.sender.short_name or one.sender.name} → {one.receiver.short_name or one.receiver.name}",
        matters.where(one),
        is_demo=one.is_demo,
    )


KIND = desk.Kind(
    "transfers",
    lazy("移送和抄告"),
    Transfer,
    queries.waits,
    _line,
    40,
    related=("case__estate", "sender", "receiver", "street", "county"),
)


def story_detail(event: Event, said: dict[str, Any]) -> dict[str, Any]:
    """Say of an act to whom the matter went, what came of it, or who settles it."""
    data = event.data
    more = data.get("settler") or data.get("to")
    if event.name.endswith((".report_back", ".handed_up")):
        more = queries.outcome_label(data["outcome"])
    if not isinstance(more, str) or not more:
        return said
    return said | {"title": _("%(act)s：%(name)s") % {"act": said["title"], "name": more}}
