"""Examples of the verbs of imports and exports: each of a ledger, or of a list, of its own."""

import hashlib
from itertools import count
from typing import Any

from django.conf import settings
from tests.verbs import Example, World, example

from anju.doors.exchange.models import Export, Import
from anju.doors.exchange.services import exports, loop
from anju.ground.access.actors import SYSTEM
from anju.ground.foundation.models import JobProgress

_numbers = count(1)


def wang(world: World) -> Any:
    """Return who imports ledgers of hazards."""
    return world.actor("street_officer")


def brought(world: World) -> dict[str, Any]:
    """Return what is said of a ledger that is brought."""
    number = next(_numbers)
    digest = hashlib.sha256(str(number).encode()).hexdigest()
    return {"kind": "hazards", "name": f"台账{number}.xlsx", "sha256": digest, "size": 1}


def ledger(world: World) -> Import:
    """Bring a ledger."""
    made: Import = loop.file(by=wang(world), at=world.now, **brought(world))
    return made


def checking(world: World) -> Import:
    """Bring a ledger and begin its dry run."""
    made: Import = loop.check(import_id=ledger(world).pk, by=wang(world), at=world.now)
    return made


def checked(world: World) -> Import:
    """Bring a ledger of which one row would be loaded."""
    outcome = loop.Outcome(rows=1, loaded=1)
    made: Import = loop.checked(import_id=checking(world).pk, outcome=outcome, by=SYSTEM, at=world.now)
    return made


def job_of(made: Import) -> int | None:
    """Return the number of the job that works on an import now."""
    return Import.objects.get(pk=made.pk).job_id


@example("exchange.file")
def file(world: World) -> Example:
    given = brought(world)
    return Example(wang(world), given, other={"sha256": "0" * 64})


@example("exchange.check")
def check(world: World) -> Example:
    given = {"import_id": ledger(world).pk, "mapping": {"检查时间": "found_on"}}
    return Example(wang(world), given, other={"mapping": {"检查时间": ""}})


@example("exchange.run")
def run(world: World) -> Example:
    return Example(wang(world), {"import_id": checked(world).pk})


@example("exchange.check", effect="start_job")
def check_starts_a_job(world: World) -> Example:
    made = ledger(world)
    return Example(wang(world), {"import_id": made.pk}, holds=lambda: job_of(made) is not None)


@example("exchange.run", effect="start_job")
def run_starts_a_job(world: World) -> Example:
    made = checked(world)
    return Example(wang(world), {"import_id": made.pk}, holds=lambda: job_of(made) != made.job_id)


@example("exchange.cancel", effect="stop_job")
def cancel_stops_the_job(world: World) -> Example:
    made = checking(world)
    asked = JobProgress.objects.filter(pk=made.job_id, cancel_asked=True)
    return Example(wang(world), {"import_id": made.pk}, holds=asked.exists)


@example("exchange.imported")
def imported(world: World) -> Example:
    made = loop.run(import_id=checked(world).pk, by=wang(world), at=world.now)
    given = {"import_id": made.pk, "outcome": loop.Outcome(rows=1, loaded=1)}
    return Example(wang(world), given, other={"outcome": loop.Outcome(rows=2, loaded=2)})


@example("exchange.cancel")
def cancel(world: World) -> Example:
    return Example(wang(world), {"import_id": ledger(world).pk})


@example("exchange.export")
def export(world: World) -> Example:
    given = {"of": "cases", "form": "csv", "query": "state=closed"}
    return Example(world.actor("county_supervisor"), given, other={"query": "state=open"})


def later(world: World) -> Export:
    """Ask for a long list."""
    by = world.actor("county_supervisor")
    made: Export = exports.export_later(of="cases", query="", by=by, at=world.now)
    return made


@example("exchange.export_later")
def export_later(world: World) -> Example:
    return Example(world.actor("county_supervisor"), {"of": "cases", "query": "open=1"}, other={"query": ""})


@example("exchange.export_later", effect="start_job")
def export_later_starts_a_job(world: World) -> Example:
    shown, before = export_later(world), JobProgress.objects.count()
    return Example(shown.by, shown.given, holds=lambda: JobProgress.objects.count() > before)


@example("exchange.exported")
def exported(world: World) -> Example:
    path = settings.DATA_DIR / "exports" / f"{next(_numbers)}.xlsx"
    given = {"export_id": later(world).pk, "path": path, "rows": 3}
    return Example(world.actor("county_supervisor"), given, other={"rows": 4})
