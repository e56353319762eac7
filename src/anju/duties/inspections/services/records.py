"""The printed record of a visit (检查记录, 复查记录): drafted from the visit, issued once, when it is finished."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from anju.duties.cases.models import Case
from anju.duties.cases.queries import catalogue
from anju.ground.foundation import citations, clocks, files, journal
from anju.ground.foundation.acts import Turn
from anju.ground.foundation.refusals import Refusal
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
from .visits import LOOP, book

CHECK, RECHECK = "check_record", "recheck_record"


@dataclass(frozen=True, slots=True)
class _Finisher:
    """Who finished a visit: the record is theirs, whoever prints it."""

    account_id: int | None
    kind: str
    name: str
    post: str


@LOOP.verb("print_record")
def issue_record(turn: Turn) -> None:
    """Issue the printed record of a finished visit; the answer is the paper, made before or now.

    Raises Refusal when the organ has no code for its numbers.
    """
    visit = turn.row
    if made := IssuedDocument.objects.filter(pk=visit.document_id or 0).first():
        turn.unchanged(made)
    code = visit.agency.document_code
    if not code:
        raise Refusal(
            _("“%(name)s”还没有登记机关代字，请系统管理员在单位资料中填写后再打印。")
            % {"name": visit.agency.name}
        )
    kind, data = draft(visit)
    registers = book(turn.today)["record"]
    code = code.removesuffix(next((end for end in registers["endings"] if code.endswith(end)), ""))
    turn.made = papers.issue(
        kind=kind,
        data=data,
        register_code=code + registers["recheck" if kind == RECHECK else "check"],
        subject=visit,
        by=_finisher(visit),
        at=turn.at,
        organisation=visit.agency,
    )
    visit.document_id = turn.made.pk


def _finisher(visit: Visit) -> journal.Trace:
    kind = "account" if visit.finished_by_id else "system"
    return _Finisher(visit.finished_by_id, kind, visit.finished_by_name, visit.finished_by_post)


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
    found = clocks.of_all(Case).filter(subject_id__in=case_ids, kind="rectify").order_by("started_at")
    return {case: timezone.localtime(due).date() for case, due in found.values_list("subject_id", "due_at")}


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
        applied_on=visit.asked_on,
        ended=visit.ended_at,
        responsible=visit.unit.responsible,
        phone=visit.unit.phone,
        accompanied_by=visit.met,
        conclusion="；".join(_conclusion(part) for part in parts),
        signature=_signature(visit),
        remark=_("见证人：%(name)s") % {"name": visit.witness} if visit.witness else "",
    )
