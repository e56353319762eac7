"""What waits, for the navigation."""

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from . import queries


def waiting(request: HttpRequest) -> QuerySet | None:
    """Return the visits of the signed-in person's agencies that are due today, late, or not finished."""
    waits = queries.waits_today(request.actor, at=timezone.now())  # type: ignore[attr-defined]
    return None if waits is None else waits.values("pk")
