"""The deputy's own page by a code. The code is the only key to it, so nobody may try codes until one fits."""

from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from anju.ground.access import escrow
from anju.ground.foundation.refusals import NotFound, Refusal

from .. import queries
from ..models import DeputyCodeMiss
from ..queries import book


class TooManyTries(Refusal):
    """So many wrong codes from one address that the next one is not even looked up."""

    code = "too_many_tries"
    status = 429


def follow(*, code: str, origin: str, at: datetime) -> queries.DeputyView:
    """Return what the holder of a code may know; each miss counts against the address it came from.

    After too many of them a code that exists is refused as well, or the refusal would tell the right from the wrong.
    """
    mark = escrow.fingerprint(origin)
    limit = book.of(at)["abuse"]["code_tries_per_hour"]
    hour = at - timedelta(hours=1)
    if DeputyCodeMiss.objects.filter(origin=mark, at__gt=hour).count() >= limit:
        raise TooManyTries(_("这里输错查询码的次数太多，请过一小时再试，或致电主办单位。"), field="code")
    try:
        return queries.deputy_view(code, at=at)
    except NotFound:
        DeputyCodeMiss.objects.create(origin=mark, at=at)
        DeputyCodeMiss.objects.filter(at__lt=hour).delete()
        raise
