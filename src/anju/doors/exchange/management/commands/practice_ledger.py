"""`./anju manage practice_ledger FILE.xlsx --as LOGIN`: an invented, messy ledger to try the import on."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.ground.access.models import Account
from anju.ground.access.services import actor_of
from anju.ground.foundation import rulebooks
from anju.ground.foundation.refusals import Refusal

from ...services import practice
from ...services import practice_stations as practice_month


class Command(BaseCommand):
    """Write an invented ledger of hazards, or a station's month of inspections, about what a login reaches."""

    help = "Write an invented, messy ledger (hazards, or inspections) about what a login reaches."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--as", dest="login", required=True, help="whose estates the ledger is about")
        parser.add_argument("--kind", choices=("hazards", "inspections"), default="hazards")
        parser.add_argument(
            "--rows", type=int, default=50_564, help="hazards; or visits, with what comes of them"
        )
        parser.add_argument("--seed", type=int, default=2024)

    def handle(self, *args: Any, **options: Any) -> None:
        at = timezone.now()
        try:
            account = Account.objects.select_related("person").filter(username=options["login"]).first()
            if account is None:
                raise Refusal(_("没有可用的登录名“%(login)s”。") % {"login": options["login"]})
            today = timezone.localtime(at).date()
            book, by = rulebooks.load("exchange", on=today), actor_of(account, at=at)
            shared = {"by": by, "today": today, "seed": options["seed"]}
            if options["kind"] == "inspections":
                self._month(options, book, shared)
                return
            bad = practice.write(options["file"], words=book["practice"], rows=options["rows"], **shared)
        except Refusal as refusal:
            self.stderr.write(str(refusal))
            sys.exit(2)
        self.stdout.write(
            _("已写入 %(file)s：%(rows)s 行（演示数据），其中 %(bad)s 行故意有错。")
            % {"file": options["file"], "rows": options["rows"], "bad": bad}
        )

    def _month(self, options: dict[str, Any], book: dict[str, Any], shared: dict[str, Any]) -> None:
        counts = practice_month.write(
            options["file"],
            words=book["practice_month"],
            endings=book["place_endings"],
            visits=options["rows"],
            **shared,
        )
        for part, count in counts.items():
            self.stdout.write(
                _("%(sheet)s：%(rows)s 行（演示数据），其中 %(bad)s 行故意有错。")
                % {
                    "sheet": book["practice_month"]["sheets"][part]["name"],
                    "rows": count["rows"],
                    "bad": count["wrong"],
                }
            )
