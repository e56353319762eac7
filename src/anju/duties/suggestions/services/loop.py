"""The verbs of a suggestion. One transaction each; the record beside the act is also the receipt of its key."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.ground.access import escrow
from anju.ground.access import services as access
from anju.ground.access.actors import SYSTEM, Actor
from anju.ground.foundation import calendar, files, journal, workflow
from anju.ground.foundation.refusals import (
    Conflict,
    NeedsConfirmation,
    NotAllowedNow,
    NotFound,
    NotPermitted,
    Refusal,
)
from anju.ground.organisations.models import Organisation
from anju.means.documents import services as papers
from anju.means.figures import services as figure_acts
from anju.means.figures.queries import Query
from anju.means.figures.rules import Period

from .. import queries, rules
from ..models import (
    Assessment,
    CoHandling,
    Deputy,
    Feedback,
    Reply,
    ReplyFigure,
    Signatory,
    Suggestion,
    SuggestionClock,
    SuggestionNotice,
    Talk,
    YearlyReport,
)
from ..queries import book, clocks, letter
from ..rules import STEPS, State
from .letter import freeze

# No 0/O, 1/I/L: a code that is read over the telephone.
_CODE_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_MOST_SECTIONS = 12
_MOST_LETTERS = 12_000


@dataclass(frozen=True, slots=True)
class Signer:
    """A deputy who signs a suggestion, as it is registered; the first of several leads."""

    name: str
    delegation: str
    phone: str = ""


# --- registering and handing out --------------------------------------------------------------------------------------


@transaction.atomic
def register(
    *,
    meeting: str,
    number: int,
    title: str,
    text: str,
    received_on: date,
    deputies: Sequence[Signer],
    by: Actor,
    at: datetime,
    upload: Any = None,
    publication: str = "full",
    publication_reason: str = "",
    key: str = "",
    is_demo: bool = False,
) -> Suggestion:
    """Register a suggestion with its signatories; the registering person's office hands it out."""
    asked = journal.digest(
        [meeting, number, title, text, received_on, [[d.name, d.delegation] for d in deputies], publication]
    )
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return Suggestion.objects.get(pk=known.subject_id)
    access.require_power(by, "suggestions.register")
    registrar = Organisation.objects.filter(pk__in=by.organisation_ids).select_related("area").first()
    if registrar is None or registrar.area is None:
        raise NotPermitted(_("您的岗位不属于任何单位，不能登记建议。"))
    meeting, title, text = (" ".join(meeting.split()), " ".join(title.split()), text.strip())
    _require_words(meeting=meeting, title=title, text=text)
    if not 0 < number < 100_000:
        raise Refusal(_("建议编号是1到99999之间的整数。"), field="number")
    if received_on > timezone.localtime(at).date():
        raise Refusal(_("收到日期不能晚于今天。"), field="received_on")
    _require_choice(publication, publication_reason)
    signers = _checked_signers(deputies)
    area = registrar.area
    made = Suggestion(
        meeting=meeting,
        number=number,
        title=title,
        text=text,
        file=files.store_upload(upload, at=at) if upload else None,
        received_on=received_on,
        registrar=registrar,
        desk=registrar,
        city_id=area.at_level(2),
        county_id=area.at_level(3),
        street_id=area.at_level(4),
        community_id=area.at_level(5),
        division_id=area.division_id,
        publication=publication,
        publication_reason=publication_reason.strip(),
        is_demo=is_demo,
    )
    try:
        with transaction.atomic():
            made.save(force_insert=True)
    except IntegrityError:
        known_one = Suggestion.objects.filter(registrar=registrar, meeting=meeting, number=number).first()
        raise Conflict(
            _("%(meeting)s第%(number)s号建议已经登记，请直接打开办理。")
            % {"meeting": meeting, "number": number},
            field="number",
            data={"suggestion": known_one.pk if known_one else None},
        ) from None
    for place, signer in enumerate(signers, start=1):
        Signatory.objects.create(
            suggestion=made, deputy=_deputy(signer, is_demo=is_demo), place=place, code=_new_code()
        )
    journal.record(
        "suggestions.register", subject=made, by=by, at=at, basis="hn-deputies-2017-0",
        data={"number": number, "deputies": len(signers)}, key=key, key_digest=asked,
    )  # fmt: skip
    return made


def _require_words(*, meeting: str, title: str, text: str) -> None:
    if not meeting:
        raise Refusal(_("请填写会议名称，如“市十四届人大二次会议”。"), field="meeting")
    if len(meeting) > 60:
        raise Refusal(_("会议名称最多60个字，请缩短。"), field="meeting")
    if len(title) < 4:
        raise Refusal(_("请填写建议标题，至少四个字。"), field="title")
    if len(title) > 120:
        raise Refusal(_("建议标题最多120个字，请缩短。"), field="title")
    if len(text) < 3:
        raise Refusal(_("请填写建议内容，或写明“见附件”。"), field="text")
    if len(text) > 20_000:
        raise Refusal(_("建议内容最多20000个字，其余请作为附件上传。"), field="text")


def _require_choice(publication: str, reason: str) -> None:
    if publication not in rules.PUBLICATION_LABELS:
        raise Refusal(_("请选择答复是否公开。"), field="publication")
    if publication == "withheld" and not reason.strip():
        raise Refusal(_("不予公开的，请写明理由。"), field="publication_reason")
    if len(reason.strip()) > 200:
        raise Refusal(_("理由最多200个字，请缩短。"), field="publication_reason")


def _checked_signers(deputies: Sequence[Signer]) -> list[Signer]:
    signers = [
        Signer("".join(d.name.split()), " ".join(d.delegation.split()), "".join(d.phone.split()))
        for d in deputies
        if d.name.strip()
    ]
    if not signers:
        raise Refusal(_("请至少填写一位代表。"), field="deputies")
    if any(not d.delegation for d in signers):
        raise Refusal(_("请填写每位代表所在的代表团或县（市、区）。"), field="deputies")
    if len({(d.name, d.delegation) for d in signers}) < len(signers):
        raise Refusal(_("同一位代表填写了两次，请核对。"), field="deputies")
    if any(len(d.name) > 40 or len(d.delegation) > 60 or len(d.phone) > 20 for d in signers):
        raise Refusal(_("代表姓名、代表团或电话过长，请核对。"), field="deputies")
    return signers


def _deputy(signer: Signer, *, is_demo: bool) -> Deputy:
    deputy = Deputy.objects.filter(name=signer.name, delegation=signer.delegation, is_demo=is_demo).first()
    if deputy is None:
        deputy = Deputy(name=signer.name, delegation=signer.delegation, is_demo=is_demo)
    if signer.phone:
        deputy.phone_sealed = escrow.seal({"phone": signer.phone})
        deputy.phone_tail = signer.phone[-4:]
    deputy.save()
    return deputy


def _new_code() -> str:
    """Make a code that is not yet in use: ten letters, some 49 bits."""
    while True:
        code = "".join(secrets.choice(_CODE_LETTERS) for _n in range(10))
        if not Signatory.objects.filter(code=code).exists():
            return code


@transaction.atomic
def assign(
    *,
    suggestion_id: int,
    lead_id: int,
    co_ids: Iterable[int] = (),
    by: Actor,
    at: datetime,
    note: str = "",
    key: str = "",
) -> Suggestion:
    """Hand a suggestion out, or hand it out again: to the lead office, and to those whose opinion is asked.

    Raises NeedsConfirmation (field note) when the lead has refused it before and no reason is given.
    """
    chosen = sorted(set(co_ids))
    asked = journal.digest(["assign", suggestion_id, lead_id, chosen, note])
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return Suggestion.objects.get(pk=known.subject_id)
    suggestion = locked(suggestion_id, by=by)
    step = _step(suggestion, "reassign" if suggestion.state == State.RETURNED else "assign")
    _require_turn(suggestion, step.power, by=by)
    offices = {office.pk: office for office in queries.offices_for(suggestion)}
    if lead_id not in offices:
        raise Refusal(_("请选择主办单位。"), field="lead")
    if lead_id in chosen:
        raise Refusal(_("主办单位不能同时是协办单位。"), field="co")
    if any(pk not in offices for pk in chosen):
        raise Refusal(_("协办单位不在本地单位之列，请重新选择。"), field="co")
    refused = journal.events_named(suggestion, "suggestions.refuse_routing")
    if lead_id in set(refused.values_list("data__refused_by", flat=True)) and not note.strip():
        raise NeedsConfirmation(
            _("“%(name)s”已说明此件不属其职责。确需仍由其主办的，请写明理由。")
            % {"name": offices[lead_id].name},
            field="note",
            data={"confirm": "note"},
        )
    suggestion.lead = offices[lead_id]
    suggestion.assigned_at = at
    started = []
    for pk in chosen:
        co = CoHandling.objects.create(suggestion=suggestion, organisation=offices[pk], asked_at=at)
        started.append(clocks.new(suggestion, "opinion", at=at, co_handling=co))
    suggestion.co_offices = chosen
    return _move(
        suggestion, step, by=by, at=at, note=note, started=started, key=key, asked=asked,
        data={"lead": suggestion.lead.name, "co": [offices[pk].name for pk in chosen]},
    )  # fmt: skip


@transaction.atomic
def accept(*, suggestion_id: int, by: Actor, at: datetime, note: str = "", key: str = "") -> Suggestion:
    """Confirm that the suggestion belongs to the own office."""
    asked = journal.digest(["accept", suggestion_id, note])
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return Suggestion.objects.get(pk=known.subject_id)
    suggestion = locked(suggestion_id, by=by)
    step = _step(suggestion, "accept")
    _require_turn(suggestion, step.power, by=by)
    return _move(suggestion, step, by=by, at=at, note=note, key=key, asked=asked)


@transaction.atomic
def refuse_routing(*, suggestion_id: int, note: str, by: Actor, at: datetime, key: str = "") -> Suggestion:
    """Say within the term that a suggestion belongs to another office; it goes back to who handed it out."""
    asked = journal.digest(["refuse_routing", suggestion_id, note])
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return Suggestion.objects.get(pk=known.subject_id)
    suggestion = locked(suggestion_id, by=by)
    step = _step(suggestion, "refuse_routing")
    _require_turn(suggestion, step.power, by=by)
    if len(note.strip()) < 4:
        raise Refusal(_("请说明为什么不属本单位职责、应由哪个单位主办。"), field="note")
    clock = suggestion.clocks.filter(kind="routing", stopped_at__isnull=True).first()
    if clock is not None and at > clock.due_at:
        raise NotAllowedNow(
            _("说明交办有误的期限（%(term)s）已过，请确认主办；确有困难的，请与交办单位协商。")
            % {"term": calendar.say_term({"amount": clock.amount, "unit": clock.unit})},
            data={"allowed": ["accept"]},
        )
    refusing = suggestion.lead
    suggestion.returns += 1
    suggestion.lead = None
    suggestion.co_offices = []
    suggestion.co_handlings.filter(dropped_at__isnull=True).update(dropped_at=at)
    _notify(suggestion, "returned", suggestion.registrar, note, at=at)
    return _move(
        suggestion, step, by=by, at=at, note=note, key=key, asked=asked,
        data={"refused_by": refusing.pk if refusing else None, "name": refusing.name if refusing else ""},
    )  # fmt: skip


@transaction.atomic
def give_opinion(
    *, co_handling_id: int, opinion: str, by: Actor, at: datetime, upload: Any = None, key: str = ""
) -> CoHandling:
    """Give the own office's opinion to the lead."""
    asked = journal.digest(["opinion", co_handling_id, opinion])
    if journal.receipt(by=by, key=key, key_digest=asked):
        return CoHandling.objects.get(pk=co_handling_id)
    asked_of = CoHandling.objects.filter(pk=co_handling_id, dropped_at__isnull=True).first()
    if asked_of is None:
        raise NotFound(_("没有找到这项协办，可能已经改交其他单位。"))
    suggestion = locked(asked_of.suggestion_id, by=by)
    co = CoHandling.objects.select_for_update().get(pk=co_handling_id)
    if co.organisation_id not in by.organisation_ids:
        raise NotPermitted(_("协办意见由协办单位自己提出。"), code="not_your_turn")
    _require_power_on(suggestion, "suggestions.handle", by=by)
    if co.submitted_at is not None:
        raise NotAllowedNow(_("协办意见已经提交；需要补充的，请与主办单位联系。"), data={"allowed": []})
    if suggestion.state not in (State.ASSIGNED, State.HANDLING):
        raise NotAllowedNow(_("主办单位已报送签发，不再接收协办意见。"), data={"allowed": []})
    if len(opinion.strip()) < 10:
        raise Refusal(_("请写明本单位做了什么、意见是什么，至少十个字。"), field="opinion")
    co.opinion = opinion.strip()
    co.file = files.store_upload(upload, at=at) if upload else None
    co.submitted_at, co.submitted_by = at, _who(by)
    co.save()
    running = list(suggestion.clocks.filter(stopped_at__isnull=True))
    for clock in running:
        if clock.co_handling_id == co.pk:
            clock.stopped_at = at
            clock.save(update_fields=["stopped_at"])
    clocks.refresh(suggestion, running)
    suggestion.save()
    journal.record(
        "suggestions.opinion", subject=suggestion, by=by, at=at, note=co.opinion[:500],
        basis="hn-deputies-2017-0", data={"co": co.pk}, key=key, key_digest=asked,
    )  # fmt: skip
    return co


@transaction.atomic
def extend(*, suggestion_id: int, reason: str, by: Actor, at: datetime, key: str = "") -> Suggestion:
    """Lengthen the term of the answer once, for reasons explained to the deputies before it ends."""
    asked = journal.digest(["extend", suggestion_id, reason])
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return Suggestion.objects.get(pk=known.subject_id)
    suggestion = locked(suggestion_id, by=by)
    _require_turn(suggestion, "suggestions.handle", by=by)
    rule = book.of(at)["extension"]
    clock = suggestion.clocks.filter(kind="answer", stopped_at__isnull=True).first()
    if suggestion.state != State.HANDLING or clock is None:
        raise NotAllowedNow(_("只有办理中、首次答复之前可以延长。"), data={"allowed": []})
    if suggestion.extended:
        raise NotAllowedNow(_("答复期限已经延长过一次，不能再延长。"), data={"allowed": []})
    if at > clock.due_at:
        raise NotAllowedNow(_("答复期限已过，应在期满前向代表说明并延长。"), data={"allowed": []})
    if len(reason.strip()) < rule["reason_least"]:
        raise Refusal(
            _("请写明为什么难办、已怎样向代表说明，至少%(n)d个字。") % {"n": rule["reason_least"]},
            field="reason",
        )
    clock.extended_from, clock.amount = clock.amount, rule["months"]
    clock.extension_reason = reason.strip()[:500]
    due = clocks.replay(clock)
    clock.due_at, clock.provisional = due.at, due.provisional
    clock.save()
    suggestion.extended = True
    clocks.refresh(suggestion, _running(suggestion))
    suggestion.save()
    _notify(suggestion, "extend", suggestion.registrar, reason, at=at)
    journal.record(
        "suggestions.extend", subject=suggestion, by=by, at=at, note=reason.strip(), basis=rule["basis"],
        data={"due": clock.due_at.isoformat()}, key=key, key_digest=asked,
    )  # fmt: skip
    return suggestion


@transaction.atomic
def hold_talk(
    *,
    signatory_id: int,
    kind: str,
    held_on: date,
    place: str,
    attendees: str,
    content: str,
    attitude: str,
    by: Actor,
    at: datetime,
    key: str = "",
) -> Talk:
    """Record a talk with a deputy: when, where, who, what was said, what the deputy thinks."""
    asked = journal.digest(["talk", signatory_id, kind, held_on, place, attendees, content, attitude])
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return Talk.objects.get(pk=known.subject_id)
    signatory = Signatory.objects.filter(pk=signatory_id).first()
    if signatory is None:
        raise NotFound(_("没有找到这位代表。"))
    suggestion = locked(signatory.suggestion_id, by=by)
    _require_turn(suggestion, "suggestions.handle", by=by)
    if suggestion.state not in (State.ASSIGNED, State.HANDLING):
        raise NotAllowedNow(_("报送签发以后不再登记沟通；需要修改的，请先退回。"), data={"allowed": []})
    if kind not in rules.TALK_LABELS:
        raise Refusal(_("请选择沟通方式。"), field="kind")
    if attitude not in rules.ATTITUDE_LABELS:
        raise Refusal(_("请选择代表的态度。"), field="attitude")
    if held_on > timezone.localtime(at).date() or held_on < suggestion.received_on:
        raise Refusal(_("沟通日期应在收到建议之后、今天之前。"), field="held_on")
    for field, value, least in (("place", place, 1), ("attendees", attendees, 2), ("content", content, 10)):
        if len(value.strip()) < least:
            raise Refusal(_("请写明在哪里、谁参加、谈了什么（至少十个字）。"), field=field)
    talk = Talk.objects.create(
        suggestion=suggestion,
        signatory=signatory,
        kind=kind,
        held_on=held_on,
        place=place.strip()[:120],
        attendees=attendees.strip()[:200],
        content=content.strip(),
        attitude=attitude,
        recorded_at=at,
        recorded_by=_who(by),
    )
    journal.record(
        "suggestions.talk", subject=talk, by=by, at=at, basis="hn-deputies-2017-0",
        data={"suggestion": suggestion.pk, "kind": kind}, key=key, key_digest=asked,
    )  # fmt: skip
    return talk


# --- the letter -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Draft:
    """What a letter's draft holds beside its figures.

    sections  [{"heading", "text"}] without numbers; copies [{"to", "count", "each"}]
    """

    sections: Sequence[Mapping[str, str]]
    closing: str = ""
    thanks: str = ""
    result_class: str = ""
    contact_unit: str = ""
    contact: str = ""
    phone: str = ""
    postcode: str = ""
    copies: Sequence[Mapping[str, Any]] = ()


@transaction.atomic
def draft_reply(
    *, suggestion_id: int, draft: Draft, by: Actor, at: datetime, version: int | None = None, key: str = ""
) -> Reply:
    """Write the draft of the present answer; `version` is the one the writer began from (None: not asked)."""
    asked = journal.digest(
        ["draft", suggestion_id, [dict(s) for s in draft.sections], draft.closing, version]
    )
    if journal.receipt(by=by, key=key, key_digest=asked):
        return Reply.objects.filter(suggestion=suggestion_id).order_by("-round")[0]
    suggestion = locked(suggestion_id, by=by)
    _require_writing(suggestion, by=by)
    reply = _reply(suggestion, by=by, at=at)
    if version is not None and version != reply.version:
        raise Conflict(
            _("%(who)s在您编辑期间保存过草稿，请打开最新一稿，把您的修改并进去。") % {"who": reply.edited_by},
            code="edited_meanwhile",
        )
    sections = [
        {"heading": " ".join(str(s.get("heading", "")).split())[:60], "text": str(s.get("text", "")).strip()}
        for s in draft.sections
        if str(s.get("heading", "")).strip() or str(s.get("text", "")).strip()
    ]
    if len(sections) > _MOST_SECTIONS:
        raise Refusal(_("正文最多%(n)d个部分。") % {"n": _MOST_SECTIONS}, field="sections")
    if sum(len(s["text"]) for s in sections) > _MOST_LETTERS:
        raise Refusal(_("正文最多%(n)d个字，请精简。") % {"n": _MOST_LETTERS}, field="sections")
    if draft.result_class and draft.result_class not in {c.code for c in book.result_classes(at=at)}:
        raise Refusal(_("请从列表中选择办理结果。"), field="result_class")
    reply.sections, reply.closing = sections, draft.closing.strip()
    reply.thanks = draft.thanks.strip()[:200]
    reply.result_class = draft.result_class
    reply.contact_unit, reply.contact = draft.contact_unit.strip()[:60], draft.contact.strip()[:40]
    reply.phone, reply.postcode = draft.phone.strip()[:40], draft.postcode.strip()[:6]
    reply.copies = [
        {
            "to": str(c["to"]).strip()[:60],
            "count": max(1, int(c.get("count", 1))),
            "each": bool(c.get("each")),
        }
        for c in draft.copies
        if str(c.get("to", "")).strip()
    ]
    _save_draft(reply, by=by, at=at)
    journal.record(
        "suggestions.draft", subject=suggestion, by=by, at=at, data={"version": reply.version},
        key=key, key_digest=asked,
    )  # fmt: skip
    return reply


@transaction.atomic
def insert_figure(
    *,
    suggestion_id: int,
    section: int,
    measure: str,
    start: date,
    end: date,
    territory: str,
    by: Actor,
    at: datetime,
    words: str = "",
    key: str = "",
) -> Reply:
    """Put a reference to a figure, or the report's sentence with its six, at the end of a part of the draft.

    Raises Refusal when it cannot be computed now.
    """
    asked = journal.digest(["figure", suggestion_id, section, measure, start, end, territory, words])
    if journal.receipt(by=by, key=key, key_digest=asked):
        return Reply.objects.filter(suggestion=suggestion_id).order_by("-round")[0]
    suggestion = locked(suggestion_id, by=by)
    _require_writing(suggestion, by=by)
    reply = _reply(suggestion, by=by, at=at)
    references = letter.offered(measure, start, end, territory)
    if not all(rules.references(reference.written) for reference in references):
        raise Refusal(_("请选择指标、起止日期和地区。"), field="measure")
    computed = letter.compute(references, actor=by, at=at)
    figures_found = [computed[reference.written] for reference in references]
    for figure in figures_found:
        if figure.problem:
            raise Refusal(_("这个数字现在算不出来：%(why)s") % {"why": figure.problem}, field="measure")
    sections = [dict(part) for part in reply.sections] or [{"heading": "", "text": ""}]
    if not 0 <= section < len(sections):
        raise Refusal(_("请选择放在哪一部分。"), field="section")
    before = sections[section].get("text", "")
    put_in = letter.in_chinese(lambda: letter.put_in(figures_found, words=words.strip()))
    apart = (
        "\n" if measure == letter.REPORT and before.strip() else ""
    )  # the sentence is a paragraph of its own
    sections[section]["text"] = f"{before.rstrip() if apart else before}{apart}{put_in}"
    reply.sections = sections
    _save_draft(reply, by=by, at=at)
    journal.record(
        "suggestions.figure", subject=suggestion, by=by, at=at,
        note=_("、").join(figure.label for figure in figures_found),
        data={
            "reference": " ".join(reference.written for reference in references),
            "value": " ".join(figure.printed for figure in figures_found),
        },
        key=key, key_digest=asked,
    )  # fmt: skip
    return reply


def _require_writing(suggestion: Suggestion, *, by: Actor) -> None:
    _require_turn(suggestion, "suggestions.handle", by=by)
    if suggestion.state not in rules.WRITING:
        raise NotAllowedNow(
            _("此件现在是“%(state)s”，不能改答复。") % {"state": suggestion.state_label}, data={"allowed": []}
        )


def _reply(suggestion: Suggestion, *, by: Actor, at: datetime) -> Reply:
    """Return the locked answer of the present round, beginning it with the office's own contact and usual copies."""
    found = Reply.objects.select_for_update().filter(suggestion=suggestion, round=suggestion.round).first()
    if found is None:
        words = book.of(at)["letter"]
        found = Reply.objects.create(
            suggestion=suggestion,
            round=suggestion.round,
            postcode=words["postcode"],
            copies=[dict(line) for line in words["copies"]],
            contact_unit=suggestion.lead.short_name or suggestion.lead.name if suggestion.lead else "",
            contact=by.name,
            phone=suggestion.lead.phone if suggestion.lead else "",
            edited_at=at,
            edited_by=_who(by),
        )
    found.suggestion = suggestion
    return found


def _save_draft(reply: Reply, *, by: Actor, at: datetime) -> None:
    reply.version += 1
    reply.edited_at, reply.edited_by = at, _who(by)
    reply.save()


@transaction.atomic
def submit_for_signature(
    *, suggestion_id: int, by: Actor, at: datetime, note: str = "", insist: bool = False, key: str = ""
) -> Suggestion:
    """Send the draft to the main leader.

    Refused while something is missing or a figure cannot be computed. Doubts (no talk held, an opinion still out, a
    figure typed by hand that looks like one referred to) raise NeedsConfirmation; `insist` confirms and is journalled.
    """
    asked = journal.digest(["submit", suggestion_id, note, insist])
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return Suggestion.objects.get(pk=known.subject_id)
    suggestion = locked(suggestion_id, by=by)
    step = _step(suggestion, "submit_for_signature")
    _require_turn(suggestion, step.power, by=by)
    reply = _reply(suggestion, by=by, at=at)
    misses = _require_sound(reply, by=by, at=at)
    doubts = [_doubt(miss) for miss in misses]
    doubts += queries.doubts_before_signature(suggestion)
    if doubts and not insist:
        raise NeedsConfirmation(
            " ".join(doubts) + _("确认无误的，请勾选后再报送。"),
            data={"confirm": "insist"},
            code="doubtful",
        )
    reply.confirmed = [*reply.confirmed, *({"typed": m.typed, "value": m.value} for m in misses)]
    reply.submitted_at = at
    reply.save()
    return _move(
        suggestion, step, by=by, at=at, note=note, key=key, asked=asked,
        data={"version": reply.version, "confirmed": doubts},
    )  # fmt: skip


def _require_sound(reply: Reply, *, by: Actor, at: datetime) -> list[rules.NearMiss]:
    """Refuse a letter with something missing; return the figures typed by hand that nobody has confirmed."""
    computed = letter.compute(rules.references(reply.body), actor=by, at=at)
    if found := letter.problems(reply, computed, at=at):
        raise Refusal(" ".join(found), data={"problems": found}, code="letter_incomplete")
    return letter.near_misses(reply, computed, at=at)


def _doubt(miss: rules.NearMiss) -> str:
    return _("正文里手写的“%(typed)s”与引用的数字%(value)s相近，请核对是否应当引用。") % {
        "typed": miss.typed,
        "value": miss.value,
    }


@transaction.atomic
def send_back(*, suggestion_id: int, note: str, by: Actor, at: datetime, key: str = "") -> Suggestion:
    """Give the draft back to be changed."""
    asked = journal.digest(["send_back", suggestion_id, note])
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return Suggestion.objects.get(pk=known.subject_id)
    suggestion = locked(suggestion_id, by=by)
    step = _step(suggestion, "send_back")
    _require_turn(suggestion, step.power, by=by)
    if len(note.strip()) < 2:
        raise Refusal(_("请写明要改什么。"), field="note")
    return _move(suggestion, step, by=by, at=at, note=note, key=key, asked=asked)


@transaction.atomic
def sign(
    *, suggestion_id: int, by: Actor, at: datetime, note: str = "", insist: bool = False, key: str = ""
) -> Suggestion:
    """Sign the answer as the main leader of the lead office: its figures are frozen and its words are final."""
    asked = journal.digest(["sign", suggestion_id, note, insist])
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return Suggestion.objects.get(pk=known.subject_id)
    suggestion = locked(suggestion_id, by=by)
    step = _step(suggestion, "sign")
    _require_turn(suggestion, step.power, by=by)
    reply = _reply(suggestion, by=by, at=at)
    misses = _require_sound(reply, by=by, at=at)
    if misses and not insist:
        raise NeedsConfirmation(
            " ".join(_doubt(miss) for miss in misses) + _("确认无误的，请勾选后再签发。"),
            data={"confirm": "insist"},
            code="doubtful",
        )
    kept = freeze(reply, rules.references(reply.body), by=by, at=at)
    values = {}
    for reference, value, printed, snapshot in kept:
        ReplyFigure.objects.create(
            reply=reply,
            reference=reference.written,
            measure=reference.measure,
            value=Decimal(str(value)),
            printed=printed,
            snapshot=snapshot,
        )
        reply.snapshots.add(snapshot)
        values[reference.written] = printed
    reply.confirmed = [*reply.confirmed, *({"typed": m.typed, "value": m.value} for m in misses)]
    reply.text = rules.filled(reply.body, values)
    reply.signer, reply.signed_at = by.name, at
    reply.save()
    return _move(
        suggestion, step, by=by, at=at, note=note, key=key, asked=asked,
        data={
            "text": journal.digest(reply.text),
            "figures": values,
            "snapshots": [s.pk for s in reply.snapshots.all()],
            "confirmed": [_doubt(miss) for miss in misses],
        },
    )  # fmt: skip


@transaction.atomic
def issue(*, suggestion_id: int, by: Actor, at: datetime, note: str = "", key: str = "") -> Suggestion:
    """Number, draw and issue the signed answer; from now on each signatory is to be given it and asked."""
    asked = journal.digest(["issue", suggestion_id])
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return Suggestion.objects.get(pk=known.subject_id)
    suggestion = locked(suggestion_id, by=by)
    step = _step(suggestion, "issue")
    _require_turn(suggestion, step.power, by=by)
    access.require_power(by, "documents.issue")
    reply = _reply(suggestion, by=by, at=at)
    assert suggestion.lead is not None and reply.signed_at is not None
    facts = letter.facts_of(
        suggestion, reply, text=reply.text, signer=reply.signer,
        on=timezone.localtime(reply.signed_at).date(), at=at,
    )  # fmt: skip
    document = papers.issue(
        kind=letter.KIND,
        data=facts,
        register_code=suggestion.lead.document_code,
        subject=suggestion,
        by=by,
        at=at,
        organisation=suggestion.lead,
        signed_by=reply.signer,
    )
    reply.document, reply.issued_at = document, at
    reply.save()
    Feedback.objects.bulk_create(
        Feedback(reply=reply, signatory=signatory) for signatory in suggestion.signatories.all()
    )
    late = suggestion.clocks.filter(kind__in=("answer", "second"), stopped_at__isnull=True, due_at__lt=at)
    suggestion.on_time = suggestion.on_time is not False and not late.exists()
    suggestion.answered_at = suggestion.answered_at or at
    suggestion.result_class = reply.result_class
    suggestion.feedback = ""
    return _move(
        suggestion, step, by=by, at=at, note=note, key=key, asked=asked,
        data={"number": document.written_number, "document": document.pk, "on_time": suggestion.on_time},
    )  # fmt: skip


# --- the deputies -----------------------------------------------------------------------------------------------------


@transaction.atomic
def deliver(*, signatory_id: int, on: date, how: str, by: Actor, at: datetime, key: str = "") -> Feedback:
    """Record that a signatory was given the present answer; joint signatories are answered one by one."""
    asked = journal.digest(["deliver", signatory_id, on, how])
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return Feedback.objects.get(pk=known.data["feedback"])
    suggestion, row = _row_of(signatory_id, by=by)
    _require_office(suggestion, by=by)
    if how not in rules.DELIVERY_LABELS:
        raise Refusal(_("请选择送达方式。"), field="how")
    issued = row.reply.issued_at
    if issued is None or not timezone.localtime(issued).date() <= on <= timezone.localtime(at).date():
        raise Refusal(_("送达日期应在印发之后、今天之前。"), field="on")
    if row.delivered_on is not None:
        raise NotAllowedNow(_("这位代表的送达已经登记。"), data={"allowed": []})
    row.delivered_on, row.delivered_how = on, how
    row.save()
    journal.record(
        "suggestions.deliver", subject=suggestion, by=by, at=at, note=row.signatory.deputy.name,
        data={"feedback": row.pk, "how": how}, key=key, key_digest=asked,
    )  # fmt: skip
    return row


@transaction.atomic
def take_feedback(
    *, signatory_id: int, value: str, reason: str, by: Actor, at: datetime, key: str = ""
) -> Suggestion:
    """Enter what a signatory thinks of the answer (征询意见表); when all have said it, what follows, follows."""
    asked = journal.digest(["feedback", signatory_id, value, reason])
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return Suggestion.objects.get(pk=known.subject_id)
    suggestion, row = _row_of(signatory_id, by=by)
    _require_office(suggestion, by=by)
    return _take(suggestion, row, value=value, reason=reason, by=by, at=at, key=key, asked=asked)


@transaction.atomic
def feedback_by_code(
    *, code: str, value: str, reason: str, by: Actor, at: datetime, key: str = ""
) -> Suggestion:
    """Let a deputy say by the own code what the answer is worth."""
    asked = journal.digest(["feedback", code, value, reason])
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return Suggestion.objects.get(pk=known.subject_id)
    signatory = Signatory.objects.filter(code=code.strip().upper()).first()
    if signatory is None:
        raise NotFound(_("没有找到这个查询码，请核对后再输入。"), field="code")
    suggestion = Suggestion.objects.select_for_update(of=("self",)).get(pk=signatory.suggestion_id)
    row = _feedback_row(suggestion, signatory.pk)
    return _take(suggestion, row, value=value, reason=reason, by=by, at=at, key=key, asked=asked, own=True)


def _row_of(signatory_id: int, *, by: Actor) -> tuple[Suggestion, Feedback]:
    signatory = Signatory.objects.filter(pk=signatory_id).first()
    if signatory is None:
        raise NotFound(_("没有找到这位代表。"))
    suggestion = locked(signatory.suggestion_id, by=by)
    return suggestion, _feedback_row(suggestion, signatory_id)


def _feedback_row(suggestion: Suggestion, signatory_id: int) -> Feedback:
    row = (
        Feedback.objects.select_related("reply", "signatory__deputy")
        .select_for_update(of=("self",))
        .filter(signatory=signatory_id, reply__round=suggestion.round, reply__suggestion=suggestion)
        .first()
    )
    if row is None or suggestion.state != State.ANSWERED:
        raise NotAllowedNow(
            _("此件现在是“%(state)s”，答复印发后才能登记送达和反馈。") % {"state": suggestion.state_label},
            data={"allowed": []},
        )
    return row


def _take(
    suggestion: Suggestion,
    row: Feedback,
    *,
    value: str,
    reason: str,
    by: Actor,
    at: datetime,
    key: str,
    asked: str,
    own: bool = False,
) -> Suggestion:
    if row.given_at is not None:
        raise NotAllowedNow(_("这位代表对本次答复已经反馈过了。"), data={"allowed": []})
    if value not in rules.FEEDBACK_LABELS:
        raise Refusal(_("请选择满意、基本满意或不满意。"), field="value")
    if value == "dissatisfied" and len(reason.strip()) < 4:
        raise Refusal(_("不满意的，请写明哪里没有办好，主办单位会据此再次办理。"), field="reason")
    row.value, row.reason, row.given_at, row.by_deputy = value, reason.strip()[:500], at, own
    if row.delivered_on is None:
        # Whoever has an opinion of it has been given it.
        row.delivered_on = timezone.localtime(at).date()
        row.delivered_how = "platform" if own else "in_person"
    row.save()
    journal.record(
        "suggestions.feedback", subject=suggestion, by=by, at=at, note=row.reason,
        basis="hn-deputies-2017-0",
        data={"value": value, "deputy": row.signatory.deputy.name, "own": own}, key=key, key_digest=asked,
    )  # fmt: skip
    given = list(Feedback.objects.filter(reply=row.reply_id).values_list("value", flat=True))
    if all(given):
        _conclude(suggestion, rules.worst(given), by=by, at=at)
    return suggestion


def _conclude(suggestion: Suggestion, outcome: str, *, by: Actor, at: datetime, note: str = "") -> None:
    """Draw the consequence of what all signatories said: closed, handled again, or put to experts."""
    suggestion.feedback = outcome
    if outcome != "dissatisfied":
        suggestion.closed_at = at
        _move(suggestion, _step(suggestion, "close"), by=by, at=at, note=note, data={"feedback": outcome})
        return
    again = suggestion.round == 1
    if again:
        suggestion.round = 2
    text = _("代表对答复不满意，请再次办理。") if again else _("代表对再次答复仍不满意，请组织专家评估。")
    for office in {suggestion.registrar, suggestion.lead}:
        _notify(suggestion, "feedback", office, text, at=at)
    step = _step(suggestion, "redo" if again else "ask_assessment")
    _move(suggestion, step, by=by, at=at, note=text, data={"feedback": outcome})


@transaction.atomic
def close(*, suggestion_id: int, note: str, by: Actor, at: datetime, key: str = "") -> Suggestion:
    """End a suggestion whose deputies have said nothing within their term; not counted as satisfied.

    Where one of several was dissatisfied, that is what follows instead.
    """
    asked = journal.digest(["close", suggestion_id, note])
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return Suggestion.objects.get(pk=known.subject_id)
    suggestion = locked(suggestion_id, by=by)
    step = _step(suggestion, "close")
    _require_power_on(suggestion, step.power, by=by)
    if suggestion.registrar_id not in by.organisation_ids:
        raise NotPermitted(_("由交办单位决定是否办结。"), code="not_your_turn")
    clock = suggestion.clocks.filter(kind="feedback", stopped_at__isnull=True).first()
    if clock is not None and at <= clock.due_at:
        raise NotAllowedNow(_("代表反馈的期限还没有届满，请先征询每位代表的意见。"), data={"allowed": []})
    if len(note.strip()) < 4:
        raise Refusal(_("请写明怎样征询过代表、为什么没有反馈。"), field="note")
    given = list(
        Feedback.objects.filter(reply__suggestion=suggestion, reply__round=suggestion.round)
        .exclude(value="")
        .values_list("value", flat=True)
    )
    if rules.worst(given) == "dissatisfied":
        _conclude(suggestion, "dissatisfied", by=by, at=at, note=note)
        return suggestion
    suggestion.feedback = rules.worst(given)
    suggestion.closed_at = at
    return _move(suggestion, step, by=by, at=at, note=note, key=key, asked=asked, data={"given": len(given)})


@transaction.atomic
def assess(
    *,
    suggestion_id: int,
    held_on: date,
    experts: str,
    conclusion: str,
    by: Actor,
    at: datetime,
    key: str = "",
) -> Suggestion:
    """Enter what experts say after the second dissatisfaction, and end the matter."""
    asked = journal.digest(["assess", suggestion_id, held_on, experts, conclusion])
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return Suggestion.objects.get(pk=known.subject_id)
    suggestion = locked(suggestion_id, by=by)
    step = _step(suggestion, "assess")
    _require_turn(suggestion, step.power, by=by)
    if held_on > timezone.localtime(at).date():
        raise Refusal(_("评估日期不能晚于今天。"), field="held_on")
    if len(experts.strip()) < 2 or len(experts.strip()) > 200:
        raise Refusal(_("请写明参加评估的专家。"), field="experts")
    if len(conclusion.strip()) < 10:
        raise Refusal(_("请写明评估意见，至少十个字。"), field="conclusion")
    Assessment.objects.create(
        suggestion=suggestion,
        held_on=held_on,
        experts=experts.strip(),
        conclusion=conclusion.strip(),
        recorded_at=at,
        recorded_by=_who(by),
    )
    suggestion.closed_at = at
    return _move(suggestion, step, by=by, at=at, note=conclusion.strip()[:500], key=key, asked=asked)


# --- publishing -------------------------------------------------------------------------------------------------------


@transaction.atomic
def publish(
    *, suggestion_id: int, by: Actor, at: datetime, names: Sequence[str] = (), key: str = ""
) -> Reply:
    """Publish the last issued answer, masked; `names` are persons the public is not told of."""
    asked = journal.digest(["publish", suggestion_id, list(names)])
    if journal.receipt(by=by, key=key, key_digest=asked):
        return Reply.objects.filter(suggestion=suggestion_id, issued_at__isnull=False).order_by("-round")[0]
    suggestion = locked(suggestion_id, by=by)
    _require_power_on(suggestion, "suggestions.register", by=by)
    if suggestion.registrar_id not in by.organisation_ids and suggestion.lead_id not in by.organisation_ids:
        raise NotPermitted(_("由交办单位或主办单位公开。"), code="not_your_turn")
    if suggestion.publication != "full":
        raise NotAllowedNow(
            _("此件已定为不予公开：%(why)s") % {"why": suggestion.publication_reason}, data={"allowed": []}
        )
    reply = (
        Reply.objects.select_for_update(of=("self",))
        .filter(suggestion=suggestion, issued_at__isnull=False)
        .select_related("document")
        .order_by("-round")
        .first()
    )
    if reply is None:
        raise NotAllowedNow(_("答复印发以后才能公开。"), data={"allowed": []})
    if reply.published_at is not None:
        raise NotAllowedNow(_("这份答复已经公开。"), data={"allowed": []})
    reply.suggestion = suggestion
    reply.public = queries.public_words(reply, names=names, at=at)
    reply.published_at, reply.published_by = at, _who(by)
    reply.save()
    journal.record(
        "suggestions.publish", subject=suggestion, by=by, at=at, basis="hn-deputies-2017-28",
        data={"masked": len([n for n in names if n.strip()])}, key=key, key_digest=asked,
    )  # fmt: skip
    return reply


@transaction.atomic
def choose_publication(
    *, suggestion_id: int, publication: str, reason: str, by: Actor, at: datetime, key: str = ""
) -> Suggestion:
    """Decide whether the answer will be published; what is published cannot be withheld any more."""
    asked = journal.digest(["publication", suggestion_id, publication, reason])
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return Suggestion.objects.get(pk=known.subject_id)
    suggestion = locked(suggestion_id, by=by)
    _require_power_on(suggestion, "suggestions.register", by=by)
    if suggestion.registrar_id not in by.organisation_ids:
        raise NotPermitted(_("由交办单位决定是否公开。"), code="not_your_turn")
    _require_choice(publication, reason)
    if suggestion.replies.filter(published_at__isnull=False).exists():
        raise NotAllowedNow(_("答复已经公开，不能再改。"), data={"allowed": []})
    suggestion.publication, suggestion.publication_reason = publication, reason.strip()
    suggestion.save(update_fields=["publication", "publication_reason"])
    journal.record(
        "suggestions.publication", subject=suggestion, by=by, at=at, note=reason.strip(),
        data={"publication": publication}, key=key, key_digest=asked,
    )  # fmt: skip
    return suggestion


@transaction.atomic
def yearly_report(*, year: int, text: str, by: Actor, at: datetime, key: str = "") -> YearlyReport:
    """Report on a year's suggestions: the figures of the year are frozen with the text."""
    asked = journal.digest(["yearly", year, text])
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return YearlyReport.objects.get(pk=known.subject_id)
    access.require_power(by, "suggestions.register")
    office = Organisation.objects.filter(pk__in=by.organisation_ids).first()
    if office is None:
        raise NotPermitted(_("您的岗位不属于任何单位，不能报告。"))
    today = timezone.localtime(at).date()
    if not 2000 <= year <= today.year:
        raise Refusal(_("请选择今年或以前的年份。"), field="year")
    if len(text.strip()) < 10:
        raise Refusal(_("请写明办理工作的主要情况，至少十个字。"), field="text")
    if YearlyReport.objects.filter(organisation=office, year=year).exists():
        raise NotAllowedNow(_("%(year)s年的报告已经提交。") % {"year": year}, data={"allowed": []})
    query = Query(measures=queries.YEARLY, period=Period(date(year, 1, 1), date(year, 12, 31)), by="result")
    snapshot = figure_acts.freeze(
        query=query, title=_("%(year)s年代表建议办理情况") % {"year": year}, by=by, at=at
    )
    made = YearlyReport.objects.create(
        organisation=office,
        year=year,
        text=text.strip(),
        snapshot=snapshot,
        reported_at=at,
        reported_by=_who(by),
    )
    journal.record(
        "suggestions.yearly_report", subject=made, by=by, at=at, basis="hn-deputies-2017-28",
        data={"year": year, "snapshot": snapshot.pk}, key=key, key_digest=asked,
    )  # fmt: skip
    return made


# --- beside the way ---------------------------------------------------------------------------------------------------


@transaction.atomic
def reveal_phone(*, signatory_id: int, by: Actor, at: datetime) -> str:
    """Open a deputy's telephone for the office that handles the suggestion; the journal remembers who did."""
    signatory = Signatory.objects.filter(pk=signatory_id).select_related("deputy").first()
    if signatory is None:
        raise NotFound(_("没有找到这位代表。"))
    suggestion = locked(signatory.suggestion_id, by=by)
    _require_office(suggestion, by=by)
    if not signatory.deputy.phone_tail:
        raise Refusal(_("没有登记这位代表的电话。"))
    journal.record(
        "suggestions.reveal_phone", subject=suggestion, by=by, at=at, note=signatory.deputy.name,
        basis="cn-pipl-2021-51",
    )  # fmt: skip
    return str(escrow.unseal(signatory.deputy.phone_sealed)["phone"])


@transaction.atomic
def read_notice(*, notice_id: int, by: Actor, at: datetime) -> SuggestionNotice:
    """Sign for a notice of the own office."""
    notice = SuggestionNotice.objects.select_for_update(of=("self",)).filter(pk=notice_id).first()
    if notice is None or (
        notice.organisation_id is not None and notice.organisation_id not in by.organisation_ids
    ):
        raise NotFound(_("没有找到这条提醒。"))
    suggestion = locked(notice.suggestion_id, by=by)
    if notice.read_at is None:
        notice.read_at, notice.read_by = at, _who(by)
        notice.save(update_fields=["read_at", "read_by"])
        journal.record(
            "suggestions.read_notice", subject=suggestion, by=by, at=at, data={"notice": notice.pk}
        )
    return notice


@transaction.atomic
def recompute_deadlines(*, at: datetime) -> int:
    """Work out every running clock again after the calendar changed, and journal each that moved."""
    moved = 0
    waiting = SuggestionClock.objects.filter(stopped_at__isnull=True).values("suggestion")
    for suggestion in (
        Suggestion.objects.filter(pk__in=waiting).select_for_update(of=("self",)).order_by("pk")
    ):
        running = _running(suggestion)
        changed = []
        for clock in running:
            due = clocks.replay(clock)
            if (due.at, due.provisional) != (clock.due_at, clock.provisional):
                changed.append(
                    {"clock": clock.kind, "from": clock.due_at.isoformat(), "to": due.at.isoformat()}
                )
                clock.due_at, clock.provisional = due.at, due.provisional
                clock.save(update_fields=["due_at", "provisional"])
        if changed:
            clocks.refresh(suggestion, running)
            suggestion.save()
            for line in changed:
                journal.record("suggestions.deadline_moved", subject=suggestion, by=SYSTEM, at=at, data=line)
            moved += len(changed)
    return moved


# --- what the verbs share ---------------------------------------------------------------------------------------------


def locked(suggestion_id: int, *, by: Actor) -> Suggestion:
    """Lock a suggestion that the actor may see, or say that there is none."""
    seen = access.visible_q(Suggestion, to=by, power="suggestions.see")
    found = (
        Suggestion.objects.filter(seen, pk=suggestion_id)
        .select_related("lead", "registrar__area", "desk")
        .select_for_update(of=("self",))
    )
    suggestion = next(iter(found), None)
    if suggestion is None:
        raise NotFound(_("没有找到这件建议，可能编号有误，或不由您的单位办理。"))
    return suggestion


def _step(suggestion: Suggestion, act: str) -> workflow.Step:
    try:
        return workflow.find(STEPS, act=act, state=suggestion.state)
    except NotAllowedNow as refused:
        possible = [
            str(s.label) for s in STEPS if suggestion.state in s.source and s.act not in rules.FOLLOWS
        ]
        wanted = next((str(s.label) for s in STEPS if s.act == act), act)
        raise NotAllowedNow(
            _("此件现在是“%(state)s”，不能“%(act)s”。现在可以：%(possible)s。")
            % {
                "state": suggestion.state_label,
                "act": wanted,
                "possible": _("、").join(possible) or _("无"),
            },
            data=refused.data,
        ) from None


def _require_power_on(suggestion: Suggestion, power: str, *, by: Actor) -> None:
    reached = (
        by.has(power) and access.visible(Suggestion, to=by, power=power).filter(pk=suggestion.pk).exists()
    )
    if not reached:
        raise NotPermitted(
            _("这一步由主办单位主要负责人签发。")
            if power == "suggestions.sign"
            else _("您的岗位没有办理这一步的权限，请联系本单位负责人。"),
            data={"power": power},
        )


def _require_turn(suggestion: Suggestion, power: str, *, by: Actor) -> None:
    """Refuse an act by somebody who lacks its power, or while the matter lies on another office's desk."""
    _require_power_on(suggestion, power, by=by)
    if suggestion.desk_id not in by.organisation_ids:
        raise NotPermitted(
            _("此件目前由“%(desk)s”办理，请由该单位操作。")
            % {"desk": suggestion.desk.name if suggestion.desk else _("待定单位")},
            code="not_your_turn",
        )


def _require_office(suggestion: Suggestion, *, by: Actor) -> None:
    """Let the lead and who handed it out speak with the deputies, nobody else."""
    power = next((p for p in ("suggestions.handle", "suggestions.register") if by.has(p)), "")
    _require_power_on(suggestion, power or "suggestions.handle", by=by)
    if not {suggestion.lead_id, suggestion.registrar_id} & by.organisation_ids:
        raise NotPermitted(_("与代表联系由主办单位或交办单位负责。"), code="not_your_turn")


def desk_of(suggestion: Suggestion) -> Organisation | None:
    """Say whose turn it is in a state: who handed it out, or the lead; nobody's once closed."""
    if suggestion.state in rules.WITH_REGISTRAR:
        return suggestion.registrar
    if suggestion.state in rules.WITH_LEAD:
        return suggestion.lead
    return suggestion.registrar if suggestion.state == State.ANSWERED else None


def _running(suggestion: Suggestion) -> list[SuggestionClock]:
    return list(suggestion.clocks.filter(stopped_at__isnull=True))


def _move(
    suggestion: Suggestion,
    step: workflow.Step,
    *,
    by: Actor,
    at: datetime,
    note: str = "",
    started: Sequence[SuggestionClock] = (),
    data: Mapping[str, Any] | None = None,
    key: str = "",
    asked: str = "",
) -> Suggestion:
    """Take a step: state and desk, clocks stopped and started, the record."""
    suggestion_act = step.act
    suggestion.state = step.target or suggestion.state
    suggestion.desk = desk_of(suggestion)
    running = _running(suggestion)
    for clock in clocks.stop(running, kinds=rules.STOPS[step.act], at=at):
        clock.stopped_at = at
        clock.save(update_fields=["stopped_at"])
    begun = [*(clocks.new(suggestion, kind, at=at) for kind in rules.STARTS.get(step.act, ())), *started]
    SuggestionClock.objects.bulk_create(begun)
    clocks.refresh(suggestion, [*running, *begun])
    suggestion.save()
    journal.record(
        f"suggestions.{suggestion_act}",
        subject=suggestion,
        by=by,
        at=at,
        note=note.strip(),
        basis=step.basis,
        data={"state": suggestion.state, **(data or {})},
        key=key,
        key_digest=asked,
    )
    return suggestion


def _notify(
    suggestion: Suggestion, kind: str, office: Organisation | None, text: str, *, at: datetime
) -> None:
    SuggestionNotice.objects.create(
        suggestion=suggestion, kind=kind, organisation=office, text=text.strip()[:500], at=at
    )


def _who(by: Actor) -> str:
    return f"{by.post} {by.name}".strip()[:120]
