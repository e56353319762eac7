"""How objections meet a reach, and what they hear from below."""

from django.db.models import Q

from anju.duties.orders.queries.places import covers
from anju.ground.access.actors import Reach
from anju.ground.access.services import reaches_by

from .models import Objection


def _reach(reach: Reach) -> Q:
    """Say which objections a reach covers: of the agency, of its area, and a company's own."""
    if reach.kind == "area":
        return covers(reach, "penalty", "order")
    if reach.kind == "company":
        return Q(penalty__company_id=reach.id) | Q(order__company_id=reach.id)
    return Q(penalty__agency_id=reach.id) | Q(order__agency_id=reach.id)


reaches_by(Objection, _reach)
