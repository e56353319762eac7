"""The verbs of major fire hazards: propose, hear a panel, decide, give notice, list for supervision, remove."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from anju.duties.cases.queries import catalogue
from anju.duties.cases.services import LOOP as CASES
from anju.duties.orders.queries import matters
from anju.ground.access.actors import Actor
from anju.ground.foundation import calendar, citations, clocks, ladder, workdays
from anju.ground.foundation.acts import Loop, Turn
from anju.ground.foundation.refusals import NotPermitted, Refusal
from anju.ground.organisations.models import Organisation
from anju.means.documents import services as papers
from anju.means.documents.rules.facts import HazardLine, MajorHazardData

from . import queries, rules
from .models import MajorHazard
from .queries import book_of, book_on, supervisors, term
from .rules import STATE_LABELS, STATE_MOODS, STEPS

NOTICE = "major_hazard_notice"


def _whose(turn: Turn) -> None:
    """Let an office over the place list it, and another than who proposed decide: the decision is taken together."""
    if turn.step.act == "list" and not supervisors(turn.by, turn.row):
        raise NotPermitted(_("挂牌督办由县级以上主管部门办理。"), data={"power": "majors.list"})
    if turn.step.act == "decide" and turn.row.proposed_by == turn.by.account_id:
        raise NotPermitted(
            _("提请人不能自己认定，请由负责人主持集体讨论后办理。"),
            data={"power": "majors.judge"},
            code="own_work",
        )


LOOP = Loop(
    MajorHazard, STEPS, room="majors", see="majors.see", labels=STATE_LABELS, moods=STATE_MOODS,
    roles={"agency": "agency"}, turns=_whose, not_yours=lazy("这一步由认定机关“%(name)s”办理。"),
    no_power=lazy("重大火灾隐患由消防救援机构认定，其他单位请移送。"),
    missing=lazy("没有找到这件重大火灾隐患，可能编号有误，或不在您的管辖范围。"),
    choices={"places": lambda row, day, by: queries.places_on(day)},
    related=("case__estate", "case__company", "case__handler", "agency", "unit", "listed_by"), param="major_id",
)  # fmt: skip


def _day(at: datetime, wanted: workdays.Term) -> date:
    return timezone.localtime(calendar.due(at, wanted).at).date()


@LOOP.verb("propose")
def propose(
    turn: Turn,
    *,
    case_id: int,
    place: str,
    criteria: Sequence[Mapping[str, Any]],
    note: str,
    is_demo: bool = False,
) -> MajorHazard:
    """Propose that a hazard be judged a major one, by the edition in force today; the decision is due in its term.

    place     key of the edition's places
    criteria  [{code, met, note}]: met is 1 for a direct criterion, a number of elements for a group; where its
              clauses are not entered yet, code and note are typed
    """
    (case,) = turn.lock(CASES, [case_id])
    agency = _agency(turn.by)
    if not case.is_open or case.kind != "hazard":
        turn.refuse(_("只有尚未办结的隐患可以提请认定。"))
    if MajorHazard.objects.filter(case=case).exists():
        raise Refusal(_("这件隐患已经提请过认定。"), code="already_proposed")
    book = book_on(turn.today)
    kept = _read(criteria, book)
    judged = rules.judge(book, place=place, criteria=kept)
    turn.facts = {
        "case": case.pk, "place": place, "standard": book["standard"],
        "met": judged.met, "counted": judged.counted, "needed": judged.needed,
    }  # fmt: skip
    return MajorHazard.objects.create(
        case=case,
        unit=matters.unit_of(case),
        agency=agency,
        state=turn.target,
        edition=book["effective_from"],
        place_kind=place,
        criteria=kept,
        proposed_at=turn.at,
        proposed_by=turn.by.account_id,
        decide_by=_day(turn.at, term("propose", book)),
        note=note,
        is_demo=is_demo or case.is_demo,
        **{level: getattr(case, level) for level in ("city", "county", "street", "community", "division")},
    )


def _agency(by: Actor) -> Organisation:
    found = (
        Organisation.objects.filter(pk__in=by.organisation_ids, kind="fire_brigade").order_by("pk").first()
    )
    if found is None:
        raise NotPermitted(str(LOOP.no_power), data={"power": "majors.judge"})
    return found


def _read(criteria: Sequence[Mapping[str, Any]], book: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Keep the criteria that are met, refusing codes the edition does not know."""
    known = {entry["code"] for entry in (*book["direct"], *book["composite"])}
    kept = []
    for line in criteria:
        code, met = str(line.get("code", "")).strip()[:20], int(line.get("met") or 0)
        note = str(line.get("note", "")).strip()[:300]
        if not code or met < 1:
            continue
        if code not in known and not book.get("typed"):
            raise Refusal(_("本版标准没有编号为“%(code)s”的判定要素。") % {"code": code}, field="criteria")
        if code not in known and not note:
            raise Refusal(_("请写明第 %(code)s 条的判定要素内容。") % {"code": code}, field="criteria")
        kept.append({"code": code, "met": min(met, 99), "note": note})
    if not kept:
        raise Refusal(_("请至少选择一项判定要素。"), field="criteria")
    return kept


@LOOP.verb("panel")
def hear_panel(turn: Turn, *, panel: str, note: str) -> None:
    """Keep the experts; the decision waits for them ten workdays more, counted from the day it was due."""
    major, book, kept = turn.row, book_of(turn.row), rules.experts(panel)
    if len(kept) < book["panel_least"]:
        raise Refusal(_("专家论证至少需要 %(n)d 名专家。") % {"n": book["panel_least"]}, field="panel")
    major.panel, major.panel_on = kept, turn.today
    _work_out(major)
    turn.facts = {"experts": [one["name"] for one in kept], "decide_by": major.decide_by.isoformat()}


@LOOP.verb("decide")
def decide(turn: Turn, *, due_on: date, note: str) -> None:
    """Judge the hazard a major one and fix the day of the cure."""
    if due_on <= turn.today:
        raise Refusal(_("请填写整改期限，须晚于今天。"), field="due_on")
    major = turn.row
    major.decided_at, major.decided_by, major.due_on = turn.at, turn.by.name, due_on
    _work_out(major)
    turn.facts = {"due_on": due_on.isoformat()}


@LOOP.verb("dismiss")
def dismiss(turn: Turn, *, note: str) -> None:
    """Find that the hazard is none of the major ones."""
    turn.row.decided_at = turn.at


@LOOP.verb("notify")
def notify(turn: Turn, *, measures: str = "") -> None:
    """Issue the notice under the agency's next number; the decision, taken by another person, is its approval."""
    major = turn.row
    paper = papers.issue(
        kind=NOTICE,
        data=notice_of(major, measures.splitlines(), at=turn.at),
        register_code=matters.register_code(major.agency, NOTICE, on=turn.today),
        subject=major,
        by=turn.by,
        at=turn.at,
        organisation=major.agency,
        signed_by=major.decided_by,
    )
    major.document_id, major.written_number = paper.pk, paper.written_number
    turn.facts = {"number": major.written_number}


@LOOP.verb("list")
def list_for_supervision(turn: Turn, *, note: str) -> None:
    """Put a major hazard under the supervision of a county's or the city's office."""
    turn.row.listed_on, turn.row.listed_by = turn.today, supervisors(turn.by, turn.row)[0]
    turn.facts = {"listed_by": turn.row.listed_by.name}


@LOOP.verb("remove")
def remove(turn: Turn, *, note: str) -> None:
    """Take a hazard off the list, its case re-checked and closed before."""
    turn.row.removed_on, turn.row.removal_note = turn.today, note


def notice_of(major: MajorHazard, measures: Sequence[str], *, at: datetime) -> MajorHazardData:
    """Return the facts of the notice."""
    case, book = major.case, book_of(major)
    chosen = catalogue.find(case.kind, case.class_code, on=timezone.localtime(case.reported_at).date())
    basis = [citations.cite(key, chinese=True) for key in chosen.basis if not key.startswith("xx-defaults")]
    recipient = major.unit.name if major.unit else (case.company or case.handler or major.agency).name
    estate = case.estate
    place = " ".join(part for part in (estate.name if estate else "", case.place) if part) or recipient
    decided = major.decided_at or at
    return MajorHazardData(
        organisation=major.agency.name,
        recipient=case.company.name if case.company else recipient,
        place=place,
        inspected_on=timezone.localtime(case.verified_at or case.reported_at).date(),
        decided_on=timezone.localtime(decided).date(),
        due_on=major.due_on or timezone.localtime(at).date(),
        standard=_("《%(name)s》（%(standard)s）") % {"name": book["name"], "standard": book["standard"]},
        criteria=tuple(rules.names(book, major.criteria)),
        hazards=(HazardLine(case.place or place, chosen.name, _("；").join(basis), major.due_on),),
        basis=(citations.cite("cn-fire-2021-54", chinese=True), citations.cite(book["basis"], chinese=True)),
        measures=tuple(line.strip() for line in measures if line.strip()),
        supervised_by=major.listed_by.name if major.listed_by else "",
        phone=major.agency.phone,
    )


def _days(major: MajorHazard) -> dict[str, date]:
    """Return the last day of what is due next, by the calendar of today."""
    book = book_of(major)
    if major.decided_at is not None:
        return {"notify_by": _day(major.decided_at, term("notify", book))}
    due = calendar.due(major.proposed_at, term("propose", book)).at
    return {"decide_by": _day(due, term("panel", book)) if major.panel else timezone.localtime(due).date()}


def _work_out(major: MajorHazard) -> None:
    """Work out the day of what is due next."""
    for name, day in _days(major).items():
        setattr(major, name, day)


escalate = ladder.climbs(LOOP)
deadline_moved = clocks.follow_the_calendar(
    LOOP,
    clocks.Days(lambda: MajorHazard.objects.filter(state__in=sorted(rules.OPEN), written_number=""), _days),
    labels={"decide_by": lazy("认定期限"), "notify_by": lazy("通知期限")},
)
