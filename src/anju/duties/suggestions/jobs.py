"""Background work of the room."""

from django.utils import timezone

from anju.ground.foundation import jobs

from . import services


@jobs.periodic("*/5 * * * *", name="suggestions.escalate_overdue", queue="clocks", pass_context=False)
def escalate_overdue(timestamp: int) -> int:
    """Climb the ladder with every suggestion whose deadline has passed; safe to run in many workers."""
    return services.escalate_overdue(at=timezone.now())
