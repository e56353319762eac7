"""The rules of orders to correct and of temporary sealing: their states, kinds and steps. Pure."""

from datetime import date
from typing import Any

from anju.ground.foundation.asks import Field, note, reason
from anju.ground.foundation.wording import lazy as _
from anju.ground.foundation.workflow import NEW, SYSTEM, Blocked, Step


class OrderState:
    """Where an order to correct is."""

    ISSUED = "issued"
    SERVED = "served"
    COMPLIED = "complied"
    OVERDUE = "overdue"
    VOID = "void"


ORDER_LABELS = {
    OrderState.ISSUED: _("待送达"),
    OrderState.SERVED: _("整改中"),
    OrderState.COMPLIED: _("已改正"),
    OrderState.OVERDUE: _("逾期未改"),
    OrderState.VOID: _("已作废"),
}
ORDER_MOODS = {
    OrderState.ISSUED: "warn",
    OrderState.SERVED: "active",
    OrderState.COMPLIED: "done",
    OrderState.OVERDUE: "danger",
    OrderState.VOID: "quiet",
}
RUNNING = frozenset({OrderState.ISSUED, OrderState.SERVED, OrderState.OVERDUE})
ORDER_KINDS = {"immediate": _("责令立即改正"), "timed": _("责令限期改正")}


def not_asked_yet(order: Any, day: date) -> Blocked | None:
    """Say that the re-check was asked for already."""
    if order.recheck_asked_at is None:
        return None
    return Blocked(_("已经申请过复查，请等待执法单位到场。"), never=True)


SERVICE = (
    Field("way", _("送达方式"), "choice", required=True, choices="ways", lacking=_("请选择送达方式。")),
    Field("served_to", _("签收人（拒收的填拒收人）"), "line", required=True, most=60,
          lacking=_("请填写签收人；拒收的，填写拒收人。")),
    Field("served_at", _("送达时间"), "moment", help=_("不填即为现在")),
    Field("witness", _("见证人"), "line", most=60, help=_("拒绝签收、留置送达时必填")),
    note(_("备注"), most=200),
)  # fmt: skip
_SERVED_BASIS, _RECHECK_BASIS = "mps-fire-inspection-2012-19", "mps-fire-inspection-2012-21"
_LOOKED_AT = frozenset({OrderState.SERVED, OrderState.OVERDUE})
ORDER_STEPS = (
    Step(
        "issue", _("责令改正"), NEW, OrderState.ISSUED, "orders.order", _SERVED_BASIS,
        asks=(Field("draft", _("责令改正"), "given", required=True),
              Field("kind", _("种类"), "choice", required=True, choices=tuple(ORDER_KINDS.items())),
              Field("oral", _("口头责令"), "tick")),
        effects=("tell_cases", "take_over"),
    ),
    Step(
        "batch", _("批量制发责令改正"), NEW, None, "orders.order", _SERVED_BASIS,
        asks=(Field("visit_ids", _("检查"), "records", required=True,
                    lacking=_("请至少勾选一次检查；已经制发过责令改正的检查不再重复制发。")),
              Field("language", _("语言"), "line", most=20)),
    ),
    Step(
        "serve", _("登记送达"), frozenset({OrderState.ISSUED}), OrderState.SERVED, "orders.order", _SERVED_BASIS,
        who="agency", asks=SERVICE, tone="primary", said=_("送达责令改正"),
    ),
    Step(
        "comply", _("复查已改正"), RUNNING, OrderState.COMPLIED, "orders.order", _RECHECK_BASIS, who="agency",
        asks=(Field("on", _("改正日期"), "day", help=_("不填即为今天")),
              note(_("复查情况"), required=True, least=4, most=500, lacking=_("请写明复查看到的情况，至少四个字。"))),
        said=_("责令事项已改正"), mood="done",
    ),
    Step(
        "obeyed", _("责令事项已改正"), RUNNING, OrderState.COMPLIED, "", _RECHECK_BASIS, who=SYSTEM, mood="done",
    ),
    Step(
        "ask_recheck", _("申请复查"), _LOOKED_AT, None, "", _RECHECK_BASIS, who="agency|company",
        when=(not_asked_yet,), asks=(note(most=300),), effects=("tell_cases",),
    ),
    Step(
        "overdue", _("责令改正逾期"), frozenset({OrderState.SERVED}), OrderState.OVERDUE, "", _RECHECK_BASIS,
        who=SYSTEM, effects=("tell_cases", "tell_agency"), mood="danger",
    ),
    Step(
        "escalate", _("超期升级"), frozenset({OrderState.ISSUED}) | RUNNING, None, "", _RECHECK_BASIS, who=SYSTEM,
        mood="danger",
    ),
    Step(
        "deadline_moved", _("工作日历变更，责令改正期限重算"), frozenset({OrderState.ISSUED}) | RUNNING, None, "",
        _RECHECK_BASIS, who=SYSTEM, mood="warn",
    ),
    Step(
        "withdraw", _("撤回"), RUNNING, OrderState.VOID, "orders.order", "cn-penalty-2021-75", who="agency",
        asks=(reason(least=4, lacking=_("请写明撤回的理由，至少四个字。")),), effects=("void_paper", "let_go"),
        tone="danger",
        said=_("撤回责令改正"), mood="warn",
    ),
)  # fmt: skip


class SealingState:
    """Where a temporary sealing is."""

    SEALED = "sealed"
    LIFTED = "lifted"


SEALING_LABELS = {SealingState.SEALED: _("查封中"), SealingState.LIFTED: _("已解除")}
SEALING_MOODS = {SealingState.SEALED: "danger", SealingState.LIFTED: "done"}
_SEAL_BASIS, _SEALED = "cn-fire-2021-54", frozenset({SealingState.SEALED})
SEALING_STEPS = (
    Step(
        "seal", _("临时查封"), NEW, SealingState.SEALED, "orders.seal", _SEAL_BASIS,
        asks=(Field("matter", _("事项"), "given", required=True),
              Field("ground", _("法定情形"), "choice", required=True, choices="grounds",
                    lacking=_("请选择临时查封的法定情形。")),
              Field("unit_id", _("被查封的单位"), "record"),
              Field("part", _("查封的部位或者场所"), "line", required=True, least=2, most=200,
                    lacking=_("请写明查封的部位或者场所。")),
              Field("reason", _("现场危险情况"), "text", required=True, least=6, lacking=_("请写明现场危险情况。")),
              Field("until", _("查封至"), "day", required=True),
              Field("officers", _("执法人员"), "given", required=True)),
        effects=("tell_case", "take_over"), mood="danger",
    ),
    Step(
        "renew", _("延长查封"), _SEALED, None, "orders.seal", _SEAL_BASIS, who="agency",
        asks=(Field("until", _("延长至"), "day", required=True),
              Field("reason", _("隐患尚未消除的情况"), "text", required=True, least=6,
                    lacking=_("请写明隐患尚未消除的情况。"))),
        effects=("tell_case",), mood="danger",
    ),
    Step(
        "lift", _("解除查封"), _SEALED, SealingState.LIFTED, "orders.seal", _SEAL_BASIS, who="agency",
        asks=(reason(least=4, lacking=_("请写明解除查封的理由。")),), effects=("tell_case",), tone="primary",
        mood="done",
    ),
    Step(
        "expire", _("查封期满"), _SEALED, SealingState.LIFTED, "", _SEAL_BASIS, who=SYSTEM, effects=("tell_case",),
        mood="quiet",
    ),
)  # fmt: skip
