"""How transfers meet a reach, who may read their letters and evidence, and what they hear from below."""

from typing import Any

from django.db.models import Q
from django.http import HttpRequest

from anju.duties.cases.models import Evidence
from anju.duties.orders.services import places
from anju.ground.access.actors import Actor, Reach
from anju.ground.access.services import reaches_by, visible
from anju.ground.foundation import files, journal
from anju.ground.foundation.models import Event, StoredFile
from anju.ground.territory.models import Area
from anju.means.documents.queries import registry as papers

from .models import Transfer, TransferEvidence


def _reach(reach: Reach) -> Q:
    """Say which transfers a reach covers: only those of which an office is a party.

    The place is no audience: two agencies of one county do not read each other's letters. Whoever began a matter that
    was passed on keeps seeing where it went.
    """
    if reach.kind != "desk":
        return Q(pk__in=[])
    party = Q(sender_id=reach.id) | Q(receiver_id=reach.id)
    above = Q(sender_superior_id=reach.id) | Q(receiver_superior_id=reach.id)
    began = Q(passed_from__sender_id=reach.id) | Q(passed_from__passed_from__sender_id=reach.id)
    return party | above | began


reaches_by(Transfer, _reach)


def _may_read_letter(actor: Actor, transfer_id: int) -> bool:
    return visible(Transfer, to=actor, power="transfers.see").filter(pk=transfer_id).exists()


papers.register(Transfer._meta.label_lower, _may_read_letter)


@files.register_viewer
def _may_see_evidence(actor: Any, request: HttpRequest, stored: StoredFile) -> bool:
    """Show the files of a manifest to its parties, and what proved the outcome."""
    if "transfers.see" not in getattr(actor, "powers", ()):
        return False
    seen = visible(Transfer, to=actor, power="transfers.see")
    return (
        TransferEvidence.objects.filter(file=stored, transfer__in=seen).exists()
        or Evidence.objects.filter(file=stored, purpose="rectify", case__in=seen.values("case")).exists()
    )


@journal.hears("territory.move_area")
def area_moved(event: Event) -> None:
    places.restamp_by_case(Transfer, moved=Area.objects.get(pk=event.subject_id))
