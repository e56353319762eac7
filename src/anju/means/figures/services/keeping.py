"""Keeping tallies: fold what triggers noted, count anew, and compare with the facts."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import connection, transaction

from ..models import TallyRow, TallyState, tallies
from ..models.tallies import Spec

log = logging.getLogger(__name__)

LOCK = 7_415_201  # one folds or rebuilds at a time; a number of ours among PostgreSQL's advisory locks
SAMPLE = 20
MANY = 5_000  # changes after which the planner is told


@dataclass(frozen=True, slots=True)
class Difference:
    """A kept row that is not what the facts say: by how much it is short."""

    grain: int
    day: date
    county: int
    street: int
    since: date
    dimensions: tuple[str, ...]
    number: int
    amount: Decimal


@transaction.atomic
def fold() -> int:
    """Add the noted changes to the kept rows and return how many there were.

    Readers see both before or both after; a change committed while this runs waits for the next time.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        cursor.execute(tallies.fold())
        taken, _kept = cursor.fetchone()
        if taken > MANY:
            # A table just emptied would still be planned for as a full one.
            cursor.execute("ANALYZE figures_tallydelta, figures_tallyrow")
    if taken:
        TallyRow.objects.filter(number=0, amount=0).delete()
    return int(taken)


@transaction.atomic
def rebuild(spec: Spec, *, at: datetime) -> int:
    """Install a tally's triggers if they are not those declared, count it anew, and return how many rows it has."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        # Making a trigger anew locks its table until the end, also for readers: only where it has to be.
        if not _installed(spec):
            for statement in tallies.create(spec):
                cursor.execute(statement)
        cursor.execute(tallies.rebuild(spec))
    TallyState.objects.update_or_create(
        name=spec.name, defaults={"digest": spec.digest, "rebuilt_at": at, "differences": 0, "sample": []}
    )
    return TallyRow.objects.filter(tally=spec.name).count()


def _installed(spec: Spec) -> bool:
    """Say whether the triggers are those of the spec, all four."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname = ANY(%s)",
            [spec.table, [f"tally_{spec.name}_{event}" for event in tallies.EVENTS]],
        )
        (triggers,) = cursor.fetchone()
    same = TallyState.objects.filter(name=spec.name, digest=spec.digest).exists()
    return same and triggers == len(tallies.EVENTS)


def check(spec: Spec, *, at: datetime) -> list[Difference]:
    """Compare a tally with its facts, one snapshot for both, and remember the outcome; differences are logged."""
    columns = ("grain", *tallies.KEY, "number", "amount")
    with connection.cursor() as cursor:
        cursor.execute(tallies.differences(spec))
        rows = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
    found = [
        Difference(
            row["grain"], row["day"], row["county"], row["street"], row["since"],
            (row["d1"], row["d2"], row["d3"], row["d4"]), int(row["number"]), row["amount"],
        )
        for row in rows
    ]  # fmt: skip
    sample = [json.loads(json.dumps(row, default=str)) for row in rows[:SAMPLE]]
    TallyState.objects.filter(name=spec.name).update(checked_at=at, differences=len(found), sample=sample)
    if found:
        log.error("tally %s differs from its facts in %d rows: %s", spec.name, len(found), found[:3])
    return found
