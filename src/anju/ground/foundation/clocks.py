"""Terms that run on records: one table, one derivation, one working out anew when the calendar changes.

A room says with its Loop which terms its acts start, whose they are, and which columns repeat the earliest:

    COURSE = clocks.Course(rule, owners={"rectify": "handler"}, named="due_clock")
    LOOP = Loop(Case, STEPS, clocks=COURSE, …)
    deadline_moved = clocks.follow_the_calendar(LOOP, labels={"rectify": _("整改")})

The engine starts and stops what a step names (`Step.starts`, `Step.stops`). Nothing of a derivation is kept: `replay`
repeats it from start, term, adjustments and calendar, for the page that shows it and for a calendar that has changed.

The last days of a paper (by when an order is to be re-checked, a fine to be paid) are columns of the paper: they are
no clock, since nothing pauses or stops them, and a law counts them from a day that stands on the paper. They follow the
calendar by the same act (`Days`).
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import Model, Q, QuerySet
from django.utils import timezone

from . import acts, calendar, journal, reach, workdays
from .models import Clock, Event

ACT = "deadline_moved"
RUNNING = Q(stopped_at__isnull=True)


@dataclass(frozen=True, slots=True)
class Rule:
    """A term of a rulebook: on which clock it runs, how long, by which article, and whether the city's own."""

    kind: str
    term: workdays.Term
    is_default: bool = False

    @classmethod
    def of(cls, key: str, entry: Mapping[str, Any]) -> "Rule":
        """Read a rulebook's entry: {amount, unit, basis?, default?, clock?}; its own key names the clock otherwise."""
        term = workdays.Term(entry["amount"], entry["unit"], entry.get("basis", ""))
        return cls(entry.get("clock", key), term, bool(entry.get("default")))


@dataclass(frozen=True, slots=True)
class Course:
    """The terms of one kind of record.

    rule    given record, clock key and moment: the term that starts
    owners  which column names the office that must act while a clock runs
    named   the column that says which clock is the record's own: its end is `due_at`, whether it may move `provisional`
    beside  the columns of terms that run beside it, each for somebody else: {column: whether a clock is one of these}
    one     one clock runs at a time: whatever starts or stops ends the others
    """

    rule: Callable[[Any, str, datetime], Rule]
    owners: Mapping[str, str]
    named: str
    beside: Mapping[str, Callable[[Clock], bool]] = field(default_factory=dict)
    one: bool = False

    @property
    def columns(self) -> set[str]:
        """The columns of a record that repeat its clocks' ends."""
        return {"due_at", *self.beside}

    def move(self, turn: acts.Turn) -> None:
        """Stop and start the clocks of an act; one that runs already goes on instead of a new one."""
        row = turn.row
        if turn.starts or turn.stops:
            running = running_of(row)
            turn.ended = stop(running, kinds=None if self.one else turn.stops, at=turn.at)
            going_on = {c.kind for c in running if c.stopped_at is None and c.part_id is None}
            begun = [self.new(row, name, at=turn.at) for name in turn.starts]
            turn.begun = Clock.objects.bulk_create(c for c in begun if c.kind not in going_on)
            self.refresh(row, [*running, *turn.begun])

    def new(self, row: Any, name: str, *, at: datetime, part: Model | None = None) -> Clock:
        """Make (without saving) a clock of a record, or of a part of it with an office of its own, that starts now."""
        return new(row, self.rule(row, name, at), at=at, part=part, owner=self.owners)

    def refresh(self, row: Any, clocks: Iterable[Clock]) -> None:
        """Set what follows from the clocks that run: whose each is, and the record's own columns (the caller saves)."""
        running = sorted((c for c in clocks if c.stopped_at is None), key=lambda c: c.due_at)
        for clock in running:
            owner = _owner(row, clock.kind, self.owners)
            if clock.part_id is None and clock.owner_id != owner:
                clock.owner_id = owner
                Clock.objects.filter(pk=clock.pk).update(owner_id=owner)
        self.stamp(row, running)

    def stamp(self, row: Any, running: Iterable[Clock]) -> None:
        """Set the columns that lists and the desk sort by, from what runs and is not suspended, in order."""
        going = [c for c in running if c.paused_at is None]
        for column, is_one in self.beside.items():
            first = next((c for c in going if is_one(c)), None)
            setattr(row, column, first.due_at if first else None)
        own = next((c for c in going if not any(is_one(c) for is_one in self.beside.values())), None)
        row.due_at, row.provisional = (own.due_at, own.provisional) if own else (None, False)
        setattr(row, self.named, own.kind if own else "")


def _owner(row: Any, kind: str, owners: Mapping[str, str]) -> int | None:
    column = owners.get(kind, "")
    return getattr(row, f"{column}_id") if column else None


def label_of(model: type[Model]) -> str:
    """Return how the table names a kind of record."""
    return model._meta.label_lower


def new(
    row: Any, rule: Rule, *, at: datetime, part: Any = None, owner: Mapping[str, str] | None = None
) -> Clock:
    """Make (without saving) a clock that starts now; that of a part is of the part's own office (`organisation`)."""
    due = calendar.due(at, rule.term)
    return Clock(
        subject_type=label_of(type(row)),
        subject_id=row.pk,
        part_id=part.pk if part is not None else None,
        kind=rule.kind,
        owner_id=part.organisation_id if part is not None else _owner(row, rule.kind, owner or {}),
        amount=rule.term.amount,
        unit=rule.term.unit,
        basis=rule.term.basis,
        is_default=rule.is_default,
        started_at=at,
        due_at=due.at,
        provisional=due.provisional,
    )


def of(row: Model) -> QuerySet[Clock]:
    """Return the clocks of a record, stopped ones too, in the order in which they began."""
    return Clock.objects.filter(subject_type=label_of(type(row)), subject_id=row.pk).order_by(
        "started_at", "pk"
    )


def of_all(model: type[Model]) -> QuerySet[Clock]:
    """Return the clocks of all records of a kind."""
    return Clock.objects.filter(subject_type=label_of(model))


def running_of(row: Model) -> list[Clock]:
    """Return the clocks that run on a record, suspended ones too."""
    return list(of(row).filter(RUNNING))


def stop(clocks: Iterable[Clock], *, kinds: Collection[str] | None, at: datetime) -> list[Clock]:
    """Stop the running clocks of these kinds (None: all), and return what changed."""
    stopped = [c for c in clocks if c.stopped_at is None and (kinds is None or c.kind in kinds)]
    for clock in stopped:
        clock.stopped_at = at
    if stopped:
        Clock.objects.filter(pk__in=[c.pk for c in stopped]).update(stopped_at=at)
    return stopped


def replay(clock: Clock, days: workdays.Calendar | None = None) -> workdays.Due:
    """Work out a clock's end again: its term, then each extension and pause in order.

    Whoever replays several clocks hands over the calendar in force, so that all are read from the same one.
    """
    days = days or calendar.current()
    tz = timezone.get_default_timezone()
    term = workdays.Term(clock.amount, clock.unit, clock.basis)  # type: ignore[arg-type]
    due = workdays.due(days, start=clock.started_at, term=term, tz=tz)
    steps: list[dict[str, Any]] = list(due.derivation)
    for change in clock.adjustments:
        if change["kind"] == "extend":
            due = workdays.due(days, start=due.at, term=workdays.Term(change["days"], "workdays"), tz=tz)
        elif change["kind"] == "pause":
            due = workdays.shift(
                days,
                due_at=due.at,
                paused_at=datetime.fromisoformat(change["from"]),
                resumed_at=datetime.fromisoformat(change["to"]),
                unit=clock.unit,  # type: ignore[arg-type]
                tz=tz,
            )
        else:  # "longer": the term is another one now, counted from the same start
            term = workdays.Term(change["amount"], clock.unit, clock.basis)  # type: ignore[arg-type]
            due = workdays.due(days, start=clock.started_at, term=term, tz=tz)
        steps.append({"step": change["kind"], **{k: v for k, v in change.items() if k != "kind"}})
        steps.extend(due.derivation)
    return workdays.Due(due.at, due.provisional, tuple(steps))


def derivation(clock: Clock, days: workdays.Calendar | None = None) -> list[str]:
    """Say how a clock's end was worked out, one sentence for each step."""
    return calendar.explain(replay(clock, days).derivation)


def adjust(clock: Clock, *changes: dict[str, Any], **columns: Any) -> None:
    """Lengthen a clock, take out a pause, or give it other columns; work its end out again and save."""
    clock.adjustments = [*clock.adjustments, *changes]
    for name, value in columns.items():
        setattr(clock, name, value)
    work_out(clock)
    clock.save()


def work_out(clock: Clock, days: workdays.Calendar | None = None) -> bool:
    """Set a clock's end by the calendar; say whether it was another."""
    due, before = replay(clock, days), (clock.due_at, clock.provisional)
    clock.due_at, clock.provisional = due.at, due.provisional
    return before != (due.at, due.provisional)


def pause(clocks: Iterable[Clock], *, at: datetime) -> None:
    """Let clocks stand still."""
    standing = [c for c in clocks if c.stopped_at is None and c.paused_at is None]
    for clock in standing:
        clock.paused_at = at
    Clock.objects.filter(pk__in=[c.pk for c in standing]).update(paused_at=at)


def go_on(clocks: Iterable[Clock], *, at: datetime) -> None:
    """Let clocks that stand still run with what was left of them."""
    for clock in clocks:
        if clock.paused_at is not None:
            adjust(
                clock,
                {"kind": "pause", "from": clock.paused_at.isoformat(), "to": at.isoformat()},
                paused_at=None,
            )


# --------------------------------------------------------------------------------------- the calendar has changed


@dataclass(frozen=True, slots=True)
class Days:
    """Last days that stand in columns of records.

    rows   the records whose days may still move
    terms  given one: its columns by the calendar of today, {name: day or moment}
    part   which column names the Loop's record, when these are parts of it
    """

    rows: Callable[[], QuerySet[Any]]
    terms: Callable[[Any], Mapping[str, Any]]
    part: str = "pk"

    def stale(self, row: Any) -> dict[str, Any]:
        """Return what the calendar of today puts elsewhere."""
        return {name: to for name, to in self.terms(row).items() if to != getattr(row, name)}


_following: dict[str, tuple[acts.Loop, acts.Verb, tuple[Days, ...]]] = {}
_labels: dict[str, Mapping[str, object]] = {}


def follow_the_calendar(loop: acts.Loop, *days: Days, labels: Mapping[str, object]) -> acts.Verb:
    """Let the terms of a kind of record follow the calendar: the verb of its step `deadline_moved`.

    labels  how each clock and each column of days is called
    """
    _labels[label_of(loop.model)] = labels

    def deadline_moved(turn: acts.Turn) -> None:
        """Work out the running terms of a record again by the calendar in force."""
        turn.facts["moved"] = [*_clocks_moved(turn.row, loop), *_days_moved(turn.row, days)]
        if not turn.facts["moved"]:
            turn.unchanged()

    # Of the room: by this the wiring says who records its event.
    deadline_moved.__module__ = loop.model.__module__
    verb = loop.verb(ACT)(deadline_moved)
    _following[label_of(loop.model)] = loop, verb, days
    return verb


def following() -> list[acts.Loop]:
    """List the Loops whose terms follow the calendar."""
    return [loop for loop, _verb, _days in _following.values()]


def labels_of(model: type[Model]) -> Mapping[str, object]:
    """Return how each clock, and each column of days, of a kind of record is called."""
    return _labels.get(label_of(model), {})


def followed(model: type[Model]) -> set[str]:
    """Return the columns of a kind of record that follow the calendar."""
    if label_of(model) not in _following:
        return set()
    loop, _verb, _days = _following[label_of(model)]
    stamped = loop.clocks.columns if isinstance(loop.clocks, Course) else set()
    return stamped | set(labels_of(model))


def _clocks_moved(row: Any, loop: acts.Loop) -> list[dict[str, str]]:
    if not isinstance(loop.clocks, Course):
        return []
    moved, running = [], running_of(row)
    for clock in running:
        before = clock.due_at
        if work_out(clock):
            clock.save(update_fields=["due_at", "provisional"])
            moved.append(_told(clock.kind, before, clock.due_at))
    loop.clocks.refresh(row, running)
    return moved


def _days_moved(row: Any, days: Iterable[Days]) -> list[dict[str, str]]:
    moved = []
    for one in days:
        for part in [row] if one.part == "pk" else one.rows().filter(**{one.part: row.pk}):
            stale = one.stale(part)
            for name, to in stale.items():
                moved.append(_told(name, getattr(part, name), to))
                setattr(part, name, to)
            if stale and part is not row:
                part.save(update_fields=list(stale))
    return moved


def _told(name: str, before: Any, to: Any) -> dict[str, str]:
    return {"clock": name, **{key: _written(day) for key, day in (("from", before), ("to", to))}}


def _written(day: Any) -> str:
    return day.isoformat() if isinstance(day, date) else str(day or "")


@journal.hears(calendar.CHANGED)
def calendar_changed(event: Event) -> None:
    """Work out every running term again."""
    recompute(at=event.at)


def recompute(*, at: datetime) -> int:
    """Work out every running term again by the calendar in force; return how many records have moved.

    Looked for without a lock; then each record concerned is locked before its terms are read again, so that a step
    taken meanwhile is neither undone nor waited for in a circle.
    """
    days, stale = calendar.current(), dict[str, set[int]]()
    for clock in Clock.objects.filter(RUNNING).iterator(chunk_size=2000):
        if work_out(clock, days):
            stale.setdefault(clock.subject_type, set()).add(clock.subject_id)
    moved = 0
    for name, (loop, verb, columns) in _following.items():
        found = stale.get(name, set())
        for one in columns:
            rows = one.rows().iterator(chunk_size=1000)
            found |= {getattr(row, one.part) for row in rows if one.stale(row)}
        if not found:
            continue
        done = loop.many(ACT, loop.model._default_manager.filter(pk__in=found), by=reach.system(), at=at)
        # What somebody held meanwhile is waited for; where all is well by now, nothing is done.
        for pk in sorted(found) if done < len(found) else ():
            verb(**{"by": reach.system(), "at": at, loop.param: pk})
        moved += len(found)
    return moved


def moved_words(event: Event) -> str:
    """Say which terms of a record a change of the calendar has moved, from when to when."""
    labels = _labels.get(event.subject_type, {})
    told = [
        f"{labels.get(one['clock'], '')} {_day(one['from'])} → {_day(one['to'])}"
        for one in event.data["moved"]
    ]
    return "；".join(one.strip() for one in told)


def _day(text: str) -> str:
    """Read a day, or a moment in the city's own time: it was written as the database keeps it."""
    if len(text) <= len("2026-12-01"):
        return text
    return f"{timezone.localtime(datetime.fromisoformat(text)):%Y-%m-%d %H:%M}"
