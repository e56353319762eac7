"""The measures of penalties: fines decided and fines paid, and of these the old communities' e-bikes.

"罚款 75,594 元" is read as decided: by the day of the decision, whoever has paid. What was paid stands beside it.
Money is Decimal from the column to the page.
"""

from decimal import Decimal
from typing import Any

from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from anju.duties.cases.figures import class_names, top_class_names
from anju.duties.inspections.figures import AGENCY, AREAS, OLD, POLICE, UNIT, address_of, place_of
from anju.duties.inspections.rules import EBIKE
from anju.means.figures.models.tallies import Spec
from anju.means.figures.queries import registry
from anju.means.figures.queries.registry import Column, Dimension, Facts, Measure, Tallied, Window

from . import rules
from .models import Payment, Penalty

FINES_TALLY = Spec(
    name="fines",
    table="penalties_penalty",
    day="decided_on",
    where="cancelled_on IS NULL AND amount IS NOT NULL",
    dimensions=(("agency", "agency_kind"), ("old", "is_old_community"), ("class1", "top_class")),
    amount="amount",
)


def _yuan(amount: Decimal | None) -> str:
    return "" if amount is None else f"{amount:,.2f}"


def _dimensions(prefix: str) -> dict[str, Dimension]:
    def of(dimension: Dimension) -> Dimension:
        return Dimension(f"{prefix}{dimension.column}", dimension.field, dimension.label, dimension.names)

    text = UNIT.field
    return {
        "agency": of(AGENCY),
        "old": of(OLD),
        "class1": of(Dimension("top_class", text, _("大类"), top_class_names)),
        "class": of(Dimension("class_code", text, _("类别"), class_names)),
        "unit": of(UNIT),
    }


_LONG = ("facts", "statement", "statement_answer", "hearing_record", "reasons", "party_sealed")


def _where(row: Penalty) -> str:
    """Write where it happened, down to the stairwell when the case or the finding says so."""
    spot = next((found.place for found in (row.case, row.finding) if found is not None and found.place), "")
    return " ".join(
        part for part in (place_of(row), row.unit.name if row.unit is not None else "", spot) if part
    )


FINES = Facts(
    name="fines",
    label=_("处罚决定"),
    model=Penalty,
    guarded=Penalty,
    areas=AREAS,
    division="division",
    dimensions=_dimensions(""),
    columns=(
        Column("number", _("决定书文号"), lambda row: row.written_number or f"No.{row.pk}", "title"),
        Column("party", _("被处罚人"), lambda row: row.party_name),
        Column("place", _("地点"), _where),
        Column("agency", _("处罚部门"), lambda row: row.agency.name),
        Column("decided_on", _("决定日期"), lambda row: row.decided_on, "num"),
        Column("amount", _("罚款（元）"), lambda row: _yuan(row.amount), "num"),
        Column("state", _("状态"), lambda row: str(rules.STATE_LABELS.get(row.state, row.state))),
    ),
    related=("county", "street", "agency", "unit", "case", "finding"),
    unread=(*_LONG, "case__text", "case__search", "case__closing_text", "finding__text"),
    address=lambda row: address_of("penalties:penalty", row.pk),
    export="cases.export",
    order=("-decided_on", "-pk"),
    indexed=3,
)
PAYMENTS = Facts(
    name="payments",
    label=_("罚款缴纳"),
    model=Payment,
    guarded=Penalty,
    reach="penalty",
    areas={level: f"penalty__{column}" for level, column in AREAS.items()},
    division="penalty__division",
    dimensions=_dimensions("penalty__"),
    columns=(
        Column(
            "number",
            _("决定书文号"),
            lambda row: row.penalty.written_number or f"No.{row.penalty_id}",
            "title",
        ),
        Column("party", _("被处罚人"), lambda row: row.penalty.party_name),
        Column("place", _("地点"), lambda row: place_of(row.penalty)),
        Column("agency", _("处罚部门"), lambda row: row.penalty.agency.name),
        Column("paid_on", _("缴款日期"), lambda row: row.paid_on, "num"),
        Column("principal", _("罚款本金（元）"), lambda row: _yuan(row.principal), "num"),
        Column("surcharge", _("加处罚款（元）"), lambda row: _yuan(row.surcharge), "num"),
    ),
    related=("penalty__county", "penalty__street", "penalty__agency"),
    unread=tuple(f"penalty__{name}" for name in _LONG),
    address=lambda row: address_of("penalties:penalty", row.penalty_id),
    export="cases.export",
    order=("-paid_on", "-pk"),
)

_police = Q(agency_kind=POLICE)
_ebike = Q(is_old_community=True, top_class=EBIKE)


def decided(window: Window) -> Q:
    """Fined by a decision of the period that still stands."""
    return Q(
        decided_on__gte=window.first,
        decided_on__lt=window.after,
        cancelled_on__isnull=True,
        amount__isnull=False,
    )


def paid(window: Window) -> Q:
    """Received in the period for a decision that still stands."""
    return Q(paid_on__gte=window.first, paid_on__lt=window.after, penalty__cancelled_on__isnull=True)


def _by_decision(window: Window) -> Any:
    return F("decided_on")


def _by_payment(window: Window) -> Any:
    return F("paid_on")


_POLICE = ("agency", (POLICE,))
_EBIKE = (("old", ("true",)), ("class1", (EBIKE,)))

MEASURES = (
    Measure(
        name="fines_decided_yuan",
        label=_("罚款金额"),
        short=_("罚款"),
        definition=_(
            "期内公安派出所作出处罚决定的罚款金额合计，以决定日期为准；不论是否缴纳，已撤销的决定不计，加处罚款不计。"
        ),
        unit="yuan",
        facts=FINES,
        counts=lambda w: decided(w) & _police,
        weigh=F("amount"),
        date=_by_decision,
        by_day=True,
        tally=Tallied(FINES_TALLY, (_POLICE,), amount=True),
        needs="fines_decided",
        companions=("fines_decided", "fines_paid_yuan", "fines_decided_yuan_all"),
        word=_("元"),
        shelf="letter",
    ),
    Measure(
        name="fines_decided",
        label=_("罚款决定数"),
        short=_("罚款"),
        definition=_("期内公安派出所作出并仍然有效的罚款决定件数，以决定日期为准；只警告不罚款的不计。"),
        unit="count",
        facts=FINES,
        counts=lambda w: decided(w) & _police,
        date=_by_decision,
        by_day=True,
        tally=Tallied(FINES_TALLY, (_POLICE,)),
        companions=("fines_decided_yuan",),
        word=_("件"),
        shelf="letter",
    ),
    Measure(
        name="fines_paid_yuan",
        label=_("罚款缴纳金额"),
        short=_("缴纳"),
        definition=_(
            "期内收到的公安派出所罚款本金合计，以缴款日期为准，不论何时决定；加处罚款和已撤销的决定不计。"
        ),
        unit="yuan",
        facts=PAYMENTS,
        counts=lambda w: paid(w) & Q(penalty__agency_kind=POLICE),
        weigh=F("principal"),
        date=_by_payment,
        by_day=True,
        companions=("fines_decided_yuan",),
        word=_("元"),
        shelf="letter",
    ),
    Measure(
        name="ebike_fines_yuan",
        label=_("老旧小区电动车罚款金额"),
        short=_("电动车罚款"),
        definition=_("罚款金额中，处罚对象在老旧小区（以检查当日为准）、违法事项为电动自行车类的罚款合计。"),
        unit="yuan",
        facts=FINES,
        counts=lambda w: decided(w) & _police & _ebike,
        weigh=F("amount"),
        date=_by_decision,
        by_day=True,
        tally=Tallied(FINES_TALLY, (_POLICE, *_EBIKE), amount=True),
        part_of="fines_decided_yuan",
        needs="ebike_fines",
        companions=("ebike_fines",),
        word=_("元"),
        shelf="letter",
    ),
    Measure(
        name="ebike_fines",
        label=_("老旧小区电动车罚款决定数"),
        short=_("电动车罚款"),
        definition=_("罚款决定数中，处罚对象在老旧小区、违法事项为电动自行车类的件数。"),
        unit="count",
        facts=FINES,
        counts=lambda w: decided(w) & _police & _ebike,
        date=_by_decision,
        by_day=True,
        tally=Tallied(FINES_TALLY, (_POLICE, *_EBIKE)),
        part_of="fines_decided",
        companions=("ebike_fines_yuan",),
        word=_("件"),
        shelf="letter",
    ),
    Measure(
        name="fines_decided_yuan_all",
        label=_("各部门罚款金额"),
        short=_("各部门罚款"),
        definition=_("期内各部门作出处罚决定的罚款金额合计，算法与罚款金额相同。"),
        unit="yuan",
        facts=FINES,
        counts=decided,
        weigh=F("amount"),
        date=_by_decision,
        by_day=True,
        tally=Tallied(FINES_TALLY, amount=True),
        word=_("元"),
        shelf="letter",
    ),
)


def register() -> None:
    """Make the measures of this room known to the engine."""
    registry.register(*MEASURES)
