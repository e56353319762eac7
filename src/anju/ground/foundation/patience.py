"""Limits against abuse that do not hit the innocent: they know devices, ask for patience first, and refuse last.

A network address is a household, an office hall or a whole telephone network; a device is a random number in a signed
cookie. Whoever tries too often on one device waits, longer each time. Many tries from devices that nobody knows, at one
address, make all unknown devices there wait a little before they may try, and at last refuse them; a device that has
shown that it belongs to somebody (it reported, it had a right code) is never held up for what others do at its address.
Waiting is done by the client (`Retry-After`), never by a worker.

Tries are forgotten with the window that counts them: an address, even as a fingerprint, is personal.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from django.utils.translation import ngettext

from .devices import Device
from .models import Try

NAMES = (
    "within", "device_free", "first_wait", "longest_wait", "address_free", "address_patience", "address_most",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Limits:
    """What a rulebook says of one kind of try; times in seconds.

    within            how long a try is counted
    device_free       so many tries of one device without waiting; the next one waits `first_wait` after the last, then
                      twice as long each time, `longest_wait` at most
    address_free      so many tries of unknown devices at one address before each unknown device there has to be
                      `address_patience` old
    address_most      so many before unknown devices there are refused until the window has moved on
    """

    within: int
    device_free: int
    first_wait: int
    longest_wait: int
    address_free: int
    address_patience: int
    address_most: int

    @classmethod
    def of(cls, book: Mapping[str, Any]) -> "Limits":
        """Read the limits from a rulebook's lines."""
        return cls(**{name: int(book[name]) for name in NAMES})


@dataclass(frozen=True, slots=True)
class Guard:
    """One kind of try, of one device at one address (as a fingerprint; "" when it came from no network)."""

    kind: str
    device: Device | None
    origin: str
    limits: Limits
    at: datetime

    def wait(self) -> int:
        """Return after how many seconds the next try will be let through; 0: now."""
        until = max(self._of_device(), self._of_address())
        return max(0, ceil((until - self.at).total_seconds()))

    def note(self) -> None:
        """Count a try, and forget those that no longer count."""
        if self.device is None and not self.origin:
            return
        Try.objects.create(
            kind=self.kind,
            device=self.device.pk if self.device else "",
            known=self._known,
            origin=self.origin,
            at=self.at,
        )
        Try.objects.filter(kind=self.kind, at__lte=self._since).delete()

    @property
    def _known(self) -> bool:
        return self.device is not None and self.device.known

    @property
    def _since(self) -> datetime:
        return self.at - timedelta(seconds=self.limits.within)

    def _of_device(self) -> datetime:
        if self.device is None:
            return self.at
        limits, counted = self.limits, Try.objects.filter(kind=self.kind, at__gt=self._since)
        # Twenty doublings are longer than any window.
        own = counted.filter(device=self.device.pk).order_by("-at").values_list("at", flat=True)
        last = list(own[: limits.device_free + 20])
        beyond = len(last) - limits.device_free
        if beyond < 0:
            return self.at
        return last[0] + timedelta(seconds=min(limits.first_wait * 2**beyond, limits.longest_wait))

    def _of_address(self) -> datetime:
        if not self.origin or self._known:
            return self.at
        limits = self.limits
        tries = Try.objects.filter(kind=self.kind, origin=self.origin, known=False, at__gt=self._since)
        counted = tries.count()
        if counted >= limits.address_most:
            oldest = tries.order_by("-at").values_list("at", flat=True)[limits.address_most - 1]
            return oldest + timedelta(seconds=limits.within)
        if counted < limits.address_free:
            return self.at
        made = self.device.since if self.device else self.at
        return made + timedelta(seconds=limits.address_patience)


def say_wait(seconds: int) -> str:
    """Say how long to wait, as one says it: 20秒, 3分钟."""
    if seconds < 90:
        return ngettext("%(n)s秒", "%(n)s秒", seconds) % {"n": seconds}
    minutes = ceil(seconds / 60)
    return ngettext("%(n)s分钟", "%(n)s分钟", minutes) % {"n": minutes}
