"""What waits for me: every kind of thing in one list, ordered by what is due.

A room says once, for each kind of thing, which act is awaited on which records, and until when:

    def waits(at):
        return [Wait("serve", Q(state="issued"), "agency", "orders.order", by="serve_by"), …]

    desk.register(Kind("orders", _("责令改正"), Order, waits, line, order=20))       # in AppConfig.ready

The list, its numbers, the navigation's badge and the phone's "today" are read from here, so that they agree to the last
row. Nothing is stored: what waits follows from the columns of the records, and time alone moves it. A record stands
once, under the first act that is awaited of the reader; whether the act is really theirs now is held by a test over
the whole demo city, which asks the Loop.

What waits for an office may be given to one of its people (`hands`). Whose part of the desk is asked for says `who`:
MINE, what is given to the reader or to nobody; ALL, what waits for the office; or a person's number, what is theirs.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import (
    BigIntegerField,
    Case,
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
from .models import Holding

SOON = timedelta(hours=24)
MINE, ALL = "mine", "all"
Who = str | int


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
    climbs whether those above are told when the term has passed (`ladder`): not of what only a party's term is

    Without a power it is nobody's on the desk: a part's term, for which the record climbs.
    """

    act: str
    where: Q
    owner: str
    power: str
    by: Any = ""
    label: object = ""
    of: Callable[[Any], Q] | None = None
    climbs: bool = True

    def condition(self, actor: Any) -> Q | None:
        """Return the condition "it is awaited of this actor"; None when it never is."""
        offices = actor.offices(self.power)
        if not offices:
            return None
        mine = Q()
        for column in self.owner.split("|") if self.owner else ():
            mine |= Q(**{f"{column}_id__in": offices})
        return mine & self.where & (self.of(actor) if self.of is not None else Q())

    def held(self, model: type[Model], actor: Any) -> QuerySet[Holding]:
        """Return what is given to people of the offices in which the actor may do it."""
        offices = actor.offices(self.power)
        return Holding.objects.filter(
            subject_type=model._meta.label_lower, organisation_id__in=offices, power=self.power
        )

    def given(self, model: type[Model], actor: Any) -> Q:
        """Return the condition "it is nobody else's" of what can be given to people of the office."""
        if not self.owner:
            return Q()
        others = self.held(model, actor).exclude(person_id=actor.person_id)
        return ~Q(pk__in=others.values("subject_id"))


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
    line   how a record reads
    order  place among the tabs
    rungs  who is told when a term has passed, given the record and the moment; default: the offices above the owner
    related, fetch  what a line needs beside the record: through foreign keys, or as the room fetches it
    """

    name: str
    label: object
    model: type[Model]
    waits: Callable[[datetime], Sequence[Wait]]
    line: Callable[[Any], Line]
    order: int = 100
    rungs: Callable[[Any, datetime], Sequence[Any]] | None = None
    related: tuple[str, ...] = ()
    fetch: Callable[[QuerySet[Any]], Iterable[Any]] | None = None

    def lines(self, pks: Sequence[int]) -> dict[int, Line]:
        """Say how records read, by their numbers."""
        rows = self.model._default_manager.filter(pk__in=pks).select_related(*self.related)
        return {row.pk: self.line(row) for row in (self.fetch(rows) if self.fetch is not None else rows)}


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
    person: str = ""
    person_id: int | None = None
    may_give: bool = False

    @property
    def key(self) -> str:
        """How a form names the row."""
        return f"{self.kind.name}:{self.pk}"

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
class Load:
    """How much of an office's desk one of its people has; nobody's part has no number and no name."""

    person_id: int | None
    name: str
    count: int
    late: int


@dataclass(frozen=True, slots=True)
class Desk:
    """The numbers of what waits for somebody at a moment.

    loads  of the office's whole desk: what is nobody's first, then who has most
    """

    tabs: tuple[Tab, ...]
    kind: str = ""
    chosen: tuple[Tab, ...] = field(default=())
    loads: tuple[Load, ...] = field(default=())

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


def kind_of(model: type[Model]) -> Kind:
    """Return the kind of thing that a model's records are."""
    return next(kind for kind in kinds() if kind.model is model)


def lines_of(model: type[Model], pks: Sequence[int]) -> Mapping[int, Line]:
    """Say how records of a model read, wherever else they are named."""
    return next((kind.lines(pks) for kind in kinds() if kind.model is model), {})


class _EndOfDay(Func):
    """The last second of a local day."""

    template = "((%(expressions)s + 1)::timestamp AT TIME ZONE '%(zone)s' - interval '1 second')"
    output_field = DateTimeField()

    def __init__(self, day: Any):
        super().__init__(day, zone=settings.TIME_ZONE)


def is_day(model: type[Model], path: str) -> bool:
    """Say whether a column, through foreign keys, holds days."""
    found: Any = model
    *over, last = path.split("__")
    for name in over:
        found = found._meta.get_field(name).related_model
    column = found._meta.get_field(last)
    return isinstance(column, DateField) and not isinstance(column, DateTimeField)


def moment(model: type[Model], path: Any) -> Any:
    """Return the expression of a term's column as a moment: of a day, its end."""
    if not path:
        return Cast(Value(None), DateTimeField())
    if not isinstance(path, str):
        return path
    return _EndOfDay(F(path)) if is_day(model, path) else F(path)


def named(name: str) -> Kind | None:
    """Return a kind of thing by its name."""
    return _kinds.get(name)


def of_model(model: type[Model]) -> list[Kind]:
    """List the kinds of thing whose records are of a model."""
    return [kind for kind in kinds() if kind.model is model]


def _awaited_of(kind: Kind, actor: Any, at: datetime) -> list[tuple[Wait, Q]]:
    """List what of a kind may be awaited of somebody's offices, each with its condition."""
    return [(wait, mine) for wait in kind.waits(at) if (mine := wait.condition(actor)) is not None]


class _Nth(Func):
    """The one of several moments that a number names, counted from nothing."""

    output_field = DateTimeField()

    def as_sql(
        self, compiler: Any, connection: Any, *_args: Any, **_more: Any
    ) -> tuple[str, tuple[Any, ...]]:
        nth, *moments = [compiler.compile(one) for one in self.source_expressions]
        sql = f"(ARRAY[{', '.join(text for text, _params in moments)}]::timestamptz[])[{nth[0]} + 1]"
        return sql, (*(one for _text, params in moments for one in params), *nth[1])


def asked(kind: Kind, actor: Any, at: datetime) -> tuple[list[Wait], QuerySet[Any]] | None:
    """Return what of a kind may be awaited of somebody, and the records: `desk_nth` says which wait, `desk_due` until
    when; None when nothing ever is."""
    waits = _awaited_of(kind, actor, at)
    if not waits:
        return None
    nth = [When(mine, then=Value(place)) for place, (_wait, mine) in enumerate(waits)]
    terms = [wait.by for wait, _mine in waits]
    ends = [moment(kind.model, by) for by in terms]
    rows = kind.model._default_manager.filter(_any(mine for _wait, mine in waits)).annotate(
        desk_kind=Value(kind.name),
        desk_pk=Cast("pk", BigIntegerField()),
        desk_nth=Case(*nth, output_field=IntegerField()),
        desk_due=ends[0] if all(by == terms[0] for by in terms) else _Nth(F("desk_nth"), *ends),
    )
    return [wait for wait, _mine in waits], rows


def _any(conditions: Iterable[Q]) -> Q:
    found = Q(pk__in=[])
    for one in conditions:
        found |= one
    return found


def condition(name: str, actor: Any, at: datetime) -> Q:
    """Return the condition "it waits for the actor" on records of a kind, for its own list."""
    kind = _kinds[name]
    powers: dict[tuple[str, bool], tuple[list[Q], Q]] = {}  # whose it is, is asked once for each power
    for wait, mine in _awaited_of(kind, actor, at):
        key = wait.power, bool(wait.owner)
        powers.setdefault(key, ([], wait.given(kind.model, actor)))[0].append(mine)
    return _any(_any(mine) & given for mine, given in powers.values())


@dataclass(frozen=True, slots=True)
class Next:
    """What is awaited on a record, until when, and whether that has passed."""

    label: str
    due_at: datetime | None
    late: bool
    person: str = ""


def next_of(name: str, pks: Iterable[int], actor: Any, at: datetime) -> dict[int, Next]:
    """Say of those records of a kind that wait for the actor what is awaited, for its own list."""
    kind = _kinds[name]
    found = asked(kind, actor, at)
    if found is None:
        return {}
    waits, all_rows = found
    rows = list(all_rows.filter(pk__in=list(pks)).order_by().values_list("desk_pk", "desk_nth", "desk_due"))
    held = holders([(kind.model, pk) for pk, _nth, _due in rows], actor)
    told = {}
    for pk, nth, due in rows:
        person_id, person = _held(held, kind, pk, waits[nth], actor)
        if person_id in (None, actor.person_id):
            told[pk] = Next(label_of(kind, waits[nth]), due, due is not None and due < at, person)
    return told


Held = dict[tuple[str, int, str, int], tuple[int, str]]


def holders(records: Iterable[tuple[type[Model], int]], actor: Any) -> Held:
    """Return who of the actor's offices has which of the records, by kind, number, power and office."""
    wanted = {(model._meta.label_lower, pk) for model, pk in records}
    if not wanted:
        return {}
    found = Holding.objects.filter(
        organisation_id__in=actor.organisation_ids, subject_id__in={pk for _label, pk in wanted}
    )
    return {
        (one.subject_type, one.subject_id, one.power, one.organisation_id): (one.person_id, one.person_name)
        for one in found
        if (one.subject_type, one.subject_id) in wanted
    }


def _held(held: Held, kind: Kind, pk: int, wait: Wait, actor: Any) -> tuple[int | None, str]:
    if not wait.owner:
        return None, ""
    label = kind.model._meta.label_lower
    ways = ((label, pk, wait.power, office) for office in sorted(actor.offices(wait.power)))
    return next((held[way] for way in ways if way in held), (None, ""))


def has_any(actor: Any, at: datetime) -> bool:
    """Say whether anything could ever wait for somebody: an auditor has no desk."""
    return any(_awaited_of(kind, actor, at) for kind in kinds())


def concerns(name: str, actor: Any, at: datetime) -> bool:
    """Say whether anything of a kind could ever wait for somebody."""
    return bool(_awaited_of(_kinds[name], actor, at))


class Question:
    """What waits for somebody, of every kind, as one statement of the database: asked for a page of it, and for sums.

    The statement is put together once; each answer is the database's of that moment.
    """

    def __init__(self, actor: Any, at: datetime):
        """Put the statement together: kind, record, which wait, until when, and whose it is within the office."""
        self.at, self.person_id = at, actor.person_id
        found = {kind.name: one for kind in kinds() if (one := asked(kind, actor, at)) is not None}
        self.waits = {name: waits for name, (waits, _rows) in found.items()}
        parts = [
            rows.order_by().values_list("desk_kind", "desk_pk", "desk_nth", "desk_due")
            for _waits, rows in found.values()
        ]
        self.sql, self.params = "", list[Any]()
        if not parts:
            return
        together = parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0]
        try:
            union, params = together.query.sql_with_params()
        except EmptyResultSet:
            return
        # Whose each wait can be: by a power, in the offices in which the actor has it.
        ways, given = [], list[Any]()
        for name, waits in self.waits.items():
            for nth, wait in enumerate(waits):
                if wait.owner:
                    ways.append("(%s, %s, %s, %s, %s::bigint[])")
                    label = _kinds[name].model._meta.label_lower
                    given += [name, nth, label, wait.power, sorted(actor.offices(wait.power))]
        ways = ways or ["(NULL, NULL::int, NULL, NULL, NULL::bigint[])"]
        self.sql = f"""
            WITH waiting (kind, pk, nth, due) AS ({union}),
                 way (kind, nth, subject, power, offices) AS (VALUES {", ".join(ways)}),
                 desk AS (
                    SELECT waiting.*, way.kind IS NOT NULL AS may_give, held.person_id, held.person_name
                    FROM waiting LEFT JOIN way USING (kind, nth) LEFT JOIN LATERAL (
                        SELECT person_id, person_name FROM {Holding._meta.db_table} h
                        WHERE h.subject_type = way.subject AND h.subject_id = waiting.pk AND h.power = way.power
                            AND h.organisation_id = ANY (way.offices)
                        ORDER BY h.organisation_id LIMIT 1
                    ) held ON TRUE
                 )
            """  # noqa: S608
        self.params = [*params, *given]

    def _rows(self, rest: str, *params: Any) -> list[Any]:
        if not self.sql:
            return []
        with connection.cursor() as cursor:
            cursor.execute(self.sql + rest, [*self.params, *params])
            return list(cursor.fetchall())

    def sums(self, at: datetime) -> list[tuple[str, int | None, str, int, int, int]]:
        """Count what waits by kind and by whose it is: (kind, person, their name, all, late, soon)."""
        return self._rows(
            "SELECT kind, person_id, coalesce(max(person_name), ''), count(*), count(*) FILTER (WHERE due < %s),"
            " count(*) FILTER (WHERE due >= %s AND due < %s) FROM desk GROUP BY kind, person_id",
            at,
            at,
            at + SOON,
        )

    def rows(self, *, names: Collection[str], who: Who, first: int, most: int) -> list[Any]:
        """List a page: (kind, pk, nth, due, may_give, person_id, person_name), what ends first before the rest."""
        whose, of = "TRUE", list[Any]()
        if who == MINE:
            whose, of = "(person_id IS NULL OR person_id = %s)", [self.person_id]
        elif who != ALL:
            whose, of = "person_id = %s", [who]
        return self._rows(
            f"SELECT kind, pk, nth, due, may_give, person_id, person_name FROM desk WHERE kind = ANY (%s) AND {whose}"  # noqa: S608
            " ORDER BY due NULLS LAST, kind, pk OFFSET %s LIMIT %s",
            list(names),
            *of,
            first,
            most,
        )


KEPT = timedelta(seconds=10)  # so long a question serves; its answer is always the database's of the moment
_questions: dict[Any, Question] = {}


def ask(actor: Any, at: datetime) -> Question:
    """Return the question of what waits for somebody: kept for some seconds, while powers and offices are the same."""
    held = frozenset((power, frozenset(far), actor.offices(power)) for power, far in actor.powers.items())
    key = actor.account_id, actor.person_id, frozenset(actor.organisation_ids), held
    kept = _questions.get(key)
    if kept is None or not kept.at <= at < kept.at + KEPT:
        for old in [one for one, other in list(_questions.items()) if not other.at <= at < other.at + KEPT]:
            _questions.pop(old, None)
        kept = _questions[key] = Question(actor, at)
    return kept


def badge(actor: Any, at: datetime) -> int:
    """Return how much waits for somebody."""
    return numbers(actor, at).count


def numbers(actor: Any, at: datetime, *, kind: str = "", who: Who = MINE) -> Desk:
    """Count what waits, by kind and by whose it is, in one statement; `kind` chooses a tab."""
    counted: dict[str, list[int]] = {}
    shares: dict[int | None, Load] = {}
    for name, person, called, count, late, soon in ask(actor, at).sums(at):
        share = shares.get(person, Load(person, called, 0, 0))
        shares[person] = replace(share, count=share.count + count, late=share.late + late)
        if who == ALL or person == who or (who == MINE and person in (None, actor.person_id)):
            one = counted.setdefault(name, [0, 0, 0])
            one[:] = one[0] + count, one[1] + late, one[2] + soon
    tabs = tuple(Tab(one, *counted[one.name]) for one in kinds() if one.name in counted)
    chosen = tuple(tab for tab in tabs if kind in ("", tab.kind.name))
    loads = sorted(shares.values(), key=lambda one: (one.person_id is not None, -one.count, one.name))
    return Desk(tabs, kind if kind in _kinds else "", chosen, tuple(loads))


def page(
    actor: Any, at: datetime, *, kind: str = "", who: Who = MINE, first: int = 0, most: int = 50
) -> list[Waiting]:
    """List what waits, the most urgent first, what has no term last: `most` rows from the `first` on."""
    question = ask(actor, at)
    names = [one.name for one in kinds() if kind in ("", one.name)]
    found = question.rows(names=names, who=who, first=first, most=most)
    pks: dict[str, list[int]] = {}
    for name, pk, *_rest in found:
        pks.setdefault(name, []).append(pk)
    lines = {name: _kinds[name].lines(mine) for name, mine in pks.items()}
    rows = []
    for name, pk, nth, due, may_give, person_id, person in found:
        if (line := lines[name].get(pk)) is not None:
            wait, of = question.waits[name][nth], _kinds[name]
            late = due is not None and due < at
            shown = Waiting(of, pk, wait.act, label_of(of, wait), due, late, line)
            rows.append(replace(shown, person=person or "", person_id=person_id, may_give=may_give))
    return rows


def label_of(kind: Kind, wait: Wait) -> str:
    """Return what is to be done, as the reader calls it."""
    loop = acts.loop_of(kind.model)
    steps = loop.steps if loop else ()
    return str(wait.label or next((step.label for step in steps if step.act == wait.act), wait.act))
