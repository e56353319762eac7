"""What is counted of the visits of a unit, and which hazards of it are still open."""

from datetime import date, datetime

from django.db.models import Q
from django.utils import timezone

from anju.duties.cases.rules import OPEN
from anju.ground.foundation import calendar, rulebooks
from anju.ground.foundation.workdays import Term

from ..models import Finding, VisitPart


def previous_day(part: VisitPart, day: date) -> date | None:
    """Return the day of the unit's preceding counted part by the same kind of agency, for a part counted on `day`."""
    before = VisitPart.objects.filter(unit_id=part.unit_id, agency_kind=part.agency_kind, visited_on__lte=day)
    before = before.exclude(Q(visited_on=day) & Q(pk__gte=part.pk))
    return before.order_by("-visited_on", "-pk").values_list("visited_on", flat=True).first()


def later_parts(unit_id: int, day: date) -> bool:
    """Say whether a part of the unit is counted on this day or after it besides the newest: then order must be made."""
    return VisitPart.objects.filter(unit_id=unit_id, visited_on__gte=day)[:2].count() > 1


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
