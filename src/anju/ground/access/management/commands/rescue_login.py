"""Give a login a temporary password from the server itself, where no second administrator is left to confirm it."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.ground.access import services
from anju.ground.access.actors import SYSTEM
from anju.ground.foundation.refusals import Refusal


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--reason", required=True, help="why; kept in the journal")
        parser.add_argument(
            "--second-factor", action="store_true", help="take the second factor off, too (a lost telephone)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            account = services.rescue(
                username=options["username"],
                factor=options["second_factor"],
                reason=options["reason"],
                by=SYSTEM,
                at=timezone.now(),
            )
        except Refusal as refusal:
            raise CommandError(str(refusal)) from None
        self.stdout.write(_("临时密码（首次登录时要改）：%(password)s") % {"password": account.opened})
