"""The acts of a transfer between agencies; the record is written beside the act.

A transfer has two sides. Whoever must act next has a clock of their own; the sender and both superiors see it until
its outcome has come back. No step leads out of the loop without an outcome or a reason.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from anju.duties.cases import services as cases
from anju.duties.cases.models import Case
from anju.duties.cases.services import evidence as evidence_room
from anju.duties.cases.services import notes
from anju.ground.access.actors import Actor
from anju.ground.foundation import clocks, journal, ladder
from anju.ground.foundation.acts import Loop, Turn
from anju.ground.foundation.refusals import NotAllowedNow, NotPermitted, Refusal
from anju.ground.organisations.models import Organisation

from .. import queries, rules
from ..models import Transfer
from ..rules import KIND_LABELS, STATE_LABELS, STATE_MOODS, TransferState
from . import letters, manifests


def _rule(transfer: Transfer, step: str, at: datetime) -> clocks.Rule:
    """Return the term of what must be done next."""
    book = queries.book(at)
    if step == "send":
        key = rules.send_clock(book, class_code=transfer.case.class_code, sender_kind=transfer.sender.kind)
    else:
        key = rules.clock_key(step, kind=transfer.kind)
    return replace(clocks.Rule.of(key, book["clocks"][key]), kind=step)


COURSE = clocks.Course(_rule, rules.OWNERS, "due_step", one=True)


# --- Whose turn it is ----------------------------------------------------------------------------------------------


def _settler(transfer: Transfer) -> set[int]:
    """Return the common superior that has the dispute; nobody while there is none."""
    party = rules.SETTLING.get(transfer.due_step)
    return {getattr(transfer, f"{party}_id")} if party else set()


def _watchers(transfer: Transfer) -> set[int]:
    """Return who may urge: the sender and both superiors, not who must act itself."""
    party = rules.next_party(transfer.state, transfer.due_step)
    watching = {transfer.sender_id, transfer.sender_superior_id, transfer.receiver_superior_id}
    return {office for office in watching - {getattr(transfer, f"{party}_id", None)} if office is not None}


def _whose(turn: Turn) -> None:
    """Refuse an act by an office on the other side, or by a post without its power, and say whose it is."""
    step, row, by = turn.step, turn.row, turn.by
    if row is None or not step.who:
        return
    if step.who == "settler" and row.due_step not in rules.SETTLING:
        raise NotAllowedNow(_("没有提请裁定，不能裁定。"), data={"allowed": []})
    own = by.offices(step.power)
    if step.who == "watcher":
        must_act = getattr(row, f"{rules.next_party(row.state, row.due_step)}_id")
        if not _watchers(row) & own or must_act in own:
            raise NotPermitted(
                _("只有移送机关和双方的上级可以催办，且不能催办本单位。"), data={"power": step.power}
            )
        return
    party = rules.SETTLING[row.due_step] if step.who == "settler" else step.who
    office = getattr(row, f"{party}_id")
    if office in own:
        return
    if office in by.offices(rules.SEE):
        raise NotPermitted(str(_NO_POWER), data={"power": step.power})
    holder = getattr(row, party)
    raise NotPermitted(
        _("这一步由%(party)s“%(name)s”办理；如已超期，可以催办。")
        % {"party": rules.PARTY_LABELS[party], "name": holder.name if holder else _("待定单位")},
        code="not_your_turn",
    )


def _receivers(transfer: Transfer | None, day: date, by: Actor) -> list[tuple[int, str]]:
    """Offer the agencies to which a matter may be handed on: those that have not had it, so that it never circles."""
    if transfer is None:
        return []
    had = {o for one in [transfer, *queries.chain_before(transfer)] for o in (one.sender_id, one.receiver_id)}
    return [(o.pk, o.name) for o in queries.receivers(transfer.case, at=day, besides=had)]


_NO_POWER = lazy("您的岗位没有办理这一步的权限，请联系本单位负责人。")
LOOP = Loop(
    Transfer, rules.STEPS, room="transfers", see=rules.SEE, seen=queries.seen_q, labels=STATE_LABELS, moods=STATE_MOODS,
    roles={"sender": "sender", "receiver": "receiver", "settler": _settler, "watcher": _watchers},
    related=("sender", "receiver", "sender_superior", "receiver_superior", "case__estate", "unit"),
    turns=_whose, clocks=COURSE, noun=lazy("这件移送"), no_power=_NO_POWER,
    missing=lazy("没有找到这件移送，可能编号有误，或与您的单位无关。"),
    choices={
        "receivers": _receivers,
        "outcomes": lambda transfer, day, by: [
            (entry["key"], queries.outcome_label(entry["key"])) for entry in queries.outcomes(at=day)
        ],
    },
)  # fmt: skip


def _with_the_one_before(transfer_id: int) -> int:
    """Lock first the transfer that this one was passed on from, as whoever moves all deadlines does."""
    before = Transfer.objects.filter(pk=transfer_id).values_list("passed_from", flat=True).first()
    list(Transfer.objects.filter(pk=before).select_for_update(of=("self",)))
    return transfer_id


# --- From the draft to the outcome ---------------------------------------------------------------------------------


@LOOP.verb("send")
def send(turn: Turn) -> None:
    """Check the fixed evidence once more, number the letter and send it."""
    if not turn.row.case.is_open:
        turn.refuse(_("此件已办结，请撤回草稿。"), "discard")
    letters.send_out(turn.row, turn)


@LOOP.effect("tell_case")
def _tell_case(turn: Turn) -> None:
    """Write into the story of the case to whom it went, or what came back."""
    transfer = turn.row
    said = (
        _("%(kind)s“%(name)s”（%(number)s）")
        if turn.step.target == TransferState.SENT
        else _("移送有了结果：“%(name)s”反馈：%(outcome)s。%(text)s")
    )
    words = {
        "kind": str(KIND_LABELS[transfer.kind]),
        "name": transfer.receiver.name,
        "number": transfer.written_number,
        "outcome": queries.outcome_label(transfer.outcome),
        "text": transfer.outcome_text,
    }
    notes.note(
        Case.objects.filter(pk=transfer.case_id), said % words, by=turn.by, at=turn.at, basis=turn.basis,
        transfer=transfer.pk, number=transfer.written_number,
    )  # fmt: skip


@LOOP.effect("take_over")
def _take_over(turn: Turn) -> None:
    """Let the case follow a referral: it is its sender's once it is sent, and its receiver's once that takes it on.

    A copy for information leaves the case with whoever handles it.
    """
    transfer = turn.row
    if transfer.kind != "referral":
        return
    taken_on = turn.step.act == "accept"
    words = {"name": transfer.receiver.name, "number": transfer.written_number}
    said = _("已受理移送（%(number)s）。") if taken_on else _("已移送“%(name)s”（%(number)s），待其受理。")
    cases.take_over_from_others(
        Case.objects.filter(pk=transfer.case_id), by=turn.by, at=turn.at, note=said % words,
        agency=transfer.receiver if taken_on else transfer.sender,
        passed_on_by={one.sender_id for one in [transfer, *queries.chain_before(transfer)]} if taken_on else (),
    )  # fmt: skip


@cases.acting_agencies
def _acting(case_ids: Collection[int]) -> set[tuple[int, int]]:
    """Say who has referred cases, or has taken a referral on, as long as that goes on or was taken back to go on."""
    over = Q(state__in=[TransferState.DRAFT, TransferState.CLOSED]) & ~Q(outcome="taken_back")
    found = Transfer.objects.filter(~over, case__in=case_ids, kind="referral")
    pairs = found.values_list("case_id", "sender_id", "receiver_id")
    return {(case, office) for case, *offices in pairs for office in offices}


@LOOP.verb("discard")
def discard(turn: Turn, *, note: str) -> None:
    """End a draft that is never sent."""
    _end(turn, "not_sent")


@LOOP.verb("sign_for")
def sign_for(turn: Turn) -> None:
    """Sign for a letter."""
    turn.row.signed_at, turn.row.signed_by = turn.at, f"{turn.by.post} {turn.by.name}".strip()[:120]
    turn.facts["signed_by"] = turn.row.signed_by


@LOOP.verb("accept")
def accept(turn: Turn, *, note: str = "") -> None:
    """Take a matter on."""
    turn.row.accepted_at = turn.at


@LOOP.verb("refuse")
def refuse(turn: Turn, *, note: str) -> None:
    """Send a matter back to its sender's desk."""
    turn.row.refused_at, turn.row.refusal = turn.at, note


@LOOP.verb("report_back")
def report_back(turn: Turn, *, outcome: str, note: str, uploads: Sequence[UploadedFile] = ()) -> None:
    """Report an outcome of the rulebook's table, with the evidence it asks for."""
    chosen = next(o for o in queries.outcomes(at=turn.today) if o["key"] == outcome)
    if chosen.get("evidence") and not uploads:
        raise Refusal(
            _("结果是“%(name)s”的，请上传能够证明的照片或文件。") % {"name": chosen["name"]}, field="uploads"
        )
    caption = _("移送办理结果：%(name)s") % {"name": chosen["name"]}
    added = [
        evidence_room.add(turn.row.case, upload, "rectify", turn.by, turn.at, caption=caption)
        for upload in uploads
    ]
    _answer(turn.row, outcome=outcome, text=note, at=turn.at)
    turn.facts |= {"outcome": outcome, "evidence": [line.pk for line in added]}


def _answer(transfer: Transfer, *, outcome: str, text: str, at: datetime | None) -> None:
    transfer.reported_at, transfer.outcome, transfer.outcome_text = at, outcome, text


@LOOP.verb("close", locate=_with_the_one_before)
def close(turn: Turn, *, note: str = "") -> None:
    """Accept an outcome: the matter is at its end."""
    turn.row.closed_at = turn.at
    turn.facts["outcome"] = turn.row.outcome


@LOOP.effect("hand_up")
def _hand_up(turn: Turn) -> None:
    """Report the outcome of a passed-on matter back to its first sender, who examines it in turn."""
    _to_the_one_before(turn, handed_up)


@LOOP.verb("handed_up")
def handed_up(turn: Turn, *, child: Transfer) -> None:
    """Take over the outcome of the transfer that a matter was passed on by."""
    turn.note = _("由“%(name)s”办理（%(number)s）。%(text)s") % {
        "name": child.receiver.name,
        "number": child.written_number,
        "text": child.outcome_text,
    }
    _answer(turn.row, outcome=child.outcome, text=child.outcome_text, at=turn.at)
    turn.facts |= {"outcome": child.outcome, "child": child.pk}


def _to_the_one_before(turn: Turn, verb: Any) -> None:
    before = Transfer.objects.filter(pk=turn.row.passed_from_id, state=TransferState.PASSED_ON)
    if before.exists():
        turn.do(verb, transfer_id=turn.row.passed_from_id, child=turn.row)


@LOOP.verb("insist")
def insist(turn: Turn, *, note: str) -> None:
    """Send an outcome back that does not hold."""
    turn.facts["outcome_before"] = turn.row.outcome
    _answer(turn.row, outcome="", text="", at=None)


# --- Refused, contested, taken back ----------------------------------------------------------------------------------


@LOOP.verb("pass_on")
def pass_on(turn: Turn, *, receiver_id: int, note: str) -> None:
    """Pass a matter on to the agency whose it is, in the own name."""
    _next_receiver(turn, receiver_id)


@LOOP.verb("redirect")
def redirect(turn: Turn, *, receiver_id: int, note: str) -> None:
    """End a refused transfer: its outcome is that the matter went to somebody else."""
    _next_receiver(turn, receiver_id)
    _end(turn, "redirected")


def _end(turn: Turn, outcome: str) -> None:
    turn.row.outcome, turn.row.outcome_text, turn.row.closed_at = outcome, turn.note, turn.at


def _next_receiver(turn: Turn, receiver_id: int) -> None:
    """Refuse to hand a matter on for ever; keep to whom it goes."""
    before = [turn.row, *queries.chain_before(turn.row)]
    if len(before) > queries.book(turn.at)["limits"]["hops"]:
        turn.refuse(_("此件已转手 %(n)d 次，不能再转，请提请共同上级裁定。") % {"n": len(before)}, "contest")
    turn.facts["to"] = Organisation.objects.get(pk=receiver_id).name


@LOOP.verb("contest")
def contest(turn: Turn, *, note: str) -> None:
    """Lay the dispute before the common superior, once."""
    transfer = turn.row
    settler = queries.settler_of(transfer, at=turn.at)
    if settler is None:
        raise Refusal(_("找不到双方的共同上级，请系统管理员登记值班单位。"))
    if settler.pk != transfer.sender_superior_id:
        turn.facts["receiver_superior_before"] = transfer.receiver_superior_id
        transfer.receiver_superior = settler
        turn.starts = ("settle_recv",)
    transfer.contested_at = turn.at
    turn.facts["settler"] = settler.name


@LOOP.verb("take_back", locate=_with_the_one_before)
def take_back(turn: Turn, *, note: str) -> None:
    """Take a refused matter back, to act oneself."""
    _end(turn, "taken_back")


@LOOP.effect("give_back")
def _give_back(turn: Turn) -> None:
    """Give a passed-on matter that was taken back to whoever had passed it on: they act themselves."""
    _to_the_one_before(turn, resumed)


@LOOP.verb("resumed")
def resumed(turn: Turn, *, child: Transfer) -> None:
    """Go on with a matter whose passing on was taken back."""
    turn.note = child.outcome_text
    turn.row.accepted_at = turn.row.accepted_at or turn.at
    turn.facts["child"] = child.pk


@LOOP.verb("order_accept")
def order_accept(turn: Turn, *, note: str) -> None:
    """Settle a dispute: the receiver acts."""
    turn.row.accepted_at = turn.at
    turn.facts["refusal"] = turn.row.refusal


@LOOP.verb("order_return")
def order_return(turn: Turn, *, note: str) -> None:
    """Settle a dispute: the sender finds another way."""


# --- Urging, looking, and what has become late -----------------------------------------------------------------------


@LOOP.verb("urge")
def urge(turn: Turn, *, note: str) -> None:
    """Urge whoever must act, once in the rulebook's hours."""
    hours, last = queries.book(turn.at)["limits"]["urge_hours"], turn.row.urged_at
    if last is not None and turn.at - last < timedelta(hours=hours):
        raise Refusal(_("%(n)d 小时内已经催办过，请稍后再催。") % {"n": hours}, code="urged_already")
    turn.row.urged_at = turn.at
    turn.facts["to"] = getattr(turn.row, rules.next_party(turn.row.state, turn.row.due_step)).name


@LOOP.verb("verify")
def verify(turn: Turn) -> None:
    """Hash the stored files of a manifest anew; the look itself is recorded."""
    turn.facts |= manifests.facts_of(turn.row)
    intact = not turn.facts["wrong"] and turn.facts["manifest_same"] and turn.facts["sent_same"]
    turn.facts["intact"] = intact
    turn.note = _("证据完整，与移送时一致。") if intact else _("证据与移送时不一致。")


def verify_manifest(**given: Any) -> queries.Verified:
    """Look at a manifest and say line by line whether anything changed; takes what `verify` takes."""
    looked = verify(**given)
    return manifests.verdict_of(journal.events_named(looked, "transfers.verify").latest("id"))


escalate = ladder.climbs(LOOP)


deadline_moved = clocks.follow_the_calendar(LOOP, labels=rules.STEP_LABELS)
