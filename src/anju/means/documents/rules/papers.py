"""What an official document says: from the facts of an act to the very words that are printed. Pure.

A kind knows how to turn its facts into named words; the form (rulebooks/documents) says in which sentences they stand.
`compose` puts both together into `Printed`, a plain mapping that the .docx template, the .pdf template and the archive
all read. Every kind has all of its keys, empty where the form has nothing to say:

    kind, title, organisation, number, date, watermark      signer, top [line], title_lines [line]
    addressee   one line                                    fields  [[[label, value], …]] of one or two pairs
    opening     [paragraph]                                 parts   [{head, text}]
    tables      {name: {heads, rows}}                       checked [{title, heads, rows, note}]
    body        [{level, head, text}] level 0, 1, 2         thanks, contact [line], copies, printed [left, right]
    seal, confirm [line], receipt [line], remark            slip    {title, lines} or {}
    notes       {name: line}                                signature  "" or the SHA-256 of the picture
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime, tzinfo
from typing import Any

from anju.ground.foundation.asks import Field, reason
from anju.ground.foundation.wording import lazy as _
from anju.ground.foundation.workflow import GONE, NEW, WITHIN, Blocked, Step

from . import amounts
from .facts import (
    OF_KIND,
    CheckPart,
    CheckRecordData,
    CheckRow,
    EvidenceLine,
    FindingLine,
    HazardLine,
    Inspector,
    LetterData,
    MajorHazardData,
    OrderData,
    OrderImmediateData,
    Party,
    PenaltyDecisionData,
    PenaltyNoticeData,
    RecheckRecordData,
    RecheckRow,
    SealingDecisionData,
    Signature,
    SpotDecisionData,
    TransferLetterData,
)

__all__ = [
    "KINDS",
    "OF_KIND",
    "CheckPart",
    "CheckRecordData",
    "CheckRow",
    "EvidenceLine",
    "FindingLine",
    "HazardLine",
    "Inspector",
    "LetterData",
    "MajorHazardData",
    "OrderData",
    "OrderImmediateData",
    "Party",
    "PenaltyDecisionData",
    "PenaltyNoticeData",
    "RecheckRecordData",
    "RecheckRow",
    "SealingDecisionData",
    "Signature",
    "SpotDecisionData",
    "TransferLetterData",
]

Form = Mapping[str, Any]
Printed = dict[str, Any]
Words = dict[str, str]

# How the state of a document may change; the database trigger keeps the same table.
DRAFT, REVIEW, ISSUED, VOIDED = "draft", "review", "issued", "voided"
STATE_TONES = {DRAFT: "quiet", REVIEW: "wait", ISSUED: "done", VOIDED: "danger"}


def needs_no_leader(paper: Any, day: date) -> Blocked | None:
    """Say that a form which a leader signs cannot be issued by its officer alone."""
    if not paper.needs_review(day):
        return None
    sentence = str(_("《%(form)s》须先送审，由负责人签发后才能印发。")) % {"form": paper.title}
    return Blocked(sentence, allowed=("redraft", "submit", "discard"), code="needs_review", never=True)


def needs_a_leader(paper: Any, day: date) -> Blocked | None:
    """Say that a form which its officer issues is not sent for review."""
    if paper.needs_review(day):
        return None
    sentence = str(_("《%(form)s》不用送审，可以直接印发。")) % {"form": paper.title}
    return Blocked(sentence, allowed=("redraft", "issue_draft", "discard"), never=True)


_SHEET, _OPEN = "gb-9704-2012-0", frozenset({DRAFT})
_CODE = Field(
    "register_code",
    _("机关代字"),
    "line",
    required=True,
    most=40,
    lacking=_("请先为发文机关登记机关代字，再印发文书。"),
)
_NO_REASON = _("请写明作废的理由。")
STEPS = (
    Step("draft", _("拟稿"), NEW, DRAFT, "", _SHEET, who=WITHIN, asks=(_CODE,)),
    Step("issue", _("印发"), NEW, ISSUED, "", _SHEET, who=WITHIN, asks=(_CODE,), mood="done"),
    Step("issue_many", _("批量印发"), NEW, DRAFT, "", _SHEET, who=WITHIN, asks=(_CODE,)),
    Step("issue_in_batch", _("印发"), _OPEN, ISSUED, "", _SHEET, who=WITHIN, mood="done"),
    Step("redraft", _("修改"), _OPEN, None, "documents.issue", _SHEET, said=_("修改草稿"), mood="quiet"),
    Step("submit", _("送审"), _OPEN, REVIEW, "documents.issue", _SHEET, when=(needs_a_leader,), tone="primary"),
    Step("issue_draft", _("印发"), _OPEN, ISSUED, "documents.issue", _SHEET, when=(needs_no_leader,), tone="primary",
         mood="done"),
    Step("sign", _("签发"), frozenset({REVIEW}), ISSUED, "documents.sign", _SHEET, tone="primary",
         said=_("签发并印发"), mood="done"),
    Step("send_back", _("退回修改"), frozenset({REVIEW}), DRAFT, "documents.sign", _SHEET, mood="warn",
         asks=(reason(_("修改意见"), most=200, lacking=_("请写明退回修改的意见。"),
                      help=_("写明要改什么，拟稿人会看到。")),)),
    Step("discard", _("删除草稿"), _OPEN, GONE, "documents.issue", _SHEET, tone="danger", mood="quiet"),
    Step("void_own", _("作废"), frozenset({ISSUED}), VOIDED, "documents.issue", _SHEET, tone="danger",
         asks=(reason(most=200, help=_("作废后文号保留，不再使用；文件仍可查阅并标明作废。"), lacking=_NO_REASON),)),
    Step("void", _("作废"), frozenset({ISSUED}), VOIDED, "", _SHEET, who=WITHIN, tone="danger",
         asks=(reason(most=2000, lacking=_NO_REASON),)),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Issue:
    """When a document is issued, under which number, and in which time zone its moments are written."""

    number: str
    on: date
    zone: tzinfo | None = None


# --- Sentences -------------------------------------------------------------------------------------------------


def written_date(day: date, written: Form) -> str:
    """Write a day as GB/T 9704 does: Arabic numerals without leading zeros."""
    return written["date"].format(year=day.year, month=day.month, day=day.day)


def holds(when: str, words: Mapping[str, str]) -> bool:
    """Say whether a line's condition is met: every name has words, every !name has none."""
    return all(
        not words.get(name[1:]) if name.startswith("!") else bool(words.get(name)) for name in when.split()
    )


def lines(given: Iterable[Any], words: Mapping[str, str]) -> list[str]:
    """Fill in the lines of a form that apply: strings, or {when, text}."""
    found = []
    for item in given:
        if isinstance(item, str):
            found.append(item.format_map(words))
        elif holds(item.get("when", ""), words):
            found.append(item["text"].format_map(words))
    return found


def parts(given: Iterable[Form], words: Words, written: Form) -> list[dict[str, str]]:
    """Fill in the parts that apply; {n} in a head counts those printed, in Chinese numerals."""
    found = []
    counted = 0
    for part in given:
        if not holds(part.get("when", ""), words):
            continue
        counted += "{n}" in part["head"]
        here = {**words, "n": written["numerals"][counted - 1]}
        found.append({"head": part["head"].format_map(here), "text": part["text"].format_map(here)})
    return found


def cells(given: Iterable[Any], words: Words) -> list[list[list[str]]]:
    """Fill in the rows of a form's head: [[[label, value], …]]."""
    rows = []
    for row in given:
        pairs = row
        if isinstance(row, Mapping):
            if not holds(row.get("when", ""), words):
                continue
            pairs = row["cells"]
        rows.append([[label.format_map(words), value.format_map(words)] for label, value in pairs])
    return rows


@dataclass(frozen=True, slots=True)
class Pen:
    """Writes days, moments, money, people and lists as the rulebook wants them."""

    form: Form
    written: Form
    issue: Issue

    def day(self, value: date | None) -> str:
        return written_date(value, self.written) if value else ""

    def moment(self, value: datetime | None) -> str:
        if value is None:
            return ""
        here = value.astimezone(self.issue.zone) if self.issue.zone else value
        named = {"year": here.year, "month": here.month, "day": here.day}
        return self.written["moment"].format(**named, hour=here.hour, minute=here.minute)

    def term(self, value: date | None) -> str:
        return self.written["before"].format(date=self.day(value)) if value else self.written["at_once"]

    def period(self, began: datetime, ended: datetime | None) -> str:
        pattern = self.form["period" if ended else "period_open"]
        return pattern.format(began=self.moment(began), ended=self.moment(ended))

    def people(self, given: Sequence[Inspector]) -> str:
        """Name the officers; an agency is written before the first of its people."""
        found, last = [], ""
        for person in given:
            pattern = "person_of" if person.agency and person.agency != last else "person"
            last = person.agency or last
            pattern += "" if person.badge else "_without_badge"
            named = {"name": person.name, "badge": person.badge, "agency": person.agency}
            found.append(self.written[pattern].format(**named))
        return self.join(found)

    def sentence(self, text: str) -> str:
        """End what somebody typed as a sentence ends."""
        text = text.strip()
        return text + self.written["stop"] if text and text[-1] not in self.written["stops"] else text

    def join(self, given: Iterable[str], by: str = "join") -> str:
        return self.written[by].join(given)

    def numbered(self, rows: Iterable[Sequence[str]]) -> list[list[str]]:
        return [[str(number), *row] for number, row in enumerate(rows, start=1)]

    def hazards(self, given: Sequence[HazardLine], *, terms: bool = False) -> dict[str, Any]:
        rows = (
            [line.place, line.hazard, line.basis, *([self.term(line.term)] if terms else [])]
            for line in given
        )
        return self.table("hazards", rows)

    def table(self, name: str, rows: Iterable[Sequence[str]]) -> dict[str, Any]:
        return {"heads": list(self.form["heads"][name]), "rows": self.numbered(rows)}

    def penalty(self, given: Any) -> Words:
        """Write a penalty: warning, fine in figures and in words, others."""
        fine = ""
        if given.amount:
            amount = self.written["amount"].format(
                figures=amounts.figures(given.amount), words=amounts.in_words(given.amount, self.written)
            )
            fine = self.written["fine"].format(amount=amount)
        said = [self.written["warning"] if given.warning else "", fine, getattr(given, "other", "")]
        return {"fine": fine, "penalty": self.join(part for part in said if part)}

    def party(self, given: Party) -> Words:
        person = self.join(part for part in (given.sex, self.day(given.born_on)) if part)
        return {
            "party": given.name,
            "is_unit": given.name if given.is_unit else "",
            "uscc": given.uscc,
            "legal_person": given.legal_person,
            "person": person,
            "id_number": given.id_number,
            "party_address": given.address,
            "party_phone": given.phone,
        }


# --- What each kind says ---------------------------------------------------------------------------------------

# (words, further keys of Printed)
Said = tuple[Words, Printed]


def _legal(given: Any, pen: Pen) -> Words:
    """Return the words that decisions on a penalty share."""
    return {
        **pen.party(given.party),
        **pen.penalty(given),
        "facts": pen.sentence(given.facts),
        "evidence": pen.join(given.evidence),
        "violated": pen.join(given.violated, "join_articles"),
        "articles": pen.join(given.basis, "join_articles"),
        "discretion": given.discretion,
        "officers": pen.people(given.officers),
        "phone": given.phone,
    }


def _confirmed(given: Signature) -> Words:
    return {"refusal": given.refusal, "signed_by": given.name}


def _picture(given: Signature) -> Printed:
    shown = bool(given.picture) and not given.refusal
    return {"signature": hashlib.sha256(given.picture).hexdigest() if shown else ""}


def _order(given: OrderData | OrderImmediateData, pen: Pen) -> Said:
    words = {
        "recipient": given.recipient,
        "place": given.place,
        "basis": pen.join(given.basis, "join_articles"),
        "inspected_on": pen.day(given.inspected_on),
        "due_on": pen.day(given.due_on) if isinstance(given, OrderData) else "",
        "inspectors": pen.people(given.inspectors),
        "phone": given.phone,
        "consequence": given.consequence,
        "review_body": given.review_body,
        "court": given.court,
    }
    return words, {"tables": {"hazards": pen.hazards(given.hazards, terms=isinstance(given, OrderData))}}


def _check(given: CheckRecordData, pen: Pen) -> Said:
    form = pen.form
    several = len({part.agency for part in given.parts}) > 1
    words = {
        "unit": given.unit,
        "address": given.address,
        "unit_kind": given.unit_kind,
        "uscc": given.uscc,
        "responsible": given.responsible,
        "phone": given.phone,
        "kind": given.kind,
        "accompanied_by": given.accompanied_by,
        "period": pen.period(given.began, given.ended),
        "officers": pen.people(given.officers),
        "several": pen.written["set"] if several else "",
        "remark": given.remark,
        **_confirmed(given.signature),
    }
    findings = (
        [line.place, line.hazard, line.basis, line.handling, pen.term(line.term) if line.term else ""]
        for line in given.findings
    )
    checked = [
        {
            "title": form["part" if several else "part_alone"].format(
                agency=part.agency, checklist=part.checklist
            ),
            "heads": list(form["heads"]["checked"]),
            "rows": pen.numbered([row.item, row.result, row.note, row.basis] for row in part.rows),
            "note": form["conclusion"].format(conclusion=part.conclusion) if part.conclusion else "",
            "empty": "" if part.rows else form["none_checked"],
        }
        for part in given.parts
    ]
    more = {
        "checked": checked,
        "tables": {"findings": pen.table("findings", findings)},
        "notes": {
            "findings_title": form["findings_title"],
            "no_findings": "" if given.findings else form["no_findings"],
        },
        **_picture(given.signature),
    }
    return words, {**more, "title": form["name_joint"]} if several else more


def _recheck(given: RecheckRecordData, pen: Pen) -> Said:
    form = pen.form
    done = sum(row.corrected for row in given.rows)
    counts = {"count": len(given.rows), "done": done, "open": len(given.rows) - done}
    which = "conclusion_all" if done == len(given.rows) else "conclusion_some" if done else "conclusion_none"
    words = {
        "unit": given.unit,
        "address": given.address,
        "responsible": given.responsible,
        "phone": given.phone,
        "order_title": given.order_title,
        "order_number": given.order_number,
        "ordered_on": pen.day(given.ordered_on),
        "reason": form["reason_applied"].format(applied_on=pen.day(given.applied_on))
        if given.applied_on
        else form["reason_term"],
        "period": pen.period(given.began, given.ended),
        "officers": pen.people(given.officers),
        "accompanied_by": given.accompanied_by,
        "remark": given.remark,
        **_confirmed(given.signature),
    }
    rows = (
        [
            row.place,
            row.hazard,
            pen.term(row.required_by),
            form["corrected" if row.corrected else "uncorrected"],
            row.note,
        ]
        for row in given.rows
    )
    conclusion = given.conclusion or form[which].format(**counts)
    return words, {
        "tables": {"rows": pen.table("rows", rows)},
        "notes": {"conclusion": form["conclusion"].format(conclusion=conclusion)},
        **_picture(given.signature),
    }


def _spot(given: SpotDecisionData, pen: Pen) -> Said:
    words = {
        **_legal(given, pen),
        "happened_at": pen.moment(given.happened_at),
        "place": given.place,
        "statement": pen.sentence(given.statement),
        "paid_on_spot": pen.written["set"] if given.paid_on_spot else "",
        "pay_at": given.pay_at,
        "review_body": given.review_body,
        "court": given.court,
        **_confirmed(given.signature),
    }
    return words, _picture(given.signature)


def _penalty_notice(given: PenaltyNoticeData, pen: Pen) -> Said:
    words = {
        **_legal(given, pen),
        "hearing": pen.written["set"] if given.hearing else "",
        "address": given.address,
        "contact": given.contact,
    }
    return words, {}


def _penalty(given: PenaltyDecisionData, pen: Pen) -> Said:
    words = {
        **_legal(given, pen),
        "statement": pen.sentence(given.statement),
        "notice_number": given.notice_number,
        "noticed_on": pen.day(given.noticed_on),
        "pay_at": given.pay_at,
        "review_body": given.review_body,
        "court": given.court,
        "remedy": "",
    }
    return words, {}


def _transfer(given: TransferLetterData, pen: Pen) -> Said:
    form = pen.form

    def short(digest: str) -> str:
        return form["short_hash"].format(start=digest[:8], end=digest[-8:])

    words = {
        "recipient": given.recipient,
        "about": given.about,
        "facts": pen.sentence(given.facts),
        "grounds": pen.join(given.grounds, "join_articles"),
        **{f"is_{manner}": given.manner if manner == given.manner else "" for manner in MANNERS},
        "found": form["found"].format(found_on=pen.day(given.found_on))
        if given.found_on
        else form["found_undated"],
        "measures": pen.sentence(given.measures),
        "sign_by": pen.day(given.sign_by),
        "answer_by": pen.day(given.answer_by),
        "copies": pen.join(given.copies),
        "contact": given.contact,
        "phone": given.phone,
        "address": given.address,
        "evidence_count": str(len(given.evidence)),
    }
    evidence = [
        [
            form["noted"].format(name=line.name, note=line.note) if line.note else line.name,
            pen.moment(line.taken_at),
            "\n".join((short(line.sha256), line.sha256[:32], line.sha256[32:])),
        ]
        for line in given.evidence
    ]
    more: Printed = {
        "tables": {"hazards": pen.hazards(given.hazards), "evidence": pen.table("evidence", evidence)},
        "notes": {
            "manifest_title": form["manifest_title"] if evidence else "",
            "manifest_note": form["manifest_note"].format_map(words) if evidence else "",
        },
    }
    title = form.get(f"name_{given.manner}")
    return words, {**more, "title": title} if title else more


def _major(given: MajorHazardData, pen: Pen) -> Said:
    words = {
        "recipient": given.recipient,
        "place": given.place,
        "basis": pen.join(given.basis, "join_articles"),
        "inspected_on": pen.day(given.inspected_on),
        "decided_on": pen.day(given.decided_on),
        "due_on": pen.day(given.due_on),
        "standard": given.standard,
        "criteria": pen.join(given.criteria, "join_points"),
        "measures": pen.join(given.measures, "join_points"),
        "supervised_by": given.supervised_by,
        "inspectors": pen.people(given.inspectors),
        "phone": given.phone,
        "review_body": given.review_body,
        "court": given.court,
        "remedy": "",
    }
    return words, {"tables": {"hazards": pen.hazards(given.hazards)}}


def _sealing(given: SealingDecisionData, pen: Pen) -> Said:
    words = {
        **pen.party(given.party),
        "place": given.place,
        "facts": pen.sentence(given.facts),
        "articles": pen.join(given.basis, "join_articles"),
        "evidence": pen.join(given.evidence),
        "sealed_from": pen.day(given.sealed_from),
        "sealed_until": pen.day(given.sealed_until),
        "days": str(days_sealed(given)),
        "renewal_of": given.renewal_of,
        "requirement": given.requirement,
        "statement": pen.sentence(given.statement),
        "inspectors": pen.people(given.inspectors),
        "phone": given.phone,
        "review_body": given.review_body,
        "court": given.court,
        "remedy": "",
    }
    return words, {"tables": {"sealed": pen.table("sealed", ([part] for part in given.parts))}}


def _letter(given: LetterData, pen: Pen) -> Said:
    form = pen.form
    matter = given.matter or form["defaults"]["matter"]
    salutation = form["salutation_proposal" if matter == form["proposal"] else "salutation"]
    words = {
        "signer": given.signer,
        "meeting": given.meeting,
        "suggestion": given.suggestion,
        "matter": matter,
        "subject": given.subject,
        "result_class": given.result_class,
        "salutation": given.salutation or salutation.format(deputies=pen.join(given.deputies)),
        "thanks": given.thanks,
        "contact_unit": given.contact_unit,
        "contact": given.contact,
        "phone": given.phone,
        "postcode": given.postcode,
        "copies": form["join_copies"].join(given.copies),
        "printed_by": given.printed_by,
        "date": pen.day(given.signed_on or pen.issue.on),
    }
    return words, {
        "signer": given.signer,
        "notes": {"signer_label": form["signer_label"]},
        "top": [form["result_line"].format_map(words)] if given.result_class else [],
        "body": levels(given.body, form),
        "date": words["date"],
    }


def levels(text: str, form: Form) -> list[dict[str, Any]]:
    """Part a letter's text into paragraphs: level 1 (一、), level 2 （一）, 0 text; `head` is the part set apart."""
    found = []
    for line in (line.strip() for line in text.splitlines()):
        if not line:
            continue
        level = next(
            (n for n, name in ((1, "first_level"), (2, "second_level")) if re.match(form[name], line)), 0
        )
        end = line.find(form["stop"]) + 1 if level else 0
        if level and not end:
            end = len(line)
        found.append({"level": level, "head": line[:end], "text": line[end:]})
    return found


# --- Which kinds there are --------------------------------------------------------------------------------------

MANNERS = ("referral", "copy_notice", "serious_report")
SEALED_DAYS = 30


def days_sealed(given: SealingDecisionData) -> int:
    """Count the days of a sealing, first and last included."""
    return (given.sealed_until - given.sealed_from).days + 1


def _wrong_order(given: OrderData | OrderImmediateData | MajorHazardData) -> str:
    if any(not line.hazard.strip() or not line.basis.strip() for line in given.hazards):
        return "hazards"
    due = getattr(given, "due_on", None)
    return "due_on" if due is not None and due < given.inspected_on else ""


def _wrong_times(given: CheckRecordData | RecheckRecordData) -> str:
    return "ended" if given.ended is not None and given.ended < given.began else ""


def _wrong_penalty(given: SpotDecisionData | PenaltyNoticeData | PenaltyDecisionData) -> str:
    if not given.party.name.strip():
        return "party"
    if not amounts.writable(given.amount):
        return "amount"
    other = "" if isinstance(given, SpotDecisionData) else given.other
    return "" if given.amount or given.warning or other else "amount"


def _wrong_transfer(given: TransferLetterData) -> str:
    if any(not re.fullmatch(r"[0-9a-f]{64}", line.sha256) for line in given.evidence):
        return "evidence"
    return "" if given.manner in MANNERS else "manner"


def _wrong_sealing(given: SealingDecisionData) -> str:
    if not given.party.name.strip():
        return "party"
    return "" if 1 <= days_sealed(given) <= SEALED_DAYS else "sealed_until"


def _nothing_wrong(given: Any) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of official document: its facts, what it makes of them, what it needs, what cannot be."""

    facts: type
    say: Callable[[Any, Pen], Said]
    needs: tuple[str, ...]
    wrong: Callable[[Any], str] = _nothing_wrong


_PENALTY = ("organisation", "facts", "violated", "basis")
KINDS: Mapping[str, Kind] = {
    "check_record": Kind(
        CheckRecordData, _check, ("organisation", "unit", "address", "officers", "parts"), _wrong_times
    ),
    "order_immediate": Kind(
        OrderImmediateData,
        _order,
        ("organisation", "recipient", "place", "basis", "hazards", "inspectors"),
        _wrong_order,
    ),
    "order_timed": Kind(
        OrderData,
        _order,
        ("organisation", "recipient", "place", "basis", "hazards", "inspectors"),
        _wrong_order,
    ),
    "recheck_record": Kind(
        RecheckRecordData, _recheck, ("organisation", "unit", "address", "officers", "rows"), _wrong_times
    ),
    "spot_decision": Kind(SpotDecisionData, _spot, (*_PENALTY, "place", "officers"), _wrong_penalty),
    "penalty_notice": Kind(PenaltyNoticeData, _penalty_notice, _PENALTY, _wrong_penalty),
    "penalty_decision": Kind(PenaltyDecisionData, _penalty, (*_PENALTY, "evidence"), _wrong_penalty),
    "transfer_letter": Kind(
        TransferLetterData,
        _transfer,
        ("organisation", "recipient", "about", "facts", "grounds"),
        _wrong_transfer,
    ),
    "major_hazard_notice": Kind(
        MajorHazardData,
        _major,
        ("organisation", "recipient", "place", "standard", "criteria", "hazards", "basis"),
        _wrong_order,
    ),
    "sealing_decision": Kind(
        SealingDecisionData, _sealing, ("organisation", "place", "parts", "facts", "basis"), _wrong_sealing
    ),
    "suggestion_reply": Kind(
        LetterData,
        _letter,
        ("organisation", "signer", "meeting", "suggestion", "deputies", "subject", "body"),
    ),
}


def missing(kind: str, given: Any) -> str:
    """Name the first fact without which a document cannot be issued or that cannot be, or return ""."""
    wanted = KINDS[kind]
    for name in wanted.needs:
        value = getattr(given, name)
        if not (value.strip() if isinstance(value, str) else value):
            return name
    return wanted.wrong(given)


def compose(kind: str, given: Any, book: Form, issue: Issue) -> Printed:
    """Return the printed words of a document: its facts in the sentences of its form.

    book  the rulebook of forms in force that day (rulebooks/documents): written, common, forms
    Raises KeyError for a form that asks for a word its kind does not know.
    """
    form, written, common = book["forms"][kind], book["written"], book["common"]
    said, more = KINDS[kind].say(given, Pen(form, written, issue))
    title = more.pop("title", form["name"])
    words = {"organisation": given.organisation, "number": issue.number, "title": title, **said}
    for name, text in {**common["defaults"], **form.get("defaults", {})}.items():
        words[name] = words.get(name) or text.format_map(words)
    title_lines = lines(form.get("title_lines", ()), words) or [title]
    slip = form.get("slip")
    return {
        "kind": kind,
        "title": "".join(title_lines) if len(title_lines) > 1 else title,
        "title_lines": title_lines,
        "organisation": given.organisation,
        "number": issue.number,
        "date": written_date(issue.on, written),
        "watermark": "",
        "signer": "",
        "top": [],
        "addressee": form.get("addressee", "").format_map(words),
        "fields": cells(form.get("fields", ()), words),
        "opening": lines(form.get("opening", ()), words),
        "tables": {},
        "checked": [],
        "notes": {},
        "parts": parts(form.get("parts", ()), words, written),
        "body": [],
        "thanks": form.get("thanks_line", "").format_map(words),
        "contact": lines(form.get("contact_lines", ()), words),
        "copies": form["copies"].format_map(words) if form.get("copies") and words.get("copies") else "",
        "printed": lines(form.get("printed", ()), words) if words.get("printed_by") else [],
        "seal": form.get("seal", common["seal"]),
        "confirm": lines(form.get("confirm", ()), words),
        "receipt": lines(form.get("receipt", ()), words),
        "remark": form.get("remark", "").format_map(words),
        "slip": {"title": slip["title"].format_map(words), "lines": lines(slip["lines"], words)}
        if slip
        else {},
        "signature": "",
        **more,
    }


def texts(value: Any) -> Iterator[str]:
    """Yield every string inside nested mappings, sequences and dataclasses."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from texts(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from texts(part)
    elif is_dataclass(value) and not isinstance(value, type):
        for item in fields(value):
            yield from texts(getattr(value, item.name))
