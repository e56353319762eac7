"""What inspections have waiting: visits, checks that recur, and pairs of entries that may be one unit."""

from datetime import date, datetime, timedelta

from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from anju.ground.foundation.desk import Wait

from ..models import VisitOfficer, VisitPart
from ..rules import MatchState, VisitState

AHEAD = timedelta(days=7)  # so many days before its day a visit or a check comes onto the desk
_RECORD, _KEEP = "inspections.record", "inspections.register"


def _near(until: date) -> Q:
    """Return the condition "it goes on, or its day is near" on the parts of visits."""
    planned = Q(visit__state=VisitState.PLANNED, visit__planned_for__lte=until)
    return Q(visited_on__isnull=True) & (planned | Q(visit__state=VisitState.OPEN))


def of_visits(at: datetime) -> list[Wait]:
    """Say what is awaited of each agency at a visit; of the lead also the end, once all who came have concluded."""
    near, own = _near(timezone.localdate(at) + AHEAD), ("agency", _RECORD, "visit__planned_for")
    came = Q(Exists(VisitOfficer.objects.filter(part=OuterRef("pk"))))
    still_at_it = VisitPart.objects.filter(visit=OuterRef("visit"), conclusion="", officers__isnull=False)
    done = near & came & Q(visit__agency=F("agency")) & ~Q(Exists(still_at_it))
    unsigned = Q(visit__signed_by="", visit__refusal="")
    return [
        Wait("begin", near & ~came, *own),
        Wait("conclude", near & came & unsigned & Q(conclusion=""), *own, _("逐项检查，填写结论")),
        Wait("sign", done & unsigned, *own, _("请当事人签字")),
        Wait("finish", done & ~unsigned, *own),
    ]


def of_duties(at: datetime) -> list[Wait]:
    """Say which units an agency must check by a near day, or must have checked: those that no visit near is for."""
    until = timezone.localdate(at) + AHEAD
    coming = VisitPart.objects.filter(_near(until), unit=OuterRef("unit"), agency=OuterRef("agency"))
    due = Q(active=True, due_on__lte=until, unit__ended_on__isnull=True) & ~Q(Exists(coming))
    return [Wait("", due, "agency", _RECORD, "due_on", _("到期检查"))]


def of_matches(at: datetime) -> list[Wait]:
    """Say which pairs nobody has decided: of the agency that supervises the older entry, else of the other's."""
    both = Q(state=MatchState.OPEN, unit__ended_on__isnull=True, other__ended_on__isnull=True)
    label = _("核对是不是同一单位")
    return [
        Wait("confirm_match", both, "unit__agency", _KEEP, label=label),
        Wait("confirm_match", both & Q(unit__agency__isnull=True), "other__agency", _KEEP, label=label),
    ]
