"""The deputy's own page and what is published: frozen values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.core.paginator import Paginator
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.ground.foundation import files, journal
from anju.ground.foundation.refusals import NotFound

from .. import rules
from ..models import (
    Feedback,
    Reply,
    Signatory,
)
from ..rules import State
from . import book


@dataclass(frozen=True, slots=True)
class PublicReply:
    """A published answer, as the public reads it; already masked."""

    reply_id: int
    number: str
    title: str
    subject: str
    office: str
    answered_on: date
    result_class: str
    result_name: str
    published_on: date
    lines: tuple[str, ...] = ()
    salutation: str = ""
    signer: str = ""
    contact: tuple[str, ...] = ()
    opening: tuple[str, ...] = ()
    thanks: str = ""
    copies: str = ""
    is_demo: bool = False


def public_words(reply: Reply, *, names: Sequence[str], at: datetime) -> dict[str, Any]:
    """Return what the public will read of an answer: masked words, and contact as the policy has it."""
    policy = book.of(at)["publication"]
    suggestion, document = reply.suggestion, reply.document
    assert document is not None and suggestion.lead is not None and reply.issued_at is not None
    deputies = [s.deputy.name for s in suggestion.signatories.select_related("deputy")]
    hidden = [*names, *(deputies if policy["mask_deputy"] else ())]
    classes = {c.code: c.name for c in book.result_classes(at=reply.issued_at)}
    contact = [reply.contact_unit or suggestion.lead.name]
    if not policy["drop_phone"]:
        contact.append(rules.masked(reply.phone))
    if not policy["drop_contact"]:
        contact.append(rules.masked(reply.contact, names))
    return {
        "number": document.written_number,
        "title": _("对%(meeting)s第%(number)s号建议的答复")
        % {"meeting": suggestion.meeting, "number": suggestion.number},
        "subject": rules.masked(suggestion.title, hidden),
        "office": suggestion.lead.name,
        "answered_on": timezone.localtime(reply.signed_at).date().isoformat(),
        "result_class": reply.result_class,
        "result_name": classes.get(reply.result_class, ""),
        "salutation": rules.masked(_("、").join(deputies), hidden),
        "opening": [rules.masked(line, hidden) for line in document.data.get("opening", ())],
        "lines": [rules.masked(line, hidden) for line in reply.text.splitlines()],
        "thanks": rules.masked(document.data.get("thanks", ""), hidden),
        "copies": rules.masked(document.data.get("copies", ""), hidden),
        "signer": rules.masked(reply.signer, names),
        "contact": [line for line in contact if line],
    }


def published(*, page_number: int = 1) -> tuple[list[PublicReply], int]:
    """List the published answers, newest first: a page of them, and how many there are."""
    found = Reply.objects.filter(published_at__isnull=False).order_by("-published_at", "-id")
    shown = Paginator(found.values("id", "public", "published_at", "suggestion__is_demo"), 20).get_page(
        page_number
    )
    return [_public(row) for row in shown], shown.paginator.count


def published_reply(reply_id: int) -> PublicReply:
    """Return one published answer, or raise NotFound."""
    row = (
        Reply.objects.filter(pk=reply_id, published_at__isnull=False)
        .values("id", "public", "published_at", "suggestion__is_demo")
        .first()
    )
    if row is None:
        raise NotFound(_("没有找到这份答复，可能尚未公开。"))
    return _public(row)


def _public(row: Mapping[str, Any]) -> PublicReply:
    kept = row["public"]
    return PublicReply(
        reply_id=row["id"],
        number=kept["number"],
        title=kept["title"],
        subject=kept["subject"],
        office=kept["office"],
        answered_on=date.fromisoformat(kept["answered_on"]),
        result_class=kept["result_class"],
        result_name=kept["result_name"],
        published_on=timezone.localtime(row["published_at"]).date(),
        opening=tuple(kept.get("opening", ())),
        lines=tuple(kept["lines"]),
        thanks=kept.get("thanks", ""),
        copies=kept.get("copies", ""),
        salutation=kept["salutation"],
        signer=kept["signer"],
        contact=tuple(kept["contact"]),
        is_demo=row["suggestion__is_demo"],
    )


@dataclass(frozen=True, slots=True)
class DeputyStep:
    """One line of what was done with a suggestion, in plain words."""

    at: datetime
    label: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class DeputyView:
    """What a deputy sees of the own suggestion by the code."""

    code: str
    deputy: str
    meeting: str
    number: int
    title: str
    state: str
    plain: str
    office: str
    due_on: date | None
    due_label: str
    overdue: bool
    steps: tuple[DeputyStep, ...]
    letter: tuple[str, ...]
    letter_number: str
    result: str
    can_rate: bool
    given: str
    document_id: int | None
    is_demo: bool


def deputy_view(code: str, *, at: datetime) -> DeputyView:
    """Return what the holder of a code may know, or raise NotFound."""
    signatory = (
        Signatory.objects.select_related("deputy", "suggestion__lead")
        .filter(code=code.strip().upper())
        .first()
    )
    if signatory is None:
        raise NotFound(_("没有找到这个查询码，请核对后再输入。"), field="code")
    suggestion = signatory.suggestion
    reply = (
        suggestion.replies.filter(issued_at__isnull=False)
        .select_related("document")
        .order_by("-round")
        .first()
    )
    row = Feedback.objects.filter(reply=reply, signatory=signatory).first() if reply else None
    words = {
        "suggestions.register": _("已登记您的建议"),
        "suggestions.assign": _("已交主办单位"),
        "suggestions.accept": _("主办单位已确认办理"),
        "suggestions.refuse_routing": _("主办单位说明不属其职责，正在重新交办"),
        "suggestions.extend": _("办理期限延长"),
        "suggestions.sign": _("答复已签发"),
        "suggestions.issue": _("答复已印发"),
        "suggestions.redo": _("因代表不满意，再次办理"),
        "suggestions.ask_assessment": _("转专家评估"),
        "suggestions.assess": _("专家评估完成"),
        "suggestions.close": _("已办结"),
    }
    told = ("suggestions.extend", "suggestions.assess")
    classes = {c.code: c.name for c in book.result_classes(at=reply.issued_at or at)} if reply else {}
    answering = suggestion.due_clock in ("answer", "second", "feedback")
    return DeputyView(
        code=signatory.code,
        deputy=signatory.deputy.name,
        meeting=suggestion.meeting,
        number=suggestion.number,
        title=suggestion.title,
        state=suggestion.state,
        plain=str(rules.PLAIN_LABELS[suggestion.state]),
        office=suggestion.lead.name if suggestion.lead else "",
        due_on=timezone.localtime(suggestion.due_at).date() if suggestion.due_at and answering else None,
        due_label=str(rules.CLOCK_LABELS.get(suggestion.due_clock, "")),
        overdue=answering and suggestion.is_overdue(at),
        steps=tuple(
            DeputyStep(
                e.at,
                _("已重新交办") if e.data.get("again") else words[e.name],
                e.note if e.name in told else "",
            )
            for e in journal.events_of(suggestion)
            # A close that found somebody dissatisfied has closed nothing.
            if e.name in words and (e.name != "suggestions.close" or e.data.get("state") == State.CLOSED)
        ),
        letter=tuple(reply.text.splitlines()) if reply else (),
        letter_number=reply.document.written_number if reply and reply.document else "",
        result=f"{reply.result_class} {classes.get(reply.result_class, '')}".strip() if reply else "",
        can_rate=bool(row and row.given_at is None and suggestion.state == State.ANSWERED),
        given=str(row.label) if row and row.value else "",
        document_id=reply.document_id if reply else None,
        is_demo=suggestion.is_demo,
    )


def letter_of(code: str) -> bytes:
    """Return the .pdf of the last issued answer for the holder of a code, or raise NotFound."""
    reply = (
        Reply.objects.filter(suggestion__signatories__code=code.strip().upper(), issued_at__isnull=False)
        .select_related("document__pdf_file")
        .order_by("-round")
        .first()
    )
    if reply is None or reply.document is None or reply.document.pdf_file is None:
        raise NotFound(_("答复还没有印发。"))
    return files.read(reply.document.pdf_file)
