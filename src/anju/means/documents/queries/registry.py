"""Who may read a document: the room of its subject decides, because documents do not know cases or penalties.

A room registers in its AppConfig.ready: `documents.queries.registry.register("cases.case", can_see)`. A subject type
that nobody registered is shown to nobody. A room with acts of its own behind its papers (a penalty, an order) voids
them itself: voided on the paper's page, the penalty would still stand.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from anju.ground.access.actors import Actor

if TYPE_CHECKING:
    from ..models import IssuedDocument

CanSee = Callable[[Actor, int], bool]
_deciders: dict[str, CanSee] = {}
_void_themselves: set[str] = set()


def register(subject_type: str, can_see: CanSee, *, voids_itself: bool = True) -> None:
    """Let `can_see(actor, subject_id)` decide over the documents about one type of record ("cases.case").

    voids_itself  its papers are voided by the room's own acts, not on the page of the paper
    """
    _deciders[subject_type] = can_see
    (_void_themselves.add if voids_itself else _void_themselves.discard)(subject_type)


def voided_elsewhere(document: "IssuedDocument") -> bool:
    """Say whether a paper is voided by the room of its subject alone."""
    return document.subject_type in _void_themselves


def refuses(actor: Actor, document: "IssuedDocument") -> bool:
    """Say whether the room of a document's subject keeps it from an actor; one without a room is kept from nobody."""
    return document.subject_type in _deciders and not may_see(actor, document)


def may_see(actor: Actor, document: "IssuedDocument") -> bool:
    """Say whether an actor may read a document."""
    decide = _deciders.get(document.subject_type)
    return decide is not None and decide(actor, document.subject_id)
