"""Objections as pure rules: their states and steps. Pure."""

from anju.ground.foundation.asks import Field
from anju.ground.foundation.wording import lazy as _
from anju.ground.foundation.workflow import NEW, SYSTEM, Step


class State:
    """Where an objection is."""

    OPEN = "open"
    ANSWERED = "answered"


STATE_LABELS = {State.OPEN: _("待答复"), State.ANSWERED: _("已答复")}
STATE_MOODS = {State.OPEN: "warn", State.ANSWERED: "done"}

_BASIS, _OPEN = "xx-defaults-2026-76", frozenset({State.OPEN})
STEPS = (
    Step(
        "object", _("提出执法异议"), NEW, State.OPEN, "", _BASIS,
        asks=(Field("penalty_id", _("处罚决定"), "record"), Field("order_id", _("责令改正"), "record"),
              Field("by_name", _("异议人"), "line", required=True, most=120,
                    lacking=_("请写明异议人的姓名或者单位名称。")),
              Field("text", _("异议内容、事实和理由"), "text", required=True, most=5000,
                    lacking=_("请写明对哪一项有异议、事实和理由是什么。"))),
        mood="warn",
    ),
    Step(
        "answer", _("答复执法异议"), _OPEN, State.ANSWERED, "", _BASIS,
        asks=(Field("upheld", _("审查结论"), "choice", required=True,
                    choices=((True, _("异议成立")), (False, _("异议不成立"))), lacking=_("请选择审查结论。")),
              Field("text", _("情况和理由"), "text", required=True, most=5000,
                    lacking=_("请写明审查的情况和理由，异议人会看到。"))),
    ),
    Step("escalate", _("超期升级"), _OPEN, None, "", _BASIS, who=SYSTEM, mood="danger"),
    Step("deadline_moved", _("工作日历变更，答复异议期限重算"), _OPEN, None, "", _BASIS, who=SYSTEM, mood="warn"),
)  # fmt: skip
