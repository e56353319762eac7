"""Load the divisions of a city or a province, their changes, and the management tree derived from them."""

import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import yaml
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.ground.foundation import rulebooks
from anju.ground.foundation.refusals import Refusal
from anju.ground.territory.rules import ANY_DAY

from ... import services
from ...queries import boundaries
from ...services import loading


class Loader:
    """Whoever loads data at the command line, in the journal."""

    account_id = None
    kind = "system"
    name = "load_territory"
    post = ""


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--divisions", type=Path, help="CSV or CSV.gz: code,name,level,parent_code")
        parser.add_argument("--root", help="code of the division to load with all below it")
        parser.add_argument("--changes", type=Path, help="CSV: old_code,new_code,old_name,new_name,when,note")
        parser.add_argument("--rules", type=Path, help="a rulebook of territory; by default the one in force")
        parser.add_argument("--areas", action="store_true", help="derive the management tree, too")

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        try:
            with transaction.atomic():
                lines = self._load(options)
        except Refusal as refusal:
            raise CommandError(str(refusal)) from None
        for line in lines:
            self.stdout.write(line)
        self.stdout.write(_("用时 %(seconds).1f 秒") % {"seconds": time.monotonic() - started})

    def _load(self, options: dict[str, Any]) -> list[str]:
        at = timezone.now()
        if options["rules"]:
            rules = yaml.safe_load(options["rules"].read_text(encoding="utf-8"))
        else:
            rules = rulebooks.load("territory", on=ANY_DAY)
        own = options["divisions"] is None
        path = boundaries.DATA / rules["divisions"] if own else options["divisions"]
        root = options["root"] or rules["city"]
        changes = options["changes"] or (
            boundaries.DATA / rules["changes"] if own and rules.get("changes") else None
        )
        rows = loading.below(loading.read_divisions(path), root)
        zones = rules["areas"].get("statistical_zones", {})
        divisions = loading.load_divisions(rows=rows, zones=zones, source=path.name, by=Loader(), at=at)
        lines = [
            _("区划：新增 %(added)s，更正 %(changed)s，不变 %(unchanged)s")
            % {"added": divisions.added, "changed": divisions.changed, "unchanged": divisions.unchanged},
            *divisions.problems,
        ]
        if options["areas"]:
            cities = [row.code for row in rows if row.level == 2] if root != rules["city"] else [root]
            areas = loading.build_areas(cities=cities, rules=rules["areas"], by=Loader(), at=at)
            lines.append(
                _("辖区：新增 %(added)s，更名 %(changed)s")
                % {"added": areas.areas_added, "changed": areas.areas_changed}
            )
        if changes:
            made = services.apply_changes(changes=loading.read_changes(changes), by=Loader(), at=at)
            lines.append(_("区划变更：%(made)s 项") % {"made": made})
        return lines
