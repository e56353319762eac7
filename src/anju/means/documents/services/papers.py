"""Verbs of documents: draft, review, sign, issue one or a thousand, void; and look at a draft.

A form that an officer may issue alone (rulebooks/documents, `review: false`) is issued directly by `issue`, or as a
draft that becomes a paper. A form with `review: true` is drafted, sent for review, and signed by somebody else.
`draft`, `issue`, `issue_many` and `void` are parts of other rooms' acts, which have asked who may.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from anju.ground.foundation import files, jobs, journal, numbering, rulebooks
from anju.ground.foundation.acts import Loop, Turn
from anju.ground.foundation.models import IssuedNumber, JobProgress
from anju.ground.foundation.refusals import NotAllowedNow, NotFound, NotPermitted, Refusal
from anju.ground.organisations.models import Organisation

from .. import queries, rules
from ..models import IssuedDocument
from ..queries import registry
from ..rules import facts
from . import faces, rendering

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


def _whose(turn: Turn) -> None:
    """Refuse who may not know of the paper, and whoever would sign what they wrote or void an act's paper alone."""
    paper, by = turn.row, turn.by
    if paper is None:
        return
    if not queries.of_own_office(by, paper):
        raise NotFound(_("没有找到这份文书。"))
    if turn.step.act == "sign" and paper.drafted_by_id == by.account_id is not None:
        raise NotPermitted(
            _("拟稿人不能签发自己起草的文书，请由其他负责人签发。"), data={"power": "documents.sign"}
        )
    if turn.step.act == "void_own" and registry.voided_elsewhere(paper):
        turn.refuse(_("这份文书请在它的办理页面撤销或者作废，事项和文书一并处理。"))


LOOP = Loop(
    IssuedDocument, rules.STEPS, room="documents", param="document_id", labels=dict(State.choices),
    moods=rules.STATE_TONES, noun=lazy("这份文书"), missing=lazy("没有找到这份文书。"), turns=_whose,
    seen=lambda by: Q(organisation_id__in=by.organisation_ids) | Q(superior_id__in=by.organisation_ids),
)  # fmt: skip


# --- Directly -------------------------------------------------------------------------------------------------


@LOOP.verb("issue")
def issue(
    turn: Turn,
    *,
    kind: str,
    data: Any,
    register_code: str,
    subject: models.Model,
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
    _book, form = _form(kind, turn.at)
    _check(kind, data)
    signed = signed_by or getattr(data, "signer", "") or ("" if form["review"] else turn.by.name)
    if form["review"] and not signed and turn.by.kind != "system":
        raise NeedsReview(
            _("《%(form)s》须先送审，由负责人签发后才能印发。") % {"form": form["name"]}, data={"allowed": []}
        )
    faces.require_glyphs((*rules.texts(data), register_code))
    turn.row = _new(
        turn, kind, data, form, register_code=register_code, subject=subject, organisation=organisation
    )
    turn.row.signed_by_name, turn.row.signed_at = signed, turn.at
    turn.row.save(force_insert=True)
    _make_final([turn])
    turn.row.state = turn.target
    turn.row.save(force_update=True)
    return turn.row


@LOOP.verb("void")
def void(turn: Turn, *, reason: str) -> None:
    """Void an issued document; paper and number stay, marked, so that the register shows no gap."""
    turn.row.voided_reason = turn.row.number.voided_reason = reason[:200]
    turn.row.number.save(update_fields=["voided_reason"])


@LOOP.verb("void_own")
def void_own(turn: Turn, *, reason: str) -> None:
    """Void a paper of one's own organisation on its page; not one with an act behind it, which is cancelled with it."""
    void.body(turn, reason=reason)


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


@LOOP.verb("draft")
def draft(
    turn: Turn,
    *,
    kind: str,
    data: Any,
    register_code: str,
    subject: models.Model,
    organisation: Organisation | None = None,
) -> IssuedDocument:
    """Keep the draft of a paper: no number, no files; it may be changed until it is signed."""
    _book, form = _form(kind, turn.at)
    paper = _new(
        turn, kind, data, form, register_code=register_code, subject=subject, organisation=organisation
    )
    _compose(paper, data, turn.at)
    paper.save(force_insert=True)
    return paper


@LOOP.verb("redraft")
def redraft(turn: Turn, *, data: Any) -> None:
    """Replace the facts of a draft and compose it anew."""
    turn.row.facts, turn.row.organisation_name = facts.plain(data), data.organisation
    _compose(turn.row, data, turn.at)


@LOOP.verb("submit")
def submit_for_review(turn: Turn) -> None:
    """Send a draft to whoever signs (送审); glyphs are asked for now, so that nothing fails at the signature."""
    faces.require_glyphs(rules.texts(turn.row.data))
    turn.row.submitted_at, turn.row.sent_back_reason = turn.at, ""


@LOOP.verb("send_back")
def send_back(turn: Turn, *, reason: str) -> None:
    """Return a paper in review to its author, saying what to change."""
    turn.row.sent_back_reason = reason


def _make_final(turns: Sequence[Turn]) -> None:
    """Number papers of one register, draw and keep their files; whoever calls saves and records them."""
    at, papers = turns[0].at, [turn.row for turn in turns]
    day = timezone.localtime(at).date()
    book = rulebooks.load(RULEBOOK, on=day)
    numbers = numbering.take_many(code=papers[0].register_code, year=day.year, subjects=papers, at=at)

    def drawn() -> Iterator[tuple[bytes, str, str]]:
        for turn, number in zip(turns, numbers, strict=True):
            paper, data = turn.row, turn.given["data"]
            form = book["forms"][paper.kind]
            written = _written(number, form, book)
            issue_ = rules.Issue(number=written, on=day, zone=timezone.get_default_timezone())
            printed = rules.compose(paper.kind, data, book, issue_)
            pictures = pictures_of(data)
            name = book["written"]["copy_name"].format(title=printed["title"], number=written)
            paper.number, paper.written_number, paper.data = number, written, printed
            paper.title, paper.retention_class = printed["title"], form["retention"]
            paper.template_edition = rendering.edition_of(paper.kind, book["edition"])
            yield rendering.docx(printed, pictures=pictures), f"{name}.docx", DOCX_TYPE
            yield rendering.pdf(printed, at=at, pictures=pictures), f"{name}.pdf", PDF_TYPE

    kept = files.store_many(drawn())
    for turn, docx_file, pdf_file in zip(turns, kept[::2], kept[1::2], strict=True):
        paper = turn.row
        paper.docx_file, paper.pdf_file = docx_file, pdf_file
        paper.issued_at, paper.issued_by_name = at, turn.by.name
        turn.note = paper.written_number
        turn.facts |= {
            "kind": paper.kind, "number": paper.written_number, "signed_by": paper.signed_by_name,
            "pdf": pdf_file.sha256, "docx": docx_file.sha256,
        }  # fmt: skip


@LOOP.verb("sign", together=_make_final)
def sign_and_issue(turn: Turn) -> None:
    """Sign a paper in review (签发): it takes its number, is drawn, and from now on never changes.

    Nobody signs what they wrote. Its facts are read back and checked again, by the forms of the day.
    """
    data = turn.given["data"] = facts_of(turn.row)
    _check(turn.row.kind, data)
    faces.require_glyphs((*rules.texts(data), turn.row.register_code))
    turn.row.signed_by_name, turn.row.signed_at = turn.by.name, turn.at


@LOOP.verb("issue_draft", together=_make_final)
def issue_draft(turn: Turn) -> None:
    """Issue a draft of a form that an officer may issue alone."""
    sign_and_issue.body(turn)


@LOOP.verb("discard")
def discard(turn: Turn) -> None:
    """Delete a draft; the journal keeps that there was one."""
    turn.note = turn.row.title


# --- Many ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Item:
    """One paper of a batch: its facts and the record it is about."""

    data: Any
    subject: models.Model


@LOOP.verb("issue_many")
def issue_many(
    turn: Turn,
    *,
    kind: str,
    items: Sequence[Item],
    register_code: str,
    organisation: Organisation | None = None,
    title: str = "",
) -> JobProgress:
    """Keep many drafts of one form and start the job that issues them, ten in a transaction.

    The job may be killed and taken up again: a draft that became a paper is not issued twice. When it ends, its result
    names {"issued", "refused": [{"document", "why"}], "pdf", "zip"}: one .pdf to print, and a .zip of the .docx.
    Raises DataIncomplete naming the item when facts are missing, NeedsReview for a form that must be signed.
    """
    if not items:
        raise DataIncomplete(_("请至少选择一份文书。"), field="items")
    _book, form = _form(kind, turn.at)
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
        owner_id=turn.by.account_id,
        total=len(items),
    )
    owner = organisation or _organ_of(turn.by)
    drafts = [
        _new(
            turn, kind, item.data, form, register_code=register_code, subject=item.subject, organisation=owner
        )
        for item in items
    ]
    for paper in drafts:
        paper.batch = progress.pk
    IssuedDocument.objects.bulk_create(drafts, batch_size=500)
    turn.subject, turn.facts = progress, {"count": len(items)}
    return progress


@LOOP.verb("issue_in_batch", together=_make_final)
def issue_in_batch(turn: Turn) -> None:
    """Issue a draft of a batch: what `issue_many` began, its job ends."""
    sign_and_issue.body(turn)


def issue_some(document_ids: Sequence[int], *, by: journal.Trace, at: datetime) -> list[tuple[int, str]]:
    """Issue some drafts of a batch in one transaction, leaving out what is issued already.

    When one of them is refused, the others go on; returns what was refused: [(document id, sentence)].
    """
    misses: list[tuple[int, str]] = []
    drafts = IssuedDocument.objects.filter(pk__in=document_ids, state=State.DRAFT)
    LOOP.many(
        "issue_in_batch", drafts, by=by, at=at, batch=len(document_ids),
        refused=lambda paper, refusal: misses.append((paper.pk, str(refusal))),
    )  # fmt: skip
    return misses


# --- Parts ----------------------------------------------------------------------------------------------------


def _new(
    turn: Turn,
    kind: str,
    data: Any,
    form: Mapping[str, Any],
    *,
    register_code: str,
    subject: models.Model,
    organisation: Organisation | None,
) -> IssuedDocument:
    owner = organisation or _organ_of(turn.by)
    return IssuedDocument(
        kind=kind,
        title=form["name"],
        register_code=register_code,
        subject_type=subject._meta.label_lower,
        subject_id=subject.pk,
        organisation_name=data.organisation,
        organisation=owner,
        superior_id=owner.parent_id if owner else None,
        facts=facts.plain(data),
        drafted_at=turn.at,
        drafted_by_id=turn.by.account_id,
        drafted_by_name=turn.by.name,
        retention_class=form["retention"],
    )


def _organ_of(by: journal.Trace) -> Organisation | None:
    """Return the organ somebody acts for: one with a register code before others."""
    ids = getattr(by, "organisation_ids", ())
    if not ids:
        return None
    found = list(Organisation.objects.filter(pk__in=ids).order_by("pk"))
    return next((organ for organ in found if organ.document_code), next(iter(found), None))


def _compose(paper: IssuedDocument, data: Any, at: datetime) -> None:
    """Compose the words of a draft by the forms of the day, without a number."""
    book, form = _form(paper.kind, at)
    _check(paper.kind, data)
    paper.data = rules.compose(paper.kind, data, book, _unnumbered(form, book, paper.register_code, at))
    paper.title = paper.data["title"]


def pictures_of(data: Any) -> dict[str, bytes]:
    """Return the pictures that a form draws, by name."""
    signature = getattr(data, "signature", None)
    if signature is None or not signature.picture or signature.refusal:
        return {}
    return {"signature": signature.picture}


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
