"""One case: its page, its steps, and what comes from above and beside it."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from anju.ground.access import services as access
from anju.ground.access.guards import power
from anju.ground.foundation import beside, story
from anju.ground.foundation.asked import whole
from anju.ground.foundation.refusals import NeedsConfirmation, NotFound, Refusal

from .. import pages, queries, rules, services
from ..forms import StepForm, TermForm
from ..models import Report, TermRequest
from ..queries import catalogue
from ..queries import evidence as evidence_room


@require_safe
@power("cases.see")
def case(request: HttpRequest, case_id: int) -> HttpResponse:
    """Show one case whole: what it is, what is due and why, what may be done now, and its story."""
    return _case_page(request, case_id)


def _case_page(
    request: HttpRequest, case_id: int, *, refusal: Refusal | None = None, act: str = "", status: int = 200
) -> HttpResponse:
    at, actor = timezone.now(), request.actor  # type: ignore[attr-defined]
    found = queries.dossier(actor, case_id, at=at)
    opened = found.case
    possible = [b for b in found.buttons if b.allowed]
    if queries.may_verify(actor, opened):
        possible.append(queries.StepButton("verify", str(rules.VERIFY.label), "plain", False, True))
    doubted = isinstance(refusal, NeedsConfirmation) and refusal.data.get("confirm") == "insist"
    # Whoever insisted and forgot the photo is not asked the same question twice.
    doubted = doubted or bool(request.POST.get("insist"))
    offices = queries.offices_for(opened) if any(b.act == "assign" for b in possible) else []
    forms = {
        b.act: StepForm(
            request.POST if b.act == act and request.method == "POST" else None,
            act=b.act,
            offices=offices,
            handler_id=opened.handler_id,
            doubted=doubted and b.act == act,
        )
        for b in possible
    }
    gallery = evidence_room.gallery(opened, actor)
    if act in forms and request.FILES and "uploads" in forms[act].fields:
        forms[act].fields["uploads"].help_text = _("刚才没有提交成功，照片要重新选一次。")
    mine = opened.desk_id in actor.organisation_ids
    # Whoever is in turn reads the own term first; everybody else the one that ends first.
    wanted = [rules.OWN_CLOCK.get(opened.state), opened.due_clock] if mine else [opened.due_clock]
    running = {c.kind: c for c in found.clocks if c.stopped_at is None and c.paused_at is None}
    clock = next((running[kind] for kind in wanted if kind in running), None)
    context = {
        "d": found,
        "case": opened,
        "label": catalogue.label(opened.kind, opened.class_code),
        "tone": rules.STATE_TONES[opened.state],
        "steps": [
            {
                "act": b.act,
                "label": b.label,
                "tone": b.tone,
                "note": "required" if b.note_required else "optional",
            }
            for b in possible
        ],
        "waiting": [b for b in found.buttons if not b.allowed],
        "urls": {b.act: reverse("cases:step", args=[case_id, b.act]) for b in possible},
        "forms": forms,
        "hints": pages.hints(found),
        "phrases": pages.phrases(timezone.localdate(at)),
        "open_act": act,
        "refusal": str(refusal) if refusal else "",
        "clock": clock,
        "gallery": gallery,
        "pictures": {photo.id: photo.thumb_url for photo in (*gallery.before, *gallery.after)},
        "events": [story.told(event) for event in reversed(found.events)],
        "stages": pages.stages(opened),
        "likely": []
        if not opened.is_open or not actor.has("cases.merge")
        else queries.duplicates(
            actor,
            kind=opened.kind,
            class_code=opened.class_code,
            text=opened.text,
            street_id=opened.street_id,
            estate_id=opened.estate_id,
            longitude=opened.longitude,
            latitude=opened.latitude,
            besides=[opened.pk, opened.parent_id or 0, *(child.pk for child in found.children)],
            at=at,
        ),
        "beside": beside.of(request, opened),
        "may": {
            p: actor.has(p)
            for p in (
                "cases.urge",
                "cases.supervise",
                "cases.merge",
                "cases.approve",
                "cases.unseal",
                "access.audit",
            )
        },
        "mine": mine,
        "term_form": TermForm(),
        "waiting_for": queries.reasons_of("suspension", on=timezone.localdate(at)),
        "classes": pages.class_options() if actor.has("cases.merge") and opened.is_open else [],
        "satisfaction": rules.SATISFACTION_LABELS,
        "clock_labels": rules.CLOCK_LABELS,
        "states": rules.STATE_LABELS,
        "now": at,
    }
    return render(request, "cases/case.html", context, status=status)


@require_POST
@power("cases.see")
def step(request: HttpRequest, case_id: int, act: str) -> HttpResponse:
    """Take one step; a refusal comes back beside its button with everything that was typed."""
    handler = request.POST.get("handler", "")
    try:
        services.take_step(
            case_id=case_id,
            act=act,
            by=request.actor,  # type: ignore[attr-defined]
            at=timezone.now(),
            note=request.POST.get("note", ""),
            handler_id=whole(handler),
            uploads=[services.Upload(f) for f in request.FILES.getlist("uploads")],
            insist=bool(request.POST.get("insist")),
            key=request.POST.get("request_key", ""),
        )
    except NotFound:
        raise
    except Refusal as refusal:
        return _case_page(request, case_id, refusal=refusal, act=act, status=refusal.status)
    return _done(request, case_id, _("已办理。"))


def _done(request: HttpRequest, case_id: int, said: str) -> HttpResponse:
    """Go back to the case, or to the desk when the act has taken the case out of the actor's sight (退单)."""
    messages.success(request, said)
    try:
        queries.get(request.actor, case_id)  # type: ignore[attr-defined]
    except NotFound:
        messages.info(request, _("此件已转出本单位，不在您的可见范围内了。"))
        return redirect("console:home")
    return redirect("cases:case", case_id)


def _acted(request: HttpRequest, case_id: int, done: Callable[[], Any], said: str) -> HttpResponse:
    """Run a verb for a case page and say what happened, or show the refusal on the same page."""
    try:
        done()
    except NotFound:
        raise
    except Refusal as refusal:
        return _case_page(request, case_id, refusal=refusal, status=refusal.status)
    return _done(request, case_id, said)


@require_POST
@power("cases.see")
def ask_term(request: HttpRequest, case_id: int) -> HttpResponse:
    """Ask for an extension or a suspension."""
    kind = "suspend" if request.POST.get("kind") == "suspend" else "extend"
    days = request.POST.get("days", "")
    return _acted(
        request,
        case_id,
        lambda: services.ask_term(
            case_id=case_id,
            kind=kind,
            days=whole(days),
            reason=request.POST.get("reason", ""),
            by=request.actor,  # type: ignore[attr-defined]
            at=timezone.now(),
            key=request.POST.get("request_key", ""),
        ),
        _("申请已提交，等待审批。"),
    )


@require_POST
@power("cases.approve")
def decide_term(request: HttpRequest, request_id: int) -> HttpResponse:
    """Grant or refuse a request for more time."""
    asked = TermRequest.objects.filter(pk=request_id).first()
    if asked is None:
        raise NotFound(_("没有找到这份申请。"))
    return _acted(
        request,
        asked.case_id,
        lambda: services.decide_term(
            request_id=request_id,
            granted=request.POST.get("decide") == "grant",
            decision=request.POST.get("decision", ""),
            by=request.actor,  # type: ignore[attr-defined]
            at=timezone.now(),
            key=request.POST.get("request_key", ""),
        ),
        _("已审批。"),
    )


@require_POST
@power("cases.see")
def resume(request: HttpRequest, case_id: int) -> HttpResponse:
    """Let a suspended case go on."""
    return _acted(
        request,
        case_id,
        lambda: services.resume(
            case_id=case_id,
            by=request.actor,  # type: ignore[attr-defined]
            at=timezone.now(),
            note=request.POST.get("note", ""),
            key=request.POST.get("request_key", ""),
        ),
        _("已恢复办理，期限按剩余时间顺延。"),
    )


@require_POST
@power("cases.urge")
def urge(request: HttpRequest, case_id: int) -> HttpResponse:
    """Urge the office whose turn it is, or put the case under supervision."""
    supervise = request.POST.get("act") == "supervise"
    return _acted(
        request,
        case_id,
        lambda: services.urge(
            case_id=case_id,
            supervise=supervise,
            note=request.POST.get("note", ""),
            by=request.actor,  # type: ignore[attr-defined]
            at=timezone.now(),
            key=request.POST.get("request_key", ""),
        ),
        _("已发出督办。") if supervise else _("已催办。"),
    )


@require_POST
@power("cases.merge")
def merge(request: HttpRequest, case_id: int) -> HttpResponse:
    """Fold this case into another."""
    into = request.POST.get("into", "")
    into_id = whole(into[8:] if len(into) >= 15 and into.isdecimal() else into) or 0
    return _acted(
        request,
        case_id,
        lambda: services.merge(
            into_id=into_id,
            case_id=case_id,
            reason=request.POST.get("note", ""),
            by=request.actor,  # type: ignore[attr-defined]
            at=timezone.now(),
            key=request.POST.get("request_key", ""),
        ),
        _("已并案；发现不是同一件事的，可以在本页取消。"),
    )


@require_POST
@power("cases.merge")
def unmerge(request: HttpRequest, case_id: int) -> HttpResponse:
    """Undo a merge."""
    return _acted(
        request,
        case_id,
        lambda: services.unmerge(
            case_id=case_id,
            reason=request.POST.get("note", ""),
            by=request.actor,  # type: ignore[attr-defined]
            at=timezone.now(),
            key=request.POST.get("request_key", ""),
        ),
        _("已取消并案，恢复单独办理。"),
    )


@require_POST
@power("cases.merge")
def split(request: HttpRequest, case_id: int) -> HttpResponse:
    """Split off child cases with chosen evidence."""
    filled = zip(request.POST.getlist("class_code"), request.POST.getlist("text"), strict=False)
    parts = [
        services.Part(
            code,
            text.strip(),
            [pk for chosen in request.POST.getlist(f"evidence-{n}") if (pk := whole(chosen))],
        )
        for n, (code, text) in enumerate(filled, start=1)
        if code or text.strip()
    ]
    return _acted(
        request,
        case_id,
        lambda: services.split(
            case_id=case_id,
            parts=parts,
            by=request.actor,  # type: ignore[attr-defined]
            at=timezone.now(),
            key=request.POST.get("request_key", ""),
        ),
        _("已拆分，子件分别派单办理。"),
    )


@power("access.audit", "cases.unseal")
def who(request: HttpRequest, case_id: int) -> HttpResponse:
    """Answer "who can see this case, and why?"."""
    actor, at = request.actor, timezone.now()  # type: ignore[attr-defined]
    opened = queries.get(actor, case_id)
    answers = access.who_can_see(opened, power="cases.see", at=at)
    return render(request, "cases/who.html", {"case": opened, "answers": answers})


@require_POST
@power("cases.unseal")
def unseal(request: HttpRequest, report_id: int) -> HttpResponse:
    """Open a reporter's identity, once, with a reason; the page is not kept by the browser."""
    actor, at = request.actor, timezone.now()  # type: ignore[attr-defined]
    case_id = Report.objects.filter(pk=report_id).values_list("case_id", flat=True).first() or 0
    try:
        identity = services.unseal(
            report_id=report_id, reason=request.POST.get("reason", ""), by=actor, at=at
        )
    except NotFound:
        raise
    except Refusal as refusal:
        return _case_page(request, case_id, refusal=refusal, status=refusal.status)
    context = {"identity": identity, "case": queries.get(actor, case_id)}
    response = render(request, "cases/unsealed.html", context)
    response["Cache-Control"] = "no-store"
    return response


@require_POST
@power("cases.see")
def read_notice(request: HttpRequest, notice_id: int) -> HttpResponse:
    """Sign for a notice."""
    made = services.read_notice(notice_id=notice_id, by=request.actor, at=timezone.now())  # type: ignore[attr-defined]
    return redirect("cases:case", made.case_id)
