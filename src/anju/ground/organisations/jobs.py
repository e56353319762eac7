"""Work of the clock: contracts whose day has come."""

from django.utils import timezone

from anju.ground.foundation import jobs, reach

from . import services


# The clock of jobs is UTC: ten past midnight in Shanghai.
@jobs.periodic("10 16 * * *", name="organisations.announce_contracts")
def announce_contracts(timestamp: int) -> None:
    """Tell the rooms above which contracts have begun and which are over."""
    services.announce_contracts(by=reach.system(), at=timezone.now())
