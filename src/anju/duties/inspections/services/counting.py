"""What keeps counted rows right: the day before of every part, which findings count, which are put right.

All of it is set-based, so that a ledger of a whole month is put right by the same statements as one visit.
"""

from collections.abc import Sequence
from datetime import date, datetime

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from anju.duties.cases.rules import OPEN
from anju.ground.foundation import calendar, rulebooks
from anju.ground.foundation.workdays import Term

from .models import Finding, VisitPart

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


def previous_day(part: VisitPart, day: date) -> date | None:
    """Return the day of the unit's preceding counted part by the same kind of agency, for a part counted on `day`."""
    before = VisitPart.objects.filter(unit_id=part.unit_id, agency_kind=part.agency_kind, visited_on__lte=day)
    before = before.exclude(Q(visited_on=day) & Q(pk__gte=part.pk))
    return before.order_by("-visited_on", "-pk").values_list("visited_on", flat=True).first()


def later_parts(unit_id: int, day: date) -> bool:
    """Say whether a part of the unit is counted on this day or after it besides the newest: then order must be made."""
    return VisitPart.objects.filter(unit_id=unit_id, visited_on__gte=day)[:2].count() > 1


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


def open_hazards(unit_id: int, *, class_code: str = "") -> list[Finding]:
    """List the hazards of a unit that inspections found and nobody has put right, oldest first, one for each case."""
    found = Finding.objects.filter(
        unit_id=unit_id, is_new=True, counted=True, rectified_on__isnull=True, case__state__in=sorted(OPEN)
    )
    if class_code:
        found = found.filter(class_code=class_code)
    rows = found.select_related("case", "visit").order_by("found_on", "pk")
    return list({finding.case_id: finding for finding in reversed(list(rows))}.values())[::-1]


def recheck_day(at: datetime) -> date:
    """Return the last day on which a re-check that is asked for at a moment is in time."""
    rule = rulebooks.load("inspections", on=timezone.localtime(at).date())["recheck"]
    return timezone.localtime(calendar.due(at, Term(rule["amount"], rule["unit"], rule["basis"])).at).date()
