"""The verbs of the closed loop. One transaction each; the record is written beside the act.

Every write takes an idempotency key: the event it leaves is the receipt, and the same key again returns the same
case without acting twice.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.ground.access import escrow
from anju.ground.access import services as access
from anju.ground.access.actors import Actor
from anju.ground.foundation import journal, patience, rulebooks, workflow
from anju.ground.foundation.devices import Device
from anju.ground.foundation.refusals import (
    NeedsConfirmation,
    NotAllowedNow,
    NotFound,
    NotPermitted,
    Refusal,
)
from anju.ground.organisations.models import Organisation
from anju.ground.territory.models import Area, Estate

from .. import rules
from ..models import Case, CaseClock, Evidence, Notice, Report, SealedIdentity
from ..queries import catalogue, clocks
from ..queries.ladder import office_above
from ..queries.one import offices_for
from ..queries.routing import route
from ..rules import STEPS, State
from . import evidence
from .ladder import escalate

# No 0/O, 1/I/L: a code that is read over the telephone.
_CODE_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


_MOST_LETTERS = 5000  # a ledger's longest story; the public form takes fewer
_PLACE_LETTERS = 200  # as the column


class TooSoon(Refusal):
    """So many reports that the next one has to wait a while; `data["retry_after"]` says how many seconds."""

    code = "too_many"
    status = 429


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that comes with an act, and what its sender says of it."""

    file: Any
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Reporter:
    """Who reports, and from where: `origin` is the address the request came from, `device` what it was sent with.

    The phone is kept as a keyed fingerprint and under seal; address and device only while they count against abuse.
    """

    name: str = ""
    phone: str = ""
    origin: str = ""
    device: Device | None = None

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
        # The phone only as a keyed fingerprint: a bare digest of eleven digits is soon guessed.
        [kind, class_code, text, estate and estate.pk, area and area.pk, place]
        + ([escrow.fingerprint(reporter.phone)] if reporter else [])
    )
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return Case.objects.get(pk=known.subject_id)
    text = text.strip()
    if len(text) < 4:
        raise Refusal(_("请写清楚发生了什么，至少四个字。"), field="text")
    if len(text) > _MOST_LETTERS:
        raise Refusal(
            _("说明最多 %(n)d 个字，请缩短。") % {"n": _MOST_LETTERS}, field="text", code="too_long"
        )
    if len(place.strip()) > _PLACE_LETTERS:
        raise Refusal(
            _("具体位置最多 %(n)d 个字，请缩短。") % {"n": _PLACE_LETTERS}, field="place", code="too_long"
        )
    where = estate.area if estate is not None else area
    if where is None:
        raise Refusal(_("请选择小区或所在社区，办理单位才能找到现场。"), field="estate")
    day = timezone.localtime(at).date()
    chosen = catalogue.find(kind, class_code, on=day)
    if by.kind == "account":
        _require_place(by, where)
    guard = _flood_guard(reporter, at=at) if reporter is not None and by.kind == "public" else None
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
            if guard is not None:
                guard.note()
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
                escalate(case, at=at, reason=_("当地没有设置派单单位。"))
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
    if any(r.kind == "all" or (r.kind == "area" and where.at_level(r.level) == r.id) for r in reaches):
        return
    if not access.visible(Area, to=by, power="cases.report").filter(pk=where.pk).exists():
        raise NotFound(_("没有找到这个小区，请在本辖区内选择。"), field="estate")


def _flood_guard(reporter: Reporter, *, at: datetime) -> patience.Guard:
    """Return what counts reports of the public; raises TooSoon by `abuse.report` of the rulebook.

    Telephones are not counted: nobody checks them, so a limit would hold up their owner and no flood.
    """
    book = rulebooks.load("deadlines", on=timezone.localtime(at).date())["abuse"]
    limits = patience.Limits.of(book["report"])
    guard = patience.Guard("report", reporter.device, escrow.fingerprint(reporter.origin), limits, at)
    if seconds := guard.wait():
        raise TooSoon(
            _("短时间内提交太多了，请等%(wait)s再提交。情况紧急请直接拨打 119 或 12345。")
            % {"wait": patience.say_wait(seconds)},
            data={"retry_after": seconds},
        )
    return guard


def _is_repeat(reporter: Reporter, case: Case, *, at: datetime) -> bool:
    """Say whether the same person reported the same matter at the same place within the rulebook's days."""
    if not reporter.phone or case.estate_id is None:
        return False
    days = rulebooks.load("deadlines", on=timezone.localtime(at).date())["repeats"]["days"]
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
        reporter=escrow.fingerprint(reporter.phone) if reporter.phone else "",
    )
    if not reporter.anonymous:
        SealedIdentity.objects.create(
            report=made, sealed=escrow.seal({"name": reporter.name, "phone": reporter.phone})
        )
    return made


def _add_evidence(
    case: Case, uploads: Sequence[Upload], *, purpose: str, by: Actor, at: datetime, insist: bool = False
) -> list[Evidence]:
    return [
        evidence.add(case, upload.file, purpose=purpose, by=by, at=at, caption=upload.caption, insist=insist)
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
    insist      submit, close: accept a text that was challenged as saying nothing, a photo as being the one before
    Raises NotFound, NotPermitted, NotAllowedNow, NeedsConfirmation or Refusal; nothing is changed then.
    """
    asked = journal.digest([case_id, act, note, handler_id])
    # Asked under the case's lock, so that the second of two equal requests finds what the first has left.
    try:
        case = locked(case_id, by=by)
    except NotFound:
        # The first request may itself have moved the case out of the actor's sight.
        if known := journal.receipt(by=by, key=key, key_digest=asked):
            return Case.objects.get(pk=known.subject_id)
        raise
    if journal.receipt(by=by, key=key, key_digest=asked):
        return case
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
    if stopped:
        CaseClock.objects.filter(pk__in=[c.pk for c in stopped]).update(stopped_at=at)
    # A term that an imported ledger gave has been running since the finding: it goes on instead of a new one.
    going_on = {c.kind for c in running if c.stopped_at is None}
    started = _next_clock(case, step.clock, at=at) if step.clock else None
    if started is not None and started.kind not in going_on:
        started.save(force_insert=True)
        running.append(started)
    purpose = _PURPOSE.get(act, "verify")
    added = _add_evidence(case, uploads, purpose=purpose, by=by, at=at, insist=insist)
    if change.needs_photo and not added and not case.evidence.filter(purpose="rectify", added_at=at).exists():
        raise Refusal(_("请上传整改后的现场照片，复查人员要据此核对。"), field="uploads")
    case.state = step.target or case.state
    if step.target:
        case.desk = desk_of(case)
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


# What no step reads: columns left out make the statement, the row and the later update smaller.
_UNREAD = (
    "search",
    *(
        f"{office}__{column}"
        for office in ("dispatcher", "handler", "checker")
        for column in (
            "short_name",
            "initials",
            "uscc",
            "uscc_override_reason",
            "legal_person",
            "address",
            "phone",
        )
    ),
)


def locked(case_id: int, *, by: Actor) -> Case:
    """Lock a case that the actor may see, or say that there is none."""
    seen = access.visible_q(Case, to=by, power="cases.see")
    found = (
        Case.objects.filter(seen, pk=case_id)
        .select_related("dispatcher", "handler", "checker")
        .defer(*_UNREAD)
        .select_for_update(of=("self",))
    )
    case = next(iter(found), None)
    if case is None:
        raise NotFound(_("没有找到这件事项，可能编号有误，或不在您的管辖范围。"))
    for office in (case.dispatcher, case.handler, case.checker):
        if office is not None and office.pk == case.desk_id:
            case.desk = office  # nearly always: then nothing more is asked for the desk
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


def require_power_on(case: Case, power: str, *, by: Actor, sentence: str = "") -> None:
    """Refuse an actor who lacks a power, or who holds it by a post whose reach is not this case.

    With one post, seeing the case and holding the power are enough; somebody with two (a street officer here, a grid
    worker there) must not carry the powers of the one into the reach of the other.
    """
    reached = by.has(power) and (
        len(by.organisation_ids) < 2 or access.visible(Case, to=by, power=power).filter(pk=case.pk).exists()
    )
    if not reached:
        raise NotPermitted(
            sentence or _("您的岗位没有办理这一步的权限，请联系本单位负责人。"), data={"power": power}
        )


def _require_turn(case: Case, step: workflow.Step, *, by: Actor) -> None:
    """Refuse an act by somebody who lacks its power, or while the case lies on another office's desk."""
    require_power_on(case, step.power, by=by)
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
        chosen = next((office for office in offices_for(case) if office.pk == handler_id), None)
        if chosen is None:
            raise Refusal(
                _("这个单位不管这里，也不服务这个小区，请在列出的单位中重新选择。"), field="handler"
            )
        case.handler = chosen
        change.facts["chosen_by_hand"] = True
    if case.handler is None:
        raise Refusal(_("没有匹配到办理单位，请选择由谁整改。"), field="handler")
    refused_by = set()
    if case.returns:
        returned = journal.events_named(case, "cases.return_back")
        refused_by = set(returned.values_list("data__returned_by", flat=True))
    if case.handler_id in refused_by and not change.note:
        raise NeedsConfirmation(
            _("“%(name)s”已退过此件。请改派其他单位；确需仍由其办理的，请写明理由。")
            % {"name": case.handler.name},
            field="note",
            data={"confirm": "note"},
        )
    if case.checker_id == case.handler_id:
        # Nobody re-checks their own work: the dispatcher does, or who stands above when that is the same office.
        other = case.dispatcher if case.dispatcher_id != case.handler_id else None
        case.checker = other or office_above(case, case.handler, at=change.at) or case.checker
    change.facts.update(handler=case.handler.name, rule=case.routing_rule)
    case.assigned_at = change.at


def _before_accept(change: _Change, **_rest: Any) -> None:
    change.case.accepted_at = change.at


def _before_return(change: _Change, **_rest: Any) -> None:
    """Count the return; returned as often as the rulebook tolerates, the level above dispatches from now on."""
    case, at = change.case, change.at
    case.returns += 1
    change.facts["returned_by"] = case.handler_id
    if case.returns >= rulebooks.load("deadlines", on=timezone.localtime(at).date())["returns"]["most"]:
        case.dispatcher = office_above(case, case.dispatcher, at=at) or case.dispatcher


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
    case, at = change.case, change.at
    case.reopens += 1
    case.closed_at = case.on_time = None
    case.dispatcher = office_above(case, case.dispatcher, at=at) or case.dispatcher


_BEFORE: dict[str, Callable[..., None]] = {
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


def desk_of(case: Case) -> Organisation | None:
    """Say whose turn it is in a state: dispatcher, handler or checker."""
    if case.state in rules.AWAITING_DISPATCH:
        return case.dispatcher
    if case.state in (State.ASSIGNED, State.FIXING):
        return case.handler
    if case.state == State.CHECKING:
        return case.checker or case.dispatcher
    return None


def _after_close(change: _Change) -> None:
    answer(change.case, note=change.note, at=change.at)


def answer(case: Case, *, note: str, at: datetime) -> None:
    """Answer everybody who reported a case, or one merged into it, and has no answer yet."""
    reports = Report.objects.filter(case__in=[case.pk, *case.merged.values_list("pk", flat=True)])
    reports.filter(replied_at__isnull=True).update(replied_at=at, reply_text=note)


def _after_reopen(change: _Change) -> None:
    _answer_anew(change.case, at=change.at)


def _answer_anew(case: Case, *, at: datetime) -> None:
    """Owe everybody who reported a reopened matter a new answer, in a new term: the old one no longer holds."""
    reply = clocks.rule("reply", at=at)
    Report.objects.filter(Q(case=case) | Q(case__merged_into=case)).update(
        replied_at=None, reply_since=at, reply_due_at=clocks.new(case, rule=reply, at=at).due_at
    )


def _after_return(change: _Change) -> None:
    """Tell the level above when a case wanders: returned as often as the rulebook tolerates."""
    case = change.case
    limit = rulebooks.load("deadlines", on=timezone.localtime(change.at).date())["returns"]["most"]
    if case.returns >= limit:
        Notice.objects.create(
            case=case,
            kind="returned",
            organisation=case.dispatcher,
            text=_("此件已退单 %(n)d 次，请指定办理单位。") % {"n": case.returns},
            at=change.at,
            by=change.by.post,
        )


_AFTER = {
    "close": _after_close,
    "void": _after_close,
    "return_back": _after_return,
    "reopen": _after_reopen,
}


# ------------------------------------------------------------------------------- the reporter: rating and escrow


@transaction.atomic
def rate(*, code: str, rating: int, reason: str, by: Actor, at: datetime, key: str = "") -> Report:
    """Let a reporter rate the outcome (3 满意, 2 基本满意, 1 不满意); a bad rating reopens at the level above.

    Each closing can be rated once: a matter that was done again is rated again, and may go up once more.
    """
    found = Report.objects.select_related("case").filter(code=code.strip().upper()).first()
    if found is None:
        raise NotFound(_("没有找到这个查询码，请核对后再输入。"), field="code")
    # The case first, as every other verb locks; then the report again, lest two ratings pass each other.
    case = Case.objects.select_for_update(of=("self",)).get(pk=found.case.merged_into_id or found.case_id)
    made = Report.objects.select_for_update(of=("self",)).get(pk=found.pk)
    asked = journal.digest([code, rating, reason])
    if journal.receipt(by=by, key=key, key_digest=asked):
        return made
    if case.state != State.CLOSED:
        raise NotAllowedNow(_("办结后才能评价。"), data={"allowed": []})
    if made.has_rated(case.closed_at):
        raise NotAllowedNow(_("您已经评价过了，谢谢。"), data={"allowed": []})
    if rating not in rules.SATISFACTION_LABELS:
        raise Refusal(_("请选择满意、基本满意或不满意。"), field="rating")
    limits = rulebooks.load("deadlines", on=timezone.localtime(at).date())["rating"]
    if rating in limits["bad"] and len(reason.strip()) < limits["reason_least"]:
        raise Refusal(_("请告诉我们哪里不满意，上一级单位会据此重新办理。"), field="reason")
    days = limits["days"]
    if case.closed_at is not None and at > case.closed_at + timedelta(days=days):
        raise NotAllowedNow(_("办结已超过 %(n)d 天，请重新上报。") % {"n": days}, data={"allowed": []})
    if made.rating is None:
        made.rating, made.rated_at = rating, at
    else:
        made.rating_again, made.rated_again_at = rating, at
    made.rating_reason = reason.strip()  # what belongs to the last word; every word stays in the journal
    made.save(update_fields=["rating", "rating_reason", "rated_at", "rating_again", "rated_again_at"])
    case.satisfaction = min(rating, case.satisfaction or rating)
    case.save(update_fields=["satisfaction"])
    journal.record(
        "cases.rate", subject=case, by=by, at=at, note=reason.strip(), data={"rating": rating}, key=key,
        key_digest=asked,
    )  # fmt: skip
    if rating in limits["bad"]:
        _reopen_above(case, reason=reason.strip(), by=by, at=at)
    return made


def _reopen_above(case: Case, *, reason: str, by: Actor, at: datetime) -> None:
    superior = office_above(case, case.dispatcher, at=at) or case.dispatcher
    case.dispatcher = case.desk = superior
    case.state, case.closed_at, case.on_time = State.REPORTED, None, None
    case.reopens += 1
    started = clocks.new(case, rule=clocks.rule("dispatch", at=at), at=at)
    started.save(force_insert=True)
    clocks.refresh(case, [started])
    case.save()
    _answer_anew(case, at=at)
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
