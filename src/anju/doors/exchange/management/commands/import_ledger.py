"""`./anju manage import_ledger FILE --kind … --as LOGIN`: load a station's workbook and say what became of each row."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.doors.exchange.models import Import
from anju.ground.access.models import Account
from anju.ground.access.services import actor_of
from anju.ground.foundation.refusals import Refusal

from ...queries.reading import Unreadable
from ...queries.recognising import RowError
from ...services import imports as services

ALL_KNOWN, UNREADABLE, SOME_RETURNED = 0, 2, 3
_SHOWN = 20


class Command(BaseCommand):
    """Import a ledger: a station's month of inspections, hazards, complaints, estates or companies.

    Exit code 0 when every row was loaded or known, 3 when some were returned, 2 when nothing could be read. With
    --json exactly one object is printed on standard output, in the last case too, with the sentence as its only
    error; the sentence also goes to standard error.
    """

    help = "Import a workbook (.xlsx, .xls, .csv): good rows are loaded, bad rows come back in a workbook."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--kind", required=True, choices=services.KINDS)
        parser.add_argument(
            "--as", dest="login", required=True, help="the login in whose name rows are loaded"
        )
        parser.add_argument("--dry-run", action="store_true", help="say what would happen, load nothing")
        parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
        parser.add_argument("--mapping", type=Path, help='a JSON file {"heading": "field"}; "" = no field')

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            mapping = _mapping(options["mapping"])
            account = Account.objects.select_related("person").filter(username=options["login"]).first()
            if account is None or not account.is_active:
                raise Unreadable(_("没有可用的登录名“%(login)s”。") % {"login": options["login"]})
            at = timezone.now()
            outcome = services.load_ledger(
                path=options["file"],
                kind=options["kind"],
                by=actor_of(account, at=at),
                at=at,
                dry_run=options["dry_run"],
                mapping=mapping,
                progress=None if options["json"] else self._progress,
            )
        except Refusal as refusal:
            if options["json"]:
                nothing = services.Outcome(errors=[RowError("", None, "", str(refusal))])
                self.stdout.write(json.dumps(nothing.as_dict(), ensure_ascii=False))
            self.stderr.write(str(refusal))
            sys.exit(UNREADABLE)
        if options["json"]:
            self.stdout.write(json.dumps(outcome.as_dict(), ensure_ascii=False))
        else:
            self._say(outcome, dry_run=options["dry_run"])
        for sheet, headings in outcome.questions.items():
            self.stderr.write(
                _(
                    "工作表“%(sheet)s”中这些列的含义认不出：%(columns)s。其内容随每行原样保留；可用 --mapping 指定。"
                )
                % {"sheet": sheet, "columns": _("、").join(headings)}
            )
        for note in outcome.notes:
            self.stderr.write(note)
        whole = not outcome.rejected and not outcome.errors
        if not whole:
            sys.exit(SOME_RETURNED)

    def _progress(self, done: int, total: int, message: str) -> None:
        if self.stderr.isatty():
            self.stderr.write(f"\r{message} {done}/{total}", ending="")

    def _say(self, outcome: services.Outcome, *, dry_run: bool) -> None:
        if self.stderr.isatty():
            self.stderr.write("")
        sentence = (
            _("试运行：共 %(rows)s 行，可导入 %(loaded)s 行，已有 %(duplicates)s 行，退回 %(rejected)s 行。")
            if dry_run
            else _("共 %(rows)s 行，导入 %(loaded)s 行，已有 %(duplicates)s 行，退回 %(rejected)s 行。")
        )
        self.stdout.write(
            sentence
            % {
                "rows": outcome.rows,
                "loaded": outcome.loaded,
                "duplicates": outcome.duplicates,
                "rejected": outcome.rejected,
            }
        )
        for kind, counts in outcome.kinds.items():
            self.stdout.write(
                _("  %(kind)s：%(rows)s 行，新 %(loaded)s 行，已有 %(duplicates)s 行，退回 %(rejected)s 行。")
                % {"kind": Import.Kind(kind).label, **counts}
            )
        if outcome.units:
            self.stdout.write(
                _(
                    "  检查对象：与名册对上 %(matched)s 家，新登记 %(made)s 家，其中疑似同一单位 %(suggested)s 家。"
                )
                % outcome.units
            )
        for error in outcome.errors[:_SHOWN]:
            self.stdout.write(
                _("  %(sheet)s 第 %(row)s 行 %(column)s：%(message)s")
                % {
                    "sheet": error.sheet,
                    "row": error.row or "-",
                    "column": error.column,
                    "message": error.message,
                }
            )
        if len(outcome.errors) > _SHOWN:
            self.stdout.write(
                _("  ……其余 %(more)s 处见退回的工作簿。") % {"more": len(outcome.errors) - _SHOWN}
            )
        if outcome.returned_workbook:
            self.stdout.write(_("退回的工作簿：%(path)s") % {"path": outcome.returned_workbook})


def _mapping(path: Path | None) -> dict[str, str]:
    """Read what columns mean from a JSON file; raises Unreadable."""
    if path is None:
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        found = None
    if not isinstance(found, dict):
        raise Unreadable(
            _('读不出列对应文件 %(name)s：应是 {"列名": "字段"} 形式的 JSON。') % {"name": path.name}
        )
    return {str(key): str(value or "") for key, value in found.items()}
