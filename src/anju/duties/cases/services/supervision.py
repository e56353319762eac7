"""What comes from above and beside the loop: more time, urging, merging, splitting, unsealing, a changed calendar."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from anju.ground.access import escrow
from anju.ground.access.actors import SYSTEM, Actor
from anju.ground.foundation import calendar, clocks, ladder, notices, rulebooks
from anju.ground.foundation.acts import Child, Loop, Turn
from anju.ground.foundation.models import Clock, Event
from anju.ground.foundation.refusals import NotPermitted, Refusal
from anju.ground.foundation.workdays import Term
from anju.ground.organisations.models import Organisation
from anju.ground.territory.models import Area

from .. import rules
from ..models import Case, Evidence, Merge, Report, SavedView, SealedIdentity, TermRequest
from ..queries import course
from ..queries.ladder import office_above, rungs_of
from ..queries.routing import unit_of
from .loop import COURSE, LOOP, notify, report, require_power_on


def _limits(turn: Turn) -> Any:
    return rulebooks.load("deadlines", on=turn.today)


# ------------------------------------------------------------------------------------ terms: extend and suspend


def _own_term(case: Case) -> Clock | None:
    """Return the running clock of the office whose turn it is: it may ask more time for its own work alone."""
    return case.clocks.filter(kind=rules.OWN_CLOCK.get(case.state, ""), stopped_at__isnull=True).first()


@LOOP.verb("ask_term")
def ask_term(turn: Turn, *, kind: str, reason: str, days: int | None = None) -> None:
    """Ask the dispatching office to extend the running term (kind "extend", days workdays) or to suspend it."""
    case, by = turn.row, turn.by
    limits = _limits(turn)["extension"]
    if case.term_requests.filter(granted__isnull=True).exists():
        turn.refuse(_("已有一份申请等待审批，请先等结果。"))
    if kind == "extend":
        term = _own_term(case)
        if term is None or term.due_at < turn.at:
            raise Refusal(_("期限已过，延期必须在期限届满前申请。"))
        if days is None or not 1 <= days <= limits["most_workdays"]:
            raise Refusal(
                _("延期天数应为 1 至 %(n)d 个工作日。") % {"n": limits["most_workdays"]}, field="days"
            )
        if case.term_requests.filter(kind="extend", granted=True).count() >= limits["times"]:
            raise Refusal(_("此件已延期 %(n)d 次，不能再延。") % {"n": limits["times"]})
    else:
        days = None
    turn.made = TermRequest.objects.create(
        case=case, kind=kind, days=days, reason=reason, asked_by=_signed(by), asked_organisation=case.desk,
        asked_at=turn.at,
    )  # fmt: skip
    turn.facts |= {"kind": kind, "days": days}


def _signed(by: Any) -> str:
    return f"{by.post} {by.name}".strip()


@LOOP.verb("decide_term", child=Child(TermRequest, "case", "request_id", missing=lazy("没有找到这份申请。")))
def decide_term(turn: Turn, *, granted: bool, decision: str = "") -> None:
    """Grant or refuse a request for extension or suspension; the asking office cannot decide its own."""
    case, made, at = turn.row, turn.child, turn.at
    if made.granted is not None:
        turn.refuse(_("这份申请已经办过了。"))
    if case.desk_id != made.asked_organisation_id:
        turn.refuse(_("此件已不在申请单位手里，这份申请不用再办。"))
    if not _may_decide(made, case, by=turn.by):
        raise NotPermitted(
            _("延期和中止由派单单位审批，申请单位不能自己批。"), data={"power": "cases.approve"}
        )
    if not granted and not decision:
        raise Refusal(_("不同意的，请写明理由。"), field="decision")
    made.granted, made.decided_at, made.decision = granted, at, decision
    made.decided_by = _signed(turn.by)
    made.save()
    turn.note = decision
    turn.facts |= {"kind": made.kind, "days": made.days, "granted": granted}
    if not granted:
        return
    running = clocks.running_of(case)
    for clock in running:
        if made.kind == "extend" and clock.kind == rules.OWN_CLOCK.get(case.state):
            clocks.adjust(clock, {"kind": "extend", "days": made.days})
    if made.kind == "suspend":
        clocks.pause(running, at=at)
        case.paused_at = at
    COURSE.refresh(case, running)


def _run_again(case: Case, *, at: datetime) -> None:
    """Let the paused clocks of a case run with what was left of them."""
    running = clocks.running_of(case)
    # A case that was suspended when it was merged is suspended still.
    if case.paused_at is None:
        clocks.go_on(running, at=at)
    COURSE.refresh(case, running)


def _may_decide(made: TermRequest, case: Case, *, by: Actor) -> bool:
    """Say whether the actor sits in the dispatching office or one above it, and not in the one that asks."""
    if made.asked_organisation_id in by.organisation_ids:
        return False
    if case.dispatcher_id in by.organisation_ids and case.dispatcher_id != made.asked_organisation_id:
        return True
    below = case.dispatcher.area.level if case.dispatcher and case.dispatcher.area else 9
    own = Organisation.objects.filter(pk__in=by.organisation_ids).values_list("area__level", flat=True)
    return any(level is not None and level < below for level in own)


@LOOP.verb("resume")
def resume(turn: Turn, *, note: str = "") -> None:
    """Let a suspended case go on: its clocks keep what was left of them.

    The system lets go on what has been suspended as long as it may: a suspension that nobody ends would be a clock
    that stops silently.
    """
    case, at = turn.row, turn.at
    if turn.by.kind == "system":
        rule = _limits(turn)["suspension"]
        if calendar.due(case.paused_at, Term(rule["most_workdays"], "workdays", rule["basis"])).at > at:
            turn.refuse(_("中止还没有满期。"))
        turn.basis = rule["basis"]
        turn.note = _("中止已满 %(n)d 个工作日，自动恢复办理。") % {"n": rule["most_workdays"]}
    case.paused_at = None
    case.term_requests.filter(kind="suspend", granted=True, ended_at__isnull=True).update(ended_at=at)
    _run_again(case, at=at)


def end_long_suspensions(*, at: datetime, batch: int = 200) -> int:
    """Let each case go on whose suspension has lasted as long as the rulebook allows; return how many."""
    most = rulebooks.load("deadlines", on=timezone.localtime(at).date())["suspension"]["most_workdays"]
    # No workday is shorter than a day, so that what was suspended later need not be looked at.
    paused = Case.objects.filter(state__in=sorted(rules.OPEN), paused_at__lt=at - timedelta(days=most))
    return LOOP.many("resume", paused, by=SYSTEM, at=at, batch=batch)


# ------------------------------------------------------------------------------------ from above: urge, supervise


escalate = ladder.climbs(LOOP)


@LOOP.verb("urge")
def urge(turn: Turn, *, note: str = "") -> None:
    """Urge (催办) the office whose turn it is.

    Urged as often as the rulebook says, a case comes under supervision by itself: nobody urges without end.
    """
    case, limits = turn.row, _limits(turn)["urging"]
    hours = limits["at_most_every"]["amount"]
    urged = notices.about(case).filter(kind="urge", organisation_id=case.desk_id)
    if urged.filter(at__gt=turn.at - timedelta(hours=hours)).exists():
        # So soon again that it could not have acted in between.
        turn.refuse(_("%(n)d 小时内已经催办过这个单位。仍无进展的，可以督办。") % {"n": hours}, "supervise")
    case.urges += 1
    turn.made = notify(turn, "urge", case.desk, note, by=_signed(turn.by))
    if not case.supervised and case.urges >= limits["supervise_after"]:
        said = note or _("已催办 %(n)d 次，按规定转为督办。") % {"n": case.urges}
        turn.follow("supervise", note=said, because="urging")


@LOOP.verb("supervise")
def supervise(turn: Turn, *, note: str) -> None:
    """Put a case under supervision (督办)."""
    case = turn.row
    if turn.facts.get("because") != "urging":
        case.urges += 1
    case.supervised = True
    turn.made = notify(turn, "supervise", case.desk, note, by=_signed(turn.by))


# -------------------------------------------------------------------------------------------- merge, split, unseal


@LOOP.verb("merge", beside="into_id")
def merge(turn: Turn, *, into_id: int, reason: str = "") -> None:
    """Fold a case into another about the same matter; reports, clocks of reply and evidence stay where they are.

    The answer is the other case.
    """
    folded, at = turn.row, turn.at
    if into_id == folded.pk:
        raise Refusal(_("不能把一件并入它自己。"), field="into_id")
    (into,) = turn.lock(LOOP, [into_id])
    require_power_on(into, "cases.merge", by=turn.by, sentence=_("您的岗位不能并案。"))
    if into.state not in rules.OPEN:
        turn.refuse(_("只有未办结的事项可以并案。"))
    if folded.community_id != into.community_id or folded.estate_id != into.estate_id:
        raise Refusal(_("两件不在同一个小区，不能并案。"), field="into_id")
    if folded.merged.exists():
        # Else those who reported the third matter would be answered by nobody.
        turn.refuse(_("此件已有别的事项并入，请改为把另一件并入此件。"))
    folded.state_before_merge, folded.merged_into = folded.state, into
    running = clocks.running_of(folded)
    clocks.pause(running, at=at)
    COURSE.refresh(folded, running)
    Merge.objects.create(into=into, folded=folded, at=at, by=_signed(turn.by), reason=reason)
    turn.made, turn.facts["into"] = into, into.number
    turn.do(take_in, case_id=into_id, note=reason, number=folded.number)


@LOOP.verb("take_in")
def take_in(turn: Turn, *, number: str, note: str = "") -> None:
    """Tell a case that another was folded into it."""
    turn.note, turn.facts["case"] = note, number


@LOOP.verb("unmerge")
def unmerge(turn: Turn, *, reason: str) -> None:
    """Undo a merge: the case goes on where it was, with what was left of its clocks."""
    case, at = turn.row, turn.at
    into, days = case.merged_into, _limits(turn)["merging"]["undo_days"]
    if not case.merges.filter(undone_at__isnull=True, at__gt=at - timedelta(days=days)).exists():
        turn.refuse(_("并案已超过 %(n)d 天，不能再取消。") % {"n": days})
    turn.target = case.state_before_merge
    case.state_before_merge, case.merged_into = "", None
    _run_again(case, at=at)
    Merge.objects.filter(folded=case, undone_at__isnull=True).update(undone_at=at)
    turn.facts["into"] = into.number
    turn.do(give_back, case_id=into.pk, note=reason, number=case.number)


@LOOP.verb("give_back")
def give_back(turn: Turn, *, number: str, note: str = "") -> None:
    """Tell a case that another is no longer folded into it."""
    turn.note, turn.facts["case"] = note, number


@dataclass(frozen=True, slots=True)
class Part:
    """One child case of a split: its class, its text, and the evidence that goes with it."""

    class_code: str
    text: str
    evidence_ids: Sequence[int] = ()


@LOOP.verb("split")
def split(turn: Turn, *, parts: Sequence[Part]) -> None:
    """Split a case into child cases, each with its own class, offices, clocks and chosen evidence; answer with them.

    The parent stays open until its children are closed.
    """
    case = turn.row
    if not parts:
        raise Refusal(_("请至少填写一个子件。"), field="parts")
    where = Area.objects.get(pk=case.community_id or case.street_id or case.county_id)
    made = []
    for part in parts:
        child = report(
            kind=case.kind, class_code=part.class_code, text=part.text, channel=case.channel, estate=case.estate,
            area=where, place=case.place, longitude=case.longitude, latitude=case.latitude, is_demo=case.is_demo,
            unit=unit_of(case.unit_id), seen=case.verified_at is not None, by=turn.by, at=turn.at,
        )  # fmt: skip
        child.parent = case
        child.save(update_fields=["parent"])
        shown = case.evidence.filter(pk__in=part.evidence_ids)
        kept = ("file_id", "purpose", "shows", "caption", "added_by", "added_at", "doubts", "answer")
        Evidence.objects.bulk_create(Evidence(case=child, **row) for row in shown.values(*kept))
        made.append(child)
    turn.made, turn.facts["numbers"] = made, [child.number for child in made]


def _opened(made: Report) -> Report:
    """Give a report the identity that was sealed (`opened`): never kept but in the sealed column."""
    identity = SealedIdentity.objects.get(report=made)
    made.opened = escrow.unseal(bytes(identity.sealed))  # type: ignore[attr-defined]
    return made


@LOOP.verb(
    "unseal",
    child=Child(Report, "case", "report_id"),
    answers=lambda event: _opened(Report.objects.get(pk=Event.objects.get(pk=event.pk).data["child"])),
)
def unseal(turn: Turn, *, reason: str) -> None:
    """Open a reporter's identity (`opened` of the answer): with a reason, leaving a trace, and told to the superior."""
    if turn.child.anonymous:
        raise Refusal(_("上报人选择了匿名，没有留下身份。"))
    _opened(turn.child)


@LOOP.effect("tell_superior")
def _tell_superior(turn: Turn) -> None:
    who = _signed(turn.by)
    said = _("%(who)s 查看了上报人身份：%(reason)s") % {"who": who, "reason": turn.note}
    notify(turn, "unseal", _superior_of(turn.by, turn.row, at=turn.at), said, by=who)


def _superior_of(by: Actor, case: Case, *, at: datetime) -> Organisation | None:
    """Return the office above the actor's own, else the duty office; never the one that would tell itself.

    None at the very top: the notice then stands with the ownerless ones, for everybody who supervises.
    """
    own = Organisation.objects.filter(pk__in=by.organisation_ids).select_related("area")
    highest = min(own, key=lambda office: office.area.level if office.area else 9, default=None)
    found = [office_above(case, highest, at=at), rungs_of(case, at)[-1].office]
    return next((office for office in found if office and office.pk not in by.organisation_ids), None)


# ----------------------------------------------------------------------------------------------- lists kept for later

VIEWS = Loop(
    SavedView, rules.VIEW_STEPS, room="cases", state="", param="view_id", missing=lazy("没有找到这个视图。"),
    seen=lambda by: Q(account_id=by.account_id),
)  # fmt: skip


@VIEWS.verb("save_view")
def save_view(turn: Turn, *, name: str, query: str = "") -> SavedView:
    """Keep the filters of a list under a name; the name given again keeps the new ones."""
    kept, _made = SavedView.objects.update_or_create(
        account_id=turn.by.account_id, name=name, defaults={"query": query}
    )
    return kept


@VIEWS.verb("drop_view")
def drop_view(turn: Turn) -> None:
    """Delete a kept view."""
    turn.note = turn.row.name


# ------------------------------------------------------------------------------------ news from below: calendar


def _reply_terms(report: Report) -> dict[str, datetime]:
    """Return until when a reporter is to be answered, by the calendar of today."""
    return {"reply_due_at": course.reply_by(report.reply_since or report.reported_at)}


deadline_moved = clocks.follow_the_calendar(
    LOOP,
    clocks.Days(
        lambda: Report.objects.filter(replied_at__isnull=True, reply_due_at__isnull=False),
        _reply_terms,
        part="case_id",
    ),
    labels=rules.CLOCK_LABELS | {"reply_due_at": rules.CLOCK_LABELS["reply"]},
)
