"""Climbing the escalation ladder, which never stops silently."""

from datetime import datetime

from django.utils.translation import gettext as _

from anju.ground.access.actors import SYSTEM
from anju.ground.foundation import calendar
from anju.ground.foundation.acts import Turn
from anju.ground.foundation.workdays import Term

from .. import rules
from ..models import Case
from ..queries.ladder import rungs_of
from .loop import LOOP, notify


@LOOP.verb("escalate")
def escalate(turn: Turn, *, note: str = "") -> None:
    """Raise a case to the next rung; a rung without an office is passed over to the next, the last is the duty officer.

    Where even a duty office is missing, the notice belongs to nobody and the escalation page shows it to all.
    """
    case, at = turn.row, turn.at
    passed = "verify" if case.climb_from is not None and case.climb_from == case.verify_by else case.due_clock
    clock = rules.CLOCK_LABELS.get(passed, passed)
    turn.note = turn.note or _("“%(clock)s”期限已过") % {"clock": clock}
    ladder = rungs_of(case, at=at)
    above = [rung for rung in ladder if rung.number > case.escalation]
    rung = next((r for r in above if r.office is not None), ladder[-1])
    later = next((r for r in ladder if r.number > rung.number), None)
    case.escalation, case.escalated_at = rung.number, at
    case.escalate_at = calendar.due(case.climb_from or case.due_at or at, later.after).at if later else None
    if case.escalate_at is not None and case.escalate_at <= at:
        case.escalate_at = calendar.due(at, Term(1, "workdays")).at
    notify(turn, "escalate", rung.office, turn.note, level=rung.number)
    turn.facts |= {"rung": rung.number, "level": rung.level, "to": rung.office.name if rung.office else ""}


def escalate_overdue(*, at: datetime, batch: int = 200) -> int:
    """Escalate each case past its deadline by one rung, once, however many workers run this; return how many."""
    late = Case.objects.filter(state__in=sorted(rules.OPEN), escalate_at__lt=at, paused_at__isnull=True)
    return LOOP.many("escalate", late.select_related("desk"), by=SYSTEM, at=at, batch=batch)
