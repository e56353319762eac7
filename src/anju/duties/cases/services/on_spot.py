"""A hazard that its finders saw put right: before they left (当场改正), or when they came back to look (复查)."""

from collections.abc import Set
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from anju.ground.access.actors import Actor
from anju.ground.foundation import journal
from anju.ground.foundation.refusals import NotAllowedNow

from .. import rules
from ..models import Case, CaseClock
from ..queries import clocks
from ..rules import State
from .loop import answer, locked, require_power_on


def close_on_spot(*, case_id: int, by: Actor, at: datetime, note: str, key: str = "") -> Case:
    """Close a hazard that whoever found it saw put right at once; nobody is told to act on it any more.

    The officers who found it have seen it corrected: their visit is the verification and the re-check.
    """
    return _close(
        case_id,
        frozenset({State.REPORTED}),
        "on_spot",
        "mps-fire-inspection-2012-19",
        _("只有刚登记、还没有派单的隐患可以按当场改正办结。"),
        by=by,
        at=at,
        note=note,
        key=key,
    )


def close_at_recheck(*, case_id: int, by: Actor, at: datetime, note: str, key: str = "") -> Case:
    """Close a hazard that the agency which found it saw put right when it came back, on whosever desk it lies.

    Else a hazard that was ordered and obeyed would wait, and be called late, where nobody has anything left to do.
    """
    return _close(
        case_id,
        rules.OPEN,
        "recheck",
        "mps-fire-inspection-2012-21",
        _("此件已办结。"),
        by=by,
        at=at,
        note=note,
        key=key,
    )


@transaction.atomic
def _close(
    case_id: int,
    states: Set[str],
    because: str,
    basis: str,
    refusal: str,
    *,
    by: Actor,
    at: datetime,
    note: str,
    key: str,
) -> Case:
    asked = journal.digest([case_id, because, note])
    case = locked(case_id, by=by)
    if journal.receipt(by=by, key=key, key_digest=asked):
        return case
    require_power_on(case, "cases.check", by=by)
    if case.state not in states or case.kind != "hazard":
        raise NotAllowedNow(refusal, data={"allowed": []})
    running = list(case.clocks.filter(stopped_at__isnull=True))
    late = any(c.due_at < at for c in running if c.kind in ("rectify", "recheck") and c.paused_at is None)
    clocks.stop(running, kinds=None, at=at)
    CaseClock.objects.filter(pk__in=[c.pk for c in running]).update(stopped_at=at)
    case.state, case.desk, case.paused_at = State.CLOSED, None, None
    case.verified_at, case.closed_at = case.verified_at or at, at
    case.closing_text, case.on_time = note, not late
    clocks.refresh(case, running)
    case.save()
    answer(case, note=note, at=at)
    journal.record(
        "cases.close",
        subject=case,
        by=by,
        at=at,
        note=note,
        basis=basis,
        data={"state": case.state, "desk": "", "on_time": case.on_time, "because": because},
        key=key,
        key_digest=asked,
    )
    return case
