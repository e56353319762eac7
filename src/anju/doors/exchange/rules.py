"""What the cells of real ledgers mean: headings, dates, ticks, numbers, sums. Pure: no database, no clock.

Chinese marks that belong to dates are written as escapes; all other words of ledgers come from rulebooks/exchange. At
the end stand the steps of an import and of an export.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from anju.ground.foundation.asks import Field
from anju.ground.foundation.wording import lazy as _
from anju.ground.foundation.workflow import NEW, SYSTEM, WITHIN, Blocked, Step

# Full-width digits, letters and blanks become half-width; Chinese punctuation stays as it was written.
_FOLD: dict[int, int | None] = {
    **{0xFF10 + n: 0x30 + n for n in range(10)},
    **{0xFF21 + n: 0x41 + n for n in range(26)},
    **{0xFF41 + n: 0x61 + n for n in range(26)},
    0x3000: 0x20,
    0x00A0: 0x20,
    **dict.fromkeys([0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0xFEFF, 0x00AD]),
    **{n: None for n in range(0x20) if n not in (0x09, 0x0A, 0x0D)},
    0x0D: None,
    0x09: 0x20,
}
_NEEDS_FOLD = re.compile(
    r"[\x00-\x09\x0b-\x1f\u00a0\u00ad\u200b-\u200f\u3000\ufeff\uff10-\uff19\uff21-\uff3a\uff41-\uff5a]"
)
# Excel writes control characters of a text as _x000D_.
_EXCEL_ESCAPE = re.compile(r"_x00(?:0[0-9A-Fa-f]|1[0-9A-Fa-f]|7F)_")
_HEADING_NOISE = re.compile(r"[\s*:\uff1a\uff0c,\u3001\u3002./\\\u00b7_\-]+")
_BRACKETS = re.compile(r"[(\[\u3010\u3014<].*?[)\]\u3011\u3015>]")
# Excel's day 0; day 60 is the 29th of February 1900 that never was, and lies before every ledger.
_SERIAL_ZERO = date(1899, 12, 30)
_FIRST_SERIAL, _LAST_SERIAL = 29_221, 73_051  # 1980-01-01 … 2100-01-01
EARLIEST = date(1980, 1, 1)
EXACT_DIGITS = 1e15  # a spreadsheet number keeps 15 digits; later ones are lost

Y, M, D = "\u5e74", "\u6708", "[\u65e5\u53f7]"
_TIME = (
    r"(?:[ T]*(?P<h>\d{1,2})\s*(?::|\u65f6|\u70b9)\s*(?P<n>\d{1,2})?\s*\u5206?"
    r"(?::?\d{1,2}(?:\.\d+)?\u79d2?)?)?(?:Z|\+08:?00)?"
)
_SEP = r"\s*[-./\\\u3002\uff0e\uff0f\u2014\uff0d\u3001,]\s*"
_WEEKDAY = r"\s*(?:[(\uff08]?(?:\u661f\u671f|\u5468)[\u4e00-\u65e5\u5929][)\uff09]?)?\s*"
_FULL = re.compile(
    rf"^(?P<y>\d{{4}}|\d{{2}})(?:\s*{Y}|{_SEP})\s*(?P<m>\d{{1,2}})(?:\s*{M}|{_SEP})\s*(?P<d>\d{{1,2}})\s*{D}?{_WEEKDAY}{_TIME}$"
)
_PACKED = re.compile(
    r"^(?P<y>(?:19|20)\d{2})(?P<m>\d{2})(?P<d>\d{2})(?:\s*(?P<h>\d{2}):?(?P<n>\d{2})(?::?\d{2})?)?$"
)
_MONTH_DAY = re.compile(rf"^(?P<m>\d{{1,2}})(?:\s*{M}|[./-])\s*(?P<d>\d{{1,2}})\s*{D}?{_WEEKDAY}{_TIME}$")
_MONTH_ONLY = re.compile(rf"^(?:\d{{4}})(?:{Y}|[-./])\s*\d{{1,2}}{M}?$")
_NUMERALS = "\u3007\u4e00\u4e8c\u4e09\u56db\u4e94\u516d\u4e03\u516b\u4e5d"
_CHINESE_DIGITS = {c: str(n) for n, c in enumerate(_NUMERALS)} | {"\u96f6": "0", "\u25cb": "0"}
_CHINESE_DATE = re.compile(
    rf"^([{_NUMERALS}\u96f6\u25cb]{{4}}){Y}([{_NUMERALS}\u5341]{{1,3}}){M}([{_NUMERALS}\u5341]{{1,3}}){D}$"
)
_DAYS = re.compile(
    r"^(\d{1,3})\s*\u4e2a?(?:\u5de5\u4f5c)?[\u65e5\u5929](?:\u5185|\u4e4b\u5185|\u4ee5\u5185)?(?:\u6574\u6539|\u6539\u6b63|\u5b8c\u6210)?$"
)
_YEAR_IN_TITLE = re.compile(rf"((?:19|20)\d{{2}})\s*{Y}|(?<!\d)((?:19|20)\d{{2}})(?=[-./]\d{{1,2}}(?!\d))")

Cell = Any  # what a workbook's reader gives: str, float, bool, date, datetime, time, timedelta


def as_text(value: Cell) -> str:
    """Return a cell as clean text: half-width digits, no control characters, 1.0 as 1."""
    if type(value) is str:
        if _NEEDS_FOLD.search(value):
            value = value.translate(_FOLD)
        if "_x00" in value:
            value = _EXCEL_ESCAPE.sub("", value)
        return value.strip()
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e18 else repr(value)
    if isinstance(value, datetime):
        return value.isoformat(" ") if value.time() != time.min else value.date().isoformat()
    return value.isoformat() if isinstance(value, date | time) else str(value)


def is_empty(value: Cell) -> bool:
    """Say whether a cell holds nothing but blanks."""
    return value == "" or value is None or (type(value) is str and not value.strip())


@lru_cache(maxsize=20_000)
def heading_key(text: str) -> str:
    """Return the form in which two headings are compared: half-width, without blanks and marks."""
    return _HEADING_NOISE.sub("", unicodedata.normalize("NFKC", text)).lower()


def heading_keys(text: str) -> tuple[str, ...]:
    """Return the keys of a heading, first as written, then without what stands in brackets."""
    whole = heading_key(text)
    bare = heading_key(_BRACKETS.sub("", unicodedata.normalize("NFKC", text)))
    return (whole, bare) if bare and bare != whole else (whole,)


def in_brackets(text: str) -> list[str]:
    """Return what a heading says in brackets: the unit, or the coordinate system of a point."""
    return [part[1:-1] for part in _BRACKETS.findall(unicodedata.normalize("NFKC", text))]


# --- Words ------------------------------------------------------------------------------------------------------


def _keys(words: Iterable[Any]) -> frozenset[str]:
    return frozenset(str(w).strip().lower() for w in words)


@dataclass(frozen=True, slots=True)
class Words:
    """The words of rulebooks/exchange, ready to be looked up."""

    totals: frozenset[str]
    footers: tuple[str, ...]
    ditto: frozenset[str]
    nothing: frozenset[str]
    ticks: frozenset[str]
    crosses: frozenset[str]
    not_done: tuple[str, ...]
    done: tuple[str, ...]
    at_once: frozenset[str]
    serial: frozenset[str]
    personal: tuple[str, ...]
    ours: frozenset[str]

    @classmethod
    def read(cls, book: Mapping[str, Any]) -> "Words":
        words = book["words"]
        return cls(
            totals=_keys(words["totals"]),
            footers=tuple(words["footers"]),
            ditto=_keys(words["ditto"]),
            nothing=_keys(words["nothing"]),
            ticks=_keys(words["ticks"]),
            crosses=_keys(words["crosses"]),
            not_done=tuple(words["not_done"]),
            done=tuple(words["done"]),
            at_once=_keys(words["at_once"]),
            serial=frozenset(heading_key(w) for w in words["serial"]),
            personal=tuple(words["personal"]),
            ours=frozenset(heading_key(w) for w in words["ours"]),
        )


# --- Columns ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Column:
    """A field that a ledger of a kind may have. `kept`: nothing reads it, its values stay with the row."""

    field: str
    name: str
    name_en: str
    type: str
    secret: bool
    most: float
    kept: bool


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of ledger: its columns, which of them it cannot do without, and the headings that mean them.

    needs  groups of fields; of each group at least one column must be there
    by_heading  heading key -> (field, rank of the synonym; 0 = the usual word)
    sheet_words  what a sheet of this kind is called, where a workbook has several kinds
    """

    key: str
    name: str
    name_en: str
    columns: Mapping[str, Column]
    needs: tuple[tuple[str, ...], ...]
    by_heading: Mapping[str, tuple[str, int]]
    sheet_words: tuple[str, ...] = ()

    @classmethod
    def read(cls, key: str, book: Mapping[str, Any]) -> "Kind":
        entry = book["kinds"][key]
        columns: dict[str, Column] = {}
        by_heading: dict[str, tuple[str, int]] = {}
        for column in entry["columns"]:
            name = column["field"]
            columns[name] = Column(
                name,
                column["name"],
                column.get("name_en", ""),
                column.get("type", "text"),
                bool(column.get("secret")),
                column.get("most", 0),
                bool(column.get("kept")),
            )
            for rank, word in enumerate(column["synonyms"]):
                by_heading.setdefault(heading_key(word), (name, rank))
        needs = tuple(tuple(group) for group in entry["needs"])
        named = tuple(entry.get("sheet_words", ()))
        return cls(key, entry["name"], entry.get("name_en", ""), columns, needs, by_heading, named)


@dataclass(slots=True)
class Header:
    """Where the heading of a sheet is and what its columns mean.

    first, last  rows of the heading, counted from 0
    labels       what each column is called, by its position
    fields       field -> position
    asked        positions of columns that no list knows
    """

    first: int
    last: int
    labels: dict[int, str]
    fields: dict[str, int]
    asked: list[int] = field(default_factory=list)
    passed_over: frozenset[int] = frozenset()

    @property
    def score(self) -> tuple[int, int]:
        return len(self.fields), -(self.last - self.first)


def missing(kind: Kind, fields: Iterable[str]) -> list[tuple[str, ...]]:
    """List the groups of needed fields of which a sheet has none."""
    held = set(fields)
    return [group for group in kind.needs if not held.intersection(group)]


def fitting(kind: Kind, header: Header, titles: Iterable[str]) -> int:
    """Say how well a sheet fits a kind: how many fields its heading means, and whether its name says so."""
    written = "".join(titles)
    said = max((len(word) for word in kind.sheet_words if word in written), default=0)
    return 2 * len(header.fields) - len(header.asked) + 3 * said


def find_header(
    rows: Sequence[Sequence[Cell]],
    kind: Kind,
    words: Words,
    *,
    merged: Mapping[tuple[int, int], tuple[int, int]] | None = None,
    given: Mapping[str, str] | None = None,
) -> Header | None:
    """Find the heading among the first rows of a sheet: the one to three rows whose words mean most fields.

    merged  cell -> the cell whose value it shares
    given   heading -> field chosen by a person ("" = no field); it goes before the lists
    """
    best: Header | None = None
    for first in range(len(rows)):
        for last in range(first, min(first + 3, len(rows))):
            found = _read_header(rows, first, last, kind, words, merged or {}, given or {})
            if found is not None and (best is None or found.score > best.score):
                best = found
    if best is None or len(best.fields) < min(2, len(kind.needs)):
        return None
    return best


def _read_header(
    rows: Sequence[Sequence[Cell]],
    first: int,
    last: int,
    kind: Kind,
    words: Words,
    merged: Mapping[tuple[int, int], tuple[int, int]],
    given: Mapping[str, str],
) -> Header | None:
    width = max((len(row) for row in rows[first : last + 1]), default=0)
    labels: dict[int, str] = {}
    for position in range(width):
        parts: list[str] = []
        for number in range(first, last + 1):
            at = merged.get((number, position), (number, position))
            if at[0] < first:
                return None  # a title spread over these rows is no heading
            row = rows[at[0]]
            text = as_text(row[at[1]]) if at[1] < len(row) else ""
            text = re.sub(r"\s+", "", text)
            if text and (not parts or parts[-1] != text):
                parts.append(text)
        if parts:
            labels[position] = "/".join(parts)
    chosen = {heading_key(name): meaning for name, meaning in given.items()}
    candidates: list[tuple[int, int, str]] = []  # rank, position, field
    asked: list[int] = []
    passed_over: set[int] = set()
    for position, label in labels.items():
        if _is_sentence(label):
            return None
        found = _meaning(label, kind, chosen)
        if found is not None:
            if found[0]:
                candidates.append((found[1], position, found[0]))
            else:
                asked.append(position)
        elif {*heading_keys(label)} & (words.serial | words.ours):
            passed_over.add(position)
        else:
            asked.append(position)
    fields: dict[str, int] = {}
    for _rank, position, name in sorted(candidates):
        if name in fields:
            asked.append(position)
        else:
            fields[name] = position
    if not fields:
        return None
    return Header(first, last, labels, fields, sorted(asked), frozenset(passed_over))


def _is_sentence(label: str) -> bool:
    """Say whether a cell is too long for a heading (a title or a note)."""
    return len(label) > 60


def _meaning(label: str, kind: Kind, chosen: Mapping[str, str]) -> tuple[str, int] | None:
    """Return (field, rank) of a heading; of a heading in two rows both together mean more than the lower alone."""
    parts = label.split("/")
    forms = ["".join(parts), parts[-1]] if len(parts) > 1 else [label]
    for form in (label, *forms):
        for key in heading_keys(form):
            if key in chosen:
                return (chosen[key], -1) if chosen[key] in kind.columns else ("", 0)
    for form in forms:
        for key in heading_keys(form):
            if key in kind.by_heading:
                return kind.by_heading[key]
    return None


def year_of_title(texts: Iterable[str]) -> int | None:
    """Return the year that a title names, for dates that leave it out; None when it names none or several."""
    years = {
        int(a or b) for text in texts for a, b in _YEAR_IN_TITLE.findall(unicodedata.normalize("NFKC", text))
    }
    return years.pop() if len(years) == 1 else None


# --- Rows -------------------------------------------------------------------------------------------------------


def is_total(row: Sequence[Cell], words: Words, *, passed_over: Iterable[int] = ()) -> bool:
    """Say whether a row is a sum of the others: one of its first written cells says so and nothing else."""
    seen = 0
    for value in row:
        if type(value) is not str or not value.strip():
            continue
        text = re.sub(r"[\s:\uff1a\u3000]", "", value).lower()
        if text in words.totals:
            return True
        seen += 1
        if seen == 3:
            return False
    return False


def is_footer(row: Sequence[Cell], words: Words) -> bool:
    """Say whether a row is a line below the table: it begins with a word such as "filled in by" and a colon."""
    for value in row:
        if is_empty(value):
            continue
        if type(value) is not str:
            return False
        text = re.sub(r"\s", "", value)
        return any(
            text == word
            or text.startswith((word + ":", word + "\uff1a", word + "\uff08", word + "(", word + "\uff09"))
            for word in words.footers
        )
    return False


# --- Values -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class When:
    """A date read from a cell: `day` and, where it was written, the time; or the word for what is wrong."""

    day: date | None
    at: time | None = None
    problem: str = ""


_NEVER = When(None)


def read_date(value: Cell, *, year: int | None = None) -> When:
    """Read a day from any of the ways in which ledgers write it.

    year  the year named in the title, for a month and day alone
    problem  "" | date | no_year | no_day | range
    """
    if type(value) is str:
        return _date_of_text(value, year)
    if isinstance(value, datetime):
        return When(value.date(), value.time() if value.time() != time.min else None)
    if isinstance(value, date):
        return When(value)
    if isinstance(value, bool):
        return When(None, problem="date")
    if isinstance(value, int | float):
        number = int(value)
        if _FIRST_SERIAL <= number <= _LAST_SERIAL:
            day = _SERIAL_ZERO + timedelta(days=number)
            seconds = round((float(value) - number) * 86_400)
            minutes, hours = seconds // 60 % 60, min(seconds // 3600, 23)
            return When(day, time(hours, minutes) if seconds else None)
        if number == value and 19_800_101 <= number <= 21_001_231:
            return _date_of_text(str(number), year)
        if 1 <= value < 13 and number != value:
            # 3.5 typed into a number cell: the fifth of March. 3.1 may have been 3.10, so it cannot be read.
            return When(None, problem="date")
        return When(None, problem="date")
    return When(None, problem="date") if value is not None else _NEVER


@lru_cache(maxsize=20_000)
def _date_of_text(raw: str, year: int | None) -> When:
    text = as_text(raw)
    if not text:
        return _NEVER
    text = unicodedata.normalize("NFKC", text)
    if found := _CHINESE_DATE.match(text):
        text = f"{''.join(_CHINESE_DIGITS[c] for c in found[1])}-{_small_number(found[2])}-{_small_number(found[3])}"
    if re.fullmatch(r"\d{5}(\.\d+)?", text):
        return read_date(float(text), year=year)
    found = _FULL.match(text) or _PACKED.match(text)
    if found is None and (short := _MONTH_DAY.match(text)):
        if year is None:
            return When(None, problem="no_year")
        return _day(year, short)
    if found is None:
        return When(None, problem="no_day" if _MONTH_ONLY.match(text) else "date")
    written = int(found["y"])
    return _day(written + 2000 if written < 100 else written, found)


def _day(year: int, found: re.Match[str]) -> When:
    try:
        day = date(year, int(found["m"]), int(found["d"]))
    except ValueError:
        return When(None, problem="date")
    hour, minute = found["h"], found["n"]
    if hour is None:
        return When(day)
    try:
        return When(day, time(int(hour), int(minute or 0)))
    except ValueError:
        return When(None, problem="date")


def _small_number(text: str) -> int:
    """Read a Chinese number from 1 to 39."""
    if "\u5341" not in text:
        return int("".join(_CHINESE_DIGITS[c] for c in text))
    tens, _ten, units = text.partition("\u5341")
    return int(_CHINESE_DIGITS.get(tens, "1")) * 10 + int(_CHINESE_DIGITS.get(units, "0"))


def read_term(value: Cell, *, found_on: date, words: Words, year: int | None = None) -> When:
    """Read by when something must be done: a day, "within 7 days" of the finding, or at once."""
    if type(value) is str:
        text = re.sub(r"\s", "", as_text(value))
        if text.lower() in words.at_once:
            return When(found_on)
        if text.lower() in words.nothing:
            return _NEVER
        if days := _DAYS.match(text):
            return When(found_on + timedelta(days=int(days[1])))
        for ending in ("\u4e4b\u524d", "\u4ee5\u524d", "\u524d", "\u6b62"):
            if text.endswith(ending):
                return _date_of_text(text.removesuffix(ending), year)
    return read_date(value, year=year)


def read_flag(value: Cell, words: Words) -> bool | None:
    """Read a tick, a yes or a no; None when it is neither."""
    if isinstance(value, bool):
        return value
    text = re.sub(r"[\s\u3002.\uff01!;\uff1b]", "", as_text(value)).lower()
    if text in words.ticks:
        return True
    return False if text in words.crosses else None


@dataclass(frozen=True, slots=True)
class Rectified:
    """What a column about rectification says: done or not (None: nothing), on which day, in which words."""

    done: bool | None
    on: date | None = None
    text: str = ""
    problem: str = ""


def read_rectified(value: Cell, words: Words, *, year: int | None = None) -> Rectified:
    """Read a tick, a word, a day or a sentence about rectification. problem: "" | unclear."""
    if is_empty(value):
        return Rectified(None)
    if type(value) is str:
        return _rectified_text(value, words, year)
    if isinstance(value, bool) or value in (0, 1):
        return Rectified(bool(value))
    when = read_date(value, year=year)
    return Rectified(True, when.day) if when.day else Rectified(None, problem="unclear")


_RECTIFIED: dict[tuple[str, int | None], Rectified] = {}
_INNER_DATE = re.compile(r"(?:\d{4}\s*[\u5e74./-]\s*)?\d{1,2}\s*[\u6708./-]\s*\d{1,2}\s*[\u65e5\u53f7]?")


def _rectified_text(raw: str, words: Words, year: int | None) -> Rectified:
    known = _RECTIFIED.get((raw, year))
    if known is None:
        if len(_RECTIFIED) > 20_000:
            _RECTIFIED.clear()
        known = _RECTIFIED[raw, year] = _read_rectified_text(as_text(raw), words, year)
    return known


def _read_rectified_text(text: str, words: Words, year: int | None) -> Rectified:
    flag = read_flag(text, words)
    if flag is not None:
        return Rectified(flag, text="" if len(text) < 2 else text)
    if text.lower() in words.nothing:
        return Rectified(None)
    when = _date_of_text(text, year)
    if when.day:
        return Rectified(True, when.day)
    if any(word in text for word in words.not_done):
        return Rectified(False, text=text)
    inner = _INNER_DATE.search(text)
    # "Replaced already on the 9th of March" is "replaced already": the day and its particle stand in between.
    short = re.sub(r"[\u4e8e\u5728\s]", "", text.replace(inner[0], "")) if inner else text
    if any(word in text or word in short for word in words.done):
        day = _date_of_text(inner[0].strip(), year).day if inner else None
        return Rectified(True, day, text)
    return Rectified(None, text=text, problem="unclear")


@dataclass(frozen=True, slots=True)
class Amount:
    """Money read from a cell, exact in yuan.

    problem  "" | no_number | wan (written in ten thousands) | fraction (finer than a fen) | not_positive | too_large
    """

    value: Decimal | None
    problem: str = ""


_FINE_NUMERALS = "\u96f6\u58f9\u8d30\u53c1\u8086\u4f0d\u9646\u67d2\u634c\u7396"
_MONEY_DIGITS = {**{c: n for n, c in enumerate(_NUMERALS)}, **{c: n for n, c in enumerate(_FINE_NUMERALS)}}
_MONEY_PLACES = {"\u62fe": 10, "\u5341": 10, "\u4f70": 100, "\u767e": 100, "\u4edf": 1000, "\u5343": 1000}
_TEN_THOUSAND = "\u4e07"
_MONEY_NOISE = re.compile(
    r"[\s,\uff0c]|\u4eba\u6c11\u5e01|RMB|CNY|[\u00a5\uffe5]|\u7f5a\u6b3e|\u5171\u8ba1", re.IGNORECASE
)
_PLAIN_AMOUNT = re.compile(r"^(-?\d+(?:\.\d+)?)(\u4e07)?[\u5143\u5706]?[\u6574\u6b63]?$")
_SPOKEN_AMOUNT = re.compile(
    r"^(?P<yuan>[^\u5143\u5706\u89d2\u5206]+)[\u5143\u5706](?:(?P<jiao>.)\u89d2)?\u96f6?(?:(?P<fen>.)\u5206)?[\u6574\u6b63]?$"
)
MOST_YUAN = Decimal("1000000000")


def read_amount(value: Cell) -> Amount:
    """Read a sum of money exactly: 200, 2,000.00, \u00a5200\u5143, the capital numerals of receipts.

    What is written in ten thousands is not taken: a slip of the unit is a slip by four digits. `value` then says how
    many yuan it would be.
    """
    if is_empty(value):
        return Amount(None)
    if isinstance(value, bool | date | time | timedelta):
        return Amount(None, "no_number")
    if isinstance(value, int | float):
        return _checked_amount(Decimal(repr(value)))
    text = _MONEY_NOISE.sub("", unicodedata.normalize("NFKC", as_text(value)))
    if found := _PLAIN_AMOUNT.match(text):
        number = Decimal(found[1])
        if found[2]:
            return Amount(Decimal(f"{(number * 10_000).normalize():f}"), "wan")
        return _checked_amount(number)
    if (found := _SPOKEN_AMOUNT.match(text)) and (whole := _spoken_yuan(found["yuan"])) is not None:
        parts = [_MONEY_DIGITS.get(found[name] or _FINE_NUMERALS[0], -1) for name in ("jiao", "fen")]
        if min(parts) >= 0:
            return _checked_amount(Decimal(whole) + Decimal(parts[0]) / 10 + Decimal(parts[1]) / 100)
    return Amount(None, "no_number")


def _checked_amount(number: Decimal) -> Amount:
    try:
        exact = number.quantize(Decimal("0.01"))
    except InvalidOperation:
        return Amount(None, "too_large")
    if exact != number:
        return Amount(None, "fraction")
    if exact <= 0:
        return Amount(None, "not_positive")
    return Amount(exact) if exact < MOST_YUAN else Amount(None, "too_large")


def _spoken_yuan(text: str) -> int | None:
    """Read a whole number in capital or common numerals; None when a character is none of them."""
    total = section = digit = 0
    for character in text:
        if character in _MONEY_DIGITS:
            digit = _MONEY_DIGITS[character]
        elif character in _MONEY_PLACES:
            section += (digit or 1) * _MONEY_PLACES[character]
            digit = 0
        elif character == _TEN_THOUSAND:
            total, section, digit = (total + section + digit) * 10_000, 0, 0
        else:
            return None
    return total + section + digit


_COUNT = re.compile(r"^(\d{1,3})\s*[\u5904\u4e2a\u6761\u9879]?$")


def read_count(text: str) -> int | None:
    """Read how many there were (3, or 3 with its measure word); None when it is no number below a thousand."""
    found = _COUNT.match(text)
    return int(found[1]) if found else None


_RUNNING = re.compile(r"^\d{1,4}$")


def is_running_number(number: str) -> bool:
    """Say whether a number only counts the lines of a sheet, so that next month may use it again."""
    return bool(_RUNNING.match(number))


_NAME_PARTS = re.compile(r"[,;/&|\n\u3001\uff0c\uff1b\uff0f]+")


def split_people(text: str) -> list[str]:
    """Return the names (or numbers) that one cell lists; a blank inside a short name is no boundary."""
    found: list[str] = []
    for part in _NAME_PARTS.split(_BRACKETS.sub("", unicodedata.normalize("NFKC", text))):
        pieces = part.split()
        found += ["".join(pieces)] if any(len(piece) == 1 for piece in pieces) else pieces
    return [name for name in dict.fromkeys(found) if name]


_HAN_NAME = re.compile(r"^[\u4e00-\u9fff\u3400-\u4dbf*\u00d7\u67d0]{2,4}(?:\u00b7[\u4e00-\u9fff]{1,8})?$")


def is_person(name: str, *, organisation_words: Iterable[str]) -> bool:
    """Say whether a name looks like that of a natural person: short, and without a word that only firms use.

    A word of one character tells only at the end of four: given names have such characters, too, and a firm taken for a
    person is merely masked, while a person taken for a firm would stand in the open.
    """
    if not _HAN_NAME.match(name):
        return False
    words = tuple(organisation_words)
    if any(len(word) > 1 and word in name for word in words):
        return False
    return not (len(name) == 4 and name.endswith(tuple(word for word in words if len(word) == 1)))


def digits_lost(value: Cell) -> bool:
    """Say whether a code was typed into a number cell and has lost its last digits (more than 15)."""
    return isinstance(value, float) and abs(value) >= EXACT_DIGITS


# --- Identity ---------------------------------------------------------------------------------------------------


def source_key(*parts: object) -> str:
    """Return the SHA-256 by which a row is known again, whatever file it comes in: of its meaning, not its looks."""
    return hashlib.sha256("\x1f".join("" if p is None else str(p) for p in parts).encode()).hexdigest()


def is_formula_like(text: str) -> bool:
    """Say whether a spreadsheet might take a text for a formula."""
    return text[:1] in ("=", "+", "-", "@", "\t", "\r")


def harmless(text: str) -> str:
    """Return a text as it is safe in a CSV that a spreadsheet opens: an apostrophe before what looks like a formula."""
    return f"'{text}" if text[:1] in "=+-@\t\r" and text and not _PLAIN_NUMBER.match(text) else text


_PLAIN_NUMBER = re.compile(r"^[+-]?\d+(?:\.\d+)?$")


def pieces(text: str) -> frozenset[str]:
    """Return the pairs of neighbouring characters of a name, by which likeness is measured."""
    padded = f"^{text}$"
    return frozenset(padded[i : i + 2] for i in range(len(padded) - 1))


def inner_pieces(text: str) -> frozenset[str]:
    """Return the pairs of neighbouring characters of a text, without its ends."""
    return frozenset(text[i : i + 2] for i in range(len(text) - 1))


# --- What becomes of a ledger, and of a list that is taken away ---------------------------------------------------


class ImportState:
    """Where an import is."""

    UPLOADED = "uploaded"
    CHECKING = "checking"
    CHECKED = "checked"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


IMPORT_LABELS = {
    ImportState.UPLOADED: _("待核对列"),
    ImportState.CHECKING: _("试运行中"),
    ImportState.CHECKED: _("待确认导入"),
    ImportState.RUNNING: _("导入中"),
    ImportState.DONE: _("已导入"),
    ImportState.FAILED: _("未能导入"),
    ImportState.CANCELLED: _("已取消"),
}
IMPORT_MOODS = {
    ImportState.UPLOADED: "warn",
    ImportState.CHECKING: "active",
    ImportState.CHECKED: "warn",
    ImportState.RUNNING: "active",
    ImportState.DONE: "done",
    ImportState.FAILED: "danger",
    ImportState.CANCELLED: "quiet",
}


def nothing_new(record: Any, day: date) -> Blocked | None:
    """Say that every good row of a ledger is in the system already."""
    return Blocked(_("没有新的行可以导入。")) if not record.loaded else None


_IMPORT = "exchange.import"
_IN_CHECK, _IN_LOAD = frozenset({ImportState.CHECKING}), frozenset({ImportState.RUNNING})
_WAITING = frozenset({ImportState.UPLOADED, ImportState.CHECKED, ImportState.FAILED})
# A job does what `check` and `run` begin; the rows are loaded in the name of whoever brought them.
IMPORT_STEPS = (
    Step("file", _("上传台账"), NEW, ImportState.UPLOADED, _IMPORT,
         asks=(Field("kind", _("台账种类"), "choice", required=True, choices="kinds"),)),
    Step("check", _("试运行"), _WAITING, ImportState.CHECKING, _IMPORT,
         asks=(Field("mapping", _("各列的含义"), "given"),), effects=("start_job",), tone="primary"),
    Step("checked", _("试运行完成"), _IN_CHECK, ImportState.CHECKED, "", who=SYSTEM),
    Step("run", _("开始导入"), frozenset({ImportState.CHECKED}), ImportState.RUNNING, _IMPORT, when=(nothing_new,),
         effects=("start_job",), tone="primary"),
    Step("imported", _("导入台账"), _IN_LOAD | {ImportState.UPLOADED}, ImportState.DONE, "", who=WITHIN, mood="done"),
    Step("failed", _("未能导入"), _IN_CHECK | _IN_LOAD, ImportState.FAILED, "", who=SYSTEM, mood="danger"),
    Step("cancel", _("放弃这次导入"), _WAITING, ImportState.CANCELLED, _IMPORT, tone="danger", mood="quiet"),
    Step("cancel", _("取消任务"), _IN_CHECK | _IN_LOAD, None, _IMPORT, effects=("stop_job",), tone="danger",
         mood="quiet"),
    Step("stopped", _("试运行已停止"), _IN_CHECK, ImportState.UPLOADED, "", who=SYSTEM, mood="quiet"),
    Step("stopped", _("导入已停止"), _IN_LOAD, ImportState.CANCELLED, "", who=SYSTEM, mood="quiet"),
)  # fmt: skip


class ExportState:
    """Where a list is that somebody takes away."""

    WRITING = "writing"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


EXPORT_LABELS = {
    ExportState.WRITING: _("正在生成"),
    ExportState.DONE: _("已导出"),
    ExportState.FAILED: _("未能导出"),
    ExportState.CANCELLED: _("已取消"),
}
_WRITING = frozenset({ExportState.WRITING})
EXPORT_STEPS = (
    Step("export", _("导出数据"), NEW, ExportState.DONE, "cases.export", mood="warn"),
    Step("export_later", _("在后台导出数据"), NEW, ExportState.WRITING, "cases.export", effects=("start_job",)),
    Step("exported", _("导出数据完成"), _WRITING, ExportState.DONE, "", who=WITHIN, mood="warn"),
    Step("export_failed", _("未能导出"), _WRITING, ExportState.FAILED, "", who=SYSTEM, mood="danger"),
    Step("export_stopped", _("导出已停止"), _WRITING, ExportState.CANCELLED, "", who=SYSTEM, mood="quiet"),
)  # fmt: skip
