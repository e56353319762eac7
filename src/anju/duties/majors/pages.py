"""What this room lays elsewhere: in a unit's file, on the desk."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from anju.duties.cases import rules as case_rules
from anju.duties.inspections.queries.dossier import Line
from anju.duties.orders.queries import matters
from anju.ground.access import services as access
from anju.ground.access.actors import Actor
from anju.ground.foundation import desk

from .models import MajorHazard
from .rules import STATE_LABELS, MajorState


def lines(request: Any, unit_ids: Sequence[int], *, limit: int) -> list[Line]:
    """Return the major hazards of some units that the reader sees, newest first."""
    if not request.actor.has("majors.see"):
        return []
    seen = access.visible(MajorHazard, to=request.actor, power="majors.see").filter(unit__in=unit_ids)
    return [
        Line(
            matters.day_of(major.decided_at or major.proposed_at), "major", _("重大火灾隐患"),
            note=" · ".join(part for part in (str(STATE_LABELS[major.state]), major.written_number) if part),
            url=reverse("majors:major", args=[major.pk]),
            tone="done" if major.state in (MajorState.REMOVED, MajorState.DISMISSED) else "danger",
            by=major.agency.name,
        )
        for major in seen.select_related("agency").order_by("-proposed_at")[:limit]
    ]  # fmt: skip


def waits(at: datetime) -> list[desk.Wait]:
    """Say what is awaited on major hazards: the decision, the notice, the removal once the re-check is passed."""
    own = ("agency", "majors.judge")
    judging = Q(state__in=[MajorState.PROPOSED, MajorState.PANEL])
    standing = Q(state__in=[MajorState.DECIDED, MajorState.LISTED])
    cured = Q(case__state__in=sorted(set(case_rules.STATE_LABELS) - case_rules.OPEN))
    return [
        desk.Wait("decide", judging, *own, "decide_by", lazy("集体讨论，决定是否认定"), _not_proposed),
        desk.Wait("notify", standing & Q(written_number=""), *own, "notify_by"),
        desk.Wait("remove", standing & Q(written_number__gt="") & cured, *own),
    ]


def _not_proposed(actor: Actor) -> Q:
    """Leave out what the reader proposed: nobody decides that."""
    return ~Q(proposed_by=actor.account_id) | Q(proposed_by__isnull=True)


def _line(major: MajorHazard) -> desk.Line:
    return desk.Line(
        major.unit.name if major.unit else str(major.case.estate or major.case.place),
        reverse("majors:major", args=[major.pk]),
        major.written_number or str(STATE_LABELS[major.state]),
        matters.where(major),
        is_demo=major.is_demo,
    )


KIND = desk.Kind(
    "majors",
    lazy("重大火灾隐患"),
    MajorHazard,
    waits,
    _line,
    50,
    related=("unit", "case__estate", "street", "county"),
)
