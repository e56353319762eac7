"""Rows of the demo straight into their tables: COPY, with every column that nobody names at its model's default."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

from django.db import connection, models

_NEVER = str.maketrans({"\\": "\\\\", "\t": " ", "\n": " ", "\r": " "})


def take_ids(model: type[models.Model], count: int) -> range:
    """Reserve a run of ids of a table, so that rows may name each other before they exist."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", [model._meta.db_table])
        name = cursor.fetchone()[0]
        # Nobody else writes while the demo city is made, so that one step forward is ours alone.
        cursor.execute(f"SELECT nextval('{name}')")
        first = cursor.fetchone()[0]
        if count:
            cursor.execute("SELECT setval(%s, %s)", [name, first + count - 1])
    return range(first, first + count)


def _array(values: list[Any]) -> str:
    return "{" + ",".join('"' + str(v).replace("\\", "").replace('"', "") + '"' for v in values) + "}"


# How each type is written in COPY's text format.
_AS: dict[type, Callable[[Any], str]] = {
    type(None): lambda value: r"\N",
    bool: lambda value: "t" if value else "f",
    str: lambda value: value.translate(_NEVER),
    int: str,
    float: repr,
    datetime: str,
    date: str,
    list: _array,
}


def _written(value: Any) -> str:
    return _AS.get(type(value), str)(value)


def copy(model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Write rows into a model's table and return how many.

    columns  attribute names (`unit_id`), also `id` when it was reserved; the others take the model's default
    """
    fields = {f.attname: f for f in model._meta.concrete_fields}
    named = [fields[name].column for name in columns]
    rest, constants = [], []
    for field in model._meta.concrete_fields:
        if field.attname in columns or field.primary_key or field.generated or field.column is None:
            continue
        default = field.get_default()
        if getattr(field, "auto_now_add", False) or getattr(field, "auto_now", False):
            continue  # named by the caller or filled below
        if default is None and field.null:
            continue
        value = "{}" if isinstance(field, models.JSONField) and default == {} else default
        value = "[]" if isinstance(field, models.JSONField) and default == [] else value
        rest.append(field.column)
        constants.append(_written(value))
    tail = "".join("\t" + value for value in constants) + "\n"
    names = ", ".join(f'"{name}"' for name in (*named, *rest))
    count, waiting = 0, []
    with (
        connection.cursor() as cursor,
        cursor.copy(f'COPY "{model._meta.db_table}" ({names}) FROM STDIN') as out,
    ):
        for row in rows:
            waiting.append("\t".join(map(_written, row)) + tail)
            count += 1
            if len(waiting) == 500:
                out.write("".join(waiting))
                waiting.clear()
        out.write("".join(waiting))
    return count


@contextmanager
def checked_at_the_end(*tables: type[models.Model]) -> Iterator[None]:
    """Let rows come in without a look at their neighbours each, and check every foreign key afterwards, set by set.

    A key checked row by row costs more than the row itself. The keys are dropped and made anew in the caller's
    transaction: a row that points nowhere fails it as a whole.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        cursor.execute(
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE contype = 'f' AND conrelid = ANY (%s::regclass[]) ORDER BY 1, 2",
            [[model._meta.db_table for model in tables]],
        )
        keys = cursor.fetchall()
        for table, name, _definition in keys:
            cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        for table, name, definition in keys:
            cursor.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')
