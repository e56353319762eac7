"""People of another county in every role there is, a fingerprint of all tables, and an id for every address."""

from datetime import date
from types import ModuleType
from typing import Any

from allauth.usersessions.models import UserSession
from django.apps import apps
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from anju.doors.exchange.models import Import
from anju.duties.cases import rules as case_rules
from anju.duties.cases import services as cases
from anju.duties.cases.models import Case
from anju.duties.inspections.forms import visits as inspection_forms
from anju.duties.inspections.models import Unit, UnitMatch
from anju.duties.majors import rules as major_rules
from anju.duties.objections import rules as objection_rules
from anju.duties.orders import rules as order_rules
from anju.duties.penalties import rules as penalty_rules
from anju.duties.penalties.models import Payment
from anju.duties.suggestions import rules as suggestion_rules
from anju.duties.suggestions.models import CoHandling, Suggestion
from anju.duties.transfers import rules as transfer_rules
from anju.ground.access import rules as access_rules
from anju.ground.access import services as access
from anju.ground.access.models import Delegation, Grant
from anju.ground.foundation import rulebooks
from anju.ground.foundation.models import JobProgress
from anju.ground.foundation.workflow import Step
from anju.ground.organisations import services as organisations
from anju.ground.organisations.models import ServiceContract
from anju.means.documents import rules as document_rules
from tests.cast import BUILT_AT, PASSWORD, SINCE, Builder, Member

from .duty_world import World, hire

# Tables that a request writes without acting: who is signed in, and where from.
_BESIDE = {"usersessions_usersession", "django_session"}


def acts_of(*modules: ModuleType) -> tuple[str, ...]:
    """List the acts of the tables of steps in some rules that an address may be asked for."""
    found = [
        step.act
        for module in modules
        for value in vars(module).values()
        if isinstance(value, tuple)
        for step in value
        if isinstance(step, Step) and step.pressed
    ]
    assert found, modules
    return tuple(dict.fromkeys(found))


# Every act of an address that takes one.
ACTS: dict[str, tuple[str, ...]] = {
    "api:take_step_with_files": tuple(sorted(case_rules.OFFERED)),
    "access:account_act": tuple(step.act for step in access_rules.ACCOUNT_STEPS if step.pressed),
    "access:grant_act": tuple(step.act for step in access_rules.STEPS if step.pressed),
    "documents:take_step": acts_of(document_rules),
    "cases:step": acts_of(case_rules),
    "field:step": acts_of(case_rules),
    "suggestions:step": acts_of(suggestion_rules),
    "inspections:act": tuple(inspection_forms.ACTS),
    "inspections:unit_act": ("flag_unit", "unflag_unit", "end_unit", "separate_units"),
    "field:visit_act": tuple(inspection_forms.ACTS),
    "orders:step": acts_of(order_rules),
    "penalties:step": acts_of(penalty_rules),
    "orders:sealing_step": acts_of(order_rules),
    "transfers:step": acts_of(transfer_rules),
    "majors:step": acts_of(major_rules),
    "objections:step": acts_of(objection_rules),
}


def roles_reaching_a_place() -> dict[str, dict[str, Any]]:
    """List the roles whose reach ends somewhere (an administrator's does not)."""
    roles = rulebooks.load("access", on=date.today())["roles"]
    return {
        key: role
        for key, role in roles.items()
        if all(part["reach"] != "all" for part in (role, *role.get("also", ())))
    }


def strangers(world: World) -> list[Member]:
    """Give 西山县 somebody in every role whose reach ends somewhere: they hold each power, and only there."""
    offices, by = world.city.offices, Builder()
    company = organisations.create_organisation(
        kind="property_company", name="西山物业服务有限公司", area=world.city.areas.west, is_demo=True, by=by,
        at=BUILT_AT,
    )  # fmt: skip
    organisations.sign_contract(
        company=company, estate=world.city.estates.shanqian, valid_from=SINCE, overlap_reason="交接", by=by,
        at=BUILT_AT,
    )  # fmt: skip
    found = []
    for number, (role, entry) in enumerate(roles_reaching_a_place().items()):
        office = company if "property_company" in entry["in"] else offices.west_housing
        found.append(hire(office, f"西山{number}", f"xishan{number}", role, f"XS{number:04}"))
    return found


def fingerprint() -> dict[str, str]:
    """Return a digest of every table of ours, so that whatever a request changed is seen."""
    tables = sorted(
        model._meta.db_table
        for model in apps.get_models()
        if model.__module__.startswith("anju.")
        and model._meta.managed
        and model._meta.db_table not in _BESIDE
    )
    one = "SELECT '{0}', md5(coalesce(string_agg(t::text, '' ORDER BY t::text), '')) FROM \"{0}\" t"
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(one.format(table) for table in tables))
        return dict(cursor.fetchall())


def post(client: Client, url: str, body: dict[str, Any]) -> Any:
    """Send a form, or JSON to the API (its address with the act in it takes a form)."""
    if not url.startswith("/api/"):
        return client.post(url, body)
    form = {} if "/steps/" in url else {"content_type": "application/json"}
    return client.post(url, body, headers={"Idempotency-Key": "foreign"}, **form)


def undone(client: Client, url: str, body: dict[str, Any], before: dict[str, str]) -> tuple[int, set[str]]:
    """Send something and undo it; return the status and the tables that then differed from how they were before."""
    with transaction.atomic():
        told = post(client, url, body)
        after = fingerprint() if before else {}
        transaction.set_rollback(True)
    return told.status_code, {table for table in after if after[table] != before[table]}


def belongings(world: World, case: Case) -> dict[str, Any]:
    """Add the ids of a reported case in hand and of what is somebody's own; what is called `pk`, by address."""
    people, city, at = world.people, world.city, world.now
    owner = people.street_officer
    day = timezone.localdate(at)
    asked = cases.ask_term(
        case_id=case.pk, kind="extend", days=3, reason="铁门需要定制", by=world.actor("company_clerk"), at=at
    )
    notice = cases.urge(case_id=case.pk, by=world.actor("county_supervisor"), at=at, note="请抓紧")
    lent = Delegation.objects.create(
        post=owner.post, to_person=people.colleague.person, valid_from=day, valid_to=day, reason="出差"
    )
    access.create_key(account=owner.account, name="对接", by=owner.actor(at), at=at)
    grant = Grant.objects.create(
        kind="lend", person=people.colleague.person, post=owner.post, valid_from=day, valid_to=day, reason="出差",
        asked_by=owner.person, asked_at=at,
    )  # fmt: skip
    # Of a company that serves both counties: that it is reached says nothing of the contract, or of its record.
    contract = ServiceContract.objects.get(estate=city.estates.hebin)
    units = list(Unit.objects.filter(county=city.areas.east).order_by("pk")[:2])
    match = UnitMatch.objects.create(
        unit=units[0], other=units[1], score=0.9, reasons=["name"], county=city.areas.east, suggested_at=at
    )
    client = Client()
    client.post(reverse("account_login"), {"login": "wang", "password": PASSWORD})
    person = city.people.grid_worker
    CoHandling.objects.create(
        suggestion_id=world.ids["suggestion_id"], organisation=city.offices.east_housing, asked_at=at
    )
    Suggestion.objects.filter(pk=world.ids["suggestion_id"]).update(co_offices=[city.offices.east_housing.pk])
    Payment.objects.filter(pk=world.ids["payment_id"]).update(way="spot")
    values = world.ids | {
        "case_id": case.pk,
        "report_id": case.reports.get().pk,
        "request_id": asked.pk,
        "notice_id": notice.pk,
        "job_id": JobProgress.objects.create(owner_id=owner.account.pk).pk,
        "import_id": Import.objects.create(owner_id=owner.account.pk, kind="hazards", created_at=at).pk,
        "match_id": match.pk,
        "estate_id": city.estates.huaiyin.pk,
        "post_id": owner.post.pk,
        "kind": "hazards",
        "code": case.reports.get().code,
    }
    return {
        "": values,
        "account_end_session": {"pk": UserSession.objects.get(user=owner.account).pk},
        "access:end_delegation": {"pk": lent.pk},
        "access:revoke_key": {"pk": owner.account.api_keys.get().pk},
        "access:grant_act": {"pk": grant.pk},
        "access:hold_post": {"pk": person.person.pk},
        "access:person": {"pk": person.person.pk},
        "access:account_act": {"pk": person.person.pk},
        "access:end_post": {"pk": person.post.pk},
        "territory:edit": {"pk": city.estates.huaiyin.pk},
        "territory:succeed": {"pk": city.divisions.huaiyin.pk},
        "territory:move": {"pk": city.areas.huaiyin.pk},
        "organisations:edit": {"pk": city.offices.other_company.pk},
        "organisations:new_contract": {"pk": city.offices.company.pk},
        "organisations:end_contract": {"pk": contract.pk},
        # Without these even the own object would not be found.
        "suggestions:feedback sent": {"signatory": world.ids["signatory_id"]},
        "cases:merge sent": {"into": world.ids["case_id"]},
        "inspections:decide_match sent": {"answer": "different"},
    }
