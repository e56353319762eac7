"""Who is told when a term has passed, rung by rung, of every kind of thing; it never stops silently.

What is awaited until when is what the desk asks (`desk.Wait`). A record climbs from the term that ends first; when
another ends first, because a step was taken or the calendar changed, it begins again at the bottom. How far it has
climbed is kept in one table (`Climb`), each climb is the act `<room>.escalate` of the system and lays a notice on the
desk of the rung's office. A room says that its things climb, with a step of its table and

    escalate = ladder.climbs(LOOP)

The rungs are those of the kind (`Kind.rungs`), else the offices above whoever owes the act (`rungs_by`): foundation
knows no offices.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import (
    Case,
    DateTimeField,
    Exists,
    IntegerField,
    Model,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Least
from django.utils import timezone
from django.utils.translation import gettext as _

from . import acts, calendar, desk, notices, reach
from .models import Climb
from .workdays import Term

ACT = "escalate"


@dataclass(frozen=True, slots=True)
class Rung:
    """One rung of the ladder: who is told (any record with `pk` and `name`, None: nobody there), how long after."""

    number: int
    level: str
    office: Any
    after: Term


@dataclass(frozen=True, slots=True)
class Passing:
    """The term of a record that ends first, and the act that was awaited until then."""

    wait: desk.Wait
    term: datetime


_above: list[Callable[[int | None, datetime], Sequence[Rung]]] = []


def rungs_by(above: Callable[[int | None, datetime], Sequence[Rung]]) -> None:
    """Let a room above say which offices stand over one, given its number, at a moment: at least one rung."""
    _above[:] = [above]


def climbs(loop: acts.Loop) -> acts.Verb:
    """Let a kind of thing climb: the verb of its step `escalate`."""

    def escalate(turn: acts.Turn, *, note: str = "") -> None:
        """Raise a record to the next rung."""
        _climb(turn)

    # Of the room: by this the wiring says who records its event.
    escalate.__module__ = loop.model.__module__
    return loop.verb(ACT)(escalate)


# ------------------------------------------------------------------------------------------------ which term it is


def climbing(kind: desk.Kind, at: datetime) -> list[desk.Wait]:
    """List what is awaited of a kind with a term that climbs: each in a column of the record."""
    return [wait for wait in kind.waits(at) if wait.by and wait.climbs]


def _terms(kind: desk.Kind, waits: Sequence[desk.Wait]) -> list[Any]:
    return [
        Case(When(wait.where, then=desk.moment(kind.model, wait.by)), output_field=DateTimeField())
        for wait in waits
    ]


def _first(kind: desk.Kind, at: datetime) -> Any:
    """Return the expression of the term that ends first."""
    terms = _terms(kind, climbing(kind, at))
    return Least(*terms) if len(terms) > 1 else terms[0]


def _climb_of(kind: desk.Kind) -> QuerySet[Climb]:
    """Return how far the outer record, annotated with `climb_term`, has climbed for the term that ends first."""
    label = kind.model._meta.label_lower
    return Climb.objects.filter(
        subject_type=label, subject_id=OuterRef("pk"), term=OuterRef("climb_term")
    ).order_by()


def with_rungs(rows: QuerySet[Any], at: datetime) -> QuerySet[Any]:
    """Annotate records with `escalation`: the rung to which each has climbed for its present term, 0 for none."""
    kind = desk.kind_of(rows.model)
    rung = Subquery(_climb_of(kind).values("rung")[:1])
    return rows.annotate(climb_term=_first(kind, at)).annotate(
        escalation=Coalesce(rung, Value(0), output_field=IntegerField())
    )


def climbed(model: type[Model], at: datetime) -> QuerySet[Any]:
    """Return the numbers of the records of a kind that have climbed for their present term."""
    kind = desk.kind_of(model)
    rows = model._default_manager.annotate(climb_term=_first(kind, at)).filter(Exists(_climb_of(kind)))
    return rows.order_by().values("pk")


def rung_of(record: Model, at: datetime) -> int:
    """Return the rung to which a record has climbed for its present term; 0 for none."""
    rows = with_rungs(type(record)._default_manager.filter(pk=record.pk), at)
    return rows.values_list("escalation", flat=True).first() or 0


def _passing(kind: desk.Kind, pk: int, at: datetime) -> Passing | None:
    waits = climbing(kind, at)
    names = {f"climb_{place}": term for place, term in enumerate(_terms(kind, waits))}
    found = kind.model._default_manager.filter(pk=pk).annotate(**names).values_list(*names).get()
    running = [Passing(wait, term) for wait, term in zip(waits, found, strict=True) if term is not None]
    return min(running, key=lambda one: one.term, default=None)


def _late(kind: desk.Kind, at: datetime) -> QuerySet[Any]:
    """Return the records of a kind whose next rung is due."""
    late = Q(pk__in=[])
    for wait in climbing(kind, at):
        limit = timezone.localtime(at).date() if desk.is_day(kind.model, wait.by) else at
        late |= wait.where & Q(**{f"{wait.by}__lt": limit})
    waits_above = _climb_of(kind).filter(Q(next_at__isnull=True) | Q(next_at__gte=at))
    rows = kind.model._default_manager.filter(late).annotate(climb_term=_first(kind, at))
    return rows.filter(~Exists(waits_above), climb_term__lt=at)


# ------------------------------------------------------------------------------------------------------- climbing


def _rungs(kind: desk.Kind, row: Any, wait: desk.Wait, at: datetime) -> Sequence[Rung]:
    if kind.rungs is not None:
        return kind.rungs(row, at)
    office: int | None = None
    if wait.owner:
        paths = [f"{path}_id" for path in wait.owner.split("|")]
        found = kind.model._default_manager.filter(pk=row.pk).values_list(*paths).get()
        office = next((one for one in found if one is not None), None)
    return _above[0](office, at)


def _climb(turn: acts.Turn) -> None:
    """Raise a record to the next rung; one without an office is passed over, the last is taken as it is.

    Where even the last has none, the notice belongs to nobody and is shown to all who see the record. Whatever follows
    an act with a word of its own (nobody is there to do it) climbs before the term has passed.
    """
    kind, row, at = desk.kind_of(turn.loop.model), turn.row, turn.at
    passing = _passing(kind, row.pk, at)
    if passing is None:
        turn.unchanged()
    # The record is locked: whoever climbs it at the same time has done so, or waits.
    kept, _made = Climb.objects.get_or_create(
        subject_type=row._meta.label_lower, subject_id=row.pk, defaults={"term": passing.term}
    )
    if kept.term != passing.term:
        kept.term, kept.rung, kept.next_at = passing.term, 0, None
    waits_above = kept.rung > 0 and (kept.next_at is None or kept.next_at >= at)
    if not turn.note and (passing.term >= at or waits_above):
        turn.unchanged()
    ladder = _rungs(kind, row, passing.wait, at)
    rung = next((r for r in ladder if r.number > kept.rung and r.office is not None), ladder[-1])
    later = next((r for r in ladder if r.number > rung.number), None)
    kept.rung, kept.climbed_at = rung.number, at
    kept.next_at = calendar.due(passing.term, later.after).at if later else None
    if kept.next_at is not None and kept.next_at <= at:
        kept.next_at = calendar.due(at, Term(1, "workdays")).at
    kept.save()
    turn.note = turn.note or _("“%(act)s”期限已过") % {"act": desk.label_of(kind, passing.wait)}
    notices.tell(row, "escalate", rung.office, turn.note, at=at, level=rung.number)
    to = rung.office.name if rung.office is not None else ""
    turn.facts |= {"rung": rung.number, "level": rung.level, "to": to, "awaited": passing.wait.act}


def climb_all(*, at: datetime, kinds: Collection[str] = (), batch: int = 200) -> int:
    """Raise by one rung whatever is due for it, once, however many workers run this; return how many climbed."""
    done = 0
    for kind in desk.kinds():
        loop = acts.loop_of(kind.model)
        if loop is not None and ACT in loop.verbs and (not kinds or kind.name in kinds):
            done += loop.many(ACT, _late(kind, at), by=reach.system(), at=at, batch=batch)
    return done
