"""The verbs of a visit, from the plan to the signed record. One transaction each; the record is beside the act.

A visit is made by one or several agencies; each has its part: its own officers, items and conclusion. Every verb acts
for the part of the actor's agency. Every write takes an idempotency key: the event it leaves is the receipt.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from anju.duties.cases import services as cases
from anju.duties.cases.models import Case
from anju.duties.cases.queries import catalogue
from anju.duties.cases.services import evidence as case_evidence
from anju.ground.access import services as access
from anju.ground.access.actors import Actor
from anju.ground.foundation import jobs, journal, rulebooks
from anju.ground.foundation.acts import Loop, Turn
from anju.ground.foundation.refusals import NotAllowedNow, NotFound, NotPermitted, Refusal
from anju.ground.organisations.models import Organisation
from anju.ground.organisations.queries import company_of, covering_all

from .. import rules
from ..models import Finding, Unit, Visit, VisitOfficer, VisitPart, VisitPhoto
from ..queries import checklists, counted, kinds, units
from ..queries.visits import posts_of
from ..rules import STEPS, VisitState
from . import counting, coverage

_NOT_A_PARTY = lazy("您的单位没有参加这次检查，只能查看。")
PLACED = ("city_id", "county_id", "street_id", "community_id", "division_id")


def book(on: date) -> Mapping[str, Any]:
    """Return the rulebook of inspections in force on a day."""
    return rulebooks.load("inspections", on=on)


def day_of(at: datetime) -> date:
    return timezone.localtime(at).date()


# -------------------------------------------------------------------------------------------------- who may, and what


def own_agencies(by: Actor, *, on: date) -> list[Organisation]:
    """List the actor's organisations that inspect, as the rulebook names their kinds."""
    kinds = list(book(on)["officers"])
    found = Organisation.objects.filter(pk__in=by.organisation_ids, kind__in=kinds, active=True)
    return list(found.order_by("pk"))


def _agency_of(by: Actor, agency_id: int | None, *, on: date) -> Organisation:
    own = own_agencies(by, on=on)
    chosen = next((o for o in own if agency_id in (None, o.pk)), None)
    if chosen is None:
        raise NotPermitted(
            _("您所在的单位不开展检查，请联系派出所、消防救援机构或主管部门。"),
            data={"power": "inspections.record"},
        )
    return chosen


def _unit(unit_id: int, power: str, *, by: Actor) -> Unit:
    """Return a unit that may be inspected by the actor, or say that there is none."""
    unit = Unit.objects.select_related("estate", "area", "organisation").filter(pk=unit_id).first()
    if unit is None:
        raise NotFound(_("没有找到这个检查对象。"))
    access.require(by, power, on=unit)
    if unit.merged_into_id is not None:
        raise NotAllowedNow(
            _("这个检查对象已并入另一个，请在那一个上检查。"), data={"unit": unit.merged_into_id}
        )
    if unit.ended_on is not None:
        raise NotAllowedNow(_("这个检查对象已经注销，不能再安排检查。"))
    return unit


def _whose(turn: Turn) -> None:
    """Refuse whoever lacks the power over the visit, and an officer whose agency has no part in it."""
    visit, step, by = turn.row, turn.step, turn.by
    if visit is None or step.who not in ("party", "lead"):
        return
    if not LOOP.holds(by, step.power, visit):
        raise NotPermitted(str(LOOP.no_power), data={"power": step.power})
    if not LOOP.is_turn_of(by, step, visit):
        raise NotPermitted(str(_NOT_A_PARTY), code="not_a_party")


LOOP = Loop(
    Visit, STEPS, room="inspections", see="inspections.see", labels=rules.STATE_LABELS, moods=rules.STATE_TONES,
    roles={"party": lambda visit: set(visit.parts.values_list("agency_id", flat=True)), "lead": "agency"},
    turns=_whose, related=("unit",), by_server=True, noun=lazy("这次检查"),
    no_power=lazy("您的岗位不能办理检查，请联系本单位负责人。"),
    missing=lazy("没有找到这次检查，可能编号有误，或不在您的管辖范围。"),
)  # fmt: skip


def own_part(turn: Turn, agency_id: int | None = None) -> VisitPart:
    """Return the part of the actor's agency, or refuse somebody whose agency has none in this visit."""
    parts = turn.row.parts.select_related("agency").filter(agency_id__in=turn.by.organisation_ids)
    part = next((p for p in parts.order_by("pk") if agency_id in (None, p.agency_id)), None)
    if part is None:
        raise NotPermitted(str(_NOT_A_PARTY), code="not_a_party")
    part.visit = turn.row
    return part


def part_at_work(turn: Turn, agency_id: int | None = None) -> VisitPart:
    """Return the part of the actor's agency that this act is on, its officers noted."""
    part = own_part(turn, agency_id)
    if not part.officers.exists():
        turn.refuse(_("请先登记本单位到场的检查人员。"), "begin")
    return part


# ------------------------------------------------------------------------------------------------- planning, beginning


@LOOP.verb("plan")
def plan_visit(
    turn: Turn,
    *,
    unit_id: int,
    kind: str,
    planned_for: date,
    agencies: Sequence[int],
    checklist: Mapping[int, str] | None = None,
    campaign: str,
    note: str,
    case_id: int | None = None,
    follows_id: int | None = None,
) -> Visit:
    """Plan a visit of a unit by the actor's agency, alone or together with others.

    agencies   ids of the agencies that come; the actor's own leads, whether it is listed or not
    checklist  {agency id: key of its checklist}; left out, the one it owes the unit
    Raises Refusal for a day that has passed, an agency that does not cover the place, a joint visit of one agency.
    """
    by = turn.by
    unit = _unit(unit_id, "inspections.plan", by=by)
    if planned_for < turn.today:
        raise Refusal(_("检查日期已经过去，请选择今天或以后的日期。"), field="planned_for")
    own = own_agencies(by, on=planned_for)
    lead = next((o for o in own if o.pk in agencies), None) or _agency_of(by, None, on=planned_for)
    coming = [lead, *_others(unit, [pk for pk in agencies if pk != lead.pk], on=planned_for)]
    visit = _new_visit(
        unit, kind, coming, checklist or {}, on=planned_for, campaign=campaign, case_id=case_id,
        follows_id=follows_id, by=by,
    )  # fmt: skip
    _set_day(visit, planned_for, by=by)
    turn.facts = {
        "unit": unit.pk,
        "kind": kind,
        "for": planned_for.isoformat(),
        "agencies": [o.name for o in coming],
        "campaign": campaign,
    }
    return visit


def _set_day(visit: Visit, day: date, *, by: Actor) -> None:
    visit.planned_for, visit.planned_by = day, f"{by.post} {by.name}".strip()[:120]
    visit.save(update_fields=["planned_for", "planned_by", "asked_on"])


def _others(unit: Unit, wanted: Sequence[int], *, on: date) -> list[Organisation]:
    """Return the further agencies of a visit; each must inspect and cover the unit's place."""
    if not wanted:
        return []
    possible = {o.pk: o for o in agencies_for(unit, on=on)}
    if missing := [pk for pk in wanted if pk not in possible]:
        raise Refusal(
            _("所选单位不管这里，或者不开展检查，请从列出的单位中选择。"),
            field="agencies",
            data={"unknown": missing},
        )
    return [possible[pk] for pk in dict.fromkeys(wanted)]


def agencies_for(unit: Unit, *, on: date) -> list[Organisation]:
    """List the agencies that inspect and cover a unit's place, the closest first."""
    kinds = book(on)["officers"]
    return [o for o in covering_all(unit.area) if o.kind in kinds]


def _new_visit(
    unit: Unit,
    kind: str,
    coming: Sequence[Organisation],
    checklist: Mapping[int, str],
    *,
    on: date,
    by: Actor,
    campaign: str = "",
    case_id: int | None = None,
    follows_id: int | None = None,
) -> Visit:
    if kind == rules.DRAWN:
        raise Refusal(
            _("双随机抽查的对象和人员由抽签产生，不能自行选定。请改选日常检查或专项检查。"), field="kind"
        )
    if kind not in rules.CHOSEN_KINDS:
        raise Refusal(_("请选择检查种类。"), field="kind")
    if kind == "joint" and len(coming) < 2:
        raise Refusal(_("联合检查至少要有两个单位，请再选择一个单位。"), field="agencies")
    if kind == "campaign" and not campaign.strip():
        raise Refusal(_("专项检查请写明专项行动的名称。"), field="campaign")
    follows = _followed(unit, kind, follows_id, case_id)
    if case_id is not None and not access.visible(Case, to=by, power="cases.see").filter(pk=case_id).exists():
        raise NotFound(_("没有找到这件事项，可能编号有误，或不在您的管辖范围。"))
    visit = Visit.objects.create(
        unit=unit,
        kind=kind,
        agency=coming[0],
        follows=follows,
        case_id=case_id,
        campaign=campaign.strip()[:60],
        is_demo=unit.is_demo,
        **{column: getattr(unit, column) for column in PLACED},
    )
    flags = kinds.flags_on(unit, on=on)
    VisitPart.objects.bulk_create(
        _new_part(visit, unit, agency, checklist.get(agency.pk, ""), flags, on=on) for agency in coming
    )
    return visit


def _followed(unit: Unit, kind: str, follows_id: int | None, case_id: int | None) -> Visit | None:
    if kind != rules.RECHECK:
        return None
    if follows_id is not None:
        found = Visit.objects.filter(pk=follows_id, unit=unit, state=VisitState.FINISHED).first()
        if found is None:
            raise Refusal(_("要复查的那次检查不在这个对象名下，或者还没有完成。"), field="follows")
        return found
    latest = Visit.objects.filter(unit=unit, state=VisitState.FINISHED).order_by("-visited_on", "-pk").first()
    if latest is None and case_id is None:
        raise Refusal(_("这个对象还没有检查过，没有可以复查的问题。请改选其他检查种类。"), field="kind")
    return latest


def _new_part(
    visit: Visit, unit: Unit, agency: Organisation, key: str, flags: Iterable[str], *, on: date
) -> VisitPart:
    key, edition = _form(unit, visit.kind, agency.kind, key, flags, on=on)
    return VisitPart(
        visit=visit,
        unit=unit,
        unit_kind=unit.kind,
        kind=visit.kind,
        agency=agency,
        agency_kind=agency.kind,
        checklist=key,
        edition=edition,
        is_demo=visit.is_demo,
        **{column: getattr(unit, column) for column in PLACED},
    )


def _form(
    unit: Unit, kind: str, agency_kind: str, key: str, flags: Iterable[str], *, on: date
) -> tuple[str, date]:
    """Return which checklist in which edition an agency takes to a unit; a re-check has the hazards themselves."""
    if kind == rules.RECHECK:
        return rules.RECHECK, book(on)["effective_from"]
    chosen = (
        checklists.find(key, on=on)
        if key
        else checklists.for_unit(unit.kind, agency_kind, flags=flags, on=on)
    )
    return chosen.key, chosen.edition


def begin_visit(*, visit_id: int | None = None, unit_id: int | None = None, **given: Any) -> Visit:
    """Begin a planned visit (visit_id), or one nobody has planned (unit_id), with the badges as they are today.

    officer_ids  people of the actor's agency; each agency of a joint visit begins its own part
    checklist    key of another checklist than the one the agency owes this unit
    point        (longitude, latitude) WGS-84 where it begins
    Raises Refusal for too few officers or an invalid badge (by the rulebook's line of the kind of agency).
    """
    begun: Visit = begin_planned(visit_id=visit_id, **given) if visit_id else start(unit_id=unit_id, **given)
    return begun


@LOOP.verb("start")
def start(
    turn: Turn,
    *,
    unit_id: int | None,
    officer_ids: Sequence[int],
    kind: str,
    campaign: str,
    met: str,
    checklist: str = "",
    agency_id: int | None = None,
    case_id: int | None = None,
    follows_id: int | None = None,
    point: tuple[float, float] | None = None,
) -> Visit:
    """Begin a visit that nobody has planned."""
    unit = _unit(unit_id or 0, "inspections.record", by=turn.by)
    agency = _agency_of(turn.by, agency_id, on=turn.today)
    # The unit is locked, so that two officers of one agency do not both begin.
    turn.lock(Unit.objects.all(), [unit.pk])
    going = VisitPart.objects.filter(
        unit=unit, agency=agency, visited_on__isnull=True, visit__state=VisitState.OPEN
    ).first()
    if going is not None:
        raise NotAllowedNow(
            _("本单位在这里有一次检查还没有完成，请先完成或取消那一次。"),
            data={"visit": going.visit_id},
            code="already_open",
        )
    visit = _new_visit(
        unit, kind, [agency], {agency.pk: checklist}, on=turn.today, campaign=campaign, case_id=case_id,
        follows_id=follows_id, by=turn.by,
    )  # fmt: skip
    part = visit.parts.select_related("agency").get()
    _begun(turn, visit, part, officer_ids, met=met, point=point)
    visit.state = VisitState.OPEN
    visit.save()
    return visit


@LOOP.verb("begin")
def begin_planned(
    turn: Turn,
    *,
    officer_ids: Sequence[int],
    met: str,
    checklist: str = "",
    agency_id: int | None = None,
    point: tuple[float, float] | None = None,
) -> None:
    """Begin the part of the actor's agency in a planned visit; the first one that comes opens it."""
    visit = turn.row
    part = own_part(turn, agency_id)
    if part.officers.exists():
        raise NotAllowedNow(
            _("本单位已经开始检查，请继续填写。"), data={"visit": visit.pk}, code="already_open"
        )
    if checklist or part.edition != turn.today:
        _renew_form(visit, part, checklist, at=turn.at)
    _begun(turn, visit, part, officer_ids, met=met, point=point)


def _renew_form(visit: Visit, part: VisitPart, key: str, *, at: datetime) -> None:
    """Take the edition of the day of the visit, should it have changed since the plan."""
    on = day_of(at)
    flags = kinds.flags_on(visit.unit, on=on)
    chosen = _form(visit.unit, visit.kind, part.agency_kind, key or part.checklist, flags, on=on)
    if chosen != (part.checklist, part.edition):
        part.checklist, part.edition = chosen
        part.save(update_fields=["checklist", "edition"])


def _begun(
    turn: Turn,
    visit: Visit,
    part: VisitPart,
    officer_ids: Sequence[int],
    *,
    met: str,
    point: tuple[float, float] | None,
) -> None:
    officers = _officers(part, officer_ids, on=turn.today)
    VisitOfficer.objects.bulk_create(officers)
    joined = visit.state == VisitState.OPEN
    if not joined:
        visit.began_at = turn.at
        if point is not None:
            visit.longitude, visit.latitude = point
    visit.met = met or visit.met
    turn.basis = book(turn.today)["officers"][part.agency_kind]["basis"][0]
    turn.facts = {
        "agency": part.agency.name,
        "joined": joined,
        "officers": [{"name": o.name, "badge": o.badge} for o in officers],
        "checklist": part.checklist,
        "edition": part.edition.isoformat(),
    }


def _officers(part: VisitPart, officer_ids: Sequence[int], *, on: date) -> list[VisitOfficer]:
    """Return the officers of a part with their badges, or refuse them with what they lack."""
    wanted = list(dict.fromkeys(officer_ids))
    if not wanted:
        raise Refusal(_("请选择到场的检查人员。"), field="officers")
    people = {post.person_id: post.person for post in posts_of(part.agency_id, on=on)}
    if any(pk not in people for pk in wanted):
        raise Refusal(
            _("检查人员应是“%(agency)s”当日在岗的人员，请重新选择。") % {"agency": part.agency.name},
            field="officers",
        )
    chosen = [people[pk] for pk in wanted]
    rule = rules.OfficerRule.of(book(on)["officers"][part.agency_kind])
    badges = [rules.Badge(p.name, p.badge_number, p.badge_until) for p in chosen]
    if lacks := rules.officers_lack(rule, badges, on=on):
        raise Refusal(
            " ".join(_lack_sentence(lack) for lack in lacks),
            field="officers",
            code=lacks[0].code,
            data={"lacks": [lack.code for lack in lacks], "basis": list(rule.basis)},
        )
    return [VisitOfficer(part=part, person=p, name=p.name, badge=p.badge_number) for p in chosen]


def _lack_sentence(lack: rules.Lack) -> str:
    sentence = {
        "no_badge": _("%(name)s没有登记执法证，不能作为检查人员；请先在人员资料中登记。"),
        "expired": _("%(name)s的执法证已过有效期，不能作为检查人员。"),
        "too_few": _("本单位检查至少要 %(n)d 名持有效执法证的人员，请再选择。"),
    }[lack.code]
    return sentence % {"name": lack.name, "n": lack.n}


# ------------------------------------------------------------------------------------------------- finishing, voiding


def concluded(visit: Visit) -> list[VisitPart]:
    """Return the parts that were begun; refuse while one of them has no conclusion."""
    parts = [p for p in visit.parts.select_related("agency").prefetch_related("officers") if p.officers.all()]
    waiting = [p.agency.name for p in parts if not p.conclusion]
    if waiting:
        raise NotAllowedNow(
            _("%(names)s还没有填写检查结论。") % {"names": "、".join(waiting)}, data={"allowed": ["conclude"]}
        )
    return parts


@LOOP.verb("finish")
def finish_visit(turn: Turn, *, channel: str, absent: bool) -> None:
    """Finish a visit: its parts count from now on, its findings become cases, its day is noted everywhere.

    channel  how its hazards are reported: field (a phone) or staff (a desk)
    absent   confirm that agencies that never came are left out of the record
    Raises NotAllowedNow while a part has no conclusion or nobody has signed, NeedsConfirmation for absent agencies.
    """
    visit, by = turn.row, turn.by
    parts = concluded(visit)
    if not (visit.signed_by or visit.refusal):
        turn.refuse(_("当事人还没有签字。请当事人签字，或者注明拒绝签字。"), "sign", "refuse_signature")
    left_out = _leave_out_absent(turn, parts)
    assert visit.began_at is not None
    day = day_of(visit.began_at)
    visit.visited_on, visit.finished_at, visit.ended_at = day, turn.at, visit.ended_at or turn.at
    visit.finished_by_id, visit.finished_by_name, visit.finished_by_post = by.account_id, by.name, by.post
    # First of all: whoever hears of a case that is closed by an effect asks whether its visit counts.
    visit.state = turn.target
    visit.save()
    found, marks = Counter(visit.findings.filter(is_new=True).values_list("part", flat=True)), _marks(visit)
    for part in parts:
        part.findings_count = found[part.pk]
        VisitPart.objects.filter(pk=part.pk).update(
            visited_on=day,
            findings_count=part.findings_count,
            previous_on=counted.previous_day(part, day),
            **marks,
        )
    if counted.later_parts(visit.unit_id, day):
        counting.renumber_previous([visit.unit_id])
    turn.facts |= {
        "unit": visit.unit.name,
        "unit_kind": visit.unit.kind,
        "kind": visit.kind,
        "on": day.isoformat(),
        "parts": [
            {"agency": p.agency.name, "conclusion": p.conclusion, "found": p.findings_count} for p in parts
        ],
        "absent": left_out,
        **_company(visit.unit, day),
    }


def _marks(visit: Visit) -> dict[str, bool]:
    """Return which of the flags that are counted by a visit's unit carried that day."""
    assert visit.visited_on is not None
    flags = kinds.flags_on(visit.unit, on=visit.visited_on)
    return {"is_old_community": "old_community" in flags, "is_high_rise": "high_rise" in flags}


@LOOP.effect("file_hazards")
def _hazards_filed(turn: Turn) -> None:
    """File each new finding as a case, and tell of it; one seen again adds its photos to its case."""
    visit = turn.row
    marks, company = _marks(visit), _company(visit.unit, visit.visited_on)
    for finding in visit.findings.select_related("case").order_by("pk"):
        _confirm(turn, finding, marks)
        if finding.is_new:
            journal.record(
                "inspections.finding_confirmed",
                subject=finding,
                by=turn.by,
                at=turn.at,
                note=" ".join(x for x in (finding.place, finding.text) if x),
                data={
                    "visit": visit.pk,
                    "unit": visit.unit.name,
                    "unit_kind": visit.unit.kind,
                    "class": finding.class_code,
                    "severity": finding.severity,
                    "at_once": finding.at_once,
                    "case": finding.case_id,
                    "agency_kind": finding.agency_kind,
                    "on": visit.visited_on.isoformat(),
                    **company,
                },
            )


@LOOP.effect("meet_duties")
def _duties_met(turn: Turn) -> None:
    """Move on what the agencies that came owe the unit."""
    visit = turn.row
    parts = visit.parts.values_list("agency", flat=True)
    coverage.visited_all([(visit.unit_id, agency, visit.visited_on) for agency in parts])


@LOOP.effect("print_later")
def _printed_later(turn: Turn) -> None:
    """Have the record printed in the background."""
    jobs.defer("inspections.issue_record", visit_id=turn.row.pk)


def _leave_out_absent(turn: Turn, parts: Sequence[VisitPart]) -> list[str]:
    """Remove the parts of agencies that never came, once that was confirmed; return their names."""
    visit = turn.row
    absent = list(visit.parts.exclude(pk__in=[p.pk for p in parts]).select_related("agency"))
    names = [p.agency.name for p in absent]
    if not absent:
        return []
    turn.doubt(
        "absent",
        _("%(names)s没有到场检查。确认不再等待的，请勾选“未到场”后完成。") % {"names": "、".join(names)},
        asked="absent",
        confirm="absent",
        names=names,
    )
    if visit.agency_id in {p.agency_id for p in absent}:
        visit.agency = parts[0].agency
        visit.save(update_fields=["agency"])
    VisitPart.objects.filter(pk__in=[p.pk for p in absent]).delete()
    return names


def _company(unit: Unit, on: date) -> dict[str, Any]:
    """Say which property company answers for a unit on a day, for the rooms that hear by name."""
    company = (
        unit.organisation if unit.organisation and unit.organisation.kind == "property_company" else None
    )
    if company is None and unit.estate is not None:
        company = company_of(unit.estate, on=on)
    return {"company": company.name, "company_id": company.pk, "uscc": company.uscc} if company else {}


def _confirm(turn: Turn, finding: Finding, marks: Mapping[str, bool]) -> None:
    """Make a finding count: a new one becomes a case with its photos, one seen again adds them to its case."""
    visit, by, at = turn.row, turn.by, turn.at
    photos = list(finding.photos.select_related("file"))
    finding.found_on, finding.counted = visit.visited_on, finding.is_new
    finding.is_old_community, finding.is_high_rise = marks["is_old_community"], marks["is_high_rise"]
    if finding.is_new:
        finding.case = _filed(turn, finding, photos)
        if finding.at_once:
            finding.rectified_on = visit.visited_on
    elif finding.case is not None:
        for photo in photos:
            case_evidence.add(finding.case, photo.file, purpose="verify", by=by, at=at, caption=photo.caption)
    finding.save()
    if finding.is_new and finding.at_once and finding.case is not None:
        note = _("%(day)s检查时当场改正：%(what)s") % {
            "day": visit.visited_on.isoformat(),
            "what": finding.text or finding.place,
        }
        cases.close_on_spot(case_id=finding.case.pk, by=by, at=at, note=note)


def _filed(turn: Turn, finding: Finding, photos: Sequence[VisitPhoto]) -> Case:
    """Report a new finding as a hazard; whoever inspected has been there, so that nobody need verify it."""
    visit, by, at = turn.row, turn.by, turn.at
    unit = visit.unit
    name = catalogue.find("hazard", finding.class_code, on=turn.today).name
    place = finding.place if unit.estate_id else " ".join(x for x in (unit.name, finding.place) if x)
    filed: Case = cases.report(
        kind="hazard",
        class_code=finding.class_code,
        text=finding.text if len(finding.text) >= 4 else " ".join(x for x in (name, finding.text) if x),
        place=place[:200],
        estate=unit.estate,
        area=None if unit.estate_id else unit.area,
        longitude=visit.longitude,
        latitude=visit.latitude,
        uploads=[cases.Upload(p.file, p.caption) for p in photos],
        channel=turn.given["channel"],
        by=by,
        at=at,
        is_demo=finding.is_demo,
        unit=units.as_routed(unit),
        seen=True,
    )
    return filed


@LOOP.effect("answer_rechecks")
def _rechecks_answered(turn: Turn) -> None:
    """Close or send back the cases that a re-check looked at, where that is the turn of the actor's office.

    What the agency had found itself and finds put right is closed on whosever desk it lies.
    """
    visit, by, at = turn.row, turn.by, turn.at
    photos: dict[str, list[VisitPhoto]] = {}
    for photo in visit.photos.select_related("file").exclude(item=""):
        photos.setdefault(photo.item, []).append(photo)
    looked = [(p, i) for p in visit.parts.filter(checklist=rules.RECHECK) for i in p.items.order_by("pk")]
    for part, item in looked:
        case_id = rules.case_of_item(item.item)
        if case_id is None or item.result == "not_applicable":
            continue
        shown = photos.get(item.item, [])
        if item.result == "problem":
            _seen_again(visit, part, case_id, item.note, shown, visit.visited_on)
        case = Case.objects.filter(pk=case_id).first()
        note = _("%(day)s现场复查：%(note)s") % {"day": visit.visited_on.isoformat(), "note": item.note}
        if case is None or case.state != "checking" or not _may_check(case, by=by):
            if item.result == "ok" and case is not None and _found_by(part, case):
                cases.close_at_recheck(case_id=case_id, by=by, at=at, note=note)
                for photo in shown:
                    case_evidence.add(
                        case, photo.file, purpose="recheck", by=by, at=at, caption=photo.caption
                    )
            continue
        found = cases.close if item.result == "ok" else cases.send_back
        found(
            case_id=case_id,
            by=by,
            at=at,
            note=note,
            uploads=[cases.Upload(p.file, p.caption) for p in shown],
            insist=True,
            # Whoever comes back to look has looked at the photos that were handed in, too.
            **({"about_photos": note} if item.result == "ok" else {}),
        )


def _may_check(case: Case, *, by: Actor) -> bool:
    """Say whether it is the turn of the actor's office to close a case or to send it back."""
    return case.desk_id in by.organisation_ids and by.has("cases.check") and case.paused_at is None


def _found_by(part: VisitPart, case: Case) -> bool:
    """Say whether an open case is a hazard that the agency of a part found, and that is whole (not split)."""
    found = Finding.objects.filter(case=case, is_new=True, agency=part.agency_id)
    return case.is_open and found.exists() and not any(child.is_open for child in case.children.all())


def _seen_again(
    visit: Visit, part: VisitPart, case_id: int, note: str, photos: Sequence[VisitPhoto], day: date
) -> None:
    """Write a row for a hazard that a re-check found still there: seen again, and never counted twice."""
    first = Finding.objects.filter(case_id=case_id, is_new=True).order_by("pk").first()
    if first is None or visit.findings.filter(case_id=case_id).exists():
        return
    again = Finding.objects.create(
        visit=visit,
        part=part,
        unit_id=part.unit_id,
        unit_kind=part.unit_kind,
        case_id=case_id,
        item=rules.recheck_item(case_id),
        class_code=first.class_code,
        top_class=first.top_class,
        severity=first.severity,
        place=first.place,
        text=note,
        agency_id=part.agency_id,
        agency_kind=part.agency_kind,
        found_on=day,
        is_new=False,
        is_old_community=first.is_old_community,
        is_high_rise=first.is_high_rise,
        is_demo=visit.is_demo,
        **{column: getattr(visit, column) for column in PLACED},
    )
    VisitPhoto.objects.filter(pk__in=[p.pk for p in photos]).update(finding=again)


@LOOP.verb("cancel")
def cancel(turn: Turn, *, reason: str) -> None:
    """Drop a visit that is planned or open; nothing of it was counted."""
    turn.row.findings.update(counted=False)
    turn.facts = {"unit": turn.row.unit.name, "was": "open", **_company(turn.row.unit, turn.today)}


@LOOP.verb("void")
def void(turn: Turn, *, reason: str) -> None:
    """Take a finished visit back: it no longer counts; its cases go on."""
    visit = turn.row
    visit.findings.update(counted=False)
    visit.parts.update(visited_on=None, previous_on=None)
    counting.renumber_previous([visit.unit_id])
    turn.facts = {"unit": visit.unit.name, "was": "finished", **_company(visit.unit, turn.today)}


@LOOP.effect("owe_again")
def _owed_again(turn: Turn) -> None:
    """Let what is due be as if the visit had not been."""
    coverage.recompute([turn.row.unit_id])


def void_visit(*, visit_id: int, reason: str, by: Actor, at: datetime, key: str = "") -> Visit:
    """Take a visit back: a planned or open one is dropped, a finished one no longer counts."""
    finished = Visit.objects.filter(pk=visit_id, finished_at__isnull=False).exists()
    done: Visit = (void if finished else cancel)(visit_id=visit_id, reason=reason, by=by, at=at, key=key)
    return done


@LOOP.verb("ask_recheck")
def ask_recheck(turn: Turn, *, note: str, planned_for: date | None) -> None:
    """Register that the inspected asks to be looked at again, and plan the re-check within its term.

    planned_for  the day it is wanted; left out, the last day of the term (3 workdays)
    """
    followed = turn.row
    part = own_part(turn)
    if not counted.open_hazards(followed.unit_id):
        turn.refuse(_("这个对象没有待整改的隐患，不需要复查。"))
    going = followed.rechecks.filter(state__in=[VisitState.PLANNED, VisitState.OPEN]).first()
    if going is not None:
        raise NotAllowedNow(
            _("已经安排了复查，请直接办理。"), data={"visit": going.pk}, code="already_planned"
        )
    due = counted.recheck_day(turn.at)
    day = planned_for or due
    if not turn.today <= day <= due:
        raise Refusal(
            _("复查应在 %(day)s 前进行，请选择期限内的日期。") % {"day": due.isoformat()}, field="planned_for"
        )
    visit = _new_visit(
        followed.unit, rules.RECHECK, [part.agency], {}, on=day, follows_id=followed.pk, by=turn.by
    )
    visit.asked_on = turn.today
    _set_day(visit, day, by=turn.by)
    # The story of the re-check begins with who asked for it.
    turn.subject = turn.made = visit
    turn.facts = {
        "state": visit.state,
        "follows": followed.pk,
        "for": day.isoformat(),
        "due": due.isoformat(),
    }
