"""What can be counted: rooms declare measures here, by name, when the application is ready.

A room's `figures.py` builds `Facts` (which table, where its places are) and `Measure`s (what counts), and calls
`register`. The engine (`queries.answer`) knows nothing else about a room.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import Field, Model, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.ground.foundation.refusals import Refusal

from ..models.tallies import Spec


@dataclass(frozen=True, slots=True)
class Window:
    """The time a measure is asked about.

    start, end  first moment of the period, first moment after it
    cut_off     the moment "still open" is judged at: the end, or now while the period is running
    is_now      whether the cut-off is the present, so that the present columns of a row may be used
    """

    start: datetime
    end: datetime
    cut_off: datetime
    is_now: bool

    @property
    def first(self) -> date:
        """The first day of the period, for facts that are counted by day."""
        return timezone.localtime(self.start, timezone.get_default_timezone()).date()

    @property
    def after(self) -> date:
        """The first day after the period."""
        return timezone.localtime(self.end, timezone.get_default_timezone()).date()


@dataclass(frozen=True, slots=True)
class Dimension:
    """A way to slice and to filter by a column of the fact table.

    column  path of the column from the fact table
    field   its database type, for the union of totals and slices
    label   what the dimension is called
    fold    {column value: slice key} when several values make one slice; a value it lacks goes to the slice ""
    names   {slice key: name}, in the order of display
    """

    column: str
    field: Field
    label: Any
    names: Callable[[], Mapping[str, str]]
    fold: Callable[[], Mapping[str, str]] | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the page (and of the file) that lists the rows of a number.

    value  given a row, what stands in it
    kind   "title" (with the link), "num", "quiet" or ""
    """

    key: str
    label: Any
    value: Callable[[Any], Any]
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """A table whose rows are counted.

    areas       {2: city column, 3: county, 4: street, 5: community}: columns that hold Area ids
    division    column that holds the Division id
    reach       path from the fact to the model whose rows `access` guards ("" = the fact itself)
    guarded     that model
    dimensions  {"class": Dimension, …}
    power       the power by which its figures are seen
    columns     how a row is listed; `related` loads what they read; `address` is the page of a row ("" = none)
    unread      columns of the table that no listing reads (long texts)
    export      the power that downloading rows takes
    order       how rows are listed; the columns of an index, for a first page that is there at once
    indexed     the level whose column the table's indexes begin with: a lower place is sought within it (0 = none)
    """

    name: str
    label: Any
    model: type[Model]
    guarded: type[Model]
    areas: Mapping[int, str]
    division: str
    dimensions: Mapping[str, Dimension]
    reach: str = ""
    power: str = "figures.see"
    columns: tuple[Column, ...] = ()
    related: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    address: Callable[[Any], str] = lambda row: ""
    export: str = "figures.see"
    order: tuple[str, ...] = ("-pk",)
    indexed: int = 0


Condition = Callable[[Window], Q]


@dataclass(frozen=True, slots=True)
class Tallied:
    """How a tally gives the number that `counts` gives from the rows.

    only     ((dimension, values as text), …): what it counts of the tally
    since    what the earlier day must be: "" anything; "before" the period, or none (the first visit of a unit in it);
             "within" the period, from its first day (found in it, and by now put right)
    earlier  column of the facts that the earlier day comes from
    amount   the sum of the amounts, not the number of facts
    """

    spec: Spec
    only: tuple[tuple[str, tuple[str, ...]], ...] = ()
    since: str = ""
    earlier: str = ""
    amount: bool = False


@dataclass(frozen=True, slots=True)
class Measure:
    """One definition of one number.

    unit         count | yuan | percent | score | days
    counts       which rows are counted; for a share, which rows of `among` (always a part of them)
    among        the rows a share or an average is taken of: its denominator
    weigh        for an average or a score: the expression summed over `among`, …
    scale        … and what the mean is multiplied by
    date         the time a row belongs to when sliced by month or week: an expression for a window
    scan         simpler conditions that together cover `counts` and `among`, when these are costly to search by
    part_of      name of a measure that is never smaller (both counts are checked whenever both are asked)
    better       "high" | "low" | "": which way is good, for the colour of a comparison
    by_day       whether `date` is a day, not a moment
    tally        how the same number is had from a tally, at any size of the table
    additive_over_time  False for distinct counts: the months of a half-year do not add up to it,
                 and every answer says so
    companions   measures that stand beside this one: the other readings of an ambiguous word
    needs        name of a count without which this cannot be: where it is zero, so is this (a fine has a decision)
    word         what is counted, behind the number: 家, 家次, 处 …
    short        the label as the head of a narrow column
    shelf        where it is shown by itself: "home" the dashboard, "letter" the half-year figures, "" only when asked
    """

    name: str
    label: Any
    definition: Any
    unit: str
    facts: Facts
    counts: Condition
    date: Callable[[Window], Any]
    among: Condition | None = None
    weigh: Any = None
    scale: float = 1.0
    scan: Callable[[Window], Sequence[Q]] | None = None
    part_of: str = ""
    better: str = ""
    labels: tuple[Any, Any] = field(default=("", ""))  # what the numerator and the denominator are called
    by_day: bool = False
    tally: Tallied | None = None
    additive_over_time: bool = True
    companions: tuple[str, ...] = ()
    needs: str = ""
    word: Any = ""
    short: Any = ""
    shelf: str = "home"

    @property
    def is_sum(self) -> bool:
        """Whether changes are told in percent: of counts and money they are, of shares in points."""
        return self.unit in ("count", "yuan")


_measures: dict[str, Measure] = {}


def register(*measures: Measure) -> None:
    """Make measures known; a name belongs to one definition."""
    for measure in measures:
        known = _measures.get(measure.name)
        if known is not None and known.facts.name != measure.facts.name:
            raise RuntimeError(
                f"measure {measure.name} is declared by {known.facts.name} and {measure.facts.name}"
            )
        _measures[measure.name] = measure


def get(name: str) -> Measure:
    """Return the measure of a name, or raise Refusal naming those there are."""
    if name not in _measures:
        raise Refusal(
            _("没有名为“%(name)s”的指标。可用的指标：%(known)s。")
            % {"name": name, "known": _("、").join(sorted(_measures))},
            field="measure",
            code="unknown_measure",
        )
    return _measures[name]


def measures() -> list[Measure]:
    """List all measures in the order they were declared."""
    return list(_measures.values())


def on_shelf(shelf: str) -> list[Measure]:
    """List the measures of a page, in the order they were declared."""
    return [measure for measure in _measures.values() if measure.shelf == shelf]


def specs() -> list[Spec]:
    """List the tallies that measures are had from."""
    found = {m.tally.spec.name: m.tally.spec for m in _measures.values() if m.tally is not None}
    return list(found.values())
