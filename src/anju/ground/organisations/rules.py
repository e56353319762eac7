"""Organisations, people, posts and contracts as pure rules: what may be done with them, and who holds what together."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from anju.ground.foundation.asks import Field
from anju.ground.foundation.wording import lazy as _
from anju.ground.foundation.workflow import ANY, NEW, SYSTEM, WITHIN, Step

_CODE, _CONTRACT, _HANDOVER, _GIVEN = (
    "gb-32100-2015-0",
    "hn-property-2017-49",
    "hn-property-2017-52",
    "gb-22239-2019-0",
)

# What is written down of an organisation, when it is entered and later.
_FACTS = (
    Field("name", _("单位名称"), "line", required=True, most=120, lacking=_("请填写单位名称。")),
    Field("short_name", _("简称"), "line", most=40),
    Field("uscc", _("统一社会信用代码"), "line", most=30),
    Field("uscc_override_reason", _("代码核对说明"), "line", most=200,
          help=_("代码通不过校验，但证照上确实如此时填写。")),
    Field("document_code", _("机关代字"), "line", most=20, help=_("文书编号用，例如“红住建”。")),
    Field("legal_person", _("法定代表人或负责人"), "line", most=40),
    Field("phone", _("电话"), "line", most=40),
    Field("address", _("地址"), "line", most=200),
)  # fmt: skip
EDITABLE = (*_FACTS, Field("active", _("在用"), "tick"))
ORGANISATION_STEPS = (
    Step(
        "create", _("登记单位"), NEW, None, "organisations.edit", _CODE,
        asks=(Field("kind", _("类别"), "choice", required=True, choices="kinds"), *_FACTS), doubts=("uscc",),
    ),
    Step(
        "edit", _("修改单位资料"), ANY, None, "organisations.edit", _CODE,
        asks=(Field("changes", _("资料"), "given", required=True),), doubts=("uscc",), mood="quiet",
    ),
)  # fmt: skip

# Who may enter people and give posts, and which posts take a second person, is asked by access: parts of its acts.
PERSON_STEPS = (
    Step(
        "create_person", _("登记人员"), NEW, None, "", _GIVEN, who=WITHIN,
        asks=(Field("name", _("姓名"), "line", required=True, most=40, lacking=_("请填写姓名。")),
              Field("phone", _("电话"), "line", most=20), Field("badge_number", _("执法证号"), "line", most=30),
              Field("badge_until", _("执法证有效期至"), "day")),
    ),
)  # fmt: skip
POST_STEPS = (
    Step(
        "hold_post", _("任职"), NEW, None, "", _GIVEN, who=WITHIN,
        asks=(Field("role", _("岗位"), "line", required=True, most=30), Field("title", _("职务"), "line", most=60),
              Field("valid_from", _("任职开始"), "day", required=True), Field("valid_to", _("任职结束"), "day")),
    ),
    Step(
        "end_post", _("结束岗位"), ANY, None, "access.manage", _GIVEN, said=_("岗位结束"), mood="quiet",
        asks=(Field("last_day", _("最后一天"), "day", required=True), Field("reason", _("原因"), "line", most=200)),
    ),
)  # fmt: skip


class ContractState:
    """How far a contract has been told of: its days alone say which company an estate has."""

    AHEAD = "ahead"
    RUNNING = "running"
    OVER = "over"


CONTRACT_LABELS = {
    ContractState.AHEAD: _("未开始"),
    ContractState.RUNNING: _("有效"),
    ContractState.OVER: _("已结束"),
}
CONTRACT_MOODS = {
    ContractState.AHEAD: "wait",
    ContractState.RUNNING: "done",
    ContractState.OVER: "quiet",
}
_AHEAD, _RUNNING = frozenset({ContractState.AHEAD}), frozenset({ContractState.RUNNING})
CONTRACT_STEPS = (
    # By whoever keeps the estate's record: a ledger of estates names their companies, too.
    Step(
        "sign_contract", _("登记物业服务合同"), NEW, None, "territory.edit", _CONTRACT,
        asks=(Field("valid_from", _("合同起期"), "day", required=True),
              Field("valid_to", _("合同止期"), "day", help=_("没有约定的可以空着。")),
              Field("early_service", _("前期物业服务"), "tick"), Field("filed_on", _("备案日期"), "day"),
              Field("project_manager", _("项目负责人"), "line", most=40),
              Field("overlap_reason", _("与其他企业同期的说明"), "line", most=200,
                    help=_("交接期有两家企业时填写。"))),
        doubts=("overlap",), effects=("company_manages",),
    ),
    Step("begin_contract", _("物业服务合同开始"), _AHEAD, ContractState.RUNNING, "", _CONTRACT, who=SYSTEM,
         effects=("company_manages",)),
    Step(
        "end_contract", _("结束物业服务合同"), _AHEAD | _RUNNING, None, "organisations.edit", _HANDOVER,
        asks=(Field("last_day", _("最后一天"), "day", required=True),
              Field("reason", _("原因"), "line", required=True, most=200,
                    lacking=_("请写明合同结束的原因（到期、解除、更换企业等）。"))),
        effects=("company_left",), tone="danger", mood="warn",
    ),
    Step("lapse_contract", _("物业服务合同到期"), _RUNNING, ContractState.OVER, "", _HANDOVER, who=SYSTEM,
         effects=("company_left",), mood="quiet"),
)  # fmt: skip


def state_on(day: date, *, valid_from: date, valid_to: date | None) -> str:
    """Return where a contract with these days is on a day."""
    if valid_to is not None and valid_to < day:
        return ContractState.OVER
    return ContractState.RUNNING if valid_from <= day else ContractState.AHEAD


@dataclass(frozen=True, slots=True)
class Held:
    """A role that somebody holds from a day to a day (None = no end is known), by a post of their own or a lent one."""

    role: str
    since: date
    until: date | None

    def meets(self, other: "Held") -> bool:
        """Say whether there is a day on which both are held."""
        return (other.until is None or self.since <= other.until) and (
            self.until is None or other.since <= self.until
        )


def excluded(wanted: Held, held: Iterable[Held], exclusive: Iterable[Mapping[str, Any]]) -> Held | None:
    """Return the first of the held roles that excludes the wanted one on some day, or None.

    exclusive  the list of rulebooks/access: each entry names the two `roles` that are kept in two hands
    """
    apart = {other for entry in exclusive if wanted.role in entry["roles"] for other in entry["roles"]}
    apart.discard(wanted.role)
    return next((one for one in held if one.role in apart and one.meets(wanted)), None)
