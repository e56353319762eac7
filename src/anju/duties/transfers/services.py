"""The verbs of transfers between agencies. One transaction each; the record is written beside the act.

A transfer has two sides. Whoever must act next has a clock of their own; the sender and both superiors see it until
its outcome has come back. No step leads out of the loop without an outcome or a reason.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.duties.cases.models import Case, Evidence
from anju.duties.cases.queries import catalogue
from anju.duties.cases.rules import PURPOSE_LABELS
from anju.duties.cases.services import evidence as evidence_room
from anju.duties.orders.queries import matters
from anju.ground.access.actors import SYSTEM, Actor
from anju.ground.foundation import calendar, citations, files, journal, workflow
from anju.ground.foundation.refusals import NotAllowedNow, NotPermitted, Refusal
from anju.ground.organisations.models import Organisation
from anju.means.documents import services as papers
from anju.means.documents.rules.facts import EvidenceLine, HazardLine, TransferLetterData

from . import queries, rules
from .models import Transfer, TransferEvidence
from .rules import KIND_LABELS, STATE_LABELS, TransferState

LETTER = "transfer_letter"


# --- Drafting ----------------------------------------------------------------------------------------------------


@transaction.atomic
def draft_transfer(
    *,
    case_id: int,
    kind: str,
    receiver_id: int | None,
    reason: str,
    stopped: str,
    evidence_ids: Sequence[int] = (),
    order_id: int | None = None,
    sender_id: int | None = None,
    by: Actor,
    at: datetime,
    key: str = "",
    is_demo: bool = False,
) -> Transfer:
    """Draft a transfer of a case: to whom, why, what was stopped at once, with the evidence fixed by its digests.

    kind          referral, copy_notice (a serious report is made by `report_serious`, to both at once)
    evidence_ids  cases.Evidence of the case; their stored originals are hashed anew before they are written down
    order_id      an order that names the case; its number is added to what was stopped
    sender_id     the office in whose name; may be left out when the actor has one only
    """
    asked = journal.digest([case_id, kind, receiver_id, reason, stopped, sorted(evidence_ids), order_id])
    case = _locked_case(case_id, by=by)
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return Transfer.objects.get(pk=known.subject_id)
    if kind not in KIND_LABELS or kind == "serious_report":
        raise Refusal(_("请选择移送或抄告。"), field="kind")
    sender = _sender(by, sender_id)
    receiver = _receiver(case, receiver_id, sender, at=at)
    made = _new(
        case,
        kind=kind,
        sender=sender,
        receiver=receiver,
        reason=reason,
        stopped=_with_order(case, stopped, order_id),
        lines=_chosen(case, evidence_ids),
        at=at,
        is_demo=is_demo or case.is_demo,
    )
    term_key = rules.send_clock(queries.book(at), class_code=case.class_code, sender_kind=sender.kind)
    clock = _start(made, "send", term_key, at=at)
    made.save(update_fields=["due_at", "due_step", "provisional", "escalated_at"])
    journal.record(
        "transfers.draft",
        subject=made,
        by=by,
        at=at,
        basis="xx-fire-2020-27",
        data={
            "case": case.pk,
            "to": receiver.name,
            "kind": kind,
            "order": order_id,
            "manifest": made.manifest_hash,
            **clock,
        },
        key=key,
        key_digest=asked,
    )
    return made


def _locked_case(case_id: int, *, by: Actor) -> Case:
    """Lock a case that the actor sees, so that the second of two equal requests finds what the first has left."""
    case = queries.case_to_transfer(by, case_id)
    Case.objects.select_for_update(of=("self",)).only("pk").get(pk=case.pk)
    return case


def _sender(by: Actor, sender_id: int | None) -> Organisation:
    offices = queries.senders(by)
    if not offices:
        raise NotPermitted(
            _("您的岗位不能移送、抄告，请联系本单位负责人。"), data={"power": "transfers.transfer"}
        )
    if sender_id is None and len(offices) == 1:
        return offices[0]
    found = next((office for office in offices if office.pk == sender_id), None)
    if found is None:
        raise Refusal(_("请选择以哪个单位的名义移送。"), field="sender")
    return found


def _receiver(
    case: Case, receiver_id: int | None, sender: Organisation, *, at: datetime, besides: Iterable[int] = ()
) -> Organisation:
    offices = queries.receivers(case, at=at, besides=[sender.pk, *besides])
    if receiver_id == sender.pk:
        raise Refusal(_("不能移送给本单位，请选择有权处理的另一个机关。"), field="receiver")
    found = next((office for office in offices if office.pk == receiver_id), None)
    if found is None:
        raise Refusal(_("请在列出的机关中选择由谁接收，它必须管辖现场所在地。"), field="receiver")
    return found


def _with_order(case: Case, stopped: str, order_id: int | None) -> str:
    """Add the number of the order to what was stopped; the order must name the case."""
    if order_id is None:
        return stopped
    order = next((o for o in queries.orders_of(case) if o.pk == order_id), None)
    if order is None:
        raise Refusal(_("这份责令改正文书与本件无关，请重新选择。"), field="order")
    said = _("%(kind)s%(number)s") % {"kind": order.get_kind_display(), "number": order.written_number}
    return _("%(text)s（%(order)s）") % {"text": stopped.strip(), "order": said} if stopped.strip() else said


def _chosen(case: Case, evidence_ids: Sequence[int]) -> list[Evidence]:
    known = {line.pk: line for line in queries.evidence_of(case)}
    if unknown := [pk for pk in evidence_ids if pk not in known]:
        raise Refusal(_("所选证据不属于本件，请重新选择。"), field="evidence", data={"ids": unknown})
    # The same file added twice is one line of the manifest.
    once: dict[str, Evidence] = {}
    for pk in evidence_ids:
        once.setdefault(known[pk].file.sha256, known[pk])
    return list(once.values())


def _new(
    case: Case,
    *,
    kind: str,
    sender: Organisation,
    receiver: Organisation,
    reason: str,
    stopped: str,
    lines: Sequence[Evidence] | Sequence[TransferEvidence],
    at: datetime,
    passed_from: Transfer | None = None,
    is_demo: bool = False,
) -> Transfer:
    """Write a draft with its manifest, the place of the case and both superiors; the caller records it."""
    limits = queries.book(at)["limits"]
    _say(reason, "reason", limits, _("请写明为什么不属于本单位职权、请对方做什么。"))
    _say(stopped, "stopped", limits, _("请写明已当场责令停止什么；没有可停止的，也请写明已采取的措施。"))
    if not case.is_open:
        raise NotAllowedNow(_("此件已办结，不能再移送；确有需要的请先重新办理。"), data={"allowed": []})
    same = Transfer.objects.filter(case=case, receiver=receiver).exclude(state=TransferState.CLOSED)
    if (before := same.exclude(pk=passed_from.pk if passed_from else None).first()) is not None:
        raise Refusal(
            _("本件已移送“%(name)s”（%(number)s），正在办理，不能重复移送。")
            % {"name": receiver.name, "number": before.written_number or STATE_LABELS[before.state]},
            field="receiver",
            data={"transfer": before.pk},
            code="already_transferred",
        )
    made = Transfer(
        kind=kind,
        case=case,
        unit=matters.unit_of(case),
        sender=sender,
        receiver=receiver,
        sender_superior=queries.superior_of(sender, at=at),
        receiver_superior=queries.superior_of(receiver, at=at),
        passed_from=passed_from,
        reason=reason.strip(),
        stopped=stopped.strip(),
        is_demo=is_demo,
        **{level: getattr(case, level) for level in ("city", "county", "street", "community", "division")},
    )
    made.save(force_insert=True)
    rows = [
        TransferEvidence(
            transfer=made,
            file=line.file,
            sha256=_fixed(line.file),
            name=(line.name if isinstance(line, TransferEvidence) else line.caption or line.file.name)[:200],
            taken_at=line.taken_at if isinstance(line, TransferEvidence) else line.file.taken_at,
            note=line.note if isinstance(line, TransferEvidence) else str(_purpose(line)),
        )
        for line in lines
    ]
    TransferEvidence.objects.bulk_create(rows)
    made.manifest_hash = rules.manifest_hash(_lines(rows))
    made.save(update_fields=["manifest_hash"])
    return made


def _purpose(line: Evidence) -> object:
    return PURPOSE_LABELS[line.purpose]


def _say(text: str, field_: str, limits: dict[str, Any], sentence: str) -> None:
    if len(text.strip()) < limits["least"]:
        raise Refusal(sentence, field=field_)
    if len(text) > limits["most_letters"]:
        raise Refusal(_("最多 %(n)d 个字，请缩短。") % {"n": limits["most_letters"]}, field=field_)


# --- The manifest ------------------------------------------------------------------------------------------------


def _hash_now(sha256: str) -> str:
    """Hash the stored original anew; "" when its bytes are gone."""
    try:
        return hashlib.sha256(files.path_of(sha256).read_bytes()).hexdigest()
    except OSError:
        return ""


def _fixed(stored: Any) -> str:
    """Return the digest to be written into a manifest, after looking that the bytes still are those."""
    if _hash_now(stored.sha256) != stored.sha256:
        raise Refusal(
            _("证据“%(name)s”与存入时不一致或已丢失，不能列入清单，请联系系统管理员。")
            % {"name": stored.name},
            field="evidence",
            code="evidence_changed",
        )
    return str(stored.sha256)


def _lines(rows: Iterable[TransferEvidence]) -> list[rules.Line]:
    return [rules.Line(row.sha256, row.name, row.taken_at, row.note) for row in rows]


@transaction.atomic
def verify_manifest(*, transfer_id: int, by: Actor, at: datetime) -> queries.Verified:
    """Hash the stored files of a manifest anew and say what changed since it was fixed; the look itself is recorded.

    Three things are compared: each file with its line, the lines with the manifest's own hash, and that hash with the
    one the journal kept when the letter was sent.
    """
    found = queries.get(by, transfer_id)
    verdicts = []
    for line in found.evidence.select_related("file").order_by("pk"):
        now = _hash_now(line.sha256)
        state = "ok" if now == line.sha256 else "changed" if now else "missing"
        verdicts.append(queries.Verdict(line, state, now))
    kept = journal.events_named(found, "transfers.send").values_list("data__manifest", flat=True).last()
    verified = queries.Verified(
        at=at,
        lines=tuple(verdicts),
        manifest_same=rules.manifest_hash(_lines(v.line for v in verdicts)) == found.manifest_hash,
        sent_same=kept is None or kept == found.manifest_hash,
    )
    journal.record(
        "transfers.verify",
        subject=found,
        by=by,
        at=at,
        note=_("证据完整，与移送时一致。") if verified.intact else _("证据与移送时不一致。"),
        data={
            "intact": verified.intact,
            "wrong": [v.line.sha256 for v in verdicts if v.state != "ok"],
            "manifest": found.manifest_hash,
        },
    )
    return verified


# --- Steps -------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Change:
    """One step being taken: what was given with it, and what its preparations found out."""

    transfer: Transfer
    step: workflow.Step
    by: Actor
    at: datetime
    note: str
    receiver_id: int | None = None
    outcome: str = ""
    uploads: Sequence[UploadedFile] = ()
    target: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    due_step: str = ""


@transaction.atomic
def take_step(
    *,
    transfer_id: int,
    act: str,
    by: Actor,
    at: datetime,
    note: str = "",
    receiver_id: int | None = None,
    outcome: str = "",
    uploads: Sequence[UploadedFile] = (),
    key: str = "",
) -> Transfer:
    """Take one step of a transfer, start the clock of whoever must act next, and leave a trace.

    act          one of rules.STEPS: send, sign_for, accept, refuse, pass_on, report_back, close, insist …
    note         why, or what was done; required where the step says so
    receiver_id  pass_on, redirect: the agency that gets it next; never one that has had it already
    outcome      report_back: a key of rulebooks/transfers outcomes
    uploads      report_back: what proves the outcome
    Returns the transfer itself, also when the step made another one (`passed_to`).
    Raises NotFound, NotPermitted, NotAllowedNow or Refusal; nothing is changed then.
    """
    asked = journal.digest([transfer_id, act, note, receiver_id, outcome])
    transfer = locked(transfer_id, by=by)
    if journal.receipt(by=by, key=key, key_digest=asked):
        return transfer
    step = _find(transfer, act)
    _require_turn(transfer, step, by=by)
    note = note.strip()
    limits = queries.book(at)["limits"]
    if step.note == "required":
        _say(note, "note", limits, _reason(act))
    change = _Change(transfer, step, by, at, note, receiver_id, outcome, uploads, target=step.target)
    if act in _BEFORE:
        _BEFORE[act](change)
    transfer.state = change.target or transfer.state
    clock = _next_clock(change)
    transfer.save()
    _record(change, asked=asked, key=key, clock=clock)
    if act in _AFTER:
        _AFTER[act](change)
    return transfer


def locked(transfer_id: int, *, by: Actor) -> Transfer:
    """Lock a transfer that the actor may see, or say that there is none.

    The transfer it was passed on from is locked with it, the older first, as whoever moves all deadlines locks them.
    """
    found = queries.get(by, transfer_id)
    both = (
        Transfer.objects.filter(pk__in=[pk for pk in (found.passed_from_id, found.pk) if pk])
        .select_related("sender", "receiver", "sender_superior", "receiver_superior", "case__estate", "unit")
        .select_for_update(of=("self",))
        .order_by("pk")
    )
    return next(one for one in list(both) if one.pk == transfer_id)


def _find(transfer: Transfer, act: str) -> workflow.Step:
    try:
        return workflow.find(rules.STEPS, act=act, state=transfer.state)
    except NotAllowedNow as refused:
        possible = rules.possible(transfer.state, transfer.due_step)
        wanted = next((str(s.label) for s in rules.STEPS if s.act == act), act)
        raise NotAllowedNow(
            _("这件移送现在是“%(state)s”，不能“%(act)s”。现在可以：%(possible)s。")
            % {
                "state": STATE_LABELS[transfer.state],
                "act": wanted,
                "possible": _("、").join(str(s.label) for s in possible) or _("无"),
            },
            data=refused.data,
        ) from None


def _require_turn(transfer: Transfer, step: workflow.Step, *, by: Actor) -> None:
    """Refuse an act by an office on the other side, or by a post without its power."""
    party = rules.party_of(step.act, transfer.due_step)
    if not party:
        sentence = (
            _("已提请共同上级裁定，请等待裁定结果。")
            if transfer.due_step in rules.SETTLING
            else _("没有提请裁定，不能裁定。")
        )
        raise NotAllowedNow(sentence, data={"allowed": []})
    office = getattr(transfer, f"{party}_id")
    if office in matters.desks(by, step.power):
        return
    if office in matters.desks(by, "transfers.see"):
        raise NotPermitted(
            _("您的岗位没有办理这一步的权限，请联系本单位负责人。"), data={"power": step.power}
        )
    holder = Organisation.objects.filter(pk=office).first()
    raise NotPermitted(
        _("这一步由%(party)s“%(name)s”办理；如已超期，可以催办。")
        % {"party": rules.PARTY_LABELS[party], "name": holder.name if holder else _("待定单位")},
        code="not_your_turn",
    )


def _start(transfer: Transfer, step: str, term_key: str, *, at: datetime) -> dict[str, Any]:
    """Set the clock of whoever must act next (the caller saves) and return it for the journal."""
    term = queries.term_of(term_key, at=at)
    due = calendar.due(at, term)
    transfer.due_at, transfer.due_step, transfer.provisional = due.at, step, due.provisional
    transfer.escalated_at = None
    entry = queries.book(at)["clocks"][term_key]
    clock = {
        "step": step,
        "from": at.isoformat(),
        "amount": term.amount,
        "unit": term.unit,
        "basis": term.basis,
        "default": bool(entry.get("default")),
    }
    return {"clock": clock, "due": due.at.isoformat()}


def _next_clock(change: _Change) -> dict[str, Any]:
    transfer, step = change.transfer, change.step
    if step.clock is None:
        transfer.due_at, transfer.due_step, transfer.provisional, transfer.escalated_at = (
            None,
            "",
            False,
            None,
        )
        return {}
    key = rules.clock_key(step, kind=transfer.kind)
    return _start(transfer, change.due_step or step.clock, key, at=change.at)


def _record(change: _Change, *, asked: str, key: str, clock: dict[str, Any]) -> None:
    transfer_act = change.step.act
    journal.record(
        f"transfers.{transfer_act}",
        subject=change.transfer,
        by=change.by,
        at=change.at,
        note=change.note,
        basis=change.step.basis,
        data={"state": change.transfer.state, **change.facts, **clock},
        key=key,
        key_digest=asked,
    )


def _reason(act: str) -> str:
    """Say what is asked for when the note of a step is missing."""
    return {
        "refuse": _("请写明不予受理的理由和依据，移送机关要据此改送或提请裁定。"),
        "report_back": _("请写明查明了什么、怎么处理的。"),
        "insist": _("请写明结果为什么不成立、还要办什么。"),
        "pass_on": _("请写明为什么属于该机关职权。"),
        "redirect": _("请写明为什么改送该机关。"),
        "contest": _("请写明双方的争议和本单位的意见。"),
        "order_accept": _("请写明裁定的理由。"),
        "order_return": _("请写明裁定的理由。"),
    }.get(act, _("请写明理由。"))


# --- What single steps need --------------------------------------------------------------------------------------


def _before_send(change: _Change) -> None:
    """Check the fixed evidence once more, number the letter, and tell the case."""
    transfer, at = change.transfer, change.at
    if not transfer.case.is_open:
        raise NotAllowedNow(_("此件已办结，请撤回草稿。"), data={"allowed": ["discard"]})
    _dispatch(transfer, by=change.by, at=at)
    change.facts.update(
        manifest=transfer.manifest_hash, number=transfer.written_number, to=transfer.receiver.name
    )


def _dispatch(transfer: Transfer, *, by: Actor, at: datetime) -> None:
    """Issue the letter under the next number of the sender and note it on the case (the caller saves and records)."""
    lines = list(transfer.evidence.select_related("file").order_by("pk"))
    for line in lines:
        _fixed(line.file)
    paper = papers.issue(
        kind=LETTER,
        data=letter_of(transfer, lines, by=by, at=at),
        register_code=matters.register_code(transfer.sender, transfer.kind, on=matters.day_of(at)),
        subject=transfer,
        by=by,
        at=at,
        organisation=transfer.sender,
    )
    transfer.document_id, transfer.written_number, transfer.sent_at = paper.pk, paper.written_number, at
    journal.record(
        "transfers.case_transferred",
        subject=transfer.case,
        by=by,
        at=at,
        note=_("%(kind)s“%(name)s”（%(number)s）")
        % {
            "kind": KIND_LABELS[transfer.kind],
            "name": transfer.receiver.name,
            "number": paper.written_number,
        },
        basis="xx-fire-2020-27",
        data={"transfer": transfer.pk},
    )


def letter_of(
    transfer: Transfer, lines: Sequence[TransferEvidence], *, by: Actor, at: datetime
) -> TransferLetterData:
    """Return the facts of a transfer's letter, with its manifest and the days by which to sign and to answer."""
    case = transfer.case
    chosen = catalogue.find(case.kind, case.class_code, on=queries.day_of(case.reported_at))
    route = queries.suggest(case, at=at).route
    serious = transfer.kind == "serious_report"
    keys = tuple(queries.book(at)["serious"]["basis"]) if serious else route.basis
    grounds = tuple(citations.cite(key, chinese=True) for key in keys if not key.startswith("xx-defaults"))
    basis = [citations.cite(key, chinese=True) for key in chosen.basis if not key.startswith("xx-defaults")]
    estate = case.estate
    place = " ".join(part for part in (estate.name if estate else "", case.place) if part)
    outcome = queries.term_of(f"outcome_{transfer.kind}", at=at)
    return TransferLetterData(
        organisation=transfer.sender.name,
        recipient=transfer.receiver.name,
        about=transfer.unit.name
        if transfer.unit
        else place or (case.street.name if case.street else case.number),
        facts=_("%(text)s。%(reason)s")
        % {"text": case.text.strip().rstrip("。"), "reason": transfer.reason.strip().rstrip("。") + "。"},
        grounds=grounds,
        evidence=tuple(EvidenceLine(row.name, row.sha256, row.taken_at, row.note) for row in lines),
        manner=transfer.kind,
        found_on=queries.day_of(case.reported_at),
        place=place,
        hazards=(HazardLine(case.place or place, chosen.name, _("；").join(basis)),),
        measures=transfer.stopped.rstrip("。") + "。",
        sign_by=queries.day_of(calendar.due(at, queries.term_of("sign", at=at)).at),
        answer_by=queries.day_of(calendar.due(at, outcome).at),
        contact=by.name,
        phone=transfer.sender.phone,
        address=transfer.sender.address,
    )


def _before_sign(change: _Change) -> None:
    transfer = change.transfer
    transfer.signed_at, transfer.signed_by = change.at, f"{change.by.post} {change.by.name}".strip()[:120]
    change.facts["signed_by"] = transfer.signed_by


def _before_accept(change: _Change) -> None:
    change.transfer.accepted_at = change.at


def _before_refuse(change: _Change) -> None:
    """Send a matter back to its sender's desk; what the common superior has assigned cannot be refused again."""
    transfer = change.transfer
    if journal.events_named(transfer, "transfers.order_accept").exists():
        raise NotAllowedNow(_("共同上级已裁定由本单位办理，不能再退回。"), data={"allowed": ["accept"]})
    transfer.refused_at, transfer.refusal = change.at, change.note


def _before_report(change: _Change) -> None:
    """Take the outcome from the rulebook's table, with the evidence it asks for."""
    transfer, at = change.transfer, change.at
    chosen = next((o for o in queries.outcomes(at=at) if o["key"] == change.outcome), None)
    if chosen is None:
        raise Refusal(_("请选择办理结果。"), field="outcome")
    if chosen.get("evidence") and not change.uploads:
        raise Refusal(
            _("结果是“%(name)s”的，请上传能够证明的照片或文件。") % {"name": chosen["name"]}, field="uploads"
        )
    added = [
        evidence_room.add(
            transfer.case,
            upload,
            "rectify",
            change.by,
            at,
            caption=_("移送办理结果：%(name)s") % {"name": chosen["name"]},
        )
        for upload in change.uploads
    ]
    _answer(transfer, outcome=change.outcome, text=change.note, at=at)
    change.facts.update(outcome=change.outcome, evidence=[line.pk for line in added])


def _answer(transfer: Transfer, *, outcome: str, text: str, at: datetime) -> None:
    transfer.reported_at, transfer.outcome, transfer.outcome_text = at, outcome, text


def _before_close(change: _Change) -> None:
    change.transfer.closed_at = change.at
    change.facts["outcome"] = change.transfer.outcome


def _after_close(change: _Change) -> None:
    """Tell the case what came back, and hand the outcome up to the transfer this one was passed on from."""
    transfer = change.transfer
    label = queries.outcome_label(transfer.outcome)
    journal.record(
        "transfers.case_answered",
        subject=transfer.case,
        by=change.by,
        at=change.at,
        note=_("“%(name)s”反馈：%(outcome)s。%(text)s")
        % {"name": transfer.receiver.name, "outcome": label, "text": transfer.outcome_text},
        basis="xx-fire-2020-27",
        data={"transfer": transfer.pk, "outcome": transfer.outcome},
    )
    _hand_up(transfer, by=change.by, at=change.at)


def _hand_up(child: Transfer, *, by: Actor, at: datetime) -> None:
    """Report the outcome of a passed-on transfer back to the first sender, who examines it in turn."""
    if child.passed_from_id is None:
        return
    parent = Transfer.objects.select_for_update(of=("self",)).get(pk=child.passed_from_id)
    if parent.state != TransferState.PASSED_ON:
        return
    _answer(parent, outcome=child.outcome, text=child.outcome_text, at=at)
    parent.state = TransferState.REPORTED_BACK
    clock = _start(parent, "close", "close", at=at)
    parent.save()
    journal.record(
        "transfers.handed_up",
        subject=parent,
        by=by,
        at=at,
        note=_("由“%(name)s”办理（%(number)s）。%(text)s")
        % {"name": child.receiver.name, "number": child.written_number, "text": child.outcome_text},
        basis="xx-fire-2020-27",
        data={"state": parent.state, "outcome": parent.outcome, "child": child.pk, **clock},
    )


def _before_insist(change: _Change) -> None:
    transfer = change.transfer
    change.facts["outcome_before"] = transfer.outcome
    transfer.reported_at, transfer.outcome, transfer.outcome_text = None, "", ""
    change.due_step = "again"


def _before_pass_on(change: _Change) -> None:
    change.facts["to"] = _next_receiver(change).name


def _after_pass_on(change: _Change) -> None:
    _hand_on(change, sender=change.transfer.receiver)


def _before_redirect(change: _Change) -> None:
    """End the refused transfer: its outcome is that the matter went to somebody else."""
    transfer = change.transfer
    change.facts["to"] = _next_receiver(change).name
    transfer.outcome, transfer.outcome_text = "redirected", change.note
    transfer.closed_at = change.at


def _after_redirect(change: _Change) -> None:
    _hand_on(change, sender=change.transfer.sender)


def _next_receiver(change: _Change) -> Organisation:
    """Find the agency a matter is handed on to: one that has not had it yet, so that it never goes in circles."""
    transfer, at = change.transfer, change.at
    before = [transfer, *queries.chain_before(transfer)]
    if len(before) > queries.book(at)["limits"]["hops"]:
        raise NotAllowedNow(
            _("此件已转手 %(n)d 次，不能再转，请提请共同上级裁定。") % {"n": len(before)},
            data={"allowed": ["contest"]},
        )
    had = {office for one in before for office in (one.sender_id, one.receiver_id)}
    if change.receiver_id in had:
        raise Refusal(
            _("该单位已经办理或退回过此件，不能再转回去；意见不一致的，请提请共同上级裁定。"),
            field="receiver",
            code="in_circles",
        )
    sender = transfer.receiver if change.step.act == "pass_on" else transfer.sender
    return _receiver(transfer.case, change.receiver_id, sender, at=at, besides=had - {sender.pk})


def _hand_on(change: _Change, *, sender: Organisation) -> None:
    """Make and send the next transfer of a matter, with the same manifest, linked to the one before."""
    before, at, by = change.transfer, change.at, change.by
    made = _new(
        before.case,
        kind=before.kind,
        sender=sender,
        receiver=_next_receiver(change),
        reason=change.note,
        stopped=before.stopped,
        lines=list(before.evidence.select_related("file").order_by("pk")),
        at=at,
        passed_from=before,
        is_demo=before.is_demo,
    )
    _dispatch(made, by=by, at=at)
    made.state = TransferState.SENT
    clock = _start(made, "sign", "sign", at=at)
    made.save()
    journal.record(
        "transfers.send",
        subject=made,
        by=by,
        at=at,
        note=change.note,
        basis="xx-fire-2020-27",
        data={
            "state": made.state,
            "to": made.receiver.name,
            "number": made.written_number,
            "manifest": made.manifest_hash,
            "from": before.pk,
            **clock,
        },
    )


def _before_contest(change: _Change) -> None:
    """Lay the dispute before the common superior, once."""
    transfer, at = change.transfer, change.at
    if journal.events_named(transfer, "transfers.contest").exists():
        raise NotAllowedNow(
            _("共同上级已经裁定过，请改送其他机关或者收回自行办理。"),
            data={"allowed": ["redirect", "take_back"]},
        )
    settler = queries.settler_of(transfer, at=at)
    if settler is None:
        raise Refusal(_("找不到双方的共同上级，请系统管理员登记值班单位。"))
    if settler.pk == transfer.sender_superior_id:
        change.due_step = "settle_sender"
    else:
        change.facts["receiver_superior_before"] = transfer.receiver_superior_id
        transfer.receiver_superior = settler
        change.due_step = "settle_recv"
    change.facts["settler"] = settler.name


def _before_take_back(change: _Change) -> None:
    transfer = change.transfer
    transfer.outcome, transfer.outcome_text, transfer.closed_at = "taken_back", change.note, change.at


def _after_take_back(change: _Change) -> None:
    """Give a passed-on matter that was taken back to whoever had passed it on: they act themselves."""
    transfer = change.transfer
    if transfer.passed_from_id is None:
        return
    parent = Transfer.objects.select_for_update(of=("self",)).get(pk=transfer.passed_from_id)
    if parent.state != TransferState.PASSED_ON:
        return
    parent.state = TransferState.ACCEPTED
    parent.accepted_at = parent.accepted_at or change.at
    clock = _start(parent, "outcome", f"outcome_{parent.kind}", at=change.at)
    parent.save()
    journal.record(
        "transfers.resumed",
        subject=parent,
        by=change.by,
        at=change.at,
        note=change.note,
        basis="xx-fire-2020-27",
        data={"state": parent.state, "child": transfer.pk, **clock},
    )


def _before_discard(change: _Change) -> None:
    transfer = change.transfer
    transfer.outcome, transfer.outcome_text, transfer.closed_at = "not_sent", change.note, change.at


def _before_order_accept(change: _Change) -> None:
    change.transfer.accepted_at = change.at
    change.facts["refusal"] = change.transfer.refusal


_BEFORE: dict[str, Callable[[_Change], None]] = {
    "send": _before_send,
    "discard": _before_discard,
    "sign_for": _before_sign,
    "accept": _before_accept,
    "refuse": _before_refuse,
    "pass_on": _before_pass_on,
    "report_back": _before_report,
    "close": _before_close,
    "insist": _before_insist,
    "redirect": _before_redirect,
    "contest": _before_contest,
    "take_back": _before_take_back,
    "order_accept": _before_order_accept,
}
_AFTER: dict[str, Callable[[_Change], None]] = {
    "close": _after_close,
    "pass_on": _after_pass_on,
    "redirect": _after_redirect,
    "take_back": _after_take_back,
}


# --- Serious hazards ---------------------------------------------------------------------------------------------


@transaction.atomic
def report_serious(
    *,
    case_id: int,
    reason: str,
    stopped: str,
    evidence_ids: Sequence[int] = (),
    order_id: int | None = None,
    sender_id: int | None = None,
    by: Actor,
    at: datetime,
    key: str = "",
    is_demo: bool = False,
) -> list[Transfer]:
    """Report a serious hazard in writing to the street and to the fire agency, both in one act; return the letters.

    The office that reports is left out when it is one of the two. Raises Refusal when the hazard's class does not call
    for it, or when one of the two offices is not registered: half a report is none.
    """
    asked = journal.digest([case_id, "serious", reason, stopped, sorted(evidence_ids), order_id])
    case = _locked_case(case_id, by=by)
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return list(Transfer.objects.filter(pk__in=known.data["both"]).order_by("pk"))
    if not queries.suggest(case, at=at).serious:
        raise Refusal(_("这类隐患不需要向街道和消防救援机构书面报告；属于其他机关职权的，请移送或抄告。"))
    sender = _sender(by, sender_id)
    offices = queries.receivers(case, at=at)
    made = []
    for kind in queries.book(at)["serious"]["to"]:
        receiver = next((office for office in offices if office.kind == kind), None)
        if receiver is None:
            raise Refusal(
                _("当地没有登记街道办事处或消防救援机构，请系统管理员先登记。"), data={"kind": kind}
            )
        if receiver.pk == sender.pk:
            continue
        one = _new(
            case,
            kind="serious_report",
            sender=sender,
            receiver=receiver,
            reason=reason,
            stopped=_with_order(case, stopped, order_id),
            lines=_chosen(case, evidence_ids),
            at=at,
            is_demo=is_demo or case.is_demo,
        )
        _dispatch(one, by=by, at=at)
        one.state = TransferState.SENT
        clock = _start(one, "sign", "sign", at=at)
        one.save()
        journal.record(
            "transfers.send",
            subject=one,
            by=by,
            at=at,
            basis="mps-fire-inspection-2012-34",
            data={
                "state": one.state,
                "to": receiver.name,
                "number": one.written_number,
                "manifest": one.manifest_hash,
                **clock,
            },
        )
        made.append(one)
    journal.record(
        "transfers.report_serious",
        subject=case,
        by=by,
        at=at,
        note=_("、").join(one.receiver.name for one in made),
        basis="mps-fire-inspection-2012-34",
        data={"both": [one.pk for one in made]},
        key=key,
        key_digest=asked,
    )
    return made


# --- Urging, and what has become late ----------------------------------------------------------------------------


@transaction.atomic
def urge(*, transfer_id: int, note: str, by: Actor, at: datetime, key: str = "") -> Transfer:
    """Urge whoever must act; the sender and both superiors may, once in the rulebook's hours."""
    asked = journal.digest([transfer_id, "urge", note])
    transfer = locked(transfer_id, by=by)
    if journal.receipt(by=by, key=key, key_digest=asked):
        return transfer
    if not queries.may_urge(by, transfer):
        raise NotPermitted(
            _("只有移送机关和双方的上级可以催办，且不能催办本单位。"), data={"power": "transfers.see"}
        )
    limits = queries.book(at)["limits"]
    _say(note, "note", limits, _("请写明催办的要求。"))
    last = journal.events_named(transfer, "transfers.urge").last()
    if last is not None and at - last.at < timedelta(hours=limits["urge_hours"]):
        raise Refusal(
            _("%(n)d 小时内已经催办过，请稍后再催。") % {"n": limits["urge_hours"]}, code="urged_already"
        )
    party = rules.next_party(transfer.state, transfer.due_step)
    journal.record(
        "transfers.urge",
        subject=transfer,
        by=by,
        at=at,
        note=note.strip(),
        basis="xx-fire-2020-27",
        data={"to": getattr(transfer, party).name},
        key=key,
        key_digest=asked,
    )
    return transfer


def mark_late(*, at: datetime, batch: int = 200) -> int:
    """Mark each transfer whose clock has passed, once for each clock, however many workers run this.

    A row is claimed under a lock that other workers skip and by an UPDATE that asks the question again; the event is
    written before the lock is let go. Returns how many were marked.
    """
    marked = 0
    while True:
        with transaction.atomic():
            late = list(
                Transfer.objects.exclude(state=TransferState.CLOSED)
                .filter(due_at__lt=at, escalated_at__isnull=True)
                .select_related("sender", "receiver", "sender_superior", "receiver_superior")
                .select_for_update(of=("self",), skip_locked=True)
                .order_by("due_at")[:batch]
            )
            for transfer in late:
                claimed = (
                    Transfer.objects.exclude(state=TransferState.CLOSED)
                    .filter(pk=transfer.pk, due_at__lt=at, escalated_at__isnull=True)
                    .update(escalated_at=at)
                )
                if claimed:
                    _record_late(transfer, at=at)
                    marked += 1
        if len(late) < batch:
            return marked


def _record_late(transfer: Transfer, *, at: datetime) -> None:
    party = rules.next_party(transfer.state, transfer.due_step)
    desks = {p: office.name for p in rules.PARTIES if (office := getattr(transfer, p)) is not None}
    journal.record(
        "transfers.late",
        subject=transfer,
        by=SYSTEM,
        at=at,
        note=_("“%(step)s”期限已过，由%(party)s“%(name)s”办理。")
        % {
            "step": rules.STEP_LABELS.get(transfer.due_step, transfer.due_step),
            "party": rules.PARTY_LABELS[party],
            "name": desks.get(party, ""),
        },
        basis="xx-fire-2020-27",
        data={
            "step": transfer.due_step,
            "due": transfer.due_at.isoformat() if transfer.due_at else "",
            "desks": desks,
        },
    )


def recompute_deadlines(*, at: datetime, basis: str = "") -> int:
    """Work out the running clock of every open transfer again after a change of the calendar; journal what moved."""
    moved = 0
    waiting = Transfer.objects.exclude(state=TransferState.CLOSED).filter(due_at__isnull=False)
    for pk in list(waiting.order_by("pk").values_list("pk", flat=True)):
        transfer = Transfer.objects.select_for_update(of=("self",)).get(pk=pk)
        running = queries.running_clock(transfer)
        if running is None or transfer.due_at is None:
            continue
        start, term, _default = running
        due = calendar.due(start, term)
        if (due.at, due.provisional) == (transfer.due_at, transfer.provisional):
            continue
        before, transfer.due_at, transfer.provisional = transfer.due_at, due.at, due.provisional
        if due.at > at:
            transfer.escalated_at = None
        transfer.save(update_fields=["due_at", "provisional", "escalated_at"])
        journal.record(
            "transfers.moved",
            subject=transfer,
            by=SYSTEM,
            at=at,
            basis=basis,
            data={
                "from": timezone.localtime(before).isoformat(),
                "to": timezone.localtime(due.at).isoformat(),
            },
        )
        moved += 1
    return moved
