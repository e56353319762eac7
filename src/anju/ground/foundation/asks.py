"""What an act asks for: fields declared in a room's table of steps, and the one way in which what was given is read.

Pure: no database, no clock. A page draws its form from the same fields (`act_forms`), the API describes them, and the
engine (`acts`) reads whatever comes, typed or sent by a program, with the same sentences.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from .refusals import Refusal
from .wording import lazy as _

Kind = Literal[
    "line",  # one line of text
    "text",  # several lines
    "day",
    "moment",
    "whole",  # a whole number
    "money",  # Decimal yuan with two places
    "tick",  # yes or no
    "choice",  # one key of `choices`
    "choices",  # several keys
    "record",  # the number of a record, chosen from a list or searched
    "records",  # several of them
    "files",  # photos, papers: not read here, only counted
    "given",  # a value that only a program hands over (a draft, a matter): passed on as it is
]
Choice = tuple[Any, object]

_NUL = "\0"
_CENTURIES = range(1900, 2200)


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that an act asks for.

    required       must be given; `lacking` is the sentence when it is not
    least, most    letters of a text, or the bounds of a number; letters are counted without blanks around
    default        what is handed to the verb when nothing is given
    choices        (key, words) pairs, or the name under which the Loop offers them for a record and a day
    secret         never reaches journal, receipt in clear, or log (a password, a telephone number)
    help           a hint below the field
    """

    name: str
    label: object
    kind: Kind = "text"
    required: bool = False
    least: int = 0
    most: int = 2000
    default: Any = None
    choices: tuple[Choice, ...] | str = ()
    secret: bool = False
    help: object = ""
    lacking: object = ""

    @property
    def empty(self) -> Any:
        """What stands for nothing given."""
        if self.default is not None:
            return self.default
        return {
            "line": "",
            "text": "",
            "tick": False,
            "choice": "",
            "choices": (),
            "records": (),
            "files": (),
        }.get(self.kind)


def note(
    label: object = _("说明"), *, required: bool = False, least: int = 0, most: int = 2000, **more: Any
) -> Field:
    """Return the field of an act's own words, which the event keeps."""
    return Field("note", label, "text", required=required, least=least, most=most, **more)


def reason(label: object = _("理由"), *, least: int = 1, most: int = 300, **more: Any) -> Field:
    """Return the field of a reason that must be given."""
    return Field("reason", label, "text", required=True, least=least, most=most, **more)


@dataclass(frozen=True, slots=True)
class Reading:
    """How values are read: in which time zone a moment is, and what a field offers to choose from (None: anything)."""

    zone: tzinfo
    choices: Callable[[Field], Iterable[Choice] | None] = field(default=lambda asked: None)


def read(fields: Iterable[Field], given: Mapping[str, Any], reading: Reading) -> dict[str, Any]:
    """Return what was given for each field, of its kind; raises Refusal naming the field that is wrong or lacks.

    What no field declares is passed on as it is.
    """
    read_ = dict(given)
    for asked in fields:
        value = given.get(asked.name)
        read_[asked.name] = _read(asked, value, reading)
    return read_


def _read(asked: Field, value: Any, reading: Reading) -> Any:
    if asked.kind == "given":
        if value is None and asked.required:
            raise _lacks(asked)
        return asked.default if value is None else value
    if asked.kind == "tick":
        return value in (True, "on", "1", "true", "True", 1)
    if isinstance(value, str):
        value = value.replace("\r\n", "\n").strip()
    if value is None or value == "" or (asked.kind in ("choices", "records", "files") and not list(value)):
        if asked.required:
            raise _lacks(asked)
        return asked.empty
    return _READERS[asked.kind](asked, value, reading)


def _lacks(asked: Field) -> Refusal:
    sentence: object = asked.lacking
    if not sentence:
        pattern = (
            _("请选择%(label)s。")
            if asked.kind in ("choice", "choices", "record", "records")
            else _("请填写%(label)s。")
        )
        sentence = str(pattern) % {"label": str(asked.label)}
    return Refusal(sentence, field=asked.name)


def _text(asked: Field, value: Any, reading: Reading) -> str:
    said = str(value)
    if _NUL in said:
        raise Refusal(_("内容里有无法保存的字符，请删除后再试。"), field=asked.name, code="zero_byte")
    if asked.kind == "line":
        said = " ".join(said.split())
    if len(said) < asked.least:
        short = str(_("%(label)s至少%(n)d个字，请写清楚。")) % {"label": str(asked.label), "n": asked.least}
        raise Refusal(asked.lacking or short, field=asked.name)
    if len(said) > asked.most:
        raise Refusal(
            str(_("%(label)s最多 %(n)d 个字，现在有 %(m)d 个，请缩短。"))
            % {"label": str(asked.label), "n": asked.most, "m": len(said)},
            field=asked.name,
            code="too_long",
        )
    return said


def _day(asked: Field, value: Any, reading: Reading) -> date:
    if isinstance(value, datetime):
        return value.astimezone(reading.zone).date()
    if isinstance(value, date):
        return value
    try:
        found = date.fromisoformat(str(value))
    except ValueError:
        found = None
    if found is None or found.year not in _CENTURIES:
        raise Refusal(_("日期请写成 2024-03-05 这样的形式。"), field=asked.name)
    return found


def _moment(asked: Field, value: Any, reading: Reading) -> datetime:
    found = value
    if not isinstance(found, datetime):
        try:
            found = datetime.fromisoformat(str(value))
        except ValueError:
            raise Refusal(_("时间请写成 2024-03-05 09:30 这样的形式。"), field=asked.name) from None
    if found.year not in _CENTURIES:
        raise Refusal(_("时间请写成 2024-03-05 09:30 这样的形式。"), field=asked.name)
    return found if found.tzinfo else found.replace(tzinfo=reading.zone)


def _whole(asked: Field, value: Any, reading: Reading) -> int:
    text = str(value).strip()
    bare = text.removeprefix("-")
    if isinstance(value, bool) or not bare.isdecimal() or len(bare) > 18:
        raise Refusal(str(_("%(label)s请填整数。")) % {"label": str(asked.label)}, field=asked.name)
    found = int(text)
    if asked.kind == "whole" and not asked.least <= found <= asked.most:
        raise Refusal(
            str(_("%(label)s应在 %(least)d 到 %(most)d 之间。"))
            % {"label": str(asked.label), "least": asked.least, "most": asked.most},
            field=asked.name,
        )
    return found


def _money(asked: Field, value: Any, reading: Reading) -> Decimal:
    try:
        found = Decimal(str(value).replace(",", ""))
        exact = found.quantize(Decimal("0.01"))
    except (InvalidOperation, ValueError):
        exact = found = None  # type: ignore[assignment]
    if found is None or found != exact or abs(found) >= Decimal(10) ** 10:
        raise Refusal(_("金额请填数字，最多两位小数，如 1500.00。"), field=asked.name)
    return exact


def _choice(asked: Field, value: Any, reading: Reading) -> Any:
    offered = reading.choices(asked) if isinstance(asked.choices, str) else asked.choices or None
    if offered is None:
        return value
    for (
        key,
        _words,
    ) in offered:  # one by one: the likeliest may come first, and the rest need not be looked up
        if key == value or str(key) == str(value):
            return key
    raise Refusal(
        str(_("请在列出的%(label)s中选择。")) % {"label": str(asked.label)},
        field=asked.name,
        code="not_offered",
    )


def _choices(asked: Field, value: Any, reading: Reading) -> tuple[Any, ...]:
    return tuple(_choice(asked, one, reading) for one in value)


def _record(asked: Field, value: Any, reading: Reading) -> int:
    pk = getattr(value, "pk", value)
    return _choice(asked, _whole(asked, pk, reading), reading)


def _records(asked: Field, value: Any, reading: Reading) -> tuple[int, ...]:
    return tuple(dict.fromkeys(_record(asked, one, reading) for one in value))


def _files(asked: Field, value: Any, reading: Reading) -> Any:
    if asked.most and len(value) > asked.most:
        raise Refusal(
            str(_("一次最多 %(n)d 个文件，现在有 %(m)d 个。")) % {"n": asked.most, "m": len(value)},
            field=asked.name,
        )
    return tuple(value)


_READERS: dict[str, Callable[[Field, Any, Reading], Any]] = {
    "line": _text,
    "text": _text,
    "day": _day,
    "moment": _moment,
    "whole": _whole,
    "money": _money,
    "choice": _choice,
    "choices": _choices,
    "record": _record,
    "records": _records,
    "files": _files,
}
