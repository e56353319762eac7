"""Climbing the escalation ladder, which never stops silently."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from anju.ground.access.actors import SYSTEM
from anju.ground.foundation import calendar, journal
from anju.ground.foundation.workdays import Term

from .. import rules
from ..models import Case, Notice
from ..queries.ladder import rungs_of


def escalate_overdue(*, at: datetime, batch: int = 200) -> int:
    """Escalate each case past its deadline by one rung, once, however many workers run this.

    A row is claimed under a lock that other workers skip; the question is part of the claim, and the rung, the
    notice and the event are written before the lock is let go. Returns how many were escalated.
    """
    raised = 0
    while True:
        with transaction.atomic():
            late = list(
                Case.objects.filter(state__in=sorted(rules.OPEN), escalate_at__lt=at, paused_at__isnull=True)
                .select_related("desk")
                .select_for_update(of=("self",), skip_locked=True)
                .order_by("escalate_at")[:batch]
            )
            for case in late:
                clock = rules.CLOCK_LABELS.get(case.due_clock, case.due_clock)
                escalate(case, at=at, reason=_("“%(clock)s”期限已过") % {"clock": clock})
        raised += len(late)
        if len(late) < batch:
            return raised


def escalate(case: Case, *, at: datetime, reason: str) -> None:
    """Raise a case to the next rung; a rung without an office is passed over to the next, the last is the duty officer.

    Where even a duty office is missing, the notice belongs to nobody and the escalation page shows it to all.
    """
    ladder = rungs_of(case, at=at)
    above = [rung for rung in ladder if rung.number > case.escalation]
    rung = next((r for r in above if r.office is not None), ladder[-1])
    later = next((r for r in ladder if r.number > rung.number), None)
    case.escalation, case.escalated_at = rung.number, at
    case.escalate_at = calendar.due(case.due_at or at, later.after).at if later else None
    if case.escalate_at is not None and case.escalate_at <= at:
        case.escalate_at = calendar.due(at, Term(1, "workdays")).at
    case.save(update_fields=["escalation", "escalated_at", "escalate_at"])
    Notice.objects.create(
        case=case, kind="escalate", level=rung.number, organisation=rung.office, text=reason, at=at
    )
    journal.record(
        "cases.escalate",
        subject=case,
        by=SYSTEM,
        at=at,
        note=reason,
        data={"rung": rung.number, "level": rung.level, "to": rung.office.name if rung.office else ""},
    )
