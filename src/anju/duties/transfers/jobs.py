"""Background work of transfers."""

from django.utils import timezone

from anju.ground.foundation import jobs

from . import services


@jobs.periodic("*/5 * * * *", name="transfers.mark_late", queue="clocks", pass_context=False)
def mark_late(timestamp: int) -> int:
    """Mark the transfers whose clock has passed; safe to run in many workers."""
    return services.mark_late(at=timezone.now())
