"""Which tests run on every PostgreSQL that is supported: those of code with SQL of its own. A pytest plugin.

What Django writes it writes for each of these servers. So `.ci/run` runs on the second one only the tests marked
`own_sql`, and this is the rule of the mark:

- the tests that use the database and lie beside code which holds SQL, migrations included;
- each test file that holds SQL or speaks to the server itself;
- tests with real transactions, for they ask how the server locks;
- the journeys, one way through everything.
"""

import re
from functools import cache
from pathlib import Path

import pytest

from tests.worlds import has_real_transactions, uses_the_database

ROOT = Path(__file__).resolve().parents[1]
JOURNEYS = ROOT / "tests" / "journeys"
SQL = re.compile(
    r"\bRunSQL\(|\bRawSQL\(|\.(cursor|raw|execute|executemany|copy_expert)\(|\bpsycopg\b|\bCluster\("
)


def code_beside(test_file: Path) -> Path | None:
    """Find the folder of the code that a test file tests; None where it tests no folder alone."""
    for folder in test_file.parents:
        if folder.name == "tests":
            beside = folder.parent if folder.parent != ROOT else ROOT / "src" / "anju" / test_file.parent.name
            return beside if beside.is_dir() else None
    return None


@cache
def holds_sql(folder: Path) -> bool:
    """Say whether code in a folder, its tests left out, holds SQL."""
    return any(
        SQL.search(path.read_text(encoding="utf-8"))
        for path in folder.rglob("*.py")
        if "tests" not in path.relative_to(folder).parts
    )


@cache
def lies_beside_sql(test_file: Path) -> bool:
    """Say whether a test file tests code which holds SQL, or everything."""
    beside = code_beside(test_file)
    return JOURNEYS in test_file.parents or (beside is not None and holds_sql(beside))


@cache
def is_of_sql(test_file: Path) -> bool:
    """Say whether a test file itself holds SQL or speaks to the server."""
    return bool(SQL.search(test_file.read_text(encoding="utf-8")))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of SQL, before the words of the command line choose among the marks."""
    for item in items:
        if (
            is_of_sql(item.path)
            or has_real_transactions(item)
            or (uses_the_database(item) and lies_beside_sql(item.path))
        ):
            item.add_marker("own_sql")
