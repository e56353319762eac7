"""What this room lays elsewhere: in a unit's file, on the to-do page."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.duties.inspections.queries.dossier import Line
from anju.duties.orders.queries import matters
from anju.ground.access import services as access
from anju.ground.foundation.navigation import Pile

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


def piles(request: Any) -> list[Pile]:
    """List the hazards that the own agency must judge, or give notice of."""
    actor, on = request.actor, timezone.localdate()
    if not actor.organisation_ids or not actor.has("majors.judge"):
        return []
    judging = Q(state__in=[MajorState.PROPOSED, MajorState.PANEL])
    notice = Q(state=MajorState.DECIDED, written_number="")
    rows = MajorHazard.objects.filter(judging | notice, agency_id__in=actor.organisation_ids)
    late = (judging & Q(decide_by__lt=on)) | (notice & Q(notify_by__lt=on))
    return [Pile(_("重大火灾隐患待认定、通知"), reverse("majors:list"), rows, late)]
