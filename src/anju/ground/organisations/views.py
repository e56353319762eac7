"""Pages of organisations and their contracts."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.ground.foundation import journal, rulebooks
from anju.ground.foundation.asked import whole
from anju.ground.foundation.beside import Beside
from anju.ground.foundation.guards import power
from anju.ground.foundation.reach import require, visible
from anju.ground.foundation.refusals import NotFound, Refusal, show
from anju.ground.territory.models import Area, Estate
from anju.ground.territory.queries import pick_url

from . import queries, services
from .forms import ContractForm, EndForm, OrganisationForm, named
from .models import Organisation, ServiceContract

PAGE = 50
EDIT = "organisations.edit"


def _kinds() -> dict[str, dict[str, Any]]:
    return dict(rulebooks.load("organisations", on=timezone.localdate())["kinds"])


@power("organisations.see")
def organisations(request: HttpRequest) -> HttpResponse:
    """List the organisations one may see, by kind and by name, initials or code."""
    asked, actor = request.GET, request.actor  # type: ignore[attr-defined]
    kinds = _kinds()
    found = queries.narrow(
        visible(Organisation, to=actor, power="organisations.see"),
        text=asked.get("q", ""),
        kind=asked.get("kind", ""),
        active=asked.get("gone") != "1",
    )
    page = Paginator(found, PAGE).get_page(asked.get("page"))
    context = {
        "page": page,
        "kinds": named(kinds),
        "kind_names": dict(named(kinds)),
        "may_edit": actor.has(EDIT),
    }
    return render(request, "organisations/organisations.html", context)


def _organisation(request: HttpRequest, pk: int, needed: str = "organisations.see") -> Organisation:
    found = Organisation.objects.select_related("area", "parent").filter(pk=pk).first()
    if found is None:
        raise NotFound(_("没有找到这个单位。"))
    require(request.actor, needed, on=found)  # type: ignore[attr-defined]
    return found


@power("organisations.see")
def organisation(request: HttpRequest, pk: int) -> HttpResponse:
    """Show an organisation: its facts, who works there today, and a company's contracts."""
    shown, today, actor = _organisation(request, pk), timezone.localdate(), request.actor  # type: ignore[attr-defined]
    roles = rulebooks.load("access", on=today)["roles"]
    context = {
        "organisation": shown,
        "kind_name": dict(named(_kinds())).get(shown.kind, shown.kind),
        "posts": list(queries.posts_on(today, organisation=shown).order_by("valid_from", "pk")),
        "role_names": dict(named(roles)),
        "contracts": queries.contracts_of(
            shown, estates=visible(Estate, to=actor, power="territory.see"), on=today
        ),
        "areas": [line.area for line in shown.jurisdictions.select_related("area")],
        "history": [_told(event) for event in reversed(journal.events_of(shown))],
        "may_edit": _mine(request, Organisation).filter(pk=pk).exists(),
        "may_sign": shown.kind == "property_company" and actor.has(EDIT),
        "may_end": set(_mine(request, ServiceContract).filter(company=pk).values_list("pk", flat=True)),
        "new_contract_url": pick_url("estate", "estate", f"{request.path}contracts/new", power=EDIT),
    }
    return render(request, "organisations/organisation.html", context)


def _mine(request: HttpRequest, model: type[Model]) -> QuerySet:
    """Return the rows of a model that the reader may change."""
    return visible(model, to=request.actor, power=EDIT)  # type: ignore[attr-defined]


def _told(event: Any) -> dict[str, Any]:
    titles = {"organisations.created": _("登记单位"), "organisations.edited": _("修改单位资料")}
    return {
        "at": event.at,
        "title": titles.get(event.name, event.name),
        "actor": event.actor_name,
        "post": event.actor_post,
        "note": event.data.get("override") or event.note,
        "tone": "quiet",
    }


@power(EDIT)
def new(request: HttpRequest) -> HttpResponse:
    """Enter an organisation; its area is chosen first."""
    actor = request.actor  # type: ignore[attr-defined]
    wanted = request.GET.get("area", "")
    area = _mine(request, Area).filter(pk=whole(wanted)).first() if wanted else None
    if area is None:
        return redirect(pick_url("area", "area", request.path, power=EDIT))
    form = OrganisationForm(request.POST or None, kinds=_kinds())
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        given.pop("active")
        try:
            made = services.create_organisation(area=area, by=actor, at=timezone.now(), **given)
        except Refusal as refusal:
            show(form, refusal)
        else:
            messages.success(request, _("已登记单位。"))
            return redirect("organisations:organisation", pk=made.pk)
    context = {"form": form, "area": area, "organisation": None}
    return render(
        request, "organisations/organisation_form.html", context, status=422 if form.is_bound else 200
    )


@power(EDIT)
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change the facts of an organisation."""
    shown = _organisation(request, pk, EDIT)
    if request.method == "POST":
        form = OrganisationForm(request.POST, kinds=_kinds()).without_kind()
        if form.is_valid():
            try:
                services.edit_organisation(
                    organisation_id=shown.pk,
                    changes=form.cleaned_data,
                    by=request.actor,  # type: ignore[attr-defined]
                    at=timezone.now(),
                )
            except Refusal as refusal:
                show(form, refusal)
            else:
                messages.success(request, _("已保存。"))
                return redirect("organisations:organisation", pk=shown.pk)
    else:
        form = OrganisationForm.of(shown, kinds=_kinds())
    context = {"form": form, "organisation": shown, "area": shown.area}
    return render(
        request, "organisations/organisation_form.html", context, status=422 if form.is_bound else 200
    )


@power(EDIT)
def new_contract(request: HttpRequest, pk: int) -> HttpResponse:
    """Enter a contract of a company one sees with the estate chosen before, which is the one that changes hands."""
    company = _organisation(request, pk)
    actor = request.actor  # type: ignore[attr-defined]
    wanted = request.GET.get("estate", "")
    kept = _mine(request, Estate).select_related("area")
    estate = kept.filter(pk=whole(wanted)).first() if wanted else None
    if estate is None:
        return redirect(pick_url("estate", "estate", request.path, power=EDIT))
    form = ContractForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.sign_contract(
                company=company, estate=estate, by=actor, at=timezone.now(), **form.cleaned_data
            )
        except Refusal as refusal:
            show(form, refusal)
        else:
            messages.success(request, _("已登记合同。"))
            return redirect("organisations:organisation", pk=company.pk)
    context = {"form": form, "company": company, "estate": estate}
    return render(request, "organisations/contract_form.html", context, status=422 if form.is_bound else 200)


@power(EDIT)
def end_contract(request: HttpRequest, pk: int) -> HttpResponse:
    """End a contract with a last day and a reason."""
    actor = request.actor  # type: ignore[attr-defined]
    contract = ServiceContract.objects.select_related("company", "estate__area").filter(pk=pk).first()
    if contract is None:
        raise NotFound(_("没有找到这份合同。"))
    require(actor, EDIT, on=contract)
    form = EndForm(request.POST or None, initial={"last_day": timezone.localdate()})
    if request.method == "POST" and form.is_valid():
        try:
            services.end_contract(contract_id=pk, by=actor, at=timezone.now(), **form.cleaned_data)
        except Refusal as refusal:
            show(form, refusal)
        else:
            messages.success(request, _("合同已结束。"))
            return redirect("organisations:organisation", pk=contract.company_id)
    context = {"form": form, "contract": contract}
    return render(request, "organisations/contract_end.html", context, status=422 if form.is_bound else 200)


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
