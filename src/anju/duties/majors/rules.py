"""Major fire hazards as pure rules: the steps from proposal to removal, and what a set of criteria comes to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from anju.ground.foundation.wording import lazy as _
from anju.ground.foundation.workflow import Step


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
OPEN = frozenset({S.PROPOSED, S.PANEL, S.DECIDED, S.LISTED})
BASIS = "mps-fire-inspection-2012-35"
STEPS = (
    Step("panel", _("提请专家论证"), frozenset({S.PROPOSED}), S.PANEL, "majors.judge", BASIS, clock="panel",
         note="required"),
    Step("decide", _("认定为重大火灾隐患"), frozenset({S.PROPOSED, S.PANEL}), S.DECIDED, "majors.judge", BASIS,
         clock="notify", note="required", tone="primary"),
    Step("dismiss", _("不予认定"), frozenset({S.PROPOSED, S.PANEL}), S.DISMISSED, "majors.judge", BASIS,
         note="required", tone="danger"),
    Step("notify", _("制发整改通知书"), frozenset({S.DECIDED, S.LISTED}), None, "majors.judge", BASIS,
         tone="primary"),
    Step("list", _("挂牌督办"), frozenset({S.DECIDED}), S.LISTED, "majors.list", "xx-fire-2020-10",
         note="required"),
    Step("remove", _("复查合格，销案"), frozenset({S.DECIDED, S.LISTED}), S.REMOVED, "majors.judge", BASIS,
         note="required", tone="primary"),
)  # fmt: skip


def possible(state: str, *, notified: bool) -> list[Step]:
    """List the steps that can be taken now; the notice goes out once, and nothing is removed before it."""
    found = [step for step in STEPS if state in step.source]
    return [
        step
        for step in found
        if not ((step.act == "notify" and notified) or (step.act == "remove" and not notified))
    ]


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
