"""Pages of estates, and of choosing a place."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from anju.ground.foundation import act_forms, beside, journal, story
from anju.ground.foundation.acts import derived
from anju.ground.foundation.asked import whole
from anju.ground.foundation.coordinates import System
from anju.ground.foundation.guards import power, signed_in, writes
from anju.ground.foundation.reach import require, visible
from anju.ground.foundation.refusals import NotFound, Refusal, show

from .. import queries, rules, services
from ..forms import EstateForm
from ..models import Area, Estate
from ..queries import boundaries, cell_words

ORDERS = {"name", "-name", "year_built", "-year_built", "households", "-households"}
PAGE = 50


@require_safe
@power("territory.see")
def estates(request: HttpRequest) -> HttpResponse:
    """List the estates one may see, narrowed by area, management, age and what is missing."""
    actor = request.actor  # type: ignore[attr-defined]
    today = timezone.localdate()
    asked = request.GET
    area = _chosen_area(request)
    order = asked.get("order", "") if asked.get("order", "") in ORDERS else ""
    found = queries.filter_estates(
        visible(Estate, to=actor, power="territory.see").filter(active=True),
        on=today,
        text=asked.get("q", ""),
        area=area,
        management=asked.get("management", ""),
        old=asked.get("old", ""),
        lacking=asked.get("lacking", ""),
    )
    listed = found.select_related("area").order_by(*([order] if order else ["area__path"]), "name", "pk")
    page = Paginator(listed, PAGE).get_page(asked.get("page"))
    rule_year = queries.old_year(on=today)
    rows = [
        {"estate": estate, "old": estate.listed_old or (estate.year_built or 9999) <= rule_year}
        for estate in page.object_list
    ]
    context = {
        "page": page,
        "rows": rows,
        "order": order,
        "area": area,
        "areas": _areas_below(request, area),
        "managements": Estate.Management.choices,
        "lackings": [("point", _("没有坐标")), ("year", _("没有建成年份")), ("households", _("没有户数"))],
        "may_edit": actor.has("territory.edit"),
    }
    return render(request, "territory/estates.html", context)


def _chosen_area(request: HttpRequest) -> Area | None:
    wanted = whole(request.GET.get("area"))
    if wanted is None:
        return None
    actor = request.actor  # type: ignore[attr-defined]
    return visible(Area, to=actor, power="territory.see").filter(pk=wanted).first()


def _areas_below(request: HttpRequest, area: Area | None) -> list[Area]:
    """List the areas to go down to: below the chosen one, or below the top of one's reach."""
    actor = request.actor  # type: ignore[attr-defined]
    seen = visible(Area, to=actor, power="territory.see").filter(active=True)
    if area is not None:
        return list(seen.filter(parent=area).order_by("division__code", "name"))
    tops = [reach for reach in actor.powers["territory.see"] if reach.kind == "area"]
    if len(tops) == 1:
        return list(seen.filter(parent=tops[0].id).order_by("division__code", "name"))
    return list(seen.filter(level=Area.Level.COUNTY).order_by("division__code", "name"))


def _estate(request: HttpRequest, pk: int, needed: str = "territory.see") -> Estate:
    """Return an estate that one may see; needs another power, too, for anything but reading."""
    actor = request.actor  # type: ignore[attr-defined]
    estate = (
        Estate.objects.select_related("area__county__division", "area__street", "division")
        .filter(pk=pk)
        .first()
    )
    if estate is None:
        raise NotFound(_("没有找到这个小区。"))
    require(actor, needed, on=estate)
    return estate


@require_safe
@power("territory.see")
def estate(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the record of an estate (一小区一档), with what other rooms know of it and its history."""
    shown = _estate(request, pk)
    context = {
        "estate": shown,
        "old": queries.estate_is_old(shown, on=timezone.localdate()),
        "buildings": sorted(shown.buildings.all(), key=lambda building: rules.in_house_order(building.name)),
        "panels": beside.of(request, shown).panels,
        "outside": _outside(shown),
        "history": [story.told(event) for event in reversed(journal.events_of(shown))],
        "may_edit": request.actor.has("territory.edit"),  # type: ignore[attr-defined]
    }
    return render(request, "territory/estate.html", context)


def _outside(shown: Estate) -> str:
    """Say where the point lies when that is not the estate's county, or ""."""
    if shown.longitude is None or shown.latitude is None:
        return ""
    code = services.county_code(shown.area)
    if boundaries.lies_near(shown.longitude, shown.latitude, code=code) is not False:
        return ""
    there = boundaries.county_name_at(shown.longitude, shown.latitude)
    hint = _("这个位置看上去在%(county)s。") % {"county": there} if there else ""
    return cell_words.sentence("outside_county") + hint


@power("territory.edit")
@writes("territory.edit_estate", "territory.list_old")
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change the record of an estate."""
    shown = _estate(request, pk, "territory.edit")
    today = timezone.localdate()
    form = (
        EstateForm(request.POST, today=today)
        if request.method == "POST"
        else EstateForm.of(shown, today=today)
    )
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                kept = _store_edit(request, shown, form)
        except Refusal as refusal:
            _show(form, refusal)
        else:
            _tell(request, kept.warnings)
            messages.success(request, _("已保存。"))
            return redirect("territory:estate", pk=shown.pk)
    status = 422 if form.is_bound else 200
    return render(request, "territory/estate_form.html", {"form": form, "estate": shown}, status=status)


def _store_edit(request: HttpRequest, shown: Estate, form: EstateForm) -> services.Kept:
    by, at, key = request.actor, timezone.now(), act_forms.key_of(request)  # type: ignore[attr-defined]
    told = {"estate_id": shown.pk, "by": by, "at": at}
    listed = form.cleaned_data["listed_old"]
    if listed != shown.listed_old:
        basis = form.cleaned_data["listed_basis"]
        services.list_old(listed=listed, basis=basis, key=derived(key, "list_old"), **told)
    return services.edit_estate(
        changes=form.facts(),
        buildings=form.cleaned_data["buildings"],
        point=form.cleaned_data["point"],
        system=System(form.cleaned_data["system"] or System.WGS84),
        key=key,
        **told,
    )


@power("territory.edit")
@writes("territory.create_estate")
def new(request: HttpRequest) -> HttpResponse:
    """Enter an estate: first its community is chosen, then its facts are typed."""
    actor = request.actor  # type: ignore[attr-defined]
    wanted = request.GET.get("area", "")
    seen = visible(Area, to=actor, power="territory.edit").filter(level=Area.Level.COMMUNITY, active=True)
    area = seen.filter(pk=whole(wanted)).first() if wanted else None
    if area is None:
        mine = list(seen[:2])
        if len(mine) != 1:
            asked = {"level": Area.Level.COMMUNITY, "power": "territory.edit"}
            return redirect(queries.pick_url("area", "area", request.path, **asked))
        area = mine[0]
    form = EstateForm(request.POST or None, today=timezone.localdate())
    if request.method == "POST" and form.is_valid():
        try:
            kept = services.create_estate(
                area=area,
                by=actor,
                at=timezone.now(),
                key=act_forms.key_of(request),
                point=form.cleaned_data["point"],
                system=System(form.cleaned_data["system"] or System.WGS84),
                buildings=form.cleaned_data["buildings"] or (),
                **form.facts(),
            )
        except Refusal as refusal:
            _show(form, refusal)
        else:
            _tell(request, kept.warnings)
            messages.success(request, _("已建立小区档案。"))
            return redirect("territory:estate", pk=kept.estate.pk)
    status = 422 if form.is_bound else 200
    return render(
        request, "territory/estate_form.html", {"form": form, "estate": None, "area": area}, status=status
    )


def _show(form: EstateForm, refusal: Refusal) -> None:
    """Put a refusal beside its field, or above the form."""
    show(form, refusal, field={"basis": "listed_basis"}.get(refusal.field or ""))


def _tell(request: HttpRequest, warnings: list[str]) -> None:
    for warning in warnings:
        messages.warning(request, cell_words.sentence(warning))


KINDS = ("area", "estate", "division")


@require_safe
@signed_in
def pick(request: HttpRequest) -> HttpResponse:
    """Choose a place: options for htmx or a <datalist>, or a page that goes back to `next` with the choice.

    Asked: kind (area, estate, division), q, level, within (area id), field (parameter of the choice), next.
    """
    actor = request.actor  # type: ignore[attr-defined]
    asked = request.GET
    kind = asked.get("kind", "area") if asked.get("kind", "area") in KINDS else "area"
    power_name = asked.get("power", "territory.see")
    text, level = asked.get("q", ""), whole(asked.get("level"))
    within = Area.objects.filter(pk=whole(asked["within"])).first() if asked.get("within") else None
    found: list[dict[str, Any]] = []
    if kind == "division":
        found = [
            {"id": d.pk, "name": d.name, "path": d.path, "code": d.code}
            for d in queries.search_divisions(text)
        ]
    elif actor.has(power_name):
        if kind == "area":
            seen = visible(Area, to=actor, power=power_name)
            rows = queries.search_areas(text, within=within, level=level, among=seen)
            found = [{"id": a.pk, "name": a.name, "path": a.path, "code": ""} for a in rows]
        else:
            here = visible(Estate, to=actor, power=power_name)
            estates_found = queries.search_estates(text, within=within, among=here)
            found = [{"id": e.pk, "name": e.name, "path": e.area.path, "code": ""} for e in estates_found]
    context = {
        "found": found,
        "kind": kind,
        "field": asked.get("field", kind),
        "next": _safe(request, asked.get("next", "")),
        "text": text,
    }
    fragment = request.headers.get("hx-request") or asked.get("as") == "options"
    return render(request, "territory/options.html" if fragment else "territory/pick.html", context)


def _safe(request: HttpRequest, address: str) -> str:
    """Return an address of this site, or "": a foreign `next` would make the page a springboard."""
    return address if url_has_allowed_host_and_scheme(address, allowed_hosts=None) else ""
