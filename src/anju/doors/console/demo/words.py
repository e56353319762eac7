"""Chance and words of the demo cases: which class, where, what people write, at which hour they act."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from anju.ground.foundation import calendar

from .city import book


@dataclass(frozen=True, slots=True)
class Matter:
    """What a case is about: class, place and the words of each step."""

    kind: str
    class_code: str
    place: str
    text: str
    cure: str
    check: str
    scene: str


class Words:
    """Draws matters, notes and hours from one source of chance."""

    def __init__(self, chance: random.Random):
        self.chance = chance
        self.book = book("texts")
        self.weights = {
            kind: ([*entries], [e["weight"] for e in entries.values()])
            for kind, entries in (
                ("hazard", self.book["hazards"]),
                ("complaint", self.book["complaints"]),
            )
        }

    def matter(self, *, kind: str = "", code: str = "") -> Matter:
        """Draw a matter, of a kind (mostly hazards) or of one class."""
        chance = self.chance
        if code:
            kind = "hazard" if code in self.book["hazards"] else "complaint"
        kind = kind or chance.choices(("hazard", "complaint"), (3, 1))[0]
        codes, weights = self.weights[kind]
        code = code or chance.choices(codes, weights)[0]
        entry: Mapping[str, Any] = self.book[f"{kind}s"][code]
        place = chance.choice(self.book["places"][entry["place"]])
        words = {"p": place, "w": chance.choice(self.book["whom"])}
        text, cure, check = (
            chance.choice(entry[name]).format(**words) for name in ("texts", "cures", "checks")
        )
        # The loop challenges a text that says too little, as it would an officer's.
        cure, check = (
            said if len(said) >= self.book["long_enough"] else said + self.book["more"][which]
            for which, said in (("cure", cure), ("check", check))
        )
        return Matter(kind, code, place, text, cure, check, entry.get("scene", "door"))

    def note(self, name: str) -> str:
        """Draw a sentence of the list of notes."""
        return self.chance.choice(self.book["notes"][name])

    def any_hour(self, day: datetime) -> datetime:
        """Return a moment of a day at which residents report: mostly mornings and evenings."""
        hour = self.chance.choices(range(6, 23), (1, 3, 5, 6, 5, 4, 3, 3, 4, 4, 5, 6, 8, 9, 8, 5, 2))[0]
        return self._on(day, hour)

    def office_hour(self, after: datetime, *, hours: float = 0) -> datetime:
        """Return a moment of office hours not before `after` plus some hours."""
        moment = timezone.localtime(after + timedelta(hours=hours, minutes=self.chance.randint(4, 50)))
        days = calendar.current()
        while True:
            if days.is_workday(moment.date()):
                if moment.hour < 8:
                    moment = self._on(moment, 8)
                if moment.hour < 18:
                    return moment
            moment = self._on(moment + timedelta(days=1), 8)

    def _on(self, day: datetime, hour: int) -> datetime:
        local = timezone.localtime(day)
        return local.replace(
            hour=hour, minute=self.chance.randint(1, 58), second=self.chance.randint(0, 59), microsecond=0
        )
