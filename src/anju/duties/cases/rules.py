"""The closed loop as pure rules: states, the table of steps, what a closing text must say. No database, no clock."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import SequenceMatcher
from typing import Any

from anju.ground.foundation.asks import Field, note, reason
from anju.ground.foundation.wording import lazy as _
from anju.ground.foundation.workflow import ANY, GONE, NEW, PUBLIC, SYSTEM, WITHIN, Blocked, Step


class State:
    """Where a case is in the loop."""

    REPORTED = "reported"
    ASSIGNED = "assigned"
    RETURNED = "returned"
    FIXING = "fixing"
    CHECKING = "checking"
    CLOSED = "closed"
    MERGED = "merged"
    VOID = "void"


STATE_LABELS = {
    State.REPORTED: _("待派单"),
    State.ASSIGNED: _("待受理"),
    State.RETURNED: _("退单待重派"),
    State.FIXING: _("整改中"),
    State.CHECKING: _("待复查"),
    State.CLOSED: _("已办结"),
    State.MERGED: _("已并案"),
    State.VOID: _("不予受理"),
}
# How a state looks.
STATE_TONES = {
    State.REPORTED: "warn",
    State.ASSIGNED: "active",
    State.RETURNED: "warn",
    State.FIXING: "active",
    State.CHECKING: "wait",
    State.CLOSED: "done",
    State.MERGED: "quiet",
    State.VOID: "quiet",
}
# How the reporter reads the same state, in plain words.
PLAIN_LABELS = {
    State.REPORTED: _("已收到，正在安排办理单位"),
    State.ASSIGNED: _("已交给办理单位，等待其受理"),
    State.RETURNED: _("正在重新安排办理单位"),
    State.FIXING: _("办理单位正在整改"),
    State.CHECKING: _("整改已提交，正在现场复查"),
    State.CLOSED: _("已办结"),
    State.MERGED: _("与同一问题合并办理"),
    State.VOID: _("不予受理"),
}
OPEN = frozenset({State.REPORTED, State.ASSIGNED, State.RETURNED, State.FIXING, State.CHECKING})
AWAITING_DISPATCH = frozenset({State.REPORTED, State.RETURNED})
UNSEEN = OPEN - {State.CHECKING}  # where looking at the place still tells something
HANDED_OUT = frozenset({State.ASSIGNED, State.FIXING, State.CHECKING, State.CLOSED})

KIND_LABELS = {"hazard": _("隐患"), "complaint": _("投诉")}
CHANNEL_LABELS = {
    "portal": _("居民上报"),
    "staff": _("工作人员代报"),
    "field": _("巡查上报"),
    "import": _("台账导入"),
    "api": _("系统对接"),
}
SEVERITY_LABELS = {
    "general": _("一般"),
    "serious": _("较大"),
    "major_suspected": _("重大嫌疑"),
}
# What a photo is evidence of, and on which side of the rectification it stands.
PURPOSE_LABELS = {
    "report": _("上报"),
    "verify": _("现场核实"),
    "rectify": _("整改"),
    "recheck": _("复查"),
    "note": _("补充"),
}
BEFORE = frozenset({"report", "verify"})
AFTER = frozenset({"rectify", "recheck"})
# What a photo shows: only what a checker has accepted shows a hazard put right.
SHOWS_LABELS = {
    "before": _("整改前"),
    "claimed": _("整改后（待复查）"),
    "after": _("整改后"),
    "failed": _("复查未通过"),
    "past": _("上次办结时"),
    "other": _("补充"),
}
# What it shows when it is added, by the step; the checker's act says it anew.
SHOWN_FIRST = {
    "report": "before", "verify": "before", "rectify": "claimed", "recheck": "after", "note": "other",
}  # fmt: skip

SATISFACTION_LABELS = {3: _("满意"), 2: _("基本满意"), 1: _("不满意")}


def not_paused(case: Any, day: date) -> Blocked | None:
    """Say that a suspended case must first go on."""
    return Blocked(_("此件已批准中止，请先恢复办理。"), allowed=("resume",)) if case.paused_at else None


def paused(case: Any, day: date) -> Blocked | None:
    """Say that only a suspended case can go on."""
    return None if case.paused_at else Blocked(_("此件没有中止，无需恢复。"), never=True)


def not_seen_yet(case: Any, day: date) -> Blocked | None:
    """Say that a place is looked at once."""
    return Blocked(_("此件已现场核实。"), never=True) if case.verified_at else None


def a_hazard(case: Any, day: date) -> Blocked | None:
    """Say that only a hazard is closed by those who found it."""
    return None if case.kind == "hazard" else Blocked(_("只有隐患可以由发现的单位直接办结。"), never=True)


def closed(case: Any, day: date) -> Blocked | None:
    """Say to the reporter that only what is closed is rated."""
    return None if case.state == State.CLOSED else Blocked(_("办结后才能评价。"))


def published(case: Any, day: date) -> Blocked | None:
    """Say that only what is published is withdrawn."""
    return None if case.published_at else Blocked(_("此件的办结说明没有公开。"), never=True)


def undoable(case: Any, day: date) -> Blocked | None:
    """Say that only the last step is taken back, and only one whose way back is a plain change of state."""
    return None if case.undo else Blocked(_("没有可以撤销的一步。"), never=True)


TERM_KINDS = {"extend": _("延期"), "suspend": _("中止")}
CLOCK_LABELS = {
    "verify": _("现场核实"),
    "dispatch": _("派单"),
    "accept": _("受理"),
    "rectify": _("整改"),
    "recheck": _("复查"),
    "reply": _("答复"),
}
_ALL = ("dispatch", "verify", "accept", "rectify", "recheck")  # what ends with the case itself
_PHOTOS = Field("uploads", _("现场照片"), "files", most=20)
_FREE = (not_paused,)
_REPORTED, _ASSIGNED, _FIXING = (
    frozenset({State.REPORTED}),
    frozenset({State.ASSIGNED}),
    frozenset({State.FIXING}),
)
_CHECKING, _CLOSED, _MERGED = (
    frozenset({State.CHECKING}),
    frozenset({State.CLOSED}),
    frozenset({State.MERGED}),
)
_SAME, _EMPTY = "same_photo", "says_nothing"
_HEARD = "mps-fire-inspection-2012-26"
_TOLD = "mps-fire-inspection-2012-21"

STEPS = (
    # A resident needs no power; staff must hold `cases.report` over the place.
    Step("report", _("上报"), NEW, State.REPORTED, "", starts=("dispatch", "verify"), follows=("escalate",),
         asks=(Field("class_code", _("类别"), "line", required=True, most=12),
               Field("text", _("情况说明"), required=True, least=4, most=5000,  # a ledger's longest story
                     lacking=_("请写清楚发生了什么，至少四个字。")),
               Field("place", _("具体位置"), "line", most=200),
               Field("reporter", _("上报人"), "given", secret=True), _PHOTOS)),
    Step("assign", _("派单"), AWAITING_DISPATCH, State.ASSIGNED, "cases.assign", "hn-property-2017-75", who="desk",
         when=_FREE, tone="primary", starts=("accept",), stops=("dispatch",), doubts=("returned",),
         asks=(Field("handler_id", _("办理单位"), "record", choices="offices"), note())),
    Step("void", _("不予受理"), AWAITING_DISPATCH, State.VOID, "cases.void", _HEARD, who="desk", when=_FREE,
         tone="danger", mood="quiet", stops=_ALL, effects=("answer",),
         asks=(note(_("不予受理的理由（上报人会看到）"), required=True,
                    lacking=_("请写明不予受理的理由，上报人会看到。")),)),
    Step("accept", _("受理"), _ASSIGNED, State.FIXING, "cases.handle", "xx-fire-2020-16", who="desk", when=_FREE,
         tone="primary", starts=("rectify",), stops=("accept",), asks=(note(),)),
    Step("return_back", _("退单"), _ASSIGNED, State.RETURNED, "cases.handle", "xx-fire-2020-27", who="desk",
         when=_FREE, mood="warn", starts=("dispatch",), stops=("accept",), effects=("tell_above",),
         asks=(note(_("退单理由"), required=True, lacking=_("请写明退单理由，派单单位要据此改派。")),)),
    Step("submit", _("提交整改"), _FIXING, State.CHECKING, "cases.handle", "xx-fire-2020-16", who="desk", when=_FREE,
         tone="primary", starts=("recheck",), stops=("rectify", "verify"), doubts=(_EMPTY, _SAME),
         asks=(note(_("整改情况"), required=True, lacking=_("请写明整改了什么、怎么整改的。")), _PHOTOS)),
    Step("close", _("复查合格，办结"), _CHECKING, State.CLOSED, "cases.check", _TOLD, who="desk", when=_FREE,
         tone="primary", mood="done", stops=_ALL, effects=("answer",), doubts=(_EMPTY, _SAME, "doubted_photos"),
         asks=(note(_("复查情况（居民会看到）"), required=True,
                    lacking=_("请写明复查看到的情况，居民会看到这段话。")),
               _PHOTOS, Field("about_photos", _("照片疑点的核对情况"), most=500))),
    Step("send_back", _("复查不合格，退回整改"), _CHECKING, State.FIXING, "cases.check", _TOLD, who="desk",
         when=_FREE, tone="danger", starts=("rectify_again",), stops=("recheck",), doubts=(_SAME,),
         asks=(note(_("哪里还不合格"), required=True, lacking=_("请写明哪里还不合格，办理单位才知道怎么改。")),
               _PHOTOS)),
    Step("reopen", _("重新办理"), _CLOSED, State.REPORTED, "cases.supervise", "hn-property-2017-75", mood="warn",
         starts=("dispatch",), effects=("answer_anew",),
         asks=(note(_("重新办理的理由"), required=True, lacking=_("请写明重新办理的理由。")),)),
    Step("publish", _("公开办结说明"), _CLOSED, None, "cases.check", "cn-openness-2019-15", who="dispatcher|checker",
         mood="done", doubts=("names_somebody",),
         asks=(Field("wording", _("公开的说明"), required=True, least=4, most=1000,
                     help=_("任何人都能看到。请去掉姓名、电话、门牌等个人信息。"),
                     lacking=_("请写明公开的说明，至少四个字。")),)),
    Step("withdraw", _("撤下公开的说明"), _CLOSED, None, "cases.check", "cn-openness-2019-15", who="dispatcher|checker",
         when=(published,), mood="warn", asks=(note(_("撤下的理由"), required=True, lacking=_("请写明为什么撤下。")),)),
    Step("verify", _("现场核实"), UNSEEN, None, "cases.check", _HEARD, when=(not_seen_yet,), stops=("verify",),
         asks=(note(_("现场看到的情况")), _PHOTOS)),
    # Seen put right by those who found it: before they left, or when they came back to look.
    Step("close_on_spot", _("当场改正，办结"), _REPORTED, State.CLOSED, "", "mps-fire-inspection-2012-19", who=WITHIN,
         when=(a_hazard,), mood="done", stops=_ALL, effects=("answer",), asks=(note(required=True),)),
    Step("close_at_recheck", _("复查合格，办结"), OPEN, State.CLOSED, "", _TOLD, who=WITHIN, when=(a_hazard,),
         mood="done", stops=_ALL, effects=("answer",), asks=(note(required=True),)),
    # Ordered, fined, sealed or transferred by an agency while it waited for somebody else: that is its handling.
    Step("take_over", _("执法单位接办"), AWAITING_DISPATCH | _ASSIGNED | _FIXING, State.FIXING, "",
         "mps-fire-inspection-2012-19", who=WITHIN, starts=("rectify",), stops=("dispatch", "verify", "accept"),
         asks=(Field("agency_id", _("执法单位"), "record", required=True), note(required=True))),
    Step("let_go", _("执法单位不再办理，退回待派单"), _FIXING, State.RETURNED, "", "", who=WITHIN, starts=("dispatch",),
         stops=("rectify",), asks=(note(required=True),), mood="warn"),
    # More time.
    Step("ask_term", _("申请延期或中止"), _FIXING | _CHECKING, None, "", who="desk", when=_FREE,
         asks=(Field("kind", _("申请"), "choice", required=True, choices=tuple(TERM_KINDS.items()),
                     lacking=_("请选择申请延期或者中止。")),
               Field("days", _("延期工作日"), "whole", least=1, most=60),
               reason(most=500, lacking=_("请写明申请理由。")))),
    Step("decide_term", _("审批申请"), OPEN, None, "cases.approve",
         asks=(Field("granted", _("同意"), "tick"), Field("decision", _("审批意见"), most=500))),
    Step("resume", _("恢复办理"), OPEN, None, "", when=(paused,), tone="primary", asks=(note(),)),
    # From above.
    Step("urge", _("催办"), OPEN, None, "cases.urge", mood="warn", follows=("supervise",),
         asks=(note(_("要求"), most=500),)),
    Step("supervise", _("督办"), OPEN, None, "cases.supervise", tone="danger",
         asks=(note(_("要求"), required=True, most=500, lacking=_("督办请写明要求。")),)),
    Step("escalate", _("超期升级"), OPEN, None, "", who=SYSTEM, tone="danger"),
    Step("deadline_moved", _("工作日历变更，期限重算"), ANY, None, "", who=SYSTEM, mood="warn"),
    Step("unseal", _("查看上报人身份"), ANY, None, "cases.unseal", tone="danger", effects=("tell_superior",),
         asks=(reason(least=6, lacking=_("请写明必须查看身份的理由，至少六个字；此次查看会通知上级。")),)),
    # A way back.
    Step("correct", _("更正上报内容"), OPEN | _CLOSED, None, "cases.see", when=_FREE, mood="warn",
         starts=("dispatch",), stops=("accept", "rectify", "recheck"),
         asks=(Field("class_code", _("类别"), "line", most=12),
               Field("severity", _("程度"), "choice", choices=tuple(SEVERITY_LABELS.items())),
               Field("estate_id", _("小区"), "record"), Field("area_id", _("社区"), "record"),
               Field("place", _("具体位置"), "line", most=200),
               Field("text", _("情况说明"), least=4, most=5000),
               reason(_("更正的理由"), lacking=_("请写明为什么更正，原来的内容和理由都会留在办理经过里。")),
               Field("drawn_from", "", "line", most=64))),
    Step("annotate", _("补充说明或照片"), OPEN | _CLOSED | {State.VOID}, None, "cases.see", mood="quiet",
         asks=(note(_("补充说明")), _PHOTOS)),
    Step("recall", _("撤回派单"), _ASSIGNED, State.REPORTED, "cases.assign", "hn-property-2017-75", who="dispatcher",
         when=_FREE, mood="warn", starts=("dispatch",), stops=("accept",),
         asks=(note(_("撤回的理由"), required=True, lacking=_("请写明为什么撤回这次派单。")),)),
    Step("undo", _("撤销上一步"), OPEN, None, "cases.see", when=(undoable,), mood="warn"),
    # Beside.
    Step("merge", _("并入另一件"), OPEN, State.MERGED, "cases.merge", mood="quiet",
         asks=(Field("into_id", _("并入哪一件"), "record", required=True), Field("reason", _("理由"), most=300))),
    Step("take_in", _("并入本件"), OPEN, None, "", who=WITHIN, mood="quiet"),
    Step("unmerge", _("取消并案"), _MERGED, None, "cases.merge", mood="quiet",
         asks=(reason(_("取消并案的理由"), lacking=_("请写明取消并案的理由。")),)),
    Step("give_back", _("取消并入本件"), ANY, None, "", who=WITHIN, mood="quiet"),
    Step("split", _("拆分"), AWAITING_DISPATCH | _ASSIGNED | _FIXING, None, "cases.merge", mood="quiet",
         asks=(Field("parts", _("子件"), "given", required=True, lacking=_("请至少填写一个子件。")),)),
    Step("rate", _("上报人评价"), ANY, None, "", who=PUBLIC, when=(closed,), follows=("reopen",),
         effects=("tell_of_rating",),
         asks=(Field("rating", _("评价"), "choice", required=True, choices=tuple(SATISFACTION_LABELS.items()),
                     lacking=_("请选择满意、基本满意或不满意。")),
               Field("reason", _("理由"), most=500))),
)  # fmt: skip

# The steps of the loop itself, and with the ways back from them what the phone and the API offer by name.
ON_THE_WAY = frozenset(
    {"assign", "void", "accept", "return_back", "submit", "close", "send_back", "reopen", "verify"}
)
OFFERED = ON_THE_WAY | {"annotate", "recall", "undo"}
# What is done from its own place on the page of a case, not from a button of the case.
ELSEWHERE = frozenset({"annotate", "correct", "decide_term", "merge", "split", "unseal"})
# What its doer may undo: acts that told nobody outside and whose way back is the former state. Closing and declining
# have answered the reporters (`reopen`), a returned case is out of the handler's sight, merging and correcting have
# their own way back, and what was seen at the place (`verify`) or said from above has been heard.
UNDOABLE = frozenset({"assign", "accept", "submit", "send_back"})

VIEW_STEPS = (
    Step("save_view", _("保存视图"), NEW, None, "cases.see", mood="quiet",
         asks=(Field("name", _("视图名称"), "line", required=True, most=40, lacking=_("请给这个视图起个名字。")),
               Field("query", _("筛选条件"), "line", most=600))),
    Step("drop_view", _("删除视图"), ANY, GONE, "cases.see", mood="quiet"),
)  # fmt: skip

# Whose turn it is answers for this clock; the verification that may run beside it is somebody else's.
OWN_CLOCK = {
    State.REPORTED: "dispatch",
    State.RETURNED: "dispatch",
    State.ASSIGNED: "accept",
    State.FIXING: "rectify",
    State.CHECKING: "recheck",
}
# News that is no act: read from a ledger.
EVENT_WORDS = {
    "cases.imported": (_("由台账导入"), "active"),
}


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a text says too little: `code` for a machine, `sentence` for the officer."""

    code: str
    sentence: object


_EMPTY_PHRASES = re.compile(
    r"^(已|已经|均已|现已|全部)?(按要求|按规定|及时)?(整改|处理|解决|完成|清理|落实|办结|复查)(完成|完毕|到位|合格|好了|了)?$|^(情况)?属实$|^(ok|好|无|同意|收到|是)$",
    re.IGNORECASE,
)


def doubts_about_closing(text: str, *, class_texts: Iterable[str], least: int) -> list[Doubt]:
    """List why a closing or rectification text says nothing that a resident could check.

    class_texts  the class name and its standard wording: repeating them is no answer
    least        fewest letters that can tell what was done (rulebooks/deadlines `closing_text.least`)
    """
    said = re.sub(r"[\s，。、；：！？,.;:!?]+", "", text)
    doubts = []
    if len(said) < least:
        doubts.append(Doubt("too_short", _("文字太短，看不出做了什么。")))
    if _EMPTY_PHRASES.match(said):
        doubts.append(Doubt("empty_phrase", _("只写“已整改”一类的话，居民无法核对。")))
    for other in class_texts:
        bare = re.sub(r"[\s，。、；：！？,.;:!?]+", "", other)
        if bare and (said == bare or SequenceMatcher(None, said, bare).ratio() > 0.9):
            doubts.append(Doubt("copied", _("这是隐患类别的原文，没有写明实际情况。")))
            break
    return doubts


# Which house of an estate is meant, however it is written: 3号楼, 三号楼, 3#楼, 3栋, A座; 2、3号楼 means both.
_ONE = r"(?:\d{1,3}|[一二三四五六七八九十]{1,3}|(?<![A-Za-z])[A-Za-z])"
_HOUSE = re.compile(rf"({_ONE}(?:[、,，和及]{_ONE})*)\s*(?:号楼|号院|#楼?|栋|幢|座)")
_ENTRANCE = re.compile(rf"({_ONE}(?:[、,，和及]{_ONE})*)\s*(?:单元|门洞)")
_DIGITS = {digit: n for n, digit in enumerate("零一二三四五六七八九")}


def _numeral(text: str) -> str:
    """Return a number as Arabic digits: 十二 → 12."""
    if "十" in text:
        tens, _ten, ones = text.partition("十")
        return str(10 * _DIGITS.get(tens, 1) + _DIGITS.get(ones, 0))
    return str(_DIGITS.get(text, text)).upper().lstrip("0")


def _named(pattern: re.Pattern[str], text: str) -> frozenset[str]:
    said = unicodedata.normalize("NFKC", text)
    return frozenset(
        _numeral(one) for found in pattern.findall(said) for one in re.split(r"[、,,和及]", found) if one
    )


def houses(text: str) -> frozenset[str]:
    """Return the buildings that a text names, however they are written."""
    return _named(_HOUSE, text)


def entrances(text: str) -> frozenset[str]:
    """Return the entrances (单元) that a text names."""
    return _named(_ENTRANCE, text)


@dataclass(frozen=True, slots=True)
class Shared:
    """What two reports have in common. `house`, `entrance`: whether they name the same one; None where one names none.

    text  how alike the wording is, 0 … 1; days: how far apart in time
    """

    text: float
    same_class: bool = False
    same_group: bool = False
    near: bool = False
    photo: bool = False
    house: bool | None = None
    entrance: bool | None = None
    days: float = 0.0


def agree(one: frozenset[str], other: frozenset[str]) -> bool | None:
    """Say whether two sets of names have one in common; None where one is empty."""
    return bool(one & other) if one and other else None


def likeness(shared: Shared, book: Mapping[str, Any]) -> float | None:
    """Weigh what two reports of one estate have in common (rulebooks/deadlines `duplicates`); None: another matter.

    Another building is another matter whatever else is alike.
    """
    if shared.house is False:
        return None
    weights = book["weights"]
    score = (
        weights["text"] * shared.text
        + (weights["class"] if shared.same_class else weights["group"] if shared.same_group else 0)
        + weights["building"] * (shared.house is True)
        + weights["entrance"] * {True: 1, False: -1, None: 0}[shared.entrance]
        + weights["near"] * shared.near
        + weights["photo"] * shared.photo
        + weights["time"] * max(0.0, 1 - shared.days / book["days"])
    )
    return score if score >= book["least"] else None


def grams(text: str) -> list[str]:
    """Return the distinct two-character pieces of a text, by which it is indexed and found.

    A search word of two or more characters is contained only in texts that hold all of its pieces, so the index
    narrows exactly and a LIKE confirms: no segmentation, nothing is missed.
    """
    squeezed = re.sub(r"\s+", " ", text.strip().lower())
    return sorted({squeezed[i : i + 2] for i in range(len(squeezed) - 1)})
