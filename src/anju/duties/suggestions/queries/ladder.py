"""Who is told when a term has passed: the office that assigned it, the city department, at last the duty office."""

from datetime import datetime

from anju.ground.foundation.ladder import Rung
from anju.ground.foundation.workdays import Term
from anju.ground.organisations.queries import closest, covering_all

from ..models import Suggestion
from . import book


def rungs_of(suggestion: Suggestion, at: datetime) -> list[Rung]:
    """List the ladder of a suggestion by the rulebook of the day; an office stands on it once."""
    registrar = suggestion.registrar
    offices = covering_all(registrar.area) if registrar.area is not None else []
    found: list[Rung] = []
    for line in book.of(at)["escalation"]["ladder"]:
        office = registrar if line["level"] == "registrar" else closest(offices, line["kind"])
        if line["level"] != "duty" and office is not None and office in [rung.office for rung in found]:
            continue
        after = Term(line["after"]["amount"], line["after"]["unit"])
        found.append(Rung(len(found) + 1, line["level"], office, after))
    return found
