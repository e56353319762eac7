"""Articles by key. Pure: docs/law/ has a page for each law and under each key one sentence in our own words.

A key is the law's slug and the number of the article: `xx-fire-2020-37`. Number 0 is a standard as a whole.
`citations` writes a key out in full; this module reads what docs/law/ says about it.
"""

import re
from dataclasses import dataclass
from pathlib import Path

UNSURE = "[?]"
# Zero to nine, ten and hundred, as numbers of articles are written. Code points, since they are no sentence.
_DIGITS = tuple(map(chr, (0x96F6, 0x4E00, 0x4E8C, 0x4E09, 0x56DB, 0x4E94, 0x516D, 0x4E03, 0x516B, 0x4E5D)))
_POWERS = tuple(map(chr, (0x5343, 0x767E, 0x5341)))


@dataclass(frozen=True, slots=True)
class Article:
    """One article as docs/law/ knows it.

    law       the name of the law, in Chinese
    number    of the article; 0 for the whole
    sentence  what it asks, in our own words
    unsure    whether it was not verified against the official text
    """

    key: str
    law: str
    number: int
    sentence: str
    unsure: bool


def read(folder: Path) -> dict[str, Article]:
    """Read every page of a folder and return its articles by key; raises ValueError on a key on the wrong page."""
    found: dict[str, Article] = {}
    for page in sorted(folder.glob("*.md")):
        if page.stem == "README":
            continue
        top, *sections = re.split(r"^### ", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
        law = top.splitlines()[0].removeprefix("# ").strip()
        for section in sections:
            key, _newline, sentence = section.partition("\n")
            slug, _dash, number = key.strip().rpartition("-")
            if slug != page.stem or not number.isdigit() or key.strip() in found:
                raise ValueError(f"{page.name}: {key.strip()!r} does not belong here or stands twice")
            unsure = UNSURE in sentence or UNSURE in top
            text = " ".join(sentence.replace(UNSURE, "").split())
            found[key.strip()] = Article(key.strip(), law, int(number), text, unsure)
    return found


def numeral(number: int) -> str:
    """Write a number from 1 to 9999 in Chinese, as articles are numbered: 37 is three-ten-seven."""
    if not 0 < number < 10_000:
        raise ValueError(f"no article has the number {number}")
    digits = f"{number:04d}"
    said = ""
    for place, digit in enumerate(map(int, digits)):
        if digit:
            said += _DIGITS[digit] + (_POWERS[place] if place < 3 else "")
        elif said and any(d != "0" for d in digits[place:]) and not said.endswith(_DIGITS[0]):
            said += _DIGITS[0]
    # Ten to nineteen drop the one in front.
    return said[1:] if 10 <= number < 20 else said
