"""What the register hears from below: estates, companies and committees come and go, areas move, agencies change.

It also says how far a reach goes over units, what is due, and suggested matches.
"""

from collections.abc import Callable

from django.db.models import Q
from django.utils import timezone

from anju.ground.access.actors import SYSTEM, Reach
from anju.ground.access.services import reaches_by
from anju.ground.foundation import journal, rulebooks
from anju.ground.foundation.models import Event
from anju.ground.organisations.models import Organisation, ServiceContract
from anju.ground.organisations.queries import in_force
from anju.ground.territory.models import Area, Estate

from ..models import Duty, Unit, UnitMatch
from ..queries import checklists
from ..services import register

_LEVELS = {2: "city_id", 3: "county_id", 4: "street_id", 5: "community_id"}


def _units(reach: Reach) -> Q:
    """Cover the units of a place; of a desk those it supervises; of a company itself and the estates it serves."""
    if reach.kind == "area":
        return Q(**{_LEVELS[reach.level]: reach.id})
    if reach.kind == "company":
        contracts = ServiceContract.objects.filter(in_force(timezone.localdate()), company=reach.id)
        return Q(organisation_id=reach.id) | Q(estate__in=contracts.values("estate"))
    return Q(agency_id=reach.id)


def _duties(reach: Reach) -> Q:
    if reach.kind == "area" and reach.level in (3, 4):
        return Q(**{_LEVELS[reach.level]: reach.id})
    if reach.kind == "desk":
        return Q(agency_id=reach.id)
    return Q(unit__in=Unit.objects.filter(_units(reach)))


def _matches(reach: Reach) -> Q:
    if reach.kind == "area" and reach.level == Area.Level.COUNTY:
        return Q(county_id=reach.id)
    return Q(unit__in=Unit.objects.filter(_units(reach)))


reaches_by(Unit, _units)
reaches_by(Duty, _duties)
reaches_by(UnitMatch, _matches)


@journal.hears("territory.create_estate")
@journal.hears("territory.edit_estate")
@journal.hears("territory.list_old")
def estate_changed(event: Event) -> None:
    """Keep the unit of an estate like its record: its name, its place, and whether it is old on that day."""
    estate = Estate.objects.select_related("area").get(pk=event.subject_id)
    if estate.active or Unit.objects.filter(kind="estate", estate=estate, ended_on__isnull=True).exists():
        register.ensure_unit_for_estate(estate, by=SYSTEM, at=event.at)


_FOLLOWED: dict[str, Callable[..., Unit]] = {
    "property_company": register.ensure_unit_for_company,
    "community_office": register.ensure_unit_for_committee,
}


@journal.hears("organisations.create")
@journal.hears("organisations.edit")
def organisation_changed(event: Event) -> None:
    """Keep the unit of a company or committee; let a new agency take over the units of its area."""
    office = Organisation.objects.select_related("area").get(pk=event.subject_id)
    if ensure := _FOLLOWED.get(office.kind):
        ensure(office, by=SYSTEM, at=event.at)
        return
    on = timezone.localtime(event.at).date()
    if office.kind not in checklists.agency_kinds(rulebooks.load("units", on=on)):
        return
    areas = [office.area_id, *office.jurisdictions.values_list("area_id", flat=True)]
    register.settle_areas([area for area in areas if area], on=on)


@journal.hears("organisations.sign_contract")
@journal.hears("organisations.begin_contract")
@journal.hears("organisations.end_contract")
@journal.hears("organisations.lapse_contract")
def contract_changed(event: Event) -> None:
    """Let an estate that gets or loses its company owe the checks of one that has it."""
    unit = Unit.objects.filter(kind="estate", estate=event.data.get("estate"), ended_on__isnull=True)
    register.settle(unit.values_list("pk", flat=True), on=timezone.localtime(event.at).date())


@journal.hears("territory.move_area")
def area_moved(event: Event) -> None:
    """Stamp the units of a moved area with its new levels, and let its agencies follow."""
    register.restamp(event.data["areas"], on=timezone.localtime(event.at).date())
