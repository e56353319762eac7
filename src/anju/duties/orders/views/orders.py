"""Pages of orders. They read what was asked, call one query or verb, and show the answer."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from anju.ground.access.guards import power, writes
from anju.ground.foundation import act_forms, beside, desk, story
from anju.ground.foundation.refusals import NotFound, Refusal

from ..queries import dossiers, lists, matters
from ..rules import ORDER_KINDS, ORDER_LABELS
from ..services import orders
from ..services.orders import LOOP


@require_safe
@power("orders.see")
def order_list(request: HttpRequest) -> HttpResponse:
    """List the orders to correct within reach, newest first."""
    actor, at = request.actor, timezone.now()  # type: ignore[attr-defined]
    found = lists.order_page(actor, request.GET, number=lists.number_of(request.GET), at=at)
    turn = request.GET.get("turn") == "1"
    awaited = desk.next_of("orders", [o.pk for o in found.rows], actor, at) if turn else {}
    context = {
        "page": found,
        "turn": turn,
        "kept": lists.kept(request.GET),
        "may_act": desk.concerns("orders", actor, at),
        "rows": [
            {
                "order": o,
                "tone": LOOP.moods[o.state],
                "state": ORDER_LABELS[o.state],
                "next": awaited.get(o.pk),
            }
            for o in found.rows
        ],
        "states": ORDER_LABELS,
        "kinds": ORDER_KINDS,
        "today": timezone.localdate(at),
        "now": at,
    }
    return render(request, "orders/orders.html", context)


@require_safe
@power("orders.see")
def order(request: HttpRequest, order_id: int) -> HttpResponse:
    """Show one order: what it asks, what is due and why, what may be done now, its story."""
    return _order_page(request, order_id)


def _order_page(
    request: HttpRequest, order_id: int, *, refusal: Refusal | None = None, act: str = ""
) -> HttpResponse:
    found, at = dossiers.order(request.actor, order_id), timezone.now()  # type: ignore[attr-defined]
    context = {
        "d": found,
        "order": found.order,
        "state": ORDER_LABELS[found.order.state],
        "tone": LOOP.moods[found.order.state],
        "kind": ORDER_KINDS[found.order.kind],
        "acts": act_forms.buttons(request, LOOP, found.order, "orders:step", at=at, act=act, refusal=refusal),
        "ways": dict(matters.named(matters.book(timezone.localdate())["service"]["ways"])),
        "events": [story.told(e) for e in reversed(found.events)],
        "class_name": matters.class_name,
        "beside": beside.of(request, found.order),
        "now": at,
    }
    return render(request, "orders/order.html", context, status=refusal.status if refusal else 200)


@require_POST
@power("orders.order", "orders.obey")
@writes("orders.serve", "orders.comply", "orders.ask_recheck", "orders.withdraw")
def order_step(request: HttpRequest, order_id: int, act: str) -> HttpResponse:
    """Take one step on an order; a refusal comes back beside its button with everything that was typed."""
    if refusal := act_forms.pressed(request, LOOP, act, order_id):
        return _order_page(request, order_id, refusal=refusal, act=act)
    messages.success(request, _("已办理。"))
    return redirect("orders:order", order_id)


@power("orders.order")
@writes("orders.issue")
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
        "key": act_forms.key_of(request),
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
