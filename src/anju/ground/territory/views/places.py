"""Pages of places: the two trees, found by name, pinyin initials or code, and what changes in them."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from anju.ground.foundation import act_forms, journal, story
from anju.ground.foundation.asked import whole
from anju.ground.foundation.guards import power, writes
from anju.ground.foundation.reach import visible
from anju.ground.foundation.refusals import NotFound, Refusal

from .. import queries, services
from ..models import Area, Division, Estate


@require_safe
@power("territory.see")
def places(request: HttpRequest) -> HttpResponse:
    """Find a place by name, initials or code, or begin at the city and go down."""
    text = request.GET.get("q", "").strip()
    city = queries.city_division()
    if not text and city is not None:
        return redirect("territory:place", pk=city.pk)
    found = list(queries.search_divisions(text, limit=100)) if text else []
    return render(request, "territory/places.html", {"found": found, "text": text, "city": city})


def _division(pk: int) -> Division:
    found = Division.objects.select_related("parent", "successor").filter(pk=pk).first()
    if found is None:
        raise NotFound(_("没有找到这个地方。"))
    return found


@require_safe
@power("territory.see")
def place(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a division: its codes of today and before, who looks after it, and what stands below it."""
    actor = request.actor  # type: ignore[attr-defined]
    shown = queries.place(_division(pk))
    seen = visible(Estate, to=actor, power="territory.see").filter(active=True)
    estates = [(area, seen.filter(queries.area_under(area, "area__")).count()) for area in shown.areas]
    manages = actor.has("territory.manage")
    context = {
        "place": shown,
        "division": shown.division,
        "current": shown.division.current,
        "crumbs": [
            (_("区划和辖区"), reverse("territory:places")),
            *((up.name, reverse("territory:place", args=[up.pk])) for up in shown.above),
            (shown.division.name, ""),
        ],
        "estates": estates,
        "manages": manages and shown.division.valid_to is None,
        "history": [story.told(e) for e in reversed(journal.events_of(shown.division))],
    }
    return render(request, "territory/place.html", context)


@power("territory.manage")
@writes("territory.succeed_division")
def succeed(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a new code take the place of a division's."""
    old = _division(pk)
    if old.valid_to is not None or old.parent is None:
        raise NotFound(_("没有找到这个地方。"))
    new, refusal = act_forms.filed(request, services.succeed_division, code=old.code)
    if new is not None:
        messages.success(request, _("已登记。下级区划、辖区和小区都随之归入新代码。"))
        return redirect("territory:place", pk=new.pk)
    typed = {"name": old.name, "until": timezone.localdate()}
    form = act_forms.form_of(request, services.succeed_division, refusal=refusal, **typed)
    form.fields["source"].required = True  # of whoever enters it; an old list may name none
    context = {"form": form, "division": old}
    return render(request, "territory/place_succeed.html", context, status=refusal.status if refusal else 200)


@power("territory.manage")
@writes("territory.move_area")
def move(request: HttpRequest, pk: int) -> HttpResponse:
    """Put an area, with all below it, under another one, chosen before."""
    mine = visible(Area, to=request.actor, power="territory.manage")  # type: ignore[attr-defined]
    area = mine.filter(pk=pk, level__gt=Area.Level.CITY).select_related("parent", "division").first()
    if area is None:
        raise NotFound(_("没有找到这个辖区。"))
    parent = mine.filter(pk=whole(request.GET.get("parent")), level=area.level - 1).first()
    if parent is None:
        asked = {"level": area.level - 1, "power": "territory.manage"}
        return redirect(queries.pick_url("area", "parent", request.path, **asked))
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            act_forms.press(request, services.AREAS, "move_area", pk, parent_id=parent.pk)
        except NotFound:
            raise
        except Refusal as found:
            refusal = found
        else:
            messages.success(request, _("已调整。其下的辖区、小区和在办事项一并归入新的上级。"))
            if area.division_id:
                return redirect("territory:place", pk=area.division_id)
            return redirect("territory:places")
    form = act_forms.form_of(request, services.move_area, refusal=refusal)
    context = {"form": form, "area": area, "parent": parent}
    return render(request, "territory/area_move.html", context, status=refusal.status if refusal else 200)
