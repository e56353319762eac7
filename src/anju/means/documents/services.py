"""Verbs of documents: draft, review, sign, issue one or a thousand, void; and look at a draft.

A form that an officer may issue alone (rulebooks/documents, `review: false`) is issued directly by `issue`, or as a
draft that becomes a paper. A form with `review: true` is drafted, sent for review, and signed by somebody else.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.ground.access.actors import Actor
from anju.ground.foundation import files, jobs, journal, numbering, rulebooks
from anju.ground.foundation.models import IssuedNumber, JobProgress
from anju.ground.foundation.refusals import NotAllowedNow, NotFound, NotPermitted, Refusal
from anju.ground.organisations.models import Organisation

from . import faces, facts, registry, rendering, rules
from .models import IssuedDocument

RULEBOOK = "documents"
DOCX_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PDF_TYPE = "application/pdf"
State = IssuedDocument.State


class DataIncomplete(Refusal):
    """A fact that the form needs is missing or cannot be; `field` names it."""

    code = "data_incomplete"


class NeedsReview(NotAllowedNow):
    """The form is one that a leader signs: it cannot be issued by an officer alone."""

    code = "needs_review"


# --- Directly -------------------------------------------------------------------------------------------------


def issue(
    *,
    kind: str,
    data: Any,
    register_code: str,
    subject: models.Model,
    by: journal.Trace,
    at: datetime,
    organisation: Organisation | None = None,
    signed_by: str = "",
) -> IssuedDocument:
    """Issue an official document: number it, draw .docx and .pdf, keep both, and record it; all or nothing.

    kind           a key of rules.KINDS, e.g. "order_timed"
    data           the facts, an instance of the kind's dataclass, e.g. rules.OrderData
    register_code  机关代字 of the issuing organ, e.g. 红住建责改字; its numbers run from 1 each year
    organisation   who issues it and may list it; default: the officer's own organ
    signed_by      who approved it, where the calling room's own steps hold the approval. A form with `review: true`
                   needs it (a letter's signer counts); otherwise it is drafted, reviewed and signed here.
    Raises DataIncomplete, NeedsReview and faces.CharacterMissing before a number is taken.
    """
    if not register_code.strip():
        raise DataIncomplete(_("请先为发文机关登记机关代字，再印发文书。"), field="register_code")
    book, form = _form(kind, at)
    _check(kind, data)
    signed = signed_by or getattr(data, "signer", "") or ("" if form["review"] else by.name)
    if form["review"] and not signed and by.kind != "system":
        raise NeedsReview(
            _("《%(form)s》须先送审，由负责人签发后才能印发。") % {"form": form["name"]}, data={"allowed": []}
        )
    faces.require_glyphs((*rules.texts(data), register_code))
    with transaction.atomic():
        document = _new(
            kind,
            data,
            form,
            register_code=register_code,
            subject=subject,
            by=by,
            at=at,
            organisation=organisation,
        )
        document.signed_by_name, document.signed_at = signed, at
        document.save(force_insert=True)
        _make_final([(document, data)], book, by=by, at=at)
    return document


def void(*, document_id: int, reason: str, by: journal.Trace, at: datetime) -> IssuedDocument:
    """Void an issued document; paper and number stay, marked, so that the register shows no gap."""
    reason = reason.strip()
    if not reason:
        raise DataIncomplete(_("请写明作废的理由。"), field="reason")
    with transaction.atomic():
        document = IssuedDocument.objects.select_for_update().get(pk=document_id)
        if document.state != State.ISSUED:
            raise NotAllowedNow(_("只有已印发的文书可以作废。"), data={"allowed": []})
        document.state, document.voided_reason = State.VOIDED, reason[:200]
        document.save(update_fields=["state", "voided_reason"])
        number = document.number
        if number is not None:
            number.voided_reason = reason[:200]
            number.save(update_fields=["voided_reason"])
        journal.record("documents.voided", subject=document, by=by, at=at, note=reason)
    return document


@transaction.atomic
def void_own(*, document_id: int, reason: str, by: Actor, at: datetime) -> IssuedDocument:
    """Void a paper of one's own organisation on its page; who may not see it gets NotFound.

    Raises NotAllowedNow for a paper whose room has an act behind it: the act is cancelled there, the paper with it.
    """
    document = _locked(document_id, "void", by=by, at=at)
    if registry.voided_elsewhere(document):
        raise NotAllowedNow(
            _("这份文书请在它的办理页面撤销或者作废，事项和文书一并处理。"), data={"allowed": []}
        )
    return void(document_id=document_id, reason=reason, by=by, at=at)


def facts_of(document: IssuedDocument) -> Any:
    """Read the facts back that a paper was composed from."""
    return facts.read(rules.KINDS[document.kind].facts, document.facts)


def preview_of(document: IssuedDocument, *, at: datetime) -> bytes:
    """Draw a kept draft as .pdf with a watermark, by the templates of today."""
    return preview(document.kind, facts_of(document), at=at, register_code=document.register_code)


def preview(kind: str, data: Any, *, at: datetime, register_code: str = "") -> bytes:
    """Draw a draft as .pdf with a watermark and without a number; nothing is kept."""
    book, form = _form(kind, at)
    _check(kind, data)
    printed = rules.compose(kind, data, book, _unnumbered(form, book, register_code, at))
    return rendering.pdf(
        {**printed, "watermark": book["written"]["draft"]}, at=at, pictures=pictures_of(data)
    )


def preview_leaves(kind: str, data: Any, *, at: datetime, register_code: str = "") -> list[bytes]:
    """Draw a draft as `preview` does, each page as a PNG, to stand beside the text while it is written."""
    book, form = _form(kind, at)
    _check(kind, data)
    printed = rules.compose(kind, data, book, _unnumbered(form, book, register_code, at))
    return rendering.leaves(
        {**printed, "watermark": book["written"]["draft"]}, at=at, pictures=pictures_of(data)
    )


# --- By way of a draft ----------------------------------------------------------------------------------------


@transaction.atomic
def draft(
    *,
    kind: str,
    data: Any,
    register_code: str,
    subject: models.Model,
    by: Actor,
    at: datetime,
    organisation: Organisation | None = None,
    key: str = "",
) -> IssuedDocument:
    """Keep the draft of a paper: no number, no files; it may be changed until it is signed."""
    asked = journal.digest([kind, facts.plain(data), register_code, subject._meta.label_lower, subject.pk])
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return IssuedDocument.objects.get(pk=known.subject_id)
    if not register_code.strip():
        raise DataIncomplete(_("请先为发文机关登记机关代字，再起草文书。"), field="register_code")
    book, form = _form(kind, at)
    _check(kind, data)
    document = _new(
        kind,
        data,
        form,
        register_code=register_code,
        subject=subject,
        by=by,
        at=at,
        organisation=organisation,
    )
    document.data = rules.compose(kind, data, book, _unnumbered(form, book, register_code, at))
    document.title = document.data["title"]
    document.save(force_insert=True)
    journal.record("documents.drafted", subject=document, by=by, at=at, key=key, key_digest=asked)
    return document


@transaction.atomic
def redraft(*, document_id: int, data: Any, by: Actor, at: datetime, key: str = "") -> IssuedDocument:
    """Replace the facts of a draft and compose it anew."""
    asked = journal.digest(["redraft", document_id, facts.plain(data)])
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return IssuedDocument.objects.get(pk=known.subject_id)
    document = _locked(document_id, "redraft", by=by, at=at)
    book, form = _form(document.kind, at)
    _check(document.kind, data)
    unnumbered = _unnumbered(form, book, document.register_code, at)
    document.facts = facts.plain(data)
    document.data = rules.compose(document.kind, data, book, unnumbered)
    document.title, document.organisation_name = document.data["title"], data.organisation
    document.save()
    journal.record("documents.redrafted", subject=document, by=by, at=at, key=key, key_digest=asked)
    return document


@transaction.atomic
def submit_for_review(*, document_id: int, by: Actor, at: datetime, key: str = "") -> IssuedDocument:
    """Send a draft to whoever signs (送审); glyphs are asked for now, so that nothing fails at the signature."""
    asked = journal.digest(["submit", document_id])
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return IssuedDocument.objects.get(pk=known.subject_id)
    document = _locked(document_id, "submit", by=by, at=at)
    faces.require_glyphs(rules.texts(document.data))
    document.state, document.submitted_at, document.sent_back_reason = State.REVIEW, at, ""
    document.save(update_fields=["state", "submitted_at", "sent_back_reason"])
    journal.record("documents.submitted", subject=document, by=by, at=at, key=key, key_digest=asked)
    return document


@transaction.atomic
def send_back(*, document_id: int, reason: str, by: Actor, at: datetime, key: str = "") -> IssuedDocument:
    """Return a paper in review to its author, saying what to change."""
    reason = reason.strip()
    asked = journal.digest(["send_back", document_id, reason])
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return IssuedDocument.objects.get(pk=known.subject_id)
    if not reason:
        raise DataIncomplete(_("请写明退回修改的意见。"), field="reason")
    document = _locked(document_id, "send_back", by=by, at=at)
    document.state, document.sent_back_reason = State.DRAFT, reason[:200]
    document.save(update_fields=["state", "sent_back_reason"])
    journal.record(
        "documents.sent_back", subject=document, by=by, at=at, note=reason, key=key, key_digest=asked
    )
    return document


@transaction.atomic
def sign_and_issue(*, document_id: int, by: Actor, at: datetime, key: str = "") -> IssuedDocument:
    """Sign a paper in review (签发): it takes its number, is drawn, and from now on never changes.

    Raises NotPermitted when the signer wrote the draft: nobody checks their own work.
    """
    asked = journal.digest(["sign", document_id])
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return IssuedDocument.objects.get(pk=known.subject_id)
    document = _locked(document_id, "sign", by=by, at=at)
    if by.account_id is not None and by.account_id == document.drafted_by_id:
        raise NotPermitted(
            _("拟稿人不能签发自己起草的文书，请由其他负责人签发。"), data={"power": "documents.sign"}
        )
    document.signed_by_name, document.signed_at = by.name, at
    return _finish(document, by=by, at=at, key=key, key_digest=asked)


@transaction.atomic
def issue_draft(*, document_id: int, by: Actor, at: datetime, key: str = "") -> IssuedDocument:
    """Issue a draft of a form that an officer may issue alone."""
    asked = journal.digest(["issue", document_id])
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return IssuedDocument.objects.get(pk=known.subject_id)
    document = _locked(document_id, "issue", by=by, at=at)
    document.signed_by_name, document.signed_at = by.name, at
    return _finish(document, by=by, at=at, key=key, key_digest=asked)


@transaction.atomic
def discard(*, document_id: int, by: Actor, at: datetime) -> None:
    """Delete a draft; the journal keeps that there was one."""
    document = _locked(document_id, "discard", by=by, at=at)
    journal.record("documents.discarded", subject=document, by=by, at=at, note=document.title)
    document.delete()


# --- Many ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Item:
    """One paper of a batch: its facts and the record it is about."""

    data: Any
    subject: models.Model


@transaction.atomic
def issue_many(
    kind: str,
    items: Sequence[Item],
    *,
    register_code: str,
    by: Actor,
    at: datetime,
    organisation: Organisation | None = None,
    title: str = "",
    key: str = "",
) -> JobProgress:
    """Keep many drafts of one form and start the job that issues them, each in a transaction of its own.

    The job may be killed and taken up again: a draft that became a paper is not issued twice. When it ends, its result
    names {"issued", "refused": [{"document", "why"}], "pdf", "zip"}: one .pdf to print, and a .zip of the .docx.
    key    the same key again gives the first job
    Raises DataIncomplete naming the item when facts are missing, NeedsReview for a form that must be signed.
    """
    asked = journal.digest(["issue_many", kind, register_code, [facts.plain(item.data) for item in items]])
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return JobProgress.objects.get(pk=known.data["job"])
    if not items:
        raise DataIncomplete(_("请至少选择一份文书。"), field="items")
    if not register_code.strip():
        raise DataIncomplete(_("请先为发文机关登记机关代字，再印发文书。"), field="register_code")
    _book, form = _form(kind, at)
    if form["review"]:
        raise NeedsReview(
            _("《%(form)s》须逐份送审，由负责人签发，不能批量印发。") % {"form": form["name"]},
            data={"allowed": []},
        )
    for number, item in enumerate(items, start=1):
        try:
            _check(kind, item.data)
        except DataIncomplete as refusal:
            raise DataIncomplete(
                _("第%(n)s份：%(why)s") % {"n": number, "why": refusal}, field=refusal.field
            ) from None
    progress = jobs.start(
        "documents.issue_batch",
        kind="documents.batch",
        title=title or _("批量印发《%(form)s》") % {"form": form["name"]},
        owner_id=by.account_id,
        total=len(items),
    )
    owner = organisation or _organ_of(by)
    IssuedDocument.objects.bulk_create(
        [
            _new(
                kind, item.data, form, register_code=register_code, subject=item.subject, by=by, at=at,
                organisation=owner, batch=progress.pk,
            )
            for item in items
        ],
        batch_size=500,
    )  # fmt: skip
    journal.record(
        "documents.batch", subject=progress, by=by, at=at, data={"job": progress.pk, "count": len(items)},
        key=key, key_digest=asked,
    )  # fmt: skip
    return progress


def issue_some(document_ids: Sequence[int], *, by: journal.Trace, at: datetime) -> list[tuple[int, str]]:
    """Issue some drafts of a batch in one transaction, leaving out what is issued already.

    When one of them is refused, each is tried by itself; returns what was refused: [(document id, sentence)].
    """
    try:
        _issue_together(document_ids, by=by, at=at)
    except Refusal as refusal:
        if len(document_ids) == 1:
            return [(document_ids[0], str(refusal))]
        return [miss for one in document_ids for miss in issue_some([one], by=by, at=at)]
    return []


@transaction.atomic
def _issue_together(document_ids: Sequence[int], *, by: journal.Trace, at: datetime) -> None:
    drafts = list(
        IssuedDocument.objects.select_for_update(of=("self",))
        .filter(pk__in=document_ids, state=State.DRAFT)
        .order_by("pk")
    )
    if not drafts:
        return
    book, _form_of_day = _form(drafts[0].kind, at)
    pairs = []
    for document in drafts:
        pairs.append((document, _facts_of(document)))
        document.signed_by_name, document.signed_at = by.name, at
    _make_final(pairs, book, by=by, at=at)


# --- Parts ----------------------------------------------------------------------------------------------------


def _new(
    kind: str,
    data: Any,
    form: Mapping[str, Any],
    *,
    register_code: str,
    subject: models.Model,
    by: journal.Trace,
    at: datetime,
    organisation: Organisation | None,
    batch: int | None = None,
) -> IssuedDocument:
    owner = organisation or _organ_of(by)
    return IssuedDocument(
        kind=kind,
        title=form["name"],
        register_code=register_code.strip(),
        subject_type=subject._meta.label_lower,
        subject_id=subject.pk,
        organisation_name=data.organisation,
        organisation=owner,
        superior_id=owner.parent_id if owner else None,
        facts=facts.plain(data),
        drafted_at=at,
        drafted_by_id=by.account_id,
        drafted_by_name=by.name,
        retention_class=form["retention"],
        batch=batch,
    )


def _organ_of(by: journal.Trace) -> Organisation | None:
    """Return the organ somebody acts for: one with a register code before others."""
    ids = getattr(by, "organisation_ids", ())
    if not ids:
        return None
    found = list(Organisation.objects.filter(pk__in=ids).order_by("pk"))
    return next((organ for organ in found if organ.document_code), next(iter(found), None))


def _finish(
    document: IssuedDocument, *, by: journal.Trace, at: datetime, key: str = "", key_digest: str = ""
) -> IssuedDocument:
    """Make a kept draft final: its facts read back, checked again by the forms of the day."""
    book, _form_of_day = _form(document.kind, at)
    _make_final([(document, _facts_of(document))], book, by=by, at=at, key=key, key_digest=key_digest)
    return document


def _facts_of(document: IssuedDocument) -> Any:
    """Read the facts of a draft back, and check them again."""
    data = facts_of(document)
    _check(document.kind, data)
    faces.require_glyphs((*rules.texts(data), document.register_code))
    return data


def _make_final(
    pairs: Sequence[tuple[IssuedDocument, Any]],
    book: Mapping[str, Any],
    *,
    by: journal.Trace,
    at: datetime,
    key: str = "",
    key_digest: str = "",
) -> None:
    """Number papers of one register, draw and keep their files, record them; the caller's transaction holds it all."""
    day = timezone.localtime(at).date()
    code = pairs[0][0].register_code
    numbers = numbering.take_many(
        code=code, year=day.year, subjects=[document for document, _d in pairs], at=at
    )

    def drawn() -> Iterator[tuple[bytes, str, str]]:
        for (document, data), number in zip(pairs, numbers, strict=True):
            form = book["forms"][document.kind]
            written = _written(number, form, book)
            issue_ = rules.Issue(number=written, on=day, zone=timezone.get_default_timezone())
            printed = rules.compose(document.kind, data, book, issue_)
            pictures = pictures_of(data)
            name = book["written"]["copy_name"].format(title=printed["title"], number=written)
            document.number, document.written_number, document.data = number, written, printed
            document.title, document.retention_class = printed["title"], form["retention"]
            document.template_edition = rendering.edition_of(document.kind, book["edition"])
            yield rendering.docx(printed, pictures=pictures), f"{name}.docx", DOCX_TYPE
            yield rendering.pdf(printed, at=at, pictures=pictures), f"{name}.pdf", PDF_TYPE

    kept = files.store_many(drawn())
    for (document, _data), docx_file, pdf_file in zip(pairs, kept[::2], kept[1::2], strict=True):
        document.docx_file, document.pdf_file = docx_file, pdf_file
        document.issued_at, document.issued_by_name = at, by.name
        document.state = State.ISSUED
        document.save(force_update=True)
        journal.record(
            "documents.issued",
            subject=document,
            by=by,
            at=at,
            note=document.written_number,
            data={
                "kind": document.kind,
                "number": document.written_number,
                "signed_by": document.signed_by_name,
                "pdf": pdf_file.sha256,
                "docx": docx_file.sha256,
            },
            key=key,
            key_digest=key_digest,
        )


def pictures_of(data: Any) -> dict[str, bytes]:
    """Return the pictures that a form draws, by name."""
    signature = getattr(data, "signature", None)
    if signature is None or not signature.picture or signature.refusal:
        return {}
    return {"signature": signature.picture}


def _locked(document_id: int, act: str, *, by: Actor, at: datetime) -> IssuedDocument:
    """Lock a paper of the own organisation (or of one below it), and ask whether the act is possible."""
    document = IssuedDocument.objects.select_for_update(of=("self",)).filter(pk=document_id).first()
    if document is None or not mine(by, document):
        raise NotFound(_("没有找到这份文书。"))
    step = next(step for step in rules.STEPS if step.act == act)
    if not by.has(step.power):
        raise NotPermitted(
            _("您的岗位没有办理这一步的权限，请联系本单位负责人。"), data={"power": step.power}
        )
    possible = rules.acts(document.state, review=needs_review(document, at=at))
    if act not in {step.act for step in possible}:
        if act == "issue" and document.state == State.DRAFT:
            raise NeedsReview(
                _("《%(form)s》须先送审，由负责人签发后才能印发。") % {"form": document.title},
                data={"allowed": [step.act for step in possible]},
            )
        _refuse(document, act, [step.act for step in possible])
    return document


def _refuse(document: IssuedDocument, act: str, possible: list[str]) -> NoReturn:
    raise NotAllowedNow(
        _("这份文书%(state)s，不能办理这一步。请刷新页面查看最新状态。")
        % {"state": document.get_state_display()},
        data={"act": act, "allowed": possible},
    )


def mine(actor: Actor, document: IssuedDocument) -> bool:
    """Say whether a paper is issued by the actor's organisation or by one below it."""
    offices = {document.organisation_id, document.superior_id} - {None}
    return not offices.isdisjoint(actor.organisation_ids)


def needs_review(document: IssuedDocument, *, at: datetime) -> bool:
    """Say whether a paper's form is one that a leader signs."""
    return bool(_form(document.kind, at)[1]["review"])


def _written(number: IssuedNumber, form: Mapping[str, Any], book: Mapping[str, Any]) -> str:
    pattern = form.get("number", book["written"]["number"])
    return pattern.format(code=number.register.code, year=number.register.year, number=number.number)


def _unnumbered(form: Mapping[str, Any], book: Mapping[str, Any], code: str, at: datetime) -> rules.Issue:
    words = book["written"]
    day = timezone.localtime(at).date()
    pattern = form.get("draft_number", words["draft_number"])
    number = pattern.format(code=code or words["draft_code"], year=day.year)
    return rules.Issue(number=number, on=day, zone=timezone.get_default_timezone())


def _form(kind: str, at: datetime) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the rulebook in force that day and the words of one form."""
    book = rulebooks.load(RULEBOOK, on=timezone.localtime(at).date())
    return book, book["forms"][kind]


def _check(kind: str, data: Any) -> None:
    expected = rules.KINDS[kind]
    if not isinstance(data, expected.facts):
        raise TypeError(f"{kind} is composed from {expected.facts.__name__}")
    if lacking := rules.missing(kind, data):
        raise DataIncomplete(_fact_sentence(lacking), field=lacking)


def _fact_sentence(fact: str) -> str:
    sentences = {
        "organisation": _("请填写发文机关名称。"),
        "recipient": _("请填写受文单位名称。"),
        "place": _("请填写检查或者违法行为发生的地点。"),
        "basis": _("请至少写明一条依据。"),
        "hazards": _("请至少列出一项隐患，并写明隐患内容和依据。"),
        "inspectors": _("请填写检查人员姓名。"),
        "due_on": _("改正期限不能早于检查日期，请重新选择期限。"),
        "unit": _("请填写被检查单位名称。"),
        "address": _("请填写被检查单位的地址。"),
        "officers": _("请填写检查或者执法人员姓名。"),
        "parts": _("请至少写明一项检查内容，查封的须写明查封的部位。"),
        "rows": _("请至少列出一项复查的隐患。"),
        "ended": _("检查结束时间不能早于开始时间。"),
        "party": _("请填写当事人的姓名或者名称。"),
        "facts": _("请写明事实。"),
        "violated": _("请写明违反的条款。"),
        "evidence": _("请至少列出一项证据，移送清单还须附上文件的校验值。"),
        "amount": _("请填写处罚：警告或者罚款金额，金额最多到分，不能为负数。"),
        "about": _("请填写移送事项涉及的单位或者地点。"),
        "grounds": _("请写明移送的依据。"),
        "manner": _("请选择移送、抄告或者书面报告。"),
        "standard": _("请写明判定所依据的标准。"),
        "criteria": _("请至少写明一项判定要素。"),
        "sealed_until": _("查封期限从当日算起，最长三十日。"),
        "signer": _("请填写签发人。"),
        "meeting": _("请填写会议名称。"),
        "suggestion": _("请填写建议的编号。"),
        "deputies": _("请填写代表姓名。"),
        "subject": _("请填写建议的标题。"),
        "body": _("请填写答复正文。"),
    }
    return sentences[fact]


def issued_of_batch(batch: int) -> Iterable[IssuedDocument]:
    """Yield the papers a batch has issued, in the order of their numbers."""
    return (
        IssuedDocument.objects.filter(batch=batch, state__in=(State.ISSUED, State.VOIDED))
        .select_related("pdf_file", "docx_file")
        .order_by("id")
    )


def files_of(document: IssuedDocument) -> tuple[bytes, bytes]:
    """Return the .pdf and the .docx of an issued paper."""
    assert (
        document.pdf_file is not None and document.docx_file is not None
    )  # the database refuses it otherwise
    return files.read(document.pdf_file), files.read(document.docx_file)
