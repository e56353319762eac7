"""Pure rules of places: what may be done with them, which estate is old, how a name is cleaned for comparison."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from anju.ground.foundation import coordinates
from anju.ground.foundation.asks import Field, note
from anju.ground.foundation.wording import lazy as _
from anju.ground.foundation.workflow import ANY, NEW, SYSTEM, Step

# The old code, and what an old list says besides, come from a program: a page knows the division it is about.
DIVISION_STEPS = (
    Step(
        "succeed_division", _("登记代码变更"), NEW, None, "territory.manage", said=_("区划变更"), mood="warn",
        asks=(Field("code", _("旧代码"), "given", required=True),
              Field("new_code", _("新代码"), "line", required=True, most=12),
              Field("name", _("新名称"), "line", required=True, most=60),
              Field("until", _("旧代码的最后一天"), "day", required=True),
              Field("source", _("依据"), "line", most=200, help=_("批复的文号。")),
              Field("old_name", _("旧名称"), "given", default=""),
              Field("parent_code", _("上级代码"), "given", default="")),
    ),
)  # fmt: skip
AREA_STEPS = (
    Step("create_area", _("新增辖区"), NEW, None, "territory.manage", who=SYSTEM),
    Step(
        "move_area", _("调整上级"), ANY, None, "territory.manage", said=_("辖区调整"), mood="warn",
        asks=(Field("parent_id", _("新的上级"), "record", required=True),
              Field("reason", _("依据"), "line", required=True, most=200, help=_("批复文号或会议纪要。"),
                    lacking=_("请写明调整依据（批复文号或会议纪要）。"))),
    ),
)  # fmt: skip
# Facts of an estate are read as people write them (clean_…) before they are handed over.
ESTATE_STEPS = (
    Step(
        "create_estate", _("建立小区档案"), NEW, None, "territory.edit",
        asks=(Field("name", _("小区名称"), "line", required=True, most=80, lacking=_("请填写小区名称。")),),
    ),
    Step(
        "edit_estate", _("修改小区档案"), ANY, None, "territory.edit", mood="quiet",
        asks=(Field("changes", _("档案"), "given", required=True), note(most=300)),
    ),
    Step(
        "list_old", _("调整老旧小区名单"), ANY, None, "territory.edit", mood="warn",
        asks=(Field("listed", _("列入市老旧小区名单"), "tick"),
              Field("basis", _("认定文件文号"), "line", required=True, most=100,
                    lacking=_("请写明依据（认定文件的文号）。"))),
    ),
)  # fmt: skip


def is_old(*, year_built: int | None, listed: bool, rule: Mapping[str, Any]) -> bool:
    """Say whether an estate is an old residential community (老旧小区).

    rule  rulebooks/territory `old_community`: {"completed_by": date}; listed by the city counts whatever the year.
    """
    if listed:
        return True
    completed_by: date = rule["completed_by"]
    return year_built is not None and year_built <= completed_by.year


# Rules that read names, not years, are the same on any day: they are read from the newest edition.
ANY_DAY = date.max

_NOISE = re.compile(r"[\s·•,，。.、()（）\-—_]+")


def name_key(name: str) -> str:
    """Return the form of a name by which two spellings are compared: full-width folded, spaces and marks gone."""
    return _NOISE.sub("", unicodedata.normalize("NFKC", name)).lower()


def short_name(name: str, endings: Iterable[Sequence[str]]) -> str:
    """Return the name people use for a place: its longest matching ending replaced, by rulebooks/territory."""
    for ending, replacement in endings:
        if name.endswith(ending) and len(name) > len(ending):
            return name[: -len(ending)] + replacement
    return name


# --- Cleaning what workbooks say -----------------------------------------------------------------------------------
# Each function takes a cell as it came and returns (value, problem): a problem is a word, said by `cell_words`; with a
# problem the value is None. An empty cell and its many spellings (暂无资料, 不详, /, —) are None without a problem.

_UNKNOWN = re.compile(
    # 暂无(资料|数据|信息)? · 无(资料|数据)? · 不详 · 未知 · 待(补充|核实|定|查) · 空
    r"^(?:[-\u2010-\u2015/\\.\u3002]+|n/?a|null|none|nan|"
    r"\u6682\u65e0(?:\u8d44\u6599|\u6570\u636e|\u4fe1\u606f)?|\u65e0(?:\u8d44\u6599|\u6570\u636e|\u4fe1\u606f)?|"
    r"\u4e0d\u8be6|\u672a\u77e5|\u4e0d\u6e05\u695a?|\u5f85(?:\u8865\u5145|\u6838\u5b9e|\u5b9a|\u67e5)|\u7a7a)$",
    re.IGNORECASE,
)
# 一 to 九, 十, 百, 千; 两 counts as two, 〇 and 零 as nothing.
_DIGITS = {c: n for n, c in enumerate("\u3007\u4e00\u4e8c\u4e09\u56db\u4e94\u516d\u4e03\u516b\u4e5d")} | {
    "\u96f6": 0,
    "\u4e24": 2,
}
_PLACES = {"\u5341": 10, "\u767e": 100, "\u5343": 1000}
_WAN = "\u4e07"
_FOLD = {ord(a): b for a, b in zip("\uff0c\u3001", ",,", strict=True)}
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
MOST_HOUSEHOLDS = 100_000
FIRST_YEAR = 1900


def plain_text(cell: Any) -> str:
    """Return a cell as one line of text: full-width folded, blanks joined; "" for the spellings of "unknown"."""
    if cell is None:
        return ""
    text = " ".join(unicodedata.normalize("NFKC", str(cell)).split())
    return "" if _UNKNOWN.match(text) else text


def clean_number(cell: Any) -> tuple[float | None, str | None]:
    """Read a number with its unit and its hedges: 1124户, 约300户, 3.5万平方米, 1,124, 十二栋.

    Two numbers in one cell (3-5栋) are a problem: one of them would be a guess.
    """
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return (float(cell), None) if cell == cell else (None, None)
    text = plain_text(cell)
    if not text:
        return None, None
    text = re.sub(r"(?<=\d),(?=\d{3})", "", text.translate(_FOLD))
    found = _NUMBER.findall(text)
    if len(found) > 1:
        return None, "several_numbers"
    if found:
        value = float(found[0])
        rest = text[text.index(found[0]) + len(found[0]) :]
        return (value * 10_000 if rest.startswith(_WAN) else value), None
    spoken = _spoken_number(text)
    return (float(spoken), None) if spoken is not None else (None, "no_number")


def _spoken_number(text: str) -> int | None:
    total, digit, any_found = 0, 0, False
    for character in text:
        if character in _DIGITS:
            digit, any_found = _DIGITS[character], True
        elif character in _PLACES:
            total += max(digit, 1) * _PLACES[character]
            digit, any_found = 0, True
        elif any_found:
            break
    return total + digit if any_found else None


def clean_count(cell: Any, *, most: int = MOST_HOUSEHOLDS) -> tuple[int | None, str | None]:
    """Read how many there are: a whole number from 0 to `most`."""
    value, problem = clean_number(cell)
    if value is None:
        return None, problem
    if value != int(value):
        return None, "not_whole"
    if not 0 <= value <= most:
        return None, "out_of_range"
    return int(value), None


def clean_area(cell: Any) -> tuple[Decimal | None, str | None]:
    """Read a floor area in square metres: 35000, 3.5万平方米, 35,000㎡."""
    text = plain_text(cell) if isinstance(cell, str) else cell
    if isinstance(text, str):
        # m2 after folding of the square sign: its 2 is no number.
        text = re.sub(r"m\s*2$", "", text, flags=re.IGNORECASE)
    value, problem = clean_number(text)
    if value is None:
        return None, problem
    if not 0 < value < 1e9:
        return None, "out_of_range"
    return Decimal(str(value)).quantize(Decimal("0.01")), None


def clean_year(cell: Any, *, today: date) -> tuple[int | None, str | None]:
    """Read a year from 2009年建成, 2009-05-01, 2009.5, 98年; 0000-00-00 and 1900-01-00 are unknown.

    Two years (1998-2001) and spans (2000年以后, 90年代) are a problem: whether an estate is old hangs on the year.
    """
    if isinstance(cell, date):
        return (cell.year, None) if FIRST_YEAR < cell.year <= today.year + 1 else (None, "out_of_range")
    text = plain_text(cell)
    if not text or re.match(r"^0000\D|^0+$|^1900-01-0", text):
        return None, None
    if not isinstance(cell, str) and re.fullmatch(r"\d{5}", text):
        # A day that lost its format is a spreadsheet's serial number.
        cell = _SERIAL_ZERO + timedelta(days=int(text))
        return (cell.year, None) if FIRST_YEAR < cell.year <= today.year + 1 else (None, "out_of_range")
    if len(set(re.findall(r"(?<!\d)(?:19|20)\d{2}(?!\d)", text))) > 1:
        return None, "several_years"
    if _AROUND.search(text):
        return None, "around_year"
    if four := re.search(r"(?<!\d)(\d{4})(?!\d)", text):
        year = int(four.group(1))
    elif two := re.match(r"^(\d{2})\s*\u5e74", text):  # 年
        short = int(two.group(1))
        year = 1900 + short if short > today.year % 100 else 2000 + short
    elif joined := re.match(r"^(\d{4})\d{2}(?:\d{2})?$", text):
        year = int(joined.group(1))
    else:
        return None, "no_year"
    return (year, None) if FIRST_YEAR < year <= today.year + 1 else (None, "out_of_range")


_SERIAL_ZERO = date(1899, 12, 30)
# 以前 以后 之前 之后 年前 年后 年代: a span, of which no year can be taken without guessing.
_AROUND = re.compile(r"[\u4ee5\u4e4b\u5e74][\u524d\u540e]|\u5e74\u4ee3")
_YES = frozenset(["1", "y", "yes", "true", "是", "有", "√", "✓", "✔", "已", "已设"])  # 是 有 √ 已 已设
_NO = frozenset(["0", "n", "no", "false", "否", "无", "没有", "×", "x", "未", "未设"])  # 否 无 没有 × 未 未设


def clean_yes(cell: Any) -> tuple[bool | None, str | None]:
    """Read yes or no: 是, 有, √, 1; 否, 无, ×, 0."""
    if isinstance(cell, bool):
        return cell, None
    text = " ".join(unicodedata.normalize("NFKC", str(cell if cell is not None else "")).split()).lower()
    if text in _YES:
        return True, None
    if text in _NO:
        return False, None
    return None, None if not plain_text(text) else "no_yes"


_RUN = re.compile(r"^(\D*)(\d{1,3})(\D*?)\s*[-~\u2013\u2014\u81f3\u5230]\s*(?:\1)?(\d{1,3})(\D*)$")  # 至 到
_FLOORS = re.compile(r"[(\u00b7]?\s*(\d{1,3})\s*(?:\u5c42|floors?)\s*\)?$", re.IGNORECASE)  # 层
MOST_BUILDINGS = 500
LONGEST_BUILDING = 40


def clean_buildings(text: str) -> tuple[list[tuple[str, int | None]] | None, str | None]:
    """Read buildings as people list them, each with its floors or None: 1号楼（6层）、2号楼；3-12号楼 18层.

    A run (3-12号楼) is every building of it; the same name twice is one.
    """
    found: dict[str, int | None] = {}
    plain = unicodedata.normalize("NFKC", text)
    for part in (" ".join(part.split()) for line in plain.splitlines() for part in split_names(line)):
        floors = _FLOORS.search(part)
        storeys = int(floors[1]) if floors else None
        name = part[: floors.start()].strip() if floors else part
        run = _RUN.match(name)
        if run and int(run[2]) < int(run[4]):
            names = [f"{run[1]}{n}{run[5] or run[3]}" for n in range(int(run[2]), int(run[4]) + 1)]
        else:
            names = [name]
        if not name or max(map(len, names)) > LONGEST_BUILDING:
            return None, "building_name"
        for each in names:
            found[each] = storeys if storeys is not None else found.get(each)
    return (list(found.items()), None) if len(found) <= MOST_BUILDINGS else (None, "too_many_buildings")


def in_house_order(name: str) -> list[tuple[int, int, str]]:
    """Return the key by which buildings stand as people count them: 2号楼 before 10号楼."""
    pieces = re.findall(r"\d+|\D+", name)
    return [(0, int(piece), "") if piece.isdecimal() else (1, 0, piece) for piece in pieces]


def clean_point(cell: Any) -> tuple[tuple[float, float] | None, str | None]:
    """Read "lat lng" or "lng,lat" in one cell as (longitude, latitude), whichever order it came in."""
    text = plain_text(cell)
    if not text or re.fullmatch(r"[0.\s,]+", text):
        return None, None
    parsed = coordinates.parse(text)
    return parsed.point, parsed.problem or None


def straighten(
    longitude: float | None, latitude: float | None
) -> tuple[tuple[float, float] | None, str | None]:
    """Return a point given in two fields, swapped back when it was swapped; (0, 0) is no point."""
    if longitude is None or latitude is None:
        return None, None if longitude is latitude else "half_point"
    if longitude == 0 and latitude == 0:
        return None, None
    if coordinates.in_china((longitude, latitude)):
        return (longitude, latitude), None
    if coordinates.in_china((latitude, longitude)):
        return (latitude, longitude), None
    return None, "outside_china"


def split_names(text: str) -> list[str]:
    """Split several names in one field at commas, semicolons, slashes and 、."""
    return [part.strip() for part in re.split(r"[,\uff0c;\uff1b/\u3001]+", text) if part.strip()]
