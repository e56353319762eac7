"""What keeps counted rows right: the day before of every part, which findings count, which are put right.

All of it is set-based, so that a ledger of a whole month is put right by the same statements as one visit.
"""

from collections.abc import Sequence

from django.db import connection
from django.utils import timezone

_RENUMBER = """
WITH wanted AS (
    SELECT id, lag(visited_on) OVER (PARTITION BY unit_id, agency_kind ORDER BY visited_on, id) AS previous
    FROM inspections_visitpart
    WHERE unit_id = ANY(%s) AND visited_on IS NOT NULL
)
UPDATE inspections_visitpart AS part
SET previous_on = wanted.previous
FROM wanted
WHERE part.id = wanted.id AND part.previous_on IS DISTINCT FROM wanted.previous
"""


def renumber_previous(unit_ids: Sequence[int]) -> int:
    """Make `previous_on` right for every counted part of these units, and return how many rows were wrong.

    Must run in the transaction that counted or took back a part. Rows that are right are not written.
    """
    if not unit_ids:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_RENUMBER, [sorted(set(unit_ids))])
        return cursor.rowcount


# Which findings of a family of cases count, and since when they are put right. A hazard that was declined counts no
# longer; of hazards folded into one, the first counts. `root` is the case that goes on.
_RECOUNT = """
WITH kin AS MATERIALIZED (
    SELECT id FROM cases_case WHERE id = ANY(%(ids)s)
    UNION
    SELECT merged_into_id FROM cases_case WHERE id = ANY(%(ids)s) AND merged_into_id IS NOT NULL
    UNION
    SELECT id FROM cases_case WHERE merged_into_id = ANY(%(ids)s)
    UNION
    SELECT folded.id FROM cases_case AS own JOIN cases_case AS folded ON folded.merged_into_id = own.merged_into_id
    WHERE own.id = ANY(%(ids)s)
), family AS MATERIALIZED (
    SELECT one.id, coalesce(one.merged_into_id, one.id) AS root FROM kin JOIN cases_case AS one ON one.id = kin.id
), judged AS (
    SELECT finding.id, finding.found_on, family.root,
        finding.is_new AND visit.state = 'finished' AND root.state <> 'void' AND own.state <> 'void' AS valid,
        CASE WHEN root.state = 'closed'
            THEN greatest((root.closed_at AT TIME ZONE %(zone)s)::date, finding.found_on)
        END AS rectified_on
    FROM inspections_finding AS finding
    JOIN family ON family.id = finding.case_id
    JOIN cases_case AS own ON own.id = finding.case_id
    JOIN cases_case AS root ON root.id = family.root
    JOIN inspections_visit AS visit ON visit.id = finding.visit_id
), wanted AS (
    SELECT id, rectified_on,
        valid AND row_number() OVER (PARTITION BY root, valid ORDER BY found_on, id) = 1 AS counted
    FROM judged
)
UPDATE inspections_finding AS finding
SET counted = wanted.counted, rectified_on = wanted.rectified_on
FROM wanted
WHERE finding.id = wanted.id
  AND (finding.counted, finding.rectified_on) IS DISTINCT FROM (wanted.counted, wanted.rectified_on)
"""


def recount_cases(case_ids: Sequence[int]) -> int:
    """Make `counted` and `rectified_on` right for the findings of these cases and of those folded with them."""
    if not case_ids:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_RECOUNT, {"ids": sorted(set(case_ids)), "zone": timezone.get_default_timezone_name()})
        return cursor.rowcount
