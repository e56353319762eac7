"""An invented city for the measurements, on the real divisions: offices, companies, estates, and the five who act.

Everything is labelled as demo data. Places and offices are the same for every size; only the cases differ.
"""

import io
import random
from dataclasses import dataclass
from datetime import date, timedelta

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import call_command
from django.utils import timezone

from anju.ground.access import services as access
from anju.ground.access.models import Account
from anju.ground.organisations.models import Organisation, Person, Post, ServiceContract
from anju.ground.territory.models import Area, Estate

SINCE = date(2020, 1, 1)
ESTATES, COMPANIES, HOME_ESTATES = 2_400, 300, 12
COUNTY_KINDS = ("county_housing", "fire_brigade", "urban_management", "market_regulator", "gas_regulator")
STREET_KINDS = ("street_office", "police_station")


@dataclass(frozen=True)
class Member:
    """Somebody who acts in the measurements: an ordinary account with a key and a browser session."""

    login: str
    account_id: int
    key: str
    session: str


@dataclass(frozen=True)
class Cast:
    """The five, and the community in which they meet."""

    city: Member  # city: sees everything
    supervisor: Member  # county
    officer: Member  # street: dispatches
    clerk: Member  # company: accepts, submits
    manager: Member  # community: re-checks, closes
    estates: tuple[int, ...]
    county: int


def build() -> None:
    """Fill places, calendar, offices, companies, estates and contracts into an empty, migrated database."""
    dice = random.Random(7)
    call_command("set_up_city", stdout=io.StringIO(), verbosity=0)
    areas = list(Area.objects.filter(active=True).order_by("id"))
    offices = []
    for area in areas:
        kinds = {
            2: ("city_housing", "duty_office"),
            3: COUNTY_KINDS,
            4: STREET_KINDS,
            5: ("community_office",),
        }
        offices += [
            Organisation(kind=kind, name=f"demo {kind} {area.pk}", area=area, is_demo=True)
            for kind in kinds[area.level]
        ]
    counties = [area for area in areas if area.level == 3]
    companies = [
        Organisation(
            kind="property_company", name=f"demo company {n}", area=dice.choice(counties), is_demo=True
        )
        for n in range(COMPANIES)
    ]
    Organisation.objects.bulk_create(offices + companies, batch_size=2000)
    home = home_community()
    communities = [area for area in areas if area.level == 5]
    estates = []
    for n in range(ESTATES):
        area = home if n < HOME_ESTATES else dice.choice(communities)
        company = n < HOME_ESTATES or dice.random() < 0.75
        estates.append(
            Estate(
                name=f"演示小区{n:04d}",  # 演示数据
                area=area,
                division_id=area.division_id,
                year_built=dice.randint(1982, 2022),
                households=dice.randint(60, 2400),
                management="company" if company else "none",
                longitude=113.6 + dice.random(),
                latitude=35.0 + dice.random(),
                is_demo=True,
            )
        )
    for estate in estates:
        estate.name_key = estate.name
    Estate.objects.bulk_create(estates, batch_size=1000)
    ServiceContract.objects.bulk_create(
        [
            ServiceContract(
                company=companies[0] if n < HOME_ESTATES else dice.choice(companies),
                estate=estate,
                valid_from=SINCE + timedelta(days=dice.randint(0, 900)),
            )
            for n, estate in enumerate(estates)
            if estate.management == "company"
        ],
        batch_size=1000,
    )


def home_community() -> Area:
    """Return the community where the lifecycles are played."""
    return Area.objects.filter(level=5, county__division__code="410702").order_by("id")[0]


def cast() -> Cast:
    """Return the five, made at the first call; keys and sessions are new each time."""
    home = home_community()
    at = timezone.now()
    company = Organisation.objects.filter(kind="property_company").order_by("id")[0]
    where = {
        "city": ("city_supervisor", Organisation.objects.get(kind="city_housing")),
        "supervisor": (
            "county_supervisor",
            Organisation.objects.get(kind="county_housing", area=home.county_id),
        ),
        "officer": ("street_officer", Organisation.objects.get(kind="street_office", area=home.street_id)),
        "clerk": ("company_clerk", company),
        "manager": ("community_manager", Organisation.objects.get(kind="community_office", area=home)),
    }
    members = {}
    for login, (role, organisation) in where.items():
        account = Account.objects.filter(username=f"bench.{login}").first()
        if account is None:
            person = Person.objects.create(name=f"demo {login}", is_demo=True)
            Post.objects.create(person=person, organisation=organisation, role=role, valid_from=SINCE)
            account = Account.objects.create_user(f"bench.{login}", None, person=person)
        key = access.create_key(
            account=account, name="bench", by=access.named(account), at=at, days=30
        ).secret
        members[login] = Member(account.username, account.pk, key, _session(account))
    estates = tuple(
        Estate.objects.filter(area=home).order_by("id").values_list("id", flat=True)[:HOME_ESTATES]
    )
    assert home.county_id is not None
    return Cast(**members, estates=estates, county=home.county_id)


def _session(account: Account) -> str:
    """Sign an account in as the login page would, and return the session's key."""
    session = SessionStore()
    session[SESSION_KEY] = str(account.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[-1]
    session[HASH_SESSION_KEY] = account.get_session_auth_hash()
    session.create()
    assert session.session_key is not None
    return session.session_key
