"""Rows into tables, by the set: COPY into a temporary table, then one INSERT … SELECT for each table they go to.

Must run inside one transaction; killed at any moment it leaves nothing, and the temporary table ends with it.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import connection, models

from anju.duties.cases.models import Case, Report, SealedIdentity
from anju.duties.cases.queries import course
from anju.duties.cases.rules import State
from anju.ground.access.actors import Actor
from anju.ground.foundation import clocks
from anju.ground.foundation.models import Clock, Event

STAGE = "ledger_rows"
BATCH = 2_000
_AS_STAGED = (
    *("source_key", "class_code", "severity", "state", "place", "estate_id", "division_id"),
    *("city_id", "county_id", "street_id", "community_id", "company_id"),
    *("dispatcher_id", "handler_id", "checker_id", "routing_rule", "reported_at", "closed_at"),
    *("on_time", "closing_text", "source_number"),
)


def stage(columns: Sequence[tuple[str, str]], rows: Iterable[tuple[Any, ...]], *, table: str = STAGE) -> int:
    """Write rows to a temporary table as they come and return how many there were; `line` numbers them."""
    declared = ", ".join(f"{name} {kind}" for name, kind in columns)
    names = ", ".join(name for name, _kind in columns)
    count = 0
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {table}, ledger_new, ledger_made")
        line = "line bigint GENERATED ALWAYS AS IDENTITY"
        cursor.execute(f"CREATE TEMPORARY TABLE {table} ({line}, {declared}) ON COMMIT DROP")
        # The rows are made between two COPYs, never during one: checking them asks the same connection.
        waiting = iter(rows)
        while batch := list(islice(waiting, BATCH)):
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in batch:
                    copy.write_row(row)
            count += len(batch)
        cursor.execute(f"ANALYZE {table} ({columns[0][0]})")
    return count


def count_new(table: str, key: str, *, where: str = "TRUE", staged: str = STAGE) -> int:
    """Count the staged rows that a table does not hold yet; identical rows of the file count once."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(DISTINCT s.{key}) FROM {staged} s WHERE {where} AND NOT EXISTS"  # noqa: S608
            f" (SELECT 1 FROM {table} t WHERE t.{key} = s.{key})"
        )
        return cursor.fetchone()[0]


def insert_select(
    model: type[models.Model],
    given: dict[str, str],
    source: str,
    *,
    params: Sequence[Any] = (),
    conflict: str = "",
    returning: str = "",
) -> tuple[str, list[Any]]:
    """Return the INSERT … SELECT that fills a model's table, and its parameters.

    given  column -> SQL expression; every other column gets the model's own default
    """
    columns: list[str] = []
    values: list[str] = []
    defaults: list[Any] = []
    for field in model._meta.concrete_fields:
        if field.primary_key or field.generated or field.column is None:
            continue
        if field.column in given:
            columns.append(field.column)
            values.append(given[field.column])
            continue
        default = field.get_default()
        if default is None and field.null:
            continue
        if getattr(field, "auto_now_add", False) or getattr(field, "auto_now", False):
            columns.append(field.column)
            values.append("now()")
            continue
        columns.append(field.column)
        values.append(f"%s::{field.db_type(connection)}")
        defaults.append(field.get_db_prep_save(default, connection))
    # The defaults stand before the parameters of the source, as their marks do in the text.
    ordered = [value for value in values if not value.startswith("%s::")]
    names = [name for name, value in zip(columns, values, strict=True) if not value.startswith("%s::")]
    marks = [value for value in values if value.startswith("%s::")]
    marked = [name for name, value in zip(columns, values, strict=True) if value.startswith("%s::")]
    sql = (
        f"INSERT INTO {model._meta.db_table} ({', '.join(marked + names)}) "
        f"SELECT {', '.join(marks + ordered)} {source} {conflict} {returning}"
    )
    return sql, [*defaults, *params]


@dataclass(frozen=True, slots=True)
class Merged:
    """How many rows became records."""

    loaded: int


def merge_cases(
    *, kind: str, by: Actor, at: datetime, import_id: int | None, is_demo: bool = False, where: str = "TRUE"
) -> Merged:
    """Turn the staged rows into cases with their clocks, reports and events; rows already known change nothing.

    where  which of the staged rows (an expression of ours over `s`)
    """
    dispatch = clocks.new(Case(), course.rule("dispatch", at=at), at=at)
    open_now = f"s.state = '{State.REPORTED}'"
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS ledger_new, ledger_made")
        # Ids are taken before, so that what hangs on a case needs no second look at the great table.
        cursor.execute(
            f"""
            CREATE TEMPORARY TABLE ledger_new ON COMMIT DROP AS
            SELECT DISTINCT ON (source_key) source_key, line
            FROM {STAGE} s
            WHERE {where} AND NOT EXISTS (SELECT 1 FROM cases_case c WHERE c.source_key = s.source_key)
            ORDER BY source_key, line
            """  # noqa: S608
        )
        due = f"CASE WHEN {open_now} THEN least(%s::timestamptz, s.due_at) END"  # the earliest running clock
        earlier = "s.due_at < %s::timestamptz"
        due_clock = f"CASE WHEN NOT {open_now} THEN '' WHEN {earlier} THEN 'rectify' ELSE 'dispatch' END"
        provisional = f"({open_now} AND %s::boolean AND (s.due_at IS NULL OR s.due_at >= %s::timestamptz))"
        given = {
            "kind": "%s::varchar(10)",
            "is_demo": "%s::boolean",
            "due_at": due,
            "due_clock": due_clock,
            "provisional": provisional,
            "channel": "'import'",
            "text": "s.body",
            "desk_id": f"CASE WHEN {open_now} THEN s.dispatcher_id END",
            "search": "string_to_array(s.grams, E'\\x1f')::varchar(2)[]",
            **{name: f"s.{name}" for name in _AS_STAGED},
        }
        sql, params = insert_select(
            Case,
            _inlined(given, kind, is_demo, dispatch),
            f"FROM {STAGE} s JOIN ledger_new n USING (source_key, line) ORDER BY s.reported_at, s.line",
            conflict="ON CONFLICT (source_key) WHERE source_key IS NOT NULL DO NOTHING",
            returning="RETURNING id, source_key",
        )
        cursor.execute("CREATE TEMPORARY TABLE ledger_made (id bigint, source_key text) ON COMMIT DROP")
        keep = "INSERT INTO ledger_made SELECT id, source_key FROM made"
        cursor.execute(f"WITH made AS ({sql}) {keep}", params)
        loaded = cursor.rowcount
        if not loaded:
            return Merged(0)
        cursor.execute("ANALYZE ledger_made")
        joined = (
            f"FROM {STAGE} s JOIN ledger_new n USING (source_key, line) JOIN ledger_made m USING (source_key)"
        )
        _clocks(cursor, joined, dispatch)
        _reports(cursor, joined)
        _events(cursor, joined, by=by, at=at, import_id=import_id)
    return Merged(loaded)


def _inlined(given: dict[str, str], kind: str, is_demo: bool, dispatch: Clock) -> dict[str, str]:
    """Write the few constants of a load into its expressions: they are ours, none comes from a file."""
    moment = f"'{dispatch.due_at.isoformat()}'"
    found = dict(given)
    found["kind"] = f"'{'hazard' if kind == 'hazard' else 'complaint'}'"
    found["is_demo"] = str(bool(is_demo)).lower()
    for name in ("due_at", "due_clock"):
        found[name] = given[name].replace("%s", moment)
    found["provisional"] = (
        given["provisional"].replace("%s", str(dispatch.provisional).lower(), 1).replace("%s", moment)
    )
    return found


def _clocks(cursor: Any, joined: str, dispatch: Clock) -> None:
    """Start the dispatch clock of each open case, and keep the ledger's own term as its rectification clock."""
    values = (dispatch.amount, dispatch.unit, dispatch.basis, dispatch.is_default, dispatch.started_at)
    sql, params = insert_select(
        Clock,
        {
            "subject_type": f"'{clocks.label_of(Case)}'",
            "subject_id": "m.id",
            "owner_id": "s.dispatcher_id",
            "kind": "'dispatch'",
            "amount": str(int(dispatch.amount)),
            "unit": "(%s)::varchar(8)",
            "basis": "(%s)::varchar(60)",
            "is_default": str(bool(dispatch.is_default)).lower(),
            "started_at": "(%s)::timestamptz",
            "due_at": "(%s)::timestamptz",
            "provisional": str(bool(dispatch.provisional)).lower(),
        },
        f"{joined} WHERE s.state = '{State.REPORTED}'",
        params=(values[1], values[2], dispatch.started_at, dispatch.due_at),
    )
    cursor.execute(sql, params)
    sql, params = insert_select(
        Clock,
        {
            "subject_type": f"'{clocks.label_of(Case)}'",
            "subject_id": "m.id",
            "owner_id": "s.handler_id",
            "kind": "'rectify'",
            "amount": "s.due_days",
            "unit": "'days'",
            "started_at": "s.reported_at",
            "due_at": "s.due_at",
        },
        f"{joined} WHERE s.state = '{State.REPORTED}' AND s.due_at IS NOT NULL",
    )
    cursor.execute(sql, params)


def _reports(cursor: Any, joined: str) -> None:
    """Keep each reporter's own report with the identity sealed."""
    sql, params = insert_select(
        Report,
        {
            "case_id": "m.id",
            "code": "s.report_code",
            "text": "s.body",
            "anonymous": "false",
            "reported_at": "s.reported_at",
            "replied_at": "s.closed_at",
            "reply_text": "CASE WHEN s.closed_at IS NULL THEN '' ELSE s.closing_text END",
            "reporter": "s.reporter",
        },
        f"{joined} WHERE s.report_code IS NOT NULL",
    )
    cursor.execute(sql, params)
    if cursor.rowcount:
        sql, params = insert_select(
            SealedIdentity,
            {"report_id": "r.id", "sealed": "s.sealed"},
            f"{joined} JOIN cases_report r ON r.code = s.report_code WHERE s.sealed IS NOT NULL",
        )
        cursor.execute(sql, params)


def _events(cursor: Any, joined: str, *, by: Actor, at: datetime, import_id: int | None) -> None:
    """Record one event for each case: where it came from, row by row."""
    sql, params = insert_select(
        Event,
        {
            "name": "'cases.imported'",
            "subject_type": f"'{clocks.label_of(Case)}'",
            "subject_id": "m.id",
            "actor_kind": "(%s)::varchar(10)",
            "actor_id": "(%s)::bigint",
            "actor_name": "(%s)::varchar(60)",
            "actor_post": "(%s)::varchar(120)",
            "at": "(%s)::timestamptz",
            "data": "s.data::jsonb || jsonb_build_object('state', s.state, 'import', (%s)::bigint)",
        },
        joined,
        params=(by.kind, by.account_id, by.name[:60], by.post[:120], at, import_id),
    )
    cursor.execute(sql, _in_order(sql, params))


def _in_order(sql: str, params: list[Any]) -> list[Any]:
    """Return the parameters unchanged; their marks must be as many."""
    assert sql.count("%s") == len(params), json.dumps(sql)
    return params
