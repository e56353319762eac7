"""Loading a ledger, and keeping what somebody uploads.

A file is loaded in one transaction: cancelled or killed half way it leaves nothing, and loaded again it adds only
what was not there.
"""

import hashlib
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.ground.access.actors import Actor
from anju.ground.foundation import rulebooks
from anju.ground.foundation.refusals import Refusal

from ..models import Import, relative
from ..queries.classes import ClassFinder
from ..queries.offices import Router
from ..queries.places import PlaceFinder
from ..queries.reading import MOST_BYTES, Unreadable, open_book
from ..queries.recognising import Plan, RowError, SheetPlan, look, plan
from ..queries.validation import CASE_COLUMNS, Bad, CaseCheck, Companies, data_rows
from . import loading
from .loop import STATION_KINDS, Outcome, imported, require_kind
from .loop import file as take_in
from .returned import Returned

KINDS = tuple(Import.Kind.values)
# How many days files are kept: personal data stays no longer than it is of use (PIPL 19).
KEPT_DAYS = {"uploads": 90, "returned": 90, "exports": 7}
SUFFIXES = (".xlsx", ".xls", ".xlsm", ".csv", ".tsv", ".txt", ".et")
_CASE_KINDS = {"hazards": "hazard", "complaints": "complaint"}
Progress = Callable[[int, int, str], None]


def load_ledger(
    *,
    path: Path,
    kind: str,
    by: Actor,
    at: datetime,
    dry_run: bool = False,
    mapping: Mapping[str, str] | None = None,
    name: str = "",
    record: Import | None = None,
    progress: Progress | None = None,
    is_demo: bool = False,
) -> Outcome:
    """Load a ledger in one transaction, or with `dry_run` say what loading it would do.

    mapping   heading -> field ("" = none) where a person knows better than the lists
    record    the import to which the run belongs; without one it is made here (not for a dry run)
    progress  called with (rows done, rows in all, what is going on); may raise to stop
    Raises Unreadable when the file cannot be read at all, NotPermitted without the power.
    """
    require_kind(by, kind)
    name = name or path.name
    tell = progress or (lambda done, total, message: None)
    book = open_book(path)
    made = plan(book, kind=kind, on=timezone.localtime(at).date(), mapping=mapping, name=name)
    returned = Returned(name)
    run = _Run(made, kind, by, at, returned, tell)
    try:
        with transaction.atomic():
            if record is None and not dry_run:
                record = take_in(
                    kind=kind, name=name, sha256=sha256_of(path), size=path.stat().st_size, mapping=mapping,
                    by=by, at=at,
                )  # fmt: skip
            outcome = run.go(dry_run=dry_run, record=record, is_demo=is_demo)
            if dry_run:
                transaction.set_rollback(True)
            else:
                assert record is not None
                imported(import_id=record.pk, outcome=outcome, by=by, at=at)
    except BaseException:
        returned.discard()
        raise
    return outcome


# --- What a person brings to the console -------------------------------------------------------------------------


def upload(*, file: Any, kind: str, by: Actor, at: datetime, key: str = "") -> Import:
    """Keep an uploaded ledger and look at it; raises Unreadable (and keeps nothing) when it cannot be read."""
    if kind not in KINDS:
        raise Refusal(_("请选择台账的种类。"), field="kind")
    if file is None:
        raise Refusal(_("请选择要导入的文件。"), field="file")
    require_kind(by, kind)
    name = Path(str(file.name or "")).name[:200] or "ledger.xlsx"
    suffix = Path(name).suffix.lower()
    folder = settings.DATA_DIR / "uploads"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{secrets.token_hex(16)}{suffix if suffix in SUFFIXES else '.csv'}"
    digest, size, record = hashlib.sha256(), 0, None
    try:
        with path.open("xb") as kept:
            path.chmod(0o600)
            for chunk in file.chunks():
                size += len(chunk)
                if size > MOST_BYTES:
                    raise Unreadable(_("文件太大，请分成几个文件导入。"), field="file")
                digest.update(chunk)
                kept.write(chunk)
        look(path, kind=kind, on=timezone.localtime(at).date())
        record = take_in(
            kind=kind,
            name=name,
            path=relative(path),
            sha256=digest.hexdigest(),
            size=size,
            by=by,
            at=at,
            key=key,
        )
    finally:
        # Refused, or sent twice: the answer is then the import with the bytes of the first.
        if record is None or record.path != relative(path):
            path.unlink(missing_ok=True)
    return record


def remove_old_files(*, at: datetime) -> int:
    """Remove files of the exchange older than their folder's days, and return how many; the imports stay listed."""
    removed = 0
    for folder, days in KEPT_DAYS.items():
        before = (at - timedelta(days=days)).timestamp()
        for path in (settings.DATA_DIR / folder).glob("*"):
            if path.is_file() and path.stat().st_mtime < before:
                path.unlink(missing_ok=True)
                removed += 1
    return removed


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class _Run:
    """One reading of a workbook: counts what it meets and sends bad rows back."""

    def __init__(self, made: Plan, kind: str, by: Actor, at: datetime, returned: Returned, tell: Progress):
        self.plan = made
        self.kind = kind
        self.by = by
        self.at = at
        self.day = timezone.localtime(at).date()
        self.returned = returned
        self.tell = tell
        self.outcome = Outcome(notes=list(made.notes), errors=list(made.unread))
        self.total = sum(max(0, s.sheet.height - s.header.last - 1) for s in made.sheets)
        self.seen = 0

    def go(self, *, dry_run: bool, record: Import | None, is_demo: bool) -> Outcome:
        """Stage all good rows, then merge them (or count what merging would do)."""
        self.tell(0, self.total, _("正在读取"))
        outcome = self.outcome
        if self.kind in STATION_KINDS:
            from .stations import StationRun

            work = StationRun(self, dry_run=dry_run, is_demo=is_demo, import_id=record.pk if record else None)
            staged, outcome.loaded = work.go()
        elif self.kind in _CASE_KINDS:
            staged = loading.stage(CASE_COLUMNS, self.rows(self._case_check()))
            self.tell(self.seen, self.total, _("正在写入"))
            if dry_run:
                outcome.loaded = loading.count_new("cases_case", "source_key")
            else:
                merged = loading.merge_cases(
                    kind=_CASE_KINDS[self.kind],
                    by=self.by,
                    at=self.at,
                    import_id=record.pk if record else None,
                    is_demo=is_demo,
                )
                outcome.loaded = merged.loaded
        else:
            from . import places as places_loading

            staged, outcome.loaded = places_loading.run(self, dry_run=dry_run, is_demo=is_demo)
        outcome.duplicates = staged - outcome.loaded
        outcome.rows = staged + outcome.rejected
        outcome.returned_workbook = self.returned.close()
        return outcome

    def places(self) -> PlaceFinder:
        """Return the finder of places within the importer's reach."""
        endings = rulebooks.load("exchange", on=self.day)["place_endings"]
        return PlaceFinder(self.by, endings=endings)

    def _case_check(self) -> Callable[[SheetPlan], Callable]:
        kind = _CASE_KINDS[self.kind]
        places = self.places()
        shared: dict[str, Any] = {
            "kind": kind,
            "columns": self.plan.kinds[0].columns,
            "places": places,
            "classes": ClassFinder(kind, on=self.day),
            "companies": Companies(),
            "router": Router(kind, places.areas, on=self.day),
            "at": self.at,
        }

        def check(sheet: SheetPlan) -> Callable:
            return CaseCheck(sheet.header, self.plan.words, sheet=sheet.sheet.name, year=sheet.year, **shared)

        return check

    def rows(
        self, check_for: Callable[[SheetPlan], Callable], sheets: Sequence[SheetPlan] | None = None
    ) -> Iterator[tuple[Any, ...]]:
        """Give the good rows of all sheets (or of some) as tuples; the others go back."""
        for sheet in self.plan.sheets if sheets is None else sheets:
            header = sheet.header
            if header.asked:
                self.outcome.questions[sheet.sheet.name] = [header.labels[p] for p in header.asked]
            self.returned.sheet(sheet.sheet.name, sheet.head, sheet.sheet.ranges, header, sheet.sheet.left)
            check = check_for(sheet)
            before = 0
            for number, row in data_rows(sheet.sheet, header, sheet.kind, self.plan.words):
                if number - before >= 1000:
                    before = number
                    self.tell(self.seen + number, self.total, _("正在核对"))
                made = check(number, row)
                if type(made) is Bad:
                    self._send_back(sheet, number, row, made)
                else:
                    yield made
            self.seen += max(0, sheet.sheet.height - header.last - 1)

    def _send_back(self, sheet: SheetPlan, number: int, row: list[Any], bad: Bad) -> None:
        self.outcome.rejected += 1
        cells: dict[int, str] = {}
        reasons: list[str] = []
        for position, sentence in bad.problems:
            column = sheet.header.labels.get(position, "") if position is not None else ""
            self.outcome.errors.append(RowError(sheet.sheet.name, number, column, sentence))
            reasons.append(
                _("%(column)s：%(sentence)s") % {"column": column, "sentence": sentence}
                if column
                else sentence
            )
            if position is not None:
                cells[position] = f"{cells[position]}\n{sentence}" if position in cells else sentence
        self.returned.add(number, row, cells, reasons)
