"""Workbooks as they come: .xlsx, .xls and .csv read as rows of plain values, formulas as the value last shown.

Nothing in a file is executed or followed. Before a workbook is opened its compressed parts are measured, so that a
small file cannot unfold into a huge one.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import python_calamine
from django.utils.translation import gettext as _

from anju.ground.foundation.refusals import Refusal

MOST_BYTES = 200 * 1024 * 1024
MOST_UNPACKED = 1_000 * 1024 * 1024
MOST_CELLS = 40_000_000
MOST_COLUMNS = 702  # up to column ZZ
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_WIDE = re.compile(rb'r="[A-Z]{3}\d')
_ROW = re.compile(rb'<row [^>]{0,200}?r="(\d{6,7})"')

Row = list[Any]


class Unreadable(Refusal):
    """The file could not be read at all; nothing was loaded."""

    code = "unreadable"


@dataclass
class Sheet:
    """One sheet: its name, and its rows from the first on.

    left    how many empty columns stand before the first value of each row
    merged  cell -> the cell whose value it shares; rows and positions counted from 0, without `left`
    height  number of rows, so far as known
    """

    name: str
    _rows: Any
    left: int = 0
    height: int = 0
    merged: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    ranges: list[tuple[tuple[int, int], tuple[int, int]]] = field(default_factory=list)

    def rows(self) -> Iterator[Row]:
        """Give the rows one after the other; a row's number in the workbook is its index + 1."""
        return iter(self._rows())


@dataclass
class Book:
    """A workbook: its visible sheets that hold something, and the names of those that were passed over."""

    sheets: list[Sheet]
    hidden: list[str] = field(default_factory=list)


def open_book(path: Path) -> Book:
    """Open a ledger; raises Unreadable with one clear sentence."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(8)
    except FileNotFoundError:
        raise Unreadable(_("找不到文件 %(name)s。") % {"name": path.name}) from None
    except (OSError, ValueError):
        raise Unreadable(
            _("打不开文件 %(name)s，请检查它是否存在、是否允许读取。") % {"name": path.name}
        ) from None
    if size == 0:
        raise Unreadable(_("文件 %(name)s 是空的。") % {"name": path.name})
    if size > MOST_BYTES:
        raise Unreadable(
            _("文件超过 %(most)s MB，请分成几个文件导入。") % {"most": MOST_BYTES // 1024 // 1024}
        )
    if head.startswith(b"PK"):
        _measure(path)
        return _workbook(path)
    if head.startswith(_OLE):
        if _ENCRYPTED in path.read_bytes():
            raise Unreadable(_encrypted())
        return _workbook(path)
    if path.suffix.lower() in (".xlsx", ".xls", ".xlsm", ".et"):
        if head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
            raise Unreadable(
                _("这个文件扩展名是表格，内容其实是网页。请用表格软件打开，另存为 .xlsx 后再导入。")
            )
        raise Unreadable(
            _("这个文件不是有效的 Excel 工作簿，可能已损坏。请重新导出或另存为 .xlsx 后再导入。")
        )
    return _text(path)


def unfolded(path: Path) -> int:
    """Say about how many bytes a ledger takes once it is open: its parts unpacked, or a text as Python keeps it."""
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                return sum(part.file_size for part in archive.infolist())
        return path.stat().st_size * 4
    except (OSError, ValueError, zipfile.BadZipFile):
        return 0  # `open_book` says what is wrong with it


def _encrypted() -> str:
    return _("这个文件设置了打开密码，无法读取。请去掉密码后再导入。")


def _measure(path: Path) -> None:
    """Refuse a workbook whose parts unfold too far or whose cells lie too far out, before it is opened."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            if sum(part.file_size for part in parts) > MOST_UNPACKED or len(parts) > 10_000:
                raise Unreadable(_too_large())
            for part in parts:
                if part.filename.startswith("xl/worksheets/") and part.filename.endswith(".xml"):
                    _measure_sheet(archive, part)
                elif part.filename.startswith("xl/") and part.filename.endswith(".xml"):
                    _read_through(archive, part)
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, ValueError):
        raise Unreadable(
            _("这个文件不是有效的 Excel 工作簿，可能已损坏。请重新导出或另存为 .xlsx 后再导入。")
        ) from None
    except RuntimeError:
        raise Unreadable(_encrypted()) from None


def _too_large() -> str:
    return _("这个工作簿展开后太大，无法安全读取。请删去多余的工作表和空白区域，或分成几个文件。")


def _read_through(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """Unfold a part once, keeping nothing: one that is longer than it says fails its checksum here, not later."""
    with archive.open(part) as stream:
        while stream.read(1 << 20):
            pass


def _measure_sheet(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """Look through a sheet's own text: what it declares as its size need not be true."""
    read, tail, last_row = 0, b"", 0
    with archive.open(part) as stream:
        while chunk := stream.read(1 << 20):
            read += len(chunk)
            if read > min(part.file_size + 1024, MOST_UNPACKED):
                raise Unreadable(_too_large())
            here = tail + chunk
            if _WIDE.search(here):
                raise Unreadable(
                    _("表格超过 %(most)s 列，请删去右侧多余的列后再导入。") % {"most": MOST_COLUMNS}
                )
            last_row = max([last_row, *map(int, _ROW.findall(here))])
            tail = here[-300:]
    # A sheet of a million rows needs that many bytes to be honest; one cell at the far end does not.
    if last_row > 100_000 and read < last_row * 20:
        raise Unreadable(_too_large())


def _workbook(path: Path) -> Book:
    try:
        book = python_calamine.CalamineWorkbook.from_path(str(path))
    except python_calamine.PasswordError:
        raise Unreadable(_encrypted()) from None
    except Exception:
        raise Unreadable(
            _("这个文件不是有效的 Excel 工作簿，可能已损坏。请重新导出或另存为 .xlsx 后再导入。")
        ) from None
    found = Book([])
    for meta in book.sheets_metadata:
        if meta.typ != python_calamine.SheetTypeEnum.WorkSheet:
            continue
        if meta.visible != python_calamine.SheetVisibleEnum.Visible:
            found.hidden.append(meta.name)
            continue
        try:
            sheet = book.get_sheet_by_name(meta.name)
        except Exception:
            raise Unreadable(_("工作表“%(sheet)s”已损坏，读不出来。") % {"sheet": meta.name}) from None
        if sheet.end is None:
            continue
        if sheet.total_height * sheet.width > MOST_CELLS:
            raise Unreadable(_too_large())
        left = sheet.start[1] if sheet.start else 0
        ranges = [
            ((top, first - left), (bottom, last - left))
            for (top, first), (bottom, last) in sheet.merged_cell_ranges or ()
        ]
        found.sheets.append(
            Sheet(meta.name, sheet.iter_rows, left, sheet.total_height, _origins(ranges, sheet), ranges)
        )
    if not found.sheets:
        raise Unreadable(_("这个工作簿里没有数据。"))
    return found


def _origins(ranges: list, sheet: Any) -> dict[tuple[int, int], tuple[int, int]]:
    """Return for each cell of a merged range the cell that holds its value; absurdly large ranges are left out."""
    found = {}
    for (top, first), (bottom, last) in ranges:
        bottom, last = min(bottom, sheet.total_height), min(last, MOST_COLUMNS)
        if (bottom - top + 1) * (last - first + 1) > 200_000:
            continue
        for row in range(top, bottom + 1):
            for position in range(first, last + 1):
                found[row, position] = (top, first)
    return found


def _text(path: Path) -> Book:
    """Read a CSV or TSV in UTF-8 or GB18030, separated by comma, tab or semicolon."""
    data = path.read_bytes()
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    else:
        encodings = ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise Unreadable(_("读不出这个文件的文字编码。请另存为 .xlsx，或保存为 UTF-8 编码的 CSV。"))
    if "\x00" in text or text.lstrip()[:1] == "<":
        raise Unreadable(_("这个文件不是表格。请选择 .xlsx、.xls 或 .csv 文件。"))
    first = text[:8000]
    separator = max(",\t;", key=first.count)
    if not first.count(separator):
        raise Unreadable(_("这个文件不是表格。请选择 .xlsx、.xls 或 .csv 文件。"))
    lines = text.count("\n") + 1
    del data
    return Book([Sheet(path.stem, lambda: _csv_rows(text, separator), 0, lines)])


def _csv_rows(text: str, separator: str) -> Iterator[Row]:
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    except csv.Error as error:
        raise Unreadable(
            _("CSV 文件的格式有错（%(error)s）。请另存为 .xlsx 后再导入。") % {"error": error}
        ) from None
