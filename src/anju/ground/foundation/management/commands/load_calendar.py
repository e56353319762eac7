"""Load the public holidays and make-up days of rulebooks/calendar."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.ground.foundation import calendar


@dataclass(frozen=True, slots=True)
class _Loader:
    """The trace of a command: the system itself, told apart from every officer."""

    name: str
    account_id: int | None = None
    kind: str = "system"
    post: str = ""


class Command(BaseCommand):
    help = "Load public holidays and make-up workdays; a year that an officer has edited is left alone."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--folder", type=Path, help="another folder of years.csv and <year>.csv")

    def handle(self, *args: Any, **options: Any) -> None:
        result = calendar.load_seed(by=_Loader(_("系统")), at=timezone.now(), folder=options["folder"])
        for key, years in result.items():
            if years and options["verbosity"]:
                self.stdout.write(f"calendar {key}: {', '.join(map(str, years))}")
