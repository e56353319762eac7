"""Following a matter by its code. The code is the only key to it, so nobody may try codes until one fits."""

from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from anju.ground.access import escrow
from anju.ground.foundation import patience, rulebooks
from anju.ground.foundation.devices import Device
from anju.ground.foundation.refusals import NotFound, Refusal

from .. import queries

FOLLOW = "follow"


class TooManyTries(Refusal):
    """So many wrong codes that the next one is not even looked up for a while."""

    code = "too_many_tries"
    status = 429


def follow(*, code: str, origin: str, at: datetime, device: Device | None = None) -> queries.PublicProgress:
    """Return what the holder of a code may know; a device that has rightly used the code is never held up.

    Raises NotFound for a code that does not exist, which counts against device and address; TooManyTries by
    `abuse.follow` of the rulebook: then a right code is refused as well, or the refusal would tell it.
    """
    if device is not None and device.knows(FOLLOW, code):
        return queries.progress(code, at=at)
    book = rulebooks.load("deadlines", on=timezone.localtime(at).date())["abuse"]
    guard = patience.Guard(FOLLOW, device, escrow.fingerprint(origin), patience.Limits.of(book["follow"]), at)
    if seconds := guard.wait():
        raise TooManyTries(
            _("这里输错查询码的次数太多，请等%(wait)s再试。急事请拨打 119 或 12345。")
            % {"wait": patience.say_wait(seconds)},
            field="code",
            data={"retry_after": seconds},
        )
    try:
        found = queries.progress(code, at=at)
    except NotFound:
        guard.note()
        raise
    if device is not None:
        device.learn(FOLLOW, code)
    return found
