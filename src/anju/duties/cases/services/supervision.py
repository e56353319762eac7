"""What comes from above and beside the loop: more time, urging, merging, splitting, unsealing, a changed calendar.

Like the steps, each verb is one transaction with its record, and takes an idempotency key.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.ground.access import escrow
from anju.ground.access.actors import SYSTEM, Actor
from anju.ground.foundation import calendar, journal, rulebooks, workflow
from anju.ground.foundation.refusals import NotAllowedNow, NotFound, NotPermitted, Refusal
from anju.ground.foundation.workdays import Due, Term
from anju.ground.organisations.models import Organisation
from anju.ground.territory.models import Area

from .. import rules
from ..models import Case, CaseClock, Evidence, Merge, Notice, Report, SealedIdentity, TermRequest
from ..queries import clocks
from ..queries.ladder import office_above, rungs_of
from ..rules import STEPS, State
from .loop import desk_of, locked, report, require_power_on

# ------------------------------------------------------------------------------------ terms: extend and suspend


def _own_term(case: Case) -> CaseClock | None:
    """Return the running clock of the office whose turn it is: it may ask more time for its own work alone."""
    return case.clocks.filter(kind=rules.OWN_CLOCK.get(case.state, ""), stopped_at__isnull=True).first()


@transaction.atomic
def ask_term(
    *, case_id: int, kind: str, reason: str, by: Actor, at: datetime, days: int | None = None, key: str = ""
) -> TermRequest:
    """Ask the dispatching office to extend the running term (kind "extend", days workdays) or to suspend it."""
    asked = journal.digest([case_id, kind, reason, days])
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return TermRequest.objects.get(pk=known.data["request"])
    case = locked(case_id, by=by)
    if case.state not in (State.FIXING, State.CHECKING) or case.desk_id not in by.organisation_ids:
        raise NotAllowedNow(_("只有正在办理的单位可以申请延期或中止。"), data={"allowed": []})
    if kind not in ("extend", "suspend"):
        raise Refusal(_("请选择申请延期或者中止。"), field="kind")
    if not reason.strip():
        raise Refusal(_("请写明申请理由。"), field="reason")
    limits = rulebooks.load("deadlines", on=timezone.localtime(at).date())["extension"]
    if case.term_requests.filter(granted__isnull=True).exists():
        raise NotAllowedNow(_("已有一份申请等待审批，请先等结果。"), data={"allowed": []})
    if kind == "extend":
        term = _own_term(case)
        if term is None or term.due_at < at:
            raise Refusal(_("期限已过，延期必须在期限届满前申请。"))
        if days is None or not 1 <= days <= limits["most_workdays"]:
            raise Refusal(
                _("延期天数应为 1 至 %(n)d 个工作日。") % {"n": limits["most_workdays"]}, field="days"
            )
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
    case_id = TermRequest.objects.filter(pk=request_id).values_list("case", flat=True).first()
    case = locked(case_id or 0, by=by)
    # Read under the case's lock: two who decide at once must not both find it undecided.
    made = TermRequest.objects.select_related("asked_organisation").get(pk=request_id)
    if made.granted is not None:
        raise NotAllowedNow(_("这份申请已经办过了。"), data={"allowed": []})
    if not case.is_open or case.desk_id != made.asked_organisation_id:
        raise NotAllowedNow(_("此件已不在申请单位手里，这份申请不用再办。"), data={"allowed": []})
    sentence = _("延期和中止由派单单位审批，申请单位不能自己批。")
    require_power_on(case, "cases.approve", by=by, sentence=sentence)
    if not _may_decide(made, case, by=by):
        raise NotPermitted(sentence, data={"power": "cases.approve"})
    if not granted and not decision.strip():
        raise Refusal(_("不同意的，请写明理由。"), field="decision")
    made.granted, made.decided_at, made.decision = granted, at, decision.strip()
    made.decided_by = f"{by.post} {by.name}"
    made.save()
    if granted:
        running = list(case.clocks.filter(stopped_at__isnull=True))
        for clock in running:
            if made.kind == "extend" and clock.kind == rules.OWN_CLOCK.get(case.state):
                clock.adjustments = [*clock.adjustments, {"kind": "extend", "days": made.days}]
                due = clocks.replay(clock)
                clock.due_at, clock.provisional = due.at, due.provisional
            elif made.kind == "suspend":
                clock.paused_at = at
            clock.save()
        if made.kind == "suspend":
            case.paused_at = at
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


def _may_decide(made: TermRequest, case: Case, *, by: Actor) -> bool:
    """Say whether the actor sits in the dispatching office or one above it, and not in the one that asks."""
    if made.asked_organisation_id in by.organisation_ids:
        return False
    if case.dispatcher_id in by.organisation_ids and case.dispatcher_id != made.asked_organisation_id:
        return True
    below = case.dispatcher.area.level if case.dispatcher and case.dispatcher.area else 9
    own = Organisation.objects.filter(pk__in=by.organisation_ids).values_list("area__level", flat=True)
    return any(level is not None and level < below for level in own)


@transaction.atomic
def resume(*, case_id: int, by: Actor, at: datetime, note: str = "", key: str = "") -> Case:
    """Let a suspended case go on: its clocks keep what was left of them."""
    asked = journal.digest([case_id, "resume"])
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return Case.objects.get(pk=known.subject_id)
    case = locked(case_id, by=by)
    if case.paused_at is None:
        raise NotAllowedNow(
            _("此件没有中止，无需恢复。"), data={"allowed": workflow.allowed(STEPS, case.state)}
        )
    if case.desk_id not in by.organisation_ids and not by.has("cases.approve"):
        raise NotPermitted(_("由办理单位或审批单位恢复办理。"), data={"power": "cases.approve"})
    _go_on(case, at=at)
    journal.record("cases.resume", subject=case, by=by, at=at, note=note, key=key, key_digest=asked)
    return case


def _go_on(case: Case, *, at: datetime) -> None:
    """Let the clocks of a suspended case run again with what was left of them."""
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


def end_long_suspensions(*, at: datetime, batch: int = 200) -> int:
    """Let each case go on whose suspension has lasted as long as the rulebook allows; return how many.

    A suspension that nobody ends would be a clock that stops silently. Safe to run in many workers.
    """
    rule = rulebooks.load("deadlines", on=timezone.localtime(at).date())["suspension"]
    term = Term(rule["most_workdays"], "workdays", rule["basis"])
    # No workday is shorter than a day, so that what was suspended later need not be looked at.
    since = at - timedelta(days=rule["most_workdays"])
    ended = last = 0
    while True:
        with transaction.atomic():
            paused = list(
                Case.objects.filter(state__in=sorted(rules.OPEN), paused_at__lt=since, pk__gt=last)
                .select_for_update(of=("self",), skip_locked=True)
                .order_by("pk")[:batch]
            )
            for case in paused:
                assert case.paused_at is not None
                if calendar.due(case.paused_at, term).at > at:
                    continue
                _go_on(case, at=at)
                note = _("中止已满 %(n)d 个工作日，自动恢复办理。") % {"n": rule["most_workdays"]}
                journal.record("cases.resume", subject=case, by=SYSTEM, at=at, note=note, basis=rule["basis"])
                ended += 1
        if len(paused) < batch:
            return ended
        last = paused[-1].pk


# ------------------------------------------------------------------------ from above: urge, supervise, escalate


@transaction.atomic
def urge(
    *, case_id: int, by: Actor, at: datetime, note: str = "", supervise: bool = False, key: str = ""
) -> Notice:
    """Urge (催办) the office whose turn it is, or put the case under supervision (督办).

    Urged as often as the rulebook says, a case comes under supervision by itself: nobody urges without end.
    """
    asked = journal.digest([case_id, supervise, note])
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return Notice.objects.get(pk=known.data["notice"])
    power = "cases.supervise" if supervise else "cases.urge"
    case = locked(case_id, by=by)
    require_power_on(case, power, by=by, sentence=_("催办、督办由上级单位发出。"))
    if not case.is_open:
        raise NotAllowedNow(
            _("此件已办结，无需催办。"), data={"allowed": workflow.allowed(STEPS, case.state)}
        )
    if supervise and not note.strip():
        raise Refusal(_("督办请写明要求。"), field="note")
    if not supervise:
        limits = rulebooks.load("deadlines", on=timezone.localtime(at).date())["urging"]
        _refuse_nagging(case, at=at, hours=limits["at_most_every"]["amount"])
        if not case.supervised and case.urges + 1 >= limits["supervise_after"]:
            supervise = True
            note = note.strip() or _("已催办 %(n)d 次，按规定转为督办。") % {"n": case.urges + 1}
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


def _refuse_nagging(case: Case, *, at: datetime, hours: int) -> None:
    """Refuse to urge the same office again so soon that it could not have acted in between."""
    recent = case.notices.filter(kind="urge", organisation=case.desk, at__gt=at - timedelta(hours=hours))
    if recent.exists():
        raise NotAllowedNow(
            _("%(n)d 小时内已经催办过这个单位。仍无进展的，可以督办。") % {"n": hours},
            data={"allowed": ["supervise"]},
        )


@transaction.atomic
def read_notice(*, notice_id: int, by: Actor, at: datetime) -> Notice:
    """Sign for a notice on one's desk."""
    made = (
        Notice.objects.select_for_update(of=("self",))
        .filter(pk=notice_id, organisation__in=by.organisation_ids)
        .first()
    )
    if made is None or not by.has("cases.see"):
        raise NotFound(_("没有找到这条提醒。"))
    if made.read_at is None:
        made.read_at, made.read_by = at, by.name
        made.save(update_fields=["read_at", "read_by"])
        journal.record("cases.read_notice", subject=made.case, by=by, at=at, data={"notice": made.pk})
    return made


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
    pair = {pk: locked(pk, by=by) for pk in sorted((into_id, case_id))}
    into, folded = pair[into_id], pair[case_id]
    for one in (into, folded):
        require_power_on(one, "cases.merge", by=by, sentence=_("您的岗位不能并案。"))
    if folded.state not in rules.OPEN or into.state not in rules.OPEN:
        raise NotAllowedNow(_("只有未办结的事项可以并案。"), data={"allowed": []})
    if folded.community_id != into.community_id or folded.estate_id != into.estate_id:
        raise Refusal(_("两件不在同一个小区，不能并案。"))
    if folded.merged.exists():
        # Else those who reported the third matter would be answered by nobody.
        raise NotAllowedNow(_("此件已有别的事项并入，请改为把另一件并入此件。"), data={"allowed": []})
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
    case = locked(case_id, by=by)
    require_power_on(case, "cases.merge", by=by, sentence=_("您的岗位不能并案。"))
    if case.state != State.MERGED:
        raise NotAllowedNow(_("此件没有并案。"), data={"allowed": workflow.allowed(STEPS, case.state)})
    if not reason.strip():
        raise Refusal(_("请写明取消并案的理由。"), field="note")
    into = case.merged_into
    assert into is not None
    days = rulebooks.load("deadlines", on=timezone.localtime(at).date())["merging"]["undo_days"]
    if not case.merges.filter(undone_at__isnull=True, at__gt=at - timedelta(days=days)).exists():
        raise NotAllowedNow(_("并案已超过 %(n)d 天，不能再取消。") % {"n": days}, data={"allowed": []})
    case.state, case.state_before_merge, case.merged_into = case.state_before_merge, "", None
    case.desk = desk_of(case)
    running = list(case.clocks.filter(stopped_at__isnull=True))
    for clock in running:
        # A case that was suspended when it was merged is suspended still.
        if clock.paused_at is not None and case.paused_at is None:
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
    journal.record("cases.give_back", subject=into, by=by, at=at, note=reason, data={"case": case.number})
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
    case = locked(case_id, by=by)
    require_power_on(case, "cases.merge", by=by, sentence=_("您的岗位不能拆分事项。"))
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


@transaction.atomic
def unseal(*, report_id: int, reason: str, by: Actor, at: datetime) -> dict[str, str]:
    """Open a reporter's identity: needs the power and a reason, leaves a trace, and tells the supervisor."""
    made = Report.objects.select_related("case").filter(pk=report_id).first()
    case = locked(made.case_id if made else 0, by=by)
    assert made is not None
    require_power_on(case, "cases.unseal", by=by, sentence=_("上报人身份已封存，您的岗位不能查看。"))
    if len(reason.strip()) < 6:
        raise Refusal(_("请写明必须查看身份的理由，至少六个字；此次查看会通知上级。"), field="reason")
    identity = SealedIdentity.objects.filter(report=made).first()
    if identity is None:
        raise Refusal(_("上报人选择了匿名，没有留下身份。"))
    superior = _superior_of(by, case, at=at)
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


def _superior_of(by: Actor, case: Case, *, at: datetime) -> Organisation | None:
    """Return the office above the actor's own, else the duty office; never the one that would tell itself.

    None at the very top: the notice then stands with the ownerless ones, for everybody who supervises.
    """
    own = Organisation.objects.filter(pk__in=by.organisation_ids).select_related("area")
    highest = min(own, key=lambda office: office.area.level if office.area else 9, default=None)
    found = [office_above(case, highest, at=at), rungs_of(case, at=at)[-1].office]
    return next((office for office in found if office and office.pk not in by.organisation_ids), None)


# ------------------------------------------------------------------------------------ news from below: calendar


@transaction.atomic
def recompute_deadlines(*, at: datetime, basis: str = "") -> int:
    """Work out every open deadline again after a change of the calendar, and journal each that moved.

    First looked for without a lock; then each case concerned is locked before its clocks are read again, in the order
    in which every other verb locks, so that a step taken meanwhile is neither undone nor waited for in a circle.
    """
    running = CaseClock.objects.filter(stopped_at__isnull=True)
    ids = {c.case_id for c in running.iterator(chunk_size=2000) if _moved(c) is not None}
    moved = 0
    for case_id in sorted(ids):
        case = Case.objects.select_for_update(of=("self",)).defer("search").get(pk=case_id)
        open_clocks = list(case.clocks.filter(stopped_at__isnull=True))
        for clock in open_clocks:
            if (due := _moved(clock)) is None:
                continue
            _record_moved(case, clock.kind, clock.due_at, due.at, at=at, basis=basis)
            clock.due_at, clock.provisional = due.at, due.provisional
            clock.save(update_fields=["due_at", "provisional"])
            moved += 1
        clocks.refresh(case, open_clocks)
        case.save(
            update_fields=[
                "due_at", "due_clock", "provisional", "escalate_at", "escalation", "escalated_at",
            ]
        )  # fmt: skip
    return moved + _recompute_replies(at=at, basis=basis)


def _moved(clock: CaseClock) -> Due | None:
    """Return a clock's deadline by today's calendar when it is another than the one kept."""
    due = clocks.replay(clock)
    return None if (due.at, due.provisional) == (clock.due_at, clock.provisional) else due


def _recompute_replies(*, at: datetime, basis: str) -> int:
    """Move the term within which each reporter is to be answered."""
    moved = 0
    waiting = Report.objects.filter(replied_at__isnull=True, reply_due_at__isnull=False)
    for made in waiting.select_related("case").iterator(chunk_size=2000):
        since = made.reply_since or made.reported_at
        due = calendar.due(since, clocks.rule("reply", at=since).term)
        if made.reply_due_at is None or due.at == made.reply_due_at:
            continue
        Report.objects.filter(pk=made.pk, replied_at__isnull=True).update(reply_due_at=due.at)
        _record_moved(made.case, "reply", made.reply_due_at, due.at, at=at, basis=basis)
        moved += 1
    return moved


def _record_moved(
    case: Case, kind: str, before: datetime, now: datetime, *, at: datetime, basis: str
) -> None:
    journal.record(
        "cases.deadline_moved",
        subject=case,
        by=SYSTEM,
        at=at,
        basis=basis,
        data={"clock": kind, "from": before.isoformat(), "to": now.isoformat()},
    )
