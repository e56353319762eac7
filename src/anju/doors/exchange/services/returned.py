"""The workbook that goes back: the same sheets, titles and headings, and of the rows only those that were returned.

Each bad cell is coloured and carries its sentence as a comment; the last columns say all that is wrong with the row
and which row it was. Texts are written as texts, never as formulas. Corrected, it can be imported as it is.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import xlsxwriter
from django.conf import settings
from django.utils.translation import gettext as _

from .. import rules

# A comment is drawn as a shape; with many thousands of them spreadsheets open slowly. The last column has all.
MOST_COMMENTS = 2_000
_CELL_LIMIT = 32_767


class Returned:
    """Writes the returned rows as they come; the file is made with the first of them."""

    def __init__(self, name: str, folder: Path | None = None):
        self.folder = folder or settings.DATA_DIR / "returned"
        self.name = name
        self.path: Path | None = None
        self._book: Any = None
        self._sheet: Any = None
        self._at = 0
        self._width = 0
        self._left = 0
        self._pending: tuple | None = None
        self._comments = 0

    def sheet(
        self, name: str, head: Sequence[Sequence[Any]], ranges: Iterable, header: rules.Header, left: int
    ) -> None:
        """Begin another sheet: its rows down to the heading are copied when a row of it is returned."""
        self._pending = (name, [list(row) for row in head], list(ranges), header, left)

    def add(self, number: int, row: Sequence[Any], bad: Mapping[int, str], sentences: Sequence[str]) -> None:
        """Return one row: its number in the workbook, the sentence for each bad position, and all reasons."""
        if self._pending is not None:
            self._begin(*self._pending)
            self._pending = None
        for position in range(max(len(row), 0)):
            self._write(self._at, position, row[position], bad=position in bad)
        for position, sentence in bad.items():
            if position >= len(row) or rules.is_empty(row[position]):
                self._sheet.write_blank(self._at, position + self._left, None, self._bad)
            if self._comments < MOST_COMMENTS:
                self._comments += 1
                self._sheet.write_comment(self._at, position + self._left, sentence, {"x_scale": 2})
        self._sheet.write_string(self._at, self._width, "\n".join(sentences)[:_CELL_LIMIT], self._reason)
        self._sheet.write_number(self._at, self._width + 1, number)
        self._at += 1

    def close(self) -> Path | None:
        """Finish the file and return where it is, or None when nothing was returned."""
        if self._book is not None:
            self._book.close()
            self._book = None
            assert self.path is not None
            self.path.chmod(0o600)
        return self.path

    def discard(self) -> None:
        """Leave no file behind."""
        if self.close() is not None:
            self.path.unlink(missing_ok=True)  # type: ignore[union-attr]
            self.path = None

    def _open(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path = self.folder / f"{secrets.token_hex(16)}.xlsx"
        self._book = xlsxwriter.Workbook(
            str(self.path),
            {
                "constant_memory": True,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
                "tmpdir": str(self.folder),
            },
        )
        add = self._book.add_format
        self._plain = add({"valign": "top"})
        self._head = add(
            {"bold": True, "align": "center", "valign": "vcenter", "text_wrap": True, "border": 1}
        )
        self._bad = add({"bg_color": "#F9D4D0", "valign": "top", "border": 1, "border_color": "#B3261E"})
        self._quoted = add({"quote_prefix": True, "valign": "top"})
        self._bad_quoted = add(
            {"quote_prefix": True, "bg_color": "#F9D4D0", "border": 1, "border_color": "#B3261E"}
        )
        self._reason = add({"font_color": "#8C1D18", "text_wrap": True, "valign": "top"})
        self._day = add({"num_format": "yyyy-mm-dd", "valign": "top"})
        self._bad_day = add({"num_format": "yyyy-mm-dd", "bg_color": "#F9D4D0"})
        self._moment = add({"num_format": "yyyy-mm-dd hh:mm", "valign": "top"})

    def _begin(self, name: str, head: list[list[Any]], ranges: list, header: rules.Header, left: int) -> None:
        if self._book is None:
            self._open()
        self._sheet = self._book.add_worksheet(_sheet_name(name, self._book.sheetnames))
        self._left = left
        width = max([len(row) for row in head] + [max(header.labels, default=0) + 1])
        self._width = left + width
        inside = [
            (top, first, bottom, last)
            for (top, first), (bottom, last) in ranges
            if bottom <= header.last and first >= 0
        ]
        covered = {
            (row, position)
            for top, first, bottom, last in inside
            for row in range(top, bottom + 1)
            for position in range(first, last + 1)
        }
        self._sheet.set_column(self._left, self._width - 1, 16)
        self._sheet.set_column(self._width, self._width, 48)
        starts = {(top, first): (bottom, last) for top, first, bottom, last in inside}
        for number, row in enumerate(head):
            for position in range(width):
                if (number, position) in covered and (number, position) not in starts:
                    continue
                value = row[position] if position < len(row) else ""
                if not rules.is_empty(value) or number > header.first:
                    self._write(number, position, value, heading=number >= header.first)
            if number == header.last:
                self._sheet.write_string(number, self._width, _("退回原因"), self._head)
                self._sheet.write_string(number, self._width + 1, _("原行号"), self._head)
        # In constant memory a range may only be declared, its cells having been written in their order.
        for (top, first), (bottom, last) in starts.items():
            if (bottom, last) != (top, first):
                self._sheet.merge.append([top, first + left, bottom, last + left])
        self._sheet.freeze_panes(header.last + 1, 0)
        self._at = header.last + 1

    def _write(
        self, row: int, position: int, value: Any, *, bad: bool = False, heading: bool = False
    ) -> None:
        column = position + self._left
        if rules.is_empty(value):
            return
        if isinstance(value, str):
            text = value[:_CELL_LIMIT]
            if heading:
                style = self._head
            elif rules.is_formula_like(text):
                style = self._bad_quoted if bad else self._quoted
            else:
                style = self._bad if bad else self._plain
            self._sheet.write_string(row, column, text, style)
        elif isinstance(value, bool):
            self._sheet.write_boolean(row, column, value, self._bad if bad else self._plain)
        elif isinstance(value, datetime):
            self._sheet.write_datetime(
                row, column, value.replace(tzinfo=None), self._bad_day if bad else self._moment
            )
        elif isinstance(value, date):
            self._sheet.write_datetime(row, column, value, self._bad_day if bad else self._day)
        elif isinstance(value, int | float):
            self._sheet.write_number(row, column, value, self._bad if bad else self._plain)
        else:
            shown = value.isoformat() if isinstance(value, time) else str(value)
            self._sheet.write_string(row, column, shown, self._bad if bad else self._plain)


def _sheet_name(name: str, taken: Mapping[str, Any]) -> str:
    clean = "".join("_" if c in "[]:*?/\\" else c for c in name).strip("'")[:28] or "1"
    shown, n = clean, 2
    while shown in taken:
        shown, n = f"{clean}({n})"[:31], n + 1
    return shown
