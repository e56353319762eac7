"""Pages of organisations and their contracts."""

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from anju.ground.foundation import act_forms, journal, rulebooks, story
from anju.ground.foundation.acts import Loop, Verb
from anju.ground.foundation.asked import whole
from anju.ground.foundation.beside import Beside
from anju.ground.foundation.guards import power, writes
from anju.ground.foundation.reach import require, visible
from anju.ground.foundation.refusals import NotFound, NotPermitted, Refusal, show
from anju.ground.foundation.workflow import Step
from anju.ground.territory.models import Area, Estate
from anju.ground.territory.queries import pick_url

from . import queries, rules, services
from .models import Organisation, ServiceContract

PAGE = 50
EDIT = "organisations.edit"
# The word that a doubt asks for is a field of its own here, so no form has a tick to insist.
_NEW, _EDIT = (replace(services.ORGANISATIONS.verbs[act].steps[0], doubts=()) for act in ("create", "edit"))
_EDIT = replace(_EDIT, asks=rules.EDITABLE)
_SIGN = replace(services.CONTRACTS.verbs["sign_contract"].steps[0], doubts=())
_END = services.CONTRACTS.verbs["end_contract"].steps[0]


@require_safe
@power("organisations.see")
def organisations(request: HttpRequest) -> HttpResponse:
    """List the organisations one may see, by kind and by name, initials or code."""
    asked, actor = request.GET, request.actor  # type: ignore[attr-defined]
    kinds = queries.kind_names(on=timezone.localdate())
    found = queries.narrow(
        visible(Organisation, to=actor, power="organisations.see"),
        text=asked.get("q", ""),
        kind=asked.get("kind", ""),
        active=asked.get("gone") != "1",
    )
    page = Paginator(found, PAGE).get_page(asked.get("page"))
    context = {
        "page": page,
        "kinds": kinds,
        "kind_names": dict(kinds),
        "may_edit": actor.has(EDIT),
    }
    return render(request, "organisations/organisations.html", context)


def _organisation(request: HttpRequest, pk: int, needed: str = "organisations.see") -> Organisation:
    found = Organisation.objects.select_related("area", "parent").filter(pk=pk).first()
    if found is None:
        raise NotFound(_("没有找到这个单位。"))
    require(request.actor, needed, on=found)  # type: ignore[attr-defined]
    return found


@require_safe
@power("organisations.see")
def organisation(request: HttpRequest, pk: int) -> HttpResponse:
    """Show an organisation: its facts, who works there today, and a company's contracts."""
    shown, today, actor = _organisation(request, pk), timezone.localdate(), request.actor  # type: ignore[attr-defined]
    roles = rulebooks.load("access", on=today)["roles"]
    context = {
        "organisation": shown,
        "kind_name": dict(queries.kind_names(on=today)).get(shown.kind, shown.kind),
        "posts": list(queries.posts_on(today, organisation=shown).order_by("valid_from", "pk")),
        "role_names": dict(queries.named(roles)),
        "contracts": queries.contracts_of(
            shown, estates=visible(Estate, to=actor, power="territory.see"), on=today
        ),
        "areas": [line.area for line in shown.jurisdictions.select_related("area")],
        "history": [story.told(event) for event in reversed(journal.events_of(shown))],
        "may_edit": _mine(request, Organisation).filter(pk=pk).exists(),
        "may_sign": shown.kind == "property_company" and actor.has(EDIT),
        "may_end": set(_mine(request, ServiceContract).filter(company=pk).values_list("pk", flat=True)),
        "new_contract_url": pick_url("estate", "estate", f"{request.path}contracts/new", power=EDIT),
    }
    return render(request, "organisations/organisation.html", context)


def _mine(request: HttpRequest, model: type[Model]) -> QuerySet:
    """Return the rows of a model that the reader may change."""
    return visible(model, to=request.actor, power=EDIT)  # type: ignore[attr-defined]


def _form(request: HttpRequest, loop: Loop, step: Step, row: Any = None, **initial: Any) -> act_forms.ActForm:
    """Draw the form of an act, with what was typed."""
    by, at = request.actor, timezone.now()  # type: ignore[attr-defined]
    data = request.POST if request.method == "POST" else None
    return act_forms.ActForm(loop, step, row, by=by, at=at, data=data, initial=initial)


def _done(request: HttpRequest, verb: Verb, form: act_forms.ActForm, **given: Any) -> Any:
    """Do what was sent and return its answer; None, with the refusal in the form, when it is refused."""
    if request.method != "POST":
        return None
    by, at = request.actor, timezone.now()  # type: ignore[attr-defined]
    try:
        return verb(by=by, at=at, key=act_forms.key_of(request), **given)
    except (NotFound, NotPermitted):
        raise
    except Refusal as refusal:
        show(form, refusal)
        return None


def _shown(request: HttpRequest, template: str, form: act_forms.ActForm, **context: Any) -> HttpResponse:
    return render(request, template, {"form": form, **context}, status=422 if form.is_bound else 200)


@power(EDIT)
@writes("organisations.create")
def new(request: HttpRequest) -> HttpResponse:
    """Enter an organisation; its area is chosen first."""
    wanted = request.GET.get("area", "")
    area = _mine(request, Area).filter(pk=whole(wanted)).first() if wanted else None
    if area is None:
        return redirect(pick_url("area", "area", request.path, power=EDIT))
    form = _form(request, services.ORGANISATIONS, _NEW)
    given = act_forms.typed(_NEW, request.POST)
    if made := _done(request, services.create_organisation, form, area=area, **given):
        messages.success(request, _("已登记单位。"))
        return redirect("organisations:organisation", pk=made.pk)
    return _shown(request, "organisations/organisation_form.html", form, area=area, organisation=None)


@power(EDIT)
@writes("organisations.edit")
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change the facts of an organisation; one that becomes another kind is another organisation."""
    shown = _organisation(request, pk, EDIT)
    initial = {field.name: getattr(shown, field.name) for field in rules.EDITABLE}
    form = _form(request, services.ORGANISATIONS, _EDIT, shown, **initial)
    changes = act_forms.typed(_EDIT, request.POST)
    if _done(request, services.edit_organisation, form, organisation_id=pk, changes=changes):
        messages.success(request, _("已保存。"))
        return redirect("organisations:organisation", pk=pk)
    template = "organisations/organisation_form.html"
    return _shown(request, template, form, area=shown.area, organisation=shown)


@power(EDIT)
@writes("organisations.sign_contract")
def new_contract(request: HttpRequest, pk: int) -> HttpResponse:
    """Enter a contract of a company one sees with the estate chosen before, which is the one that changes hands."""
    company = _organisation(request, pk)
    wanted = request.GET.get("estate", "")
    kept = _mine(request, Estate).select_related("area")
    estate = kept.filter(pk=whole(wanted)).first() if wanted else None
    if estate is None:
        return redirect(pick_url("estate", "estate", request.path, power=EDIT))
    form = _form(request, services.CONTRACTS, _SIGN)
    given = act_forms.typed(_SIGN, request.POST)
    if _done(request, services.sign_contract, form, company=company, estate=estate, **given):
        messages.success(request, _("已登记合同。"))
        return redirect("organisations:organisation", pk=company.pk)
    return _shown(request, "organisations/contract_form.html", form, company=company, estate=estate)


@power(EDIT)
@writes("organisations.end_contract")
def end_contract(request: HttpRequest, pk: int) -> HttpResponse:
    """End a contract with a last day and a reason."""
    contract = ServiceContract.objects.select_related("company", "estate__area").filter(pk=pk).first()
    if contract is None:
        raise NotFound(_("没有找到这份合同。"))
    require(request.actor, EDIT, on=contract)  # type: ignore[attr-defined]
    form = _form(request, services.CONTRACTS, _END, contract, last_day=timezone.localdate())
    if _done(request, services.end_contract, form, contract_id=pk, **act_forms.typed(_END, request.POST)):
        messages.success(request, _("合同已结束。"))
        return redirect("organisations:organisation", pk=contract.company_id)
    return _shown(request, "organisations/contract_end.html", form, contract=contract)


def of_estate(request: Any, estate: Estate) -> Beside:
    """Lay the estate's companies beside its record: the one of today, and the former ones."""
    today = timezone.localdate()
    contracts = list(estate.contracts.select_related("company").order_by("-valid_from")[:6])
    context = {
        "contracts": contracts,
        "today": today,
        "open_company": request.actor.has("organisations.see"),
    }
    return Beside(panels=[render_to_string("organisations/estate_panel.html", context)])
