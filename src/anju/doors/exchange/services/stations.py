"""A station's month into the tables, by the set: units, visits, findings, orders, fines, in one transaction.

Every sheet is read once and staged by COPY; then each table is filled by one INSERT … SELECT. Killed at any moment it
leaves nothing. A row is known again by its `source_key`, whatever file it comes in. Each visit, order and fine gets an
event of its own, findings have that of their case (`cases.imported`), new units are one event of the register.
"""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _

from anju.duties.inspections import bulk
from anju.duties.inspections.models import Finding, UnitMatch, Visit, VisitOfficer, VisitPart
from anju.duties.inspections.queries import checklists
from anju.duties.inspections.rules import VisitState
from anju.duties.inspections.services import counting, coverage, matching
from anju.duties.orders.models import Order, OrderLine
from anju.duties.penalties.models import Payment, Penalty, PenaltyOfficer
from anju.ground.foundation import rulebooks
from anju.ground.foundation.models import Event

from .. import rules
from ..models import Import
from ..queries.agencies import Agencies, Officers
from ..queries.classes import ClassFinder
from ..queries.offices import Router
from ..queries.penal import FINE_COLUMNS, ORDER_COLUMNS, FineCheck, Offences, OrderCheck, Papers
from ..queries.units import ESTATE, Named, UnitBook, columns_of
from ..queries.validation import CASE_COLUMNS, Companies, data_rows
from ..queries.visits import (
    FINDING_COLUMNS,
    UNIT_COLUMNS,
    VISIT_COLUMNS,
    FindingCheck,
    Links,
    UnitCheck,
    VisitCheck,
)
from . import loading
from .loading import insert_select

POWER = "exchange.stations"
PARTS = ("units", "visits", "findings", "orders", "fines")
TABLES = {
    "units": "ledger_units",
    "visits": "ledger_visits",
    "findings": loading.STAGE,
    "orders": "ledger_orders",
    "fines": "ledger_fines",
}
_COLUMNS = {
    "units": UNIT_COLUMNS,
    "visits": VISIT_COLUMNS,
    "findings": CASE_COLUMNS + FINDING_COLUMNS,
    "orders": ORDER_COLUMNS,
    "fines": FINE_COLUMNS,
}
_STORED = {
    "visits": "inspections_visit",
    "findings": "inspections_finding",
    "orders": "orders_order",
    "fines": "penalties_penalty",
}
# Temporary tables end with the transaction; within one (a rehearsal, a test) a second load makes them anew.
_TEMPORARY = (
    *(
        "ledger_numbers",
        "ledger_named",
        "ledger_pool",
        "ledger_pieces",
        "ledger_rare",
        "ledger_fresh",
        "ledger_made",
    ),
    *("ledger_facts", "ledger_parts", "ledger_forms", "ledger_before", "ledger_seen", "ledger_naming"),
)
MOST_NOTES = 50
_ZONE = settings.TIME_ZONE
_NAMED = (
    ("seq", "int"), ("kind", "text"), ("name", "text"), ("name_key", "text"), ("source_key", "text"),
    ("agency_id", "bigint"), ("estate_id", "bigint"), ("community_id", "bigint"), ("street_id", "bigint"),
    ("area_id", "bigint"), ("uscc", "text"), ("address", "text"), ("phone", "text"), ("digits", "text"),
)  # fmt: skip
_LEVELS = ("city_id", "county_id", "street_id", "community_id", "division_id")
# A flag that holds since its unit was entered says nothing of the days before: then it held on them, too.
_CARRIED = (
    "EXISTS (SELECT 1 FROM inspections_unitflag f WHERE f.unit_id = u.id AND f.flag = '{flag}'"
    " AND (f.valid_from <= {day} OR f.valid_from = u.registered_on)"
    " AND (f.valid_to IS NULL OR f.valid_to >= {day}))"
)


class StationRun:
    """One load of a station's workbook."""

    def __init__(self, reading: Any, *, dry_run: bool, is_demo: bool, import_id: int | None):
        self.reading = reading
        self.by = reading.by
        self.at = reading.at
        self.day: date = reading.day
        self.dry_run = dry_run
        self.is_demo = is_demo
        self.import_id = import_id
        self.outcome = reading.outcome
        self.places = reading.places()
        self.agencies = Agencies(self.by, self.places)
        self.units = UnitBook(self.places, on=self.day)
        self.links = Links(self.places, self.agencies)
        self.officers = Officers()
        self.book = rulebooks.load("exchange", on=self.day)
        self.papers = {key: Papers(_STORED[key]) for key in ("orders", "fines")}
        self._notes = 0

    # --- reading -------------------------------------------------------------------------------------------------

    def go(self) -> tuple[int, int]:
        """Stage every sheet, then merge; return (good rows, of which new)."""
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE IF EXISTS {', '.join((*TABLES.values(), *_TEMPORARY))}")
        self._look_up()
        staged: dict[str, int] = {}
        for part in PARTS:
            sheets = [s for s in self.reading.plan.sheets if s.kind.key == part]
            if not sheets:
                continue
            rejected = self.outcome.rejected
            rows = self.reading.rows(self._check_for(part), sheets)
            staged[part] = loading.stage(_COLUMNS[part], rows, table=TABLES[part])
            self.outcome.kinds[part] = {
                "rows": staged[part] + self.outcome.rejected - rejected,
                "loaded": 0,
                "duplicates": 0,
                "rejected": self.outcome.rejected - rejected,
            }
        self.reading.tell(self.reading.seen, self.reading.total, _("正在写入"))
        made = self._units(staged.get("units", 0))
        made += sum(self._counted(staged))
        for part, counts in self.outcome.kinds.items():
            counts["duplicates"] = staged[part] - counts["loaded"]
        return sum(staged.values()), made

    def _counted(self, staged: dict[str, int]) -> Iterator[int]:
        """Merge (or count) each kind in its order."""
        merges: dict[str, Callable[[], int]] = {
            "visits": self._visits,
            "findings": self._findings,
            "orders": self._orders,
            "fines": self._fines,
        }
        for part, merge in merges.items():
            if part not in staged:
                continue
            self.reading.tell(
                self.reading.seen,
                self.reading.total,
                _("正在写入%(what)s") % {"what": Import.Kind(part).label},
            )
            if self.dry_run:
                count = loading.count_new(_STORED[part], "source_key", staged=TABLES[part])
            else:
                count = merge()
            self.outcome.kinds[part]["loaded"] = count
            yield count
        if "visits" in staged and "findings" in staged:
            self._say_differences()
        if "visits" in staged and not self.dry_run:
            self._rechecks()

    def _look_up(self) -> None:
        """Ask the database once for all numbers of the workbook; nothing when it holds no ledger of these agencies."""
        ids = list(self.agencies.by_id)
        wanted: dict[str, set[str]] = {"visits": set(), "orders": set(), "fines": set()}
        fields = {
            "visits": [("visits", "number")],
            "findings": [("visits", "visit_number")],
            "orders": [("visits", "visit_number"), ("orders", "number")],
            "fines": [("visits", "visit_number"), ("fines", "number")],
        }
        models: dict[str, Any] = {"visits": Visit, "orders": Order, "fines": Penalty}
        known = {
            key: model.objects.filter(agency__in=ids).exclude(source_number="").exists()
            for key, model in models.items()
        }
        for sheet in self.reading.plan.sheets:
            asked = [
                (key, sheet.header.fields[field])
                for key, field in fields.get(sheet.kind.key, ())
                if known[key] and field in sheet.header.fields
            ]
            if not asked:
                continue
            for _number, row in data_rows(sheet.sheet, sheet.header, sheet.kind, self.reading.plan.words):
                for key, position in asked:
                    if number := "".join(rules.as_text(row[position]).split())[:40]:
                        wanted[key].add(number)
        self.links.look_up(sorted(wanted["visits"]))
        for key, papers in self.papers.items():
            if wanted[key]:
                papers.look_up(sorted(wanted[key]), ids)

    def _check_for(self, part: str) -> Callable[[Any], Callable]:
        shared: dict[str, Any] = {
            "at": self.at,
            "agencies": self.agencies,
            "units": self.units,
            "links": self.links,
            "officers": self.officers,
            "book": self.book,
        }
        more: dict[str, Any] = {}
        classes = ClassFinder("hazard", on=self.day)
        terms = rulebooks.load("penalties", on=self.day)
        maker: Any = {"units": UnitCheck, "visits": VisitCheck, "orders": OrderCheck, "fines": FineCheck}.get(
            part
        )
        if part == "orders":
            more = {"papers": self.papers["orders"], "terms": terms["service"], "classes": classes}
        elif part == "fines":
            more = {
                "papers": self.papers["fines"],
                "offences": Offences(classes),
                "pay_within": terms["payment"]["pay_within"],
            }
        elif part == "findings":
            companies = Companies()
            router = Router("hazard", self.places.areas, on=self.day)

        def check(sheet: Any) -> Callable:
            station = {
                "columns": sheet.kind.columns,
                "sheet": sheet.sheet.name,
                "year": sheet.year,
                "usual": self.agencies.of_sheet(sheet.head),
                "note": lambda number, said: self._note(sheet.sheet.name, number, said),
                **shared,
            }
            header, words = sheet.header, self.reading.plan.words
            if part != "findings":
                return maker(header, words, **station, **more)
            return FindingCheck(
                header,
                words,
                station=VisitCheck(header, words, **station),
                kind="hazard",
                columns=sheet.kind.columns,
                sheet=sheet.sheet.name,
                places=self.places,
                classes=classes,
                companies=companies,
                router=router,
                year=sheet.year,
                at=self.at,
            )

        return check

    def _note(self, sheet: str, number: int, said: str) -> None:
        """Keep something worth knowing of a row that does not send it back."""
        self._notes += 1
        if self._notes <= MOST_NOTES:
            self.outcome.notes.append(
                _("“%(sheet)s”第 %(row)s 行：%(said)s") % {"sheet": sheet, "row": number, "said": said}
            )
        elif self._notes == MOST_NOTES + 1:
            self.outcome.notes.append(_("其余提示从略。"))

    def _say_differences(self) -> None:
        """Note the visits whose own count of hazards is not that of the list of hazards."""
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                SELECT v.sheet, v.number, v.source_number, v.said, coalesce(f.found, 0)
                FROM ledger_visits v
                LEFT JOIN (SELECT visit_key, count(DISTINCT source_key) AS found FROM {loading.STAGE} GROUP BY 1) f
                  ON f.visit_key = v.source_key
                WHERE v.said IS NOT NULL AND v.said <> coalesce(f.found, 0)
                ORDER BY v.line LIMIT %s
                """,  # noqa: S608
                [MOST_NOTES + 1],
            )
            for sheet, number, visit, said, found in cursor.fetchall():
                self._note(
                    sheet,
                    number,
                    _("检查编号“%(visit)s”写有隐患 %(said)s 处，隐患清单中可导入 %(found)s 处。")
                    % {"visit": visit, "said": said, "found": found},
                )

    # --- units ---------------------------------------------------------------------------------------------------

    def _units(self, listed: int) -> int:
        """Find the units that are there, enter the others, suggest what may be one; returns how many listed are new."""
        units = self.units.units
        rows = (
            (
                unit.seq, unit.kind, unit.name, unit.key, unit.source_key, unit.agency_id,
                unit.spot.estate_id if unit.kind == ESTATE else None, unit.spot.community_id, unit.spot.street_id,
                unit.spot.area_id, unit.uscc, "".join(unit.address.split()),
                "".join(c for c in unit.phone if c.isdigit()), "".join(c for c in unit.key if c.isdigit()),
            )
            for unit in units
        )  # fmt: skip
        loading.stage(_NAMED, rows, table="ledger_named")
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE ledger_named ADD unit_id bigint, ADD known boolean")
            for statement in _MATCHES:
                cursor.execute(statement)
            cursor.execute("UPDATE ledger_named SET known = unit_id IS NOT NULL")
            cursor.execute("SELECT seq FROM ledger_named WHERE NOT known ORDER BY seq")
            fresh = [units[seq] for (seq,) in cursor.fetchall()]
        pairs = self._alike(fresh)
        if fresh and not self.dry_run:
            self._enter(fresh, pairs)
        found: dict[str, int] = {
            "matched": len(units) - len(fresh),
            "made": len(fresh),
            "suggested": len({one for one, _unit, _seq, _how in pairs}),
        }
        self.outcome.units = found
        if not listed:
            return 0
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(DISTINCT n.seq) FROM ledger_units s JOIN ledger_named n ON n.seq = s.unit"
                " WHERE NOT n.known"
            )
            count = cursor.fetchone()[0]
        self.outcome.kinds["units"]["loaded"] = count
        return count

    def _enter(self, fresh: list[Named], pairs: list[tuple[int, int | None, int | None, Any]]) -> None:
        """Enter new units in the register, and keep what they may be one with."""
        ids = bulk.enter(
            [bulk.Row(**columns_of(unit), is_demo=self.is_demo) for unit in fresh], by=self.by, at=self.at
        )
        seqs = [unit.seq for unit in fresh]
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE ledger_named n SET unit_id = t.id"
                " FROM unnest(%s::int[], %s::bigint[]) AS t(seq, id) WHERE n.seq = t.seq",
                [seqs, ids],
            )
            cursor.execute("ANALYZE ledger_named")
        id_of = dict(zip(seqs, ids, strict=True))
        counties = {unit.seq: unit.spot.county_id for unit in fresh}
        UnitMatch.objects.bulk_create(
            (
                UnitMatch(
                    unit_id=min(pair), other_id=max(pair), score=how.score, reasons=list(how.reasons),
                    suggested_at=self.at, county_id=counties[one],
                )
                for one, other, seq, how in pairs
                if (pair := (id_of[one], other if other is not None else id_of[seq or 0]))[0] != pair[1]
            ),
            batch_size=2000,
            ignore_conflicts=True,
        )  # fmt: skip

    def _alike(self, fresh: list[Named]) -> list[tuple[int, int | None, int | None, Any]]:
        """List (new unit's seq, unit in the register or None, another new one's seq or None, how alike they are).

        Only units of one street that share a rare piece of their names, an address or a telephone are compared.
        """
        if not any(unit.kind != ESTATE for unit in fresh):
            return []
        rule = rulebooks.load("units", on=self.day)["matching"]
        limits = self.book["unit_likeness"]
        found: dict[int, list[tuple[int, int | None, int | None, Any]]] = {}
        with connection.cursor() as cursor:
            for statement in _POOL:
                cursor.execute(statement)
            cursor.execute(_COMMON, [limits["common"], limits["common_share"]])
            cursor.execute(_RARE)
            cursor.execute("ANALYZE ledger_pieces")
            cursor.execute("ANALYZE ledger_rare")
            cursor.execute(_PAIRS, [limits["rare_shared"], limits["share"]])
            columns = ("name", "address", "uscc", "community_id", "street_id")
            for one, unit_id, seq, phone, *entries in cursor:
                half = len(columns)
                how = matching.likeness(
                    dict(zip(columns, entries[:half], strict=True)),
                    dict(zip(columns, entries[half:], strict=True)),
                    rule=rule,
                )
                if how.score < rule["least"] and not phone:
                    continue
                found.setdefault(one, []).append((one, unit_id, seq, how))
        return [
            pair
            for pairs in found.values()
            for pair in sorted(pairs, key=lambda p: -p[3].score)[: limits["most"]]
        ]

    # --- visits --------------------------------------------------------------------------------------------------

    def _visits(self) -> int:
        staged_findings = "findings" in self.outcome.kinds
        with connection.cursor() as cursor:
            self._new(cursor, "ledger_visits", "inspections_visit")
            joined = (
                "FROM ledger_visits s JOIN ledger_fresh n USING (line) JOIN ledger_named d ON d.seq = s.unit"
                " JOIN inspections_unit u ON u.id = d.unit_id"
            )
            same = (
                *(
                    "source_key",
                    "source_number",
                    "agency_id",
                    "kind",
                    "visited_on",
                    "began_at",
                    "finished_at",
                ),
                *("met", "signed_by", "refusal", "campaign"),
            )
            count = self._insert(
                cursor,
                Visit,
                {
                    "unit_id": "u.id",
                    "state": f"'{VisitState.FINISHED}'",
                    **{name: f"u.{name}" for name in _LEVELS},
                    **{name: f"s.{name}" for name in same},
                },
                f"{joined} ORDER BY s.visited_on, s.line",
            )
            if not count:
                return 0
            self._facts(cursor, joined, staged_findings)
            self._parts(cursor)
            self._events(cursor, "inspections.imported", Visit, "ledger_visits")
            cursor.execute("SELECT DISTINCT unit_id FROM ledger_facts")
            touched = [unit_id for (unit_id,) in cursor.fetchall()]
        counting.renumber_previous(touched)
        coverage.recompute(touched)
        return count

    def _facts(self, cursor: Any, joined: str, staged_findings: bool) -> None:
        """Gather what the parts of the new visits are counted by, and which form each used."""
        found = "(SELECT NULL::text AS visit_key, 0::bigint AS found, false AS at_once)"
        if staged_findings:
            found = (
                "(SELECT visit_key, count(DISTINCT source_key) AS found, bool_and(at_once) AS at_once"  # noqa: S608
                f" FROM {loading.STAGE} GROUP BY 1)"
            )
        cursor.execute(
            f"""
            CREATE TEMPORARY TABLE ledger_facts ON COMMIT DROP AS
            SELECT m.id AS visit_id, s.line, u.id AS unit_id, u.kind AS unit_kind, s.kind, s.visited_on,
                   s.finished_at, s.note, s.officers, s.joint, s.agency_id, s.agency_kind, s.conclusion, s.said,
                   u.city_id, u.county_id, u.street_id, u.community_id, u.division_id,
                   {_CARRIED.format(flag="old_community", day="s.visited_on")} AS is_old_community,
                   {_CARRIED.format(flag="high_rise", day="s.visited_on")} AS is_high_rise,
                   coalesce(f.found, 0) AS found, coalesce(f.at_once, false) AS at_once
            {joined}
            JOIN ledger_made m ON m.source_key = s.source_key
            LEFT JOIN {found} f ON f.visit_key = s.source_key
            """
        )
        cursor.execute(
            """
            CREATE TEMPORARY TABLE ledger_parts ON COMMIT DROP AS
            SELECT f.*, a.agency AS part_agency_id, a.agency_kind AS part_agency_kind, a.leads
            FROM ledger_facts f
            CROSS JOIN LATERAL (
                SELECT f.agency_id AS agency, f.agency_kind, true AS leads
                UNION ALL
                SELECT (j->>0)::bigint, j->>1, false FROM jsonb_array_elements(f.joint::jsonb) j
                WHERE f.joint <> '[]'
            ) a
            """
        )
        cursor.execute("ANALYZE ledger_parts")
        cursor.execute(
            "SELECT DISTINCT unit_kind, part_agency_kind, is_old_community, visited_on FROM ledger_parts"
        )
        forms = [(*asked, *_form(*asked)) for asked in cursor.fetchall()]
        cursor.execute(
            "CREATE TEMPORARY TABLE ledger_forms (unit_kind text, part_agency_kind text, is_old_community boolean,"
            " visited_on date, checklist text, edition date) ON COMMIT DROP"
        )
        with cursor.copy("COPY ledger_forms FROM STDIN") as copy:
            for form in forms:
                copy.write_row(form)
        cursor.execute("ANALYZE ledger_forms")

    def _parts(self, cursor: Any) -> None:
        """Write each agency's part of the new visits with the preceding day of its unit, and its officers."""
        cursor.execute(
            """
            CREATE TEMPORARY TABLE ledger_before ON COMMIT DROP AS
            SELECT visit_id, agency_id, previous_on FROM (
                SELECT visit_id, agency_id, fresh,
                       lag(visited_on) OVER (PARTITION BY unit_id, agency_kind ORDER BY visited_on, fresh, line, id)
                       AS previous_on
                FROM (
                    SELECT p.visit_id, p.agency_id, p.unit_id, p.agency_kind, p.visited_on, false AS fresh,
                           0::bigint AS line, p.id
                    FROM inspections_visitpart p
                    WHERE p.unit_id IN (SELECT unit_id FROM ledger_facts) AND p.visited_on IS NOT NULL
                    UNION ALL
                    SELECT visit_id, part_agency_id, unit_id, part_agency_kind, visited_on, true, line, 0
                    FROM ledger_parts
                ) every
            ) dated WHERE fresh
            """
        )
        cursor.execute("ANALYZE ledger_before")
        same = (
            *("visit_id", "unit_id", "unit_kind", "kind", "visited_on", "is_old_community", "is_high_rise"),
            *_LEVELS,
        )
        sql, params = insert_select(
            VisitPart,
            {
                **{name: f"s.{name}" for name in same},
                "agency_id": "s.part_agency_id",
                "agency_kind": "s.part_agency_kind",
                "checklist": "c.checklist",
                "edition": "c.edition",
                "conclusion": _CONCLUSION,
                "note": "CASE WHEN s.leads THEN s.note ELSE '' END",
                "concluded_at": "s.finished_at",
                "previous_on": "b.previous_on",
                "findings_count": "CASE WHEN s.leads THEN s.found ELSE 0 END",
                "is_demo": _truth(self.is_demo),
            },
            "FROM ledger_parts s JOIN ledger_forms c USING (unit_kind, part_agency_kind, is_old_community, visited_on)"
            " JOIN ledger_before b ON b.visit_id = s.visit_id AND b.agency_id = s.part_agency_id"
            " ORDER BY s.visited_on, s.line",
        )
        cursor.execute(sql, params)
        sql, params = insert_select(
            VisitOfficer,
            {"part_id": "p.id", "person_id": "(o->>2)::bigint", "name": "o->>0", "badge": "o->>1"},
            "FROM ledger_facts s JOIN inspections_visitpart p"
            " ON p.visit_id = s.visit_id AND p.agency_id = s.agency_id"
            " CROSS JOIN LATERAL jsonb_array_elements(s.officers::jsonb) o WHERE s.officers <> '[]'",
        )
        cursor.execute(sql, params)

    def _rechecks(self) -> None:
        """Let each new re-check follow the newest visit of its unit before it that found something."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass('pg_temp.ledger_facts')")
            if cursor.fetchone()[0] is None:
                return
            cursor.execute(
                """
                UPDATE inspections_visit v SET follows_id = before.id
                FROM ledger_facts s
                CROSS JOIN LATERAL (
                    SELECT p.id FROM inspections_visit p
                    WHERE p.unit_id = s.unit_id AND p.visited_on < s.visited_on
                      AND EXISTS (SELECT 1 FROM inspections_finding f WHERE f.visit_id = p.id)
                    ORDER BY p.visited_on DESC, p.id DESC LIMIT 1
                ) before
                WHERE v.id = s.visit_id AND s.kind = 'recheck'
                """
            )

    # --- findings ------------------------------------------------------------------------------------------------

    def _findings(self) -> int:
        with connection.cursor() as cursor:
            for statement in _SEEN:
                cursor.execute(statement)
        fresh = "NOT s.again AND NOT EXISTS (SELECT 1 FROM inspections_finding f WHERE f.source_key = s.source_key)"
        loading.merge_cases(
            kind="hazard",
            by=self.by,
            at=self.at,
            import_id=self.import_id,
            is_demo=self.is_demo,
            where=fresh,
        )
        with connection.cursor() as cursor:
            self._new(cursor, loading.STAGE, "inspections_finding")
            place = tuple(f"v.{name}" for name in _LEVELS)
            count = self._insert(
                cursor,
                Finding,
                {
                    **dict(zip(_LEVELS, place, strict=True)),
                    "visit_id": "v.id",
                    "part_id": "p.id",
                    "unit_id": "v.unit_id",
                    "unit_kind": "p.unit_kind",
                    "case_id": "k.id",
                    "class_code": "s.class_code",
                    "top_class": "s.top_class",
                    "severity": "s.severity",
                    "place": "s.place",
                    "text": "left(s.body, 1000)",
                    "agency_id": "v.agency_id",
                    "agency_kind": "p.agency_kind",
                    "found_on": "v.visited_on",
                    "at_once": "s.at_once",
                    "is_new": "NOT s.again",
                    "counted": "NOT s.again",
                    "rectified_on": "CASE WHEN s.rectified_on IS NOT NULL THEN s.rectified_on WHEN k.state = 'closed'"
                    f" THEN greatest((k.closed_at AT TIME ZONE '{_ZONE}')::date, v.visited_on) END",
                    "is_old_community": "p.is_old_community",
                    "is_high_rise": "p.is_high_rise",
                    "source_key": "s.source_key",
                    "source_number": "s.source_number",
                },
                f"FROM {loading.STAGE} s JOIN ledger_fresh n USING (line)"
                " JOIN inspections_visit v ON v.source_key = s.visit_key"
                " JOIN inspections_visitpart p ON p.visit_id = v.id AND p.agency_id = v.agency_id"
                " LEFT JOIN cases_case k ON k.source_key = coalesce(s.head, s.source_key)"
                " ORDER BY v.visited_on, s.line",
            )
            # Visits that were there before this load have more findings now; the new ones were counted with them.
            cursor.execute(
                f"""
                UPDATE inspections_visitpart p SET findings_count = c.found
                FROM (SELECT f.part_id, count(*) AS found FROM inspections_finding f
                      WHERE f.visit_id IN (SELECT v.id FROM inspections_visit v
                                           JOIN {loading.STAGE} s ON s.visit_key = v.source_key)
                      GROUP BY 1) c
                WHERE p.id = c.part_id AND p.findings_count <> c.found
                """  # noqa: S608
            )
        return count

    # --- orders and fines ----------------------------------------------------------------------------------------

    def _orders(self) -> int:
        with connection.cursor() as cursor:
            self._new(cursor, "ledger_orders", "orders_order")
            same = (
                *(
                    "source_key",
                    "source_number",
                    "agency_id",
                    "kind",
                    "state",
                    "recipient",
                    "issued_at",
                    "due_on",
                ),
                *(
                    "serve_by",
                    "served_at",
                    "served_how",
                    "served_to",
                    "recheck_by",
                    "complied_on",
                ),
            )
            count = self._insert(
                cursor,
                Order,
                {
                    **_places_of("u"),
                    **{name: f"s.{name}" for name in same},
                    "unit_id": "u.id",
                    "visit_id": "v.id",
                    "company_id": "(SELECT min(c.id) FROM organisations_organisation c"
                    " WHERE c.kind = 'property_company' AND c.name = s.recipient)",
                    "written_number": "s.source_number",
                },
                "FROM ledger_orders s JOIN ledger_fresh n USING (line)"
                " LEFT JOIN inspections_visit v ON v.source_key = s.visit_key"
                " LEFT JOIN ledger_named d ON d.seq = s.unit"
                " LEFT JOIN inspections_unit u ON u.id = coalesce(v.unit_id, d.unit_id)"
                " LEFT JOIN organisations_organisation g ON g.id = s.agency_id"
                " LEFT JOIN territory_area a ON a.id = g.area_id"
                " ORDER BY s.issued_at, s.line",
            )
            if count:
                self._lines(cursor)
                self._events(cursor, "orders.imported", Order, "ledger_orders")
        return count

    def _lines(self, cursor: Any) -> None:
        """Let each new order name its hazards: those that name it, else all of its visit when it is the only order."""
        cursor.execute(
            "CREATE TEMPORARY TABLE IF NOT EXISTS ledger_naming (source_key text, order_number text) ON COMMIT DROP"
        )
        if "findings" in self.outcome.kinds:
            cursor.execute(
                "INSERT INTO ledger_naming SELECT DISTINCT source_key, order_number"  # noqa: S608
                f" FROM {loading.STAGE} WHERE order_number <> ''"
            )
        cursor.execute("ANALYZE ledger_naming")
        sql, params = insert_select(
            OrderLine,
            {
                "order_id": "o.id",
                "case_id": "f.case_id",
                "finding_id": "f.id",
                "class_code": "f.class_code",
                "place": "f.place",
                "text": "f.text",
                "due_on": "o.due_on",
            },
            "FROM ledger_made m JOIN orders_order o ON o.id = m.id"
            " JOIN inspections_finding f ON f.visit_id = o.visit_id"
            " LEFT JOIN ledger_naming w ON w.source_key = f.source_key"
            " WHERE w.order_number = o.source_number OR (w.order_number IS NULL AND NOT EXISTS"
            " (SELECT 1 FROM orders_order e WHERE e.visit_id = o.visit_id AND e.id <> o.id))",
            conflict="ON CONFLICT DO NOTHING",
        )
        cursor.execute(sql, params)
        # An order of which no hazard is known names what its own text says.
        sql, params = insert_select(
            OrderLine,
            {"order_id": "m.id", "class_code": "s.line_class", "text": "s.line_text", "due_on": "s.due_on"},
            "FROM ledger_orders s JOIN ledger_fresh n USING (line) JOIN ledger_made m USING (source_key)"
            " WHERE s.line_class <> '' AND NOT EXISTS"
            " (SELECT 1 FROM orders_orderline l WHERE l.order_id = m.id)",
        )
        cursor.execute(sql, params)

    def _fines(self) -> int:
        with connection.cursor() as cursor:
            self._new(cursor, "ledger_fines", "penalties_penalty")
            same = (
                *("source_key", "source_number", "agency_id", "agency_kind", "offence", "edition", "article"),
                *(
                    "procedure",
                    "state",
                    "party_kind",
                    "party_name",
                    "company_id",
                    "facts",
                    "warning",
                    "amount",
                ),
                *("filed_at", "decided_at", "decided_on", "pay_by", "paid_amount", "paid_on"),
            )
            count = self._insert(
                cursor,
                Penalty,
                {
                    **_places_of("u"),
                    **{name: f"s.{name}" for name in same},
                    "party_sealed": "s.sealed",
                    "unit_id": "u.id",
                    "unit_kind": "coalesce(u.kind, '')",
                    "visit_id": "v.id",
                    "finding_id": "f.id",
                    "case_id": "f.case_id",
                    "class_code": "coalesce(f.class_code, s.class_code)",
                    "top_class": "coalesce(f.top_class, s.top_class)",
                    "is_old_community": f"u.id IS NOT NULL AND "
                    f"{_CARRIED.format(flag='old_community', day='s.decided_on')}",
                    "served_at": "s.decided_at",
                    "written_number": "s.source_number",
                },
                "FROM ledger_fines s JOIN ledger_fresh n USING (line)"
                " LEFT JOIN inspections_visit v ON v.source_key = s.visit_key"
                " LEFT JOIN ledger_named d ON d.seq = s.unit"
                " LEFT JOIN inspections_unit u ON u.id = coalesce(v.unit_id, d.unit_id)"
                " LEFT JOIN LATERAL (SELECT f.id, f.case_id, f.class_code, f.top_class FROM inspections_finding f"
                "   WHERE f.visit_id = v.id AND (s.class_code = '' OR f.class_code = s.class_code)"
                "   ORDER BY f.id LIMIT 1) f ON true"
                " LEFT JOIN organisations_organisation g ON g.id = s.agency_id"
                " LEFT JOIN territory_area a ON a.id = g.area_id"
                " ORDER BY s.decided_on, s.line",
            )
            if not count:
                return 0
            joined = (
                "FROM ledger_fines s JOIN ledger_fresh n USING (line) JOIN ledger_made m USING (source_key)"
            )
            sql, params = insert_select(
                PenaltyOfficer,
                {"penalty_id": "m.id", "person_id": "(o->>2)::bigint", "name": "o->>0", "badge": "o->>1"},
                f"{joined} CROSS JOIN LATERAL jsonb_array_elements(s.officers::jsonb) o WHERE s.officers <> '[]'",
            )
            cursor.execute(sql, params)
            sql, params = insert_select(
                Payment,
                {
                    "penalty_id": "m.id",
                    "principal": "s.paid_amount",
                    "surcharge": "0",
                    "paid_on": "s.paid_in_part_on",
                    "way": "s.way",
                    "receipt": "s.receipt",
                    "recorded_by": "(%s)::varchar(120)",
                    "recorded_at": "(%s)::timestamptz",
                    "handed_in_on": "CASE WHEN s.way = 'spot' THEN s.paid_in_part_on END",
                },
                f"{joined} WHERE s.paid_amount > 0",
                params=(f"{self.by.post} {self.by.name}".strip()[:120], self.at),
            )
            cursor.execute(sql, params)
            self._events(cursor, "penalties.imported", Penalty, "ledger_fines")
        return count

    # --- what they share -----------------------------------------------------------------------------------------

    def _new(self, cursor: Any, staged: str, table: str) -> None:
        """Choose the staged rows that a table does not hold; of identical ones the first."""
        cursor.execute("DROP TABLE IF EXISTS ledger_fresh, ledger_made")
        cursor.execute(
            f"""
            CREATE TEMPORARY TABLE ledger_fresh ON COMMIT DROP AS
            SELECT DISTINCT ON (s.source_key) s.line FROM {staged} s
            WHERE NOT EXISTS (SELECT 1 FROM {table} t WHERE t.source_key = s.source_key)
            ORDER BY s.source_key, s.line
            """  # noqa: S608
        )
        cursor.execute("ANALYZE ledger_fresh")
        cursor.execute("CREATE TEMPORARY TABLE ledger_made (id bigint, source_key text) ON COMMIT DROP")

    def _insert(self, cursor: Any, model: Any, given: dict[str, str], source: str) -> int:
        """Insert the new rows and remember their ids in `ledger_made`; returns how many there were."""
        sql, params = insert_select(
            model,
            {**given, "is_demo": _truth(self.is_demo)},
            source,
            conflict="ON CONFLICT (source_key) WHERE source_key IS NOT NULL DO NOTHING",
            returning="RETURNING id, source_key",
        )
        keep = "INSERT INTO ledger_made SELECT id, source_key FROM made"
        cursor.execute(f"WITH made AS ({sql}) {keep}", params)
        count: int = cursor.rowcount
        cursor.execute("ANALYZE ledger_made")
        return count

    def _events(self, cursor: Any, name: str, model: Any, staged: str) -> None:
        """Record one event for each new row: where it came from."""
        by = self.by
        sql, params = insert_select(
            Event,
            {
                "name": f"'{name}'",
                "subject_type": f"'{model._meta.label_lower}'",
                "subject_id": "m.id",
                "actor_kind": "(%s)::varchar(10)",
                "actor_id": "(%s)::bigint",
                "actor_name": "(%s)::varchar(60)",
                "actor_post": "(%s)::varchar(120)",
                "at": "(%s)::timestamptz",
                "data": "s.data::jsonb || jsonb_build_object('import', (%s)::bigint)",
            },
            f"FROM {staged} s JOIN ledger_fresh n USING (line) JOIN ledger_made m USING (source_key)",
            params=(by.kind, by.account_id, by.name[:60], by.post[:120], self.at, self.import_id),
        )
        cursor.execute(sql, params)


def _truth(value: bool) -> str:
    return "true" if value else "false"


def _form(unit_kind: str, agency_kind: str, is_old: bool, on: date) -> tuple[str, date]:
    """Return the checklist and edition that an agency used on a day; before the first edition, the first."""
    first = rulebooks.editions("units")[0][0]
    flags = ("old_community",) if is_old else ()
    found = checklists.for_unit(unit_kind, agency_kind, flags=flags, on=max(on, first))
    return found.key, found.edition


def _places_of(unit: str) -> dict[str, str]:
    """Return the levels of a unit, or those of the agency's own area where there is no unit."""
    own = {
        "city_id": "CASE WHEN a.level = 2 THEN a.id ELSE a.city_id END",
        "county_id": "CASE WHEN a.level = 3 THEN a.id ELSE a.county_id END",
        "street_id": "CASE WHEN a.level = 4 THEN a.id ELSE a.street_id END",
        "community_id": "CASE WHEN a.level = 5 THEN a.id END",
        "division_id": "a.division_id",
    }
    return {
        name: f"CASE WHEN {unit}.id IS NOT NULL THEN {unit}.{name} ELSE {expression} END"
        for name, expression in own.items()
    }


# Which units of the register a workbook's units are: by estate, by the key of an earlier load, by credit code in one
# street, by exact name in one community (one street where either names none). Of two answers none is taken.
_OPEN = "u.ended_on IS NULL AND n.unit_id IS NULL"
_MATCHES = (
    "ANALYZE ledger_named",
    f"""
    UPDATE ledger_named n SET unit_id = u.id FROM inspections_unit u
    WHERE u.kind = 'estate' AND u.estate_id = n.estate_id AND {_OPEN}
    """,  # noqa: S608
    """
    UPDATE ledger_named n SET unit_id = coalesce(u.merged_into_id, u.id) FROM inspections_unit u
    WHERE u.source_key = n.source_key AND n.unit_id IS NULL AND (u.ended_on IS NULL OR u.merged_into_id IS NOT NULL)
    """,
    f"""
    UPDATE ledger_named n SET unit_id = f.id FROM (
        SELECT n.seq, min(u.id) AS id FROM ledger_named n
        JOIN inspections_unit u ON u.uscc = n.uscc AND u.uscc <> ''
        WHERE {_OPEN} AND u.street_id IS NOT DISTINCT FROM n.street_id AND n.estate_id IS NULL
        GROUP BY n.seq HAVING count(*) = 1
    ) f WHERE f.seq = n.seq
    """,  # noqa: S608
    f"""
    UPDATE ledger_named n SET unit_id = f.id FROM (
        SELECT n.seq, min(u.id) AS id FROM ledger_named n
        JOIN inspections_unit u ON u.name_key = n.name_key AND u.street_id = n.street_id
        WHERE {_OPEN} AND n.estate_id IS NULL AND u.kind <> 'estate'
          AND (u.community_id = n.community_id OR u.community_id IS NULL OR n.community_id IS NULL)
          AND (u.uscc = '' OR n.uscc = '' OR u.uscc = n.uscc)
        GROUP BY n.seq HAVING count(*) = 1
    ) f WHERE f.seq = n.seq
    """,  # noqa: S608
)
_POOL = (
    """
    CREATE TEMPORARY TABLE ledger_pool ON COMMIT DROP AS
    SELECT row_number() OVER () AS id, every.* FROM (
        SELECT NULL::bigint AS unit_id, seq, kind, name, name_key, street_id, community_id, uscc, address, phone, digits
        FROM ledger_named WHERE NOT known AND kind <> 'estate' AND street_id IS NOT NULL
        UNION ALL
        SELECT u.id, NULL, u.kind, u.name, u.name_key, u.street_id, u.community_id, u.uscc,
               regexp_replace(u.address, '\\s', '', 'g'), regexp_replace(u.phone, '\\D', '', 'g'),
               regexp_replace(u.name_key, '\\D', '', 'g')
        FROM inspections_unit u
        WHERE u.ended_on IS NULL AND u.kind <> 'estate' AND u.street_id IN
            (SELECT street_id FROM ledger_named WHERE NOT known AND kind <> 'estate')
    ) every
    """,
    """
    CREATE TEMPORARY TABLE ledger_pieces ON COMMIT DROP AS
    SELECT p.id, p.street_id, p.unit_id IS NULL AS fresh, piece FROM ledger_pool p
    CROSS JOIN LATERAL (
        SELECT DISTINCT substr(p.name_key, i, 2) AS piece FROM generate_series(1, length(p.name_key) - 1) i
        UNION ALL SELECT 'a:' || p.address WHERE length(p.address) > 5
        UNION ALL SELECT 'p:' || p.phone WHERE length(p.phone) > 6
    ) t
    """,
    "CREATE INDEX ON ledger_pieces (street_id, piece)",
)
# A piece that many units of a street share (超市, 有限公司) tells nothing, and would compare all with all.
_COMMON = """
    DELETE FROM ledger_pieces p USING
        (SELECT t.street_id, t.piece FROM ledger_pieces t
         JOIN (SELECT street_id, count(*) AS units FROM ledger_pool GROUP BY 1) o USING (street_id)
         GROUP BY 1, 2 HAVING count(*) > greatest(%s, max(o.units) * %s)) c
    WHERE c.street_id = p.street_id AND c.piece = p.piece
"""
_RARE = """
    CREATE TEMPORARY TABLE ledger_rare ON COMMIT DROP AS
    SELECT id, count(*) AS pieces FROM ledger_pieces WHERE length(piece) = 2 GROUP BY 1
"""
# Names whose figures differ (3号店, 5号店) are two, unless address or telephone say otherwise.
_PAIRS = """
    SELECT one.seq, other.unit_id, other.seq, one.phone = other.phone AND length(one.phone) > 6,
           one.name, one.address, one.uscc, one.community_id, one.street_id,
           other.name, other.address, other.uscc, other.community_id, other.street_id
    FROM (
        SELECT a.id AS one, b.id AS other, count(*) FILTER (WHERE length(a.piece) = 2) AS shared,
               bool_or(length(a.piece) > 2) AS traced
        FROM ledger_pieces a
        JOIN ledger_pieces b ON b.street_id = a.street_id AND b.piece = a.piece
         AND (NOT b.fresh OR b.id > a.id)
        WHERE a.fresh
        GROUP BY 1, 2
    ) pair
    JOIN ledger_pool one ON one.id = pair.one
    JOIN ledger_pool other ON other.id = pair.other
    LEFT JOIN ledger_rare r ON r.id = pair.one
    LEFT JOIN ledger_rare o ON o.id = pair.other
    WHERE one.kind = other.kind
      AND (pair.traced OR (one.digits = other.digits AND pair.shared > %s * least(r.pieces, o.pieces)
                           AND similarity(one.name_key, other.name_key) >= %s))
"""
_CONCLUSION = (
    "CASE WHEN s.conclusion IN ('refused', 'closed') THEN s.conclusion"
    " WHEN s.found > 0 THEN CASE WHEN s.at_once THEN 'corrected' ELSE 'problems' END"
    " WHEN s.conclusion = 'corrected' THEN 'corrected'"
    " WHEN coalesce(s.said, 0) > 0 THEN 'problems' ELSE 'clean' END"
)
# A hazard seen again while it was still there is not a new one: same unit, class and place as an earlier finding that
# was not yet put right that day. `head` is the key of the one it began with.
_SEEN = (
    f"ALTER TABLE {loading.STAGE} ADD again boolean DEFAULT false, ADD head text",
    f"""
    CREATE TEMPORARY TABLE ledger_seen ON COMMIT DROP AS
    WITH every AS (
        SELECT s.line, s.source_key, v.unit_id, s.class_code, s.place, v.visited_on AS found_on, s.rectified_on, v.kind
        FROM (SELECT DISTINCT ON (source_key) * FROM {loading.STAGE} ORDER BY source_key, line) s
        JOIN inspections_visit v ON v.source_key = s.visit_key
        WHERE NOT EXISTS (SELECT 1 FROM inspections_finding f WHERE f.source_key = s.source_key)
    ), both_kinds AS (
        SELECT line, source_key, unit_id, class_code, place, found_on, rectified_on, kind, true AS fresh FROM every
        UNION ALL
        SELECT f.id, f.source_key, f.unit_id, f.class_code, f.place, f.found_on, f.rectified_on, '', false
        FROM inspections_finding f
        WHERE f.is_new AND f.counted AND f.source_key IS NOT NULL AND f.unit_id IN (SELECT unit_id FROM every)
    ), judged AS (
        SELECT *, fresh AND (place <> '' OR kind = 'recheck')
                  AND coalesce(max(coalesce(rectified_on, 'infinity'::date)) OVER w > found_on, false) AS again
        FROM both_kinds
        WINDOW w AS (PARTITION BY unit_id, class_code, place ORDER BY found_on
                     RANGE BETWEEN UNBOUNDED PRECEDING AND INTERVAL '1 day' PRECEDING)
    ), grouped AS (
        SELECT *, count(*) FILTER (WHERE NOT again) OVER
                  (PARTITION BY unit_id, class_code, place ORDER BY found_on, fresh, line) AS island
        FROM judged
    )
    SELECT source_key, first_value(source_key) OVER
               (PARTITION BY unit_id, class_code, place, island ORDER BY found_on, fresh, line) AS head,
           again, found_on, line, rectified_on
    FROM grouped
    """,  # noqa: S608
    f"""
    UPDATE {loading.STAGE} s SET again = true, head = t.head
    FROM ledger_seen t WHERE t.source_key = s.source_key AND t.again
    """,  # noqa: S608
    # What a re-check says of a hazard of the same load closes it; one loaded before is closed by its own loop.
    f"""
    UPDATE {loading.STAGE} s
    SET state = 'closed', closed_at = (t.fixed + time '12:00') AT TIME ZONE '{_ZONE}', rectified_on = t.fixed,
        on_time = t.fixed <= (s.due_at AT TIME ZONE '{_ZONE}')::date, due_at = NULL, due_days = NULL,
        dispatcher_id = NULL, handler_id = NULL, checker_id = NULL, routing_rule = ''
    FROM (SELECT head, (array_agg(rectified_on ORDER BY found_on DESC, line DESC))[1] AS fixed
          FROM ledger_seen GROUP BY head HAVING count(*) > 1) t
    WHERE t.head = s.source_key AND s.state = 'reported' AND t.fixed IS NOT NULL AND NOT s.again
    """,  # noqa: S608
)
