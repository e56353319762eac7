"""The escalation ladder: street, county, city, duty officer."""

from datetime import datetime

from django.utils import timezone

from anju.ground.foundation import rulebooks
from anju.ground.foundation.ladder import Rung
from anju.ground.foundation.workdays import Term
from anju.ground.organisations.models import Organisation
from anju.ground.organisations.queries import closest, covering_all
from anju.ground.territory.models import Area

from ..models import Case


def office_above(case: Case, office: Organisation | None, *, at: datetime) -> Organisation | None:
    """Return the supervising office one level above another for the case's place, or None at the top."""
    level = office.area.level if office is not None and office.area is not None else 9
    for rung in rungs_of(case, at):
        found = rung.office
        if rung.level != "duty" and found is not None and found.area is not None and found.area.level < level:
            return found
    return None


def rungs_of(case: Case, at: datetime) -> list[Rung]:
    """List the escalation ladder of a case, from the street up to the duty officer, by the rulebook of the day."""
    area = Area.objects.get(pk=case.community_id or case.street_id or case.county_id or case.city_id)
    offices = covering_all(area)
    book = rulebooks.load("deadlines", on=timezone.localtime(at).date())["escalation"]
    urgent = case.severity in book["urgent_severities"]
    rungs = []
    for number, rung in enumerate(book["ladder"], start=1):
        after = book["urgent_after"] if urgent and number > 1 else rung["after"]
        amount = after["amount"] * (number - 1) if urgent and number > 1 else after["amount"]
        office = closest(offices, rung["kind"])
        rungs.append(Rung(number, rung["level"], office, Term(amount, after["unit"])))
    return rungs


def after_terms(at: datetime) -> list[Term]:
    """Return how long after a term each rung is told, by the rulebook of the day."""
    book = rulebooks.load("deadlines", on=timezone.localtime(at).date())["escalation"]
    return [Term(rung["after"]["amount"], rung["after"]["unit"]) for rung in book["ladder"]]
