"""The orders that a case needs: the order to correct in time (责令限期改正通知书), drafted from the case itself."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.ground.access.actors import Actor
from anju.ground.foundation import calendar, citations, journal
from anju.ground.foundation.refusals import Refusal
from anju.ground.organisations.models import Organisation, Person
from anju.means.documents import services as papers
from anju.means.documents.models import IssuedDocument
from anju.means.documents.rules import HazardLine, Inspector, OrderData

from . import catalogue
from .models import Case
from .services import locked, require_power_on

ORDER = "order_timed"


def draft(case: Case, *, by: Actor, at: datetime, typed: Mapping[str, Any] | None = None) -> OrderData:
    """Draft an order from a case: who, where, which hazard, by which articles, until when.

    typed  what the officer changed on the form (recipient, phone, due, hazard, second inspector)
    """
    on = timezone.localtime(at).date()
    chosen = catalogue.find(case.kind, case.class_code, on=timezone.localtime(case.reported_at).date())
    rectify = case.clocks.filter(kind="rectify").order_by("-started_at").first()
    due = timezone.localtime(rectify.due_at).date() if rectify else _due(chosen, at)
    office = Organisation.objects.filter(pk__in=by.organisation_ids).exclude(document_code="").first()
    estate = case.estate
    place = " ".join(p for p in (estate.name if estate else "", estate.address if estate else "") if p)
    recipient = case.handler or case.company
    basis = tuple(
        citations.cite(key, chinese=True) for key in chosen.basis if not key.startswith("xx-defaults")
    )
    person = Person.objects.filter(pk=by.person_id).first()
    inspectors = [Inspector(person.name, person.badge_number)] if person else []
    made = OrderData(
        organisation=office.name if office else "",
        recipient=recipient.name if recipient else "",
        place=place or case.place,
        inspected_on=timezone.localtime(case.verified_at or case.reported_at).date(),
        due_on=max(due, on),
        basis=basis,
        hazards=(HazardLine(case.place or place, chosen.name, "；".join(basis), max(due, on)),),
        inspectors=tuple(inspectors),
        phone=office.phone if office else "",
    )
    return _retyped(made, typed) if typed is not None else made


def _due(chosen: catalogue.CaseClass, at: datetime) -> date:
    return timezone.localtime(calendar.due(at, chosen.term).at).date()


def _retyped(made: OrderData, typed: Mapping[str, Any]) -> OrderData:
    line = made.hazards[0]
    due = made.due_on
    if given := str(typed.get("due_on") or ""):
        try:
            due = date.fromisoformat(given)
        except ValueError:
            raise Refusal(_("改正期限请写成 2024-03-05 这样的日期。"), field="due_on") from None
    people = list(made.inspectors)
    if name := str(typed.get("second_name") or "").strip():
        people.append(Inspector(name, str(typed.get("second_badge") or "").strip()))
    hazard = str(typed.get("hazard") or "").strip() or line.hazard
    return replace(
        made,
        recipient=str(typed.get("recipient") or "").strip() or made.recipient,
        phone=str(typed.get("phone") or "").strip() or made.phone,
        due_on=due,
        hazards=(
            replace(line, hazard=hazard, place=str(typed.get("place") or "").strip() or line.place, term=due),
        ),
        inspectors=tuple(people),
    )


def preview(made: OrderData, *, at: datetime) -> bytes:
    """Draw the draft as .pdf with a watermark; nothing is kept."""
    return papers.preview(ORDER, made, at=at)


@transaction.atomic
def issue_order(*, case_id: int, draft: OrderData, by: Actor, at: datetime, key: str = "") -> IssuedDocument:
    """Issue the order on a case under the next number of the officer's organ, and record it on the case."""
    asked = journal.digest([case_id, draft.recipient, draft.due_on, draft.hazards[0].hazard])
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return IssuedDocument.objects.get(pk=known.data["document"])
    case = locked(case_id, by=by)
    require_power_on(case, "documents.issue", by=by, sentence=_("您的岗位不能制发文书。"))
    office = Organisation.objects.filter(pk__in=by.organisation_ids).exclude(document_code="").first()
    if office is None:
        raise Refusal(_("本单位还没有登记机关代字，请系统管理员在单位资料中填写后再制发。"))
    made = papers.issue(
        kind=ORDER, data=draft, register_code=office.document_code, subject=case, by=by, at=at
    )
    journal.record(
        "cases.order",
        subject=case,
        by=by,
        at=at,
        note=made.written_number,
        basis="mps-fire-inspection-2012-19",
        data={"document": made.pk, "due_on": draft.due_on.isoformat(), "recipient": draft.recipient},
        key=key,
        key_digest=asked,
    )
    return made


def issued_for(case: Case) -> list[IssuedDocument]:
    """List the papers issued on a case, newest first."""
    return list(
        IssuedDocument.objects.filter(subject_type=Case._meta.label_lower, subject_id=case.pk).order_by(
            "-issued_at"
        )
    )
