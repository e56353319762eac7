"""Pages of temporary sealings."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from anju.duties.inspections.models import Unit
from anju.ground.access import services as access
from anju.ground.access.guards import power, writes
from anju.ground.foundation import act_forms, story
from anju.ground.foundation.asked import whole
from anju.ground.foundation.refusals import NotFound, Refusal

from .. import forms
from ..queries import dossiers, lists, matters
from ..queries.matters import Matter
from ..services import sealings
from ..services.sealings import LOOP


@require_safe
@power("orders.see")
def sealing_list(request: HttpRequest) -> HttpResponse:
    """List the sealings within reach: those in force, those that end first on top."""
    found = lists.sealing_page(request.actor, request.GET, number=lists.number_of(request.GET))  # type: ignore[attr-defined]
    return render(request, "orders/sealings.html", {"page": found, "now": timezone.now()})


@require_safe
@power("orders.see")
def sealing(request: HttpRequest, sealing_id: int) -> HttpResponse:
    """Show one sealing: what is sealed, why, until when, and what may be done now."""
    return _sealing_page(request, sealing_id)


def _sealing_page(
    request: HttpRequest, sealing_id: int, *, refusal: Refusal | None = None, act: str = ""
) -> HttpResponse:
    found, at = dossiers.sealing(request.actor, sealing_id), timezone.now()  # type: ignore[attr-defined]
    context = {
        "d": found,
        "sealing": found.sealing,
        "until": dossiers.end_of(found.sealing.until),
        "acts": act_forms.buttons(
            request, LOOP, found.sealing, "orders:sealing_step", at=at, act=act, refusal=refusal
        ),
        "events": [story.told(e) for e in reversed(found.events)],
        "now": at,
    }
    return render(request, "orders/sealing.html", context, status=refusal.status if refusal else 200)


@require_POST
@power("orders.seal")
@writes("orders.renew", "orders.lift")
def sealing_step(request: HttpRequest, sealing_id: int, act: str) -> HttpResponse:
    """Renew or lift a sealing."""
    if refusal := act_forms.pressed(request, LOOP, act, sealing_id):
        return _sealing_page(request, sealing_id, refusal=refusal, act=act)
    messages.success(request, _("已办理。"))
    return redirect("orders:sealing", sealing_id)


@power("orders.seal")
@writes("orders.seal")
def sealing_new(request: HttpRequest) -> HttpResponse:
    """Seal a dangerous part or place, for a case (?case=) or a visit (?visit=)."""
    actor, at = request.actor, timezone.now()  # type: ignore[attr-defined]
    on = matters.day_of(at)
    matter = matters.asked(actor, request.GET, at=at)
    query = matters.source(request.GET)
    own = matters.officer(actor)
    form = forms.SealForm(
        request.POST if request.method == "POST" else None,
        on=on,
        units=_units(actor, matter),
        initial={
            "unit": str(matter.unit.pk) if matter.unit else "",
            "until": on + timedelta(days=matters.book(on)["sealing"]["days"] - 1),
            "reason": matter.case.text if matter.case else "",
            "first_name": own.name if own else "",
            "first_badge": own.badge if own else "",
            "second_name": matter.others[0].name if matter.others else "",
            "second_badge": matter.others[0].badge if matter.others else "",
        },
    )
    refusal: Refusal | None = None
    try:
        sealings.require_agency(matters.agency_of(actor), on=on)
        if request.method == "POST":
            forms.read(form)
            told = form.cleaned_data
            made = sealings.seal(
                matter=matter,
                unit_id=whole(told["unit"]),
                ground=told["ground"],
                part=told["part"],
                reason=told["reason"],
                until=told["until"],
                officers=form.officers(),
                by=actor,
                at=at,
                key=act_forms.key_of(request),
            )
            messages.success(
                request, _("已制发临时查封决定书 %(number)s。") % {"number": made.written_number}
            )
            return redirect("orders:sealing", made.pk)
    except NotFound:
        raise
    except Refusal as refused:
        if refused.data.get("offer") == "transfer":
            shown = matters.instead(actor, refused, matter, query, on=matters.day_of(at))
            return render(request, "orders/refused.html", shown, status=refused.status)
        refusal = refused
    context = {"matter": matter, "form": form, "refusal": refusal, "query": query}
    return render(request, "orders/sealing_new.html", context, status=refusal.status if refusal else 200)


def _units(actor: Any, matter: Matter) -> list[tuple[int, str]]:
    """List the units that may be meant: that of the matter, and those of the same community."""
    if matter.visit is not None and matter.unit is not None:
        return [(matter.unit.pk, matter.unit.name)]
    seen = access.visible(Unit, to=actor, power="inspections.see").filter(ended_on__isnull=True)
    near = seen.filter(community_id=matter.place["community_id"]).order_by("name_key")[:100]
    found = {unit.pk: unit.name for unit in near}
    if matter.unit is not None:
        found = {matter.unit.pk: matter.unit.name, **found}
    return list(found.items())
