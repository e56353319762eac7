"""A way back: what was filed is corrected, added to, a dispatch recalled, the last own step undone, what was published
replaced or withdrawn. Nothing is deleted from the story: each is an act of its own, and the former stands in its event.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from anju.ground.access import services as access
from anju.ground.foundation import clocks, codes
from anju.ground.foundation.acts import Turn
from anju.ground.foundation.models import Clock
from anju.ground.foundation.refusals import NotFound, Refusal
from anju.ground.territory.models import Area, Estate

from .. import rules
from ..models import Case, Evidence
from ..queries import catalogue, course, public
from ..queries.one import drawn_from as as_drawn
from ..queries.routing import Route, route, unit_of
from ..rules import State
from .loop import COURSE, LOOP, add_evidence, is_repeat, let_another_check, now_shows, searched, stamp_place

_OFFICES = ("dispatcher", "handler", "checker")


@LOOP.verb("annotate")
def annotate(turn: Turn, *, note: str = "", uploads: Sequence[Any] = ()) -> None:
    """Add a note or a photo outside of any step."""
    if not note and not uploads:
        raise Refusal(_("请写一句说明，或者附上照片。"), field="note")
    turn.facts["files"] = add_evidence(turn, uploads, purpose="note")


@LOOP.verb("recall")
def recall(turn: Turn, *, note: str) -> None:
    """Take a dispatch back that nobody has accepted; the term to dispatch goes on where it was, no new one begins."""
    case = turn.row
    case.assigned_at = None
    if (before := case.clocks.filter(kind="dispatch").order_by("started_at", "pk").last()) is not None:
        before.stopped_at = None
        before.save(update_fields=["stopped_at"])
        turn.starts = ()


@LOOP.verb("undo")
def undo(turn: Turn) -> None:
    """Undo one's own last act: the case stands and its clocks run as before it."""
    case, back = turn.row, turn.row.undo
    columns = {column.attname: column for column in Case._meta.concrete_fields}
    for name, was in back["was"].items():
        setattr(case, name, None if was is None else columns[name].to_python(was))
    case.clocks.filter(pk__in=back["started"]).delete()  # a term that never ran; the story keeps both acts
    case.clocks.filter(pk__in=back["stopped"]).update(stopped_at=None)
    COURSE.refresh(case, clocks.running_of(case))
    if back["act"] == "submit":
        now_shows(turn, "claimed", "other")  # handed in again, or not
    for pk, shows in back["photos"].items():
        Evidence.objects.filter(pk=int(pk)).update(shows=shows)
    turn.facts["undone"] = back["act"]


@LOOP.verb("publish")
def publish(turn: Turn, *, wording: str, insist: bool = False) -> None:
    """Publish how a case ended, in a wording that somebody has read over; published again, it replaces the former.

    Numbers of telephones and identity cards are masked in any case; what looks like a name is asked about.
    """
    case, masked = turn.row, codes.mask_text(wording)
    if (better := public.masked(masked, case, on=turn.today)) != masked:
        turn.doubt(
            "names_somebody",
            _("说明里好像有人名。建议改为“%(better)s”；确认不是人名的，请勾选后再提交。")
            % {"better": better},
            asked="wording",
        )
    case.public_text, case.published_at = masked, turn.at
    turn.note = masked


@LOOP.verb("withdraw")
def withdraw(turn: Turn, *, note: str) -> None:
    """Take what was published off the public pages; it stays in the story."""
    turn.row.public_text, turn.row.published_at = "", None


# ------------------------------------------------------------------------------------------------------ correcting


@LOOP.verb("correct")
def correct(
    turn: Turn,
    *,
    reason: str,
    class_code: str = "",
    severity: str = "",
    estate_id: int | None = None,
    area_id: int | None = None,
    place: str = "",
    text: str = "",
    drawn_from: str = "",
) -> None:
    """Correct what was filed: what is not given stays. Offices and clocks follow; the former stays in the story.

    severity    not given, it follows a corrected class
    area_id     a community, where it is in no estate
    drawn_from  `queries.one.drawn_from` of what the person was shown
    An office that turns out not to be the one to put it right is relieved: the case is dispatched anew. A closed case
    keeps the offices that did the work and its terms; figures count it by what is corrected.
    """
    case = turn.row
    if drawn_from and drawn_from != as_drawn(case):
        turn.refuse(_("这一件刚被别人更正过，请核对最新的内容后再提交。"))
    day = timezone.localtime(case.reported_at).date()
    routed, chosen = _routed(case, turn), catalogue.classes(case.kind, on=day).get(case.class_code)
    was = {**turn.kept, "estate": case.estate.name if case.estate else "", "area": _where(case).name}
    if class_code:
        case.kind, _label = catalogue.kind_and_label(class_code, on=day)
        case.class_code = class_code
    now_chosen = catalogue.classes(case.kind, on=day).get(case.class_code)
    if class_code and class_code != turn.kept["class_code"] and now_chosen is not None:
        turn.basis = now_chosen.basis[0] if now_chosen.basis else ""
        case.severity = now_chosen.severity
    case.severity, case.place, case.text = severity or case.severity, place or case.place, text or case.text
    _move(turn, estate_id, area_id)
    turn.facts["changed"] = {
        what: [was[what], now]
        for what, now in {
            "class_code": case.class_code, "severity": case.severity, "place": case.place, "text": case.text,
            "estate": case.estate.name if case.estate else "", "area": _where(case).name,
        }.items()
        if was[what] != now
    }  # fmt: skip
    if not turn.facts["changed"]:
        raise Refusal(_("还没有改动任何内容，请改好要更正的地方再提交。"), field="class_code")
    case.search = searched(case.text, case.place, case.estate, _where(case))
    case.repeat = any(is_repeat(made.reporter, case, before=made.reported_at) for made in case.reports.all())
    # What the table starts and stops is for a case that is taken from its office.
    starts, stops, turn.starts, turn.stops = turn.starts, turn.stops, (), ()
    if case.state == State.CLOSED:
        case.company = _routed(case, turn).company
        return
    kinds = {"verify", "rectify"}
    if _hand_anew(turn, routed, _routed(case, turn)):
        turn.starts, turn.stops, turn.target = starts, stops, State.REPORTED
        kinds = {"verify"}  # the others end with the office that is relieved, as they ran
    if chosen is not None and now_chosen is not None and chosen != now_chosen:
        _terms_anew(case, kinds, chosen, now_chosen, at=turn.at)


def _where(case: Case) -> Area:
    if case.estate is not None:
        return case.estate.area
    return Area.objects.get(pk=case.community_id or case.street_id or case.county_id or case.city_id)


def _routed(case: Case, turn: Turn) -> Route:
    return route(
        kind=case.kind, class_code=case.class_code, severity=case.severity, channel=case.channel,
        estate=case.estate, area=_where(case), on=turn.today, unit=unit_of(case.unit_id),
    )  # fmt: skip


def _move(turn: Turn, estate_id: int | None, area_id: int | None) -> None:
    """Put a case into another estate, or community outside of estates, that the actor may see."""
    case = turn.row
    here = (case.estate_id, None) if case.estate_id else (None, _where(case).pk)
    if (estate_id, area_id) in (here, (None, None)):
        return
    if case.merged.exists():
        raise Refusal(_("已有别的事项并入此件，请先取消并案再更正地点。"), field="estate_id")
    model, wanted = (Estate, estate_id) if estate_id else (Area, area_id)
    found = access.visible(model, to=turn.by, power="cases.see").filter(pk=wanted).first()
    if found is None or (isinstance(found, Area) and found.level < Area.Level.STREET):
        raise NotFound(_("没有找到这个小区，请在本辖区内选择。"), field="estate_id")
    case.estate = found if isinstance(found, Estate) else None
    where = found.area if isinstance(found, Estate) else found
    case.division_id = getattr(found, "division_id", None) or where.division_id
    stamp_place(case, where)
    case.longitude = case.latitude = None  # where the wrong place was said to be
    case.unit_id, case.unit_kind = None, ""


def _hand_anew(turn: Turn, before: Route, now: Route) -> bool:
    """Give a case to the offices that the corrected class and place ask for; say whether its handler has lost it.

    Only what routing finds otherwise than before is changed: who was chosen by hand, or raised to, stays.
    """
    case, relieved = turn.row, False
    for office in _OFFICES:
        found = getattr(now, office)
        if found == getattr(before, office) or found == getattr(case, office):
            continue
        relieved |= office == "handler" and case.state not in rules.AWAITING_DISPATCH
        setattr(case, office, found)
    case.company, case.routing_rule = now.company, now.rule
    let_another_check(case, at=turn.at)
    turn.target = case.state  # so that the desk follows
    if relieved:
        case.assigned_at = case.accepted_at = case.submitted_at = None
        case.term_requests.filter(granted__isnull=True).update(
            granted=False, decided_at=turn.at, decision=_("已更正并重新派单，申请不再办理。")
        )
        now_shows(turn, "claimed", "other")
        turn.facts["relieved"] = True
    return relieved


def _terms_anew(
    case: Case, kinds: set[str], before: catalogue.CaseClass, now: catalogue.CaseClass, *, at: datetime
) -> None:
    """Let the running terms that a class gives follow the corrected class; extensions granted stay.

    A term that would be over already begins with the correction: nobody was late before the matter was known.
    """
    running = clocks.running_of(case)
    given = (before.term.amount, before.term.unit, before.term.basis)
    rules_now = {
        "verify": course.rule(now.verify, at=at),
        "rectify": course.rectify(now),
    }
    for clock in running:
        # A second term after a failed re-check, or one that a ledger gave, is no class's.
        if clock.kind not in kinds & rules_now.keys() or (clock.kind == "rectify" and _of(clock) != given):
            continue
        rule = rules_now[clock.kind]
        if _of(clock) == (rule.term.amount, rule.term.unit, rule.term.basis):
            continue
        was_late = clock.due_at < at
        clock.amount, clock.unit, clock.basis = rule.term.amount, rule.term.unit, rule.term.basis
        clock.is_default = rule.is_default
        clocks.work_out(clock)
        if clock.due_at <= at and not was_late:
            clock.started_at = at
            clocks.work_out(clock)
        clock.save()
    COURSE.refresh(case, running)


def _of(clock: Clock) -> tuple[int, str, str]:
    return clock.amount, clock.unit, clock.basis
