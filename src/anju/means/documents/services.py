"""Verbs of documents: issue one under the next number, void one, look at a draft."""

from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.ground.foundation import files, journal, numbering, rulebooks
from anju.ground.foundation.refusals import NotAllowedNow, Refusal

from . import faces, rendering, rules
from .models import IssuedDocument

RULEBOOK = "documents"
DOCX_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PDF_TYPE = "application/pdf"


class DataIncomplete(Refusal):
    """A fact that the form needs is missing or cannot be; `field` names it."""

    code = "data_incomplete"


def issue(
    *,
    kind: str,
    data: Any,
    register_code: str,
    subject: models.Model,
    by: journal.Trace,
    at: datetime,
) -> IssuedDocument:
    """Issue an official document: number it, draw .docx and .pdf, keep both, and record it; all or nothing.

    kind           a key of rules.KINDS, e.g. "order_timed"
    data           the facts, an instance of the kind's dataclass, e.g. rules.OrderData
    register_code  机关代字 of the issuing organ, e.g. 红住建责改字; its numbers run from 1 each year
    Raises DataIncomplete and faces.CharacterMissing before a number is taken.
    """
    if not register_code.strip():
        raise DataIncomplete(_("请先为发文机关登记机关代字，再印发文书。"), field="register_code")
    book, form = _form(kind, at)
    _check(kind, data)
    faces.require_glyphs((*rules.texts(data), register_code))
    day = timezone.localtime(at).date()
    with transaction.atomic():
        document = IssuedDocument.objects.create(
            kind=kind,
            template_edition=rendering.edition_of(kind, book["edition"]),
            title=form["name"],
            subject_type=subject._meta.label_lower,
            subject_id=subject.pk,
            organisation_name=data.organisation,
            issued_at=at,
            issued_by_name=by.name,
            retention_class=form["retention"],
        )
        number = numbering.take(code=register_code.strip(), year=day.year, subject=document, at=at)
        written = numbering.written(number)
        printed = _printed(kind, data, form, book, rules.Issue(number=written, on=day))
        name = book["written"]["copy_name"].format(title=form["name"], number=written)
        document.number, document.written_number, document.data = number, written, printed
        document.docx_file = files.store_bytes(
            rendering.docx(printed), name=f"{name}.docx", media_type=DOCX_TYPE
        )
        document.pdf_file = files.store_bytes(
            rendering.pdf(printed, at=at), name=f"{name}.pdf", media_type=PDF_TYPE
        )
        document.state = IssuedDocument.State.ISSUED
        document.save()
        journal.record(
            "documents.issued",
            subject=document,
            by=by,
            at=at,
            note=str(document),
            data={
                "kind": kind,
                "number": written,
                "subject_type": document.subject_type,
                "subject_id": document.subject_id,
                "pdf": document.pdf_file.sha256,
                "docx": document.docx_file.sha256,
            },
        )
    return document


def void(*, document_id: int, reason: str, by: journal.Trace, at: datetime) -> IssuedDocument:
    """Void an issued document; paper and number stay, marked, so that the register shows no gap."""
    reason = reason.strip()
    if not reason:
        raise DataIncomplete(_("请写明作废的理由。"), field="reason")
    with transaction.atomic():
        document = IssuedDocument.objects.select_for_update().get(pk=document_id)
        if rules.VOIDED not in rules.NEXT_STATES[document.state]:
            raise NotAllowedNow(_("只有已印发的文书可以作废。"), data={"allowed": []})
        document.state, document.voided_reason = IssuedDocument.State.VOIDED, reason
        document.save(update_fields=["state", "voided_reason"])
        number = document.number
        if number is not None:
            number.voided_reason = reason
            number.save(update_fields=["voided_reason"])
        journal.record("documents.voided", subject=document, by=by, at=at, note=reason)
    return document


def preview(kind: str, data: Any, *, at: datetime, register_code: str = "") -> bytes:
    """Draw a draft as .pdf with a watermark and without a number; nothing is kept."""
    book, form = _form(kind, at)
    _check(kind, data)
    day = timezone.localtime(at).date()
    words = book["written"]
    number = words["draft_number"].format(code=register_code or words["draft_code"], year=day.year)
    printed = _printed(kind, data, form, book, rules.Issue(number=number, on=day))
    return rendering.pdf({**printed, "watermark": words["draft"]}, at=at)


def _form(kind: str, at: datetime) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the rulebook in force that day and the words of one form."""
    book = rulebooks.load(RULEBOOK, on=timezone.localtime(at).date())
    return book, book["forms"][kind]


def _check(kind: str, data: Any) -> None:
    expected = rules.KINDS[kind]
    if not isinstance(data, expected.facts):
        raise TypeError(f"{kind} is composed from {expected.facts.__name__}")
    if lacking := expected.missing(data):
        raise DataIncomplete(_fact_sentence(lacking), field=lacking)


def _fact_sentence(fact: str) -> str:
    sentences = {
        "organisation": _("请填写发文机关名称。"),
        "recipient": _("请填写被通知单位名称。"),
        "place": _("请填写检查地点。"),
        "basis": _("请至少写明一条检查和责令改正的依据。"),
        "hazards": _("请至少列出一项隐患，并写明隐患内容和依据。"),
        "inspectors": _("请填写检查人员姓名。"),
        "due_on": _("改正期限不能早于检查日期，请重新选择期限。"),
    }
    return sentences[fact]


def _printed(
    kind: str, data: Any, form: dict[str, Any], book: dict[str, Any], issue_: rules.Issue
) -> rules.Printed:
    return {"kind": kind, **rules.KINDS[kind].compose(data, form, book["written"], issue_)}
