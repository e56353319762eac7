"""Draw a document: .pdf with Typst on the grid of GB/T 9704, .docx from a Word template. No database.

A template is looked for in <data>/templates first, so that a city changes a form without code. Both drawings read the
same `Printed` mapping (see rules.py).
"""

import hashlib
import io
import json
import threading
import zipfile
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import typst
from django.conf import settings
from docxtpl import DocxTemplate, RichText
from jinja2 import Environment, StrictUndefined
from jinja2.environment import Template
from lxml import etree

from . import faces, rules

SHIPPED = Path(__file__).parent / "templates"
BODY = "word/document.xml"
RED = "D40000"
HEAD_WIDTH = 442  # points: 156 mm
HEAD_SIZES = (22, 42)  # points: 2号 at least

_typst_lock = threading.Lock()


def template_of(kind: str, suffix: str) -> Path:
    """Find the template of a kind (suffix ".typ" or ".docx"): a city's own, else the shipped one."""
    own = settings.DATA_DIR / "templates" / f"{kind}{suffix}"
    return own if own.is_file() else SHIPPED / f"{kind}{suffix}"


def edition_of(kind: str, words: str) -> str:
    """Name what a document was drawn from: the rulebook's edition and the first digits of both templates' SHA-256."""
    marks = (
        hashlib.sha256(template_of(kind, suffix).read_bytes()).hexdigest()[:8] for suffix in (".typ", ".docx")
    )
    return "/".join((words, *marks))


def pdf(printed: rules.Printed, *, at: datetime) -> bytes:
    """Draw the .pdf (PDF/A-2b, for the archive). Raises CharacterMissing rather than print a wrong glyph."""
    return pdf_of(template_of(printed["kind"], ".typ").read_bytes(), printed, at=at)


def pdf_of(source: bytes, printed: rules.Printed, *, at: datetime) -> bytes:
    """Draw a Typst source that may import the shipped gbt9704.typ."""
    faces.require_glyphs(rules.texts(printed))
    given = json.dumps({**printed, "faces": faces.chains()}, ensure_ascii=False)
    with _typst_lock:  # one compiler keeps fonts and layout code in memory; it serves one thread at a time
        drawn = _compiler(faces.folders()).compile(
            source,
            format="pdf",
            sys_inputs={"given": given},
            pdf_standards=["a-2b"],
            timestamp=at.astimezone(UTC).replace(microsecond=0),
        )
    if not isinstance(drawn, bytes):
        raise TypeError("typst returned no single document")
    return drawn


@lru_cache(maxsize=2)
def _compiler(found_in: tuple[Path, ...]) -> typst.Compiler:
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=list(found_in))
    return typst.Compiler(root=SHIPPED, font_paths=fonts)


def docx(printed: rules.Printed) -> bytes:
    """Draw the .docx for the office, whose computers own the fonts it names."""
    path = template_of(printed["kind"], ".docx")
    stat = path.stat()
    parts, body = _compiled(path, stat.st_mtime_ns, stat.st_size)
    head = RichText(
        printed["organisation"],
        size=2 * _head_size(printed["organisation"]),
        color=RED,
        font=f"eastAsia:{faces.office_names()['song']}",
    )
    template = DocxTemplate.__new__(DocxTemplate)
    document = template.resolve_listing(body.render({**printed, "head": head}))
    etree.fromstring(document.encode())  # a broken template must fail here, not in the office
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        for name, content in parts:
            entry = zipfile.ZipInfo(name)  # dated 1980: the same words make the same bytes
            entry.compress_type = zipfile.ZIP_DEFLATED
            package.writestr(entry, document if name == BODY else content)
    return out.getvalue()


@lru_cache(maxsize=32)
def _compiled(path: Path, modified: int, size: int) -> tuple[tuple[tuple[str, bytes], ...], Template]:
    """Read a Word template once: its parts, and its main part as a compiled Jinja2 template.

    docxtpl parses and patches the template for every document (179 ms); here its patch is applied once. docxtpl's
    `get_xml` is the body element alone, so the document element around it is put back: without it nothing opens.
    """
    template = DocxTemplate(path)
    template.init_docx()
    root = template.docx._element
    body = template.patch_xml(template.get_xml())
    root.remove(root.body)
    shell = etree.tostring(root, encoding="unicode").rstrip()
    if shell.endswith("/>"):
        opening, closing = shell[:-2] + ">", f"</{root.prefix}:document>"
    else:
        cut = shell.rindex("</")
        opening, closing = shell[:cut], shell[cut:]
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    xml = f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n{opening}{body}{closing}'
    with zipfile.ZipFile(path) as package:
        parts = tuple((name, package.read(name)) for name in package.namelist())
    return parts, environment.from_string(xml)


def _head_size(name: str) -> int:
    """Return the size in points at which the red head fits the width, as gbt9704.typ does."""
    smallest, largest = HEAD_SIZES
    return max(smallest, min(largest, HEAD_WIDTH // max(1, len(name))))
