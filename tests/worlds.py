"""What stands in the database when a test begins: a pytest plugin (conftest.py at the root loads it).

A process of the tests has two databases: the one it was given, with nothing but the tables, and a copy of that in
which the invented city of tests/cast.py stands, built once, with the calendar of its offices. A test that asks for the
city begins in the second, every other one in the first, and what it adds is rolled back. A test with real transactions
works in a copy of its own that is thrown away. So no test finds what another left, in whatever order they run.
"""

import pickle
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, connections, transaction

from tests import cast


class Worlds:
    """The databases of this process; the city's is made for the first test that asks for it."""

    def __init__(self, bare: str) -> None:
        self.bare = bare
        self.city = f"{bare}_city"
        self.own = f"{bare}_own"
        self._members = b""

    def of(self, asked: set[str]) -> str:
        """Name the database in which a test with these fixtures begins."""
        if "city" not in asked:
            return self.bare
        if not self._members:
            self.copy(self.bare, self.city)
            self.enter(self.city)
            with transaction.atomic():
                built = cast.build_city()
            self._members = pickle.dumps(built)
        return self.city

    def members(self) -> cast.City:
        """Give the standing city anew: what a test does to the objects it is given ends with the test."""
        assert connection.settings_dict["NAME"] in (self.city, self.own), (
            "ask for the city by a fixture's argument"
        )
        given: cast.City = pickle.loads(self._members)
        return given

    def copy(self, source: str, name: str) -> None:
        """Make a database that is like another one, to which nobody may be connected meanwhile."""
        connections.close_all()
        self.drop(name)
        with connection._nodb_cursor() as cursor:
            # Once the browser's driver runs its event loop, Django no longer sees the connections made before.
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [source]
            )
            cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{source}"')

    def drop(self, name: str) -> None:
        """Take a database away, with every connection to it."""
        with connection._nodb_cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def enter(self, name: str) -> None:
        """Have every connection from now on lead to a database."""
        if connection.settings_dict["NAME"] != name:
            connections.close_all()
            connection.settings_dict["NAME"] = name


def has_real_transactions(item: pytest.Item) -> bool:
    """Say whether a test commits what it does, as its mark or a fixture tells."""
    marker = item.get_closest_marker("django_db")
    return bool(marker and marker.kwargs.get("transaction")) or bool(
        {"transactional_db", "live_server"} & set(getattr(item, "fixturenames", ()))
    )


def uses_the_database(item: pytest.Item) -> bool:
    """Say whether a test may ask the database anything, as its mark or a fixture tells."""
    return item.get_closest_marker("django_db") is not None or "db" in getattr(item, "fixturenames", ())


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Bring together those that begin in one database; the longest come first, so that all processes end together."""

    def place(item: pytest.Item) -> int:
        if has_real_transactions(item):
            return 0
        return 1 if "city" in getattr(item, "fixturenames", ()) else 2 if uses_the_database(item) else 3

    items.sort(key=place)


@pytest.fixture(scope="session")
def worlds(django_db_setup: None, django_db_blocker: Any) -> Iterator[Worlds]:
    """The databases in which the tests of this process begin."""
    made = Worlds(connection.settings_dict["NAME"])
    yield made
    with django_db_blocker.unblock():
        made.enter(made.bare)
        made.drop(made.city)


@pytest.fixture
def _django_db_helper(
    request: pytest.FixtureRequest, worlds: Worlds, django_db_blocker: Any
) -> Iterator[None]:
    """Do as pytest-django does, in the right database; with real transactions in a copy instead of emptying tables."""
    from anju.ground.foundation import calendar

    with django_db_blocker.unblock():
        begins = worlds.of(set(request.fixturenames))
        calendar.forget()  # a process remembers it for some seconds, of whatever database it read last
        if not has_real_transactions(request.node):
            worlds.enter(begins)
            request.getfixturevalue("_django_db_helper")
            yield
            return
        worlds.copy(begins, worlds.own)
        worlds.enter(worlds.own)
        yield
        worlds.enter(begins)
        worlds.drop(worlds.own)


@pytest.fixture
def city(db: None, worlds: Worlds) -> cast.City:
    """The invented city with its offices, estates and people."""
    return worlds.members()
