"""The last weeks of inspections, orders, penalties and transfers in the demo city, told by the verbs that officers use.

Every state of every loop stands somewhere: a visit planned, open, signed, re-checked; an order waiting for service and
one overdue; a fine on the spot and one by the ordinary procedure; a transfer that nobody has answered.
"""

import random
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from anju.duties.cases.models import Case
from anju.duties.inspections.models import Unit, Visit
from anju.duties.inspections.services import checking, register
from anju.duties.inspections.services import visits as services
from anju.duties.inspections.services.checking import Upload
from anju.duties.majors import services as majors
from anju.duties.objections import services as objections
from anju.duties.orders.models import Order
from anju.duties.orders.queries import matters
from anju.duties.orders.services import orders, sealings
from anju.duties.penalties.services import penalties
from anju.duties.penalties.services.penalties import Accused, Measure
from anju.duties.transfers import services as transfers
from anju.duties.transfers.models import Transfer
from anju.ground.access.actors import Actor
from anju.ground.foundation import calendar, ladder
from anju.ground.organisations.models import Person
from anju.ground.territory.models import Area

from .city import City, book
from .pictures import photo


class DutyStories:
    """Tells the stories of one street: its station, the county's fire brigade, the street office."""

    def __init__(self, city: City, chance: random.Random, *, now: datetime):
        self.city = city
        self.chance = chance
        self.now = now
        self.book: dict[str, Any] = book("duty_stories")
        self.seeds = count(7000)
        self.people: dict[str, Actor] = city.logins
        street = city.offices["street_office@410702002"].area
        assert isinstance(street, Area)
        here = Unit.objects.filter(street=street, ended_on__isnull=True).order_by("pk")
        self.estates = list(here.filter(kind="estate").select_related("estate")[:40])
        self.shops = list(here.filter(kind__startswith="small_")[:40])
        self.station = [self.people["chen"], self.people["ma"]]
        self.brigade = [self.people["zhao"], self.people["gao"]]

    def tell(self) -> None:
        """Tell every story, the oldest first."""
        self._transfer_closed(self._ago(24))
        self._order_overdue(self._ago(13))
        self._rechecked(self._ago(11))
        self._transfer_unanswered(self._ago(10))
        self._ordinary_penalties(self._ago(9))
        self._transfer_under_way(self._ago(8))
        self._sealed(self._ago(6))
        self._major(self._ago(6))
        self._fined_on_the_spot(self._ago(5))
        self._transfer_refused(self._ago(4))
        self._order_running(self._ago(2))
        self._order_to_serve(self._ago(1))
        ladder.climb_all(at=self.now)
        orders.mark_overdue(at=self.now)
        self._under_way()
        self._planned()
        self._spelt_differently()

    # --- Helpers ---------------------------------------------------------------------------------------------

    def _ago(self, workdays: int) -> datetime:
        """Return ten o'clock of the day so many working days ago."""
        known, day = calendar.current(), timezone.localtime(self.now).date()
        while workdays:
            day -= timedelta(days=1)
            workdays -= known.is_workday(day)
        return datetime(day.year, day.month, day.day, 10, 5, tzinfo=timezone.get_current_timezone())

    def _later(self, at: datetime, **step: float) -> datetime:
        return min(at + timedelta(**step), self.now - timedelta(minutes=2))

    def _ids(self, officers: list[Actor]) -> list[int]:
        return [actor.person_id for actor in officers if actor.person_id is not None]

    def _badges(self, officers: list[Actor]) -> list[tuple[str, str]]:
        people = Person.objects.in_bulk(self._ids(officers))
        return [(p.name, p.badge_number) for p in people.values()]

    def _photo(self, scene: str, at: datetime, *, seed: int, fixed: bool = False) -> Upload:
        picture = photo(scene, fixed=fixed, seed=seed, taken_at=timezone.localtime(at), point=None)
        return Upload(SimpleUploadedFile(self.book["photo_name"], picture, content_type="image/jpeg"))

    def _unit(self, *, shop: bool = False, high: bool | None = None) -> Unit:
        pool = self.shops if shop else self.estates
        fit = [
            u for u in pool if high is None or (u.estate is not None and u.estate.is_high_rise is high)
        ] or pool
        unit = self.chance.choice(fit)
        pool.remove(unit)
        return unit

    def _visit(
        self, unit: Unit, at: datetime, findings: list[str], *, officers: list[Actor], finish: bool = True
    ) -> Visit:
        """Visit a unit and find what `duty_stories.yaml` says under these names."""
        by = officers[0]
        visit = services.begin_visit(
            unit_id=unit.pk,
            officer_ids=self._ids(officers),
            met=unit.responsible or self.book["met"],
            by=by,
            at=at,
        )
        at_once = True
        for name in findings:
            entry = self.book["findings"][name]
            at = self._later(at, minutes=6)
            checking.add_finding(
                visit_id=visit.pk, class_code=entry["class"], place=entry["place"], text=entry["text"],
                at_once=entry.get("at_once", False), by=by, at=at,
                uploads=[self._photo(entry["scene"], at, seed=next(self.seeds))] if "scene" in entry else (),
            )  # fmt: skip
            at_once = at_once and entry.get("at_once", False)
        if not finish:
            return visit
        at = self._later(at, minutes=15)
        checking.check_items(visit_id=visit.pk, answers={}, rest="ok", by=by, at=at)
        conclusion = "clean" if not findings else "corrected" if at_once else "problems"
        checking.conclude_part(visit_id=visit.pk, conclusion=conclusion, by=by, at=at)
        checking.sign(visit_id=visit.pk, signed_by=unit.responsible or self.book["met"], by=by, at=at)
        return services.finish_visit(visit_id=visit.pk, by=by, at=at)

    def _case(self, visit: Visit) -> Case:
        found = visit.findings.select_related("case").order_by("pk").first()
        assert found is not None and found.case is not None
        return found.case

    # --- Visits and orders -----------------------------------------------------------------------------------

    def _order(self, visit: Visit, at: datetime, *, due: date | None = None, serve: bool = True) -> Order:
        by = self.station[0]
        matter = matters.of_visit(by, visit.pk, at=at)
        typed = {
            "second_name": self._badges(self.station)[1][0],
            "second_badge": self._badges(self.station)[1][1],
        }
        if due is not None:
            typed["due_on"] = due.isoformat()
        made = orders.order_timed(draft=orders.draft(matter, by=by, at=at, typed=typed), by=by, at=at)
        if serve:
            at = self._later(at, hours=3)
            orders.serve(order_id=made.pk, way="direct", served_to=self.book["met"], by=by, at=at)
        return made

    def _order_overdue(self, at: datetime) -> None:
        unit = self._unit()
        visit = self._visit(unit, at, ["charger", "signs"], officers=self.station)
        self._order(visit, self._later(at, hours=2), due=(at + timedelta(days=7)).date())

    def _order_running(self, at: datetime) -> None:
        visit = self._visit(self._unit(), at, ["charger"], officers=self.station)
        self._order(visit, self._later(at, hours=1))

    def _order_to_serve(self, at: datetime) -> None:
        visit = self._visit(self._unit(shop=True), at, ["extinguisher"], officers=self.station)
        self._order(visit, self._later(at, hours=1), serve=False)

    def _rechecked(self, at: datetime) -> None:
        unit = self._unit(shop=True)
        visit = self._visit(unit, at, ["light"], officers=self.station)
        self._order(visit, self._later(at, hours=1))

    def _under_way(self) -> None:
        """Leave one visit open, as an officer has it in hand at this moment."""
        self._visit(
            self._unit(), self.now - timedelta(minutes=35), ["ebike"], officers=self.station, finish=False
        )

    def _planned(self) -> None:
        today = timezone.localtime(self.now).date()
        by = self.station[0]
        for unit, days in ((self._unit(), 0), (self._unit(shop=True), 0), (self._unit(shop=True), 1)):
            services.plan_visit(
                unit_id=unit.pk, kind="daily", planned_for=today + timedelta(days=days), by=by, at=self.now
            )
        unit = self._unit()
        services.plan_visit(
            unit_id=unit.pk, kind="joint", planned_for=today + timedelta(days=1), by=by, at=self.now,
            agencies=[
                self.city.offices[key].pk
                for key in ("police_station@410702002", "fire_brigade@410702", "street_office@410702002")
            ],
            campaign=self.book["campaign"],
        )  # fmt: skip

    def _spelt_differently(self) -> None:
        """Enter one shop twice more as two other ledgers spell it: suggested as the same, for a person to decide."""
        shop = self._unit(shop=True)
        bare, ending = shop.name.removesuffix(self.book["mark"]), self.book["mark"]
        for spelt in (bare[:-1], f"{bare}{self.book['branch']}"):
            register.add_unit(
                kind=shop.kind, name=f"{spelt}{ending}", area=shop.area, address=shop.address,
                responsible=shop.responsible, is_demo=True, by=self.station[0], at=self.now,
            )  # fmt: skip

    # --- Penalties -------------------------------------------------------------------------------------------

    def _fined_on_the_spot(self, at: datetime) -> None:
        """Charging in a stairwell, told to stop, refused: 200 yuan on the spot."""
        by = self.station[0]
        visit = self._visit(self._unit(), at, ["ebike"], officers=self.station)
        case, at = self._case(visit), self._later(at, hours=1)
        matter = matters.of_case(by, case.pk, at=at)
        told = orders.order_immediate(draft=orders.draft(matter, by=by, at=at, typed={}), by=by, at=at)
        at = self._later(at, minutes=2)
        orders.serve(order_id=told.pk, way="direct", served_to=self.book["met"], by=by, at=at)
        at = self._later(at, minutes=20)
        penalties.penalise_on_the_spot(
            matter=matters.of_case(by, case.pk, at=at), offence="corridor_charging",
            accused=Accused(kind="person", name=self.book["accused"]), facts=self.book["facts"]["charging"],
            officers=self._badges(self.station), measure=Measure(amount=Decimal(200)), refused=True, by=by, at=at,
        )  # fmt: skip

    def _ordinary_penalties(self, at: datetime) -> None:
        """The fire brigade: one notice given, one decided; each begins with a check of its own."""
        by, chief = self.brigade
        for name, until in (("exit", "noticed"), ("lane", "decided")):
            unit = self._unit()
            visit = self._visit(unit, at, [name], officers=self.brigade)
            case, day = self._case(visit), self._later(at, hours=3)
            matter = matters.of_case(by, case.pk, at=day)
            offence = self.book["offences"][name]
            measure = Measure(amount=Decimal(5000), reasons=self.book["reasons"])
            officers = [*self._badges([by]), (self.book["second_officer"], self.book["second_badge"])]
            penalty = penalties.file(
                matter=matter, offence=offence, procedure="ordinary",
                accused=Accused(kind="unit", name=unit.name), facts=self.book["facts"][name],
                officers=officers, by=by, at=day,
            )  # fmt: skip
            day = self._later(day, days=1)
            penalties.give_notice(penalty_id=penalty.pk, measure=measure, by=by, at=day)
            if until == "noticed":
                continue
            day = self._later(day, days=2)
            penalties.take_statement(
                penalty_id=penalty.pk,
                statement=self.book["statement"],
                answer=self.book["answer"],
                by=by,
                at=day,
            )
            day = self._later(day, days=5)
            penalties.propose(penalty_id=penalty.pk, measure=measure, by=by, at=day)
            day = self._later(day, hours=4)
            penalties.decide(penalty_id=penalty.pk, by=chief, at=day)
            objections.object_to(
                penalty_id=penalty.pk,
                by_name=unit.name,
                text=self.book["objection"],
                by=by,
                at=self._later(day, hours=20),
            )

    def _sealed(self, at: datetime) -> None:
        by = self.brigade[1]
        visit = self._visit(self._unit(), at, ["alarm"], officers=self.brigade)
        case, at = self._case(visit), self._later(at, hours=2)
        sealings.seal(
            matter=matters.of_case(by, case.pk, at=at), unit_id=visit.unit_id, ground=self.book["sealing"]["ground"],
            part=self.book["sealing"]["part"], reason=self.book["sealing"]["reason"],
            until=(at + timedelta(days=29)).date(), officers=self._badges(self.brigade), by=by, at=at,
        )  # fmt: skip

    # --- Transfers and major hazards -------------------------------------------------------------------------

    def _transfer(self, at: datetime, finding: str) -> Transfer:
        by = self.station[0]
        visit = self._visit(self._unit(), at, [finding], officers=self.station)
        case, at = self._case(visit), self._later(at, hours=2)
        words = self.book["transfers"][finding]
        made = transfers.draft_transfer(
            case_id=case.pk, kind="referral", receiver_id=self.city.offices["fire_brigade@410702"].pk,
            reason=words["reason"], stopped=words["stopped"],
            evidence_ids=list(case.evidence.values_list("pk", flat=True)), by=by, at=at, is_demo=True,
        )  # fmt: skip
        return transfers.send(transfer_id=made.pk, by=by, at=self._later(at, hours=1))

    def _step(self, made: Transfer, act: str, by: Actor, at: datetime, **more: Any) -> None:
        transfers.LOOP.verbs[act](transfer_id=made.pk, by=by, at=at, **more)

    def _transfer_unanswered(self, at: datetime) -> None:
        """Sent and never signed for: late on three desks."""
        self._transfer(at, "exit_locked")

    def _transfer_under_way(self, at: datetime) -> None:
        made, by = self._transfer(at, "lane"), self.brigade[0]
        self._step(made, "sign_for", by, self._later(at, hours=8))
        self._step(made, "accept", by, self._later(at, days=1))

    def _transfer_refused(self, at: datetime) -> None:
        made, by = self._transfer(at, "built_over"), self.brigade[0]
        self._step(made, "sign_for", by, self._later(at, hours=8))
        self._step(made, "refuse", by, self._later(at, days=1), note=self.book["refusal"])

    def _transfer_closed(self, at: datetime) -> None:
        made, by = self._transfer(at, "exit"), self.brigade[0]
        self._step(made, "sign_for", by, self._later(at, hours=8))
        self._step(made, "accept", by, self._later(at, days=1))
        outcome = self.book["outcome"]
        self._step(
            made, "report_back", by, self._later(at, days=9), outcome=outcome["key"], note=outcome["text"]
        )
        self._step(made, "close", self.station[0], self._later(at, days=10), note=outcome["close"])

    def _major(self, at: datetime) -> None:
        by = self.brigade[0]
        visit = self._visit(self._unit(), at, ["alarm_dead"], officers=self.brigade)
        case, words = self._case(visit), self.book["major"]
        majors.propose(
            case_id=case.pk, place=words["place"], criteria=[words["criterion"]],
            note=words["note"], by=by, at=self._later(at, hours=3), is_demo=True,
        )  # fmt: skip
