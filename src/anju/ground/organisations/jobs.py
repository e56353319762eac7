"""Work of the clock: contracts whose day has come."""

from django.utils import timezone

from anju.ground.foundation import jobs

from . import services


class Clock:
    """The clock, in the journal."""

    account_id = None
    kind = "system"
    name = ""
    post = ""


# The clock of jobs is UTC: ten past midnight in Shanghai.
@jobs.periodic("10 16 * * *", name="organisations.announce_contracts")
def announce_contracts(timestamp: int) -> None:
    """Tell the rooms above which contracts begin today or ended yesterday."""
    services.announce_contracts(by=Clock(), at=timezone.now())
