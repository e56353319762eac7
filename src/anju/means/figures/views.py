"""The pages of figures: the dashboard, the rows behind a number, definitions, and snapshots."""

import csv
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from anju.ground.access.guards import admits, power, writes
from anju.ground.access.services import require_power
from anju.ground.foundation import act_forms
from anju.ground.foundation.asked import whole
from anju.ground.foundation.refusals import NotFound, Refusal

from . import queries, rules, services
from .models import FigureRevision, FigureSnapshot
from .queries import Comparison, Query, Result, kept, places, registry
from .queries import letter as letters
from .queries.registry import Measure
from .rules import Period

# What the dashboard's table shows of every county, in this order; the cards show every measure.
TABLE = (
    "received",
    "closed",
    "open",
    "overdue",
    "on_time_rate",
    "return_rate",
    "repeat_rate",
    "satisfaction",
)
NEXT_LEVEL = {0: "county", 2: "county", 3: "street", 4: "community"}
PAGE = 50
REPORTED = 4  # periods reported on before that are offered as tabs
ACROSS = 4  # columns of numbers with long names that fit beside each other


@require_GET
@power("figures.see")
def home(request: HttpRequest) -> HttpResponse:
    """Show the figures of a place and a period: cards, the parts of the place, months, classes."""
    at = timezone.now()
    names = [measure.name for measure in registry.on_shelf("home")]
    try:
        query = _query(request, at=at, default=names)
        found = _dashboard(query, request, at=at)
    except NotFound:
        raise
    except Refusal as refusal:
        found = _dashboard(_query(None, at=at, default=names), request, at=at) | {"refusal": refusal}
    return render(request, "figures/home.html", found)


def _query(request: HttpRequest | None, *, at: datetime, default: list[str]) -> Query:
    asked = request.GET if request is not None else {}
    return queries.read(asked, today=timezone.localtime(at).date(), default=default)


def _dashboard(query: Query, request: HttpRequest, *, at: datetime) -> dict[str, Any]:
    actor = request.actor  # type: ignore[attr-defined]
    scope = places.resolve(query.territory, facts=registry.get(query.measures[0]).facts, actor=actor)
    tree = query.tree or scope.tree
    below = NEXT_LEVEL.get(scope.level)
    query = replace(query, by=below, tree=tree)
    results = queries.answer(query, actor=actor, at=at, compare=True)
    by_name = {result.measure.name: result for result in results}
    trend = replace(query, measures=("received", "closed"), by="month", period=_year_to(query.period.end))
    received, closed = queries.answer(trend, actor=actor, at=at)
    months = [part for part in received.slices if part.key >= trend.period.start.replace(day=1).isoformat()]
    closed_by = {part.key: part.number.value for part in closed.slices}
    return {
        "query": query,
        "scope": scope,
        "tree": tree,
        "cut_off": results[0].cut_off,
        "cards": [
            [card(result) for result in results if (result.measure.unit == "count") == counts]
            for counts in (True, False)
        ],
        "columns": _columns(by_name),
        "parts": _parts(query, by_name, actor=actor),
        "below": below,
        "months": [_short_month(part.key) for part in months],
        "series": [
            {"label": received.measure.label, "values": [part.number.value for part in months]},
            {"label": closed.measure.label, "values": [closed_by.get(part.key, 0) for part in months]},
        ],
        "classes": _bars(query, "class1", actor=actor, at=at),
        "channels": _bars(query, "channel", actor=actor, at=at),
        "areas": _area_options(actor),
        "territory": ":".join(query.territory) if query.territory else _own(scope),
        "presets": _preset_options(),
        "preset": _preset(request),
        "title": _("%(place)s %(start)s至%(end)s统计")
        % {"place": scope.label, "start": query.period.start, "end": query.period.end},
        "may_publish": actor.has("figures.publish"),
        "recent": queries.snapshots(actor=actor)[:5],
        "at": at,
        "refusal": None,
    }


def _own(scope: places.Scope) -> str:
    return f"area:{scope.area.pk}" if scope.area is not None else ""


def _year_to(last: date) -> rules.Period:
    first = rules.Period(last.replace(day=1), last).start
    for _month in range(11):
        first = (first - timedelta(days=1)).replace(day=1)
    return rules.Period(first, last)


def _short_month(key: str) -> str:
    return _("%(month)s月") % {"month": date.fromisoformat(key).month}


def card(result: Result) -> dict[str, Any]:
    """Return what a figure card shows of a result."""
    compared = [(_("同比"), result.last_year), (_("环比"), result.preceding)]
    return {
        "label": result.measure.label,
        "value": written(result.value, result.measure, with_unit=False),
        "unit": unit_of(result.measure),
        "url": result.rows_url(),
        "definition": result.measure.definition,
        "made_of": made_of(result),
        "compare": [
            compare_line(label, item, result.measure) for label, item in compared if item is not None
        ],
        "tone": "danger" if result.measure.name == "overdue" and result.value else "",
    }


def made_of(result: Result) -> list[dict[str, Any]]:
    """Return both counts of a share or a score, each with the rows it opens; nothing for a plain count."""
    measure, number = result.measure, result.number
    if number.denominator is None:
        return []
    parts = [("numerator", number.numerator), ("denominator", number.denominator)]
    return [
        {"label": label, "value": count, "url": result.rows_url(part=part)}
        for label, (part, count) in zip(measure.labels, parts, strict=True)
    ]


def compare_line(label: str, item: Comparison, measure: Measure) -> dict[str, Any]:
    """Return one comparison of a card: how much, and whether that is good."""
    if item.change is None:
        text, tone = _("无可比数"), "quiet"
    else:
        form = _("%(sign)s%(size)s%%") if measure.is_sum else _("%(sign)s%(size)s点")
        text = form % {"sign": "+" if item.change > 0 else "", "size": f"{item.change:g}"}
        good = (item.change > 0) == (measure.better == "high")
        tone = "quiet" if not measure.better or not item.change else "good" if good else "bad"
    return {"label": label, "text": text, "tone": tone}


def written(value: rules.Amount | None, measure: Measure, *, with_unit: bool = True) -> str:
    """Write a number as the pages show it: counts with thousands, shares with one decimal; a dash for none."""
    if value is None:
        return "—"
    if measure.unit == "yuan":
        return rules.yuan(value)
    if measure.unit == "count":
        return f"{value:,}"
    return f"{value:.1f}{'%' if with_unit and measure.unit == 'percent' else ''}"


def unit_of(measure: Measure) -> str:
    """Return the unit a card writes behind its number."""
    named = {"count": _("件"), "yuan": _("元"), "percent": "%", "score": _("分"), "days": _("天")}
    return str(measure.word or named[measure.unit])


def _columns(results: dict[str, Result]) -> list[dict[str, Any]]:
    shown = [results[name].measure for name in TABLE if name in results]
    return [{"key": "name", "label": _("地区"), "kind": "title"}] + [
        {"key": measure.name, "label": measure.label, "kind": "num"} for measure in shown
    ]


def _parts(
    query: Query,
    results: dict[str, Result],
    *,
    actor: Any,
    shown: tuple[str, ...] = TABLE,
    page: str = "figures:home",
) -> list[dict[str, Any]]:
    """Return the rows of the table by place: the total first, each cell with its address."""
    columns = [results[name] for name in shown if name in results]
    if not columns or not columns[0].slices:
        return []
    total = {r.measure.name: {"text": written(r.value, r.measure), "url": r.rows_url()} for r in columns}
    rows: list[dict[str, Any]] = [{"name": _("合计"), "url": "", "cells": total}]
    numbers = {r.measure.name: {part.key: part.number.value for part in r.slices} for r in columns}
    names = {part.key: part.name for r in columns for part in r.slices}
    for key, name in names.items():
        cells = {
            r.measure.name: {
                "text": written(numbers[r.measure.name].get(key), r.measure),
                "url": r.rows_url(key),
            }
            for r in columns
        }
        rows.append({"name": name, "url": _down(query, key, page, columns[0].measure, actor), "cells": cells})
    return rows


def _down(query: Query, key: str, page: str, measure: Measure, actor: Any) -> str:
    """Return the address of the dashboard of one part; only management areas are opened by their id.

    A place that the reader reaches only in parts (a station of two streets, its county) is not opened as a whole.
    """
    if not key or query.slicing_tree != "area":
        return ""
    try:
        places.resolve(("area", key), facts=measure.facts, actor=actor)
    except NotFound:
        return ""
    lower = replace(query, measures=(), territory=("area", key), by=None, tree="")
    return f"{reverse(page)}?{urlencode(lower.parameters())}"


def _bars(query: Query, by: str, *, actor: Any, at: datetime) -> list[dict[str, Any]]:
    (result,) = queries.answer(replace(query, measures=("received",), by=by), actor=actor, at=at)
    bars = [
        {"label": part.name, "value": part.number.value, "url": result.rows_url(part.key)}
        for part in result.slices
        if part.number.value
    ]
    return sorted(bars, key=lambda bar: -bar["value"])


def _area_options(actor: Any) -> list[tuple[str, str]]:
    areas = places.choices(actor)
    top = min((area.level for area in areas), default=0)
    return [(f"area:{area.pk}", ("\u2003" * (area.level - top)) + area.name) for area in areas]


def _preset_options() -> list[tuple[str, str]]:
    return [
        ("month", _("本月")),
        ("last_month", _("上月")),
        ("quarter", _("本季度")),
        ("half", _("本半年")),
        ("year", _("今年以来")),
        ("last_year", _("上年")),
        ("custom", _("自选起止日期")),
    ]


def _preset(request: HttpRequest) -> str:
    name = request.GET.get("period", "")
    if name in rules.PRESETS:
        return name
    return "custom" if request.GET.get("from") else "month"


# --- the rows behind a number -------------------------------------------------------------------------------------


def _asked_rows(request: HttpRequest, *, at: datetime) -> tuple[Query, QuerySet, str | None, str]:
    query = _query(request, at=at, default=[])
    if not query.measures:
        raise NotFound(_("没有找到这个数。"))
    key = request.GET.get("slice") if "slice" in request.GET else None
    part = "denominator" if request.GET.get("part") == "denominator" else "numerator"
    facts = registry.get(query.measures[0]).facts
    found = queries.rows(query, actor=request.actor, at=at, slice_key=key, part=part)  # type: ignore[attr-defined]
    shown = found.select_related(*facts.related).defer(*facts.unread).order_by(*facts.order)
    return query, shown, key, part


@require_GET
@power("figures.see")
def rows(request: HttpRequest) -> HttpResponse:
    """List the very rows of a number."""
    at = timezone.now()
    query, found, key, part = _asked_rows(request, at=at)
    measure = registry.get(query.measures[0])
    actor = request.actor  # type: ignore[attr-defined]
    (result,) = queries.answer(replace(query, measures=(measure.name,)), actor=actor, at=at)
    slice_name = next((s.name for s in result.slices if s.key == key), "") if key is not None else ""
    page = _pages(found, result, key).get_page(request.GET.get("page"))
    tabs = [
        {"label": label, "url": result.rows_url(key, name), "current": name == part}
        for label, name in zip(measure.labels, ("numerator", "denominator"), strict=True)
        if measure.among is not None and measure.weigh is None
    ]
    columns = [{"key": c.key, "label": c.label, "kind": c.kind} for c in measure.facts.columns]
    back = "figures:letter" if measure.shelf == "letter" else "figures:home"
    return render(
        request,
        "figures/rows.html",
        {
            "measure": measure,
            "query": query,
            "result": result,
            "slice_name": slice_name,
            "page": page,
            "tabs": tabs,
            "columns": columns,
            "cells": {c.key: c.value for c in measure.facts.columns},
            "address": lambda row: url if (url := measure.facts.address(row)) and admits(actor, url) else "",
            "may_export": actor.has(measure.facts.export),
            "csv_url": f"{reverse('figures:rows_csv')}?{request.GET.urlencode()}",
            "back_url": f"{reverse(back)}?{urlencode(replace(query, measures=(), by=None).parameters())}",
            "is_moment": lambda value: isinstance(value, date),
            "revised": queries.revisions(actor=actor, measure=measure.name).count(),
        },
    )


def _pages(found: QuerySet, result: Result, key: str | None) -> Paginator:
    """Cut the rows of a number into pages; a count has been counted already, and is not counted again."""
    pages = Paginator(found, PAGE)
    measure = result.measure
    if measure.unit == "count" and measure.among is None:
        numbers = {None: result.number, **{part.key: part.number for part in result.slices}}
        if key in numbers:
            pages.__dict__["count"] = int(numbers[key].numerator)
    return pages


class _Line:
    """A file that gives back what is written to it, for streaming CSV."""

    def write(self, line: str) -> str:
        return line


@require_GET
@power("figures.see")
def rows_csv(request: HttpRequest) -> HttpResponse:
    """Stream the rows of a number as CSV that a spreadsheet opens; no cell of it is ever a formula."""
    query, found, _key, _part = _asked_rows(request, at=timezone.now())
    facts = registry.get(query.measures[0]).facts
    require_power(request.actor, facts.export)  # type: ignore[attr-defined]
    write = csv.writer(_Line())

    def lines() -> Iterator[str]:
        yield "\ufeff" + write.writerow([str(column.label) for column in facts.columns])
        for row in found.iterator(chunk_size=2000):
            yield write.writerow([cell(column.value(row)) for column in facts.columns])

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{query.measures[0]}.csv"'
    return response  # type: ignore[return-value]  # the guard knows only HttpResponse


def cell(value: Any) -> str:
    """Write one cell of a CSV file: moments in local time, and nothing a spreadsheet would calculate."""
    if isinstance(value, datetime):
        return f"{timezone.localtime(value):%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


@require_GET
@power("figures.see")
def definitions(request: HttpRequest) -> HttpResponse:
    """Show what every measure counts."""
    shown = [
        {
            "measure": measure,
            "unit": unit_of(measure),
            "companions": [registry.get(name).label for name in measure.companions],
        }
        for measure in registry.measures()
    ]
    return render(
        request,
        "figures/definitions.html",
        {"measures": shown, "tallies": kept.states(registry.specs()), "waiting": kept.waiting()},
    )


# --- the half-year figures ----------------------------------------------------------------------------------------


@require_GET
@power("figures.see")
def letter(request: HttpRequest) -> HttpResponse:
    """Show the figures of the city's report for a period and a place: a sentence, six cards, the table by place."""
    at = timezone.now()
    refusal = None
    try:
        found = _letter(request, request.GET, at=at)
    except NotFound:
        raise
    except Refusal as refused:
        refusal = refused
        found = _letter(request, {}, at=at)
    return render(request, "figures/letter.html", found | {"refusal": refusal})


def _letter(request: HttpRequest, asked: Any, *, at: datetime) -> dict[str, Any]:
    actor = request.actor  # type: ignore[attr-defined]
    today = timezone.localtime(at).date()
    names = [measure.name for measure in registry.on_shelf("letter")]
    if not names:
        raise NotFound(_("没有找到这个数。"))
    chosen = any(asked.get(name) for name in ("period", "from", "to"))
    latest = None if chosen else letters.latest_day(today)
    parameters = {name: asked.getlist(name) for name in asked} if hasattr(asked, "getlist") else dict(asked)
    query = queries.read(parameters, today=today, default=names)
    query = replace(query, measures=tuple(names), filters={})
    if not chosen:
        query = replace(query, period=rules.preset("year", today=latest or today))
    facts = registry.get(names[0]).facts
    scope = places.resolve(query.territory, facts=facts, actor=actor)
    tree = query.tree or scope.tree
    query = replace(query, by=NEXT_LEVEL.get(scope.level), tree=tree)
    results = {r.measure.name: r for r in queries.answer(query, actor=actor, at=at, compare=True)}
    revised = queries.revisions(actor=actor).filter(measure__in=names)
    frozen = queries.snapshots(actor=actor).filter(values__contains=[{"measure": names[0]}])
    recent = list(frozen.defer("values", "query", "reaches")[:20])
    return {
        "query": query,
        "periods": _periods(query, recent, today=today),
        "scope": scope,
        "tree": tree,
        "cut_off": results[names[0]].cut_off,
        "sentence": letters.sentence(results, scope=scope),
        "cards": [letter_card(name, results) for name in letters.SIX if name in results],
        "main": _table(query, [results[name] for name in letters.SIX if name in results], actor),
        "others": _table(
            query, [result for name, result in results.items() if name not in letters.SIX], actor
        ),
        "areas": _area_options(actor),
        "territory": ":".join(query.territory) if query.territory else _own(scope),
        "presets": [
            ("year", _("今年以来")),
            ("half", _("本半年")),
            ("last_half", _("上个半年")),
            ("quarter", _("本季度")),
            ("month", _("本月")),
            ("last_month", _("上月")),
            ("last_year", _("上年")),
            ("custom", _("自选起止日期")),
        ],
        "preset": asked.get("period") or ("custom" if chosen or latest not in (None, today) else "year"),
        "elsewhen": latest is not None and latest.year != today.year,
        "title": _("%(place)s%(start)s至%(end)s检查执法数字")
        % {
            "place": scope.label,
            "start": letters.day(query.period.start),
            "end": letters.day(query.period.end),
        },
        "may_publish": actor.has("figures.publish"),
        "revised": revised.count(),
        "recent": recent[:5],
        "at": at,
    }


def _periods(query: Query, frozen: list[FigureSnapshot], *, today: date) -> list[dict[str, Any]]:
    """List this year so far and the periods reported on before, latest first, as tabs; nothing while there are none."""
    ends = sorted({(kept.ends_on, kept.starts_on) for kept in frozen}, reverse=True)
    reported = [Period(start, end) for end, start in ends[:REPORTED]]
    this_year = rules.preset("year", today=today)
    named = [(this_year, _("今年以来"))] if this_year not in reported else []
    named += [
        (
            period,
            _("%(start)s至%(end)s") % {"start": letters.day(period.start), "end": letters.day(period.end)},
        )
        for period in reported
    ]
    where = {"territory": ":".join(query.territory)} if query.territory else {}
    return [
        {
            "label": label,
            "url": "?" + urlencode({"from": period.start.isoformat(), "to": period.end.isoformat(), **where}),
            "current": period == query.period,
        }
        for period, label in (named if reported else [])
    ]


def letter_card(name: str, results: dict[str, Result]) -> dict[str, Any]:
    """Return a card with the other readings of its word beside it, each with its own rows and definition."""
    result = results[name]
    others = [results[other] for other in result.measure.companions if other in results]
    return card(result) | {
        "readings": [
            {
                "label": other.measure.label,
                "value": written(other.value, other.measure, with_unit=False),
                "unit": unit_of(other.measure),
                "url": other.rows_url(),
                "definition": other.measure.definition,
                "share": letters.share(result, other),
            }
            for other in others
        ]
    }


def _table(query: Query, results: list[Result], actor: Any) -> dict[str, Any]:
    """Return columns and rows of a table by place: the total first; every cell opens its rows."""
    by_name = {result.measure.name: result for result in results}
    shown = tuple(by_name)
    columns = [{"key": "name", "label": _("地区"), "kind": "title"}]
    for result in results:
        label = f"{result.measure.short or result.measure.label}（{unit_of(result.measure)}）"
        columns.append({"key": result.measure.name, "label": label, "kind": "num"})
    return {
        "columns": columns,
        "rows": _parts(query, by_name, actor=actor, shown=shown, page="figures:letter"),
    }


@require_GET
@power("figures.see")
def revisions(request: HttpRequest) -> HttpResponse:
    """List what has become another number since it was published."""
    actor = request.actor  # type: ignore[attr-defined]
    name = request.GET.get("measure", "")
    measure = registry.get(name) if name else None
    kept = whole(request.GET.get("snapshot", ""))
    found = queries.revisions(actor=actor, snapshot_id=kept, measure=name)
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    return render(
        request, "figures/revisions.html", {"page": page, "measure": measure, "told": told_revision}
    )


def told_revision(revision: FigureRevision) -> dict[str, str]:
    """Write a revision's two numbers and their difference."""
    old, new = (rules.exact(value, revision.unit) for value in (revision.old, revision.new))

    def shown(value: rules.Amount | None) -> str:
        if value is None:
            return "—"
        return rules.yuan(value) if revision.unit == "yuan" else f"{value:,}"

    if old is None or new is None:
        change = "—"
    elif old == new:
        change = _("数字未变，所含记录有变")
    else:
        change = f"{new - old:+,}"  # type: ignore[operator]  # both are of one unit
    return {"old": shown(old), "new": shown(new), "change": change}


# --- snapshots ----------------------------------------------------------------------------------------------------


@require_POST
@power("figures.publish")
@writes("figures.freeze")
def freeze(request: HttpRequest) -> HttpResponse:
    """Freeze what the dashboard shows."""
    at = timezone.now()
    query = queries.read(request.POST, today=timezone.localtime(at).date())
    if not query.measures:
        raise Refusal(_("请至少选择一个指标。"), field="measure")
    title, key = request.POST.get("title", ""), act_forms.key_of(request)
    made = services.freeze(query=query, title=title, by=request.actor, at=at, key=key)  # type: ignore[attr-defined]
    return redirect("figures:snapshot", made.pk)


@require_GET
@power("figures.see")
def snapshots(request: HttpRequest) -> HttpResponse:
    """List the snapshots one may open."""
    page = Paginator(queries.snapshots(actor=request.actor), PAGE).get_page(request.GET.get("page"))  # type: ignore[attr-defined]
    return render(request, "figures/snapshots.html", {"page": page})


@require_GET
@power("figures.see")
def snapshot(request: HttpRequest, snapshot_id: int) -> HttpResponse:
    """Show a snapshot, and beside it what the same question says today."""
    actor = request.actor  # type: ignore[attr-defined]
    kept = queries.snapshots(actor=actor).filter(pk=snapshot_id).first()
    if kept is None:
        raise NotFound(_("没有找到这份统计。"))
    at = timezone.now()
    lines = services.revisions(kept, at=at)
    return render(
        request,
        "figures/snapshot.html",
        {
            "snapshot": kept,
            "changed": [r for r in lines if r.difference or r.same_rows is False],
            "noticed": queries.revisions(actor=actor, snapshot_id=kept.pk)[:PAGE],
            "told": told_revision,
            "tables": _kept_tables(kept),
            "written": lambda value, name: written(value, registry.get(name)),
            "may_publish": any(one.blocked is None for one in services.LOOP.possible(kept, by=actor, at=at)),
            "at": at,
        },
    )


def _kept_tables(kept: FigureSnapshot) -> list[dict[str, Any]]:
    """Return the frozen numbers as tables of a few columns each, so that none is wider than a page."""
    first = {"key": "name", "label": _("地区") if kept.is_by_place else _("分项"), "kind": "title"}
    columns = [{"key": n["measure"], "label": n["label"], "kind": "num"} for n in kept.values]
    rows = _kept_rows(kept)
    return [
        {"columns": [first, *columns[start : start + ACROSS]], "rows": rows}
        for start in range(0, len(columns), ACROSS)
    ]


def _kept_rows(kept: FigureSnapshot) -> list[dict[str, Any]]:
    """Return the rows of a snapshot's table: the total, then each slice, a column for each measure."""
    total = {n["measure"]: _kept(n, n) for n in kept.values}
    found = [{"name": _("合计"), "cells": total}]
    slices: dict[str, dict[str, Any]] = {}
    for number in kept.values:
        for part in number["slices"]:
            row = slices.setdefault(part["key"], {"name": part["name"], "cells": dict.fromkeys(total, "—")})
            row["cells"][number["measure"]] = _kept(number, part)
    return [*found, *slices.values()]


def _kept(number: dict[str, Any], part: dict[str, Any]) -> str:
    """Write a frozen value as its measure writes values."""
    return written(rules.exact(part["value"], number["unit"]), registry.get(number["measure"]))


@require_POST
@power("figures.publish")
@writes("figures.publish")
def publish(request: HttpRequest, snapshot_id: int) -> HttpResponse:
    """Publish a snapshot."""
    act_forms.press(request, services.LOOP, "publish", snapshot_id)
    return redirect("figures:snapshot", snapshot_id)
