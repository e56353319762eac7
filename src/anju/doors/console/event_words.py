"""How the journal reads on a page: each event's name as a sentence, its tone, its article in full."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from anju.duties.cases.rules import CLOCK_LABELS, SATISFACTION_LABELS
from anju.duties.inspections.rules import EVENT_WORDS as VISIT_WORDS
from anju.ground.foundation.citations import cite
from anju.ground.foundation.jinja import datetime_local
from anju.ground.foundation.models import Event

WORDS: dict[str, tuple[Any, str]] = {
    "cases.report": (lazy("上报"), "active"),
    "cases.imported": (lazy("由台账导入"), "active"),
    "orders.imported": (lazy("责令改正由台账导入"), "active"),
    "penalties.imported": (lazy("处罚由台账导入"), "active"),
    "cases.assign": (lazy("派单"), "active"),
    "cases.accept": (lazy("受理"), "active"),
    "cases.return_back": (lazy("退单"), "warn"),
    "cases.submit": (lazy("提交整改"), "active"),
    "cases.send_back": (lazy("复查不合格，退回整改"), "danger"),
    "cases.close": (lazy("复查合格，办结"), "done"),
    "cases.void": (lazy("不予受理"), "quiet"),
    "cases.reopen": (lazy("重新办理"), "warn"),
    "cases.verify": (lazy("现场核实"), "active"),
    "cases.ask_extend": (lazy("申请延期"), "active"),
    "cases.grant_extend": (lazy("同意延期"), "active"),
    "cases.refuse_extend": (lazy("不同意延期"), "warn"),
    "cases.ask_suspend": (lazy("申请中止"), "active"),
    "cases.grant_suspend": (lazy("同意中止"), "active"),
    "cases.refuse_suspend": (lazy("不同意中止"), "warn"),
    "cases.resume": (lazy("恢复办理"), "active"),
    "cases.urge": (lazy("催办"), "warn"),
    "cases.supervise": (lazy("督办"), "danger"),
    "cases.read_notice": (lazy("签收提醒"), "quiet"),
    "cases.escalate": (lazy("超期升级"), "danger"),
    "cases.merge": (lazy("并入另一件"), "quiet"),
    "cases.take_in": (lazy("并入本件"), "quiet"),
    "cases.unmerge": (lazy("取消并案"), "quiet"),
    "cases.give_back": (lazy("取消并入本件"), "quiet"),
    "cases.split": (lazy("拆分"), "quiet"),
    "cases.rate": (lazy("上报人评价"), "active"),
    "cases.unseal": (lazy("查看上报人身份"), "danger"),
    "cases.deadline_moved": (lazy("工作日历变更，期限重算"), "warn"),
    "suggestions.register": (lazy("登记代表建议"), "active"),
    "suggestions.assign": (lazy("交办代表建议"), "active"),
    "suggestions.reassign": (lazy("重新交办代表建议"), "active"),
    "suggestions.accept": (lazy("确认主办"), "active"),
    "suggestions.refuse_routing": (lazy("说明交办有误"), "warn"),
    "suggestions.opinion": (lazy("提交协办意见"), "active"),
    "suggestions.extend": (lazy("延长答复期限"), "warn"),
    "suggestions.talk": (lazy("与代表沟通"), "active"),
    "suggestions.draft": (lazy("保存答复草稿"), "quiet"),
    "suggestions.figure": (lazy("插入数字"), "quiet"),
    "suggestions.submit_for_signature": (lazy("报送签发"), "active"),
    "suggestions.send_back": (lazy("退回修改答复"), "warn"),
    "suggestions.sign": (lazy("签发答复"), "active"),
    "suggestions.issue": (lazy("印发答复"), "done"),
    "suggestions.deliver": (lazy("送达代表"), "active"),
    "suggestions.feedback": (lazy("代表反馈"), "active"),
    "suggestions.redo": (lazy("代表不满意，再次办理"), "warn"),
    "suggestions.ask_assessment": (lazy("转专家评估"), "warn"),
    "suggestions.assess": (lazy("登记专家评估意见"), "done"),
    "suggestions.close": (lazy("建议办结"), "done"),
    "suggestions.publish": (lazy("公开答复"), "done"),
    "suggestions.publication": (lazy("确定答复是否公开"), "quiet"),
    "suggestions.yearly_report": (lazy("提交年度报告"), "done"),
    "suggestions.reveal_phone": (lazy("查看代表电话"), "warn"),
    "suggestions.read_notice": (lazy("签收提醒"), "quiet"),
    "suggestions.escalate": (lazy("建议超期升级"), "danger"),
    "suggestions.deadline_moved": (lazy("工作日历变更，建议期限重算"), "warn"),
    "orders.noted_on_case": (lazy("执法"), "active"),
    "penalties.noted_on_case": (lazy("执法"), "active"),
    "orders.issue": (lazy("责令改正"), "active"),
    "orders.batch": (lazy("批量制发责令改正"), "active"),
    "orders.serve": (lazy("送达责令改正"), "active"),
    "orders.ask_recheck": (lazy("申请复查"), "active"),
    "orders.comply": (lazy("责令事项已改正"), "done"),
    "orders.overdue": (lazy("责令改正逾期"), "danger"),
    "orders.withdraw": (lazy("撤回责令改正"), "warn"),
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
    "orders.seal": (lazy("临时查封"), "danger"),
    "orders.renew": (lazy("延长查封"), "danger"),
    "orders.lift": (lazy("解除查封"), "done"),
    "orders.expire": (lazy("查封期满"), "quiet"),
    "transfers.case_transferred": (lazy("移送其他机关办理"), "active"),
    "transfers.case_answered": (lazy("移送有了结果"), "done"),
    "transfers.report_serious": (lazy("书面报告街道和消防救援机构"), "danger"),
    "transfers.draft": (lazy("拟移送稿"), "quiet"),
    "transfers.send": (lazy("发出移送"), "active"),
    "transfers.discard": (lazy("撤回移送草稿"), "quiet"),
    "transfers.sign_for": (lazy("签收移送"), "active"),
    "transfers.accept": (lazy("受理移送"), "active"),
    "transfers.refuse": (lazy("不予受理移送"), "danger"),
    "transfers.pass_on": (lazy("转送其他机关"), "warn"),
    "transfers.report_back": (lazy("反馈移送结果"), "active"),
    "transfers.handed_up": (lazy("转送结果反馈首次移送机关"), "active"),
    "transfers.close": (lazy("认可移送结果，办结"), "done"),
    "transfers.insist": (lazy("移送结果不成立，退回重办"), "danger"),
    "transfers.redirect": (lazy("改送其他机关"), "warn"),
    "transfers.contest": (lazy("提请共同上级裁定"), "warn"),
    "transfers.take_back": (lazy("收回移送自行办理"), "quiet"),
    "transfers.resumed": (lazy("转送被收回，继续办理"), "warn"),
    "transfers.order_accept": (lazy("裁定由接收机关办理"), "active"),
    "transfers.order_return": (lazy("裁定退回移送机关"), "warn"),
    "transfers.urge": (lazy("催办移送"), "warn"),
    "transfers.late": (lazy("移送超期"), "danger"),
    "transfers.verify": (lazy("核对证据清单"), "quiet"),
    "transfers.moved": (lazy("工作日历变更，移送期限重算"), "warn"),
    "majors.propose": (lazy("提请认定重大火灾隐患"), "active"),
    "majors.panel": (lazy("专家论证"), "active"),
    "majors.decide": (lazy("认定为重大火灾隐患"), "danger"),
    "majors.dismiss": (lazy("不予认定重大火灾隐患"), "quiet"),
    "majors.notify": (lazy("制发重大火灾隐患整改通知书"), "active"),
    "majors.list": (lazy("挂牌督办"), "danger"),
    "majors.remove": (lazy("重大火灾隐患销案"), "done"),
    "majors.moved": (lazy("工作日历变更，重大火灾隐患期限重算"), "warn"),
    "objections.moved": (lazy("工作日历变更，答复异议期限重算"), "warn"),
    "objections.object": (lazy("提出执法异议"), "warn"),
    "objections.answer": (lazy("答复执法异议"), "active"),
    "documents.issued": (lazy("印发文书"), "active"),
    "documents.voided": (lazy("作废文书"), "warn"),
    "documents.drafted": (lazy("起草文书"), "active"),
    "documents.redrafted": (lazy("修改文书草稿"), "quiet"),
    "documents.submitted": (lazy("文书送审"), "active"),
    "documents.sent_back": (lazy("文书退回修改"), "warn"),
    "documents.discarded": (lazy("删除文书草稿"), "quiet"),
    "documents.batch": (lazy("批量印发文书"), "active"),
    "figures.freeze": (lazy("冻结统计"), "active"),
    "figures.publish": (lazy("发布统计"), "active"),
    "figures.revise": (lazy("发布后数字有变"), "warn"),
    "exchange.imported": (lazy("导入台账"), "active"),
    "exchange.exported": (lazy("导出数据"), "warn"),
    "access.signed_in": (lazy("登录"), "quiet"),
    "access.sign_in_failed": (lazy("登录失败"), "warn"),
    "access.password_changed": (lazy("修改密码"), "quiet"),
    "access.password_reset": (lazy("重置密码"), "warn"),
    "access.second_factor_removed": (lazy("停用动态验证码"), "warn"),
    "access.account_created": (lazy("开通账号"), "active"),
    "access.account_closed": (lazy("停用账号"), "warn"),
    "access.account_opened": (lazy("恢复账号"), "active"),
    "access.delegated": (lazy("委托岗位"), "active"),
    "access.delegation_ended": (lazy("收回委托"), "quiet"),
    "access.key_created": (lazy("生成接口密钥"), "warn"),
    "access.key_revoked": (lazy("吊销接口密钥"), "quiet"),
    "organisations.created": (lazy("登记单位"), "active"),
    "organisations.edited": (lazy("修改单位资料"), "quiet"),
    "organisations.person_created": (lazy("登记人员"), "active"),
    "organisations.post_held": (lazy("任职"), "active"),
    "organisations.post_ended": (lazy("岗位结束"), "quiet"),
    "organisations.contract_changed": (lazy("物业服务合同变更"), "active"),
    "territory.loaded": (lazy("载入行政区划"), "quiet"),
    "territory.areas_built": (lazy("建立辖区"), "quiet"),
    "territory.division_succeeded": (lazy("区划变更"), "warn"),
    "territory.area_created": (lazy("新增辖区"), "active"),
    "territory.area_moved": (lazy("辖区调整"), "warn"),
    "territory.estate_created": (lazy("建立小区档案"), "active"),
    "territory.estate_edited": (lazy("修改小区档案"), "quiet"),
    "territory.estate_listed_old": (lazy("调整老旧小区名单"), "warn"),
    "foundation.calendar_changed": (lazy("工作日历变更"), "warn"),
    **VISIT_WORDS,
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
    "cases.case": lazy("事项"),
    "suggestions.suggestion": lazy("代表建议"),
    "suggestions.talk": lazy("与代表的沟通"),
    "suggestions.yearlyreport": lazy("代表建议年度报告"),
    "documents.issueddocument": lazy("文书"),
    "orders.order": lazy("责令改正"),
    "penalties.penalty": lazy("行政处罚"),
    "orders.sealing": lazy("临时查封"),
    "transfers.transfer": lazy("移送"),
    "majors.majorhazard": lazy("重大火灾隐患"),
    "objections.objection": lazy("执法异议"),
    "figures.figuresnapshot": lazy("统计"),
    "exchange.import": lazy("台账导入"),
    "access.account": lazy("账号"),
    "access.delegation": lazy("岗位委托"),
    "access.apikey": lazy("接口密钥"),
    "organisations.organisation": lazy("单位"),
    "organisations.person": lazy("人员"),
    "organisations.post": lazy("岗位"),
    "organisations.servicecontract": lazy("物业服务合同"),
    "inspections.unit": lazy("检查对象"),
    "inspections.visit": lazy("检查"),
    "inspections.finding": lazy("检查发现的隐患"),
    "territory.division": lazy("行政区划"),
    "territory.area": lazy("辖区"),
    "territory.estate": lazy("小区"),
    "foundation.calendaryear": lazy("日历"),
}


def _other_cases(event: Event) -> str:
    """Name the cases that a merge or a split is about; whoever sees the one case sees those of the same place."""
    data = event.data
    numbers = {
        "cases.merge": [data.get("into")],
        "cases.unmerge": [data.get("into")],
        "cases.take_in": [data.get("case")],
        "cases.give_back": [data.get("case")],
        "cases.split": data.get("numbers") or [],
    }.get(event.name, [])
    return _("、").join(number for number in numbers if number)


def told(event: Event) -> dict[str, Any]:
    """Say one event for the timeline: {at, title, actor, post, note, basis, tone, subject}."""
    words, tone = WORDS.get(event.name, (event.name, "quiet"))
    title = str(words)
    data = event.data
    if event.name == "cases.assign" and data.get("handler"):
        title = _("派单给 %(name)s") % {"name": data["handler"]}
    elif event.name == "cases.escalate":
        title = _("超期升级到 %(to)s") % {"to": data.get("to") or _("值班员（待指定）")}
    elif event.name == "cases.deadline_moved":
        # Written as the database keeps a moment; read in the city's own time.
        before, after = (datetime_local(datetime.fromisoformat(data[end])) for end in ("from", "to"))
        note = f"{CLOCK_LABELS.get(data.get('clock', ''), '')} {before} → {after}".strip()
        return {"at": event.at, "title": title, "note": note, "tone": tone, "actor": _("系统")}
    elif event.name == "cases.rate" and data.get("rating") in SATISFACTION_LABELS:
        title = _("上报人评价：%(said)s") % {"said": SATISFACTION_LABELS[data["rating"]]}
    elif event.name in ("cases.ask_extend", "cases.grant_extend") and data.get("days"):
        title = _("%(what)s：%(n)s 个工作日") % {"what": title, "n": data["days"]}
    elif named := _other_cases(event):
        title = f"{title} {named}"
    if data.get("insisted"):
        title += _("（文字曾被提示过于简单，仍坚持提交）")
    return {
        "at": event.at,
        "title": title,
        "actor": _("上报人")
        if event.actor_kind == "public"
        else _("系统")
        if event.actor_kind == "system"
        else event.actor_name,
        "post": event.actor_post,
        "note": event.note,
        "basis": cite(event.basis) if event.basis else "",
        "tone": tone,
        "name": event.name,
        "subject": f"{SUBJECTS.get(event.subject_type, event.subject_type)} {event.subject_id}"
        if event.subject_id
        else "",
    }
