"""Open cases on the map."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.ground.access.guards import power
from anju.ground.foundation.asked import whole
from anju.ground.territory.models import Area
from anju.ground.territory.queries import boundaries

from .. import queries
from ..models import Case
from ..queries import catalogue


@power("cases.see")
def city_map(request: HttpRequest) -> HttpResponse:
    """Show open cases on the city's counties, with the same figures as a list; choosing one goes down a level."""
    actor = request.actor  # type: ignore[attr-defined]
    area = Area.objects.filter(pk=whole(request.GET.get("area"))).first()
    above = [area.county, area.street] if area is not None else []
    context = {
        "rows": queries.map_rows(actor, area, at=timezone.now()),
        "area": area,
        "above": [one for one in above if one is not None and one != area],
    }
    return render(request, "cases/map.html", context)


@power("cases.see")
def map_areas(request: HttpRequest) -> HttpResponse:
    """Answer the county polygons with the number of open cases in the actor's reach (GeoJSON, CGCS2000)."""
    actor = request.actor  # type: ignore[attr-defined]
    area = Area.objects.filter(pk=whole(request.GET.get("area"))).first()
    rows = {row["division_code"]: row for row in queries.map_rows(actor, None, at=timezone.now())}
    most = max((row["open"] for row in rows.values()), default=0) or 1
    features = []
    for feature in boundaries.collection()["features"]:
        row = rows.get(feature["properties"]["code"])
        if area is not None and (row is None or row["id"] != (area.county_id or area.pk)):
            continue
        properties: dict[str, Any] = {
            "id": feature["properties"]["code"],
            "name": feature["properties"]["name"],
        }
        if row is not None:
            tone = 1 + min(4, 5 * row["open"] // (most + 1)) if row["open"] else 0
            tone = 0 if area is not None else tone  # pale below the points
            properties |= {
                "id": row["id"],
                "value": row["open"],
                "text": _("未办结 %(n)d 件，超期 %(late)d 件") % {"n": row["open"], "late": row["overdue"]},
                "url": f"{reverse('cases:map')}?area={row['id']}",
                "tone": str(tone) if tone else "",
            }
        features.append({**feature, "properties": properties})
    return JsonResponse(
        {"type": "FeatureCollection", "features": features}, json_dumps_params={"ensure_ascii": False}
    )


def _point_of(cases: list[Case], at: datetime) -> dict[str, Any]:
    """Draw the open cases of one estate as one point: points upon each other could not be told apart or chosen."""
    first, late = cases[0], sum(case.is_overdue(at) for case in cases)
    if len(cases) == 1:
        told = {
            "name": f"{first.estate or ''} {catalogue.label(first.kind, first.class_code)}",
            "text": str(first.state_label),
            "url": reverse("cases:case", args=[first.pk]),
        }
    else:
        told = {
            "name": str(first.estate),
            "text": _("未办结 %(n)d 件，超期 %(late)d 件") % {"n": len(cases), "late": late},
            "url": f"{reverse('cases:list')}?{urlencode({'open': '1', 'order': 'due', 'estate': first.estate_id})}",
        }
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [first.longitude, first.latitude]},
        "properties": {**told, "tone": "danger" if late else "active"},
    }


@power("cases.see")
def map_points(request: HttpRequest) -> HttpResponse:
    """Answer the open cases with a point inside one area, one point for an estate, as GeoJSON; at most 2,000 cases."""
    at, actor = timezone.now(), request.actor  # type: ignore[attr-defined]
    area = Area.objects.filter(pk=whole(request.GET.get("area"))).first()
    together: dict[Any, list[Case]] = {}
    for found in queries.points(actor, area, at=at):
        together.setdefault(found.estate_id or f"case {found.pk}", []).append(found)
    # The overdue ones last: what is drawn last lies on top.
    features = sorted(
        (_point_of(cases, at) for cases in together.values()),
        key=lambda feature: feature["properties"]["tone"] == "danger",
    )
    return JsonResponse(
        {"type": "FeatureCollection", "features": features}, json_dumps_params={"ensure_ascii": False}
    )
