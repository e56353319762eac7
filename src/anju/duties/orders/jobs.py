"""Background work of orders and sealings: what runs by the clock, and orders issued by the hundred."""

from django.utils import timezone

from anju.ground.foundation import jobs

from .services import batches, orders, sealings


@jobs.periodic("11 * * * *", name="orders.mark_overdue", queue="clocks", pass_context=False)
def mark_overdue(timestamp: int) -> int:
    """Call served orders overdue whose term has passed; safe to run in many workers."""
    return orders.mark_overdue(at=timezone.now())


@jobs.periodic("13 * * * *", name="orders.end_expired_sealings", queue="clocks", pass_context=False)
def end_expired_sealings(timestamp: int) -> int:
    """End sealings whose last day has passed; safe to run in many workers."""
    return sealings.end_expired(at=timezone.now())


@jobs.task(name="orders.issue_batch", queue="long")
def issue_batch(progress_id: int, visit_ids: list[int], language: str = "") -> None:
    """Issue the orders of a batch and put their papers together; taken up again it repeats nothing."""
    batches.run(progress_id=progress_id, visit_ids=visit_ids, language=language)
