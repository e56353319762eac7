"""Draw a document: .pdf with Typst on the grid of GB/T 9704, .docx from a Word template. No database.

A city's own form, `<kind>.typ` or `<kind>.docx` in the folder `forms()`, comes before the shipped one, so that a city
changes a form without code. Both drawings read the same `Printed` mapping (see rules.py).
"""

import hashlib
import io
import json
import re
import threading
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import typst
from django.conf import settings
from django.utils.translation import gettext as _
from docx.opc.exceptions import PackageNotFoundError
from docxtpl import DocxTemplate, RichText
from jinja2 import Environment, StrictUndefined
from jinja2.environment import Template
from jinja2.exceptions import TemplateError
from lxml import etree
from PIL import Image

from anju.ground.foundation.pictures import Unreadable, shown
from anju.ground.foundation.refusals import Refusal

from .. import rules
from . import faces

SHIPPED = Path(__file__).parents[1] / "templates"
BODY = "word/document.xml"
RED = "D40000"
HEAD_WIDTH = 442  # points: 156 mm
HEAD_SIZES = (22, 42)  # points: 2号 at least
HEAD_NARROWEST = 65  # per cent of a character's width
SIGNATURE = SHIPPED / "signature.png"  # the blank in a .docx that a drawn signature takes the place of
SIGNATURE_SIZE = (450, 140)  # pixels, as the blank

_typst_lock = threading.Lock()


class FormBroken(Refusal):
    """A city's own form cannot be drawn; the sentence names the file."""

    code = "form_broken"


def forms() -> Path:
    """Return the folder of the city's own forms: FORMS_DIR of the settings, else <data>/forms."""
    return getattr(settings, "FORMS_DIR", None) or settings.DATA_DIR / "forms"


def template_of(kind: str, suffix: str) -> Path:
    """Find the template of a kind (suffix ".typ" or ".docx"): a city's own, else the shipped one."""
    own = forms() / f"{kind}{suffix}"
    return own if own.is_file() else SHIPPED / f"{kind}{suffix}"


def edition_of(kind: str, words: str) -> str:
    """Name what a document was drawn from: the rulebook's edition and the SHA-256 of both templates."""
    return "/".join((words, *(_digest(template_of(kind, suffix)) for suffix in (".typ", ".docx"))))


def _digest(path: Path) -> str:
    stat = path.stat()
    return _digest_of(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=64)
def _digest_of(path: Path, modified: int, size: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@contextmanager
def _blaming(path: Path) -> Iterator[None]:
    """Turn what goes wrong in a city's own form into a sentence that names its file; ours are bugs and stay errors."""
    try:
        yield
    except Refusal:
        raise
    except (typst.TypstError, TemplateError, etree.XMLSyntaxError, zipfile.BadZipFile, KeyError, TypeError,
            ValueError, OSError, PackageNotFoundError) as problem:  # fmt: skip
        if path.parent == SHIPPED:
            raise
        raise FormBroken(
            _("本市自定义的版式文件 %(file)s 不能使用：%(why)s。请改正或移走这个文件，系统即用自带的版式。")
            % {
                "file": path.name,
                "why": str(problem).strip().splitlines()[0][:200] or type(problem).__name__,
            },
            data={"file": path.name},
        ) from problem


# --- .pdf -----------------------------------------------------------------------------------------------------


def pdf(printed: rules.Printed, *, at: datetime, pictures: Mapping[str, bytes] | None = None) -> bytes:
    """Draw the .pdf (PDF/A-2b, for the archive). Raises CharacterMissing rather than print a wrong glyph."""
    path = template_of(printed["kind"], ".typ")
    with _blaming(path):
        return pdf_of(path.read_bytes(), printed, at=at, pictures=pictures)


def pdf_of(
    source: bytes, printed: rules.Printed, *, at: datetime, pictures: Mapping[str, bytes] | None = None
) -> bytes:
    """Draw a Typst source that may import the shipped gbt9704.typ."""
    (drawn,) = _drawn(source, printed, at=at, pictures=pictures, format="pdf", pdf_standards=["a-2b"])
    return drawn


def leaves(
    printed: rules.Printed, *, at: datetime, ppi: int = 84, pictures: Mapping[str, bytes] | None = None
) -> list[bytes]:
    """Draw each page as a PNG, to be looked at beside a draft; `ppi` pixels an inch."""
    path = template_of(printed["kind"], ".typ")
    with _blaming(path):
        return _drawn(path.read_bytes(), printed, at=at, pictures=pictures, format="png", ppi=ppi)


def _drawn(
    source: bytes,
    printed: rules.Printed,
    *,
    at: datetime,
    pictures: Mapping[str, bytes] | None,
    **options: Any,
) -> list[bytes]:
    """Let Typst draw: one .pdf, or a picture for each page."""
    faces.require_glyphs(rules.texts(printed))
    drawn_in = {name: list(fitted(data)) for name, data in (pictures or {}).items()}
    given = json.dumps({**printed, "faces": faces.chains(), "pictures": drawn_in}, ensure_ascii=False)
    with _typst_lock:  # one compiler keeps fonts and layout code in memory; it serves one thread at a time
        drawn = _compiler(faces.folders()).compile(
            source,
            sys_inputs={"given": given},
            timestamp=at.astimezone(UTC).replace(microsecond=0),
            **options,
        )
    made = drawn if isinstance(drawn, list) else [drawn]
    if not all(isinstance(page, bytes) for page in made):
        raise TypeError("typst returned no document")
    return [page for page in made if isinstance(page, bytes)]


@lru_cache(maxsize=2)
def _compiler(found_in: tuple[Path, ...]) -> typst.Compiler:
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=list(found_in))
    return typst.Compiler(root=SHIPPED, font_paths=fonts)


def fitted(picture: bytes) -> bytes:
    """Return a picture as a PNG of the blank's size, whole, on white; raises Refusal when it is none."""
    try:
        drawn = shown(picture, longest=max(SIGNATURE_SIZE), most_pixels=settings.MAX_UPLOAD_PIXELS)
    except Unreadable:
        raise Refusal(_("签名图片打不开，请重新签名。"), field="signature") from None
    drawn.thumbnail(SIGNATURE_SIZE)
    sheet = Image.new("RGB", SIGNATURE_SIZE, "white")
    sheet.paste(drawn, (0, (SIGNATURE_SIZE[1] - drawn.height) // 2))
    out = io.BytesIO()
    sheet.save(out, "PNG")
    return out.getvalue()


def pages(drawn: bytes) -> int:
    """Count the pages of a .pdf that `pdf` has drawn: Typst writes the page tree in the clear."""
    return max(int(count) for count in re.findall(rb"/Count (\d+)", drawn))


# --- .docx ----------------------------------------------------------------------------------------------------


def docx(printed: rules.Printed, *, pictures: Mapping[str, bytes] | None = None) -> bytes:
    """Draw the .docx for the office, whose computers own the fonts it names."""
    path = template_of(printed["kind"], ".docx")
    with _blaming(path):
        return _docx(path, printed, pictures or {})


def _docx(path: Path, printed: rules.Printed, pictures: Mapping[str, bytes]) -> bytes:
    stat = path.stat()
    parts, body = _compiled(path, stat.st_mtime_ns, stat.st_size)
    head = _red_head(printed["organisation"])
    template = DocxTemplate.__new__(DocxTemplate)
    document = template.resolve_listing(body.render({**printed, "head": head}))
    etree.fromstring(document.encode())  # a broken template must fail here, not in the office
    signature = fitted(pictures["signature"]) if "signature" in pictures else None
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        for name, content, blank in parts:
            entry = zipfile.ZipInfo(name)  # dated 1980: the same words make the same bytes
            entry.compress_type = zipfile.ZIP_DEFLATED
            package.writestr(
                entry, document if name == BODY else signature if blank and signature else content
            )
    return out.getvalue()


Parts = tuple[tuple[str, bytes, bool], ...]


@lru_cache(maxsize=32)
def _compiled(path: Path, modified: int, size: int) -> tuple[Parts, Template]:
    """Read a Word template once: its parts (name, bytes, whether it is the signature's blank), and its body compiled.

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
    blank = SIGNATURE.read_bytes()
    with zipfile.ZipFile(path) as package:
        contents = ((name, package.read(name)) for name in package.namelist())
        parts = tuple((name, content, content == blank) for name, content in contents)
    return parts, environment.from_string(xml)


def _red_head(name: str) -> RichText:
    """Write the red head on one line, as gbt9704.typ does: smaller, then narrowed; longer still, on two equal lines."""
    smallest, largest = HEAD_SIZES
    size = max(smallest, min(largest, HEAD_WIDTH // max(1, len(name))))
    narrowed = min(100, 100 * HEAD_WIDTH // (size * max(1, len(name))))
    if narrowed < HEAD_NARROWEST:
        half = (len(name) + 1) // 2
        name, narrowed = f"{name[:half]}\n{name[half:]}", 100
    head = RichText(name, size=2 * size, color=RED, font=f"eastAsia:{faces.office_names()['song']}")
    if narrowed < 100:
        head.xml = head.xml.replace("<w:sz ", f'<w:w w:val="{narrowed}"/><w:sz ', 1)
    return head


def zipped(papers: Iterable[tuple[str, bytes]]) -> bytes:
    """Put named files into one .zip; .docx is compressed already, so that nothing is compressed twice."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as package:
        for name, data in papers:
            package.writestr(name, data)
    return out.getvalue()
