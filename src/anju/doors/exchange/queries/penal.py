"""Rows of orders to correct and of fines. History is taken as it was: what was not in an agency's power is noted, and
the row is loaded all the same. Money is exact or the row goes back.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.duties.orders.rules import OrderState
from anju.duties.penalties import rules as penalty_rules
from anju.duties.penalties.rules import PenaltyState
from anju.ground.access import escrow
from anju.ground.foundation import calendar, rulebooks
from anju.ground.foundation.workdays import Term
from anju.ground.organisations.models import Organisation
from anju.ground.territory.rules import name_key

from .. import rules
from . import sentences
from .classes import Classed, ClassFinder
from .places import Lost
from .reading import Row
from .units import Named
from .validation import Bad, Problem, masked, moment
from .visits import Ref, StationCheck

ORDER_COLUMNS = (
    ("number", "int"), ("sheet", "text"), ("source_key", "text"), ("visit_key", "text"), ("unit", "int"),
    ("source_number", "text"), ("agency_id", "bigint"), ("kind", "text"), ("state", "text"), ("recipient", "text"),
    ("issued_at", "timestamptz"), ("due_on", "date"), ("serve_by", "date"), ("served_at", "timestamptz"),
    ("served_how", "text"), ("served_to", "text"), ("recheck_by", "date"), ("complied_on", "date"),
    ("line_class", "text"), ("line_text", "text"), ("data", "text"),
)  # fmt: skip
FINE_COLUMNS = (
    ("number", "int"), ("sheet", "text"), ("source_key", "text"), ("visit_key", "text"), ("unit", "int"),
    ("source_number", "text"), ("agency_id", "bigint"), ("agency_kind", "text"), ("offence", "text"),
    ("edition", "date"), ("article", "text"), ("procedure", "text"), ("state", "text"), ("party_kind", "text"),
    ("party_name", "text"), ("sealed", "bytea"), ("company_id", "bigint"), ("facts", "text"), ("class_code", "text"),
    ("top_class", "text"), ("warning", "boolean"), ("amount", "numeric"), ("filed_at", "timestamptz"),
    ("decided_at", "timestamptz"), ("decided_on", "date"), ("pay_by", "date"), ("paid_amount", "numeric"),
    ("paid_on", "date"), ("paid_in_part_on", "date"), ("way", "text"), ("receipt", "text"), ("officers", "text"),
    ("data", "text"),
)  # fmt: skip
OTHER_OFFENCE = "other"


class Papers:
    """Knows which papers (orders or decisions) of an agency are there already, by their numbers."""

    def __init__(self, table: str):
        self._table = table
        self._before: dict[tuple[int, str], str] = {}
        self._here: dict[tuple[int, str], tuple[str, str, int]] = {}

    def look_up(self, numbers: list[str], agency_ids: list[int]) -> None:
        """Ask the database once which of many numbers it knows."""
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT agency_id, source_number, source_key FROM {self._table}"  # noqa: S608
                " WHERE agency_id = ANY(%s) AND source_number = ANY(%s) AND source_key IS NOT NULL",
                [agency_ids, numbers],
            )
            self._before = {(agency, number): key for agency, number, key in cursor}

    def taken(self, agency_id: int, number: str, key: str, sheet: str, row: int) -> str:
        """Say why a number cannot be this row's, or "" and remember it."""
        asked = (agency_id, number)
        known_key, at_sheet, at_row = self._here.get(asked, ("", "", 0))
        if known_key and known_key != key:
            return _("“%(number)s”在“%(sheet)s”第 %(row)s 行已经用过，内容不同，请核对。") % {
                "number": number,
                "sheet": at_sheet,
                "row": at_row,
            }
        before = self._before.get(asked, key)
        if before != key and not rules.is_running_number(number):
            return _("“%(number)s”已经在系统中，内容与本行不同。若是更正，请在系统中办理。") % {
                "number": number
            }
        self._here.setdefault(asked, (key, sheet, row))
        return ""


@lru_cache(maxsize=5_000)
def end_of_term(start: date, amount: int, unit: str) -> date:
    """Return the last day of a term that begins with a day."""
    at = timezone.make_aware(datetime.combine(start, datetime.min.time().replace(hour=12)))
    return timezone.localtime(calendar.due(at, Term(amount, unit)).at).date()  # type: ignore[arg-type]


class PaperCheck(StationCheck):
    """What orders and fines share: a number of their own, a visit or a unit they are about."""

    papers: Papers
    kind_words: Mapping[str, Any]

    def about(
        self, row: Row, agency: Organisation, on: date | None, problems: list[Problem], *, needed: bool
    ) -> tuple[Ref | None, Named | None]:
        """Return the visit that a row names and the unit: the visit's, else the one that it writes out."""
        number, name = self.number_of(row, "visit_number"), self.line(row, "unit")
        told = bool(self.line(row, "agency"))
        if number:
            ref = self.links.find(number, agency, name, told=told)
            if isinstance(ref, Lost):
                self.blame(ref, problems)
                return None, None
            if name and needed and name_key(name) != name_key(ref.unit_name):
                problems.append(
                    (
                        self.fields.get("unit"),
                        _("检查编号“%(number)s”检查的是“%(visited)s”，本行写的是“%(written)s”，请核对。")
                        % {"number": number, "visited": ref.unit_name, "written": name[:40]},
                    )
                )
            return ref, None
        if not name:
            if needed:
                sentence = _("没有写检查编号，也没有写单位，无法知道这份文书是给谁的。")
                problems.append((self.fields.get("visit_number", self.fields.get("unit")), sentence))
            return None, None
        unit = self.meet(row, name, agency, on or self.today, kind=self.line(row, "unit_kind"))
        if isinstance(unit, Lost):
            if needed:
                self.blame(unit, problems, "unit")
            return None, None
        return None, unit

    def paper_number(self, row: Row, name: str, problems: list[Problem]) -> str:
        """Return the number of the paper; without one the row goes back."""
        found = self.number_of(row, "number")
        if not found:
            problems.append((self.fields["number"], sentences.needed(name)))
        return found

    def later_day(self, row: Row, field: str, start: date | None, problems: list[Problem]) -> date | None:
        """Return a day that cannot lie before another; notes what is wrong."""
        if field not in self.fields or rules.is_empty(row[self.fields[field]]):
            return None
        if not self.text(row, field):
            return None
        when = self.day(row, field, problems)
        if when.day is not None and start is not None and when.day < start:
            sentence = _("日期“%(day)s”早于%(start)s，请核对。") % {
                "day": when.day.isoformat(),
                "start": start.isoformat(),
            }
            problems.append((self.fields[field], sentence))
        return when.day


class OrderCheck(PaperCheck):
    """Turns a row of orders into a tuple of ORDER_COLUMNS, or Bad."""

    def __init__(
        self, *args: Any, papers: Papers, terms: Mapping[str, Any], classes: ClassFinder, **shared: Any
    ):
        super().__init__(*args, **shared)
        self.papers = papers
        self.classes = classes
        self.terms = terms
        self.kind_words = self.book["kinds"]["orders"]

    def __call__(self, number: int, row: Row) -> tuple[Any, ...] | Bad:
        problems: list[Problem] = []
        own = self.paper_number(row, _("文书编号"), problems)
        issued = self.day(row, "issued_on", problems)
        if issued.day is None and not problems:
            problems.append((self.fields["issued_on"], sentences.needed(_("开具日期"))))
        agency = self.agency(row, problems)
        if agency is None:
            return Bad(problems)
        ref, unit = self.about(row, agency, issued.day, problems, needed=True)
        due = self._due(row, issued.day, problems)
        kind = self._kind(row, due, problems)
        served = self.later_day(row, "served_on", issued.day, problems)
        complied = self._complied(row, issued.day, problems)
        if problems or issued.day is None:
            return Bad(problems)
        office = ref.agency if ref is not None and not self.line(row, "agency") else agency
        about = ref.key if ref is not None else unit.identity if unit is not None else ""
        key = rules.source_key("order", office.pk, own, about, issued.day)
        if taken := self.papers.taken(office.pk, own, key, self.sheet, number):
            return Bad([(self.fields["number"], taken)])
        state = OrderState.SERVED if served else OrderState.ISSUED
        if complied:
            state = OrderState.COMPLIED
        elif served and due and due < self.today:
            state = OrderState.OVERDUE
        service = self.terms
        recheck = end_of_term(due, **_term(service["recheck_within"])) if due else None
        text = self.text(row, "text")
        chosen = self.classes.find("", text) if text else ""
        named = ref.unit_name if ref is not None else unit.name if unit is not None else ""
        return (
            number,
            self.sheet,
            key,
            ref.key if ref is not None else None,
            unit.seq if unit is not None else None,
            own,
            office.pk,
            kind,
            state,
            (self.line(row, "unit") or named)[:120],
            moment(issued.day, issued.at),
            due,
            end_of_term(issued.day, **_term(service["order_within"])),
            moment(served) if served else None,
            self.one_of(self.line(row, "served_how"), self.kind_words["served_how"]),
            self.line(row, "served_to")[:60],
            recheck,
            complied,
            chosen.code if isinstance(chosen, Classed) else "",
            text[:1000],
            self.trace(number, row, [], text=text[:1000]),
        )

    def _due(self, row: Row, issued: date | None, problems: list[Problem]) -> date | None:
        if issued is None or "due" not in self.fields or rules.is_empty(row[self.fields["due"]]):
            return None
        position = self.fields["due"]
        when = rules.read_term(row[position], found_on=issued, words=self.words, year=self.year)
        said = rules.as_text(row[position])
        if when.problem:
            problems.append((position, sentences.date_sentence(when.problem, said)))
        elif when.day is not None and when.day < issued:
            problems.append((position, sentences.date_sentence("order", said)))
        return when.day

    def _kind(self, row: Row, due: date | None, problems: list[Problem]) -> str:
        said = self.line(row, "kind")
        words = {"timed": self.kind_words["timed"], "immediate": self.kind_words["at_once"]}
        kind = self.one_of(said, words) or ("timed" if due is not None else "immediate")
        if kind == "timed" and due is None and not problems:
            position = self.fields.get("due", self.fields.get("kind"))
            problems.append((position, _("责令限期改正没有写改正期限，请补填。")))
        return kind

    def _complied(self, row: Row, issued: date | None, problems: list[Problem]) -> date | None:
        """Return the day on which an order was obeyed, or None; a tick without a day means the day of the order."""
        done = None
        if "complied" in self.fields:
            position = self.fields["complied"]
            read = rules.read_rectified(row[position], self.words, year=self.year)
            if read.problem:
                problems.append((position, sentences.unclear_rectification(rules.as_text(row[position]))))
            done = read.done
            if read.on is not None:
                return read.on
        on = self.later_day(row, "complied_on", issued, problems)
        if on is not None and done is False:
            problems.append((self.fields["complied_on"], sentences.contradiction()))
        return on or (issued if done else None)


def _term(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {"amount": entry["amount"], "unit": entry["unit"]}


@dataclass(frozen=True, slots=True)
class Offence:
    """What a fine was for, as far as the rulebook knows it; `note` when the agency had no power over it."""

    key: str
    edition: date
    article: str
    class_code: str
    top_class: str
    note: str
    doubts: tuple[str, ...]


class Offences:
    """Finds the offence of rulebooks/penalties that the words of a ledger mean."""

    def __init__(self, classes: ClassFinder):
        self.classes = classes
        self._editions = [
            (content["effective_from"], penalty_rules.read(content))
            for _start, _end, content in rulebooks.editions("penalties")
        ]
        self._known: dict[tuple[Any, ...], Offence] = {}

    def find(
        self, said: str, article: str, office: Organisation, on: date, amount: Decimal | None
    ) -> Offence:
        """Return the offence that a cell names, in the edition of the day of the decision."""
        asked = (said, article, office.kind, on, amount)
        if asked not in self._known:
            self._known[asked] = self._find(said, article, office, on, amount)
        return self._known[asked]

    def _find(
        self, said: str, article: str, office: Organisation, on: date, amount: Decimal | None
    ) -> Offence:
        edition, offences = next(
            (line for line in reversed(self._editions) if line[0] <= on), self._editions[0]
        )
        key = name_key(said)
        chosen: Any = self.classes.find(said, said) if said else ""
        code = chosen.code if isinstance(chosen, Classed) else ""
        top = self.classes.classes[code].groups[0][0] if code else ""
        found = next((o for o in offences.values() if key and key in (o.key, name_key(o.name))), None)
        if found is None:
            fitting = [o for o in offences.values() if (code and o.follows_from(code)) or _named_in(o, key)]
            # Of several the one that this agency may decide, and of those the one whose range holds the fine.
            fitting.sort(
                key=lambda o: (not penalty_rules.who_may(o, office.kind, on).may, not _holds(o, amount))
            )
            found = fitting[0] if fitting else None
        if found is None:
            return Offence(OTHER_OFFENCE, edition, article[:80], code, top, "", ("offence_unknown",))
        if not code and found.hazards:
            code = found.hazards[0]
            top = self.classes.classes[code].groups[0][0] if code in self.classes.classes else ""
        note = ""
        doubts: tuple[str, ...] = ()
        if not penalty_rules.who_may(found, office.kind, on).may:
            doubts = ("no_power",)
            kinds = rulebooks.load("organisations", on=on)["kinds"]
            note = _(
                "“%(offence)s”不在“%(office)s”的处罚权限内，应由%(agencies)s决定；已按原样录入，请核对。"
            ) % {
                "offence": found.name,
                "office": office.name,
                "agencies": _("、").join(kinds[k]["name"] for k in found.agencies if k in kinds),
            }
        return Offence(found.key, edition, article[:80] or found.article, code, top, note, doubts)


def _named_in(offence: penalty_rules.Offence, key: str) -> bool:
    """Say whether what was written is a good part of an offence's name."""
    return len(key) >= 6 and key in name_key(offence.name)


def _holds(offence: penalty_rules.Offence, amount: Decimal | None) -> bool:
    if amount is None:
        return offence.warning
    return any(r.least <= amount <= (r.serious or r.most) for r in offence.parties.values())


class FineCheck(PaperCheck):
    """Turns a row of fines into a tuple of FINE_COLUMNS, or Bad. A person's name is sealed and kept masked."""

    def __init__(
        self, *args: Any, papers: Papers, offences: Offences, pay_within: Mapping[str, Any], **shared: Any
    ):
        super().__init__(*args, **shared)
        self.papers = papers
        self.offences = offences
        self.pay_within = pay_within
        self.kind_words = self.book["kinds"]["fines"]
        self.companies = {
            name_key(name): pk
            for pk, name in Organisation.objects.filter(kind="property_company", active=True).values_list(
                "pk", "name"
            )
        }

    def __call__(self, number: int, row: Row) -> tuple[Any, ...] | Bad:
        problems: list[Problem] = []
        doubts: list[str] = []
        own = self.paper_number(row, _("决定书文号"), problems)
        decided = self.day(row, "decided_on", problems)
        if decided.day is None and all(p != self.fields["decided_on"] for p, _s in problems):
            problems.append((self.fields["decided_on"], sentences.needed(_("决定日期"))))
        said = self.line(row, "penalty")
        warned = any(word in said for word in self.kind_words["warning"])
        amount = self._amount(row, "amount", problems)
        if amount is None and not warned and all(p != self.fields["amount"] for p, _s in problems):
            problems.append((self.fields["amount"], sentences.needed(_("罚款金额"))))
        agency = self.agency(row, problems)
        party = self.line(row, "party") or self.line(row, "unit")
        if not party:
            position = self.fields.get("party", self.fields.get("unit"))
            problems.append((position, sentences.needed(_("被处罚人"))))
        paid_on = self.later_day(row, "paid_on", decided.day, problems)
        paid = self._paid(row, amount, paid_on, problems)
        filed = self.day(row, "filed_on", problems).day if self.text(row, "filed_on") else None
        if filed is not None and decided.day is not None and filed > decided.day:
            problems.append((self.fields["filed_on"], _("立案日期晚于决定日期，请核对。")))
        if agency is None:
            return Bad(problems)
        ref, unit = self.about(row, agency, decided.day, problems, needed=False)
        if problems or decided.day is None:
            return Bad(problems)
        key = rules.source_key("fine", agency.pk, own, decided.day, amount)
        if taken := self.papers.taken(agency.pk, own, key, self.sheet, number):
            return Bad([(self.fields["number"], taken)])
        what = self.line(row, "offence") or self.line(row, "facts")[:60]
        offence = self.offences.find(what, self.line(row, "article"), agency, decided.day, amount)
        doubts += offence.doubts
        if offence.note:
            self.note(number, offence.note)
        person = self._is_person(row, party, unit)
        sealed = shown = None
        if person:
            identity = self.line(row, "party_number")
            sealed = escrow.seal({"name": party, **({"number": identity} if identity else {})})
            shown = masked(party)
        spot = any(word in self.line(row, "way") for word in self.kind_words["spot"])
        whole = amount is not None and paid == amount
        return (
            number,
            self.sheet,
            key,
            ref.key if ref is not None else None,
            unit.seq if unit is not None else None,
            own,
            agency.pk,
            agency.kind,
            offence.key,
            offence.edition,
            offence.article,
            self._procedure(row),
            PenaltyState.PAID if whole else PenaltyState.DECIDED,
            "person" if person else "unit",
            (shown or party)[:120],
            sealed,
            None if person else self.companies.get(name_key(party)),
            (self.text(row, "facts") or what)[:2000],
            offence.class_code,
            offence.top_class,
            warned,
            amount,
            moment(filed or decided.day),
            moment(decided.day, decided.at),
            decided.day,
            end_of_term(decided.day, **_term(self.pay_within)) if amount is not None else None,
            paid,
            paid_on if whole else None,
            paid_on,
            "spot" if spot else "bank",
            (self.line(row, "receipt") or own)[:60],
            self.officers.of(agency.pk, self.line(row, "officers"), self.line(row, "badges")),
            self.trace(number, row, doubts),
        )

    def _amount(self, row: Row, field: str, problems: list[Problem]) -> Decimal | None:
        position = self.fields.get(field)
        if position is None or not self.text(row, field):
            return None
        read = rules.read_amount(row[position])
        if read.problem:
            problems.append((position, sentences.amount_sentence(read, rules.as_text(row[position]))))
            return None
        return read.value

    def _paid(
        self, row: Row, amount: Decimal | None, paid_on: date | None, problems: list[Problem]
    ) -> Decimal:
        """Return how much was paid: as written, else all of it when there is a day of payment."""
        written = self._amount(row, "paid_amount", problems)
        if written is not None and paid_on is None and not problems:
            position = self.fields.get("paid_on", self.fields["paid_amount"])
            problems.append((position, _("写了缴款金额，没有写缴款日期，请补填。")))
        if written is not None and amount is not None and written > amount:
            problems.append(
                (self.fields["paid_amount"], _("缴款金额多于罚款金额，请核对；加处罚款不计在内。"))
            )
        if paid_on is None:
            return Decimal(0)
        return written if written is not None else amount or Decimal(0)

    def _is_person(self, row: Row, party: str, unit: Named | None) -> bool:
        said = self.line(row, "party_kind")
        if any(word in said for word in self.kind_words["organisations"]):
            return False
        if any(word in said for word in self.kind_words["persons"]):
            return True
        if unit is not None and name_key(unit.name) == name_key(party):
            return False
        return rules.is_person(party, organisation_words=self.book["organisation_words"])

    def _procedure(self, row: Row) -> str:
        words = {"simple": self.kind_words["simple"], "ordinary": self.kind_words["ordinary"]}
        return self.one_of(self.line(row, "procedure"), words) or "ordinary"
