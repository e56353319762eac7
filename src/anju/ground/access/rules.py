"""What takes a second person, as pure rules: the kinds, the states, the steps, and who may take them."""

from anju.ground.foundation.asks import Field, note
from anju.ground.foundation.wording import lazy as _
from anju.ground.foundation.workflow import NEW, WITHIN, Step


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
STEPS = (
    Step(
        "ask", _("申请授权"), NEW, State.ASKED, "", _BASIS, who=WITHIN,
        asks=(Field("grant", _("授权申请"), "given", required=True),),
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
