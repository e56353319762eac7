"""The city's report as figures: which six stand in its sentence, and how it is read aloud."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from django.db.models import Max
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from .. import rules
from ..models import TallyDelta, TallyRow, tallies
from . import Result, registry
from .places import Scope

SIX = (
    "units_inspected",
    "hazards_found",
    "fines_decided_yuan",
    "old_communities_inspected",
    "ebike_hazards_rectified",
    "ebike_fines_yuan",
)


def day(value: date) -> str:
    """Write a day as a letter does."""
    return date_format(value, _("Y年n月j日"))


def latest_day(today: date) -> date | None:
    """Return today when anybody was visited this year; else the day of the last visit, or None."""
    visits = registry.get(SIX[0]).tally
    if visits is None:
        return None
    kept = TallyRow.objects.filter(tally=visits.spec.name, grain=tallies.DAY_COUNTY, day__lte=today)
    noted = TallyDelta.objects.filter(tally=visits.spec.name, day__lte=today)
    days = [found for rows in (kept, noted) if (found := rows.aggregate(last=Max("day"))["last"])]
    last = max(days, default=None)
    return today if last is not None and last.year == today.year else last


def template() -> str:
    """Return the report's sentence with a place for its period, its territory and each of the six numbers."""
    return _(
        "{start}至{end}，{place}公安派出所共检查单位{units_inspected}家，发现隐患{hazards_found}处，"
        "罚款{fines_decided_yuan}元；其中检查老旧小区{old_communities_inspected}家，"
        "发现整改电动车隐患{ebike_hazards_rectified}处，罚款{ebike_fines_yuan}元。"
    )


def sentence(results: Mapping[str, Result], *, scope: Scope) -> SafeString | str:
    """Write the report's sentence with each number a link to its rows; "" when one of the six is not counted here."""
    if any(name not in results for name in SIX):
        return ""
    period = results[SIX[0]].query.period
    numbers = {}
    for name in SIX:
        result = results[name]
        value = result.value or 0
        text = rules.yuan(value) if result.measure.unit == "yuan" else f"{value:,}"
        numbers[name] = format_html('<a class="num" href="{}">{}</a>', result.rows_url(), text)
    return format_html(template(), start=day(period.start), end=day(period.end), place=scope.label, **numbers)


def share(result: Result, other: Result) -> str:
    """Write which share one of two numbers is of the other, when one is a part of the other; else ""."""
    pairs = ((result, other), (other, result))
    for part, whole in pairs:
        if part.measure.part_of == whole.measure.name and part.measure.better == "high":
            rate = rules.percentage(float(part.value or 0), float(whole.value or 0))
            return "" if rate is None else _("整改率%(rate)s%%") % {"rate": f"{rate:.1f}"}
    return ""
