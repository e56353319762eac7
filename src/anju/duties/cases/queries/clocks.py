"""The clocks of a case: started and stopped by steps, paused, extended, and replayed when the calendar changes.

Nothing here is saved: the calling verb does that.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from anju.ground.foundation import calendar, rulebooks, workdays

from ..models import Case, CaseClock


@dataclass(frozen=True, slots=True)
class ClockRule:
    """A term of the deadlines rulebook: which clock it runs on, how long, by which article."""

    kind: str
    term: workdays.Term
    is_default: bool


def rule(key: str, *, at: datetime) -> ClockRule:
    """Return the rule for a clock key of rulebooks/deadlines on a day (verify_exit runs on the verify clock)."""
    entry = rulebooks.load("deadlines", on=timezone.localtime(at).date())["clocks"][key]
    term = workdays.Term(entry["amount"], entry["unit"], entry.get("basis", ""))
    return ClockRule(entry.get("clock", key), term, bool(entry.get("default")))


def new(case: Case, *, rule: ClockRule, at: datetime) -> CaseClock:
    """Make (without saving) a clock that starts now."""
    due = calendar.due(at, rule.term)
    return CaseClock(
        case=case,
        kind=rule.kind,
        amount=rule.term.amount,
        unit=rule.term.unit,
        basis=rule.term.basis,
        is_default=rule.is_default,
        started_at=at,
        due_at=due.at,
        provisional=due.provisional,
    )


def stop(clocks: Iterable[CaseClock], *, kinds: Sequence[str] | None, at: datetime) -> list[CaseClock]:
    """Stop the running clocks of these kinds (None: all) and return what changed; the caller saves."""
    stopped = [c for c in clocks if c.stopped_at is None and (kinds is None or c.kind in kinds)]
    for clock in stopped:
        clock.stopped_at = at
    return stopped


def replay(clock: CaseClock, days: workdays.Calendar | None = None) -> workdays.Due:
    """Work out a clock's deadline again: its term, then each extension and pause in order.

    Used for showing the derivation and for moving open deadlines when the calendar changes. Whoever replays several
    clocks hands over the calendar in force, so that all are read from the same one.
    """
    days = days or calendar.current()
    tz = timezone.get_default_timezone()
    due = workdays.due(
        days,
        start=clock.started_at,
        term=workdays.Term(clock.amount, clock.unit, clock.basis),  # type: ignore[arg-type]
        tz=tz,
    )
    steps: list[dict[str, Any]] = list(due.derivation)
    for change in clock.adjustments:
        if change["kind"] == "extend":
            due = workdays.due(days, start=due.at, term=workdays.Term(change["days"], "workdays"), tz=tz)
        else:
            due = workdays.shift(
                days,
                due_at=due.at,
                paused_at=datetime.fromisoformat(change["from"]),
                resumed_at=datetime.fromisoformat(change["to"]),
                unit=clock.unit,  # type: ignore[arg-type]
                tz=tz,
            )
        steps.append({"step": change["kind"], **{k: v for k, v in change.items() if k != "kind"}})
        steps.extend(due.derivation)
    return workdays.Due(due.at, due.provisional, tuple(steps))


def refresh(case: Case, clocks: Iterable[CaseClock]) -> None:
    """Set the case's own term, that of whose turn it is, and that of the verification beside it (the caller saves).

    The case climbs from whichever ends first (`foundation.ladder`).
    """
    running = sorted(
        (c for c in clocks if c.stopped_at is None and c.paused_at is None), key=lambda c: c.due_at
    )
    own = next((c for c in running if c.kind != "verify"), None)
    beside = next((c for c in running if c.kind == "verify"), None)
    case.verify_by = beside.due_at if beside else None
    case.due_at, case.due_clock = (own.due_at, own.kind) if own else (None, "")
    case.provisional = own.provisional if own else False
