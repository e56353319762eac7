"""Bring the catalogues in step with the source, and compile them."""

from typing import Any

from django.core.management.base import BaseCommand

from anju.ground.foundation import translations


class Command(BaseCommand):
    help = "Collect every message of the source into locale/en, keep what is translated, and compile all catalogues."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        wanted = translations.spoken()
        held = translations.read("en")
        new, gone = translations.missing(wanted, held), translations.left_over(wanted, held)
        self._write(translations.updated(wanted, held), "en")
        self._write(translations.read("zh_Hans"), "zh_Hans")
        open_ = sum(flaw.startswith("untranslated") for flaw in self._flaws())
        self.stdout.write(f"en: {len(new)} new, {len(gone)} gone, {open_} to translate")

    def _flaws(self) -> list[str]:
        return translations.flaws(translations.read("en"), chinese_is_a_flaw=True)

    def _write(self, catalogue: Any, locale: str) -> None:
        path = translations.catalogue_path(locale)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(translations.po_bytes(catalogue, locale))
        # Compiled from what was written, as check_translations will compile it.
        path.with_suffix(".mo").write_bytes(translations.mo_bytes(translations.read(locale), locale))
