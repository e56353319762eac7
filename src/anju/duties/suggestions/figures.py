"""The measures of the room: how many suggestions were handed out, answered, in time, and to the deputies' satisfaction.

A suggestion counts in the period in which it was handed out (the last time, when it was handed out again).
"""

from collections.abc import Mapping

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from anju.ground.foundation import rulebooks
from anju.means.figures.queries import registry
from anju.means.figures.queries.registry import Column, Dimension, Facts, Measure, Window

from . import rules
from .models import Suggestion


def result_names() -> Mapping[str, str]:
    """Name each class of results of the newest edition; suggestions without an answer stand under no class."""
    english = (get_language() or "").startswith("en")
    table = rulebooks.editions("suggestions")[-1][2]["result_classes"]
    classes = table["variants"][table["variant"]]["classes"]
    return {c["code"]: f"{c['code']} {c['name_en' if english else 'name']}" for c in classes}


def _named(labels: Mapping[str, object]) -> Mapping[str, str]:
    return {key: str(label) for key, label in labels.items()}


def _page(suggestion: Suggestion) -> str:
    return reverse("suggestions:suggestion", args=[suggestion.pk])


SUGGESTIONS = Facts(
    name="suggestions",
    label=_("代表建议"),
    model=Suggestion,
    guarded=Suggestion,
    areas={2: "city", 3: "county", 4: "street", 5: "community"},
    division="division",
    dimensions={
        "result": Dimension("result_class", models.CharField(), _("办理结果"), result_names),
        "feedback": Dimension(
            "feedback", models.CharField(), _("代表评价"), lambda: _named(rules.FEEDBACK_LABELS)
        ),
        "suggestion_state": Dimension(
            "state", models.CharField(), _("状态"), lambda: _named(rules.STATE_LABELS)
        ),
    },
    columns=(
        Column("number", _("编号"), lambda row: f"{row.meeting} {row.number}", "title"),
        Column("title", _("标题"), lambda row: row.title),
        Column("lead", _("主办单位"), lambda row: row.lead.name if row.lead else ""),
        Column("state", _("状态"), lambda row: str(row.state_label), "state"),
        Column("result", _("办理结果"), lambda row: row.result_class),
        Column("feedback", _("代表评价"), lambda row: str(rules.FEEDBACK_LABELS.get(row.feedback, ""))),
        Column("assigned_at", _("交办时间"), lambda row: row.assigned_at, "num"),
        Column("answered_at", _("答复时间"), lambda row: row.answered_at, "num"),
    ),
    related=("lead",),
    unread=("text",),
    address=_page,
    export="figures.see",
)


def _assigned(window: Window) -> Q:
    return Q(assigned_at__gte=window.start, assigned_at__lt=window.end)


def _answered(window: Window) -> Q:
    return _assigned(window) & Q(answered_at__isnull=False, answered_at__lt=window.cut_off)


def _share(name: str, label: object, definition: object, counts: Q, among: Q, *, better: str) -> Measure:
    return Measure(
        name=name,
        label=label,
        definition=definition,
        unit="percent",
        facts=SUGGESTIONS,
        counts=lambda window: _answered(window) & among & counts,
        among=lambda window: _answered(window) & among,
        date=lambda window: F("assigned_at"),
        better=better,
        labels=(label, _("已答复")),
    )


MEASURES = (
    Measure(
        name="suggestions_assigned",
        label=_("交办建议"),
        definition=_("本期交办的代表建议件数；重新交办的按最后一次交办计。"),
        unit="count",
        facts=SUGGESTIONS,
        counts=_assigned,
        date=lambda window: F("assigned_at"),
    ),
    Measure(
        name="suggestions_answered",
        label=_("已答复建议"),
        definition=_("本期交办的代表建议中，截至统计时已印发答复的件数。"),
        unit="count",
        facts=SUGGESTIONS,
        counts=_answered,
        date=lambda window: F("assigned_at"),
        part_of="suggestions_assigned",
    ),
    Measure(
        name="suggestions_unanswered",
        label=_("未答复建议"),
        definition=_("本期交办的代表建议中，截至统计时尚未印发答复的件数。"),
        unit="count",
        facts=SUGGESTIONS,
        counts=lambda window: (
            _assigned(window) & (Q(answered_at__isnull=True) | Q(answered_at__gte=window.cut_off))
        ),
        date=lambda window: F("assigned_at"),
        part_of="suggestions_assigned",
        better="low",
    ),
    _share(
        "suggestions_on_time",
        _("按期答复率"),
        _("本期交办且已答复的建议中，历次答复都在期限内（含经说明延长的期限）印发的所占比例。"),
        Q(on_time=True),
        Q(),
        better="high",
    ),
    _share(
        "suggestions_satisfied",
        _("代表满意率"),
        _(
            "本期交办、已答复且代表已反馈的建议中，最近一次反馈为满意或基本满意的所占比例；联名的以评价最低的为准。"
        ),
        Q(feedback__in=["satisfied", "basically"]),
        ~Q(feedback=""),
        better="high",
    ),
)


def register() -> None:
    """Make the measures known to the engine."""
    registry.register(*MEASURES)
