"""Refuse a catalogue that leaves a reader without a sentence."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from anju.ground.foundation import translations

SHOWN = 20


def problems() -> list[str]:
    """List all that is wrong with the catalogues, one line each; none when all is well."""
    wanted, english, chinese = translations.spoken(), translations.read("en"), translations.read("zh_Hans")
    found = [f"en, missing: {name}" for name in translations.named(translations.missing(wanted, english))]
    found += [
        f"en, nobody says: {name}" for name in translations.named(translations.left_over(wanted, english))
    ]
    found += [f"en, {flaw}" for flaw in translations.flaws(english, chinese_is_a_flaw=True)]
    found += [f"zh_Hans, {flaw}" for flaw in translations.flaws(chinese, chinese_is_a_flaw=False)]
    for locale, catalogue in (("en", english), ("zh_Hans", chinese)):
        compiled = translations.catalogue_path(locale).with_suffix(".mo")
        if not compiled.exists() or compiled.read_bytes() != translations.mo_bytes(catalogue, locale):
            found.append(f"{locale}: django.mo is not what django.po compiles to")
    return found


class Command(BaseCommand):
    help = "Check that every message is in the English catalogue, translated soundly, and compiled."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        if found := problems():
            for line in found[:SHOWN]:
                self.stderr.write(line)
            more = f" ({len(found) - SHOWN} not shown)" if len(found) > SHOWN else ""
            raise CommandError(
                f"{len(found)} flaws{more}; run ./anju manage make_translations and translate what is new"
            )
