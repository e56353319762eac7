"""How transfers come into being: a draft, a serious hazard reported to two at once, a matter handed on."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from anju.duties.cases.models import Case, Evidence
from anju.duties.cases.rules import PURPOSE_LABELS
from anju.duties.orders.queries import matters
from anju.ground.access.actors import Actor
from anju.ground.foundation.acts import Turn, derived
from anju.ground.foundation.refusals import NotAllowedNow, Refusal
from anju.ground.organisations.models import Organisation

from .. import queries, rules
from ..models import Transfer, TransferEvidence
from ..rules import STATE_LABELS, TransferState
from . import letters, manifests
from .loop import LOOP


@LOOP.verb("draft")
def draft_transfer(
    turn: Turn,
    *,
    case_id: int,
    kind: str,
    receiver_id: int | None,
    reason: str,
    stopped: str,
    evidence_ids: Sequence[int] = (),
    order_id: int | None = None,
    sender_id: int | None = None,
    is_demo: bool = False,
) -> Transfer:
    """Draft a transfer of a case: to whom, why, what was stopped at once, with the evidence fixed by its digests.

    kind          referral, copy_notice (a serious report is made by `report_serious`, to both at once)
    evidence_ids  cases.Evidence of the case; their stored originals are hashed anew before they are written down
    order_id      an order that names the case; its number is added to what was stopped
    sender_id     the office in whose name; may be left out when the actor has one only
    """
    case = _locked_case(turn, case_id)
    sender = _sender(turn.by, sender_id)
    made = _new(
        case,
        kind=kind,
        sender=sender,
        receiver=_receiver(case, receiver_id, sender, at=turn.at),
        reason=reason,
        stopped=_with_order(case, stopped, order_id),
        lines=_chosen(case, evidence_ids),
        at=turn.at,
        is_demo=is_demo or case.is_demo,
    )
    turn.facts = {
        "case": case.pk,
        "to": made.receiver.name,
        "kind": kind,
        "order": order_id,
        "manifest": made.manifest_hash,
    }
    return made


@LOOP.verb("dispatch")
def dispatch(
    turn: Turn,
    *,
    case: Case,
    kind: str,
    sender: Organisation,
    receiver: Organisation,
    reason: str,
    stopped: str,
    lines: Sequence[Evidence] | Sequence[TransferEvidence] = (),
    passed_from: Transfer | None = None,
    is_demo: bool = False,
) -> Transfer:
    """Make a transfer and send it in one: a serious report, or a matter that is handed on."""
    made = _new(
        case, kind=kind, sender=sender, receiver=receiver, reason=reason, stopped=stopped, lines=lines, at=turn.at,
        passed_from=passed_from, is_demo=is_demo,
    )  # fmt: skip
    letters.send_out(made, turn)
    made.state = TransferState.SENT
    made.save()
    turn.note = reason
    if kind == "serious_report":
        turn.basis = rules.SERIOUS_BASIS
    if passed_from is not None:
        turn.facts["from"] = passed_from.pk
    return made


@LOOP.effect("hand_on")
def _hand_on(turn: Turn) -> None:
    """Make and send the next transfer of a matter, with the same manifest, linked to the one before."""
    before = turn.row
    turn.do(
        dispatch, case=before.case, kind=before.kind,
        sender=before.receiver if turn.step.act == "pass_on" else before.sender,
        receiver=Organisation.objects.get(pk=turn.given["receiver_id"]), reason=turn.note, stopped=before.stopped,
        lines=list(before.evidence.select_related("file").order_by("pk")), passed_from=before, is_demo=before.is_demo,
    )  # fmt: skip


@LOOP.verb("report_serious")
def report_serious(
    turn: Turn,
    *,
    case_id: int,
    reason: str,
    stopped: str,
    evidence_ids: Sequence[int] = (),
    order_id: int | None = None,
    sender_id: int | None = None,
    is_demo: bool = False,
) -> list[Transfer]:
    """Report a serious hazard in writing to the street and to the fire agency, both in one act; return the letters.

    The office that reports is left out when it is one of the two. Raises Refusal when the hazard's class does not call
    for it, or when one of the two offices is not registered: half a report is none.
    """
    turn.subject = case = _locked_case(turn, case_id)
    if not queries.suggest(case, at=turn.at).serious:
        raise Refusal(_("这类隐患不需要向街道和消防救援机构书面报告；属于其他机关职权的，请移送或抄告。"))
    sender = _sender(turn.by, sender_id)
    text, lines = _with_order(case, stopped, order_id), _chosen(case, evidence_ids)
    made = [
        dispatch(
            case=case, kind="serious_report", sender=sender, receiver=receiver, reason=reason, stopped=text,
            lines=lines, is_demo=is_demo or case.is_demo, by=turn.by, at=turn.at,
            key=derived(turn.key, f"dispatch:{receiver.pk}"),
        )
        for receiver in _both(case, at=turn.at)
        if receiver.pk != sender.pk
    ]  # fmt: skip
    turn.note = _("、").join(one.receiver.name for one in made)
    return made


def _both(case: Case, *, at: datetime) -> list[Organisation]:
    """Return the two offices that a serious hazard is reported to."""
    offices, found = queries.receivers(case, at=at), []
    for kind in queries.book(at)["serious"]["to"]:
        receiver = next((office for office in offices if office.kind == kind), None)
        if receiver is None:
            raise Refusal(
                _("当地没有登记街道办事处或消防救援机构，请系统管理员先登记。"), data={"kind": kind}
            )
        found.append(receiver)
    return found


def _locked_case(turn: Turn, case_id: int) -> Case:
    """Lock a case that the actor sees, so that the second of two equal requests finds what the first has left."""
    case = queries.case_to_transfer(turn.by, case_id)
    Case.objects.select_for_update(of=("self",)).only("pk").get(pk=case.pk)
    turn.asked_again()
    return case


def _sender(by: Actor, sender_id: int | None) -> Organisation:
    offices = queries.senders(by)
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
            sha256=manifests.fixed(line.file),
            name=(line.name if isinstance(line, TransferEvidence) else line.caption or line.file.name)[:200],
            taken_at=line.taken_at if isinstance(line, TransferEvidence) else line.file.taken_at,
            note=line.note if isinstance(line, TransferEvidence) else str(_purpose(line)),
        )
        for line in lines
    ]
    TransferEvidence.objects.bulk_create(rows)
    made.manifest_hash = manifests.hash_of(rows)
    made.save(update_fields=["manifest_hash"])
    return made


def _purpose(line: Evidence) -> object:
    return PURPOSE_LABELS[line.purpose]
