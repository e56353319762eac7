"""The rules of inspections: states and kinds of a visit, results of a checked item. Pure."""

from anju.ground.foundation.wording import lazy as _


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
KIND_LABELS = {
    "daily": _("日常检查"),
    "complaint": _("举报投诉核查"),
    "joint": _("联合检查"),
    "campaign": _("专项检查"),
    "drawn": _("双随机抽查"),
    "recheck": _("复查"),
}
RESULT_LABELS = {"ok": _("合格"), "problem": _("有问题"), "not_applicable": _("不涉及")}
CONCLUSION_LABELS = {
    "clean": _("未发现问题"),
    "problems": _("发现问题"),
    "corrected": _("发现问题已当场改正"),
    "refused": _("拒绝检查"),
    "closed": _("关闭停业"),
}
EBIKE = "EB"  # first-level class of hazards of electric bicycles (rulebooks/hazards)
