"""Numbers that check themselves: companies (GB 32100, GB 11714), people (GB 11643), phones; and their masks.

Pure: standard library only. Problems are returned as words; `code_words` says them in sentences.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

# --- 统一社会信用代码, GB 32100-2015 ------------------------------------------------------------------------

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
USCC_WEIGHTS = tuple(3**i % 31 for i in range(17))
ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
# Registering authorities of GB 32100 table 1 and its supplements: the first character.
USCC_AUTHORITIES = "123456789ANY"
PROVINCES = frozenset(
    str(tens * 10 + unit)
    for tens, units in {1: 5, 2: 3, 3: 7, 4: 6, 5: 4, 6: 5}.items()
    for unit in range(1 if tens != 5 else 0, units + 1)
) | {"71", "81", "82", "83"}
# What hands and scanners take for one another: wrong character -> what was meant, likeliest first.
LOOKALIKES = {
    "O": "0", "I": "1", "Z": "2", "S": "5", "V": "UY", "Q": "0", "D": "0", "0": "DQ", "1": "LT7", "L": "1",
    "7": "1T", "2": "7", "5": "6", "8": "B3", "B": "8", "6": "G5", "G": "6", "U": "Y", "Y": "U", "3": "8",
    "T": "7", "9": "G", "P": "R", "R": "P", "M": "N", "N": "M", "W": "M", "K": "X", "X": "K",
}  # fmt: skip
MOST_SUGGESTIONS = 3


@dataclass(frozen=True, slots=True)
class CodeCheck:
    """What checking a number found.

    value        the number as it should be stored: half-width, upper case, no blanks
    valid        whether every rule holds
    problem      "" or a word: empty, length, character, authority, place, date, organisation_check, check_digit,
                 old_number
    suggestions  numbers that hold and differ little, best first; at most three
    """

    value: str
    valid: bool
    problem: str = ""
    suggestions: tuple[str, ...] = ()


def tidy(text: str) -> str:
    """Return a number half-width, upper case, without blanks, dashes and invisible characters."""
    return re.sub(
        r"[\s\-\u00ad\u200b-\u200f\u2010-\u2015\u2212\ufeff'`]", "", unicodedata.normalize("NFKC", text)
    ).upper()


def uscc_check_digit(first_17: str) -> str:
    """Return the 18th character for 17 characters of the GB 32100 alphabet."""
    total = sum(USCC_ALPHABET.index(c) * w for c, w in zip(first_17, USCC_WEIGHTS, strict=True))
    return USCC_ALPHABET[-total % 31]


def organisation_check_digit(first_8: str) -> str:
    """Return the ninth character of an organisation code (GB 11714) for its eight: 0-9 or X."""
    total = sum(int(c, 36) * w for c, w in zip(first_8, ORGANISATION_WEIGHTS, strict=True))
    return "0123456789X0"[11 - total % 11]


def check_uscc(text: str) -> CodeCheck:
    """Check a unified social credit code by both its check digits, and suggest what may have been meant.

    Some codes issued early fail although they are real, so a wrong one warns and may be kept with a reason.
    """
    value = tidy(text)
    if not value:
        return CodeCheck(value, False, "empty")
    if problem := _uscc_problem(value):
        if problem == "length" and value.isdigit() and len(value) in (13, 15):
            problem = "old_number"
        return CodeCheck(value, False, problem, _suggest(value))
    return CodeCheck(value, True)


def _uscc_problem(value: str) -> str:
    if len(value) != 18:
        return "length"
    if any(c not in USCC_ALPHABET for c in value) or not value[2:8].isdigit():
        return "character"
    if value[0] not in USCC_AUTHORITIES:
        return "authority"
    # 10 is the central level: ministries register under 100000.
    if value[2:4] not in PROVINCES and value[2:4] != "10":
        return "place"
    if uscc_check_digit(value[:17]) != value[17]:
        return "check_digit"
    if organisation_check_digit(value[8:16]) != value[16]:
        return "organisation_check"
    return ""


def _suggest(value: str) -> tuple[str, ...]:
    """List codes that hold, by likeliness: illegal letters read right, a look-alike, swapped neighbours, one other."""
    if len(value) == 18:
        read = {"O": "0", "I": "1", "Z": "2", "S": "5", "V": "U"}
        plain = "".join(read.get(c, c) for c in value)
        # Positions 3 to 8 are digits only.
        plain = (
            plain[:2]
            + "".join({"B": "8", "G": "6", "Q": "0", "D": "0", "L": "1"}.get(c, c) for c in plain[2:8])
            + plain[8:]
        )
        if not _uscc_problem(plain):
            return (plain,)
        strange = [i for i, c in enumerate(value) if c not in USCC_ALPHABET]
        if len(strange) == 1:
            # The character that cannot be right is the wrong one, and the check digits tell what it was.
            at = strange[0]
            fits = [
                c for c in (value[:at] + a + value[at + 1 :] for a in USCC_ALPHABET) if not _uscc_problem(c)
            ]
            if fits:
                return tuple(fits)[:MOST_SUGGESTIONS]
        found = dict.fromkeys(c for c in _lookalikes(plain) if not _uscc_problem(c))
        found.update(dict.fromkeys(c for c in _swapped(plain) if not _uscc_problem(c)))
        if not found:
            others = [c for c in _substituted(plain) if not _uscc_problem(c)]
            # When only the last check digit fails, some ten codes would fit: naming three of them would be a guess.
            if len(others) <= MOST_SUGGESTIONS:
                found = dict.fromkeys(others)
        return tuple(found)[:MOST_SUGGESTIONS]
    if len(value) == 19:
        shorter = dict.fromkeys(value[:i] + value[i + 1 :] for i in range(19))
        fits = [c for c in shorter if not _uscc_problem(c)]
        return tuple(fits) if len(fits) <= MOST_SUGGESTIONS else ()
    return ()


def _lookalikes(value: str) -> list[str]:
    return [
        value[:i] + meant + value[i + 1 :] for i, c in enumerate(value) for meant in LOOKALIKES.get(c, "")
    ]


def _swapped(value: str) -> list[str]:
    return [
        value[:i] + value[i + 1] + value[i] + value[i + 2 :] for i in range(17) if value[i] != value[i + 1]
    ]


def _substituted(value: str) -> list[str]:
    return [value[:i] + c + value[i + 1 :] for i in range(18) for c in USCC_ALPHABET if c != value[i]]


# --- 公民身份号码, GB 11643-1999 -------------------------------------------------------------------------------

IDCARD_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def idcard_check_digit(first_17: str) -> str:
    """Return the 18th character of an identity number for its 17 digits."""
    return "10X98765432"[sum(int(c) * w for c, w in zip(first_17, IDCARD_WEIGHTS, strict=True)) % 11]


def check_idcard(text: str, *, today: date) -> CodeCheck:
    """Check an identity number; a lower-case x and the old 15 digits (born 19xx) are turned into today's form."""
    value = tidy(text)
    if not value:
        return CodeCheck(value, False, "empty")
    if re.fullmatch(r"\d{15}", value):
        value = f"{value[:6]}19{value[6:]}"
        value += idcard_check_digit(value)
    if len(value) != 18:
        return CodeCheck(value, False, "length")
    if not re.fullmatch(r"\d{17}[\dX]", value, re.ASCII):
        return CodeCheck(value, False, "character")
    if value[:2] not in PROVINCES:
        return CodeCheck(value, False, "place")
    try:
        born = date(int(value[6:10]), int(value[10:12]), int(value[12:14]))
    except ValueError:
        return CodeCheck(value, False, "date")
    if born > today or born.year < 1880:
        return CodeCheck(value, False, "date")
    if idcard_check_digit(value[:17]) != value[17]:
        return CodeCheck(value, False, "check_digit")
    return CodeCheck(value, True)


# --- Phones ---------------------------------------------------------------------------------------------------


def check_phone(text: str) -> CodeCheck:
    """Check a mainland phone: mobile, landline with area code (kept as 0373-1234567), 400 number or short code."""
    value = re.sub(r"[^\d+]", "", unicodedata.normalize("NFKC", text))
    value = re.sub(r"^(\+86|0086|86(?=1[3-9]\d{9}$))", "", value)
    if not value:
        return CodeCheck("", False, "empty")
    if re.fullmatch(r"1[3-9]\d{9}|1[12]\d{1,3}|12\d{3}|400\d{7}|9[56]\d{3,6}", value):
        return CodeCheck(value, True)
    if landline := re.fullmatch(r"(010|02\d|0[3-9]\d{2})([2-8]\d{6,7})", value):
        return CodeCheck("-".join(landline.groups()), True)
    if re.fullmatch(r"[2-8]\d{6,7}", value):
        return CodeCheck(value, False, "area_code")
    return CodeCheck(value, False, "length" if value.startswith("1") and value.isdigit() else "character")


# --- Masks ----------------------------------------------------------------------------------------------------


def mask_name(name: str) -> str:
    """Keep the first character and hide the rest, whatever its length: 王**."""
    name = name.strip()
    return f"{name[0]}**" if name else ""


def mask_names(
    text: str, *, known: Iterable[str] = (), surnames: str, titles: Iterable[str], called: Iterable[str]
) -> str:
    """Mask the names of persons inside free text as far as words allow; somebody still reads it over.

    known            names of persons that may stand in it
    surnames         characters with which a name begins
    titles, called   what follows a name (a polite title), and what goes before one (an owner, a tenant)
    """
    for name in sorted({name for name in known if len(name) > 1}, key=len, reverse=True):
        text = text.replace(name, mask_name(name))
    before, after = ("|".join(map(re.escape, words)) for words in (called, titles))
    text = re.sub(rf"([{surnames}])[\u4e00-\u9fff]{{1,2}}(?={after})", r"\1**", text)
    return re.sub(rf"({before})([{surnames}])[\u4e00-\u9fff]{{1,2}}", r"\1\2**", text)


def mask_phone(phone: str) -> str:
    """Keep three digits in front and four behind of a mobile (138****1234), two behind of anything else."""
    value = check_phone(phone).value
    if re.fullmatch(r"1\d{10}", value):
        return f"{value[:3]}****{value[-4:]}"
    if len(value) < 7:
        return "*" * len(value)
    return f"{value[:3]}{'*' * (len(value) - 5)}{value[-2:]}"


def mask_idcard(number: str, *, public: bool = True) -> str:
    """Hide an identity number: to the public four digits in front and two behind, inside six and four at most."""
    value = tidy(number)
    front, behind = (4, 2) if public else (6, 4)
    if len(value) < front + behind + 4:
        return "*" * len(value)
    return f"{value[:front]}{'*' * (len(value) - front - behind)}{value[-behind:]}"


# Unit, storey and room markers; written as escapes because visible Chinese strings belong to gettext.
_BELOW_BUILDING = re.compile(
    r"(?<=[\u680b\u5e62\u697c])[\s,\uff0c]*(?:[\d\u4e00-\u5341A-Za-z\u7532\u4e59\u4e19\u4e1c\u897f\u5357\u5317]+"
    r"(?:\u5355\u5143|\u95e8\u6d1e|\u5c42|\u697c|\u5ba4|\u6237|\u53f7)|[\d\-]{2,}).*$"
)


def mask_address(address: str) -> str:
    """Keep an address down to the building and drop unit, storey and room."""
    return _BELOW_BUILDING.sub("", address.strip())


def mask_text(text: str) -> str:
    """Mask telephone and ID-card numbers inside free text that is about to be published."""
    text = re.sub(r"(?<!\d)\d{17}[\dXx](?!\d)", lambda found: mask_idcard(found.group()), text)
    return re.sub(r"(?<!\d)1\d{10}(?!\d)", lambda found: mask_phone(found.group()), text)
