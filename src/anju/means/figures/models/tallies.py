"""What a tally is: a count kept beside its facts by triggers, so that a number does not cost as much as its rows.

A `Spec` names a table of facts and the columns it is counted by; everything here is text made from it. The triggers
see whole statements (transition tables), so COPY, bulk SQL and single saves are all noticed, and they only ever add
rows to `figures_tallydelta`: no two writers wait for each other. `keeping.fold` adds the deltas up.

The SQL runs on PostgreSQL 15 and newer.
"""

# Every statement here is made of the names in a Spec, which is written in our code; nothing a person typed comes near.
# ruff: noqa: S608

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

NEVER = "0001-01-01"  # stands for "no earlier day": it lies before every period
MOST_DIMENSIONS = 4

# What a kept row is as fine as: (number, unit of time, unit of place). A question adds up the coarsest that do.
MONTH_COUNTY, MONTH_STREET, DAY_COUNTY, DAY_STREET = 1, 2, 3, 4
GRAINS = (
    (MONTH_COUNTY, "month", "county"),
    (MONTH_STREET, "month", "street"),
    (DAY_COUNTY, "day", "county"),
    (DAY_STREET, "day", "street"),
)
EVENTS = ("insert", "update", "delete", "truncate")
KEY = ("day", "city", "county", "street", "since", "d1", "d2", "d3", "d4")


@dataclass(frozen=True, slots=True)
class Spec:
    """Which facts a tally counts, and by what.

    name        its name, also that of its triggers
    table       the table of facts
    day         column of the day a fact is counted on
    where       SQL over the columns of a row: which rows are counted
    dimensions  ((name, SQL over the columns), …), at most four, with few values each
    city, county, street   columns that hold Area ids
    since       column of an earlier day of the same matter ("" = none), kept by its month: the previous visit of the
                same unit, or the day a hazard now fixed was found
    amount      column that is added up beside the count ("" = none), exact
    """

    name: str
    table: str
    day: str
    where: str = "true"
    dimensions: tuple[tuple[str, str], ...] = ()
    city: str = "city_id"
    county: str = "county_id"
    street: str = "street_id"
    since: str = ""
    amount: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z_]{1,30}", self.name):
            raise ValueError("the name of a tally is that of a function: a-z and _, at most 30")
        if len(self.dimensions) > MOST_DIMENSIONS:
            raise ValueError(f"a tally has at most {MOST_DIMENSIONS} dimensions")

    def place_of(self, dimension: str) -> str:
        """Return the column of the tally (d1 …) that holds a dimension; KeyError for one it does not know."""
        names = [name for name, _sql in self.dimensions]
        if dimension not in names:
            raise KeyError(dimension)
        return f"d{names.index(dimension) + 1}"

    @property
    def digest(self) -> str:
        """What tells whether the triggers of a database are those of this spec."""
        return hashlib.sha256("\n".join(create(self)).encode()).hexdigest()[:16]


def facts(spec: Spec, *, source: str = "", sign: str = "1") -> str:
    """Write the rows that a table of facts (or a transition table) contributes: key, number, amount.

    The key is the day, the places (0 = none), the month of the earlier day and the dimensions as text.
    """
    since = f"coalesce(date_trunc('month', {spec.since})::date, '{NEVER}')" if spec.since else f"'{NEVER}'"
    shown = [spec.day]
    shown += [f"coalesce({column}, 0)" for column in (spec.city, spec.county, spec.street)]
    shown.append(f"{since}::date")
    shown += [f"coalesce(({sql})::text, '')" for _name, sql in spec.dimensions]
    shown += ["''::text"] * (len(KEY) - len(shown))
    columns = ", ".join(f"{sql} AS {name}" for name, sql in zip(KEY, shown, strict=True))
    amount = f"{sign} * coalesce({spec.amount}, 0)" if spec.amount else "0"
    return (
        f"SELECT {columns}, {sign} AS number, {amount} AS amount "
        f"FROM {source or spec.table} WHERE {spec.day} IS NOT NULL AND ({spec.where})"
    )


def _note(spec: Spec, contributions: str) -> str:
    """Write the statement that notes what a statement changed; what cancels out is not noted."""
    columns = ", ".join(KEY)
    return (
        f"INSERT INTO figures_tallydelta (tally, {columns}, number, amount) "
        f"SELECT '{spec.name}', {columns}, sum(number), sum(amount) FROM ({contributions}) AS changed "
        f"GROUP BY {columns} HAVING sum(number) <> 0 OR sum(amount) <> 0;"
    )


def create(spec: Spec) -> list[str]:
    """Write the statements that make a tally follow its facts."""
    added = facts(spec, source="added")
    gone = facts(spec, source="gone", sign="-1")
    bodies = {
        "insert": _note(spec, added),
        "update": _note(spec, f"{added} UNION ALL {gone}"),
        "delete": _note(spec, gone),
        "truncate": f"DELETE FROM figures_tallydelta WHERE tally = '{spec.name}'; "
        f"DELETE FROM figures_tallyrow WHERE tally = '{spec.name}';",
    }
    seen = {
        "insert": "REFERENCING NEW TABLE AS added ",
        "update": "REFERENCING OLD TABLE AS gone NEW TABLE AS added ",
        "delete": "REFERENCING OLD TABLE AS gone ",
        "truncate": "",
    }
    found = []
    for event, body in bodies.items():
        function = f"figures_tally_{spec.name}_{event}"
        found += [
            f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN {body} RETURN NULL; END $$",
            f"DROP TRIGGER IF EXISTS tally_{spec.name}_{event} ON {spec.table}",
            f"CREATE TRIGGER tally_{spec.name}_{event} AFTER {event.upper()} ON {spec.table} {seen[event]}"
            f"FOR EACH STATEMENT EXECUTE FUNCTION {function}()",
        ]
    return found


def drop(spec: Spec) -> list[str]:
    """Write the statements that take a tally's triggers away."""
    found = []
    for event in EVENTS:
        found += [
            f"DROP TRIGGER IF EXISTS tally_{spec.name}_{event} ON {spec.table}",
            f"DROP FUNCTION IF EXISTS figures_tally_{spec.name}_{event}()",
        ]
    return found


def grained(source: str, *, more: str = "") -> str:
    """Write the rows of a source once for each grain, added up; `more` is a further column that stays apart."""
    cases = ", ".join(f"({number}, '{time}', '{place}')" for number, time, place in GRAINS)
    kept = f"{more}grain, {', '.join(KEY)}"
    return (
        f"SELECT {kept}, sum(number) AS number, sum(amount) AS amount FROM ("
        f"SELECT {more}g.grain, CASE g.time WHEN 'month' THEN date_trunc('month', s.day)::date ELSE s.day END AS day, "
        f"s.city, s.county, CASE g.place WHEN 'county' THEN 0 ELSE s.street END AS street, "
        f"s.since, s.d1, s.d2, s.d3, s.d4, s.number, s.amount "
        f"FROM {source} AS s CROSS JOIN (VALUES {cases}) AS g (grain, time, place)) AS placed "
        f"GROUP BY {kept} HAVING sum(number) <> 0 OR sum(amount) <> 0"
    )


def fold() -> str:
    """Write the statement that adds all noted changes to the kept rows: one, so a reader sees before or after."""
    columns = ", ".join(KEY)
    return (
        f"WITH taken AS (DELETE FROM figures_tallydelta RETURNING tally, {columns}, number, amount), "
        f"kept AS (INSERT INTO figures_tallyrow AS t (tally, grain, {columns}, number, amount) "
        f"{grained('taken', more='tally, ')} "
        f"ON CONFLICT (tally, grain, {columns}) DO UPDATE "
        f"SET number = t.number + EXCLUDED.number, amount = t.amount + EXCLUDED.amount RETURNING 1) "
        f"SELECT (SELECT count(*) FROM taken), (SELECT count(*) FROM kept)"
    )


def rebuild(spec: Spec) -> str:
    """Write the statement that counts a tally anew from its facts.

    One statement has one snapshot: the changes it removes are those of facts that it counts, and a change committed
    meanwhile stays noted. The new rows wait for the old ones to go.
    """
    columns = ", ".join(KEY)
    return (
        f"WITH forgotten AS (DELETE FROM figures_tallydelta WHERE tally = '{spec.name}' RETURNING 1), "
        f"gone AS (DELETE FROM figures_tallyrow WHERE tally = '{spec.name}' RETURNING 1), "
        f"ready AS MATERIALIZED (SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM forgotten) AS n), "
        f"summed AS (SELECT {columns}, sum(number) AS number, sum(amount) AS amount "
        f"FROM ({facts(spec)}) AS fact, ready WHERE ready.n >= 0 GROUP BY {columns}) "
        f"INSERT INTO figures_tallyrow (tally, grain, {columns}, number, amount) "
        f"SELECT '{spec.name}', x.* FROM ({grained('summed')}) AS x"
    )


def differences(spec: Spec) -> str:
    """Write the statement that compares a tally with its facts in every grain: grain, key, what is missing."""
    columns = ", ".join(KEY)
    summed = (
        f"SELECT {columns}, sum(number) AS number, sum(amount) AS amount FROM ({facts(spec)} UNION ALL "
        f"SELECT {columns}, -number, -amount FROM figures_tallydelta WHERE tally = '{spec.name}') AS u "
        f"GROUP BY {columns}"
    )
    return (
        f"SELECT grain, {columns}, sum(number), sum(amount) FROM ("
        f"SELECT x.* FROM ({grained(f'({summed})')}) AS x UNION ALL "
        f"SELECT grain, {columns}, -number, -amount FROM figures_tallyrow WHERE tally = '{spec.name}') AS u "
        f"GROUP BY grain, {columns} HAVING sum(number) <> 0 OR sum(amount) <> 0 "
        f"ORDER BY grain DESC, {columns}"
    )
