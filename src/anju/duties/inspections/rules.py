"""The rules of inspections: states, steps and kinds of a visit, its officers, its conclusions. Pure."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from anju.ground.foundation.wording import lazy as _
from anju.ground.foundation.workflow import Step


class VisitState:
    """Where a visit is."""

    PLANNED = "planned"
    OPEN = "open"
    FINISHED = "finished"
    VOID = "void"


STATE_LABELS = {
    VisitState.PLANNED: _("待检查"),
    VisitState.OPEN: _("检查中"),
    VisitState.FINISHED: _("已完成"),
    VisitState.VOID: _("已作废"),
}
STATE_TONES = {
    VisitState.PLANNED: "wait",
    VisitState.OPEN: "active",
    VisitState.FINISHED: "done",
    VisitState.VOID: "quiet",
}
KIND_LABELS = {
    "daily": _("日常检查"),
    "complaint": _("举报投诉核查"),
    "joint": _("联合检查"),
    "campaign": _("专项检查"),
    "drawn": _("双随机抽查"),
    "recheck": _("复查"),
}
# 双随机 (double random): chance chose unit and officers, so nobody can choose the word for a visit of their own choice.
# It comes from a draw only, or from the ledger of a station whose draws were made elsewhere.
DRAWN = "drawn"
CHOSEN_KINDS = {kind: label for kind, label in KIND_LABELS.items() if kind != DRAWN}
RESULT_LABELS = {"ok": _("合格"), "problem": _("有问题"), "not_applicable": _("不涉及")}
RECHECK_LABELS = {"ok": _("已整改"), "problem": _("未整改"), "not_applicable": _("未查看")}
CONCLUSION_LABELS = {
    "clean": _("未发现问题"),
    "problems": _("发现问题"),
    "corrected": _("发现问题已当场改正"),
    "refused": _("拒绝检查"),
    "closed": _("关闭停业"),
}
# At a re-check the same conclusions are about the hazards that were to be put right.
RECHECK_CONCLUSION_LABELS = CONCLUSION_LABELS | {
    "clean": _("隐患均已整改"),
    "problems": _("仍有隐患未整改或发现新的问题"),
}
EBIKE = "EB"  # first-level class of hazards of electric bicycles (rulebooks/hazards)
RECHECK = "recheck"  # what stands for a checklist where the hazards found before are looked at again

STEPS = (
    Step(
        "begin", _("开始检查"), frozenset({VisitState.PLANNED}), VisitState.OPEN, "inspections.record",
        "hn-fire-2014-59", tone="primary",
    ),
    Step(
        "check", _("逐项检查"), frozenset({VisitState.OPEN}), None, "inspections.record",
        "mps-fire-inspection-2012-31",
    ),
    Step(
        "find", _("登记问题"), frozenset({VisitState.OPEN}), None, "inspections.record",
        "mps-fire-inspection-2012-33",
    ),
    Step(
        "conclude", _("填写结论"), frozenset({VisitState.OPEN}), None, "inspections.record", "hn-fire-2014-59",
    ),
    Step("sign", _("签字"), frozenset({VisitState.OPEN}), None, "inspections.record", "hn-fire-2014-59"),
    Step(
        "refuse_signature", _("拒绝签字"), frozenset({VisitState.OPEN}), None, "inspections.record",
        "hn-fire-2014-59", note="required",
    ),
    Step(
        "finish", _("完成检查"), frozenset({VisitState.OPEN}), VisitState.FINISHED, "inspections.record",
        "hn-fire-2014-59", tone="primary",
    ),
    Step(
        "cancel", _("取消检查"), frozenset({VisitState.PLANNED, VisitState.OPEN}), VisitState.VOID,
        "inspections.record", "xx-defaults-2026-50", note="required", tone="danger",
    ),
    Step(
        "void", _("作废记录"), frozenset({VisitState.FINISHED}), VisitState.VOID, "inspections.plan",
        "xx-defaults-2026-50", note="required", tone="danger",
    ),
)  # fmt: skip

# How the journal reads on a page: the words of each event, and its tone.
EVENT_WORDS = {
    "inspections.imported": (_("由台账导入"), "active"),
    "inspections.visit_planned": (_("安排检查"), "active"),
    "inspections.visit_begun": (_("开始检查"), "active"),
    "inspections.part_joined": (_("参加联合检查"), "active"),
    "inspections.items_checked": (_("记录检查项"), "quiet"),
    "inspections.finding_added": (_("登记问题"), "warn"),
    "inspections.finding_dropped": (_("删除登记有误的问题"), "quiet"),
    "inspections.hazard_looked_at": (_("复查隐患"), "active"),
    "inspections.part_concluded": (_("填写检查结论"), "active"),
    "inspections.signed": (_("当事人签字"), "active"),
    "inspections.signature_refused": (_("当事人拒绝签字"), "warn"),
    "inspections.signature_withdrawn": (_("撤回签字，修改记录"), "warn"),
    "inspections.visit_finished": (_("完成检查"), "done"),
    "inspections.finding_confirmed": (_("确认隐患"), "warn"),
    "inspections.visit_voided": (_("作废检查"), "danger"),
    "inspections.recheck_asked": (_("申请复查"), "active"),
}


@dataclass(frozen=True, slots=True)
class OfficerRule:
    """How the officers of one kind of agency come (rulebooks/inspections `officers`)."""

    least: int
    enforcing: int
    badge: bool
    basis: tuple[str, ...] = ()

    @classmethod
    def of(cls, line: Mapping[str, Any]) -> "OfficerRule":
        """Read a line of the rulebook."""
        return cls(line["least"], line["enforcing"], line["badge"], tuple(line["basis"]))


@dataclass(frozen=True, slots=True)
class Badge:
    """An officer with the badge as it is: `until` None means that no end is known."""

    name: str
    number: str = ""
    until: date | None = None

    def holds_on(self, day: date) -> bool:
        """Say whether there is a badge and it is valid on a day."""
        return bool(self.number) and (self.until is None or self.until >= day)


@dataclass(frozen=True, slots=True)
class Lack:
    """What is wrong with the officers of a part: `code` too_few, no_badge or expired, and who."""

    code: str
    name: str = ""
    n: int = 0


def officers_lack(rule: OfficerRule, officers: Sequence[Badge], *, on: date) -> list[Lack]:
    """List what the officers lack to inspect on a day; an officer without a valid badge does not count."""
    counted = list(officers)
    lacks = []
    if rule.badge:
        counted = [officer for officer in officers if officer.holds_on(on)]
        lacks = [
            Lack("expired" if officer.number else "no_badge", officer.name)
            for officer in officers
            if not officer.holds_on(on)
        ]
    if len(counted) < rule.least:
        lacks.append(Lack("too_few", n=rule.least))
    return lacks


def may_enforce(rule: OfficerRule, officers: Sequence[Badge], *, on: date) -> bool:
    """Say whether these officers are enough for an order or a penalty: badges valid, and as many as the law asks."""
    return sum(officer.holds_on(on) for officer in officers) >= rule.enforcing


def suggested_conclusion(found: int, at_once: int) -> str:
    """Say which conclusion the findings of a part call for."""
    if not found:
        return "clean"
    return "corrected" if found == at_once else "problems"


def conclusion_conflict(conclusion: str, *, found: int, at_once: int) -> str:
    """Return why a conclusion does not fit what was found ("" when it does): found, not_found or not_corrected."""
    if conclusion == "clean" and found:
        return "found"
    if conclusion in ("problems", "corrected") and not found:
        return "not_found"
    if conclusion == "corrected" and at_once < found:
        return "not_corrected"
    return ""


def conclusion_labels(checklist: str) -> Mapping[str, Any]:
    """Return the words of the conclusions of a part by its checklist: those of a re-check are its own."""
    return RECHECK_CONCLUSION_LABELS if checklist == RECHECK else CONCLUSION_LABELS


NEEDS_NO_ITEMS = frozenset({"refused", "closed"})

_APART = re.compile(r"[\s，。、；：！？,.;:!?（）()\-—_/]+")


def place_key(text: str) -> str:
    """Return a written place without spaces, punctuation and full-width letters, to know it again."""
    return _APART.sub("", unicodedata.normalize("NFKC", text)).lower()


def same_place(one: str, other: str) -> bool:
    """Say whether two written places are the same place of one unit; two left empty are."""
    return place_key(one) == place_key(other)


def recheck_item(case_id: int) -> str:
    """Return the key under which a re-check keeps what it saw of a hazard."""
    return f"case-{case_id}"


def case_of_item(item: str) -> int | None:
    """Return the hazard that a re-check's item is about, or None for an item of a checklist."""
    kind, _dash, number = item.partition("-")
    return int(number) if kind == "case" and number.isdecimal() else None
