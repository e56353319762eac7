"""The rules of enforcement: states of orders, penalties, transfers, sealings and major hazards. Pure."""

from anju.ground.foundation.wording import lazy as _
from anju.ground.foundation.workflow import Step


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
_RUNNING = frozenset({OrderState.ISSUED, OrderState.SERVED, OrderState.OVERDUE})
ORDER_STEPS = (
    Step(
        "serve", _("登记送达"), frozenset({OrderState.ISSUED}), OrderState.SERVED, "enforcement.order",
        "mps-fire-inspection-2012-19", tone="primary",
    ),
    Step(
        "comply", _("复查已改正"), _RUNNING, OrderState.COMPLIED, "enforcement.order", "mps-fire-inspection-2012-21",
        note="required",
    ),
    Step(
        "ask_recheck", _("申请复查"), frozenset({OrderState.SERVED, OrderState.OVERDUE}), None, "enforcement.order",
        "mps-fire-inspection-2012-21",
    ),
    Step(
        "withdraw", _("撤回"), _RUNNING, OrderState.VOID, "enforcement.order", "cn-penalty-2021-75", note="required",
        tone="danger",
    ),
)  # fmt: skip
ORDER_KINDS = {"immediate": _("责令立即改正"), "timed": _("责令限期改正")}


class PenaltyState:
    """Where a penalty case is."""

    FILED = "filed"
    NOTICED = "noticed"
    HEARING = "hearing"
    DECIDED = "decided"
    PAID = "paid"
    SPARED = "spared"
    CANCELLED = "cancelled"


PENALTY_LABELS = {
    PenaltyState.FILED: _("已立案"),
    PenaltyState.NOTICED: _("已告知"),
    PenaltyState.HEARING: _("听证中"),
    PenaltyState.DECIDED: _("已决定待缴"),
    PenaltyState.PAID: _("已缴清"),
    PenaltyState.SPARED: _("不予处罚"),
    PenaltyState.CANCELLED: _("已撤销"),
}
PROCEDURES = {"simple": _("简易程序"), "ordinary": _("普通程序")}
PARTIES = {"person": _("个人"), "unit": _("单位")}


class TransferState:
    """Where a transfer between agencies is; it never ends in silence."""

    DRAFT = "draft"
    SENT = "sent"
    SIGNED = "signed"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    PASSED_ON = "passed_on"
    REPORTED_BACK = "reported_back"
    CLOSED = "closed"


TRANSFER_LABELS = {
    TransferState.DRAFT: _("待发出"),
    TransferState.SENT: _("待签收"),
    TransferState.SIGNED: _("已签收待受理"),
    TransferState.ACCEPTED: _("办理中"),
    TransferState.REFUSED: _("不予受理"),
    TransferState.PASSED_ON: _("已转送"),
    TransferState.REPORTED_BACK: _("已反馈结果"),
    TransferState.CLOSED: _("已办结"),
}
TRANSFER_KINDS = {
    "referral": _("移送"),
    "copy_notice": _("抄告"),
    "serious_report": _("重大隐患书面报告"),
}
