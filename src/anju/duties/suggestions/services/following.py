"""The deputy's own page by a code. The code is the only key to it, so nobody may try codes until one fits."""

from datetime import datetime

from django.utils.translation import gettext as _

from anju.ground.access import escrow
from anju.ground.foundation import patience
from anju.ground.foundation.devices import Device
from anju.ground.foundation.refusals import NotFound, Refusal

from .. import queries
from ..queries import book

KIND = "deputy"


class TooManyTries(Refusal):
    """So many wrong codes that the next one is not even looked up for a while."""

    code = "too_many_tries"
    status = 429


def follow(*, code: str, origin: str, at: datetime, device: Device | None = None) -> queries.DeputyView:
    """Return what the holder of a code may know; a device that has rightly used the code is never held up.

    After too many wrong ones a code that exists is refused as well, or the refusal would tell the right from the wrong.
    """
    if device is not None and device.knows(KIND, code):
        return queries.deputy_view(code, at=at)
    limits = patience.Limits.of(book.of(at)["abuse"])
    guard = patience.Guard(KIND, device, escrow.fingerprint(origin), limits, at)
    if seconds := guard.wait():
        raise TooManyTries(
            _("这里输错查询码的次数太多，请等%(wait)s再试，或致电主办单位。")
            % {"wait": patience.say_wait(seconds)},
            field="code",
            data={"retry_after": seconds},
        )
    try:
        found = queries.deputy_view(code, at=at)
    except NotFound:
        guard.note()
        raise
    if device is not None:
        device.learn(KIND, code)
    return found
