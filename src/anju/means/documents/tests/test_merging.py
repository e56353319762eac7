"""Many drawn files in one, to be printed: the same pages, in their order, and nothing else."""

import pypdfium2
import pytest

from anju.means.documents import rules
from anju.means.documents.services import merging, rendering

from .samples import AT, pdf_text, printed, sample


def drawn(kind, **changed):
    return rendering.pdf(printed(sample(kind, **changed), kind=kind), at=AT)


def looks(data):
    """Return what each page looks like, as its pixels."""
    with pypdfium2.PdfDocument(data) as document:
        return [page.render(scale=0.5).to_pil().tobytes() for page in document]


def test_the_merged_pages_look_exactly_like_the_issued_ones():
    papers = [drawn(kind) for kind in sorted(rules.KINDS)]
    together = merging.merged(papers)
    assert looks(together) == [page for paper in papers for page in looks(paper)]
    with pypdfium2.PdfDocument(together) as document:
        texts = "".join(page.get_textpage().get_text_range() for page in document)
    assert "行政处罚决定书" in texts.replace("\r\n", "")


def test_equal_papers_are_printed_as_often_as_they_are_given():
    paper = drawn("order_timed")
    together = merging.merged([paper] * 3)
    assert len(looks(together)) == 3 * rendering.pages(paper)
    assert len(together) < 1.2 * len(paper)


def test_what_papers_share_is_written_once():
    papers = [drawn("order_timed", recipient=f"演示{n}公司") for n in range(6)]
    assert len(merging.merged(papers)) < 0.8 * sum(map(len, papers))


def test_for_both_sides_each_paper_begins_on_a_sheet_of_its_own():
    one, two = drawn("order_timed"), drawn("suggestion_reply")
    pages = [rendering.pages(paper) for paper in (one, two, one)]
    together = merging.merged([one, two, one], duplex=True)
    shown = looks(together)
    assert len(shown) == sum(count + count % 2 for count in pages)
    second = pages[0] + pages[0] % 2
    assert shown[: pages[0]] == looks(one)
    assert shown[second : second + pages[1]] == looks(two)
    with pypdfium2.PdfDocument(together) as document:
        assert len({page.get_size() for page in document}) == 1


def test_a_drawn_signature_is_printed_too():
    from .test_forms import picture

    signed = sample("check_record", signature=rules.Signature(name="王演示", picture=picture()))
    words = printed(signed, kind="check_record")
    paper = rendering.pdf(words, at=AT, pictures={"signature": signed.signature.picture})
    assert looks(merging.merged([paper])) == looks(paper)


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7\nstartxref\n0\n%%EOF", b"not a file at all"])
def test_a_file_from_elsewhere_is_not_read(data):
    with pytest.raises(merging.Unreadable):
        merging.merged([data])


def test_the_text_of_a_merged_file_is_that_of_its_paper():
    paper = drawn("suggestion_reply")
    assert pdf_text(merging.merged([paper])) == pdf_text(paper)
