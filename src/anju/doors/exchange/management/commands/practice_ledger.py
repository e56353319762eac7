"""`./anju manage practice_ledger FILE.xlsx --as LOGIN`: an invented, messy ledger to try the import on."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.doors.exchange import practice
from anju.ground.access.models import Account
from anju.ground.access.services import actor_of
from anju.ground.foundation import rulebooks
from anju.ground.foundation.refusals import Refusal


class Command(BaseCommand):
    """Write an invented ledger of hazards about the estates that a login reaches."""

    help = "Write an invented, messy ledger of hazards about the estates that a login reaches."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--as", dest="login", required=True, help="whose estates the ledger is about")
        parser.add_argument("--rows", type=int, default=50_564)
        parser.add_argument("--seed", type=int, default=2024)

    def handle(self, *args: Any, **options: Any) -> None:
        at = timezone.now()
        try:
            account = Account.objects.select_related("person").filter(username=options["login"]).first()
            if account is None:
                raise Refusal(_("没有可用的登录名“%(login)s”。") % {"login": options["login"]})
            today = timezone.localtime(at).date()
            bad = practice.write(
                options["file"],
                by=actor_of(account, at=at),
                words=rulebooks.load("exchange", on=today)["practice"],
                rows=options["rows"],
                today=today,
                seed=options["seed"],
            )
        except Refusal as refusal:
            self.stderr.write(str(refusal))
            sys.exit(2)
        self.stdout.write(
            _("已写入 %(file)s：%(rows)s 行（演示数据），其中 %(bad)s 行故意有错。")
            % {"file": options["file"], "rows": options["rows"], "bad": bad}
        )
