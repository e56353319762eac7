"""Make the shipped Word templates: `python -m anju.means.documents.build_templates`. Only for developers.

The layout is code so that it can be reviewed; an office that wants another one edits the .docx and puts it into
<data>/templates. Sizes are those of GB/T 9704: 3号 = 16 pt, 2号 = 22 pt, 28.95 pt a line, 22 lines × 28 characters.
The 28 come from the text's own spacing, not from a grid of characters, which LibreOffice reads as whole cells.
"""

from pathlib import Path

import yaml
from docx import Document
from docx.document import Document as Paper
from docx.enum.table import WD_ALIGN_VERTICAL, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.shared import Mm, Pt, RGBColor
from docx.table import _Cell
from docx.text.paragraph import Paragraph
from docx.text.run import Run

HERE = Path(__file__).parent
LINE = Pt(28.95)
MARGINS = {"top_margin": Mm(37), "bottom_margin": Mm(35), "left_margin": Mm(28), "right_margin": Mm(26)}
TIGHTER = -5  # twentieths of a point on each character: 28 × 15.75 pt = 441 pt of 442.2
TWO_CHARACTERS = Pt(31.5)
COLUMNS = (Mm(13), Mm(28.6), Mm(49.4), Mm(39), Mm(26))
GREY = RGBColor(0x77, 0x77, 0x77)
# The order in which the standard (ECMA-376, CT_PPr and CT_RPr) wants what is used here; Word minds.
PARAGRAPH_ORDER = (
    *("pStyle", "keepNext", "keepLines", "widowControl", "pBdr", "autoSpaceDE", "autoSpaceDN"),
    *("snapToGrid", "spacing", "ind", "jc", "rPr"),
)
RUN_ORDER = ["rStyle", "rFonts", "b", "color", "spacing", "kern", "sz", "szCs", "lang"]


def element(tag: str, **attributes: str) -> BaseOxmlElement:
    """Make a w: element with w: attributes."""
    made = OxmlElement(f"w:{tag}")
    for name, value in attributes.items():
        made.set(qn(f"w:{name}"), value)
    return made


def dress(run: Run, family: str, points: float) -> Run:
    """Give a run its family for Chinese and Latin alike, and its size."""
    run.font.size = Pt(points)
    run.font.name = family
    run._element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), family)
    return run


def line(place: Paper | _Cell, text: str, family: str, points: float = 16, *, pitch: Pt = LINE) -> Paragraph:
    """Add a paragraph of one run, without space around it, with an exact line pitch."""
    paragraph = place.add_paragraph()
    form = paragraph.paragraph_format
    form.space_before = form.space_after = Pt(0)
    form.line_spacing_rule, form.line_spacing = WD_LINE_SPACING.EXACTLY, pitch
    dress(paragraph.add_run(text), family, points)
    return paragraph


def control(paper: Paper, statement: str) -> None:
    """Add a paragraph that holds only a Jinja2 statement; docxtpl removes the paragraph itself."""
    paper.add_paragraph("{%p " + statement + " %}")


def border(paragraph: Paragraph, side: str, *, size: int, colour: str, space: int) -> None:
    """Rule a paragraph on one side; size in eighths of a point, space in points."""
    borders = paragraph._element.get_or_add_pPr().find(qn("w:pBdr"))
    if borders is None:
        borders = element("pBdr")
        paragraph._element.get_or_add_pPr().append(borders)
    borders.append(element(side, val="single", sz=str(size), space=str(space), color=colour))


def page_number(paragraph: Paragraph, family: str) -> None:
    """Write the page number between two one-em dashes, 14 pt."""
    dress(paragraph.add_run("— "), family, 14)
    for piece in (
        element("fldChar", fldCharType="begin"),
        element("instrText"),
        element("fldChar", fldCharType="end"),
    ):
        run = dress(paragraph.add_run(), family, 14)
        if piece.tag == qn("w:instrText"):
            piece.text = " PAGE "
        run._element.append(piece)
    dress(paragraph.add_run(" —"), family, 14)


def sheet(office: dict[str, str]) -> Paper:
    """Start a document with the page, grid and page numbers of GB/T 9704."""
    paper = Document()
    paper.core_properties.author = paper.core_properties.comments = ""
    normal = paper.styles["Normal"]
    normal.font.name, normal.font.size = office["fang"], Pt(16)
    normal.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), office["fang"])
    normal.element.get_or_add_rPr().append(element("spacing", val=str(TIGHTER)))
    for spoiler_of_the_grid in ("widowControl", "autoSpaceDE", "autoSpaceDN"):
        normal.element.get_or_add_pPr().append(element(spoiler_of_the_grid, val="0"))
    section = paper.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    for name, value in MARGINS.items():
        setattr(section, name, value)
    section.footer_distance = Mm(23)
    properties = section._sectPr
    for grid in properties.findall(qn("w:docGrid")):
        properties.remove(grid)
    properties.append(element("docGrid", type="lines", linePitch="579"))
    paper.settings.odd_and_even_pages_header_footer = True
    for footer, side in (
        (section.footer, WD_ALIGN_PARAGRAPH.RIGHT),
        (section.even_page_footer, WD_ALIGN_PARAGRAPH.LEFT),
    ):
        paragraph = footer.paragraphs[0]
        paragraph.alignment = side
        paragraph.paragraph_format.left_indent = paragraph.paragraph_format.right_indent = Pt(14)
        page_number(paragraph, office["page"])
    paper._element.body.remove(paper.paragraphs[0]._element) if paper.paragraphs else None
    return paper


def ruled_table(paper: Paper, office: dict[str, str]) -> None:
    """Add the table of an order: its heads, repeated on each page, and one row for each hazard."""
    table = paper.add_table(rows=4, cols=len(COLUMNS))
    table.style, table.alignment, table.autofit = "Table Grid", WD_TABLE_ALIGNMENT.CENTER, False
    for column, width in enumerate(COLUMNS):
        table.columns[column].width = width
        for row in table.rows:
            row.cells[column].width = width
    head, start, body, end = table.rows
    head._tr.get_or_add_trPr().append(element("tblHeader"))
    body._tr.get_or_add_trPr().append(element("cantSplit"))
    for statement, row in (("for row in rows", start), ("endfor", end)):
        row.cells[0].paragraphs[0].text = "{%tr " + statement + " %}"
    for column in range(len(COLUMNS)):
        for row, text, family in (
            (head, f"{{{{ heads[{column}] }}}}", office["hei"]),
            (body, f"{{{{ row[{column}] }}}}", office["fang"]),
        ):
            cell = row.cells[column]
            cell.vertical_alignment = WD_ALIGN_VERTICAL.CENTER
            cell._tc.remove(cell.paragraphs[0]._element)
            paragraph = line(cell, text, family, 12, pitch=Pt(18))
            paragraph._element.get_or_add_pPr().append(element("snapToGrid", val="0"))
            paragraph.paragraph_format.space_before = paragraph.paragraph_format.space_after = Pt(3)
            if row is head or column in (0, len(COLUMNS) - 1):
                paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER


def headed_paragraph(paper: Paper, part: str, office: dict[str, str]) -> Paragraph:
    """Add a paragraph that begins with its head, both read from the template variable `part`."""
    paragraph = line(paper, f"{{{{ {part}.head }}}}", office["hei"])
    paragraph.paragraph_format.first_line_indent = TWO_CHARACTERS
    dress(paragraph.add_run(f"{{{{ {part}.text }}}}"), office["fang"], 16)
    return paragraph


def order_timed(office: dict[str, str]) -> Paper:
    """Build the order to correct in time, part by part as templates/order_timed.typ does."""
    fang = office["fang"]
    paper = sheet(office)
    head = paper.add_paragraph("{{r head }}")
    head.alignment = WD_ALIGN_PARAGRAPH.CENTER
    head.paragraph_format.space_after = Pt(0)
    number = line(paper, "{{ number }}", fang)
    number.alignment = WD_ALIGN_PARAGRAPH.CENTER
    number.paragraph_format.space_before = Pt(20)
    border(number, "bottom", size=12, colour="D40000", space=8)
    title = line(paper, "{{ title }}", office["song"], 22, pitch=Pt(34))
    title.alignment = WD_ALIGN_PARAGRAPH.CENTER
    title.paragraph_format.space_before, title.paragraph_format.space_after = Pt(30), Pt(18)
    line(paper, "{{ addressee }}", fang)
    opening = line(paper, "{{ opening }}", fang).paragraph_format
    opening.first_line_indent, opening.space_after = TWO_CHARACTERS, Pt(8)
    ruled_table(paper, office)
    control(paper, "for part in parts[:-1]")
    headed_paragraph(paper, "part", office)
    control(paper, "endfor")
    # The page of the seal must carry text of the order, or somebody could put the seal under another one.
    headed_paragraph(paper, "parts[-1]", office).paragraph_format.keep_with_next = True
    for text, before in (("{{ organisation }}", 45), ("{{ seal }}", 0), ("{{ date }}", 0)):
        signed = line(paper, text, fang)
        signed.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        signed.paragraph_format.right_indent = 2 * TWO_CHARACTERS
        signed.paragraph_format.space_before = Pt(before)
        signed.paragraph_format.keep_with_next = True
        if text == "{{ seal }}":
            signed.runs[0].font.color.rgb = GREY
    gap = line(paper, "", fang, pitch=Pt(14))
    border(gap, "bottom", size=4, colour="000000", space=1)
    gap.paragraph_format.keep_with_next = True
    control(paper, "for words in receipt")
    line(paper, "{{ words }}", fang, 14, pitch=Pt(31)).paragraph_format.keep_with_next = True
    control(paper, "endfor")
    remark = line(paper, "{{ remark }}", office["kai"], 12, pitch=Pt(24))
    border(remark, "top", size=4, colour="000000", space=4)
    return paper


def in_order(root: BaseOxmlElement) -> None:
    """Sort the properties of every paragraph and run as the standard wants them."""
    for tag, order in (("pPr", PARAGRAPH_ORDER), ("rPr", RUN_ORDER)):
        for properties in root.iter(qn(f"w:{tag}")):
            properties[:] = sorted(properties, key=lambda child: order.index(child.tag.rpartition("}")[2]))


def main() -> None:
    """Write the Word templates beside the Typst ones."""
    faces = yaml.safe_load((HERE / "fonts" / "faces.yaml").read_text(encoding="utf-8"))
    office = {role: face["office"] for role, face in faces.items()}
    paper = order_timed(office)
    in_order(paper._element)
    in_order(paper.styles["Normal"].element)
    paper.save(str(HERE / "templates" / "order_timed.docx"))


if __name__ == "__main__":
    main()
