"""The clocks of a suggestion: started and stopped by acts, lengthened once, worked out again with the calendar.

Nothing here is saved: the calling verb does that.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from anju.ground.foundation import calendar, workdays
from anju.ground.foundation.workdays import Term

from ..models import CoHandling, Suggestion, SuggestionClock
from . import book


def new(
    suggestion: Suggestion, key: str, *, at: datetime, co_handling: CoHandling | None = None
) -> SuggestionClock:
    """Make (without saving) a clock that starts now."""
    rule = book.clock(key, at=at)
    due = calendar.due(at, rule.term)
    return SuggestionClock(
        suggestion=suggestion,
        co_handling=co_handling,
        kind=rule.kind,
        amount=rule.term.amount,
        unit=rule.term.unit,
        basis=rule.term.basis,
        is_default=rule.is_default,
        started_at=at,
        due_at=due.at,
        provisional=due.provisional,
    )


def stop(clocks: Iterable[SuggestionClock], *, kinds: Sequence[str], at: datetime) -> list[SuggestionClock]:
    """Stop the running clocks of these kinds and return what changed; the caller saves."""
    stopped = [c for c in clocks if c.stopped_at is None and c.kind in kinds]
    for clock in stopped:
        clock.stopped_at = at
    return stopped


def replay(clock: SuggestionClock) -> workdays.Due:
    """Work out a clock's end again from its start, its term and the calendar in force."""
    return calendar.due(clock.started_at, Term(clock.amount, clock.unit, clock.basis))  # type: ignore[arg-type]


def derivation(clock: SuggestionClock) -> list[str]:
    """Say how a clock's end was worked out, one sentence for each step."""
    lines = calendar.explain(replay(clock).derivation)
    if clock.extended_from is not None:
        before = calendar.say_term({"amount": clock.extended_from, "unit": clock.unit})
        after = calendar.say_term({"amount": clock.amount, "unit": clock.unit})
        lines.insert(
            0,
            _("原期限%(before)s；已向代表说明理由，自交办之日起延长至%(after)s：%(reason)s")
            % {"before": before, "after": after, "reason": clock.extension_reason},
        )
    return lines


def refresh(suggestion: Suggestion, clocks: Iterable[SuggestionClock]) -> None:
    """Set the suggestion's own term, that of whose turn it is, and that of the co-handlers (the caller saves)."""
    running = sorted((c for c in clocks if c.stopped_at is None), key=lambda c: c.due_at)
    own = next((c for c in running if c.co_handling_id is None), None)
    opinion = next((c for c in running if c.co_handling_id is not None), None)
    suggestion.opinion_by = opinion.due_at if opinion else None
    suggestion.due_at, suggestion.due_clock = (own.due_at, own.kind) if own else (None, "")
    suggestion.provisional = own.provisional if own else False
