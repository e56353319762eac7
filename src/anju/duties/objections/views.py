"""Pages of objections."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from anju.duties.penalties.models import Penalty
from anju.ground.access.guards import power, writes
from anju.ground.foundation import act_forms
from anju.ground.foundation.asked import whole
from anju.ground.foundation.refusals import NotFound, Refusal

from . import queries, services
from .forms import ObjectionForm

PAGE = 50


@require_safe
@power("objections.see", "objections.object")
def objection_list(request: HttpRequest) -> HttpResponse:
    """List the objections in reach: those to be answered first, the overdue on top."""
    actor, today = request.actor, timezone.localdate()  # type: ignore[attr-defined]
    answered = request.GET.get("answered") == "1"
    page = Paginator(queries.listing(actor, answered=answered), PAGE).get_page(request.GET.get("page"))
    rows = [
        {
            "o": one,
            "pk": one.pk,
            "target": one.penalty or one.order,
            "late": one.answered_at is None and one.answer_by < today,
            "tone": "overdue" if one.answered_at is None and one.answer_by < today else "",
        }
        for one in page
    ]
    return render(request, "objections/objections.html", {"page": page, "rows": rows, "answered": answered})


@power("objections.object", "orders.order", "penalties.punish", "penalties.approve")
@writes("objections.object")
def objection_new(request: HttpRequest) -> HttpResponse:
    """Object to a decision (`?penalty=`) or an order (`?order=`), as the company itself or on somebody's behalf."""
    actor = request.actor  # type: ignore[attr-defined]
    penalty_id, order_id = whole(request.GET.get("penalty")), whole(request.GET.get("order"))
    target = queries.target_of(actor, penalty_id=penalty_id, order_id=order_id)
    own = target.company.name if target.company and target.company_id in actor.organisation_ids else ""
    form = ObjectionForm(request.POST or None, initial={"by_name": own})
    refusal: Refusal | None = None
    if request.method == "POST" and form.is_valid():
        try:
            made = services.object_to(
                penalty_id=penalty_id,
                order_id=order_id,
                by_name=own or form.cleaned_data["by_name"],
                text=form.cleaned_data["text"],
                by=actor,
                at=timezone.now(),
                key=act_forms.key_of(request),
            )
        except NotFound:
            raise
        except Refusal as found:
            refusal = found
        else:
            messages.success(request, _("异议已登记，期限前会答复。"))
            return redirect("objections:objection", made.pk)
    context = {
        "form": form,
        "target": target,
        "is_penalty": isinstance(target, Penalty),
        "refusal": refusal,
        "term": queries.term(at=timezone.now()),
    }
    return render(request, "objections/new.html", context, status=422 if request.method == "POST" else 200)


@require_safe
@power("objections.see", "objections.object")
def objection(request: HttpRequest, objection_id: int) -> HttpResponse:
    """Show one objection with its answer, and let the agency answer it."""
    return _page(request, objection_id)


@require_POST
@power("objections.see", "objections.object")
@writes("objections.answer")
def step(request: HttpRequest, objection_id: int, act: str) -> HttpResponse:
    """Answer an objection; a refusal comes back beside its field with everything that was typed."""
    if refusal := act_forms.pressed(request, services.LOOP, act, objection_id):
        return _page(request, objection_id, act=act, refusal=refusal)
    messages.success(request, _("已答复。"))
    return redirect("objections:objection", objection_id)


def _page(
    request: HttpRequest, objection_id: int, *, act: str = "", refusal: Refusal | None = None
) -> HttpResponse:
    actor, at = request.actor, timezone.now()  # type: ignore[attr-defined]
    found = queries.get(actor, objection_id)
    target = found.penalty or found.order
    assert target is not None  # the database refuses an objection to nothing
    context = {
        "o": found,
        "target": target,
        "acts": act_forms.buttons(
            request, services.LOOP, found, "objections:step", at=at, act=act, refusal=refusal
        ),
        "late": found.answered_at is None and found.answer_by < timezone.localdate(at),
        "offers": found.upheld and target.agency_id in actor.organisation_ids,
    }
    return render(request, "objections/objection.html", context, status=refusal.status if refusal else 200)
