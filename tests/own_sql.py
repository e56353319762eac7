"""Which tests run on every PostgreSQL that is supported: those of code with SQL of its own. A pytest plugin.

What Django writes it writes for each of these servers. So `.ci/run` runs on the second one only the tests marked
`own_sql`, and this is the rule of the mark:

- all tests that lie beside code which holds SQL, or speaks to the server itself; migrations are code;
- each test file that holds SQL;
- tests with real transactions, for they ask how the server locks;
- the journeys, one way through everything.
"""

import re
from functools import cache
from pathlib import Path

import pytest

from tests.worlds import has_real_transactions

ROOT = Path(__file__).resolve().parents[1]
JOURNEYS = ROOT / "tests" / "journeys"
SQL = re.compile(r"\bRunSQL\(|\bRawSQL\(|\.(cursor|raw|execute|executemany|copy_expert)\(|\bpsycopg\b")


def code_beside(test_file: Path) -> Path | None:
    """Find the folder of the code that a test file tests; None where it tests no folder alone."""
    for folder in test_file.parents:
        if folder.name == "tests":
            beside = folder.parent if folder.parent != ROOT else ROOT / "src" / "anju" / test_file.parent.name
            return beside if beside.is_dir() else None
    return None


@cache
def holds_sql(folder: Path) -> bool:
    """Say whether code in a folder, its tests left out, holds SQL or speaks to the server itself."""
    return any(
        SQL.search(path.read_text(encoding="utf-8"))
        for path in folder.rglob("*.py")
        if "tests" not in path.relative_to(folder).parts
    )


@cache
def is_of_sql(test_file: Path) -> bool:
    """Say whether all tests of a file have to do with SQL that is not Django's."""
    if JOURNEYS in test_file.parents or SQL.search(test_file.read_text(encoding="utf-8")):
        return True
    beside = code_beside(test_file)
    return beside is not None and holds_sql(beside)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of SQL, before the words of the command line choose among the marks."""
    for item in items:
        if is_of_sql(item.path) or has_real_transactions(item):
            item.add_marker("own_sql")
