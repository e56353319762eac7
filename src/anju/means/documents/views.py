"""Handing out the files of issued documents."""

from csp.decorators import csp_exempt
from django.http import HttpRequest, HttpResponse
from django.utils.http import content_disposition_header

from anju.ground.access.guards import signed_in
from anju.ground.foundation import files

from . import queries
from .models import IssuedDocument
from .services import DOCX_TYPE, PDF_TYPE


@signed_in  # type: ignore[arg-type]
@csp_exempt()  # type: ignore[arg-type]
def pdf(request: HttpRequest, document_id: int) -> HttpResponse:
    """Show the .pdf, for printing from the browser; `?save` offers it for saving instead."""
    # Without the policy: a browser's own viewer of .pdf is a page with styles and an object, which it forbids.
    document = queries.document_for(request.actor, document_id)  # type: ignore[attr-defined]
    return _handed_out(document, "pdf", PDF_TYPE, as_attachment="save" in request.GET)


@signed_in
def docx(request: HttpRequest, document_id: int) -> HttpResponse:
    """Offer the .docx for saving."""
    document = queries.document_for(request.actor, document_id)  # type: ignore[attr-defined]
    return _handed_out(document, "docx", DOCX_TYPE, as_attachment=True)


def _handed_out(
    document: IssuedDocument, suffix: str, media_type: str, *, as_attachment: bool
) -> HttpResponse:
    """Answer with one stored file under the document's name, never as HTML and never from a shared cache."""
    stored = document.pdf_file if suffix == "pdf" else document.docx_file
    assert stored is not None  # the database refuses an issued document without files
    name = str(document)
    if document.state == IssuedDocument.State.VOIDED:
        name = f"{name} {document.get_state_display()}"
    response = HttpResponse(files.read(stored), content_type=media_type)
    response["Content-Disposition"] = (
        content_disposition_header(as_attachment, f"{name}.{suffix}") or "attachment"
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-cache"
    response["ETag"] = f'"{stored.sha256}"'
    return response
