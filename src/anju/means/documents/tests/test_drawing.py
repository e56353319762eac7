"""What the printed page looks like, measured on the page itself."""

import io
import threading
import zipfile

import docx
import pytest

from anju.means.documents import rules
from anju.means.documents.services import faces, rendering

from .samples import AT, docx_text, order, pdf_fonts, pdf_lines, pdf_text, place_names, printed, squeezed

MM = 72 / 25.4
FACES = {"FandolFang-Regular", "FandolSong-Bold", "FandolHei-Regular", "FandolKai-Regular"}
NOTO = "NotoSerifCJKsc-Regular"
RARE = "堽堌䶮㛃𬭚喆垚昇淯"


def drawn_with(names: set[str]) -> set[str]:
    """Take the encoding's suffix off the fonts' names."""
    return {name.removesuffix("-Identity-H") for name in names}


def sheet_of(text: str) -> bytes:
    """Draw plain text on the sheet every document uses."""
    source = b'#import "gbt9704.typ": *\n#show: sheet\n#par(given.opening.first())\n'
    return rendering.pdf_of(source, {**printed(), "opening": [text]}, at=AT)


def test_a_full_page_has_22_lines_of_28_characters():
    page = sheet_of("国" * (28 * 22 * 2 + 5))
    for index in (0, 1):
        assert [len(line) for line in pdf_lines(page, index)] == [28] * 22
    assert [len(line) for line in pdf_lines(page, 2)] == [5]


def test_the_lines_fill_the_text_block_of_156_by_225_mm_and_stay_inside():
    lines = pdf_lines(sheet_of("国" * (28 * 22)), 0)
    tolerance = 0.6 * MM
    assert abs(min(char[1] for line in lines for char in line) - 28 * MM) < tolerance
    assert abs(max(char[2] for line in lines for char in line) - (210 - 26) * MM) < tolerance
    assert abs(max(char[4] for char in lines[0]) - (297 - 37) * MM) < 4 * MM
    assert min(char[3] for char in lines[-1]) > 35 * MM
    assert min(char[3] for char in lines[-1]) < 35 * MM + 28.95  # no room for a 23rd line


def test_page_numbers_stand_right_on_odd_pages_and_left_on_even_ones():
    page = sheet_of("国" * (28 * 22 * 2))
    for index, right in ((0, True), (1, False)):
        [number] = pdf_lines(page, index, low_mm=15, high_mm=34)
        assert "".join(char[0] for char in number) == f"—{index + 1}—"
        assert (min(char[1] for char in number) > 105 * MM) is right


def test_both_files_say_the_same_in_the_same_order():
    words = printed()
    shown = pdf_text(rendering.pdf(words, at=AT))
    assert shown == docx_text(rendering.docx(words))
    for text in rules.texts({key: value for key, value in words.items() if key != "kind"}):
        assert squeezed(text) in shown


def test_only_the_shipped_fonts_draw_and_all_of_them_are_embedded():
    assert drawn_with(pdf_fonts(rendering.pdf(printed(), at=AT))) <= FACES | {NOTO}


def test_the_same_document_drawn_twice_is_the_same_file():
    assert rendering.pdf(printed(), at=AT) == rendering.pdf(printed(), at=AT)
    assert rendering.docx(printed()) == rendering.docx(printed())


def test_rare_names_are_drawn_in_every_place_of_the_form():
    words = printed(
        order(organisation=f"{RARE}街道办事处", recipient=f"{RARE}公司", inspectors=(rules.Inspector(RARE),))
    )
    data = rendering.pdf(words, at=AT)
    assert pdf_text(data).count(RARE) == 4  # head, addressee, seal, receipt
    assert NOTO in drawn_with(pdf_fonts(data))
    assert docx_text(rendering.docx(words)).count(RARE) == 4


def test_every_division_of_xinxiang_is_drawn():
    names = place_names("4107")
    assert len(names) > 4000
    assert pdf_text(sheet_of("".join(names))) == squeezed("".join(names))


def test_every_division_of_henan_has_its_glyphs():
    assert faces.missing(place_names("41")) == []


def test_the_character_set_of_gb2312_has_its_glyphs():
    pairs = (bytes((row, cell)) for row in range(0xB0, 0xF8) for cell in range(0xA1, 0xFF))
    characters = "".join(pair.decode("gb2312", errors="ignore") for pair in pairs)
    assert len(characters) == 6763
    assert faces.missing([characters]) == []


def test_a_character_without_glyph_is_refused_by_name_instead_of_drawn_wrong():
    with pytest.raises(faces.CharacterMissing, match=r"😀 \(U\+1F600\)") as refused:
        rendering.pdf(printed(order(recipient="演示😀公司")), at=AT)
    assert refused.value.data["characters"] == ["😀"]


@pytest.mark.parametrize(
    "name",
    [
        "城管局",
        "红旗区演示街道办事处",
        "新乡市高新技术产业开发区管理委员会住房和城乡建设局",
        "河南省新乡市平原城乡一体化示范区演示街道办事处安全生产和消防工作委员会办公室",
    ],
)
def test_a_long_organisation_name_shrinks_and_never_leaves_the_sheet(name):
    words = printed(order(organisation=name))
    data = rendering.pdf(words, at=AT)
    head = pdf_lines(data, 0, low_mm=215)
    assert all(char[1] > 28 * MM - 1 and char[2] < (210 - 26) * MM + 1 for line in head for char in line)
    assert "".join(char[0] for line in head for char in line).startswith(name)
    assert pdf_text(data) == docx_text(rendering.docx(words))


def test_sixty_hazards_run_over_pages_with_the_heads_of_the_table_repeated():
    line = order().hazards[1]
    data = rendering.pdf(printed(order(hazards=(line,) * 60)), at=AT)
    assert pdf_text(data).count("安全隐患依据改正期限") > 3


def test_the_word_file_opens_and_names_the_fonts_of_an_office():
    paper = docx.Document(io.BytesIO(rendering.docx(printed())))
    families = {
        run._element.rPr.rFonts.get(docx.oxml.ns.qn("w:eastAsia"))
        for paragraph in paper.paragraphs
        for run in paragraph.runs
        if run._element.rPr is not None and run._element.rPr.rFonts is not None
    }
    assert families == {"方正小标宋简体", "仿宋_GB2312", "黑体", "楷体_GB2312"}
    section = paper.sections[0]
    assert [
        round(margin.mm) for margin in (section.top_margin, section.bottom_margin, section.left_margin)
    ] == [37, 35, 28]
    [table] = paper.tables
    assert len(table.rows) == 4


def test_signs_of_markup_in_a_name_are_text_in_both_files():
    words = printed(order(recipient="演示<w:t>&公司</w:t> #strong[甲] {{ number }}"))
    assert pdf_text(rendering.pdf(words, at=AT)) == docx_text(rendering.docx(words))
    assert squeezed("演示<w:t>&公司</w:t>#strong[甲]{{number}}") in docx_text(rendering.docx(words))


def test_a_city_replaces_a_template_without_code(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    own = tmp_path / "forms"
    own.mkdir()
    (own / "order_timed.typ").write_text('#import "gbt9704.typ": *\n#show: sheet\n#paragraph(given.number)\n')
    words = printed()
    assert pdf_text(rendering.pdf(words, at=AT)) == words["number"]
    paper = docx.Document()
    paper.add_paragraph("{{ number }}")
    paper.save(str(own / "order_timed.docx"))
    assert docx_text(rendering.docx(words)) == words["number"]


def test_a_citys_own_fonts_come_first(settings, tmp_path):
    from fontTools.ttLib import TTFont

    settings.DATA_DIR = tmp_path
    (tmp_path / "fonts").mkdir()
    font = TTFont(faces.SHIPPED / "FandolKai-Regular.otf")
    for record in font["name"].names:
        if record.nameID in (1, 4):
            record.string = "仿宋_GB2312".encode(record.getEncoding(), errors="ignore") or b"office"
    font.save(tmp_path / "fonts" / "licensed.otf")
    assert faces.chains()["fang"][0] == "仿宋_GB2312"
    assert "FandolFang-Regular" not in drawn_with(pdf_fonts(sheet_of("国家")))


def test_threads_may_draw_at_the_same_time():
    drawn: list[str] = []

    def draw(name: str) -> None:
        drawn.append(pdf_text(rendering.pdf(printed(order(recipient=name)), at=AT)))

    threads = [threading.Thread(target=draw, args=(f"演示{name}公司",)) for name in "甲乙丙丁"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(name for name in "甲乙丙丁" for text in drawn if f"演示{name}公司：" in text) == sorted(
        "甲乙丙丁"
    )


def test_the_word_package_holds_every_part_of_its_template():
    with (
        zipfile.ZipFile(io.BytesIO(rendering.docx(printed()))) as made,
        zipfile.ZipFile(rendering.template_of("order_timed", ".docx")) as template,
    ):
        assert made.namelist() == template.namelist()
        assert made.testzip() is None
