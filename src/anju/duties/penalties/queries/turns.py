"""What waits: penalties whose next act is the own agency's, by the powers of the post, or the punished company's."""

from datetime import datetime

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from anju.ground.access.actors import Actor
from anju.ground.foundation.desk import Wait

from ..models import PenaltyOfficer
from ..rules import PenaltyState


def _not_own(actor: Actor) -> Q:
    """Leave out what the reader handled: nobody decides that."""
    officers = PenaltyOfficer.objects.filter(
        Q(person_id=actor.person_id) | Q(name=actor.name), penalty=OuterRef("pk")
    )
    return ~Q(handlers__contains=[actor.account_id or 0]) & ~Q(Exists(officers))


def of_penalties(at: datetime) -> list[Wait]:
    """Say what is awaited on penalties, of the agency by the powers of the post."""
    on, s = timezone.localdate(at), PenaltyState
    filed, noticed, decided = Q(state=s.FILED), Q(state=s.NOTICED), Q(state=s.DECIDED)
    with_head, owing = Q(with_head_since__isnull=False), Q(amount__isnull=False)
    heard = ~Q(statement="") | Q(statement_until__lt=on)
    head, own = ("agency", "penalties.approve"), ("agency", "penalties.punish")
    return [
        Wait("spare", filed & with_head, *head, "decide_by", _("办理不予处罚（不满十四周岁）"), _not_own),
        Wait("decide", noticed & with_head, *head, "decide_by", of=_not_own),
        Wait("decide_simple", filed & Q(procedure="simple") & ~with_head, *own, "decide_by"),
        Wait("give_notice", filed & ~Q(procedure="simple") & ~with_head, *own, "decide_by"),
        Wait("propose", noticed & ~with_head & heard, *own, "decide_by"),
        Wait("record_hearing", Q(state=s.HEARING, hearing_on__lte=on), *own, "hearing_on"),
        Wait("serve", decided & Q(served_at=None), *own, "serve_by"),
        Wait(
            "pay",
            decided & owing & Q(pay_by__lt=on),
            "agency",
            "penalties.payment",
            "pay_by",
            _("催缴，登记缴款"),
            climbs=False,  # the term is the party's
        ),
        # It is paid at the bank: no button of ours does it.
        Wait(
            "",
            decided & owing & Q(served_at__isnull=False),
            "company",
            "orders.obey",
            "pay_by",
            _("缴纳罚款"),
            climbs=False,
        ),
    ]
