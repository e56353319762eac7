"""A visit on the officer's phone: today's tasks, items with large buttons, findings, conclusion, signature, record."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from anju.duties.inspections import rules
from anju.duties.inspections.forms import visits as forms
from anju.duties.inspections.models import Unit
from anju.duties.inspections.queries import checklists, kinds
from anju.duties.inspections.queries import visits as queries
from anju.duties.inspections.services import visits as services
from anju.duties.orders.queries import turns
from anju.ground.access import services as access
from anju.ground.access.guards import power, writes
from anju.ground.foundation import act_forms
from anju.ground.foundation.asked import whole
from anju.ground.foundation.jinja import datetime_local
from anju.ground.foundation.refusals import NeedsConfirmation, NotFound, Refusal

STAGES = ("begin", "check", "conclude", "sign", "finish", "done")


def _actor(request: HttpRequest) -> Any:
    return request.actor  # type: ignore[attr-defined]


@power("inspections.record")
def visits(request: HttpRequest) -> HttpResponse:
    """List what is to be inspected today: what goes on, what is planned, re-checks, units whose check is due."""
    at, actor = timezone.now(), _actor(request)
    today, on = queries.visits_today(actor, at=at), timezone.localdate(at)
    rechecks = queries.recheck_due(actor, at=at)
    # A unit stands here once, whether its hazards or the order on them call for the re-check.
    known = {t.unit.pk for t in rechecks} | {
        t.unit.pk for t in today if t.visit and t.visit.kind == rules.RECHECK
    }
    context = {
        "visits": today,
        "rechecks": rechecks,
        "ordered": [order for order in turns.rechecks(actor, on=on) if order.unit_id not in known],
        "due": queries.due_units(actor, at=at),
        "form_of": checklists.label,
        "today": on,
        "now": at,
    }
    return render(request, "field/visits.html", context)


@power("inspections.record")
def units(request: HttpRequest) -> HttpResponse:
    """Find a unit for a visit that nobody has planned."""
    text = request.GET.get("q", "")
    context = {
        "units": queries.find_units(_actor(request), text),
        "text": text,
        "kind_of": kinds.kind_label,
    }
    return render(request, "field/visit_units.html", context)


@power("inspections.record")
@writes("inspections.start")
def begin(request: HttpRequest) -> HttpResponse:
    """Begin a visit that nobody has planned: which kind, who came."""
    at, actor = timezone.now(), _actor(request)
    day = timezone.localdate(at)
    wanted = whole(request.POST.get("unit") or request.GET.get("unit"))
    if wanted is None:
        return redirect("field:visit_units")
    unit = access.visible(Unit, to=actor, power="inspections.record").filter(pk=wanted).first()
    if unit is None:
        raise NotFound(_("没有找到这个检查对象。"))
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            made = services.begin_visit(
                unit_id=unit.pk,
                kind=request.POST.get("kind", "daily"),
                campaign=request.POST.get("campaign", ""),
                officer_ids=forms.officer_ids(request),
                met=request.POST.get("met", ""),
                point=forms.point_of(request),
                by=actor,
                at=at,
                key=request.POST.get("request_key", "")[:64],
            )
        except NotFound:
            raise
        except Refusal as refused:
            refusal = refused
            if refused.code == "already_open":
                messages.info(request, str(refused))
                return redirect("field:visit", refused.data["visit"])
        else:
            return redirect("field:visit", made.pk)
    own = services.own_agencies(actor, on=day)
    context = {
        "unit": unit,
        "unit_kind": kinds.kind_label(unit.kind),
        "officers": queries.officers_for(own[0], actor, on=day) if own else [],
        "kinds": [(k, v) for k, v in rules.CHOSEN_KINDS.items() if k != "joint"],
        "kind": request.POST.get("kind") or request.GET.get("kind") or "daily",
        "refusal": str(refusal) if refusal else "",
        "field": refusal.field if refusal else "",
        "typed": request.POST,
    }
    return render(request, "field/visit_begin.html", context, status=refusal.status if refusal else 200)


@require_safe
@power("inspections.record")
def visit(request: HttpRequest, visit_id: int) -> HttpResponse:
    """Show a visit at its stage: who comes, the items, the conclusion, the signature, the finished record."""
    return _visit(request, visit_id)


def _visit(
    request: HttpRequest, visit_id: int, *, act: str = "", refusal: Refusal | None = None
) -> HttpResponse:
    at, actor = timezone.now(), _actor(request)
    found = queries.dossier(actor, visit_id, events=False)
    stage = _stage(found, request.GET.get("step", ""), act)
    part = found.mine
    day = timezone.localdate(at)
    context = {
        "d": found,
        "visit": found.visit,
        "unit": found.unit,
        "unit_kind": kinds.kind_label(found.unit.kind),
        "part": part,
        "stage": stage,
        "officers": queries.officers_for(part.part.agency, actor, on=day)
        if part and stage == "begin"
        else [],
        "results": rules.RESULT_LABELS,
        "recheck_results": rules.RECHECK_LABELS,
        "conclusions": _conclusions(part),
        "absent": [p.part.agency.name for p in found.parts if not p.officers],
        "waiting": [p.part.agency.name for p in found.parts if p.officers and not p.part.conclusion],
        "others_waiting": any(p is not part and p.officers and not p.part.conclusion for p in found.parts),
        "act": act,
        "refusal": str(refusal) if refusal else "",
        "field": refusal.field if refusal else "",
        "confirm": refusal.data if isinstance(refusal, NeedsConfirmation) else {},
        "typed": request.POST,
        "now": at,
    }
    return render(request, "field/visit.html", context, status=refusal.status if refusal else 200)


def _stage(found: queries.Dossier, asked: str, act: str) -> str:
    """Say which stage to show: the next one, unless an earlier one is asked for or an act was refused there."""
    if found.visit.state == rules.VisitState.FINISHED:
        return "done"
    following = queries.next_act(found)
    if not following:
        return "done"
    stages = {
        "look": "check",
        "refuse_signature": "sign",
        "withdraw_signature": "finish",
        "cancel": following,
    }
    wanted = stages.get(act, act) or asked
    if wanted not in STAGES or following in ("begin", "finish"):
        return following
    may = STAGES.index(wanted) <= STAGES.index(following) or wanted == "conclude"
    return wanted if may else following


def _conclusions(part: queries.PartView | None) -> list[dict[str, Any]]:
    """List the conclusions for the phone, the one that fits first."""
    if part is None:
        return []
    labels = rules.conclusion_labels(part.part.checklist)
    return [
        {"value": key, "label": str(labels[key])}
        for key in sorted(labels, key=lambda key: key != part.suggested)
    ]


@require_POST
@power("inspections.record")
@writes(
    "inspections.begin", "inspections.check", "inspections.find", "inspections.drop", "inspections.look",
    "inspections.conclude", "inspections.sign", "inspections.refuse_signature", "inspections.withdraw_signature",
    "inspections.finish", "inspections.cancel", "inspections.void", "inspections.ask_recheck",
)  # fmt: skip
def act(request: HttpRequest, visit_id: int, act: str) -> HttpResponse:
    """Take one act from the phone and go on to what comes next; htmx saves items without leaving the page."""
    quiet = "HX-Request" in request.headers
    try:
        done = forms.take(request, visit_id, act, channel="field")
    except NotFound:
        raise
    except Refusal as refused:
        if quiet:
            return HttpResponse(str(refused), content_type="text/plain; charset=utf-8", status=200)
        if act == "find":
            return _finding(request, visit_id, refusal=refused)
        return _visit(request, visit_id, act=act, refusal=refused)
    if quiet:
        said = _("已保存 %(at)s") % {"at": datetime_local(timezone.now())[-5:]}
        return HttpResponse(said, content_type="text/plain; charset=utf-8")
    if act in ("cancel", "void"):
        messages.success(request, _("检查已取消。"))
        return redirect("field:visits")
    address = reverse("field:visit", args=[forms.visit_of(done, visit_id)])
    go = request.POST.get("go", "")
    if go.startswith("find"):
        return redirect(f"{reverse('field:visit_finding', args=[visit_id])}?item={go[5:][:30]}")
    if act == "find":
        return redirect(f"{address}?step=check#i-{request.POST.get('item', '')[:30]}")
    if go in STAGES or act in ("drop", "look"):
        return redirect(f"{address}?step={go or 'check'}")
    return redirect(address)


@require_safe
@power("inspections.record")
def finding(request: HttpRequest, visit_id: int) -> HttpResponse:
    """Write down a hazard: what it is (by initials, the frequent first), where, a photo."""
    return _finding(request, visit_id)


def _finding(request: HttpRequest, visit_id: int, *, refusal: Refusal | None = None) -> HttpResponse:
    at, actor = timezone.now(), _actor(request)
    day = timezone.localdate(at)
    found = queries.dossier(actor, visit_id, events=False)
    part = found.mine
    if part is None or "find" not in found.acts:
        if refusal is not None:
            return _visit(request, visit_id, act="find", refusal=refusal)
        return redirect("field:visit", visit_id)
    item = request.POST.get("item") or request.GET.get("item", "")
    line = next((one for one in part.lines if one.key == item), None)
    chosen = request.POST.get("class_code", "")
    offered = queries.frequent_classes(part.part, on=day, first=[chosen, *(line.classes if line else ())])
    context = {
        "d": found,
        "visit": found.visit,
        "unit": found.unit,
        "line": line,
        "item": item if line else "",
        "offered": offered,
        "tree": queries.class_tree(on=day),
        "refusal": str(refusal) if refusal else "",
        "field": refusal.field if refusal else "",
        "confirm": refusal.data if isinstance(refusal, NeedsConfirmation) else {},
        "typed": request.POST,
    }
    return render(request, "field/visit_finding.html", context, status=refusal.status if refusal else 200)


@power("inspections.record")
def classes(request: HttpRequest, visit_id: int) -> HttpResponse:
    """Answer the picker: the classes that fit what was typed, a name or its initials; without a text the frequent."""
    day = timezone.localdate()
    text = request.GET.get("class_q", "")
    offered = queries.find_classes(text, on=day)
    if not text.strip():
        part = queries.dossier(_actor(request), visit_id, events=False).mine
        offered = queries.frequent_classes(part.part, on=day) if part else []
    return render(request, "field/visit_classes.html", {"offered": offered, "text": text, "typed": {}})


@require_POST
@power("inspections.record")
@writes("inspections.print_record")
def record(request: HttpRequest, visit_id: int) -> HttpResponse:
    """Open the record of a finished visit as .pdf."""
    try:
        made = act_forms.press(request, services.LOOP, "print_record", visit_id)
    except NotFound:
        raise
    except Refusal as refused:
        return _visit(request, visit_id, act="record", refusal=refused)
    return redirect("documents:pdf", made.pk)
