"""Workbooks as stations send them, made for the tests (演示数据)."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import xlsxwriter

HEADINGS = ["序号", "检查时间", "小区名称", "隐患描述", "隐患类别", "是否整改", "整改完成时间"]
GOOD = [1, "2024年3月5日", "槐荫小区", "3号楼2单元楼道内停放电动自行车两辆", "EB01", "√", "2024.3.6"]


def make(
    path: Path,
    rows: Sequence[Sequence[Any]],
    *,
    headings: Sequence[Any] = HEADINGS,
    title: str = "槐荫派出所2024年隐患台账（演示数据）",
    after: Sequence[Sequence[Any]] = (),
    more: dict[str, Sequence[Sequence[Any]]] | None = None,
    dress: Callable[[Any, Any], None] | None = None,
) -> Path:
    """Write a workbook: a merged title, a note, the headings in the third row, the rows, what stands after them.

    dress  called with (workbook, sheet) for merges and the like
    """
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet("台账")
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    sheet.merge_range(0, 0, 0, max(1, len(headings) - 1), title)
    sheet.write(1, 0, "填报单位：槐荫派出所（演示数据）")
    for number, row in enumerate([headings, *rows, *after], start=2):
        for position, value in enumerate(row):
            if isinstance(value, str):
                sheet.write_string(number, position, value)
            elif hasattr(value, "year"):
                sheet.write_datetime(number, position, value, day)
            elif value is not None:
                sheet.write(number, position, value)
    for name, lines in (more or {}).items():
        other = book.add_worksheet(name)
        for number, line in enumerate(lines):
            other.write_row(number, 0, line)
    if dress:
        dress(book, sheet)
    book.close()
    return path


def read(path: Path) -> list[list[Any]]:
    """Read the first sheet of a workbook back as rows of values."""
    sheet = openpyxl.load_workbook(path).worksheets[0]
    return [[cell.value for cell in row] for row in sheet.iter_rows()]
