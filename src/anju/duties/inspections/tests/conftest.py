"""Hands for the tests of visits: officers with badges, a visit at any point of its way."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from types import SimpleNamespace

import pytest
from tests.cast import BUILT_AT, PASSWORD, SINCE, Builder, Member

from anju.duties.cases.tests.conftest import _own_store, photo, walk
from anju.duties.inspections.models import Unit, Visit
from anju.duties.inspections.queries import checklists
from anju.duties.inspections.services import checking
from anju.duties.inspections.services import visits as services
from anju.duties.inspections.services.checking import Answer
from anju.ground.access import services as access
from anju.ground.access.actors import SYSTEM
from anju.ground.organisations import services as organisations

__all__ = ["_own_store", "photo", "walk"]


@pytest.fixture
def officers(city) -> SimpleNamespace:
    """Officers of the station, of the fire brigade and of the county, with badges; one badge that has expired."""
    by = Builder()

    def officer(name: str, login: str, office: str, role: str, until: date | None = None) -> Member:
        person = organisations.create_person(
            name=name, badge_number=f"演示{login}", badge_until=until, is_demo=True, by=by, at=BUILT_AT
        )
        post = organisations.hold_post(
            person=person, organisation=getattr(city.offices, office), role=role, title="民警", valid_from=SINCE,
            by=by, at=BUILT_AT,
        )  # fmt: skip
        account = access.create_account(username=login, password=PASSWORD, person=person, by=by, at=BUILT_AT)
        return Member(person, account, post)

    for key in ("police_officer", "fire_officer", "county_supervisor", "street_officer"):
        person = getattr(city.people, key).person
        person.badge_number = f"演示-{key}"[:30]
        person.save(update_fields=["badge_number"])
    for key, code in (("police", "槐派"), ("fire", "东消"), ("huaiyin_office", "槐街")):
        office = getattr(city.offices, key)
        office.document_code = code
        office.save(update_fields=["document_code"])
    return SimpleNamespace(
        police=city.people.police_officer,
        second=officer("高远", "gao", "police", "police_officer"),
        expired=officer("石旧", "shi", "police", "police_officer", date(2024, 1, 31)),
        fire=city.people.fire_officer,
        fire_second=officer("林焰", "lin", "fire", "fire_officer"),
        county=city.people.county_supervisor,
    )


@pytest.fixture
def estate_unit(city) -> Unit:
    """The register's unit of 槐荫小区, an old community with a property company."""
    return Unit.objects.get(kind="estate", estate=city.estates.huaiyin)


@pytest.fixture
def begun(estate_unit, officers, friday_9am) -> Callable[..., Visit]:
    """Return a function that begins an unplanned visit of the station."""

    def begin(**told) -> Visit:
        member = told.pop("member", officers.police)
        at = told.pop("at", friday_9am)
        values = {
            "unit_id": estate_unit.pk,
            "officer_ids": [officers.police.person.pk, officers.second.person.pk],
            "by": member.actor(at),
            "at": at,
        }
        return services.begin_visit(**values | told)

    return begin


@pytest.fixture
def answer_all(officers) -> Callable[..., None]:
    """Return a function that says the same of every item of a member's part."""

    def answer(visit: Visit, at: datetime, member: Member | None = None, result: str = "ok") -> None:
        checking.check_items(
            visit_id=visit.pk, answers={}, rest=result, by=(member or officers.police).actor(at), at=at
        )

    return answer


@pytest.fixture
def finished(begun, officers, answer_all, photo, friday_9am) -> Callable[..., Visit]:
    """Return a function that makes a whole visit: begun, checked, with findings, concluded, signed, finished."""

    def finish(*found: dict, at: datetime = friday_9am, **told) -> Visit:
        by = officers.police.actor(at)
        visit = begun(at=at, **told)
        for number, finding in enumerate(found):
            values = {
                "class_code": "EB02",
                "place": f"{number + 1}号楼",
                "uploads": [checking.Upload(photo(number).file)],
            }
            checking.add_finding(visit_id=visit.pk, by=by, at=at, **values | finding)
        if visit.kind != "recheck":
            answer_all(visit, at)
        once = sum(bool(f.get("at_once")) for f in found)
        conclusion = "clean" if not found else "corrected" if once == len(found) else "problems"
        checking.conclude_part(visit_id=visit.pk, conclusion=conclusion, by=by, at=at)
        checking.sign(visit_id=visit.pk, signed_by="钱经理", by=by, at=at)
        return services.finish_visit(visit_id=visit.pk, by=by, at=at + timedelta(minutes=20))

    return finish


def codes_of(visit: Visit) -> list[str]:
    """List the codes of the items of a visit's first part."""
    part = visit.parts.order_by("pk").first()
    return [item.code for item in checklists.at_edition(part.checklist, part.edition).items]


__all__ += ["SYSTEM", "Answer"]
