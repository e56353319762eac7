"""The rules of orders to correct: their states, kinds and steps. Pure."""

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
RUNNING = frozenset({OrderState.ISSUED, OrderState.SERVED, OrderState.OVERDUE})
ORDER_STEPS = (
    Step(
        "serve", _("登记送达"), frozenset({OrderState.ISSUED}), OrderState.SERVED, "orders.order",
        "mps-fire-inspection-2012-19", tone="primary",
    ),
    Step(
        "comply", _("复查已改正"), RUNNING, OrderState.COMPLIED, "orders.order", "mps-fire-inspection-2012-21",
        note="required",
    ),
    Step(
        "ask_recheck", _("申请复查"), frozenset({OrderState.SERVED, OrderState.OVERDUE}), None, "orders.order",
        "mps-fire-inspection-2012-21",
    ),
    Step(
        "withdraw", _("撤回"), RUNNING, OrderState.VOID, "orders.order", "cn-penalty-2021-75", note="required",
        tone="danger",
    ),
)  # fmt: skip
ORDER_KINDS = {"immediate": _("责令立即改正"), "timed": _("责令限期改正")}
