"""Give a city what it cannot work without, from its rulebooks: the calendar of working days, and its places.

Every start has it done, of an empty city as of the demo; what officers have changed stays as they left it.
"""

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from anju.ground.territory.models import Area


class Command(BaseCommand):
    help = __doc__ or ""

    def handle(self, *args: Any, **options: Any) -> None:
        # First, because it cannot fail: without it every term would count public holidays as working days.
        call_command("load_calendar", stdout=self.stdout, verbosity=options["verbosity"])
        # Once only: later the offices themselves move and rename places.
        if not Area.objects.exists():
            call_command("load_territory", areas=True, stdout=self.stdout)
