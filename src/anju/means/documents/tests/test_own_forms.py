"""A city's own forms: they come first, are told apart by their digest, and cannot break a paper half way."""

import hashlib
import io

import docx
import pytest
from django.core.management import CommandError, call_command

from anju.ground.foundation.models import IssuedNumber, StoredFile
from anju.means.documents import services
from anju.means.documents.models import IssuedDocument
from anju.means.documents.services import rendering

from .samples import AT, order, pdf_text

CODE = "红演办责改字"
PLAIN = '#import "gbt9704.typ": *\n#show: sheet\n#official-head\n#paragraphs(given.opening)\n'


@pytest.fixture
def own(tmp_path):
    folder = tmp_path / "forms"  # settings.DATA_DIR is tmp_path
    folder.mkdir()
    return folder


def checked(*kinds):
    out = io.StringIO()
    try:
        call_command("check_forms", *kinds, stdout=out)
    except CommandError as error:
        return out.getvalue(), str(error)
    return out.getvalue(), ""


def test_the_shipped_forms_can_all_be_used():
    said, error = checked()
    assert error == ""
    assert said.count("✓") == 22 and "✗" not in said


def test_the_digest_of_a_citys_own_form_is_kept_with_each_paper(own, subject, li):
    before = services.issue(
        kind="order_timed", data=order(), register_code=CODE, subject=subject, by=li, at=AT
    )
    (own / "order_timed.typ").write_text(PLAIN, encoding="utf-8")
    paper = services.issue(
        kind="order_timed", data=order(), register_code=CODE, subject=subject, by=li, at=AT
    )
    assert paper.template_edition.split("/")[1] == hashlib.sha256(PLAIN.encode()).hexdigest()
    assert paper.template_edition != before.template_edition
    assert "救济途径" not in pdf_text(services.files_of(paper)[0])
    assert "✓ order_timed.typ 自定义" in checked("order_timed")[0]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("order_timed.typ", b'#import "gbt9704.typ": *\n#show: sheet\n#paragraph(given.nosuchword)\n'),
        ("order_timed.typ", b"#let x = (\n"),
        ("order_timed.docx", b"not a word file"),
    ],
)
def test_a_broken_form_is_named_and_takes_no_number(own, subject, li, name, content):
    (own / name).write_bytes(content)
    said, error = checked("order_timed")
    assert f"✗ {name} 自定义" in said and "1" in error
    with pytest.raises(rendering.FormBroken, match=name):
        services.issue(kind="order_timed", data=order(), register_code=CODE, subject=subject, by=li, at=AT)
    assert not IssuedNumber.objects.exists()
    assert not IssuedDocument.objects.exists()
    assert not StoredFile.objects.exists()
    (own / name).unlink()
    paper = services.issue(
        kind="order_timed", data=order(), register_code=CODE, subject=subject, by=li, at=AT
    )
    assert paper.written_number.endswith("第0001号")


@pytest.mark.parametrize("statement", ["{{ nosuchword }}", "{% for x in %}", "{{ title"])
def test_a_word_form_with_a_wrong_field_is_named(own, statement):
    paper = docx.Document()
    paper.add_paragraph(statement)
    paper.save(str(own / "order_timed.docx"))
    said, error = checked("order_timed")
    assert "✗ order_timed.docx 自定义" in said and "order_timed.docx 不能使用" in said
    assert error


def test_a_file_that_no_form_is_called_is_pointed_out(own):
    (own / "order_time.typ").write_text(PLAIN, encoding="utf-8")
    said, error = checked("order_timed")
    assert "不认识 order_time.typ" in said and error


def test_the_folder_may_be_elsewhere(settings, tmp_path):
    settings.FORMS_DIR = tmp_path / "shared"
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "order_timed.typ").write_text(PLAIN, encoding="utf-8")
    assert rendering.template_of("order_timed", ".typ").parent == tmp_path / "shared"


def test_samples_can_be_written_out_to_be_looked_at(tmp_path):
    call_command("check_forms", "suggestion_reply", "--save", str(tmp_path / "out"), stdout=io.StringIO())
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "suggestion_reply.docx",
        "suggestion_reply.pdf",
    ]
