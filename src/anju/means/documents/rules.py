"""What an official document says: from the facts of a case to the very words that are printed. Pure.

A composer turns facts, the words of the form (rulebooks/documents) and a number into `Printed`, a plain mapping that
the .docx template, the .pdf template and the archive all read. Shape of `Printed` for `order_timed`:
{kind, title, organisation, number, date, addressee, opening, heads: [5], rows: [[5]], parts: [{head, text}],
seal, receipt: [line], remark, watermark}.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from typing import Any

from .facts import (
    OF_KIND,
    CheckPart,
    CheckRecordData,
    CheckRow,
    EvidenceLine,
    FindingLine,
    HazardLine,
    Inspector,
    LetterData,
    MajorHazardData,
    OrderData,
    OrderImmediateData,
    Party,
    PenaltyDecisionData,
    PenaltyNoticeData,
    RecheckRecordData,
    RecheckRow,
    SealingDecisionData,
    Signature,
    SpotDecisionData,
    TransferLetterData,
)

__all__ = [
    "KINDS",
    "OF_KIND",
    "CheckPart",
    "CheckRecordData",
    "CheckRow",
    "EvidenceLine",
    "FindingLine",
    "HazardLine",
    "Inspector",
    "LetterData",
    "MajorHazardData",
    "OrderData",
    "OrderImmediateData",
    "Party",
    "PenaltyDecisionData",
    "PenaltyNoticeData",
    "RecheckRecordData",
    "RecheckRow",
    "SealingDecisionData",
    "Signature",
    "SpotDecisionData",
    "TransferLetterData",
]

Form = Mapping[str, Any]
Printed = dict[str, Any]

# How the state of a document may change; the database trigger keeps the same table.
DRAFT, ISSUED, VOIDED = "draft", "issued", "voided"
NEXT_STATES = {DRAFT: (ISSUED,), ISSUED: (VOIDED,), VOIDED: ()}


@dataclass(frozen=True, slots=True)
class Issue:
    """When a document is issued and under which number."""

    number: str
    on: date


def written_date(day: date, written: Form) -> str:
    """Write a day as GB/T 9704 does: Arabic numerals without leading zeros."""
    return written["date"].format(year=day.year, month=day.month, day=day.day)


def compose_order(given: OrderData, form: Form, written: Form, issue: Issue) -> Printed:
    """Return the printed words of an order to correct in time."""

    def day(value: date) -> str:
        return written_date(value, written)

    def term(value: date | None) -> str:
        return form["term"].format(date=day(value)) if value else form["at_once"]

    def inspector(person: Inspector) -> str:
        pattern = form["inspector"] if person.badge else form["inspector_without_badge"]
        return pattern.format(name=person.name, badge=person.badge)

    words = {
        "recipient": given.recipient,
        "place": given.place,
        "basis": form["join_basis"].join(given.basis),
        "inspected_on": day(given.inspected_on),
        "due_on": day(given.due_on),
        "consequence": given.consequence or form["consequence"],
        "review_body": given.review_body or form["review_body"],
        "court": given.court or form["court"],
        "inspectors": form["join_inspectors"].join(inspector(person) for person in given.inspectors),
        "phone": given.phone or form["no_phone"],
    }
    return {
        "title": form["name"],
        "organisation": given.organisation,
        "number": issue.number,
        "date": day(issue.on),
        "addressee": form["addressee"].format(**words),
        "opening": form["opening"].format(**words),
        "heads": list(form["heads"]),
        "rows": [
            [str(number), line.place, line.hazard, line.basis, term(line.term)]
            for number, line in enumerate(given.hazards, start=1)
        ],
        "parts": [{"head": part["head"], "text": part["text"].format(**words)} for part in form["parts"]],
        "seal": form["seal"],
        "receipt": [line.format(**words) for line in form["receipt"]],
        "remark": form["remark"],
        "watermark": "",
    }


def missing_in_order(given: OrderData) -> str:
    """Name the first fact without which an order cannot be issued, or return an empty string."""
    for name in ("organisation", "recipient", "place", "basis", "hazards", "inspectors"):
        value = getattr(given, name)
        if not (value.strip() if isinstance(value, str) else value):
            return name
    if any(not line.hazard.strip() or not line.basis.strip() for line in given.hazards):
        return "hazards"
    return "due_on" if given.due_on < given.inspected_on else ""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of official document: the facts it takes, who composes it, and what it cannot do without."""

    facts: type
    compose: Callable[[Any, Form, Form, Issue], Printed]
    missing: Callable[[Any], str]


KINDS: Mapping[str, Kind] = {
    "order_timed": Kind(facts=OrderData, compose=compose_order, missing=missing_in_order),
}


def texts(value: Any) -> Iterator[str]:
    """Yield every string inside nested mappings, sequences and dataclasses."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from texts(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from texts(part)
    elif is_dataclass(value):
        for item in fields(value):
            yield from texts(getattr(value, item.name))
