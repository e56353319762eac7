"""Pages of the register: units, one unit's file, what is due, sites with several due checks, suggested pairs."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from anju.ground.access import services as access
from anju.ground.foundation import act_forms, acts, journal, rulebooks, story
from anju.ground.foundation.asked import whole
from anju.ground.foundation.guards import power, writes
from anju.ground.foundation.refusals import NotFound, Refusal, show
from anju.ground.organisations.models import Organisation
from anju.ground.territory.models import Area, Estate
from anju.ground.territory.queries import pick_url

from .. import rules
from ..forms.units import UnitForm
from ..models import Unit
from ..pages import duty_row, stats
from ..queries import dossier, kinds
from ..queries import units as queries
from ..services import register
from ..services import visits as services
from ..services.matching import MATCHES
from ..services.register import UNITS

PAGE = 50
# Acts on a unit that have a page of their own, or are a part of another act.
ELSEWHERE = ("edit_unit", "merge_units")
FLAG_TONES = {"old_community": "warn", "high_rise": "active", "key_fire_unit": "danger", "focus": "danger"}


def _actor(request: HttpRequest) -> Any:
    return request.actor  # type: ignore[attr-defined]


def _number(request: HttpRequest) -> int:
    return max(1, min(whole(request.GET.get("page")) or 1, 200))


def _flag_words(flags: Iterable[str]) -> list[dict[str, str]]:
    return [
        {"key": flag, "label": kinds.flag_label(flag), "tone": FLAG_TONES.get(flag, "quiet")}
        # That a company serves it is the rule, and needs no mark.
        for flag in sorted(set(flags) - {"managed"})
    ]


# ----------------------------------------------------------------------------------------------------- the register


@power("inspections.see")
def units(request: HttpRequest) -> HttpResponse:
    """List the units one may see, by name, kind, agency, place and flag."""
    actor, today, number = _actor(request), timezone.localdate(), _number(request)
    filters = queries.filters_from(request.GET, on=today)
    found = queries.page(actor, filters, on=today, number=number, size=PAGE)
    flags = kinds.flags_of([unit.pk for unit in found.rows], on=today)
    book = rulebooks.load("units", on=today)
    agencies = queries.agency_options(actor, on=today)
    areas = queries.area_options(actor)
    options = [(k, kinds.kind_label(k)) for k in book["kinds"]]
    context = {
        "rows": [
            {
                "pk": unit.pk,
                "unit": unit,
                "kind": kinds.kind_label(unit.kind),
                "flags": _flag_words(flags.get(unit.pk, ())),
            }
            for unit in found.rows
        ],
        "filters": filters,
        "kinds": options,
        "groups": [(g, kinds.group_label(g)) for g in book["groups"]],
        "agencies": agencies,
        "areas": areas,
        "flags": [(f, kinds.flag_label(f)) for f in book["flags"]],
        "settable": [(f, kinds.flag_label(f)) for f in kinds.settable_flags()],
        "words": _chip_words(actor, filters, options, agencies, areas),
        "may_edit": actor.has(register.POWER),
        "today": today,
        "waiting": queries.match_count(actor, power=register.POWER) if actor.has(register.POWER) else 0,
        **found.told(number, PAGE),
    }
    return render(request, "inspections/units.html", context)


def _chip_words(
    actor: Any,
    filters: queries.Filters,
    options: list[tuple[str, str]],
    agencies: list[tuple[int, str]],
    areas: list[tuple[int, str]],
) -> dict[str, dict[str, str]]:
    words: dict[str, dict[str, str]] = {
        "kind": dict(options),
        "group": {filters.group: kinds.group_label(filters.group)} if filters.group else {},
        "flag": {filters.flag: kinds.flag_label(filters.flag)} if filters.flag else {},
        "agency": {str(pk): name for pk, name in agencies},
        "area": {str(pk): name for pk, name in areas},
        "ended": {"1": _("是")},
    }
    if filters.area and str(filters.area) not in words["area"]:
        name = Area.objects.filter(pk=filters.area).values_list("name", flat=True).first()
        words["area"][str(filters.area)] = name or ""
    if filters.estate:
        seen = access.visible(Estate, to=actor, power="territory.see")
        name = seen.filter(pk=filters.estate).values_list("name", flat=True).first()
        words["estate"] = {str(filters.estate): name or ""}
    return words


@require_POST
@power("inspections.register")
@writes("inspections.flag_unit", "inspections.unflag_unit")
def flag_many(request: HttpRequest) -> HttpResponse:
    """Set or end one flag on the chosen units; each is its own transaction, and each refusal is told."""
    actor, at = _actor(request), timezone.now()
    flag, on, key = request.POST.get("flag", ""), request.POST.get("on") != "0", act_forms.key_of(request)
    ids = [pk for text in request.POST.getlist("ids") if (pk := whole(text))][:200]
    back = request.POST.get("back", "").lstrip("?")[:600]
    done, refused = 0, []
    for pk in ids:
        try:
            register.set_flag(
                unit_id=pk, flag=flag, on=on, by=actor, at=at, key=acts.derived(key, str(pk)),
            )  # fmt: skip
            done += 1
        except Refusal as refusal:
            refused.append(str(refusal))
    if done:
        messages.success(request, _("已处理 %(n)d 个对象。") % {"n": done})
    for sentence in dict.fromkeys(refused):
        messages.warning(request, sentence)
    if not ids:
        messages.warning(request, _("请先勾选对象。"))
    return redirect(f"{reverse('inspections:units')}?{back}" if back else "inspections:units")


# ------------------------------------------------------------------------------------------------------- one unit


@require_safe
@power("inspections.see")
def unit(request: HttpRequest, unit_id: int) -> HttpResponse:
    """Show one unit as one file: its facts, who supervises it, what is due, and everything that happened to it."""
    return _unit(request, unit_id)


def _unit(
    request: HttpRequest, unit_id: int, *, act: str = "", refusal: Refusal | None = None
) -> HttpResponse:
    actor, at = _actor(request), timezone.now()
    today = timezone.localdate(at)
    shown = queries.unit_of(actor, unit_id)
    lines = dossier.lines(request, [shown.pk])
    tab = request.GET.get("tab", "")
    own = {one.act for one in UNITS.possible(shown, by=actor, at=at)}
    context = {
        "unit": shown,
        "kind": kinds.kind_label(shown.kind),
        "flags": _flag_words(kinds.flags_on(shown, on=today)),
        "flag_rows": [
            {"flag": kinds.flag_label(f.flag), "from": f.valid_from, "to": f.valid_to, "basis": f.basis}
            for f in queries.flags_through_time(shown)
        ],
        "duties": [duty_row(duty, today) for duty in queries.duties_of_unit(shown)],
        "visits": queries.waiting_visits(actor, [shown.pk]),
        "lines": [line for line in lines if tab in ("", line.kind)],
        "tabs": _line_tabs(lines, tab),
        "counts": stats(request, [shown.pk]),
        "history": [story.told(event) for event in reversed(journal.events_of(shown))],
        "acts": act_forms.buttons(
            request, UNITS, shown, "inspections:unit_act", at=at, act=act, refusal=refusal, elsewhere=ELSEWHERE
        ),
        "may_edit": "edit_unit" in own,
        "may_plan": actor.has("inspections.plan") and shown.ended_on is None,
        "estate_url": reverse("territory:estate", args=[shown.estate_id])
        if shown.estate_id and actor.has("territory.see")
        else "",
        "today": today,
    }  # fmt: skip
    return render(request, "inspections/unit.html", context, status=refusal.status if refusal else 200)


@require_POST
@power("inspections.register")
@writes(
    "inspections.flag_unit", "inspections.unflag_unit", "inspections.end_unit", "inspections.separate_units"
)
def unit_act(request: HttpRequest, unit_id: int, act: str) -> HttpResponse:
    """Take an act on a unit; a refusal comes back beside its field with what was typed."""
    if refusal := act_forms.pressed(request, UNITS, act, unit_id):
        return _unit(request, unit_id, act=act, refusal=refusal)
    messages.success(request, _("已保存。"))
    return redirect("inspections:unit", unit_id)


def _line_tabs(lines: list[dossier.Line], tab: str) -> list[dict[str, Any]]:
    words = {
        "visit": _("检查"),
        "finding": _("隐患"),
        "order": _("责令改正"),
        "penalty": _("处罚"),
        "transfer": _("移送抄告"),
        "sealing": _("临时查封"),
        "major": _("重大火灾隐患"),
        "company": _("物业企业"),
    }
    seen = Counter(line.kind for line in lines)
    ordered = [k for k in (*words, *(seen.keys() - words.keys())) if k in seen]
    first = [{"label": _("全部"), "url": "?", "current": not tab, "count": len(lines)}]
    return first + [
        {"label": words.get(k, k), "url": f"?tab={k}", "current": tab == k, "count": seen[k]} for k in ordered
    ]


def _area(request: HttpRequest) -> Area | None:
    """Return the place that was chosen before (`?area=`), if the actor keeps its register."""
    seen = access.visible(Area, to=_actor(request), power=register.POWER)
    return seen.filter(pk=whole(request.GET.get("area")), active=True).first()


@power("inspections.register")
@writes("inspections.add_unit")
def new(request: HttpRequest) -> HttpResponse:
    """Enter a unit: first its community is chosen, then its facts are typed."""
    actor, area = _actor(request), _area(request)
    if area is None:
        return redirect(
            pick_url("area", "area", request.path, power=register.POWER, level=Area.Level.COMMUNITY)
        )
    agencies = queries.agency_options(actor, on=timezone.localdate(), power=register.POWER)
    form = UnitForm(request, area=area, agencies=agencies)
    if request.method == "POST":
        given = act_forms.typed(register.add_unit.steps[0], request.POST)
        try:
            made = register.add_unit(
                area=area, by=actor, at=timezone.now(), key=act_forms.key_of(request), **given
            )
        except Refusal as refusal:
            show(form, refusal)
        else:
            messages.success(request, _("已登记“%(name)s”。") % {"name": made.name})
            if queries.open_matches(made).exists():
                messages.info(request, _("名册里有写法相近的对象，请核对是不是同一家。"))
                return redirect("inspections:matches")
            return redirect("inspections:unit", made.pk)
    context = {"form": form, "area": area, "unit": None}
    return render(request, "inspections/unit_form.html", context, status=422 if form.is_bound else 200)


@power("inspections.register")
@writes("inspections.edit_unit")
def edit(request: HttpRequest, unit_id: int) -> HttpResponse:
    """Change the facts of a unit; a new place is chosen by its own page and comes back as ?area=."""
    actor = _actor(request)
    shown = queries.unit_of(actor, unit_id)
    access.require(actor, register.POWER, on=shown)
    area = _area(request) or shown.area
    form = UnitForm(
        request, area=area, agencies=register.agencies(shown, timezone.localdate(), actor) or (), unit=shown
    )
    if request.method == "POST":
        changes = {one.name: request.POST.get(one.name, "") for one in rules.FACTS}
        given = act_forms.typed(register.edit_unit.steps[0], request.POST) | {"changes": changes}
        try:
            register.edit_unit(
                unit_id=shown.pk, area=area, by=actor, at=timezone.now(), key=act_forms.key_of(request), **given
            )  # fmt: skip
        except NotFound:
            raise
        except Refusal as refusal:
            show(form, refusal)
        else:
            messages.success(request, _("已保存。"))
            return redirect("inspections:unit", shown.pk)
    move_url = pick_url("area", "area", request.path, power=register.POWER, level=Area.Level.COMMUNITY)
    context = {"form": form, "area": area, "unit": shown, "move_url": move_url}
    return render(request, "inspections/unit_form.html", context, status=422 if form.is_bound else 200)


# ------------------------------------------------------------------------------------------------------- coverage


@power("inspections.see")
def coverage(request: HttpRequest) -> HttpResponse:
    """Show what is due, by station: listed, done this year, overdue, share."""
    actor, today = _actor(request), timezone.localdate()
    kinds = queries.agency_kinds_due(today)
    kind = request.GET.get("kind", "") if request.GET.get("kind", "") in kinds else kinds[0]
    area = whole(request.GET.get("area"))
    rows = queries.coverage_by_agency(actor, on=today, kind=kind, area=area)
    book = rulebooks.load("organisations", on=today)["kinds"]
    name = "name_en" if (get_language() or "").startswith("en") else "name"
    total = {key: sum(getattr(row, key) for row in rows) for key in ("listed", "done", "overdue", "soon")}
    total["share"] = round(100 * total["done"] / total["listed"], 1) if total["listed"] else 0.0
    context = {
        "rows": rows,
        "total": total,
        "kinds": [{"key": k, "label": book[k][name]} for k in kinds],
        "kind": kind,
        "areas": queries.area_options(actor),
        "area": area,
        "today": today,
    }
    return render(request, "inspections/coverage.html", context)


@power("inspections.see")
def due(request: HttpRequest) -> HttpResponse:
    """List the units whose check is due, the longest overdue first."""
    actor, today, number = _actor(request), timezone.localdate(), _number(request)
    scope = request.GET.get("scope", "")
    scope = scope if scope in queries.SCOPES else "overdue"
    agency = None
    if wanted := whole(request.GET.get("agency")):
        agency = Organisation.objects.filter(pk=wanted).first()
    found = queries.due_page(
        actor, on=today, scope=scope, agency=agency.pk if agency else None, number=number, size=PAGE
    )
    words = {"overdue": _("已超期"), "soon": _("30日内到期"), "done": _("今年已检"), "listed": _("全部")}
    ask = f"&agency={agency.pk}" if agency else ""
    context = {
        "rows": [duty_row(duty, today) | {"kind": kinds.kind_label(duty.unit.kind)} for duty in found.rows],
        "agency": agency,
        "scope": scope,
        "tabs": [
            {"label": words[s], "url": f"?scope={s}{ask}", "current": s == scope} for s in queries.SCOPES
        ],
        "may_plan": actor.has("inspections.plan"),
        "today": today,
        **found.told(number, PAGE),
    }
    return render(request, "inspections/coverage_due.html", context)


# ------------------------------------------------------------------------------------- several checks at one site


@power("inspections.plan")
def together(request: HttpRequest) -> HttpResponse:
    """List the sites where several agencies owe a check (综合查一次), each offered as one visit."""
    actor, today = _actor(request), timezone.localdate()
    own = [office.pk for office in services.own_agencies(actor, on=today)]
    sites = queries.sites_due(actor, on=today, own=own)
    context = {
        "sites": [_site(site, today) for site in sites],
        "may_plan": bool(own),
        "today": today,
    }
    return render(request, "inspections/coverage_together.html", context)


def _site(site: queries.Site, today: date) -> dict[str, Any]:
    return {
        "site": site,
        "rows": [duty_row(duty, today) for duty in site.duties],
        "overdue": sum(duty.due_on < today for duty in site.duties),
        "units": [{"unit": u, "kind": kinds.kind_label(u.kind)} for u in site.units.values()],
    }


@require_POST
@power("inspections.plan")
@writes("inspections.plan")
def plan_together(request: HttpRequest) -> HttpResponse:
    """Plan one joint visit of a site for all agencies that owe something there, for all its units at once."""
    actor, at = _actor(request), timezone.now()
    today = timezone.localdate(at)
    own = [office.pk for office in services.own_agencies(actor, on=today)]
    wanted = request.POST.get("site", "")[:300]
    site = next((s for s in queries.sites_due(actor, on=today, own=own) if s.key == wanted), None)
    if site is None:
        raise Refusal(_("这处的检查已经有人安排，或者不再到期。请刷新后再看。"))
    with transaction.atomic():
        made = [_plan_unit(shown, site, own, request, at) for shown in site.units.values()]
    messages.success(
        request,
        _("已安排“%(site)s”的联合检查：%(units)d个对象，%(agencies)d个单位，一次上门。")
        % {"site": site.name, "units": len(made), "agencies": len(site.agencies)},
    )
    if len(made) == 1:
        return redirect("inspections:visit", made[0].pk)
    return redirect("inspections:together")


def _plan_unit(shown: Unit, site: queries.Site, own: list[int], request: HttpRequest, at: datetime) -> Any:
    owing = {duty.agency_id: duty.checklist for duty in site.duties if duty.unit_id == shown.pk}
    agencies = list(dict.fromkeys([*owing, *own[:1]]))
    return services.plan_visit(
        unit_id=shown.pk,
        kind="joint" if len(agencies) > 1 else "daily",
        planned_for=request.POST.get("planned_for"),
        agencies=agencies,
        checklist=owing,
        note=_("综合查一次"),
        by=_actor(request),
        at=at,
        key=acts.derived(act_forms.key_of(request), str(shown.pk)),
    )


# -------------------------------------------------------------------------------------------------------- matches


@power("inspections.register")
def matches(request: HttpRequest) -> HttpResponse:
    """Show pairs that may be one unit, side by side, for a person to decide."""
    words = {
        "uscc": _("统一社会信用代码相同"),
        "name": _("名称相近"),
        "address": _("地址相近"),
        "community": _("同一社区"),
        "street": _("同一街道"),
    }
    rows = [
        {
            "match": match,
            "score": round(match.score * 100),
            "reasons": [words.get(r, r) for r in match.reasons],
            "sides": [_side(side) for side in (match.unit, match.other)],
        }
        for match in queries.matches(
            _actor(request), power=register.POWER, first=whole(request.GET.get("match"))
        )
    ]
    return render(request, "inspections/matches.html", {"rows": rows})


def _side(shown: Unit) -> dict[str, Any]:
    return {"unit": shown, "kind": kinds.kind_label(shown.kind)}


@require_POST
@power("inspections.register")
@writes("inspections.confirm_match", "inspections.reject_match", "inspections.merge_units")
def decide_match(request: HttpRequest, match_id: int) -> HttpResponse:
    """Decide one pair: the same (and which entry stays), or not."""
    different = request.POST.get("answer") == "different"
    if different:
        act_forms.press(request, MATCHES, "reject_match", match_id)
    else:
        act_forms.press(request, MATCHES, "confirm_match", match_id, keep_id=request.POST.get("answer"))
    messages.success(request, _("已记为两个不同的对象。") if different else _("已合并为一个对象。"))
    return redirect("inspections:matches")
