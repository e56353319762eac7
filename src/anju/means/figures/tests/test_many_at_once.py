"""Writers, folding and rebuilding at the same time: at every instant a tally is what its facts are."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from random import Random
from threading import Event

import psycopg
import pytest
from django.db import connection

from anju.means.figures.models import tallies
from anju.means.figures.models.tallies import Spec
from anju.means.figures.services import keeping

PROBE = Spec(
    name="probe",
    table="figures_probe",
    day="day",
    where="counted",
    dimensions=(("kind", "kind"), ("large", "amount > 50")),
    since="earlier",
    amount="amount",
)
TABLE = """
CREATE TABLE figures_probe (id bigserial PRIMARY KEY, writer int, day date, earlier date, counted boolean, kind text,
  amount numeric(12, 2), city_id bigint, county_id bigint, street_id bigint)
"""
ADD = """
INSERT INTO figures_probe (writer, day, earlier, counted, kind, amount, city_id, county_id, street_id)
SELECT %(writer)s, '2024-01-01'::date + (random() * 90)::int, CASE WHEN random() < 0.5 THEN '2023-11-05'::date END,
  random() < 0.8, (ARRAY['a', 'b', NULL])[1 + (random() * 2)::int], (random() * 100)::numeric(12, 2), 1,
  1 + (random() * 3)::int, (random() * 9)::int FROM generate_series(1, %(count)s)
"""
CHANGE = """
UPDATE figures_probe SET counted = random() < 0.8, county_id = 1 + (random() * 3)::int, amount = amount + 0.01
WHERE id IN (SELECT id FROM figures_probe WHERE writer = %(writer)s ORDER BY random() LIMIT 5)
"""
TAKE = (
    "DELETE FROM figures_probe WHERE id IN (SELECT id FROM figures_probe WHERE writer = %(writer)s LIMIT 3)"
)


@contextmanager
def line() -> Iterator[psycopg.Connection]:
    """Open a connection of its own to the test database; what it does is committed."""
    params = connection.get_connection_params()
    given = {
        name: params[name] for name in ("dbname", "user", "password", "host", "port") if params.get(name)
    }
    with psycopg.connect(**given, autocommit=True) as opened:
        yield opened


@pytest.fixture
def probe(transactional_db):
    """A small table of facts under a tally, committed."""
    with line() as own:
        own.execute(TABLE)
        for statement in tallies.create(PROBE):
            own.execute(statement)


def write(writer: int, over: Event) -> int:
    dice, done = Random(writer), 0
    with line() as own:
        for _act in range(40):
            sql = dice.choice((ADD, ADD, CHANGE, TAKE))
            with own.transaction():
                own.execute(
                    sql,
                    {"writer": writer, "count": dice.randrange(1, 9)} if sql is ADD else {"writer": writer},
                )
                own.execute("SELECT pg_sleep(0.002)")
                if dice.random() < 0.1:
                    raise psycopg.Rollback()
            done += 1
    return done


def tidy(statement: str, over: Event) -> int:
    rounds = 0
    with line() as own:
        while not over.is_set():
            with own.transaction():
                own.execute("SELECT pg_advisory_xact_lock(%s)", [keeping.LOCK])
                own.execute(statement)
            rounds += 1
            over.wait(0.01)
    return rounds


def look(over: Event) -> int:
    rounds = 0
    with line() as own:
        while not over.is_set():
            assert own.execute(tallies.differences(PROBE)).fetchall() == []
            rounds += 1
            over.wait(0.005)
    return rounds


def test_a_tally_is_right_at_every_instant_while_many_write_and_others_tidy(probe):
    over = Event()
    with ThreadPoolExecutor(7) as pool:
        others = [
            pool.submit(tidy, tallies.fold(), over),
            pool.submit(tidy, tallies.rebuild(PROBE), over),
            pool.submit(look, over),
        ]
        writers = [pool.submit(write, number, over) for number in range(4)]
        try:
            done = [writer.result(60) for writer in writers]
        finally:
            over.set()
        assert all(other.result(60) > 0 for other in others)
    assert sum(done) == 160
    with line() as own:
        assert own.execute(tallies.differences(PROBE)).fetchall() == []
        own.execute(tallies.fold())
        assert own.execute(tallies.differences(PROBE)).fetchall() == []
        (left,) = own.execute("SELECT count(*) FROM figures_tallydelta WHERE tally = 'probe'").fetchone()
        assert left == 0
