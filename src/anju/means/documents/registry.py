"""Who may read a document: the room of its subject decides, because documents do not know cases or penalties.

A room registers in its AppConfig.ready: `documents.registry.register("cases.case", can_see)`. A subject type that
nobody registered is shown to nobody.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from anju.ground.access.actors import Actor

if TYPE_CHECKING:
    from .models import IssuedDocument

CanSee = Callable[[Actor, int], bool]
_deciders: dict[str, CanSee] = {}


def register(subject_type: str, can_see: CanSee) -> None:
    """Let `can_see(actor, subject_id)` decide over the documents about one type of record ("cases.case")."""
    _deciders[subject_type] = can_see


def may_see(actor: Actor, document: "IssuedDocument") -> bool:
    """Say whether an actor may read a document."""
    decide = _deciders.get(document.subject_type)
    return decide is not None and decide(actor, document.subject_id)
