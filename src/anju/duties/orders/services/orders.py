"""Verbs of orders to correct: issue (on paper or by word), serve, ask for a re-check, comply, withdraw, overdue.

There is one way to issue an order, for a case and for a visit alike: a draft made from the matter, looked at, then
`order_timed` or `order_immediate`. Each leaves an `Order` with a line for each hazard; what is issued on paper is a
document of means.documents about that order.
"""

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from anju.duties.cases import services as cases
from anju.duties.cases.models import Case
from anju.duties.cases.services import notes
from anju.duties.inspections.models import Visit
from anju.duties.inspections.rules import case_of_item
from anju.ground.access.actors import SYSTEM, Actor
from anju.ground.foundation import clocks, ladder, notices
from anju.ground.foundation.acts import Loop, Turn
from anju.ground.foundation.refusals import NotAllowedNow, NotPermitted, Refusal
from anju.means.documents import services as papers
from anju.means.documents.rules import HazardLine, Inspector, OrderData, OrderImmediateData

from ..models import Order, OrderLine
from ..queries import matters
from ..queries.matters import Matter
from ..rules import ORDER_KINDS, ORDER_LABELS, ORDER_MOODS, ORDER_STEPS, RUNNING, OrderState
from .papers import issue_paper

TIMED, IMMEDIATE = "order_timed", "order_immediate"


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


# ------------------------------------------------------------------------------------------------------- the Loop


def _whose(turn: Turn) -> None:
    """Let an officer without the power to order not ask for a re-check in the addressee's stead."""
    order, by = turn.row, turn.by
    if (
        turn.step.act == "ask_recheck"
        and order.company_id not in by.organisation_ids
        and not by.has("orders.order")
    ):
        raise NotPermitted(str(LOOP.not_yours) % {"name": order.agency.name}, data={"power": "orders.order"})


LOOP = Loop(
    Order, ORDER_STEPS, room="orders", see="orders.see", labels=ORDER_LABELS, moods=ORDER_MOODS,
    roles={"agency": "agency", "company": "company"}, related=("agency", "company"), turns=_whose,
    news=matters.party_data, noun=lazy("这份责令改正"), no_power=lazy("您的岗位不能责令改正。"),
    not_yours=lazy("这份责令改正由“%(name)s”办理，请由该单位操作。"),
    missing=lazy("没有找到这份责令改正，可能编号有误，或不在您的管辖范围。"),
    choices={"ways": lambda order, day, by: matters.named(matters.book(day)["service"]["ways"])},
)  # fmt: skip


def _asked(given: Mapping[str, Any]) -> list[Any]:
    """Say what makes two orders the same: about what, to whom, until when, which hazards."""
    draft = given["draft"]
    data, hazards = draft.data, [line.hazard for line in draft.data.hazards]
    return [
        given.get("kind"),
        bool(given.get("oral")),
        draft.matter.about,
        data.recipient,
        data.due_on,
        hazards,
    ]


@LOOP.verb("issue", asked=_asked)
def issue(turn: Turn, *, draft: Draft, kind: str, oral: bool = False) -> Order:
    """Issue an order to correct: by a day, to be served in three workdays, or at once.

    kind  timed (责令限期改正) or immediate (责令立即改正)
    oral  said and noted in the record only, when all is minor and put right at once: complied with from the beginning
    """
    matter, data, today = draft.matter, draft.data, turn.today
    if kind == "timed" and data.due_on < today:
        raise Refusal(_("改正期限不能早于今天，请重新选择期限。"), field="due_on")
    if oral and any(hazard.severity != "general" for hazard in matter.hazards):
        raise Refusal(
            _("口头责令只用于情节轻微、当场改正的问题；这一项是较大隐患，请制发责令立即改正通知书。"),
            field="oral",
        )
    _lock_cases(turn, matter)
    due = data.due_on if kind == "timed" else today
    service = matters.book(today)["service"]
    order = Order.objects.create(
        **matter.place,
        kind=kind,
        state=OrderState.COMPLIED if oral else OrderState.ISSUED,
        unit=matter.unit,
        visit=matter.visit,
        agency=matters.agency_of(turn.by),
        recipient=data.recipient[:120],
        company=matter.company if matter.company and matter.company.name == data.recipient else None,
        oral=oral,
        issued_at=turn.at,
        due_on=due,
        serve_by=None if oral else matters.last_day(data.inspected_on, service["order_within"]),
        served_at=turn.at if oral else None,
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
            kind=paper_kind,
            data=_facts(draft, paper_kind),
            office=order.agency,
            subject=order,
            by=turn.by,
            at=turn.at,
        )
        order.document_id, order.written_number = paper.pk, paper.written_number
        order.save(update_fields=["document_id", "written_number"])
    turn.note = order.written_number
    turn.facts = {"kind": kind, "oral": oral, "due_on": due.isoformat()}
    return order


def _lock_cases(turn: Turn, matter: Matter) -> None:
    """Lock the cases of a matter and refuse those that are over, or on which the actor may not order."""
    for case_id in matter.case_ids:
        case = cases.locked(case_id, by=turn.by)
        cases.require_power_on(case, "orders.order", by=turn.by, sentence=str(LOOP.no_power))
        turn.asked_again()
        if not case.is_open:
            turn.refuse(
                _("%(number)s 现在是“%(state)s”，不用再责令改正。")
                % {"number": case.number, "state": case.state_label}
            )


def order_timed(**given: Any) -> Order:
    """Issue an order to correct by a day (责令限期改正); takes what `issue` takes."""
    return issue(kind="timed", **given)


def order_immediate(**given: Any) -> Order:
    """Order to correct at once (责令立即改正), on paper or by word; takes what `issue` takes."""
    return issue(kind="immediate", **given)


@LOOP.effect("tell_cases")
def _tell_cases(turn: Turn) -> None:
    """Write a line into the story of each case that the order names."""
    order = turn.row
    words = {
        "kind": ORDER_KINDS[order.kind],
        "recipient": order.recipient,
        "number": order.written_number or _("口头"),
    }
    said = {
        "issue": _("%(kind)s：%(recipient)s，%(number)s"),
        "ask_recheck": _("申请复查：%(number)s"),
        "overdue": _("责令改正期限已过，仍未登记改正：%(recipient)s %(number)s"),
    }[turn.step.act] % words
    notes.note(
        Case.objects.filter(order_lines__order=order), said, by=turn.by, at=turn.at, basis=turn.basis,
        order=order.pk, number=order.written_number,
    )  # fmt: skip


@LOOP.effect("take_over")
def _take_over(turn: Turn) -> None:
    """Let the ordering agency have the cases that wait to be dispatched or accepted: the order is their handling."""
    order = turn.row
    cases.take_over_from_others(
        Case.objects.filter(order_lines__order=order), agency=order.agency, by=turn.by, at=turn.at,
        note=_("已作出%(kind)s（%(number)s），由作出机关跟踪整改。")
        % {"kind": ORDER_KINDS[order.kind], "number": order.written_number or _("口头")},
    )  # fmt: skip


@LOOP.effect("let_go")
def _let_go(turn: Turn) -> None:
    """Give the cases back on which nothing else of the agency goes on."""
    order = turn.row
    order.save(update_fields=["state"])  # what stands is asked of the table
    cases.let_go_of(
        Case.objects.filter(order_lines__order=order), agency=order.agency, by=turn.by, at=turn.at,
        note=_("%(kind)s（%(number)s）已撤回：%(why)s")
        % {"kind": ORDER_KINDS[order.kind], "number": order.written_number or _("口头"), "why": turn.note},
    )  # fmt: skip


@cases.acting_agencies
def _acting(case_ids: Collection[int]) -> set[tuple[int, int]]:
    """Say whose orders on cases stand."""
    standing = OrderLine.objects.filter(
        case__in=case_ids, order__state__in=sorted(RUNNING | {OrderState.ISSUED, OrderState.COMPLIED})
    )
    return set(standing.values_list("case_id", "order__agency_id"))


@LOOP.effect("tell_agency")
def _tell_agency(turn: Turn) -> None:
    """Tell the issuing agency that its order has not been obeyed in time."""
    notices.tell(turn.row, "overdue", turn.row.agency, turn.note, at=turn.at)


@LOOP.effect("void_paper")
def _void_paper(turn: Turn) -> None:
    """Void the paper of a withdrawn order; it keeps its number."""
    if turn.row.document_id:
        turn.do(papers.void, document_id=turn.row.document_id, reason=turn.note)


# ----------------------------------------------------------------------------------------------- what follows it


@LOOP.verb("serve")
def serve(
    turn: Turn,
    *,
    way: str,
    served_to: str,
    served_at: datetime | None = None,
    witness: str = "",
    note: str = "",
) -> None:
    """Note that an order reached its addressee: how, when, to whom; left there, before which witness.

    way        key of rulebooks/penalties service.ways
    served_at  when it was handed over (default: now)
    """
    order = turn.row
    turn.note, order.served_at = read_service(
        way=way, witness=witness, note=note, since=order.issued_at, served_at=served_at, at=turn.at
    )
    order.served_how, order.served_to, order.service_note = way, served_to, turn.note[:300]
    late = order.serve_by is not None and matters.day_of(order.served_at) > order.serve_by
    turn.facts = {"way": way, "late": late}


def read_service(
    *, way: str, witness: str, note: str, since: datetime, served_at: datetime | None, at: datetime
) -> tuple[str, datetime]:
    """Check how a paper was served, as rules.SERVICE reads it; return what to note and when it was.

    Raises Refusal naming the field.
    """
    ways = {entry["key"]: entry for entry in matters.book(matters.day_of(at))["service"]["ways"]}
    if way not in ways:
        raise Refusal(_("请选择送达方式。"), field="way")
    if ways[way].get("witness") and not witness:
        raise Refusal(_("拒绝签收、留置送达的，请填写在场见证人。"), field="witness")
    when = served_at or at
    # A form without seconds may say the very minute of issue.
    if when > at or when < since.replace(second=0, microsecond=0):
        raise Refusal(_("送达时间应在制发之后、现在之前，请核对。"), field="served_at")
    parts = [note, _("拒绝签收，见证人：%(name)s") % {"name": witness} if witness else ""]
    return "；".join(part for part in parts if part), max(when, since)


@LOOP.verb("ask_recheck")
def ask_recheck(turn: Turn, *, note: str = "") -> None:
    """Ask for the re-check before the term ends; it is then due three workdays after the request.

    The addressee asks by itself, or the agency notes that it asked.
    """
    order, within = turn.row, matters.book(turn.today)["service"]["recheck_within"]
    due = matters.last_day(turn.today, within)
    order.recheck_asked_at = turn.at
    order.recheck_by = min(due, order.recheck_by) if order.recheck_by else due
    turn.basis, turn.facts = within["basis"], {"recheck_by": order.recheck_by.isoformat()}


@LOOP.verb("comply")
def comply(turn: Turn, *, note: str, on: date | None = None) -> None:
    """Note that an order was obeyed, as the re-check found on a day (default: today)."""
    turn.row.complied_on = on or turn.today
    if not matters.day_of(turn.row.issued_at) <= turn.row.complied_on <= turn.today:
        raise Refusal(_("改正日期应在责令之后、今天以前，请核对。"), field="on")
    turn.facts = {"on": turn.row.complied_on.isoformat()}


@LOOP.verb("withdraw")
def withdraw(turn: Turn, *, reason: str) -> None:
    """Withdraw an order issued in error."""


# --------------------------------------------------------------------------------------------------- by themselves


escalate = ladder.climbs(LOOP)


@LOOP.verb("overdue")
def overdue(turn: Turn) -> None:
    """Call a served order overdue: its term has passed, and nobody has noted that it was obeyed."""
    order = turn.row
    turn.note = _("责令改正期限已过，仍未登记改正：%(recipient)s %(number)s") % {
        "recipient": order.recipient,
        "number": order.written_number,
    }
    turn.facts = {"due_on": order.due_on.isoformat() if order.due_on else ""}


def mark_overdue(*, at: datetime) -> int:
    """Call each served order overdue whose term has passed, once, however many workers run this."""
    late = Order.objects.filter(state=OrderState.SERVED, due_on__lt=matters.day_of(at))
    return LOOP.many("overdue", late, by=SYSTEM, at=at)


@LOOP.verb("obeyed")
def obeyed(turn: Turn, *, on: date, note: str) -> None:
    """Note that an order was obeyed, as its hazards' cases or the re-check say."""
    turn.row.complied_on, turn.note, turn.facts = on, note, {"on": on.isoformat()}


def _note_obeyed(order_id: int, *, at: datetime, on: date, note: str) -> None:
    """Note that an order was obeyed, unless somebody has just done so or withdrawn it."""
    with suppress(NotAllowedNow):
        obeyed(order_id=order_id, on=on, note=note, by=SYSTEM, at=at)


def case_closed(case_id: int, *, at: datetime) -> None:
    """Note that orders were obeyed whose every hazard is closed, now that one more is."""
    running = Order.objects.filter(state__in=sorted(RUNNING), lines__case=case_id).distinct()
    for pk in running.values_list("pk", flat=True):
        still_open = OrderLine.objects.filter(order=pk, case__closed_at__isnull=True).exclude(case=case_id)
        if not still_open.exists():
            _note_obeyed(pk, at=at, on=matters.day_of(at), note=_("所列隐患均已复查办结。"))


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
            open_ = OrderLine.objects.filter(order=pk, case__closed_at__isnull=True).exclude(case__in=seen)
            if not open_.exists():
                note = _("现场复查（%(number)s）：所列隐患均已改正。") % {"number": visit.number}
                on = visit.visited_on or matters.day_of(at)
                _note_obeyed(pk, at=at, on=on, note=note)


def recheck_day(order: Order, within: dict[str, Any]) -> date | None:
    """Return by when an order is to be re-checked: after its term, or after the request when that is earlier."""
    ends = [order.due_on] if order.due_on else []
    if order.recheck_asked_at:
        ends.append(matters.day_of(order.recheck_asked_at))
    return min((matters.last_day(end, within) for end in ends), default=None)


def _days(order: Order) -> dict[str, date | None]:
    """Return by when an order is to be served, or once it is served, re-checked, by the calendar of today."""
    service = matters.book(matters.day_of(order.issued_at))["service"]
    if order.state != OrderState.ISSUED:
        return {"recheck_by": recheck_day(order, service["recheck_within"])}
    found: dict[str, date | None] = {}
    if order.due_on is not None:
        found["recheck_by"] = matters.last_day(order.due_on, service["recheck_within"])
    if order.visit is not None and order.visit.visited_on is not None:
        found["serve_by"] = matters.last_day(order.visit.visited_on, service["order_within"])
    return found


deadline_moved = clocks.follow_the_calendar(
    LOOP,
    clocks.Days(
        lambda: Order.objects.filter(state__in=sorted(RUNNING | {OrderState.ISSUED})).select_related("visit"),
        _days,
    ),
    labels={"serve_by": lazy("送达期限"), "recheck_by": lazy("复查期限")},
)
