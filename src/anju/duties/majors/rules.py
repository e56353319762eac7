"""Major fire hazards as pure rules: the steps from proposal to removal, and what a set of criteria comes to."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from anju.ground.foundation.asks import Field, note
from anju.ground.foundation.wording import lazy as _
from anju.ground.foundation.workflow import NEW, SYSTEM, Blocked, Step


class MajorState:
    """Where a suspected major hazard is."""

    PROPOSED = "proposed"
    PANEL = "panel"
    DECIDED = "decided"
    DISMISSED = "dismissed"
    LISTED = "listed"
    REMOVED = "removed"


S = MajorState
STATE_LABELS = {
    S.PROPOSED: _("待集体讨论"),
    S.PANEL: _("专家论证中"),
    S.DECIDED: _("已认定"),
    S.DISMISSED: _("不予认定"),
    S.LISTED: _("挂牌督办"),
    S.REMOVED: _("已销案"),
}
STATE_MOODS = {
    S.PROPOSED: "warn",
    S.PANEL: "active",
    S.DECIDED: "danger",
    S.DISMISSED: "quiet",
    S.LISTED: "danger",
    S.REMOVED: "done",
}
OPEN = frozenset({S.PROPOSED, S.PANEL, S.DECIDED, S.LISTED})
_JUDGING = frozenset({S.PROPOSED, S.PANEL})
_STANDING = frozenset({S.DECIDED, S.LISTED})


def _not_noticed(major: Any, day: date) -> Blocked | None:
    return Blocked(_("整改通知书已经制发。"), never=True) if major.written_number else None


def _noticed(major: Any, day: date) -> Blocked | None:
    if not major.written_number:
        return Blocked(_("整改通知书还没有制发，不能销案。"), allowed=("notify",))
    return None


def _rechecked(major: Any, day: date) -> Blocked | None:
    if not major.case.is_open:
        return None
    return Blocked(
        str(_("隐患事项 %(number)s 还没有复查合格、办结，不能销案。")) % {"number": major.case.number},
        code="not_rechecked",
    )


BASIS = "mps-fire-inspection-2012-35"
_WHY = note(_("情况和理由"), required=True, least=5, lacking=_("请写明理由和情况。"))
STEPS = (
    Step("propose", _("提请认定"), NEW, S.PROPOSED, "majors.judge", BASIS,
         asks=(Field("case_id", _("隐患事项"), "record", required=True),
               Field("place", _("场所类型"), "choice", choices="places", required=True),
               Field("criteria", _("判定要素"), "given", default=()),
               note(_("检查情况和提请理由"), required=True, least=5, lacking=_("请写明检查情况和提请认定的理由。"))),
         said=_("提请认定重大火灾隐患")),
    Step("panel", _("提请专家论证"), frozenset({S.PROPOSED}), S.PANEL, "majors.judge", BASIS, who="agency",
         asks=(Field("panel", _("专家和意见"), "text", required=True, most=3000,
                     help=_("每行一名专家：姓名，职称，意见")), _WHY),
         said=_("专家论证")),
    Step("decide", _("认定为重大火灾隐患"), _JUDGING, S.DECIDED, "majors.judge", BASIS, who="agency",
         asks=(Field("due_on", _("整改期限"), "day", required=True), _WHY), tone="primary", mood="danger"),
    Step("dismiss", _("不予认定"), _JUDGING, S.DISMISSED, "majors.judge", BASIS, who="agency", asks=(_WHY,),
         tone="danger", mood="quiet", said=_("不予认定重大火灾隐患")),
    Step("notify", _("制发整改通知书"), _STANDING, None, "majors.judge", BASIS, who="agency", when=(_not_noticed,),
         asks=(Field("measures", _("整改期间的安全措施"), "text", help=_("每行一条，印在通知书上")),), tone="primary",
         said=_("制发重大火灾隐患整改通知书")),
    Step("list", _("挂牌督办"), frozenset({S.DECIDED}), S.LISTED, "majors.list", "xx-fire-2020-10", asks=(_WHY,),
         mood="danger"),
    Step("remove", _("复查合格，销案"), _STANDING, S.REMOVED, "majors.judge", BASIS, who="agency",
         when=(_noticed, _rechecked), asks=(_WHY,), tone="primary", mood="done", said=_("重大火灾隐患销案")),
    Step("escalate", _("超期升级"), OPEN, None, "", BASIS, who=SYSTEM, mood="danger"),
    Step("deadline_moved", _("工作日历变更，重大火灾隐患期限重算"), OPEN, None, "", BASIS, who=SYSTEM, mood="warn"),
)  # fmt: skip


def experts(text: str) -> list[dict[str, str]]:
    """Read experts, one a line: name, title, opinion, parted by commas of either width."""
    read = []
    for line in text.splitlines():
        parts = [part.strip() for part in re.split("[,\uff0c]", line, maxsplit=2)]
        name, title, opinion = (*parts, "", "")[:3]
        if name:
            read.append({"name": name[:120], "title": title[:120], "opinion": opinion[:500]})
    return read


@dataclass(frozen=True, slots=True)
class Judgement:
    """What criteria come to.

    met       whether the standard's own rule makes it a major hazard; None when its clauses were not entered
    by        code of the direct criterion, or of the groups counted
    counted   elements of the composite judgement that count for this place
    needed    how many would be enough; None without a threshold
    """

    met: bool | None
    by: tuple[str, ...] = ()
    counted: int = 0
    needed: int | None = None


def judge(book: Mapping[str, Any], *, place: str, criteria: Iterable[Mapping[str, Any]]) -> Judgement:
    """Return what an edition says of criteria [{code, met}], met a number of elements (1 for a direct criterion)."""
    met = {str(line["code"]): int(line["met"]) for line in criteria if line.get("met")}
    direct = tuple(entry["code"] for entry in book["direct"] if entry["code"] in met)
    if direct:
        return Judgement(True, direct, 0, None)
    if not book["thresholds"]:
        # The clauses of this edition are not here: people decide, and the page says why.
        return Judgement(None, tuple(met), sum(met.values()), None)
    groups = [entry["code"] for entry in book["composite"]]
    best = Judgement(False)
    for rule in book["thresholds"]:
        if place not in rule["places"]:
            continue
        counting = groups if rule["groups"] == ["*"] else rule["groups"]
        counted = sum(met.get(code, 0) for code in counting)
        if counted >= rule["at_least"]:
            return Judgement(True, tuple(code for code in counting if code in met), counted, rule["at_least"])
        if best.needed is None or rule["at_least"] - counted < best.needed - best.counted:
            best = Judgement(
                False, tuple(code for code in counting if code in met), counted, rule["at_least"]
            )
    return best


def names(book: Mapping[str, Any], criteria: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say the criteria that are met, as the edition calls them, with the number of elements where it counts."""
    known = {entry["code"]: entry["name"] for entry in (*book["direct"], *book["composite"])}
    said = []
    for line in criteria:
        if not line.get("met"):
            continue
        name = known.get(line["code"], "")
        said.append(" ".join(part for part in (str(line["code"]), name, str(line.get("note", ""))) if part))
    return said
