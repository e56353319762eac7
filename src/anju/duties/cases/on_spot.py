"""A hazard put right before the officers left (当场改正): it is filed and closed in one visit."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from anju.ground.access.actors import Actor
from anju.ground.foundation import journal
from anju.ground.foundation.refusals import NotAllowedNow

from . import clocks
from .models import Case, CaseClock
from .rules import State
from .services import locked, require_power_on


@transaction.atomic
def close_on_spot(*, case_id: int, by: Actor, at: datetime, note: str, key: str = "") -> Case:
    """Close a hazard that whoever found it saw put right at once; nobody is told to act on it any more.

    The officers who found it have seen it corrected: their visit is the verification and the re-check.
    """
    asked = journal.digest([case_id, "on_spot", note])
    case = locked(case_id, by=by)
    if journal.receipt(by=by, key=key, key_digest=asked):
        return case
    require_power_on(case, "cases.check", by=by)
    if case.state != State.REPORTED or case.kind != "hazard":
        raise NotAllowedNow(_("只有刚登记、还没有派单的隐患可以按当场改正办结。"), data={"allowed": []})
    running = list(case.clocks.filter(stopped_at__isnull=True))
    clocks.stop(running, kinds=None, at=at)
    CaseClock.objects.filter(pk__in=[c.pk for c in running]).update(stopped_at=at)
    case.state, case.desk = State.CLOSED, None
    case.verified_at = case.closed_at = at
    case.closing_text, case.on_time = note, True
    clocks.refresh(case, running)
    case.save()
    journal.record(
        "cases.close",
        subject=case,
        by=by,
        at=at,
        note=note,
        basis="mps-fire-inspection-2012-19",
        data={"state": case.state, "desk": "", "on_time": True, "because": "on_spot"},
        key=key,
        key_digest=asked,
    )
    return case
