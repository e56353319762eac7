"""The report's six figures with their table by county at 1, 10 and 100 times the city's volume, and what tallies cost.

    ./anju bench tallies                      1x, 10x, 100x (about 11 million facts; 6 GB while it runs, then removed)
    ./anju bench tallies --times 1,10 --keep

Facts are made by the database itself (generate_series) in the real tables, without their foreign keys, and the tallies
are built from them at the end; what the triggers cost a writer is measured apart, with them and without.
"""

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg

UNITS, VISITS, FINDINGS, FINES = 30_000, 61_521, 50_564, 300
FACTS = ("inspections_visitpart", "inspections_finding", "penalties_penalty")
PLACE = "city_id, county_id, street_id, community_id, division_id"
CHUNK = 500_000

# Streets are drawn with a weight of their own, so that counties are as uneven as counties are.
PLACES = """
CREATE TEMP TABLE place AS
SELECT row_number() OVER () - 1 AS slot, s.* FROM (
  SELECT a.city_id, a.county_id, a.street_id, a.id AS community_id, a.division_id
  FROM territory_area a WHERE a.level = 5 AND a.active AND a.street_id IS NOT NULL
  ORDER BY md5(a.id::text) LIMIT 600) AS s
"""
UNIT = """
INSERT INTO inspections_unit (kind, name, name_key, initials, address, area_id, uscc, responsible, phone, level,
  registered_on, source_number, is_demo, {place})
SELECT 'small_shop', 'demo unit ' || n, 'demo unit ' || n, '', '', p.community_id, '', '', '', 4, '2020-01-01', '',
  true, {p_place}
FROM generate_series(1, %(count)s) AS n JOIN place p ON p.slot = n %% (SELECT count(*) FROM place)
"""
VISIT = """
INSERT INTO inspections_visitpart (visit_id, unit_id, unit_kind, kind, agency_id, agency_kind, checklist, edition,
  conclusion, note, visited_on, previous_on, is_old_community, is_high_rise, findings_count, is_demo, {place})
SELECT %(from)s + n, 1 + (random() * (%(units)s - 1))::int, 'small_shop', 'daily', %(agency)s,
  (ARRAY['police_station','police_station','police_station','police_station','fire_brigade','street_office'])
    [1 + (random() * 5)::int],
  'unit', '2020-09-01', 'clean', '', d.day, CASE WHEN random() < 0.4 THEN d.day - 1 - (random() * 300)::int END,
  random() < 0.035, false, 0, true, {p_place}
FROM generate_series(1, %(count)s) AS n
CROSS JOIN LATERAL (SELECT %(last)s::date - (power(random(), 1.2) * %(days)s)::int + (n * 0) AS day) AS d
JOIN place p ON p.slot = (n::bigint * 7919 + (n / 600)) %% (SELECT count(*) FROM place)
"""
FINDING = """
INSERT INTO inspections_finding (visit_id, part_id, unit_id, unit_kind, item, class_code, top_class, severity, place,
  text, agency_id, agency_kind, found_on, at_once, is_new, counted, rectified_on, is_old_community, is_high_rise,
  source_number, is_demo, {place})
SELECT %(from)s + n, %(from)s + n, 1 + (random() * (%(units)s - 1))::int, 'small_shop', '', t.top || '01', t.top,
  'general', '', '', %(agency)s,
  (ARRAY['police_station','police_station','police_station','police_station','fire_brigade','street_office'])
    [1 + (random() * 5)::int],
  d.day, false, true, true, CASE WHEN random() < 0.85 THEN d.day + (random() * 45)::int END, random() < 0.15, false,
  '', true, {p_place}
FROM generate_series(1, %(count)s) AS n
CROSS JOIN LATERAL (SELECT %(last)s::date - (power(random(), 1.2) * %(days)s)::int + (n * 0) AS day) AS d
CROSS JOIN LATERAL (
  SELECT (ARRAY['EB','EB','FA','EG','FB','FC','EN','EP'])[1 + (random() * 7)::int + n * 0] AS top) AS t
JOIN place p ON p.slot = (n::bigint * 7919 + (n / 600)) %% (SELECT count(*) FROM place)
"""
FINE = """
INSERT INTO penalties_penalty (offence, edition, article, state, procedure, agency_id, agency_kind, party_kind,
  party_name, facts, class_code, top_class, is_old_community, unit_kind, refused_correction, spare_only, handlers,
  first_offence, corrected, filed_at, statement, statement_answer, hearing_record, warning, amount, reasons,
  approved_by, decided_on, paid_amount, cancelled_reason, written_number, source_number, is_demo, {place})
SELECT 'bench', '2020-01-01', 'bench', 'decided', 'simple', %(agency)s, 'police_station', 'unit', 'demo', '',
  'EB01', 'EB', random() < 0.1, 'small_shop', false, false, '{{}}', false, false, d.day::timestamptz, '', '', '', false,
  200 + (random() * 10)::int * 10, '', '', d.day, 0, '', '', '', true, {p_place}
FROM generate_series(1, %(count)s) AS n
CROSS JOIN LATERAL (SELECT %(last)s::date - (random() * 196)::int + (n * 0) AS day) AS d
JOIN place p ON p.slot = (n::bigint * 7919 + (n / 600)) %% (SELECT count(*) FROM place)
"""
LAST, DAYS = date(2024, 7, 15), 196


def _written(sql: str) -> str:
    return sql.format(place=PLACE, p_place=", ".join(f"p.{name.strip()}" for name in PLACE.split(",")))


def fill(times: int, say: Callable[[str], None]) -> None:
    """Make the facts of `times` half-years of the city in one half-year (and a seventh more in the year before)."""
    from django.db import connection
    from django.utils import timezone

    from anju.means.figures.queries import registry
    from anju.means.figures.services import keeping

    from . import city

    city.build()
    with connection.cursor() as cursor:
        for table in FACTS:
            cursor.execute(
                "SELECT conname FROM pg_constraint WHERE contype = 'f' AND conrelid = %s::regclass", [table]
            )
            for (name,) in cursor.fetchall():
                cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        cursor.execute(
            "SELECT id FROM organisations_organisation WHERE kind = 'police_station' ORDER BY id LIMIT 1"
        )
        given = {"agency": cursor.fetchone()[0], "units": UNITS, "last": LAST, "days": DAYS, "from": 0}
        cursor.execute(PLACES)
        cursor.execute(_written(UNIT), given | {"count": UNITS})
        began = time.monotonic()
        marks = ", ".join(["%s"] * len(FACTS))
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes LEFT JOIN pg_constraint ON conname = indexname "
            f"WHERE tablename IN ({marks}) AND conname IS NULL",
            FACTS,
        )
        indexes = cursor.fetchall()
        for name, _definition in indexes:
            cursor.execute(f'DROP INDEX "{name}"')
        for table in FACTS:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for sql, count in ((VISIT, VISITS), (FINDING, FINDINGS), (FINE, FINES)):
            made = 0  # each visit has a number of its own
            for last, whole in (
                (LAST, count * times),
                (LAST - timedelta(days=DAYS + 170), count * times // 7),
            ):
                done = 0
                while done < whole:
                    size = min(CHUNK, whole - done)
                    cursor.execute(_written(sql), given | {"count": size, "from": made, "last": last})
                    done, made = done + size, made + size
            say(f"{times}x: {made:,} rows, {time.monotonic() - began:.0f} s")
        for _name, definition in indexes:
            cursor.execute(definition)
        for table in FACTS:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        for spec in registry.specs():
            since = time.monotonic()
            rows = keeping.rebuild(spec, at=timezone.now())
            say(f"{times}x: {spec.name} rebuilt into {rows:,} rows in {time.monotonic() - since:.1f} s")
        cursor.execute("VACUUM ANALYZE")


# --- measuring ----------------------------------------------------------------------------------------------------


def _median(work: Callable[[], Any], rounds: int) -> float:
    """Return the middle of some rounds in milliseconds, after one that warms up."""
    work()
    spans = []
    for _round in range(rounds):
        since = time.perf_counter()
        work()
        spans.append((time.perf_counter() - since) * 1000)
    return round(statistics.median(spans), 1)


def measure(times: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Ask the figures as ordinary people of a city and of a county, and write with and without the triggers."""
    from unittest import mock

    from django.db import connection
    from django.test import Client
    from django.utils import timezone

    from anju.ground.access.models import Account
    from anju.ground.access.services import actor_of
    from anju.means.figures import queries
    from anju.means.figures.models import TallyRow
    from anju.means.figures.queries import Query, counting, letter, registry
    from anju.means.figures.rules import Period
    from anju.means.figures.services import keeping

    from . import city

    cast, at = city.cast(), timezone.now()
    people = {
        name: actor_of(Account.objects.select_related("person").get(pk=member.account_id), at=at)
        for name, member in (("city", cast.city), ("county", cast.supervisor))
    }
    half = Period(date(2024, 1, 1), LAST)
    six = Query(letter.SIX, half, by="county")
    streets = Query(letter.SIX, half, by="street")
    every = Query(tuple(m.name for m in registry.on_shelf("letter")), half, by="county")
    ask = queries.answer
    found: dict[str, Any] = {
        "facts": sum(_count(table) for table in FACTS),
        "tally_rows": TallyRow.objects.count(),
        "six_by_county_ms": _median(lambda: ask(six, actor=people["city"], at=at), 15),
        "six_by_street_of_a_county_ms": _median(lambda: ask(streets, actor=people["county"], at=at), 15),
        "six_compared_ms": _median(lambda: ask(six, actor=people["city"], at=at, compare=True), 5),
        "all_measures_ms": _median(lambda: ask(every, actor=people["city"], at=at), 5),
    }
    say(f"{times}x: {found}")
    rows = queries.rows(Query(("visits",), half), actor=people["county"], at=at)
    order = registry.get("visits").facts.order
    found["first_rows_ms"] = _median(
        lambda: list(rows.select_related("unit", "agency", "county", "street").order_by(*order)[:50]), 5
    )
    browser = Client()
    browser.force_login(Account.objects.get(pk=cast.supervisor.account_id))
    pages = {
        "letter_page_ms": "/figures/letter?from=2024-01-01&to=2024-07-15",
        "rows_page_ms": "/figures/rows?measure=units_inspected&from=2024-01-01&to=2024-07-15",
    }
    for name, path in pages.items():
        assert browser.get(path).status_code == 200, path
        found[name] = _median(lambda path=path: browser.get(path), 5)  # type: ignore[misc]
    by_tally = ask(six, actor=people["city"], at=at)
    with mock.patch.object(counting, "knows", return_value=False):
        since = time.perf_counter()
        by_rows = ask(six, actor=people["city"], at=at)
        found["six_from_rows_ms"] = round((time.perf_counter() - since) * 1000, 1)
    assert [(r.number, r.slices) for r in by_tally] == [(r.number, r.slices) for r in by_rows]
    found["value"] = {r.measure.name: str(r.value) for r in by_tally}
    with connection.cursor() as cursor:
        cursor.execute(PLACES)
        cursor.execute(
            "SELECT id FROM organisations_organisation WHERE kind = 'police_station' ORDER BY id LIMIT 1"
        )
        given = {"agency": cursor.fetchone()[0], "units": UNITS, "last": LAST, "days": DAYS}
        numbers = iter(range(10**9, 10**10, 10_000))
        for name, size, rounds in (("insert_10k", 10_000, 7), ("insert_one", 1, 200)):
            spans: dict[str, list[float]] = {"with": [], "without": []}
            for _round in range(rounds):  # by turns, so that whoever else uses the machine hurts both
                for label, act in (("with", "ENABLE"), ("without", "DISABLE")):
                    cursor.execute(f"ALTER TABLE inspections_visitpart {act} TRIGGER USER")
                    values = given | {"count": size, "from": next(numbers)}
                    since = time.perf_counter()
                    cursor.execute(_written(VISIT), values)
                    spans[label].append((time.perf_counter() - since) * 1000)
                    cursor.execute("DELETE FROM inspections_visitpart WHERE visit_id >= %s", [10**9])
            for label, taken in spans.items():
                found[f"{name}_{label}_trigger_ms"] = round(statistics.median(taken), 1)
        cursor.execute("ALTER TABLE inspections_visitpart ENABLE TRIGGER USER")
    if times <= 10:
        assert all(keeping.check(spec, at=at) == [] for spec in registry.specs())
    return found


def _count(table: str) -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return int(cursor.fetchone()[0])


def _remove(url: str, name: str) -> None:
    """Drop a database, as soon as the database's own cleaners have left it."""
    for attempt in range(20):
        try:
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            return
        except psycopg.errors.InsufficientPrivilege:
            if attempt == 19:
                raise
            time.sleep(3)


def main(words: list[str]) -> int:
    """Make each database, measure in it, remove it."""
    from . import run

    parser = argparse.ArgumentParser(prog="./anju bench tallies", description=__doc__)
    parser.add_argument("--times", default="1,10,100")
    parser.add_argument("--keep", action="store_true", help="keep the databases")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--fill", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--measure", type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args(words)
    if asked.fill or asked.measure:
        import django

        django.setup()
        if asked.fill:
            fill(asked.fill, run.say)
        else:
            asked.out.write_text(json.dumps(measure(asked.measure, run.say), ensure_ascii=False, indent=1))
        return 0
    url, results = os.environ["ANJU_DATABASE_URL"], {}
    for times in [int(text) for text in asked.times.split(",")]:
        name = f"bench_tallies_{times}"
        target = run.with_name(url, name)
        _remove(url, name)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        try:
            run.django("migrate", target)
            run.child(["tallies", "--fill", str(times)], target)
            kept = Path(os.environ["ANJU_DATA"]) / f"{name}.json"
            run.child(["tallies", "--measure", str(times), "--out", str(kept)], target)
            results[f"{times}x"] = json.loads(kept.read_text())
            run.say(json.dumps({f"{times}x": results[f"{times}x"]}, ensure_ascii=False, indent=1))
        finally:
            if not asked.keep:
                _remove(url, name)
    if asked.out:
        asked.out.write_text(json.dumps(results, ensure_ascii=False, indent=1))
    first = results.get("1x", {}).get("six_by_county_ms")
    for name, one in results.items():
        ratio = f", {one['six_by_county_ms'] / first:.1f} x the first" if first else ""
        run.say(
            f"{name}: {one['facts']:,} facts, six figures by county in {one['six_by_county_ms']} ms{ratio}"
        )
    return 0
