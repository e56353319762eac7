"""List who can sign in to the demo city: role, name, login, password, and what each sees."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.doors.console.demo.city import book
from anju.ground.access.models import Account
from anju.ground.foundation import rulebooks


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print a list of objects")

    def handle(self, *args: Any, **options: Any) -> None:
        city = book("city")
        roles = rulebooks.load("access", on=timezone.localdate())["roles"]
        there = set(Account.objects.filter(person__is_demo=True).values_list("username", flat=True))
        rows = [
            {
                "role": roles[line["role"]]["name"],
                "name": line["name"],
                "login": line["login"],
                "password": city["password"],
                "sees": line["sees"],
            }
            for line in city["people"]
            if line["login"] in there
        ]
        if not rows:
            raise CommandError(_("这里没有演示城市：用 manage seed_demo 建立。"))
        if options["json"]:
            self.stdout.write(json.dumps(rows, ensure_ascii=False))
            return
        for row in rows:
            self.stdout.write("\t".join(row.values()))
