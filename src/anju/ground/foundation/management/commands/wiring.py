"""Print who records and who hears each event: news travels up by name, and no linter sees a name."""

from typing import Any

from django.core.management.base import BaseCommand

from anju.ground.foundation import wiring


class Command(BaseCommand):
    help = "Print who records and who hears each event."

    def handle(self, *args: Any, **options: Any) -> None:
        recorded, heard = wiring.recorded(), wiring.heard()
        for name in sorted({*recorded, *heard}):
            self.stdout.write(name)
            for place in recorded.get(name, ["nobody"]):
                self.stdout.write(f"    recorded by  {place}")
            for listener in heard.get(name, ()):
                self.stdout.write(f"    heard by     {listener}")
