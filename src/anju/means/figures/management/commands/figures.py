"""`./anju manage figures`: ask the engine from the command line, for people and for machines."""

import json
import sys
import unicodedata
from argparse import ArgumentParser
from dataclasses import replace
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.ground.access.actors import Actor
from anju.ground.access.models import Account
from anju.ground.access.services import actor_of
from anju.ground.foundation.refusals import NotFound, Refusal
from anju.means.figures.queries import Query, Result

from ... import queries, rules
from ...queries import places, registry


class Command(BaseCommand):
    """Print measures of a period and a territory."""

    help = "Print figures: every measure with its total and, with --by, its slices."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--from", dest="start", required=True, metavar="DAY", help="first day, 2024-01-01"
        )
        parser.add_argument("--to", dest="end", required=True, metavar="DAY", help="last day, included")
        parser.add_argument("--territory", default="", metavar="CODE", help="division code (4107) or area:ID")
        parser.add_argument("--measure", nargs="+", action="extend", default=[], metavar="NAME")
        parser.add_argument(
            "--by", metavar="HOW", help="county, street, community, class, class1, month, week, channel, kind"
        )
        parser.add_argument(
            "--tree", choices=queries.TREES, default="", help="slice by management area or by division"
        )
        parser.add_argument(
            "--as", dest="login", metavar="LOGIN", help="answer as this person would be answered"
        )
        parser.add_argument(
            "--json", action="store_true", help='[{"measure", "label", "value", "unit", "slice"}]'
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            results = self.ask(options)
        except Refusal as refusal:
            self.stderr.write(str(refusal))
            sys.exit(2)
        if options["json"]:
            lines = [line for result in results for line in as_lines(result)]
            self.stdout.write(json.dumps(lines, ensure_ascii=False, indent=1))
        else:
            self.stdout.write(as_table(results))

    def ask(self, options: dict[str, Any]) -> list[Result]:
        """Answer the options, or raise Refusal with one sentence."""
        at = timezone.now()
        today = timezone.localtime(at).date()
        names = options["measure"] or [measure.name for measure in registry.measures()]
        for name in names:
            registry.get(name)
        query = Query(
            measures=tuple(dict.fromkeys(names)),
            period=queries.read_period("", options["start"], options["end"], today=today),
            territory=self.territory(options["territory"], options["tree"]),
            by=options["by"],
            tree=options["tree"],
        )
        actor = self.actor(options["login"])
        if options["measure"] or not options["by"]:
            return queries.answer(query, actor=actor, at=at)
        # Asked for everything: what cannot be sliced so (a suggestion has no class) is answered with its total.
        cut = tuple(name for name in query.measures if queries.can_slice(registry.get(name), options["by"]))
        if not cut:
            return queries.answer(query, actor=actor, at=at)  # which refuses, and names the slices there are
        whole = tuple(name for name in query.measures if name not in cut)
        found = queries.answer(replace(query, measures=cut), actor=actor, at=at)
        found += queries.answer(replace(query, measures=whole, by=None), actor=actor, at=at) if whole else []
        return sorted(found, key=lambda result: query.measures.index(result.measure.name))

    def territory(self, text: str, tree: str) -> places.Territory | None:
        """Read the territory, a bare code in the tree asked for."""
        if not text or ":" in text:
            return queries.read_territory(text)
        return queries.territory_of_code(text, tree=tree)

    def actor(self, login: str | None) -> Actor:
        """Return who asks: a person by login, or the installation itself."""
        if not login:
            return queries.INSTALLATION
        account = Account.objects.select_related("person").filter(username=login).first()
        if account is None:
            raise NotFound(_("没有登录名“%(login)s”。") % {"login": login})
        return actor_of(account, at=timezone.now())


def as_lines(result: Result) -> list[dict[str, Any]]:
    """Write a result for a machine: the total with slice null, then each slice by its name."""
    common = {"measure": result.measure.name, "label": str(result.measure.label)}
    unit = result.measure.unit
    lines = [{**common, "value": rules.plain(result.value), "unit": unit, "slice": None}]
    lines += [
        {**common, "value": rules.plain(part.number.value), "unit": unit, "slice": part.name}
        for part in result.slices
    ]
    if result.note:
        lines[0]["note"] = result.note
    return lines


def as_table(results: list[Result]) -> str:
    """Write results for a person: measures across, the total and the slices down; without slices a line for each."""
    first = results[0]
    trees = {"area": _("管理区域"), "division": _("行政区划")}
    heading = _("%(place)s，%(start)s 至 %(end)s，截至 %(cut_off)s（%(tree)s）") % {
        "place": first.scope.label,
        "start": first.query.period.start,
        "end": first.query.period.end,
        "cut_off": f"{timezone.localtime(first.cut_off):%Y-%m-%d %H:%M}",
        "tree": trees[first.query.slicing_tree],
    }
    keys = list(dict.fromkeys(part.key for result in results for part in result.slices))
    names = {part.key: part.name for result in results for part in result.slices}
    table = [["", *(str(result.measure.label) for result in results)]]
    table.append([_("合计"), *(shown(result.value, result.measure.unit) for result in results)])
    if not keys:  # many measures and one number each read better down than across
        table = [list(line) for line in zip(*table, strict=True)][1:]
    for key in keys:
        cells = [{part.key: part.number.value for part in result.slices}.get(key) for result in results]
        table.append([names[key], *(shown(v, r.measure.unit) for v, r in zip(cells, results, strict=True))])
    widths = [max(width(row[i]) for row in table) for i in range(len(table[0]))]
    lines = [
        row[0]
        + " " * (widths[0] - width(row[0]))
        + "".join(
            "  " + " " * (wide - width(cell)) + cell for cell, wide in zip(row[1:], widths[1:], strict=True)
        )
        for row in table
    ]
    notes = list(dict.fromkeys(result.note for result in results if result.note))
    return "\n".join([heading, *lines, *notes])


def shown(value: rules.Amount | None, unit: str) -> str:
    """Write a value with its unit; a dash when there is none."""
    if value is None:
        return "—"
    if unit == "yuan":
        return _("%(amount)s元") % {"amount": rules.yuan(value)}
    return f"{value:g}%" if unit == "percent" else f"{value:g}" if isinstance(value, float) else str(value)


def width(text: str) -> int:
    """Return how many columns a text takes on a terminal: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
