"""What the papers of a penalty say: the party, the facts and their proof, who acted, what the party stated."""

from typing import Any

from django.utils.translation import gettext as _

from anju.duties.orders.models import Order
from anju.duties.orders.queries import matters
from anju.duties.orders.queries.matters import sentence
from anju.duties.orders.rules import OrderState
from anju.ground.access import escrow
from anju.means.documents.rules import Inspector, Party

from .. import rules
from ..models import Penalty
from ..queries.offences import names_a_penalty
from ..rules import Offence


def common(penalty: Penalty, offence: Offence, measure: Any) -> dict[str, Any]:
    """Return what notice and decisions say alike."""
    return {
        "organisation": penalty.agency.name,
        "party": party_of(penalty),
        "facts": sentence(penalty.facts),
        "evidence": evidence_of(penalty),
        "violated": matters.cited(offence.basis[:-1] or offence.basis),
        "basis": matters.cited(offence.basis[-1:]),
        "amount": measure.amount or rules.ZERO,
        "officers": tuple(Inspector(o.name, o.badge) for o in penalty.officers.order_by("pk")),
        "warning": measure.warning,
        "discretion": sentence(measure.reasons, ends=_("，")),
        "phone": penalty.agency.phone,
    }


def party_of(penalty: Penalty) -> Party:
    """Return the punished as a paper names them; opens the seal of a person, for the paper alone."""
    if penalty.party_sealed is None:
        known = penalty.company or penalty.unit
        return Party(
            name=penalty.party_name,
            uscc=known.uscc if known else "",
            legal_person=penalty.company.legal_person
            if penalty.company
            else penalty.unit.responsible
            if penalty.unit
            else "",
            address=known.address if known else "",
        )
    told = escrow.unseal(bytes(penalty.party_sealed))
    return Party(
        name=told["name"],
        is_unit=False,
        id_number=told.get("id_number", ""),
        address=told.get("address", ""),
        phone=told.get("phone", ""),
    )


def evidence_of(penalty: Penalty) -> tuple[str, ...]:
    """List in words what proves the offence: photos of the case, orders that stood."""
    found = []
    if penalty.case is not None:
        if photos := penalty.case.evidence.count():
            found.append(_("现场照片 %(n)d 张") % {"n": photos})
        stood = Order.objects.filter(lines__case=penalty.case).exclude(state=OrderState.VOID)
        found += [
            _("责令改正通知书 %(number)s") % {"number": number}
            for number in stood.exclude(written_number="").values_list("written_number", flat=True).distinct()
        ]
    if penalty.visit is not None:
        found.append(_("检查记录 %(number)s") % {"number": penalty.visit.number})
    return tuple(found) or (_("现场检查情况"),)


def other(offence: Offence) -> str:
    """Say what else is ordered by the decision itself."""
    return offence.also if names_a_penalty(offence) else ""


def heard(penalty: Penalty) -> str:
    """Say for the decision what the party stated and what was made of it."""
    said = sentence(penalty.statement)
    if said and penalty.statement_answer:
        said += _("经复核：%(answer)s") % {"answer": sentence(penalty.statement_answer)}
    return _("当事人陈述：%(said)s") % {"said": said} if said else ""
