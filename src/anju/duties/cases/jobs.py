"""Background work of the cases room."""

from django.utils import timezone

from anju.ground.foundation import jobs

from . import services


@jobs.periodic("7 * * * *", name="cases.end_long_suspensions", queue="clocks", pass_context=False)
def end_long_suspensions(timestamp: int) -> int:
    """Let cases go on whose suspension has lasted as long as it may; safe to run in many workers."""
    return services.end_long_suspensions(at=timezone.now())
