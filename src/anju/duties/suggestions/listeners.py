"""How a reach meets a suggestion; what the room hears: the calendar changed."""

from django.db.models import Q

from anju.ground.access.actors import Actor, Reach
from anju.ground.access.services import reaches_by, visible
from anju.means.documents.queries import registry as papers

from .models import Suggestion

_LEVELS = {2: "city_id", 3: "county_id", 4: "street_id", 5: "community_id"}


def _suggestion_reach(reach: Reach) -> Q:
    """Say which suggestions a reach covers: by the place of who assigned it, or by an office that has to do with it."""
    if reach.kind == "area":
        return Q(**{_LEVELS[reach.level]: reach.id})
    if reach.kind == "desk":
        # Three columns, each with its index: a subquery in an OR would read every suggestion there is.
        return Q(lead=reach.id) | Q(registrar=reach.id) | Q(co_offices__contains=[reach.id])
    return Q(pk__in=[])


reaches_by(Suggestion, _suggestion_reach)


def _may_read_papers(actor: Actor, suggestion_id: int) -> bool:
    """Let those who see a suggestion read the answers issued on it."""
    return visible(Suggestion, to=actor, power="suggestions.see").filter(pk=suggestion_id).exists()


papers.register(Suggestion._meta.label_lower, _may_read_papers)
