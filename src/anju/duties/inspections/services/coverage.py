"""Coverage: when each duty was last done and is due again. Kept by visits, recomputed after a merger or a ledger."""

from collections.abc import Iterable
from datetime import date

from django.db import connection

_FORWARD = """
UPDATE inspections_duty d
   SET last_on = s.day, due_on = (s.day + make_interval(months => d.every_months))::date
  FROM (SELECT unnest(%s::bigint[]) AS unit, unnest(%s::bigint[]) AS agency, unnest(%s::date[]) AS day) s
 WHERE d.unit_id = s.unit AND d.agency_id = s.agency AND (d.last_on IS NULL OR d.last_on < s.day)
"""
_DUTIES_AGAIN = """
UPDATE inspections_duty d
   SET last_on = s.day, due_on = (COALESCE(s.day, s.since) + make_interval(months => d.every_months))::date
  FROM (SELECT d.id, u.registered_on AS since, max(p.visited_on) AS day
          FROM inspections_duty d
          JOIN inspections_unit u ON u.id = d.unit_id
          LEFT JOIN inspections_visitpart p
            ON p.unit_id = d.unit_id AND p.agency_id = d.agency_id AND p.visited_on IS NOT NULL
         WHERE %(units)s::bigint[] IS NULL OR d.unit_id = ANY (%(units)s::bigint[])
         GROUP BY d.id, u.registered_on) s
 WHERE d.id = s.id AND d.last_on IS DISTINCT FROM s.day
"""
_UNITS_AGAIN = """
UPDATE inspections_unit u SET last_visited_on = s.day
  FROM (SELECT u.id, max(p.visited_on) AS day
          FROM inspections_unit u
          LEFT JOIN inspections_visitpart p ON p.unit_id = u.id AND p.visited_on IS NOT NULL
         WHERE %(units)s::bigint[] IS NULL OR u.id = ANY (%(units)s::bigint[])
         GROUP BY u.id) s
 WHERE u.id = s.id AND u.last_visited_on IS DISTINCT FROM s.day
"""


def visited_all(visits: Iterable[tuple[int, int, date]]) -> None:
    """Move the duties of many (unit id, agency id, day) forward in one statement; an older day changes nothing.

    A duty is done by any finished part of its agency, whatever it came for: who went for a complaint was there.
    """
    latest: dict[tuple[int, int], date] = {}
    for unit_id, agency_id, day in visits:
        key = (unit_id, agency_id)
        latest[key] = max(day, latest.get(key, day))
    if not latest:
        return
    units, agencies = zip(*latest, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(_FORWARD, [list(units), list(agencies), list(latest.values())])
        cursor.execute(
            "UPDATE inspections_unit u SET last_visited_on = s.day"
            "  FROM (SELECT unit, max(day) AS day"
            "          FROM unnest(%s::bigint[], %s::date[]) AS t(unit, day) GROUP BY unit) s"
            " WHERE u.id = s.unit AND (u.last_visited_on IS NULL OR u.last_visited_on < s.day)",
            [list(units), list(latest.values())],
        )


def recompute(unit_ids: Iterable[int] | None) -> None:
    """Derive last and next day of every duty of some units from their counted parts again (None: of all units).

    For when days moved backwards: a visit was voided, two units were joined, a ledger was taken back.
    """
    ids = None if unit_ids is None else list(unit_ids)
    with connection.cursor() as cursor:
        cursor.execute(_DUTIES_AGAIN, {"units": ids})
        cursor.execute(_UNITS_AGAIN, {"units": ids})
