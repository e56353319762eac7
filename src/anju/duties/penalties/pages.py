"""What this room lays elsewhere: in a unit's file, beside a case and an order, on the desk."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Count, Q, Sum
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from anju.duties.cases.models import Case
from anju.duties.inspections.queries.dossier import Line
from anju.duties.orders.models import Order
from anju.duties.orders.queries import matters
from anju.duties.orders.rules import RUNNING
from anju.ground.access import services as access
from anju.ground.foundation import desk
from anju.ground.foundation.beside import Act, Beside, Paper

from .models import Penalty
from .queries import turns
from .queries.penalties import state_of
from .rules import STATE_LABELS

_TONES = {"paid": "done", "spared": "quiet", "cancelled": "quiet"}


def lines(request: Any, unit_ids: Sequence[int], *, limit: int) -> list[Line]:
    """Return the penalties of some units that the reader sees, newest first."""
    actor = request.actor
    if not actor.has("penalties.see"):
        return []
    seen = access.visible(Penalty, to=actor, power="penalties.see").filter(unit__in=unit_ids)
    found = []
    for penalty in seen.select_related("agency").order_by("-filed_at")[:limit]:
        title = (
            _("罚款 %(yuan)s 元") % {"yuan": f"{penalty.amount:,.2f}".removesuffix(".00")}
            if penalty.amount
            else _("行政处罚案件")
        )
        found.append(
            Line(
                penalty.decided_on or matters.day_of(penalty.filed_at), "penalty", title,
                note=str(STATE_LABELS[penalty.state]), url=reverse("penalties:penalty", args=[penalty.pk]),
                tone=_TONES.get(penalty.state, "danger"), by=penalty.agency.name,
            )
        )  # fmt: skip
    return found


def counts(request: Any, unit_ids: Sequence[int]) -> list[tuple[Any, int]]:
    """Return how many fines the units had, and these in yuan, of those the reader sees."""
    if not request.actor.has("penalties.see"):
        return []
    stands = Q(decided_on__isnull=False, cancelled_on__isnull=True)
    fined = (
        access.visible(Penalty, to=request.actor, power="penalties.see")
        .filter(unit__in=unit_ids)
        .aggregate(yuan=Sum("amount", filter=stands), number=Count("pk", filter=stands & Q(amount__gt=0)))
    )
    return [(_("罚款（件）"), fined["number"]), (_("罚款（元）"), fined["yuan"] or 0)]


def of_case(request: Any, case: Case) -> Beside | None:
    """Lay beside a case the penalties on it, and whether one may be filed."""
    actor = request.actor
    if not actor.has("penalties.see"):
        return None
    seen = access.visible(Penalty, to=actor, power="penalties.see").filter(case=case)
    papers = []
    for penalty in seen.order_by("-filed_at"):
        amount = _("%(n)s 元") % {"n": f"{penalty.amount:,.2f}"} if penalty.amount is not None else ""
        note = " · ".join(part for part in (penalty.party_name, amount, state_of(penalty)) if part)
        title = penalty.written_number or _("处罚案件")
        papers.append(Paper(title, reverse("penalties:penalty", args=[penalty.pk]), note))
    acts = []
    if actor.has("penalties.punish") and case.state not in ("merged", "void"):
        acts.append(Act(_("立案处罚"), f"{reverse('penalties:new')}?case={case.pk}"))
    return Beside(papers, acts)


def of_order(request: Any, order: Order) -> Beside | None:
    """Lay beside an order the penalties on its hazards, and whether one may be filed while it runs."""
    actor = request.actor
    cases = [pk for pk in order.lines.order_by("pk").values_list("case", flat=True) if pk]
    seen = access.visible(Penalty, to=actor, power="penalties.see").filter(case__in=cases) if cases else []
    context = {
        "penalties": [(penalty, state_of(penalty)) for penalty in seen],
        "file_on": cases[0] if cases and actor.has("penalties.punish") and order.state in RUNNING else None,
        "overdue": order.state == "overdue",
    }
    if not context["penalties"] and context["file_on"] is None:
        return None
    return Beside(panels=[render_to_string("penalties/of_order.html", context, request=request)])


def _line(penalty: Penalty) -> desk.Line:
    return desk.Line(
        penalty.party_name,
        reverse("penalties:penalty", args=[penalty.pk]),
        penalty.written_number or state_of(penalty),
        matters.where(penalty),
        is_demo=penalty.is_demo,
    )


KIND = desk.Kind(
    "penalties", lazy("行政处罚"), Penalty, turns.of_penalties, _line, 30, related=("street", "county")
)
