"""演示数据: facts of an invented order, and what a reader sees in the drawn files."""

import csv
import ctypes
import gzip
import io
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import docx
import pypdfium2
import pypdfium2.raw as pdfium
from django.conf import settings

from anju.ground.foundation import rulebooks
from anju.means.documents import rules
from anju.means.documents.services import trial

AT = datetime(2024, 3, 6, 1, 30, tzinfo=UTC)  # 09:30 in Xinxiang
ON = date(2024, 3, 6)
DIVISIONS = settings.SOURCE_DIR / "ground" / "territory" / "data" / "henan_divisions.csv.gz"
NUMBER = "红演办责改字〔2024〕第0001号"


def order(**changed: Any) -> rules.OrderData:
    """Return the facts of an order with three hazards; keywords replace facts."""
    facts: dict[str, Any] = {
        "organisation": "红旗区演示街道办事处",
        "recipient": "演示物业服务有限公司",
        "place": "演示花园小区（演示路12号）",
        "inspected_on": date(2024, 3, 5),
        "due_on": date(2024, 3, 20),
        "basis": ("《中华人民共和国消防法》第五十三条", "《新乡市居民住宅区消防安全管理条例》第三十四条"),
        "hazards": (
            rules.HazardLine("3号楼1单元一层", "疏散通道被杂物堵塞", "《消防法》第六十条第一款第三项", None),
            rules.HazardLine(
                "地下车库B区", "室内消火栓无水", "《消防法》第六十条第一款第一项", date(2024, 3, 20)
            ),
            rules.HazardLine("5号楼北侧", "充电设施无充满断电", "《条例》第二十五条", date(2024, 3, 20)),
        ),
        "inspectors": (rules.Inspector("张演示", "豫G0001"), rules.Inspector("李喆", "豫G0002")),
        "phone": "0373-0000000",
    }
    return rules.OrderData(**{**facts, **changed})


def sample(kind: str, **changed: Any) -> Any:
    """Return the invented facts of a kind that travel with the room; keywords replace facts."""
    return replace(trial.sample(kind), **changed)


def printed(facts: Any = None, *, kind: str = "order_timed", **changed: Any) -> rules.Printed:
    """Return the printed words of a document, composed with the rulebook in force on its day."""
    book = rulebooks.load("documents", on=ON)
    issue = rules.Issue(number=NUMBER, on=ON, zone=ZoneInfo("Asia/Shanghai"))
    given = facts or (order() if kind == "order_timed" else sample(kind))
    return {**rules.compose(kind, given, book, issue), **changed}


def squeezed(text: str) -> str:
    """Take out what the two drawings do differently: blanks, and ＿, which the .pdf draws as a rule."""
    return "".join(char for char in text if not char.isspace() and char not in "＿_\u0002\ufeff")


def pdf_text(data: bytes) -> str:
    """Return the text of a .pdf in reading order, without page numbers."""
    found = ""
    with pypdfium2.PdfDocument(data) as document:
        for number, page in enumerate(document, start=1):
            text = squeezed(page.get_textpage().get_text_range())
            found += text.replace(f"—{number}—", "")
    return found


def docx_text(data: bytes) -> str:
    """Return the text of a .docx in reading order, tables row by row."""
    found = ""
    for part in docx.Document(io.BytesIO(data)).iter_inner_content():
        if isinstance(part, docx.table.Table):
            # A cell merged over columns is handed out once for each of them.
            found += "".join(c.text for row in part.rows for c in dict.fromkeys(row.cells))
        else:
            found += part.text
    return squeezed(found)


def pdf_lines(data: bytes, page_index: int, *, low_mm: float = 35, high_mm: float = 260) -> list[list[Any]]:
    """Return the drawn characters of a page as lines from the top: [[(char, left, right, bottom, top)]], points.

    Only what stands between two heights above the lower edge is returned: the text block.
    """
    lines: dict[int, list[Any]] = defaultdict(list)
    with pypdfium2.PdfDocument(data) as document:
        text = document[page_index].get_textpage()
        for index in range(text.count_chars()):
            char = text.get_text_range(index, 1)
            if char.isspace():
                continue
            left, bottom, right, top = text.get_charbox(index, loose=True)
            x, y = ctypes.c_double(), ctypes.c_double()
            pdfium.FPDFText_GetCharOrigin(text, index, x, y)
            if low_mm / 25.4 * 72 <= y.value <= high_mm / 25.4 * 72:
                lines[round(y.value)].append((char, left, right, bottom, top))
    return [lines[height] for height in sorted(lines, reverse=True)]


def pdf_fonts(data: bytes) -> set[str]:
    """Return the names of the fonts that draw a .pdf, without the mark of a subset."""
    names = set()
    with pypdfium2.PdfDocument(data) as document:
        for page in document:
            for piece in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_TEXT]):
                font = pdfium.FPDFTextObj_GetFont(piece)
                room = ctypes.create_string_buffer(200)
                pdfium.FPDFFont_GetBaseFontName(font, room, 200)
                names.add(room.value.decode().rpartition("+")[2])
    return names


def place_names(prefix: str) -> list[str]:
    """Return the names of the divisions of Henan whose code begins with a prefix ("4107" is Xinxiang)."""
    with gzip.open(DIVISIONS, "rt", encoding="utf-8") as lines:
        return [row["name"] for row in csv.DictReader(lines) if row["code"].startswith(prefix)]
