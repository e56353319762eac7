"""The verbs of a suggestion and of the year's report: each the part that only it has (`acts` does the rest)."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from anju.ground.access import escrow
from anju.ground.access import services as access
from anju.ground.access.actors import Actor
from anju.ground.foundation import calendar, clocks, files, journal, ladder, notices
from anju.ground.foundation.acts import Child, Loop, Turn
from anju.ground.foundation.refusals import Conflict, NeedsConfirmation, NotFound, NotPermitted, Refusal
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
    Talk,
    YearlyReport,
)
from ..queries import book, letter
from ..rules import State
from .letter import freeze

# No 0/O, 1/I/L: a code that is read over the telephone.
_CODE_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_MOST_SECTIONS = 12
_MOST_LETTERS = 12_000
# Those who speak with the deputies: the lead and who handed it out.
_SPEAKING = frozenset({"deliver", "take_feedback", "reveal_phone"})


class _Course(clocks.Course):
    """Whose turn it is in the state a suggestion has come to, and the clocks that run."""

    def move(self, turn: Turn) -> None:
        """Set the desk of the new state; stop and start the clocks of an act."""
        turn.row.desk = desk_of(turn.row)
        super().move(turn)


OWNERS = {
    "routing": "lead",
    "reassign": "registrar",
    "answer": "lead",
    "feedback": "registrar",
    "second": "lead",
}
COURSE = _Course(
    lambda row, key, at: book.clock(key, at=at),
    OWNERS,
    "due_clock",
    {"opinion_by": lambda clock: clock.part_id is not None},
)


def _whose(turn: Turn) -> None:
    """Let only those speak with the deputies, or for a co-handler, whose part it is."""
    row, by = turn.row, turn.by
    if turn.step.act == "give_opinion" and turn.child is not None:
        if turn.child.dropped_at is not None:
            raise NotFound(_("没有找到这项协办，可能已经改交其他单位。"))
        if turn.child.organisation_id not in by.organisation_ids:
            raise NotPermitted(_("协办意见由协办单位自己提出。"), code="not_your_turn")
    if turn.step.act in _SPEAKING:
        held = any(LOOP.holds(by, p, row) for p in ("suggestions.handle", "suggestions.register"))
        if not held or not {row.lead_id, row.registrar_id} & by.organisation_ids:
            raise NotPermitted(_("与代表联系由主办单位或交办单位负责。"), code="not_your_turn")


LOOP = Loop(
    Suggestion, rules.STEPS, room="suggestions", see="suggestions.see", labels=rules.STATE_LABELS,
    moods=rules.STATE_TONES, roles={"desk": "desk", "registrar": "registrar", "lead": "lead"}, clocks=COURSE,
    related=("lead", "registrar__area", "desk"), turns=_whose, noun=lazy("此件"),
    no_power=lazy("您的岗位没有办理这一步的权限，请联系本单位负责人；答复由主办单位主要负责人签发。"),
    missing=lazy("没有找到这件建议，可能编号有误，或不由您的单位办理。"),
    choices={"offices": lambda row, day, by: [(o.pk, o.name) for o in queries.offices_for(row)]},
)  # fmt: skip
REPORTS = Loop(
    YearlyReport,
    rules.YEARLY_STEPS,
    room="suggestions",
    see="suggestions.see",
    state="",
    noun=lazy("年度报告"),
)
_SIGNATORY = Child(Signatory, "suggestion", "signatory_id", lazy("没有找到这位代表。"))
_CODE = Child(Signatory, "suggestion", "code", lazy("没有找到这个查询码，请核对后再输入。"))
_CO = Child(CoHandling, "suggestion", "co_handling_id", lazy("没有找到这项协办，可能已经改交其他单位。"))


@LOOP.effect("release_co_handlers")
def release_co_handlers(turn: Turn) -> None:
    """Ask the co-handlers no longer: the next lead may ask others."""
    turn.row.co_handlings.filter(dropped_at__isnull=True).update(dropped_at=turn.at)
    turn.row.co_offices = []


@LOOP.effect("tell_registrar")
def tell_registrar(turn: Turn) -> None:
    """Tell who handed it out that it came back, or that its term was lengthened."""
    kind = "returned" if turn.step.act == "refuse_routing" else "extend"
    notices.tell(turn.row, kind, turn.row.registrar, turn.note, at=turn.at)


@LOOP.effect("tell_both")
def tell_both(turn: Turn) -> None:
    """Tell the lead and who handed it out that a deputy is dissatisfied."""
    for office in {turn.row.registrar, turn.row.lead}:
        notices.tell(turn.row, "feedback", office, turn.note, at=turn.at)


@dataclass(frozen=True, slots=True)
class Signer:
    """A deputy who signs a suggestion, as it is registered; the first of several leads."""

    name: str
    delegation: str
    phone: str = ""


# --- registering and handing out --------------------------------------------------------------------------------------


@LOOP.verb("register")
def register(
    turn: Turn,
    *,
    meeting: str,
    number: int,
    title: str,
    text: str,
    received_on: date,
    deputies: Sequence[Signer],
    upload: Any = None,
    publication: str = "full",
    publication_reason: str = "",
    is_demo: bool = False,
) -> Suggestion:
    """Register a suggestion with its signatories; the registering person's office hands it out."""
    registrar = Organisation.objects.filter(pk__in=turn.by.organisation_ids).select_related("area").first()
    if registrar is None or registrar.area is None:
        raise NotPermitted(_("您的岗位不属于任何单位，不能登记建议。"))
    if received_on > turn.today:
        raise Refusal(_("收到日期不能晚于今天。"), field="received_on")
    _require_reason(publication, publication_reason, field="publication_reason")
    signers = _checked_signers(deputies)
    area = registrar.area
    made = Suggestion(
        meeting=meeting, number=number, title=title, text=text, received_on=received_on,
        file=files.store_upload(upload, at=turn.at) if upload else None, registrar=registrar, desk=registrar,
        city_id=area.at_level(2), county_id=area.at_level(3), street_id=area.at_level(4),
        community_id=area.at_level(5), division_id=area.division_id, publication=publication,
        publication_reason=publication_reason, is_demo=is_demo,
    )  # fmt: skip
    try:
        with transaction.atomic():
            made.save(force_insert=True)
    except IntegrityError:
        known = Suggestion.objects.filter(registrar=registrar, meeting=meeting, number=number).first()
        raise Conflict(
            _("%(meeting)s第%(number)s号建议已经登记，请直接打开办理。")
            % {"meeting": meeting, "number": number},
            field="number",
            data={"suggestion": known.pk if known else None},
        ) from None
    for place, signer in enumerate(signers, start=1):
        Signatory.objects.create(
            suggestion=made, deputy=_deputy(signer, is_demo=is_demo), place=place, code=_new_code()
        )
    turn.facts = {"number": number, "deputies": len(signers)}
    return made


def _require_reason(publication: str, reason: str, *, field: str) -> None:
    if publication == "withheld" and not reason:
        raise Refusal(_("不予公开的，请写明理由。"), field=field)


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


@LOOP.verb("assign")
def assign(
    turn: Turn, *, lead_id: int, co_ids: Iterable[int] = (), note: str = "", insist: bool = False
) -> None:
    """Hand a suggestion out, or hand it out again: to the lead office, and to those whose opinion is asked.

    Raises NeedsConfirmation (field note) when the lead has refused it before and no reason is given.
    """
    row, chosen = turn.row, sorted(set(co_ids))
    offices = Organisation.objects.in_bulk([lead_id, *chosen])
    if lead_id in chosen:
        raise Refusal(_("主办单位不能同时是协办单位。"), field="co_ids")
    if lead_id in row.refused_by:
        turn.doubt(
            "refused_before",
            _("“%(name)s”已说明此件不属其职责。确需仍由其主办的，请写明理由。")
            % {"name": offices[lead_id].name},
            confirm="note",
        )
    row.lead, row.assigned_at, row.co_offices = offices[lead_id], turn.at, chosen
    for pk in chosen:
        co = CoHandling.objects.create(suggestion=row, organisation=offices[pk], asked_at=turn.at)
        COURSE.new(row, "opinion", at=turn.at, part=co).save()
    turn.facts |= {
        "lead": row.lead.name, "co": [offices[pk].name for pk in chosen], "again": turn.before == State.RETURNED,
    }  # fmt: skip


@LOOP.verb("accept")
def accept(turn: Turn, *, note: str = "") -> None:
    """Confirm that the suggestion belongs to the own office."""


@LOOP.verb("refuse_routing")
def refuse_routing(turn: Turn, *, note: str) -> None:
    """Say within the term that a suggestion belongs to another office; it goes back to who handed it out."""
    row = turn.row
    clock = row.clocks.filter(kind="routing", stopped_at__isnull=True).first()
    if clock is not None and turn.at > clock.due_at:
        turn.refuse(
            _("说明交办有误的期限（%(term)s）已过，请确认主办；确有困难的，请与交办单位协商。")
            % {"term": calendar.say_term({"amount": clock.amount, "unit": clock.unit})},
            "accept",
        )
    turn.facts = {"refused_by": row.lead_id, "name": row.lead.name}
    row.refused_by = [*row.refused_by, row.lead_id]
    row.returns, row.lead = row.returns + 1, None


@LOOP.verb("give_opinion", child=_CO)
def give_opinion(turn: Turn, *, opinion: str, upload: Any = None) -> None:
    """Give the own office's opinion to the lead."""
    co = turn.child
    if co.submitted_at is not None:
        turn.refuse(_("协办意见已经提交；需要补充的，请与主办单位联系。"))
    co.opinion, co.submitted_at, co.submitted_by = opinion, turn.at, _who(turn.by)
    co.file = files.store_upload(upload, at=turn.at) if upload else None
    co.save()
    running = clocks.running_of(turn.row)
    clocks.stop((c for c in running if c.part_id == co.pk), kinds=None, at=turn.at)
    COURSE.refresh(turn.row, running)
    turn.note = opinion[:500]


@LOOP.verb("extend")
def extend(turn: Turn, *, reason: str) -> None:
    """Lengthen the term of the answer once, for reasons explained to the deputies before it ends."""
    row, rule = turn.row, book.of(turn.at)["extension"]
    clock = row.clocks.filter(kind="answer", stopped_at__isnull=True).first()
    if clock is None:
        turn.refuse(_("只有办理中、首次答复之前可以延长。"))
    if row.extended:
        turn.refuse(_("答复期限已经延长过一次，不能再延长。"))
    if turn.at > clock.due_at:
        turn.refuse(_("答复期限已过，应在期满前向代表说明并延长。"))
    if len(reason) < rule["reason_least"]:
        least = {"n": rule["reason_least"]}
        raise Refusal(_("请写明为什么难办、已怎样向代表说明，至少%(n)d个字。") % least, field="reason")
    longer = {"kind": "longer", "amount": rule["months"], "unit": clock.unit, "reason": reason}
    clocks.adjust(clock, longer)
    COURSE.refresh(row, clocks.running_of(row))
    row.extended, turn.facts = True, {"due": clock.due_at.isoformat()}


@LOOP.verb("hold_talk", child=_SIGNATORY)
def hold_talk(turn: Turn, *, held_on: date, **said: str) -> None:
    """Record a talk with a deputy: when, where, who, what was said, what the deputy thinks."""
    if not turn.row.received_on <= held_on <= turn.today:
        raise Refusal(_("沟通日期应在收到建议之后、今天之前。"), field="held_on")
    turn.made = Talk.objects.create(
        suggestion=turn.row, signatory=turn.child, held_on=held_on, recorded_at=turn.at, recorded_by=_who(turn.by),
        **said,
    )  # fmt: skip
    turn.facts = {"kind": said["kind"]}


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


@LOOP.verb("draft_reply")
def draft_reply(turn: Turn, *, draft: Draft, version: int | None = None) -> None:
    """Write the draft of the present answer; `version` is the one the writer began from (None: not asked)."""
    by, at = turn.by, turn.at
    reply = _reply(turn.row, by=by, at=at)
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
    turn.made, turn.facts = reply, {"version": reply.version}


@LOOP.verb("insert_figure")
def insert_figure(
    turn: Turn, *, section: int, measure: str, start: date, end: date, territory: str, words: str = ""
) -> None:
    """Put a reference to a figure, or the report's sentence with its six, at the end of a part of the draft.

    Raises Refusal when it cannot be computed now.
    """
    by, at = turn.by, turn.at
    reply = _reply(turn.row, by=by, at=at)
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
    turn.made, turn.note = reply, _("、").join(figure.label for figure in figures_found)
    turn.facts = {
        "reference": " ".join(reference.written for reference in references),
        "value": " ".join(figure.printed for figure in figures_found),
    }


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


@LOOP.verb("submit_for_signature")
def submit_for_signature(turn: Turn, *, note: str = "", insist: bool = False) -> None:
    """Send the draft to the main leader.

    Refused while something is missing or a figure cannot be computed. Doubts (no talk held, an opinion still out, a
    figure typed by hand that looks like one referred to) raise NeedsConfirmation; `insist` confirms and is journalled.
    """
    reply = _reply(turn.row, by=turn.by, at=turn.at)
    misses = _require_sound(reply, by=turn.by, at=turn.at)
    doubts = [("figure_by_hand", _doubt(miss)) for miss in misses]
    _ask(turn, doubts + queries.doubts_before_signature(turn.row), _("确认无误的，请勾选后再报送。"))
    _confirm(reply, misses)
    reply.submitted_at = turn.at
    reply.save()
    turn.facts["version"] = reply.version


def _ask(turn: Turn, doubts: list[tuple[str, str]], closing: str) -> None:
    """Ask for a word on all doubts at once, unless somebody insists; the event keeps them."""
    codes, said = [code for code, _said in doubts], [sentence for _code, sentence in doubts]
    if doubts and not turn.insisted:
        raise NeedsConfirmation(
            " ".join(said) + closing, data={"confirm": "insist", "doubts": codes}, code="doubtful"
        )
    turn.facts |= {"doubts": codes, "confirmed": said} if doubts else {}


def _confirm(reply: Reply, misses: list[rules.NearMiss]) -> None:
    reply.confirmed = [*reply.confirmed, *({"typed": m.typed, "value": m.value} for m in misses)]


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


@LOOP.verb("send_back")
def send_back(turn: Turn, *, note: str) -> None:
    """Give the draft back to be changed."""


@LOOP.verb("sign")
def sign(turn: Turn, *, note: str = "", insist: bool = False) -> None:
    """Sign the answer as the main leader of the lead office: its figures are frozen and its words are final."""
    reply = _reply(turn.row, by=turn.by, at=turn.at)
    misses = _require_sound(reply, by=turn.by, at=turn.at)
    _ask(turn, [("figure_by_hand", _doubt(miss)) for miss in misses], _("确认无误的，请勾选后再签发。"))
    values = {}
    for reference, value, printed, snapshot in freeze(
        reply, rules.references(reply.body), by=turn.by, at=turn.at
    ):
        ReplyFigure.objects.create(
            reply=reply, reference=reference.written, measure=reference.measure, value=Decimal(str(value)),
            printed=printed, snapshot=snapshot,
        )  # fmt: skip
        reply.snapshots.add(snapshot)
        values[reference.written] = printed
    _confirm(reply, misses)
    reply.text = rules.filled(reply.body, values)
    reply.signer, reply.signed_at = turn.by.name, turn.at
    reply.save()
    turn.facts |= {
        "text": journal.digest(reply.text), "figures": values, "snapshots": [s.pk for s in reply.snapshots.all()],
    }  # fmt: skip


@LOOP.verb("issue")
def issue(turn: Turn, *, note: str = "") -> None:
    """Number, draw and issue the signed answer; from now on each signatory is to be given it and asked."""
    row, at = turn.row, turn.at
    access.require_power(turn.by, "documents.issue")
    reply = _reply(row, by=turn.by, at=at)
    signed_on = timezone.localtime(reply.signed_at).date()
    facts = letter.facts_of(row, reply, text=reply.text, signer=reply.signer, on=signed_on, at=at)
    document = turn.do(
        papers.issue, kind=letter.KIND, data=facts, register_code=row.lead.document_code, subject=row,
        organisation=row.lead, signed_by=reply.signer,
    )  # fmt: skip
    reply.document, reply.issued_at = document, at
    reply.save()
    Feedback.objects.bulk_create(Feedback(reply=reply, signatory=one) for one in row.signatories.all())
    late = row.clocks.filter(kind__in=("answer", "second"), stopped_at__isnull=True, due_at__lt=at)
    row.on_time = row.on_time is not False and not late.exists()
    row.answered_at = row.answered_at or at
    row.result_class, row.feedback = reply.result_class, ""
    turn.facts = {"number": document.written_number, "document": document.pk, "on_time": row.on_time}


# --- the deputies -----------------------------------------------------------------------------------------------------


@LOOP.verb("deliver", child=_SIGNATORY)
def deliver(turn: Turn, *, on: date, how: str) -> None:
    """Record that a signatory was given the present answer; joint signatories are answered one by one."""
    asked = _feedback_row(turn)
    if not timezone.localtime(asked.reply.issued_at).date() <= on <= turn.today:
        raise Refusal(_("送达日期应在印发之后、今天之前。"), field="on")
    if asked.delivered_on is not None:
        turn.refuse(_("这位代表的送达已经登记。"))
    asked.delivered_on, asked.delivered_how = on, how
    asked.save()
    turn.made, turn.note, turn.facts = asked, asked.signatory.deputy.name, {"how": how}


@LOOP.verb("take_feedback", child=_SIGNATORY)
def take_feedback(turn: Turn, *, value: str, reason: str = "") -> None:
    """Enter what a signatory thinks of the answer (征询意见表); when all have said it, what follows, follows."""
    _take(turn, value, reason, own=False)


@LOOP.verb(
    "feedback_by_code", child=_CODE,
    locate=lambda code: Signatory.objects.filter(code=str(code).strip().upper()).values_list("pk", flat=True).first(),
)  # fmt: skip
def feedback_by_code(turn: Turn, *, value: str, reason: str = "") -> None:
    """Let a deputy say by the own code what the answer is worth."""
    _take(turn, value, reason, own=True)


def _feedback_row(turn: Turn) -> Feedback:
    found: Feedback = (
        Feedback.objects.select_related("reply", "signatory__deputy")
        .select_for_update(of=("self",))
        .get(signatory=turn.child, reply__round=turn.row.round, reply__suggestion=turn.row)
    )
    return found


def _take(turn: Turn, value: str, reason: str, *, own: bool) -> None:
    asked = _feedback_row(turn)
    if asked.given_at is not None:
        turn.refuse(_("这位代表对本次答复已经反馈过了。"))
    if value == "dissatisfied" and len(reason) < 4:
        raise Refusal(_("不满意的，请写明哪里没有办好，主办单位会据此再次办理。"), field="reason")
    asked.value, asked.reason, asked.given_at, asked.by_deputy = value, reason, turn.at, own
    if asked.delivered_on is None:
        # Whoever has an opinion of it has been given it.
        asked.delivered_on, asked.delivered_how = turn.today, "platform" if own else "in_person"
    asked.save()
    turn.made, turn.facts = turn.row, {"value": value, "deputy": asked.signatory.deputy.name, "own": own}
    given = list(Feedback.objects.filter(reply=asked.reply_id).values_list("value", flat=True))
    if all(given):
        _conclude(turn, rules.worst(given))


def _conclude(turn: Turn, outcome: str) -> None:
    """Let follow what all signatories said: closed, handled again, or put to experts."""
    turn.row.feedback = outcome
    if outcome != "dissatisfied":
        turn.follow("close", feedback=outcome)
    elif turn.row.round == 1:
        turn.follow("redo", _("代表对答复不满意，请再次办理。"), feedback=outcome)
    else:
        turn.follow("ask_assessment", _("代表对再次答复仍不满意，请组织专家评估。"), feedback=outcome)


@LOOP.verb("redo")
def redo(turn: Turn, *, note: str = "") -> None:
    """Have it handled again after dissatisfaction."""
    turn.row.round = 2


@LOOP.verb("ask_assessment")
def ask_assessment(turn: Turn, *, note: str = "") -> None:
    """Put it to experts after the second dissatisfaction."""


@LOOP.verb("close")
def close(turn: Turn, *, note: str = "") -> None:
    """End a suggestion whose deputies have said nothing within their term; not counted as satisfied.

    Where one of several was dissatisfied, that is what follows instead.
    """
    row = turn.row
    given = [
        value
        for value in Feedback.objects.filter(reply__suggestion=row, reply__round=row.round).values_list(
            "value", flat=True
        )
        if value
    ]
    clock = row.clocks.filter(kind="feedback", stopped_at__isnull=True).first()
    if len(given) < row.signatories.count() and clock is not None and turn.at <= clock.due_at:
        turn.refuse(_("代表反馈的期限还没有届满，请先征询每位代表的意见。"))
    turn.facts["given"] = len(given)
    if rules.worst(given) == "dissatisfied":
        turn.target, turn.stops, turn.facts["dissatisfied"] = None, (), True
        _conclude(turn, "dissatisfied")
        return
    row.feedback, row.closed_at = rules.worst(given), turn.at


@LOOP.verb("assess")
def assess(turn: Turn, *, held_on: date, experts: str, conclusion: str) -> None:
    """Enter what experts say after the second dissatisfaction, and end the matter."""
    if held_on > turn.today:
        raise Refusal(_("评估日期不能晚于今天。"), field="held_on")
    Assessment.objects.create(
        suggestion=turn.row, held_on=held_on, experts=experts, conclusion=conclusion, recorded_at=turn.at,
        recorded_by=_who(turn.by),
    )  # fmt: skip
    turn.row.closed_at, turn.note = turn.at, conclusion[:500]


# --- publishing -------------------------------------------------------------------------------------------------------


@LOOP.verb("publish")
def publish(turn: Turn, *, names: Sequence[str] = ()) -> None:
    """Publish the last issued answer, masked; `names` are persons the public is not told of."""
    row = turn.row
    if row.publication != "full":
        turn.refuse(_("此件已定为不予公开：%(why)s") % {"why": row.publication_reason})
    reply = (
        Reply.objects.select_for_update(of=("self",))
        .filter(suggestion=row, issued_at__isnull=False)
        .select_related("document")
        .order_by("-round")
        .first()
    )
    if reply is None:
        turn.refuse(_("答复印发以后才能公开。"))
    if reply.published_at is not None:
        turn.refuse(_("这份答复已经公开。"))
    reply.suggestion = row
    reply.public = queries.public_words(reply, names=names, at=turn.at)
    reply.published_at, reply.published_by = turn.at, _who(turn.by)
    reply.save()
    turn.made, turn.facts = reply, {"masked": len([n for n in names if n.strip()])}


@LOOP.verb("choose_publication")
def choose_publication(turn: Turn, *, publication: str, reason: str = "") -> None:
    """Decide whether the answer will be published; what is published cannot be withheld any more."""
    _require_reason(publication, reason, field="reason")
    if turn.row.replies.filter(published_at__isnull=False).exists():
        turn.refuse(_("答复已经公开，不能再改。"))
    turn.row.publication, turn.row.publication_reason = publication, reason
    turn.facts = {"publication": publication}


@REPORTS.verb("yearly_report")
def yearly_report(turn: Turn, *, year: int, text: str) -> YearlyReport:
    """Report on a year's suggestions: the figures of the year are frozen with the text."""
    office = Organisation.objects.filter(pk__in=turn.by.organisation_ids).first()
    if office is None:
        raise NotPermitted(_("您的岗位不属于任何单位，不能报告。"))
    if year > turn.today.year:
        raise Refusal(_("请选择今年或以前的年份。"), field="year")
    turn.lock(Organisation.objects.all(), [office.pk])
    if YearlyReport.objects.filter(organisation=office, year=year).exists():
        turn.refuse(_("%(year)s年的报告已经提交。") % {"year": year})
    query = Query(measures=queries.YEARLY, period=Period(date(year, 1, 1), date(year, 12, 31)), by="result")
    title = _("%(year)s年代表建议办理情况") % {"year": year}
    snapshot = turn.do(figure_acts.freeze, query=query, title=title)
    turn.facts = {"year": year, "snapshot": snapshot.pk}
    return YearlyReport.objects.create(
        organisation=office, year=year, text=text, snapshot=snapshot, reported_at=turn.at,
        reported_by=_who(turn.by),
    )  # fmt: skip


# --- beside the way ---------------------------------------------------------------------------------------------------


@LOOP.verb("reveal_phone", child=_SIGNATORY)
def open_phone(turn: Turn) -> None:
    """Open a deputy's telephone for the office that handles the suggestion; the journal remembers who did."""
    if not turn.child.deputy.phone_tail:
        raise Refusal(_("没有登记这位代表的电话。"))
    turn.note = turn.child.deputy.name


def reveal_phone(*, signatory_id: int, by: Actor, at: datetime, key: str = "") -> str:
    """Return a deputy's telephone to the office that handles the suggestion."""
    opened = open_phone(signatory_id=signatory_id, by=by, at=at, key=key)
    return str(escrow.unseal(opened.deputy.phone_sealed)["phone"])


escalate = ladder.climbs(LOOP)


deadline_moved = clocks.follow_the_calendar(LOOP, labels=rules.CLOCK_LABELS)


def desk_of(suggestion: Suggestion) -> Organisation | None:
    """Say whose turn it is in a state: who handed it out, or the lead; nobody's once closed."""
    if suggestion.state in rules.WITH_REGISTRAR:
        return suggestion.registrar
    if suggestion.state in rules.WITH_LEAD:
        return suggestion.lead
    return suggestion.registrar if suggestion.state == State.ANSWERED else None


def _who(by: Actor) -> str:
    return f"{by.post} {by.name}".strip()[:120]
