"""Two spellings that may be one unit: how alike they are, suggested to a person, decided by a person."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib.postgres.search import TrigramSimilarity
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from anju.ground.foundation import rulebooks
from anju.ground.foundation.acts import Loop, Turn
from anju.ground.territory.rules import name_key

from .. import rules
from ..models import Unit, UnitMatch
from . import register
from .register import UNITS


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two entries are, 0 to 1, and of what it consists: words of REASONS."""

    score: float
    reasons: tuple[str, ...]


REASONS = ("uscc", "name", "address", "community", "street")


def _pieces(text: str) -> set[str]:
    key = name_key(text)
    return {key[n : n + 2] for n in range(len(key) - 1)} or ({key} if key else set())


def alike(one: str, other: str) -> float:
    """Return the share of two-character pieces two texts have in common (Dice), 0 to 1."""
    a, b = _pieces(one), _pieces(other)
    return 2 * len(a & b) / (len(a) + len(b)) if a and b else 0.0


def _bare(name: str, ignore: Iterable[str]) -> str:
    for ending in ignore:
        name = name.replace(ending, "")
    return name


def _names_alike(one: str, other: str) -> float:
    """Return how alike two names are; what tells shops apart stands in front, the trade behind is shared by many."""
    front = name_key(one)[:2] == name_key(other)[:2]
    return alike(one, other) * (1.0 if front else 0.7)


def _addresses_alike(one: str, other: str) -> float:
    """Return how alike two addresses are; another house number is another house, however alike the street."""
    numbers = [re.findall(r"\d+", name_key(address)) for address in (one, other)]
    return alike(one, other) * (0.3 if all(numbers) and numbers[0] != numbers[1] else 1.0)


def likeness(one: Mapping[str, Any], other: Mapping[str, Any], *, rule: Mapping[str, Any]) -> Likeness:
    """Say how alike two entries are: their names, addresses and places, weighed by rulebooks/units `matching`.

    one, other  name, address, uscc, community_id, street_id (any of them may be missing or empty)
    """
    if one.get("uscc") and one.get("uscc") == other.get("uscc"):
        return Likeness(1.0, ("uscc",))
    name = _names_alike(*(_bare(side.get("name") or "", rule.get("ignore", ())) for side in (one, other)))
    address = _addresses_alike(one.get("address") or "", other.get("address") or "")
    near = {
        "community": bool(one.get("community_id")) and one.get("community_id") == other.get("community_id"),
        "street": bool(one.get("street_id")) and one.get("street_id") == other.get("street_id"),
    }
    place = 1.0 if near["community"] else 0.5 if near["street"] else 0.0
    # An address that one of them lacks says nothing: its share goes to the name.
    known = bool(one.get("address")) and bool(other.get("address"))
    name_share = rule["name"] + (0 if known else rule["address"])
    score = name_share * name + (rule["address"] * address if known else 0) + rule["place"] * place
    said = [("name", name >= 0.5), ("address", known and address >= 0.5), *near.items()]
    return Likeness(round(score, 3), tuple(word for word, holds in said if holds))


_READ = ("pk", "name", "address", "uscc", "community_id", "street_id")


def candidates(
    entry: Mapping[str, Any], *, kind: str, at: datetime, most: int = 5
) -> list[tuple[int, Likeness]]:
    """Return the units of the same kind that an entry may be, the most alike first: [(unit id, likeness)].

    entry  as in `likeness`, with its street_id or county_id, within which it is sought
    """
    rule = rulebooks.load("units", on=timezone.localtime(at).date())["matching"]
    place = {k: entry[k] for k in ("street_id", "county_id") if entry.get(k)}
    if not place:
        return []
    column, value = next(iter(place.items()))
    near = Unit.objects.filter(**{column: value}, kind=kind, ended_on__isnull=True)
    if entry.get("pk"):
        near = near.exclude(pk=entry["pk"])
    rows = near.annotate(near=TrigramSimilarity("name", entry["name"])).filter(near__gt=0.1)
    found = [
        (row["pk"], likeness(entry, row, rule=rule)) for row in rows.order_by("-near").values(*_READ)[:50]
    ]
    fitting = [(pk, how) for pk, how in found if how.score >= rule["least"]]
    return sorted(fitting, key=lambda pair: -pair[1].score)[:most]


@transaction.atomic
def suggest(unit_ids: Iterable[int], *, at: datetime) -> int:
    """Suggest, for each unit, those it may be the same as; a pair is suggested once, whatever was decided of it."""
    made = 0
    for entry in Unit.objects.filter(pk__in=list(unit_ids), ended_on__isnull=True).values(
        *_READ, "kind", "county_id"
    ):
        for other, how in candidates(entry, kind=entry["kind"], at=at):
            pair = sorted((entry["pk"], other))
            _row, created = UnitMatch.objects.get_or_create(
                unit_id=pair[0], other_id=pair[1],
                defaults={
                    "score": how.score, "reasons": list(how.reasons), "suggested_at": at,
                    "county_id": entry["county_id"],
                },
            )  # fmt: skip
            made += created
    return made


@UNITS.effect("suggest")
def _suggested(turn: Turn) -> None:
    """Look for what a unit that a person entered may be the same as."""
    if turn.by.kind == "account":
        suggest([turn.row.pk], at=turn.at)


def _sides(match: UnitMatch, day: date, by: Any) -> list[tuple[int, str]]:
    """Offer the units of a pair as the one that stays."""
    return [(unit.pk, unit.name) for unit in (match.unit, match.other)]


MATCHES = Loop(
    UnitMatch, rules.MATCH_STEPS, room="inspections", see=register.POWER, labels=rules.MATCH_LABELS, param="match_id",
    choices={"sides": _sides}, noun=lazy("这一对"),
)  # fmt: skip


@MATCHES.verb("confirm_match")
def confirm_match(turn: Turn, *, keep_id: int, note: str) -> None:
    """Decide that a suggested pair is one unit, of which the entry `keep_id` stays."""
    _decided(turn)


@MATCHES.effect("join")
def _joined(turn: Turn) -> None:
    """Join the two entries into the one that stays."""
    match, keep = turn.row, turn.given["keep_id"]
    gone = match.unit_id if keep == match.other_id else match.other_id
    turn.do(register.merge_units, gone_id=gone, keep_id=keep, reason=turn.note or _("核对为同一单位"))


@MATCHES.verb("reject_match")
def reject_match(turn: Turn, *, note: str) -> None:
    """Decide that a suggested pair is two units; it is not suggested again."""
    _decided(turn)


def _decided(turn: Turn) -> None:
    match, by = turn.row, turn.by
    match.decided_by, match.decided_at = f"{by.post} {by.name}".strip()[:120], turn.at
    turn.facts = {"unit": match.unit_id, "other": match.other_id}
