"""Fill a new database with the demo city: real places, and an invented layer of offices, estates, people and cases."""

import io
import random
import time
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.doors.console.demo import suggestions
from anju.doors.console.demo.city import Builder, book
from anju.doors.console.demo.duty_stories import DutyStories
from anju.doors.console.demo.half_year import HalfYear
from anju.doors.console.demo.past import Past
from anju.doors.console.demo.stories import Stories, states
from anju.duties.cases.models import Report, SavedView
from anju.ground.access.models import Account

SEED = 20200901


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--past", type=int, default=1200, help="how many closed cases of earlier months")

    def handle(self, *args: Any, **options: Any) -> None:
        if Account.objects.exists():
            raise CommandError(_("这个数据库里已有账号，演示城市只能放进新的数据库。"))
        began = time.monotonic()
        # All or nothing: a start that is killed half way begins again with an empty database.
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL synchronous_commit TO off")
            self._seed(options["past"], began)
        self._say(_("演示城市已建立"), began)

    def _seed(self, past: int, began: float) -> None:
        now = timezone.now()
        call_command("set_up_city", stdout=io.StringIO())
        self._say(_("日历和区划"), began)
        builder = Builder(self._chance(0), at=now)
        city = builder.build()
        self._say(_("%(n)s 个小区") % {"n": len(city.estates)}, began)
        made = HalfYear(builder, self._chance(3)).write()
        self._say(_("半年检查：%(visits)s 家次，%(hazards)s 处隐患，%(fines)s 起处罚") % made, began)
        kept = Past(city, self._chance(1)).write(
            past, first=now - timedelta(days=272), last=now - timedelta(days=2)
        )
        self._say(_("%(n)s 件往月案件") % {"n": kept}, began)
        stories = Stories(city, self._chance(2), now=now)
        stories.tell()
        for name, code in book("city")["follow_codes"].items():
            if name in stories.marked:
                Report.objects.filter(pk=stories.marked[name]).update(code=code)
        DutyStories(city, self._chance(4), now=now).tell()
        self._say(_("检查、执法和移送"), began)
        call_command("fold_tallies", stdout=io.StringIO())
        suggestions.tell(city, at=now)
        self._say(_("代表建议"), began)
        for view in book("city").get("views", ()):
            SavedView.objects.create(
                account_id=city.logins[view["login"]].account_id or 0, name=view["name"], query=view["query"]
            )
        self._say(", ".join(f"{state} {n}" for state, n in states().items()), began)

    def _say(self, what: str, began: float) -> None:
        self.stdout.write(f"{time.monotonic() - began:6.1f} s  {what}")

    def _chance(self, part: int) -> random.Random:
        # Chance that can be repeated: each installation gets the same city. Nothing secret comes of it.
        return random.Random(SEED + part)  # noqa: S311
