"""Money for penalties: what is owed on a day, what came in, cash taken on the spot and handed in. Exact to the fen."""

from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from anju.duties.orders.queries import matters
from anju.ground.access.actors import Actor
from anju.ground.foundation import journal
from anju.ground.foundation.refusals import NotAllowedNow, NotFound, Refusal

from .. import rules
from ..models import Payment, Penalty
from ..queries.penalties import owed
from ..rules import STATE_LABELS, ZERO, PenaltyState
from . import penalties


@transaction.atomic
def record_payment(
    *,
    penalty_id: int,
    principal: Decimal,
    by: Actor,
    at: datetime,
    paid_on: date,
    receipt: str,
    surcharge: Decimal = ZERO,
    way: str = "bank",
    ground: str = "",
    key: str = "",
) -> Payment:
    """Record money received: principal and late surcharge apart; the penalty is paid when nothing is left of either.

    way     bank, or spot (cash taken on the spot: a small fine, or on a ground of the rulebook)
    Raises Refusal for more than is owed, for cash beyond the limit, or a receipt that was recorded before.
    """
    asked = journal.digest([penalty_id, str(principal), str(surcharge), paid_on, receipt, way])
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return Payment.objects.get(pk=known.data["payment"])
    penalty = penalties.locked(penalty_id, by=by)
    # Asked again behind the lock: the second of two equal requests waited there for the first.
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return Payment.objects.get(pk=known.data["payment"])
    penalties.require_turn(penalty, "penalties.payment", by=by)
    if penalty.state != PenaltyState.DECIDED or penalty.amount is None:
        raise NotAllowedNow(
            _("此案现在是“%(state)s”，没有待缴的罚款。") % {"state": STATE_LABELS[penalty.state]},
            data={"allowed": []},
        )
    if penalty.served_at is None:
        raise NotAllowedNow(_("决定书还没有送达，请先登记送达。"), data={"allowed": ["serve"]})
    today = matters.day_of(at)
    assert penalty.decided_on is not None
    if not penalty.decided_on <= paid_on <= today:
        raise Refusal(_("缴款日期应在决定之后、今天以前，请核对。"), field="paid_on")
    if not receipt.strip():
        raise Refusal(_("请填写缴款凭证号。"), field="receipt")
    if penalty.payments.filter(receipt=receipt.strip()).exists():
        raise Refusal(_("这个凭证号已经登记过，请核对。"), field="receipt", code="receipt_twice")
    if principal < 0 or surcharge < 0 or principal + surcharge == 0:
        raise Refusal(_("请填写缴款金额。"), field="principal")
    due = owed(penalty, on=paid_on)
    if principal > due.principal:
        raise Refusal(
            _("尚欠罚款 %(left)s 元，登记的 %(given)s 元超出了。")
            % {"left": f"{due.principal:,.2f}", "given": f"{principal:,.2f}"},
            field="principal",
            data={"left": str(due.principal)},
        )
    if surcharge > due.surcharge:
        raise Refusal(
            _("到%(day)s应缴加处罚款 %(left)s 元，登记的 %(given)s 元超出了。")
            % {"day": paid_on.isoformat(), "left": f"{due.surcharge:,.2f}", "given": f"{surcharge:,.2f}"},
            field="surcharge",
            data={"left": str(due.surcharge)},
        )
    _check_cash(penalty, way=way, ground=ground, paid_on=paid_on)
    made = Payment.objects.create(
        penalty=penalty,
        principal=principal,
        surcharge=surcharge,
        paid_on=paid_on,
        way=way,
        receipt=receipt.strip()[:60],
        recorded_by=f"{by.post} {by.name}".strip()[:120],
        recorded_at=at,
    )
    penalty.paid_amount += principal
    if owed(penalty, on=paid_on).total == 0:
        penalty.state, penalty.paid_on = PenaltyState.PAID, paid_on
    penalty.save(update_fields=["paid_amount", "state", "paid_on"])
    journal.record(
        "penalties.pay",
        subject=penalty,
        by=by,
        at=at,
        note=_("罚款 %(p)s 元，加处罚款 %(s)s 元，凭证 %(receipt)s")
        % {"p": f"{principal:,.2f}", "s": f"{surcharge:,.2f}", "receipt": made.receipt},
        basis="cn-penalty-2021-67",
        data=matters.party_data(penalty)
        | {
            "payment": made.pk,
            "principal": str(principal),
            "surcharge": str(surcharge),
            "on": paid_on.isoformat(),
            "way": way,
            "ground": ground,
            "whole": penalty.state == PenaltyState.PAID,
        },
        key=key,
        key_digest=asked,
    )
    return made


def _check_cash(penalty: Penalty, *, way: str, ground: str, paid_on: date) -> None:
    if way == "bank":
        return
    if way != "spot":
        raise Refusal(_("请选择缴款方式。"), field="way")
    book = matters.book(penalty.edition)
    assert penalty.amount is not None
    if not rules.cash_allowed(book, penalty.amount, ground):
        raise Refusal(
            _("当场收缴现金限于 %(most)s 元以下的罚款，这一笔请到银行缴纳；有法定情形的，请选择情形。")
            % {"most": f"{rules.money(book['payment']['cash']['most']):,.2f}"},
            field="way",
            code="cash_limit",
        )
    if penalty.procedure != "simple" or paid_on != penalty.decided_on:
        raise Refusal(_("只有当场处罚、当场收缴的才能登记现金。"), field="way")


@transaction.atomic
def hand_in(*, payment_id: int, on: date, by: Actor, at: datetime, key: str = "") -> Payment:
    """Note that cash taken on the spot reached the bank (two workdays at most)."""
    asked = journal.digest([payment_id, on])
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return Payment.objects.get(pk=known.data["payment"])
    made = Payment.objects.filter(pk=payment_id, way="spot").first()
    if made is None:
        raise NotFound(_("没有找到这笔现金。"))
    penalty = penalties.locked(made.penalty_id, by=by)
    penalties.require_turn(penalty, "penalties.payment", by=by)
    if made.handed_in_on is not None:
        raise NotAllowedNow(_("这笔现金已经登记缴存。"), data={"allowed": []})
    if not made.paid_on <= on <= matters.day_of(at):
        raise Refusal(_("缴存日期应在收款之后、今天以前，请核对。"), field="on")
    made.handed_in_on = on
    made.save(update_fields=["handed_in_on"])
    journal.record(
        "penalties.hand_in",
        subject=penalty,
        by=by,
        at=at,
        basis="cn-penalty-2021-71",
        data={"payment": made.pk, "on": on.isoformat()},
        key=key,
        key_digest=asked,
    )
    return made
