"""A deputy's suggestion as pure rules: states, steps, references to figures in a letter, what a reader is not shown."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from anju.ground.foundation.asks import Field, note, reason
from anju.ground.foundation.law import numeral
from anju.ground.foundation.wording import lazy as _
from anju.ground.foundation.workflow import ANY, NEW, PUBLIC, SYSTEM, Step


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

CLOCK_LABELS = {
    "routing": _("说明交办有误"),
    "reassign": _("重新交办"),
    "opinion": _("协办意见"),
    "answer": _("答复代表"),
    "feedback": _("代表反馈"),
    "second": _("再次答复"),
}

_ASKS, _SPEAKS = "hn-deputies-2017-0", frozenset({State.ASSIGNED, State.HANDLING})
_ANSWERED = frozenset({State.ANSWERED})
_REGISTER, _HANDLE = "suggestions.register", "suggestions.handle"
_CHOICE = Field(
    "publication", _("答复是否公开"), "choice", required=True, choices=tuple(PUBLICATION_LABELS.items())
)
_VALUE = (
    Field("value", _("评价"), "choice", required=True, choices=tuple(FEEDBACK_LABELS.items()),
          lacking=_("请选择满意、基本满意或不满意。")),
    Field("reason", _("代表的意见"), most=500, help=_("不满意的必填")),
)  # fmt: skip
_HANDING = (
    Field("lead_id", _("主办单位"), "record", required=True, choices="offices", lacking=_("请选择主办单位。")),
    Field("co_ids", _("协办单位"), "records", choices="offices", help=_("可以勾选多个；没有协办的不选")),
    note(),
)  # fmt: skip
_TALKED = _("请写明在哪里、谁参加、谈了什么（至少十个字）。")
STEPS = (
    Step("register", _("登记"), NEW, State.REGISTERED, _REGISTER, _ASKS, asks=(
        Field("meeting", _("会议"), "line", required=True, most=60,
              lacking=_("请填写会议名称，如“市十四届人大二次会议”。")),
        Field("number", _("建议编号"), "whole", required=True, least=1, most=99_999),
        Field("title", _("标题"), "line", required=True, least=4, most=120, lacking=_("请填写建议标题，至少四个字。")),
        Field("text", _("内容"), required=True, least=3, most=20_000, lacking=_("请填写建议内容，或写明“见附件”。")),
        Field("received_on", _("收到日期"), "day", required=True),
        replace(_CHOICE, required=False, default="full"),
        Field("publication_reason", _("不予公开的理由"), "line", most=200),
    )),
    Step("assign", _("交办"), frozenset({State.REGISTERED}), State.ASSIGNED, _REGISTER, _ASKS, who="registrar",
         asks=_HANDING, starts=("routing", "answer"), tone="primary"),
    Step("assign", _("重新交办"), frozenset({State.RETURNED}), State.ASSIGNED, _REGISTER, _ASKS, who="registrar",
         asks=_HANDING, starts=("routing", "answer"), stops=("reassign",), doubts=("refused_before",),
         tone="primary"),
    Step("accept", _("确认主办"), frozenset({State.ASSIGNED}), State.HANDLING, _HANDLE, _ASKS, who="desk",
         asks=(note(),), stops=("routing",), tone="primary"),
    Step("refuse_routing", _("说明不属本单位，退回重新交办"), frozenset({State.ASSIGNED}), State.RETURNED, _HANDLE,
         _ASKS, who="desk", starts=("reassign",), stops=("routing", "answer", "opinion"), tone="danger", mood="warn",
         effects=("release_co_handlers", "tell_registrar"),
         asks=(note(_("为什么不属本单位职责，应由哪个单位主办"), required=True, least=4,
                    lacking=_("请说明为什么不属本单位职责、应由哪个单位主办。")),)),
    Step("give_opinion", _("提交协办意见"), _SPEAKS, None, _HANDLE, _ASKS,
         asks=(Field("opinion", _("协办意见"), required=True, least=10, most=6000,
                     lacking=_("请写明本单位做了什么、意见是什么，至少十个字。"),
                     help=_("写明本单位做了什么、数字以哪天为准、下一步打算；主办单位据此写入答复")),)),
    Step("extend", _("延长答复期限"), frozenset({State.HANDLING}), None, _HANDLE, _ASKS, who="desk", mood="warn",
         effects=("tell_registrar",), asks=(reason(_("为什么难办，已怎样向代表说明"), most=500),)),
    Step("hold_talk", _("与代表沟通"), _SPEAKS, None, _HANDLE, _ASKS, who="desk", asks=(
        Field("kind", _("方式"), "choice", required=True, choices=tuple(TALK_LABELS.items())),
        Field("held_on", _("日期"), "day", required=True, lacking=_("请填写沟通日期。")),
        Field("place", _("地点"), "line", required=True, most=120, lacking=_TALKED),
        Field("attendees", _("参加人员"), "line", required=True, least=2, most=200, lacking=_TALKED),
        Field("content", _("沟通内容"), required=True, least=10, most=4000, lacking=_TALKED),
        Field("attitude", _("代表态度"), "choice", required=True, choices=tuple(ATTITUDE_LABELS.items())),
    )),
    Step("draft_reply", _("起草答复"), WRITING, None, _HANDLE, _ASKS, who="desk", mood="quiet",
         said=_("保存答复草稿")),
    Step("insert_figure", _("插入数字"), WRITING, None, _HANDLE, _ASKS, who="desk", mood="quiet"),
    Step("submit_for_signature", _("报送签发"), WRITING, State.SIGNING, _HANDLE, "hn-deputies-2017-21", who="desk",
         asks=(note(),), doubts=("figure_by_hand", "no_talk", "opinion_out"), tone="primary"),
    Step("send_back", _("退回修改"), frozenset({State.SIGNING}), State.HANDLING, "suggestions.sign",
         "hn-deputies-2017-21", who="desk", tone="danger", mood="warn",
         asks=(note(_("要改什么"), required=True, least=2, lacking=_("请写明要改什么。")),)),
    Step("sign", _("签发"), frozenset({State.SIGNING}), State.SIGNED, "suggestions.sign", "hn-deputies-2017-21",
         who="desk", asks=(note(),), doubts=("figure_by_hand",), tone="primary"),
    Step("issue", _("编号印发"), frozenset({State.SIGNED}), State.ANSWERED, _HANDLE, "gb-9704-2012-0", who="desk",
         asks=(note(),), starts=("feedback",), stops=("answer", "second", "opinion"), tone="primary", mood="done"),
    Step("deliver", _("送达代表"), _ANSWERED, None, "", _ASKS, asks=(
        Field("on", _("送达日期"), "day", required=True, lacking=_("请填写送达日期。")),
        Field("how", _("送达方式"), "choice", required=True, choices=tuple(DELIVERY_LABELS.items()),
              lacking=_("请选择送达方式。")),
    )),
    Step("take_feedback", _("登记反馈"), _ANSWERED, None, "", _ASKS, asks=_VALUE,
         follows=("close", "redo", "ask_assessment"), said=_("代表反馈")),
    Step("feedback_by_code", _("代表反馈"), _ANSWERED, None, "", _ASKS, who=PUBLIC, asks=_VALUE, open=True,
         follows=("close", "redo", "ask_assessment")),
    Step("redo", _("代表不满意，再次办理"), _ANSWERED, State.HANDLING, "", _ASKS, who=SYSTEM, mood="warn",
         starts=("second",), stops=("feedback",), effects=("tell_both",)),
    Step("ask_assessment", _("再次不满意，转专家评估"), _ANSWERED, State.ASSESSING, "", _ASKS, who=SYSTEM,
         mood="warn", stops=("feedback",), effects=("tell_both",)),
    Step("close", _("办结"), _ANSWERED, State.CLOSED, _REGISTER, _ASKS, who="registrar", mood="done",
         stops=("feedback",), follows=("redo", "ask_assessment"),
         asks=(note(_("怎样征询过代表，为什么没有反馈"), required=True, least=4,
                    lacking=_("请写明怎样征询过代表、为什么没有反馈。")),)),
    Step("assess", _("登记专家评估意见，办结"), frozenset({State.ASSESSING}), State.CLOSED, _REGISTER, _ASKS,
         who="registrar", tone="primary", mood="done", asks=(
             Field("held_on", _("评估日期"), "day", required=True, lacking=_("请填写评估日期。")),
             Field("experts", _("参加评估的专家"), "line", required=True, least=2, most=200,
                   lacking=_("请写明参加评估的专家。")),
             Field("conclusion", _("评估意见"), required=True, least=10, lacking=_("请写明评估意见，至少十个字。")),
         )),
    Step("publish", _("公开答复"), ANY, None, _REGISTER, "hn-deputies-2017-28", who="registrar|lead", mood="done"),
    Step("choose_publication", _("改变公开方式"), ANY, None, _REGISTER, "hn-deputies-2017-28", who="registrar",
         said=_("确定是否公开"), mood="quiet",
         asks=(_CHOICE, Field("reason", _("不予公开的理由"), "line", most=200))),
    Step("reveal_phone", _("查看代表电话"), ANY, None, "", "cn-pipl-2021-51", mood="warn"),
    Step("escalate", _("超期升级"), OPEN, None, "", "xx-defaults-2026-61", who=SYSTEM, mood="danger"),
    Step("deadline_moved", _("工作日历变更，期限重算"), OPEN, None, "", who=SYSTEM, mood="warn"),
)  # fmt: skip
YEARLY_STEPS = (
    Step("yearly_report", _("提交年度报告"), NEW, None, _REGISTER, "hn-deputies-2017-28", mood="done", asks=(
        Field("year", _("年份"), "whole", required=True, least=2000, most=2199),
        Field("text", _("办理工作情况"), required=True, least=10, most=20_000,
              lacking=_("请写明办理工作的主要情况，至少十个字。")),
    )),
)  # fmt: skip


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
