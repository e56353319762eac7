"""The printed record of a visit (检查记录, 复查记录): drafted from the visit, issued once, when it is finished."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from anju.duties.cases.models import Case, CaseClock
from anju.duties.cases.queries import catalogue
from anju.ground.access import services as access
from anju.ground.access.actors import Actor
from anju.ground.foundation import citations, files, journal, rulebooks
from anju.ground.foundation.refusals import NotAllowedNow, NotFound, Refusal
from anju.means.documents import services as papers
from anju.means.documents.models import IssuedDocument
from anju.means.documents.rules.facts import (
    CheckPart,
    CheckRecordData,
    CheckRow,
    FindingLine,
    Inspector,
    RecheckRecordData,
    RecheckRow,
    Signature,
)

from .. import rules
from ..models import Finding, Visit, VisitPart
from ..queries import checklists, kinds
from ..rules import VisitState

CHECK, RECHECK = "check_record", "recheck_record"


@dataclass(frozen=True, slots=True)
class _Finisher:
    """Who finished a visit, as the journal has it: the record is theirs, whoever prints it."""

    account_id: int | None
    kind: str
    name: str
    post: str


@transaction.atomic
def issue_record(*, visit_id: int, by: Actor, at: datetime) -> IssuedDocument:
    """Return the printed record of a finished visit that the actor sees; it is made when nobody has asked before.

    Raises NotFound, NotAllowedNow before the visit is finished, Refusal when the organ has no code for its numbers.
    """
    seen = access.visible(Visit, to=by, power="inspections.see").filter(pk=visit_id)
    if not seen.exists():
        raise NotFound(_("没有找到这次检查，可能编号有误，或不在您的管辖范围。"))
    return _issued(visit_id, at=at)


@transaction.atomic
def issue_for_job(visit_id: int) -> IssuedDocument:
    """Make the record of a finished visit in the background."""
    return _issued(visit_id, at=timezone.now())


def _issued(visit_id: int, *, at: datetime) -> IssuedDocument:
    visit = (
        Visit.objects.select_for_update(of=("self",))
        .select_related("unit", "agency", "signature")
        .get(pk=visit_id)
    )
    if visit.document_id and (made := IssuedDocument.objects.filter(pk=visit.document_id).first()):
        return made
    if visit.state != VisitState.FINISHED:
        raise NotAllowedNow(_("检查完成以后才能打印记录。"), data={"allowed": []})
    code = visit.agency.document_code
    if not code:
        raise Refusal(
            _("“%(name)s”还没有登记机关代字，请系统管理员在单位资料中填写后再打印。")
            % {"name": visit.agency.name}
        )
    kind, data = draft(visit)
    registers = rulebooks.load("inspections", on=timezone.localtime(at).date())["record"]
    code = code.removesuffix(next((end for end in registers["endings"] if code.endswith(end)), ""))
    code += registers["recheck" if kind == RECHECK else "check"]
    made = papers.issue(
        kind=kind,
        data=data,
        register_code=code,
        subject=visit,
        by=_finisher(visit),
        at=at,
        organisation=visit.agency,
    )
    Visit.objects.filter(pk=visit.pk).update(document_id=made.pk)
    return made


def _finisher(visit: Visit) -> journal.Trace:
    done = journal.events_named(visit, "inspections.finish").last()
    if done is None:
        return _Finisher(None, "system", "", "")
    return _Finisher(done.actor_id, done.actor_kind, done.actor_name, done.actor_post)


def draft(visit: Visit) -> tuple[str, Any]:
    """Draft the record of a visit: (kind of document, its facts). A document speaks Chinese whoever reads the page."""
    with translation.override("zh-hans"):
        parts = list(
            visit.parts.select_related("agency").prefetch_related("officers", "items").order_by("pk")
        )
        # A re-check that a ledger brought has no hazards looked at one by one: it is printed as a check.
        if any(part.checklist == rules.RECHECK for part in parts):
            return RECHECK, _recheck(visit, parts)
        return CHECK, _check(visit, parts)


def _inspectors(parts: list[VisitPart]) -> tuple[Inspector, ...]:
    several = len(parts) > 1
    return tuple(
        Inspector(officer.name, officer.badge, part.agency.name if several else "")
        for part in parts
        for officer in part.officers.all()
    )


def _signature(visit: Visit) -> Signature:
    return Signature(
        name=visit.signed_by,
        picture=files.read(visit.signature) if visit.signature else b"",
        refusal=visit.refusal,
        at=visit.ended_at,
    )


def _conclusion(part: VisitPart) -> str:
    words = str(rules.conclusion_labels(part.checklist).get(part.conclusion, ""))
    return "；".join(x for x in (words, part.note) if x)


def _written(basis: tuple[str, ...]) -> str:
    return "；".join(citations.cite(key, chinese=True) for key in basis if not key.startswith("xx-defaults"))


def _check(visit: Visit, parts: list[VisitPart]) -> CheckRecordData:
    assert visit.began_at is not None
    day = timezone.localtime(visit.began_at).date()
    unit = visit.unit
    findings = list(visit.findings.select_related("case").order_by("pk"))
    terms = _terms([f.case_id for f in findings if f.case_id])
    return CheckRecordData(
        organisation=visit.agency.name,
        unit=unit.name,
        address=unit.address or _place(visit),
        began=visit.began_at,
        officers=_inspectors(parts),
        parts=tuple(
            CheckPart(_agency(part), checklists.label(part.checklist), _rows(part), _conclusion(part))
            for part in parts
        ),
        kind=str(rules.KIND_LABELS[visit.kind]),
        ended=visit.ended_at,
        uscc=unit.uscc,
        unit_kind=kinds.kind_label(unit.kind),
        responsible=unit.responsible,
        phone=unit.phone,
        accompanied_by=visit.met,
        findings=tuple(_finding(f, day, terms) for f in findings),
        signature=_signature(visit),
        remark=_("见证人：%(name)s") % {"name": visit.witness} if visit.witness else "",
    )


def _agency(part: VisitPart) -> str:
    return part.agency.name


def _place(visit: Visit) -> str:
    areas = (visit.county, visit.street, visit.community)
    return " ".join(area.name for area in areas if area is not None)


def _rows(part: VisitPart) -> tuple[CheckRow, ...]:
    items = {item.item: item for item in part.items.all()}
    form = checklists.at_edition(part.checklist, part.edition) if items else None
    if form is None:
        return ()
    return tuple(
        CheckRow(
            item.text,
            str(rules.RESULT_LABELS[items[item.code].result]),
            items[item.code].note,
            _written(item.basis),
        )
        for item in form.items
        if item.code in items
    )


def _finding(finding: Finding, day: date, terms: dict[int, date]) -> FindingLine:
    chosen = catalogue.find("hazard", finding.class_code, on=day)
    if finding.at_once:
        handling, term = _("当场改正"), None
    elif not finding.is_new:
        handling, term = _("原有隐患，继续整改"), terms.get(finding.case_id or 0)
    else:
        handling, term = _("责令改正"), terms.get(finding.case_id or 0)
    return FindingLine(finding.place, finding.text or chosen.name, _written(chosen.basis), handling, term)


def _terms(case_ids: list[int]) -> dict[int, date]:
    """Return the last day for putting each hazard right, where its clock runs or ran already."""
    clocks = CaseClock.objects.filter(case__in=case_ids, kind="rectify").order_by("started_at")
    return {case: timezone.localtime(due).date() for case, due in clocks.values_list("case_id", "due_at")}


def _recheck(visit: Visit, parts: list[VisitPart]) -> RecheckRecordData:
    assert visit.began_at is not None
    seen = {}
    for part in parts:
        for item in part.items.order_by("pk"):
            case_id = rules.case_of_item(item.item)
            if case_id is not None and item.result != "not_applicable":
                seen[case_id] = item
    terms = _terms(list(seen))
    cases = Case.objects.in_bulk(list(seen))
    rows = tuple(
        RecheckRow(
            hazard=catalogue.label("hazard", cases[pk].class_code),
            corrected=item.result == "ok",
            place=cases[pk].place,
            required_by=terms.get(pk),
            note=item.note,
        )
        for pk, item in seen.items()
    )
    asked = journal.events_named(visit, "inspections.ask_recheck").first()
    return RecheckRecordData(
        organisation=visit.agency.name,
        unit=visit.unit.name,
        address=visit.unit.address or _place(visit),
        began=visit.began_at,
        officers=_inspectors(parts),
        rows=rows,
        order_title=_("检查记录") if visit.follows else "",
        order_number=visit.follows.number if visit.follows else "",
        ordered_on=visit.follows.visited_on if visit.follows else None,
        applied_on=timezone.localtime(asked.at).date() if asked else None,
        ended=visit.ended_at,
        responsible=visit.unit.responsible,
        phone=visit.unit.phone,
        accompanied_by=visit.met,
        conclusion="；".join(_conclusion(part) for part in parts),
        signature=_signature(visit),
        remark=_("见证人：%(name)s") % {"name": visit.witness} if visit.witness else "",
    )
