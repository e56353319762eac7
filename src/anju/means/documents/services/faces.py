"""Which faces draw a document, and whether they can draw all of it.

A font that lacks a character makes Typst take another one without a word, and an office prints a wrong name. So the
chain of each face is fixed here, and every character is looked up in the fonts' own tables before anything is drawn.
"""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

import yaml
from django.conf import settings
from django.utils.translation import gettext as _
from fontTools.ttLib import TTCollection, TTFont

from anju.ground.foundation.refusals import Refusal

SHIPPED = Path(__file__).parents[1] / "fonts"
NOT_DRAWN = frozenset("\n\t")


class CharacterMissing(Refusal):
    """No face has a glyph for a character; `data["characters"]` lists all of them."""

    code = "character_missing"


def folders() -> tuple[Path, ...]:
    """List the folders with fonts, a city's own before the shipped ones."""
    own = settings.DATA_DIR / "fonts"
    return (own, SHIPPED) if own.is_dir() else (SHIPPED,)


@cache
def _roles() -> dict[str, dict[str, object]]:
    return yaml.safe_load((SHIPPED / "faces.yaml").read_text(encoding="utf-8"))


@cache
def _families(found_in: tuple[Path, ...]) -> dict[str, frozenset[int]]:
    """Read every font once: {family name: code points it draws}."""
    drawn: dict[str, frozenset[int]] = {}
    for folder in found_in:
        for path in sorted(p for p in folder.iterdir() if p.suffix.lower() in (".otf", ".ttf", ".ttc")):
            fonts = TTCollection(path).fonts if path.suffix.lower() == ".ttc" else [TTFont(path, lazy=True)]
            for font in fonts:
                points = frozenset(font.getBestCmap() or ())
                for name in {str(r) for r in font["name"].names if r.nameID in (1, 16)}:
                    drawn[name] = drawn.get(name, frozenset()) | points
    return drawn


@cache
def _chains(found_in: tuple[Path, ...]) -> dict[str, tuple[str, ...]]:
    here = _families(found_in)
    return {role: tuple(n for n in face["names"] if n in here) for role, face in _roles().items()}  # type: ignore[attr-defined]


@cache
def _drawable(found_in: tuple[Path, ...]) -> frozenset[str]:
    here = _families(found_in)
    words = [chain for role, chain in _chains(found_in).items() if role != "page"]
    sets = [frozenset().union(*(here[name] for name in chain)) for chain in words]
    return frozenset(map(chr, frozenset.intersection(*sets))) | NOT_DRAWN


def chains() -> dict[str, tuple[str, ...]]:
    """Return the family names to try for each role (song, fang, hei, kai, page), only those that are here."""
    return _chains(folders())


def office_names() -> dict[str, str]:
    """Return the family name that .docx files carry for each role."""
    return {role: str(face["office"]) for role, face in _roles().items()}


def missing(texts: Iterable[str]) -> list[str]:
    """List the characters, in order and once each, that some face could not draw."""
    drawable = _drawable(folders())
    return list(dict.fromkeys(char for text in texts for char in text if char not in drawable))


def require_glyphs(texts: Iterable[str]) -> None:
    """Refuse a document with a character that no face draws, naming it."""
    if lacking := missing(texts):
        named = ", ".join(f"{char} (U+{ord(char):04X})" for char in lacking[:5])
        raise CharacterMissing(
            _(
                "这些字在公文字体里没有字形，打印出来会缺字：%(named)s。请核对是否误用了符号；确属姓名地名用字的，请管理员补充字体。"
            )
            % {"named": named},
            data={"characters": lacking},
        )
