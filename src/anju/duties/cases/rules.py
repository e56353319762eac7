"""The closed loop as pure rules: states, the table of steps, what a closing text must say. No database, no clock."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher

from anju.ground.foundation.wording import lazy as _
from anju.ground.foundation.workflow import Step


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
}
BEFORE = frozenset({"report", "verify"})
AFTER = frozenset({"rectify", "recheck"})

SATISFACTION_LABELS = {3: _("满意"), 2: _("基本满意"), 1: _("不满意")}

STEPS = (
    Step(
        "assign", _("派单"), AWAITING_DISPATCH, State.ASSIGNED, "cases.assign", "hn-property-2017-75",
        clock="accept", tone="primary",
    ),
    Step(
        "void", _("不予受理"), AWAITING_DISPATCH, State.VOID, "cases.void", "mps-fire-inspection-2012-26",
        note="required", tone="danger",
    ),
    Step(
        "accept", _("受理"), frozenset({State.ASSIGNED}), State.FIXING, "cases.handle", "xx-fire-2020-16",
        clock="rectify", tone="primary",
    ),
    Step(
        "return_back", _("退单"), frozenset({State.ASSIGNED}), State.RETURNED, "cases.handle", "xx-fire-2020-27",
        clock="dispatch", note="required",
    ),
    Step(
        "submit", _("提交整改"), frozenset({State.FIXING}), State.CHECKING, "cases.handle", "xx-fire-2020-16",
        clock="recheck", note="required", tone="primary",
    ),
    Step(
        "close", _("复查合格，办结"), frozenset({State.CHECKING}), State.CLOSED, "cases.check",
        "mps-fire-inspection-2012-21", note="required", tone="primary",
    ),
    Step(
        "send_back", _("复查不合格，退回整改"), frozenset({State.CHECKING}), State.FIXING, "cases.check",
        "mps-fire-inspection-2012-21", clock="rectify_again", note="required", tone="danger",
    ),
    Step(
        "reopen", _("重新办理"), frozenset({State.CLOSED}), State.REPORTED, "cases.supervise", "hn-property-2017-75",
        clock="dispatch", note="required",
    ),
)  # fmt: skip

# Whose turn it is answers for this clock; the verification that may run beside it is somebody else's.
OWN_CLOCK = {
    State.REPORTED: "dispatch",
    State.RETURNED: "dispatch",
    State.ASSIGNED: "accept",
    State.FIXING: "rectify",
    State.CHECKING: "recheck",
}

# Acts that leave the state as it is; they have no clock of their own but may stop one.
VERIFY = Step(
    "verify", _("现场核实"), frozenset({State.REPORTED, State.ASSIGNED, State.RETURNED, State.FIXING}), None,
    "cases.check", "mps-fire-inspection-2012-26",
)  # fmt: skip

# Which clocks an act brings to their end.
STOPS = {
    "assign": ("dispatch",),
    "void": ("dispatch", "verify"),
    "accept": ("accept",),
    "return_back": ("accept",),
    "submit": ("rectify", "verify"),
    "close": ("recheck",),
    "send_back": ("recheck",),
    "reopen": (),
    "verify": ("verify",),
}

# How the journal reads on a page: the words of each event, and its tone.
EVENT_WORDS = {
    "cases.report": (_("上报"), "active"),
    "cases.imported": (_("由台账导入"), "active"),
    "cases.assign": (_("派单"), "active"),
    "cases.accept": (_("受理"), "active"),
    "cases.return_back": (_("退单"), "warn"),
    "cases.submit": (_("提交整改"), "active"),
    "cases.send_back": (_("复查不合格，退回整改"), "danger"),
    "cases.close": (_("复查合格，办结"), "done"),
    "cases.void": (_("不予受理"), "quiet"),
    "cases.reopen": (_("重新办理"), "warn"),
    "cases.verify": (_("现场核实"), "active"),
    "cases.ask_extend": (_("申请延期"), "active"),
    "cases.grant_extend": (_("同意延期"), "active"),
    "cases.refuse_extend": (_("不同意延期"), "warn"),
    "cases.ask_suspend": (_("申请中止"), "active"),
    "cases.grant_suspend": (_("同意中止"), "active"),
    "cases.refuse_suspend": (_("不同意中止"), "warn"),
    "cases.resume": (_("恢复办理"), "active"),
    "cases.urge": (_("催办"), "warn"),
    "cases.supervise": (_("督办"), "danger"),
    "cases.read_notice": (_("签收提醒"), "quiet"),
    "cases.escalate": (_("超期升级"), "danger"),
    "cases.merge": (_("并入另一件"), "quiet"),
    "cases.take_in": (_("并入本件"), "quiet"),
    "cases.unmerge": (_("取消并案"), "quiet"),
    "cases.give_back": (_("取消并入本件"), "quiet"),
    "cases.split": (_("拆分"), "quiet"),
    "cases.rate": (_("上报人评价"), "active"),
    "cases.unseal": (_("查看上报人身份"), "danger"),
    "cases.deadline_moved": (_("工作日历变更，期限重算"), "warn"),
}

CLOCK_LABELS = {
    "verify": _("现场核实"),
    "dispatch": _("派单"),
    "accept": _("受理"),
    "rectify": _("整改"),
    "recheck": _("复查"),
    "reply": _("答复"),
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


def grams(text: str) -> list[str]:
    """Return the distinct two-character pieces of a text, by which it is indexed and found.

    A search word of two or more characters is contained only in texts that hold all of its pieces, so the index
    narrows exactly and a LIKE confirms: no segmentation, nothing is missed.
    """
    squeezed = re.sub(r"\s+", " ", text.strip().lower())
    return sorted({squeezed[i : i + 2] for i in range(len(squeezed) - 1)})
