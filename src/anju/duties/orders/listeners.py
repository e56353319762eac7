"""How orders and sealings meet a reach, who may read their papers, and what they hear from below."""

from collections.abc import Callable

from django.db.models import Model

from anju.ground.access.actors import Actor
from anju.ground.access.services import reaches_by, visible
from anju.ground.foundation import journal
from anju.ground.foundation.models import Event
from anju.ground.territory.models import Area
from anju.means.documents.queries import registry as papers

from .models import Order, Sealing
from .queries.places import reach_of
from .services import orders, places

reaches_by(Order, reach_of("company_id"))
reaches_by(Sealing, reach_of("unit__organisation_id"))


def _seen(model: type[Model]) -> Callable[[Actor, int], bool]:
    def may_see(actor: Actor, pk: int) -> bool:
        return visible(model, to=actor, power="orders.see").filter(pk=pk).exists()

    return may_see


papers.register(Order._meta.label_lower, _seen(Order))
papers.register(Sealing._meta.label_lower, _seen(Sealing))


@journal.hears("cases.close")
@journal.hears("cases.close_on_spot")
@journal.hears("cases.close_at_recheck")
def case_closed(event: Event) -> None:
    """Note that an order was obeyed when the last of its hazards is closed."""
    if event.subject_id is not None:
        orders.case_closed(event.subject_id, at=event.at)


@journal.hears("inspections.finish")
def visit_finished(event: Event) -> None:
    """Note that an order was obeyed when the re-check by its own agency says so."""
    if event.subject_id is not None and event.data.get("kind") == "recheck":
        orders.rechecked(event.subject_id, at=event.at)


@journal.hears("territory.move_area")
def area_moved(event: Event) -> None:
    places.restamp(Order, Sealing, moved=Area.objects.get(pk=event.subject_id))
