"""How much waits, for the navigation."""

from django.http import HttpRequest
from django.utils import timezone

from . import queries


def waiting(request: HttpRequest) -> int:
    """Count the visits of the signed-in person's agencies that are due today, late, or not finished."""
    return queries.waiting_count(request.actor, at=timezone.now())  # type: ignore[attr-defined]
