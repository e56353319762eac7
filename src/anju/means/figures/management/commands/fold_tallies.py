"""`./anju manage fold_tallies`: add up what the triggers noted."""

from typing import Any

from django.core.management.base import BaseCommand

from ...services import keeping


class Command(BaseCommand):
    """Fold the noted changes into the tallies now, without waiting for the worker."""

    help = "Add the changes noted by triggers to the tallies."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"folded {keeping.fold()} changes")
