"""Logins, loans of posts, keys for machines and what takes a second person, as pure rules: states, steps, who may."""

from dataclasses import replace
from datetime import date
from typing import Any

from anju.ground.foundation.asks import Field, note, reason
from anju.ground.foundation.wording import lazy as _
from anju.ground.foundation.workflow import ANY, NEW, SYSTEM, WITHIN, Blocked, Step


class Kind:
    """What is asked for."""

    POST = "post"
    LEND = "lend"
    PASSWORD = "password"  # noqa: S105  (the name of a kind)
    FACTOR = "factor"
    OPEN = "open"


KIND_LABELS = {
    Kind.POST: _("任职"),
    Kind.LEND: _("委托岗位"),
    Kind.PASSWORD: _("重置密码"),
    Kind.FACTOR: _("停用动态验证码"),
    Kind.OPEN: _("恢复账号"),
}


class State:
    """Where a request stands."""

    ASKED = "asked"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


STATE_LABELS = {
    State.ASKED: _("待复核"),
    State.CONFIRMED: _("已同意"),
    State.REFUSED: _("未同意"),
    State.WITHDRAWN: _("已撤回"),
}
STATE_TONES = {State.ASKED: "wait", State.CONFIRMED: "done", State.REFUSED: "warn", State.WITHDRAWN: "quiet"}

_BASIS = "gb-22239-2019-0"
_ASKED = frozenset({State.ASKED})
_WHY = Field("reason", _("原因"), "line", required=True, most=200, lacking=_("请写明原因，复核的人要看。"))
STEPS = (
    Step(
        "ask", _("申请授权"), NEW, State.ASKED, "", _BASIS, who=WITHIN,
        asks=(Field("grant", _("授权申请"), "given", required=True), _WHY),
    ),
    Step(
        "confirm", _("同意"), _ASKED, State.CONFIRMED, "access.confirm", _BASIS, asks=(note(most=200),),
        tone="primary", said=_("复核同意授权"), mood="done",
    ),
    Step(
        "refuse", _("不同意"), _ASKED, State.REFUSED, "access.confirm", _BASIS,
        asks=(note(required=True, most=200, lacking=_("请写明不同意的原因。")),), tone="danger",
        said=_("复核不同意授权"), mood="warn",
    ),
    Step(
        "withdraw", _("撤回"), _ASKED, State.WITHDRAWN, "", _BASIS, asks=(note(most=200),), said=_("撤回授权申请"),
        mood="quiet",
    ),
)  # fmt: skip


def may(act: str, *, person: int | None, asked_by: int, concerned: int) -> bool:
    """Say whether somebody stands rightly to an act: who asked withdraws, a third one decides."""
    if act == "withdraw":
        return person == asked_by
    return person is not None and person not in (asked_by, concerned)


# --- Logins ------------------------------------------------------------------------------------------------------


def closed_already(account: Any, day: date) -> Blocked | None:
    """Say that a login is closed as it is."""
    return None if account.is_active else Blocked(_("这个账号已经停用。"), never=True)


def open_already(account: Any, day: date) -> Blocked | None:
    """Say that a login is open as it is."""
    return Blocked(_("这个账号没有停用，不必恢复。"), never=True) if account.is_active else None


_MANAGE = "access.manage"
_REASON = reason(_("原因"), most=200, lacking=_("请写明原因。"))
_POST = (
    Field("role", _("岗位"), "choice", required=True, choices="roles"),
    Field("title", _("职务"), "line", most=60),
    Field("valid_from", _("任职开始"), "day", required=True),
    Field("valid_to", _("任职结束"), "day", help=_("不知道时空着。")),
    Field(
        "reason",
        _("任职依据"),
        "line",
        most=200,
        help=_("能管理、审计或调阅封存信息的岗位要由另一位管理员复核，请写明任命文件或理由。"),
    ),
)
ACCOUNT_STEPS = (
    Step("enrol", _("登记人员、开通账号"), NEW, None, _MANAGE, _BASIS,
         asks=(Field("office", _("单位"), "record", required=True),
               Field("name", _("姓名"), "line", required=True, most=40), Field("phone", _("手机"), "line", most=20),
               Field("badge_number", _("执法证号"), "line", most=30),
               Field("username", _("登录名"), "line", required=True, most=30,
                     help=_("2到30个字母或数字，例如姓名拼音或工号。")), *_POST)),
    Step("create_account", _("开通账号"), NEW, None, "", _BASIS, who=SYSTEM,
         asks=(Field("password", _("密码"), "given", secret=True),)),
    Step("reset_password", _("重置密码"), ANY, None, _MANAGE, _BASIS, effects=("sign_out",), mood="warn"),
    Step("remove_second_factor", _("停用动态验证码"), ANY, None, _MANAGE, _BASIS, effects=("sign_out",), mood="warn",
         asks=(reason(_("原因"), most=200, lacking=_("请写明核实本人身份的方式。")),)),
    Step("close_account", _("停用账号"), ANY, None, _MANAGE, _BASIS, when=(closed_already,), effects=("sign_out",),
         asks=(_REASON,), tone="danger", mood="warn"),
    Step("open_account", _("恢复账号"), ANY, None, _MANAGE, _BASIS, when=(open_already,), asks=(_REASON,)),
    Step("let_in", _("复核后办理账号"), ANY, None, "", _BASIS, who=WITHIN, effects=("sign_out",), mood="warn",
         asks=(Field("kind", _("办理事项"), "choice", required=True,
                     choices=tuple((kind, KIND_LABELS[kind]) for kind in (Kind.PASSWORD, Kind.FACTOR, Kind.OPEN))),
               _REASON)),
    Step("rescue", _("在服务器上恢复登录"), ANY, None, "", _BASIS, who=SYSTEM, effects=("sign_out",), mood="danger",
         asks=(_REASON, Field("factor", _("一并停用动态验证码"), "tick"))),
)  # fmt: skip
# What takes a second person where the login can unseal, audit or administer: as what it is asked for, in which words.
# The closing is not among them: to close is never too early.
ASKED_FOR = {
    "reset_password": (Kind.PASSWORD, _("申请重置密码")),
    "remove_second_factor": (Kind.FACTOR, _("申请停用动态验证码")),
    "open_account": (Kind.OPEN, _("申请恢复账号")),
}


def asked_for(account: Any, day: date) -> list[Step]:
    """List the acts on a login that takes a second person as requests for them, each with its reason."""
    return [
        replace(step, label=ASKED_FOR[step.act][1], asks=(_WHY,))
        for step in ACCOUNT_STEPS
        if step.act in ASKED_FOR and not any(guard(account, day) for guard in step.when)
    ]


# --- Loans of posts, and keys --------------------------------------------------------------------------------------


def ended_already(loan: Any, day: date) -> Blocked | None:
    """Say that a post was taken back before."""
    return Blocked(_("这条委托已经收回。"), never=True) if loan.ended_at else None


def revoked_already(key: Any, day: date) -> Blocked | None:
    """Say that a key opens nothing any more."""
    return Blocked(_("这个密钥已经吊销。"), never=True) if key.revoked_at else None


_LOAN = (
    Field("to_person_id", _("委托给"), "record", required=True),
    Field("valid_from", _("第一天"), "day", required=True),
    Field("valid_to", _("最后一天"), "day", required=True),
    Field(
        "reason", _("原因"), "line", required=True, most=200, help=_("例如：年休假、出差、培训。"),
        lacking=_("请写明委托原因（休假、出差等）。"),
    ),
)  # fmt: skip
DELEGATION_STEPS = (
    Step("delegate", _("请假委托"), NEW, None, "", _BASIS, asks=_LOAN, said=_("提出岗位委托"), mood="quiet"),
    Step("lend", _("委托岗位"), NEW, None, "", _BASIS, who=WITHIN, asks=_LOAN),
    Step("end_delegation", _("提前收回"), ANY, None, "", _BASIS, when=(ended_already,), said=_("收回委托"),
         mood="quiet"),
)  # fmt: skip
KEY_STEPS = (
    Step("create_key", _("生成密钥"), NEW, None, "", _BASIS, said=_("生成接口密钥"), mood="warn",
         asks=(Field("name", _("给哪个系统用"), "line", required=True, most=60,
                     lacking=_("请写明这个密钥给哪个系统用。")),
               Field("days", _("有效期"), "choice", default=365,
                     choices=((30, _("30天")), (90, _("90天")), (365, _("一年")))))),
    Step("revoke_key", _("吊销"), ANY, None, "", _BASIS, when=(revoked_already,), said=_("吊销接口密钥"),
         mood="quiet"),
)  # fmt: skip
# News that is no act of a Loop.
EVENT_WORDS = {
    "access.signed_in": (_("登录"), "quiet"),
    "access.sign_in_failed": (_("登录失败"), "warn"),
    "access.password_changed": (_("修改密码"), "quiet"),
    "access.appointed_alone": (_("未经复核任命第二位管理员"), "danger"),
}
SUBJECTS = {
    "access.account": _("账号"),
    "access.delegation": _("岗位委托"),
    "access.grant": _("授权申请"),
    "access.apikey": _("接口密钥"),
}
