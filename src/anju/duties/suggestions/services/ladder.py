"""Climbing the ladder when a term has passed."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from anju.ground.access.actors import SYSTEM
from anju.ground.foundation import calendar, journal
from anju.ground.foundation.workdays import Term

from .. import rules
from ..models import Suggestion, SuggestionNotice
from ..queries.ladder import rungs_of


def escalate_overdue(*, at: datetime, batch: int = 100) -> int:
    """Raise each suggestion past its deadline by one rung, once, however many workers run this."""
    raised = 0
    while True:
        with transaction.atomic():
            late = list(
                Suggestion.objects.filter(state__in=sorted(rules.OPEN), escalate_at__lt=at)
                .select_related("registrar__area", "lead")
                .select_for_update(of=("self",), skip_locked=True)
                .order_by("escalate_at")[:batch]
            )
            for suggestion in late:
                escalate(suggestion, at=at)
        raised += len(late)
        if len(late) < batch:
            return raised


def escalate(suggestion: Suggestion, *, at: datetime) -> None:
    """Raise a suggestion to the next rung; where even a duty office is missing, the list page shows it to all."""
    ladder = rungs_of(suggestion, at=at)
    above = [rung for rung in ladder if rung.number > suggestion.escalation]
    rung = next((r for r in above if r.office is not None), ladder[-1])
    later = next((r for r in ladder if r.number > rung.number), None)
    suggestion.escalation, suggestion.escalated_at = rung.number, at
    suggestion.escalate_at = calendar.due(suggestion.due_at or at, later.after).at if later else None
    if suggestion.escalate_at is not None and suggestion.escalate_at <= at:
        suggestion.escalate_at = calendar.due(at, Term(1, "workdays")).at
    suggestion.save(update_fields=["escalation", "escalated_at", "escalate_at"])
    reason = _("“%(clock)s”期限已过") % {"clock": rules.CLOCK_LABELS.get(suggestion.due_clock, "")}
    SuggestionNotice.objects.create(
        suggestion=suggestion,
        kind="escalate",
        level=rung.number,
        organisation=rung.office,
        text=reason,
        at=at,
    )
    journal.record(
        "suggestions.escalate",
        subject=suggestion,
        by=SYSTEM,
        at=at,
        note=reason,
        data={"rung": rung.number, "level": rung.level, "to": rung.office.name if rung.office else ""},
    )
