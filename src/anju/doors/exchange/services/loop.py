"""The acts of an import: a file is brought, checked, loaded; a job does the long parts and says how they ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from anju.ground.access import services as access
from anju.ground.access.actors import Actor
from anju.ground.foundation import jobs, rulebooks
from anju.ground.foundation.acts import Loop, Turn
from anju.ground.foundation.refusals import NotFound, Refusal

from ..models import Import, relative
from ..queries.places import POWER
from ..queries.recognising import RowError, kinds_of, shown
from ..rules import IMPORT_LABELS, IMPORT_MOODS, IMPORT_STEPS

KEPT_ERRORS = 500
# Loaded in one transaction with their links; `inspections` is a workbook that may hold all of them.
STATION_KINDS = ("inspections", "units", "visits", "findings", "orders", "fines")
_POWERS = {
    **dict.fromkeys(STATION_KINDS, "exchange.stations"),
    "units": "inspections.register",
    "estates": "territory.edit",
    "companies": "organisations.edit",
}


@dataclass
class Outcome:
    """What an import did or, after a dry run, would do.

    questions  sheet -> headings that mean nothing known; their values are kept with the rows
    notes      sheets that were passed over because they hold no table, and what is worth a look
    kinds      of a station's workbook: kind -> rows, loaded, duplicates, rejected
    units      of a station's workbook: how many units were matched, made, and of these suggested to be one with another
    """

    rows: int = 0
    loaded: int = 0
    duplicates: int = 0
    rejected: int = 0
    errors: list[RowError] = field(default_factory=list)
    returned_workbook: Path | None = None
    questions: dict[str, list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    kinds: dict[str, dict[str, int]] = field(default_factory=dict)
    units: dict[str, int] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return the one object that `import_ledger --json` prints."""
        return {
            "rows": self.rows,
            "loaded": self.loaded,
            "duplicates": self.duplicates,
            "rejected": self.rejected,
            "errors": [error.as_dict() for error in self.errors],
            "returned_workbook": str(self.returned_workbook) if self.returned_workbook else None,
            **({"kinds": self.kinds, "units": self.units} if self.kinds else {}),
        }


def may_import(by: Actor, kind: str) -> bool:
    """Say whether an actor may import a kind of ledger."""
    return by.has(POWER) and by.has(_POWERS.get(kind, POWER))


def require_kind(by: Actor, kind: str) -> None:
    """Raise NotPermitted unless the actor may import a kind of ledger."""
    access.require_power(by, POWER)
    access.require_power(by, _POWERS.get(kind, POWER))


def _whose(turn: Turn) -> None:
    """Ask whoever goes on with an import for what its kind takes; it may always be given up."""
    if turn.row is not None and turn.step.act != "cancel":
        require_kind(turn.by, turn.row.kind)


IMPORTS = Loop(
    Import, IMPORT_STEPS, room="exchange", seen=lambda by: Q(owner_id__in=[by.account_id]), labels=IMPORT_LABELS,
    moods=IMPORT_MOODS, turns=_whose, noun=lazy("这次导入"), missing=lazy("没有找到这次导入。"),
    choices={"kinds": lambda row, day, by: [kind for kind in Import.Kind.choices if may_import(by, kind[0])]},
)  # fmt: skip


def own(import_id: int, *, by: Actor) -> Import:
    """Return one's own import; other people's do not exist."""
    record = Import.objects.filter(IMPORTS.condition(by), pk=import_id).first()
    if record is None:
        raise NotFound(_("没有找到这次导入。"))
    return record


@IMPORTS.verb("file", asked=lambda given: [given["kind"], given["name"], given["sha256"]])
def file(
    turn: Turn, *, kind: str, name: str, sha256: str, size: int, path: str = "", mapping: Any = None
) -> Import:
    """Take in a ledger whose bytes lie at `path` (the command line keeps none)."""
    return Import.objects.create(
        owner_id=turn.by.account_id, kind=kind, name=name[:200], path=path, sha256=sha256, size=size,
        mapping=dict(mapping or {}), created_at=turn.at,
    )  # fmt: skip


@IMPORTS.verb("check")
def check(turn: Turn, *, mapping: Mapping[str, str] | None = None) -> None:
    """Begin a dry run, with the meanings of columns that a person chose."""
    if mapping is not None:
        chosen = [(key.rpartition("!")[0], field) for key, field in mapping.items() if field]
        twice = next((field for sheet, field in chosen if chosen.count((sheet, field)) > 1), None)
        if twice:
            kinds = kinds_of(turn.row.kind, rulebooks.load("exchange", on=turn.today))
            column = next(k.columns[twice] for k in kinds if twice in k.columns)
            raise Refusal(_("有两列都选了“%(name)s”，请只留一列。") % {"name": shown(column)})
        turn.row.mapping = dict(mapping)
    turn.row.message = ""


@IMPORTS.verb("run")
def run(turn: Turn) -> None:
    """Begin the import itself, after a dry run."""
    turn.row.message = ""


@IMPORTS.effect("start_job")
def start_job(turn: Turn) -> None:
    """Start the job that does what was begun."""
    record, title = turn.row, _("导入 %(name)s") if turn.step.act == "run" else _("试运行 %(name)s")
    job = jobs.start(
        "exchange.run_import",
        kind="exchange.import",
        title=title % {"name": record.name[:150]},
        owner_id=turn.by.account_id,
        import_id=record.pk,
        language=get_language() or "",
    )
    record.job_id = job.pk


@IMPORTS.effect("stop_job")
def stop_job(turn: Turn) -> None:
    """Ask the job to stop; it says itself when it has."""
    turn.do(jobs.cancel_job, job_id=turn.row.job_id)


@IMPORTS.verb("checked")
def checked(turn: Turn, *, outcome: Outcome) -> None:
    """Keep what loading the ledger would do."""
    _keep(turn.row, outcome)


@IMPORTS.verb("imported")
def imported(turn: Turn, *, outcome: Outcome) -> None:
    """Keep what loading the ledger did; called in the transaction that loads it."""
    record = turn.row
    _keep(record, outcome)
    record.finished_at = turn.at
    turn.facts = {
        "kind": record.kind,
        "file": record.name,
        "sha256": record.sha256,
        "rows": outcome.rows,
        "loaded": outcome.loaded,
        "duplicates": outcome.duplicates,
        "rejected": outcome.rejected,
    }


def _keep(record: Import, outcome: Outcome) -> None:
    record.rows, record.loaded = outcome.rows, outcome.loaded
    record.duplicates, record.rejected = outcome.duplicates, outcome.rejected
    record.errors = [error.as_dict() for error in outcome.errors[:KEPT_ERRORS]]
    record.notes = outcome.notes
    record.counts = {"kinds": outcome.kinds, "units": outcome.units} if outcome.kinds else {}
    old = record.returned
    record.returned = relative(outcome.returned_workbook) if outcome.returned_workbook else ""
    if old and old != record.returned:
        transaction.on_commit(lambda: (settings.DATA_DIR / old).unlink(missing_ok=True))


@IMPORTS.verb("failed")
def failed(turn: Turn, *, message: str) -> None:
    """Say why nothing was loaded."""
    turn.row.message, turn.row.finished_at, turn.note = message[:500], turn.at, message


@IMPORTS.verb("stopped")
def stopped(turn: Turn) -> None:
    """Note that the job has stopped as it was asked to; nothing of it is loaded."""
    turn.row.finished_at = turn.at


@IMPORTS.verb("cancel")
def cancel(turn: Turn) -> None:
    """Give up an import, or ask one that is going on to stop; nothing of it is loaded."""
    if turn.target is not None:
        turn.row.finished_at = turn.at
