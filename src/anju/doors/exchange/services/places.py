"""Ledgers of estates and of companies: cleaned cell by cell, then handed to the verbs of their own rooms.

There are thousands of these, not tens of thousands, and each change must leave its own trace: so no set-based load
here. A row that is already so changes nothing and counts as known.
"""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from anju.ground.access import services as access
from anju.ground.foundation import codes, rulebooks
from anju.ground.foundation.coordinates import System
from anju.ground.foundation.refusals import NeedsConfirmation, Refusal
from anju.ground.organisations import queries as organisation_queries
from anju.ground.organisations import services as organisations
from anju.ground.organisations.models import Organisation
from anju.ground.territory import rules as territory_rules
from anju.ground.territory import services as territory
from anju.ground.territory.models import Area, Estate
from anju.ground.territory.queries import cell_words

from .. import rules
from ..queries import sentences
from ..queries.places import Lost, PlaceFinder
from ..queries.reading import Row
from ..queries.validation import Bad, Problem, RowCheck

_COUNTS = ("households", "building_count", "hydrants", "extinguishers", "charging_places", "ebikes")
_FLAGS = ("is_high_rise", "has_micro_station", "has_control_room", "fire_lane_marked")
MOST_NOTES = 50


def run(reading: Any, *, dry_run: bool, is_demo: bool) -> tuple[int, int]:
    """Enter or correct what the rows say; return (good rows, of which something was added or changed).

    A dry run does the same and the caller rolls it back, so its counts are those of the real run.
    """
    places = reading.places()
    maker = EstateCheck if reading.kind == "estates" else CompanyCheck
    good = done = 0
    for (changed,) in reading.rows(
        lambda sheet: maker(sheet.header, reading.plan.words, reading=reading, places=places, is_demo=is_demo)
    ):
        good += 1
        done += changed
    return good, done


class _Entering(RowCheck):
    """What both have in common: a service that may refuse, in a transaction of its own."""

    def __init__(self, header: Any, words: Any, *, reading: Any, places: PlaceFinder, is_demo: bool):
        super().__init__(header, words, columns=reading.plan.kinds[0].columns, year=None, at=reading.at)
        self.by = reading.by
        self.at = reading.at
        self.notes = reading.outcome.notes
        self.places = places
        self.is_demo = is_demo
        self.headings: dict[int, str] = header.labels
        self.kind_columns = reading.plan.kinds[0].columns

    def note(self, sentence: str) -> None:
        """Keep something worth knowing that does not send a row back."""
        if len(self.notes) < MOST_NOTES:
            self.notes.append(sentence)

    def serve(self, number: int, estate: Estate, company: Organisation) -> bool:
        """Enter a contract from today when the estate has none (a ledger does not say since when); say if it was."""
        now = organisation_queries.company_of(estate, on=self.today)
        if now is None:
            try:
                organisations.sign_contract(
                    company=company, estate=estate, valid_from=self.today, by=self.by, at=self.at
                )
            except Refusal as refusal:
                self.note(
                    _("第 %(row)s 行：没有建立服务合同。%(why)s") % {"row": number, "why": str(refusal)}
                )
                return False
            return True
        if now.pk != company.pk:
            self.note(
                _(
                    "第 %(row)s 行：系统中小区“%(estate)s”由“%(now)s”服务，与台账的“%(name)s”不同，请核对合同。"
                )
                % {"row": number, "estate": estate.name, "now": now.name, "name": company.name[:60]}
            )
        return False

    def refused(self, refusal: Refusal, fallback: str) -> Bad:
        """Return what a service refused, at the column that it is about."""
        position = self.fields.get(refusal.field or "", self.fields.get(fallback))
        return Bad([(position, str(refusal))])


class EstateCheck(_Entering):
    """Turns a row into an estate entered or brought up to date: (whether anything changed,), or Bad."""

    def __call__(self, number: int, row: Row) -> tuple[bool] | Bad:
        problems: list[Problem] = []
        name = self.line(row, "name")
        if not name:
            problems.append((self.fields["name"], sentences.needed(_("小区名称"))))
        area = self.places.area(
            self.line(row, "county"), self.line(row, "street"), self.line(row, "community")
        )
        if isinstance(area, Lost):
            problems.append((self.fields.get(area.field), area.sentence))
        elif area is None:
            problems.append((self.fields.get("community"), sentences.needed(_("所属社区"))))
        elif area.level != Area.Level.COMMUNITY or area.pk not in self.places.areas:
            problems.append(
                (
                    self.fields.get("community", self.fields.get("street")),
                    _("要写明小区属于哪个社区（村），且在您的管辖范围内。"),
                )
            )
        facts = self._facts(row, problems)
        point = self._point(row, problems)
        system = self._system(row, problems) if point else System.WGS84
        if problems or not isinstance(area, Area):
            return Bad(problems)
        company_name = self.line(row, "company")
        try:
            kept = territory.upsert_estate(
                name=name,
                area=area,
                by=self.by,
                at=self.at,
                point=point,
                system=system,
                is_demo=self.is_demo,
                **facts,
            )
            signed = self._contract(number, kept.estate, company_name) if company_name else False
        except Refusal as refusal:
            return self.refused(refusal, "name")
        for warning in kept.warnings:
            self.note(
                _("第 %(row)s 行“%(name)s”：%(warning)s")
                % {"row": number, "name": name, "warning": cell_words.sentence(warning)}
            )
        return (kept.done != "unchanged" or signed,)

    def _facts(self, row: Row, problems: list[Problem]) -> dict[str, Any]:
        facts: dict[str, Any] = {}
        if address := self.line(row, "address"):
            facts["address"] = address[:200]

        def take(field: str, read: tuple[Any, str | None]) -> None:
            value, problem = read
            if problem:
                problems.append((self.fields[field], cell_words.sentence(problem)))
            elif value is not None:
                facts[field] = value

        for field in _COUNTS:
            if field in self.fields:
                cell, most = row[self.fields[field]], int(self.kind_columns[field].most)
                take(field, territory_rules.clean_count(cell, most=most))
        for field in _FLAGS:
            if field in self.fields:
                take(field, territory_rules.clean_yes(row[self.fields[field]]))
        if "floor_area" in self.fields:
            take("floor_area", territory_rules.clean_area(row[self.fields["floor_area"]]))
        if "year_built" in self.fields:
            cell = row[self.fields["year_built"]]
            if isinstance(cell, float) and cell.is_integer():
                cell = int(cell)
            take("year_built", territory_rules.clean_year(cell, today=self.today))
        if (said := self.line(row, "management")) != "" or "management" in self.fields:
            if kind := self._management(self.fields["management"], row):
                facts["management"] = kind
            elif said:
                problems.append((self.fields["management"], cell_words.sentence("unknown_management")))
        return facts

    def _management(self, position: int, row: Row) -> str:
        said = rules.heading_key(rules.as_text(row[position]))
        for kind, names in self._managements().items():
            if any(said == rules.heading_key(str(name)) for name in names):
                return kind
        return ""

    def _managements(self) -> dict[str, list[str]]:
        return self._words("management")

    def _words(self, of: str) -> dict[str, list[Any]]:
        return rulebooks.load("exchange", on=self.today)["kinds"]["estates"][of]

    def _system(self, row: Row, problems: list[Problem]) -> System:
        """Read in which coordinate system the row's point is: from its own column, else from the point's heading."""
        if said := self.line(row, "system"):
            if found := self._system_named(said):
                return found
            problems.append((self.fields["system"], cell_words.sentence("unknown_system")))
            return System.WGS84
        position = self.fields.get("longitude", self.fields.get("point"))
        heading = self.headings.get(position, "") if position is not None else ""
        for inside in rules.in_brackets(heading):
            if found := self._system_named(inside):
                return found
        return System.WGS84

    def _system_named(self, said: str) -> System | None:
        key = rules.heading_key(said)
        for system, names in self._words("systems").items():
            if any(key == rules.heading_key(str(name)) for name in names):
                return System(system)
        return None

    def _point(self, row: Row, problems: list[Problem]) -> tuple[float, float] | None:
        if "longitude" in self.fields and "latitude" in self.fields:
            found = []
            for field in ("longitude", "latitude"):
                value, problem = territory_rules.clean_number(row[self.fields[field]])
                if problem:
                    problems.append((self.fields[field], cell_words.sentence(problem)))
                found.append(value)
            point, problem = territory_rules.straighten(found[0], found[1])
            field = "longitude"
        elif "point" in self.fields:
            point, problem = territory_rules.clean_point(row[self.fields["point"]])
            field = "point"
        else:
            return None
        if problem:
            problems.append((self.fields[field], cell_words.sentence(problem)))
        return point

    def _contract(self, number: int, estate: Any, company_name: str) -> bool:
        """Enter the contract of the company that the row names, when it is registered."""
        company = Organisation.objects.filter(kind="property_company", name=company_name, active=True).first()
        if company is None:
            self.note(
                _("第 %(row)s 行：物业企业“%(name)s”尚未登记，没有建立服务合同。")
                % {"row": number, "name": company_name[:60]}
            )
            return False
        return self.serve(number, estate, company)


class CompanyCheck(_Entering):
    """Turns a row into a company entered or brought up to date: (whether anything changed,), or Bad."""

    def __call__(self, number: int, row: Row) -> tuple[bool] | Bad:
        problems: list[Problem] = []
        name = self.line(row, "name")
        if not name:
            problems.append((self.fields["name"], sentences.needed(_("企业名称"))))
        uscc = self.line(row, "uscc")
        if "uscc" in self.fields and rules.digits_lost(row[self.fields["uscc"]]):
            problems.append((self.fields["uscc"], sentences.lost_digits(uscc)))
        uscc = codes.check_uscc(uscc).value if uscc else ""
        area = self.places.area(self.line(row, "county"), "", "")
        if isinstance(area, Lost):
            problems.append((self.fields.get(area.field), area.sentence))
        if problems or isinstance(area, Lost):
            return Bad(problems)
        limits = {
            "short_name": 40,
            "phone": 40,
            "address": 200,
            "legal_person": 40,
            "uscc_override_reason": 200,
        }
        facts: dict[str, Any] = {f: v[:most] for f, most in limits.items() if (v := self.line(row, f))}
        area = area or self._top()
        here = Organisation.objects.filter(kind="property_company", uscc=uscc).first() if uscc else None
        here = here or Organisation.objects.filter(kind="property_company", name=name).first()
        try:
            with transaction.atomic():
                company, changed = self._kept(number, here, name=name, uscc=uscc, area=area, facts=facts)
                signed = [self.serve(number, estate, company) for estate in self._estates(number, row)]
                return (changed or any(signed),)
        except NeedsConfirmation as unsure:
            return Bad([(self.fields.get("uscc"), sentences.code_to_confirm(str(unsure)))])
        except Refusal as refusal:
            return self.refused(refusal, "name")

    def _kept(
        self,
        number: int,
        here: Organisation | None,
        *,
        name: str,
        uscc: str,
        area: Area | None,
        facts: dict[str, Any],
    ) -> tuple[Organisation, bool]:
        """Enter the company or bring it up to date; return it, and whether anything changed."""
        if here is None:
            marked: dict[str, Any] = {"is_demo": True} if self.is_demo else {}
            made = organisations.create_organisation(
                kind="property_company",
                name=name,
                area=area,
                uscc=uscc,
                by=self.by,
                at=self.at,
                **marked,
                **facts,
            )
            return made, True
        access.require(self.by, "organisations.see", on=here)
        if uscc and here.uscc not in ("", uscc):
            # A slip, or another company of the same name: a ledger must not decide which.
            raise Refusal(sentences.other_code(name, here.uscc), field="uscc")
        if uscc in ("", here.uscc):
            facts.pop("uscc_override_reason", None)  # said when the code was entered
        changes = {**facts, "name": name, **({"uscc": uscc} if uscc else {})}
        if all(getattr(here, field) == value for field, value in changes.items()):
            return here, False
        if (
            not access.visible(Organisation, to=self.by, power="organisations.edit")
            .filter(pk=here.pk)
            .exists()
        ):
            # Its contracts may still be entered by whoever keeps the estates.
            self.note(sentences.kept_elsewhere(number, name))
            return here, False
        return (
            organisations.edit_organisation(organisation_id=here.pk, changes=changes, by=self.by, at=self.at),
            True,
        )

    def _estates(self, number: int, row: Row) -> list[Estate]:
        """Find the estates that the row says the company serves; those not found are said in a note."""
        found = []
        for name in territory_rules.split_names(self.line(row, "estates")):
            spot = self.places.find(name, "", "", "", "")
            if isinstance(spot, Lost) or spot.estate_id is None:
                why = spot.sentence if isinstance(spot, Lost) else ""
                self.note(_("第 %(row)s 行，服务小区：%(why)s") % {"row": number, "why": why})
            else:
                found.append(Estate.objects.get(pk=spot.estate_id))
        return found

    def _top(self) -> Area | None:
        """Return the highest area within the importer's reach: where a company stands that names no county."""
        return min(self.places.areas.values(), key=lambda a: (a.level, a.pk), default=None)
