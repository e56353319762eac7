"""Transfers as pure rules: the table of steps, who must act next, what a manifest's hash is made of. No database."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from anju.ground.foundation.asks import Field, note
from anju.ground.foundation.wording import lazy as _
from anju.ground.foundation.workflow import ANY, NEW, SYSTEM, WITHIN, Blocked, Step


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
STATE_MOODS = {
    TransferState.DRAFT: "warn",
    TransferState.SENT: "wait",
    TransferState.SIGNED: "wait",
    TransferState.ACCEPTED: "active",
    TransferState.REFUSED: "danger",
    TransferState.PASSED_ON: "active",
    TransferState.REPORTED_BACK: "wait",
    TransferState.CLOSED: "done",
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

BASIS, SERIOUS_BASIS = "xx-fire-2020-27", "mps-fire-inspection-2012-34"
LEAST, MOST = 5, 4000
SEND, RECEIVE, SETTLE, SEE = "transfers.transfer", "transfers.receive", "transfers.settle", "transfers.see"


def not_in_dispute(transfer: Any, day: date) -> Blocked | None:
    """Say that a dispute lies with the common superior: until it is settled the sender does not act on it."""
    if transfer.due_step not in SETTLING:
        return None
    return Blocked(_("已提请共同上级裁定，请等待裁定结果。"), never=True)


def not_contested_yet(transfer: Any, day: date) -> Blocked | None:
    """Say that a matter is contested once."""
    if transfer.contested_at is None:
        return None
    return Blocked(
        _("共同上级已经裁定过，请改送其他机关或者收回自行办理。"),
        allowed=("redirect", "take_back"),
        never=True,
    )


def _why(label: object, lacking: object, help: object = "") -> Field:
    """Return the field of the words that an act must be given."""
    return note(label, required=True, least=LEAST, most=MOST, lacking=lacking, help=help)


_WHY = _why(_("理由"), _("请写明理由。"))
_MATTER = (
    Field("case_id", _("事项"), "record", required=True),
    Field(
        "reason",
        _("移送理由和请求"),
        required=True,
        least=LEAST,
        most=MOST,
        lacking=_("请写明为什么不属于本单位职权、请对方做什么。"),
    ),
    Field(
        "stopped",
        _("已当场责令停止或已采取的措施"),
        required=True,
        least=LEAST,
        most=MOST,
        lacking=_("请写明已当场责令停止什么；没有可停止的，也请写明已采取的措施。"),
    ),
    Field("evidence_ids", _("证据"), "records"),
    Field("order_id", _("已下达的责令改正文书"), "record"),
    Field("sender_id", _("移送机关"), "record"),
)
_RECEIVER = Field(
    "receiver_id",
    _("接收机关"),
    "record",
    required=True,
    choices="receivers",
    help=_("已经办理或退回过此件的机关不能再选；意见不一致的，请提请共同上级裁定。"),
)
_TAKEN = (S.SIGNED, S.ACCEPTED)
STEPS = (
    Step("draft", _("拟稿"), NEW, S.DRAFT, SEND, BASIS, starts=("send",), mood="quiet",
         asks=(Field("kind", _("方式"), "choice", required=True, lacking=_("请选择移送或抄告。"),
                     choices=(("referral", KIND_LABELS["referral"]), ("copy_notice", KIND_LABELS["copy_notice"]))),
               Field("receiver_id", _("接收机关"), "record"), *_MATTER)),
    Step("report_serious", _("书面报告街道和消防救援机构"), NEW, None, SEND, SERIOUS_BASIS, asks=_MATTER,
         mood="danger"),
    Step("dispatch", _("发出"), NEW, S.SENT, "", BASIS, who=WITHIN, starts=("sign",),
         effects=("tell_case", "take_over")),
    Step("send", _("发出"), frozenset({S.DRAFT}), S.SENT, SEND, BASIS, who="sender", starts=("sign",),
         effects=("tell_case", "take_over"), tone="primary"),
    Step("discard", _("撤回草稿"), frozenset({S.DRAFT}), S.CLOSED, SEND, BASIS, who="sender", asks=(_WHY,),
         stops=("due",), mood="quiet"),
    Step("sign_for", _("签收"), frozenset({S.SENT}), S.SIGNED, RECEIVE, BASIS, who="receiver", starts=("accept",),
         tone="primary"),
    Step("accept", _("受理"), frozenset({S.SIGNED}), S.ACCEPTED, RECEIVE, BASIS, who="receiver", asks=(note(),),
         starts=("outcome",), effects=("take_over",), tone="primary"),
    Step("refuse", _("不予受理，退回"), frozenset({S.SIGNED}), S.REFUSED, RECEIVE, BASIS, who="receiver",
         asks=(_why(_("不予受理的理由和依据"), _("请写明不予受理的理由和依据，移送机关要据此改送或提请裁定。"),
                    _("退回后由移送机关改送、提请裁定或收回自行办理。")),),
         starts=("redirect",), tone="danger"),
    Step("pass_on", _("转送其他机关"), frozenset(_TAKEN), S.PASSED_ON, RECEIVE, BASIS, who="receiver",
         asks=(_RECEIVER, _why(_("为什么属于该机关职权"), _("请写明为什么属于该机关职权。"),
                               _("会以本单位名义另发一份通知书，首次移送的机关仍能看到。"))),
         starts=("outcome",), effects=("hand_on",), mood="warn"),
    Step("report_back", _("反馈办理结果"), frozenset({S.ACCEPTED}), S.REPORTED_BACK, RECEIVE, BASIS, who="receiver",
         asks=(Field("outcome", _("办理结果"), "choice", required=True, choices="outcomes",
                     lacking=_("请选择办理结果。")),
               _why(_("查明的情况和处理经过"), _("请写明查明了什么、怎么处理的。")),
               Field("uploads", _("证明材料（照片或 PDF）"), "files",
                     help=_("结果会同时告知移送机关和双方上级；结果是“已整改”“已取缔”的须附证明材料。"))),
         starts=("close",), said=_("反馈结果"), tone="primary"),
    Step("handed_up", _("受转送机关反馈结果"), frozenset({S.PASSED_ON}), S.REPORTED_BACK, "", BASIS, who=WITHIN,
         starts=("close",)),
    Step("close", _("认可结果，办结"), frozenset({S.REPORTED_BACK}), S.CLOSED, SEND, BASIS, who="sender",
         asks=(note(help=_("认可后本件办结；隐患本身仍由本系统跟踪，整改的请安排复查。")),),
         stops=("due",), effects=("tell_case", "hand_up"), tone="primary", mood="done"),
    Step("insist", _("结果不成立，退回重办"), frozenset({S.REPORTED_BACK}), S.ACCEPTED, SEND, BASIS, who="sender",
         asks=(_why(_("结果为什么不成立，还要办什么"), _("请写明结果为什么不成立、还要办什么。")),),
         starts=("again",), tone="danger"),
    Step("redirect", _("改送其他机关"), frozenset({S.REFUSED}), S.CLOSED, SEND, BASIS, who="sender",
         when=(not_in_dispute,), asks=(_RECEIVER, _why(_("为什么改送该机关"), _("请写明为什么改送该机关。"))),
         stops=("due",), effects=("hand_on",), tone="primary", mood="warn"),
    Step("contest", _("提请共同上级裁定"), frozenset({S.REFUSED}), None, SEND, BASIS, who="sender",
         when=(not_in_dispute, not_contested_yet),
         asks=(_why(_("争议和本单位意见"), _("请写明双方的争议和本单位的意见。"),
                    _("由双方的共同上级裁定由谁办理，每件只能提请一次。")),),
         starts=("settle_sender",), mood="warn"),
    Step("take_back", _("收回自行办理"), frozenset({S.REFUSED}), S.CLOSED, SEND, BASIS, who="sender",
         when=(not_in_dispute,), asks=(_WHY,), stops=("due",), effects=("give_back",), mood="quiet"),
    Step("resumed", _("转送被收回，继续由本单位办理"), frozenset({S.PASSED_ON}), S.ACCEPTED, "", BASIS, who=WITHIN,
         starts=("outcome",), mood="warn"),
    Step("order_accept", _("裁定由接收机关办理"), frozenset({S.REFUSED}), S.ACCEPTED, SETTLE, BASIS, who="settler",
         asks=(_why(_("裁定的理由"), _("请写明裁定的理由。")),), starts=("outcome",), tone="primary"),
    Step("order_return", _("裁定退回移送机关"), frozenset({S.REFUSED}), None, SETTLE, BASIS, who="settler",
         asks=(_why(_("裁定的理由"), _("请写明裁定的理由。")),), starts=("redirect",), mood="warn"),
    # These leave everything as it is.
    Step("urge", _("催办"), OPEN - {S.DRAFT}, None, SEE, BASIS, who="watcher",
         asks=(_why(_("催办的要求"), _("请写明催办的要求。")),), mood="warn"),
    Step("verify", _("核对证据清单"), ANY, None, SEE, mood="quiet"),
    Step("escalate", _("超期升级"), OPEN, None, "", BASIS, who=SYSTEM, mood="danger"),
    Step("deadline_moved", _("工作日历变更，移送期限重算"), ANY, None, "", BASIS, who=SYSTEM, mood="warn"),
)  # fmt: skip

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
# Which of them must act while a clock runs.
OWNERS = {
    "send": SENDER,
    "sign": RECEIVER,
    "accept": RECEIVER,
    "outcome": RECEIVER,
    "again": RECEIVER,
    "redirect": SENDER,
    "settle_sender": ABOVE_SENDER,
    "settle_recv": ABOVE_RECEIVER,
    "close": SENDER,
}
# While the common superior has the dispute, only it may act; it is told apart by whose superior it is.
SETTLING = {"settle_sender": ABOVE_SENDER, "settle_recv": ABOVE_RECEIVER}


def next_party(state: str, due_step: str) -> str:
    """Say which column of a transfer holds the office that must act next, or "" when it is closed."""
    if due_step in SETTLING:
        return SETTLING[due_step]
    if state in (S.DRAFT, S.REFUSED, S.REPORTED_BACK):
        return SENDER
    return RECEIVER if state in (S.SENT, S.SIGNED, S.ACCEPTED, S.PASSED_ON) else ""


def clock_key(name: str, *, kind: str) -> str:
    """Return the key of rulebooks/transfers clocks of a clock that a step starts; the outcome's depends on the kind."""
    return f"outcome_{kind}" if name == "outcome" else "settle" if name in SETTLING else name


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
