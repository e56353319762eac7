"""The half-year as rows: what `half_year` has drawn, written into the tables of the duties."""

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import models
from django.utils import timezone

from anju.duties.cases import rules
from anju.duties.cases.models import Case
from anju.duties.cases.queries import catalogue
from anju.duties.cases.rules import State
from anju.duties.inspections.models import Duty, Finding, Unit, Visit, VisitOfficer, VisitPart
from anju.duties.inspections.queries import checklists
from anju.duties.inspections.rules import VisitState
from anju.duties.inspections.services import coverage, register
from anju.duties.orders.models import Order, OrderLine
from anju.duties.orders.rules import OrderState
from anju.duties.penalties.models import Payment, Penalty, PenaltyOfficer
from anju.duties.penalties.rules import PenaltyState
from anju.ground.access.actors import Actor
from anju.ground.foundation import pinyin
from anju.ground.foundation.models import Event
from anju.ground.organisations.models import Organisation, Person
from anju.ground.territory.models import Area, Estate
from anju.ground.territory.rules import name_key

from .bulk import copy, take_ids
from .city import City

_PLACED = ("city_id", "county_id", "street_id", "community_id", "division_id")
# The great tables, whose foreign keys are checked when all rows are there.
TABLES = (Unit, Duty, Visit, VisitPart, VisitOfficer, Case, Finding, Order, OrderLine)
EVENT = (
    *("name", "subject_type", "subject_id", "actor_kind", "actor_id", "actor_name", "actor_post"),
    *("at", "recorded_at", "note", "basis", "data"),
)


class DoesNotAddUp(AssertionError):
    """The half-year that was made is not the one that was wanted: a bug of the generator."""


@dataclass(slots=True)
class Community:
    """A community with its station."""

    area: Area
    station: Organisation
    urban: bool
    weight: float
    placed: tuple[Any, ...]
    street_code: str


@dataclass(slots=True)
class Place:
    """A unit to be checked: its row, its place, and what it is like."""

    id: int
    kind: str
    name: str
    where: str  # old | new | venue | office
    home: Community
    estate: Estate | None
    mean: float
    high: bool = False
    new: bool = True
    buildings: int = 8
    address: str = ""
    responsible: str = ""
    company_id: int | None = None


@dataclass(slots=True)
class Seen:
    """One hazard found."""

    id: int
    case_id: int
    code: str
    place: str
    text: str
    cure: str
    due: date
    at_once: bool
    fined: datetime | None = None  # when somebody who would not put it right was fined on the spot


@dataclass(slots=True)
class Check:
    """One visit and what came of it."""

    id: int
    part_id: int
    unit: Place
    began: datetime
    ended: datetime
    seen: list[Seen] = field(default_factory=list)
    again: date | None = None  # the day of the re-check that found everything put right
    missed: date | None = None  # an earlier re-check that did not
    of: "Check | None" = None  # of a re-check: the visit it follows

    @property
    def on(self) -> date:
        return self.began.date()


@dataclass(slots=True)
class Fine:
    """One fine: for which hazard, by which offence, how much, when decided, after how many days paid (None = not)."""

    id: int
    check: Check
    seen: Seen
    offence: str
    article: str
    yuan: int
    party: str
    decided: datetime
    paid_after: int | None
    name: str


def event(
    name: str, model: type[models.Model], pk: int, by: Actor | None, at: datetime, *,
    note: str = "", basis: str = "", data: str = "{}",
) -> tuple[Any, ...]:  # fmt: skip
    """Return one row of the journal, in the order of EVENT; without `by` the installation itself acted."""
    who = ("system", None, "", "") if by is None else (by.kind, by.account_id, by.name, by.post)
    return name, model._meta.label_lower, pk, *who, at, at, note, basis, data


class Rows:
    """Writes the half-year."""

    def __init__(self, city: City, chance: random.Random, book: dict[str, Any]):
        self.city = city
        self.chance = chance
        self.book = book
        self.last: date = book["last"]
        self.leaves = catalogue.classes("hazard", on=self.last)
        self.events: list[tuple[Any, ...]] = []
        self.before: dict[int, date] = {}  # when each unit was last visited
        people = {a.person_id for a in city.actors.values() if a.person_id}
        self.people = {p.pk: p for p in Person.objects.filter(pk__in=people)}

    def save(self, checks: Sequence[Check], again: Sequence[Check], fines: Sequence[Fine]) -> None:
        """Write visits, hazards, orders and fines of one period; the caller's transaction keeps them whole."""
        self.events.clear()
        self._visits(checks, again)
        self._cases(checks)
        self._findings(checks, again)
        self._orders(checks, {fine.check.id: fine.seen for fine in fines})
        self._fines(fines)
        self.events.sort(key=lambda row: row[7])
        copy(Event, EVENT, self.events)
        self.settle_coverage({c.unit.id for c in checks})

    def settle_coverage(self, unit_ids: Iterable[int]) -> None:
        """Say of units when they were last visited and when they are due again."""
        coverage.recompute(unit_ids)

    def rest(self, unit_ids: Sequence[int], *, but: Sequence[int]) -> None:
        """Take units off the list of what is due, but for some."""
        Duty.objects.filter(unit__in=set(unit_ids) - set(but)).update(active=False)

    def _actor(self, unit: Place) -> Actor:
        return self.city.actors[unit.home.station.pk]

    # --- Units -----------------------------------------------------------------------------------------------

    def register(self, units: Sequence[Place]) -> None:
        """Enter the new units in the register, with flags, agencies and duties as the rulebook derives them."""
        registered = date(self.last.year, 1, 1)
        columns = (
            *("id", "kind", "name", "name_key", "initials", "address", "estate_id", "area_id", "responsible"),
            *("agency_id", "registered_on", "is_demo", *_PLACED),
        )
        keys: dict[str, tuple[str, str]] = {}

        def named(name: str) -> tuple[str, str]:
            if name not in keys:
                keys[name] = (name_key(name), pinyin.initials(name)[:120])
            return keys[name]

        copy(Unit, columns, (
            (u.id, u.kind, u.name, *named(u.name), u.address, u.estate.pk if u.estate else None, u.home.area.pk,
             u.responsible, u.home.station.pk, registered, True, *u.home.placed)
            for u in units if u.new
        ))  # fmt: skip
        register.settle([unit.id for unit in units], on=registered)

    # --- Visits ----------------------------------------------------------------------------------------------

    def _visits(self, checks: Sequence[Check], again: Sequence[Check]) -> None:
        every = [*checks, *again]
        columns: tuple[str, ...] = (
            *(
                "id",
                "unit_id",
                "kind",
                "state",
                "agency_id",
                "follows_id",
                "visited_on",
                "began_at",
                "ended_at",
            ),
            *("met", "signed_by", "refusal", "finished_at", "is_demo", *_PLACED),
            *("finished_by_id", "finished_by_name", "finished_by_post"),
        )
        refusal: str = self.book["refusal"]
        refused = {c.id for c in checks if self.chance.random() < self.book["refusal_share"]}
        copy(Visit, columns, (
            (c.id, c.unit.id, "recheck" if c.of else "daily", VisitState.FINISHED, c.unit.home.station.pk,
             c.of.id if c.of else None, c.on, c.began, c.ended, c.unit.responsible,
             "" if c.id in refused else c.unit.responsible, refusal if c.id in refused else "", c.ended, True,
             *c.unit.home.placed, by.account_id, by.name, by.post)
            for c in every for by in (self._actor(c.unit),)
        ))  # fmt: skip
        previous: dict[int, date | None] = {}
        for check in sorted(every, key=lambda c: (c.on, c.id)):
            previous[check.id] = self.before.get(check.unit.id)
            self.before[check.unit.id] = check.on
        lists = {
            where: (key, checklists.find(key, on=self.last).edition)
            for where, key in self.book["checklists"].items()
        }
        columns = (
            *(
                "id",
                "visit_id",
                "unit_id",
                "unit_kind",
                "kind",
                "agency_id",
                "agency_kind",
                "checklist",
                "edition",
            ),
            *("conclusion", "concluded_at", "visited_on", "previous_on", "is_old_community", "is_high_rise"),
            *("findings_count", "is_demo", *_PLACED),
        )
        copy(VisitPart, columns, (
            (c.part_id, c.id, c.unit.id, c.unit.kind, "recheck" if c.of else "daily", c.unit.home.station.pk,
             "police_station", *lists[c.unit.where], self._conclusion(c), c.ended, c.on, previous[c.id],
             c.unit.where == "old", c.unit.high, len(c.seen), True, *c.unit.home.placed)
            for c in every
        ))  # fmt: skip
        copy(VisitOfficer, ("part_id", "person_id", "name", "badge"), self._officers(every))
        for check in every:
            data = f'{{"unit": {check.unit.id}, "findings": {len(check.seen)}}}'
            self.events.append(
                event(
                    "inspections.finish",
                    Visit,
                    check.id,
                    self._actor(check.unit),
                    check.ended,
                    data=data,
                )
            )

    def _officers(self, every: Sequence[Check]) -> Iterator[tuple[Any, ...]]:
        for check in every:
            actor = self._actor(check.unit)
            person = self.people.get(actor.person_id or 0)
            yield check.part_id, actor.person_id, actor.name, person.badge_number if person else ""

    def _conclusion(self, check: Check) -> str:
        if check.of:
            return "problems" if check.on == check.of.missed else "clean"
        if not check.seen:
            return "clean"
        return "corrected" if all(s.at_once for s in check.seen) else "problems"

    # --- Hazards ---------------------------------------------------------------------------------------------

    def _closed(self, check: Check, seen: Seen) -> datetime:
        if seen.at_once or check.again is None:
            # Who was fined for refusing gave way only then.
            return max(check.ended, seen.fined or check.ended) + timedelta(minutes=5)
        return datetime.combine(check.again, time(16, 30 + seen.id % 29), check.began.tzinfo)

    def _cases(self, checks: Sequence[Check]) -> None:
        columns = (
            *("id", "kind", "class_code", "severity", "state", "channel", "text", "place", "estate_id"),
            *(
                "longitude",
                "latitude",
                "dispatcher_id",
                "checker_id",
                "company_id",
                "reported_at",
                "assigned_at",
            ),
            *(
                "accepted_at",
                "submitted_at",
                "closed_at",
                "verified_at",
                "on_time",
                "closing_text",
                "public_text",
                "published_at",
                "is_demo",
            ),
            *("search", *_PLACED),
        )
        copy(Case, columns, self._case_rows(checks))

    def _case_rows(self, checks: Sequence[Check]) -> Iterator[tuple[Any, ...]]:
        for check in checks:
            unit, station = check.unit, check.unit.home.station.pk
            actor = self._actor(unit)
            estate = unit.estate
            label = estate.name if estate else unit.name
            for seen in check.seen:
                leaf, closed = self.leaves[seen.code], self._closed(check, seen)
                on_time = closed.date() <= seen.due
                text = f"{label}{seen.text}"
                yield (
                    seen.case_id, "hazard", seen.code, leaf.severity, State.CLOSED, "field", text, seen.place,
                    estate.pk if estate else None, estate.longitude if estate else None,
                    estate.latitude if estate else None, station, station, unit.company_id, check.began, check.began,
                    check.began, closed, closed, check.began, on_time, seen.cure, seen.cure, closed, True,
                    rules.grams(text), *unit.home.placed,
                )  # fmt: skip
                self.events.append(event(
                    "cases.report", Case, seen.case_id, actor, check.began, basis=leaf.basis[0],
                    data=f'{{"class": "{seen.code}", "state": "reported", "visit": {check.id}}}',
                ))  # fmt: skip
                self.events.append(event(
                    "cases.close", Case, seen.case_id, actor, closed, note=seen.cure,
                    data=f'{{"state": "closed", "on_time": {str(on_time).lower()}}}',
                ))  # fmt: skip

    def _findings(self, checks: Sequence[Check], again: Sequence[Check]) -> None:
        columns = (
            *(
                "id",
                "visit_id",
                "part_id",
                "unit_id",
                "unit_kind",
                "case_id",
                "class_code",
                "top_class",
                "severity",
            ),
            *("place", "text", "agency_id", "agency_kind", "found_on", "at_once", "is_new", "counted"),
            *("rectified_on", "is_old_community", "is_high_rise", "is_demo", *_PLACED),
        )
        repeated = [
            (c, c.of, seen)
            for c in again
            if c.of and c.on == c.of.missed
            for seen in c.of.seen
            if not seen.at_once
        ]
        more = iter(take_ids(Finding, len(repeated)))
        rows = [(c, c, s, s.id, True) for c in checks for s in c.seen]
        rows += [(c, of, s, next(more), False) for c, of, s in repeated]
        copy(Finding, columns, (
            (number, at.id, at.part_id, at.unit.id, at.unit.kind, s.case_id, s.code, self.leaves[s.code].groups[0][0],
             self.leaves[s.code].severity, s.place, s.text, at.unit.home.station.pk, "police_station", at.on,
             s.at_once, fresh, fresh, self._closed(of, s).date(), at.unit.where == "old", at.unit.high, True,
             *at.unit.home.placed)
            for at, of, s, number, fresh in rows
        ))  # fmt: skip

    # --- Orders and fines ------------------------------------------------------------------------------------

    def _orders(self, checks: Sequence[Check], fined: dict[int, Seen]) -> None:
        """One order for each visit that left a term, and one on the spot for each hazard that was fined afterwards."""
        wanted: list[tuple[Check, list[Seen], bool]] = []
        for check in checks:
            if at_once := fined.get(check.id):
                wanted.append((check, [at_once], False))
            if timed := [s for s in check.seen if not s.at_once and s is not at_once]:
                wanted.append((check, timed, True))
        numbers: dict[int, int] = defaultdict(int)
        orders, lines = [], []
        for (check, seen, timed_order), number in zip(wanted, take_ids(Order, len(wanted)), strict=True):
            station = check.unit.home.station
            numbers[station.pk] += 1
            own = f"{station.document_code}〔{check.on.year}〕{numbers[station.pk]:04d}"
            orders.append((
                number, "timed" if timed_order else "immediate", OrderState.COMPLIED, check.unit.id, check.id,
                station.pk, check.unit.company_id, check.unit.name, check.ended,
                max(s.due for s in seen) if timed_order else None, check.ended, "direct",
                check.unit.responsible or check.unit.name, check.again or check.on, own, True,
                *check.unit.home.placed,
            ))  # fmt: skip
            lines += [(number, s.case_id, s.id, s.code, s.place, s.text, s.due) for s in seen]
        columns = (
            *(
                "id",
                "kind",
                "state",
                "unit_id",
                "visit_id",
                "agency_id",
                "company_id",
                "recipient",
                "issued_at",
            ),
            *("due_on", "served_at", "served_how", "served_to", "complied_on", "source_number", "is_demo"),
            *_PLACED,
        )
        copy(Order, columns, orders)
        copy(
            OrderLine,
            ("order_id", "case_id", "finding_id", "class_code", "place", "text", "due_on"),
            lines,
        )

    def _fines(self, fines: Sequence[Fine]) -> None:
        numbers: dict[int, int] = defaultdict(int)
        rows, officers, payments = [], [], []
        for fine in sorted(fines, key=lambda f: f.decided):
            check, unit = fine.check, fine.check.unit
            station, actor = unit.home.station, self._actor(unit)
            numbers[station.pk] += 1
            day = timezone.localtime(fine.decided).date()
            own = f"{station.document_code}〔{self.last.year}〕{numbers[station.pk]:04d}"
            paid_on = None if fine.paid_after is None else day + timedelta(days=fine.paid_after)
            person = fine.party == "person"
            simple = fine.yuan <= (200 if person else 3000)
            rows.append((
                fine.id, fine.offence, date(2020, 9, 1), fine.article,
                PenaltyState.PAID if paid_on else PenaltyState.DECIDED, "simple" if simple else "ordinary",
                station.pk, "police_station", fine.seen.case_id, fine.seen.id, check.id, unit.id,
                # A person's fine is no business of the company that serves the place.
                None if person else unit.company_id, fine.party,
                _masked(fine.name) if person else unit.name, fine.seen.text, fine.seen.code,
                self.leaves[fine.seen.code].groups[0][0], unit.where == "old", unit.kind,
                # An order was refused where the article asks for that; the others were put right.
                fine.offence == "corridor_charging", True, check.ended,
                fine.yuan, fine.yuan, fine.decided, day, fine.decided, day + timedelta(days=15),
                fine.yuan if paid_on else 0, paid_on, own, True, *unit.home.placed,
            ))  # fmt: skip
            known = self.people.get(actor.person_id or 0)
            officers.append((fine.id, actor.person_id, actor.name, known.badge_number if known else ""))
            if paid_on is not None:
                at = datetime.combine(paid_on, time(15, 0), fine.decided.tzinfo)
                payments.append((fine.id, fine.yuan, 0, paid_on, "bank", f"{fine.id:08d}", actor.name, at))
            basis = fine.article
            data = f'{{"amount": "{fine.yuan}.00", "offence": "{fine.offence}"}}'
            self.events.append(
                event(
                    "penalties.decide_simple",
                    Penalty,
                    fine.id,
                    actor,
                    fine.decided,
                    basis=basis,
                    data=data,
                )
            )
        columns = (
            *(
                "id",
                "offence",
                "edition",
                "article",
                "state",
                "procedure",
                "agency_id",
                "agency_kind",
                "case_id",
            ),
            *(
                "finding_id",
                "visit_id",
                "unit_id",
                "company_id",
                "party_kind",
                "party_name",
                "facts",
                "class_code",
            ),
            *("top_class", "is_old_community", "unit_kind", "refused_correction", "corrected", "filed_at"),
            *("proposed_amount", "amount", "decided_at", "decided_on", "served_at", "pay_by", "paid_amount"),
            *("paid_on", "source_number", "is_demo", *_PLACED),
        )
        copy(Penalty, columns, rows)
        copy(PenaltyOfficer, ("penalty_id", "person_id", "name", "badge"), officers)
        copy(
            Payment,
            (
                "penalty_id",
                "principal",
                "surcharge",
                "paid_on",
                "way",
                "receipt",
                "recorded_by",
                "recorded_at",
            ),
            payments,
        )


def _masked(name: str) -> str:
    return name[:1] + "*" * (len(name) - 1)
