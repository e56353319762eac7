"""The last weeks of the demo city: each story calls the verbs of the cases room, in the order of time.

A story is a generator: it does one act and yields the moment of its next. A heap leads all stories through the same
weeks together, with the daily escalation between them; what would happen after now does not happen.
"""

import heapq
import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import count

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from anju.duties.cases import rules
from anju.duties.cases import services as cases
from anju.duties.cases.models import Case, Report
from anju.duties.cases.queries import evidence, public
from anju.duties.cases.services import Reporter, Upload
from anju.duties.orders.services import orders
from anju.ground.access.actors import PUBLIC, Actor
from anju.ground.foundation import ladder, notices
from anju.ground.foundation.models import Notice
from anju.ground.territory.models import Estate

from .city import City
from .pictures import photo
from .words import Matter, Words

Story = Iterator[datetime]
_SHORT = ("EB01", "EB02", "EB03", "EG01", "EG02", "FA01", "ST01")
_LONG = ("FF03", "EG04", "EG05", "EB06", "EL01", "FF01", "EL04", "MG02", "CR01", "FE01", "EB07", "FF07")
_PICTURED = ("EB02", "EB03", "EG02", "FA01", "EG01", "FF03", "EB01", "ST01")


class Stories:
    """Tells all stories up to now."""

    def __init__(self, city: City, chance: random.Random, *, now: datetime):
        self.city = city
        self.chance = chance
        self.words = Words(chance)
        self.now = now
        self.seeds = count(1)
        self.heap: list[tuple[datetime, int, Story]] = []
        self.order = count()
        self.phones = count(1)
        self.marked: dict[str, int] = {}  # kind of story → report whose follow code is fixed afterwards
        self.first_photo: bytes = b""
        first = [e for e in city.estates if self._is_first(e)]
        self.near = first
        self.managed = [e for e in first if city.companies.get(e.pk) == city.offices["property_company@0"]]

    def _is_first(self, estate: Estate) -> bool:
        street = self.city.offices["street_office@410702002"].area
        return street is not None and estate.area.street_id == street.pk

    # --- Telling ---------------------------------------------------------------------------------------------

    def tell(self) -> None:
        """Tell every story."""
        for plot, number, days in self._plots():
            for _n in range(number):
                at = self.words.any_hour(self.now - timedelta(days=self.chance.uniform(*days)))
                self._add(plot(min(at, self.now - timedelta(minutes=20))))
        self._add(self._escalations(self.now - timedelta(days=45)))
        while self.heap:
            at, _n, story = heapq.heappop(self.heap)
            if at > self.now:
                continue
            self._add(story)

    def _add(self, story: Story) -> None:
        """Let a story do its next act; put it back for the one after."""
        if (at := next(story, None)) is not None:
            heapq.heappush(self.heap, (at, next(self.order), story))

    def _escalations(self, at: datetime) -> Story:
        while True:
            at = self.words.office_hour(at + timedelta(days=1))
            yield at
            # Offices sign in the morning for what came the days before.
            waiting = Notice.objects.filter(read_at__isnull=True, at__lt=at - timedelta(hours=6))
            for notice in waiting.exclude(organisation_id=None):
                actor = self.city.actors.get(notice.organisation_id or 0)
                if actor is not None:
                    notices.read_notice(notice_id=notice.pk, by=actor, at=at)
            ladder.climb_all(at=at, kinds=("cases",))

    def _plots(self) -> list[tuple[Callable[[datetime], Story], int, tuple[float, float]]]:
        """List the plots, how often each is told, and how many days ago they begin."""

        def loop(until: str, **more: object) -> Callable[[datetime], Story]:
            return lambda at: self._loop(at, until=until, **more)  # type: ignore[arg-type]

        return [
            (loop("reported", pictured=True), 10, (0.02, 1)),
            (loop("reported", pictured=True, near=True), 3, (0.02, 0.6)),
            (loop("reported"), 2, (4, 6)),
            (loop("assigned", pictured=True), 8, (0.5, 2)),
            (loop("assigned", pictured=True, near=True), 5, (0.6, 1.5)),
            (loop("assigned"), 3, (6, 9)),
            (self._returned, 6, (1, 4)),
            (loop("fixing", codes=_LONG), 20, (1, 5)),
            (loop("fixing", codes=_LONG, near=True), 8, (1, 5)),
            (loop("fixing", codes=_SHORT, pictured=True, near=True), 3, (0.6, 1)),
            (loop("fixing", codes=_SHORT), 7, (5, 16)),
            (loop("checking", pictured=True, near=True), 8, (2, 5)),
            (loop("checking"), 8, (2, 6)),
            (loop("checking"), 2, (9, 12)),
            (loop("sent_back", pictured=True), 5, (6, 12)),
            (loop("sent_back_twice", pictured=True, near=True), 3, (10, 18)),
            (loop("closed", pictured=True, codes=_PICTURED, near=True), 12, (6, 20)),
            (loop("closed", rated=True), 12, (8, 24)),
            (loop("closed", insist=True), 2, (10, 16)),
            (loop("assigned", codes=("CO02", "DE02"), near=True), 2, (0.6, 1.5)),
            (loop("fixing", codes=("CO02",), near=True), 2, (2, 6)),
            (loop("checking", codes=("FF04",), near=True), 2, (2, 3.5)),
            (loop("checking", codes=("MU04", "FS01"), near=True), 2, (2, 3.5)),
            (self._term("suspend", None), 1, (6, 9)),
            (self._term("suspend", True), 3, (12, 25)),
            (self._term("extend", None), 4, (3, 6)),
            (self._term("extend", True), 4, (4, 10)),
            (self._term("extend", False), 2, (4, 10)),
            (self._merged, 5, (2, 9)),
            (self._split, 3, (4, 10)),
            (self._bad_rating, 4, (8, 18)),
            (self._void, 4, (3, 20)),
            (self._pressed, 4, (4, 9)),
            (self._ordered, 2, (3, 5)),
            (self._reused_photo, 1, (7, 9)),
            (self._unsealed, 1, (4, 6)),
        ]

    # --- Acts ------------------------------------------------------------------------------------------------

    def _estate(self, *, near: bool = False, managed: bool = False) -> Estate:
        """Choose an estate; every third lies in the street whose officers can sign in."""
        if managed and self.managed:
            return self.chance.choice(self.managed)
        if near or self.chance.random() < 0.25:
            return self.chance.choice(self.near)
        return self.chance.choice(self.city.estates)

    def _report(
        self,
        at: datetime,
        matter: Matter,
        estate: Estate,
        *,
        channel: str = "",
        seed: int = 0,
        text: str = "",
    ) -> Case:
        chance = self.chance
        channel = channel or chance.choices(("portal", "field", "staff"), (6, 3, 2))[0]
        shift = (chance.uniform(-6e-4, 6e-4), chance.uniform(-5e-4, 5e-4))
        lon, lat = round((estate.longitude or 0) + shift[0], 6), round((estate.latitude or 0) + shift[1], 6)
        by = PUBLIC
        reporter: Reporter | None = Reporter()
        if channel != "portal":
            office = self._office_for(estate, "community_office" if channel == "field" else "street_office")
            by = office
            reporter = Reporter(phone=self._phone()) if channel == "staff" else None
        elif chance.random() < 0.6:
            reporter = Reporter(name=chance.choice(self.words.book["residents"]), phone=self._phone())
        uploads = [self._upload(matter, seed, at, (lon, lat), "report", fixed=False)] if seed else []
        return cases.report(
            kind=matter.kind,
            class_code=matter.class_code,
            text=text or matter.text,
            place=matter.place,
            estate=estate,
            longitude=lon,
            latitude=lat,
            channel=channel,
            reporter=reporter,
            uploads=uploads,
            is_demo=True,
            by=by,
            at=at,
        )

    def _phone(self) -> str:
        # 100… is no mobile number.
        return f"100{next(self.phones):08d}"

    def _office_for(self, estate: Estate, kind: str) -> Actor:
        area = estate.area if kind == "community_office" else estate.area.street
        found = next(
            o for o in self.city.offices.values() if o.kind == kind and o.area_id == getattr(area, "pk", 0)
        )
        return self.city.actors[found.pk]

    def _county(self, case: Case) -> Actor:
        office = next(
            o
            for o in self.city.offices.values()
            if o.kind == "county_housing" and o.area_id == case.county_id
        )
        return self.city.actors[office.pk]

    def _upload(
        self,
        matter: Matter,
        seed: int,
        at: datetime,
        point: tuple[float, float] | None,
        purpose: str,
        *,
        fixed: bool,
    ) -> Upload:
        taken = timezone.localtime(at - timedelta(minutes=self.chance.randint(2, 9)))
        data = photo(matter.scene, fixed=fixed, seed=seed, taken_at=taken, point=point)
        self.first_photo = self.first_photo or (data if fixed else b"")
        return self._file(data, purpose, seed)

    def _file(self, data: bytes, purpose: str, seed: int) -> Upload:
        file = SimpleUploadedFile(f"demo-{purpose}-{seed:04d}.jpg", data, content_type="image/jpeg")
        return Upload(file, self.words.book["captions"][purpose])

    def _act(
        self,
        case: Case,
        act: str,
        at: datetime,
        *,
        note: str = "",
        uploads: tuple[Upload, ...] = (),
        insist: bool = False,
    ) -> Case:
        """Let the office whose turn it is take a step."""
        case.refresh_from_db()
        office = case.checker_id if act == "verify" else case.desk_id
        by = self.city.actors[office or case.dispatcher_id or 0]
        if act == "verify" and (case.verified_at or not by.has("cases.check")):
            return case  # whoever found it on site has seen it
        # Invented pictures of before and after are much alike: whoever checks says a word on it.
        doubted = act == "close" and evidence.unanswered(case)
        about = self.words.book["notes"]["about_photos"] if doubted else ""
        return cases.take_step(
            case_id=case.pk,
            act=act,
            by=by,
            at=at,
            note=note,
            uploads=uploads,
            about_photos=about,
            insist=insist,
        )

    def _submit(self, case: Case, matter: Matter, seed: int, at: datetime, note: str) -> None:
        uploads: tuple[Upload, ...] = ()
        if matter.kind == "hazard":
            point = (case.longitude or 0, case.latitude or 0)
            uploads = (
                self._upload(matter, seed or next(self.seeds) + 5000, at, point, "rectify", fixed=True),
            )
        # Some words are close to the class's own; an officer would insist, too.
        self._act(case, "submit", at, note=note, uploads=uploads, insist=True)

    def _mark(self, name: str, case: Case) -> None:
        """Remember a report of the first street for a fixed follow code."""
        here = self.near[0].area.street_id if self.near else None
        if name not in self.marked and case.channel == "portal" and case.street_id == here:
            self.marked[name] = Report.objects.filter(case=case).values_list("pk", flat=True)[0]

    # --- Plots -----------------------------------------------------------------------------------------------

    def _loop(
        self,
        at: datetime,
        *,
        until: str,
        codes: tuple[str, ...] = (),
        near: bool = False,
        pictured: bool = False,
        rated: bool = False,
        insist: bool = False,
    ) -> Story:
        """The ordinary loop, up to a point."""
        chance, words = self.chance, self.words
        estate = self._estate(near=near, managed=near and chance.random() < 0.5)
        known = [c for c in codes if c in words.book["hazards"] or c in words.book["complaints"]]
        matter = (
            words.matter(code=chance.choice(known))
            if known
            else words.matter(kind="hazard" if pictured else "")
        )
        seed = next(self.seeds) if pictured else 0
        yield at
        case = self._report(at, matter, estate, channel="portal" if rated else "", seed=seed)
        if until == "reported":
            return
        at = words.office_hour(at, hours=chance.uniform(0.2, 3))
        yield at
        self._act(case, "assign", at, note=words.note("assign"))
        if until == "assigned":
            return
        at = words.office_hour(at, hours=chance.uniform(0.2, 3))
        yield at
        self._act(case, "accept", at)
        if matter.kind == "hazard" and chance.random() < 0.96:
            at = words.office_hour(at, hours=0.2)
            yield at
            self._act(case, "verify", at, note=words.note("verify"))
        if until == "fixing":
            self._mark("fixing", case)
            return
        notes = [matter.cure]
        if until.startswith("sent_back"):
            notes.append(words.note("again"))
        for number, note in enumerate(notes):
            at = words.office_hour(at, hours=chance.uniform(0.5, 2.5))
            yield at
            self._submit(case, matter, seed + number * 7000 if seed else 0, at, note)
            if until == "checking":
                self._mark("checking", case)
                return
            at = words.office_hour(at, hours=chance.uniform(2, 20))
            if number == len(notes) - 1 and not until.endswith("twice"):
                break  # this time it is right
            yield at
            self._act(case, "send_back", at, note=words.note("send_back"))
        if until.endswith("twice"):
            return
        yield at
        self._act(
            case, "close", at, note=words.book["notes"]["short"] if insist else matter.check, insist=insist
        )
        case.refresh_from_db()
        wording = public.masked(matter.check, case, on=timezone.localdate(at))
        by = self.city.actors[case.checker_id or case.dispatcher_id or 0]
        if by.has("cases.check"):
            cases.publish(case_id=case.pk, wording=wording, insist=True, by=by, at=at)
        self._mark("closed", case)
        report = Report.objects.filter(case=case).first()
        if report is not None and (rated or chance.random() < 0.5):
            at = at + timedelta(hours=chance.uniform(1, 40))
            yield at
            cases.rate(
                code=report.code, rating=chance.choice((3, 3, 2)), reason=words.note("fine"), by=PUBLIC, at=at
            )

    def _returned(self, at: datetime) -> Story:
        words = self.words
        matter, estate = words.matter(), self._estate()
        yield at
        case = self._report(at, matter, estate)
        for act, note in (("assign", ""), ("return_back", words.note("return_back"))):
            at = words.office_hour(at, hours=self.chance.uniform(0.3, 2))
            yield at
            self._act(case, act, at, note=note)

    def _term(self, kind: str, granted: bool | None) -> Callable[[datetime], Story]:
        """Ask for more time, or to wait; the county grants, refuses, or has not looked yet."""

        def story(at: datetime) -> Story:
            words, chance = self.words, self.chance
            code = chance.choice(("EL01", "FF01", "EB07") if kind == "suspend" else ("FF07", "EB07", "FF01"))
            near = granted is None or chance.random() < 0.5
            matter, estate = words.matter(code=code), self._estate(near=near)
            yield at
            case = self._report(at, matter, estate, channel="field")
            for act in ("assign", "accept", "verify"):
                at = words.office_hour(at, hours=chance.uniform(0.3, 2))
                yield at
                self._act(case, act, at, note=words.note("verify") if act == "verify" else "")
            at = words.office_hour(at, hours=chance.uniform(2, 8))
            yield at
            case.refresh_from_db()
            asked = cases.ask_term(
                case_id=case.pk,
                kind=kind,
                reason=words.note(kind),
                days=15 if kind == "extend" else None,
                by=self.city.actors[case.desk_id or 0],
                at=at,
            )
            if granted is None:
                return
            at = words.office_hour(at, hours=chance.uniform(1, 6))
            yield at
            cases.decide_term(
                request_id=asked.pk,
                granted=granted,
                decision=words.note("grant" if granted else "refuse"),
                by=self._county(case),
                at=at,
            )

        return story

    def _merged(self, at: datetime) -> Story:
        """Two residents report the same; the street folds the second into the first and goes on with it."""
        words = self.words
        matter, estate = words.matter(code=self.chance.choice(_PICTURED)), self._estate(near=True)
        seed = next(self.seeds)
        yield at
        case = self._report(at, matter, estate, channel="portal", seed=seed)
        at = at + timedelta(hours=self.chance.uniform(0.3, 2))
        yield at
        again = words.matter(code=matter.class_code)
        second = self._report(
            at,
            matter,
            estate,
            channel="portal",
            seed=seed + 9000,
            text=again.text.replace(again.place, matter.place),
        )
        at = words.office_hour(at, hours=0.5)
        yield at
        by = self.city.actors[case.dispatcher_id or 0]
        cases.merge(into_id=case.pk, case_id=second.pk, reason=words.book["notes"]["merge"], by=by, at=at)
        self._mark("merged", second)
        for act in ("assign", "verify", "accept"):
            at = words.office_hour(at, hours=self.chance.uniform(0.3, 2))
            yield at
            self._act(case, act, at)

    def _split(self, at: datetime) -> Story:
        """One report of two things: each goes its own way, the parent waits for both."""
        words = self.words
        matter, estate = words.matter(code="EG01"), self._estate(near=True)
        yield at
        case = self._report(at, matter, estate, channel="field", seed=next(self.seeds))
        at = words.office_hour(at, hours=1)
        yield at
        photos = list(case.evidence.values_list("pk", flat=True))
        parts = [
            cases.Part(code, f"{matter.place}：{text}", photos)
            for code, text in zip(("EL01", "FF03"), words.book["notes"]["split"], strict=True)
        ]
        children = cases.split(
            case_id=case.pk, parts=parts, by=self.city.actors[case.dispatcher_id or 0], at=at
        )
        for child in (case, *children):
            at = words.office_hour(at, hours=0.5)
            yield at
            self._act(child, "assign", at)
        at = words.office_hour(at, hours=1)
        yield at
        self._act(children[0], "accept", at)

    def _bad_rating(self, at: datetime) -> Story:
        """Closed, but the resident says it is not: reopened at the level above."""
        words = self.words
        matter, estate, seed = (
            words.matter(code=self.chance.choice(_PICTURED)),
            self._estate(),
            next(self.seeds),
        )
        yield at
        case = self._report(at, matter, estate, channel="portal", seed=seed)
        for act in ("assign", "accept", "submit", "close"):
            at = words.office_hour(at, hours=self.chance.uniform(0.5, 4))
            yield at
            if act == "submit":
                self._submit(case, matter, seed, at, matter.cure)
            else:
                self._act(case, act, at, note=matter.check if act == "close" else "")
        at = at + timedelta(hours=self.chance.uniform(4, 30))
        yield at
        code = Report.objects.filter(case=case).values_list("code", flat=True)[0]
        cases.rate(code=code, rating=1, reason=words.note("rating"), by=PUBLIC, at=at)

    def _void(self, at: datetime) -> Story:
        matter, estate = self.words.matter(kind="complaint"), self._estate()
        yield at
        case = self._report(at, matter, estate, channel="portal")
        at = self.words.office_hour(at, hours=1)
        yield at
        self._act(case, "void", at, note=self.words.note("void"))

    def _pressed(self, at: datetime) -> Story:
        """Not done in time: the street urges, the county puts it under supervision."""
        words = self.words
        matter, estate = words.matter(code="EG02"), self._estate(near=True)
        yield at
        case = self._report(at, matter, estate, channel="portal", seed=next(self.seeds))
        for act in ("assign", "verify", "accept"):
            at = words.office_hour(at, hours=self.chance.uniform(0.3, 2))
            yield at
            self._act(case, act, at)
        at = words.office_hour(at, hours=24)
        yield at
        street = self.city.actors[case.dispatcher_id or 0]
        cases.urge(case_id=case.pk, by=street, at=at, note=words.note("urge"))
        at = words.office_hour(at, hours=8)
        yield at
        cases.supervise(case_id=case.pk, by=self._county(case), at=at, note=words.note("supervise"))

    def _ordered(self, at: datetime) -> Story:
        """The street issues an order to correct in time (责令限期改正通知书)."""
        words = self.words
        matter, estate = words.matter(code="EB06"), self._estate(managed=True)
        yield at
        case = self._report(at, matter, estate, channel="field", seed=next(self.seeds))
        for act in ("assign", "accept", "verify"):
            at = words.office_hour(at, hours=self.chance.uniform(0.3, 2))
            yield at
            self._act(case, act, at, note=words.note("verify") if act == "verify" else "")
        at = words.office_hour(at, hours=0.5)
        yield at
        case.refresh_from_db()
        by = self.city.actors[case.dispatcher_id or 0]
        orders.order_timed(draft=orders.of_case(case.pk, by=by, at=at), by=by, at=at)

    def _reused_photo(self, at: datetime) -> Story:
        """A company hands in a photo that already proved another case; whoever re-checks is told."""
        words = self.words
        matter, estate, seed = words.matter(code="EB01"), self._estate(managed=True), next(self.seeds)
        yield at
        case = self._report(at, matter, estate, channel="portal", seed=seed)
        for act in ("assign", "accept"):
            at = words.office_hour(at, hours=1)
            yield at
            self._act(case, act, at)
        at = max(words.office_hour(at, hours=1), words.office_hour(self.now - timedelta(days=3)))
        yield at
        if self.first_photo:
            uploads = (self._file(self.first_photo, "rectify", seed),)
            self._act(case, "submit", at, note=matter.cure, uploads=uploads, insist=True)

    def _unsealed(self, at: datetime) -> Story:
        """The city opens a reporter's identity, with a reason and a trace."""
        words = self.words
        matter, estate = words.matter(code="MU01"), self._estate(near=True)
        yield at
        case = self._report(at, matter, estate, channel="staff")
        at = words.office_hour(at, hours=3)
        yield at
        made = Report.objects.get(case=case)
        cases.unseal(report_id=made.pk, reason=words.note("unseal"), by=self.city.logins["wu"], at=at)


def states() -> dict[str, int]:
    """Count the demo cases in each state."""
    return {state: Case.objects.filter(state=state, is_demo=True).count() for state in rules.STATE_LABELS}
