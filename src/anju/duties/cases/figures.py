"""The measures of the cases room: how many came in, are open, overdue, closed, and how well they were closed.

Formulas after DB41/T 1860-2019 and the practice of the 12345 hotlines. Merged (并案) and declined (不予受理) cases are
in no number: the first are counted where they were merged into, the second are nobody's task. A returned case (退单)
goes on to another office and stays counted. The parts of a split case are cases of their own.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cache
from typing import Any

from django.db import models
from django.db.models import Case as Choose
from django.db.models import Exists, F, OuterRef, Q, Value, When
from django.db.models.functions import Greatest, Least
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from anju.ground.foundation import clocks, rulebooks
from anju.means.figures.queries import registry
from anju.means.figures.queries.registry import Column, Dimension, Facts, Measure, Window

from . import rules
from .models import Case, Report
from .queries import catalogue
from .rules import State

NOT_COUNTED = (State.MERGED, State.VOID)
_INSTANT = timedelta(microseconds=1)


# --- dimensions ---------------------------------------------------------------------------------------------------


def _every_class() -> dict[str, catalogue.CaseClass]:
    """All classes of all editions by code, so that an old case finds its name; newer editions win."""
    found: dict[str, catalogue.CaseClass] = {}
    for kind, book in (("hazard", "hazards"), ("complaint", "complaints")):
        for start, _end, _content in rulebooks.editions(book):
            found.update(catalogue.classes(kind, on=start))
    return found


def class_names() -> Mapping[str, str]:
    """Name each class, in the order of the rulebook."""
    return {code: leaf.label for code, leaf in _every_class().items()}


def top_class_names() -> Mapping[str, str]:
    """Name each first-level class."""
    return _top_class_names((get_language() or "").startswith("en"))


@cache
def _top_class_names(english: bool) -> Mapping[str, str]:
    return {
        leaf.groups[0][0]: (english and leaf.groups[0][2]) or leaf.groups[0][1]
        for leaf in _every_class().values()
    }


@cache
def top_classes() -> Mapping[str, str]:
    """Map each class to its first-level class."""
    return {code: leaf.groups[0][0] for code, leaf in _every_class().items()}


def _named(labels: Mapping[str, Any]) -> Mapping[str, str]:
    return {key: str(label) for key, label in labels.items()}


def _dimensions(prefix: str) -> dict[str, Dimension]:
    text = models.CharField()
    return {
        "class": Dimension(f"{prefix}class_code", text, _("类别"), class_names),
        "class1": Dimension(f"{prefix}class_code", text, _("大类"), top_class_names, top_classes),
        "channel": Dimension(f"{prefix}channel", text, _("渠道"), lambda: _named(rules.CHANNEL_LABELS)),
        "kind": Dimension(f"{prefix}kind", text, _("性质"), lambda: _named(rules.KIND_LABELS)),
        "severity": Dimension(f"{prefix}severity", text, _("程度"), lambda: _named(rules.SEVERITY_LABELS)),
    }


def _areas(prefix: str) -> dict[int, str]:
    return {2: f"{prefix}city", 3: f"{prefix}county", 4: f"{prefix}street", 5: f"{prefix}community"}


def _page(case: Case) -> str:
    return reverse("cases:case", args=[case.pk])


def _place(case: Case) -> str:
    where = [area.name for area in (case.county, case.street) if area is not None]
    return " ".join([*where, case.estate.name if case.estate else "", case.place]).strip()


def _class_label(case: Case) -> str:
    return catalogue.label(case.kind, case.class_code)


CASE_COLUMNS = (
    Column("number", _("编号"), lambda case: case.number, "title"),
    Column("kind", _("性质"), lambda case: str(case.kind_label)),
    Column("class", _("类别"), _class_label),
    Column("place", _("地点"), _place),
    Column("channel", _("渠道"), lambda case: str(case.channel_label)),
    Column("state", _("状态"), lambda case: str(case.state_label), "state"),
    Column("reported_at", _("上报时间"), lambda case: case.reported_at, "num"),
    Column("closed_at", _("办结时间"), lambda case: case.closed_at, "num"),
)
RATING_COLUMNS = (
    Column("number", _("编号"), lambda report: report.case.number, "title"),
    Column("class", _("类别"), lambda report: _class_label(report.case)),
    Column("place", _("地点"), lambda report: _place(report.case)),
    Column(
        "rating", _("评价"), lambda report: str(rules.SATISFACTION_LABELS.get(report.rating, report.rating))
    ),
    Column("rated_at", _("评价时间"), lambda report: report.rated_at, "num"),
)
_LONG = ("text", "closing_text", "search")

CASES = Facts(
    name="cases",
    label=_("案件"),
    model=Case,
    guarded=Case,
    areas=_areas(""),
    division="division",
    dimensions=_dimensions(""),
    columns=CASE_COLUMNS,
    related=("county", "street", "estate"),
    unread=_LONG,
    address=_page,
    export="cases.export",
)
RATINGS = Facts(
    name="ratings",
    label=_("评价"),
    model=Report,
    guarded=Case,
    areas=_areas("case__"),
    division="case__division",
    dimensions=_dimensions("case__"),
    reach="case",
    columns=RATING_COLUMNS,
    related=("case__county", "case__street", "case__estate"),
    unread=("text", "reply_text", *(f"case__{name}" for name in _LONG)),
    address=lambda report: _page(report.case),
    export="cases.export",
)

# --- conditions ---------------------------------------------------------------------------------------------------

_counted = ~Q(state__in=NOT_COUNTED)


def received(window: Window) -> Q:
    """Reported in the period."""
    return _counted & Q(reported_at__gte=window.start, reported_at__lt=window.end)


def closed(window: Window) -> Q:
    """Closed in the period, and still closed."""
    return Q(state=State.CLOSED, closed_at__gte=window.start, closed_at__lt=window.end)


def open_at_cut_off(window: Window) -> Q:
    """Reported before the cut-off and not closed by then."""
    still = Q(state__in=sorted(rules.OPEN))
    if not window.is_now:
        still |= Q(state=State.CLOSED, closed_at__gte=window.cut_off)
    return Q(reported_at__lt=window.cut_off) & still


def overdue_at_cut_off(window: Window) -> Q:
    """Open at the cut-off with a running clock past its term, suspended terms apart.

    At present the case knows its earliest running clock; for a past cut-off the clocks themselves are asked.
    """
    if window.is_now:
        return open_at_cut_off(window) & Q(due_at__lt=window.cut_off, paused_at__isnull=True)
    late = clocks.of_all(Case).filter(
        Q(stopped_at__isnull=True) | Q(stopped_at__gte=window.cut_off),
        Q(paused_at__isnull=True) | Q(paused_at__gte=window.cut_off),
        subject_id=OuterRef("pk"),
        # Says nothing new, but keeps the database from reading every clock there is: it looks up the open cases' own.
        subject_id__gte=OuterRef("pk"),
        started_at__lt=window.cut_off,
        due_at__lt=window.cut_off,
    )
    return open_at_cut_off(window) & Q(Exists(late))


def settled(window: Window) -> Q:
    """Closed in the period, or overdue at its end: a late case does not leave the rate by staying open."""
    return (closed(window) & Q(on_time__isnull=False)) | overdue_at_cut_off(window)


def open_rows(window: Window) -> Sequence[Q]:
    """What covers `overdue_at_cut_off` without asking the clocks."""
    return (open_at_cut_off(window),)


def closed_or_open(window: Window) -> Sequence[Q]:
    """What covers `settled` without asking the clocks."""
    return (closed(window), open_at_cut_off(window))


def on_time(window: Window) -> Q:
    """No rectification or re-check was late when it was closed."""
    return Q(state=State.CLOSED, on_time=True)


def returned(window: Window) -> Q:
    """Sent back by a handling office at least once (退单)."""
    return Q(returns__gt=0)


def repeated(window: Window) -> Q:
    """The same reporter about the same matter again, within the rulebook's days."""
    return Q(repeat=True)


def content(window: Window) -> Q:
    """满意 or 基本满意."""
    return Q(rating__gte=2)


def rated(window: Window) -> Q:
    """Answered by the reporter in the period."""
    return Q(rated_at__gte=window.start, rated_at__lt=window.end, rating__isnull=False)


def _by_report(window: Window) -> Any:
    return F("reported_at")


def _by_closing(window: Window) -> Any:
    return F("closed_at")


def _by_rating(window: Window) -> Any:
    return F("rated_at")


def _by_settling(window: Window) -> Any:
    """The closing; what is overdue stands where it fell due, moved inside the period (its end, if no longer known)."""
    inside = Q(closed_at__gte=window.start, closed_at__lt=window.end, state=State.CLOSED)
    kind = models.DateTimeField()
    last = Value(max(window.start, window.cut_off - _INSTANT), kind)
    fell_due = Greatest(Value(window.start, kind), Least(F("due_at"), last))
    return Choose(When(inside, then=F("closed_at")), default=fell_due)


MEASURES = (
    Measure(
        name="received",
        label=_("收件数"),
        definition=_("期内上报的案件数；已并案和不予受理的不计，退单后改派的照计。"),
        unit="count",
        facts=CASES,
        counts=received,
        date=_by_report,
    ),
    Measure(
        name="open",
        label=_("未办结数"),
        definition=_(
            "截至期末（期未满的截至此刻）已上报而尚未办结的案件数，不论何时上报；已并案和不予受理的不计。"
        ),
        unit="count",
        facts=CASES,
        counts=open_at_cut_off,
        date=_by_report,
        better="low",
    ),
    Measure(
        name="overdue",
        label=_("逾期未办结数"),
        definition=_(
            "未办结数中，截至期末有任一期限（核实、派单、受理、整改、复查）已过的案件数；批准的延期已计入期限，中止中的不计。"
        ),
        unit="count",
        facts=CASES,
        counts=overdue_at_cut_off,
        scan=open_rows,
        date=_by_report,
        part_of="open",
        better="low",
    ),
    Measure(
        name="closed",
        label=_("办结数"),
        definition=_("期内经复查办结的案件数，不论何时上报；办结后又重新办理的，以最后一次办结为准。"),
        unit="count",
        facts=CASES,
        counts=closed,
        date=_by_closing,
        better="high",
    ),
    Measure(
        name="on_time_rate",
        label=_("按期办结率"),
        definition=_(
            "期内办结且整改、复查均未超期（批准的延期不算超期；复查不合格的整改不算完成）的案件数 ÷"
            "（期内办结数＋期末逾期未办结数）；逾期不办结的也进入分母。"
        ),
        unit="percent",
        facts=CASES,
        counts=on_time,
        among=settled,
        scan=closed_or_open,
        date=_by_settling,
        better="high",
        labels=(_("按期办结"), _("办结＋逾期未办结")),
    ),
    Measure(
        name="return_rate",
        label=_("退单率"),
        definition=_("期内上报的案件中曾被办理单位退单的件数 ÷ 收件数；一件多次退单计一件。"),
        unit="percent",
        facts=CASES,
        counts=returned,
        among=received,
        date=_by_report,
        better="low",
        labels=(_("曾退单"), _("收件")),
    ),
    Measure(
        name="repeat_rate",
        label=_("重复投诉率"),
        definition=_(
            "期内上报的案件中，同一人就同一事项在规定天数内再次反映的件数 ÷ 收件数；已并入原件的不计。"
        ),
        unit="percent",
        facts=CASES,
        counts=repeated,
        among=received,
        date=_by_report,
        better="low",
        labels=(_("重复反映"), _("收件")),
    ),
    Measure(
        name="satisfaction",
        label=_("满意率"),
        definition=_(
            "期内上报人首次评价中，满意和基本满意的份数 ÷ 有效评价份数；"
            "因不满意而重新办理的照计，重新办结后的再次评价不重复计。"
        ),
        unit="percent",
        facts=RATINGS,
        counts=content,
        among=rated,
        date=_by_rating,
        better="high",
        labels=(_("满意＋基本满意"), _("有效评价")),
    ),
    Measure(
        name="satisfaction_score",
        label=_("满意度"),
        definition=_("期内有效评价的得分之和 ÷（3 × 份数）× 100；满意3分，基本满意2分，不满意1分。"),
        unit="score",
        facts=RATINGS,
        counts=rated,
        among=rated,
        weigh=F("rating"),
        scale=100 / max(rules.SATISFACTION_LABELS),
        date=_by_rating,
        better="high",
        labels=(_("得分之和"), _("有效评价")),
    ),
)


def register() -> None:
    """Make the measures of this room known to the engine."""
    registry.register(*MEASURES)
