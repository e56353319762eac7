"""The facts of each kind of official document, as the rooms above hand them over. Plain values; pure.

Every kind is one frozen dataclass; `OF_KIND` names them. Days are local dates, moments are aware datetimes, money is
`Decimal` yuan. A field with a default may be left out: the form then leaves its line out, or leaves room to write.
`read` and `plain` turn facts into JSON and back, so that a draft can be kept and composed again when it is signed.
"""

import base64
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints


@dataclass(frozen=True, slots=True)
class HazardLine:
    """One row of an order's table. `term` is the last day to put it right; None means at once."""

    place: str
    hazard: str
    basis: str
    term: date | None = None


@dataclass(frozen=True, slots=True)
class Inspector:
    """Somebody who inspected, with the number of the enforcement badge (empty when there is none)."""

    name: str
    badge: str = ""
    agency: str = ""  # printed when several agencies came together


@dataclass(frozen=True, slots=True)
class Party:
    """Who a decision is about: a person (is_unit False: name, identity number) or a unit (USCC, legal person)."""

    name: str
    is_unit: bool = True
    uscc: str = ""
    legal_person: str = ""  # 法定代表人（负责人）
    id_number: str = ""
    sex: str = ""
    born_on: date | None = None
    address: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Signature:
    """How the other side confirmed a record: a name, the drawn picture (PNG or JPEG bytes), or why it refused."""

    name: str = ""
    picture: bytes = b""
    refusal: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OrderData:
    """An order to correct in time (责令限期改正通知书).

    organisation  the issuing organ, as in the red head
    recipient     the company or unit that must correct
    place         the inspected place, e.g. estate with address
    basis         the articles on which inspection and order rest, at least one
    consequence, review_body, court   empty: the form's own words
    """

    organisation: str
    recipient: str
    place: str
    inspected_on: date
    due_on: date
    basis: tuple[str, ...]
    hazards: tuple[HazardLine, ...]
    inspectors: tuple[Inspector, ...] = ()
    phone: str = ""
    consequence: str = ""
    review_body: str = ""
    court: str = ""


@dataclass(frozen=True, slots=True)
class OrderImmediateData:
    """An order to correct at once (责令立即改正通知书); the terms of its hazards are not read."""

    organisation: str
    recipient: str
    place: str
    inspected_on: date
    basis: tuple[str, ...]
    hazards: tuple[HazardLine, ...]
    inspectors: tuple[Inspector, ...] = ()
    phone: str = ""
    consequence: str = ""
    review_body: str = ""
    court: str = ""


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One checked item: what was looked at, its result (合格, 不合格, 不涉及), a note, the article."""

    item: str
    result: str
    note: str = ""
    basis: str = ""


@dataclass(frozen=True, slots=True)
class CheckPart:
    """One agency's part of a visit: its checklist, the items on it, and what it concludes."""

    agency: str
    checklist: str
    rows: tuple[CheckRow, ...] = ()
    conclusion: str = ""


@dataclass(frozen=True, slots=True)
class FindingLine:
    """One hazard found by a visit. `handling` in words: 责令立即改正, 责令限期改正, 当场改正, 移送…"""

    place: str
    hazard: str
    basis: str = ""
    handling: str = ""
    term: date | None = None


@dataclass(frozen=True, slots=True)
class CheckRecordData:
    """A record of a check (日常消防监督检查记录), of one agency or of several that came together.

    organisation  whose record it is: the agency that leads the visit
    kind          words for the kind of visit: 日常检查, 联合检查, 举报投诉核查, 专项检查…
    signature     of the inspected; its refusal is printed when it refused
    """

    organisation: str
    unit: str
    address: str
    began: datetime
    officers: tuple[Inspector, ...]
    parts: tuple[CheckPart, ...]
    kind: str = ""
    ended: datetime | None = None
    uscc: str = ""
    unit_kind: str = ""
    responsible: str = ""
    phone: str = ""
    accompanied_by: str = ""  # who of the inspected went along
    findings: tuple[FindingLine, ...] = ()
    signature: Signature = Signature()
    remark: str = ""


@dataclass(frozen=True, slots=True)
class RecheckRow:
    """One hazard looked at again."""

    hazard: str
    corrected: bool
    place: str = ""
    required_by: date | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class RecheckRecordData:
    """A record of a re-check (复查记录) of what an order or a record asked for.

    order_number  written number of that order, e.g. 红住建责改字〔2024〕第0001号
    applied_on    the day the unit asked for the re-check; None: the term had ended
    """

    organisation: str
    unit: str
    address: str
    began: datetime
    officers: tuple[Inspector, ...]
    rows: tuple[RecheckRow, ...]
    order_title: str = ""
    order_number: str = ""
    ordered_on: date | None = None
    applied_on: date | None = None
    ended: datetime | None = None
    responsible: str = ""
    phone: str = ""
    accompanied_by: str = ""
    conclusion: str = ""  # empty: the form's own words by the rows
    signature: Signature = Signature()
    remark: str = ""


@dataclass(frozen=True, slots=True)
class SpotDecisionData:
    """A decision on the spot by the simple procedure (当场处罚决定书).

    violated, basis   articles broken, and articles on which the penalty rests
    amount            the fine in yuan; 0 with `warning` for a warning alone
    paid_on_spot      collected there (行政处罚法 art. 68: at most 100 yuan, or hard to collect later)
    pay_at            bank or counter, account; empty leaves room to write
    """

    organisation: str
    party: Party
    happened_at: datetime
    place: str
    facts: str
    violated: tuple[str, ...]
    basis: tuple[str, ...]
    amount: Decimal
    officers: tuple[Inspector, ...]
    warning: bool = False
    evidence: tuple[str, ...] = ()
    statement: str = ""  # what the party said, and whether it was accepted
    discretion: str = ""
    paid_on_spot: bool = False
    pay_at: str = ""
    phone: str = ""
    review_body: str = ""
    court: str = ""
    signature: Signature = Signature()


@dataclass(frozen=True, slots=True)
class PenaltyNoticeData:
    """A notice before a penalty by the ordinary procedure (行政处罚告知书): facts, grounds, what is intended, rights.

    hearing    the party may ask for a hearing; days_hearing (5) working days to ask
    """

    organisation: str
    party: Party
    facts: str
    evidence: tuple[str, ...]
    violated: tuple[str, ...]
    basis: tuple[str, ...]
    amount: Decimal
    officers: tuple[Inspector, ...] = ()
    warning: bool = False
    other: str = ""  # further intended penalties, e.g. 责令停产停业
    discretion: str = ""
    hearing: bool = False
    address: str = ""  # of the organ, where to state and to ask
    contact: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class PenaltyDecisionData:
    """A penalty decision by the ordinary procedure (行政处罚决定书).

    statement   what the party stated, asked for or waived after the notice, and what was made of it
    pay_at      bank and account; empty leaves room to write
    """

    organisation: str
    party: Party
    facts: str
    evidence: tuple[str, ...]
    violated: tuple[str, ...]
    basis: tuple[str, ...]
    amount: Decimal
    officers: tuple[Inspector, ...] = ()
    warning: bool = False
    other: str = ""
    discretion: str = ""
    statement: str = ""
    notice_number: str = ""
    noticed_on: date | None = None
    pay_at: str = ""
    review_body: str = ""
    court: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class EvidenceLine:
    """One piece of the manifest: its name, the SHA-256 of its bytes (64 hex digits), when it was taken."""

    name: str
    sha256: str
    taken_at: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class TransferLetterData:
    """A letter that hands a matter to the agency it belongs to (移送通知书), with the manifest and a receipt slip.

    manner     "referral" 移送, "copy_notice" 抄告, "serious_report" 书面报告 of a serious hazard
    about      the unit or place the matter is about
    grounds    why it belongs to the receiver: articles
    measures   what the sender has already ordered or stopped
    """

    organisation: str
    recipient: str
    about: str
    facts: str
    grounds: tuple[str, ...]
    evidence: tuple[EvidenceLine, ...] = ()
    manner: str = "referral"
    found_on: date | None = None
    place: str = ""
    hazards: tuple[HazardLine, ...] = ()
    measures: str = ""
    sign_by: date | None = None  # the receipt is asked back by then
    answer_by: date | None = None
    copies: tuple[str, ...] = ()
    contact: str = ""
    phone: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class MajorHazardData:
    """A notice of a major fire hazard (重大火灾隐患整改通知书).

    standard   the edition it was judged by, e.g. 《重大火灾隐患判定规则》（GB 35181-2025）
    criteria   the clauses met, in words
    measures   what keeps people safe until it is put right
    supervised_by   who lists it for supervision (挂牌督办), empty when it is not
    """

    organisation: str
    recipient: str
    place: str
    inspected_on: date
    decided_on: date
    due_on: date
    standard: str
    criteria: tuple[str, ...]
    hazards: tuple[HazardLine, ...]
    basis: tuple[str, ...]
    measures: tuple[str, ...] = ()
    supervised_by: str = ""
    inspectors: tuple[Inspector, ...] = ()
    phone: str = ""
    review_body: str = ""
    court: str = ""


@dataclass(frozen=True, slots=True)
class SealingDecisionData:
    """A decision to seal for a time (临时查封决定书), at most 30 days; renewal_of names the decision it renews."""

    organisation: str
    party: Party
    place: str
    parts: tuple[str, ...]  # the parts or places sealed
    facts: str
    basis: tuple[str, ...]
    sealed_from: date
    sealed_until: date
    evidence: tuple[str, ...] = ()
    inspectors: tuple[Inspector, ...] = ()
    renewal_of: str = ""
    requirement: str = ""  # what must be put right before it is lifted; empty: the form's words
    statement: str = ""
    phone: str = ""
    review_body: str = ""
    court: str = ""


@dataclass(frozen=True, slots=True)
class LetterData:
    """The answer to a deputy's suggestion (建议答复).

    organisation   the issuing organ's mark in red, e.g. 某市住房和城乡建设局
    meeting        市十四届人大二次会议
    suggestion     its number there: "213" prints 第213号建议的答复
    matter         建议 or 提案
    deputies       names; the salutation is made of them
    subject        the suggestion's own title
    body           the answer's text, one paragraph a line. A line that begins 一、 is a first heading (黑体), （一） a
                   second one (楷体, to its first full stop), others are text. Blank lines are not printed.
    result_class   A, B, C, D; empty prints no line
    copies         抄送 in full words: 市人大选工委（2份）
    signed_on      the day printed; None: the day of issue
    """

    organisation: str
    signer: str
    meeting: str
    suggestion: str
    deputies: tuple[str, ...]
    subject: str
    body: str
    result_class: str = ""
    matter: str = ""
    salutation: str = ""  # empty: made of the deputies' names
    thanks: str = ""  # empty: the form's own words
    contact_unit: str = ""
    contact: str = ""
    phone: str = ""
    postcode: str = ""
    copies: tuple[str, ...] = ()
    printed_by: str = ""  # 印发机关, usually the organ's office; empty leaves the line out
    signed_on: date | None = None


OF_KIND: Mapping[str, type] = {
    "check_record": CheckRecordData,
    "order_immediate": OrderImmediateData,
    "order_timed": OrderData,
    "recheck_record": RecheckRecordData,
    "spot_decision": SpotDecisionData,
    "penalty_notice": PenaltyNoticeData,
    "penalty_decision": PenaltyDecisionData,
    "transfer_letter": TransferLetterData,
    "major_hazard_notice": MajorHazardData,
    "sealing_decision": SealingDecisionData,
    "suggestion_reply": LetterData,
}


def plain(value: Any) -> Any:
    """Return facts as JSON can hold them: days and moments in ISO form, money as text, pictures in base64."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, tuple | list):
        return [plain(part) for part in value]
    if isinstance(value, date):  # a datetime is one too
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return value


def read(kind: type, value: Any) -> Any:
    """Return what `plain` was given: an instance of `kind`, read back by the types of its fields.

    Raises KeyError for a field that is missing and has no default; fields that `kind` does not know are left out.
    """
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        given = {}
        for part in fields(kind):
            if part.name in value:
                given[part.name] = read(hints[part.name], value[part.name])
            elif part.default is MISSING:
                raise KeyError(part.name)
        return kind(**given)
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        inner = next(choice for choice in get_args(kind) if choice is not NoneType)
        return None if value is None else read(inner, value)
    if origin is tuple:
        inner = get_args(kind)[0]
        return tuple(read(inner, part) for part in value)
    if kind is datetime:
        return value if isinstance(value, datetime) else datetime.fromisoformat(value)
    if kind is date:
        return value if isinstance(value, date) else date.fromisoformat(value)
    if kind is Decimal:
        return Decimal(str(value))
    if kind is bytes:
        return base64.b64decode(value)
    return kind(value)
