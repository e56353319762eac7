"""Offences by the rulebook of a day: which can be chosen, who may decide them, how much, on which order they rest."""

from dataclasses import dataclass
from datetime import date

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from anju.duties.orders.models import Order
from anju.duties.orders.queries import matters
from anju.duties.orders.queries.matters import Matter, WrongAgency, kind_name
from anju.duties.orders.rules import RUNNING, OrderState
from anju.ground.foundation import citations
from anju.ground.foundation.citations import cite
from anju.ground.foundation.refusals import Refusal
from anju.ground.organisations.models import Organisation

from .. import rules
from ..models import Penalty
from ..rules import Offence


def offences(on: date) -> dict[str, Offence]:
    """Return the offences of the edition in force on a day."""
    return rules.read(matters.book(on))


def offence_of(penalty: Penalty) -> Offence:
    """Return the offence of a penalty by the edition it was judged by; one a ledger brought knows only its article."""
    known = rules.read(matters.book(penalty.edition)).get(penalty.offence)
    return known or Offence(
        key=penalty.offence, name=_("其他违法行为"), name_en=_("其他违法行为"), hazards=(), needs="absent",
        basis=(penalty.article,), agencies=(penalty.agency_kind,), parties={}, warning=False, elsewhere=False,
        also="", source="", since=None, until=None,
    )  # fmt: skip


def offence_name(offence: Offence) -> str:
    """Return the name of an offence in the reader's language."""
    return offence.name_en if (get_language() or "").startswith("en") else offence.name


def require_agency(offence: Offence, agency: Organisation, *, on: date) -> None:
    """Refuse an agency to which the offence does not belong; say who may, and offer the transfer."""
    answer = rules.who_may(offence, agency.kind, on)
    if answer.may:
        return
    if not offence.in_force(on):
        raise Refusal(_("这一条款在当天还没有施行或者已经失效，请选择其他违法行为。"), field="offence")
    raise WrongAgency(
        _("“%(offence)s”由%(who)s决定处罚（%(basis)s），%(own)s无权处罚。请固定证据、责令改正后移送。")
        % {
            "offence": offence_name(offence),
            "who": _("或").join(kind_name(kind, on=on) for kind in answer.agencies),
            "basis": citations.cite(answer.basis),
            "own": agency.name,
        },
        field="offence",
        data={
            "offer": "transfer",
            "to_kind": answer.to_kind,
            "agencies": list(answer.agencies),
            "offence": offence.key,
        },
    )


def standing_order(offence: Offence, matter: Matter, *, on: date) -> Order | None:
    """Return the order on which an offence of disobedience rests (拒不改正, 逾期不改正), or None."""
    about = Order.objects.filter(state__in=sorted(RUNNING))
    if matter.case_ids:
        about = about.filter(lines__case__in=matter.case_ids)
    elif matter.unit is not None:
        about = about.filter(unit=matter.unit)
    else:
        return None
    if offence.needs == "overdue":
        about = about.filter(state__in=[OrderState.SERVED, OrderState.OVERDUE], due_on__lt=on)
    return about.order_by("-issued_at").first()


def punished_before(company: Organisation | None, offence: str, *, on: date) -> bool:
    """Say whether a company was already punished for the same, within the limitation's years; cancelled is not."""
    if company is None:
        return False
    years = matters.book(on)["limitation"]["years"]
    earlier = Penalty.objects.filter(company=company, offence=offence, decided_on__year__gte=on.year - years)
    return earlier.filter(cancelled_on__isnull=True).exists()


def names_a_penalty(offence: Offence) -> bool:
    """Say whether what comes with a fine is itself ordered by the decision (责令停产停业, 责令停止使用)."""
    return offence.also.startswith(tuple(matters.book(date.max)["also_ordered"]))


@dataclass(frozen=True, slots=True)
class Choice:
    """One offence as the wizard shows it: its row of the rulebook, and whether the own agency may decide it."""

    offence: Offence
    name: str
    article: str
    amounts: list[tuple[str, str]]
    who: str
    may: bool
    to_kind: str
    fits: bool


def choices(agency_kind: str, class_code: str, *, on: date) -> list[Choice]:
    """List the offences that can be chosen on a day, those that follow from the class of hazard first."""
    found = rules.choices(offences(on).values(), class_code, on)
    return [choice(offence, agency_kind, class_code, on=on) for offence in found]


def choice(offence: Offence, agency_kind: str, class_code: str, *, on: date) -> Choice:
    """Describe one offence for the wizard."""
    answer = rules.who_may(offence, agency_kind, on)
    return Choice(
        offence=offence,
        name=offence_name(offence),
        article=cite(offence.article),
        amounts=[
            (_("个人") if p == "person" else _("单位"), amount_words(r, offence))
            for p, r in offence.parties.items()
        ],
        who=_("或").join(kind_name(kind, on=on) for kind in answer.agencies),
        may=answer.may,
        to_kind=answer.to_kind,
        fits=offence.follows_from(class_code),
    )


def amount_words(allowed: rules.Range, offence: Offence) -> str:
    """Say a range in words: 200 元, 5,000–50,000 元, 500 元以下, 合同价款的 30%–50%, 每日 10,000 元."""
    english = (get_language() or "").startswith("en")
    if allowed.of:
        what = allowed.of_en if english else allowed.of
        said = _("%(what)s的 %(least)s%%–%(most)s%%") % {
            "what": what,
            "least": f"{allowed.least_times * 100:.0f}",
            "most": f"{allowed.most_times * 100:.0f}",
        }
    elif allowed.per_day is not None:
        said = _("每日 %(n)s 元") % {"n": f"{allowed.per_day:,.0f}"}
    elif allowed.fixed:
        said = _("%(n)s 元") % {"n": f"{allowed.most:,.0f}"}
    elif allowed.least == 0:
        said = _("%(n)s 元以下") % {"n": f"{allowed.most:,.0f}"}
    else:
        said = _("%(least)s–%(most)s 元") % {"least": f"{allowed.least:,.0f}", "most": f"{allowed.most:,.0f}"}
    if allowed.serious is not None:
        said += _("，情节严重的至 %(n)s 元") % {"n": f"{allowed.serious:,.0f}"}
    return said
