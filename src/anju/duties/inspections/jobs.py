"""Background work of inspections."""

from anju.ground.foundation import jobs
from anju.ground.foundation.refusals import Refusal

from .services import records


@jobs.task(name="inspections.issue_record", queue="long", pass_context=False)
def issue_record(visit_id: int) -> None:
    """Print the record of a finished visit, unless somebody has asked for it before."""
    try:
        records.issue_for_job(visit_id)
    except Refusal:
        # The organ has no number yet, or a name has no glyph: whoever opens the page is told in words.
        return
