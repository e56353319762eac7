"""Which class of the rulebook a row means: by code, name or synonym; else by the words of its text, with a doubt.

A text is read in three ways, one after the other: words that together mean a class (rulebooks/exchange `texts`), the
longest name or synonym that stands in it, and the one most of whose pieces do.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from anju.duties.cases.queries import catalogue
from anju.ground.foundation import rulebooks

from .. import rules
from . import sentences

# Of a class's word so large a part must stand in a text for the text to speak of it.
ENOUGH = 0.6
_BOOKS = {"hazard": "hazards", "complaint": "complaints"}


@dataclass(frozen=True, slots=True)
class Classed:
    """A class found; `guessed` when only the words of the text tell it."""

    code: str
    severity: str
    guessed: bool = False


class Speaking:
    """What texts speak of: lines of words that together mean a class."""

    def __init__(self, lines: Sequence[Mapping[str, Any]]):
        self._lines = [
            (
                line["class"],
                [frozenset(map(str, group)) for group in line["all"]],
                frozenset(map(str, line.get("without", ()))),
            )
            for line in lines
        ]
        self._by_first: dict[str, list[str]] = {}
        for word in {w for _code, groups, without in self._lines for g in (*groups, without) for w in g}:
            self._by_first.setdefault(word[0], []).append(word)

    def of(self, text: str) -> str | None:
        """Return the class of the first line that a text meets, "" where a person has to say it, None for no line."""
        by_first = self._by_first
        found = {
            word
            for position, first in enumerate(text)
            if first in by_first
            for word in by_first[first]
            if text.startswith(word, position)
        }
        if found:
            for code, groups, without in self._lines:
                if without.isdisjoint(found) and not any(group.isdisjoint(found) for group in groups):
                    return code
        return None


class ClassFinder:
    """Finds classes of one kind by the edition in force on the day of the import."""

    def __init__(self, kind: str, *, on: date):
        self.classes = catalogue.classes(kind, on=on)
        book = rulebooks.load(_BOOKS[kind], on=on)
        self._by_word: dict[str, str] = {}
        self._names: dict[str, str] = {}
        in_text: dict[str, str] = {}
        for entry in book["classes"]:
            code = entry["code"]
            words = [code, entry["name"], *(entry.get("synonyms") or ())]
            for word in words:
                self._by_word.setdefault(rules.heading_key(str(word)), code)
            self._names[entry["name"]] = code
            for word in (*words[1:], *(entry.get("keywords") or ())):
                if len(str(word)) >= 2:
                    in_text.setdefault(str(word), code)
        self._in_text = in_text
        self._words_with: dict[str, list[str]] = {}
        for word in in_text:
            if len(word) >= 4:
                for piece in rules.inner_pieces(word):
                    self._words_with.setdefault(piece, []).append(word)
        longest_first = sorted(in_text, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if in_text else None
        self._known: dict[str, Classed | None] = {}
        self._speaking = Speaking(rulebooks.load("exchange", on=on)["texts"].get(kind, ()))

    def find(self, said: str, text: str) -> Classed | str:
        """Return the class that a cell says or, where the cell is empty, that the text speaks of; else a sentence."""
        if said:
            if said not in self._known:
                self._known[said] = self._named(said)
            known = self._known[said]
            if known is not None:
                return known
        spoken = self._spoken_of(text)
        if spoken is not None:
            return spoken
        return sentences.unknown_class(said, self._near(said) if said else "")

    def _named(self, said: str) -> Classed | None:
        for key in rules.heading_keys(said):
            if key in self._by_word:
                return self._make(self._by_word[key])
        # "EB01 楼道停放电动车", "消防—EB01"
        if (found := re.search(r"(?<![A-Za-z])([A-Za-z]{2}\d{2})(?!\d)", said)) and found[
            1
        ].upper() in self.classes:
            return self._make(found[1].upper())
        return None

    def _spoken_of(self, text: str) -> Classed | None:
        """Return the class that the words of a text mean, or None."""
        said = self._speaking.of(text)
        if said is not None:
            return self._make(said, guessed=True) if said in self.classes else None
        if self._pattern is None:
            return None
        best = max(self._pattern.findall(text), key=len, default=None)
        if best:
            return self._make(self._in_text[best], guessed=True)
        shared: dict[str, int] = {}
        for piece in rules.inner_pieces(text):
            for word in self._words_with.get(piece, ()):
                shared[word] = shared.get(word, 0) + 1
        share, word = max(
            ((count / len(rules.inner_pieces(word)), word) for word, count in shared.items() if count > 1),
            default=(0.0, ""),
        )
        return self._make(self._in_text[word], guessed=True) if share >= ENOUGH else None

    def _near(self, said: str) -> str:
        mine = rules.pieces(rules.heading_key(said))
        scored = [
            (len(mine & other) / len(mine | other), name)
            for name in self._names
            if (other := rules.pieces(rules.heading_key(name)))
        ]
        likeness, name = max(scored, default=(0, ""))
        return name if likeness >= 0.2 else ""

    def _make(self, code: str, *, guessed: bool = False) -> Classed:
        found: Any = self.classes[code]
        return Classed(code, found.severity, guessed)
