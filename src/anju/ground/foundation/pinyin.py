"""Latin initials of Chinese names, so that an officer finds 东湖区 by typing dhq."""

import re
import unicodedata
from datetime import date
from functools import cache, lru_cache

from . import rulebooks

# The readings of names do not change with the law: the latest edition serves every day.
ANY_DAY = date.max


@cache
def _readings() -> tuple[dict[str, str], dict[str, str], re.Pattern[str] | None]:
    """Return the table of places {written: syllables}, of surnames, and a pattern of the places, longest first."""
    book = rulebooks.load("pinyin", on=ANY_DAY)
    places, surnames = dict(book["places"]), dict(book["surnames"])
    longest = sorted(places, key=len, reverse=True)
    return places, surnames, re.compile("|".join(map(re.escape, longest))) if longest else None


@lru_cache(maxsize=65_536)
def syllables(name: str, *, person: bool = False) -> tuple[str, ...]:
    """Return the toneless syllables of a name; Latin and digits stay, lower case. `person` reads the surname so."""
    places, surnames, pattern = _readings()
    text = unicodedata.normalize("NFKC", name).strip()
    if person:
        for length in (2, 1):
            if reading := surnames.get(text[:length]):
                return (*reading.split(), *_plain(text[length:]))
        return _plain(text)
    if pattern is None:
        return _plain(text)
    read: list[str] = []
    end = 0
    for place in pattern.finditer(text):
        read += _plain(text[end : place.start()])
        read += places[place.group()].split()
        end = place.end()
    return (*read, *_plain(text[end:]))


def initials(name: str, *, person: bool = False) -> str:
    """Return the first letters of a name: 西山县 -> xsx, 东湖区 -> dhq, 8号楼 -> 8hl."""
    return "".join(s if s.isdigit() else s[0] for s in syllables(name, person=person) if s)


def sort_key(name: str, *, person: bool = False) -> str:
    """Return the text by which a list of names stands in the order of the dictionary."""
    return " ".join(syllables(name, person=person))


def _plain(text: str) -> tuple[str, ...]:
    # Imported here: its tables take 58 MB, and a process that only shows names needs none of them.
    from pypinyin import Style, lazy_pinyin

    if not text:
        return ()
    found: list[str] = []
    for syllable in lazy_pinyin(text, style=Style.NORMAL, errors="default"):
        found += re.findall(r"[a-z\u00fc]+|\d+", syllable.lower().replace("\u00fc", "v"))
    return tuple(found)
