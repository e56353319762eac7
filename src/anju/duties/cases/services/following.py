"""Following a matter by its code. The code is the only key to it, so nobody may try codes until one fits."""

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from anju.ground.access import escrow
from anju.ground.foundation import rulebooks
from anju.ground.foundation.refusals import NotFound, Refusal

from .. import queries
from ..models import FollowMiss


class TooManyTries(Refusal):
    """So many wrong codes from one address that the next one is not even looked up."""

    code = "too_many_tries"
    status = 429


def follow(*, code: str, origin: str, at: datetime) -> queries.PublicProgress:
    """Return what the holder of a code may know; each miss counts against the address it came from.

    Raises NotFound for a code that does not exist, TooManyTries after `abuse.follow_tries_per_hour` of them: then
    a code that exists is refused as well, or the refusal would tell the right code from the wrong ones.
    """
    mark = escrow.fingerprint(origin)
    limit = rulebooks.load("deadlines", on=timezone.localtime(at).date())["abuse"]["follow_tries_per_hour"]
    if FollowMiss.objects.filter(origin=mark, at__gt=at - timedelta(hours=1)).count() >= limit:
        raise TooManyTries(
            _("这里输错查询码的次数太多，请过一小时再试。急事请拨打 119 或 12345。"), field="code"
        )
    try:
        return queries.progress(code, at=at)
    except NotFound:
        FollowMiss.objects.create(origin=mark, at=at)
        # What no longer counts need not be kept: an address, even as a fingerprint, is personal.
        FollowMiss.objects.filter(at__lt=at - timedelta(hours=1)).delete()
        raise
