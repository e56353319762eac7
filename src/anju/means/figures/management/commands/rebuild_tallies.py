"""`./anju manage rebuild_tallies`: count the tallies anew from their facts."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from ...queries import registry
from ...services import keeping


class Command(BaseCommand):
    """Install the triggers as declared and count every tally anew."""

    help = "Install the triggers of the tallies as declared, and count them anew from the facts."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("names", nargs="*", metavar="TALLY", help="only these")

    def handle(self, *args: Any, **options: Any) -> None:
        for spec in registry.specs():
            if not options["names"] or spec.name in options["names"]:
                self.stdout.write(f"{spec.name}: {keeping.rebuild(spec, at=timezone.now())} rows")
