"""Deputies' suggestions of the demo city: one answered with the half-year's figures, and one in every other state.

`tell(city, at=…)` is called after the half-year has been loaded: the letter's six figures are computed from its rows.
"""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from django.utils import timezone

from anju.duties.suggestions import services
from anju.duties.suggestions.models import Suggestion
from anju.duties.suggestions.services import Draft, Signer
from anju.ground.access.actors import Actor
from anju.ground.foundation import ladder, rulebooks
from anju.ground.organisations.models import Organisation
from anju.means.figures.queries import registry

from .city import City, book


class MeasuresMissing(RuntimeError):
    """The measures that the letter speaks of are not registered: their rooms must be installed and loaded first."""


def tell(city: City, *, at: datetime) -> Suggestion:
    """Build the suggestions with the verbs an office uses, in the caller's transaction; return the answered one."""
    told = book("suggestions")
    wanted = {*told["measures"], *(m for other in told["others"] for m in other.get("figures", ()))}
    if missing := wanted - {measure.name for measure in registry.measures()}:
        raise MeasuresMissing(
            f"the letter needs measures that no room has registered: {', '.join(sorted(missing))}"
        )
    teller = _Teller(city, told)
    done = teller.answered()
    for other in told["others"]:
        getattr(teller, other["state"])(other, at)
    ladder.climb_all(at=at, kinds=("suggestions",))
    return done


class _Teller:
    """Plays the clerk, the leader and the co-handlers of the city's offices."""

    def __init__(self, city: City, told: Mapping[str, Any]):
        self.city, self.told = city, told
        self.clerk: Actor = city.logins["wu"]
        self.leader: Actor = city.logins["song"]
        self.bureau = self._office("city_housing")
        self.asked = [self._office("police_bureau"), self._office("fire_brigade")]
        self.people = 0
        division = self.bureau.area.division if self.bureau.area is not None else None
        self.place = division.code if division is not None else ""

    def _office(self, kind: str) -> Organisation:
        """Return the city's own office of a kind."""
        found = [o for key, o in self.city.offices.items() if key.startswith(f"{kind}@")]
        return min(found, key=lambda office: (office.area.level if office.area is not None else 9, office.pk))

    def _signers(self, entry: Mapping[str, Any]) -> list[Signer]:
        made = []
        for deputy in entry["deputies"]:
            self.people += 1
            phone = self.told["deputy_phone"].format(n=self.people)
            made.append(Signer(deputy["name"], deputy["delegation"], phone))
        return made

    def _register(
        self, entry: Mapping[str, Any], *, meeting: str, received: date, at: datetime
    ) -> Suggestion:
        return services.register(
            meeting=meeting,
            number=entry["number"],
            title=entry["title"],
            text=entry["text"],
            received_on=received,
            deputies=self._signers(entry),
            by=self.clerk,
            at=at,
            is_demo=True,
        )

    def _draft(self, entry: Mapping[str, Any], *, start: date, end: date) -> Draft:
        sections = []
        for part in entry["sections"]:
            text = part["text"]
            for measure in (*self.told["measures"], *entry.get("figures", ())):
                reference = f"{{{{figure:{measure}|{start}|{end}|{self.place}}}}}"
                text = text.replace(f"{{figure:{measure}}}", reference)
            sections.append({"heading": part["heading"], "text": text})
        return Draft(
            sections=sections,
            closing=entry.get("closing", ""),
            thanks=entry.get("thanks", ""),
            result_class=entry["result_class"],
            contact_unit=self.told["contact_unit"],
            contact=self.told["contact"],
            phone=self.bureau.phone,
            postcode=self.told.get("postcode", "453000"),
            copies=_usual_copies(),
        )

    def answered(self) -> Suggestion:
        """Tell the whole way of one: assigned in April, answered on 15 July with the half-year's figures, closed."""
        entry = self.told["answered"]
        assigned = _moment(entry["assigned_on"], 9)
        made = self._register(
            entry,
            meeting=self.told["meeting"],
            received=entry["received_on"],
            at=_moment(entry["received_on"], 15),
        )
        services.assign(
            suggestion_id=made.pk,
            lead_id=self.bureau.pk,
            co_ids=[o.pk for o in self.asked],
            by=self.clerk,
            at=assigned,
        )
        services.accept(suggestion_id=made.pk, by=self.clerk, at=assigned + timedelta(days=1))
        for office in self.asked:
            co = made.co_handlings.get(organisation=office)
            services.give_opinion(
                co_handling_id=co.pk,
                opinion=entry["opinions"][office.kind],
                by=self.city.actors[office.pk],
                at=assigned + timedelta(days=30),
            )
        signatory = made.signatories.get(place=1)
        for talk in entry["talks"]:
            services.hold_talk(
                signatory_id=signatory.pk, by=self.clerk, at=_moment(talk["held_on"], 17), **talk
            )
        start, end = self.told["period"]
        answered = _moment(entry["answered_on"], 17)
        one: dict[str, Any] = {"suggestion_id": made.pk, "at": answered}
        services.draft_reply(draft=self._draft(entry, start=start, end=end), by=self.clerk, **one)
        services.submit_for_signature(by=self.clerk, **one)
        services.sign(by=self.leader, **one)
        services.issue(by=self.clerk, **one)
        services.deliver(
            signatory_id=signatory.pk, on=entry["answered_on"] + timedelta(days=1), how="in_person",
            by=self.clerk, at=_moment(entry["answered_on"] + timedelta(days=1), 16),
        )  # fmt: skip
        rated = _moment(entry["rated_on"], 10)
        services.take_feedback(
            signatory_id=signatory.pk, value="satisfied", reason="", by=self.clerk, at=rated
        )
        services.publish(suggestion_id=made.pk, by=self.clerk, at=_moment(entry["published_on"], 10))
        return Suggestion.objects.get(pk=made.pk)

    def _begun(
        self, entry: Mapping[str, Any], at: datetime, *, lead: Organisation | None = None
    ) -> Suggestion:
        """Register and hand out one of the last months, `days` ago."""
        began = _office_hour(at - timedelta(days=entry["days"]))
        day = timezone.localtime(began).date()
        made = self._register(entry, meeting=self.told["later_meeting"], received=day, at=began)
        services.assign(
            suggestion_id=made.pk,
            lead_id=(lead or self.bureau).pk,
            co_ids=[self.asked[1].pk] if "opinion" in entry else [],
            by=self.clerk,
            at=began + timedelta(hours=1),
        )
        return made

    def assigned(self, entry: Mapping[str, Any], at: datetime) -> None:
        """One handed out some days ago and not yet confirmed."""
        self._begun(entry, at)

    def returned(self, entry: Mapping[str, Any], at: datetime) -> None:
        """One sent to the wrong office, which has said so."""
        lead = self.city.offices[entry["lead"]]
        made = self._begun(entry, at, lead=lead)
        refused = _office_hour(at - timedelta(days=entry["days"] - 3))
        services.refuse_routing(
            suggestion_id=made.pk, note=entry["note"], by=self.city.actors[lead.pk], at=refused
        )

    def drafting(self, entry: Mapping[str, Any], at: datetime) -> None:
        """One of two deputies that is being written, its figures still live."""
        made = self._begun(entry, at)
        accepted = _office_hour(at - timedelta(days=entry["days"] - 2))
        services.accept(suggestion_id=made.pk, by=self.clerk, at=accepted)
        office = self.asked[1]
        services.give_opinion(
            co_handling_id=made.co_handlings.get(organisation=office).pk,
            opinion=entry["opinion"],
            by=self.city.actors[office.pk],
            at=accepted + timedelta(days=20),
        )
        day = timezone.localtime(at).date()
        draft = self._draft(entry, start=date(day.year, 1, 1), end=date(day.year, 12, 31))
        written = _office_hour(at - timedelta(days=3))
        services.draft_reply(suggestion_id=made.pk, draft=draft, by=self.clerk, at=written)

    def overdue(self, entry: Mapping[str, Any], at: datetime) -> None:
        """One whose three months have passed without an answer: it has climbed the ladder to the duty office."""
        made = self._begun(entry, at)
        services.accept(
            suggestion_id=made.pk, by=self.clerk, at=_office_hour(at - timedelta(days=entry["days"] - 3))
        )
        for days in entry["climbed"]:
            ladder.climb_all(at=_office_hour(at - timedelta(days=days)), kinds=("suggestions",))

    def dissatisfied(self, entry: Mapping[str, Any], at: datetime) -> None:
        """One whose deputy was dissatisfied: the month of the second answer is running."""
        made = self._begun(entry, at)
        services.accept(
            suggestion_id=made.pk, by=self.clerk, at=_office_hour(at - timedelta(days=entry["days"] - 2))
        )
        answered = _office_hour(at - timedelta(days=entry["answered_days"]))
        one: dict[str, Any] = {"suggestion_id": made.pk, "at": answered}
        day = timezone.localtime(answered).date()
        services.draft_reply(draft=self._draft(entry, start=day, end=day), by=self.clerk, **one)
        services.submit_for_signature(by=self.clerk, insist=True, **one)
        services.sign(by=self.leader, **one)
        services.issue(by=self.clerk, **one)
        services.take_feedback(
            signatory_id=made.signatories.get(place=1).pk,
            value="dissatisfied",
            reason=entry["reason"],
            by=self.clerk,
            at=_office_hour(at - timedelta(days=entry["rated_days"])),
        )


def _usual_copies() -> list[dict[str, Any]]:

    return [dict(line) for line in rulebooks.editions("suggestions")[-1][2]["letter"]["copies"]]


def _moment(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour), timezone.get_default_timezone())


def _office_hour(at: datetime) -> datetime:
    """Return ten in the morning of the same day."""
    return timezone.localtime(at).replace(hour=10, minute=0, second=0, microsecond=0)
