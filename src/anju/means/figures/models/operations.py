"""The migration operation by which a room puts its facts under a tally."""

from __future__ import annotations

from typing import Any

from django.db.migrations.operations.base import Operation

from .tallies import Spec, create, drop, rebuild


class KeepTally(Operation):
    """Let a tally follow its facts from now on, and count those that are there.

    The spec is written out in the migration, as columns are; `./anju manage check_tallies` says when the one a room
    declares today is another.
    """

    reversible = True
    reduces_to_sql = True

    def __init__(self, spec: Spec) -> None:
        self.spec = spec

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return self.__class__.__qualname__, [self.spec], {}

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Nothing: tallies are no models of the room."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        for statement in create(self.spec):
            schema_editor.execute(statement)
        schema_editor.execute(rebuild(self.spec))
        schema_editor.execute(
            "INSERT INTO figures_tallystate (name, digest, rebuilt_at, differences, sample) "
            "VALUES (%s, %s, now(), 0, '[]') ON CONFLICT (name) DO UPDATE "
            "SET digest = EXCLUDED.digest, rebuilt_at = now(), differences = 0, sample = '[]'",
            [self.spec.name, self.spec.digest],
        )

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        for statement in drop(self.spec):
            schema_editor.execute(statement)
        for table, column in (("tallyrow", "tally"), ("tallydelta", "tally"), ("tallystate", "name")):
            schema_editor.execute(f"DELETE FROM figures_{table} WHERE {column} = %s", [self.spec.name])  # noqa: S608

    def describe(self) -> str:
        return f"Keep the tally {self.spec.name} of {self.spec.table}"
