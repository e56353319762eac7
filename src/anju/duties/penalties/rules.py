"""The rules of penalties: who may fine what, how much, when it is late, what is spared. Pure.

Money is Decimal yuan with two places. `Book` is one edition of rulebooks/penalties as a mapping; `read` makes offences
of it. Steps move a penalty case from filing to payment or cancellation.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from anju.ground.foundation.wording import lazy as _
from anju.ground.foundation.workflow import Step


class PenaltyState:
    """Where a penalty case is."""

    FILED = "filed"
    NOTICED = "noticed"
    HEARING = "hearing"
    DECIDED = "decided"
    PAID = "paid"
    SPARED = "spared"
    CANCELLED = "cancelled"


STATE_LABELS = {
    PenaltyState.FILED: _("已立案"),
    PenaltyState.NOTICED: _("已告知"),
    PenaltyState.HEARING: _("听证中"),
    PenaltyState.DECIDED: _("已决定待缴"),
    PenaltyState.PAID: _("已缴清"),
    PenaltyState.SPARED: _("不予处罚"),
    PenaltyState.CANCELLED: _("已撤销"),
}
PROCEDURES = {"simple": _("简易程序"), "ordinary": _("普通程序")}
PARTIES = {"person": _("个人"), "unit": _("单位")}

Book = Mapping[str, Any]
CENT = Decimal("0.01")
ZERO = Decimal("0.00")
_F, _N, _H, _D, _P = (
    PenaltyState.FILED,
    PenaltyState.NOTICED,
    PenaltyState.HEARING,
    PenaltyState.DECIDED,
    PenaltyState.PAID,
)

STEPS = (
    Step(
        "decide_simple", _("当场处罚"), frozenset({_F}), _D, "penalties.punish", "cn-penalty-2021-51",
        tone="primary",
    ),
    Step(
        "give_notice", _("处罚告知"), frozenset({_F}), _N, "penalties.punish", "cn-penalty-2021-44",
        tone="primary",
    ),
    Step("renotice", _("重新告知"), frozenset({_N}), None, "penalties.punish", "cn-penalty-2021-44"),
    Step(
        "take_statement", _("记录陈述申辩"), frozenset({_N, _H}), None, "penalties.punish", "cn-penalty-2021-45",
        note="required",
    ),
    Step("ask_hearing", _("申请听证"), frozenset({_N}), _H, "penalties.punish", "cn-penalty-2021-63"),
    Step(
        "record_hearing", _("记录听证"), frozenset({_H}), _N, "penalties.punish", "cn-penalty-2021-64",
        note="required", tone="primary",
    ),
    Step(
        "propose", _("提出处罚意见"), frozenset({_N}), None, "penalties.punish", "cn-penalty-2021-57",
        note="required", tone="primary",
    ),
    Step("decide", _("审批决定"), frozenset({_N}), _D, "penalties.approve", "cn-penalty-2021-57", tone="primary"),
    Step(
        "spare", _("不予处罚"), frozenset({_F, _N}), PenaltyState.SPARED, "penalties.approve",
        "cn-penalty-2021-33", note="required",
    ),
    Step("serve", _("送达决定"), frozenset({_D, _P}), None, "penalties.punish", "cn-penalty-2021-61"),
    Step("pay", _("登记缴款"), frozenset({_D}), None, "penalties.payment", "cn-penalty-2021-67", tone="primary"),
    Step(
        "cancel", _("撤销"), frozenset({_F, _N, _H, _D, _P}), PenaltyState.CANCELLED, "penalties.approve",
        "cn-penalty-2021-75", note="required", tone="danger",
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Range:
    """What a fine may be for one kind of party.

    least, most   yuan; the same for a fixed fine
    serious       most in serious cases; None = no other
    per_day       yuan for each day instead
    of            name of the sum it is measured by, with least_times and most_times
    """

    least: Decimal = ZERO
    most: Decimal = ZERO
    serious: Decimal | None = None
    per_day: Decimal | None = None
    of: str = ""
    of_en: str = ""
    least_times: Decimal = ZERO
    most_times: Decimal = ZERO

    @property
    def fixed(self) -> bool:
        return not self.of and self.per_day is None and self.least == self.most


@dataclass(frozen=True, slots=True)
class Offence:
    """One row of the rulebook: what is punished, by whom and how much."""

    key: str
    name: str
    name_en: str
    hazards: tuple[str, ...]
    basis: tuple[str, ...]
    agencies: tuple[str, ...]
    needs: str
    parties: Mapping[str, Range]
    warning: bool
    elsewhere: bool
    also: str
    source: str
    since: date | None
    until: date | None

    def in_force(self, on: date) -> bool:
        """Say whether it could be punished so on a day."""
        return (self.since is None or self.since <= on) and (self.until is None or on <= self.until)

    def follows_from(self, class_code: str) -> bool:
        """Say whether the rulebook names the class of hazard for it."""
        return class_code in self.hazards

    @property
    def article(self) -> str:
        """The article it is punished by."""
        return self.basis[-1]


def read(book: Book) -> dict[str, Offence]:
    """Make the offences of one edition, in the order of the rulebook: {key: Offence}."""
    return {key: _offence(key, entry) for key, entry in book["offences"].items()}


def _offence(key: str, entry: Mapping[str, Any]) -> Offence:
    return Offence(
        key=key,
        name=entry["name"],
        name_en=entry["name_en"],
        hazards=tuple(entry["hazards"]),
        basis=tuple(entry["basis"]),
        agencies=tuple(entry["agencies"]),
        needs=entry.get("needs", "absent"),
        parties={party: _range(given) for party, given in entry["parties"].items()},
        warning=bool(entry.get("warning")),
        elsewhere=bool(entry.get("elsewhere")),
        also=entry.get("also", ""),
        source=entry["source"],
        since=entry.get("since"),
        until=entry.get("until"),
    )


def _range(given: Mapping[str, Any]) -> Range:
    of = given.get("of") or {}
    return Range(
        least=money(given.get("least", 0)),
        most=money(given.get("most", 0)),
        serious=money(given["serious"]) if "serious" in given else None,
        per_day=money(given["per_day"]) if "per_day" in given else None,
        of=of.get("name", ""),
        of_en=of.get("name_en", ""),
        least_times=Decimal(str(of.get("least_times", 0))),
        most_times=Decimal(str(of.get("most_times", 0))),
    )


def money(value: Any) -> Decimal:
    """Return yuan with two places, exactly; raises ValueError for what is no sum of whole fen."""
    try:
        found = Decimal(str(value).strip().replace(",", ""))
        exact = found.quantize(CENT)
    except ArithmeticError as error:
        raise ValueError(value) from error
    if found != exact:
        raise ValueError(value)
    return exact


# ------------------------------------------------------------------------------------------------- who may fine what


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether a kind of agency may decide an offence, and who may.

    to_kind  the kind of agency to which the matter is best transferred, "" when the asking one may decide itself
    """

    may: bool
    agencies: tuple[str, ...]
    basis: str
    to_kind: str = ""


def who_may(offence: Offence, agency_kind: str, on: date) -> Answer:
    """Say whether a kind of agency may decide an offence on a day, and who may otherwise."""
    if offence.in_force(on) and agency_kind in offence.agencies:
        return Answer(True, offence.agencies, offence.article)
    return Answer(False, offence.agencies, offence.article, offence.agencies[0])


def choices(offences: Iterable[Offence], class_code: str, on: date) -> list[Offence]:
    """List the offences of a day, those that fit a class of hazard first, then those that fit any, then the rest."""
    live = [offence for offence in offences if offence.in_force(on)]
    return sorted(live, key=lambda o: (not o.follows_from(class_code), bool(o.hazards)))


# --------------------------------------------------------------------------------------------------------- how much


def bounds(
    allowed: Range, *, serious: bool = False, base: Decimal | None = None, days: int | None = None
) -> tuple[Decimal, Decimal]:
    """Return the least and the most a fine may be.

    serious  the case is serious (情节严重), where the article has a higher most for it
    base     the sum a fine is measured by (contract price, sum diverted)
    days     days of an offence that is fined by the day
    Raises ValueError when base or days are asked for and not given.
    """
    if allowed.of:
        if base is None or base <= 0:
            raise ValueError("base")
        return (_round(base * allowed.least_times), _round(base * allowed.most_times))
    if allowed.per_day is not None:
        if not days or days < 1:
            raise ValueError("days")
        total = allowed.per_day * days
        return total, total
    return allowed.least, allowed.serious if serious and allowed.serious is not None else allowed.most


def _round(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The most that a kind of agency may fine on the spot, and the other rule that speaks about the same."""

    most: Decimal
    basis: str
    source: str
    is_default: bool
    conflict: Mapping[str, Any] | None = None


def simple_ceiling(book: Book, agency_kind: str, party: str, on: date) -> Ceiling:
    """Return the ceiling of the procedure on the spot for a kind of agency and of party on a day."""
    lines = [
        line
        for line in book["ceilings"]
        if line["since"] <= on and (line.get("until") is None or on <= line["until"])
    ]
    line = _for_agency(lines, agency_kind)
    return Ceiling(
        money(line[party]), line["basis"], line["source"], bool(line.get("default")), line.get("conflict")
    )


def hearing_threshold(book: Book, agency_kind: str, party: str) -> tuple[Decimal, str, bool]:
    """Return from which fine a hearing may be asked for, its article, and whether the city set it."""
    line = _for_agency(book["hearing"]["thresholds"], agency_kind)
    return money(line[party]), line["basis"], bool(line.get("default"))


def _for_agency(lines: Sequence[Mapping[str, Any]], agency_kind: str) -> Mapping[str, Any]:
    own = next((line for line in lines if line["agency"] == agency_kind), None)
    return own if own is not None else next(line for line in lines if line["agency"] == "other")


def officers_needed(book: Book, procedure: str, agency_kind: str) -> tuple[int, str]:
    """Return how many officers must act at least, and by which article."""
    if procedure == "ordinary":
        return book["ordinary"]["officers"], book["ordinary"]["officers_basis"]
    simple = book["simple"]
    kind = agency_kind if agency_kind in simple["officers"] else "other"
    return simple["officers"][kind], simple["officers_basis"][kind]


def age_says(book: Book, age: int | None) -> str:
    """Say what an age means: "none" (no penalty), "lighter", or "" for a grown-up or an unknown age."""
    if age is None:
        return ""
    limits = book["age"]
    return "none" if age < limits["none_below"] else "lighter" if age < limits["lighter_below"] else ""


def lacking_for_spare(
    ground: Mapping[str, Any], *, corrected: bool, first_offence: bool, under_age: bool
) -> list[str]:
    """List the facts that a ground for sparing asks for and the case does not have."""
    have = {"corrected": corrected, "first_offence": first_offence, "under_age": under_age}
    return [fact for fact in ground["asks"] if not have[fact]]


# ------------------------------------------------------------------------------------------------------------- late


@dataclass(frozen=True, slots=True)
class Late:
    """What is owed for paying late: whole days after the last day to pay, the surcharge, and whether it met its cap."""

    days: int
    surcharge: Decimal
    capped: bool


def surcharge(
    *, fine: Decimal, pay_by: date, on: date, paid: Sequence[tuple[date, Decimal]] = (), percent: int = 3
) -> Late:
    """Return the surcharge (加处罚款) that has run up until a day: 3 % a day of what is unpaid, at most the fine.

    fine    the decided amount; pay_by: the last day to pay without one
    paid    principal paid so far: (day, amount); a sum paid on a day no longer runs from that day's end on
    Days are calendar days: the day after pay_by is the first. Exact: rounded once, at the end.
    """
    days = max(0, (on - pay_by).days)
    left, total, reached = fine, Decimal(0), pay_by
    for day, amount in sorted(paid):
        day = min(day, on)
        if day > reached:
            total += left * percent * (day - reached).days / 100
            reached = day
        left -= amount
    if on > reached and left > 0:
        total += left * percent * (on - reached).days / 100
    rounded = _round(total)
    return Late(days if rounded else 0, min(rounded, fine), rounded > fine)


def cash_allowed(book: Book, amount: Decimal, ground: str = "") -> bool:
    """Say whether a fine may be taken in cash on the spot: a small one, or on one of the rulebook's grounds."""
    payment = book["payment"]
    known = {entry["key"] for entry in payment["cash_grounds"]}
    return amount <= money(payment["cash"]["most"]) or ground in known
