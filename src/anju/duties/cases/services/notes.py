"""A line in the story of a case about what rooms above do on it: ordered, fined, sealed."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from anju.ground.foundation import journal

from ..models import Case


def note(
    cases: QuerySet[Case],
    said: str,
    *,
    by: journal.Trace,
    at: datetime,
    basis: str = "",
    **about: Any,
) -> None:
    """Write a line into the story of each case, in the transaction of the act that it tells of.

    about  what the line is about, for machines: order=7, number=…
    """
    for case in cases.defer("search").order_by("pk"):
        journal.record("cases.noted", subject=case, by=by, at=at, note=said, basis=basis, data=about)
    # What is done about a case rests on its last step: there is no way back from that one any more.
    cases.filter(undo__isnull=False).update(undo=None)
