"""How orders, penalties and sealings meet a reach, who may read their papers, and what they hear from below."""

from collections.abc import Callable

from django.db.models import Model, Q

from anju.ground.access.actors import Actor, Reach
from anju.ground.access.services import reaches_by, visible
from anju.ground.foundation import journal
from anju.ground.foundation.models import Event
from anju.ground.territory.models import Area
from anju.means.documents import registry as papers

from . import orders, penalties
from .models import Order, Penalty, Sealing

_LEVELS = {2: "city_id", 3: "county_id", 4: "street_id", 5: "community_id"}


def _reach_of(company: str) -> Callable[[Reach], Q]:
    """Return the condition of a reach: by place, by the agency's desk, or as the company it is addressed to."""

    def condition(reach: Reach) -> Q:
        if reach.kind == "area":
            return Q(**{_LEVELS[reach.level]: reach.id})
        return Q(**{company if reach.kind == "company" else "agency_id": reach.id})

    return condition


reaches_by(Order, _reach_of("company_id"))
reaches_by(Penalty, _reach_of("company_id"))
reaches_by(Sealing, _reach_of("unit__organisation_id"))


def _seen(model: type[Model]) -> Callable[[Actor, int], bool]:
    def may_see(actor: Actor, pk: int) -> bool:
        return visible(model, to=actor, power="enforcement.see").filter(pk=pk).exists()

    return may_see


def _may_read_penalty(actor: Actor, penalty_id: int) -> bool:
    """Let those read a decision who see the penalty; on a natural person only the agency itself and who may unseal."""
    found = visible(Penalty, to=actor, power="enforcement.see").filter(pk=penalty_id).first()
    if found is None:
        return False
    return (
        found.party_kind == "unit" or found.agency_id in actor.organisation_ids or actor.has("cases.unseal")
    )


papers.register(Order._meta.label_lower, _seen(Order))
papers.register(Penalty._meta.label_lower, _may_read_penalty)
papers.register(Sealing._meta.label_lower, _seen(Sealing))


@journal.hears("cases.close")
def case_closed(event: Event) -> None:
    """Note that an order was obeyed when the last of its hazards is closed."""
    if event.subject_id is not None:
        orders.case_closed(event.subject_id, at=event.at)


@journal.hears("inspections.visit_finished")
def visit_finished(event: Event) -> None:
    """Note that an order was obeyed when the re-check by its own agency says so."""
    if event.subject_id is not None and event.data.get("kind") == "recheck":
        orders.rechecked(event.subject_id, at=event.at)


@journal.hears("foundation.calendar_changed")
def calendar_changed(event: Event) -> None:
    orders.recompute_terms(at=event.at)
    penalties.recompute_terms(at=event.at)


@journal.hears("territory.area_moved")
def area_moved(event: Event) -> None:
    """Stamp what lies in a moved area with its new levels, as its cases were stamped just before."""
    moved = Area.objects.get(pk=event.subject_id)
    here = Q(street_id=moved.pk) | Q(community_id=moved.pk)
    for model in (Order, Penalty, Sealing):
        held = model._default_manager.filter(here)
        for column in ("street_id", "community_id"):
            for pk in set(held.values_list(column, flat=True)) - {None}:
                area = Area.objects.get(pk=pk)
                held.filter(**{column: pk}).update(city_id=area.at_level(2), county_id=area.at_level(3))
        if moved.level == Area.Level.COMMUNITY:
            held.filter(community_id=moved.pk).update(street_id=moved.at_level(4))
