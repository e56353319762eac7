"""Climbing the ladder when a term has passed."""

from datetime import datetime

from django.utils.translation import gettext as _

from anju.ground.access.actors import SYSTEM
from anju.ground.foundation import calendar, notices
from anju.ground.foundation.acts import Turn
from anju.ground.foundation.workdays import Term

from .. import rules
from ..models import Suggestion
from ..queries.ladder import rungs_of
from .loop import LOOP


def escalate_overdue(*, at: datetime, batch: int = 100) -> int:
    """Raise each suggestion past its deadline by one rung, once, however many workers run this."""
    late = Suggestion.objects.filter(state__in=sorted(rules.OPEN), escalate_at__lt=at)
    return LOOP.many("escalate", late, by=SYSTEM, at=at, batch=batch)


@LOOP.verb("escalate")
def escalate(turn: Turn) -> None:
    """Raise a suggestion to the next rung; where even a duty office is missing, the list page shows it to all."""
    row, at = turn.row, turn.at
    ladder = rungs_of(row, at=at)
    above = [rung for rung in ladder if rung.number > row.escalation]
    rung = next((r for r in above if r.office is not None), ladder[-1])
    later = next((r for r in ladder if r.number > rung.number), None)
    row.escalation, row.escalated_at = rung.number, at
    row.escalate_at = calendar.due(row.climb_from or row.due_at or at, later.after).at if later else None
    if row.escalate_at is not None and row.escalate_at <= at:
        row.escalate_at = calendar.due(at, Term(1, "workdays")).at
    passed = row.due_clock if row.climb_from in (None, row.due_at) else "opinion"
    turn.note = _("“%(clock)s”期限已过") % {"clock": rules.CLOCK_LABELS.get(passed, "")}
    notices.tell(row, "escalate", rung.office, turn.note, at=at, level=rung.number)
    turn.facts = {"rung": rung.number, "level": rung.level, "to": rung.office.name if rung.office else ""}
