"""The terms of a case: which rule gives each, whose it is, and what the case's own columns say of them."""

from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone

from anju.ground.foundation import calendar, rulebooks
from anju.ground.foundation.clocks import Rule
from anju.ground.foundation.models import Clock

from ..models import Case
from . import catalogue

# Which office must act while a clock runs.
OWNERS = {
    "dispatch": "dispatcher",
    "verify": "checker",
    "accept": "handler",
    "rectify": "handler",
    "recheck": "checker",
}


def rule(key: str, *, at: datetime) -> Rule:
    """Return the rule for a clock key of rulebooks/deadlines on a day (verify_exit runs on the verify clock)."""
    return Rule.of(key, rulebooks.load("deadlines", on=timezone.localtime(at).date())["clocks"][key])


def rule_of(case: Case, key: str, at: datetime) -> Rule:
    """Return the rule of a clock of a case: the term to put it right is that of its class."""
    if key != "rectify":
        return rule(key, at=at)
    return rectify(catalogue.find(case.kind, case.class_code, on=timezone.localtime(case.reported_at).date()))


def rectify(chosen: catalogue.CaseClass) -> Rule:
    """Return the term within which a class is to be put right."""
    return Rule("rectify", chosen.term, chosen.is_default)


def reply_by(at: datetime) -> datetime:
    """Return until when whoever reports at a moment is to be answered."""
    return calendar.due(at, rule("reply", at=at).term).at


def failed(clocks: Sequence[Clock]) -> list[Clock]:
    """Return the terms of rectifications that did not hold.

    Such a term ended when a re-check began, and the re-check when another term to put it right began.
    """
    terms = [c for c in clocks if c.kind == "rectify"]
    checks = [c for c in clocks if c.kind == "recheck" and c.stopped_at is not None]
    return [
        term
        for term in terms
        for check in checks
        if check.started_at == term.stopped_at
        and any(again is not term and again.started_at == check.stopped_at for again in terms)
    ]


def kept_in_time(clocks: Sequence[Clock], *, at: datetime) -> bool:
    """Say whether a case that ends now was put right and checked in time.

    A rectification that did not hold was none: its term is measured by when the one that held was handed in. A term
    that is suspended has not passed.
    """
    counted = [c for c in clocks if c.kind in ("rectify", "recheck")]
    held, unheld = at, failed(counted)
    for clock in sorted(counted, key=lambda c: c.started_at, reverse=True):
        ended = clock.stopped_at or clock.paused_at or at
        if clock.kind == "rectify":
            held = ended = held if clock in unheld else ended
        if clock.due_at < ended:
            return False
    return True
