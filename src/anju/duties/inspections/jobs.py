"""Background work of inspections."""

from contextlib import suppress

from django.utils import timezone

from anju.ground.access.actors import SYSTEM
from anju.ground.foundation import jobs
from anju.ground.foundation.refusals import Refusal

from .services import records


@jobs.task(name="inspections.issue_record", queue="long", pass_context=False)
def issue_record(visit_id: int) -> None:
    """Print the record of a finished visit, unless somebody has asked for it before."""
    # The organ may have no number yet, or a name no glyph: whoever opens the page is told in words.
    with suppress(Refusal):
        records.issue_record(visit_id=visit_id, by=SYSTEM, at=timezone.now())
