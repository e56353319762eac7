"""What the cases room hears from below: the calendar changed, an area moved, a contract changed hands."""

from django.db.models import Q
from django.http import HttpRequest

from anju.ground.access.actors import Actor, Reach
from anju.ground.access.services import reaches_by, visible
from anju.ground.foundation import files, journal
from anju.ground.foundation.models import Event, StoredFile
from anju.ground.territory.models import Area
from anju.means.documents.queries import registry as papers

from . import rules
from .models import Case, Evidence

_LEVELS = {2: "city_id", 3: "county_id", 4: "street_id", 5: "community_id"}


def _case_reach(reach: Reach) -> Q:
    """Say which cases a reach covers: by place, by desk, or as the company of the estate once handed out."""
    if reach.kind == "area":
        return Q(**{_LEVELS[reach.level]: reach.id})
    if reach.kind == "company":
        return Q(handler_id=reach.id, state__in=sorted(rules.HANDED_OUT)) | Q(
            company_id=reach.id, state__in=sorted(rules.HANDED_OUT), kind="hazard"
        )
    # Only an open case lies on a desk; saying so lets the database use the index of the desks.
    on_desk = Q(desk_id=reach.id, state__in=sorted(rules.OPEN))
    return on_desk | Q(handler_id=reach.id) | Q(checker_id=reach.id) | Q(dispatcher_id=reach.id)


reaches_by(Case, _case_reach)


def _may_read_papers(actor: Actor, case_id: int) -> bool:
    """Let those who see a case read the papers issued on it."""
    return visible(Case, to=actor, power="cases.see").filter(pk=case_id).exists()


papers.register(Case._meta.label_lower, _may_read_papers, voids_itself=False)

_MOST_HOLDING = 200  # cases that are looked through for one file


@files.register_viewer
def sees_a_case_with_it(actor: Actor, request: HttpRequest, stored: StoredFile) -> bool:
    """Say whether a member of staff sees a case (or the one it was merged into) that has this file as evidence."""
    if not actor.has("cases.see"):
        return False
    # Fetched first: as a subquery the planner would walk all cases within reach.
    holding = Evidence.objects.filter(file=stored).values_list("case_id", "case__merged_into_id")
    cases = {pk for pair in holding[:_MOST_HOLDING] for pk in pair if pk is not None}
    return visible(Case, to=actor, power="cases.see").filter(pk__in=cases).exists()


@journal.hears("territory.move_area")
def area_moved(event: Event) -> None:
    """Stamp the cases of a moved area with its new levels; who sees them follows at once."""
    moved = Area.objects.get(pk=event.subject_id)
    below = Area.objects.filter(Q(pk=moved.pk) | Q(street=moved) | Q(county=moved))
    for area in below:
        here = (
            {"community_id": area.pk}
            if area.level == 5
            else {"street_id": area.pk, "community__isnull": True}
        )
        if area.level >= 4:
            Case.objects.filter(**here).update(
                city_id=area.at_level(2), county_id=area.at_level(3), street_id=area.at_level(4)
            )


@journal.hears("organisations.sign_contract")
@journal.hears("organisations.begin_contract")
@journal.hears("organisations.end_contract")
@journal.hears("organisations.lapse_contract")
def contract_changed(event: Event) -> None:
    """Let a new property company see the open cases of its estate, and the former one no longer."""
    estate_id = event.data.get("estate")
    company_id = event.data.get("company_now")
    if estate_id:
        Case.objects.filter(estate_id=estate_id, state__in=rules.OPEN).update(company_id=company_id)
