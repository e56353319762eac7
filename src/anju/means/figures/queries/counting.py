"""Counting from tallies: one statement over kept rows, noted changes, and the few facts that a month cut through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import connection
from django.db.models import BooleanField, Count, Q, QuerySet, Sum

from .. import rules
from ..models import tallies
from ..models.tallies import Spec
from .places import LEVELS, Scope
from .registry import Dimension, Facts, Measure, Window

PLACES = {2: "city", 3: "county", 4: "street"}
Key = Any
Counts = Mapping[Key, Mapping[str, tuple[Any, int]]]


@dataclass(slots=True)
class _Branch:
    """One SELECT of (key, a number for each measure)."""

    name: str
    measures: tuple[str, ...]
    sql: str
    values: list[Any]


@dataclass(slots=True)
class TallyPlan:
    """What is asked of tallies for the measures of one table.

    by, tree, filters   as in the question; `knows` has said yes to them
    rows                the facts of the scope and the filters, for corrections
    """

    facts: Facts
    group: Sequence[Measure]
    scope: Scope
    by: str | None
    filters: Mapping[str, tuple[str, ...]]
    rows: QuerySet
    branches: list[_Branch] = field(default_factory=list)

    def add(self, name: str, span: Window, key: Any, *, by: str | None) -> None:
        """Count all measures of a window, sliced by `by` (None: not sliced); `key` is what slices rows."""
        specs = {m.tally.spec.name: m.tally.spec for m in self.group if m.tally is not None}
        for spec in specs.values():
            mine = [m for m in self.group if m.tally is not None and m.tally.spec.name == spec.name]
            self.branches.append(self._kept(name, spec, mine, span, by))
        for measure in self.group:
            if (cut := _cut_month(measure, span)) is not None:
                self.branches.append(self._correction(name, measure, span, cut, key))

    def _kept(
        self, name: str, spec: Spec, measures: Sequence[Measure], span: Window, by: str | None
    ) -> _Branch:
        values: list[Any] = []
        numbers = []
        for measure in measures:
            met, given = _condition(measure, span)
            column = "amount" if measure.tally is not None and measure.tally.amount else "number"
            numbers.append(f"coalesce(sum({column}) FILTER (WHERE {met}), 0)")
            values += given
        met, kept = self._narrow(spec, measures)
        source, given = self._source(spec, span, by, met, kept)
        # Every piece of this text is one of ours; what a person asked for travels in `values`.
        sql = f"SELECT {self._key(spec, by)} AS key, {', '.join(numbers)} FROM ({source}) AS s GROUP BY 1"  # noqa: S608
        return _Branch(name, tuple(m.name for m in measures), sql, values + given)

    def _narrow(self, spec: Spec, measures: Sequence[Measure]) -> tuple[str, list[Any]]:
        """Write what all measures ask alike, so that other rows are not even read, and the filters."""
        met, values = "", []
        for dimension, _sql in spec.dimensions:
            asked = [dict(m.tally.only).get(dimension) for m in measures if m.tally is not None]
            if all(texts is not None for texts in asked):
                met += f" AND {spec.place_of(dimension)} = ANY(%s)"
                values.append(sorted({text for texts in asked for text in texts or ()}))
        for dimension, keys in self.filters.items():
            met += f" AND {spec.place_of(dimension)} = ANY(%s)"
            values.append(_texts(self.facts.dimensions[dimension], keys))
        return met, values

    def _source(
        self, spec: Spec, span: Window, by: str | None, met: str, kept: list[Any]
    ) -> tuple[str, list[Any]]:
        """Write the coarsest kept rows that answer, and what is not folded yet."""
        streets = by == "street" or self.scope.level >= 4
        cut = rules.pieces(span.first, span.after)
        if by == "week":
            cut = rules.Pieces(None, ((span.first, span.after),))
        month, day = (
            (tallies.MONTH_STREET, tallies.DAY_STREET)
            if streets
            else (tallies.MONTH_COUNTY, tallies.DAY_COUNTY)
        )
        ranges = [(month, *cut.months)] if cut.months else []
        ranges += [(day, *days) for days in cut.days]
        columns = ", ".join((*tallies.KEY, "number", "amount"))
        where, place = "", []
        if self.scope.area is not None:
            where, place = f" AND {PLACES[self.scope.level]} = %s", [self.scope.area.pk]
            if self.scope.level > 3 and self.scope.area.county_id:
                where, place = f"{where} AND county = %s", [*place, self.scope.area.county_id]
        where, place = where + met, [*place, *kept]
        parts, values = [], []
        for grain, first, after in ranges:
            parts.append(
                f"SELECT {columns} FROM figures_tallyrow "  # noqa: S608
                f"WHERE tally = %s AND grain = {grain} AND day >= %s AND day < %s{where}"
            )
            values += [spec.name, first, after, *place]
        parts.append(
            f"SELECT {columns} FROM figures_tallydelta WHERE tally = %s AND day >= %s AND day < %s{where}"  # noqa: S608
        )
        values += [spec.name, span.first, span.after, *place]
        return " UNION ALL ".join(parts), values

    def _key(self, spec: Spec, by: str | None) -> str:
        if by is None:
            return "NULL::text"
        if by in LEVELS:
            return f"nullif({by}, 0)::text"
        if by in ("month", "week"):
            return f"date_trunc('{by}', day)::date::text"
        return spec.place_of(by)

    def _correction(self, name: str, measure: Measure, span: Window, cut: Q, key: Any) -> _Branch:
        """Count from the facts those whose earlier day lies in the month that the period begins in the middle of."""
        one = Count("pk") if measure.weigh is None else Sum(measure.weigh)
        found = self.rows.filter(measure.counts(span), cut).values(key=key).annotate(n=one)
        sql, values = found.query.sql_with_params()
        return _Branch(name, (measure.name,), f"SELECT key::text, n FROM ({sql}) AS f", list(values))  # noqa: S608

    def read(self, key: str | None) -> Key:
        """Give a key the type that counting rows gives it."""
        if key is None or self.by is None:
            return None
        if self.by in LEVELS:
            return int(key)
        if self.by in ("month", "week"):
            return date.fromisoformat(key)
        if isinstance(self.facts.dimensions[self.by].field, BooleanField):
            return key == "true"
        return key


def knows(
    measure: Measure, scope: Scope, *, by: str | None, tree: str, filters: Mapping[str, tuple[str, ...]]
) -> bool:
    """Say whether a tally can answer: a whole area of city, county or street, sliced and filtered by what it keeps."""
    use = measure.tally
    if use is None or scope.limited or scope.tree != "area":
        return False
    if scope.area is None and (scope.level or scope.condition):
        return False
    if scope.area is not None and scope.area.level not in PLACES:
        return False
    kept = {name for name, _sql in use.spec.dimensions}
    if any(name not in kept or "" in keys for name, keys in filters.items()):
        return False
    if by in LEVELS:
        return tree == "area" and by in ("county", "street")
    if by == "month":
        return use.since != "within"
    if by == "week":
        return use.since == ""
    return by is None or by in kept


def run(plans: Sequence[TallyPlan]) -> list[dict[str, Counts]]:
    """Run all plans in one statement, so that they see the same data: for each, {branch: {key: {measure: (n, 0)}}}."""
    width = max(len(branch.measures) for plan in plans for branch in plan.branches)
    parts, values = [], []
    found: list[dict[str, Any]] = [{branch.name: {} for branch in plan.branches} for plan in plans]
    order = [(number, branch) for number, plan in enumerate(plans) for branch in plan.branches]
    for place, (_number, branch) in enumerate(order):
        named = ", ".join(f"n{i}" for i in range(len(branch.measures)))
        shown = ", ".join(
            f"n{i}::numeric" if i < len(branch.measures) else "NULL::numeric" for i in range(width)
        )
        # `sql` is ours or what the ORM compiled, with its values apart.
        parts.append(f"SELECT {place}, key, {shown} FROM ({branch.sql}) AS b (key, {named})")  # noqa: S608
        values += branch.values
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), values)
        lines = cursor.fetchall()
    for place, key, *numbers in lines:
        number, branch = order[place]
        slot = found[number][branch.name].setdefault(
            plans[number].read(key), {m.name: [0, 0] for m in plans[number].group}
        )
        for name, amount in zip(branch.measures, numbers, strict=False):
            slot[name][0] += amount or 0
    return [
        {
            name: {key: {m: (n, d) for m, (n, d) in slot.items()} for key, slot in counts.items()}
            for name, counts in kept.items()
        }
        for kept in found
    ]


def _condition(measure: Measure, span: Window) -> tuple[str, list[Any]]:
    """Write which kept rows a measure adds up: whole months of the earlier day; a month cut through is left out."""
    assert measure.tally is not None
    met: list[str] = ["true"]
    values: list[Any] = []
    for dimension, texts in measure.tally.only:
        met.append(f"{measure.tally.spec.place_of(dimension)} = ANY(%s)")
        values.append(list(texts))
    if measure.tally.since == "before":
        met.append("since < %s")
        values.append(rules.month_of(span.first))
    if measure.tally.since == "within":
        met.append("since >= %s")
        values.append(span.first if span.first.day == 1 else rules.month_after(span.first))
    return " AND ".join(met), values


def _cut_month(measure: Measure, span: Window) -> Q | None:
    """Return which facts a period that begins inside a month must look at: those whose earlier day is in that month."""
    use = measure.tally
    if use is None or not use.since or span.first.day == 1:
        return None
    first = rules.month_of(span.first)
    return Q(**{f"{use.earlier}__gte": first, f"{use.earlier}__lt": rules.month_after(first)})


def _texts(dimension: Dimension, keys: Sequence[str]) -> list[str]:
    """Write the values of a filter as the tally keeps them."""
    if isinstance(dimension.field, BooleanField):
        return [key.lower() for key in keys]
    if dimension.fold is not None:
        return [value for value, slot in dimension.fold().items() if slot in keys]
    return list(keys)
