"""From raw rows to rows that can be loaded: small generators, one after the other, nothing kept but what is looked up.

`data_rows` leaves out what is no row (sums, blank lines, notes, repeated headings) and fills what is written once for
several rows; `CaseCheck` and its brothers turn a row into a tuple for COPY, or say what is wrong with it.
"""

import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from anju.duties.cases import rules as case_rules
from anju.duties.cases.rules import State
from anju.ground.access import escrow
from anju.ground.foundation import codes
from anju.ground.organisations.models import ServiceContract

from .. import rules
from ..rules import Column, Header, Kind, Words
from . import sentences
from .classes import ClassFinder
from .places import Lost, PlaceFinder, Spot, stamps
from .reading import Row, Sheet

Problem = tuple[int | None, str]  # position (None: the row as a whole), sentence
# A ledger gives days, not hours. Noon keeps the day the same in every time zone in which it may be shown.
NOON = time(12)


@dataclass(slots=True)
class Bad:
    """A row that cannot be loaded: what is wrong, by position."""

    problems: list[Problem]


def data_rows(sheet: Sheet, header: Header, kind: Kind, words: Words) -> Iterator[tuple[int, Row]]:
    """Give (row number in the workbook, row) for each row that is one."""
    used = [p for p in header.labels if p not in header.passed_over]
    needs = [[header.fields[f] for f in group if f in header.fields] for group in kind.needs]
    width = max(header.labels, default=0) + 1
    mapped = list(header.fields.values())
    fills: dict[int, list[tuple[int, tuple[int, int]]]] = {}
    for at, origin in sheet.merged.items():
        if at != origin and origin[0] > header.last and at[1] == origin[1]:
            fills.setdefault(at[0], []).append((at[1], origin))
    origins = {origin for filled in fills.values() for _position, origin in filled}
    kept: dict[tuple[int, int], Any] = {}
    heading = {p: header.labels[p].rsplit("/", 1)[-1] for p in mapped}
    first = mapped[0]
    before: Row = [""] * width
    single = len(kind.needs) == 1
    ditto = words.ditto
    for index, row in enumerate(sheet.rows()):
        if index <= header.last:
            continue
        if len(row) < width:
            row = [*row, *[""] * (width - len(row))]
        if index in fills:
            for position, origin in fills[index]:
                if 0 <= position < len(row):
                    row[position] = kept.get(origin, "")
        if origins:
            for position in range(len(row)):
                if (index, position) in origins:
                    kept[index, position] = row[position]
        lacking = any(all(rules.is_empty(row[p]) for p in group) for group in needs)
        if lacking and all(rules.is_empty(row[p]) for p in used):
            continue
        if (lacking or single) and (rules.is_total(row, words) or rules.is_footer(row, words)):
            continue
        value = row[first]
        if (
            type(value) is str
            and "".join(value.split()) in (heading[first], header.labels[first])
            and _is_heading(row, header, heading)
        ):
            continue  # the heading printed again at the top of a page
        for position in mapped:
            value = row[position]
            if type(value) is str and 0 < len(value) < 4 and value.strip().lower() in ditto:
                row[position] = before[position]
        before = row
        yield index + 1, row


def _is_heading(row: Row, header: Header, heading: dict[int, str]) -> bool:
    return all(
        "".join(rules.as_text(row[p]).split()) in (header.labels[p], said, "") for p, said in heading.items()
    )


@lru_cache(maxsize=20_000)
def _plain(value: str) -> str:
    """Return a cell's words for looking them up: clean, without blanks, lower case."""
    return "".join(rules.as_text(value).split()).lower()


@lru_cache(maxsize=20_000)
def moment(day: date, at: time | None = None) -> str:
    """Return a ledger's day (and time) as the text of a timestamp in local time."""
    return timezone.make_aware(datetime.combine(day, at or NOON)).isoformat()


@lru_cache(maxsize=5_000)
def end_of(day: date) -> str:
    """Return the last second of a day as the text of a timestamp."""
    return timezone.make_aware(datetime.combine(day, time(23, 59, 59))).isoformat()


class RowCheck:
    """What all kinds share: where the fields stand, and what is kept of columns without a field."""

    def __init__(
        self, header: Header, words: Words, *, columns: Mapping[str, Column], year: int | None, at: datetime
    ):
        self.fields = header.fields
        self.words = words
        self._cleaned: dict[str, str] = {}
        self.year = year
        self.today = timezone.localtime(at).date()
        kept = {p for name, p in header.fields.items() if columns[name].kept}
        secret = {p for name, p in header.fields.items() if columns[name].secret}
        self.extra = [(p, header.labels[p]) for p in sorted({*header.asked, *kept})]
        self.personal = secret | {
            p for p in header.asked if any(word in header.labels[p] for word in words.personal)
        }

    def text(self, row: Row, field: str) -> str:
        """Return a field as clean text; "" when it has no column or says that there is nothing."""
        position = self.fields.get(field)
        if position is None:
            return ""
        value = row[position]
        if value == "":
            return ""
        # Names and short words repeat through a ledger; each is cleaned once.
        known = self._cleaned.get(value) if type(value) is str else None
        if known is not None:
            return known
        said = rules.as_text(value)
        if len(said) < 20 and said.lower() in self.words.nothing:
            said = ""
        if type(value) is str and len(value) < 40:
            if len(self._cleaned) > 50_000:
                self._cleaned.clear()
            self._cleaned[value] = said
        return said

    def line(self, row: Row, field: str) -> str:
        """Return a field as text on one line."""
        said = self.text(row, field)
        return " ".join(said.split()) if "\n" in said else said

    def others(self, row: Row) -> dict[str, str]:
        """Return what stands in columns without a field; values that name people only masked."""
        found = {}
        for position, label in self.extra:
            if position < len(row) and not rules.is_empty(row[position]):
                said = rules.as_text(row[position])[:500]
                found[label] = masked(said) if position in self.personal else said
        return found

    def day(self, row: Row, field: str, problems: list[Problem]) -> rules.When:
        """Return a field as a day that has been; notes what is wrong."""
        position = self.fields.get(field)
        if position is None:
            return rules.When(None)
        when = rules.read_date(row[position], year=self.year)
        if when.problem:
            problems.append((position, sentences.date_sentence(when.problem, rules.as_text(row[position]))))
        elif when.day is not None and not rules.EARLIEST <= when.day <= self.today:
            problem = "future" if when.day > self.today else "ancient"
            problems.append((position, sentences.date_sentence(problem, rules.as_text(row[position]))))
        return when


def masked(said: str) -> str:
    """Return a person's name, number or address so that it can be kept in the open."""
    digits = sum(c.isdigit() for c in said)
    if digits >= 15:
        return codes.mask_idcard(said, public=False)
    if digits >= 7:
        return codes.mask_phone(said)
    return codes.mask_name(said) if len(said) <= 6 else codes.mask_address(said)


# --- Hazards and complaints ---------------------------------------------------------------------------------------

CASE_COLUMNS = (
    ("number", "int"),
    ("sheet", "text"),
    ("source_key", "text"),
    ("class_code", "text"),
    ("severity", "text"),
    ("state", "text"),
    ("body", "text"),
    ("place", "text"),
    ("estate_id", "bigint"),
    ("division_id", "bigint"),
    ("city_id", "bigint"),
    ("county_id", "bigint"),
    ("street_id", "bigint"),
    ("community_id", "bigint"),
    ("company_id", "bigint"),
    ("dispatcher_id", "bigint"),
    ("handler_id", "bigint"),
    ("checker_id", "bigint"),
    ("routing_rule", "text"),
    ("reported_at", "timestamptz"),
    ("closed_at", "timestamptz"),
    ("on_time", "boolean"),
    ("closing_text", "text"),
    ("source_number", "text"),
    ("grams", "text"),
    ("due_at", "timestamptz"),
    ("due_days", "int"),
    ("data", "text"),
    ("report_code", "text"),
    ("sealed", "bytea"),
    ("reporter", "text"),
)
_CODE_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


class Companies:
    """Which company had an estate under contract on a day; all contracts read at once."""

    def __init__(self, estate_ids: Any = None):
        self._terms: dict[int, list[tuple[date, date, int]]] = {}
        found = ServiceContract.objects.order_by("-valid_from").values_list(
            "estate_id", "company_id", "valid_from", "valid_to"
        )
        for estate_id, company_id, start, end in found.iterator(5000):
            self._terms.setdefault(estate_id, []).append((start, end or date.max, company_id))

    def of(self, estate_id: int | None, day: date) -> int | None:
        """Return the id of the company, or None."""
        if estate_id is None:
            return None
        for start, end, company_id in self._terms.get(estate_id, ()):
            if start <= day <= end:
                return company_id
        return None


class CaseCheck(RowCheck):
    """Turns a row of a hazard or complaint ledger into a tuple of CASE_COLUMNS, or Bad."""

    def __init__(
        self,
        header: Header,
        words: Words,
        *,
        kind: str,
        columns: Mapping[str, Column],
        sheet: str,
        places: PlaceFinder,
        classes: ClassFinder,
        companies: Companies,
        router: Any,
        year: int | None,
        at: datetime,
    ):
        super().__init__(header, words, columns=columns, year=year, at=at)
        self.kind = kind
        self.sheet = sheet
        self.places = places
        self.classes = classes
        self.companies = companies
        self.router = router
        self.named = [self.fields[f] for f in ("county", "street", "community") if f in self.fields]
        self.spots: dict[tuple[Any, ...], Spot | Lost] = {}

    def __call__(self, number: int, row: Row) -> tuple[Any, ...] | Bad:
        problems: list[Problem] = []
        fields = self.fields
        found = self.when(row, problems)
        if found.day is None and not problems:
            self.lacks_day(row, problems)
        said = self.line(row, "class")
        body = self.text(row, "text") or said
        if not body:
            problems.append((fields.get("text", fields.get("class")), sentences.needed(_("情况描述"))))
        estate, address = self.line(row, "estate"), self.line(row, "address")
        spot = self.where(row)
        if isinstance(spot, Lost):
            problems.append(
                (fields.get(spot.field, fields.get("estate", fields.get("address"))), spot.sentence)
            )
        chosen = self.classes.find(said, body)
        if isinstance(chosen, str) and body:
            problems.append((fields.get("class", fields.get("text")), chosen))
        done = self._done(row, found.day, problems)
        if problems or isinstance(spot, Lost) or isinstance(chosen, str) or found.day is None:
            return Bad(problems)
        closed_on, closing, due = done
        place = self.line(row, "place")
        if address and estate and not place:
            place = address
        place = place[:200]
        source_number = self.line(row, "source_number")[:40]
        # A class guessed from the text is no part of the row's identity: a later rulebook may guess better.
        told = "" if chosen.guessed else chosen.code
        key = self.key(row, spot, told, found, place, body, source_number)
        company = self.companies.of(spot.estate_id, closed_on or self.today)
        doubts = ["class_from_text"] if chosen.guessed else []
        data: dict[str, Any] = {"sheet": self.sheet, "row": number}
        if doubts:
            data["doubts"] = doubts
        if self.extra and (others := self.others(row)):
            data["columns"] = others
        on_time = None if due is None or closed_on is None else closed_on <= due
        if closed_on is None:
            offices = self.router(spot, chosen, company)
            state, closed_at = State.REPORTED, None
            due_at = end_of(due) if due else None
            due_days = (due - found.day).days if due else None
        else:
            offices = (None, None, None, "")
            state, closed_at = State.CLOSED, moment(closed_on)
            if closed_on == found.day:
                closed_at = moment(found.day, found.at)
            due_at = due_days = None
        secret = self._reporter(row) if "reporter_name" in fields or "reporter_phone" in fields else _NOBODY
        return (
            number,
            self.sheet,
            key,
            chosen.code,
            chosen.severity,
            state,
            body,
            place,
            *stamps(spot),
            company,
            *offices,
            moment(found.day, found.at),
            closed_at,
            on_time,
            closing,
            source_number,
            "\x1f".join(case_rules.grams(f"{body} {place} {spot.name}")),
            due_at,
            due_days,
            json.dumps(data, ensure_ascii=False),
            *secret,
        )

    def when(self, row: Row, problems: list[Problem]) -> rules.When:
        """Return the day of the finding or the report; notes what is wrong."""
        return self.day(row, "found_on", problems)

    def lacks_day(self, row: Row, problems: list[Problem]) -> None:
        """Note that a row has no day."""
        problems.append((self.fields["found_on"], sentences.needed(_("日期"))))

    def where(self, row: Row) -> Spot | Lost:
        """Return the place that a row names, or why there is none."""
        estate, address = self.line(row, "estate"), self.line(row, "address")
        named = (estate, address, *[row[p] for p in self.named])
        spot = self.spots.get(named)
        if spot is None:
            spot = self.spots[named] = self.places.find(
                estate,
                self.line(row, "county"),
                self.line(row, "street"),
                self.line(row, "community"),
                address,
            )
        return spot

    def key(
        self, row: Row, spot: Spot, told: str, found: rules.When, place: str, body: str, number: str
    ) -> str:
        """Return the key by which a row is known again: of its meaning, whatever file it comes in."""
        place_key = spot.estate_id or f"a{spot.area_id}"
        return rules.source_key(self.kind, place_key, told, found.day, found.at, place, body, number)

    def _done(
        self, row: Row, found_on: date | None, problems: list[Problem]
    ) -> tuple[date | None, str, date | None]:
        """Return (day of closing or None, what was done, due day); notes what is wrong."""
        fields, words = self.fields, self.words
        done, on, text = None, None, self.text(row, "closing_text")
        if (at := fields.get("rectified")) is not None:
            read = rules.read_rectified(row[at], words, year=self.year)
            if read.problem:
                problems.append((at, sentences.unclear_rectification(rules.as_text(row[at]))))
            done, on = read.done, read.on
            if read.text and read.text != text:
                text = f"{read.text}\u3002{text}" if text else read.text
        if (at := fields.get("rectified_on")) is not None and not rules.is_empty(row[at]):
            value = row[at]
            plain = _plain(value) if type(value) is str else ""
            if plain in words.at_once and found_on:
                when = rules.When(found_on)
            elif plain in words.nothing or plain in words.crosses:
                when = rules.When(None)
            elif plain in words.ticks:
                when, done = rules.When(None), True if done is None else done
            else:
                when = rules.read_date(value, year=self.year)
                if when.problem:
                    problems.append((at, sentences.date_sentence(when.problem, rules.as_text(value))))
            if when.day is not None:
                if done is False:
                    problems.append((at, sentences.contradiction()))
                done, on = True, when.day
        if on is not None and found_on is not None and not found_on <= on <= self.today:
            position = fields.get("rectified_on", fields.get("rectified"))
            problem = "future" if on > self.today else "order"
            problems.append((position, sentences.date_sentence(problem, on.isoformat())))
        due = None
        if (at := fields.get("due")) is not None and not rules.is_empty(row[at]) and found_on is not None:
            when = rules.read_term(row[at], found_on=found_on, words=words, year=self.year)
            if when.problem:
                problems.append((at, sentences.date_sentence(when.problem, rules.as_text(row[at]))))
            elif when.day is not None and not found_on <= when.day <= found_on + timedelta(days=3660):
                problems.append((at, sentences.date_sentence("order", rules.as_text(row[at]))))
            due = when.day
        return (on or found_on if done else None), text[:2000], due

    def _reporter(self, row: Row) -> tuple[Any, ...]:
        """Return (follow code, sealed identity, fingerprint of the phone) of who complained; nothing when nobody."""
        name, phone = self.line(row, "reporter_name"), self.line(row, "reporter_phone")
        if not name and not phone:
            return _NOBODY
        return (
            "".join(secrets.choice(_CODE_LETTERS) for _n in range(10)),
            escrow.seal({"name": name, "phone": phone}),
            escrow.fingerprint(phone) if phone else "",
        )


_NOBODY = (None, None, None)
