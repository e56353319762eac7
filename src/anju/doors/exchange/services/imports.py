"""The verbs of the exchange: look at a ledger, load it, keep what somebody uploads.

A file is loaded in one transaction: cancelled or killed half way it leaves nothing, and loaded again it adds only
what was not there.
"""

import hashlib
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from anju.ground.access import services as access
from anju.ground.access.actors import Actor
from anju.ground.foundation import jobs, journal, memory, rulebooks
from anju.ground.foundation.models import JobProgress
from anju.ground.foundation.refusals import NotAllowedNow, NotFound, Refusal

from .. import rules
from ..models import Import
from ..queries.classes import ClassFinder
from ..queries.offices import Router
from ..queries.places import POWER, PlaceFinder
from ..queries.reading import MOST_BYTES, Book, Sheet, Unreadable, open_book, unfolded
from ..queries.validation import CASE_COLUMNS, Bad, CaseCheck, Companies, data_rows
from ..rules import Column, Header, Kind, Words
from . import loading
from .returned import Returned

KINDS = (
    "inspections", "units", "visits", "findings", "orders", "fines",
    "hazards", "complaints", "estates", "companies",
)  # fmt: skip
HEAD_ROWS = 15
KEPT_ERRORS = 500
# How many days files are kept: personal data stays no longer than it is of use (PIPL 19).
KEPT_DAYS = {"uploads": 90, "returned": 90, "exports": 7}
SUFFIXES = (".xlsx", ".xls", ".xlsm", ".csv", ".tsv", ".txt", ".et")
_CASE_KINDS = {"hazards": "hazard", "complaints": "complaint"}
# Loaded in one transaction with their links; `inspections` is a workbook that may hold all of them.
STATION_KINDS = ("inspections", "units", "visits", "findings", "orders", "fines")
_POWERS = {
    **dict.fromkeys(STATION_KINDS, "exchange.stations"),
    "units": "inspections.register",
    "estates": "territory.edit",
    "companies": "organisations.edit",
}

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class RowError:
    """Why a row, or a whole sheet (row None), was not loaded."""

    sheet: str
    row: int | None
    column: str
    message: str

    def as_dict(self) -> dict[str, Any]:
        return {"sheet": self.sheet, "row": self.row, "column": self.column, "message": self.message}


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


@dataclass
class SheetPlan:
    """How one sheet is read: of which kind it is, its heading, the year of its title, and the rows above the data."""

    sheet: Sheet
    kind: Kind
    header: Header
    year: int | None
    head: list[list[Any]]


@dataclass
class Plan:
    """How a workbook is read. `unread` are sheets that hold something but no heading of this kind."""

    kinds: list[Kind]
    words: Words
    sheets: list[SheetPlan]
    unread: list[RowError]
    notes: list[str]


def kinds_of(kind: str, rulebook: Mapping[str, Any]) -> list[Kind]:
    """Return the kinds of sheets that a kind of ledger may hold: itself, or the parts of a station's workbook."""
    return [Kind.read(part, rulebook) for part in rulebook["kinds"][kind].get("parts", [kind])]


def given_for(mapping: Mapping[str, str] | None, sheet: str) -> dict[str, str]:
    """Return the meanings that a person chose for a sheet: those for every sheet, and before them its own.

    mapping  heading -> field, or "sheet!heading" -> field
    """
    chosen = dict(mapping or {})
    here = f"{sheet}!"
    own = {key.removeprefix(here): value for key, value in chosen.items() if key.startswith(here)}
    return {key: value for key, value in chosen.items() if "!" not in key} | own


def recognised(
    head: list[list[Any]],
    sheet: Sheet,
    kinds: Sequence[Kind],
    words: Words,
    mapping: Mapping[str, str] | None,
) -> tuple[Kind, Header | None]:
    """Say of which kind a sheet is, by its heading and its name, and where the heading is."""
    best: tuple[tuple[int, bool], Kind, Header] | None = None
    for kind in kinds:
        given = given_for(mapping, sheet.name)
        header = rules.find_header(head, kind, words, merged=sheet.merged, given=given)
        if header is None:
            continue
        titles = [
            sheet.name,
            *(rules.as_text(v) for row in head[: header.first] for v in row if type(v) is str),
        ]
        # The best fitting kind, also when a column of it is lacking: a sheet of visits whose day is called otherwise is
        # no list of units.
        rank = (rules.fitting(kind, header, titles), not rules.missing(kind, header.fields))
        if best is None or rank > best[0]:
            best = (rank, kind, header)
    return (best[1], best[2]) if best is not None else (kinds[0], None)


def plan(book: Book, *, kind: str, on: Any, mapping: Mapping[str, str] | None = None, name: str = "") -> Plan:
    """Find the heading of each sheet and what its columns mean; raises Unreadable when no sheet can be read."""
    rulebook = rulebooks.load("exchange", on=on)
    words, kinds = Words.read(rulebook), kinds_of(kind, rulebook)
    made = Plan(kinds, words, [], [], [])
    seen: list[tuple[Kind, Header | None]] = []
    for sheet in book.sheets:
        head = [list(row) for row in islice(sheet.rows(), HEAD_ROWS)]
        wanted, header = recognised(head, sheet, kinds, words, mapping)
        if header is not None and not rules.missing(wanted, header.fields):
            titles = [rules.as_text(v) for row in head[: header.first] for v in row if isinstance(v, str)]
            year = (
                rules.year_of_title(titles)
                or rules.year_of_title([sheet.name])
                or rules.year_of_title([name])
            )
            made.sheets.append(SheetPlan(sheet, wanted, header, year, head[: header.last + 1]))
            continue
        if not any(not rules.is_empty(v) for row in head for v in row):
            continue
        seen.append((wanted, header))
        if header is not None or _looks_like_table(head):
            made.unread.append(RowError(sheet.name, None, "", _no_header(kinds, wanted, header)))
        else:
            made.notes.append(_("工作表“%(sheet)s”里没有表格，未导入。") % {"sheet": sheet.name})
    made.notes += [_("隐藏的工作表“%(sheet)s”未导入。") % {"sheet": hidden} for hidden in book.hidden]
    if not made.sheets:
        found = [(h, k) for k, h in seen if h is not None]
        best, of = max(found, key=lambda pair: pair[0].score, default=(None, kinds[0]))
        raise Unreadable(_no_header(kinds, of, best))
    return made


def shown(thing: Kind | Column) -> str:
    """Return what a kind or a column is called in the reader's language."""
    english = (get_language() or "").startswith("en")
    return thing.name_en if english and thing.name_en else thing.name


def _looks_like_table(head: list[list[Any]]) -> bool:
    return sum(sum(not rules.is_empty(v) for v in row) >= 3 for row in head) >= 3


def _no_header(kinds: Sequence[Kind], kind: Kind, header: Header | None) -> str:
    """Say which columns were found and which are needed."""

    def named(kind: Kind, group: tuple[str, ...]) -> str:
        return _("或").join(_("“%(name)s”") % {"name": shown(kind.columns[f])} for f in group)

    if header is None:
        said = _("没有找到表头。")
        for each in kinds:
            said += _("%(kind)s至少需要这些列：%(needed)s。") % {
                "kind": shown(each),
                "needed": _("、").join(named(each, group) for group in each.needs),
            }
        return said
    lacking = _("、").join(named(kind, group) for group in rules.missing(kind, header.fields))
    found = _("、").join(header.labels.values())[:200]
    return _("缺少必需的列：%(lacking)s。找到的列有：%(found)s。请改列名，或指定各列的含义。") % {
        "lacking": lacking,
        "found": found,
    }


def may_import(by: Actor, kind: str) -> bool:
    """Say whether an actor may import a kind of ledger."""
    return by.has(POWER) and by.has(_POWERS.get(kind, POWER))


def require_kind(by: Actor, kind: str) -> None:
    """Raise NotPermitted unless the actor may import a kind of ledger."""
    access.require_power(by, POWER)
    access.require_power(by, _POWERS.get(kind, POWER))


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
            outcome = run.go(dry_run=dry_run, record=record, is_demo=is_demo)
            if dry_run:
                transaction.set_rollback(True)
            else:
                if record is None:
                    record = Import.objects.create(
                        owner_id=by.account_id,
                        kind=kind,
                        name=name[:200],
                        sha256=sha256_of(path),
                        size=path.stat().st_size,
                        mapping=dict(mapping or {}),
                        created_at=at,
                    )
                write_outcome(record, outcome, state=Import.State.DONE, at=at)
                journal.record(
                    "exchange.imported",
                    subject=record,
                    by=by,
                    at=at,
                    data={
                        "kind": kind,
                        "file": name,
                        "sha256": record.sha256,
                        "rows": outcome.rows,
                        "loaded": outcome.loaded,
                        "duplicates": outcome.duplicates,
                        "rejected": outcome.rejected,
                    },
                )
    except BaseException:
        returned.discard()
        raise
    return outcome


@dataclass
class Look:
    """What a person is shown of a sheet before it is loaded: its columns, what they seem to mean, some values."""

    name: str
    kind: Kind
    header: Header
    lacking: list[tuple[str, ...]]
    samples: dict[int, list[str]]


def look(path: Path, *, kind: str, on: Any, mapping: Mapping[str, str] | None = None) -> list[Look]:
    """Read the headings of a workbook and a few rows below; raises Unreadable when no sheet has a heading."""
    rulebook = rulebooks.load("exchange", on=on)
    words, kinds = Words.read(rulebook), kinds_of(kind, rulebook)
    # Somebody waits for this page, beside others: large workbooks are looked at one after the other.
    with memory.heavy().share(unfolded(path)):
        found = list(_looked(path, kinds, words, mapping))
    if not found:
        raise Unreadable(_no_header(kinds, kinds[0], None))
    return found


def _looked(
    path: Path, kinds: Sequence[Kind], words: Words, mapping: Mapping[str, str] | None
) -> Iterator[Look]:
    for sheet in open_book(path).sheets:
        head = [list(row) for row in islice(sheet.rows(), HEAD_ROWS + 5)]
        wanted, header = recognised(head[:HEAD_ROWS], sheet, kinds, words, mapping)
        if header is None:
            continue
        samples = {
            position: list(
                dict.fromkeys(
                    rules.as_text(row[position])[:40]
                    for row in head[header.last + 1 :]
                    if position < len(row) and not rules.is_empty(row[position])
                )
            )[:3]
            for position in header.labels
        }
        yield Look(sheet.name, wanted, header, rules.missing(wanted, header.fields), samples)


# --- What a person brings to the console -------------------------------------------------------------------------


def upload(*, file: Any, kind: str, by: Actor, at: datetime) -> Import:
    """Keep an uploaded ledger and look at it; raises Unreadable (and keeps nothing) when it cannot be read."""
    require_kind(by, kind)
    name = Path(str(file.name or "")).name[:200] or "ledger.xlsx"
    suffix = Path(name).suffix.lower()
    folder = settings.DATA_DIR / "uploads"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{secrets.token_hex(16)}{suffix if suffix in SUFFIXES else '.csv'}"
    digest, size = hashlib.sha256(), 0
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
        return Import.objects.create(
            owner_id=by.account_id,
            kind=kind,
            name=name,
            path=relative(path),
            sha256=digest.hexdigest(),
            size=size,
            created_at=at,
        )
    except BaseException:
        path.unlink(missing_ok=True)
        raise


@transaction.atomic
def start_run(
    *, import_id: int, dry_run: bool, by: Actor, mapping: Mapping[str, str] | None = None
) -> Import:
    """Enqueue a dry run (with the meanings a person chose) or the import itself, and mark what is going on."""
    record = own(import_id, by=by, lock=True)
    allowed = (
        {Import.State.UPLOADED, Import.State.CHECKED, Import.State.FAILED}
        if dry_run
        else {Import.State.CHECKED}
    )
    if record.state not in allowed:
        raise NotAllowedNow(
            _("这次导入现在是“%(state)s”，请刷新页面查看最新进度。") % {"state": record.state_label}
        )
    if mapping is not None:
        chosen = [(key.rpartition("!")[0], field) for key, field in mapping.items() if field]
        twice = next((field for sheet, field in chosen if chosen.count((sheet, field)) > 1), None)
        if twice:
            kinds = kinds_of(record.kind, rulebooks.load("exchange", on=timezone.localdate()))
            column = next(k.columns[twice] for k in kinds if twice in k.columns)
            raise Refusal(_("有两列都选了“%(name)s”，请只留一列。") % {"name": shown(column)})
        record.mapping = dict(mapping)
    job = jobs.start(
        "exchange.run_import",
        kind="exchange.import",
        title=(_("试运行 %(name)s") if dry_run else _("导入 %(name)s")) % {"name": record.name[:150]},
        owner_id=by.account_id,
        import_id=record.pk,
        dry_run=dry_run,
        language=get_language() or "",
    )
    record.job_id = job.pk
    record.state = Import.State.CHECKING if dry_run else Import.State.RUNNING
    record.message = ""
    record.save()
    return record


@transaction.atomic
def cancel(*, import_id: int, by: Actor, at: datetime) -> Import:
    """Ask a running import to stop, or give up one that has not begun; nothing of it is loaded."""
    record = own(import_id, by=by, lock=True)
    if record.state in (Import.State.CHECKING, Import.State.RUNNING):
        JobProgress.objects.filter(pk=record.job_id).update(cancel_asked=True)
        return record
    if record.state in (Import.State.DONE, Import.State.CANCELLED):
        raise NotAllowedNow(_("这次导入已经结束，不能取消。"))
    record.state, record.finished_at = Import.State.CANCELLED, at
    record.save()
    return record


def own(import_id: int, *, by: Actor, lock: bool = False) -> Import:
    """Return one's own import; other people's do not exist."""
    found = Import.objects.select_for_update() if lock else Import.objects.all()
    record = found.filter(pk=import_id, owner_id=by.account_id).first()
    if record is None:
        raise NotFound(_("没有找到这次导入。"))
    return record


@transaction.atomic
def record_export(
    *, by: Actor, at: datetime, rows: int | None, form: str, query: str, of: str = "cases"
) -> None:
    """Leave a trace of who took which list out."""
    journal.record(
        "exchange.exported",
        subject=None,
        by=by,
        at=at,
        data={"list": of, "form": form, "query": query[:500], **({} if rows is None else {"rows": rows})},
    )


def write_outcome(record: Import, outcome: Outcome, *, state: str, at: datetime) -> None:
    """Write what a run did to its import."""
    record.state = state
    record.rows, record.loaded = outcome.rows, outcome.loaded
    record.duplicates, record.rejected = outcome.duplicates, outcome.rejected
    record.errors = [error.as_dict() for error in outcome.errors[:KEPT_ERRORS]]
    record.notes = outcome.notes
    record.counts = {"kinds": outcome.kinds, "units": outcome.units} if outcome.kinds else {}
    record.message = ""
    old = record.returned
    record.returned = relative(outcome.returned_workbook) if outcome.returned_workbook else ""
    if state == Import.State.DONE:
        record.finished_at = at
    record.save()
    if old and old != record.returned:
        (settings.DATA_DIR / old).unlink(missing_ok=True)


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


def relative(path: Path) -> str:
    """Return a path as it is kept: below DATA_DIR, which may be moved."""
    return str(path.relative_to(settings.DATA_DIR))


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
