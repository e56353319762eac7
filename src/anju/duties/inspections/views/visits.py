"""Pages of visits: the list, one visit, the plan. They read what was asked, call a query or a verb, show the answer."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from anju.duties.cases.models import Case
from anju.ground.access import services as access
from anju.ground.access.guards import power, writes
from anju.ground.foundation import act_forms, story
from anju.ground.foundation.asked import whole
from anju.ground.foundation.refusals import NeedsConfirmation, NotFound, Refusal, show

from .. import rules
from ..forms import visits as forms
from ..models import Unit
from ..queries import kinds
from ..queries import visits as queries
from ..queries.counted import recheck_day
from ..queries.units import area_options
from ..services import visits as services

PAGE = 50
# Acts whose forms are drawn from what their steps ask for; the others have forms of their own on the page.
FROM_TABLE = {"refuse_signature", "withdraw_signature", "ask_recheck", "cancel", "void"}


def _actor(request: HttpRequest) -> Any:
    return request.actor  # type: ignore[attr-defined]


@require_safe
@power("inspections.see")
def visits(request: HttpRequest) -> HttpResponse:
    """List visits: what is planned first, then the newest; narrowed by period, kind, state, agency and place."""
    actor = _actor(request)
    filters = queries.filters_from(request.GET)
    number = max(1, min(whole(request.GET.get("page")) or 1, 200))
    found = queries.page(actor, filters, number=number, size=PAGE)
    agencies, areas = queries.agency_options(actor, on=timezone.localdate()), area_options(actor)
    context = {
        "rows": [
            {
                "pk": v.pk,
                "visit": v,
                "tone": rules.STATE_TONES[v.state],
                "kind": kinds.kind_label(v.unit.kind),
            }
            for v in found.rows
        ],
        "filters": filters,
        **found.told(number, PAGE),
        "kinds": rules.KIND_LABELS,
        "states": rules.STATE_LABELS,
        "agencies": agencies,
        "areas": areas,
        "words": _chip_words(actor, filters, agencies, areas),
        "today": timezone.localdate(),
    }
    return render(request, "inspections/visits.html", context)


def _chip_words(
    actor: Any, filters: queries.Filters, agencies: list[tuple[int, str]], areas: list[tuple[int, str]]
) -> dict[str, dict[str, str]]:
    words = {
        "kind": {k: str(v) for k, v in rules.KIND_LABELS.items()},
        "state": {k: str(v) for k, v in rules.STATE_LABELS.items()},
        "agency": {str(pk): name for pk, name in agencies},
        "area": {str(pk): name for pk, name in areas},
        "mine": {"": _("是"), "1": _("是")},
    }
    if filters.unit:
        seen = access.visible(Unit, to=actor, power="inspections.see")
        name = seen.filter(pk=filters.unit).values_list("name", flat=True).first() or ""
        words["unit"] = {str(filters.unit): name}
    return words


@require_safe
@power("inspections.see")
def visit(request: HttpRequest, visit_id: int) -> HttpResponse:
    """Show one visit whole: what is next, each agency's part as it was, findings, signature, its story."""
    return _visit(request, visit_id)


def _visit(
    request: HttpRequest, visit_id: int, *, act: str = "", refusal: Refusal | None = None
) -> HttpResponse:
    at, actor = timezone.now(), _actor(request)
    found = queries.dossier(actor, visit_id)
    mine = found.mine
    day = timezone.localdate(at)
    recording = mine is not None and found.visit.state == rules.VisitState.OPEN and "check" in found.acts
    context = {
        "d": found,
        "visit": found.visit,
        "may_open": _may_open(found, actor),
        "unit": found.unit,
        "unit_kind": kinds.kind_label(found.unit.kind),
        "next": queries.next_act(found),
        "officers": queries.officers_for(mine.part.agency, actor, on=day)
        if mine and "begin" in found.acts
        else [],
        "tree": queries.class_tree(on=day)
        if recording and mine and mine.part.checklist != rules.RECHECK
        else [],
        "conclusions": list(rules.conclusion_labels(mine.part.checklist if mine else "").items()),
        "results": rules.RESULT_LABELS,
        "recheck_results": rules.RECHECK_LABELS,
        "tone": rules.STATE_TONES[found.visit.state],
        "events": [story.told(event) for event in reversed(found.events)],
        "acts": act_forms.buttons(
            request, services.LOOP, found.visit, "inspections:act", at=at, act=act,
            refusal=refusal if act in FROM_TABLE else None,
            elsewhere=set(services.LOOP.verbs) - (set(found.acts) & FROM_TABLE),
        ),
        "hints": _hints(found, at),
        "act": act,
        "refusal": str(refusal) if refusal and act not in FROM_TABLE else "",
        "field": refusal.field if refusal else "",
        "confirm": refusal.data if isinstance(refusal, NeedsConfirmation) else {},
        "typed": request.POST,
        "now": at,
    }  # fmt: skip
    return render(request, "inspections/visit.html", context, status=refusal.status if refusal else 200)


def _may_open(found: Any, actor: Any) -> set[int]:
    """Return those cases of a visit that the reader may see: a partner's finding need not be theirs to read."""
    cases = {line.case.pk for part in found.parts for line in part.lines if line.case}
    cases |= {one.finding.case_id for part in found.parts for one in part.findings if one.finding.case_id}
    seen = (
        access.visible(Case, to=actor, power="cases.see").filter(pk__in=cases)
        if cases
        else Case.objects.none()
    )
    return set(seen.values_list("pk", flat=True))


def _hints(found: queries.Dossier, at: datetime) -> dict[str, str]:
    if "ask_recheck" not in found.acts:
        return {}
    return {"ask_recheck": _("最迟 %(d)s 复查（3个工作日）。") % {"d": recheck_day(at).isoformat()}}


@require_POST
@power("inspections.record")
@writes(
    "inspections.begin", "inspections.check", "inspections.find", "inspections.drop", "inspections.look",
    "inspections.conclude", "inspections.sign", "inspections.refuse_signature", "inspections.withdraw_signature",
    "inspections.finish", "inspections.cancel", "inspections.void", "inspections.ask_recheck",
)  # fmt: skip
def act(request: HttpRequest, visit_id: int, act: str) -> HttpResponse:
    """Take one act on a visit; a refusal comes back beside its form with what was typed."""
    try:
        done = forms.take(request, visit_id, act, channel="staff")
    except NotFound:
        raise
    except Refusal as refused:
        return _visit(request, visit_id, act=act, refusal=refused)
    messages.success(request, _said(act))
    return redirect(f"{reverse('inspections:visit', args=[forms.visit_of(done, visit_id)])}#acts")


def _said(act: str) -> str:
    return {
        "finish": _("检查已完成，隐患已进入整改流程。"),
        "ask_recheck": _("已安排复查。"),
        "cancel": _("检查已取消。"),
        "void": _("检查已作废，不再计入统计。"),
    }.get(act, _("已保存。"))


@power("inspections.plan")
@writes("inspections.plan")
def plan(request: HttpRequest) -> HttpResponse:
    """Plan a visit: find the unit, then the day, the kind and who comes."""
    at, actor = timezone.now(), _actor(request)
    day = timezone.localdate(at)
    wanted = whole(request.POST.get("unit") or request.GET.get("unit"))
    unit = None
    if wanted is not None:
        seen = access.visible(Unit, to=actor, power="inspections.plan").filter(pk=wanted)
        unit = seen.select_related("area", "estate").first()
        if unit is None:
            raise NotFound(_("没有找到这个检查对象。"))
    if unit is None:
        text = request.GET.get("q", "")
        context = {"units": queries.find_units(actor, text), "text": text, "kinds": kinds.kind_label}
        return render(request, "inspections/visit_plan_unit.html", context)
    agencies = services.agencies_for(unit, on=day)
    own = [o.pk for o in agencies if o.pk in actor.organisation_ids]
    first = {"planned_for": day, "kind": request.GET.get("kind") or "daily", "agencies": own}
    form = forms.PlanForm(request, offices=agencies, at=at, **first)
    if request.method == "POST":
        given = act_forms.typed(services.plan_visit.steps[0], request.POST) | {"unit_id": unit.pk}
        try:
            made = services.plan_visit(
                **given, follows_id=whole(request.GET.get("follows")), by=actor, at=at, key=act_forms.key_of(request)
            )  # fmt: skip
        except NotFound:
            raise
        except Refusal as refused:
            show(form, refused)
        else:
            messages.success(request, _("已安排检查 %(number)s。") % {"number": made.number})
            return redirect("inspections:visit", made.pk)
    context = {
        "form": form,
        "unit": unit,
        "unit_kind": kinds.kind_label(unit.kind),
        "before": queries.visits_of_unit(actor, unit.pk),
    }
    return render(request, "inspections/visit_plan.html", context, status=422 if form.errors else 200)


@require_POST
@power("inspections.see")
@writes("inspections.print_record")
def record(request: HttpRequest, visit_id: int) -> HttpResponse:
    """Open the printed record of a finished visit; it is issued now when nobody has asked for it before."""
    try:
        made = act_forms.press(request, services.LOOP, "print_record", visit_id)
    except NotFound:
        raise
    except Refusal as refused:
        return _visit(request, visit_id, act="print_record", refusal=refused)
    return redirect("documents:pdf", made.pk)
