"""The one way an act is done: receipt, lock, receipt again, step, turn, fields, guards, the verb's own part, record.

A room declares one `Loop` for each kind of thing, from its table of steps (`workflow`), and writes each verb as the
part that only it has:

    LOOP = Loop(Order, STEPS, room="orders", see="orders.see", labels=LABELS, roles={"agency": "agency"})

    @LOOP.verb("comply")
    def comply(turn: Turn, *, note: str, on: date | None) -> None:
        turn.row.complied_on = on or turn.today

    comply(order_id=7, note="…", by=actor, at=now, key="…")        # how it is called, from a page, the API or a job

Of equal requests (the same key, the same contents, files included) each gets the same answer and one is done, however
many come at once; the same key with other contents is a Conflict. Every act leaves one event `<room>.<act>` in its
transaction; what follows by itself (`turn.follow`) leaves its own. Foundation knows neither offices nor powers: seeing
and powers are asked of `reach`, whose turn it is of the columns that the Loop names.
"""

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from copy import deepcopy
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date, datetime
from functools import update_wrapper
from typing import Any, NoReturn, Protocol

from django.apps import apps
from django.db import IntegrityError, OperationalError, connection, models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from procrastinate.contrib.django import app as jobs_app

from . import asks, journal, reach
from .models import Event
from .refusals import NeedsConfirmation, NotAllowedNow, NotFound, NotPermitted, Refusal
from .workflow import ANY, GONE, PUBLIC, SYSTEM, WITHIN, Blocked, Step

_DEADLOCK, _TRIES = "40P01", 3
# What the event takes as its note, of what an act asks for.
_WORDS = ("note", "reason")


class Clocks(Protocol):
    """Where a kind of thing keeps its clocks: told what starts and stops, before the record is saved."""

    def move(self, turn: "Turn") -> None: ...


@dataclass(slots=True)
class Turn:
    """One act being done: the locked record, who does it and when, and what the event will say.

    row      the record; None while it is being filed
    child    the part of the record that the act is on (a co-handling, a signatory), locked too
    given    what was given, read
    target   state afterwards; a verb may choose another
    starts, stops  clocks as the step has them; a verb may change them
    begun, ended   the clocks that it has started and stopped
    made     the answer when it is another record, or several
    answer   what the caller gets, where it says more than a record does (the verb then names `answers`, too)
    named    what the record was named by: its number, or what its verb's `locate` finds it by
    kept     columns of the record as they were when it was locked
    subject  what the event is about, when an act that files makes several records or none of the Loop's own
    """

    loop: "Loop"
    step: Step
    by: Any
    at: datetime
    row: Any = None
    child: Any = None
    named: Any = None
    key: str = ""
    digest: str = ""
    given: dict[str, Any] = field(default_factory=dict)
    note: str = ""
    basis: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    target: str | None = None
    starts: tuple[str, ...] = ()
    stops: tuple[str, ...] = ()
    made: Any = None
    answer: Any = None
    subject: Any = None
    before: str = ""
    kept: dict[str, Any] = field(default_factory=dict)
    following: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    begun: list[Any] = field(default_factory=list)
    ended: list[Any] = field(default_factory=list)

    @property
    def today(self) -> date:
        """The local day of the act."""
        return timezone.localtime(self.at).date()

    @property
    def changed(self) -> dict[str, tuple[Any, Any]]:
        """The columns that the act has changed so far: what each held when the record was locked, and holds now."""
        now = _columns(self.row)
        return {name: (was, now[name]) for name, was in self.kept.items() if now.get(name) != was}

    @property
    def insisted(self) -> bool:
        """Whether the person insists on what was doubted."""
        return bool(self.given.get("insist"))

    def refuse(self, sentence: str, *allowed: str, **more: Any) -> NoReturn:
        """Refuse because of how things stand; `allowed` names acts that are possible instead."""
        raise NotAllowedNow(sentence, data={"allowed": list(allowed)}, **more)

    def doubt(
        self, code: str, sentence: str, *, asked: str = "note", confirm: str = "insist", **more: Any
    ) -> None:
        """Ask for a word on something doubtful, unless the person has given it (`confirm`); the event keeps which."""
        if code not in self.step.doubts:
            raise RuntimeError(f"{self.loop.room}.{self.step.act} does not declare the doubt {code!r}")
        if not self.given.get(confirm):
            raise NeedsConfirmation(
                sentence, field=asked, data={"confirm": confirm, "doubts": [code]} | more, code=code
            )
        self.facts.setdefault("doubts", []).append(code)

    def unchanged(self, answer: Any = None) -> NoReturn:
        """End here, before anything is written: all is as the act would have it, so that there is nothing to record."""
        raise _Unchanged(self.row if answer is None else answer)

    def require(self, record: models.Model) -> None:
        """Refuse unless the step's power reaches a record that the act names, such as where a thing is filed."""
        if not (self.loop.by_server and self.by.kind == "system"):
            reach.require(self.by, self.step.power, on=record)

    def lock(self, things: "Loop | models.QuerySet[Any]", ids: Iterable[int]) -> list[Any]:
        """Lock other records in the order of their keys, those that the actor may see; raises NotFound for the rest.

        The first lock of an act that files is where the second of two equal requests waits: the receipt is asked again.
        """
        wanted = sorted(set(ids))
        if isinstance(things, Loop):
            rows = [things.locked(pk, by=self.by) for pk in wanted]
        else:
            rows = list(things.filter(pk__in=wanted).order_by("pk").select_for_update(of=("self",)))
            if len(rows) < len(wanted):
                raise NotFound(_("没有找到这条记录。"))
        self.asked_again()
        return rows

    def asked_again(self) -> None:
        """End here with the earlier answer when the same request was done while this one waited for a lock."""
        if known := journal.receipt(by=self.by, key=self.key, key_digest=self.digest):
            raise _Done(known)

    def do(self, verb: "Verb", **given: Any) -> Any:
        """Run another verb in this transaction, under a key derived from this one's."""
        return verb(by=self.by, at=self.at, key=derived(self.key, verb.act), **given)

    def follow(self, act: str, note: str = "", **facts: Any) -> None:
        """Take a step that nobody presses, after this one, with an event of its own."""
        if act not in self.step.follows:
            raise RuntimeError(f"{self.loop.room}.{self.step.act} does not declare that {act!r} may follow")
        self.following.append((act, note, facts))


def derived(key: str, act: str) -> str:
    """Return the key of an act done within another; none without one."""
    return f"{hashlib.sha256(key.encode()).hexdigest()[:32]}:{act}"[:64] if key else ""


class _Done(Exception):
    """The same request was done while this one waited for a lock."""

    def __init__(self, event: Event):
        super().__init__(event)
        self.event = event


class _Unchanged(Exception):
    """The act found everything as it would have left it."""

    def __init__(self, answer: Any):
        super().__init__(answer)
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Possible:
    """An act that is the reader's: its step, and why it cannot be done yet."""

    step: Step
    blocked: Blocked | None = None

    @property
    def act(self) -> str:
        return self.step.act

    @property
    def label(self) -> object:
        """What its button says (`ui.step_buttons` reads this and the next two)."""
        return self.step.label

    @property
    def tone(self) -> str:
        return self.step.tone

    @property
    def note(self) -> str:
        """No note but what the step asks for."""
        return "none"


@dataclass(frozen=True, slots=True)
class Child:
    """The parts of a record that some acts are on: named by `param`, found in `model`, belonging by `of`."""

    model: type[models.Model]
    of: str
    param: str
    missing: object = ""


Body = Callable[..., Any]
_declared: ContextVar[frozenset[str] | None] = ContextVar("declared", default=None)
_loops: dict[str, "Loop"] = {}
_events: dict[str, tuple["Loop", Step]] = {}
_leaf_writers: list[Callable[[str, Turn, Event], None]] = []


class Verb:
    """A public verb: call it with keyword arguments only.

    by, at, key    who acts, when (aware), under which idempotency key ("" = none)
    <param>        the record's number, under the Loop's name for it; none when filing
    and what the step asks for, or the function takes.
    """

    def __init__(self, loop: "Loop", act: str, body: Body, options: "_Options"):
        self.loop, self.act, self.body, self.options = loop, act, body, options
        self.steps = tuple(step for step in loop.steps if step.act == act)
        if not self.steps:
            raise RuntimeError(f"{loop.room}: no step {act!r} for the verb {body.__name__}")
        update_wrapper(self, body)

    def __repr__(self) -> str:
        return f"<verb {self.name}>"

    @property
    def name(self) -> str:
        """The event that it leaves: `<room>.<act>`."""
        return self.loop.event(self.act)

    @property
    def files(self) -> bool:
        """Whether it makes the thing."""
        return self.steps[0].files

    @property
    def param(self) -> str:
        """How the record is named among the arguments; "" when filing."""
        if self.files:
            return ""
        return self.options.child.param if self.options.child else self.options.param or self.loop.param

    def __call__(self, *, by: Any, at: datetime, key: str = "", **given: Any) -> Any:
        declared = _declared.get()
        if declared is not None and self.name not in declared:
            raise RuntimeError(f"this page does not declare that it does {self.name}")
        with _undeclared():
            return self._tried(by=by, at=at, key=key, given=given)

    def _tried(self, *, by: Any, at: datetime, key: str, given: dict[str, Any]) -> Any:
        asked = self.digest(given) if key else ""
        outermost = not connection.in_atomic_block
        for left in range(_TRIES, 0, -1):
            try:
                with transaction.atomic():
                    return self._once(by=by, at=at, key=key, digest=asked, given=dict(given))
            except _Done as done:
                return self.answer(done.event)
            except _Unchanged as found:
                return found.answer
            except (IntegrityError, Refusal):
                # The first of two equal requests may have been done meanwhile: it may have moved the record out of
                # sight, changed its state, taken its key or its place. Then its answer is the answer to both.
                if known := journal.receipt(by=by, key=key, key_digest=asked):
                    return self.answer(known)
                raise
            except OperationalError as error:
                if not outermost or left == 1 or getattr(error.__cause__, "sqlstate", "") != _DEADLOCK:
                    raise
        raise AssertionError("unreachable")

    def digest(self, given: Mapping[str, Any]) -> str:
        """Return the digest of a request, by which a retry is told from another request."""
        if self.options.asked is not None:
            given = {"asked": self.options.asked(given), **{self.param: given.get(self.param)}}
        secret = {asked.name for step in self.steps for asked in step.asks if asked.secret}
        plain = {name: plainly(value) for name, value in given.items()}
        for name in secret & plain.keys():
            plain[name] = salted_hmac("anju.acts", journal.digest(plain[name])).hexdigest()
        return journal.digest([self.name, plain])

    def answer(self, event: Event) -> Any:
        """Return what an earlier equal request was answered with."""
        if self.options.answers is not None:
            return self.options.answers(event)
        made = event.data.get("made")
        if isinstance(made, list):
            return [_fetched(one) for one in made]
        if made:
            return _fetched(made)
        found = self.loop.manager.filter(pk=event.subject_id)
        return found.first() if any(step.target == GONE for step in self.steps) else found.get()

    def run(self, turn: Turn) -> Any:
        """Do the verb's own part, and what several have together, for one."""
        made = self.body(turn, **turn.given)
        if self.options.together is not None:
            self.options.together([turn])
        return made

    def _once(self, *, by: Any, at: datetime, key: str, digest: str, given: dict[str, Any]) -> Any:
        turn = Turn(self.loop, self.steps[0], by, at, key=key, digest=digest)
        if not self.files:
            turn.named = named = given.pop(self.param)
            if self.options.locate is not None:
                named = self.options.locate(named)
            beside = given.get(self.options.beside)
            if isinstance(beside, int) and beside < named:
                self.loop.locked(beside, by=by)
            self.loop.take(turn, named, self)
        # Asked behind the lock, once: the second of two equal requests waited there for the first. Whoever does not
        # get so far (the first has moved the record out of sight) asks when refused.
        if known := journal.receipt(by=by, key=key, key_digest=digest):
            raise _Done(known)
        self.loop.allow(turn, self.act)
        self.loop.read(turn, given)
        return self.loop.finish(turn, self)


@dataclass(frozen=True, slots=True)
class _Options:
    param: str = ""
    child: Child | None = None
    locate: Callable[[Any], Any] | None = None
    asked: Callable[[Mapping[str, Any]], Any] | None = None
    answers: Callable[[Event], Any] | None = None
    together: Callable[[list[Turn]], None] | None = None
    beside: str = ""


@dataclass(eq=False)
class Loop:
    """A kind of thing that acts move.

    model     the record; its `state` column says where it is (`state=""`: a thing without states)
    steps     the table; room: first word of its events
    see       the power by which it is seen; `seen`, the condition instead, where a room has its own
    labels    words of its states; moods: how a state is shown (quiet, active, done, warn, danger)
    roles     whose turn it may be: {role: name of the foreign key to the office, or function of the record → ids}
    noun      how refusals call it; missing: the sentence when there is none within reach
    news      what every event of it says besides (function of the record)
    turns     a further question whose turn it is, asked first: (Turn) → nothing, or raises a Refusal
    choices   what fields offer, by name: function of (record, day, actor) → (key, words) pairs; None for anything
    clocks    where it keeps its clocks
    related, deferred  columns fetched with it and left out when it is locked
    ready     called with the record just locked
    parent    the foreign key to the record above: the thing is a part of it, seen and locked through it
    param     how verbs name it: default `<model>_id`
    by_server its acts may be done by the server too (loading, commands, what a city begins with), without post or power
    addressed its events keep from which address somebody acts: what gives posts, powers and logins
    """

    model: type[models.Model]
    steps: Sequence[Step]
    room: str
    see: str = ""
    labels: Mapping[str, object] = field(default_factory=dict)
    moods: Mapping[str, str] = field(default_factory=dict)
    roles: Mapping[str, str | Callable[[Any], Collection[int]]] = field(default_factory=dict)
    state: str = "state"
    noun: object = ""
    missing: object = ""
    not_yours: object = ""
    no_power: object = ""
    news: Callable[[Any], dict[str, Any]] | None = None
    seen: Callable[[Any], Q] | None = None
    turns: Callable[[Turn], None] | None = None
    choices: Mapping[str, Callable[[Any, date, Any], Iterable[asks.Choice] | None]] = field(
        default_factory=dict
    )
    clocks: Clocks | None = None
    related: tuple[str, ...] = ()
    deferred: tuple[str, ...] = ()
    ready: Callable[[Any], None] | None = None
    parent: "tuple[Loop, str] | None" = None
    param: str = ""
    by_server: bool = False
    addressed: bool = False
    verbs: dict[str, Verb] = field(default_factory=dict, init=False)
    effects: dict[str, Callable[[Turn], None]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.param = self.param or f"{self.model._meta.model_name}_id"
        name = self.model._meta.label_lower
        if name in _loops:
            raise RuntimeError(f"{name} has a Loop already")
        _loops[name] = self
        for step in self.steps:
            known = _events.setdefault(self.event(step.act), (self, step))
            if known[0] is not self:
                raise RuntimeError(f"{self.event(step.act)} is an act of {known[0].model.__name__} already")

    # ------------------------------------------------------------------------------------------------- declaring

    def verb(
        self,
        act: str,
        *,
        param: str = "",
        child: Child | None = None,
        locate: Callable[[Any], Any] | None = None,
        asked: Callable[[Mapping[str, Any]], Any] | None = None,
        answers: Callable[[Event], Any] | None = None,
        together: Callable[[list[Turn]], None] | None = None,
        beside: str = "",
    ) -> Callable[[Body], Verb]:
        """Make a public verb of a function that takes the Turn and what the step asks for.

        An act that files (its step's source is NEW) returns the record it made, or several.

        child    the act is on a part of the record: the part is named, the record locked, then the part
        locate   finds the record's number from what names it (a code), for acts of the public
        asked    what makes two requests equal, where the arguments hold more than was asked for (a draft made anew)
        answers  gives the answer to a repeated request from its event, where the answer is no record
        together what is done for all records at once when many are acted on (numbers taken, files written), after the
                 part that each has of its own; for one record with a list of one
        beside   argument that names another record of the kind: both are locked in the order of their keys, so that two
                 who join the same pair crosswise do not wait for each other
        """

        def declare(body: Body) -> Verb:
            if act in self.verbs:
                raise RuntimeError(f"{self.event(act)} has a verb already")
            made = Verb(self, act, body, _Options(param, child, locate, asked, answers, together, beside))
            self.verbs[act] = made
            return made

        return declare

    def effect(self, name: str) -> Callable[[Callable[[Turn], None]], Callable[[Turn], None]]:
        """Register what steps name under `effects`: a function of the Turn, run before the record is saved; of an act
        that files, when it has been made."""

        def declare(do: Callable[[Turn], None]) -> Callable[[Turn], None]:
            self.effects[name] = do
            return do

        return declare

    def event(self, act: str) -> str:
        """Return the name of the event that an act leaves."""
        return f"{self.room}.{act}"

    @property
    def manager(self) -> Any:
        """The model's manager."""
        return self.model._default_manager

    # --------------------------------------------------------------------------------------------- seeing, locking

    def condition(self, by: Any) -> Q:
        """Return the condition under which an actor sees records of this kind; the system sees all."""
        if by.kind == "system":
            return Q()
        if self.seen is not None:
            return self.seen(by)
        return reach.visible_q(self.model, to=by, power=self.see)

    def locked(self, pk: int, *, by: Any, all_seen: bool = False) -> Any:
        """Lock a record that the actor may see, or say that there is none."""
        if self.parent is not None:
            above, column = self.parent
            owner = self.manager.filter(pk=pk).values_list(f"{column}_id", flat=True).first()
            if owner is None:
                raise NotFound(str(self.missing) or _("没有找到这条记录。"))
            over = above.locked(owner, by=by, all_seen=all_seen)
            row = self._lock(self.manager.filter(pk=pk))
            setattr(row, column, over)
            return row
        seen = Q() if all_seen else self.condition(by)
        row = self._lock(self.manager.filter(seen, pk=pk))
        if row is None:
            raise NotFound(str(self.missing) or _("没有找到这条记录，可能编号有误，或不在您的管辖范围。"))
        return row

    def _lock(self, found: models.QuerySet[Any]) -> Any:
        found = found.select_related(*self.related) if self.related else found
        found = found.defer(*self.deferred) if self.deferred else found
        row = found.select_for_update(of=("self",)).first()
        if row is not None and self.ready is not None:
            self.ready(row)
        return row

    def take(self, turn: Turn, named: Any, verb: Verb) -> None:
        """Lock what an act is on: the record; of a part, the record and then the part; of an `open` act, it alone."""
        step, child = verb.steps[0], verb.options.child
        all_seen = step.who in (PUBLIC, WITHIN)
        if step.open and self.parent is not None:
            turn.row = self._lock(self.manager.filter(pk=named))
            if turn.row is None:
                raise NotFound(str(self.missing) or _("没有找到这条记录。"))
        elif child is None:
            turn.row = self.locked(named, by=turn.by, all_seen=all_seen)
        else:
            part = child.model._default_manager.filter(pk=named)
            owner = part.values_list(f"{child.of}_id", flat=True).first()
            if owner is None:
                raise NotFound(str(child.missing) or str(self.missing) or _("没有找到这条记录。"))
            turn.row = self.locked(owner, by=turn.by, all_seen=all_seen)
            turn.child = part.select_for_update(of=("self",)).get()
            setattr(turn.child, child.of, turn.row)
        turn.kept = _columns(turn.row)

    # ------------------------------------------------------------------------------------------------ may it be done

    def state_of(self, row: Any) -> str:
        """Return where a record is; "" for a kind of thing without states."""
        return str(getattr(row, self.state)) if self.state and row is not None else ""

    def allow(self, turn: Turn, act: str) -> None:
        """Find the step and set it on the Turn; refuse what the state, the turn, the power or a guard forbids."""
        turn.before = self.state_of(turn.row)
        steps = [step for step in self.steps if step.act == act]
        found = next((s for s in steps if s.files or s.possible(turn.before)), None)
        if found is None:
            self._refuse_state(turn, steps[0])
        turn.step, turn.target, turn.basis = found, found.target, found.basis
        turn.starts, turn.stops = found.starts, found.stops
        self.require_turn(turn)
        for guard in found.when:
            if blocked := guard(turn.row, turn.today):
                data: dict[str, Any] = {"allowed": [a for a in blocked.allowed if a in self._own(turn)]}
                if blocked.since:
                    data["since"] = blocked.since.isoformat()
                raise NotAllowedNow(blocked.sentence, data=data, code=blocked.code)

    def _refuse_state(self, turn: Turn, step: Step) -> NoReturn:
        own = [possible.step for possible in self.possible(turn.row, by=turn.by, at=turn.at)]
        state = turn.before
        words = {
            "noun": str(self.noun or _("此件")),
            "state": str(self.labels.get(state, state)),
            "act": str(step.label),
            "possible": _("、").join(str(one.label) for one in own) or _("无"),
        }
        raise NotAllowedNow(
            _("%(noun)s现在是“%(state)s”，不能“%(act)s”。现在可以：%(possible)s。") % words,
            data={"act": step.act, "state": state, "allowed": [one.act for one in own]},
        )

    def _own(self, turn: Turn) -> set[str]:
        return {possible.act for possible in self.possible(turn.row, by=turn.by, at=turn.at)}

    def require_turn(self, turn: Turn) -> None:
        """Refuse whoever lacks the step's power over the record, or whose turn it is not."""
        step, row, by = turn.step, turn.row, turn.by
        if step.who == SYSTEM:
            if by.kind != "system":
                raise NotPermitted(_("这一步由系统自动办理。"), code="not_your_turn")
            return
        if step.who == WITHIN or (self.by_server and by.kind == "system"):
            return
        if self.turns is not None:
            self.turns(turn)
        if step.power and not (by.has(step.power) if row is None else self.holds(by, step.power, row)):
            raise NotPermitted(
                str(self.no_power) or _("您的岗位没有办理这一步的权限，请联系本单位负责人。"),
                data={"power": step.power},
            )
        if row is not None and step.who not in ("", PUBLIC) and not self.is_turn_of(by, step, row):
            raise NotPermitted(
                str(self.not_yours or _("%(noun)s目前由“%(desk)s”办理，请由该单位操作。"))
                % {
                    "noun": str(self.noun or _("此件")),
                    "desk": self.desk_name(step, row),
                    "name": self.desk_name(step, row),
                },
                code="not_your_turn",
                data={"power": step.power},
            )

    def holds(self, by: Any, power: str, row: Any) -> bool:
        """Say whether an actor holds a power over a record, by a post that reaches it.

        With one post, seeing the record and holding the power are enough, unless the power reaches less far than
        sight; somebody with two must not carry the powers of the one into the reach of the other.
        """
        if not by.has(power):
            return False
        if not reach.is_narrowed(self.model, power):
            if len(by.organisation_ids) < 2:
                return True
            if self.parent is not None:
                above, column = self.parent
                return above.holds(by, power, getattr(row, column))
            if self.seen is not None:
                return True
        return reach.visible(self.model, to=by, power=power).filter(pk=row.pk).exists()

    def is_turn_of(self, by: Any, step: Step, row: Any) -> bool:
        """Say whether one of the step's roles on the record is an office of the actor."""
        return any(self.offices(role, row) & set(by.organisation_ids) for role in step.who.split("|"))

    def offices(self, role: str, row: Any) -> set[int]:
        """Return the numbers of the offices that a role of the record means."""
        column = self.roles[role]
        found = column(row) if callable(column) else {getattr(row, f"{column}_id")}
        return {one for one in found if one is not None}

    def desk_name(self, step: Step, row: Any) -> str:
        """Return the name of whoever must act, for a refusal."""
        for role in step.who.split("|"):
            column = self.roles[role]
            office = None if callable(column) else getattr(row, column)
            if office is not None:
                return str(office.name)
        return _("待定单位")

    def possible(self, row: Any, *, by: Any, at: datetime) -> list[Possible]:
        """List the acts that are this reader's on a record, in table order, each with what still blocks it."""
        state, day = self.state_of(row), timezone.localtime(at).date()
        found: dict[str, Possible] = {}
        for step in self.steps:
            if not step.pressed or step.who == PUBLIC or not step.possible(state) or step.act in found:
                continue
            if step.who and not self.is_turn_of(by, step, row):
                continue  # said here, without the refusal that would ask whose turn it is
            turn = Turn(self, step, by, at, row=row, before=state)
            try:
                self.require_turn(turn)
            except Refusal:
                continue
            blocked = next((b for guard in step.when if (b := guard(row, day))), None)
            if blocked is None or not blocked.never:
                found[step.act] = Possible(step, blocked)
        return list(found.values())

    # ------------------------------------------------------------------------------------------------------ doing it

    def read(self, turn: Turn, given: Mapping[str, Any]) -> None:
        """Read what was given by the step's fields; the note of the event is the act's own words."""

        def offered(asked: asks.Field) -> Iterable[asks.Choice] | None:
            return self.offered(asked, turn.row, turn.today, turn.by)

        reading = asks.Reading(timezone.get_default_timezone(), offered)
        turn.given = asks.read(turn.step.asks, given, reading)
        turn.note = next((turn.given[name] for name in _WORDS if isinstance(turn.given.get(name), str)), "")

    def offered(self, asked: asks.Field, row: Any, day: date, by: Any) -> Iterable[asks.Choice] | None:
        """Return what a field offers to choose from, or None where anything goes."""
        if isinstance(asked.choices, str):
            return self.choices[asked.choices](row, day, by)
        return asked.choices or None

    def finish(self, turn: Turn, verb: Verb | None) -> Any:
        """Do the verb's own part, move clocks and state, save, record, and take what follows; return the answer."""
        made = verb.run(turn) if verb is not None else None
        if not turn.step.files:
            self._settle(turn)
            # What is frozen (an issued paper, a published figure) may be acted on without being written.
            if _columns(turn.row) != turn.kept:
                turn.row.save()
        elif turn.subject is None:
            turn.row = made
            for name in turn.step.effects:
                self.effects[name](turn)
            if turn.starts and self.clocks is not None:
                self.clocks.move(turn)
                turn.row.save()
        else:
            turn.made = made
        event = self._record(turn)
        for leaf in _leaf_writers if turn.step.leaf else ():
            leaf(turn.step.leaf, turn, event)
        if turn.step.long:
            jobs_app.configure_task(name="foundation.end_long_act").defer(
                verb=self.event(turn.step.long), pk=turn.row.pk, key=derived(str(event.pk), turn.step.long)
            )
        for act, note, facts in turn.following:
            self._follow(turn, act, note, facts)
        if turn.target == GONE:
            turn.row.delete()
            return None
        return next(one for one in (turn.answer, turn.made, turn.child, turn.row) if one is not None)

    def _settle(self, turn: Turn) -> None:
        """Set the state, run the effects and move the clocks of a row that the verb has changed; the caller saves."""
        if self.state and turn.target not in (None, GONE):
            setattr(turn.row, self.state, turn.target)
        for name in turn.step.effects:
            self.effects[name](turn)
        if self.clocks is not None:
            self.clocks.move(turn)

    def _record(self, turn: Turn) -> Event:
        data = self.news(turn.row) if self.news is not None and turn.row is not None else {}
        if self.state and turn.row is not None:
            data = data | {"state": self.state_of(turn.row)}
        if self.addressed:
            data = data | journal.origin(turn.by)
        data = data | turn.facts
        if turn.child is not None:
            data["child"] = turn.child.pk
        made = turn.made if turn.made is not None else turn.child
        if made is not None:
            data["made"] = [_named(one) for one in made] if isinstance(made, list) else _named(made)
        return journal.record(
            self.event(turn.step.act),
            subject=turn.row if turn.subject is None else turn.subject,
            by=turn.by,
            at=turn.at,
            note=turn.note,
            basis=turn.basis,
            data=data,
            key=turn.key,
            key_digest=turn.digest,
        )

    def _follow(self, turn: Turn, act: str, note: str, facts: dict[str, Any]) -> None:
        state = self.state_of(turn.row)
        step = next((s for s in self.steps if s.act == act and s.possible(state)), None)
        if step is None:
            raise RuntimeError(f"{self.event(act)} cannot follow in the state {state!r}")
        next_ = Turn(
            self, step, turn.by, turn.at, row=turn.row, note=note, basis=step.basis, facts=dict(facts),
            target=step.target, starts=step.starts, stops=step.stops, before=state,
            kept=_columns(turn.row), given={"note": note} if note else {},
        )  # fmt: skip
        with suppress(_Unchanged):
            self.finish(next_, self.verbs.get(act))

    # ---------------------------------------------------------------------------------------------- many at once

    def many(
        self,
        act: str,
        found: models.QuerySet[Any],
        *,
        by: Any,
        at: datetime,
        batch: int = 500,
        refused: Callable[[Any, Refusal], None] | None = None,
        **given: Any,
    ) -> int:
        """Do an act on every record found, some hundreds in a transaction, and return how many were done.

        Rows that another worker holds are left to it, rows that are in another state by now are left alone: the act
        may run in several workers at once and is done once for each record. Columns are written in one statement, the
        events too. What refuses one record (a turn, a guard, the verb) leaves that one out and is told to `refused`.
        """
        within = any(step.act == act and step.who == WITHIN for step in self.steps)
        seen = (found if within else found.filter(self.condition(by))).order_by("pk")
        if self.related:
            seen = seen.select_related(*self.related)
        done, last = 0, 0
        while True:
            misses: list[tuple[Any, Refusal]] = []
            with transaction.atomic():
                rows = seen.filter(pk__gt=last).select_for_update(of=("self",), skip_locked=True)
                turns = [Turn(self, self.steps[0], by, at, row=row) for row in rows[:batch]]
                done += self._do_all(act, turns, given, misses)
            for row, refusal in misses if refused is not None else ():
                refused(row, refusal)
            if len(turns) < batch:
                return done
            last = turns[-1].row.pk

    def _do_all(
        self, act: str, turns: list[Turn], given: dict[str, Any], misses: list[tuple[Any, Refusal]]
    ) -> int:
        """Do an act on locked rows, all in one go; each by itself when what they do together is refused."""
        missed: list[tuple[Any, Refusal]] = []
        try:
            with transaction.atomic():
                done = self._do_together(act, turns, given, missed)
        except Refusal as refusal:
            if len(turns) == 1:
                misses.append((turns[0].row, refusal))
                return 0
            for turn in turns:
                turn.row.refresh_from_db()
            again = [Turn(self, turn.step, turn.by, turn.at, row=turn.row) for turn in turns]
            return sum(self._do_all(act, [turn], given, misses) for turn in again)
        misses += missed
        return done

    def _do_together(
        self, act: str, turns: list[Turn], given: dict[str, Any], missed: list[tuple[Any, Refusal]]
    ) -> int:
        verb, done = self.verbs.get(act), []
        for turn in turns:
            turn.kept = _columns(turn.row)
            try:
                with transaction.atomic():
                    self.allow(turn, act)
                    self.read(turn, given)
                    if verb is not None:
                        verb.body(turn, **turn.given)
                    self._settle(turn)
            except _Unchanged:
                continue
            except Refusal as refusal:
                missed.append((turn.row, refusal))
            else:
                done.append(turn)
        if done and verb is not None and verb.options.together is not None:
            verb.options.together(done)
        changed = {n for turn in done for n, value in _columns(turn.row).items() if value != turn.kept.get(n)}
        if changed:
            self.manager.bulk_update([turn.row for turn in done], sorted(changed))
        for turn in done:
            self._record(turn)
            for next_, note, facts in turn.following:
                self._follow(turn, next_, note, facts)
        return len(done)


def _columns(row: models.Model) -> dict[str, Any]:
    """Return what a record's columns hold, its key and what was not fetched left out; lists and mappings copied."""
    names = [column.attname for column in row._meta.concrete_fields if not column.primary_key]
    held = {name: row.__dict__[name] for name in names if name in row.__dict__}
    return {n: deepcopy(value) if isinstance(value, (list, dict)) else value for n, value in held.items()}


def plainly(value: Any) -> Any:
    """Return a value as JSON can say it, so that equal requests are equal: files by their bytes, records by number."""
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    if isinstance(value, bytes):
        return ["bytes", hashlib.sha256(value).hexdigest()]
    if isinstance(value, models.Model):
        return [value._meta.label_lower, value.pk]
    if isinstance(value, models.QuerySet):
        return [plainly(one) for one in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: plainly(getattr(value, one.name)) for one in fields(value)}
    if hasattr(value, "read") and hasattr(value, "seek"):
        return ["file", _file_digest(value)]
    if hasattr(value, "file") and hasattr(value.file, "read"):
        return ["file", _file_digest(value.file)]
    if isinstance(value, Mapping):
        return {str(name): plainly(one) for name, one in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted((plainly(one) for one in value), key=str)
    if isinstance(value, Iterable):
        return [plainly(one) for one in value]
    return str(value)


def _file_digest(file: Any) -> str:
    at = file.tell() if hasattr(file, "tell") else 0
    file.seek(0)
    digest = hashlib.sha256()
    while part := file.read(1 << 16):
        digest.update(part)
    file.seek(at)
    return digest.hexdigest()


def _named(record: models.Model) -> str:
    return f"{record._meta.label_lower}:{record.pk}"


def _fetched(name: str) -> Any:
    label, _colon, pk = name.partition(":")
    return apps.get_model(label)._default_manager.get(pk=int(pk))


@contextmanager
def _undeclared() -> Iterator[None]:
    token = _declared.set(None)
    try:
        yield
    finally:
        _declared.reset(token)


@contextmanager
def declared(names: Collection[str]) -> Iterator[None]:
    """Hold whatever runs inside to the verbs that a page declares."""
    token = _declared.set(frozenset(names))
    try:
        yield
    finally:
        _declared.reset(token)


def is_declared(name: str) -> bool:
    """Say whether the page that runs now may do an act; where no page runs, everything may be done."""
    declared_ = _declared.get()
    return declared_ is None or name in declared_


def loops() -> list[Loop]:
    """List every kind of thing there is, by the name of its model."""
    return [_loops[name] for name in sorted(_loops)]


def loop_of(model: type[models.Model] | models.Model) -> Loop | None:
    """Return the Loop of a kind of thing, or None."""
    return _loops.get(model._meta.label_lower)


def verbs() -> dict[str, Verb]:
    """Return every verb there is: {"orders.serve": Verb}."""
    return {verb.name: verb for loop in loops() for verb in loop.verbs.values()}


def step_of(event_name: str) -> tuple[Loop, Step] | None:
    """Return the kind of thing and the step that an event's name says, or None for news that is no act."""
    return _events.get(event_name)


def writes_leaves(writer: Callable[[str, Turn, Event], None]) -> None:
    """Let the public record write the leaf that a step names, in the act's transaction."""
    if writer not in _leaf_writers:
        _leaf_writers.append(writer)


__all__ = [
    "ANY", "GONE", "PUBLIC", "SYSTEM", "WITHIN", "Child", "Loop", "Possible", "Turn", "Verb", "declared",
    "derived", "loop_of", "loops", "plainly", "step_of", "verbs", "writes_leaves",
]  # fmt: skip
