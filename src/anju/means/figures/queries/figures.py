"""The engine that answers "how many?": one statement for all measures of a table, its slices and its comparisons.

A number, its slices, 同比 and 环比 are branches of one UNION ALL, so they see the same data. That the slices add up,
also after they were folded into divisions or classes, and that a part is not larger than its whole is checked on every
answer: `FiguresDoNotAddUp` is a bug, is logged, and shows no number.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Any

from django.db import connections, models, router
from django.db.models import Count, F, Q, QuerySet, Sum, Value
from django.db.models.functions import Cast, TruncMonth, TruncWeek
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from anju.ground.access.actors import Actor, Reach
from anju.ground.foundation.asked import whole
from anju.ground.foundation.refusals import NotFound, Refusal

from .. import rules
from ..models import FigureRevision, FigureSnapshot
from ..rules import Period
from . import counting, kept, places, registry
from .places import LEVELS, Scope, Territory
from .registry import Dimension, Facts, Measure, Window

log = logging.getLogger(__name__)

TIMES = ("month", "week")
TREES = ("area", "division")
# Who asks when nobody in particular does: the command line of the installation itself.
INSTALLATION = Actor(
    account_id=None, kind="system", name="", post="", powers={"figures.see": (Reach("all", 0),)}
)


@dataclass(frozen=True, slots=True)
class Query:
    """A question: which measures, when, where, sliced by what.

    territory  ("area", id) of management, ("division", code) of the legal tree, or None: all that the asker reaches
    by         None, a level (county, street, community), a time (month, week) or a dimension of the facts (class, …)
    tree       which tree the slices by level follow; "" = the territory's own
    filters    {dimension: slice keys}
    """

    measures: tuple[str, ...]
    period: Period
    territory: Territory | None = None
    by: str | None = None
    tree: str = ""
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def slicing_tree(self) -> str:
        """The tree that slices by level follow."""
        return self.tree or (self.territory[0] if self.territory else "area")

    def parameters(self, **more: str | None) -> list[tuple[str, str]]:
        """Write the question as (name, value) pairs of an address; `read` reads them back."""
        pairs = [("measure", name) for name in self.measures]
        pairs += [("from", self.period.start.isoformat()), ("to", self.period.end.isoformat())]
        if self.territory:
            pairs.append(("territory", ":".join(self.territory)))
        if self.by:
            pairs.append(("by", self.by))
        if self.tree:
            pairs.append(("tree", self.tree))
        pairs += [(name, value) for name, values in sorted(self.filters.items()) for value in values]
        return pairs + [(name, value) for name, value in more.items() if value is not None]


@dataclass(frozen=True, slots=True)
class Number:
    """A number with what it is made of: `numerator` rows counted (or the sum), `denominator` rows among which."""

    value: rules.Amount | None
    numerator: rules.Amount
    denominator: int | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """The same number of another period. `change` is in percent for counts, in points for everything else."""

    period: Period
    number: Number
    change: float | None


@dataclass(frozen=True, slots=True)
class Slice:
    """One part of a number."""

    key: str
    name: str
    number: Number


@dataclass(frozen=True, slots=True)
class Result:
    """An answer, with everything that must stand beside a number."""

    measure: Measure
    query: Query
    scope: Scope
    number: Number
    slices: tuple[Slice, ...]
    last_year: Comparison | None
    preceding: Comparison | None
    cut_off: datetime
    at: datetime

    @property
    def value(self) -> rules.Amount | None:
        """The number itself, in the measure's unit (a percentage is 0–100)."""
        return self.number.value

    @property
    def note(self) -> str:
        """One sentence for slices that do not add up to the total, and may not; "" for all others."""
        if self.measure.additive_over_time or self.query.by not in TIMES:
            return ""
        return _("%(label)s按月、按周分别去重，各期之和大于或等于合计，不能相加。") % {
            "label": self.measure.label
        }

    def rows_url(self, slice_key: str | None = None, part: str = "numerator") -> str:
        """Return the address of the page that lists the very rows of this number, or of one slice of it."""
        asked = replace(self.query, measures=(self.measure.name,))
        more = {"slice": slice_key, "part": part if part != "numerator" else None}
        return f"{reverse('figures:rows')}?{urlencode(asked.parameters(**more))}"


# --- asking -------------------------------------------------------------------------------------------------------


def read(parameters: Mapping[str, Any], *, today: date, default: Sequence[str] = ()) -> Query:
    """Read a question from an address; raises Refusal with one sentence for what cannot be understood.

    parameters  a QueryDict or a mapping of lists: measure…, from, to or period, territory, by, tree, and filters
    """

    def many(name: str) -> list[str]:
        found = parameters.getlist(name) if hasattr(parameters, "getlist") else parameters.get(name, [])
        return [value for value in ([found] if isinstance(found, str) else found) if value]

    def one(name: str) -> str:
        return next(iter(many(name)), "")

    names = tuple(dict.fromkeys(many("measure"))) or tuple(default)
    dimensions = {name for measure in map(registry.get, names) for name in measure.facts.dimensions}
    return Query(
        measures=names,
        period=read_period(one("period"), one("from"), one("to"), today=today),
        territory=read_territory(one("territory")),
        by=one("by") or None,
        tree=one("tree"),
        filters={name: tuple(many(name)) for name in sorted(dimensions) if many(name)},
    )


def read_period(name: str, start: str, end: str, *, today: date) -> Period:
    """Read a period: a preset's name, else two days; without either, this month."""
    if name in rules.PRESETS:
        return rules.preset(name, today=today)
    if not start and not end:
        return rules.preset("month", today=today)
    try:
        first, last = date.fromisoformat(start), date.fromisoformat(end or today.isoformat())
    except ValueError:
        raise Refusal(
            _("日期请写成 2024-01-31 的样子，起止都要填。"), field="from", code="bad_period"
        ) from None
    if not 2000 <= first.year <= last.year <= 2100:
        raise Refusal(
            _("起始日期要早于结束日期，年份在2000年至2100年之间。"), field="from", code="bad_period"
        )
    if last < first:
        raise Refusal(_("结束日期早于起始日期，请改正。"), field="to", code="bad_period")
    return Period(first, last)


def read_territory(text: str) -> Territory | None:
    """Read area:12 or division:410702; a bare code is a division's."""
    if not text:
        return None
    kind, _colon, code = text.rpartition(":")
    if kind in TREES:
        return kind, code
    return territory_of_code(text)


def territory_of_code(code: str, *, tree: str = "") -> Territory:
    """Return the territory of a division code: the division, or in the management tree the area that stands for it."""
    if tree != "area":
        return "division", places.find_division(code).code
    area = places.area_of_code(code)
    if area is None:
        raise NotFound(_("没有代码为“%(code)s”的管理区域。") % {"code": code}, field="territory")
    return "area", str(area.pk)


# --- answering ----------------------------------------------------------------------------------------------------


def answer(query: Query, *, actor: Actor, at: datetime, compare: bool = False) -> list[Result]:
    """Answer a question: one Result for each measure, in the order asked.

    Measures of one table are counted in one statement (by month or week: of one table and one date).
    actor    whose reach bounds the answer; a territory outside it raises NotFound
    compare  also give 同比 and 环比
    """
    asked = [registry.get(name) for name in query.measures]
    if query.tree not in ("", *TREES):
        raise Refusal(
            _("切分口径只有 area（管理区域）和 division（行政区划）。"), field="tree", code="unknown_tree"
        )
    groups = _groups(query, asked, actor=actor)
    plans = [_plan(query, group, at=at, compare=compare) for group in groups]
    tallied = [plan for plan in plans if isinstance(plan, counting.TallyPlan)]
    counted = dict(zip(map(id, tallied), counting.run(tallied) if tallied else [], strict=True))
    found: dict[str, Result] = {}
    known: dict[Any, dict[str, str]] = {}
    for group, plan in zip(groups, plans, strict=True):
        numbers = plan.run() if isinstance(plan, _Plan) else counted[id(plan)]
        found.update(_results(query, group, numbers, known, at=at, compare=compare))
    try:
        _check_parts(found)
    except rules.FiguresDoNotAddUp:
        log.exception("figures do not add up: %s", query)
        raise
    return [found[measure.name] for measure in asked]


@dataclass(frozen=True, slots=True)
class _Group:
    """Measures that are counted together: of one table, in one way, within one scope.

    by_tally  whether a tally answers
    apart     whether each month or week is counted for itself, because they do not add up
    """

    facts: Facts
    measures: list[Measure]
    scope: Scope
    by_tally: bool
    apart: bool


def _groups(query: Query, asked: Iterable[Measure], *, actor: Actor) -> list[_Group]:
    usable = kept.usable({m.tally.spec.name: m.tally.spec for m in asked if m.tally is not None}.values())
    groups: dict[tuple[Any, ...], _Group] = {}
    scopes: dict[tuple[Any, ...], Scope] = {}
    for measure in asked:
        facts = measure.facts
        # Tables that are placed and guarded alike have one scope.
        placed = (
            facts.power,
            *facts.areas.items(),
            facts.division,
            facts.guarded,
            facts.reach,
            facts.indexed,
        )
        if placed not in scopes:
            scopes[placed] = places.resolve(query.territory, facts=facts, actor=actor)
        scope = scopes[placed]
        by_tally = (
            measure.tally is not None
            and usable[measure.tally.spec.name]
            and counting.knows(measure, scope, by=query.by, tree=query.slicing_tree, filters=query.filters)
        )
        apart = query.by in TIMES and not measure.additive_over_time
        dated = measure.date if query.by in TIMES and not by_tally else None
        key = (facts.name, by_tally, apart, dated)
        groups.setdefault(key, _Group(facts, [], scope, by_tally, apart)).measures.append(measure)
    return list(groups.values())


def window(period: Period, *, at: datetime) -> Window:
    """Return the moments of a period of local days, with the cut-off: its end, or now while it is running."""
    zone = timezone.get_default_timezone()
    start = datetime.combine(period.start, time.min, zone)
    end = datetime.combine(period.end + timedelta(days=1), time.min, zone)
    return Window(start, end, min(end, at), is_now=at <= end)


def rows(
    query: Query, *, actor: Actor, at: datetime, slice_key: str | None = None, part: str = "numerator"
) -> QuerySet:
    """Return the very rows of a number (of the first measure asked), or of one of its slices.

    part  numerator, or denominator: the rows a share was taken of
    """
    measure = registry.get(query.measures[0])
    scope = places.resolve(query.territory, facts=measure.facts, actor=actor)
    span = window(query.period, at=at)
    apart = slice_key is not None and query.by in TIMES and not measure.additive_over_time
    if apart:
        # What does not add up over time is counted for each month by itself, and so are its rows.
        days = rules.parts_of_time(query.period, str(query.by))
        first = _day(slice_key)
        if first not in days:
            raise NotFound(_("没有找到这个时段的数据。"))
        span = window(days[first], at=at)
    wanted = (
        _counted(measure, span) if part != "denominator" or measure.among is None else measure.among(span)
    )
    if measure.weigh is not None and measure.among is not None:
        wanted = measure.among(span)
    found = measure.facts.model._default_manager.filter(
        scope.condition, _filtered(query, measure.facts), wanted
    )
    if slice_key is None or query.by is None or apart:
        return found
    return _sliced(found, query, measure, span, slice_key)


def _day(text: str | None) -> date:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        raise NotFound(_("没有找到这个时段的数据。")) from None


def _before(query: Query, *, at: datetime, compare: bool) -> dict[str, Period]:
    """Return the periods a number is compared with."""
    begun = query.period.until(timezone.localtime(at).date())
    return {"last_year": begun.last_year(), "preceding": begun.preceding()} if compare else {}


def _plan(query: Query, group: _Group, *, at: datetime, compare: bool) -> _Plan | counting.TallyPlan:
    """Say what is counted: the period with its slices, each month apart where they do not add up, and comparisons."""
    facts, first = group.facts, group.measures[0]
    _known_filters(query, facts)
    span = window(query.period, at=at)
    base = facts.model._default_manager.order_by().filter(group.scope.condition, _filtered(query, facts))
    key, empty = _key(query, first, span)
    sliced = key is not None and not group.apart
    windows = {name: window(period, at=at) for name, period in _before(query, at=at, compare=compare).items()}
    if group.apart:
        parts = rules.parts_of_time(query.period, str(query.by))
        windows |= {f"of_{day:%Y_%m_%d}": window(days, at=at) for day, days in parts.items()}
    if group.by_tally:
        asked = counting.TallyPlan(facts, group.measures, group.scope, query.by, query.filters, base)
        asked.add("now", span, key if sliced else empty, by=query.by if sliced else None)
        for name, other in windows.items():
            asked.add(name, other, empty, by=None)
        return asked
    plan = _Plan(base, group.measures)
    plan.add("now", span, key if sliced else empty)
    for name, other in windows.items():
        plan.add(name, other, empty)
    return plan


def _results(
    query: Query,
    group: _Group,
    counted: Mapping[str, Counts],
    known: dict[Any, dict[str, str]],
    *,
    at: datetime,
    compare: bool,
) -> dict[str, Result]:
    """Make an answer of what was counted: totals, slices with their names, comparisons; checked.

    known  names of places that were looked up for another table of the same answer
    """
    facts, scope = group.facts, group.scope
    sliced: Counts = counted["now"]
    if group.apart:
        days = rules.parts_of_time(query.period, str(query.by))
        sliced = {
            day: next(iter(counted[f"of_{day:%Y_%m_%d}"].values()), {m.name: (0, 0) for m in group.measures})
            for day in days
        }
    names: dict[str, str] = {}
    fold = None
    if query.by is not None:
        fold = _fold(query, facts, sliced)
        same = (frozenset(sliced), scope.label) if query.by in LEVELS and fold is None else id(group)
        if same not in known:
            known[same] = _names(query, facts, scope, sliced, fold)
        names = known[same]
    found = {}
    for measure in group.measures:
        number = _total(measure, counted["now"])
        slices: tuple[Slice, ...] = ()
        if query.by is not None:
            slices = _slices(measure, sliced, names, fold)
            if not group.apart:
                _check_sums(query, measure, number, slices)
        before = {
            name: _comparison(measure, number, period, _total(measure, counted[name]))
            for name, period in _before(query, at=at, compare=compare).items()
        }
        found[measure.name] = Result(
            measure=measure,
            query=query,
            scope=scope,
            number=number,
            slices=slices,
            last_year=before.get("last_year"),
            preceding=before.get("preceding"),
            cut_off=window(query.period, at=at).cut_off,
            at=at,
        )
    return found


def _counted(measure: Measure, span: Window) -> Q:
    """A share's rows are always among those it is taken of. The narrow condition stands first: it is asked first."""
    return measure.counts(span) if measure.among is None else measure.counts(span) & measure.among(span)


Counts = counting.Counts  # {slice key: {measure: (numerator, denominator)}}


class _Plan:
    """The branches of one statement: what each counts, so that measures with a common part count it once."""

    def __init__(self, base: QuerySet, group: list[Measure]):
        self.base, self.group = base, group
        self.branches: dict[str, QuerySet] = {}
        self.width = 0
        self.places: dict[str, dict[str, tuple[int, int | None]]] = {}

    def add(self, name: str, span: Window, key: Any) -> None:
        """Count all measures of a window, grouped by an expression (an empty value: not grouped)."""
        columns: dict[Any, int] = {}
        numbers: list[Any] = []

        def column(weigh: Any, condition: Q) -> int:
            if (weigh, condition) not in columns:
                columns[weigh, condition] = len(numbers)
                one = Count(Value(1), filter=condition) if weigh is None else Sum(weigh, filter=condition)
                numbers.append(one)
            return columns[weigh, condition]

        scans: list[Q] = []
        found = {}
        for measure in self.group:
            among = measure.among(span) if measure.among else None
            scans += (
                measure.scan(span) if measure.scan else [measure.counts(span) if among is None else among]
            )
            counts = _counted(measure, span) if measure.weigh is None or among is None else among
            found[measure.name] = (
                column(measure.weigh, counts),
                None if among is None else column(None, among),
            )
        self.places[name] = found
        rows = self.base.filter(reduce(or_, dict.fromkeys(scans))).values(key=key)
        self.branches[name] = rows.annotate(**{f"n{i}": one for i, one in enumerate(numbers)})
        self.width = len(numbers)

    def run(self) -> Mapping[str, Counts]:
        """Run the statement; return {branch: {slice key: {measure: (numerator, denominator)}}}."""
        parts, values = [], []
        for name, branch in self.branches.items():
            sql, given = branch.query.sql_with_params()
            # `sql` is what the ORM compiled, with its values apart; `name` is one of ours.
            parts.append(f"SELECT %s AS branch, * FROM ({sql}) AS {name}")  # noqa: S608
            values += [name, *given]
        found: dict[str, dict[Any, Any]] = {name: {} for name in self.branches}
        with connections[router.db_for_read(self.base.model)].cursor() as cursor:
            cursor.execute(" UNION ALL ".join(parts), values)
            for name, key, *numbers in cursor.fetchall():
                found[name][key] = {
                    measure: (_whole(numbers[n]), 0 if d is None else numbers[d])
                    for measure, (n, d) in self.places[name].items()
                }
        return found


def _whole(amount: Any) -> Any:
    """Make a sum exact: a length of time becomes microseconds, nothing becomes 0."""
    if isinstance(amount, timedelta):
        return amount // timedelta(microseconds=1)
    return amount or 0


def _total(measure: Measure, counted: Counts) -> Number:
    """Add up what was counted. GROUP BY puts each row into one group, so this is the number without slices."""
    pairs = [numbers[measure.name] for numbers in counted.values()]
    return _value(measure, sum(n for n, _d in pairs), sum(d for _n, d in pairs))


def _value(measure: Measure, numerator: Any, denominator: int) -> Number:
    if measure.unit == "yuan":
        return Number(exact := Decimal(numerator).quantize(Decimal("0.01")), exact, None)
    if measure.unit == "count":
        numerator = int(numerator)
    if measure.among is None:
        return Number(numerator, numerator, None)
    if measure.weigh is None:
        return Number(rules.percentage(numerator, denominator), numerator, denominator)
    mean = measure.scale * float(numerator) / denominator if denominator else None
    if mean is not None and measure.unit == "days":
        mean /= 86_400_000_000
    return Number(None if mean is None else round(mean, 2), numerator, denominator)


def _comparison(measure: Measure, now: Number, period: Period, then: Number) -> Comparison:
    if measure.is_sum:
        return Comparison(period, then, rules.change(now.value, then.value))
    if now.value is None or then.value is None:
        return Comparison(period, then, None)
    return Comparison(period, then, round(float(now.value) - float(then.value), 2))


# --- slices -------------------------------------------------------------------------------------------------------


def can_slice(measure: Measure, by: str) -> bool:
    """Say whether a measure can be sliced so: every one by place and time, by other things as its table has them."""
    return by in LEVELS or by in TIMES or by in measure.facts.dimensions


def _dimension(query: Query, facts: Facts) -> Dimension:
    if query.by not in facts.dimensions:
        known = [*LEVELS, *TIMES, *facts.dimensions]
        raise Refusal(
            _("不能按“%(by)s”切分。可以按：%(known)s。") % {"by": query.by, "known": _("、").join(known)},
            field="by",
            code="unknown_slice",
        )
    return facts.dimensions[str(query.by)]


def _key(query: Query, measure: Measure, span: Window) -> tuple[Any, Any]:
    """Return the expression rows are sliced by (None: not sliced) and an empty value of the same type."""
    facts = measure.facts
    kind: models.Field
    if query.by is None:
        return None, Cast(Value(None), models.BigIntegerField())
    if query.by in LEVELS:
        column = facts.areas[LEVELS[query.by]] if query.slicing_tree == "area" else facts.division
        return F(f"{column}_id"), Cast(Value(None), models.BigIntegerField())
    if query.by in TIMES:
        cut = TruncMonth if query.by == "month" else TruncWeek
        kind = models.DateField()
        zone = None if measure.by_day else timezone.get_default_timezone()
        return Cast(cut(measure.date(span), tzinfo=zone), kind), Cast(Value(None), kind)
    dimension = _dimension(query, facts)
    return F(dimension.column), Cast(Value(None), dimension.field)


def _fold(query: Query, facts: Facts, counted: Counts) -> Mapping[Any, str] | None:
    if query.by in LEVELS and query.slicing_tree == "division":
        level = LEVELS[str(query.by)]
        found = [key for key in counted if key is not None]
        return {pk: str(now) for pk, now in places.fold_divisions(found, level=level).items()}
    if query.by in facts.dimensions and (fold := facts.dimensions[str(query.by)].fold):
        return fold()
    return None


def _names(
    query: Query, facts: Facts, scope: Scope, counted: Counts, fold: Mapping[Any, str] | None
) -> dict[str, str]:
    if query.by in LEVELS:
        keys = (
            {key for key in counted if key is not None}
            if fold is None
            else {int(key) for key in fold.values()}
        )
        return places.slice_names(scope, tree=query.slicing_tree, level=LEVELS[query.by], found=keys)
    if query.by in TIMES:
        days = set(rules.months(query.period) if query.by == "month" else rules.weeks(query.period))
        return {
            day.isoformat(): time_name(day, str(query.by)) for day in sorted(days | {k for k in counted if k})
        }
    return dict(_dimension(query, facts).names())


def time_name(day: date, by: str) -> str:
    """Name a month (2024年3月) or a week (2024年第10周) by its first day."""
    if by == "month":
        return _("%(year)s年%(month)s月") % {"year": day.year, "month": day.month}
    year, week, _weekday = day.isocalendar()
    return _("%(year)s年第%(week)s周") % {"year": year, "week": week}


def _slices(
    measure: Measure, counted: Counts, names: Mapping[str, str], fold: Mapping[Any, str] | None
) -> tuple[Slice, ...]:
    sums: dict[str, list[Any]] = {key: [0, 0] for key in names}
    for key, numbers in counted.items():
        slot = "" if key is None else str(key) if fold is None else fold.get(key, "")
        kept = sums.setdefault(slot, [0, 0])
        numerator, denominator = numbers[measure.name]
        kept[0] += numerator
        kept[1] += denominator
    # Rows that belong to no named slice stand last, and only when there are any.
    loose = sorted(
        (key for key in sums if key not in names and sums[key] != [0, 0]), key=lambda key: (key == "", key)
    )
    return tuple(
        Slice(key, names.get(key) or key or str(_("未归类")), _value(measure, *sums[key]))
        for key in [*names, *loose]
    )


def _sliced(found: QuerySet, query: Query, measure: Measure, span: Window, key: str) -> QuerySet:
    facts = measure.facts
    if query.by in LEVELS:
        level = LEVELS[query.by]
        if key and whole(key) is None:
            raise NotFound(_("没有找到这个地区的数据。"))
        if query.slicing_tree == "division":
            return found.filter(places.division_slice(key, level=level, column=facts.division))
        column = facts.areas[level]
        return found.filter(Q(**{f"{column}_id": int(key)}) if key else Q(**{f"{column}__isnull": True}))
    if query.by in TIMES:
        first = _day(key)
        last = rules.months(Period(first, first + timedelta(days=31)))[1] if query.by == "month" else None
        after = last or first + timedelta(days=7)
        one = window(Period(first, after - timedelta(days=1)), at=span.cut_off)
        start, end = (one.first, one.after) if measure.by_day else (one.start, one.end)
        return found.annotate(figure_date=measure.date(span)).filter(
            figure_date__gte=start, figure_date__lt=end
        )
    return found.filter(_of_slice(_dimension(query, facts), key))


def _of_slice(dimension: Dimension, key: str) -> Q:
    if dimension.fold is None:
        return Q(**{dimension.column: key})
    fold = dimension.fold()
    if key:
        return Q(**{f"{dimension.column}__in": [value for value, slot in fold.items() if slot == key]})
    return ~Q(**{f"{dimension.column}__in": list(fold)})


def _known_filters(query: Query, facts: Facts) -> None:
    for name in query.filters:
        if name not in facts.dimensions:
            raise Refusal(
                _("这个指标不能按“%(name)s”筛选。") % {"name": name}, field=name, code="unknown_filter"
            )


def _filtered(query: Query, facts: Facts) -> Q:
    _known_filters(query, facts)
    met = Q()
    for name, keys in query.filters.items():
        met &= reduce(or_, (_of_slice(facts.dimensions[name], key) for key in keys))
    return met


# --- checks -------------------------------------------------------------------------------------------------------


def _check_sums(query: Query, measure: Measure, number: Number, slices: Iterable[Slice]) -> None:
    try:
        parts = list(slices)
        rules.must_add_up(measure.name, total=number.numerator, parts=(s.number.numerator for s in parts))
        if number.denominator is not None:
            rules.must_add_up(
                measure.name, total=number.denominator, parts=(s.number.denominator or 0 for s in parts)
            )
    except rules.FiguresDoNotAddUp:
        log.exception("figures do not add up: %s", query)
        raise


def _check_parts(found: Mapping[str, Result]) -> None:
    for result in found.values():
        measure = result.measure
        numbers = [result.number, *(s.number for s in result.slices)]
        if measure.among is not None and measure.weigh is None:
            for number in numbers:
                rules.must_be_part(measure.name, part=number.numerator, whole=number.denominator or 0)
        must_be = found.get(measure.needs)
        if must_be is not None:
            counts = {None: must_be.number.numerator, **{s.key: s.number.numerator for s in must_be.slices}}
            for key, number in [(None, result.number), *((s.key, s.number) for s in result.slices)]:
                rules.must_have(
                    measure.name, amount=number.numerator, count=counts.get(key, 0), of=measure.needs
                )
        whole = found.get(measure.part_of)
        if whole is None or measure.among is not None:
            continue
        rules.must_be_part(
            measure.name, part=result.number.numerator, whole=whole.number.numerator, of=measure.part_of
        )
        sizes = {s.key: s.number.numerator for s in whole.slices}
        for part in result.slices:
            rules.must_be_part(
                measure.name, part=part.number.numerator, whole=sizes.get(part.key, 0), of=measure.part_of
            )


# --- publishing ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PublicCell:
    """A number as the public may read it; `withheld` when it would tell of too few."""

    key: str | None
    name: str
    value: rules.Amount | None
    withheld: bool


def public_cells(result: Result, *, least: int) -> list[PublicCell]:
    """Return the total (key None) and the slices of an answer as they may be published.

    Small numbers are withheld, and with them whatever would let them be worked out; for a share or a mean it is the
    denominator that must not be small.
    """

    def size(number: Number) -> int:
        return int(number.numerator if number.denominator is None else number.denominator)

    hidden = rules.suppress([size(s.number) for s in result.slices] or [size(result.number)], least=least)
    whole_hidden = hidden.total or (not result.slices and hidden.cells[0])
    cells = [PublicCell(None, result.scope.label, None if whole_hidden else result.value, whole_hidden)]
    for part, withheld in zip(result.slices, hidden.cells, strict=False):
        cells.append(PublicCell(part.key, part.name, None if withheld else part.number.value, withheld))
    return cells


def snapshots(*, actor: Actor) -> QuerySet[FigureSnapshot]:
    """List the snapshots somebody may open: published ones, and those of places within reach; newest first."""
    return FigureSnapshot.objects.filter(seen(actor)).order_by("-frozen_at", "-id")


def seen(actor: Actor) -> Q:
    """Return the condition under which somebody may open a snapshot."""
    return Q(published_at__isnull=False) | reached(actor, power="figures.see")


def reached(actor: Actor, *, power: str) -> Q:
    """Return the condition under which a snapshot is of a place that somebody's power reaches."""
    found = Q(pk__in=[])
    for reach in actor.powers.get(power, ()):
        if reach.kind == "all":
            return Q()
        if reach.kind == "area":
            column = {2: "city", 3: "county", 4: "street"}.get(reach.level)
            found |= Q(area_id=reach.id)
            if column:
                found |= Q(**{f"area__{column}_id": reach.id})
    return found


def revisions(*, actor: Actor, snapshot_id: int | None = None, measure: str = "") -> QuerySet[FigureRevision]:
    """List what has changed since it was published, in the snapshots somebody may open; newest first."""
    found = FigureRevision.objects.filter(snapshot__in=snapshots(actor=actor).order_by().values("pk"))
    if snapshot_id is not None:
        found = found.filter(snapshot_id=snapshot_id)
    if measure:
        found = found.filter(measure=measure)
    return found.select_related("snapshot").order_by("-noticed_at", "id")
