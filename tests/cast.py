"""The fixed cast: an invented city of two counties, its offices and companies, and the people of every test.

A pytest plugin (conftest.py at the root loads it). Ask for `city` to have everything; ask for a person to have that
person; tests/worlds.py builds it once for all tests. All names are invented (演示数据). Everything is built by calling
services, as an administrator would.

    def test_…(city, street_officer, friday_9am):
        actor = street_officer.actor(friday_9am)

The map of the city (codes 9901…, which no real place has):

    试点市 ─┬─ 东湖区 ─┬─ 槐荫街道 ─┬─ 槐荫社区: 槐荫小区 (1996, company), 铁路家属院 (1985, no company)
            │          │            └─ 柳园社区: 柳园新村 (2012, company)
            │          └─ 河滨街道 ─── 河滨社区: 河滨花园 (2018, company)
            ├─ 西山县 ─── 山前镇 ──── 山前村:   山前家园 (1999, company)
            └─ 试点高新区 (a zone, no legal division) ─ 科技街道 ─ 科技社区: 科技公寓 (2015)
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

os.environ.setdefault("ANJU_TESTING", "1")

SHANGHAI = ZoneInfo("Asia/Shanghai")
SINCE = date(2020, 1, 1)
BUILT_AT = datetime(2020, 1, 1, 8, 0, tzinfo=SHANGHAI)
# Who hears of a new calendar counts terms anew by the rulebooks of that day, which do not reach back to 2020.
CALENDAR_AT = datetime(2024, 7, 1, 8, 0, tzinfo=SHANGHAI)
PASSWORD = "only-for-tests-2024"


@dataclass
class Member:
    """One of the cast: who, with which login and post."""

    person: object
    account: object
    post: object

    def actor(self, at: datetime):
        """Return the access.Actor that this person is at a moment."""
        from anju.ground.access import services
        from anju.ground.access.models import Account

        return services.actor_of(Account.objects.select_related("person").get(pk=self.account.pk), at=at)


@dataclass
class City:
    """The invented city. `areas`, `estates`, `offices` and `people` are reached as attributes by their short names."""

    areas: SimpleNamespace = field(default_factory=SimpleNamespace)
    divisions: SimpleNamespace = field(default_factory=SimpleNamespace)
    estates: SimpleNamespace = field(default_factory=SimpleNamespace)
    offices: SimpleNamespace = field(default_factory=SimpleNamespace)
    people: SimpleNamespace = field(default_factory=SimpleNamespace)


class Builder:
    """Whoever built the cast, in the journal."""

    account_id = None
    kind = "system"
    name = "cast"
    post = ""


# key: (code, name, parent key); in the order of levels.
DIVISIONS = {
    "city": ("9901", "试点市", None),
    "east": ("990102", "东湖区", "city"),
    "west": ("990121", "西山县", "city"),
    "zone": ("990171", "试点高新技术产业开发区", "city"),
    "huaiyin_street": ("990102001", "槐荫街道", "east"),
    "hebin_street": ("990102002", "河滨街道", "east"),
    "shanqian_town": ("990121100", "山前镇", "west"),
    "keji_street": ("990171001", "科技街道", "zone"),
    "huaiyin": ("990102001001", "槐荫社区居民委员会", "huaiyin_street"),
    "liuyuan": ("990102001002", "柳园社区居民委员会", "huaiyin_street"),
    "hebin": ("990102002001", "河滨社区居民委员会", "hebin_street"),
    "shanqian": ("990121100200", "山前村民委员会", "shanqian_town"),
    "keji": ("990171001001", "科技社区居民委员会", "keji_street"),
}
RULES = {
    "statistical_zones": {"990171": "试点高新区"},
    "province_administered": [],
    "short_names": [["村民委员会", "村"], ["社区居民委员会", "社区"]],
}
# key: (name, kind, area key, further areas)
OFFICES = {
    "city_housing": ("试点市住房和城乡建设局", "city_housing", "city", ()),
    "east_housing": ("东湖区住房和城乡建设局", "county_housing", "east", ()),
    "west_housing": ("西山县住房和城乡建设局", "county_housing", "west", ()),
    "zone_housing": ("试点高新区建设管理局", "county_housing", "zone", ()),
    "huaiyin_office": ("槐荫街道办事处", "street_office", "huaiyin_street", ()),
    "hebin_office": ("河滨街道办事处", "street_office", "hebin_street", ()),
    "shanqian_office": ("山前镇人民政府", "street_office", "shanqian_town", ()),
    "keji_office": ("科技街道办事处", "street_office", "keji_street", ()),
    "huaiyin_community": ("槐荫社区居民委员会", "community_office", "huaiyin", ()),
    "liuyuan_community": ("柳园社区居民委员会", "community_office", "liuyuan", ()),
    "hebin_community": ("河滨社区居民委员会", "community_office", "hebin", ()),
    "shanqian_community": ("山前村民委员会", "community_office", "shanqian", ()),
    # One station of two streets: a further jurisdiction.
    "police": ("东湖分局槐荫派出所", "police_station", "huaiyin_street", ("hebin_street",)),
    "fire": ("东湖区消防救援大队", "fire_brigade", "east", ()),
    "urban_management": ("东湖区城市管理局", "urban_management", "east", ()),
    "company": ("安邻物业服务有限公司", "property_company", "city", ()),
    "other_company": ("和畅物业服务有限公司", "property_company", "city", ()),
}
USCCS = {"company": "91419900MA0TEAM1", "other_company": "91419900MA0TEAM2"}  # checked digits are added
# key: (name, community key, year, households, company key, (longitude, latitude))
ESTATES = {
    "huaiyin": ("槐荫小区", "huaiyin", 1996, 620, "company", (113.9012, 35.3034)),
    "railway": ("铁路家属院", "huaiyin", 1985, 180, None, (113.9035, 35.3051)),
    "liuyuan": ("柳园新村", "liuyuan", 2012, 1124, "company", (113.9102, 35.3078)),
    "hebin": ("河滨花园", "hebin", 2018, 860, "other_company", (113.9231, 35.2987)),
    "shanqian": ("山前家园", "shanqian", 1999, 240, "other_company", (113.8012, 35.4534)),
    "keji": ("科技公寓", "keji", 2015, 400, None, (113.9412, 35.2634)),
}
# key: (name, login, office key, role, title)
PEOPLE = {
    "street_officer": ("王建国", "wang", "huaiyin_office", "street_officer", "物业专干"),
    "community_manager": ("李敏", "li", "huaiyin_community", "community_manager", "社区专干"),
    "grid_worker": ("周小舟", "zhou", "huaiyin_community", "grid_worker", "网格员"),
    "police_officer": ("陈卫东", "chen", "police", "police_officer", "社区民警"),
    "fire_officer": ("赵安", "zhao", "fire", "fire_officer", "消防监督员"),
    "company_clerk": ("孙悦", "sun", "company", "company_clerk", "联络员"),
    "other_clerk": ("何畅", "he", "other_company", "company_clerk", "联络员"),
    "county_supervisor": ("刘主任", "liu", "east_housing", "county_supervisor", "物业股股长"),
    "city_supervisor": ("吴处长", "wu", "city_housing", "city_supervisor", "物业科科长"),
    "duty_officer": ("郑值班", "zheng", "city_housing", "duty_officer", "值班员"),
    "administrator": ("冯管理", "feng", "city_housing", "administrator", "系统管理员"),
    "outsider": ("邹外县", "zou", "shanqian_office", "street_officer", "物业专干"),
    "colleague": ("魏同事", "wei", "huaiyin_office", "grid_worker", "协管员"),
}


def build_city() -> City:
    """Build the city with its calendar, offices, estates, contracts and people, in the caller's transaction."""
    from anju.ground.access import services as access
    from anju.ground.foundation import calendar, codes
    from anju.ground.organisations import services as organisations
    from anju.ground.territory import services as territory
    from anju.ground.territory.models import Area, Division
    from anju.ground.territory.services import loading

    city, by = City(), Builder()
    calendar.load_seed(by=by, at=CALENDAR_AT)
    code_of = {key: code for key, (code, _name, _parent) in DIVISIONS.items()}
    depths = {4: 2, 6: 3, 9: 4, 12: 5}
    rows = [
        loading.Row(code, name, depths[len(code)], code_of[parent] if parent else "")
        for code, name, parent in DIVISIONS.values()
    ]
    loading.load_divisions(
        rows=loading.below(rows, "9901"),
        zones=RULES["statistical_zones"],
        source="演示数据",
        by=by,
        at=BUILT_AT,
    )
    loading.build_areas(cities=["9901"], rules=RULES, by=by, at=BUILT_AT)
    divisions = {d.code: d for d in Division.objects.filter(code__in=code_of.values())}
    areas = {a.division.code: a for a in Area.objects.select_related("division", "city", "county", "street")}
    for key, code in code_of.items():
        setattr(city.divisions, key, divisions[code])
        setattr(city.areas, key, areas[code])

    for key, (name, kind, area, also) in OFFICES.items():
        uscc = ""
        if stem := USCCS.get(key):
            stem += codes.organisation_check_digit(stem[8:16])
            uscc = stem + codes.uscc_check_digit(stem)
        office = organisations.create_organisation(
            kind=kind,
            name=name,
            area=getattr(city.areas, area),
            also_areas=tuple(getattr(city.areas, more) for more in also),
            uscc=uscc,
            document_code="东住建" if key == "east_housing" else "",
            is_demo=True,
            by=by,
            at=BUILT_AT,
        )
        setattr(city.offices, key, office)

    for key, (name, community, year, households, company, point) in ESTATES.items():
        estate = territory.create_estate(
            name=name,
            area=getattr(city.areas, community),
            year_built=year,
            households=households,
            building_count=4,
            buildings=("1号楼", "2号楼", "3号楼", "4号楼"),
            management="company" if company else "none",
            address="演示路1号",
            point=point,
            is_demo=True,
            by=by,
            at=BUILT_AT,
        ).estate
        setattr(city.estates, key, estate)
        if company:
            organisations.sign_contract(
                company=getattr(city.offices, company), estate=estate, valid_from=SINCE, by=by, at=BUILT_AT
            )

    for key, (name, login, office, role, title) in PEOPLE.items():
        person = organisations.create_person(name=name, phone="13800000000", is_demo=True, by=by, at=BUILT_AT)
        post = organisations.hold_post(
            person=person,
            organisation=getattr(city.offices, office),
            role=role,
            title=title,
            valid_from=SINCE,
            by=by,
            at=BUILT_AT,
        )
        account = access.create_account(username=login, password=PASSWORD, person=person, by=by, at=BUILT_AT)
        setattr(city.people, key, Member(person, account, post))
    return city


# --- Fixtures ----------------------------------------------------------------------------------------------------


def _person(key: str) -> Callable[[City], Member]:
    @pytest.fixture(name=key)
    def member(city: City) -> Member:
        return getattr(city.people, key)

    return member


street_officer = _person("street_officer")
community_manager = _person("community_manager")
grid_worker = _person("grid_worker")
police_officer = _person("police_officer")
fire_officer = _person("fire_officer")
company_clerk = _person("company_clerk")
other_clerk = _person("other_clerk")
county_supervisor = _person("county_supervisor")
city_supervisor = _person("city_supervisor")
duty_officer = _person("duty_officer")
administrator = _person("administrator")
outsider = _person("outsider")
colleague = _person("colleague")


@pytest.fixture
def wang(street_officer: Member) -> Member:
    """王, the street officer of 槐荫街道."""
    return street_officer


@pytest.fixture
def li(community_manager: Member) -> Member:
    """李, the community manager of 槐荫社区."""
    return community_manager


@pytest.fixture
def signed_in_as() -> Callable:
    """Return a function that gives a Django test client signed in as one of the cast."""
    from django.test import Client

    def sign_in(member: Member) -> Client:
        client = Client(HTTP_ACCEPT_LANGUAGE="zh-hans")
        client.force_login(member.account, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return sign_in


@pytest.fixture
def friday_9am() -> datetime:
    """An ordinary Friday, 2024-07-12 09:00 in Shanghai."""
    return datetime(2024, 7, 12, 9, 0, tzinfo=SHANGHAI)


@pytest.fixture
def friday_5pm() -> datetime:
    """The same Friday, 17:00."""
    return datetime(2024, 7, 12, 17, 0, tzinfo=SHANGHAI)


@pytest.fixture
def monday_9am() -> datetime:
    """The Monday after, 2024-07-15 09:00."""
    return datetime(2024, 7, 15, 9, 0, tzinfo=SHANGHAI)


@pytest.fixture
def before_holiday() -> datetime:
    """The last working day before the National Day week: Monday 2024-09-30 16:00."""
    return datetime(2024, 9, 30, 16, 0, tzinfo=SHANGHAI)
