"""Rows of a station's month: units, visits and what was found at them, linked by the station's own numbers.

A number means what it means within one agency: two stations may use the same. What a sheet says of a visit is kept
small (`Ref`), so that a hundred thousand of them fit beside the workbook.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from anju.ground.foundation import codes
from anju.ground.organisations.models import Organisation
from anju.ground.territory.rules import name_key

from .. import rules
from ..rules import Column, Header, Words
from . import sentences
from .agencies import Agencies, Officers
from .places import Lost, PlaceFinder, Spot
from .reading import Row
from .units import Named, UnitBook
from .validation import CASE_COLUMNS, Bad, CaseCheck, Problem, RowCheck, moment

UNIT_COLUMNS = (
    ("number", "int"), ("sheet", "text"), ("source_key", "text"), ("unit", "int"),
)  # fmt: skip
VISIT_COLUMNS = (
    ("number", "int"), ("sheet", "text"), ("source_key", "text"), ("unit", "int"), ("source_number", "text"),
    ("agency_id", "bigint"), ("agency_kind", "text"), ("kind", "text"), ("visited_on", "date"),
    ("began_at", "timestamptz"), ("finished_at", "timestamptz"), ("met", "text"), ("signed_by", "text"),
    ("refusal", "text"), ("campaign", "text"), ("conclusion", "text"), ("note", "text"), ("officers", "text"),
    ("joint", "text"), ("said", "int"), ("data", "text"),
)  # fmt: skip
# What a finding has beside its case.
FINDING_COLUMNS = (
    ("visit_key", "text"), ("order_number", "text"), ("rectified_on", "date"), ("found_on", "date"),
    ("at_once", "boolean"), ("top_class", "text"),
)  # fmt: skip


@dataclass(slots=True)
class Ref:
    """A visit as other sheets refer to it: by which key it is stored, when and where it was; or why it went back."""

    key: str
    agency: Organisation
    on: date
    at: Any
    spot: Spot
    unit_name: str
    unit: Named | None = None
    sheet: str = ""
    row: int = 0
    bad: bool = False


class Links:
    """Knows the visits of this workbook and those loaded before by the numbers that senders gave them."""

    def __init__(self, places: PlaceFinder, agencies: Agencies):
        self.places = places
        self.agencies = agencies
        self._here: dict[str, list[Ref]] = {}
        self._before: dict[str, list[Ref]] = {}

    def add(self, number: str, ref: Ref) -> None:
        """Remember a visit of this workbook."""
        self._here.setdefault(number, []).append(ref)

    def here(self, number: str, agency_id: int) -> Ref | None:
        """Return the visit of this workbook that an agency gave a number."""
        return next((ref for ref in self._here.get(number, ()) if ref.agency.pk == agency_id), None)

    def before(self, number: str, agency_id: int) -> list[Ref]:
        """Return the visits loaded before under a number of an agency."""
        return [ref for ref in self._before.get(number, ()) if ref.agency.pk == agency_id]

    def look_up(self, numbers: Sequence[str]) -> None:
        """Ask the database once which of many numbers it knows, among the agencies one may speak for."""
        if not numbers or not self.agencies.by_id:
            return
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS ledger_numbers")
            cursor.execute("CREATE TEMPORARY TABLE ledger_numbers (number text PRIMARY KEY) ON COMMIT DROP")
            with cursor.copy("COPY ledger_numbers FROM STDIN") as copy:
                for number in numbers:
                    copy.write_row((number,))
            cursor.execute(
                """
                SELECT v.source_number, v.source_key, v.agency_id, v.visited_on, v.began_at, u.name, u.estate_id,
                       u.area_id
                FROM ledger_numbers n
                JOIN inspections_visit v ON v.source_number = n.number
                JOIN inspections_unit u ON u.id = v.unit_id
                WHERE v.agency_id = ANY(%s) AND v.source_key IS NOT NULL AND v.visited_on IS NOT NULL
                ORDER BY v.visited_on, v.id
                """,
                [list(self.agencies.by_id)],
            )
            for number, key, agency_id, day, began, name, estate_id, area_id in cursor:
                spot = self._spot(estate_id, area_id)
                if spot is not None:
                    agency = self.agencies.by_id[agency_id]
                    self._before.setdefault(number, []).append(Ref(key, agency, day, began, spot, name))

    def _spot(self, estate_id: int | None, area_id: int) -> Spot | None:
        found = self.places.spot_of_estate(estate_id) if estate_id else None
        if found is None and area_id in self.places.areas:
            found = self.places.spot_of(self.places.areas[area_id])
        return found

    def find(self, number: str, agency: Organisation | None, unit: str, *, told: bool = False) -> Ref | Lost:
        """Return the visit that a row's number means: of this workbook first, then of those loaded before.

        agency  the agency that the row (`told`) or its sheet names; None leaves it open
        unit    what the row calls the unit; it tells apart visits with one number
        """
        if not number:
            return Lost("visit_number", sentences.needed(_("检查编号")))
        here, before = self._here.get(number, []), self._before.get(number, [])
        if agency is None:
            refs = here or before
        else:
            mine = [[ref for ref in refs if ref.agency.pk == agency.pk] for refs in (here, before)]
            # A sheet whose rows name no agency may list the numbers of several: then the number alone must tell.
            refs = mine[0] or mine[1] or ([] if told else here)
        if len(refs) > 1 and unit:
            refs = [ref for ref in refs if name_key(ref.unit_name) == name_key(unit)] or refs
        if not refs:
            office = agency.name if agency is not None else _("检查记录")
            return Lost(
                "visit_number",
                _(
                    "没有找到检查编号“%(number)s”：本文件的检查记录里没有，系统中“%(office)s”也没有这个编号的检查。"
                )
                % {"number": number[:40], "office": office},
            )
        if len(refs) > 1:
            listed = _("；").join(
                _("%(day)s“%(unit)s”（%(office)s）")
                % {"day": ref.on.isoformat(), "unit": ref.unit_name, "office": ref.agency.name}
                for ref in refs[:3]
            )
            return Lost(
                "visit_number",
                _("检查编号“%(number)s”对应 %(count)s 次检查：%(listed)s。请写明检查单位和被检查单位。")
                % {"number": number[:40], "count": len(refs), "listed": listed},
            )
        ref = refs[0]
        if ref.bad:
            return Lost(
                "visit_number",
                _("检查编号“%(number)s”所在的行（“%(sheet)s”第 %(row)s 行）被退回，请一并改正后再导入。")
                % {"number": number[:40], "sheet": ref.sheet, "row": ref.row},
            )
        return ref


class StationCheck(RowCheck):
    """What the rows of all these sheets share: their agency, their links, numbers that spreadsheets spoil."""

    def __init__(
        self,
        header: Header,
        words: Words,
        *,
        columns: Mapping[str, Column],
        sheet: str,
        year: int | None,
        at: datetime,
        agencies: Agencies,
        usual: Organisation | None,
        units: UnitBook,
        links: Links,
        officers: Officers,
        book: Mapping[str, Any],
        note: Any,
    ):
        super().__init__(header, words, columns=columns, year=year, at=at)
        self.sheet = sheet
        self.agencies = agencies
        self.usual = usual
        self.units = units
        self.links = links
        self.officers = officers
        self.book = book
        self.note = note

    def number_of(self, row: Row, field: str) -> str:
        """Return a sender's number on one line, blanks taken out."""
        return "".join(self.line(row, field).split())[:40]

    def agency(self, row: Row, problems: list[Problem]) -> Organisation | None:
        """Return the agency of a row; notes what is wrong."""
        found = self.agencies.of_row(self.line(row, "agency"), self.usual)
        if isinstance(found, Lost):
            self.blame(found, problems)
            return None
        return found

    def blame(self, lost: Lost, problems: list[Problem], *others: str) -> None:
        """Note what is wrong at the column it is about, or at the first of some others that is there."""
        position = self.fields.get(lost.field)
        for field in others:
            position = self.fields.get(field) if position is None else position
        problems.append((position, lost.sentence))

    def uscc(self, row: Row, problems: list[Problem], doubts: list[str]) -> str:
        """Return a credit code that holds; one that does not is a doubt, one that lost its digits sends back."""
        if "uscc" not in self.fields:
            return ""
        said = self.line(row, "uscc")
        if not said:
            return ""
        if rules.digits_lost(row[self.fields["uscc"]]):
            problems.append((self.fields["uscc"], sentences.lost_digits(said)))
            return ""
        checked = codes.check_uscc(said)
        if not checked.valid:
            doubts.append("uscc")
            return ""
        return checked.value

    def meet(
        self,
        row: Row,
        name: str,
        agency: Organisation,
        on: date,
        uscc: str = "",
        number: str = "",
        kind: str = "",
    ) -> Named | Lost:
        """Return the unit that a row names by its usual columns."""
        line = self.line
        return self.units.meet(
            name=name,
            kind=kind,
            agency=agency,
            on=on,
            county=line(row, "county"),
            street=line(row, "street"),
            community=line(row, "community"),
            address=line(row, "address"),
            uscc=uscc,
            number=number,
            responsible=line(row, "responsible") if "responsible" in self.fields else "",
            phone=line(row, "phone") if "phone" in self.fields else "",
        )

    def trace(self, number: int, row: Row, doubts: Sequence[str], **said: str) -> str:
        """Return what the event of a row keeps: where it came from, doubts, columns that nothing reads."""
        data: dict[str, Any] = {"sheet": self.sheet, "row": number, **{k: v for k, v in said.items() if v}}
        if doubts:
            data["doubts"] = list(doubts)
        if self.extra and (others := self.others(row)):
            data["columns"] = others
        return json.dumps(data, ensure_ascii=False)

    def one_of(self, said: str, words: Mapping[str, Sequence[str]]) -> str:
        """Return the key among whose words a cell's text is, else the first of whose words it contains."""
        if not said:
            return ""
        plain = said.strip()
        for key, known in words.items():
            if plain in known:
                return key
        return next((key for key, known in words.items() if any(w in plain for w in known)), "")


class UnitCheck(StationCheck):
    """Turns a row of a list of units into a tuple of UNIT_COLUMNS, or Bad."""

    def __call__(self, number: int, row: Row) -> tuple[Any, ...] | Bad:
        problems: list[Problem] = []
        doubts: list[str] = []
        agency = self.agency(row, problems)
        uscc = self.uscc(row, problems, doubts)
        if agency is None:
            return Bad(problems)
        found = self.meet(
            row, self.line(row, "name"), agency, self.today, uscc, self.number_of(row, "number"),
            self.line(row, "kind"),
        )  # fmt: skip
        if isinstance(found, Lost):
            self.blame(
                Lost({"unit": "name", "unit_kind": "kind"}.get(found.field, found.field), found.sentence),
                problems,
                "name",
            )
        if problems or isinstance(found, Lost):
            return Bad(problems)
        return number, self.sheet, found.source_key, found.seq


class VisitCheck(StationCheck):
    """Turns a row of visits into a tuple of VISIT_COLUMNS, or Bad; remembers its number either way."""

    def __call__(self, number: int, row: Row) -> tuple[Any, ...] | Bad:
        problems: list[Problem] = []
        doubts: list[str] = []
        when = self.day(row, "visited_on", problems)
        if when.day is None and not problems:
            problems.append((self.fields["visited_on"], sentences.needed(_("检查时间"))))
        agency = self.agency(row, problems)
        uscc = self.uscc(row, problems, doubts)
        own = self.number_of(row, "number")
        name = self.line(row, "unit")
        unit: Named | Lost | None = None
        if agency is not None:
            day = when.day or self.today
            unit = self.meet(
                row, name, agency, day, uscc, self.number_of(row, "unit_number"), self.line(row, "unit_kind")
            )
            if isinstance(unit, Lost):
                self.blame(unit, problems, "unit")
        kind = self._kind(row, problems)
        conclusion = self._conclusion(row)
        joint = self._joint(row, agency, problems)
        said = self._said(row, problems)
        if problems or agency is None or when.day is None or not isinstance(unit, Named):
            if own and agency is not None and self.links.here(own, agency.pk) is None:
                self.links.add(own, self._bad_ref(agency, name, number))
            return Bad(problems)
        # Without a number two visits of one day are told apart by what was seen.
        told = own or f"{kind}\x1e{self.text(row, 'text')}"
        key = rules.source_key("visit", agency.pk, told, when.day, when.at, unit.identity)
        if own and (taken := self._taken(own, agency, key)):
            return Bad([(self.fields["number"], taken)])
        if own:
            self.links.add(
                own,
                Ref(key, agency, when.day, when.at, unit.spot, unit.name, unit, self.sheet, number),
            )
        refusal, signed = self._signature(row)
        return (
            number,
            self.sheet,
            key,
            unit.seq,
            own,
            agency.pk,
            agency.kind,
            kind if joint == "[]" else "joint",
            when.day,
            moment(when.day, when.at) if when.at else None,
            moment(when.day, when.at),
            self.line(row, "met")[:60],
            signed,
            refusal,
            self.line(row, "campaign")[:60],
            conclusion,
            self.text(row, "text")[:4000],
            self.officers.of(agency.pk, self.line(row, "officers"), self.line(row, "badges")),
            joint,
            said,
            self.trace(number, row, doubts),
        )

    def _bad_ref(self, agency: Organisation, name: str, number: int) -> Ref:
        nowhere = Spot(None, "", "", 0, None, None, None, None, None)
        return Ref("", agency, self.today, None, nowhere, name, None, self.sheet, number, True)

    def _taken(self, own: str, agency: Organisation, key: str) -> str:
        """Say by which other visit a number is taken already; numbers that only count lines may come again."""
        same = self.links.here(own, agency.pk)
        if same is not None and same.key != key:
            if same.bad:
                return ""  # the row before went back; what it said of the number counts for nothing
            return _("检查编号“%(number)s”在“%(sheet)s”第 %(row)s 行（%(unit)s）已经用过，请核对。") % {
                "number": own,
                "sheet": same.sheet,
                "row": same.row,
                "unit": same.unit_name,
            }
        if rules.is_running_number(own):
            return ""
        before = self.links.before(own, agency.pk)
        if before and all(ref.key != key for ref in before):
            return _(
                "检查编号“%(number)s”已用于%(day)s对“%(unit)s”的检查，与本行不同。若是更正，请在系统中修改那次检查。"
            ) % {"number": own, "day": before[0].on.isoformat(), "unit": before[0].unit_name}
        return ""

    def _kind(self, row: Row, problems: list[Problem]) -> str:
        said = self.line(row, "kind")
        if not said:
            return "daily"
        found = self.one_of(said, self.book["visit_kinds"])
        if not found:
            sentence = _("看不懂检查类型“%(said)s”，请写成日常检查、复查等。") % {"said": said[:20]}
            problems.append((self.fields["kind"], sentence))
        return found

    def _conclusion(self, row: Row) -> str:
        """Return refused, closed, corrected or clean where the words say so; findings decide the rest."""
        return self.one_of(
            self.line(row, "conclusion") or self.line(row, "text")[:60], self.book["visit_conclusions"]
        )

    def _joint(self, row: Row, agency: Organisation | None, problems: list[Problem]) -> str:
        if "joint" not in self.fields or not (said := self.line(row, "joint")):
            return "[]"
        found: dict[int, str] = {}
        for name in rules.split_people(said):
            office = self.agencies.named(name)
            if office is None:
                problems.append(
                    (
                        self.fields["joint"],
                        _("“%(name)s”不是您可以代为导入的检查单位，或尚未登记，请核对名称。")
                        % {"name": name[:40]},
                    )
                )
            elif agency is None or office.pk != agency.pk:
                found[office.pk] = office.kind
        return json.dumps(list(found.items()))

    def _said(self, row: Row, problems: list[Problem]) -> int | None:
        if "findings_said" not in self.fields or rules.is_empty(row[self.fields["findings_said"]]):
            return None
        text = self.line(row, "findings_said")
        if not text:
            return None
        count = rules.read_count(text)
        if count is None:
            sentence = _("看不懂隐患数“%(said)s”，请填写数字。") % {"said": text[:20]}
            problems.append((self.fields["findings_said"], sentence))
        return count

    def _signature(self, row: Row) -> tuple[str, str]:
        """Return (refusal noted, who signed) from the column about the signature."""
        said = self.line(row, "signed")
        if not said:
            return "", ""
        if any(word in said for word in self.book["refused_signature"]):
            return said[:200], ""
        flag = rules.read_flag(said, self.words)
        met = self.line(row, "met")[:60]
        return "", "" if flag is False else met if flag else said[:60]


class FindingCheck(CaseCheck):
    """Turns a row of findings into the tuple of a case and of its finding, or Bad.

    Day and place are those of the visit that the row names; everything else is read as in a ledger of hazards.
    """

    def __init__(self, header: Header, words: Words, *, station: StationCheck, **shared: Any):
        super().__init__(header, words, **shared)
        self.station = station
        self.ref: Ref | Lost = Lost("visit_number", "")
        self.top = {code: chosen.groups[0][0] for code, chosen in self.classes.classes.items()}

    def __call__(self, number: int, row: Row) -> tuple[Any, ...] | Bad:
        station = self.station
        problems: list[Problem] = []
        said = self.line(row, "agency")
        agency = station.agency(row, problems) if said else station.usual
        unit = self.line(row, "unit")
        if problems:
            return Bad(problems)
        number_said = station.number_of(row, "visit_number")
        self.ref = station.links.find(number_said, agency, unit, told=bool(said))
        ref = self.ref
        if isinstance(ref, Ref) and unit and name_key(unit) != name_key(ref.unit_name):
            self.ref = Lost(
                "unit",
                _("检查编号“%(number)s”检查的是“%(visited)s”，本行写的是“%(written)s”，请核对。")
                % {
                    "number": number_said,
                    "visited": ref.unit_name,
                    "written": unit[:40],
                },
            )
        made = super().__call__(number, row)
        if isinstance(made, Bad) or not isinstance(ref, Ref):
            return made
        closed_at = made[_CLOSED]
        rectified_on = closed_at[:10] if closed_at else None
        handled = self.line(row, "handled") or self.text(row, "rectified")
        at_once = rectified_on == ref.on.isoformat() and (
            any(word in handled for word in self.words.at_once) or self.line(row, "due") == ""
        )
        return (
            *made,
            ref.key,
            station.number_of(row, "order_number"),
            rectified_on,
            ref.on,
            at_once,
            self.top[made[_CLASS]],
        )

    def when(self, row: Row, problems: list[Problem]) -> rules.When:
        """Return the day of the visit."""
        return rules.When(self.ref.on) if isinstance(self.ref, Ref) else rules.When(None)

    def where(self, row: Row) -> Spot | Lost:
        """Return the place of the visit, or why there is none."""
        return self.ref.spot if isinstance(self.ref, Ref) else self.ref

    def key(
        self, row: Row, spot: Spot, told: str, found: rules.When, place: str, body: str, number: str
    ) -> str:
        """Return the key of a finding: the visit, the class told, where and what; the same twice is one."""
        assert isinstance(self.ref, Ref)
        return rules.source_key("finding", self.ref.key, told, place, body, number)

    def lacks_day(self, row: Row, problems: list[Problem]) -> None:
        """Say nothing of the day: it is the visit's, and the sentence about the visit says it all."""


_CLOSED = [name for name, _type in CASE_COLUMNS].index("closed_at")
_CLASS = [name for name, _type in CASE_COLUMNS].index("class_code")
