"""Pages of orders, penalties and sealings. They read what was asked, call one query or verb, and show the answer."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from django import forms as django_forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from anju.duties.inspections.models import Unit
from anju.ground.access import services as access
from anju.ground.access.guards import power
from anju.ground.foundation.asked import whole
from anju.ground.foundation.models import Event
from anju.ground.foundation.navigation import Pile
from anju.ground.foundation.refusals import NotFound, Refusal

from . import forms, matters, orders, payments, penalties, queries, sealings, turns
from .matters import Matter
from .models import Order, Penalty
from .penalty_rules import STEPS
from .rules import ORDER_KINDS, ORDER_LABELS, ORDER_STEPS, PARTIES, PENALTY_LABELS, PROCEDURES, PenaltyState


def _page_number(request: HttpRequest) -> int:
    return max(1, min(whole(request.GET.get("page")) or 1, 200))


def piles(request: HttpRequest) -> list[Pile]:
    """List what the to-do page shows of enforcement: what the own agency must do next, and transfers that are late."""
    words = {
        "transfers": (_("移送和抄告"), reverse("enforcement:transfers")),
        "orders": (_("责令改正：送达、复查"), reverse("enforcement:orders") + "?turn=1"),
        "penalties": (_("行政处罚待办"), reverse("enforcement:penalties") + "?turn=1"),
        "sealings": (_("查封即将到期"), reverse("enforcement:sealings")),
        "majors": (_("重大火灾隐患待认定、通知"), reverse("enforcement:majors")),
        "objections": (_("执法异议待答复"), reverse("enforcement:objections")),
    }
    actor = request.actor  # type: ignore[attr-defined]
    if turns.is_company(actor):
        words |= {
            "orders": (_("收到的责令改正"), words["orders"][1]),
            "penalties": (_("待缴的罚款"), words["penalties"][1]),
        }
    return [
        Pile(*words[kind], model._default_manager.filter(waits), late)
        for kind, model, waits, late in turns.piles(actor)
    ]


def _told(event: Event) -> dict[str, Any]:
    """Say one event of the story; the words of names are those of this room."""
    words = {
        "enforcement.order_imported": (_("由台账导入"), "active"),
        "enforcement.fine_imported": (_("由台账导入"), "active"),
        "enforcement.order_issued": (_("责令改正"), "active"),
        "enforcement.order_served": (_("送达"), "active"),
        "enforcement.recheck_asked": (_("申请复查"), "active"),
        "enforcement.order_complied": (_("已改正"), "done"),
        "enforcement.order_overdue": (_("逾期未改"), "danger"),
        "enforcement.order_withdrawn": (_("撤回"), "warn"),
        "enforcement.penalty_filed": (_("立案"), "active"),
        "enforcement.penalty_noticed": (_("处罚告知"), "active"),
        "enforcement.statement_taken": (_("陈述申辩"), "active"),
        "enforcement.hearing_asked": (_("申请听证"), "warn"),
        "enforcement.hearing_held": (_("听证"), "active"),
        "enforcement.penalty_proposed": (_("提出处罚意见"), "active"),
        "enforcement.penalty_decided": (_("作出处罚决定"), "danger"),
        "enforcement.penalty_spared": (_("不予处罚"), "quiet"),
        "enforcement.penalty_served": (_("送达决定"), "active"),
        "enforcement.penalty_paid": (_("缴款"), "done"),
        "enforcement.cash_handed_in": (_("现金缴存"), "quiet"),
        "enforcement.penalty_cancelled": (_("撤销"), "danger"),
        "enforcement.party_unsealed": (_("查看当事人身份"), "danger"),
        "enforcement.sealed": (_("临时查封"), "danger"),
        "enforcement.sealing_renewed": (_("延长查封"), "danger"),
        "enforcement.sealing_lifted": (_("解除查封"), "done"),
        "enforcement.sealing_ended": (_("查封期满"), "quiet"),
    }
    title, tone = words.get(event.name, (_("执法"), "quiet"))
    if event.data.get("filed_late"):
        title += _("（报备超过二十四小时）")
    if event.data.get("late"):
        title += _("（超期）")
    actor = _("系统") if event.actor_kind == "system" else event.actor_name
    return {
        "at": event.at,
        "title": title,
        "actor": actor,
        "post": event.actor_post,
        "note": event.note,
        "tone": tone,
    }


def _refused(request: HttpRequest, refusal: Refusal, matter: Matter | None, query: str) -> HttpResponse:
    """Show a refusal on a page of its own with what can be done instead: transfer, order first."""
    offer = refusal.data.get("offer")
    case_id = matter.case_ids[0] if matter and matter.case_ids else None
    actor = request.actor  # type: ignore[attr-defined]
    transfer_url = ""
    if offer == "transfer" and case_id and actor.has("enforcement.transfer"):
        transfer_url = f"{reverse('enforcement:transfer_new')}?case={case_id}&to={refusal.data['to_kind']}"
    context = {
        "refusal": refusal,
        "matter": matter,
        "case_id": case_id,
        "transfer_url": transfer_url,
        "order_url": f"{reverse('enforcement:order_new')}?{query}"
        if offer in ("order", "transfer") and actor.has("enforcement.order")
        else "",
        "back_url": f"{reverse('enforcement:penalty_new')}?{query}"
        if actor.has("enforcement.punish")
        else "",
        "to_name": penalties.kind_name(refusal.data["to_kind"], on=timezone.localdate())
        if refusal.data.get("to_kind")
        else "",
    }
    return render(request, "enforcement/refused.html", context, status=refusal.status)


def _source(request: HttpRequest) -> str:
    """Return the part of the address that names the matter."""
    for name in ("case", "visit"):
        if (pk := whole(request.GET.get(name))) is not None:
            return f"{name}={pk}"
    return ""


# ------------------------------------------------------------------------------------------------------------ orders


def _kept(request: HttpRequest) -> dict[str, str]:
    return {name: value for name in ("turn", "batch") if (value := request.GET.get(name, ""))}


@power("enforcement.see")
def order_list(request: HttpRequest) -> HttpResponse:
    """List the orders to correct within reach, newest first."""
    found = queries.order_page(request.actor, request.GET, number=_page_number(request))  # type: ignore[attr-defined]
    on, turn = timezone.localdate(), request.GET.get("turn") == "1"
    company = turns.is_company(request.actor)  # type: ignore[attr-defined]
    context = {
        "page": found,
        "turn": turn,
        "kept": _kept(request),
        "may_act": company or request.actor.has("enforcement.order"),  # type: ignore[attr-defined]
        "rows": [
            {
                "order": o,
                "tone": queries.ORDER_TONES[o.state],
                "state": ORDER_LABELS[o.state],
                "next": turns.next_of_order(o, on=on, company=company) if turn else None,
            }
            for o in found.rows
        ],
        "states": ORDER_LABELS,
        "kinds": ORDER_KINDS,
        "today": timezone.localdate(),
    }
    return render(request, "enforcement/orders.html", context)


@power("enforcement.see")
def order(request: HttpRequest, order_id: int) -> HttpResponse:
    """Show one order: what it asks, what is due and why, what may be done now, its story."""
    return _order_page(request, order_id)


def _order_forms(found: Order, data: Any, act: str) -> dict[str, django_forms.Form]:
    on = timezone.localdate()

    def bound(name: str) -> Any:
        return data if name == act else None

    return {
        "serve": forms.ServeForm(bound("serve"), on=on, auto_id="serve-%s"),
        "comply": forms.ComplyForm(bound("comply"), auto_id="comply-%s"),
        "ask_recheck": forms.NoteForm(bound("ask_recheck"), auto_id="ask_recheck-%s"),
        "withdraw": forms.ReasonForm(bound("withdraw"), auto_id="withdraw-%s"),
    }


def _order_page(
    request: HttpRequest, order_id: int, *, refusal: Refusal | None = None, act: str = ""
) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    found = queries.order(actor, order_id)
    context = {
        "d": found,
        "order": found.order,
        "state": ORDER_LABELS[found.order.state],
        "tone": queries.ORDER_TONES[found.order.state],
        "kind": ORDER_KINDS[found.order.kind],
        "steps": _steps(ORDER_STEPS, found.acts),
        "urls": {a: reverse("enforcement:order_step", args=[order_id, a]) for a in found.acts},
        "forms": _order_forms(found.order, request.POST, act),
        "open_act": act,
        "refusal": str(refusal) if refusal else "",
        "ways": {w["key"]: w["name"] for w in matters.book(timezone.localdate())["service"]["ways"]},
        "events": [_told(e) for e in reversed(found.events)],
        "class_name": queries.class_name,
        "state_of": queries.state_of,
        "may_punish": actor.has("enforcement.punish"),
        "may_object": actor.has("enforcement.object"),
        "now": timezone.now(),
    }
    return render(request, "enforcement/order.html", context, status=refusal.status if refusal else 200)


def _steps(table: Any, acts: list[str]) -> list[dict[str, Any]]:
    # The reason is a field of the step's own form where it is asked for.
    return [{"act": s.act, "label": s.label, "tone": s.tone, "note": "none"} for s in table if s.act in acts]


@require_POST
@power("enforcement.order", "enforcement.object")
def order_step(request: HttpRequest, order_id: int, act: str) -> HttpResponse:
    """Take one step on an order; a refusal comes back beside its button with everything that was typed."""
    given = {
        "order_id": order_id,
        "by": request.actor,  # type: ignore[attr-defined]
        "at": timezone.now(),
        "key": request.POST.get("request_key", "")[:64],
    }
    verbs: dict[str, Callable[..., Any]] = {
        "serve": orders.serve,
        "comply": orders.comply,
        "ask_recheck": orders.ask_recheck,
        "withdraw": orders.withdraw,
    }
    if act not in verbs:
        raise NotFound(_("没有找到这个页面。"))
    try:
        found = queries.order(given["by"], order_id).order
        form = forms.read(_order_forms(found, request.POST, act)[act])
        verbs[act](**given, **form.cleaned_data)
    except NotFound:
        raise
    except Refusal as refusal:
        return _order_page(request, order_id, refusal=refusal, act=act)
    messages.success(request, _("已办理。"))
    return redirect("enforcement:order", order_id)


@power("enforcement.order")
def order_new(request: HttpRequest) -> HttpResponse:
    """Draft, preview and issue an order to correct, for a case (?case=) or for all hazards of a visit (?visit=)."""
    actor, at = request.actor, timezone.now()  # type: ignore[attr-defined]
    matter = matters.asked(actor, request.GET, at=at)
    posted = request.method == "POST"
    typed = request.POST if posted else None
    usual = "immediate" if matter.on_spot else "timed"
    kind = "timed" if (request.POST if posted else request.GET).get("kind", usual) == "timed" else "immediate"
    draft = orders.draft(matter, by=actor, at=at)
    refusal: Refusal | None = None
    if posted:
        try:
            draft = orders.draft(matter, by=actor, at=at, typed=typed)
            if request.POST.get("act") == "preview":
                paper = orders.IMMEDIATE if kind == "immediate" else orders.TIMED
                return shown_pdf(orders.preview(draft, at=at, kind=paper))
            return _issued(request, draft, kind)
        except NotFound:
            raise
        except Refusal as refused:
            refusal = refused
    context = {
        "matter": matter,
        "draft": draft.data,
        "standing": [(o, ORDER_LABELS[o.state]) for o in queries.standing(actor, matter.case_ids)],
        "kind": kind,
        "kinds": ORDER_KINDS,
        "refusal": refusal,
        "query": _source(request),
    }
    return render(request, "enforcement/order_new.html", context, status=refusal.status if refusal else 200)


def _issued(request: HttpRequest, draft: orders.Draft, kind: str) -> HttpResponse:
    given: dict[str, Any] = {
        "draft": draft,
        "by": request.actor,  # type: ignore[attr-defined]
        "at": timezone.now(),
        "key": request.POST.get("request_key", "")[:64],
    }
    if kind == "immediate":
        made = orders.order_immediate(**given, oral=bool(request.POST.get("oral")))
    else:
        made = orders.order_timed(**given)
    messages.success(
        request,
        _("已制发《%(title)s》%(number)s，请登记送达。")
        % {"title": ORDER_KINDS[made.kind], "number": made.written_number}
        if made.written_number
        else _("已记录口头责令。"),
    )
    return redirect("enforcement:order", made.pk)


def shown_pdf(data: bytes) -> HttpResponse:
    """Answer a draft for the browser's own viewer."""
    shown = HttpResponse(data, content_type="application/pdf")
    # Without the policy: a browser's own viewer of .pdf is a page with styles and an object, which it forbids.
    shown._csp_exempt = True  # type: ignore[attr-defined]
    return shown


# --------------------------------------------------------------------------------------------------------- penalties


@power("enforcement.see")
def penalty_list(request: HttpRequest) -> HttpResponse:
    """List the penalties within reach, newest first."""
    found = queries.penalty_page(request.actor, request.GET, number=_page_number(request))  # type: ignore[attr-defined]
    on, turn = timezone.localdate(), request.GET.get("turn") == "1"
    offences = penalties.offences(on)
    proposed = turns.proposed_among(found.rows) if turn else set()
    actor = request.actor  # type: ignore[attr-defined]
    company = turns.is_company(actor)
    context = {
        "page": found,
        "turn": turn,
        "kept": _kept(request),
        "may_act": company
        or any(actor.has(f"enforcement.{name}") for name in ("punish", "approve", "payment")),
        "rows": [
            {
                "penalty": p,
                "next": turns.next_of_penalty(p, proposed=p.pk in proposed, on=on, company=company)
                if turn
                else None,
                "tone": queries.PENALTY_TONES[p.state],
                "state": queries.state_of(p),
                "offence": _offence_label(offences, p),
            }
            for p in found.rows
        ],
        "states": PENALTY_LABELS,
        "offences": [(key, penalties.offence_name(o)) for key, o in offences.items()],
        "today": timezone.localdate(),
    }
    return render(request, "enforcement/penalties.html", context)


def _offence_label(offences: Mapping[str, Any], penalty: Penalty) -> str:
    """Name the offence of a row; one that a ledger brought is told in its own words."""
    known = offences.get(penalty.offence)
    return penalties.offence_name(known) if known else (penalty.facts[:40] or penalty.offence)


@power("enforcement.see")
def penalty(request: HttpRequest, penalty_id: int) -> HttpResponse:
    """Show one penalty: offence and article, party, clocks, money, what may be done now, its story."""
    return _penalty_page(request, penalty_id)


def _penalty_forms(found: queries.PenaltyDossier, data: Any, act: str) -> dict[str, django_forms.Form]:
    on = timezone.localdate()
    row = found.penalty
    allowed = found.offence.parties.get(row.party_kind)

    def told(name: str, **initial: Any) -> dict[str, Any]:
        return {"data": data if name == act else None, "auto_id": f"{name}-%s", "initial": initial or None}

    made: dict[str, django_forms.Form] = {
        "take_statement": forms.StatementForm(**told("take_statement")),
        "ask_hearing": forms.HearingForm(**told("ask_hearing")),
        "record_hearing": forms.HearingRecordForm(**told("record_hearing")),
        "decide": forms.NoteForm(**told("decide")),
        "spare": forms.SpareForm(**told("spare"), on=on),
        "serve": forms.ServeForm(**told("serve"), on=on),
        "pay": forms.PaymentForm(
            **told("pay", principal=found.owed.principal, surcharge=found.owed.surcharge, paid_on=on),
            on=on,
            spot=row.procedure == "simple",
        ),
        "cancel": forms.ReasonForm(**told("cancel")),
    }
    if allowed is not None:
        measured: dict[str, Any] = {"allowed": allowed, "warning": found.offence.warning}
        given = {"amount": row.proposed_amount, "warning": row.warning, "reasons": row.reasons}
        made["decide_simple"] = forms.SpotForm(**told("decide_simple"), **measured)
        made["give_notice"] = forms.MeasureForm(**told("give_notice"), **measured)
        made["renotice"] = forms.MeasureForm(**told("renotice", **given), **measured)
        made["propose"] = forms.MeasureForm(**told("propose", **given), **measured)
    return made


def _penalty_page(
    request: HttpRequest, penalty_id: int, *, refusal: Refusal | None = None, act: str = ""
) -> HttpResponse:
    at, actor = timezone.now(), request.actor  # type: ignore[attr-defined]
    found = queries.penalty(actor, penalty_id, at=at)
    row = found.penalty
    if row.case_id and refusal is not None and refusal.data.get("offer") == "transfer":
        return _refused(request, refusal, matters.of_case(actor, row.case_id, at=at), f"case={row.case_id}")
    context = {
        "d": found,
        "penalty": row,
        "choice": queries.choice(found.offence, row.agency_kind, row.class_code, on=row.edition)
        if found.offence
        else None,
        "state": queries.state_of(row),
        "tone": queries.PENALTY_TONES[row.state],
        "procedure": PROCEDURES.get(row.procedure, ""),
        "party": PARTIES.get(row.party_kind, ""),
        "says": penalties.says(row),
        "under_age": penalties.under_age(row) and row.state in (PenaltyState.FILED, PenaltyState.NOTICED),
        "steps": _steps(STEPS, found.acts),
        "urls": {a: reverse("enforcement:penalty_step", args=[penalty_id, a]) for a in found.acts},
        "forms": _penalty_forms(found, request.POST, act),
        "hints": _penalty_hints(found),
        "open_act": act,
        "refusal": str(refusal) if refusal else "",
        "stages": _stages(row),
        "where": penalties.where(row),
        "class_name": queries.class_name(row),
        "events": [_told(e) for e in reversed(found.events)],
        "hand_in_by": {p.pk: _hand_in_by(row, p) for p in found.payments if p.way == "spot"},
        "may_pay": actor.has("enforcement.payment") and row.agency_id in actor.organisation_ids,
        "may_unseal": row.party_kind == "person"
        and row.party_sealed is not None
        and (
            actor.has("cases.unseal")
            or (actor.has("enforcement.punish") and row.agency_id in actor.organisation_ids)
        ),
        "may_object": actor.has("enforcement.object"),
        "now": at,
    }
    return render(request, "enforcement/penalty.html", context, status=refusal.status if refusal else 200)


def _hand_in_by(row: Penalty, payment: Any) -> Any:
    return matters.last_day(payment.paid_on, matters.book(row.edition)["payment"]["hand_in_within"])


def _penalty_hints(found: queries.PenaltyDossier) -> dict[str, str]:
    row = found.penalty
    allowed = found.offence.parties.get(row.party_kind) if found.offence else None
    hints = {
        "decide": _("承办意见：%(what)s。%(why)s") % {"what": _proposal(row), "why": row.reasons},
        "pay": _("尚欠罚款 %(p)s 元，加处罚款 %(s)s 元。")
        % {"p": f"{found.owed.principal:,.2f}", "s": f"{found.owed.surcharge:,.2f}"},
    }
    if allowed is not None:
        said = queries.amount_words(allowed, found.offence)
        amount = _("规定的罚款：%(amount)s") % {"amount": said}
        hints |= {"give_notice": amount, "propose": amount, "decide_simple": amount}
        again = _("当事人会收到新的告知书，陈述申辩和听证的期限重新计算。")
        hints["renotice"] = f"{again} {amount}"
    return hints


def _proposal(row: Penalty) -> str:
    parts = [_("警告")] if row.warning else []
    if row.proposed_amount is not None:
        parts.append(_("罚款 %(amount)s 元") % {"amount": f"{row.proposed_amount:,.2f}"})
    return _("并处").join(parts)


def _stages(row: Penalty) -> list[dict[str, Any]]:
    """Say where a penalty stands between filing and payment."""
    simple = row.procedure == "simple"
    stages = [
        (_("立案"), row.filed_at),
        # What a ledger brought tells nothing of the notice before its decision.
        *([] if simple or (row.decided_at and not row.noticed_at) else [(_("告知"), row.noticed_at)]),
        (_("决定"), row.decided_at),
        (_("送达"), row.served_at),
        *([(_("缴清"), row.paid_on)] if row.amount is not None or row.decided_at is None else []),
    ]
    if row.state in ("spared", "cancelled"):
        stages = [s for s in stages if s[1]] + [
            (_("不予处罚") if row.state == "spared" else _("撤销"), row.cancelled_on)
        ]
    here = next((n for n, (_label, at) in enumerate(stages) if at is None), len(stages))
    if row.state in ("spared", "cancelled"):
        here = len(stages)
    return [
        {"label": label, "at": at, "state": "done" if n < here else "now" if n == here else "later"}
        for n, (label, at) in enumerate(stages)
    ]


@require_POST
@power("enforcement.punish", "enforcement.approve", "enforcement.payment")
def penalty_step(request: HttpRequest, penalty_id: int, act: str) -> HttpResponse:
    """Take one step on a penalty; a refusal comes back beside its button with everything that was typed."""
    at, actor = timezone.now(), request.actor  # type: ignore[attr-defined]
    if act not in {step.act for step in STEPS}:
        raise NotFound(_("没有找到这个页面。"))
    try:
        found = queries.penalty(actor, penalty_id, at=at)
        form = _penalty_forms(found, request.POST, act).get(act)
        if form is None:
            raise Refusal(_("这一行为已不在规则库中，请联系管理员。"))
        forms.read(form)
        given = {
            "penalty_id": penalty_id,
            "by": actor,
            "at": at,
            "key": request.POST.get("request_key", "")[:64],
        }
        _take(act, form, given)
    except NotFound:
        raise
    except Refusal as refusal:
        return _penalty_page(request, penalty_id, refusal=refusal, act=act)
    messages.success(request, _("已办理。"))
    return redirect("enforcement:penalty", penalty_id)


def _take(act: str, form: Any, given: dict[str, Any]) -> None:
    told = form.cleaned_data
    if act == "decide_simple":
        penalties.decide_simple(**given, measure=form.measure(), statement=told.get("statement", ""))
    elif act in ("give_notice", "renotice", "propose"):
        getattr(penalties, act)(**given, measure=form.measure())
    elif act == "pay":
        payments.record_payment(**given, **form.told())
    else:
        getattr(penalties, act)(**given, **told)


@power("enforcement.punish")
def penalty_new(request: HttpRequest) -> HttpResponse:
    """Begin a penalty case (立案处罚): choose the offence, then say on whom, what happened, and who acts.

    A fine that belongs to another agency is refused on a page that says who may and offers the transfer.
    """
    actor, at = request.actor, timezone.now()  # type: ignore[attr-defined]
    on = matters.day_of(at)
    matter = matters.asked(actor, request.GET, at=at)
    agency = matters.agency_of(actor)
    query = _source(request)
    offence = penalties.offences(on).get(request.GET.get("offence", ""))
    if offence is None:
        context = {
            "matter": matter,
            "agency": agency,
            "choices": queries.choices(agency.kind, matter.class_code, on=on),
            "class_name": queries.class_name(matter.hazards[0]) if matter.hazards else "",
            "query": query,
        }
        return render(request, "enforcement/penalty_choose.html", context)
    try:
        penalties.require_agency(offence, agency, on=on)
        if offence.elsewhere:
            raise Refusal(_("这类行为%(also)s，不在这里决定罚款。") % {"also": offence.also})
        if offence.needs != "absent" and penalties.standing_order(offence, matter, on=on) is None:
            raise Refusal(
                _("“%(offence)s”须先责令改正；目前没有%(lacking)s的责令改正。")
                % {
                    "offence": penalties.offence_name(offence),
                    "lacking": _("已逾期") if offence.needs == "overdue" else _("尚未改正"),
                },
                data={"offer": "order"},
                code="needs_order",
            )
    except Refusal as refusal:
        return _refused(request, refusal, matter, query)
    return _file_page(request, matter, agency, offence, query)


def _file_page(request: HttpRequest, matter: Matter, agency: Any, offence: Any, query: str) -> HttpResponse:
    actor, at = request.actor, timezone.now()  # type: ignore[attr-defined]
    on = matters.day_of(at)
    own = matters.officer(actor)
    parties = list(offence.parties)
    person_first = "person" in parties and offence.needs == "order"
    party = "person" if person_first else parties[-1] if "unit" not in parties else "unit"
    ceiling = queries.penalty_rules.simple_ceiling(matters.book(on), agency.kind, party, on)
    smallest = min((r.least for r in offence.parties.values() if not r.of), default=None)
    simple = smallest is not None and smallest <= ceiling.most
    form = forms.FileForm(
        request.POST if request.method == "POST" else None,
        parties=parties,
        needs_order=offence.needs == "order",
        initial={
            "procedure": "simple" if simple else "ordinary",
            "party_kind": party,
            "party_name": matter.recipient if party == "unit" else "",
            "facts": matter.case.text if matter.case else "",
            "first_badge": own.badge if own else "",
            "corrected": False,
        },
    )
    allowed = offence.parties[party]
    spot = forms.SpotForm(
        request.POST if request.method == "POST" and request.POST.get("procedure") == "simple" else None,
        allowed=offence.parties.get(request.POST.get("party_kind", party), allowed),
        warning=offence.warning,
        auto_id="spot-%s",
    )
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            return _filed(request, matter, offence, form, spot, own.name if own else actor.name)
        except NotFound:
            raise
        except Refusal as refused:
            if refused.data.get("offer") in ("transfer", "order"):
                return _refused(request, refused, matter, query)
            refusal = refused
    context = {
        "matter": matter,
        "agency": agency,
        "choice": queries.choice(offence, agency.kind, matter.class_code, on=on),
        "form": form,
        "spot": spot,
        "ceiling": ceiling,
        "ceilings": {
            p: queries.penalty_rules.simple_ceiling(matters.book(on), agency.kind, p, on).most
            for p in parties
        },
        "order": penalties.standing_order(offence, matter, on=on) if offence.needs != "absent" else None,
        "refusal": refusal,
        "query": query,
        "back_url": f"{reverse('enforcement:penalty_new')}?{query}",
    }
    return render(request, "enforcement/penalty_new.html", context, status=refusal.status if refusal else 200)


def _filed(
    request: HttpRequest, matter: Matter, offence: Any, form: Any, spot: Any, own: str
) -> HttpResponse:
    forms.read(form)
    told = form.cleaned_data
    given: dict[str, Any] = {
        "matter": matter,
        "offence": offence.key,
        "accused": form.accused(),
        "facts": told["facts"],
        "officers": form.officers(own),
        "refused": told.get("refused", False),
        "by": request.actor,  # type: ignore[attr-defined]
        "at": timezone.now(),
        "key": request.POST.get("request_key", "")[:60],
    }
    if told["procedure"] == "simple":
        forms.read(spot)
        made = penalties.penalise_on_the_spot(
            **given,
            measure=spot.measure(),
            statement=spot.cleaned_data.get("statement", ""),
            acted_at=told.get("acted_at"),
        )
        messages.success(
            request, _("已作出当场处罚决定 %(number)s，请当场交付当事人。") % {"number": made.written_number}
        )
    else:
        made = penalties.file(
            **given, procedure="ordinary", corrected=told["corrected"], first_offence=told["first_offence"]
        )
        messages.success(request, _("已立案，下一步：处罚告知。"))
    return redirect("enforcement:penalty", made.pk)


@require_POST
@power("enforcement.payment")
def hand_in(request: HttpRequest, payment_id: int) -> HttpResponse:
    """Note that cash reached the bank."""
    at = timezone.now()
    on = matters.typed_day(request.POST.get("on"), name="on") or matters.day_of(at)
    made = payments.hand_in(
        payment_id=payment_id,
        on=on,
        by=request.actor,  # type: ignore[attr-defined]
        at=at,
        key=request.POST.get("request_key", "")[:64],
    )
    messages.success(request, _("已登记缴存。"))
    return redirect("enforcement:penalty", made.penalty_id)


@require_POST
@power("enforcement.punish", "cases.unseal")
def unseal(request: HttpRequest, penalty_id: int) -> HttpResponse:
    """Open the identity of a punished person, once, with a reason; the page is not kept by the browser."""
    told = penalties.unseal(
        penalty_id=penalty_id,
        reason=request.POST.get("reason", ""),
        by=request.actor,  # type: ignore[attr-defined]
        at=timezone.now(),
    )
    response = render(request, "enforcement/unsealed.html", {"told": told, "penalty_id": penalty_id})
    response["Cache-Control"] = "no-store"
    return response


# ---------------------------------------------------------------------------------------------------------- sealings


@power("enforcement.see")
def sealing_list(request: HttpRequest) -> HttpResponse:
    """List the sealings within reach: those in force, those that end first on top."""
    found = queries.sealing_page(request.actor, request.GET, number=_page_number(request))  # type: ignore[attr-defined]
    return render(request, "enforcement/sealings.html", {"page": found, "now": timezone.now()})


@power("enforcement.see")
def sealing(request: HttpRequest, sealing_id: int) -> HttpResponse:
    """Show one sealing: what is sealed, why, until when, and what may be done now."""
    return _sealing_page(request, sealing_id)


def _sealing_page(
    request: HttpRequest, sealing_id: int, *, refusal: Refusal | None = None, act: str = ""
) -> HttpResponse:
    found = queries.sealing(request.actor, sealing_id)  # type: ignore[attr-defined]
    until = found.sealing.until
    acts = ["renew", "lift"] if found.may_act else []
    labels = {"renew": _("延长查封"), "lift": _("解除查封")}
    context = {
        "d": found,
        "sealing": found.sealing,
        "until": queries.end_of(until),
        "steps": [
            {"act": a, "label": labels[a], "tone": "primary" if a == "lift" else "plain", "note": "none"}
            for a in acts
        ],
        "urls": {a: reverse("enforcement:sealing_step", args=[sealing_id, a]) for a in acts},
        "forms": {
            "renew": forms.RenewForm(
                request.POST if act == "renew" else None,
                auto_id="renew-%s",
                initial={"until": until + timedelta(days=30)},
            ),
            "lift": forms.ReasonForm(request.POST if act == "lift" else None, auto_id="lift-%s"),
        },
        "open_act": act,
        "refusal": str(refusal) if refusal else "",
        "events": [_told(e) for e in reversed(found.events)],
        "now": timezone.now(),
    }
    return render(request, "enforcement/sealing.html", context, status=refusal.status if refusal else 200)


@require_POST
@power("enforcement.seal")
def sealing_step(request: HttpRequest, sealing_id: int, act: str) -> HttpResponse:
    """Renew or lift a sealing."""
    given = {
        "sealing_id": sealing_id,
        "by": request.actor,  # type: ignore[attr-defined]
        "at": timezone.now(),
        "key": request.POST.get("request_key", "")[:64],
    }
    try:
        if act == "renew":
            sealings.renew(**given, **forms.read(forms.RenewForm(request.POST)).cleaned_data)
        elif act == "lift":
            sealings.lift(**given, **forms.read(forms.ReasonForm(request.POST)).cleaned_data)
        else:
            raise NotFound(_("没有找到这个页面。"))
    except NotFound:
        raise
    except Refusal as refusal:
        return _sealing_page(request, sealing_id, refusal=refusal, act=act)
    messages.success(request, _("已办理。"))
    return redirect("enforcement:sealing", sealing_id)


@power("enforcement.seal")
def sealing_new(request: HttpRequest) -> HttpResponse:
    """Seal a dangerous part or place, for a case (?case=) or a visit (?visit=)."""
    actor, at = request.actor, timezone.now()  # type: ignore[attr-defined]
    on = matters.day_of(at)
    matter = matters.asked(actor, request.GET, at=at)
    query = _source(request)
    own = matters.officer(actor)
    form = forms.SealForm(
        request.POST if request.method == "POST" else None,
        on=on,
        units=_units(actor, matter),
        initial={
            "unit": str(matter.unit.pk) if matter.unit else "",
            "until": on + timedelta(days=matters.book(on)["sealing"]["days"] - 1),
            "reason": matter.case.text if matter.case else "",
            "first_name": own.name if own else "",
            "first_badge": own.badge if own else "",
            "second_name": matter.others[0].name if matter.others else "",
            "second_badge": matter.others[0].badge if matter.others else "",
        },
    )
    refusal: Refusal | None = None
    try:
        sealings.require_agency(matters.agency_of(actor), on=on)
        if request.method == "POST":
            forms.read(form)
            told = form.cleaned_data
            made = sealings.seal(
                matter=matter,
                unit_id=whole(told["unit"]),
                ground=told["ground"],
                part=told["part"],
                reason=told["reason"],
                until=told["until"],
                officers=form.officers(),
                by=actor,
                at=at,
                key=request.POST.get("request_key", "")[:64],
            )
            messages.success(
                request, _("已制发临时查封决定书 %(number)s。") % {"number": made.written_number}
            )
            return redirect("enforcement:sealing", made.pk)
    except NotFound:
        raise
    except Refusal as refused:
        if refused.data.get("offer") == "transfer":
            return _refused(request, refused, matter, query)
        refusal = refused
    context = {"matter": matter, "form": form, "refusal": refusal, "query": query}
    return render(request, "enforcement/sealing_new.html", context, status=refusal.status if refusal else 200)


def _units(actor: Any, matter: Matter) -> list[tuple[int, str]]:
    """List the units that may be meant: that of the matter, and those of the same community."""
    if matter.visit is not None and matter.unit is not None:
        return [(matter.unit.pk, matter.unit.name)]
    seen = access.visible(Unit, to=actor, power="inspections.see").filter(ended_on__isnull=True)
    near = seen.filter(community_id=matter.place["community_id"]).order_by("name_key")[:100]
    found = {unit.pk: unit.name for unit in near}
    if matter.unit is not None:
        found = {matter.unit.pk: matter.unit.name, **found}
    return list(found.items())
