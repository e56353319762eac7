"""What an act is about (an order, a penalty, a sealing): the case, its place and unit, whom it concerns, who acts."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from anju.duties.cases import queries as case_queries
from anju.duties.cases.models import Case
from anju.duties.cases.queries import catalogue
from anju.duties.inspections.models import Finding, Unit, Visit, VisitOfficer
from anju.ground.access import services as access
from anju.ground.access.actors import Actor
from anju.ground.foundation import calendar, citations, rulebooks, workdays
from anju.ground.foundation.asked import whole
from anju.ground.foundation.refusals import NotFound, NotPermitted, Refusal
from anju.ground.organisations.models import Organisation, Person
from anju.ground.territory.models import Area
from anju.ground.territory.queries import estate_is_old
from anju.means.documents.rules import Inspector

PLACE = ("city_id", "county_id", "street_id", "community_id", "division_id")


@dataclass(frozen=True, slots=True)
class Hazard:
    """One hazard that an act names: its class, words, place, articles, term, and where it is kept.

    on_spot  its class is to be put right at once (当场改正)
    """

    class_code: str
    top_class: str
    name: str
    place: str
    basis: tuple[str, ...]
    due_on: date
    severity: str
    on_spot: bool = False
    case_id: int | None = None
    finding_id: int | None = None


@dataclass(frozen=True, slots=True)
class Matter:
    """What an order, a penalty or a sealing is about.

    place      the columns of `Placed`, to be stamped on the row
    recipient  who would usually be addressed: of an estate the company that serves it, else the unit; never an office
    seen_on    the day of the check
    others     colleagues of the actor who made the visit, with the badges they had
    """

    hazards: tuple[Hazard, ...]
    place: dict[str, int | None]
    address: str
    recipient: str
    seen_on: date
    case: Case | None = None
    visit: Visit | None = None
    finding: Finding | None = None
    unit: Unit | None = None
    company: Organisation | None = None
    is_old: bool = False
    is_demo: bool = False
    about: str = ""
    others: tuple[Inspector, ...] = ()

    @property
    def on_spot(self) -> bool:
        """Whether all its hazards are to be put right at once."""
        return bool(self.hazards) and all(h.on_spot for h in self.hazards)

    @property
    def class_code(self) -> str:
        return self.hazards[0].class_code if self.hazards else ""

    @property
    def case_ids(self) -> list[int]:
        """The cases of the matter, in the order in which they are locked."""
        return sorted({h.case_id for h in self.hazards if h.case_id is not None})


def day_of(at: datetime) -> date:
    """Return the local day of a moment."""
    return timezone.localtime(at).date()


def noon(day: date) -> datetime:
    """Return a moment in the middle of a local day, to count a term from it."""
    return datetime(day.year, day.month, day.day, 12, tzinfo=timezone.get_default_timezone())


def book(on: date) -> dict[str, Any]:
    """Return the rulebook of penalties, orders and sealing of a day."""
    return rulebooks.load("penalties", on=on)


def term(entry: dict[str, Any]) -> workdays.Term:
    """Read a term of the rulebook."""
    return workdays.Term(entry["amount"], entry["unit"], entry.get("basis", ""))


def last_day(start: date, entry: dict[str, Any]) -> date:
    """Return the last day of a term of the rulebook that starts on a day."""
    return day_of(calendar.due(noon(start), term(entry)).at)


def explain(start: date, entry: dict[str, Any]) -> list[str]:
    """Say how a last day was worked out."""
    return calendar.explain(calendar.due(noon(start), term(entry)).derivation)


# ------------------------------------------------------------------------------------------------ what it is about


def of_case(actor: Actor, case_id: int, *, at: datetime) -> Matter:
    """Make the matter of one case that the actor may see, or raise NotFound."""
    case = case_queries.get(actor, case_id)
    on = day_of(at)
    finding = Finding.objects.filter(case=case).select_related("unit").order_by("pk").first()
    unit = finding.unit if finding else None
    if unit is None and case.estate_id is not None:
        unit = Unit.objects.filter(estate=case.estate_id, kind="estate", ended_on__isnull=True).first()
    # The office that handles a case puts nothing right itself: an order or a fine is never addressed to it.
    handler = case.handler if case.handler and case.handler.kind == "property_company" else None
    company = handler or case.company
    recipient = company.name if company and (unit is None or unit.kind == "estate") else ""
    estate = case.estate
    address = " ".join(p for p in (estate.name if estate else "", estate.address if estate else "") if p)
    return Matter(
        hazards=(_hazard(case, at=at),),
        place={column: getattr(case, column) for column in PLACE},
        address=address or case.place,
        recipient=recipient or (unit.name if unit else ""),
        seen_on=day_of(case.verified_at or case.reported_at),
        case=case,
        finding=finding,
        unit=unit,
        company=company,
        is_old=bool(estate and estate_is_old(estate, on=on)),
        is_demo=case.is_demo,
        about=case.number,
        others=_others(finding.visit_id if finding else None, actor),
    )


def _others(visit_id: int | None, actor: Actor) -> tuple[Inspector, ...]:
    if visit_id is None:
        return ()
    came = VisitOfficer.objects.filter(part__visit=visit_id, part__agency__in=actor.organisation_ids)
    return tuple(Inspector(o.name, o.badge) for o in came.exclude(person=actor.person_id).order_by("pk"))


def _hazard(case: Case, *, at: datetime) -> Hazard:
    chosen = catalogue.find(case.kind, case.class_code, on=day_of(case.reported_at))
    rectify = case.clocks.filter(kind="rectify").order_by("-started_at").first()
    due = day_of(rectify.due_at if rectify else calendar.due(at, chosen.term).at)
    return Hazard(
        class_code=case.class_code,
        top_class=chosen.groups[0][0],
        name=chosen.name,
        place=case.place or (case.estate.name if case.estate else ""),
        basis=cited(chosen.basis),
        due_on=max(due, day_of(at)),
        severity=case.severity,
        on_spot="on_spot" in chosen.handling,
        case_id=case.pk,
    )


def of_visit(actor: Actor, visit_id: int, *, at: datetime) -> Matter:
    """Make the matter of a visit: every hazard found there that was not put right at once, in one act."""
    seen = access.visible(Visit, to=actor, power="inspections.see").filter(pk=visit_id)
    visit = seen.select_related("unit__estate", "unit__organisation").first()
    if visit is None:
        raise NotFound(_("没有找到这次检查，可能编号有误，或不在您的管辖范围。"))
    on = day_of(at)
    found = list(
        Finding.objects.filter(visit=visit, at_once=False, rectified_on__isnull=True)
        .select_related("case__estate")
        .order_by("pk")
    )
    unit = visit.unit
    company = (
        unit.organisation if unit.organisation and unit.organisation.kind == "property_company" else None
    )
    if company is None:
        company = next((f.case.company for f in found if f.case and f.case.company), None)
    return Matter(
        hazards=tuple(_of_finding(f, at=at) for f in found),
        place={column: getattr(visit, column) for column in PLACE},
        address=" ".join(p for p in (unit.name, unit.address) if p),
        recipient=company.name if company and unit.kind == "estate" else unit.name,
        seen_on=visit.visited_on or on,
        visit=visit,
        finding=found[0] if found else None,
        unit=unit,
        company=company,
        is_old=bool(found and found[0].is_old_community),
        is_demo=visit.is_demo,
        about=visit.number,
        others=_others(visit.pk, actor),
    )


def _of_finding(finding: Finding, *, at: datetime) -> Hazard:
    on = day_of(at)
    chosen = catalogue.find("hazard", finding.class_code, on=finding.found_on or on)
    due = day_of(calendar.due(at, chosen.term).at)
    return Hazard(
        class_code=finding.class_code,
        top_class=finding.top_class,
        name=finding.text or chosen.name,
        place=finding.place,
        basis=cited(chosen.basis),
        due_on=max(due, on),
        severity=finding.severity,
        on_spot="on_spot" in chosen.handling,
        case_id=finding.case_id,
        finding_id=finding.pk,
    )


def cited(keys: Sequence[str]) -> tuple[str, ...]:
    """Write article keys as an official document does, leaving out the city's own defaults."""
    return tuple(citations.cite(key, chinese=True) for key in keys if not key.startswith("xx-defaults"))


def asked(actor: Actor, query: Any, *, at: datetime) -> Matter:
    """Make the matter that an address names (?case=…, ?visit=…), or raise NotFound."""
    if (pk := whole(query.get("case"))) is not None:
        return of_case(actor, pk, at=at)
    if (pk := whole(query.get("visit"))) is not None:
        return of_visit(actor, pk, at=at)
    raise NotFound(_("请从一件事项或一次检查开始。"))


def unit_of(case: Case) -> Unit | None:
    """Return the inspected unit a case is about: of the finding that made it, else of its estate."""
    found = case.findings.select_related("unit").order_by("pk").first()
    if found is not None:
        return found.unit
    return case.estate.units.filter(kind="estate").order_by("pk").first() if case.estate else None


def place_of(case: Case) -> Area:
    """Return the closest area of a case's place."""
    return Area.objects.get(pk=case.community_id or case.street_id or case.county_id or case.city_id)


def class_name(row: Any) -> str:
    """Return the name of the class of hazard an order line or a penalty is about, of whatever kind."""
    if not row.class_code:
        return ""
    for kind in ("hazard", "complaint"):
        name = catalogue.label(kind, row.class_code)
        if name != row.class_code:
            return name
    return str(row.class_code)


def source(query: Any) -> str:
    """Return the part of an address that names the matter."""
    for name in ("case", "visit"):
        if (pk := whole(query.get(name))) is not None:
            return f"{name}={pk}"
    return ""


# ------------------------------------------------------------------------------------------------- in whose name


def agency_of(by: Actor) -> Organisation:
    """Return the agency in whose name an actor acts: the own office, one with a code for documents first."""
    offices = Organisation.objects.filter(pk__in=by.organisation_ids).exclude(kind="property_company")
    found = next(iter(sorted(offices, key=lambda o: (not o.document_code, o.pk))), None)
    if found is None:
        raise NotPermitted(_("您没有执法单位的岗位，不能办理。"))
    return found


def officer(by: Actor) -> Inspector | None:
    """Return the actor as an officer, with the badge as it is today."""
    person = Person.objects.filter(pk=by.person_id).first()
    return Inspector(person.name, person.badge_number) if person else None


@dataclass(frozen=True, slots=True)
class Officers:
    """The officers of an act, each once, and the person behind each name where Anju knows it."""

    names: tuple[Inspector, ...]
    people: dict[str, Person] = field(default_factory=dict)


def officers(
    given: Sequence[tuple[str, str]], *, agency: Organisation, by: Actor, least: int, basis: str, at: datetime
) -> Officers:
    """Check who acts: as many as the law asks for, each with a badge that is valid that day.

    given  (name, badge) as typed; an empty badge is filled in for a colleague of the agency
    Raises Refusal naming what is missing.
    """
    on = day_of(at)
    known = Person.objects.filter(posts__organisation=agency, name__in=[name.strip() for name, _b in given])
    colleagues = {p.name: p for p in known}
    found: dict[tuple[str, str], Inspector] = {}
    namesakes = Counter(name for _pk, name in {(p.pk, p.name) for p in known})
    for name, badge in ((n.strip(), b.strip()) for n, b in given):
        if not name:
            continue
        person = colleagues.get(name)
        badge = badge or (person.badge_number if person else "")
        if not badge:
            raise Refusal(
                _("请填写%(name)s的执法证号，没有执法证的人员不能办案。") % {"name": name}, field="officers"
            )
        if person and person.badge_until and person.badge_until < on and person.badge_number == badge:
            raise Refusal(
                _("%(name)s的执法证已于%(day)s到期，请换一名持有效证件的人员。")
                % {"name": name, "day": person.badge_until.isoformat()},
                field="officers",
            )
        # One colleague is one officer, however often and with whatever badge the name is typed.
        if sum(typed == name for typed, _b in found) < max(namesakes[name], 1):
            found[name, badge] = Inspector(name, badge)
    if len(found) < least:
        raise Refusal(
            _("至少需要 %(n)d 名执法人员（%(basis)s），请补充另一名人员的姓名和执法证号。")
            % {"n": least, "basis": citations.cite(basis)},
            field="officers",
            code="too_few_officers",
        )
    return Officers(tuple(found.values()), colleagues)


def where(row: Any) -> str:
    """Return the place of a row in words: its street, or its county where it has none."""
    area = row.street or row.county
    return area.name if area else ""


def named(entries: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """List entries of a rulebook to choose from, in the reader's language."""
    english = (get_language() or "").startswith("en")
    return [(entry["key"], entry["name_en"] if english else entry["name"]) for entry in entries]


def kind_name(kind: str, *, on: date) -> str:
    """Return the name of a kind of agency in the reader's language."""
    entry = rulebooks.load("organisations", on=on)["kinds"].get(kind)
    if entry is None:
        return kind
    return entry["name_en"] if (get_language() or "").startswith("en") else entry["name"]


class WrongAgency(Refusal):
    """The fine belongs to another kind of agency; the matter can be transferred to it (`data["to_kind"]`)."""

    code = "wrong_agency"


# ------------------------------------------------------------------------------------------------------ its paper


def register_code(office: Organisation, kind: str, *, on: date) -> str:
    """Make the code of the register in which an office numbers a kind of paper, or refuse an office without one."""
    code = office.document_code.strip()
    if not code:
        raise Refusal(_("本单位还没有登记机关代字，请系统管理员在单位资料中填写后再制发。"))
    registers = book(on)["registers"]
    suffix = registers["kinds"].get(kind)
    if suffix is None:
        return code
    stem = code.removesuffix(registers["last"])
    ending = code[len(stem) :]
    for known in registers["endings"]:
        stem = stem.removesuffix(known)
    return f"{stem}{suffix}{ending}"


def typed_day(value: Any, *, name: str) -> date | None:
    """Read a day as typed, or refuse it; None for an empty field."""
    text = str(value or "").strip()
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refusal(_("日期请写成 2024-03-05 这样的形式。"), field=name) from None


def party_data(row: Any) -> dict[str, Any]:
    """Return what listeners above and beside want to know of an order or a penalty: whom it concerns, where, what.

    Shape: {company, uscc, name, number, case, county, is_demo}; a natural person is only named by the mask.
    """
    company = row.company if row.company_id else None
    return {
        "company": row.company_id,
        "uscc": company.uscc if company else "",
        "name": company.name if company else getattr(row, "party_name", None) or row.recipient,
        "number": row.written_number,
        "case": getattr(row, "case_id", None),
        "county": row.county_id,
        "is_demo": row.is_demo,
    }


def sentence(text: str, *, ends: str = "") -> str:
    """Return a text as a paper runs on behind it: with a full stop, or with the mark given, whatever was typed.

    ends  the mark instead of a full stop
    """
    bare = text.strip().rstrip(_("。，；、.,;"))
    return f"{bare}{ends or _('。')}" if bare else ""


def instead(actor: Actor, refusal: Refusal, matter: Matter | None, query: str, *, on: date) -> dict[str, Any]:
    """Say for the page of a refusal what can be done instead: transfer, order first.

    query  the part of the address that names the matter (`source`)
    """
    offer = refusal.data.get("offer")
    case_id = matter.case_ids[0] if matter and matter.case_ids else None
    transfer_url = ""
    if offer == "transfer" and case_id and actor.has("transfers.transfer"):
        transfer_url = f"{reverse('transfers:new')}?case={case_id}&to={refusal.data['to_kind']}"
    return {
        "refusal": refusal,
        "matter": matter,
        "case_id": case_id,
        "transfer_url": transfer_url,
        "order_url": f"{reverse('orders:new')}?{query}"
        if offer in ("order", "transfer") and actor.has("orders.order")
        else "",
        "back_url": f"{reverse('penalties:new')}?{query}" if actor.has("penalties.punish") else "",
        "to_name": kind_name(refusal.data["to_kind"], on=on) if refusal.data.get("to_kind") else "",
    }
