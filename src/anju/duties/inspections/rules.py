"""The rules of inspections: states and steps of units, matches and visits; officers, conclusions. Pure."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from anju.ground.foundation.asks import Field, note, reason
from anju.ground.foundation.wording import lazy as _
from anju.ground.foundation.workflow import NEW, Blocked, Step


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


def not_signed(visit: Any, day: date) -> Blocked | None:
    """Say that a signed record is not changed."""
    if not (visit.signed_by or visit.refusal):
        return None
    return Blocked(
        _("检查记录已经签字，不能再改。确需修改的，请先撤回签字，改后重新签字。"),
        ("withdraw_signature",),
        code="signed",
    )


def signed(visit: Any, day: date) -> Blocked | None:
    """Say that there is no signature to take back."""
    if visit.signed_by or visit.refusal:
        return None
    return Blocked(_("这份记录还没有签字，可以直接修改。"))


_OPEN, _RECORD, _BASIS = frozenset({VisitState.OPEN}), "inspections.record", "hn-fire-2014-59"
_PHOTOS = Field("uploads", _("现场照片"), "files", most=9)
_MET = Field("met", _("陪同人员"), "line", most=60)
_COMING = (Field("officer_ids", _("到场检查人员"), "given", default=()), _MET)
STEPS = (
    Step(
        "plan", _("安排检查"), NEW, VisitState.PLANNED, "inspections.plan", "mps-fire-inspection-2012-30",
        asks=(Field("unit_id", _("检查对象"), "record", required=True),
              Field("kind", _("检查种类"), "choice", required=True),
              Field("planned_for", _("检查日期"), "day", required=True, lacking=_("请选择检查日期。")),
              Field("agencies", _("参加单位"), "records", help=_("多选即为联合检查，本单位牵头")),
              Field("campaign", _("专项行动名称"), "line", most=60, help=_("专项检查必填")),
              note(_("安排说明"), most=500)),
    ),
    Step(
        "start", _("开始检查"), NEW, VisitState.OPEN, _RECORD, _BASIS,
        asks=(Field("unit_id", _("检查对象"), "record", required=True), *_COMING,
              Field("kind", _("检查种类"), "line", default="daily"),
              Field("campaign", _("专项行动名称"), "line", most=60)),
    ),
    Step(
        "begin", _("开始检查"), frozenset({VisitState.PLANNED}), VisitState.OPEN, _RECORD, _BASIS, who="party",
        asks=_COMING, tone="primary",
    ),
    Step("begin", _("参加联合检查"), _OPEN, None, _RECORD, _BASIS, who="party", asks=_COMING, tone="primary"),
    Step(
        "check", _("逐项检查"), _OPEN, None, _RECORD, "mps-fire-inspection-2012-31", who="party", when=(not_signed,),
        asks=(Field("answers", _("检查结果"), "given", required=True), Field("rest", _("其余各项"), "line")),
        said=_("记录检查项"), mood="quiet",
    ),
    Step(
        "find", _("登记问题"), _OPEN, None, _RECORD, "mps-fire-inspection-2012-33", who="party", when=(not_signed,),
        asks=(Field("class_code", _("隐患类别"), "line", required=True, most=20),
              Field("place", _("位置"), "text", most=200),
              Field("text", _("说明"), "text", most=1000),
              Field("item", _("检查项"), "line", most=30),
              Field("at_once", _("当场改正"), "tick"),
              _PHOTOS,
              Field("same_case_id", _("原有隐患"), "record"),
              Field("separate", _("是新的一处"), "tick")),
        doubts=("known_hazard",), mood="warn",
    ),
    Step(
        "drop", _("删除登记有误的问题"), _OPEN, None, _RECORD, "mps-fire-inspection-2012-33", who="party",
        when=(not_signed,), asks=(Field("finding_id", _("问题"), "record", required=True),
                                  Field("reason", _("理由"), "text", most=300)),
        mood="quiet",
    ),
    Step(
        "look", _("复查隐患"), _OPEN, None, _RECORD, "mps-fire-inspection-2012-21", who="party", when=(not_signed,),
        asks=(Field("case_id", _("隐患"), "record", required=True),
              Field("result", _("结果"), "choice", required=True, choices=tuple(RECHECK_LABELS.items()),
                    lacking=_("请选择已整改、未整改或未查看。")),
              Field("note", _("现场情况"), "text", most=300),
              _PHOTOS),
        doubts=("same_photo",),
    ),
    Step(
        "conclude", _("填写结论"), _OPEN, None, _RECORD, _BASIS, who="party", when=(not_signed,),
        asks=(Field("conclusion", _("检查结论"), "choice", required=True, choices=tuple(CONCLUSION_LABELS.items()),
                    lacking=_("请选择检查结论。")),
              note(_("情况"))),
        said=_("填写检查结论"),
    ),
    Step(
        "sign", _("签字"), _OPEN, None, _RECORD, _BASIS, who="party", when=(not_signed,),
        asks=(Field("signed_by", _("签字人"), "line", required=True, most=60, lacking=_("请填写签字人的姓名。")),
              Field("picture", _("手写签字"), "given"),
              Field("typed", _("只登记姓名"), "given"),
              _MET),
        doubts=("not_drawn",), said=_("当事人签字"),
    ),
    Step(
        "refuse_signature", _("拒绝签字"), _OPEN, None, _RECORD, _BASIS, who="party", when=(not_signed,),
        asks=(reason(_("拒签情况"), most=200, lacking=_("请写明拒绝签字的情况。")),
              Field("witness", _("见证人"), "line", most=60), _MET),
        said=_("当事人拒绝签字"), mood="warn",
    ),
    Step(
        "withdraw_signature", _("撤回签字"), _OPEN, None, _RECORD, _BASIS, who="party", when=(signed,),
        asks=(reason(lacking=_("请写明为什么要修改已签字的记录。")),), said=_("撤回签字，修改记录"), mood="warn",
    ),
    Step(
        "finish", _("完成检查"), _OPEN, VisitState.FINISHED, _RECORD, _BASIS, who="party",
        asks=(Field("channel", _("上报途径"), "given", default="field"), Field("absent", _("未到场"), "tick")),
        doubts=("absent",), effects=("file_hazards", "answer_rechecks", "meet_duties", "print_later"), tone="primary",
        mood="done",
    ),
    Step(
        "print_record", _("打印记录"), frozenset({VisitState.FINISHED}), None, "inspections.see", _BASIS,
        said=_("印制检查记录"), mood="quiet",
    ),
    Step(
        "cancel", _("取消检查"), frozenset({VisitState.PLANNED, VisitState.OPEN}), VisitState.VOID, _RECORD,
        "xx-defaults-2026-50", who="lead", asks=(reason(lacking=_("请写明作废的理由。")),), tone="danger",
    ),
    Step(
        "void", _("作废记录"), frozenset({VisitState.FINISHED}), VisitState.VOID, "inspections.plan",
        "xx-defaults-2026-50", who="lead", asks=(reason(lacking=_("请写明作废的理由。")),), effects=("owe_again",),
        tone="danger", said=_("作废检查"),
    ),
    Step(
        "ask_recheck", _("申请复查"), frozenset({VisitState.FINISHED}), None, _RECORD, "mps-fire-inspection-2012-21",
        who="party", asks=(Field("planned_for", _("复查日期"), "day"), note(_("申请情况"), most=500)),
    ),
)  # fmt: skip


class UnitState:
    """Where a unit of the register is: kept by the database, by its end and what it was merged into."""

    LISTED = "listed"
    ENDED = "ended"
    MERGED = "merged"


UNIT_LABELS = {
    UnitState.LISTED: _("在册"),
    UnitState.ENDED: _("已注销"),
    UnitState.MERGED: _("已并入另一个对象"),
}
FACTS = (
    Field("name", _("名称"), "line", required=True, most=120),
    Field("address", _("地址"), "line", most=200),
    Field("responsible", _("负责人"), "line", most=40),
    Field("phone", _("电话"), "line", most=40),
    Field("uscc", _("统一社会信用代码"), "line", most=30),
)
_LISTED, _KEEP = frozenset({UnitState.LISTED}), "inspections.register"
_LIST, _ALIKE = "mps-fire-inspection-2012-3", "xx-defaults-2026-42"
_AGENCY = Field("agency", _("监管单位"), "record", choices="agencies",
                help=_("一般不用选：派出所、消防救援机构按所在地和类别自动确定。"))  # fmt: skip
_FLAG = (
    Field("flag", _("标记"), "choice", required=True, choices="flags"),
    Field("since", _("从哪天起"), "day", help=_("不填即从今天起。")),
    Field("basis", _("依据"), "line", most=120, help=_("例如名单的文号。")),
)
UNIT_STEPS = (
    Step(
        "add_unit", _("登记检查对象"), NEW, UnitState.LISTED, _KEEP, _LIST,
        asks=(Field("kind", _("类别"), "choice", required=True), *FACTS, Field("estate", _("所在小区"), "record"),
              _AGENCY, Field("flags", _("标记"), "choices")),
        doubts=("same_name", "odd_code"), effects=("settle", "suggest"),
    ),
    Step(
        "edit_unit", _("修改资料"), _LISTED, None, _KEEP, _LIST,
        asks=(Field("changes", _("资料"), "given", default={}), Field("kind", _("类别"), "choice"),
              Field("estate", _("所在小区"), "record"), _AGENCY, note(most=200)),
        doubts=("odd_code",), effects=("settle",), mood="quiet",
    ),
    Step("flag_unit", _("加上标记"), _LISTED, None, _KEEP, _LIST, asks=_FLAG, effects=("settle",)),
    Step("unflag_unit", _("去掉标记"), _LISTED, None, _KEEP, _LIST, asks=_FLAG, effects=("settle",), mood="quiet"),
    Step(
        "merge_units", _("并入另一个对象"), _LISTED, UnitState.MERGED, _KEEP, _ALIKE,
        asks=(Field("keep_id", _("保留的对象"), "record", required=True),
              reason(_("依据"), most=200, lacking=_("请写明依据，例如“现场核对为同一家”。"))),
        effects=("move_rows", "owe_nothing"), said=_("另一条记录并入"), mood="warn",
    ),
    Step(
        "end_unit", _("注销"), _LISTED, UnitState.ENDED, _KEEP, _LIST,
        asks=(Field("ended_on", _("注销日期"), "day", help=_("不填即为今天。")),
              reason(_("原因"), most=200, lacking=_("请写明注销原因，例如关闭、搬迁。"),
                     help=_("例如：关闭、搬迁、改作他用。"))),
        effects=("owe_nothing",), tone="danger", mood="quiet",
    ),
    Step(
        "separate_units", _("拆开"), frozenset({UnitState.MERGED}), UnitState.LISTED, _KEEP, _ALIKE,
        asks=(reason(_("为什么要拆开"), most=200, lacking=_("请写明为什么要拆开。")),), effects=("move_back",),
        said=_("从合并中拆开"), mood="warn",
    ),
)  # fmt: skip


class MatchState:
    """What was decided of two spellings that may be one unit."""

    OPEN = "open"
    SAME = "same"
    DIFFERENT = "different"


MATCH_LABELS = {
    MatchState.OPEN: _("待核对"),
    MatchState.SAME: _("同一单位"),
    MatchState.DIFFERENT: _("不同单位"),
}
MATCH_STEPS = (
    Step(
        "confirm_match", _("同一单位"), frozenset({MatchState.OPEN}), MatchState.SAME, _KEEP, _ALIKE,
        asks=(Field("keep_id", _("保留的对象"), "record", required=True, choices="sides",
                    lacking=_("请选择是不是同一单位。")),
              note(_("依据"), most=200)),
        effects=("join",),
        tone="primary", said=_("核对为同一单位"),
    ),
    Step(
        "reject_match", _("不是"), frozenset({MatchState.OPEN}), MatchState.DIFFERENT, _KEEP, _ALIKE,
        asks=(note(_("依据"), most=200),), said=_("核对为不同单位"), mood="quiet",
    ),
)  # fmt: skip

# The words of what is no act of the table, and how the story shows it.
NEWS = {
    "inspections.units_imported": (_("批量登记检查对象"), "active"),
    "inspections.imported": (_("由台账导入"), "active"),
    "inspections.finding_confirmed": (_("确认隐患"), "warn"),
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
