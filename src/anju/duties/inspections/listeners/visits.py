"""What visits hear: a hazard's case was closed, opened again, declined or folded. And who reaches which visit."""

from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from anju.ground.access.actors import Actor, Reach
from anju.ground.access.services import reaches_by, visible
from anju.ground.foundation import files, journal
from anju.ground.foundation.models import Event, StoredFile
from anju.ground.organisations.models import ServiceContract
from anju.ground.organisations.queries import in_force
from anju.ground.territory.models import Area
from anju.means.documents.queries import registry as papers

from ..models import Finding, Unit, Visit, VisitPart, VisitPhoto
from ..rules import VisitState
from ..services import counting

_LEVELS = {2: "city_id", 3: "county_id", 4: "street_id", 5: "community_id"}
_PARTY = Q(state__in=[VisitState.FINISHED])


def _visit_reach(reach: Reach) -> Q:
    """Say which visits a reach covers: by place, by taking part, or as the company that was inspected."""
    if reach.kind == "area":
        return Q(**{_LEVELS[reach.level]: reach.id})
    if reach.kind == "company":
        contracts = ServiceContract.objects.filter(in_force(timezone.localdate()), company=reach.id)
        units = Unit.objects.filter(Q(organisation_id=reach.id) | Q(estate__in=contracts.values("estate")))
        return Q(unit__in=units) & _PARTY
    return Q(pk__in=VisitPart.objects.filter(agency_id=reach.id).values("visit"))


reaches_by(Visit, _visit_reach)


def _may_read_papers(actor: Actor, visit_id: int) -> bool:
    """Let those who see a visit read its printed record."""
    return visible(Visit, to=actor, power="inspections.see").filter(pk=visit_id).exists()


papers.register(Visit._meta.label_lower, _may_read_papers)


@files.register_viewer
def sees_a_visit_with_it(actor: Actor, request: HttpRequest, stored: StoredFile) -> bool:
    """Say whether a member of staff sees a visit that has this file as a photo or as its signature."""
    if not actor.has("inspections.see"):
        return False
    holding = {*VisitPhoto.objects.filter(file=stored).values_list("visit", flat=True)[:50]}
    holding |= {*Visit.objects.filter(signature=stored).values_list("pk", flat=True)[:50]}
    return (
        visible(Visit, to=actor, power="inspections.see").filter(pk__in=holding).exists()
        if holding
        else False
    )


@journal.hears("cases.close")
@journal.hears("cases.close_on_spot")
@journal.hears("cases.close_at_recheck")
@journal.hears("cases.reopen")
@journal.hears("cases.void")
@journal.hears("cases.merge")
@journal.hears("cases.unmerge")
def hazard_changed(event: Event) -> None:
    """Keep what findings say of their hazard: since when it is put right, and whether it counts."""
    assert event.subject_id is not None
    counting.recount_cases([event.subject_id])


@journal.hears("territory.move_area")
def area_moved(event: Event) -> None:
    """Stamp visits that are not finished with the new levels; what is finished stays where it was counted."""
    moved = Area.objects.get(pk=event.subject_id)
    waiting = Visit.objects.filter(
        Q(street=moved) | Q(community=moved), state__in=[VisitState.PLANNED, VisitState.OPEN]
    )
    for visit in waiting.select_related("unit"):
        place = {c: getattr(visit.unit, c) for c in ("city_id", "county_id", "street_id", "community_id")}
        Visit.objects.filter(pk=visit.pk).update(**place)
        VisitPart.objects.filter(visit=visit).update(**place)
        Finding.objects.filter(visit=visit).update(**place)
