"""Public pages, phone first. Reading goes through queries that hand out frozen values; writing through two verbs."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from anju.duties.cases import queries, services
from anju.duties.inspections.queries import units as units_queries
from anju.ground.access.actors import PUBLIC
from anju.ground.access.guards import open_to_all, writes
from anju.ground.foundation import act_forms, devices
from anju.ground.foundation.asked import origin_of, whole
from anju.ground.foundation.middleware import told_when
from anju.ground.foundation.refusals import NotFound, Refusal
from anju.ground.territory import queries as places

from ..forms import ReportForm


@open_to_all
def home(request: HttpRequest) -> HttpResponse:
    """Offer the three things a resident comes for."""
    return render(request, "portal/home.html", {"closed": queries.public_notices(at=timezone.now(), limit=5)})


@open_to_all
@writes("cases.report")
def report(request: HttpRequest) -> HttpResponse:
    """Report in under a minute: find the place, choose what it is, take a photo, send."""
    place = _place(request.POST if request.method == "POST" else request.GET)
    if place is None:
        return _find_place(request)
    devices.of(request)  # known since the form was opened: who fills it in has been patient
    form = ReportForm(request.POST if request.method == "POST" else None)
    refusal: Refusal | None = None
    if request.method == "POST" and form.is_valid():
        try:
            made = _send(request, place, form.cleaned_data)
        except Refusal as refused:
            refusal = refused
            if refused.field in form.fields:
                form.add_error(refused.field, str(refused))
        else:
            address = reverse("portal:done", args=[made])
            return redirect(f"{address}?{urlencode({'key': devices.own_page_key(made)})}")
    context = {
        "place": place,
        "form": form,
        "errors": form.first_errors() if form.is_bound else {},
        "refusal": str(refusal) if refusal else "",
        "common": queries.common_classes(on=timezone.localdate()),
        "all_classes": queries.class_tree(on=timezone.localdate()),
    }
    status = refusal.status if refusal else 422 if form.is_bound else 200
    response = render(request, "portal/report.html", context, status=status)
    return told_when(response, refusal) if refusal else response


def _place(data: Any) -> Any:
    for name, find in (("estate", places.public_estate), ("area", places.public_area)):
        if (pk := whole(data.get(name))) is not None:
            return find(pk)
    return None


def _find_place(request: HttpRequest) -> HttpResponse:
    text = request.GET.get("q", "").strip()[:40]
    hits = places.public_search(text) if text else None
    template = "portal/place_results.html" if request.headers.get("hx-request") else "portal/place.html"
    return render(request, template, {"text": text, "hits": hits})


def _send(request: HttpRequest, place: Any, told: dict[str, Any]) -> str:
    kind, label = queries.kind_and_label(told["class_code"], on=timezone.localdate())
    text = told["text"].strip() or label
    made = services.report(
        kind=kind,
        class_code=told["class_code"],
        text=text,
        by=PUBLIC,
        at=timezone.now(),
        channel="portal",
        estate=place.estate,
        area=place.area,
        place=told["place"],
        longitude=told["longitude"],
        latitude=told["latitude"],
        reporter=services.Reporter(
            name=told["name"], phone=told["phone"], origin=origin_of(request), device=devices.of(request)
        ),
        uploads=[services.Upload(f) for f in request.FILES.getlist("photos")[:9]],
        key=act_forms.key_of(request),
    )
    code = queries.code_of(made)
    devices.of(request).learn(services.FOLLOW, code)
    return code


def _follow(request: HttpRequest, code: str, at: datetime) -> queries.PublicProgress:
    return services.follow(code=code, origin=origin_of(request), device=devices.of(request), at=at)


@open_to_all
def done(request: HttpRequest, code: str) -> HttpResponse:
    """Give the reporter the code, once and large; whoever comes from the form sees it whatever others do here."""
    at = timezone.now()
    own = devices.opens_own_page(request.GET.get("key", ""), code)
    found = queries.progress(code, at=at) if own else _follow(request, code, at)
    response = render(request, "portal/done.html", {"p": found})
    response["Cache-Control"] = "no-store"
    return response


@open_to_all
def follow(request: HttpRequest) -> HttpResponse:
    """Ask for the code and go to its page."""
    code = request.GET.get("code", "").strip().upper()
    if code:
        try:
            _follow(request, code, timezone.now())
        except Refusal as refused:
            context = {"code": code, "error": str(refused)}
            return told_when(render(request, "portal/follow.html", context, status=refused.status), refused)
        return redirect("portal:progress", code)
    return render(request, "portal/follow.html", {"code": "", "error": ""})


@require_safe
@open_to_all
def progress(request: HttpRequest, code: str) -> HttpResponse:
    """Show each step in plain words."""
    return _progress(request, code)


def _progress(request: HttpRequest, code: str, *, refusal: Refusal | None = None) -> HttpResponse:
    at = timezone.now()
    found = _follow(request, code, at)
    context = {
        "p": found,
        "now": at,
        "photos": queries.reporter_photos(found.report_id, at=at),
        "refusal": refusal,
        "ratings": queries.rating_choices(),
        "typed": request.POST,
    }
    response = render(request, "portal/progress.html", context, status=refusal.status if refusal else 200)
    response["Cache-Control"] = "no-store"
    return response


@require_POST
@open_to_all
@writes("cases.rate")
def rate(request: HttpRequest, code: str) -> HttpResponse:
    """Take the reporter's rating; a bad one reopens the matter one level up."""
    rating = whole(request.POST.get("rating"))
    _follow(request, code, timezone.now())
    try:
        services.rate(
            code=code,
            rating=rating,
            reason=request.POST.get("reason", ""),
            by=PUBLIC,
            at=timezone.now(),
            key=act_forms.key_of(request),
        )
    except NotFound:
        raise
    except Refusal as refused:
        return _progress(request, code, refusal=refused)
    return redirect("portal:progress", code)


@open_to_all
def estates(request: HttpRequest) -> HttpResponse:
    """Find an estate's public page."""
    text = request.GET.get("q", "").strip()[:40]
    hits = places.public_search(text) if text else None
    found = [hit for hit in hits.places if hit.estate_id] if hits else None
    return render(request, "portal/estates.html", {"text": text, "found": found, "hits": hits})


@open_to_all
def estate(request: HttpRequest, estate_id: int) -> HttpResponse:
    """Show an estate's public file (一小区一档): facts, company, counts, closed cases; no names of persons."""
    at = timezone.now()
    place = places.public_estate(estate_id)
    if place is None or place.estate is None:
        raise NotFound(_("没有找到这个小区。"))
    context = {
        "e": place,
        "file": queries.estate_file(estate_id, at=at),
        "counts": queries.estate_counts(place.estate, at=at),
        "checks": units_queries.public_checks(place.estate, on=timezone.localdate(at)),
        "closed": queries.public_notices(at=at, estate_id=estate_id, limit=10),
    }
    return render(request, "portal/estate.html", context)


@open_to_all
def notices(request: HttpRequest) -> HttpResponse:
    """List closed cases for the public, newest first."""
    before = request.GET.get("before", "")
    rows = queries.public_notices(at=timezone.now(), before=whole(before), limit=30)
    return render(
        request, "portal/notices.html", {"rows": rows, "more": rows[-1].case_id if len(rows) == 30 else None}
    )
