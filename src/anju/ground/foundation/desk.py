"""What waits for me: every kind of thing in one list, ordered by what is due.

A room says once, for each kind of thing, which act is awaited on which records, and until when:

    def waits(at):
        return [Wait("serve", Q(state="issued"), "agency", "orders.order", by="serve_by"), …]

    desk.register(Kind("orders", _("责令改正"), Order, waits, lines, order=20))       # in AppConfig.ready

The list, its numbers, the navigation's badge and the phone's "today" are read from here, so that they agree to the last
row. Nothing is stored: what waits follows from the columns of the records, and time alone moves it. A record stands
once, under the first act that is awaited of the reader; whether the act is really theirs now is held by a test over
the whole demo city, which asks the Loop.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import (
    BigIntegerField,
    Case,
    Count,
    DateField,
    DateTimeField,
    F,
    Func,
    IntegerField,
    Model,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.functions import Cast

from . import acts

SOON = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Wait:
    """One act that is awaited of whoever owns it: an office, by a power that one of its posts has.

    act    an act of the kind's table of steps; "" = what no button of ours does (a fine is paid at the bank)
    where  the records on which it is awaited
    owner  columns with the office whose turn it is, "a|b" for either; "" = as `of` says
    power  what it takes there
    by     column with the last moment or the last day, through foreign keys, or an expression; "" = no term runs
    label  what is to be done; default: what the step's button says
    of     a further condition on who may do it, given the actor (nobody decides what they handled)
    """

    act: str
    where: Q
    owner: str
    power: str
    by: Any = ""
    label: object = ""
    of: Callable[[Any], Q] | None = None

    def condition(self, actor: Any) -> Q | None:
        """Return the condition "it is awaited of this actor"; None when it never is."""
        offices = actor.offices(self.power)
        if not offices:
            return None
        mine = Q()
        for column in self.owner.split("|") if self.owner else ():
            mine |= Q(**{f"{column}_id__in": offices})
        return mine & self.where & (self.of(actor) if self.of is not None else Q())


@dataclass(frozen=True, slots=True)
class Line:
    """How a record reads on the desk.

    title   what it is about, as people call it
    url     where the act is done
    detail  a second line: its class, its number
    where   its place
    phone   where it is done on the phone; default: the same
    marks   (words, tone) of badges: urged, supervised
    """

    title: str
    url: str
    detail: str = ""
    where: str = ""
    phone: str = ""
    marks: tuple[tuple[str, str], ...] = ()
    is_demo: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of thing that may wait.

    name   unique, the word in addresses (`?kind=orders`)
    label  what the tab says
    model  whose records wait
    waits  given the moment: what is awaited, disjoint for one reader or in order of preference
    lines  given the numbers of some records: how each reads, by number
    order  place among the tabs
    """

    name: str
    label: object
    model: type[Model]
    waits: Callable[[datetime], Sequence[Wait]]
    lines: Callable[[Sequence[int]], Mapping[int, Line]]
    order: int = 100


@dataclass(frozen=True, slots=True)
class Waiting:
    """A row of the desk."""

    kind: Kind
    pk: int
    act: str
    label: str
    due_at: datetime | None
    late: bool
    line: Line

    @property
    def tone(self) -> str:
        """How the row is shown."""
        return "overdue" if self.late else ""


@dataclass(frozen=True, slots=True)
class Tab:
    """How much of one kind waits."""

    kind: Kind
    count: int
    late: int
    soon: int


@dataclass(frozen=True, slots=True)
class Desk:
    """What waits for somebody at a moment: the numbers, and a page of it."""

    tabs: tuple[Tab, ...]
    kind: str = ""
    chosen: tuple[Tab, ...] = field(default=())

    @property
    def count(self) -> int:
        return sum(tab.count for tab in self.chosen)

    @property
    def late(self) -> int:
        return sum(tab.late for tab in self.chosen)

    @property
    def soon(self) -> int:
        return sum(tab.soon for tab in self.chosen)

    @property
    def all(self) -> int:
        """How much waits of every kind."""
        return sum(tab.count for tab in self.tabs)


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """Add a kind of thing (rooms call this in `AppConfig.ready`)."""
    _kinds[kind.name] = kind


def kinds() -> list[Kind]:
    """List the kinds of thing that may wait, in the order of their tabs."""
    return sorted(_kinds.values(), key=lambda kind: (kind.order, kind.name))


class _EndOfDay(Func):
    """The last second of a local day."""

    template = "((%(expressions)s + 1)::timestamp AT TIME ZONE '%(zone)s' - interval '1 second')"
    output_field = DateTimeField()

    def __init__(self, day: Any):
        super().__init__(day, zone=settings.TIME_ZONE)


def _moment(model: type[Model], path: Any) -> Any:
    """Return the expression of a column as a moment: of a day, its end."""
    if not path:
        return Cast(Value(None), DateTimeField())
    if not isinstance(path, str):
        return path
    found: Any = model
    *over, last = path.split("__")
    for name in over:
        found = found._meta.get_field(name).related_model
    column = found._meta.get_field(last)
    is_day = isinstance(column, DateField) and not isinstance(column, DateTimeField)
    return _EndOfDay(F(path)) if is_day else F(path)


def _of(kind: Kind, actor: Any, at: datetime) -> list[tuple[Wait, Q]]:
    """List what of a kind may be awaited of somebody, each with its condition."""
    return [(wait, mine) for wait in kind.waits(at) if (mine := wait.condition(actor)) is not None]


def _asked(kind: Kind, actor: Any, at: datetime) -> tuple[list[Wait], QuerySet[Any]] | None:
    """Return what of a kind may be awaited of somebody, and the records: `desk_nth` says which wait, `desk_due` until
    when; None when nothing ever is."""
    waits = _of(kind, actor, at)
    if not waits:
        return None
    nth = [When(mine, then=Value(place)) for place, (_wait, mine) in enumerate(waits)]
    dues = [When(mine, then=_moment(kind.model, wait.by)) for wait, mine in waits]
    rows = kind.model._default_manager.filter(_any(mine for _wait, mine in waits)).annotate(
        desk_kind=Value(kind.name),
        desk_pk=Cast("pk", BigIntegerField()),
        desk_nth=Case(*nth, output_field=IntegerField()),
        desk_due=Case(*dues, output_field=DateTimeField()),
    )
    return [wait for wait, _mine in waits], rows


def _any(conditions: Iterable[Q]) -> Q:
    found = Q(pk__in=[])
    for one in conditions:
        found |= one
    return found


def condition(name: str, actor: Any, at: datetime) -> Q:
    """Return the condition "it waits for the actor" on records of a kind, for its own list."""
    return _any(mine for _wait, mine in _of(_kinds[name], actor, at))


@dataclass(frozen=True, slots=True)
class Next:
    """What is awaited on a record, until when, and whether that has passed."""

    label: str
    due_at: datetime | None
    late: bool


def next_of(name: str, pks: Iterable[int], actor: Any, at: datetime) -> dict[int, Next]:
    """Say of those records of a kind that wait for the actor what is awaited, for its own list."""
    kind = _kinds[name]
    asked = _asked(kind, actor, at)
    if asked is None:
        return {}
    waits, rows = asked
    found = rows.filter(pk__in=list(pks)).order_by().values_list("desk_pk", "desk_nth", "desk_due")
    return {pk: Next(_label(kind, waits[nth]), due, due is not None and due < at) for pk, nth, due in found}


def _parts(actor: Any, at: datetime, wanted: Iterable[Kind]) -> dict[str, tuple[list[Wait], QuerySet[Any]]]:
    """Return what waits of each kind, by its name; a union leaves out by itself what cannot have answers."""
    return {kind.name: asked for kind in wanted if (asked := _asked(kind, actor, at)) is not None}


def has_any(actor: Any, at: datetime) -> bool:
    """Say whether anything could ever wait for somebody: an auditor has no desk."""
    return any(_of(kind, actor, at) for kind in kinds())


def concerns(name: str, actor: Any, at: datetime) -> bool:
    """Say whether anything of a kind could ever wait for somebody."""
    return bool(_of(_kinds[name], actor, at))


def badge(actor: Any, at: datetime) -> QuerySet[Any] | None:
    """Return the numbers of all that waits, to be counted with the navigation's other badges."""
    parts = [rows.order_by().values_list("desk_pk") for _waits, rows in _parts(actor, at, kinds()).values()]
    return parts[0].union(*parts[1:], all=True) if parts else None


def numbers(actor: Any, at: datetime, *, kind: str = "") -> Desk:
    """Count what waits, by kind, in one statement; `kind` chooses a tab."""
    parts = [
        rows.order_by()
        .values("desk_kind")
        .annotate(
            desk_all=Count("pk"),
            desk_late=Count("pk", filter=Q(desk_due__lt=at)),
            desk_soon=Count("pk", filter=Q(desk_due__gte=at, desk_due__lt=at + SOON)),
        )
        .values_list("desk_kind", "desk_all", "desk_late", "desk_soon")
        for _waits, rows in _parts(actor, at, kinds()).values()
    ]
    rows = parts[0].union(*parts[1:], all=True) if parts else []
    counted = {name: rest for name, *rest in rows}
    tabs = tuple(Tab(one, *counted[one.name]) for one in kinds() if counted.get(one.name, [0])[0])
    chosen = tuple(tab for tab in tabs if kind in ("", tab.kind.name))
    return Desk(tabs, kind if kind in _kinds else "", chosen)


def page(actor: Any, at: datetime, *, kind: str = "", first: int = 0, most: int = 50) -> list[Waiting]:
    """List what waits, the most urgent first, what has no term last: `most` rows from the `first` on."""
    wanted = [one for one in kinds() if kind in ("", one.name)]
    asked = _parts(actor, at, wanted)
    if not asked:
        return []
    parts = [
        rows.order_by().values_list("desk_kind", "desk_pk", "desk_nth", "desk_due")
        for _waits, rows in asked.values()
    ]
    together = parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0]
    ordered = together.order_by(F("desk_due").asc(nulls_last=True), "desk_kind", "desk_pk")
    found = list(ordered[first : first + most])
    pks: dict[str, list[int]] = {}
    for name, pk, _nth, _due in found:
        pks.setdefault(name, []).append(pk)
    lines = {name: _kinds[name].lines(mine) for name, mine in pks.items()}
    rows = []
    for name, pk, nth, due in found:
        if (line := lines[name].get(pk)) is not None:
            wait, of = asked[name][0][nth], _kinds[name]
            late = due is not None and due < at
            rows.append(Waiting(of, pk, wait.act, _label(of, wait), due, late, line))
    return rows


def _label(kind: Kind, wait: Wait) -> str:
    loop = acts.loop_of(kind.model)
    steps = loop.steps if loop else ()
    return str(wait.label or next((step.label for step in steps if step.act == wait.act), wait.act))
