"""Verbs of orders to correct: issue (on paper or by word), serve, ask for a re-check, comply, withdraw, overdue.

There is one way to issue an order, for a case and for a visit alike: a draft made from the matter, looked at, then
`order_timed` or `order_immediate`. Each leaves an `Order` with a line for each hazard; what is issued on paper is a
document of means.documents about that order.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from anju.duties.cases import services as cases
from anju.duties.cases.models import Case, Notice
from anju.duties.inspections.models import Visit
from anju.duties.inspections.rules import case_of_item
from anju.ground.access import services as access
from anju.ground.access.actors import SYSTEM, Actor
from anju.ground.foundation import journal, workflow
from anju.ground.foundation.refusals import NotAllowedNow, NotFound, NotPermitted, Refusal
from anju.ground.foundation.workflow import Step
from anju.means.documents import services as papers
from anju.means.documents.rules import HazardLine, Inspector, OrderData, OrderImmediateData

from ..models import Order, OrderLine
from ..queries import matters
from ..queries.matters import Matter
from ..rules import ORDER_KINDS, ORDER_LABELS, ORDER_STEPS, RUNNING, OrderState
from .papers import issue_paper

TIMED, IMMEDIATE = "order_timed", "order_immediate"
_BASIS = "mps-fire-inspection-2012-19"


@dataclass(frozen=True, slots=True)
class Draft:
    """An order before it is issued: the matter, and what will be printed."""

    matter: Matter
    data: OrderData


def draft(matter: Matter, *, by: Actor, at: datetime, typed: Mapping[str, Any] | None = None) -> Draft:
    """Draft an order from a matter: who, where, which hazards, by which articles, until when.

    typed  what the officer changed on the form: recipient, phone, due_on, hazard and place (one for each hazard),
           second_name, second_badge; without it the colleague of the visit comes second
    """
    if not matter.hazards:
        raise Refusal(_("没有需要责令改正的隐患，隐患都已当场改正。"))
    office = matters.agency_of(by)
    own = matters.officer(by)
    basis: dict[str, None] = {}
    for hazard in matter.hazards:
        basis |= dict.fromkeys(hazard.basis)
    made = OrderData(
        organisation=office.name,
        recipient=matter.recipient,
        place=matter.address,
        inspected_on=matter.seen_on,
        due_on=max(h.due_on for h in matter.hazards),
        basis=tuple(basis),
        hazards=tuple(
            HazardLine(h.place or matter.address, h.name, "；".join(h.basis), h.due_on)
            for h in matter.hazards
        ),
        inspectors=(own, *matter.others[:1]) if own else (),
        phone=office.phone,
    )
    return Draft(matter, _retyped(made, typed) if typed is not None else made)


def of_case(case_id: int, *, by: Actor, at: datetime, typed: Mapping[str, Any] | None = None) -> Draft:
    """Draft an order on one case."""
    return draft(matters.of_case(by, case_id, at=at), by=by, at=at, typed=typed)


def _retyped(made: OrderData, typed: Mapping[str, Any]) -> OrderData:
    def all_of(name: str) -> list[str]:
        return typed.getlist(name) if hasattr(typed, "getlist") else [typed[name]] if name in typed else []

    due = matters.typed_day(typed.get("due_on"), name="due_on") or made.due_on
    people = list(made.inspectors[:1])
    if name := str(typed.get("second_name") or "").strip():
        people.append(Inspector(name, str(typed.get("second_badge") or "").strip()))
    hazards, places = all_of("hazard"), all_of("place")
    lines = tuple(
        replace(
            line,
            hazard=(hazards[n].strip() if n < len(hazards) else "") or line.hazard,
            place=(places[n].strip() if n < len(places) else "") or line.place,
            term=due,
        )
        for n, line in enumerate(made.hazards)
    )
    return replace(
        made,
        recipient=str(typed.get("recipient") or "").strip() or made.recipient,
        phone=str(typed.get("phone") or "").strip() or made.phone,
        due_on=due,
        hazards=lines,
        inspectors=tuple(people),
    )


def preview(draft: Draft, *, at: datetime, kind: str = TIMED) -> bytes:
    """Draw the draft as .pdf with a watermark; nothing is kept."""
    return papers.preview(kind, _facts(draft, kind), at=at)


def _facts(draft: Draft, kind: str) -> OrderData | OrderImmediateData:
    if kind == TIMED:
        return draft.data
    given = draft.data
    return OrderImmediateData(
        organisation=given.organisation,
        recipient=given.recipient,
        place=given.place,
        inspected_on=given.inspected_on,
        basis=given.basis,
        hazards=tuple(replace(line, term=None) for line in given.hazards),
        inspectors=given.inspectors,
        phone=given.phone,
    )


# ------------------------------------------------------------------------------------------------------- issuing


@transaction.atomic
def order_timed(*, draft: Draft, by: Actor, at: datetime, key: str = "") -> Order:
    """Issue an order to correct by a day (责令限期改正) under the next number, to be served in three workdays."""
    if draft.data.due_on < matters.day_of(at):
        raise Refusal(_("改正期限不能早于今天，请重新选择期限。"), field="due_on")
    return _issue(draft, kind="timed", by=by, at=at, key=key)


@transaction.atomic
def order_immediate(*, draft: Draft, by: Actor, at: datetime, oral: bool = False, key: str = "") -> Order:
    """Order to correct at once (责令立即改正), on paper, or by word when it is minor and was put right at once.

    oral  said and noted in the record only; the order is complied with from the beginning
    """
    if oral and any(h.severity != "general" for h in draft.matter.hazards):
        raise Refusal(
            _("口头责令只用于情节轻微、当场改正的问题；这一项是较大隐患，请制发责令立即改正通知书。"),
            field="oral",
        )
    return _issue(draft, kind="immediate", oral=oral, by=by, at=at, key=key)


def _issue(draft: Draft, *, kind: str, by: Actor, at: datetime, key: str, oral: bool = False) -> Order:
    matter, data = draft.matter, draft.data
    asked = journal.digest(
        [kind, oral, matter.about, data.recipient, data.due_on, [h.hazard for h in data.hazards]]
    )
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return Order.objects.get(pk=known.subject_id)
    sentence = _("您的岗位不能责令改正。")
    if not by.has("orders.order"):
        raise NotPermitted(sentence, data={"power": "orders.order"})
    for case_id in matter.case_ids:
        case = cases.locked(case_id, by=by)
        cases.require_power_on(case, "orders.order", by=by, sentence=sentence)
        if not case.is_open:
            raise NotAllowedNow(
                _("%(number)s 现在是“%(state)s”，不用再责令改正。")
                % {"number": case.number, "state": case.state_label},
                data={"allowed": []},
            )
    # Asked again behind the locks on the cases: the second of two equal requests waited there for the first.
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return Order.objects.get(pk=known.subject_id)
    office = matters.agency_of(by)
    today = matters.day_of(at)
    service = matters.book(today)["service"]
    due = data.due_on if kind == "timed" else today
    own = matter.company if matter.company and matter.company.name == data.recipient else None
    order = Order.objects.create(
        **matter.place,
        kind=kind,
        state=OrderState.COMPLIED if oral else OrderState.ISSUED,
        unit=matter.unit,
        visit=matter.visit,
        agency=office,
        recipient=data.recipient[:120],
        company=own,
        oral=oral,
        issued_at=at,
        due_on=due,
        serve_by=None if oral else matters.last_day(data.inspected_on, service["order_within"]),
        served_at=at if oral else None,
        recheck_by=None if oral else matters.last_day(due, service["recheck_within"]),
        complied_on=today if oral else None,
        is_demo=matter.is_demo,
    )
    OrderLine.objects.bulk_create(
        OrderLine(
            order=order,
            case_id=hazard.case_id,
            finding_id=hazard.finding_id,
            class_code=hazard.class_code,
            place=line.place[:200],
            text=line.hazard[:1000],
            due_on=due,
        )
        for hazard, line in zip(matter.hazards, data.hazards, strict=True)
    )
    if not oral:
        paper_kind = TIMED if kind == "timed" else IMMEDIATE
        paper = issue_paper(
            kind=paper_kind, data=_facts(draft, paper_kind), office=office, subject=order, by=by, at=at
        )
        order.document_id, order.written_number = paper.pk, paper.written_number
        order.save(update_fields=["document_id", "written_number"])
    journal.record(
        "orders.issue",
        subject=order,
        by=by,
        at=at,
        note=order.written_number,
        basis=_BASIS,
        data=matters.party_data(order) | {"kind": kind, "oral": oral, "due_on": due.isoformat()},
        key=key,
        key_digest=asked,
    )
    said = _("%(kind)s：%(recipient)s，%(number)s") % {
        "kind": ORDER_KINDS[kind],
        "recipient": order.recipient,
        "number": order.written_number or _("口头"),
    }
    note_on_cases(order, said, by=by, at=at, basis=_BASIS)
    return order


def note_on_cases(order: Order, said: str, *, by: Actor, at: datetime, basis: str = "") -> None:
    """Write a line into the story of each case that an order names."""
    for case in Case.objects.filter(order_lines__order=order).defer("search").order_by("pk"):
        journal.record(
            "orders.noted_on_case",
            subject=case,
            by=by,
            at=at,
            note=said,
            basis=basis,
            data={"order": order.pk, "number": order.written_number},
        )


# ----------------------------------------------------------------------------------------------- what follows it


def locked(order_id: int, *, by: Actor) -> Order:
    """Lock an order that the actor may see, or say that there is none."""
    seen = access.visible_q(Order, to=by, power="orders.see")
    found = Order.objects.filter(seen, pk=order_id).select_related("agency", "company")
    order = found.select_for_update(of=("self",)).first()
    if order is None:
        raise NotFound(_("没有找到这份责令改正，可能编号有误，或不在您的管辖范围。"))
    return order


def _mine(order: Order, *, by: Actor) -> None:
    """Refuse whoever is not of the agency that issued the order."""
    if not by.has("orders.order") or order.agency_id not in by.organisation_ids:
        raise NotPermitted(_("这份责令改正由“%(name)s”办理，请由该单位操作。") % {"name": order.agency.name})


def _possible(order: Order, act: str) -> Step:
    """Return the step an act takes from the order's state, or refuse it in words."""
    try:
        return workflow.find(ORDER_STEPS, act=act, state=order.state)
    except NotAllowedNow as refused:
        raise NotAllowedNow(
            _("这份责令改正现在是“%(state)s”，不能“%(act)s”。")
            % {
                "state": ORDER_LABELS[order.state],
                "act": next(str(step.label) for step in ORDER_STEPS if step.act == act),
            },
            data=refused.data,
        ) from None


@transaction.atomic
def serve(
    *,
    order_id: int,
    way: str,
    served_to: str,
    by: Actor,
    at: datetime,
    served_at: datetime | None = None,
    witness: str = "",
    note: str = "",
    key: str = "",
) -> Order:
    """Note that an order reached its addressee: how, when, to whom; left there, before which witness.

    way        key of rulebooks/penalties service.ways
    served_at  when it was handed over (default: now)
    """
    asked = journal.digest([order_id, way, served_to, served_at, witness, note])
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return Order.objects.get(pk=known.subject_id)
    order = locked(order_id, by=by)
    _mine(order, by=by)
    _possible(order, "serve")
    said, when = read_service(
        way=way,
        served_to=served_to,
        witness=witness,
        note=note,
        since=order.issued_at,
        served_at=served_at,
        at=at,
    )
    order.state, order.served_at, order.served_how = OrderState.SERVED, when, way
    order.served_to, order.service_note = served_to.strip()[:60], said[:300]
    order.save(update_fields=["state", "served_at", "served_how", "served_to", "service_note"])
    late = order.serve_by is not None and matters.day_of(when) > order.serve_by
    journal.record(
        "orders.serve",
        subject=order,
        by=by,
        at=at,
        note=said,
        basis=_BASIS,
        data=matters.party_data(order) | {"way": way, "late": late},
        key=key,
        key_digest=asked,
    )
    return order


def read_service(
    *,
    way: str,
    served_to: str,
    witness: str,
    note: str,
    since: datetime,
    served_at: datetime | None,
    at: datetime,
) -> tuple[str, datetime]:
    """Check how a paper was served; return what to note and when it was. Raises Refusal naming the field."""
    ways = {entry["key"]: entry for entry in matters.book(matters.day_of(at))["service"]["ways"]}
    if way not in ways:
        raise Refusal(_("请选择送达方式。"), field="way")
    if not served_to.strip():
        raise Refusal(_("请填写签收人；拒收的，填写拒收人。"), field="served_to")
    if ways[way].get("witness") and not witness.strip():
        raise Refusal(_("拒绝签收、留置送达的，请填写在场见证人。"), field="witness")
    when = served_at or at
    # A form without seconds may say the very minute of issue.
    if when > at or when < since.replace(second=0, microsecond=0):
        raise Refusal(_("送达时间应在制发之后、现在之前，请核对。"), field="served_at")
    parts = [note.strip()]
    if witness.strip():
        parts.append(_("拒绝签收，见证人：%(name)s") % {"name": witness.strip()})
    return "；".join(p for p in parts if p), max(when, since)


@transaction.atomic
def ask_recheck(*, order_id: int, by: Actor, at: datetime, note: str = "", key: str = "") -> Order:
    """Ask for the re-check before the term ends; it is then due three workdays after the request.

    The addressee asks by itself, or the agency notes that it asked.
    """
    asked = journal.digest([order_id, note])
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return Order.objects.get(pk=known.subject_id)
    order = locked(order_id, by=by)
    own = order.company_id is not None and order.company_id in by.organisation_ids
    if not own:
        _mine(order, by=by)
    _possible(order, "ask_recheck")
    if order.recheck_asked_at is not None:
        raise NotAllowedNow(_("已经申请过复查，请等待执法单位到场。"), data={"allowed": []})
    within = matters.book(matters.day_of(at))["service"]["recheck_within"]
    due = matters.last_day(matters.day_of(at), within)
    order.recheck_asked_at = at
    order.recheck_by = min(due, order.recheck_by) if order.recheck_by else due
    order.save(update_fields=["recheck_asked_at", "recheck_by"])
    journal.record(
        "orders.ask_recheck",
        subject=order,
        by=by,
        at=at,
        note=note.strip(),
        basis=within["basis"],
        data=matters.party_data(order) | {"recheck_by": order.recheck_by.isoformat()},
        key=key,
        key_digest=asked,
    )
    note_on_cases(order, _("申请复查：%(number)s") % {"number": order.written_number}, by=by, at=at)
    return order


@transaction.atomic
def comply(
    *, order_id: int, note: str, by: Actor, at: datetime, on: date | None = None, key: str = ""
) -> Order:
    """Note that an order was obeyed, as the re-check found on a day (default: today)."""
    asked = journal.digest([order_id, note, on])
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return Order.objects.get(pk=known.subject_id)
    order = locked(order_id, by=by)
    _mine(order, by=by)
    _possible(order, "comply")
    if len(note.strip()) < 4:
        raise Refusal(_("请写明复查看到的情况，至少四个字。"), field="note")
    today = matters.day_of(at)
    day = on or today
    if not matters.day_of(order.issued_at) <= day <= today:
        raise Refusal(_("改正日期应在责令之后、今天以前，请核对。"), field="on")
    _complied(order, day=day, note=note.strip(), by=by, at=at, key=key, key_digest=asked)
    return order


def _complied(order: Order, *, day: date, note: str, by: Actor, at: datetime, **receipt: str) -> None:
    order.state, order.complied_on = OrderState.COMPLIED, day
    order.save(update_fields=["state", "complied_on"])
    journal.record(
        "orders.comply",
        subject=order,
        by=by,
        at=at,
        note=note,
        basis="mps-fire-inspection-2012-21",
        data=matters.party_data(order) | {"on": day.isoformat()},
        **receipt,
    )


@transaction.atomic
def withdraw(*, order_id: int, reason: str, by: Actor, at: datetime, key: str = "") -> Order:
    """Withdraw an order issued in error; its paper is voided and keeps its number."""
    asked = journal.digest([order_id, reason])
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return Order.objects.get(pk=known.subject_id)
    order = locked(order_id, by=by)
    _mine(order, by=by)
    _possible(order, "withdraw")
    if len(reason.strip()) < 4:
        raise Refusal(_("请写明撤回的理由，至少四个字。"), field="reason")
    order.state = OrderState.VOID
    order.save(update_fields=["state"])
    if order.document_id:
        papers.void(document_id=order.document_id, reason=reason.strip(), by=by, at=at)
    journal.record(
        "orders.withdraw",
        subject=order,
        by=by,
        at=at,
        note=reason.strip(),
        data=matters.party_data(order),
        key=key,
        key_digest=asked,
    )
    return order


# --------------------------------------------------------------------------------------------------- by themselves


def mark_overdue(*, at: datetime, batch: int = 200) -> int:
    """Call each served order overdue whose term has passed, once, however many workers run this.

    An order is claimed by a guarded UPDATE that asks the question again; the event and the notices are written in the
    same transaction. The hazards' own cases climb their ladder by their own clocks; the issuing agency is told.
    """
    today = matters.day_of(at)
    late = Order.objects.filter(state=OrderState.SERVED, due_on__lt=today)
    marked = 0
    while ids := list(late.order_by("due_on", "pk").values_list("pk", flat=True)[:batch]):
        for pk in ids:
            with transaction.atomic():
                if not late.filter(pk=pk).update(state=OrderState.OVERDUE):
                    continue
                order = Order.objects.select_related("agency", "company").get(pk=pk)
                _tell_overdue(order, at=at)
                marked += 1
        if len(ids) < batch:
            break
    return marked


def _tell_overdue(order: Order, *, at: datetime) -> None:
    said = _("责令改正期限已过，仍未登记改正：%(recipient)s %(number)s") % {
        "recipient": order.recipient,
        "number": order.written_number,
    }
    journal.record(
        "orders.overdue",
        subject=order,
        by=SYSTEM,
        at=at,
        note=said,
        basis="mps-fire-inspection-2012-21",
        data=matters.party_data(order) | {"due_on": order.due_on.isoformat() if order.due_on else ""},
    )
    note_on_cases(order, said, by=SYSTEM, at=at)
    Notice.objects.bulk_create(
        Notice(case=case, kind="order", organisation=order.agency, text=said[:500], at=at)
        for case in Case.objects.filter(order_lines__order=order).defer("search").order_by("pk")
    )


def case_closed(case_id: int, *, at: datetime) -> None:
    """Note that orders were obeyed whose every hazard is closed, now that one more is."""
    running = Order.objects.filter(state__in=sorted(RUNNING), lines__case=case_id).distinct()
    for pk in running.values_list("pk", flat=True):
        order = Order.objects.select_for_update(of=("self",)).select_related("company").get(pk=pk)
        still_open = order.lines.filter(case__closed_at__isnull=True).exclude(case=case_id)
        if order.state in RUNNING and not still_open.exists():
            note = _("所列隐患均已复查办结。")
            _complied(order, day=matters.day_of(at), note=note, by=SYSTEM, at=at)


def rechecked(visit_id: int, *, at: datetime) -> None:
    """Note that orders were obeyed whose every hazard its own agency has now seen put right at a re-check."""
    visit = Visit.objects.get(pk=visit_id)
    for part in visit.parts.order_by("pk"):
        seen = [
            pk
            for item in part.items.filter(result="ok").order_by("pk")
            if (pk := case_of_item(item.item)) is not None
        ]
        running = Order.objects.filter(
            state__in=sorted(RUNNING), agency=part.agency_id, lines__case__in=seen
        ).distinct()
        for pk in running.order_by("pk").values_list("pk", flat=True):
            order = Order.objects.select_for_update(of=("self",)).select_related("company").get(pk=pk)
            open_ = order.lines.filter(case__closed_at__isnull=True).exclude(case__in=seen)
            if order.state in RUNNING and not open_.exists():
                note = _("现场复查（%(number)s）：所列隐患均已改正。") % {"number": visit.number}
                _complied(order, day=visit.visited_on or matters.day_of(at), note=note, by=SYSTEM, at=at)


def recompute_terms(*, at: datetime) -> int:
    """Work out again by when open orders are to be served and re-checked, after a change of the calendar."""
    moved = 0
    service = matters.book(matters.day_of(at))["service"]
    for order in Order.objects.filter(state__in=[OrderState.SERVED, OrderState.OVERDUE]).iterator(
        chunk_size=1000
    ):
        due = recheck_day(order, service["recheck_within"])
        if due != order.recheck_by:
            moved += Order.objects.filter(pk=order.pk, recheck_by=order.recheck_by).update(recheck_by=due)
    return moved


def recheck_day(order: Order, within: dict[str, Any]) -> date | None:
    """Return by when an order is to be re-checked: after its term, or after the request when that is earlier."""
    ends = [order.due_on] if order.due_on else []
    if order.recheck_asked_at:
        ends.append(matters.day_of(order.recheck_asked_at))
    return min((matters.last_day(end, within) for end in ends), default=None)
