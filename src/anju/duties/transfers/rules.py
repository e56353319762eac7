"""Transfers as pure rules: the table of steps, who must act next, what a manifest's hash is made of. No database."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from anju.ground.foundation.wording import lazy as _
from anju.ground.foundation.workflow import Step


class TransferState:
    """Where a transfer between agencies is; it never ends in silence."""

    DRAFT = "draft"
    SENT = "sent"
    SIGNED = "signed"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    PASSED_ON = "passed_on"
    REPORTED_BACK = "reported_back"
    CLOSED = "closed"


STATE_LABELS = {
    TransferState.DRAFT: _("待发出"),
    TransferState.SENT: _("待签收"),
    TransferState.SIGNED: _("已签收待受理"),
    TransferState.ACCEPTED: _("办理中"),
    TransferState.REFUSED: _("不予受理"),
    TransferState.PASSED_ON: _("已转送"),
    TransferState.REPORTED_BACK: _("已反馈结果"),
    TransferState.CLOSED: _("已办结"),
}
KIND_LABELS = {
    "referral": _("移送"),
    "copy_notice": _("抄告"),
    "serious_report": _("重大隐患书面报告"),
}

S = TransferState
OPEN = frozenset({S.DRAFT, S.SENT, S.SIGNED, S.ACCEPTED, S.REFUSED, S.PASSED_ON, S.REPORTED_BACK})
# What lies with the other agency: there the rectification of the case is shown as handled by transfer.
UNDER_WAY = frozenset({S.SENT, S.SIGNED, S.ACCEPTED, S.REFUSED, S.PASSED_ON})

STEPS = (
    Step("send", _("发出"), frozenset({S.DRAFT}), S.SENT, "transfers.transfer", "xx-fire-2020-27",
         clock="sign", tone="primary"),
    Step("discard", _("撤回草稿"), frozenset({S.DRAFT}), S.CLOSED, "transfers.transfer", "xx-fire-2020-27",
         note="required"),
    Step("sign_for", _("签收"), frozenset({S.SENT}), S.SIGNED, "transfers.receive", "xx-fire-2020-27",
         clock="accept", tone="primary"),
    Step("accept", _("受理"), frozenset({S.SIGNED}), S.ACCEPTED, "transfers.receive", "xx-fire-2020-27",
         clock="outcome", tone="primary"),
    Step("refuse", _("不予受理，退回"), frozenset({S.SIGNED}), S.REFUSED, "transfers.receive", "xx-fire-2020-27",
         clock="redirect", note="required", tone="danger"),
    Step("pass_on", _("转送其他机关"), frozenset({S.SIGNED, S.ACCEPTED}), S.PASSED_ON, "transfers.receive",
         "xx-fire-2020-27", clock="outcome", note="required"),
    Step("report_back", _("反馈办理结果"), frozenset({S.ACCEPTED}), S.REPORTED_BACK, "transfers.receive",
         "xx-fire-2020-27", clock="close", note="required", tone="primary"),
    Step("close", _("认可结果，办结"), frozenset({S.REPORTED_BACK}), S.CLOSED, "transfers.transfer",
         "xx-fire-2020-27", tone="primary"),
    Step("insist", _("结果不成立，退回重办"), frozenset({S.REPORTED_BACK}), S.ACCEPTED, "transfers.transfer",
         "xx-fire-2020-27", clock="again", note="required", tone="danger"),
    Step("redirect", _("改送其他机关"), frozenset({S.REFUSED}), S.CLOSED, "transfers.transfer", "xx-fire-2020-27",
         note="required", tone="primary"),
    Step("contest", _("提请共同上级裁定"), frozenset({S.REFUSED}), None, "transfers.transfer", "xx-fire-2020-27",
         clock="settle", note="required"),
    Step("take_back", _("收回自行办理"), frozenset({S.REFUSED}), S.CLOSED, "transfers.transfer", "xx-fire-2020-27",
         note="required"),
    Step("order_accept", _("裁定由接收机关办理"), frozenset({S.REFUSED}), S.ACCEPTED, "transfers.settle",
         "xx-fire-2020-27", clock="outcome", note="required", tone="primary"),
    Step("order_return", _("裁定退回移送机关"), frozenset({S.REFUSED}), None, "transfers.settle", "xx-fire-2020-27",
         clock="redirect", note="required"),
)  # fmt: skip

# Urging leaves everything as it is; the sender and both superiors may urge whoever must act.
URGE = Step("urge", _("催办"), OPEN, None, "transfers.see", "xx-fire-2020-27", note="required")

STEP_LABELS = {
    "send": _("发出"),
    "sign": _("签收"),
    "accept": _("受理或退回"),
    "outcome": _("办理并反馈结果"),
    "again": _("重新办理并反馈"),
    "redirect": _("改送或提请裁定"),
    "settle_sender": _("裁定由谁办理"),
    "settle_recv": _("裁定由谁办理"),
    "close": _("审查结果"),
}
SENDER, RECEIVER, ABOVE_SENDER, ABOVE_RECEIVER = "sender", "receiver", "sender_superior", "receiver_superior"
PARTIES = (SENDER, RECEIVER, ABOVE_SENDER, ABOVE_RECEIVER)
PARTY_LABELS = {
    SENDER: _("移送机关"),
    RECEIVER: _("接收机关"),
    ABOVE_SENDER: _("移送机关的上级"),
    ABOVE_RECEIVER: _("接收机关的上级"),
}
_BY_SENDER = frozenset({"send", "discard", "close", "insist", "redirect", "contest", "take_back"})
_BY_SETTLER = frozenset({"order_accept", "order_return"})
# While the common superior has the dispute, only it may act; it is told apart by whose superior it is.
SETTLING = {"settle_sender": ABOVE_SENDER, "settle_recv": ABOVE_RECEIVER}


def next_party(state: str, due_step: str) -> str:
    """Say which column of a transfer holds the office that must act next, or "" when it is closed."""
    if due_step in SETTLING:
        return SETTLING[due_step]
    if state in (S.DRAFT, S.REFUSED, S.REPORTED_BACK):
        return SENDER
    return RECEIVER if state in (S.SENT, S.SIGNED, S.ACCEPTED, S.PASSED_ON) else ""


def party_of(act: str, due_step: str) -> str:
    """Say which party may take an act, or "" when an act waits for a dispute that nobody has raised."""
    if act in _BY_SETTLER:
        return SETTLING.get(due_step, "")
    if act in _BY_SENDER:
        # A dispute lies with the superior; until it is settled the sender does not act on it.
        return "" if due_step in SETTLING else SENDER
    return RECEIVER


def possible(state: str, due_step: str, *, contested: bool = False) -> list[Step]:
    """List the steps that can be taken now by anybody; a matter is contested once."""
    found = [step for step in STEPS if state in step.source and party_of(step.act, due_step)]
    return [step for step in found if not (step.act == "contest" and contested)]


def clock_key(step: Step, *, kind: str) -> str:
    """Return the key of rulebooks/transfers clocks that a step starts; the outcome's depends on the kind."""
    assert step.clock
    return f"outcome_{kind}" if step.clock == "outcome" else step.clock


def send_clock(clocks: Mapping[str, Any], *, class_code: str, sender_kind: str) -> str:
    """Return which clock runs until a transfer is sent: by the hazard first, then by the kind of the sender."""
    by_class = next((key for code, key in clocks["send_by_class"].items() if class_code.startswith(code)), "")
    return str(by_class or clocks["send_by_sender"].get(sender_kind, "send"))


@dataclass(frozen=True, slots=True)
class Route:
    """Whom a hazard is transferred to by default: kinds of office, the kind of transfer, and why."""

    id: str
    kind: str
    to: tuple[str, ...]
    basis: tuple[str, ...]
    reason: str
    reason_en: str


def route(routes: Iterable[Mapping[str, Any]], *, class_code: str, handling: Sequence[str]) -> Route:
    """Return the first route that fits a hazard's class and handling (the last fits everything)."""
    for entry in routes:
        classes, wanted = entry.get("classes"), entry.get("handling")
        if classes and not any(class_code.startswith(code) for code in classes):
            continue
        if wanted and not set(wanted) & set(handling):
            continue
        return Route(
            entry["id"],
            entry["kind"],
            tuple(entry["to"]),
            tuple(entry["basis"]),
            entry["reason"],
            entry["reason_en"],
        )
    raise LookupError("rulebooks/transfers has no route that fits everything")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a manifest: the digest of the stored original, what it is called, when it was taken."""

    sha256: str
    name: str
    taken_at: datetime | None = None
    note: str = ""


def manifest_hash(lines: Iterable[Line]) -> str:
    """Return the SHA-256 of a manifest: its lines in the order of their digests, in canonical JSON."""
    rows = sorted(
        [line.sha256, line.name, line.taken_at.isoformat() if line.taken_at else "", line.note]
        for line in lines
    )
    return hashlib.sha256(json.dumps(rows, ensure_ascii=False).encode()).hexdigest()
