"""What the public reads of cases: frozen values, without names of persons."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.ground.foundation import codes, journal, rulebooks
from anju.ground.foundation.models import Event
from anju.ground.foundation.refusals import NotFound
from anju.ground.organisations.queries import contract_of
from anju.ground.territory.models import Estate
from anju.ground.territory.queries import estate_is_old
from anju.means.figures.rules import suppress

from .. import rules
from ..models import Case, Report
from ..rules import State
from . import catalogue, evidence

# The acts whose words are the answer to the reporter.
_ANSWERING = ("cases.close", "cases.close_on_spot", "cases.close_at_recheck", "cases.void")


@dataclass(frozen=True, slots=True)
class PublicStep:
    """One line of a reporter's progress, in plain words and without names of persons."""

    at: datetime
    label: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class PublicProgress:
    """What a reporter sees with the follow code."""

    code: str
    number: str
    kind: str
    class_label: str
    estate: str
    place: str
    text: str
    state: str
    plain: str
    steps: tuple[PublicStep, ...]
    reported_at: datetime
    reply_due_at: datetime | None
    closed_at: datetime | None
    reply_text: str
    rating: int | None
    can_rate: bool
    report_id: int
    case_id: int
    merged: bool


def masked(text: str, case: Case, events: Sequence[Event] | None = None, *, on: date) -> str:
    """Return a text with what it may say of persons masked: numbers, and names by what stands beside them.

    Whoever has acted on the case is known by name (`events`: its story, where it is at hand).
    """
    if not text:
        return ""
    book = rulebooks.load("portal", on=on)["persons"]
    story = journal.events_of(case) if events is None else events
    acted = {event.actor_name for event in story if event.actor_kind == "account"}
    return codes.mask_names(
        codes.mask_text(text),
        known=acted,
        surnames=book["surnames"],
        titles=book["titles"],
        called=book["called"],
    )


def progress(code: str, *, at: datetime) -> PublicProgress:
    """Return what the holder of a follow code may know, or raise NotFound."""
    made = (
        Report.objects.select_related("case__estate", "case__merged_into__estate")
        .filter(code=code.strip().upper())
        .first()
    )
    if made is None:
        raise NotFound(_("没有找到这个查询码，请核对后再输入。"), field="code")
    case = made.case.merged_into or made.case
    words = {
        "cases.report": _("已收到您反映的问题"),
        "cases.assign": _("已派给办理单位"),
        "cases.accept": _("办理单位已受理，开始整改"),
        "cases.take_over": _("执法单位已接手办理"),
        "cases.return_back": _("办理单位说明不属其职责，正在改派"),
        "cases.submit": _("办理单位已提交整改，等待复查"),
        "cases.send_back": _("复查不合格，已退回继续整改"),
        "cases.close": _("复查合格，已办结"),
        "cases.close_on_spot": _("检查时当场改正，已办结"),
        "cases.close_at_recheck": _("复查合格，已办结"),
        "cases.void": _("经核实不予受理"),
        "cases.reopen": _("重新办理"),
        "cases.verify": _("工作人员已到现场核实"),
        "cases.resume": _("恢复办理"),
        "cases.escalate": _("超过期限，已报上级单位督促"),
        "cases.supervise": _("上级单位已挂牌督办"),
    }
    granted = {"extend": _("经批准，办理期限延长"), "suspend": _("经批准，暂时中止办理")}
    steps: list[PublicStep] = []
    events = journal.events_of(case)
    for e in events:
        if e.name == "cases.decide_term" and e.data.get("granted"):
            steps.append(PublicStep(e.at, granted[e.data["kind"]]))
        if e.name not in words or (e.name == "cases.report" and made.case_id != case.pk):
            continue
        if e.name == "cases.escalate" and steps and steps[-1].label == words[e.name]:
            continue  # one rung more is no news to the reporter
        told = masked(e.note, case, events, on=timezone.localdate(at)) if e.name in _ANSWERING else ""
        steps.append(PublicStep(e.at, words[e.name], told))
    if made.case_id != case.pk:
        # The other reporter's first step is theirs; this one has an own.
        steps.append(PublicStep(made.reported_at, words["cases.report"]))
        steps.sort(key=lambda step: step.at)
    days = rulebooks.load("deadlines", on=timezone.localtime(at).date())["rating"]["days"]
    can_rate = (
        case.state == State.CLOSED
        and not made.has_rated(case.closed_at)
        and case.closed_at is not None
        and at <= case.closed_at + timedelta(days=days)
    )
    return PublicProgress(
        code=made.code,
        number=case.number,
        kind=str(case.kind_label),
        class_label=catalogue.label(case.kind, case.class_code),
        estate=case.estate.name if case.estate else "",
        place=case.place,
        text=made.text,
        state=case.state,
        plain=str(rules.PLAIN_LABELS[case.state]),
        steps=tuple(steps),
        reported_at=made.reported_at,
        reply_due_at=made.reply_due_at,
        closed_at=case.closed_at,
        reply_text=masked(made.reply_text, case, events, on=timezone.localdate(at)),
        rating=made.last_rating,
        can_rate=can_rate,
        report_id=made.pk,
        case_id=case.pk,
        merged=made.case_id != case.pk,
    )


@dataclass(frozen=True, slots=True)
class PublicNotice:
    """A closed case as it was published: what, where (to the estate), when, how it ended. No names, no photos."""

    number: str
    kind: str
    class_label: str
    estate: str
    estate_id: int | None
    street: str
    reported_on: date
    closed_on: date
    days: int
    closing_text: str
    case_id: int
    is_demo: bool


def public_notices(
    *, at: datetime, estate_id: int | None = None, limit: int = 50, before: int | None = None
) -> list[PublicNotice]:
    """List what was published of closed cases, the newest first, in the wording that somebody has read over."""
    found = Case.objects.filter(state=State.CLOSED, published_at__lte=at).select_related("estate", "street")
    if estate_id is not None:
        found = found.filter(estate_id=estate_id)
    if before is not None:
        last = Case.objects.filter(pk=before).values_list("published_at", flat=True).first() or at
        found = found.filter(Q(published_at__lt=last) | Q(published_at=last, pk__lt=before))
    notices = []
    for case in found.order_by("-published_at", "-pk").defer("search")[:limit]:
        assert case.closed_at is not None
        reported, closed = (
            timezone.localtime(case.reported_at).date(),
            timezone.localtime(case.closed_at).date(),
        )
        notices.append(
            PublicNotice(
                number=case.number,
                kind=str(case.kind_label),
                class_label=catalogue.label(case.kind, case.class_code),
                estate=case.estate.name if case.estate else "",
                estate_id=case.estate_id,
                street=case.street.name if case.street else "",
                reported_on=reported,
                closed_on=closed,
                days=(closed - reported).days,
                closing_text=case.public_text,
                case_id=case.pk,
                is_demo=case.is_demo,
            )
        )
    return notices


@dataclass(frozen=True, slots=True)
class EstateCounts:
    """An estate's cases by state of openness; a cell below the rulebook's threshold is None (shown as "少于 n")."""

    open: int | None
    closed: int | None
    by_class: tuple[tuple[str, int | None], ...]
    threshold: int


def estate_counts(estate: Estate, *, at: datetime) -> EstateCounts:
    """Count an estate's cases of the last twelve months for the public, small numbers suppressed."""
    threshold = rulebooks.load("deadlines", on=timezone.localtime(at).date())["publication"]["small_number"]
    found = Case.objects.filter(estate=estate, reported_at__gt=at - timedelta(days=365)).exclude(
        state__in=[State.MERGED, State.VOID]
    )
    totals = found.aggregate(
        open=Count("pk", filter=Q(state__in=sorted(rules.OPEN))),
        closed=Count("pk", filter=Q(state=State.CLOSED)),
    )
    classes = list(
        found.values_list("kind", "class_code").annotate(n=Count("pk")).order_by("-n", "class_code")
    )
    by_state = shown([totals["open"], totals["closed"]], least=threshold)
    by_class = shown([n for _kind, _code, n in classes], least=threshold)
    return EstateCounts(
        open=by_state[0],
        closed=by_state[1],
        by_class=tuple(
            (catalogue.label(kind, code), count)
            for (kind, code, _n), count in zip(classes[:8], by_class, strict=False)
        ),
        threshold=threshold,
    )


def shown(counts: list[int], *, least: int) -> list[int | None]:
    """Return counts as the public may read them: withheld ones, and those that would betray them, are None."""
    withheld = suppress(counts, least=least)
    return [None if hidden else n for n, hidden in zip(counts, withheld.cells, strict=True)]


def code_of(case: Case) -> str:
    """Return the follow code of a case's first report."""
    return case.reports.order_by("pk").values_list("code", flat=True).first() or ""


def rating_choices() -> list[dict[str, Any]]:
    """List the ratings, best first."""
    return [{"value": value, "label": str(label)} for value, label in rules.SATISFACTION_LABELS.items()]


def reporter_photos(report_id: int, *, at: datetime) -> evidence.Gallery:
    """Return the photos that the holder of a follow code may see: their own, and how it looks after closing."""
    return evidence.gallery_of_report(report_id, at=at)


@dataclass(frozen=True, slots=True)
class EstateFile:
    """一小区一档 for the public: facts, facilities and company; no persons."""

    year_built: int | None
    is_old: bool
    households: int | None
    building_count: int | None
    management: str
    company: str
    contract_until: date | None
    hydrants: int | None
    extinguishers: int | None
    micro_station: str
    lane_marked: str
    charging_places: int | None
    ebikes: int | None


def estate_file(estate_id: int, *, at: datetime) -> EstateFile:
    """Return an estate's public facts."""
    estate = Estate.objects.get(pk=estate_id)
    on = timezone.localtime(at).date()
    contract = contract_of(estate, on=on)

    def said(value: bool | None) -> str:
        return "—" if value is None else _("有") if value else _("无")

    return EstateFile(
        year_built=estate.year_built,
        is_old=estate_is_old(estate, on=on),
        households=estate.households,
        building_count=estate.building_count,
        management=str(estate.get_management_display()),
        company=contract.company.name if contract else "",
        contract_until=contract.valid_to if contract else None,
        hydrants=estate.hydrants,
        extinguishers=estate.extinguishers,
        micro_station=said(estate.has_micro_station),
        lane_marked=said(estate.fire_lane_marked),
        charging_places=estate.charging_places,
        ebikes=estate.ebikes,
    )
