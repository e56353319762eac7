"""Pages of objections."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.duties.penalties.models import Penalty
from anju.ground.access.guards import power
from anju.ground.foundation.asked import whole
from anju.ground.foundation.refusals import NotFound, Refusal

from . import queries, services
from .forms import AnswerForm, ObjectionForm

PAGE = 50


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
                key=request.POST.get("request_key", ""),
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


@power("objections.see", "objections.object")
def objection(request: HttpRequest, objection_id: int) -> HttpResponse:
    """Show one objection with its answer, and let the agency answer it."""
    actor = request.actor  # type: ignore[attr-defined]
    found = queries.get(actor, objection_id)
    may = queries.may_answer(actor, found)
    form = AnswerForm(request.POST or None) if may else None
    refusal: Refusal | None = None
    if request.method == "POST":
        if form is None:
            raise NotFound(_("没有找到这个页面。"))
        if form.is_valid():
            try:
                services.answer(
                    objection_id=objection_id,
                    upheld=form.cleaned_data["upheld"] == "1",
                    text=form.cleaned_data["answer"],
                    by=actor,
                    at=timezone.now(),
                    key=request.POST.get("request_key", ""),
                )
            except NotFound:
                raise
            except Refusal as raised:
                refusal = raised
            else:
                messages.success(request, _("已答复。"))
                return redirect("objections:objection", objection_id)
    today = timezone.localdate()
    target = found.penalty or found.order
    assert target is not None  # the database refuses an objection to nothing
    context = {
        "o": found,
        "target": target,
        "form": form,
        "refusal": refusal,
        "late": found.answered_at is None and found.answer_by < today,
        "offers": found.upheld and target.agency_id in actor.organisation_ids,
    }
    return render(
        request, "objections/objection.html", context, status=422 if request.method == "POST" else 200
    )
