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


def stamp(case: Case, running: Sequence[Clock]) -> None:
    """Set the case's own term, that of whose turn it is, and that of the verification beside it.

    The case climbs from whichever ends first (`foundation.ladder`).
    """
    going = [c for c in running if c.paused_at is None]
    own = next((c for c in going if c.kind != "verify"), None)
    beside = next((c for c in going if c.kind == "verify"), None)
    case.verify_by = beside.due_at if beside else None
    case.due_at, case.due_clock = (own.due_at, own.kind) if own else (None, "")
    case.provisional = own.provisional if own else False
