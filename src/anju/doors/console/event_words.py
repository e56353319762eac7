"""The words of the events of rooms that do not register their own: each name as a sentence, and its tone."""

from typing import Any

from django.utils.translation import gettext_lazy as lazy

WORDS: dict[str, tuple[Any, str]] = {
    "penalties.imported": (lazy("处罚由台账导入"), "active"),
    "penalties.noted_on_case": (lazy("执法"), "active"),
    "penalties.file": (lazy("立案"), "active"),
    "penalties.give_notice": (lazy("处罚告知"), "active"),
    "penalties.renotice": (lazy("重新告知"), "active"),
    "penalties.take_statement": (lazy("记录陈述申辩"), "active"),
    "penalties.ask_hearing": (lazy("申请听证"), "warn"),
    "penalties.record_hearing": (lazy("举行听证"), "active"),
    "penalties.propose": (lazy("提出处罚意见"), "active"),
    "penalties.decide_simple": (lazy("作出处罚决定"), "danger"),
    "penalties.decide": (lazy("作出处罚决定"), "danger"),
    "penalties.spare": (lazy("不予处罚"), "quiet"),
    "penalties.serve": (lazy("送达处罚决定"), "active"),
    "penalties.pay": (lazy("登记缴款"), "done"),
    "penalties.hand_in": (lazy("现金缴存"), "quiet"),
    "penalties.cancel": (lazy("撤销处罚"), "danger"),
    "penalties.unseal": (lazy("查看当事人身份"), "danger"),
    "exchange.imported": (lazy("导入台账"), "active"),
    "exchange.exported": (lazy("导出数据"), "warn"),
    "inspections.unit_added": (lazy("登记检查对象"), "active"),
    "inspections.unit_edited": (lazy("修改检查对象"), "quiet"),
    "inspections.unit_ended": (lazy("注销检查对象"), "quiet"),
    "inspections.unit_flagged": (lazy("加上标记"), "active"),
    "inspections.unit_unflagged": (lazy("去掉标记"), "quiet"),
    "inspections.units_merged": (lazy("合并检查对象"), "warn"),
    "inspections.units_separated": (lazy("拆开检查对象"), "warn"),
    "inspections.units_imported": (lazy("批量登记检查对象"), "active"),
    "inspections.match_decided": (lazy("核对疑似同一对象"), "active"),
}
# What an event is about, by the label of its model.
SUBJECTS: dict[str, Any] = {
    "documents.issueddocument": lazy("文书"),
    "penalties.penalty": lazy("行政处罚"),
    "figures.figuresnapshot": lazy("统计"),
    "exchange.import": lazy("台账导入"),
    "inspections.unit": lazy("检查对象"),
    "foundation.calendaryear": lazy("日历"),
    "foundation.jobprogress": lazy("任务"),
}
