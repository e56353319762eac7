"""Cases with full history by set-based SQL: every case with its events and clocks, four in ten with a report.

Place, class, severity, channel, text and times are thrown independently of each other; only the state depends on the
age, as in life: old cases are closed, about 8 % are open, and those mostly young. Indexes and foreign keys are taken
away while the rows come in and made again after; then ANALYZE.
"""

import random
import time
from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection, models
from django.utils import timezone
from psycopg import sql

from anju.duties.cases import rules
from anju.duties.cases.models import Case, Report
from anju.duties.cases.queries import catalogue
from anju.ground.foundation.models import Clock, Event

YEARS = 3
TABLES = ("cases_case", "foundation_clock", "cases_report", "foundation_event")
THINGS = [
    "楼道堆放杂物",
    "电动自行车飞线充电",
    "安全出口被锁闭",
    "消火栓无水",
    "路灯不亮",
    "垃圾清运不及时",
    "电梯停运",
    "绿化带毁坏",
    "车位被占用",
    "供暖温度不足",
    "墙皮脱落",
    "井盖缺失",
    "门禁损坏",
    "监控失灵",
    "水管漏水",
    "噪声扰民",
]
WHERE = [
    "一楼大厅",
    "地下车库入口",
    "东门岗亭旁",
    "二单元门口",
    "北侧围墙边",
    "中心花园",
    "配电房外",
    "电梯前室",
    "楼顶平台",
    "消防通道",
]
SINCE = [
    "已有三天",
    "持续一周",
    "今天早上发现",
    "反复出现",
    "多次反映未处理",
    "影响老人出行",
    "晚上尤其严重",
    "雨后更加明显",
]


def fill(count: int, say: Callable[[str], None]) -> None:
    """Put `count` cases into a city without any."""
    began = time.monotonic()
    with connection.cursor() as cursor:
        _lookups(cursor)
        undo = bare(cursor)
        _insert(cursor, Case, _case_columns(), CASES.format(count=count, years=YEARS))
        _insert(cursor, Clock, CLOCK_COLUMNS, CLOCKS)
        _insert(cursor, Report, REPORT_COLUMNS, "cases_case c WHERE c.id % 10 < 4")
        _insert(cursor, Event, EVENT_COLUMNS, EVENTS)
        say(f"  rows in after {time.monotonic() - began:.1f} s")
        for statement in undo:
            cursor.execute(statement)
        cursor.execute("SELECT setval(pg_get_serial_sequence('cases_case', 'id'), %s)", [count + 1])
        for table in ("bench_place", "bench_class", "bench_text", "bench_spot"):
            cursor.execute(f"DROP TABLE {table}")
        cursor.execute("VACUUM ANALYZE")
    say(f"  {count:,} cases with history in {time.monotonic() - began:.1f} s")


def bare(cursor: Any, tables: Sequence[str] = TABLES) -> list[str]:
    """Drop foreign keys and plain indexes of the big tables; return what makes them again."""
    undo, drop = [], []
    cursor.execute(
        "SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE contype = 'f' AND (conrelid::regclass::text = ANY(%s) OR confrelid::regclass::text = ANY(%s))",
        [list(tables), list(tables)],
    )
    for table, name, definition in cursor.fetchall():
        drop.append(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        undo.append(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
    cursor.execute(
        "SELECT quote_ident(indexname), indexdef FROM pg_indexes WHERE tablename = ANY(%s) AND NOT EXISTS"
        " (SELECT FROM pg_constraint WHERE conname = indexname)",
        [list(tables)],
    )
    for name, definition in cursor.fetchall():
        drop.append(f"DROP INDEX {name}")
        undo.insert(0, definition)
    for statement in drop:
        cursor.execute(statement)
    cursor.execute("SET maintenance_work_mem = '512MB'")
    return undo


def _insert(cursor: Any, model: type[models.Model], columns: dict[str, str], source: str) -> None:
    """INSERT … SELECT the columns; those of the model that are not named get their default."""
    filled = dict(columns)
    for field in model._meta.concrete_fields:
        if (
            field.column in filled
            or field.primary_key
            or field.generated
            or (field.null and not field.has_default())
        ):
            continue
        value = field.get_db_prep_save(field.get_default(), connection)
        filled[field.column] = sql.Literal(value).as_string(connection.connection)
        if isinstance(field, models.JSONField):
            filled[field.column] = f"'{value.obj if hasattr(value, 'obj') else value}'::jsonb"
    names = ", ".join(f'"{name}"' for name in filled)
    cursor.execute(
        f"INSERT INTO {model._meta.db_table} ({names}) SELECT {', '.join(filled.values())} FROM {source}"
    )


def _lookups(cursor: Any) -> None:
    """Make the small tables that the dice choose from: places with their offices, classes, texts, spots."""
    cursor.execute(
        """CREATE TABLE bench_place AS
        SELECT row_number() OVER (ORDER BY e.id)::int AS n, e.id AS estate, e.name, a.division_id AS division,
               a.city_id AS city, a.county_id AS county, a.street_id AS street, a.id AS community,
               e.longitude, e.latitude, k.company_id AS company, so.id AS office, co.id AS committee,
               hb.id AS bureau, mr.id AS market, ps.id AS police, ch.id AS city_bureau
        FROM territory_estate e JOIN territory_area a ON a.id = e.area_id
        LEFT JOIN organisations_servicecontract k ON k.estate_id = e.id
        LEFT JOIN organisations_organisation so ON so.kind = 'street_office' AND so.area_id = a.street_id
        LEFT JOIN organisations_organisation ps ON ps.kind = 'police_station' AND ps.area_id = a.street_id
        LEFT JOIN organisations_organisation co ON co.kind = 'community_office' AND co.area_id = a.id
        LEFT JOIN organisations_organisation hb ON hb.kind = 'county_housing' AND hb.area_id = a.county_id
        LEFT JOIN organisations_organisation mr ON mr.kind = 'market_regulator' AND mr.area_id = a.county_id
        LEFT JOIN organisations_organisation ch ON ch.kind = 'city_housing'"""
    )
    dice = random.Random(11)
    today = timezone.localdate()
    cursor.execute("CREATE TABLE bench_class (n int, kind text, code text, severity text, verify text)")
    leaves = [leaf for kind in rules.KIND_LABELS for leaf in catalogue.classes(kind, on=today).values()]
    cursor.executemany(
        "INSERT INTO bench_class VALUES (%s, %s, %s, %s, %s)",
        [(n, leaf.kind, leaf.code, leaf.severity, leaf.verify) for n, leaf in enumerate(leaves, 1)],
    )
    cursor.execute("CREATE TABLE bench_text (n int, text text, grams varchar(2)[])")
    texts = [
        f"{dice.choice(WHERE)}{thing}，{since}，请尽快处理"
        for thing in THINGS
        for since in SINCE
        for _ in range(4)
    ]
    cursor.executemany(
        "INSERT INTO bench_text VALUES (%s, %s, %s)", [(n, t, rules.grams(t)) for n, t in enumerate(texts, 1)]
    )
    cursor.execute("CREATE TABLE bench_spot (n int, text text, grams varchar(2)[])")
    spots = [f"{building}号楼{unit}单元" for building in range(1, 41) for unit in range(1, 5)]
    cursor.executemany(
        "INSERT INTO bench_spot VALUES (%s, %s, %s)", [(n, t, rules.grams(t)) for n, t in enumerate(spots, 1)]
    )
    cursor.execute("ALTER TABLE bench_place ADD grams varchar(2)[]")
    cursor.execute("SELECT n, name FROM bench_place")
    cursor.executemany(
        "UPDATE bench_place SET grams = %s WHERE n = %s",
        [(rules.grams(name), n) for n, name in cursor.fetchall()],
    )
    for table in ("bench_place", "bench_class", "bench_text", "bench_spot"):
        cursor.execute(f"CREATE UNIQUE INDEX ON {table} (n)")
        cursor.execute(f"ANALYZE {table}")


def _throw(table: str) -> str:
    return f"1 + floor(random() * (SELECT count(*) FROM {table}))::int"


# One throw of every die per case; `age` runs from 1 (three years ago) to 0 (now), so numbers grow with time.
CASES = (
    """(
  WITH dice AS MATERIALIZED (
    SELECT g, 1 - g / {count}.0 AS age, random() AS r_open, random() AS r_state, random() AS r_void,
           random() AS r_channel, random() AS r_due, random() AS r_late, random() AS r_pause, random() AS r_more,
           random() AS r_days, random() AS r_jitter,
           """
    + f"{_throw('bench_place')} AS p, {_throw('bench_class')} AS k, "
    + f"{_throw('bench_text')} AS t, {_throw('bench_spot')} AS s"
    + """
    FROM generate_series(1, {count}) g)
  SELECT d.*, now() - d.age * interval '{years} years' - d.r_jitter * interval '2 hours' AS reported,
         CASE WHEN d.r_open < exp(-d.age / 0.08) THEN
                CASE WHEN d.r_state < 0.15 THEN 'reported' WHEN d.r_state < 0.25 THEN 'assigned'
                     WHEN d.r_state < 0.27 THEN 'returned' WHEN d.r_state < 0.80 THEN 'fixing' ELSE 'checking' END
              WHEN d.r_void < 0.015 THEN 'void' ELSE 'closed' END AS state,
         p.estate, p.division, p.city, p.county, p.street, p.community, p.longitude, p.latitude, p.company,
         p.office AS dispatcher,
         CASE WHEN k.code ~ '^(CR|MF|PM)' THEN p.bureau WHEN k.code ~ '^FE' THEN p.market
              ELSE coalesce(p.company, p.office) END AS handler,
         CASE WHEN k.code ~ '^(CR|MF|PM)' THEN p.city_bureau WHEN k.code ~ '^(FE|OC|HO)' THEN p.bureau
              WHEN k.code ~ '^(FS|EG|FF)' THEN p.police ELSE p.committee END AS checker,
         k.kind, k.code, k.severity, k.verify, t.text, s.text AS spot, t.grams || s.grams || p.grams AS grams
  FROM dice d JOIN bench_place p ON p.n = d.p JOIN bench_class k ON k.n = d.k
  JOIN bench_text t ON t.n = d.t JOIN bench_spot s ON s.n = d.s) c"""
)


def _case_columns() -> dict[str, str]:
    handed = "state NOT IN ('reported', 'void')"
    open_now = "state IN ('reported', 'assigned', 'returned', 'fixing', 'checking')"
    due = "now() + (r_due - 0.3) * interval '12 days'"
    return {
        "id": "g", "kind": "kind", "class_code": "code", "severity": "severity", "state": "state",
        "channel": "CASE WHEN r_channel < 0.45 THEN 'portal' WHEN r_channel < 0.7 THEN 'staff'"
        " WHEN r_channel < 0.9 THEN 'field' ELSE 'import' END",
        "text": "text", "place": "spot", "estate_id": "estate", "division_id": "division", "city_id": "city",
        "county_id": "county", "street_id": "street", "community_id": "community", "longitude": "longitude",
        "latitude": "latitude", "dispatcher_id": "dispatcher", "handler_id": "handler", "checker_id": "checker",
        "company_id": "company", "routing_rule": "'anything-else'",
        "desk_id": "CASE WHEN state IN ('reported', 'returned') THEN dispatcher"
        " WHEN state IN ('assigned', 'fixing') THEN handler WHEN state = 'checking' THEN checker END",
        "reported_at": "reported",
        "assigned_at": f"CASE WHEN {handed} THEN reported + r_jitter * interval '1 day' END",
        "accepted_at": "CASE WHEN state IN ('fixing', 'checking', 'closed') THEN reported + interval '1 day' END",
        "submitted_at": "CASE WHEN state IN ('checking', 'closed') THEN reported + r_days * interval '9 days' END",
        "closed_at": "CASE WHEN state IN ('closed', 'void')"
        " THEN least(now(), reported + r_days * interval '12 days') END",
        "due_at": f"CASE WHEN {open_now} THEN {due} END",
        "escalate_at": f"CASE WHEN {open_now} THEN now() + interval '30 days' END",
        "due_clock": "CASE state WHEN 'reported' THEN 'dispatch' WHEN 'returned' THEN 'dispatch'"
        " WHEN 'assigned' THEN 'accept' WHEN 'fixing' THEN 'rectify' WHEN 'checking' THEN 'recheck' ELSE '' END",
        "paused_at": "CASE WHEN state = 'fixing' AND r_pause < 0.02 THEN now() - interval '2 days' END",
        "on_time": "CASE WHEN state = 'closed' THEN r_late < 0.86 END",
        "returns": "(r_more < 0.06)::int", "returned_by": "'{}'::bigint[]", "send_backs": "(r_more > 0.93)::int",
        "repeat": "r_more BETWEEN 0.5 AND 0.53",
        "satisfaction": "CASE WHEN state = 'closed' AND r_more < 0.2 THEN 1 + floor(r_more * 15)::int END",
        "closing_text": "CASE WHEN state = 'closed' THEN '上午到现场查看，问题已经清理干净' ELSE '' END",
        "public_text": "CASE WHEN state = 'closed' THEN '上午到现场查看，问题已经清理干净' ELSE '' END",
        "published_at": "CASE WHEN state = 'closed'"
        " THEN least(now(), reported + r_days * interval '12 days') END",
        "search": "grams", "is_demo": "true",
    }  # fmt: skip


# Each clock: kind, which states have had it, which have it running.
CLOCKS = """cases_case c CROSS JOIN LATERAL (VALUES
    ('dispatch', true, c.state IN ('reported', 'returned'), interval '0', interval '1 day'),
    ('verify', true, c.state IN ('reported', 'assigned') AND c.id % 2 = 0, interval '0', interval '3 days'),
    ('accept', c.state NOT IN ('reported', 'void'), c.state = 'assigned', interval '1 day', interval '1 day'),
    ('rectify', c.state IN ('fixing', 'checking', 'closed'), c.state = 'fixing', interval '1 day', interval '10 days'),
    ('recheck', c.state IN ('checking', 'closed'), c.state = 'checking', interval '9 days', interval '3 days')
  ) k (kind, had, runs, after, lasts) WHERE k.had"""
CLOCK_COLUMNS = {
    "subject_type": "'cases.case'", "subject_id": "c.id", "kind": "k.kind", "owner_id":
    "CASE k.kind WHEN 'dispatch' THEN c.dispatcher_id WHEN 'verify' THEN c.checker_id WHEN 'recheck' THEN c.checker_id"
    " ELSE c.handler_id END", "amount": "3", "unit": "'workdays'", "basis": "'xx-defaults-2026-3'",
    "started_at": "c.reported_at + k.after",
    "due_at": "CASE WHEN k.runs THEN coalesce(c.due_at, now()) ELSE c.reported_at + k.after + k.lasts END",
    "stopped_at": "CASE WHEN NOT k.runs THEN c.reported_at + k.after + random() * k.lasts END",
}  # fmt: skip
REPORT_COLUMNS = {
    "case_id": "c.id", "code": "'B' || lpad(c.id::text, 9, '0')", "text": "c.text", "anonymous": "true",
    "reported_at": "c.reported_at", "reply_due_at": "c.reported_at + interval '20 days'",
    "replied_at": "c.closed_at", "rating": "c.satisfaction",
    "rated_at": "CASE WHEN c.satisfaction IS NOT NULL THEN c.closed_at + interval '1 day' END",
}  # fmt: skip
EVENTS = """(SELECT * FROM cases_case ORDER BY id) c CROSS JOIN LATERAL (VALUES
    ('cases.report', true, c.reported_at, 'reported'),
    ('cases.verify', c.id % 5 = 0 AND c.state <> 'reported', c.reported_at + interval '20 hours', 'assigned'),
    ('cases.assign', c.assigned_at IS NOT NULL, c.assigned_at, 'assigned'),
    ('cases.return_back', c.returns > 0, c.assigned_at, 'returned'),
    ('cases.assign', c.returns > 0 AND c.state <> 'returned', c.assigned_at, 'assigned'),
    ('cases.accept', c.accepted_at IS NOT NULL, c.accepted_at, 'fixing'),
    ('cases.submit', c.submitted_at IS NOT NULL, c.submitted_at, 'checking'),
    ('cases.send_back', c.send_backs > 0 AND c.submitted_at IS NOT NULL, c.submitted_at, 'fixing'),
    ('cases.submit', c.send_backs > 0 AND c.submitted_at IS NOT NULL, c.submitted_at, 'checking'),
    ('cases.close', c.state = 'closed', c.closed_at, 'closed'),
    ('cases.void', c.state = 'void', c.closed_at, 'void')
  ) e (name, was, at, state) WHERE e.was"""
EVENT_COLUMNS = {
    "name": "e.name", "subject_type": "'cases.case'", "subject_id": "c.id", "actor_kind": "'account'",
    "actor_id": "1000000 + c.dispatcher_id", "actor_name": "'演示人员'", "actor_post": "'演示单位 演示岗位'",
    "at": "coalesce(e.at, c.reported_at)", "recorded_at": "coalesce(e.at, c.reported_at)",
    "basis": "'xx-fire-2020-16'",
    "data": "jsonb_build_object('state', e.state, 'desk', 'demo office', 'handler', c.handler_id,"
    " 'rule', 'anything-else')",
    "request_key": "'bench-' || c.id || '-' || e.name || '-' || md5(random()::text)",
    "request_digest": "md5(c.id::text) || md5(e.name)",
}  # fmt: skip
