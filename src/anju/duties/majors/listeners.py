"""How major hazards meet a reach, who may read their notices, and what they hear from below."""

from django.db.models import Q

from anju.duties.orders.queries.places import covers
from anju.duties.orders.services import places
from anju.ground.access.actors import Actor, Reach
from anju.ground.access.services import reaches_by, visible
from anju.ground.foundation import journal
from anju.ground.foundation.models import Event
from anju.ground.territory.models import Area
from anju.means.documents.queries import registry as papers

from .models import MajorHazard


def _reach(reach: Reach) -> Q:
    if reach.kind == "area":
        return covers(reach)
    if reach.kind == "company":
        return Q(case__company_id=reach.id, written_number__gt="")
    return Q(agency_id=reach.id) | Q(listed_by_id=reach.id)


reaches_by(MajorHazard, _reach)


def _may_read_notice(actor: Actor, major_id: int) -> bool:
    return visible(MajorHazard, to=actor, power="majors.see").filter(pk=major_id).exists()


papers.register(MajorHazard._meta.label_lower, _may_read_notice)


@journal.hears("territory.move_area")
def area_moved(event: Event) -> None:
    places.restamp_by_case(MajorHazard, moved=Area.objects.get(pk=event.subject_id))
