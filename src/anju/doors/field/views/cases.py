"""The patrol's phone: my area today, report and re-check in a few taps, the large acts under the thumb."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from anju.duties.cases import queries, services
from anju.duties.cases import rules as case_rules
from anju.duties.cases.queries import catalogue, evidence
from anju.ground.access import services as access
from anju.ground.access.guards import power, writes
from anju.ground.foundation import act_forms, desk, notices
from anju.ground.foundation.asked import whole
from anju.ground.foundation.refusals import NeedsConfirmation, NotFound, Refusal
from anju.ground.territory.models import Estate
from anju.ground.territory.queries import search_estates

# So many rows are read on a phone at once.
MOST = 60


@power("cases.check")
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show what waits for me, the most urgent first: the same list as on the desk at the office."""
    at, actor = timezone.now(), request.actor  # type: ignore[attr-defined]
    rows = desk.page(actor, at, most=MOST)
    context = {
        "rows": rows,
        "desk": desk.numbers(actor, at),
        "unread": notices.unread(actor).count(),
        "now": at,
        "most": MOST,
    }
    return render(request, "field/home.html", context)


def _estates(request: HttpRequest, wanted: str) -> Any:
    return access.visible(Estate, to=request.actor, power=wanted).filter(active=True).select_related("area")  # type: ignore[attr-defined]


def _find(request: HttpRequest, wanted: str) -> list[Estate]:
    text = request.GET.get("q", "").strip()[:40]
    reach = _estates(request, wanted)
    if not text:
        return list(reach.order_by("name")[:30])
    # Among those of the reach: a frequent name of the whole city would leave no room for the own estate.
    return list(search_estates(text, among=reach, limit=30))


@power("cases.see")
def estates(request: HttpRequest) -> HttpResponse:
    """List the estates of my area."""
    context = {"found": _find(request, "cases.see"), "text": request.GET.get("q", "")}
    return render(request, "field/estates.html", context)


@power("cases.see")
def estate(request: HttpRequest, estate_id: int) -> HttpResponse:
    """Show an estate's facts and open cases on the phone."""
    at, actor = timezone.now(), request.actor  # type: ignore[attr-defined]
    found = _estates(request, "cases.see").filter(pk=estate_id).first()
    if found is None:
        raise NotFound(_("没有找到这个小区。"))
    filters = queries.filters_from({"estate": str(estate_id), "open": "1", "order": "due"})
    rows = list(queries.with_row_parts(queries.listing(actor, filters, at=at))[:50])
    context = {
        "estate": found,
        "file": queries.estate_file(estate_id, at=at),
        "rows": [{"case": c, "label": catalogue.label(c.kind, c.class_code)} for c in rows],
        "now": at,
    }
    return render(request, "field/estate.html", context)


@power("cases.report")
@writes("cases.report")
def report(request: HttpRequest) -> HttpResponse:
    """Report a hazard on the spot: estate, what, photo, send."""
    at, actor = timezone.now(), request.actor  # type: ignore[attr-defined]
    day = timezone.localdate(at)
    chosen = request.POST.get("estate") or request.GET.get("estate") or ""
    found = _estates(request, "cases.report").filter(pk=whole(chosen)).first() if chosen else None
    if found is None:
        context = {"found": _find(request, "cases.report"), "text": request.GET.get("q", ""), "picking": True}
        return render(request, "field/estates.html", context)
    refusal = ""
    if request.method == "POST":
        try:
            kind, label = queries.kind_and_label(request.POST.get("class_code", ""), on=day)
            made = services.report(
                kind=kind,
                class_code=request.POST.get("class_code", ""),
                text=request.POST.get("text", "").strip() or label,
                place=request.POST.get("place", ""),
                estate=found,
                longitude=_degrees(request.POST.get("longitude")),
                latitude=_degrees(request.POST.get("latitude")),
                uploads=[services.Upload(f) for f in request.FILES.getlist("photos")[:9]],
                channel="field",
                by=actor,
                at=at,
                key=act_forms.key_of(request),
            )
        except Refusal as refused:
            refusal = str(refused)
        else:
            messages.success(request, _("已上报 %(number)s。") % {"number": made.number})
            return redirect("field:home")
    context = {
        "estate": found,
        "common": queries.common_classes(on=day),
        "classes": queries.class_tree(on=day),
        "refusal": refusal,
        "typed": request.POST,
    }
    return render(request, "field/report.html", context, status=422 if refusal else 200)


def _degrees(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if -180 <= value <= 180 else None


@require_safe
@power("cases.see")
def case(request: HttpRequest, case_id: int) -> HttpResponse:
    """Show one case on the phone with the one or two acts that are mine."""
    return _case(request, case_id)


def _case(request: HttpRequest, case_id: int, *, refusal: Refusal | None = None) -> HttpResponse:
    at, actor = timezone.now(), request.actor  # type: ignore[attr-defined]
    found = queries.dossier(actor, case_id, at=at)
    # Whoever is to put it right does not look at the place in somebody else's stead.
    elsewhere = {"verify"} if found.case.handler_id in actor.organisation_ids else set()
    acts = [
        one
        for one in services.LOOP.possible(found.case, by=actor, at=at)
        if one.act in case_rules.OFFERED - elsewhere and not one.blocked
    ]
    asked = evidence.unanswered(found.case) if any(one.act == "close" for one in acts) else []
    context = {
        "d": found,
        "case": found.case,
        "asked": evidence.doubts_said(asked, found.case, actor),
        "asking": bool(asked)
        or getattr(refusal, "field", "") == "about_photos"
        or "about_photos" in request.POST,
        "label": catalogue.label(found.case.kind, found.case.class_code),
        "acts": acts,
        "gallery": evidence.gallery(found.case, actor),
        "clock_labels": case_rules.CLOCK_LABELS,
        "clock": next(
            (c for c in found.clocks if c.stopped_at is None and c.kind == found.case.due_clock), None
        ),
        "refusal": str(refusal) if refusal else "",
        "doubted": (isinstance(refusal, NeedsConfirmation) and refusal.data.get("confirm") == "insist")
        or bool(request.POST.get("insist")),
        "typed": request.POST,
        "now": at,
    }
    return render(request, "field/case.html", context, status=refusal.status if refusal else 200)


@require_POST
@power("cases.see")
@writes(*(f"cases.{act}" for act in sorted(case_rules.OFFERED)))
def step(request: HttpRequest, case_id: int, act: str) -> HttpResponse:
    """Take one act from the phone."""
    try:
        services.take_step(
            case_id=case_id,
            act=act,
            by=request.actor,  # type: ignore[attr-defined]
            at=timezone.now(),
            note=request.POST.get("note", ""),
            uploads=[services.Upload(f) for f in request.FILES.getlist("photos")[:9]],
            insist=bool(request.POST.get("insist")),
            about_photos=request.POST.get("about_photos", ""),
            key=act_forms.key_of(request),
        )
    except NotFound:
        raise
    except Refusal as refused:
        return _case(request, case_id, refusal=refused)
    messages.success(request, _("已办理。"))
    return redirect("field:home")
