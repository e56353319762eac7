"""`./anju manage check_tallies`: compare the tallies with their facts."""

import sys
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from ...queries import kept, registry
from ...services import keeping


class Command(BaseCommand):
    """Compare every tally with its facts; exit code 1 when one differs or has other triggers than declared."""

    help = "Compare the tallies with their facts."

    def handle(self, *args: Any, **options: Any) -> None:
        wrong = 0
        for spec in registry.specs():
            found = keeping.check(spec, at=timezone.now())
            wrong += len(found)
            if not kept.usable([spec])[spec.name]:
                wrong += not found
                self.stdout.write(
                    f"{spec.name}: {len(found)} rows differ; ./anju manage rebuild_tallies {spec.name}"
                )
                for line in found[:5]:
                    self.stdout.write(f"  {line}")
            else:
                self.stdout.write(f"{spec.name}: as the facts say")
        if wrong:
            sys.exit(1)
