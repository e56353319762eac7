"""A case's own loop: reported, dispatched, put right, checked, closed; and rated by whoever reported it.

`LOOP` holds all that is the same for every act (`foundation.acts`); here stands what each has of its own.
"""

import secrets
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from anju.ground.access import escrow
from anju.ground.access import services as access
from anju.ground.access.actors import Actor
from anju.ground.foundation import acts, clocks, notices, patience, rulebooks
from anju.ground.foundation.acts import Loop, Turn
from anju.ground.foundation.devices import Device
from anju.ground.foundation.models import Clock, Notice
from anju.ground.foundation.refusals import NotFound, NotPermitted, Refusal
from anju.ground.organisations.models import Organisation
from anju.ground.territory.models import Area, Estate

from .. import rules
from ..models import Case, Evidence, Report, SealedIdentity
from ..queries import catalogue, course
from ..queries import evidence as evidence_of
from ..queries.ladder import office_above
from ..queries.one import offices_for
from ..queries.routing import Unit, route
from ..rules import State
from . import evidence

# No 0/O, 1/I/L: a code that is read over the telephone.
_CODE_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


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


class _Course(clocks.Course):
    """Where a case stands after a step: on whose desk, under which clocks, and whether there is a way back."""

    def move(self, turn: Turn) -> None:
        """Set the desk of the new state; stop and start the step's clocks."""
        case = turn.row
        if turn.target is not None:
            case.desk = desk_of(case)
        super().move(turn)
        # Whatever else is done with a case rests on the last step: then there is no way back from it.
        case.undo = None
        if turn.step.act in rules.UNDOABLE and turn.by.kind == "account":
            case.undo = {
                "act": turn.step.act, "by": turn.by.account_id, "at": turn.at.isoformat(),
                "was": {name: acts.plainly(was) for name, (was, _now) in turn.changed.items() if name != "undo"},
                "started": [c.pk for c in turn.begun], "stopped": [c.pk for c in turn.ended],
                "photos": turn.facts.get("photos", {}),
            }  # fmt: skip


def _offices(case: Case, day: date, by: Any) -> Iterator[tuple[int, str]]:
    """Offer who can put a case right, the one that the routing rule found first."""
    if case.handler is not None:
        yield case.handler.pk, case.handler.name
    for office in offices_for(case):
        if office.pk != case.handler_id:
            yield office.pk, office.name


def _whose(turn: Turn) -> None:
    """Refuse what is no matter of power alone: going on after a suspension, urging oneself, the ways back."""
    case, by = turn.row, turn.by
    if turn.step.act == "resume" and by.kind == "account":
        if case.desk_id not in by.organisation_ids and not by.has("cases.approve"):
            raise NotPermitted(_("由办理单位或审批单位恢复办理。"), data={"power": "cases.approve"})
    elif turn.step.act in ("urge", "supervise") and case.desk_id in by.organisation_ids:
        raise NotPermitted(_("此件就在本单位办理，不用催办自己。"), code="own_desk")
    elif turn.step.act == "correct":
        # Not whoever is to put it right: it would choose its own class, severity and term.
        if not (
            {case.dispatcher_id, case.checker_id} & by.organisation_ids
            or LOOP.holds(by, "cases.supervise", case)
        ):
            raise NotPermitted(_("上报内容由派单单位、复查单位或者上级更正；有不同意见的，请补充说明。"))
    elif turn.step.act == "annotate":
        offices = {case.dispatcher_id, case.handler_id, case.checker_id, case.desk_id, case.company_id}
        if not (
            offices & by.organisation_ids
            or LOOP.holds(by, "cases.check", case)
            or LOOP.holds(by, "cases.supervise", case)
        ):
            raise NotPermitted(_("由与此件有关的单位补充说明。"), data={"power": "cases.check"})
    elif turn.step.act == "undo" and (back := case.undo) is not None:
        minutes = _limits(turn.at)["undo"]["minutes"]
        late = turn.at - datetime.fromisoformat(back["at"]) > timedelta(minutes=minutes)
        if late or back["by"] != by.account_id or by.kind != "account":
            raise NotPermitted(
                _("只有本人能在 %(n)d 分钟内撤销自己刚办的一步。") % {"n": minutes}, code="not_your_last_act"
            )


def _ready(case: Case) -> None:
    for office in (case.dispatcher, case.handler, case.checker):
        if office is not None and office.pk == case.desk_id:
            case.desk = office  # nearly always: then nothing more is asked for the desk


# What no step reads: columns left out make the statement, the row and the later update smaller.
_UNREAD = (
    "search",
    *(
        f"{office}__{column}"
        for office in ("dispatcher", "handler", "checker")
        for column in (
            "short_name", "initials", "uscc", "uscc_override_reason", "legal_person", "address", "phone",
        )
    ),
)  # fmt: skip

COURSE = _Course(
    course.rule_of, course.OWNERS, "due_clock", {"verify_by": lambda clock: clock.kind == "verify"}
)
LOOP = Loop(
    Case, rules.STEPS, room="cases", see="cases.see", labels=rules.STATE_LABELS, moods=rules.STATE_TONES,
    roles={"desk": "desk", "dispatcher": "dispatcher", "checker": "checker"}, turns=_whose,
    choices={"offices": _offices}, clocks=COURSE, ready=_ready,
    related=("dispatcher", "handler", "checker"), deferred=_UNREAD,
    missing=lazy("没有找到这件事项，可能编号有误，或不在您的管辖范围。"),
    not_yours=lazy("此件目前由“%(desk)s”办理，请由该单位操作；如已超期，可以催办或督办。"),
    news=lambda case: {"desk": case.desk.name if case.desk else ""},
)  # fmt: skip
locked = LOOP.locked


def require_power_on(case: Case, power: str, *, by: Actor, sentence: str = "") -> None:
    """Refuse an actor who lacks a power, or who holds it by a post whose reach is not this case."""
    if not LOOP.holds(by, power, case):
        raise NotPermitted(
            sentence or _("您的岗位没有办理这一步的权限，请联系本单位负责人。"), data={"power": power}
        )


def take_step(*, case_id: int, act: str, by: Any, at: datetime, key: str = "", **given: Any) -> Case:
    """Take the step that is named, of those offered by name (`rules.OFFERED`); what it does not ask for is left aside.

    For those who hear the act by its name: the API, the phone, which keeps steps until there is a network.
    """
    if act not in rules.OFFERED:
        raise Refusal(_("没有这一步，请重新打开页面。"), field="act", code="no_such_act")
    verb = LOOP.verbs[act]
    asked = {field.name for field in verb.steps[0].asks} | ({"insist"} if verb.steps[0].doubts else set())
    taken: Case = verb(
        case_id=case_id,
        by=by,
        at=at,
        key=key,
        **{name: value for name, value in given.items() if name in asked},
    )
    return taken


# --------------------------------------------------------------------------------------------------- reporting


def _what_was_reported(given: Mapping[str, Any]) -> Any:
    """Say what makes two reports equal: not where the phone thinks it is, nor from which address it asks."""
    told = dict(given)
    for by_itself in ("longitude", "latitude"):
        told.pop(by_itself, None)
    if (reporter := told.pop("reporter", None)) is not None:
        # Only as a keyed fingerprint: a bare digest of eleven digits is soon guessed.
        told["reporter"] = escrow.fingerprint(f"{reporter.name}|{reporter.phone}")
    return acts.plainly(told)


@LOOP.verb("report", asked=_what_was_reported)
def report(
    turn: Turn,
    *,
    kind: str,
    class_code: str,
    text: str,
    channel: str,
    estate: Estate | None = None,
    area: Area | None = None,
    place: str = "",
    longitude: float | None = None,
    latitude: float | None = None,
    reporter: Reporter | None = None,
    uploads: Sequence[Any] = (),
    is_demo: bool = False,
    unit: Unit | None = None,
    seen: bool = False,
) -> Case:
    """File a complaint or a hazard and start its clocks.

    estate or area  where it is; an area alone (usually a community) is enough outside of estates
    unit            at whose premises it was found: who answers for them puts it right
    seen            found at the place by whoever files it, as on every patrol: nobody need look whether it is there
    reporter        given when somebody outside the office reports: they get a follow code and a reply in time
    Raises Refusal for an unknown class or too many reports from one place; NotFound when the estate lies outside the
    reach of a staff member.
    """
    by, at = turn.by, turn.at
    where, seen = estate.area if estate is not None else area, seen or channel == "field"
    if where is None:
        raise Refusal(_("请选择小区或所在社区，办理单位才能找到现场。"), field="estate")
    chosen = catalogue.find(kind, class_code, on=turn.today)
    if by.kind == "account":
        require_place(by, where)
    guard = _flood_guard(reporter, at=at) if reporter is not None and by.kind == "public" else None
    found = route(
        kind=kind, class_code=class_code, severity=chosen.severity, channel=channel, estate=estate, area=where,
        on=turn.today, unit=unit,
    )  # fmt: skip
    case = Case(
        kind=kind,
        class_code=class_code,
        severity=chosen.severity,
        channel=channel,
        text=text,
        place=place,
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
        unit_id=unit.id if unit else None,
        unit_kind=unit.kind if unit else "",
        reported_at=at,
        verified_at=at if seen else None,
        is_demo=is_demo,
        search=searched(text, place, estate, where),
    )
    stamp_place(case, where)
    # Started here, by the class's own term, so that the case is written once.
    turn.starts = ()
    names = ("dispatch",) if seen else ("dispatch", chosen.verify)
    started = [COURSE.new(case, name, at=at) for name in names]
    COURSE.refresh(case, started)
    fingerprint = escrow.fingerprint(reporter.phone) if reporter is not None and reporter.phone else ""
    case.repeat = is_repeat(fingerprint, case, before=at)
    case.save(force_insert=True)
    for clock in started:
        clock.subject_id = case.pk
    Clock.objects.bulk_create(started)
    made = _add_report(case, text, reporter, at=at) if reporter is not None else None
    turn.row = case
    add_evidence(turn, uploads, purpose="report")
    if guard is not None:
        guard.note()
    turn.basis = chosen.basis[0] if chosen.basis else ""
    turn.facts |= {"class": class_code, "rule": found.rule, "report": made.code if made else ""}
    if seen:
        turn.facts["seen"] = True
    if found.dispatcher is None:
        turn.follow("escalate", note=_("当地没有设置派单单位。"))
    return case


def searched(text: str, place: str, estate: Estate | None, where: Area) -> list[str]:
    """Return the pieces by which a case is found."""
    return rules.grams(f"{text} {place} {estate.name if estate else where.name}")


def stamp_place(case: Case, where: Area) -> None:
    """Write the four management levels of an area on a case (the caller saves)."""
    case.city_id = where.at_level(Area.Level.CITY)
    case.county_id = where.at_level(Area.Level.COUNTY)
    case.street_id = where.at_level(Area.Level.STREET)
    case.community_id = where.at_level(Area.Level.COMMUNITY)


def require_place(by: Actor, where: Area) -> None:
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
    book = _limits(at)["abuse"]
    limits = patience.Limits.of(book["report"])
    guard = patience.Guard("report", reporter.device, escrow.fingerprint(reporter.origin), limits, at)
    if seconds := guard.wait():
        raise TooSoon(
            _("短时间内提交太多了，请等%(wait)s再提交。情况紧急请直接拨打 119 或 12345。")
            % {"wait": patience.say_wait(seconds)},
            data={"retry_after": seconds},
        )
    return guard


def is_repeat(reporter: str, case: Case, *, before: datetime) -> bool:
    """Say whether the same person (by fingerprint) reported the same matter at the same place shortly before."""
    if not reporter or case.estate_id is None:
        return False
    since = before - timedelta(days=_limits(before)["repeats"]["days"])
    earlier = Report.objects.filter(reporter=reporter, reported_at__gt=since, reported_at__lte=before)
    same = earlier.filter(case__estate_id=case.estate_id, case__class_code=case.class_code)
    return same.exclude(case_id=case.pk).exists()


def _add_report(case: Case, text: str, reporter: Reporter, *, at: datetime) -> Report:
    made = Report.objects.create(
        case=case,
        code="".join(secrets.choice(_CODE_LETTERS) for _n in range(10)),
        text=text,
        anonymous=reporter.anonymous,
        reported_at=at,
        reply_due_at=course.reply_by(at),
        reply_basis=course.rule("reply", at=at).term.basis,
        reporter=escrow.fingerprint(reporter.phone) if reporter.phone else "",
    )
    if not reporter.anonymous:
        SealedIdentity.objects.create(
            report=made, sealed=escrow.seal({"name": reporter.name, "phone": reporter.phone})
        )
    return made


# --------------------------------------------------------------------------------------------- steps of the loop


@LOOP.verb("assign")
def assign(turn: Turn, *, handler_id: int | None = None, note: str = "", insist: bool = False) -> None:
    """Hand a case to the office that shall put it right: the one given, else the one the routing rule found."""
    case = turn.row
    if handler_id is not None and handler_id != case.handler_id:
        case.handler = Organisation.objects.get(pk=handler_id)
        turn.facts["chosen_by_hand"] = True
    if case.handler is None:
        raise Refusal(_("没有匹配到办理单位，请选择由谁整改。"), field="handler_id")
    if case.handler_id in case.returned_by:
        turn.doubt(
            "returned",
            _("“%(name)s”已退过此件。请改派其他单位；确需仍由其办理的，请写明理由。")
            % {"name": case.handler.name},
            confirm="note",
        )
    let_another_check(case, at=turn.at)
    turn.facts |= {"handler": case.handler.name, "rule": case.routing_rule}
    case.assigned_at, case.handler_before, case.taken_over_at = turn.at, None, None


def let_another_check(case: Case, *, at: datetime) -> None:
    """Keep an office from re-checking its own work: the dispatcher does, or who stands above when it is the same."""
    if case.handler is not None and case.checker_id == case.handler_id:
        other = case.dispatcher if case.dispatcher_id != case.handler_id else None
        case.checker = other or office_above(case, case.handler, at=at) or case.checker


@LOOP.verb("void")
def void(turn: Turn, *, note: str) -> None:
    """Decline a case; whoever reported it reads why."""
    turn.row.closed_at, turn.row.closing_text = turn.at, note


@LOOP.verb("accept")
def accept(turn: Turn, *, note: str = "") -> None:
    """Accept a case: its own term begins."""
    turn.row.accepted_at = turn.at


@LOOP.verb("return_back")
def return_back(turn: Turn, *, note: str) -> None:
    """Return a case; returned as often as the rulebook tolerates, the level above dispatches from now on."""
    case = turn.row
    case.returns += 1
    case.returned_by = [*case.returned_by, case.handler_id]
    if _wanders(turn):
        case.dispatcher = office_above(case, case.dispatcher, at=turn.at) or case.dispatcher


@LOOP.verb("submit")
def submit(turn: Turn, *, note: str, uploads: Sequence[Any] = (), insist: bool = False) -> None:
    """Say what was put right, of a hazard with a photo."""
    case = turn.row
    _challenge(turn, note)
    case.submitted_at = turn.at
    added = add_evidence(turn, uploads, purpose="rectify")
    if case.kind == "hazard" and not (
        added or case.evidence.filter(purpose="rectify", added_at=turn.at).exists()
    ):
        raise Refusal(_("请上传整改后的现场照片，复查人员要据此核对。"), field="uploads")


@LOOP.verb("close")
def close(
    turn: Turn, *, note: str, uploads: Sequence[Any] = (), about_photos: str = "", insist: bool = False
) -> None:
    """Close a case that was seen put right; everybody who reported it reads the words.

    about_photos  what the checker says of the doubts about the photos, when there are any
    """
    case = turn.row
    case.closing_insisted = _challenge(turn, note) or case.closing_insisted
    if (open_children := case.children.filter(state__in=rules.OPEN).count()) > 0:
        turn.refuse(_("还有 %(n)d 件拆分出的子件没有办结，办结后才能关闭本件。") % {"n": open_children})
    case.closed_at, case.closing_text = turn.at, note
    case.on_time = course.kept_in_time(list(case.clocks.all()), at=turn.at)
    turn.facts["on_time"] = case.on_time
    add_evidence(turn, uploads, purpose="recheck")
    _answer_doubts(turn, about_photos)
    now_shows(turn, "claimed", "after")


@LOOP.verb("send_back")
def send_back(turn: Turn, *, note: str, uploads: Sequence[Any] = (), insist: bool = False) -> None:
    """Send a case back whose rectification does not hold; why it does not is the answer to doubts about the photos."""
    turn.row.send_backs += 1
    now_shows(turn, "claimed", "failed")
    add_evidence(turn, uploads, purpose="recheck", shows="failed")
    _answer_doubts(turn, note)


@LOOP.verb("verify")
def verify(turn: Turn, *, note: str = "", uploads: Sequence[Any] = ()) -> None:
    """Record what was seen at the place."""
    turn.row.verified_at = turn.at
    add_evidence(turn, uploads, purpose="verify")


@LOOP.verb("reopen")
def reopen(turn: Turn, *, note: str) -> None:
    """Do a closed matter again, dispatched from the level above."""
    case = turn.row
    case.reopens += 1
    case.closed_at = case.on_time = None
    case.public_text, case.published_at = "", None  # of a closing that no longer holds
    now_shows(turn, "after", "past")
    case.dispatcher = office_above(case, case.dispatcher, at=turn.at) or case.dispatcher


@LOOP.verb("close_on_spot")
def close_on_spot(turn: Turn, *, note: str) -> None:
    """Close a hazard that whoever found it saw put right at once: their visit is the verification and the re-check."""
    _close_by_finders(turn, note)


@LOOP.verb("close_at_recheck")
def close_at_recheck(turn: Turn, *, note: str) -> None:
    """Close a hazard that the agency which found it saw put right when it came back, on whosever desk it lies.

    Else a hazard that was ordered and obeyed would wait, and be called late, where nobody has anything left to do.
    """
    _close_by_finders(turn, note)


@LOOP.verb("take_over")
def take_over(turn: Turn, *, agency_id: int, note: str) -> None:
    """Let the agency that acts on a case in another room have it: its turn, its term; why is said in the story."""
    case = turn.row
    if case.taken_over_at is None:
        case.handler_before = case.handler
    case.handler, case.taken_over_at = Organisation.objects.get(pk=agency_id), turn.at
    case.assigned_at, case.accepted_at = case.assigned_at or turn.at, turn.at
    let_another_check(case, at=turn.at)
    turn.facts["handler"] = case.handler.name


def take_over_from_others(
    found: QuerySet[Case],
    *,
    agency: Organisation,
    note: str,
    by: Any,
    at: datetime,
    passed_on_by: Collection[int] = (),
) -> None:
    """Let an agency have those cases on which it acts that wait to be dispatched or accepted.

    passed_on_by  agencies that had taken them over before and have passed them on to this one
    """
    waiting = Q(state__in=sorted(rules.AWAITING_DISPATCH | {State.ASSIGNED}))
    passed_on = Q(state=State.FIXING, handler_id__in=passed_on_by)
    for pk in found.filter(waiting | passed_on).order_by("pk").values_list("pk", flat=True):
        take_over(case_id=pk, agency_id=agency.pk, note=note, by=by, at=at)


# Which agencies act on some cases: {(case, agency)}; each room above that lets an agency take a case over says it.
Acting = Callable[[Collection[int]], set[tuple[int, int]]]
_acting: list[Acting] = []


def acting_agencies(acting: Acting) -> Acting:
    """Let a room say which agencies still act on cases."""
    _acting.append(acting)
    return acting


@LOOP.verb("let_go")
def let_go(turn: Turn, *, note: str) -> None:
    """Give a case back that an agency had taken over and on which it no longer acts: it waits to be dispatched."""
    case = turn.row
    turn.facts["handler"] = case.handler.name
    case.handler, case.handler_before, case.taken_over_at = case.handler_before, None, None
    case.assigned_at = case.accepted_at = None


def let_go_of(found: QuerySet[Case], *, agency: Organisation, note: str, by: Any, at: datetime) -> None:
    """Let an agency give back the cases that it had taken over, where nothing else of it goes on."""
    held = found.filter(state=State.FIXING, handler=agency, taken_over_at__isnull=False)
    pks = set(held.values_list("pk", flat=True))
    still = (
        {case for acting in _acting for case, office in acting(pks) if office == agency.pk} if pks else set()
    )
    for pk in sorted(pks - still):
        let_go(case_id=pk, note=note, by=by, at=at)


def _close_by_finders(turn: Turn, note: str) -> None:
    case, at = turn.row, turn.at
    locked(case.pk, by=turn.by)  # the finders of another county have nothing to close here
    require_power_on(case, "cases.check", by=turn.by)
    case.on_time = course.kept_in_time(list(case.clocks.all()), at=at)
    case.paused_at, case.verified_at, case.closed_at = None, case.verified_at or at, at
    case.closing_text = note
    turn.facts["on_time"] = case.on_time
    _answer_doubts(turn, note)  # they have seen it with their own eyes
    now_shows(turn, "claimed", "after")


# ---------------------------------------------------------------------------------- what a step brings about


@LOOP.effect("answer")
def _answer(turn: Turn) -> None:
    """Answer everybody who reported a case, or one merged into it, and has no answer yet."""
    case = turn.row
    reports = Report.objects.filter(case__in=[case.pk, *case.merged.values_list("pk", flat=True)])
    reports.filter(replied_at__isnull=True).update(replied_at=turn.at, reply_text=turn.note)


@LOOP.effect("answer_anew")
def _answer_anew(turn: Turn) -> None:
    """Owe everybody who reported a reopened matter a new answer, in a new term: the old one no longer holds."""
    case, at = turn.row, turn.at
    due = course.reply_by(at)
    Report.objects.filter(Q(case=case) | Q(case__merged_into=case)).update(
        replied_at=None, reply_since=at, reply_due_at=due
    )


@LOOP.effect("tell_above")
def _tell_above(turn: Turn) -> None:
    """Tell the level above when a case wanders."""
    if _wanders(turn):
        said = _("此件已退单 %(n)d 次，请指定办理单位。") % {"n": turn.row.returns}
        notify(turn, "returned", turn.row.dispatcher, said, by=turn.by.post)


def notify(
    turn: Turn, kind: str, office: Organisation | None, text: str, *, by: str = "", level: int = 0
) -> Notice:
    """Lay a notice about the case on an office's desk; on everybody's who sees it when there is none."""
    return notices.tell(turn.row, kind, office, text, at=turn.at, by=by, level=level)


def _limits(at: datetime) -> Mapping[str, Any]:
    return rulebooks.load("deadlines", on=timezone.localtime(at).date())


def _wanders(turn: Turn) -> bool:
    return bool(turn.row.returns >= _limits(turn.at)["returns"]["most"])


def _challenge(turn: Turn, note: str) -> bool:
    """Challenge a text that says nothing; when the officer insists, keep that fact for everybody to see."""
    case = turn.row
    chosen = catalogue.find(case.kind, case.class_code, on=timezone.localtime(case.reported_at).date())
    doubts = rules.doubts_about_closing(
        note,
        class_texts=(chosen.name, chosen.standard_text, case.text),
        least=_limits(turn.at)["closing_text"]["least"],
    )
    if doubts:
        why = " ".join(str(d.sentence) for d in doubts) + _("请写明何时、何处、做了什么。")
        turn.doubt("says_nothing", why, why=[d.code for d in doubts])
    return bool(doubts)


def now_shows(turn: Turn, was: str, now: str) -> None:
    """Say of the photos that showed one thing that they show another; the event keeps which."""
    shown = list(turn.row.evidence.filter(shows=was).values_list("pk", flat=True))
    if shown:
        Evidence.objects.filter(pk__in=shown).update(shows=now)
        turn.facts["photos"] = turn.facts.get("photos", {}) | {str(pk): was for pk in shown}


def _answer_doubts(turn: Turn, answer: str) -> None:
    """Keep the checker's word on what speaks against the photos; ask for it when there is none."""
    waiting = evidence_of.unanswered(turn.row)
    if not waiting:
        return
    if not answer:
        why = "".join(evidence_of.doubts_said(waiting, turn.row, turn.by))
        said = _("照片有疑点：%(why)s请写一句核对的情况，会留在办理经过里。") % {"why": why}
        turn.doubt("doubted_photos", said, asked="about_photos", confirm="about_photos")
    Evidence.objects.filter(pk__in=[line.pk for line in waiting]).update(answer=answer[:500])
    if turn.given.get("about_photos"):
        turn.facts.setdefault("doubts", []).append("doubted_photos")
        turn.facts["about_photos"] = answer


def add_evidence(turn: Turn, uploads: Iterable[Any], *, purpose: str, shows: str = "") -> int:
    """Attach what came with an act and return how many files that were."""
    added = 0
    for given in uploads:
        upload = given if isinstance(given, Upload) else Upload(given)
        evidence.add(
            turn.row,
            upload.file,
            purpose=purpose,
            by=turn.by,
            at=turn.at,
            caption=upload.caption,
            shows=shows,
            doubt=turn.doubt,
        )
        added += 1
    return added


def desk_of(case: Case) -> Organisation | None:
    """Say whose turn it is in a state: dispatcher, handler or checker."""
    if case.state in rules.AWAITING_DISPATCH:
        return case.dispatcher
    if case.state in (State.ASSIGNED, State.FIXING):
        return case.handler
    if case.state == State.CHECKING:
        return case.checker or case.dispatcher
    return None


# --------------------------------------------------------------------------------------------- the reporter's word


def _case_of(code: str) -> int:
    """Find the case that a follow code is about: the one it was merged into."""
    found = Report.objects.filter(code=code.strip().upper()).values_list("case__merged_into_id", "case_id")
    for into, own in found:
        return into or own
    raise NotFound(_("没有找到这个查询码，请核对后再输入。"), field="code")


@LOOP.verb("rate", param="code", locate=_case_of)
def rate(turn: Turn, *, rating: int, reason: str = "") -> None:
    """Let a reporter rate the outcome (3 满意, 2 基本满意, 1 不满意); a bad rating reopens at the level above.

    Each closing can be rated once: a matter that was done again is rated again, and may go up once more.
    """
    case, at = turn.row, turn.at
    made = Report.objects.select_for_update(of=("self",)).get(code=turn.named.strip().upper())
    limits = _limits(at)["rating"]
    if made.has_rated(case.closed_at):
        turn.refuse(_("您已经评价过了，谢谢。"))
    if rating in limits["bad"] and len(reason) < limits["reason_least"]:
        raise Refusal(_("请告诉我们哪里不满意，上一级单位会据此重新办理。"), field="reason")
    if case.closed_at is not None and at > case.closed_at + timedelta(days=limits["days"]):
        turn.refuse(_("办结已超过 %(n)d 天，请重新上报。") % {"n": limits["days"]})
    if made.rating is None:
        made.rating, made.rated_at = rating, at
    else:
        made.rating_again, made.rated_again_at = rating, at
    made.rating_reason = reason  # what belongs to the last word; every word stays in the journal
    made.save(update_fields=["rating", "rating_reason", "rated_at", "rating_again", "rated_again_at"])
    case.satisfaction = min(rating, case.satisfaction or rating)
    turn.made = made
    turn.facts["rating"] = rating
    if rating in limits["bad"]:
        turn.follow("reopen", note=reason, because="rating")


@LOOP.effect("tell_of_rating")
def _tell_of_rating(turn: Turn) -> None:
    """Tell the level above, which does the matter again, what the reporter says of it."""
    if turn.following:
        case = turn.row
        superior = office_above(case, case.dispatcher, at=turn.at) or case.dispatcher
        notify(turn, "rating", superior, turn.note, by=str(_("上报人")))
