"""A deputy's suggestion as pure rules: states, steps, references to figures in a letter, what a reader is not shown."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from anju.ground.foundation.law import numeral
from anju.ground.foundation.wording import lazy as _
from anju.ground.foundation.workflow import Step


class State:
    """Where a suggestion is on its way from the assembly to the deputy's answer."""

    REGISTERED = "registered"
    ASSIGNED = "assigned"
    RETURNED = "returned"
    HANDLING = "handling"
    SIGNING = "signing"
    SIGNED = "signed"
    ANSWERED = "answered"
    ASSESSING = "assessing"
    CLOSED = "closed"


STATE_LABELS = {
    State.REGISTERED: _("待交办"),
    State.ASSIGNED: _("待确认主办"),
    State.RETURNED: _("退回待重新交办"),
    State.HANDLING: _("办理中"),
    State.SIGNING: _("待签发"),
    State.SIGNED: _("已签发待印发"),
    State.ANSWERED: _("已答复待反馈"),
    State.ASSESSING: _("待专家评估"),
    State.CLOSED: _("已办结"),
}
STATE_TONES = {
    State.REGISTERED: "warn",
    State.ASSIGNED: "active",
    State.RETURNED: "warn",
    State.HANDLING: "active",
    State.SIGNING: "wait",
    State.SIGNED: "wait",
    State.ANSWERED: "wait",
    State.ASSESSING: "warn",
    State.CLOSED: "done",
}
# How a deputy reads the same state.
PLAIN_LABELS = {
    State.REGISTERED: _("已收到，正在确定主办单位"),
    State.ASSIGNED: _("已交主办单位"),
    State.RETURNED: _("正在重新确定主办单位"),
    State.HANDLING: _("主办单位正在办理"),
    State.SIGNING: _("答复已拟好，等待签发"),
    State.SIGNED: _("答复已签发，即将送达"),
    State.ANSWERED: _("已答复，请您评价"),
    State.ASSESSING: _("正在请专家评估"),
    State.CLOSED: _("已办结"),
}
OPEN = frozenset(STATE_LABELS) - {State.CLOSED}
WITH_REGISTRAR = frozenset({State.REGISTERED, State.RETURNED, State.ASSESSING})
WITH_LEAD = frozenset({State.ASSIGNED, State.HANDLING, State.SIGNING, State.SIGNED})
WRITING = frozenset({State.HANDLING})

STEPS = (
    Step(
        "assign", _("交办"), frozenset({State.REGISTERED}), State.ASSIGNED, "suggestions.register",
        "hn-deputies-2017-0", clock="routing", tone="primary",
    ),
    Step(
        "reassign", _("重新交办"), frozenset({State.RETURNED}), State.ASSIGNED, "suggestions.register",
        "hn-deputies-2017-0", clock="routing", tone="primary",
    ),
    Step(
        "accept", _("确认主办"), frozenset({State.ASSIGNED}), State.HANDLING, "suggestions.handle",
        "hn-deputies-2017-0", tone="primary",
    ),
    Step(
        "refuse_routing", _("说明不属本单位，退回重新交办"), frozenset({State.ASSIGNED}), State.RETURNED,
        "suggestions.handle", "hn-deputies-2017-0", clock="reassign", note="required", tone="danger",
    ),
    Step(
        "submit_for_signature", _("报送签发"), frozenset({State.HANDLING}), State.SIGNING, "suggestions.handle",
        "hn-deputies-2017-21", tone="primary",
    ),
    Step(
        "send_back", _("退回修改"), frozenset({State.SIGNING}), State.HANDLING, "suggestions.sign",
        "hn-deputies-2017-21", note="required", tone="danger",
    ),
    Step(
        "sign", _("签发"), frozenset({State.SIGNING}), State.SIGNED, "suggestions.sign",
        "hn-deputies-2017-21", tone="primary",
    ),
    Step(
        "issue", _("编号印发"), frozenset({State.SIGNED}), State.ANSWERED, "suggestions.handle",
        "gb-9704-2012-0", clock="feedback", tone="primary",
    ),
    Step(
        "redo", _("代表不满意，再次办理"), frozenset({State.ANSWERED}), State.HANDLING, "suggestions.register",
        "hn-deputies-2017-0", clock="second",
    ),
    Step(
        "ask_assessment", _("再次不满意，转专家评估"), frozenset({State.ANSWERED}), State.ASSESSING,
        "suggestions.register", "hn-deputies-2017-0",
    ),
    Step(
        "close", _("办结"), frozenset({State.ANSWERED}), State.CLOSED, "suggestions.register",
        "hn-deputies-2017-0", note="required",
    ),
    Step(
        "assess", _("登记专家评估意见，办结"), frozenset({State.ASSESSING}), State.CLOSED, "suggestions.register",
        "hn-deputies-2017-0", note="required", tone="primary",
    ),
)  # fmt: skip
# What follows from the deputies' feedback by itself; nobody presses a button for it.
FOLLOWS = frozenset({"redo", "ask_assessment"})

CLOCK_LABELS = {
    "routing": _("说明交办有误"),
    "reassign": _("重新交办"),
    "opinion": _("协办意见"),
    "answer": _("答复代表"),
    "feedback": _("代表反馈"),
    "second": _("再次答复"),
}
# Which clocks an act starts (rulebooks/suggestions `clocks`); each co-handler's own clock starts with the assignment.
STARTS = {
    "assign": ("routing", "answer"),
    "reassign": ("routing", "answer"),
    "refuse_routing": ("reassign",),
    "issue": ("feedback",),
    "redo": ("second",),
}
# Which clocks an act brings to their end; the opinions of co-handlers stop one by one.
STOPS = {
    "assign": (),
    "reassign": ("reassign",),
    "accept": ("routing",),
    "refuse_routing": ("routing", "answer", "opinion"),
    "submit_for_signature": (),
    "send_back": (),
    "sign": (),
    "issue": ("answer", "second", "opinion"),
    "redo": ("feedback",),
    "ask_assessment": ("feedback",),
    "close": ("feedback",),
    "assess": (),
}

FEEDBACK_LABELS = {
    "satisfied": _("满意"),
    "basically": _("基本满意"),
    "dissatisfied": _("不满意"),
}
# From best to worst: of several signatories the worst answer decides what follows.
FEEDBACK_ORDER = ("satisfied", "basically", "dissatisfied")
TALK_LABELS = {"visit": _("走访"), "meeting": _("面商"), "phone": _("电话沟通"), "seminar": _("座谈会")}
ATTITUDE_LABELS = {
    "agrees": _("同意办理意见"),
    "supplements": _("有补充意见"),
    "disagrees": _("不同意办理意见"),
}
PUBLICATION_LABELS = {"full": _("答复全文公开"), "withheld": _("不予公开")}
DELIVERY_LABELS = {"in_person": _("当面送达"), "mail": _("邮寄"), "platform": _("代表平台")}


def worst(values: Iterable[str]) -> str:
    """Return the worst of several feedback values, or "" for none."""
    return max(values, key=FEEDBACK_ORDER.index, default="")


# --- the letter's text and the figures in it --------------------------------------------------------------------------

_REFERENCE = re.compile(
    r"\{\{figure:([a-z0-9_]+)\|(\d{4}-\d{2}-\d{2})\|(\d{4}-\d{2}-\d{2})\|((?:area:|division:)?\w*)\}\}"
)
_BRACES = re.compile(r"\{\{|\}\}")


@dataclass(frozen=True, slots=True)
class Reference:
    """A figure that a letter speaks of, by name: {{figure:measure|from|to|territory}}.

    territory  a division's code ("4107"), "area:12", "division:4107", or "" = all that the writer reaches
    """

    measure: str
    start: date
    end: date
    territory: str

    @property
    def written(self) -> str:
        """The reference as it stands in the text."""
        return f"{{{{figure:{self.measure}|{self.start}|{self.end}|{self.territory}}}}}"


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a letter's text: words, or a reference."""

    text: str
    reference: Reference | None = None


def pieces(text: str) -> list[Piece]:
    """Cut a text into words and references; a day that no calendar has leaves the reference as words."""
    found, at = [], 0
    for match in _REFERENCE.finditer(text):
        try:
            reference = Reference(
                match[1], date.fromisoformat(match[2]), date.fromisoformat(match[3]), match[4]
            )
        except ValueError:
            continue
        if match.start() > at:
            found.append(Piece(text[at : match.start()]))
        found.append(Piece(match[0], reference))
        at = match.end()
    if at < len(text):
        found.append(Piece(text[at:]))
    return found


def references(text: str) -> list[Reference]:
    """List the references of a text, each once, in their order."""
    return list(dict.fromkeys(piece.reference for piece in pieces(text) if piece.reference is not None))


def has_broken_reference(text: str) -> bool:
    """Say whether braces stand in the text which no reference explains."""
    return any(piece.reference is None and _BRACES.search(piece.text) for piece in pieces(text))


def filled(text: str, values: Mapping[str, str]) -> str:
    """Put the printed values in place of the references: {reference as written: value}."""
    return "".join(
        piece.text if piece.reference is None else values[piece.reference.written] for piece in pieces(text)
    )


def printed(value: Any, *, unit: str = "count") -> str:
    """Write a number as a letter does: no thousands marks, no empty decimals; a share with its sign."""
    if isinstance(value, int):
        return str(value)
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return f"{text}%" if unit == "percent" else text


# A number with its surroundings: dates (year, month, day, hour follow), numbers of documents (in tortoise brackets, or
# with the sign for "number" behind) and numbers inside words are no figures.
_BARE = re.compile(
    r"(?<![\d.\u3014\u3015\[\]A-Za-z])(\d[\d,\uff0c]*(?:\.\d+)?)(?![\d.]|[\u5e74\u6708\u65e5\u65f6\u53f7\u3015])"
)


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A figure typed by hand that looks like one the text refers to."""

    typed: str
    reference: str
    value: str


def near_misses(text: str, values: Mapping[str, float], *, share: float, least: float) -> list[NearMiss]:
    """List figures typed by hand that nearly, or exactly, equal a figure referred to.

    values  {reference as written: value}
    share   how near, as a share of the value; the same digits in another order are near, too
    least   smaller figures are not looked at: "3 stations" is near everything
    """
    found = []
    for piece in pieces(text):
        if piece.reference is not None:
            continue
        for match in _BARE.finditer(piece.text):
            number = float(re.sub(r"[,\uff0c]", "", match[1]))
            if number < least:
                continue
            for written, value in values.items():
                near = abs(number - value) <= share * abs(value)
                swapped = sorted(f"{number:g}") == sorted(f"{value:g}")
                if value >= least and (near or swapped):
                    found.append(NearMiss(match[1], written, printed(value if value % 1 else int(value))))
    return list(dict.fromkeys(found))


Section = Mapping[str, str]  # {"heading", "text"}


def letter_text(sections: Sequence[Section], closing: str) -> str:
    """Compose the body of a letter: its numbered parts, then the closing; one paragraph a line.

    The headings are numbered here, so that a part can be moved without renumbering by hand.
    """
    blocks = [*(_part(n, part) for n, part in enumerate(sections, start=1)), closing]
    return "\n".join(line.strip() for block in blocks for line in block.splitlines() if line.strip())


def _part(number: int, section: Section) -> str:
    heading = section.get("heading", "").strip()
    head = f"{numeral(number)}\u3001{heading}" if heading else ""
    return f"{head}\n{section.get('text', '')}"


# --- what the public is not shown -------------------------------------------------------------------------------------

_MOBILE = re.compile(r"(?<!\d)(1[3-9]\d)\d{4}(\d{4})(?!\d)")
_IDENTITY = re.compile(r"(?<!\d)(\d{6})\d{9,11}([\dXx]{2})(?!\d)")


def masked(text: str, names: Iterable[str] = ()) -> str:
    """Hide mobile numbers, identity numbers and the given names of persons in a text."""
    text = _IDENTITY.sub(lambda m: f"{m[1][:4]}{'*' * (len(m[0]) - 6)}{m[2]}", text)
    text = _MOBILE.sub(r"\1****\2", text)
    for name in sorted({name.strip() for name in names if len(name.strip()) > 1}, key=len, reverse=True):
        text = text.replace(name, name[0] + "*" * (len(name) - 1))
    return text
