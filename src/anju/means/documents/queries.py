"""Finding issued documents."""

from django.db import models
from django.utils.translation import gettext as _

from anju.ground.access.actors import Actor
from anju.ground.foundation.refusals import NotFound

from . import registry
from .models import IssuedDocument


def documents_of(subject: models.Model) -> list[IssuedDocument]:
    """List the documents issued about a record, newest first, voided ones included."""
    about = IssuedDocument.objects.filter(subject_type=subject._meta.label_lower, subject_id=subject.pk)
    return list(about.exclude(state=IssuedDocument.State.DRAFT).order_by("-issued_at", "-id"))


def document_for(actor: Actor, document_id: int) -> IssuedDocument:
    """Return an issued document that the actor may read; raises NotFound otherwise, whatever the reason."""
    found = (
        IssuedDocument.objects.exclude(state=IssuedDocument.State.DRAFT)
        .select_related("docx_file", "pdf_file")
        .filter(pk=document_id)
        .first()
    )
    if found is None or not registry.may_see(actor, found):
        raise NotFound(_("没有找到这份文书。"))
    return found
