"""The rules of penalties: who may fine what, how much, when it is late, what is spared. Pure.

Money is Decimal yuan with two places. `Book` is one edition of rulebooks/penalties as a mapping; `read` makes offences
of it. Steps move a penalty case from filing to payment or cancellation.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from anju.duties.orders.rules import SERVICE
from anju.ground.foundation import workdays
from anju.ground.foundation.asks import Field, note, reason
from anju.ground.foundation.wording import lazy as _
from anju.ground.foundation.workflow import ANY, NEW, SYSTEM, Blocked, Step


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
STATE_MOODS = {
    PenaltyState.FILED: "active",
    PenaltyState.NOTICED: "wait",
    PenaltyState.HEARING: "wait",
    PenaltyState.DECIDED: "warn",
    PenaltyState.PAID: "done",
    PenaltyState.SPARED: "quiet",
    PenaltyState.CANCELLED: "quiet",
}
PROCEDURES = {"simple": _("简易程序"), "ordinary": _("普通程序")}
PARTIES = {"person": _("个人"), "unit": _("单位")}
WAYS = {"bank": _("银行"), "spot": _("当场收缴现金")}
# The last days that a case keeps: {column: (where the rulebook says how long, the column it runs from)}.
TERMS = {
    "decide_by": ("ordinary", "decide_within", "filed_at"),
    "statement_until": ("ordinary", "statement_within", "noticed_at"),
    "hearing_until": ("hearing", "ask_within", "noticed_at"),
    "serve_by": ("service", "decision_within", "decided_at"),
    "pay_by": ("payment", "pay_within", "served_at"),
}

Book = Mapping[str, Any]
CENT = Decimal("0.01")
ZERO = Decimal("0.00")


# --------------------------------------------------------------------------------------------------- why not now


def _until(sentence: object, day: date, *allowed: str) -> Blocked:
    """Say that something waits for the end of a day."""
    said = str(sentence) % {"day": day.isoformat()}
    return Blocked(said, allowed=allowed, since=day + timedelta(days=1))


def too_young(penalty: Any, day: date) -> Blocked | None:
    """Say that nobody so young is punished: only sparing is left."""
    if not penalty.spare_only:
        return None
    return Blocked(
        _("不满十四周岁的人有违法行为的，不予处罚，责令监护人管教。请办理“不予处罚”。"),
        allowed=("spare",), code="under_age", never=True,
    )  # fmt: skip


def ordinary(penalty: Any, day: date) -> Blocked | None:
    """Say that a case of the ordinary procedure is not decided on the spot."""
    if penalty.procedure == "simple":
        return None
    return Blocked(_("此案适用普通程序，应当先告知再决定。"), allowed=("give_notice",), never=True)


def no_hearing(penalty: Any, day: date) -> Blocked | None:
    """Say why no hearing can be asked for: it is not due, was held, or the days for it have passed."""
    if penalty.hearing_record:
        return Blocked(_("此案已经听证，不能再次申请。"), allowed=("propose",), never=True)
    if penalty.hearing_until is None:
        return Blocked(_("拟罚款数额没有达到听证标准，当事人可以陈述申辩。"), never=True)
    if day > penalty.hearing_until:
        said = _("申请听证的期限已于%(day)s届满（告知后五日）。")
        return Blocked(str(said) % {"day": penalty.hearing_until.isoformat()})
    return None


def hearing_to_come(penalty: Any, day: date) -> Blocked | None:
    """Say that the hearing has not been held yet."""
    if penalty.hearing_on is None or day >= penalty.hearing_on:
        return None
    said = str(_("听证定在%(day)s，尚未举行。")) % {"day": penalty.hearing_on.isoformat()}
    return Blocked(said, since=penalty.hearing_on)


def to_be_heard(penalty: Any, day: date) -> Blocked | None:
    """Say that the party may still speak, or ask for a hearing, before anything is proposed."""
    if penalty.statement:
        return None
    if penalty.statement_until and day <= penalty.statement_until:
        said = _("陈述申辩期到%(day)s。当事人放弃的，请先记录放弃。")
        return _until(said, penalty.statement_until, "take_statement")
    if penalty.hearing_until and not penalty.hearing_record and day <= penalty.hearing_until:
        said = _("当事人可以在%(day)s前申请听证，期满后再提出处罚意见。")
        return _until(said, penalty.hearing_until, "ask_hearing")
    return None


def proposed(penalty: Any, day: date) -> Blocked | None:
    """Say that a decision was proposed already."""
    if penalty.with_head_since is None:
        return None
    return Blocked(
        _("处罚意见已经提出，等待负责人审批；要加重的，请先“重新告知”。"), allowed=("renotice",), never=True
    )


def not_proposed(penalty: Any, day: date) -> Blocked | None:
    """Say that nothing was proposed since the party was told last."""
    if penalty.with_head_since is not None:
        return None
    return Blocked(_("承办人还没有提出处罚意见。"), allowed=("propose",))


def served(penalty: Any, day: date) -> Blocked | None:
    """Say that the decision has reached the party."""
    if penalty.served_at is None:
        return None
    return Blocked(_("这份决定已经送达。"), allowed=("pay",), never=True)


def nothing_to_pay(penalty: Any, day: date) -> Blocked | None:
    """Say that no money is owed, or not before the decision is served."""
    if penalty.amount is None:
        return Blocked(_("此案只给予警告，没有待缴的罚款。"), never=True)
    if penalty.served_at is None:
        return Blocked(_("决定书还没有送达，请先登记送达。"), allowed=("serve",))
    return None


def not_sealed(penalty: Any, day: date) -> Blocked | None:
    """Say that no identity is sealed here."""
    return None if penalty.party_sealed else Blocked(_("被处罚的是单位，名称没有封存。"), never=True)


# ---------------------------------------------------------------------------------------------------- what is asked

# How much, and why: typed on a page, or handed over by a program as one `measure`.
MEASURE = (
    Field("measure", _("处罚"), "given"),
    Field("amount", _("罚款金额（元）"), "money"),
    Field("warning", _("警告"), "tick"),
    Field("serious", _("情节严重"), "tick"),
    Field("base", _("计算基数（元）"), "money"),
    Field("days", _("持续天数"), "whole", least=1),
    Field("reasons", _("裁量理由"), most=1000),
)
SPOT = (
    *MEASURE,
    Field("statement", _("当事人陈述和意见"), most=500),
    Field("acted_at", _("当场处罚时间"), "moment", help=_("不填即为现在；应在二十四小时内报备")),
    Field("pay_on_spot", _("当场收缴罚款"), "given", default=False),
)
# Who is punished, typed or handed over as one `accused`; it stays out of digests, too.
PARTY = (
    Field("accused", _("被处罚人"), "given"),
    Field("party_kind", _("被处罚人"), "choice", choices=tuple(PARTIES.items()), default="unit"),
    Field("party_name", _("名称或姓名"), "line", most=120),
    Field("id_number", _("证件号码"), "line", most=20, help=_("个人填写，加密封存")),
    Field("age", _("年龄"), "whole", most=130, help=_("个人填写，未成年人从轻或者不予处罚")),
    Field("phone", _("联系电话"), "line", most=20),
    Field("address", _("住址"), "line", most=120),
)
_FILING = (
    Field("matter", _("事项"), "given", required=True),
    Field("offence", _("违法行为"), "line", required=True, lacking=_("请选择违法行为。")),
    *PARTY,
    Field(
        "facts", _("违法事实"), required=True, least=6, lacking=_("请写明违法事实：何时、何处、做了什么。")
    ),
    Field("refused", _("责令后拒不改正"), "tick"),
    Field("officers", _("执法人员"), "given"),
    Field("first_badge", _("本人执法证号"), "line", most=30),
    Field("second_name", _("另一名执法人员"), "line", most=40),
    Field("second_badge", _("其执法证号"), "line", most=30),
)
_SAID = _("请写明当事人的陈述申辩（或放弃）和复核意见。")
# Whoever signs for a person is that person or lives with them: the name stays out of digests, too.
_SERVICE = tuple(replace(asked, secret=True) if asked.name == "served_to" else asked for asked in SERVICE)
_F, _N, _H, _D, _P = (
    PenaltyState.FILED,
    PenaltyState.NOTICED,
    PenaltyState.HEARING,
    PenaltyState.DECIDED,
    PenaltyState.PAID,
)
_PUNISH, _APPROVE, _PAY = "penalties.punish", "penalties.approve", "penalties.payment"
STEPS = (
    Step(
        "file", _("立案"), NEW, _F, _PUNISH, "", starts=("decide_by",),
        asks=(*_FILING,
              Field("procedure", _("适用程序"), "choice", required=True, choices=tuple(PROCEDURES.items()),
                    lacking=_("请选择简易程序或者普通程序。")),
              Field("first_offence", _("初次违法，危害后果轻微"), "tick"),
              Field("corrected", _("已及时改正"), "tick")),
        effects=("tell_case", "take_over", "lay_before_head"),
    ),
    Step(
        "penalise_on_the_spot", _("当场立案处罚"), NEW, _D, _PUNISH, "cn-penalty-2021-51", asks=(*_FILING, *SPOT),
        mood="quiet",
    ),
    Step(
        "decide_simple", _("当场处罚"), frozenset({_F}), _D, _PUNISH, "cn-penalty-2021-51", who="agency",
        when=(ordinary, too_young), asks=SPOT, starts=("serve_by", "pay_by"), effects=("tell_case",), tone="primary",
        said=_("作出处罚决定"), mood="danger",
    ),
    Step(
        "give_notice", _("处罚告知"), frozenset({_F}), _N, _PUNISH, "cn-penalty-2021-44", who="agency",
        when=(too_young,), asks=MEASURE, starts=("decide_by", "statement_until", "hearing_until"), tone="primary",
    ),
    Step(
        "renotice", _("重新告知"), frozenset({_N}), None, _PUNISH, "cn-penalty-2021-44", who="agency",
        when=(too_young,), asks=MEASURE, starts=("statement_until", "hearing_until"),
    ),
    Step(
        "take_statement", _("记录陈述申辩"), frozenset({_N, _H}), None, _PUNISH, "cn-penalty-2021-45", who="agency",
        asks=(Field("statement", _("当事人的陈述申辩（放弃的写“放弃”）"), required=True, least=2, lacking=_SAID),
              Field("answer", _("复核意见"), required=True, least=2, lacking=_SAID)),
    ),
    Step(
        "ask_hearing", _("申请听证"), frozenset({_N}), _H, _PUNISH, "cn-penalty-2021-63", who="agency",
        when=(no_hearing,), asks=(Field("hearing_on", _("听证日期"), "day", required=True),), mood="warn",
    ),
    Step(
        "record_hearing", _("记录听证"), frozenset({_H}), _N, _PUNISH, "cn-penalty-2021-64", who="agency",
        when=(hearing_to_come,), tone="primary", said=_("举行听证"),
        asks=(Field("record", _("听证情况和意见"), required=True, least=6, most=5000,
                    lacking=_("请写明听证情况和意见。")),),
    ),
    Step(
        "propose", _("提出处罚意见"), frozenset({_N}), None, _PUNISH, "cn-penalty-2021-57", who="agency",
        when=(proposed, to_be_heard, too_young), asks=MEASURE, effects=("lay_before_head",), tone="primary",
    ),
    Step(
        "decide", _("审批决定"), frozenset({_N}), _D, _APPROVE, "cn-penalty-2021-57", who="agency",
        when=(not_proposed,), asks=(Field("measure", _("处罚"), "given"), note(most=300)), starts=("serve_by",),
         effects=("tell_case",),
        tone="primary", said=_("作出处罚决定"), mood="danger",
    ),
    Step(
        "spare", _("不予处罚"), frozenset({_F, _N}), PenaltyState.SPARED, _APPROVE, "cn-penalty-2021-33",
        who="agency", mood="quiet", effects=("tell_case", "let_go"),
        asks=(Field("ground", _("不予处罚的情形"), "choice", required=True, choices="grounds",
                    lacking=_("请选择不予处罚的情形。")),
              note(_("理由"), required=True, least=4, most=500, lacking=_("请写明不予处罚的理由。"))),
    ),
    Step(
        "serve", _("送达决定"), frozenset({_D}), None, _PUNISH, "cn-penalty-2021-61", who="agency", when=(served,),
        asks=_SERVICE, starts=("pay_by",), said=_("送达处罚决定"),
    ),
    Step(
        "pay", _("登记缴款"), frozenset({_D}), None, _PAY, "cn-penalty-2021-67", who="agency", when=(nothing_to_pay,),
        asks=(Field("principal", _("罚款（元）"), "money", default=ZERO),
              Field("surcharge", _("加处罚款（元）"), "money", default=ZERO),
              Field("paid_on", _("缴款日期"), "day", required=True),
              Field("receipt", _("凭证号"), "line", required=True, most=60, lacking=_("请填写缴款凭证号。")),
              Field("way", _("缴款方式"), "choice", choices=tuple(WAYS.items()), default="bank"),
              Field("ground", _("当场收缴的情形"), "choice", choices="cash_grounds", help=_("小额罚款不用选择"))),
        follows=("settle",), tone="primary", mood="done",
    ),
    Step("settle", _("缴清罚款"), frozenset({_D}), _P, "", "cn-penalty-2021-67", who=SYSTEM, mood="done"),
    Step(
        "hand_in", _("现金缴存"), frozenset({_D, _P, PenaltyState.CANCELLED}), None, _PAY, "cn-penalty-2021-71",
        who="agency", asks=(Field("on", _("缴存日期"), "day", help=_("不填即为今天")),), mood="quiet",
    ),
    Step(
        "cancel", _("撤销"), frozenset({_F, _N, _H, _D, _P}), PenaltyState.CANCELLED, _APPROVE,
        "cn-penalty-2021-75", who="agency", tone="danger", said=_("撤销处罚"),
        asks=(reason(least=4, lacking=_("请写明撤销的理由，至少四个字。")),),
        effects=("stop_counting", "void_paper", "tell_case", "let_go"),
    ),
    Step(
        "unseal", _("查看当事人身份"), ANY, None, "", "", when=(not_sealed,), tone="danger",
        asks=(reason(_("必须查看的理由"), least=6,
                     lacking=_("请写明必须查看身份的理由，至少六个字；此次查看会留下记录。")),),
    ),
    Step(
        "escalate", _("超期升级"), frozenset({_F, _N, _H, _D}), None, "", "", who=SYSTEM, mood="danger",
    ),
    Step(
        "deadline_moved", _("工作日历变更，处罚期限重算"), frozenset({_F, _N, _H, _D}), None, "", "", who=SYSTEM,
        mood="warn",
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
    days = max(0, -workdays.days_to(pay_by, today=on))
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
