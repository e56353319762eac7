"""How transfers, major hazards and objections meet a reach, who may read their papers and evidence, what they hear."""

from typing import Any

from django.db.models import Q
from django.http import HttpRequest

from anju.duties.cases.models import Case, Evidence
from anju.ground.access.actors import Actor, Reach
from anju.ground.access.services import reaches_by, visible
from anju.ground.foundation import files, journal
from anju.ground.foundation.models import Event, StoredFile
from anju.ground.territory.models import Area
from anju.means.documents import registry as papers

from . import major, objections, transfers
from .models import MajorHazard, Objection, Transfer, TransferEvidence

_LEVELS = {2: "city_id", 3: "county_id", 4: "street_id", 5: "community_id"}
_NOBODY = Q(pk__in=[])


def _transfer_reach(reach: Reach) -> Q:
    """Say which transfers a reach covers: only those of which an office is a party.

    The place is no audience: two agencies of one county do not read each other's letters. Whoever began a matter that
    was passed on keeps seeing where it went.
    """
    if reach.kind != "desk":
        return _NOBODY
    party = Q(sender_id=reach.id) | Q(receiver_id=reach.id)
    above = Q(sender_superior_id=reach.id) | Q(receiver_superior_id=reach.id)
    began = Q(passed_from__sender_id=reach.id) | Q(passed_from__passed_from__sender_id=reach.id)
    return party | above | began


def _major_reach(reach: Reach) -> Q:
    if reach.kind == "area":
        return Q(**{_LEVELS[reach.level]: reach.id})
    if reach.kind == "company":
        return Q(case__company_id=reach.id, written_number__gt="")
    return Q(agency_id=reach.id) | Q(listed_by_id=reach.id)


def _objection_reach(reach: Reach) -> Q:
    """Say which objections a reach covers: of the agency, of its area, and a company's own."""
    if reach.kind == "area":
        level = _LEVELS[reach.level]
        return Q(**{f"penalty__{level}": reach.id}) | Q(**{f"order__{level}": reach.id})
    if reach.kind == "company":
        return Q(penalty__company_id=reach.id) | Q(order__company_id=reach.id)
    return Q(penalty__agency_id=reach.id) | Q(order__agency_id=reach.id)


reaches_by(Transfer, _transfer_reach)
reaches_by(MajorHazard, _major_reach)
reaches_by(Objection, _objection_reach)


def _may_read_letter(actor: Actor, transfer_id: int) -> bool:
    return visible(Transfer, to=actor, power="enforcement.watch").filter(pk=transfer_id).exists()


def _may_read_notice(actor: Actor, major_id: int) -> bool:
    return visible(MajorHazard, to=actor, power="enforcement.see").filter(pk=major_id).exists()


papers.register(Transfer._meta.label_lower, _may_read_letter)
papers.register(MajorHazard._meta.label_lower, _may_read_notice)


@files.register_viewer
def _may_see_evidence(actor: Any, request: HttpRequest, stored: StoredFile) -> bool:
    """Show the files of a manifest to its parties, and what proved the outcome."""
    if "enforcement.watch" not in getattr(actor, "powers", ()):
        return False
    seen = visible(Transfer, to=actor, power="enforcement.watch")
    return (
        TransferEvidence.objects.filter(file=stored, transfer__in=seen).exists()
        or Evidence.objects.filter(file=stored, purpose="rectify", case__in=seen.values("case")).exists()
    )


@journal.hears("foundation.calendar_changed")
def calendar_changed(event: Event) -> None:
    transfers.recompute_deadlines(at=event.at, basis=event.basis)
    major.recompute_deadlines(at=event.at)
    objections.recompute_deadlines(at=event.at)


@journal.hears("territory.area_moved")
def area_moved(event: Event) -> None:
    """Stamp the transfers and major hazards of a moved area from their cases, which were stamped just before."""
    moved = Area.objects.get(pk=event.subject_id)
    here = Q(city_id=moved.pk) | Q(county_id=moved.pk) | Q(street_id=moved.pk) | Q(community_id=moved.pk)
    for case in (
        Case.objects.filter(here)
        .filter(Q(transfers__isnull=False) | Q(major_hazard__isnull=False))
        .distinct()
    ):
        stamps = {level: getattr(case, level) for level in _LEVELS.values()}
        Transfer.objects.filter(case=case).update(**stamps)
        MajorHazard.objects.filter(case=case).update(**stamps)
