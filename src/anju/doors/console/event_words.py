"""How the journal reads on a page: each event's name as a sentence, its tone, its article in full."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from anju.ground.foundation.citations import cite
from anju.ground.foundation.models import Event

WORDS: dict[str, tuple[Any, str]] = {
    "cases.report": (lazy("上报"), "active"),
    "cases.imported": (lazy("由台账导入"), "active"),
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
    "cases.split": (lazy("拆分"), "quiet"),
    "cases.rate": (lazy("上报人评价"), "active"),
    "cases.unseal": (lazy("查看上报人身份"), "danger"),
    "cases.order": (lazy("制发文书"), "active"),
    "cases.deadline_moved": (lazy("工作日历变更，期限重算"), "warn"),
}


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
        note = f"{data['from'][:16].replace('T', ' ')} → {data['to'][:16].replace('T', ' ')}"
        return {"at": event.at, "title": title, "note": note, "tone": tone, "actor": event.actor_name}
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
        "subject": f"{event.subject_type} {event.subject_id}" if event.subject_id else "",
    }
