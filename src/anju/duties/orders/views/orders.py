"""Pages of orders. They read what was asked, call one query or verb, and show the answer."""

from collections.abc import Callable
from typing import Any

from django import forms as django_forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST

from anju.ground.access.guards import power
from anju.ground.foundation import beside
from anju.ground.foundation.refusals import NotFound, Refusal

from .. import forms
from ..models import Order
from ..queries import dossiers, lists, matters, turns
from ..rules import ORDER_KINDS, ORDER_LABELS, ORDER_STEPS
from ..services import orders

WORDS = {
    "orders.imported": (lazy("由台账导入"), "active"),
    "orders.issue": (lazy("责令改正"), "active"),
    "orders.serve": (lazy("送达"), "active"),
    "orders.ask_recheck": (lazy("申请复查"), "active"),
    "orders.comply": (lazy("已改正"), "done"),
    "orders.overdue": (lazy("逾期未改"), "danger"),
    "orders.withdraw": (lazy("撤回"), "warn"),
}


@power("orders.see")
def order_list(request: HttpRequest) -> HttpResponse:
    """List the orders to correct within reach, newest first."""
    found = lists.order_page(request.actor, request.GET, number=lists.number_of(request.GET))  # type: ignore[attr-defined]
    on, turn = timezone.localdate(), request.GET.get("turn") == "1"
    company = turns.is_company(request.actor)  # type: ignore[attr-defined]
    context = {
        "page": found,
        "turn": turn,
        "kept": lists.kept(request.GET),
        "may_act": company or request.actor.has("orders.order"),  # type: ignore[attr-defined]
        "rows": [
            {
                "order": o,
                "tone": dossiers.ORDER_TONES[o.state],
                "state": ORDER_LABELS[o.state],
                "next": turns.next_of_order(o, on=on, company=company) if turn else None,
            }
            for o in found.rows
        ],
        "states": ORDER_LABELS,
        "kinds": ORDER_KINDS,
        "today": timezone.localdate(),
    }
    return render(request, "orders/orders.html", context)


@power("orders.see")
def order(request: HttpRequest, order_id: int) -> HttpResponse:
    """Show one order: what it asks, what is due and why, what may be done now, its story."""
    return _order_page(request, order_id)


def _order_forms(found: Order, data: Any, act: str) -> dict[str, django_forms.Form]:
    on = timezone.localdate()

    def bound(name: str) -> Any:
        return data if name == act else None

    return {
        "serve": forms.ServeForm(bound("serve"), on=on, auto_id="serve-%s"),
        "comply": forms.ComplyForm(bound("comply"), auto_id="comply-%s"),
        "ask_recheck": forms.NoteForm(bound("ask_recheck"), auto_id="ask_recheck-%s"),
        "withdraw": forms.ReasonForm(bound("withdraw"), auto_id="withdraw-%s"),
    }


def _order_page(
    request: HttpRequest, order_id: int, *, refusal: Refusal | None = None, act: str = ""
) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    found = dossiers.order(actor, order_id)
    context = {
        "d": found,
        "order": found.order,
        "state": ORDER_LABELS[found.order.state],
        "tone": dossiers.ORDER_TONES[found.order.state],
        "kind": ORDER_KINDS[found.order.kind],
        "steps": dossiers.steps(ORDER_STEPS, found.acts),
        "urls": {a: reverse("orders:step", args=[order_id, a]) for a in found.acts},
        "forms": _order_forms(found.order, request.POST, act),
        "open_act": act,
        "refusal": str(refusal) if refusal else "",
        "ways": {w["key"]: w["name"] for w in matters.book(timezone.localdate())["service"]["ways"]},
        "events": [dossiers.told(e, WORDS) for e in reversed(found.events)],
        "class_name": matters.class_name,
        "beside": beside.of(request, found.order),
        "now": timezone.now(),
    }
    return render(request, "orders/order.html", context, status=refusal.status if refusal else 200)


@require_POST
@power("orders.order", "orders.obey")
def order_step(request: HttpRequest, order_id: int, act: str) -> HttpResponse:
    """Take one step on an order; a refusal comes back beside its button with everything that was typed."""
    given = {
        "order_id": order_id,
        "by": request.actor,  # type: ignore[attr-defined]
        "at": timezone.now(),
        "key": request.POST.get("request_key", "")[:64],
    }
    verbs: dict[str, Callable[..., Any]] = {
        "serve": orders.serve,
        "comply": orders.comply,
        "ask_recheck": orders.ask_recheck,
        "withdraw": orders.withdraw,
    }
    if act not in verbs:
        raise NotFound(_("没有找到这个页面。"))
    try:
        found = dossiers.order(given["by"], order_id).order
        form = forms.read(_order_forms(found, request.POST, act)[act])
        verbs[act](**given, **form.cleaned_data)
    except NotFound:
        raise
    except Refusal as refusal:
        return _order_page(request, order_id, refusal=refusal, act=act)
    messages.success(request, _("已办理。"))
    return redirect("orders:order", order_id)


@power("orders.order")
def order_new(request: HttpRequest) -> HttpResponse:
    """Draft, preview and issue an order to correct, for a case (?case=) or for all hazards of a visit (?visit=)."""
    actor, at = request.actor, timezone.now()  # type: ignore[attr-defined]
    matter = matters.asked(actor, request.GET, at=at)
    posted = request.method == "POST"
    typed = request.POST if posted else None
    usual = "immediate" if matter.on_spot else "timed"
    kind = "timed" if (request.POST if posted else request.GET).get("kind", usual) == "timed" else "immediate"
    draft = orders.draft(matter, by=actor, at=at)
    refusal: Refusal | None = None
    if posted:
        try:
            draft = orders.draft(matter, by=actor, at=at, typed=typed)
            if request.POST.get("act") == "preview":
                paper = orders.IMMEDIATE if kind == "immediate" else orders.TIMED
                return _shown_pdf(orders.preview(draft, at=at, kind=paper))
            return _issued(request, draft, kind)
        except NotFound:
            raise
        except Refusal as refused:
            refusal = refused
    context = {
        "matter": matter,
        "draft": draft.data,
        "standing": [(o, ORDER_LABELS[o.state]) for o in dossiers.standing(actor, matter.case_ids)],
        "kind": kind,
        "kinds": ORDER_KINDS,
        "refusal": refusal,
        "query": matters.source(request.GET),
    }
    return render(request, "orders/order_new.html", context, status=refusal.status if refusal else 200)


def _issued(request: HttpRequest, draft: orders.Draft, kind: str) -> HttpResponse:
    given: dict[str, Any] = {
        "draft": draft,
        "by": request.actor,  # type: ignore[attr-defined]
        "at": timezone.now(),
        "key": request.POST.get("request_key", "")[:64],
    }
    if kind == "immediate":
        made = orders.order_immediate(**given, oral=bool(request.POST.get("oral")))
    else:
        made = orders.order_timed(**given)
    messages.success(
        request,
        _("已制发《%(title)s》%(number)s，请登记送达。")
        % {"title": ORDER_KINDS[made.kind], "number": made.written_number}
        if made.written_number
        else _("已记录口头责令。"),
    )
    return redirect("orders:order", made.pk)


def _shown_pdf(data: bytes) -> HttpResponse:
    """Answer a draft for the browser's own viewer."""
    shown = HttpResponse(data, content_type="application/pdf")
    # Without the policy: a browser's own viewer of .pdf is a page with styles and an object, which it forbids.
    shown._csp_exempt = True  # type: ignore[attr-defined]
    return shown
