"""The verbs of the closed loop. One transaction each; the record is written beside the act.

Every write takes an idempotency key: the event it leaves is the receipt, and the same key again returns the same
case without acting twice.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.ground.access import escrow
from anju.ground.access import services as access
from anju.ground.access.actors import SYSTEM, Actor
from anju.ground.foundation import journal, rulebooks, workflow
from anju.ground.foundation.refusals import (
    NeedsConfirmation,
    NotAllowedNow,
    NotFound,
    NotPermitted,
    Refusal,
)
from anju.ground.organisations.models import Organisation
from anju.ground.organisations.queries import covering_all
from anju.ground.territory.models import Area, Estate

from . import catalogue, clocks, evidence, rules
from .models import Case, CaseClock, Evidence, Merge, Notice, Report, SealedIdentity, TermRequest
from .routing import route
from .rules import STEPS, State

# No 0/O, 1/I/L: a code that is read over the telephone.
_CODE_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that comes with an act, and what its sender says of it."""

    file: Any
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Reporter:
    """Who reports. `origin` is the address the request came from; both are kept only as keyed fingerprints."""

    name: str = ""
    phone: str = ""
    origin: str = ""

    @property
    def anonymous(self) -> bool:
        return not (self.name or self.phone)


# --------------------------------------------------------------------------------------------------- reporting


def report(
    *,
    kind: str,
    class_code: str,
    text: str,
    by: Actor,
    at: datetime,
    channel: str,
    estate: Estate | None = None,
    area: Area | None = None,
    place: str = "",
    longitude: float | None = None,
    latitude: float | None = None,
    reporter: Reporter | None = None,
    uploads: Sequence[Upload] = (),
    key: str = "",
    is_demo: bool = False,
) -> Case:
    """File a complaint or a hazard and start its clocks; return the case (the first one for a repeated key).

    estate or area  where it is; an area alone (usually a community) is enough outside of estates
    reporter        given when somebody outside the office reports: they get a follow code and a reply in time
    Raises Refusal for an empty text, an unknown class or too many reports from one place; NotFound when the
    estate lies outside the reach of a staff member.
    """
    asked = journal.digest(
        [kind, class_code, text, estate and estate.pk, area and area.pk, place, reporter and reporter.phone]
    )
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return Case.objects.get(pk=known.subject_id)
    text = text.strip()
    if len(text) < 4:
        raise Refusal(_("请写清楚发生了什么，至少四个字。"), field="text")
    where = estate.area if estate is not None else area
    if where is None:
        raise Refusal(_("请选择小区或所在社区，办理单位才能找到现场。"), field="estate")
    day = timezone.localtime(at).date()
    chosen = catalogue.find(kind, class_code, on=day)
    if by.kind == "account":
        _require_place(by, where)
    if reporter is not None and by.kind == "public":
        _refuse_flood(reporter, at=at)
    found = route(
        kind=kind,
        class_code=class_code,
        severity=chosen.severity,
        channel=channel,
        estate=estate,
        area=where,
        on=day,
    )
    case = Case(
        kind=kind,
        class_code=class_code,
        severity=chosen.severity,
        channel=channel,
        text=text,
        place=place.strip(),
        estate=estate,
        division_id=estate.division_id if estate and estate.division_id else where.division_id,
        longitude=longitude,
        latitude=latitude,
        dispatcher=found.dispatcher,
        handler=found.handler,
        checker=found.checker,
        desk=found.dispatcher,
        company=found.company,
        routing_rule=found.rule,
        reported_at=at,
        is_demo=is_demo,
        search=rules.grams(f"{text} {place} {estate.name if estate else where.name}"),
    )
    stamp_place(case, where)
    started = [clocks.new(case, rule=clocks.rule(name, at=at), at=at) for name in ("dispatch", chosen.verify)]
    clocks.refresh(case, started)
    try:
        with transaction.atomic():
            case.repeat = bool(reporter and _is_repeat(reporter, case, at=at))
            case.save(force_insert=True)
            CaseClock.objects.bulk_create(started)
            made = _add_report(case, text, reporter, at=at) if reporter is not None else None
            _add_evidence(case, uploads, purpose="report", by=by, at=at)
            journal.record(
                "cases.report",
                subject=case,
                by=by,
                at=at,
                basis=chosen.basis[0] if chosen.basis else "",
                data={
                    "class": class_code,
                    "rule": found.rule,
                    "state": State.REPORTED,
                    "desk": found.dispatcher.name if found.dispatcher else "",
                    "report": made.code if made else "",
                },
                key=key,
                key_digest=asked,
            )
            if found.dispatcher is None:
                _escalate(case, at=at, reason=_("当地没有设置派单单位。"))
    except IntegrityError as error:
        # Another request with the same key was faster by a hair: its case is the answer to both.
        if "event_request_once" in str(error) and (
            known := journal.receipt(by=by, key=key, key_digest=asked)
        ):
            return Case.objects.get(pk=known.subject_id)
        raise
    return case


def stamp_place(case: Case, where: Area) -> None:
    """Write the four management levels of an area on a case (the caller saves)."""
    case.city_id = where.at_level(Area.Level.CITY)
    case.county_id = where.at_level(Area.Level.COUNTY)
    case.street_id = where.at_level(Area.Level.STREET)
    case.community_id = where.at_level(Area.Level.COMMUNITY)


def _require_place(by: Actor, where: Area) -> None:
    reaches = by.powers.get("cases.report", ())
    if not reaches:
        raise NotPermitted(_("您的岗位不能登记隐患或投诉。"), data={"power": "cases.report"})
    if all(r.kind == "area" and where.at_level(r.level) != r.id for r in reaches):
        raise NotFound(_("没有找到这个小区，请在本辖区内选择。"), field="estate")


def _refuse_flood(reporter: Reporter, *, at: datetime) -> None:
    """Refuse more public reports from one address or phone than the rulebook allows."""
    limits = rulebooks.load("deadlines", on=timezone.localtime(at).date())["abuse_limits"]
    for column, value, most in (
        ("origin", reporter.origin, limits["per_origin_hour"]),
        ("reporter", reporter.phone, limits["per_phone_hour"]),
    ):
        if not value:
            continue
        recent = Report.objects.filter(
            **{column: escrow.fingerprint(value)}, reported_at__gt=at - timedelta(hours=1)
        ).count()
        if recent >= most:
            raise Refusal(
                _("短时间内提交太多了。情况紧急请直接拨打 119 或 12345，其他情况请一小时后再试。"),
                code="too_many",
            )


def _is_repeat(reporter: Reporter, case: Case, *, at: datetime) -> bool:
    """Say whether the same person reported the same matter at the same place within the rulebook's days."""
    if not reporter.phone or case.estate_id is None:
        return False
    days = rulebooks.load("deadlines", on=timezone.localtime(at).date())["repeat_days"]
    return Report.objects.filter(
        reporter=escrow.fingerprint(reporter.phone),
        reported_at__gt=at - timedelta(days=days),
        case__estate_id=case.estate_id,
        case__class_code=case.class_code,
    ).exists()


def _add_report(case: Case, text: str, reporter: Reporter, *, at: datetime) -> Report:
    reply = clocks.rule("reply", at=at)
    due = clocks.new(case, rule=reply, at=at)
    made = Report.objects.create(
        case=case,
        code="".join(secrets.choice(_CODE_LETTERS) for _n in range(10)),
        text=text,
        anonymous=reporter.anonymous,
        reported_at=at,
        reply_due_at=due.due_at,
        reply_basis=reply.term.basis,
        origin=escrow.fingerprint(reporter.origin) if reporter.origin else "",
        reporter=escrow.fingerprint(reporter.phone) if reporter.phone else "",
    )
    if not reporter.anonymous:
        SealedIdentity.objects.create(
            report=made, sealed=escrow.seal({"name": reporter.name, "phone": reporter.phone})
        )
    return made


def _add_evidence(
    case: Case, uploads: Sequence[Upload], *, purpose: str, by: Actor, at: datetime
) -> list[Evidence]:
    return [
        evidence.add(case, upload.file, purpose=purpose, by=by, at=at, caption=upload.caption)
        for upload in uploads
    ]


# --------------------------------------------------------------------------------------------- steps of the loop


@transaction.atomic
def take_step(
    *,
    case_id: int,
    act: str,
    by: Actor,
    at: datetime,
    note: str = "",
    handler_id: int | None = None,
    uploads: Sequence[Upload] = (),
    insist: bool = False,
    key: str = "",
) -> Case:
    """Move a case one step along its loop, restart its clock, and leave a trace.

    act         one of rules.STEPS (assign, accept, return_back, submit, close, send_back, void, reopen) or "verify"
    note        what was done or why; required where the step says so
    handler_id  assign: the office that shall put it right (default: the one the routing rule found)
    insist      submit, close: accept a text that was challenged as saying nothing
    Raises NotFound, NotPermitted, NotAllowedNow, NeedsConfirmation or Refusal; nothing is changed then.
    """
    asked = journal.digest([case_id, act, note, handler_id])
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return Case.objects.get(pk=known.subject_id)
    case = _locked(case_id, by=by)
    step = rules.VERIFY if act == "verify" else _find_step(case, act)
    _require_turn(case, step, by=by)
    note = note.strip()
    if step.note == "required" and not note:
        raise Refusal(_REASONS.get(act) or _("请写明理由。"), field="note")
    change = _Change(case, step, by, at, note)
    if act in _BEFORE:
        _BEFORE[act](change, handler_id=handler_id, uploads=uploads, insist=insist)
    running = list(case.clocks.filter(stopped_at__isnull=True))
    stopped = clocks.stop(running, kinds=None if change.ends else rules.STOPS[act], at=at)
    CaseClock.objects.bulk_update(stopped, ["stopped_at"])
    if step.clock and (started := _next_clock(case, step.clock, at=at)):
        started.save(force_insert=True)
        running.append(started)
    added = _add_evidence(case, uploads, purpose=_PURPOSE.get(act, "verify"), by=by, at=at)
    if change.needs_photo and not added and not case.evidence.filter(purpose="rectify", added_at=at).exists():
        raise Refusal(_("请上传整改后的现场照片，复查人员要据此核对。"), field="uploads")
    case.state = step.target or case.state
    if step.target:
        case.desk_id = _desk_for(case)
        case.escalated_at = None
    clocks.refresh(case, running)
    case.save()
    journal.record(
        f"cases.{act}",
        subject=case,
        by=by,
        at=at,
        note=note,
        basis=step.basis,
        data={"state": case.state, "desk": case.desk.name if case.desk else "", **change.facts},
        key=key,
        key_digest=asked,
    )
    if act in _AFTER:
        _AFTER[act](change)
    return case


class _Change:
    """One step being taken: what its preparations found out."""

    __slots__ = ("at", "by", "case", "ends", "facts", "needs_photo", "note", "step")

    def __init__(self, case: Case, step: workflow.Step, by: Actor, at: datetime, note: str):
        self.case = case
        self.step = step
        self.by = by
        self.at = at
        self.note = note
        self.facts: dict[str, Any] = {}
        self.ends = step.target in (State.CLOSED, State.VOID)
        self.needs_photo = False


def _locked(case_id: int, *, by: Actor) -> Case:
    """Lock a case that the actor may see, or say that there is none."""
    seen = access.visible_q(Case, to=by, power="cases.see")
    case = (
        Case.objects.filter(seen, pk=case_id)
        .select_related("desk", "dispatcher", "handler", "checker", "estate")
        .select_for_update(of=("self",))
        .first()
    )
    if case is None:
        raise NotFound(_("没有找到这件事项，可能编号有误，或不在您的管辖范围。"))
    return case


def _find_step(case: Case, act: str) -> workflow.Step:
    try:
        return workflow.find(STEPS, act=act, state=case.state)
    except NotAllowedNow as refused:
        possible = [str(s.label) for s in STEPS if case.state in s.source]
        wanted = next((str(s.label) for s in STEPS if s.act == act), act)
        raise NotAllowedNow(
            _("此件现在是“%(state)s”，不能“%(act)s”。现在可以：%(possible)s。")
            % {
                "state": case.state_label,
                "act": wanted,
                "possible": "、".join(possible) or _("无"),
            },
            data=refused.data,
        ) from None


def _require_turn(case: Case, step: workflow.Step, *, by: Actor) -> None:
    """Refuse an act by somebody who lacks its power, or while the case lies on another office's desk."""
    if not by.has(step.power):
        raise NotPermitted(
            _("您的岗位没有办理这一步的权限，请联系本单位负责人。"), data={"power": step.power}
        )
    if case.paused_at is not None and step.act != "verify":
        raise NotAllowedNow(_("此件已批准中止，请先恢复办理。"), data={"allowed": ["resume"]})
    if step.act in ("verify", "reopen"):
        return
    if case.desk_id not in by.organisation_ids:
        raise NotPermitted(
            _("此件目前由“%(desk)s”办理，请由该单位操作；如已超期，可以催办或督办。")
            % {"desk": case.desk.name if case.desk else _("待定单位")},
            code="not_your_turn",
        )


def _before_assign(change: _Change, *, handler_id: int | None, **_rest: Any) -> None:
    case = change.case
    if handler_id is not None and handler_id != case.handler_id:
        chosen = Organisation.objects.filter(pk=handler_id, active=True).first()
        if chosen is None:
            raise Refusal(_("没有找到这个办理单位，请重新选择。"), field="handler")
        case.handler = chosen
        change.facts["chosen_by_hand"] = True
    if case.handler is None:
        raise Refusal(_("没有匹配到办理单位，请选择由谁整改。"), field="handler")
    refused_by = set(
        journal.events_named(case, "cases.return_back").values_list("data__returned_by", flat=True)
    )
    if case.handler_id in refused_by and not change.note:
        raise NeedsConfirmation(
            _("“%(name)s”已退过此件。请改派其他单位；确需仍由其办理的，请写明理由。")
            % {"name": case.handler.name},
            field="note",
            data={"confirm": "note"},
        )
    if case.checker_id == case.handler_id:
        case.checker_id = case.dispatcher_id
    change.facts.update(handler=case.handler.name, rule=case.routing_rule)
    case.assigned_at = change.at


def _before_accept(change: _Change, **_rest: Any) -> None:
    change.case.accepted_at = change.at


def _before_return(change: _Change, **_rest: Any) -> None:
    change.case.returns += 1
    change.facts["returned_by"] = change.case.handler_id


def _before_submit(change: _Change, *, insist: bool, **_rest: Any) -> None:
    _challenge(change, insist=insist)
    change.needs_photo = change.case.kind == "hazard"
    change.case.submitted_at = change.at


def _before_close(change: _Change, *, insist: bool, **_rest: Any) -> None:
    _challenge(change, insist=insist)
    case = change.case
    if (open_children := case.children.filter(state__in=rules.OPEN).count()) > 0:
        raise NotAllowedNow(
            _("还有 %(n)d 件拆分出的子件没有办结，办结后才能关闭本件。") % {"n": open_children},
            data={"allowed": []},
        )
    case.closed_at = change.at
    case.closing_text = change.note
    case.on_time = not any(
        c.due_at < (c.stopped_at or change.at) for c in case.clocks.all() if c.kind in ("rectify", "recheck")
    )
    change.facts["on_time"] = case.on_time


def _before_send_back(change: _Change, **_rest: Any) -> None:
    change.case.send_backs += 1


def _before_void(change: _Change, **_rest: Any) -> None:
    change.case.closed_at = change.at
    change.case.closing_text = change.note


def _before_verify(change: _Change, **_rest: Any) -> None:
    change.case.verified_at = change.at


def _before_reopen(change: _Change, **_rest: Any) -> None:
    case = change.case
    case.reopens += 1
    case.closed_at = case.on_time = None
    case.dispatcher = office_above(case, case.dispatcher) or case.dispatcher


_BEFORE = {
    "assign": _before_assign,
    "accept": _before_accept,
    "return_back": _before_return,
    "submit": _before_submit,
    "close": _before_close,
    "send_back": _before_send_back,
    "void": _before_void,
    "verify": _before_verify,
    "reopen": _before_reopen,
}
_PURPOSE = {"submit": "rectify", "close": "recheck", "send_back": "recheck"}


class _Reasons(dict):
    """What is asked for when the note of a step is missing."""

    def get(self, act: str, default: Any = None) -> str:  # type: ignore[override]
        return {
            "return_back": _("请写明退单理由，派单单位要据此改派。"),
            "submit": _("请写明整改了什么、怎么整改的。"),
            "close": _("请写明复查看到的情况，居民会看到这段话。"),
            "send_back": _("请写明哪里还不合格，办理单位才知道怎么改。"),
            "void": _("请写明不予受理的理由，上报人会看到。"),
            "reopen": _("请写明重新办理的理由。"),
        }.get(act, default)


_REASONS = _Reasons()


def _challenge(change: _Change, *, insist: bool) -> None:
    """Challenge a text that says nothing; when the officer insists, keep that fact for everybody to see."""
    case = change.case
    on = timezone.localtime(change.at).date()
    least = rulebooks.load("deadlines", on=on)["closing_text"]["least"]
    chosen = catalogue.find(case.kind, case.class_code, on=timezone.localtime(case.reported_at).date())
    doubts = rules.doubts_about_closing(
        change.note, class_texts=(chosen.name, chosen.standard_text, case.text), least=least
    )
    if not doubts:
        return
    if not insist:
        raise NeedsConfirmation(
            " ".join(str(d.sentence) for d in doubts) + _("请写明何时、何处、做了什么。"),
            field="note",
            data={"confirm": "insist", "doubts": [d.code for d in doubts]},
            code="says_nothing",
        )
    change.facts["insisted"] = [d.code for d in doubts]
    if change.step.act == "close":
        case.closing_insisted = True


def _next_clock(case: Case, name: str, *, at: datetime) -> CaseClock | None:
    if name in ("rectify", "rectify_again"):
        day = timezone.localtime(case.reported_at).date()
        chosen = catalogue.find(case.kind, case.class_code, on=day)
        rule = clocks.ClockRule("rectify", chosen.term, chosen.is_default)
        if name == "rectify_again":
            rule = clocks.rule("rectify_again", at=at)
        return clocks.new(case, rule=rule, at=at)
    return clocks.new(case, rule=clocks.rule(name, at=at), at=at)


def _desk_for(case: Case) -> int | None:
    """Say whose turn it is in a state: dispatcher, handler or checker."""
    if case.state in rules.AWAITING_DISPATCH:
        return case.dispatcher_id
    if case.state in (State.ASSIGNED, State.FIXING):
        return case.handler_id
    if case.state == State.CHECKING:
        return case.checker_id or case.dispatcher_id
    return None


def _after_close(change: _Change) -> None:
    case = change.case
    reports = Report.objects.filter(case__in=[case.pk, *case.merged.values_list("pk", flat=True)])
    reports.filter(replied_at__isnull=True).update(replied_at=change.at, reply_text=change.note)


def _after_return(change: _Change) -> None:
    """Tell the level above when a case wanders: returned as often as the rulebook tolerates."""
    case = change.case
    limit = rulebooks.load("deadlines", on=timezone.localtime(change.at).date())["returns"][
        "tell_superior_at"
    ]
    if case.returns >= limit:
        superior = office_above(case, case.dispatcher)
        Notice.objects.create(
            case=case,
            kind="returned",
            organisation=superior or case.dispatcher,
            text=_("此件已退单 %(n)d 次，请指定办理单位。") % {"n": case.returns},
            at=change.at,
            by=change.by.post,
        )


_AFTER = {"close": _after_close, "void": _after_close, "return_back": _after_return}


def office_above(case: Case, office: Organisation | None) -> Organisation | None:
    """Return the supervising office one level above another for the case's place, or None at the top."""
    ladder = _ladder(case)
    level = office.area.level if office is not None and office.area is not None else 9
    return next(
        (o for _n, o in ladder if o is not None and o.area is not None and o.area.level < level), None
    )


def _ladder(case: Case) -> list[tuple[int, Organisation | None]]:
    """List the escalation ladder of a case: (rung, office or None), from the street up to the duty officer."""
    area_id = case.community_id or case.street_id or case.county_id or case.city_id
    area = Area.objects.get(pk=area_id)
    offices = covering_all(area)
    on = timezone.localtime(case.reported_at).date()
    rungs = rulebooks.load("deadlines", on=on)["escalation"]["ladder"]
    found: list[tuple[int, Organisation | None]] = []
    for number, rung in enumerate(rungs, start=1):
        office = next((o for kind in rung["kinds"] for o in offices if o.kind == kind), None)
        found.append((number, office))
    return found


# ------------------------------------------------------------------------------------ terms: extend and suspend


@transaction.atomic
def ask_term(
    *, case_id: int, kind: str, reason: str, by: Actor, at: datetime, days: int | None = None, key: str = ""
) -> TermRequest:
    """Ask the dispatching office to extend the running term (kind "extend", days workdays) or to suspend it."""
    asked = journal.digest([case_id, kind, reason, days])
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return TermRequest.objects.get(pk=known.data["request"])
    case = _locked(case_id, by=by)
    if case.state not in (State.FIXING, State.CHECKING) or case.desk_id not in by.organisation_ids:
        raise NotAllowedNow(_("只有正在办理的单位可以申请延期或中止。"), data={"allowed": []})
    if not reason.strip():
        raise Refusal(_("请写明申请理由。"), field="reason")
    limits = rulebooks.load("deadlines", on=timezone.localtime(at).date())["extension"]
    if case.term_requests.filter(granted__isnull=True).exists():
        raise NotAllowedNow(_("已有一份申请等待审批，请先等结果。"), data={"allowed": []})
    if kind == "extend":
        if case.due_at is not None and case.due_at < at:
            raise Refusal(_("期限已过，延期必须在期限届满前申请。"))
        if days is None or not 1 <= days <= limits["max_days"]:
            raise Refusal(_("延期天数应为 1 至 %(n)d 个工作日。") % {"n": limits["max_days"]}, field="days")
        if case.term_requests.filter(kind="extend", granted=True).count() >= limits["times"]:
            raise Refusal(_("此件已延期 %(n)d 次，不能再延。") % {"n": limits["times"]})
    made = TermRequest.objects.create(
        case=case,
        kind=kind,
        days=days if kind == "extend" else None,
        reason=reason.strip(),
        asked_by=f"{by.post} {by.name}",
        asked_organisation=case.desk,
        asked_at=at,
    )
    journal.record(
        f"cases.ask_{kind}",
        subject=case,
        by=by,
        at=at,
        note=reason,
        data={"request": made.pk, "days": days},
        key=key,
        key_digest=asked,
    )
    return made


@transaction.atomic
def decide_term(
    *, request_id: int, granted: bool, by: Actor, at: datetime, decision: str = "", key: str = ""
) -> TermRequest:
    """Grant or refuse a request for extension or suspension; the asking office cannot decide its own."""
    asked = journal.digest([request_id, granted, decision])
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return TermRequest.objects.get(pk=known.data["request"])
    made = TermRequest.objects.filter(pk=request_id).first()
    case = _locked(made.case_id if made else 0, by=by)
    assert made is not None
    if made.granted is not None:
        raise NotAllowedNow(_("这份申请已经办过了。"), data={"allowed": []})
    if not by.has("cases.approve") or made.asked_organisation_id in by.organisation_ids:
        raise NotPermitted(
            _("延期和中止由派单单位审批，申请单位不能自己批。"), data={"power": "cases.approve"}
        )
    if not granted and not decision.strip():
        raise Refusal(_("不同意的，请写明理由。"), field="decision")
    made.granted, made.decided_at, made.decision = granted, at, decision.strip()
    made.decided_by = f"{by.post} {by.name}"
    made.save()
    if granted:
        running = list(case.clocks.filter(stopped_at__isnull=True))
        for clock in running:
            if made.kind == "extend" and clock.kind == case.due_clock:
                clock.adjustments = [*clock.adjustments, {"kind": "extend", "days": made.days}]
                due = clocks.replay(clock)
                clock.due_at, clock.provisional = due.at, due.provisional
            elif made.kind == "suspend":
                clock.paused_at = at
            clock.save()
        if made.kind == "suspend":
            case.paused_at = at
        case.escalated_at = None
        clocks.refresh(case, running)
        case.save()
    journal.record(
        f"cases.{'grant' if granted else 'refuse'}_{made.kind}",
        subject=case,
        by=by,
        at=at,
        note=decision,
        data={"request": made.pk, "days": made.days},
        key=key,
        key_digest=asked,
    )
    return made


@transaction.atomic
def resume(*, case_id: int, by: Actor, at: datetime, note: str = "", key: str = "") -> Case:
    """Let a suspended case go on: its clocks keep what was left of them."""
    asked = journal.digest([case_id, "resume"])
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return Case.objects.get(pk=known.subject_id)
    case = _locked(case_id, by=by)
    if case.paused_at is None:
        raise NotAllowedNow(
            _("此件没有中止，无需恢复。"), data={"allowed": workflow.allowed(STEPS, case.state)}
        )
    if case.desk_id not in by.organisation_ids and not by.has("cases.approve"):
        raise NotPermitted(_("由办理单位或审批单位恢复办理。"), data={"power": "cases.approve"})
    running = list(case.clocks.filter(stopped_at__isnull=True))
    for clock in running:
        if clock.paused_at is None:
            continue
        pause = {"kind": "pause", "from": clock.paused_at.isoformat(), "to": at.isoformat()}
        clock.adjustments = [*clock.adjustments, pause]
        clock.paused_at = None
        due = clocks.replay(clock)
        clock.due_at, clock.provisional = due.at, due.provisional
        clock.save()
    case.paused_at = None
    case.term_requests.filter(kind="suspend", granted=True, ended_at__isnull=True).update(ended_at=at)
    clocks.refresh(case, running)
    case.save()
    journal.record("cases.resume", subject=case, by=by, at=at, note=note, key=key, key_digest=asked)
    return case


# ------------------------------------------------------------------------ from above: urge, supervise, escalate


@transaction.atomic
def urge(
    *, case_id: int, by: Actor, at: datetime, note: str = "", supervise: bool = False, key: str = ""
) -> Notice:
    """Urge (催办) the office whose turn it is, or put the case under supervision (督办)."""
    asked = journal.digest([case_id, supervise, note])
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return Notice.objects.get(pk=known.data["notice"])
    power = "cases.supervise" if supervise else "cases.urge"
    case = _locked(case_id, by=by)
    if not by.has(power):
        raise NotPermitted(_("催办、督办由上级单位发出。"), data={"power": power})
    if not case.is_open:
        raise NotAllowedNow(
            _("此件已办结，无需催办。"), data={"allowed": workflow.allowed(STEPS, case.state)}
        )
    if supervise and not note.strip():
        raise Refusal(_("督办请写明要求。"), field="note")
    made = Notice.objects.create(
        case=case,
        kind="supervise" if supervise else "urge",
        organisation=case.desk,
        text=note.strip(),
        by=f"{by.post} {by.name}",
        at=at,
    )
    case.urges += 1
    case.supervised = case.supervised or supervise
    case.save(update_fields=["urges", "supervised"])
    journal.record(
        "cases.supervise" if supervise else "cases.urge",
        subject=case,
        by=by,
        at=at,
        note=note,
        data={"notice": made.pk, "desk": case.desk.name if case.desk else ""},
        key=key,
        key_digest=asked,
    )
    return made


@transaction.atomic
def read_notice(*, notice_id: int, by: Actor, at: datetime) -> Notice:
    """Sign for a notice on one's desk."""
    made = (
        Notice.objects.select_for_update(of=("self",))
        .filter(pk=notice_id, organisation__in=by.organisation_ids)
        .first()
    )
    if made is None:
        raise NotFound(_("没有找到这条提醒。"))
    if made.read_at is None:
        made.read_at, made.read_by = at, by.name
        made.save(update_fields=["read_at", "read_by"])
        journal.record("cases.read_notice", subject=made.case, by=by, at=at, data={"notice": made.pk})
    return made


def escalate_overdue(*, at: datetime, batch: int = 200) -> int:
    """Escalate each case past its deadline by one rung, once, however many workers run this.

    A row is claimed under a lock that other workers skip, the question is asked again by the same statement, and
    the rung, the notice and the event are written before the lock is let go. Returns how many were escalated.
    """
    raised = 0
    while True:
        with transaction.atomic():
            grace = rulebooks.load("deadlines", on=timezone.localtime(at).date())["escalation"][
                "hours_per_rung"
            ]
            ladder_top = (
                len(rulebooks.load("deadlines", on=timezone.localtime(at).date())["escalation"]["ladder"]) + 1
            )
            late = list(
                Case.objects.filter(state__in=rules.OPEN, due_at__lt=at, paused_at__isnull=True)
                .exclude(escalation__gte=ladder_top)
                .exclude(escalated_at__gt=at - timedelta(hours=grace))
                .select_related("desk")
                .select_for_update(of=("self",), skip_locked=True)
                .order_by("due_at")[:batch]
            )
            for case in late:
                _escalate(
                    case,
                    at=at,
                    reason=_("“%(clock)s”期限已过") % {"clock": rules.CLOCK_LABELS[case.due_clock]},
                )
        raised += len(late)
        if len(late) < batch:
            return raised


def _escalate(case: Case, *, at: datetime, reason: str) -> None:
    """Raise a case to the next rung that has an office; past the last one it falls to the duty officer, visibly."""
    ladder = _ladder(case)
    rung, office = next(
        ((number, office) for number, office in ladder if number > case.escalation and office is not None),
        (len(ladder) + 1, None),
    )
    if office is None:
        # No office above: the duty office of the top area, or a notice that belongs to nobody and shows everywhere.
        office = next((o for _n, o in reversed(ladder) if o is not None), None)
    case.escalation, case.escalated_at = rung, at
    case.save(update_fields=["escalation", "escalated_at"])
    Notice.objects.create(case=case, kind="escalate", level=rung, organisation=office, text=reason, at=at)
    journal.record(
        "cases.escalate",
        subject=case,
        by=SYSTEM,
        at=at,
        note=reason,
        data={"rung": rung, "to": office.name if office else "", "duty_officer": rung > len(ladder)},
    )


# ---------------------------------------------------------------------------------------- merge, split, reclassify


@transaction.atomic
def merge(*, into_id: int, case_id: int, by: Actor, at: datetime, reason: str = "", key: str = "") -> Case:
    """Fold a case into another about the same matter; reports, clocks of reply and evidence stay where they are."""
    asked = journal.digest([into_id, case_id])
    if journal.receipt(by=by, key=key, key_digest=asked):
        return Case.objects.get(pk=into_id)
    if into_id == case_id:
        raise Refusal(_("不能把一件并入它自己。"))
    # Locked in one order, so that two officers merging the same pair cannot wait for each other for ever.
    pair = {pk: _locked(pk, by=by) for pk in sorted((into_id, case_id))}
    into, folded = pair[into_id], pair[case_id]
    if not by.has("cases.merge"):
        raise NotPermitted(_("您的岗位不能并案。"), data={"power": "cases.merge"})
    if folded.state not in rules.OPEN or into.state not in rules.OPEN:
        raise NotAllowedNow(_("只有未办结的事项可以并案。"), data={"allowed": []})
    if folded.county_id != into.county_id or folded.estate_id != into.estate_id:
        raise Refusal(_("两件不在同一个小区，不能并案。"))
    folded.state_before_merge, folded.state, folded.merged_into = folded.state, State.MERGED, into
    folded.desk = None
    paused = list(folded.clocks.filter(stopped_at__isnull=True, paused_at__isnull=True))
    for clock in paused:
        clock.paused_at = at
    CaseClock.objects.bulk_update(paused, ["paused_at"])
    clocks.refresh(folded, paused)
    folded.save()
    Merge.objects.create(into=into, folded=folded, at=at, by=f"{by.post} {by.name}", reason=reason)
    journal.record(
        "cases.merge",
        subject=folded,
        by=by,
        at=at,
        note=reason,
        data={"into": into.number},
        key=key,
        key_digest=asked,
    )
    journal.record("cases.take_in", subject=into, by=by, at=at, note=reason, data={"case": folded.number})
    return into


@transaction.atomic
def unmerge(*, case_id: int, by: Actor, at: datetime, reason: str, key: str = "") -> Case:
    """Undo a merge: the case goes on where it was, with what was left of its clocks."""
    asked = journal.digest([case_id, reason])
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return Case.objects.get(pk=known.subject_id)
    case = _locked(case_id, by=by)
    if not by.has("cases.merge"):
        raise NotPermitted(_("您的岗位不能并案。"), data={"power": "cases.merge"})
    if case.state != State.MERGED:
        raise NotAllowedNow(_("此件没有并案。"), data={"allowed": workflow.allowed(STEPS, case.state)})
    if not reason.strip():
        raise Refusal(_("请写明取消并案的理由。"), field="note")
    into = case.merged_into
    assert into is not None
    case.state, case.state_before_merge, case.merged_into = case.state_before_merge, "", None
    case.desk_id = _desk_for(case)
    running = list(case.clocks.filter(stopped_at__isnull=True))
    for clock in running:
        if clock.paused_at is not None:
            pause = {"kind": "pause", "from": clock.paused_at.isoformat(), "to": at.isoformat()}
            clock.adjustments, clock.paused_at = [*clock.adjustments, pause], None
            due = clocks.replay(clock)
            clock.due_at, clock.provisional = due.at, due.provisional
            clock.save()
    clocks.refresh(case, running)
    case.save()
    Merge.objects.filter(folded=case, undone_at__isnull=True).update(undone_at=at)
    journal.record(
        "cases.unmerge",
        subject=case,
        by=by,
        at=at,
        note=reason,
        data={"into": into.number, "state": case.state},
        key=key,
        key_digest=asked,
    )
    return case


@dataclass(frozen=True, slots=True)
class Part:
    """One child case of a split: its class, its text, and the evidence that goes with it."""

    class_code: str
    text: str
    evidence_ids: Sequence[int] = ()


@transaction.atomic
def split(*, case_id: int, parts: Sequence[Part], by: Actor, at: datetime, key: str = "") -> list[Case]:
    """Split a case into child cases, each with its own class, offices, clocks and chosen evidence.

    The parent stays open until its children are closed.
    """
    asked = journal.digest([case_id, [[p.class_code, p.text, list(p.evidence_ids)] for p in parts]])
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return list(Case.objects.filter(pk__in=known.data["children"]).order_by("pk"))
    case = _locked(case_id, by=by)
    if not by.has("cases.merge"):
        raise NotPermitted(_("您的岗位不能拆分事项。"), data={"power": "cases.merge"})
    if case.state not in rules.AWAITING_DISPATCH | {State.ASSIGNED, State.FIXING}:
        raise NotAllowedNow(_("只有尚未提交整改的事项可以拆分。"), data={"allowed": []})
    if not parts:
        raise Refusal(_("请至少填写一个子件。"))
    where = Area.objects.get(pk=case.community_id or case.street_id or case.county_id)
    made = []
    for part in parts:
        child = report(
            kind=case.kind,
            class_code=part.class_code,
            text=part.text,
            by=by,
            at=at,
            channel=case.channel,
            estate=case.estate,
            area=where,
            place=case.place,
            longitude=case.longitude,
            latitude=case.latitude,
            is_demo=case.is_demo,
        )
        child.parent = case
        child.save(update_fields=["parent"])
        chosen = case.evidence.filter(pk__in=part.evidence_ids)
        Evidence.objects.bulk_create(
            Evidence(
                case=child,
                file_id=e.file_id,
                purpose=e.purpose,
                caption=e.caption,
                added_by=e.added_by,
                added_at=e.added_at,
                doubts=e.doubts,
            )
            for e in chosen
        )
        made.append(child)
    journal.record(
        "cases.split",
        subject=case,
        by=by,
        at=at,
        data={"children": [c.pk for c in made], "numbers": [c.number for c in made]},
        key=key,
        key_digest=asked,
    )
    return made


# ------------------------------------------------------------------------------- the reporter: rating and escrow


@transaction.atomic
def rate(*, code: str, rating: int, reason: str, by: Actor, at: datetime, key: str = "") -> Report:
    """Let a reporter rate the outcome (3 满意, 2 基本满意, 1 不满意); a bad rating reopens at the level above."""
    made = (
        Report.objects.select_for_update(of=("self",))
        .select_related("case")
        .filter(code=code.upper())
        .first()
    )
    if made is None:
        raise NotFound(_("没有找到这个查询码，请核对后再输入。"), field="code")
    if made.rating is not None:
        raise NotAllowedNow(_("您已经评价过了，谢谢。"), data={"allowed": []})
    case = Case.objects.select_for_update(of=("self",)).get(pk=made.case.merged_into_id or made.case_id)
    if case.state != State.CLOSED:
        raise NotAllowedNow(_("办结后才能评价。"), data={"allowed": []})
    if rating not in rules.SATISFACTION_LABELS:
        raise Refusal(_("请选择满意、基本满意或不满意。"), field="rating")
    if rating == 1 and len(reason.strip()) < 4:
        raise Refusal(_("请告诉我们哪里不满意，上一级单位会据此重新办理。"), field="reason")
    days = rulebooks.load("deadlines", on=timezone.localtime(at).date())["rating_days"]
    if case.closed_at is not None and at > case.closed_at + timedelta(days=days):
        raise NotAllowedNow(_("办结已超过 %(n)d 天，请重新上报。") % {"n": days}, data={"allowed": []})
    made.rating, made.rating_reason, made.rated_at = rating, reason.strip(), at
    made.save(update_fields=["rating", "rating_reason", "rated_at"])
    case.satisfaction = min(rating, case.satisfaction or rating)
    case.save(update_fields=["satisfaction"])
    journal.record(
        "cases.rate", subject=case, by=by, at=at, note=reason.strip(), data={"rating": rating}, key=key,
        key_digest=journal.digest([code, rating, reason]),
    )  # fmt: skip
    if rating == 1:
        _reopen_above(case, reason=reason.strip(), by=by, at=at)
    return made


def _reopen_above(case: Case, *, reason: str, by: Actor, at: datetime) -> None:
    superior = office_above(case, case.dispatcher) or case.dispatcher
    case.dispatcher = case.desk = superior
    case.state, case.closed_at, case.on_time = State.REPORTED, None, None
    case.reopens += 1
    case.escalated_at = None
    started = clocks.new(case, rule=clocks.rule("dispatch", at=at), at=at)
    started.save(force_insert=True)
    clocks.refresh(case, [started])
    case.save()
    Report.objects.filter(case=case, rated_at=at).update(replied_at=None)
    Notice.objects.create(
        case=case, kind="rating", organisation=superior, text=reason[:500], at=at, by=str(_("上报人"))
    )
    journal.record(
        "cases.reopen",
        subject=case,
        by=by,
        at=at,
        note=reason,
        basis="hn-property-2017-75",
        data={"state": case.state, "desk": superior.name if superior else "", "because": "rating"},
    )


@transaction.atomic
def unseal(*, report_id: int, reason: str, by: Actor, at: datetime) -> dict[str, str]:
    """Open a reporter's identity: needs the power and a reason, leaves a trace, and tells the supervisor."""
    made = Report.objects.select_related("case").filter(pk=report_id).first()
    case = _locked(made.case_id if made else 0, by=by)
    assert made is not None
    if not by.has("cases.unseal"):
        raise NotPermitted(_("上报人身份已封存，您的岗位不能查看。"), data={"power": "cases.unseal"})
    if len(reason.strip()) < 6:
        raise Refusal(_("请写明必须查看身份的理由，至少六个字；此次查看会通知上级。"), field="reason")
    identity = SealedIdentity.objects.filter(report=made).first()
    if identity is None:
        raise Refusal(_("上报人选择了匿名，没有留下身份。"))
    superior = next((o for _n, o in reversed(_ladder(case)) if o is not None), None)
    journal.record("cases.unseal", subject=case, by=by, at=at, note=reason.strip(), data={"report": made.pk})
    Notice.objects.create(
        case=case,
        kind="unseal",
        organisation=superior,
        text=_("%(who)s 查看了上报人身份：%(reason)s")
        % {"who": f"{by.post} {by.name}", "reason": reason.strip()},
        at=at,
        by=f"{by.post} {by.name}",
    )
    return escrow.unseal(bytes(identity.sealed))


# ------------------------------------------------------------------------------------ news from below: calendar


@transaction.atomic
def recompute_deadlines(*, at: datetime, basis: str = "") -> int:
    """Work out every running clock again after a change of the calendar, and journal each that moved."""
    moved = 0
    running = (
        CaseClock.objects.filter(stopped_at__isnull=True)
        .select_related("case")
        .select_for_update(of=("self",))
    )
    touched: dict[int, Case] = {}
    for clock in running.iterator(chunk_size=2000):
        due = clocks.replay(clock)
        if due.at == clock.due_at and due.provisional == clock.provisional:
            continue
        before = clock.due_at
        clock.due_at, clock.provisional = due.at, due.provisional
        clock.save(update_fields=["due_at", "provisional"])
        touched[clock.case_id] = clock.case
        journal.record(
            "cases.deadline_moved",
            subject=clock.case,
            by=SYSTEM,
            at=at,
            basis=basis,
            data={"clock": clock.kind, "from": before.isoformat(), "to": due.at.isoformat()},
        )
        moved += 1
    for case in touched.values():
        clocks.refresh(case, case.clocks.filter(stopped_at__isnull=True))
        case.save(update_fields=["due_at", "due_clock", "provisional"])
    return moved
