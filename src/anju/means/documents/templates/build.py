"""Make the shipped Word templates: `python src/anju/means/documents/templates/build.py`. Only for developers.

The layout is code so that it can be reviewed; an office that wants another one edits the .docx and puts it into
<data>/forms. Sizes are those of GB/T 9704: 3号 = 16 pt, 2号 = 22 pt, 28.95 pt a line, 22 lines × 28 characters.
The 28 come from the text's own spacing, not from a grid of characters, which LibreOffice reads as whole cells.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import yaml
from docx import Document
from docx.document import Document as Paper
from docx.enum.table import WD_ALIGN_VERTICAL, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING, WD_TAB_ALIGNMENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.shared import Length, Mm, Pt, RGBColor
from docx.table import Table, _Cell
from docx.text.paragraph import Paragraph
from docx.text.run import Run

HERE = Path(__file__).parents[1]
LINE = Pt(28.95)
MARGINS = {"top_margin": Mm(37), "bottom_margin": Mm(35), "left_margin": Mm(28), "right_margin": Mm(26)}
TIGHTER = -5  # twentieths of a point on each character: 28 × 15.75 pt = 441 pt of 442.2
TWO_CHARACTERS = Pt(31.5)
ONE_CHARACTER = Pt(15.75)
# A date of three to five figures beside its year is 104 pt wide in the middle: with its end four characters from the
# right edge its centre lies at 327 pt of 442, and a paragraph centred there begins at 212 pt and takes 14 characters.
LEFT_OF_THE_DATE = Pt(212)
MOST_OVER_THE_DATE = 14
FORM_COLUMNS = (38, 44, 32, 42)  # millimetres
SIGNATURE = HERE / "templates" / "signature.png"
GREY = RGBColor(0x77, 0x77, 0x77)
# The order in which the standard (ECMA-376, CT_PPr, CT_RPr, CT_TblPr) wants what is used here; Word minds.
PARAGRAPH_ORDER = (
    *("pStyle", "keepNext", "keepLines", "pageBreakBefore", "widowControl", "pBdr", "tabs"),
    *("autoSpaceDE", "autoSpaceDN", "snapToGrid", "spacing", "ind", "jc", "rPr"),
)
TABLE_ORDER = (
    *("tblStyle", "tblpPr", "tblOverlap", "tblW", "jc", "tblBorders", "tblLayout", "tblCellMar", "tblLook"),
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


def border(
    paragraph: Paragraph, side: str, *, size: int, colour: str, space: int, kind: str = "single"
) -> None:
    """Rule a paragraph on one side; size in eighths of a point, space in points."""
    borders = paragraph._element.get_or_add_pPr().find(qn("w:pBdr"))
    if borders is None:
        borders = element("pBdr")
        paragraph._element.get_or_add_pPr().append(borders)
    borders.append(element(side, val=kind, sz=str(size), space=str(space), color=colour))


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


def set_close(table: Table, points: float = 4) -> None:
    """Leave as much room at both sides of a table's cells as the .pdf does: 序号 stands on one line."""
    margins = element("tblCellMar")
    for side in ("left", "right"):
        margins.append(element(side, w=str(round(20 * points)), type="dxa"))
    table._tbl.tblPr.append(margins)


def ruled_table(
    paper: Paper,
    office: dict[str, str],
    source: str,
    widths: Sequence[float],
    *,
    centred: Sequence[int] = (0,),
    small: Sequence[int] = (),
) -> None:
    """Add a table of heads, repeated on each page, and rows, both read from the template variable `source`.

    widths in millimetres, together 156; columns of `small` are set in 9 pt
    """
    columns = [Mm(width) for width in widths]
    table = paper.add_table(rows=4, cols=len(columns))
    table.style, table.alignment, table.autofit = "Table Grid", WD_TABLE_ALIGNMENT.CENTER, False
    set_close(table)
    for column, width in enumerate(columns):
        table.columns[column].width = width
        for row in table.rows:
            row.cells[column].width = width
    head, start, body, end = table.rows
    head._tr.get_or_add_trPr().append(element("tblHeader"))
    body._tr.get_or_add_trPr().append(element("cantSplit"))
    for statement, row in ((f"for row in {source}['rows']", start), ("endfor", end)):
        row.cells[0].paragraphs[0].text = "{%tr " + statement + " %}"
    for column in range(len(columns)):
        size = 9 if column in small else 12
        in_cell(head.cells[column], f"{{{{ {source}.heads[{column}] }}}}", office["hei"], centred=True)
        in_cell(
            body.cells[column], f"{{{{ row[{column}] }}}}", office["fang"], size, centred=column in centred
        )


def in_cell(cell: _Cell, text: str, family: str, size: float = 12, *, centred: bool = False) -> None:
    """Write into a cell of a table, in the middle of its height."""
    cell.vertical_alignment = WD_ALIGN_VERTICAL.CENTER
    cell._tc.remove(cell.paragraphs[0]._element)
    paragraph = line(cell, text, family, size, pitch=Pt(1.5 * size))
    paragraph._element.get_or_add_pPr().append(element("snapToGrid", val="0"))
    paragraph.paragraph_format.space_before = paragraph.paragraph_format.space_after = Pt(3)
    if centred:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER


def form_table(paper: Paper, office: dict[str, str]) -> None:
    """Add the rows at the head of a form: a label and its value, one or two pairs a row."""
    statements = ("for row in fields", "if row|length == 1", None, "else", None, "endif", "endfor")
    table = paper.add_table(rows=len(statements), cols=4)
    table.style, table.alignment, table.autofit = "Table Grid", WD_TABLE_ALIGNMENT.CENTER, False
    set_close(table)
    for column, width in enumerate(FORM_COLUMNS):
        table.columns[column].width = Mm(width)
        for row in table.rows:
            row.cells[column].width = Mm(width)
    pairs = 1
    for statement, row in zip(statements, table.rows, strict=True):
        if statement:
            row.cells[0].paragraphs[0].text = "{%tr " + statement + " %}"
            continue
        cells = [row.cells[0], row.cells[1].merge(row.cells[3])] if pairs == 1 else list(row.cells)
        for number in range(pairs):
            in_cell(cells[2 * number], f"{{{{ row[{number}][0] }}}}", office["hei"], centred=True)
            value = cells[2 * number + 1]
            for spare in value.paragraphs[1:]:  # merging has brought the others' empty paragraphs along
                value._tc.remove(spare._element)
            in_cell(value, f"{{{{ row[{number}][1] }}}}", office["fang"])
        pairs = 2
    gap(paper, 8)


def headed_paragraph(paper: Paper, part: str, office: dict[str, str]) -> Paragraph:
    """Add a paragraph that begins with its head, both read from the template variable `part`."""
    paragraph = line(paper, f"{{{{ {part}.head }}}}", office["hei"])
    paragraph.paragraph_format.first_line_indent = TWO_CHARACTERS
    dress(paragraph.add_run(f"{{{{ {part}.text }}}}"), office["fang"], 16)
    return paragraph


def official_head(paper: Paper, office: dict[str, str]) -> None:
    """Add the head of an order or decision: who issues it in red, its number, the red rule, its title."""
    red_head(paper)
    number = line(paper, "{{ number }}", office["fang"])
    number.alignment = WD_ALIGN_PARAGRAPH.CENTER
    number.paragraph_format.space_before = Pt(20)
    border(number, "bottom", size=12, colour="D40000", space=8)
    titles(paper, office)


def red_head(paper: Paper, *, below: Length | None = None) -> None:
    """Add the issuing organisation in red, so far below the edge of the text; its size is chosen when it is drawn."""
    head = paper.add_paragraph("{{r head }}")
    head.paragraph_format.space_before = below
    head.alignment = WD_ALIGN_PARAGRAPH.CENTER
    head.paragraph_format.space_after = Pt(0)


def titles(paper: Paper, office: dict[str, str], *, above: float = 30, below: float = 18) -> None:
    """Add the title, of one line or several, with points of room above and below."""
    gap(paper, above).paragraph_format.keep_with_next = True
    control(paper, "for words in title_lines")
    words = line(paper, "{{ words }}", office["song"], 22, pitch=Pt(34))
    words._element.get_or_add_pPr().append(element("snapToGrid", val="0"))
    words.alignment = WD_ALIGN_PARAGRAPH.CENTER
    control(paper, "endfor")
    gap(paper, below)


def record_head(paper: Paper, office: dict[str, str]) -> None:
    """Add the head of a record: whose it is, its name, its number at the right, no red."""
    for text, size, pitch in (("{{ organisation }}", 16, 26), ("{{ title }}", 22, 36)):
        line(paper, text, office["song"], size, pitch=Pt(pitch)).alignment = WD_ALIGN_PARAGRAPH.CENTER
    number = line(paper, "{{ number }}", office["fang"], 12, pitch=Pt(22))
    number.alignment = WD_ALIGN_PARAGRAPH.RIGHT


def opening(paper: Paper, office: dict[str, str]) -> None:
    """Add whom it is addressed to and the paragraphs that open it."""
    line(paper, "{{ addressee }}", office["fang"])
    control(paper, "for words in opening")
    line(paper, "{{ words }}", office["fang"]).paragraph_format.first_line_indent = TWO_CHARACTERS
    control(paper, "endfor")


def gap(paper: Paper, points: float) -> Paragraph:
    """Leave room of any height: the grid would make whole lines of it."""
    empty = paper.add_paragraph()
    empty._element.get_or_add_pPr().append(element("snapToGrid", val="0"))
    form = empty.paragraph_format
    form.space_before = form.space_after = Pt(0)
    form.line_spacing_rule, form.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(points)
    return empty


def parts_and_seal(paper: Paper, office: dict[str, str]) -> None:
    """Add the parts, and after the last of them, on the same page, name, seal and date."""
    control(paper, "for part in parts[:-1]")
    headed_paragraph(paper, "part", office)
    control(paper, "endfor")
    # The page of the seal must carry text of the order, or somebody could put the seal under another one.
    headed_paragraph(paper, "parts[-1]", office).paragraph_format.keep_with_next = True
    seal(paper, office)


def seal(paper: Paper, office: dict[str, str]) -> None:
    """Add the organisation, the place of the seal and the date, which ends four characters from the right edge.

    The first two are centred over the date; with a name too long for that all three end at the edge together.
    """
    for statement, short in ((f"if organisation|length <= {MOST_OVER_THE_DATE}", True), ("else", False)):
        control(paper, statement)
        for text, before in (("{{ organisation }}", 45), ("{{ seal }}", 0), ("{{ date }}", 0)):
            signed = line(paper, text, office["fang"])
            form = signed.paragraph_format
            signed.alignment = WD_ALIGN_PARAGRAPH.CENTER if short else WD_ALIGN_PARAGRAPH.RIGHT
            form.left_indent = LEFT_OF_THE_DATE if short else Pt(0)
            form.space_before = Pt(before)
            form.keep_with_next = text != "{{ date }}"
            if text == "{{ seal }}":
                signed.runs[0].font.color.rgb = GREY
    control(paper, "endif")


def receipt(paper: Paper, office: dict[str, str]) -> None:
    """Add the lines filled in by hand, between two rules, kept together, and the remark below them."""
    above = line(paper, "", office["fang"], pitch=Pt(14))
    border(above, "bottom", size=4, colour="000000", space=1)
    above.paragraph_format.keep_with_next = True
    control(paper, "for words in receipt")
    line(paper, "{{ words }}", office["fang"], 14, pitch=Pt(31)).paragraph_format.keep_with_next = True
    control(paper, "endfor")
    border(remark(paper, office), "top", size=4, colour="000000", space=4)


def remark(paper: Paper, office: dict[str, str]) -> Paragraph:
    """Add the small line that says who gets which copy."""
    return line(paper, "{{ remark }}", office["kai"], 12, pitch=Pt(24))


def confirmed(paper: Paper, office: dict[str, str]) -> None:
    """Add who confirms a record: lines for a pen, the drawn signature or room for one after the line that asks."""
    control(paper, "for words in confirm")
    asked = line(
        paper,
        "{{ words }}{% if words[-1:] == '\uff1a' and not signature %}" + 6 * "\uff3f" + "{% endif %}",
        office["fang"],
        14,
        pitch=Pt(31),
    )
    asked.paragraph_format.keep_with_next = True
    control(paper, "if words[-1:] == '\uff1a' and signature")
    picture = paper.add_paragraph()
    picture.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    picture.add_run().add_picture(str(SIGNATURE), width=Mm(45))
    control(paper, "endif")
    control(paper, "endfor")


def dated(paper: Paper, office: dict[str, str]) -> None:
    """Add the date of a record, at the right."""
    written = line(paper, "{{ date }}", office["fang"], 14, pitch=Pt(31))
    written.alignment, written.paragraph_format.keep_with_next = WD_ALIGN_PARAGRAPH.RIGHT, True


def small_line(paper: Paper, text: str, family: str) -> Paragraph:
    """Add a line in the size of the tables."""
    paragraph = line(paper, text, family, 12, pitch=Pt(20))
    paragraph._element.get_or_add_pPr().append(element("snapToGrid", val="0"))
    paragraph.paragraph_format.space_before = Pt(4)
    return paragraph


def small_parts(paper: Paper, office: dict[str, str]) -> None:
    """Add the parts of a record, in the size of its tables."""
    control(paper, "for part in parts")
    paragraph = small_line(paper, "{{ part.head }}", office["hei"])
    dress(paragraph.add_run("{{ part.text }}"), office["fang"], 12)
    control(paper, "endfor")


def slip(paper: Paper, office: dict[str, str]) -> None:
    """Add the slip that comes back, below a dashed rule."""
    control(paper, "if slip")
    cut = line(paper, "", office["fang"], pitch=Pt(14))
    border(cut, "bottom", size=6, colour="000000", space=1, kind="dashed")
    cut.paragraph_format.keep_with_next = True
    head = line(paper, "{{ slip.title }}", office["song"], 16, pitch=Pt(34))
    head.alignment, head.paragraph_format.keep_with_next = WD_ALIGN_PARAGRAPH.CENTER, True
    control(paper, "for words in slip.lines")
    words = line(paper, "{{ words }}", office["fang"], 14, pitch=Pt(28))
    words.paragraph_format.keep_with_next = True
    control(paper, "endfor")
    control(paper, "endif")


def imprint(paper: Paper, office: dict[str, str], *, at_foot: bool = True) -> None:
    """Add copies and who printed it (版记) between rules of 0.35 and 0.25 mm, floating at the foot of the last page."""
    control(paper, "if copies or printed")
    table = paper.add_table(rows=6, cols=2)
    table.alignment, table.autofit = WD_TABLE_ALIGNMENT.CENTER, False
    set_close(table, 14)
    for column, width in enumerate((96, 60)):
        table.columns[column].width = Mm(width)
        for row in table.rows:
            row.cells[column].width = Mm(width)
    statements = ("if copies", None, "endif", "if printed", None, "endif")
    for statement, row in zip(statements, table.rows, strict=True):
        row._tr.get_or_add_trPr().append(element("cantSplit"))
        if statement:
            row.cells[0].paragraphs[0].text = "{%tr " + statement + " %}"
    copied = table.rows[1].cells[0].merge(table.rows[1].cells[1])
    printed = table.rows[4].cells
    for cell, words, side in (
        (copied, "{{ copies }}", WD_ALIGN_PARAGRAPH.LEFT),
        (printed[0], "{{ printed[0] }}", WD_ALIGN_PARAGRAPH.LEFT),
        (printed[1], "{{ printed[1] }}", WD_ALIGN_PARAGRAPH.RIGHT),
    ):
        in_cell(cell, words, office["fang"], 14)
        cell.paragraphs[0].alignment = side
    properties = table._tbl.tblPr
    borders = element("tblBorders")
    for edge, size in (("top", "8"), ("bottom", "8"), ("insideH", "6")):
        borders.append(element(edge, val="single", sz=size, space="0", color="000000"))
    if at_foot:
        place = {"vertAnchor": "margin", "horzAnchor": "margin", "tblpXSpec": "center", "tblpYSpec": "bottom"}
        properties.append(element("tblpPr", leftFromText="0", rightFromText="0", **place))
        properties.append(element("tblOverlap", val="never"))
    properties.append(borders)
    control(paper, "endif")


# --- The forms, each as its .typ does ----------------------------------------------------------------------------


def order(
    paper: Paper, office: dict[str, str], widths: Sequence[float], centred: Sequence[int] = (0,)
) -> None:
    """Build an order or notice with a table of hazards."""
    official_head(paper, office)
    opening(paper, office)
    gap(paper, 6)
    ruled_table(paper, office, "tables.hazards", widths, centred=centred)
    gap(paper, 6)
    parts_and_seal(paper, office)
    receipt(paper, office)


def order_timed(paper: Paper, office: dict[str, str]) -> None:
    order(paper, office, (13, 28.6, 49.4, 39, 26), (0, 4))


def order_immediate(paper: Paper, office: dict[str, str]) -> None:
    order(paper, office, (13, 33, 61, 49))


def major_hazard_notice(paper: Paper, office: dict[str, str]) -> None:
    order(paper, office, (13, 33, 61, 49))


def sealing_decision(paper: Paper, office: dict[str, str]) -> None:
    official_head(paper, office)
    opening(paper, office)
    gap(paper, 6)
    ruled_table(paper, office, "tables.sealed", (13, 143))
    gap(paper, 6)
    parts_and_seal(paper, office)
    receipt(paper, office)


def penalty_notice(paper: Paper, office: dict[str, str]) -> None:
    official_head(paper, office)
    opening(paper, office)
    parts_and_seal(paper, office)
    receipt(paper, office)


def penalty_decision(paper: Paper, office: dict[str, str]) -> None:
    official_head(paper, office)
    form_table(paper, office)
    parts_and_seal(paper, office)
    receipt(paper, office)


def spot_decision(paper: Paper, office: dict[str, str]) -> None:
    official_head(paper, office)
    form_table(paper, office)
    parts_and_seal(paper, office)
    gap(paper, 12)
    confirmed(paper, office)
    receipt(paper, office)


def check_record(paper: Paper, office: dict[str, str]) -> None:
    record_head(paper, office)
    form_table(paper, office)
    control(paper, "for part in checked")
    small_line(paper, "{{ part.title }}", office["hei"]).paragraph_format.keep_with_next = True
    control(paper, "if part['rows']")
    ruled_table(paper, office, "part", (12, 46, 17, 41, 40), centred=(0, 2))
    control(paper, "else")
    small_line(paper, "{{ part.empty }}", office["fang"])
    control(paper, "endif")
    control(paper, "if part.note")
    small_line(paper, "{{ part.note }}", office["fang"])
    control(paper, "endif")
    control(paper, "endfor")
    small_line(paper, "{{ notes.findings_title }}", office["hei"]).paragraph_format.keep_with_next = True
    control(paper, "if tables.findings['rows']")
    ruled_table(paper, office, "tables.findings", (12, 25, 33, 33, 28, 25), centred=(0, 5))
    control(paper, "else")
    small_line(paper, "{{ notes.no_findings }}", office["fang"])
    control(paper, "endif")
    small_parts(paper, office)
    confirmed(paper, office)
    dated(paper, office)
    remark(paper, office)


def recheck_record(paper: Paper, office: dict[str, str]) -> None:
    record_head(paper, office)
    form_table(paper, office)
    ruled_table(paper, office, "tables.rows", (12, 27, 37, 27, 21, 32), centred=(0, 3, 4))
    small_line(paper, "{{ notes.conclusion }}", office["fang"])
    small_parts(paper, office)
    confirmed(paper, office)
    dated(paper, office)
    remark(paper, office)


def transfer_letter(paper: Paper, office: dict[str, str]) -> None:
    official_head(paper, office)
    opening(paper, office)
    control(paper, "if tables.hazards['rows']")
    gap(paper, 6)
    ruled_table(paper, office, "tables.hazards", (13, 33, 61, 49))
    gap(paper, 6)
    control(paper, "endif")
    parts_and_seal(paper, office)
    gap(paper, 14)
    contact_lines(paper, office)
    control(paper, "if tables.evidence['rows']")
    head = line(paper, "{{ notes.manifest_title }}", office["hei"])
    head.paragraph_format.page_break_before = True
    ruled_table(paper, office, "tables.evidence", (13, 41, 36, 66), small=(3,))
    small_line(paper, "{{ notes.manifest_note }}", office["fang"])
    control(paper, "endif")
    remark(paper, office)
    imprint(paper, office, at_foot=False)
    gap(paper, 20)
    slip(paper, office)


def contact_lines(paper: Paper, office: dict[str, str]) -> None:
    """Add whom to ask, a line each."""
    control(paper, "for words in contact")
    named = line(paper, "{{ words }}", office["fang"]).paragraph_format
    named.first_line_indent, named.keep_with_next = TWO_CHARACTERS, True
    control(paper, "endfor")


def suggestion_reply(paper: Paper, office: dict[str, str]) -> None:
    red_head(paper, below=Mm(35))
    number = line(paper, "{{ number }}\t{{ notes.signer_label }}", office["fang"])
    dress(number.add_run("{{ signer }}"), office["kai"], 16)
    number.paragraph_format.tab_stops.add_tab_stop(Mm(156) - ONE_CHARACTER, WD_TAB_ALIGNMENT.RIGHT)
    number.paragraph_format.left_indent = ONE_CHARACTER
    number.paragraph_format.space_before = 2 * LINE
    control(paper, "for words in top")
    line(paper, "{{ words }}", office["fang"]).paragraph_format.left_indent = ONE_CHARACTER
    control(paper, "endfor")
    rule = gap(paper, 7)
    border(rule, "bottom", size=12, colour="D40000", space=4)
    titles(paper, office, above=2 * LINE.pt, below=LINE.pt)
    opening(paper, office)
    control(paper, "for part in body")
    for statement, family, alone in (
        ("if part.level == 1 and not part.text", "hei", True),
        ("elif part.level == 2 and not part.text", "kai", True),
        ("elif part.level == 1", "hei", False),
        ("elif part.level == 2", "kai", False),
        ("else", "fang", False),
    ):
        control(paper, statement)
        paragraph = line(paper, "{{ part.head }}", office[family])
        paragraph.paragraph_format.first_line_indent = TWO_CHARACTERS
        if alone:  # a heading keeps the page of what it heads
            paragraph.paragraph_format.keep_with_next = True
        else:
            dress(paragraph.add_run("{{ part.text }}"), office["fang"], 16)
    control(paper, "endif")
    control(paper, "endfor")
    thanks = line(paper, "{{ thanks }}", office["fang"])
    thanks.paragraph_format.first_line_indent, thanks.paragraph_format.keep_with_next = TWO_CHARACTERS, True
    seal(paper, office)
    gap(paper, 28)
    contact_lines(paper, office)
    gap(paper, 14)
    imprint(paper, office)
    gap(paper, 1)


FORMS: dict[str, Callable[[Paper, dict[str, str]], None]] = {
    build.__name__: build
    for build in (
        check_record, order_immediate, order_timed, recheck_record, spot_decision, penalty_notice, penalty_decision,
        transfer_letter, major_hazard_notice, sealing_decision, suggestion_reply,
    )
}  # fmt: skip


def in_order(root: BaseOxmlElement) -> None:
    """Sort the properties of every paragraph, run and table as the standard wants them."""
    for tag, order in (("pPr", PARAGRAPH_ORDER), ("rPr", RUN_ORDER), ("tblPr", TABLE_ORDER)):
        for properties in root.iter(qn(f"w:{tag}")):
            properties[:] = sorted(properties, key=lambda child: order.index(child.tag.rpartition("}")[2]))


def main() -> None:
    """Write the Word templates beside the Typst ones."""
    faces = yaml.safe_load((HERE / "fonts" / "faces.yaml").read_text(encoding="utf-8"))
    office = {role: face["office"] for role, face in faces.items()}
    for kind, build in FORMS.items():
        paper = sheet(office)
        build(paper, office)
        in_order(paper._element)
        in_order(paper.styles["Normal"].element)
        paper.save(str(HERE / "templates" / f"{kind}.docx"))


if __name__ == "__main__":
    main()
