"""Background work of figures: fold tallies, check them against the facts, notice what changed after publication."""

from django.utils import timezone

from anju.ground.foundation import jobs

from . import services
from .queries import registry
from .services import keeping


@jobs.periodic("* * * * *", name="figures.fold", queue="clocks", pass_context=False)
def fold(timestamp: int) -> int:
    """Add up what the triggers noted in the last minute; safe to run in many workers."""
    return keeping.fold()


@jobs.periodic("40 2 * * *", name="figures.check", queue="clocks", pass_context=False)
def check(timestamp: int) -> int:
    """Compare every tally with its facts; one that differs is logged, shown, and no longer asked until rebuilt."""
    at = timezone.now()
    return sum(len(keeping.check(spec, at=at)) for spec in registry.specs())


@jobs.periodic("50 2 * * *", name="figures.revise", queue="clocks", pass_context=False)
def revise(timestamp: int) -> int:
    """Ask every published snapshot's question again and record what has become another number."""
    return services.note_all_revisions(at=timezone.now())
