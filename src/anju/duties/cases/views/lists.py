"""Lists of cases, search, kept views, acts on several rows, what has climbed the ladder, a new case."""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from anju.ground.access import services as access
from anju.ground.access.actors import Actor
from anju.ground.access.guards import power, writes
from anju.ground.foundation import act_forms, desk, notices
from anju.ground.foundation.asked import came_from, whole
from anju.ground.foundation.refusals import NotFound, Refusal
from anju.ground.territory import queries as places
from anju.ground.territory.models import Area, Estate

from .. import pages, queries, rules, services
from ..forms import ReportForm
from ..models import Case, SavedView
from ..queries import catalogue
from ..services import LOOP

PAGE, MOST_ORPHANS = 50, 50


@require_safe
@power("cases.see")
def list_page(request: HttpRequest) -> HttpResponse:
    """List cases with filters, search, saved views and acts on several rows."""
    at = timezone.now()
    actor = request.actor  # type: ignore[attr-defined]
    filters = queries.filters_from(request.GET)
    page = max(1, min(whole(request.GET.get("page")) or 1, 200))
    found = queries.page(actor, filters, at=at, number=page, size=PAGE)
    rows, count, more = found.rows, found.count, found.more
    context = {
        "rows": queries.rows_of(rows, actor, at=at),
        "held": _held(actor, [row.pk for row in rows]),
        "filters": filters,
        "count": count,
        "more": more,
        "page": page,
        "last": (page - 1) * PAGE + len(rows) >= count and not more,
        "first_row": (page - 1) * PAGE + 1 if rows else 0,
        "last_row": (page - 1) * PAGE + len(rows),
        "states": rules.STATE_LABELS,
        "kinds": rules.KIND_LABELS,
        "severities": rules.SEVERITY_LABELS,
        "channels": rules.CHANNEL_LABELS,
        "classes": pages.class_options(),
        "areas": pages.area_options(actor),
        "views": SavedView.objects.filter(account_id=actor.account_id).order_by("name"),
        "words": pages.chip_words(filters),
        "clock_labels": rules.CLOCK_LABELS,
        "now": at,
    }
    return render(request, "cases/list.html", context)


def _held(actor: Actor, pks: list[int]) -> dict[int, str]:
    """Return who of the reader's office has which cases."""
    held = desk.holders([(Case, pk) for pk in pks], actor)
    return {pk: name for (_label, pk, _power, _office), (_person, name) in held.items()}


@require_safe
@power("cases.see")
def search(request: HttpRequest) -> HttpResponse:
    """Go to the one case whose number was typed, else to the list of what was found."""
    text = request.GET.get("q", "").strip()
    pk = queries.case_id_of(text)
    if pk and access.visible(Case, to=request.actor, power="cases.see").filter(pk=pk).exists():  # type: ignore[attr-defined]
        return redirect("cases:case", pk)
    return redirect(f"{reverse('cases:list')}?{urlencode({'q': text})}")


@power("cases.see")
@writes("cases.save_view", "cases.drop_view")
def save_view(request: HttpRequest) -> HttpResponse:
    """Keep the present filters under a name, or delete a kept view."""
    told = {"by": request.actor, "at": timezone.now(), "key": act_forms.key_of(request)}  # type: ignore[attr-defined]
    if request.method != "POST":
        return redirect("cases:list")
    if drop := request.POST.get("delete"):
        services.drop_view(view_id=whole(drop) or 0, **told)
        return redirect("cases:list")
    query = request.POST.get("query", "")[:600].lstrip("?")
    kept = services.save_view(name=request.POST.get("name", ""), query=query, **told)
    messages.success(request, _("已保存视图“%(name)s”。") % {"name": kept.name})
    return redirect(f"{reverse('cases:list')}?{kept.query}")


@require_POST
@power("cases.assign", "cases.handle", "cases.urge")
@writes("cases.assign", "cases.accept", "cases.urge")
def bulk(request: HttpRequest) -> HttpResponse:
    """Take one act on several chosen cases; each is its own transaction, and each refusal is told."""
    at, actor = timezone.now(), request.actor  # type: ignore[attr-defined]
    ids = [pk for text in request.POST.getlist("ids") if (pk := whole(text))][:200]
    act, note = request.POST.get("act", ""), request.POST.get("note", "")
    base = request.POST.get("request_key", "")[:40]
    if not ids:
        raise Refusal(_("请先勾选要办理的事项。"))
    done, refused = 0, list[tuple[int, str]]()
    for pk in ids:
        try:
            key = f"{base}:{pk}" if base else ""
            if act not in ("assign", "accept", "urge"):
                raise Refusal(_("这一步不能批量办理，请逐件办理。"))
            LOOP.verbs[act](case_id=pk, by=actor, at=at, note=note, key=key)
            done += 1
        except Refusal as refusal:
            refused.append((pk, str(refusal)))
    if done:
        messages.success(request, _("已办理 %(n)d 件。") % {"n": done})
    shown = Case.objects.filter(pk__in=[pk for pk, _sentence in refused[:5]])
    seen = access.visible(Case, to=actor, power="cases.see") & shown
    numbers = {case.pk: case.number for case in seen.only("pk", "reported_at")}
    for pk, sentence in refused[:5]:
        messages.warning(request, f"{numbers[pk]}: {sentence}" if pk in numbers else sentence)
    if len(refused) > 5:
        messages.warning(request, _("另有 %(n)d 件没有办成，原因相同或类似。") % {"n": len(refused) - 5})
    # Not `redirect`: it would take an address without a slash for the name of a view.
    return HttpResponseRedirect(came_from(request, reverse("console:home")))


@require_safe
@power("cases.urge", "cases.supervise")
def escalations(request: HttpRequest) -> HttpResponse:
    """Show what has climbed the ladder, the highest rung first."""
    at, actor = timezone.now(), request.actor  # type: ignore[attr-defined]
    rows = queries.escalations(actor, at=at)
    context = {
        "rows": queries.rows_of(rows, actor, at=at),
        "rungs": _rungs(),
        "clock_labels": rules.CLOCK_LABELS,
        "now": at,
        "orphans": notices.told(notices.nobodys(actor)[:MOST_ORPHANS]),
    }
    return render(request, "cases/escalations.html", context)


def _rungs() -> dict[int, str]:
    return {1: _("街道"), 2: _("县区"), 3: _("市级"), 4: _("值班员")}


@power("cases.report")
@writes("cases.report")
def new(request: HttpRequest) -> HttpResponse:
    """File a complaint or hazard for somebody who called or came to the counter."""
    at, actor = timezone.now(), request.actor  # type: ignore[attr-defined]
    day = timezone.localdate(at)
    data = request.POST if request.method == "POST" else None
    form = ReportForm(data, request.FILES or None, day=day)
    reach = access.visible(Estate, to=actor, power="cases.report").select_related("area")
    areas = access.visible(Area, to=actor, power="cases.report").filter(level__gte=Area.Level.STREET)
    asked = request.POST if request.method == "POST" else request.GET
    estate = reach.filter(pk=whole(asked.get("estate"))).first()
    area = None if estate else areas.filter(pk=whole(asked.get("area"))).first()
    found, found_areas = None, None
    text = request.GET.get("q", "").strip()
    if text:
        found = list(places.search_estates(text, among=reach, limit=20))
        # A street shop or a village lane lies in no estate; its community is place enough.
        found_areas = list(places.search_areas(text, among=areas, limit=8))
    if request.method == "POST" and form.is_valid():
        try:
            made = services.report(
                kind="hazard"
                if form.cleaned_data["class_code"] in catalogue.classes("hazard", on=day)
                else "complaint",
                class_code=form.cleaned_data["class_code"],
                text=form.cleaned_data["text"],
                place=form.cleaned_data["place"],
                estate=estate,
                area=area,
                reporter=services.Reporter(name=form.cleaned_data["name"], phone=form.cleaned_data["phone"]),
                uploads=[services.Upload(f) for f in request.FILES.getlist("uploads")],
                channel="staff",
                by=actor,
                at=at,
                key=act_forms.key_of(request),
            )
        except NotFound:
            raise
        except Refusal as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            code = made.reports.values_list("code", flat=True).first()
            messages.success(
                request,
                _("已登记 %(number)s，请告诉来电人查询码：%(code)s。")
                % {"number": made.number, "code": code},
            )
            return redirect("cases:case", made.pk)
    context = {
        "form": form,
        "estate": estate,
        "area": area,
        "found": found,
        "found_areas": found_areas,
        "text": text,
    }
    return render(request, "cases/new.html", context, status=422 if form.is_bound and form.errors else 200)
