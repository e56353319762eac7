"""What enforcement lays beside a case on its page: its papers, the acts that begin there, its transfers."""

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.duties.cases.models import Case
from anju.ground.foundation.beside import Act, Beside, Paper
from anju.ground.foundation.jinja import date_iso, number

from . import queries, transfer_queries
from .rules import ORDER_KINDS, ORDER_LABELS, TRANSFER_LABELS


def of_case(request: HttpRequest, case: Case) -> Beside:
    """Return what enforcement has on a case, and what the reader may begin on it."""
    actor = request.actor  # type: ignore[attr-defined]
    law = queries.of_case(case, actor)
    found = Beside(papers=_papers(law), acts=_acts(law, case))
    transfers = transfer_queries.of_case(actor, case.pk) if actor.has("enforcement.watch") else []
    if transfers:
        context = {"transfers": transfers, "words": TRANSFER_LABELS, "now": timezone.now()}
        found.panels.append(render_to_string("enforcement/transfers_of_case.html", context))
    if case.is_open and transfer_queries.under_way([case.pk]):
        found.marks.append((_("移送办理"), "wait"))
    return found


def _papers(law: queries.OfCase) -> list[Paper]:
    found = []
    for order in law.orders:
        said = [str(ORDER_KINDS[order.kind]), str(ORDER_LABELS[order.state]), date_iso(order.due_on)]
        forms = (("PDF", "documents:pdf"), ("Word", "documents:docx")) if order.document_id else ()
        links = tuple((label, reverse(name, args=[order.document_id])) for label, name in forms)
        title = order.written_number or _("口头责令")
        found.append(Paper(title, reverse("enforcement:order", args=[order.pk]), _dotted(*said), links))
    for penalty in law.penalties:
        amount = "" if penalty.amount is None else _("%(n)s 元") % {"n": number(penalty.amount, 2)}
        note = _dotted(penalty.party_name, amount, queries.state_of(penalty))
        title = penalty.written_number or _("处罚案件")
        found.append(Paper(title, reverse("enforcement:penalty", args=[penalty.pk]), note))
    for sealing in law.sealings:
        until = _("已解除") if sealing.lifted_at else _("至 %(d)s") % {"d": date_iso(sealing.until)}
        title = sealing.written_number or _("临时查封")
        found.append(
            Paper(title, reverse("enforcement:sealing", args=[sealing.pk]), _dotted(sealing.part, until))
        )
    return found


def _dotted(*said: str) -> str:
    return " · ".join(part for part in said if part)


def _acts(law: queries.OfCase, case: Case) -> list[Act]:
    offered = (
        (law.may_order, _("责令改正"), "order_new", "file"),
        (law.may_punish, _("立案处罚"), "penalty_new", ""),
        (law.may_seal, _("临时查封"), "sealing_new", ""),
        (law.may_transfer, _("移送"), "transfer_new", "out"),
    )
    return [
        Act(label, f"{reverse(f'enforcement:{name}')}?case={case.pk}", icon)
        for may, label, name, icon in offered
        if may
    ]
