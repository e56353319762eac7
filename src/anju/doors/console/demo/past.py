"""Months of closed cases, written in bulk: the same rows and the same journal that the verbs would have left.

Calling the verbs for a thousand cases would take a minute; the first start has seconds. Clocks, routes, states and
event names come from the cases room itself.
"""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from anju.duties.cases import rules
from anju.duties.cases import services as cases
from anju.duties.cases.models import Case, Report
from anju.duties.cases.queries import catalogue, course
from anju.duties.cases.queries.routing import Route, route
from anju.duties.cases.rules import State
from anju.ground.access.actors import PUBLIC, Actor
from anju.ground.foundation import clocks
from anju.ground.foundation.models import Clock, Event
from anju.ground.territory.models import Estate

from .city import City
from .words import Matter, Words

_CHANNELS = ("portal", "staff", "field", "import")
_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


@dataclass
class _Line:
    """One case with what hangs on it, before it has an id."""

    case: Case
    clocks: list[Clock]
    events: list[Event]
    report: Report | None


class Past:
    """Writes closed cases."""

    def __init__(self, city: City, chance: random.Random):
        self.city = city
        self.chance = chance
        self.words = Words(chance)
        self.routes: dict[tuple[int, str], Route] = {}
        self.codes: set[str] = set()

    def write(self, count: int, *, first: datetime, last: datetime) -> int:
        """Write `count` cases reported between two moments, closed before the second; returns how many were kept."""
        span = (last - first).total_seconds()
        # A little more each month, as a city gets to know its platform.
        moments = sorted(first + timedelta(seconds=span * self.chance.random() ** 0.8) for _n in range(count))
        lines = [
            line for at in moments if (line := self._line(self.words.any_hour(at), last=last)) is not None
        ]
        Case.objects.bulk_create([line.case for line in lines], batch_size=500)
        for line in lines:
            for clock in line.clocks:
                clock.subject_id = line.case.pk
        self._bulk(Clock, [clock for line in lines for clock in line.clocks])
        self._bulk(
            Report, [r for line in lines if line.report for r in self._pinned([line.report], line.case)]
        )
        for line in lines:
            for event in line.events:
                event.subject_id = line.case.pk
        self._bulk(Event, sorted((e for line in lines for e in line.events), key=lambda e: e.at))
        return len(lines)

    def _bulk(self, model: Any, rows: list[Any]) -> None:
        model.objects.bulk_create(rows, batch_size=2000)

    def _pinned(self, rows: Iterable[Any], case: Case) -> list[Any]:
        for row in rows:
            row.case = case
        return list(rows)

    def _route(self, estate: Estate, matter: Matter, severity: str, at: datetime) -> Route:
        key = (estate.pk, matter.class_code)
        if key not in self.routes:
            self.routes[key] = route(
                kind=matter.kind,
                class_code=matter.class_code,
                severity=severity,
                channel="staff",
                estate=estate,
                area=estate.area,
                on=timezone.localtime(at).date(),
            )
        return self.routes[key]

    def _line(self, at: datetime, *, last: datetime) -> _Line | None:
        chance, matter = self.chance, self.words.matter()
        estate = chance.choice(self.city.estates)
        chosen = catalogue.find(matter.kind, matter.class_code, on=timezone.localtime(at).date())
        found = self._route(estate, matter, chosen.severity, at)
        if found.handler is None or found.dispatcher is None or found.checker is None:
            return None
        checker = found.dispatcher if found.checker == found.handler else found.checker
        channel = chance.choices(_CHANNELS, (5, 2, 3, 1))[0]
        case = Case(
            kind=matter.kind,
            class_code=matter.class_code,
            severity=chosen.severity,
            channel=channel,
            text=matter.text,
            place=matter.place,
            estate=estate,
            division_id=estate.division_id,
            longitude=estate.longitude,
            latitude=estate.latitude,
            dispatcher=found.dispatcher,
            handler=found.handler,
            checker=checker,
            company=found.company,
            routing_rule=found.rule,
            reported_at=at,
            is_demo=True,
            search=rules.grams(f"{matter.text} {matter.place} {estate.name}"),
        )
        cases.stamp_place(case, estate.area)
        line = _Line(case, [], [], None)
        by = PUBLIC if channel == "portal" else self.city.actors[found.dispatcher.pk]
        self._event(line, "report", by, at, basis=chosen.basis[0], data={
            "class": matter.class_code, "rule": found.rule, "state": State.REPORTED, "desk": found.dispatcher.name,
        })  # fmt: skip
        closed = self._walk(line, matter, chosen, at)
        if closed > last:
            return None
        if channel in ("portal", "staff"):
            line.report = self._report(case, matter, at)
        return line

    def _walk(self, line: _Line, matter: Matter, chosen: catalogue.CaseClass, at: datetime) -> datetime:
        """Lead a case through its steps, sometimes with a detour, and close it; returns when."""
        chance, words, case = self.chance, self.words, line.case
        assert case.dispatcher and case.handler and case.checker
        dispatcher, handler, checker = (
            self.city.actors[office.pk] for office in (case.dispatcher, case.handler, case.checker)
        )
        running = {c.kind: c for c in self._started(line, at, "dispatch", chosen.verify)}
        now = words.office_hour(at, hours=chance.expovariate(1 / 4))
        if chance.random() < 0.03:
            self._step(line, running, "void", dispatcher, now, note=words.note("void"))
            case.state, case.closed_at, case.closing_text = State.VOID, now, line.events[-1].note
            return now
        for returned in (chance.random() < 0.06, False):
            self._step(line, running, "assign", dispatcher, now, starts="accept",
                       handler=case.handler.name, rule=case.routing_rule)  # fmt: skip
            case.assigned_at = now
            now = words.office_hour(now, hours=chance.expovariate(1 / 5))
            if not returned:
                break
            self._step(line, running, "return_back", handler, now, starts="dispatch",
                       note=words.note("return_back"), returned_by=case.handler_id)  # fmt: skip
            case.returns += 1
            now = words.office_hour(now, hours=3)
        verify = min(running["verify"].due_at, words.office_hour(at, hours=chance.uniform(2, 20)))
        case.accepted_at = now
        self._step(line, running, "accept", handler, now, term=chosen)
        if verify > now and chance.random() < 0.8:
            now = words.office_hour(verify)
            case.verified_at = now
            self._step(line, running, "verify", checker, now, note=words.note("verify"))
        late = chance.random() < 0.09
        again = chance.random() < 0.07
        while True:
            term = running["rectify"]
            room = (term.due_at - now).total_seconds() / 3600
            hours = room + chance.uniform(6, 60) if late else max(1.0, room * chance.uniform(0.15, 0.8) - 8)
            now = words.office_hour(now, hours=hours)
            if not late:
                now = min(now, term.due_at - timedelta(hours=1))
            case.submitted_at = now
            self._step(line, running, "submit", handler, now, starts="recheck", note=matter.cure)
            now = words.office_hour(now, hours=chance.uniform(3, 30))
            if not again:
                break
            again = False
            case.send_backs += 1
            self._step(line, running, "send_back", checker, now, starts="rectify_again",
                       note=words.note("send_back"))  # fmt: skip
        case.on_time = course.kept_in_time(line.clocks, at=now)
        self._step(line, running, "close", checker, now, note=matter.check, on_time=case.on_time)
        case.state, case.closed_at, case.closing_text = State.CLOSED, now, matter.check
        case.public_text, case.published_at = matter.check, now
        return now

    def _started(self, line: _Line, at: datetime, *names: str) -> list[Clock]:
        made = [
            clocks.new(line.case, course.rule_of(line.case, name, at), at=at, owner=course.OWNERS)
            for name in names
        ]
        line.clocks += made
        return made

    def _step(
        self,
        line: _Line,
        running: dict[str, Clock],
        act: str,
        by: Actor,
        at: datetime,
        *,
        starts: str = "",
        term: catalogue.CaseClass | None = None,
        note: str = "",
        **data: Any,
    ) -> None:
        step = next(s for s in rules.STEPS if s.act == act)
        ends = step.target in (State.CLOSED, State.VOID)
        for kind in [*running] if ends else step.stops:
            if clock := running.pop(kind, None):
                clock.stopped_at = at
        if term is not None:
            clock = clocks.new(line.case, course.rectify(term), at=at, owner=course.OWNERS)
            line.clocks.append(clock)
            running["rectify"] = clock
        elif starts:
            clock = self._started(line, at, starts)[0]
            running[clock.kind] = clock
        case = line.case
        case.state = step.target or case.state
        desk = {
            State.CHECKING: case.checker,
            State.REPORTED: case.dispatcher,
            State.RETURNED: case.dispatcher,
        }
        office = None if ends else desk.get(case.state, case.handler)
        facts = {"state": case.state, "desk": office.name if office else "", **data}
        self._event(line, act, by, at, basis=step.basis, note=note, data=facts)

    def _event(
        self,
        line: _Line,
        act: str,
        by: Actor,
        at: datetime,
        *,
        basis: str,
        data: dict[str, Any],
        note: str = "",
    ) -> None:
        line.events.append(
            Event(
                name=f"cases.{act}",
                subject_type=Case._meta.label_lower,
                actor_kind=by.kind,
                actor_id=by.account_id,
                actor_name=by.name,
                actor_post=by.post,
                at=at,
                note=note,
                basis=basis,
                data=data,
            )
        )

    def _report(self, case: Case, matter: Matter, at: datetime) -> Report:
        chance = self.chance
        while (code := "".join(chance.choices(_LETTERS, k=10))) in self.codes:
            pass
        self.codes.add(code)
        made = Report(
            case=case,
            code=code,
            text=matter.text,
            anonymous=True,
            reported_at=at,
            reply_due_at=course.reply_by(at),
            reply_basis=course.rule("reply", at=at).term.basis,
            replied_at=case.closed_at,
            reply_text=case.closing_text,
        )
        if case.state == State.CLOSED and case.closed_at and chance.random() < 0.45:
            made.rating = chance.choices((3, 2), (7, 2))[0]
            made.rating_reason = self.words.note("fine")
            made.rated_at = case.closed_at + timedelta(hours=chance.uniform(1, 90))
            case.satisfaction = made.rating
        return made
