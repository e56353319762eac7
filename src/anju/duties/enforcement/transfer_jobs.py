"""Background work of transfers."""

from django.utils import timezone

from anju.ground.foundation import jobs

from . import transfers


@jobs.periodic("*/5 * * * *", name="enforcement.mark_late_transfers", queue="clocks", pass_context=False)
def mark_late_transfers(timestamp: int) -> int:
    """Mark the transfers whose clock has passed; safe to run in many workers."""
    return transfers.mark_late(at=timezone.now())
