"""How penalties meet a reach, who may read their papers, and what they hear from below."""

from anju.duties.orders.queries.places import reach_of
from anju.duties.orders.services import places
from anju.ground.access.actors import Actor
from anju.ground.access.services import reaches_by, visible
from anju.ground.foundation import journal
from anju.ground.foundation.models import Event
from anju.ground.territory.models import Area
from anju.means.documents.queries import registry as papers

from .models import Penalty

reaches_by(Penalty, reach_of("company_id"))


def _may_read(actor: Actor, penalty_id: int) -> bool:
    """Let those read a decision who see the penalty; on a natural person only the agency itself and who may unseal."""
    found = visible(Penalty, to=actor, power="penalties.see").filter(pk=penalty_id).first()
    if found is None:
        return False
    return (
        found.party_kind == "unit" or found.agency_id in actor.organisation_ids or actor.has("cases.unseal")
    )


papers.register(Penalty._meta.label_lower, _may_read)


@journal.hears("territory.move_area")
def area_moved(event: Event) -> None:
    places.restamp(Penalty, moved=Area.objects.get(pk=event.subject_id))
