"""Pages of penalties. They read what was asked, call one query or verb, and show the answer."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from anju.duties.orders.queries import lists, matters
from anju.duties.orders.queries.matters import Matter
from anju.ground.access.guards import power, writes
from anju.ground.foundation import act_forms, beside, desk, story
from anju.ground.foundation.refusals import NotFound, Refusal

from . import forms, rules
from .models import Payment, Penalty
from .queries import offences
from .queries import penalties as queries
from .rules import PARTIES, PROCEDURES, STATE_LABELS, STEPS, PenaltyState
from .services import payments, penalties  # noqa: F401  (the verbs of payments)
from .services.penalties import LOOP

_FILE, _SPOT = LOOP.verbs["file"].steps[0], LOOP.verbs["decide_simple"].steps[0]
_MEASURED = ("decide_simple", "give_notice", "renotice", "propose")
_STEPS = tuple(step.act for step in STEPS if step.pressed and step.act not in ("unseal", "hand_in"))


@require_safe
@power("penalties.see")
def penalty_list(request: HttpRequest) -> HttpResponse:
    """List the penalties within reach, newest first."""
    actor, at = request.actor, timezone.now()  # type: ignore[attr-defined]
    found = queries.penalty_page(actor, request.GET, number=lists.number_of(request.GET), at=at)
    turn = request.GET.get("turn") == "1"
    known = offences.offences(timezone.localdate(at))
    awaited = desk.next_of("penalties", [p.pk for p in found.rows], actor, at) if turn else {}
    context = {
        "page": found,
        "turn": turn,
        "kept": lists.kept(request.GET),
        "may_act": desk.concerns("penalties", actor, at),
        "rows": [
            {
                "penalty": p,
                "next": awaited.get(p.pk),
                "tone": LOOP.moods[p.state],
                "state": queries.state_of(p),
                "offence": _offence_label(known, p),
            }
            for p in found.rows
        ],
        "states": STATE_LABELS,
        "offences": [(key, offences.offence_name(o)) for key, o in known.items()],
        "today": timezone.localdate(),
        "now": at,
    }
    return render(request, "penalties/penalties.html", context)


def _offence_label(book: Mapping[str, Any], penalty: Penalty) -> str:
    """Name the offence of a row; one that a ledger brought is told in its own words."""
    known = book.get(penalty.offence)
    return offences.offence_name(known) if known else (penalty.facts[:40] or penalty.offence)


@require_safe
@power("penalties.see")
def penalty(request: HttpRequest, penalty_id: int) -> HttpResponse:
    """Show one penalty: offence and article, party, clocks, money, what may be done now, its story."""
    return _penalty_page(request, penalty_id)


def _fit_forms(found: queries.PenaltyDossier, drawn: Mapping[str, Any]) -> None:
    """Fit the drawn forms to this penalty: the fields of its article, what was told and proposed, what is owed."""
    row = found.penalty
    told = {"amount": row.proposed_amount, "warning": row.warning, "reasons": row.reasons}
    for act in drawn.keys() & set(_MEASURED):
        given = told if act in ("renotice", "propose") else {}
        forms.fit(drawn[act], found.offence, row.party_kind, **given)
    if (pay := drawn.get("pay")) is not None:
        owed = found.owed
        pay.initial |= {
            "principal": owed.principal,
            "surcharge": owed.surcharge,
            "paid_on": timezone.localdate(),
        }
        if row.procedure != "simple":
            del pay.fields["way"], pay.fields["ground"]


def _penalty_page(
    request: HttpRequest, penalty_id: int, *, refusal: Refusal | None = None, act: str = ""
) -> HttpResponse:
    at, actor = timezone.now(), request.actor  # type: ignore[attr-defined]
    found = queries.penalty(actor, penalty_id, at=at)
    row = found.penalty
    if row.case_id and refusal is not None and refusal.data.get("offer") == "transfer":
        return _instead(request, refusal, matters.of_case(actor, row.case_id, at=at), f"case={row.case_id}")
    acts = act_forms.buttons(request, LOOP, row, "penalties:step", at=at, act=act, refusal=refusal)
    _fit_forms(found, acts.forms)
    seal = [one for one in acts.steps if one.act == "unseal"]
    acts.steps[:] = [one for one in acts.steps if one.act != "unseal"]
    context = {
        "d": found,
        "penalty": row,
        "choice": offences.choice(found.offence, row.agency_kind, row.class_code, on=row.edition)
        if found.offence
        else None,
        "state": queries.state_of(row),
        "tone": LOOP.moods[row.state],
        "procedure": PROCEDURES.get(row.procedure, ""),
        "party": PARTIES.get(row.party_kind, ""),
        "says": queries.says(row),
        "under_age": row.spare_only and row.state == PenaltyState.FILED,
        "acts": acts,
        "seal": replace(
            acts, steps=seal, refusal="", urls={"unseal": reverse("penalties:unseal", args=[row.pk])}
        ),
        "hints": _penalty_hints(found),
        "stages": _stages(row),
        "where": queries.where(row),
        "class_name": matters.class_name(row),
        "events": [story.told(e) for e in reversed(found.events)],
        "hand_in_by": {p.pk: _hand_in_by(row, p) for p in found.payments if p.way == "spot"},
        "may_pay": actor.has("penalties.payment") and row.agency_id in actor.organisation_ids,
        "beside": beside.of(request, row),
        "now": at,
    }
    return render(request, "penalties/penalty.html", context, status=refusal.status if refusal else 200)


def _hand_in_by(row: Penalty, payment: Any) -> Any:
    return matters.last_day(payment.paid_on, matters.book(row.edition)["payment"]["hand_in_within"])


def _penalty_hints(found: queries.PenaltyDossier) -> dict[str, str]:
    row = found.penalty
    allowed = found.offence.parties.get(row.party_kind) if found.offence else None
    hints = {
        "decide": _("承办意见：%(what)s。%(why)s")
        % {"what": queries.in_words(row.warning, row.proposed_amount), "why": row.reasons},
        "pay": _("尚欠罚款 %(p)s 元，加处罚款 %(s)s 元。")
        % {"p": f"{found.owed.principal:,.2f}", "s": f"{found.owed.surcharge:,.2f}"},
    }
    if allowed is not None:
        said = offences.amount_words(allowed, found.offence)
        amount = _("规定的罚款：%(amount)s") % {"amount": said}
        hints |= {"give_notice": amount, "propose": amount, "decide_simple": amount}
        again = _("当事人会收到新的告知书，陈述申辩和听证的期限重新计算。")
        hints["renotice"] = f"{again} {amount}"
    return hints


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
@power("penalties.punish", "penalties.approve", "penalties.payment")
@writes(*(LOOP.event(act) for act in _STEPS))
def penalty_step(request: HttpRequest, penalty_id: int, act: str) -> HttpResponse:
    """Take one step on a penalty; a refusal comes back beside its button with everything that was typed."""
    if refusal := act_forms.pressed(request, LOOP, act, penalty_id):
        return _penalty_page(request, penalty_id, refusal=refusal, act=act)
    messages.success(request, _("已办理。"))
    return redirect("penalties:penalty", penalty_id)


@power("penalties.punish")
@writes("penalties.file", "penalties.penalise_on_the_spot")
def penalty_new(request: HttpRequest) -> HttpResponse:
    """Begin a penalty case (立案处罚): choose the offence, then say on whom, what happened, and who acts.

    A fine that belongs to another agency is refused on a page that says who may and offers the transfer.
    """
    actor, at = request.actor, timezone.now()  # type: ignore[attr-defined]
    on = matters.day_of(at)
    matter = matters.asked(actor, request.GET, at=at)
    agency = matters.agency_of(actor)
    query = matters.source(request.GET)
    offence = offences.offences(on).get(request.GET.get("offence", ""))
    if offence is None:
        context = {
            "matter": matter,
            "agency": agency,
            "choices": offences.choices(agency.kind, matter.class_code, on=on),
            "class_name": matters.class_name(matter.hazards[0]) if matter.hazards else "",
            "query": query,
        }
        return render(request, "penalties/choose.html", context)
    try:
        offences.require_agency(offence, agency, on=on)
        if offence.elsewhere:
            raise Refusal(_("这类行为%(also)s，不在这里决定罚款。") % {"also": offence.also})
        if offence.needs != "absent" and offences.standing_order(offence, matter, on=on) is None:
            raise Refusal(
                _("“%(offence)s”须先责令改正；目前没有%(lacking)s的责令改正。")
                % {
                    "offence": offences.offence_name(offence),
                    "lacking": _("已逾期") if offence.needs == "overdue" else _("尚未改正"),
                },
                data={"offer": "order"},
                code="needs_order",
            )
    except Refusal as refusal:
        return _instead(request, refusal, matter, query)
    return _file_page(request, matter, agency, offence, query)


def _file_page(request: HttpRequest, matter: Matter, agency: Any, offence: Any, query: str) -> HttpResponse:
    actor, at = request.actor, timezone.now()  # type: ignore[attr-defined]
    on = matters.day_of(at)
    own = matters.officer(actor)
    parties = list(offence.parties)
    person_first = "person" in parties and offence.needs == "order"
    party = "person" if person_first else parties[-1] if "unit" not in parties else "unit"
    ceiling = rules.simple_ceiling(matters.book(on), agency.kind, party, on)
    smallest = min((r.least for r in offence.parties.values() if not r.of), default=None)
    simple = smallest is not None and smallest <= ceiling.most
    typed = request.POST if request.method == "POST" else None
    told = {
        "procedure": "simple" if simple else "ordinary",
        "party_kind": party,
        "party_name": matter.recipient if party == "unit" else "",
        "facts": matter.case.text if matter.case else "",
        "first_badge": own.badge if own else "",
    }
    form = act_forms.ActForm(LOOP, _FILE, None, by=actor, at=at, data=typed, initial=told)
    typed = typed if request.POST.get("procedure") == "simple" else None
    spot = act_forms.ActForm(LOOP, _SPOT, None, by=actor, at=at, data=typed)
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            return _filed(request, matter, offence)
        except NotFound:
            raise
        except Refusal as refused:
            if refused.data.get("offer") in ("transfer", "order"):
                return _instead(request, refused, matter, query)
            refusal = refused
            if not act_forms.refused(form, refused):
                act_forms.refused(spot, refused)
    forms.fit_filing(form, offence)
    forms.fit(spot, offence, request.POST.get("party_kind", party))
    context = {
        "matter": matter,
        "agency": agency,
        "choice": offences.choice(offence, agency.kind, matter.class_code, on=on),
        "form": form,
        "spot": spot,
        "ceiling": ceiling,
        "ceilings": {p: rules.simple_ceiling(matters.book(on), agency.kind, p, on).most for p in parties},
        "order": offences.standing_order(offence, matter, on=on) if offence.needs != "absent" else None,
        "refusal": refusal,
        "query": query,
        "back_url": f"{reverse('penalties:new')}?{query}",
    }
    return render(request, "penalties/new.html", context, status=refusal.status if refusal else 200)


def _filed(request: HttpRequest, matter: Matter, offence: Any) -> HttpResponse:
    simple = request.POST.get("procedure") == "simple"
    verb = penalties.penalise_on_the_spot if simple else penalties.file
    given = act_forms.typed(verb.steps[0], request.POST) | {"matter": matter, "offence": offence.key}
    made = verb(by=request.actor, at=timezone.now(), key=act_forms.key_of(request), **given)  # type: ignore[attr-defined]
    said = (
        _("已作出当场处罚决定 %(number)s，请当场交付当事人。") if simple else _("已立案，下一步：处罚告知。")
    )
    messages.success(request, said % {"number": made.written_number})
    return redirect("penalties:penalty", made.pk)


@require_POST
@power("penalties.payment")
@writes("penalties.hand_in")
def hand_in(request: HttpRequest, payment_id: int) -> HttpResponse:
    """Note that cash reached the bank."""
    penalty_id = Payment.objects.filter(pk=payment_id).values_list("penalty_id", flat=True).first() or 0
    if refusal := act_forms.pressed(request, LOOP, "hand_in", payment_id):
        return _penalty_page(request, penalty_id, refusal=refusal)
    messages.success(request, _("已登记缴存。"))
    return redirect("penalties:penalty", penalty_id)


@require_POST
@power("penalties.punish", "cases.unseal")
@writes("penalties.unseal")
def unseal(request: HttpRequest, penalty_id: int) -> HttpResponse:
    """Open the identity of a punished person, once, with a reason; the page is not kept by the browser."""
    try:
        told = penalties.unseal(
            penalty_id=penalty_id,
            reason=request.POST.get("reason", ""),
            by=request.actor,  # type: ignore[attr-defined]
            at=timezone.now(),
            key=act_forms.key_of(request),
        )
    except NotFound:
        raise
    except Refusal as refusal:
        return _penalty_page(request, penalty_id, refusal=refusal, act="unseal")
    response = render(request, "penalties/unsealed.html", {"told": told, "penalty_id": penalty_id})
    response["Cache-Control"] = "no-store"
    return response


def _instead(request: HttpRequest, refusal: Refusal, matter: Matter, query: str) -> HttpResponse:
    """Show a refusal on a page of its own with what can be done instead: transfer, order first."""
    context = matters.instead(request.actor, refusal, matter, query, on=timezone.localdate())  # type: ignore[attr-defined]
    return render(request, "orders/refused.html", context, status=refusal.status)
