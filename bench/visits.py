"""Visits recorded per second as ordinary officers do it, on a city of many visits.

    ./anju bench visits                                   100,000 visits
    ./anju bench visits --visits 1000000 --seconds 20
    ./anju bench visits --visits 1000000 --refill

Each officer goes through what the phone sends: begin (nobody planned it), a hazard at four of five visits, the
other items at once, the conclusion, the signature and the end, by HTTP with a session, against the server of
./anju start. `posts` sends these alone, `whole` reads the page before each of them, too. `verbs` calls the same
verbs in this process, one after the other, and says how many statements a visit takes. The printed record is a
job: it is enqueued here and made by the job workers. The database is filled by SQL, once for each size, with
units, visits, parts, findings and five events a visit.
"""

import argparse
import http.client
import itertools
import json
import os
import secrets
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psycopg

SINCE = date(2020, 1, 1)
STATIONS, UNITS_EACH = 8, 400
TABLES = (
    "inspections_unit", "inspections_duty", "inspections_visit", "inspections_visitpart", "inspections_finding",
    "foundation_event",
)  # fmt: skip
# Everything is made from row numbers: unit g % units, visited in rounds, so that the day before is known.
UNITS = """
INSERT INTO inspections_unit (id, kind, name, name_key, initials, address, area_id, uscc, responsible,
  phone, agency_id,
  level, registered_on, source_number, is_demo, city_id, county_id, street_id, community_id, division_id)
SELECT n, 'small_shop', 'demo unit ' || n, 'demounit' || n, '', '', p.community, '', '', '', p.station, 4,
  '2020-01-01',
  '', true, p.city, p.county, p.street, p.community, p.division
FROM generate_series(1, %(units)s) AS n JOIN bench_spot p ON p.slot = n %% (SELECT count(*) FROM bench_spot)
"""
DUTIES = """
INSERT INTO inspections_duty (unit_id, agency_id, checklist, every_months, last_on, due_on, basis, active,
  county_id,
  street_id)
SELECT id, agency_id, 'unit', 12, current_date - 100, current_date + 265, '', true, county_id, street_id
FROM inspections_unit
"""
WHEN = "(DATE '2021-01-04' + (g / %(units)s)::int * %(span)s)"
VISITS = """
INSERT INTO inspections_visit (id, unit_id, kind, state, agency_id, campaign, planned_by, visited_on,
  began_at, ended_at,
  met, signed_by, refusal, witness, finished_at, finished_by_name, finished_by_post, source_number, is_demo,
  city_id, county_id, street_id, community_id,
  division_id)
SELECT g, u.id, 'daily', 'finished', u.agency_id, '', '', {when}, {when} + interval '9 hours', {when} +
  interval '10 hours',
  '', 'demo', '', '', {when} + interval '10 hours', '', '', '', true, u.city_id, u.county_id, u.street_id,
    u.community_id,
  u.division_id
FROM generate_series(1, %(visits)s) AS g JOIN inspections_unit u ON u.id = 1 + g %% %(units)s
"""
PARTS = """
INSERT INTO inspections_visitpart (id, visit_id, unit_id, unit_kind, kind, agency_id, agency_kind,
  checklist, edition,
  conclusion, note, visited_on, previous_on, is_old_community, is_high_rise, findings_count, is_demo,
    city_id, county_id,
  street_id, community_id, division_id)
SELECT id, id, unit_id, 'small_shop', 'daily', agency_id, 'police_station', 'unit', '2020-09-01', 'clean',
  '', visited_on,
  CASE WHEN visited_on > '2021-01-04' THEN visited_on - %(span)s END, false, false, (id %% 5 > 0)::int,
    true, city_id,
  county_id, street_id, community_id, division_id
FROM inspections_visit
"""
FINDINGS = """
INSERT INTO inspections_finding (visit_id, part_id, unit_id, unit_kind, item, class_code, top_class,
  severity, place, text,
  agency_id, agency_kind, found_on, at_once, is_new, counted, rectified_on, is_old_community, is_high_rise,
    source_number,
  is_demo, city_id, county_id, street_id, community_id, division_id)
SELECT id, id, unit_id, 'small_shop', '', 'EB02', 'EB', 'serious', id || '#', '', agency_id,
  'police_station', visited_on,
  false, true, true, visited_on + 9, false, false, '', true, city_id, county_id, street_id, community_id,
    division_id
FROM inspections_visit WHERE id %% 5 > 0
"""
EVENTS = """
INSERT INTO foundation_event (name, subject_type, subject_id, actor_kind, actor_id, actor_name, actor_post,
  at, recorded_at,
  note, basis, data, request_key, request_digest)
SELECT e.name, 'inspections.visit', v.id, 'account', 1000000 + v.agency_id, 'demo', 'demo', v.began_at,
  v.began_at, '',
  'hn-fire-2014-59', '{{}}'::jsonb, 'bench-' || v.id || '-' || e.name, md5(v.id::text) || md5(e.name)
FROM inspections_visit v CROSS JOIN (VALUES ('inspections.begin'), ('inspections.check'),
  ('inspections.conclude'), ('inspections.sign'), ('inspections.finish')) AS e (name)
"""
SPOTS = """
CREATE TABLE bench_spot AS
SELECT row_number() OVER (ORDER BY a.id) - 1 AS slot, a.id AS community, a.street_id AS street, a.county_id
  AS county,
  a.city_id AS city, a.division_id AS division, o.id AS station
FROM territory_area a JOIN organisations_organisation o ON o.kind = 'police_station' AND o.area_id =
  a.street_id
-- The county of the officers has as many units as the others together, so that each station has hundreds.
CROSS JOIN generate_series(1, CASE WHEN a.county_id = %s THEN 12 ELSE 1 END)
WHERE a.level = 5
"""


def fill(visits: int, say: Callable[[str], None]) -> None:
    """Put units and visits into a migrated database without any."""
    from django.db import connection

    from bench import city, history

    began = time.monotonic()
    city.build()
    units = max(20_000, visits // 4)
    span = max(1, 1200 // (visits // units + 1))
    facts = {"units": units, "visits": visits, "span": span}
    with connection.cursor() as cursor:
        cursor.execute(SPOTS, [city.home_community().county_id])
        undo = history.bare(cursor, TABLES)
        # The tallies of figures are not part of what is measured here: only the rows that are there.
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for name, statement in (
            ("units", UNITS), ("duties", DUTIES), ("visits", VISITS), ("parts", PARTS), ("findings",
              FINDINGS),
            ("events", EVENTS),
        ):  # fmt: skip
            cursor.execute(statement.format(when=WHEN), facts)
            say(f"  {name:<10}{cursor.rowcount:>12,} after {time.monotonic() - began:.0f} s")
        for table in ("unit", "visit", "visitpart"):
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('inspections_{table}', 'id'), max(id))"
                f" FROM inspections_{table}"
            )
        cursor.execute("DROP TABLE bench_spot")
        for statement in [*(f"ALTER TABLE {table} ENABLE TRIGGER USER" for table in TABLES), *undo]:
            cursor.execute(statement)
        cursor.execute("VACUUM ANALYZE")


@dataclass(frozen=True)
class Officer:
    """An ordinary officer with a browser session, a colleague, and the units of the station."""

    account_id: int
    session: str
    people: tuple[int, int]
    units: tuple[int, ...]


def officers() -> list[Officer]:
    """Return the officers of some stations of one county, made at the first call; sessions are new each
    time."""
    from anju.duties.inspections.models import Unit
    from anju.ground.access.models import Account
    from anju.ground.organisations.models import Organisation, Person, Post
    from bench.city import _session, home_community

    county = home_community().county_id
    found = []
    stations = Organisation.objects.filter(kind="police_station", area__county=county).order_by("id")
    for station in stations[:STATIONS]:
        people = []
        for number in (1, 2):
            name = f"demo officer {station.pk}-{number}"
            person, made = Person.objects.get_or_create(
                name=name, defaults={"badge_number": f"{station.pk}-{number}", "is_demo": True}
            )
            if made:
                Post.objects.create(
                    person=person, organisation=station, role="police_officer", valid_from=SINCE
                )
            people.append(person)
        login = f"bench.visits.{station.pk}"
        account = Account.objects.filter(username=login).first()
        if account is None:
            account = Account.objects.create_user(login, None, person=people[0])
        units = Unit.objects.filter(agency=station).order_by("-pk").values_list("pk", flat=True)[:UNITS_EACH]
        found.append(Officer(account.pk, _session(account), (people[0].pk, people[1].pk), tuple(units)))
    return found


class Phone:
    """One officer's phone: a kept connection with the session's cookies."""

    def __init__(self, port: int, officer: Officer) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        token = secrets.token_hex(16)
        self.token = token
        self.headers = {
            "Cookie": f"sessionid={officer.session}; csrftoken={token}",
            "Accept-Language": "zh-hans",
        }

    def get(self, path: str) -> str:
        """Read a page."""
        return self._ask("GET", path, None)[1]

    def post(self, path: str, sent: list[tuple[str, Any]]) -> str:
        """Send a form and return where it leads."""
        body = urlencode([("csrfmiddlewaretoken", self.token), *sent])
        return self._ask("POST", path, body)[0]

    def _ask(self, method: str, path: str, body: str | None) -> tuple[str, str]:
        headers = dict(self.headers)
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        text = answer.read().decode(errors="replace")
        if answer.status != (200 if method == "GET" else 302):
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:200]}")
        return answer.headers.get("Location", ""), text


def by_phone(phone: Phone, officer: Officer, unit: int, number: int, *, reads: bool) -> None:
    """Record one visit as the phone does."""
    key = secrets.token_hex(8)
    if reads:
        phone.get(f"/field/visits/begin?unit={unit}")
    sent: list[tuple[str, Any]] = [("unit", unit), ("kind", "daily"), ("request_key", f"{key}b")]
    page = phone.post("/field/visits/begin", sent + [("officers", pk) for pk in officer.people])
    conclusion = "clean"
    if reads:
        phone.get(page)
    if number % 5:
        conclusion = "problems"
        if reads:
            phone.get(f"{page}finding?item=")
        hazard = [
            ("class_code", "EB02"),
            ("place", f"{key}"),
            ("text", "demo hazard of a bench"),
            ("request_key", f"{key}f"),
        ]
        phone.post(f"{page}find", hazard)
    phone.post(f"{page}check", [("rest", "ok")])
    if reads:
        phone.get(page)
    phone.post(f"{page}conclude", [("conclusion", conclusion), ("request_key", f"{key}c")])
    if reads:
        phone.get(page)
    phone.post(f"{page}sign", [("signed_by", "demo"), ("finish", "1"), ("request_key", f"{key}s")])


def by_verbs(officer: Officer, actor: Any, unit: int, number: int) -> None:
    """Record one visit by calling the verbs."""
    from django.utils import timezone

    from anju.duties.inspections.services import checking
    from anju.duties.inspections.services import visits as services

    at, key = timezone.now(), secrets.token_hex(8)
    told = {"by": actor, "at": at}
    visit = services.begin_visit(unit_id=unit, officer_ids=officer.people, key=f"{key}b", **told)
    if number % 5:
        checking.add_finding(
            visit_id=visit.pk,
            class_code="EB02",
            place=key,
            text="demo hazard of a bench",
            key=f"{key}f",
            **told,
        )
    checking.check_items(visit_id=visit.pk, answers={}, rest="ok", **told)
    conclusion = "problems" if number % 5 else "clean"
    checking.conclude_part(visit_id=visit.pk, conclusion=conclusion, key=f"{key}c", **told)
    checking.sign(visit_id=visit.pk, signed_by="demo", key=f"{key}s", **told)
    services.finish_visit(visit_id=visit.pk, key=f"{key}e", **told)


def verbs(team: list[Officer], seconds: float) -> dict[str, Any]:
    """Call the verbs one visit after the other in this process; count the statements of ten of them."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext
    from django.utils import timezone

    from anju.ground.access.models import Account
    from anju.ground.access.services import actor_of

    officer = team[0]
    actor = actor_of(Account.objects.select_related("person").get(pk=officer.account_id), at=timezone.now())
    counted = []
    for number in range(10):
        with CaptureQueriesContext(connection) as captured:
            by_verbs(officer, actor, officer.units[number], number)
        counted.append(len(captured))
    spent: list[float] = []
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        began = time.perf_counter()
        by_verbs(officer, actor, officer.units[len(spent) % len(officer.units)], len(spent))
        spent.append(time.perf_counter() - began)
    return {
        "per_second": round(len(spent) / sum(spent), 2),
        "p50_ms": round(1000 * statistics.median(spent), 1),
        "statements": round(statistics.mean(counted), 1),
    }


@contextmanager
def serving(workers: int) -> Iterator[int]:
    """Start the web server as ./anju start does; give its port."""
    from anju.launcher.start import healthy, listening, web_server

    bound = listening("127.0.0.1", 0)
    port = bound.getsockname()[1]
    server = web_server(bound, dict(os.environ), workers)
    server.start()
    try:
        while not healthy("127.0.0.1", port):
            time.sleep(0.05)
        yield port
    finally:
        assert server.process is not None
        server.signal_all(15)
        server.process.wait(20)
        bound.close()


def load(port: int, team: list[Officer], seconds: float, *, reads: bool) -> dict[str, Any]:
    """Let every officer record visits one after the other for some seconds."""
    spent: list[float] = []
    failed: list[str] = []
    lock, until = threading.Lock(), time.perf_counter() + seconds

    def work(officer: Officer) -> None:
        phone = Phone(port, officer)
        for number in itertools.count():
            began = time.perf_counter()
            if began > until or len(failed) > 20:
                return
            try:
                by_phone(phone, officer, officer.units[number % len(officer.units)], number, reads=reads)
            except (OSError, RuntimeError, http.client.HTTPException) as problem:
                failed.append(str(problem))
                phone = Phone(port, officer)
                continue
            with lock:
                spent.append(time.perf_counter() - began)

    began = time.perf_counter()
    threads = [threading.Thread(target=work, args=(officer,)) for officer in team]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ordered = sorted(spent) or [float("nan")]
    return {
        "per_second": round(len(spent) / (time.perf_counter() - began), 2),
        "p50_ms": round(1000 * ordered[len(ordered) // 2], 1),
        "p95_ms": round(1000 * ordered[int(0.95 * (len(ordered) - 1))], 1),
        "n": len(spent),
        "errors": failed[:3],
    }


def measure(asked: argparse.Namespace, say: Callable[[str], None]) -> dict[str, Any]:
    """Play the three scenes on the database at hand."""
    from bench import machine

    team = officers()
    found: dict[str, Any] = {"visits": asked.visits, "officers": len(team), "loadavg": machine.load()}
    found["verbs"] = verbs(team, asked.seconds / 2)
    say(f"  verbs   {found['verbs']}")
    with serving(asked.workers) as port:
        load(port, team, 2, reads=True)
        for name, reads in (("posts", False), ("whole", True)):
            found[name] = load(port, team, asked.seconds, reads=reads)
            say(f"  {name:<8}{found[name]}")
    return found


def main(words: list[str]) -> int:
    """Read the words; fill a database of the size unless it is there, then measure on it."""
    from anju.launcher.start import migrations_mark
    from bench.run import child, django, say, with_name

    parser = argparse.ArgumentParser(
        prog="./anju bench visits", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--visits", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--refill", action="store_true", help="make the database anew")
    parser.add_argument("--out", type=Path, help="write the results there as JSON")
    parser.add_argument("--inside", choices=["fill", "measure"], help=argparse.SUPPRESS)
    asked = parser.parse_args(words)
    if asked.inside:
        import django as framework

        framework.setup()
        if asked.inside == "fill":
            fill(asked.visits, say)
        else:
            found = measure(asked, say)
            if asked.out:
                asked.out.write_text(json.dumps(found, ensure_ascii=False, indent=1))
        return 0
    url = os.environ["ANJU_DATABASE_URL"]
    name = f"bench_visits_{asked.visits}"
    mark = f"{name} {migrations_mark()}"
    target = with_name(url, name)
    with psycopg.connect(url, autocommit=True) as connection:
        kept = connection.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [name]
        ).fetchone()
        if asked.refill or not kept or kept[0] != mark:
            say(f"{asked.visits:,} visits: filling")
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            connection.execute(f'CREATE DATABASE "{name}"')
            django("migrate", target)
            child(["visits", "--inside", "fill", "--visits", str(asked.visits)], target)
            connection.execute(f"COMMENT ON DATABASE \"{name}\" IS '{mark}'")
    say(f"{asked.visits:,} visits")
    options = [
        "--visits",
        str(asked.visits),
        "--seconds",
        str(asked.seconds),
        "--workers",
        str(asked.workers),
    ]
    if asked.out:
        options += ["--out", str(asked.out)]
    child(["visits", "--inside", "measure", *options], target)
    return 0
