"""./anju manage check_forms: draw every form with invented facts, a city's own first, and say which cannot be used."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from ... import rules
from ...services import rendering, trial


class Command(BaseCommand):
    help = "Draw every form of official documents with invented facts; name the files that cannot be used."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("kinds", nargs="*", help="only these kinds, e.g. order_timed; default: all")
        parser.add_argument(
            "--save", default="", help="a folder to write the drawn samples into, to look at them"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Check each form; end with an error when one of them cannot be used."""
        with override("zh-hans"):
            bad = self._check(options["kinds"] or list(rules.KINDS), options["save"])
        if bad:
            raise CommandError(_("有 %(n)s 个版式文件不能使用，请改正后再检查一次。") % {"n": bad})

    def _check(self, kinds: list[str], save: str) -> int:
        today, bad = timezone.localdate(), 0
        for path in trial.own():
            if path.stem not in rules.KINDS:
                bad += 1
                line = _("不认识 %(file)s：文件名应为文书种类，如 order_timed.typ")
                self.stdout.write("✗ " + line % {"file": path.name})
        for kind in kinds:
            if kind not in rules.KINDS:
                raise CommandError(_("没有这种文书：%(kind)s") % {"kind": kind})
            for suffix in (".typ", ".docx"):
                path = rendering.template_of(kind, suffix)
                own = _("自定义") if path.parent == rendering.forms() else _("自带")
                drawn, why = trial.drawn(kind, suffix, on=today)
                bad += bool(why)
                self.stdout.write(f"{'✗' if why else '✓'} {path.name} {own} {why}".rstrip())
                if save and drawn:
                    trial.keep(drawn, save, kind, suffix)
        return bad
