"""The verbs of major fire hazards: propose, hear a panel, decide, give notice, list for supervision, remove."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.duties.cases.models import Case
from anju.duties.cases.queries import catalogue
from anju.duties.orders.queries import matters
from anju.ground.access import services as access
from anju.ground.access.actors import SYSTEM, Actor
from anju.ground.foundation import calendar, citations, journal, workdays, workflow
from anju.ground.foundation.refusals import NotAllowedNow, NotFound, NotPermitted, Refusal
from anju.ground.organisations.models import Organisation
from anju.means.documents import services as papers
from anju.means.documents.rules.facts import HazardLine, MajorHazardData

from . import rules
from .models import MajorHazard
from .queries import book_of, book_on, get, may, supervisors, term
from .rules import STATE_LABELS, STEPS, MajorState

NOTICE = "major_hazard_notice"
_LEAST = 5


def _day(at: datetime, wanted: workdays.Term) -> date:
    return timezone.localtime(calendar.due(at, wanted).at).date()


@transaction.atomic
def propose(
    *,
    case_id: int,
    place: str,
    criteria: Sequence[Mapping[str, Any]],
    note: str,
    by: Actor,
    at: datetime,
    key: str = "",
    is_demo: bool = False,
) -> MajorHazard:
    """Propose that a hazard be judged a major one, by the edition in force today; the decision is due in its term.

    place     key of the edition's places
    criteria  [{code, met, note}]: met is 1 for a direct criterion, a number of elements for a group; where its
              clauses are not entered yet, code and note are typed
    """
    asked = journal.digest([case_id, place, list(criteria), note])
    seen = access.visible(Case, to=by, power="cases.see").filter(pk=case_id)
    # Locked, so that the second of two equal requests finds what the first has left.
    case = seen.select_related("estate").select_for_update(of=("self",)).first()
    if case is None:
        raise NotFound(_("没有找到这件事项，可能编号有误，或不在您的管辖范围。"))
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return MajorHazard.objects.get(pk=known.subject_id)
    agency = _agency(by)
    if not case.is_open or case.kind != "hazard":
        raise NotAllowedNow(_("只有尚未办结的隐患可以提请认定。"), data={"allowed": []})
    if MajorHazard.objects.filter(case=case).exists():
        raise Refusal(_("这件隐患已经提请过认定。"), code="already_proposed")
    day = timezone.localtime(at).date()
    book = book_on(day)
    _say(note, _("请写明检查情况和提请认定的理由。"))
    if place not in {entry["key"] for entry in book["places"]}:
        raise Refusal(_("请选择场所类型。"), field="place")
    kept = _read(criteria, book)
    made = MajorHazard(
        case=case,
        unit=matters.unit_of(case),
        agency=agency,
        state=MajorState.PROPOSED,
        edition=book["effective_from"],
        criteria=kept,
        proposed_at=at,
        decide_by=_day(at, term("propose", book)),
        note=note.strip(),
        is_demo=is_demo or case.is_demo,
        **{level: getattr(case, level) for level in ("city", "county", "street", "community", "division")},
    )
    judged = rules.judge(book, place=place, criteria=kept)
    try:
        with transaction.atomic():
            made.save(force_insert=True)
    except IntegrityError:
        raise Refusal(_("这件隐患已经提请过认定。"), code="already_proposed") from None
    journal.record(
        "majors.propose",
        subject=made,
        by=by,
        at=at,
        note=made.note,
        basis=rules.BASIS,
        data={
            "case": case.pk,
            "place": place,
            "standard": book["standard"],
            "met": judged.met,
            "counted": judged.counted,
            "needed": judged.needed,
        },
        key=key,
        key_digest=asked,
    )
    return made


def _agency(by: Actor) -> Organisation:
    if not by.has("majors.judge"):
        raise NotPermitted(
            _("重大火灾隐患由消防救援机构认定，其他单位请移送。"), data={"power": "majors.judge"}
        )
    found = (
        Organisation.objects.filter(pk__in=by.organisation_ids, kind="fire_brigade").order_by("pk").first()
    )
    if found is None:
        raise NotPermitted(
            _("重大火灾隐患由消防救援机构认定，其他单位请移送。"), data={"power": "majors.judge"}
        )
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


def _say(text: str, sentence: str, field: str = "note") -> None:
    if len(text.strip()) < _LEAST:
        raise Refusal(sentence, field=field)


@transaction.atomic
def take_step(
    *,
    major_id: int,
    act: str,
    by: Actor,
    at: datetime,
    note: str = "",
    panel: Sequence[Mapping[str, str]] = (),
    due_on: date | None = None,
    measures: Sequence[str] = (),
    key: str = "",
) -> MajorHazard:
    """Take one step of a major hazard and leave a trace.

    act       panel, decide, dismiss, notify, list, remove
    panel     panel: the experts with their opinions, [{name, title, opinion}]
    due_on    decide: the last day of the cure
    measures  notify: what keeps people safe until then
    """
    asked = journal.digest([major_id, act, note, list(panel), due_on, list(measures)])
    get(by, major_id)
    major = (
        MajorHazard.objects.select_for_update(of=("self",))
        .select_related("case__estate", "case__company", "case__handler", "agency", "unit", "listed_by")
        .get(pk=major_id)
    )
    if journal.receipt(by=by, key=key, key_digest=asked):
        return major
    step = _find(major, act)
    if not may(by, major, step):
        raise NotPermitted(
            _("挂牌督办由县级以上主管部门办理。")
            if act == "list"
            else _("这一步由认定机关“%(name)s”办理。") % {"name": major.agency.name},
            data={"power": step.power},
        )
    note = note.strip()
    if step.note == "required":
        _say(note, _("请写明理由和情况。"))
    facts: dict[str, Any] = {}
    if act == "panel":
        _panel(major, panel, at=at, facts=facts)
    elif act == "decide":
        _decide(major, due_on, by=by, at=at)
        facts["due_on"] = due_on.isoformat() if due_on else ""
    elif act == "dismiss":
        major.decided_at = at
    elif act == "notify":
        _notify(major, measures, at=at, by=by)
        facts["number"] = major.written_number
    elif act == "list":
        major.listed_on, major.listed_by = timezone.localtime(at).date(), supervisors(by, major)[0]
        facts["listed_by"] = major.listed_by.name
    elif act == "remove":
        _remove(major, note, at=at)
    major.state = step.target or major.state
    major.save()
    major_act = act
    journal.record(
        f"majors.{major_act}",
        subject=major,
        by=by,
        at=at,
        note=note,
        basis=step.basis,
        data={"state": major.state, **facts},
        key=key,
        key_digest=asked,
    )
    return major


def _find(major: MajorHazard, act: str) -> workflow.Step:
    possible = rules.possible(major.state, notified=bool(major.written_number))
    step = next((step for step in possible if step.act == act), None)
    if step is None:
        wanted = next((str(s.label) for s in STEPS if s.act == act), act)
        raise NotAllowedNow(
            _("此件现在是“%(state)s”，不能“%(act)s”。现在可以：%(possible)s。")
            % {
                "state": STATE_LABELS[major.state],
                "act": wanted,
                "possible": _("、").join(str(s.label) for s in possible) or _("无"),
            },
            data={"allowed": [s.act for s in possible]},
        )
    return step


def _panel(
    major: MajorHazard, panel: Sequence[Mapping[str, str]], *, at: datetime, facts: dict[str, Any]
) -> None:
    """Keep the experts; the decision waits for them ten workdays more, counted from the day it was due."""
    book = book_of(major)
    kept = [
        {field: str(one.get(field, "")).strip()[:500] for field in ("name", "title", "opinion")}
        for one in panel
        if str(one.get("name", "")).strip()
    ]
    if len(kept) < book["panel_least"]:
        raise Refusal(_("专家论证至少需要 %(n)d 名专家。") % {"n": book["panel_least"]}, field="panel")
    major.panel, major.panel_on = kept, timezone.localtime(at).date()
    before = calendar.due(major.proposed_at, term("propose", book)).at
    major.decide_by = _day(before, term("panel", book))
    facts["experts"] = [one["name"] for one in kept]
    facts["decide_by"] = major.decide_by.isoformat()


def _decide(major: MajorHazard, due_on: date | None, *, by: Actor, at: datetime) -> None:
    """Fix the day of the cure; who proposed does not decide, because the decision is taken together."""
    day = timezone.localtime(at).date()
    proposed = journal.events_named(major, "majors.propose").first()
    if proposed is not None and proposed.actor_id is not None and proposed.actor_id == by.account_id:
        raise NotPermitted(
            _("提请人不能自己认定，请由负责人主持集体讨论后办理。"),
            data={"power": "majors.judge"},
            code="own_work",
        )
    if due_on is None or due_on <= day:
        raise Refusal(_("请填写整改期限，须晚于今天。"), field="due_on")
    major.decided_at, major.due_on = at, due_on
    major.notify_by = _day(at, term("notify", book_of(major)))


def _notify(major: MajorHazard, measures: Sequence[str], *, by: Actor, at: datetime) -> None:
    """Issue the notice under the agency's next number; the decision, taken by another person, is its approval."""
    decided = journal.events_named(major, "majors.decide").last()
    paper = papers.issue(
        kind=NOTICE,
        data=notice_of(major, measures, at=at),
        register_code=matters.register_code(major.agency, NOTICE, on=timezone.localtime(at).date()),
        subject=major,
        by=by,
        at=at,
        organisation=major.agency,
        signed_by=decided.actor_name if decided else by.name,
    )
    major.document_id, major.written_number = paper.pk, paper.written_number


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


def _remove(major: MajorHazard, note: str, *, at: datetime) -> None:
    """Take a hazard off the list; its case must have been re-checked and closed before."""
    if major.case.is_open:
        raise NotAllowedNow(
            _("隐患事项 %(number)s 还没有复查合格、办结，不能销案。") % {"number": major.case.number},
            data={"allowed": [], "case": major.case_id},
            code="not_rechecked",
        )
    major.removed_on, major.removal_note = timezone.localtime(at).date(), note


def recompute_deadlines(*, at: datetime) -> int:
    """Work out the open terms of major hazards again after a change of the calendar; journal each that moved."""
    moved = 0
    waiting = MajorHazard.objects.filter(state__in=sorted(rules.OPEN), written_number="")
    for made in waiting.select_for_update(of=("self",)).order_by("pk"):
        book, before = book_of(made), (made.decide_by, made.notify_by)
        if made.decided_at is not None:
            made.notify_by = _day(made.decided_at, term("notify", book))
        else:
            due = calendar.due(made.proposed_at, term("propose", book)).at
            made.decide_by = _day(due, term("panel", book)) if made.panel else timezone.localtime(due).date()
        if (made.decide_by, made.notify_by) == before:
            continue
        made.save(update_fields=["decide_by", "notify_by"])
        data = {
            "from": [day.isoformat() if day else "" for day in before],
            "to": [day.isoformat() if day else "" for day in (made.decide_by, made.notify_by)],
        }
        journal.record("majors.moved", subject=made, by=SYSTEM, at=at, data=data)
        moved += 1
    return moved
