"""What this room lays elsewhere: in a unit's file, beside an estate, on the desk and the navigation."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from anju.duties.cases.models import Case
from anju.duties.cases.queries import catalogue
from anju.ground.access import services as access
from anju.ground.foundation import desk, workdays
from anju.ground.foundation.beside import Beside, Paper
from anju.ground.foundation.citations import cite
from anju.ground.organisations.models import ServiceContract
from anju.ground.territory.models import Estate

from . import rules
from .models import Duty, Finding, Unit, UnitMatch, Visit, VisitPart
from .queries import checklists, dossier, kinds, units, waiting
from .queries.dossier import Line
from .rules import VisitState


def of_units(request: Any, unit_ids: Sequence[int], *, limit: int) -> list[Line]:
    """Return the visits, findings and companies of some units, newest first within each."""
    return [
        *_visits(request.actor, unit_ids, limit),
        *_findings(request.actor, unit_ids, limit),
        *_companies(unit_ids, limit),
    ]


def _visits(actor: Any, unit_ids: Sequence[int], limit: int) -> list[Line]:
    seen = access.visible(Visit, to=actor, power="inspections.see")
    found = seen.filter(unit__in=unit_ids, state=VisitState.FINISHED, visited_on__isnull=False)
    visits = found.prefetch_related("parts__agency").order_by("-visited_on", "-pk")[:limit]
    lines = []
    for visit in visits:
        parts = list(visit.parts.all())
        findings = sum(part.findings_count for part in parts)
        said = [
            str(rules.conclusion_labels(part.checklist)[part.conclusion])
            for part in parts
            if part.conclusion in rules.CONCLUSION_LABELS
        ]
        lines.append(
            Line(
                on=visit.visited_on,
                kind="visit",
                title=str(visit.kind_label),
                note=_("发现隐患 %(n)d 处") % {"n": findings}
                if findings
                else _("、").join(dict.fromkeys(said)),
                url=reverse("inspections:visit", args=[visit.pk]),
                tone="warn" if findings else "done",
                by=_("、").join(part.agency.name for part in parts),
            )
        )
    return lines


def _findings(actor: Any, unit_ids: Sequence[int], limit: int) -> list[Line]:
    found = Finding.objects.filter(unit__in=unit_ids, found_on__isnull=False, is_new=True)
    findings = list(found.select_related("agency").order_by("-found_on", "-pk")[:limit])
    cases = [f.case_id for f in findings if f.case_id]
    may_open = (
        set(
            access.visible(Case, to=actor, power="cases.see")
            .filter(pk__in=cases)
            .values_list("pk", flat=True)
        )
        if cases and actor.has("cases.see")
        else set()
    )
    return [
        Line(
            on=finding.found_on,
            kind="finding",
            title=catalogue.label("hazard", finding.class_code),
            note=" ".join(
                part
                for part in (
                    finding.place,
                    _("%(day)s 已整改") % {"day": finding.rectified_on.isoformat()}
                    if finding.rectified_on
                    else _("尚未整改"),
                )
                if part
            ),
            url=reverse("cases:case", args=[finding.case_id])
            if finding.case_id and finding.case_id in may_open
            else "",
            tone="done" if finding.rectified_on else "danger",
            by=finding.agency.name,
        )
        for finding in findings
        if finding.found_on is not None
    ]


def _companies(unit_ids: Sequence[int], limit: int) -> list[Line]:
    estates = Unit.objects.filter(pk__in=unit_ids, kind="estate").values("estate")
    contracts = ServiceContract.objects.filter(estate__in=estates).select_related("company")
    lines, today = [], timezone.localdate()
    for contract in contracts.order_by("-valid_from")[:limit]:
        name, until = contract.company.name, contract.valid_to
        # What has not happened yet is no line of its own: it would stand above everything that has.
        runs = _("合同到 %(day)s") % {"day": until.isoformat()} if until and until > today else ""
        came = _("%(name)s 进驻") % {"name": name}
        lines.append(Line(contract.valid_from, "company", came, note=runs, tone="active"))
        if until and until <= today:
            lines.append(Line(until, "company", _("%(name)s 合同到期") % {"name": name}))
    return lines


def counts(request: Any, unit_ids: Sequence[int]) -> list[tuple[Any, int]]:
    """Return how often the units were visited, how many hazards were found, and how many are put right."""
    visits = Visit.objects.filter(unit__in=unit_ids, state=VisitState.FINISHED).count()
    found = Finding.objects.filter(unit__in=unit_ids, counted=True).aggregate(
        all=Count("pk"), fixed=Count("pk", filter=Q(rectified_on__isnull=False))
    )
    return [(_("检查（次）"), visits), (_("隐患（处）"), found["all"]), (_("已整改（处）"), found["fixed"])]


def duty_row(duty: Duty, today: date) -> dict[str, Any]:
    """Describe what an agency owes a unit, and how long it still has."""
    days = workdays.days_to(duty.due_on, today=today)
    return {
        "duty": duty,
        "checklist": checklists.label(duty.checklist),
        "basis": cite(duty.basis) if duty.basis else "",
        "days": days,
        "tone": "overdue" if days < 0 else "soon" if days <= units.SOON else "",
    }


def stats(request: Any, unit_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Return the counts for the head of a file, from every room that has some."""
    return [{"label": label, "value": number} for label, number in dossier.counts(request, unit_ids)]


def of_estate(request: Any, estate: Estate) -> Beside | None:
    """Lay what was checked and found in an estate over time, with what is due, beside its record (一小区一档)."""
    actor, today = request.actor, timezone.localdate()
    if not actor.has(units.SEE):
        return None
    found = units.units_of_estate(actor, estate)
    if not found:
        return None
    lines = dossier.lines(request, [u.pk for u in found], limit=60)
    own = next((u for u in found if u.kind == "estate"), None)
    context = {
        "unit": own,
        "others": len(found) - (own is not None),
        "duties": [duty_row(duty, today) for duty in units.duties_of_unit(own)] if own else [],
        "counts": stats(request, [u.pk for u in found]),
        "lines": lines[:8],
        "older": lines[8:],
        "estate": estate,
    }
    panel = render_to_string("inspections/unit_estate_panel.html", context, request=request)
    return Beside(panels=[panel])


def of_case(request: Any, case: Case) -> Beside | None:
    """Name beside a case the unit it was found at, and the visits that found it, were made for it or saw it again."""
    actor = request.actor
    if not actor.has(units.SEE):
        return None
    papers = []
    if case.unit_id is not None:
        here = access.visible(Unit, to=actor, power=units.SEE).filter(pk=case.unit_id)
        papers += [
            Paper(unit.name, reverse("inspections:unit", args=[unit.pk]), kinds.kind_label(unit.kind))
            for unit in here
        ]
    seen = access.visible(Visit, to=actor, power=units.SEE).exclude(state=VisitState.VOID)
    first = dict(Finding.objects.filter(case=case).values_list("visit", "is_new"))
    of_it = seen.filter(Q(pk__in=list(first)) | Q(case=case)).select_related("agency")
    for visit in of_it.order_by("pk"):
        did = visit.state_label
        if visit.pk in first:
            did = _("检查时发现") if first[visit.pk] else _("再次看到")
        title = f"{visit.kind_label} {visit.number}"
        papers.append(
            Paper(title, reverse("inspections:visit", args=[visit.pk]), f"{visit.agency.name} · {did}")
        )
    return Beside(papers)


# ------------------------------------------------------------------------------------------------------ on the desk


def visits_waiting(request: HttpRequest) -> QuerySet | None:
    """Return the visits that wait for the signed-in person, for the navigation."""
    actor, at = request.actor, timezone.now()  # type: ignore[attr-defined]
    if not desk.concerns("visits", actor, at):
        return None
    return VisitPart.objects.filter(desk.condition("visits", actor, at)).values("pk")


def _where(row: Any) -> str:
    """Say in which street something is, or else in which county."""
    return row.street.name if row.street else row.county.name if row.county else ""


def _visit_line(part: VisitPart) -> desk.Line:
    return desk.Line(
        part.visit.unit.name,
        reverse("inspections:visit", args=[part.visit_id]),
        " · ".join(
            str(x) for x in (part.visit.kind_label, part.visit.campaign, part.visit.unit.address) if x
        ),
        _where(part),
        phone=reverse("field:visit", args=[part.visit_id]),
        is_demo=part.is_demo,
    )


def _duty_line(duty: Duty) -> desk.Line:
    return desk.Line(
        duty.unit.name,
        reverse("inspections:unit", args=[duty.unit_id]),
        " · ".join(x for x in (checklists.label(duty.checklist), duty.unit.address) if x),
        _where(duty),
        phone=f"{reverse('field:visit_begin')}?unit={duty.unit_id}",
        is_demo=duty.unit.is_demo,
    )


def _match_line(pair: UnitMatch) -> desk.Line:
    return desk.Line(
        f"{pair.unit.name} · {pair.other.name}",
        f"{reverse('inspections:matches')}?match={pair.pk}#match",
        pair.unit.address,
        _where(pair.unit),
        is_demo=pair.unit.is_demo,
    )


KINDS = (
    desk.Kind(
        "visits",
        lazy("检查"),
        VisitPart,
        waiting.of_visits,
        _visit_line,
        16,
        related=("visit__unit", "street", "county"),
    ),
    desk.Kind(
        "duties",
        lazy("到期检查"),
        Duty,
        waiting.of_duties,
        _duty_line,
        17,
        related=("unit", "street", "county"),
    ),
    desk.Kind(
        "matches",
        lazy("疑似同一单位"),
        UnitMatch,
        waiting.of_matches,
        _match_line,
        80,
        related=("unit__street", "unit__county", "other"),
    ),
)
