"""The rulebook of the room as values: terms, classes of results, the form of a letter, who is told when it is late."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import get_language

from anju.ground.foundation import rulebooks
from anju.ground.foundation.clocks import Rule


def of(at: datetime) -> dict[str, Any]:
    """Return the edition in force on the local day of a moment."""
    return rulebooks.load("suggestions", on=timezone.localtime(at).date())


def named(entry: dict[str, Any]) -> str:
    """Return the name of an entry in the reader's language."""
    return str(entry["name_en"] if (get_language() or "").startswith("en") else entry["name"])


def clock(key: str, *, at: datetime) -> Rule:
    """Return the term of a clock on a day."""
    return Rule.of(key, of(at)["clocks"][key])


@dataclass(frozen=True, slots=True)
class ResultClass:
    """One class of results (办理结果): the letter that is printed and what it means here."""

    code: str
    name: str


def result_variant(*, at: datetime) -> dict[str, Any]:
    """Return the variant of the code table that the city chose: {name, source, classes}."""
    table = of(at)["result_classes"]
    return table["variants"][table["variant"]]


def result_classes(*, at: datetime) -> list[ResultClass]:
    """List the classes of results in force on a day."""
    return [ResultClass(line["code"], named(line)) for line in result_variant(at=at)["classes"]]


def report_due(year: int, *, at: datetime) -> date:
    """Return the day by which the report on a year's suggestions is given."""
    line = of(at)["yearly_report"]
    return date(year, line["month"], line["day"])
