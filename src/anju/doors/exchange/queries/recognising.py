"""How a ledger is recognised: of which kind each sheet is, where its heading is, what its columns seem to mean."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from anju.ground.foundation import memory, rulebooks

from .. import rules
from ..rules import Column, Header, Kind, Words
from .reading import Book, Sheet, Unreadable, open_book, unfolded

HEAD_ROWS = 15


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
