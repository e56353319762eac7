"""Money for penalties: what came in, cash taken on the spot and handed in. Exact to the fen."""

from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from anju.duties.orders.queries import matters
from anju.ground.foundation.acts import Child, Turn
from anju.ground.foundation.refusals import NotFound, Refusal

from .. import rules
from ..models import Payment, Penalty
from ..queries.penalties import owed
from .penalties import LOOP


@LOOP.verb("pay")
def record_payment(
    turn: Turn, *, principal: Decimal, surcharge: Decimal, paid_on: date, receipt: str, way: str, ground: str
) -> None:
    """Record money received: principal and late surcharge apart; the penalty is paid when nothing is left of either.

    way     bank, or spot (cash taken on the spot: a small fine, or on a ground of the rulebook)
    The answer is the payment. Raises Refusal for more than is owed, for cash beyond the limit, or a receipt that was
    recorded before.
    """
    penalty = turn.row
    if not penalty.decided_on <= paid_on <= turn.today:
        raise Refusal(_("缴款日期应在决定之后、今天以前，请核对。"), field="paid_on")
    if penalty.payments.filter(receipt=receipt).exists():
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
    if way == "spot":
        _check_cash(penalty, ground=ground, paid_on=paid_on)
    turn.made = Payment.objects.create(
        penalty=penalty,
        principal=principal,
        surcharge=surcharge,
        paid_on=paid_on,
        way=way,
        receipt=receipt,
        recorded_by=f"{turn.by.post} {turn.by.name}".strip()[:120],
        recorded_at=turn.at,
    )
    penalty.paid_amount += principal
    whole = owed(penalty, on=paid_on).total == 0
    if whole:
        penalty.paid_on = paid_on
        turn.follow("settle")
    turn.note = _("罚款 %(p)s 元，加处罚款 %(s)s 元，凭证 %(receipt)s") % {
        "p": f"{principal:,.2f}",
        "s": f"{surcharge:,.2f}",
        "receipt": receipt,
    }
    turn.facts = {
        "payment": turn.made.pk,
        "principal": str(principal),
        "surcharge": str(surcharge),
        "on": paid_on.isoformat(),
        "way": way,
        "ground": ground,
        "whole": whole,
    }


def _check_cash(penalty: Penalty, *, ground: str, paid_on: date) -> None:
    book = matters.book(penalty.edition)
    if not rules.cash_allowed(book, penalty.amount or rules.ZERO, ground):
        raise Refusal(
            _("当场收缴现金限于 %(most)s 元以下的罚款，这一笔请到银行缴纳；有法定情形的，请选择情形。")
            % {"most": f"{rules.money(book['payment']['cash']['most']):,.2f}"},
            field="way",
            code="cash_limit",
        )
    if penalty.procedure != "simple" or paid_on != penalty.decided_on:
        raise Refusal(_("只有当场处罚、当场收缴的才能登记现金。"), field="way")


@LOOP.verb("hand_in", child=Child(Payment, "penalty", "payment_id", lazy("没有找到这笔现金。")))
def hand_in(turn: Turn, *, on: date | None) -> None:
    """Note that cash taken on the spot reached the bank (two workdays at most)."""
    made, on = turn.child, on or turn.today
    if made.way != "spot":
        raise NotFound(_("没有找到这笔现金。"))
    if made.handed_in_on is not None:
        turn.refuse(_("这笔现金已经登记缴存。"))
    if not made.paid_on <= on <= turn.today:
        raise Refusal(_("缴存日期应在收款之后、今天以前，请核对。"), field="on")
    made.handed_in_on = on
    made.save(update_fields=["handed_in_on"])
    turn.facts = {"payment": made.pk, "on": on.isoformat()}
