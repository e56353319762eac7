"""The offices, companies, estates and people of the demo city, built by the services that an administrator uses."""

import random
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from anju.ground.access import services as access
from anju.ground.access.actors import SYSTEM, Actor
from anju.ground.access.models import Account
from anju.ground.foundation import codes
from anju.ground.organisations import services as organisations
from anju.ground.organisations.models import Organisation
from anju.ground.territory import services as territory
from anju.ground.territory.models import Area, Estate
from anju.ground.territory.queries import boundaries

DATA = Path(__file__).parent / "data"


@cache
def book(name: str) -> dict[str, Any]:
    """Return one of the files of demo data: city or texts."""
    return yaml.safe_load((DATA / f"{name}.yaml").read_text(encoding="utf-8"))


@dataclass
class City:
    """What was built. `offices` by "kind@area code" (companies "property_company@0" …), actors by office id."""

    offices: dict[str, Organisation] = field(default_factory=dict)
    actors: dict[int, Actor] = field(default_factory=dict)
    estates: list[Estate] = field(default_factory=list)
    companies: dict[int, Organisation] = field(default_factory=dict)  # by estate id
    logins: dict[str, Actor] = field(default_factory=dict)


class Builder:
    """Builds the city step by step with one source of chance, so that every installation gets the same."""

    def __init__(self, chance: random.Random, *, at: datetime):
        self.chance = chance
        self.at = at
        self.book = book("city")
        self.since: date = self.book["since"]
        self.began = at - timedelta(days=400)
        self.city = City()
        self.hashed = ""
        self.areas = {
            area.division.code: area
            for area in Area.objects.filter(active=True, level__lt=Area.Level.COMMUNITY).select_related(
                "division", "city", "county", "street"
            )
            if area.division is not None
        }

    def build(self) -> City:
        """Build everything, in the caller's transaction."""
        self._city_offices()
        self._companies()
        communities = self._county_offices()
        self._estates(communities)
        self._people()
        return self.city

    # --- Offices ---------------------------------------------------------------------------------------------

    def _office(self, kind: str, area: Area, *, key: str = "", name: str = "", **facts: Any) -> Organisation:
        endings = (e for e in self.book["endings"] if area.name.endswith(e))
        short = area.name.removesuffix(next(endings, ""))
        pattern = name or self.book["office_names"][kind][0].format(area=area.name, short=short)
        office = organisations.create_organisation(
            kind=kind,
            name=f"{pattern}{self.book['mark']}",
            area=area,
            phone=self._telephone(),
            is_demo=True,
            by=SYSTEM,
            at=self.began,
            **facts,
        )
        code = area.division.code if area.division else str(area.pk)
        self.city.offices[f"{kind}@{key or code}"] = office
        return office

    def _telephone(self) -> str:
        # 0373-000…: no exchange of the city begins with 0.
        return f"0373-0{self.chance.randrange(10**6):06d}"

    def _code(self, kind: str, label: str) -> str:
        return self.book["document_codes"].get(kind, "").format(label=label)

    def _city_offices(self) -> None:
        city = next(area for area in self.areas.values() if area.level == Area.Level.CITY)
        self.top = city
        for kind in ("city_housing", "duty_office", "police_bureau", "fire_brigade"):
            name = self.book["city_names"].get(kind, "").format(area=city.name)
            self._office(kind, city, name=name, document_code=self._code(kind, self.book["city_label"]))

    def _companies(self) -> None:
        for number, name in enumerate(self.book["companies"]):
            stem = f"91410700MADEM{number:02d}X"[:16]
            stem += codes.organisation_check_digit(stem[8:16])
            self._office(
                "property_company",
                self.top,
                key=str(number),
                name=self.book["company_name"].format(name=name),
                uscc=stem + codes.uscc_check_digit(stem),
            )

    def _county_offices(self) -> list[tuple[dict[str, Any], dict[str, Any], Area]]:
        wanted = {county["code"]: county for county in self.book["counties"]}
        for area in [a for a in self.areas.values() if a.level == Area.Level.COUNTY]:
            assert area.division is not None
            county = wanted.get(area.division.code)
            label = county["label"] if county else self.book["other_label"].format(first=area.name[0])
            self._office("county_housing", area, document_code=self._code("county_housing", label))
            if county is None:
                continue
            for kind in ("fire_brigade", "police_bureau"):
                self._office(kind, area, document_code=self._code(kind, label))
            for kind in ("urban_management", "market_regulator", "gas_regulator"):
                self._office(kind, area)
        found = []
        for county in wanted.values():
            for street in county["streets"]:
                area = self.areas[street["code"]]
                town = self.book["town_office"] if not area.name.endswith(self.book["endings"][0]) else ""
                label = county["label"] + area.name[0]
                self._office(
                    "street_office",
                    area,
                    name=town.format(area=area.name),
                    document_code=self._code("street_office", label),
                )
                self._office("police_station", area, document_code=self._code("police_station", label))
                below = Area.objects.filter(parent=area, active=True, level=Area.Level.COMMUNITY)
                ordered = below.select_related("division", "city", "county", "street").order_by(
                    "division__code"
                )
                for community in ordered[: street["communities"]]:
                    self._office("community_office", community)
                    found.append((county, street, community))
        return found

    # --- Estates ---------------------------------------------------------------------------------------------

    def _estates(self, communities: list[tuple[dict[str, Any], dict[str, Any], Area]]) -> None:
        words = self.book["estates"]
        used: set[str] = set()
        for county, street, community in communities:
            for _n in range(street["estates"]):
                old = bool(used) and self.chance.random() < 0.4
                name = words["first"]
                while name in used:
                    name = self._name(words, old)
                used.add(name)
                self._estate(name, old, county, community, words)

    def _name(self, words: dict[str, Any], old: bool) -> str:
        return self.chance.choice(words["names"]) + self.chance.choice(words["old" if old else "new"])

    def _estate(
        self, name: str, old: bool, county: dict[str, Any], community: Area, words: dict[str, Any]
    ) -> None:
        chance = self.chance
        year = chance.randint(1978, 2000) if old else chance.randint(2001, 2023)
        kinds = ["company", "self", "street", "work_unit", "none"]
        management = chance.choices(kinds, [3, 1, 3, 2, 3] if old else [9, 1, 0, 0, 0])[0]
        first = not self.city.estates
        if first:
            management = "company"
        buildings = chance.randint(2, 8) if old else chance.randint(6, 24)
        tall = not old and chance.random() < 0.6
        households = buildings * (chance.randint(18, 36) if old else chance.randint(48, 132))
        estate = territory.create_estate(
            name=f"{name}{self.book['mark']}",
            aliases=[name],  # as people and ledgers call it
            area=community,
            address=words["address"].format(road=chance.choice(words["roads"]), n=chance.randint(1, 199)),
            year_built=year,
            listed_old=old and chance.random() < 0.5,
            households=households,
            building_count=buildings,
            buildings=tuple(words["building"].format(n=n) for n in range(1, buildings + 1)),
            management=management,
            is_high_rise=tall,
            hydrants=buildings * (12 if tall else 2),
            extinguishers=households // 4,
            has_micro_station=tall or chance.random() < 0.2,
            has_control_room=tall,
            fire_lane_marked=chance.random() < (0.4 if old else 0.9),
            charging_places=0 if old and chance.random() < 0.5 else households // chance.randint(4, 12),
            ebikes=int(households * chance.uniform(0.5, 1.1)),
            point=self._point(county),
            is_demo=True,
            by=SYSTEM,
            at=self.began,
        ).estate
        self.city.estates.append(estate)
        if management == "company":
            number = 0 if first else self._company_for(community, chance)
            company = self.city.offices[f"property_company@{number}"]
            organisations.sign_contract(
                company=company, estate=estate, valid_from=self.since, by=SYSTEM, at=self.began
            )
            self.city.companies[estate.pk] = company

    def _company_for(self, community: Area, chance: random.Random) -> int:
        """Choose a company: the first looks after much of the first county, so that its clerk has something to do."""
        first = self.book["counties"][0]["code"]
        here = community.county.division.code if community.county and community.county.division else ""
        if here == first and chance.random() < 0.55:
            return 0
        return chance.randrange(1, len(self.book["companies"]))

    def _point(self, county: dict[str, Any]) -> tuple[float, float]:
        """Pick a point within the county (for a zone without a polygon of its own: within some county)."""
        (lon, lat), (east, north) = county["centre"], county["stray"]
        for _n in range(200):
            point = (
                round(lon + self.chance.uniform(-east, east), 6),
                round(lat + self.chance.uniform(-north, north), 6),
            )
            here = boundaries.county_code_at(*point)
            known = county["code"] in {f["properties"]["code"] for f in boundaries.collection()["features"]}
            if here == county["code"] or (here and not known):
                return point
        raise ValueError(f"no point of {county['code']} near {county['centre']}")

    # --- People ----------------------------------------------------------------------------------------------

    def _people(self) -> None:
        """Let the cast sign in, and staff every other office with somebody who acts in the past but cannot sign in."""
        made: list[Account] = []
        for line in self.book["people"]:
            office = self.city.offices[line["office"]]
            account = self._staff(line["name"], office, line["role"], line["title"], login=line["login"])
            made.append(account)
            main_role = self.book["office_names"][office.kind][1]
            actor = access.actor_of(account, at=self.at)
            self.city.logins[line["login"]] = actor
            if line["role"] == main_role:
                self.city.actors[office.pk] = actor
        number = 0
        for office in self.city.offices.values():
            if office.pk in self.city.actors:
                continue
            _pattern, role, title = self.book["office_names"][office.kind]
            number += 1
            name = "".join(
                self.chance.choice(self.book[part]) for part in ("surnames", "generation", "given")
            )
            account = self._staff(name, office, role, title, login=f"yanshi{number:03d}")
            self.city.actors[office.pk] = access.actor_of(account, at=self.at)

    def _staff(self, name: str, office: Organisation, role: str, title: str, *, login: str) -> Account:
        person = organisations.create_person(
            name=name,
            phone=self._telephone(),
            badge_number=self.book["badge"].format(n=self.chance.randrange(10**5)),
            is_demo=True,
            by=SYSTEM,
            at=self.began,
        )
        organisations.hold_post(
            person=person,
            organisation=office,
            role=role,
            title=title,
            valid_from=self.since,
            by=SYSTEM,
            at=self.began,
        )
        if login.startswith("yanshi"):
            account = Account(username=login, person=person, is_active=True)
            account.set_unusable_password()
            account.save()
            return account
        # All have the same password: hashing it once spares each first start several seconds.
        account = access.create_account(
            username=login,
            password=self.book["password"],
            hashed=self.hashed,
            person=person,
            by=SYSTEM,
            at=self.began,
        )
        self.hashed = account.password
        return account
