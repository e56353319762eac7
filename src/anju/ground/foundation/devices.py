"""A visitor's device, told from others by a random number in a signed cookie; nothing of the visitor is in it.

The cookie is set only where limits against abuse need it (the public form, the pages by a code). It also keeps marks of
the codes that the device has rightly used, from which no code can be told.
"""

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import salted_hmac

COOKIE = "anju_device"
SALT = "anju.device"
KEPT_DAYS = 400  # as long as browsers keep one
MOST_KNOWN = 20
OWN_PAGE_SECONDS = 3600


@dataclass(slots=True)
class Device:
    """A device: its number, since when we know it, and marks of what it knows."""

    pk: str
    since: datetime
    marks: list[str] = field(default_factory=list)
    changed: bool = False

    @property
    def known(self) -> bool:
        """Say whether it has shown that it belongs to somebody: it reported, or had a right code."""
        return bool(self.marks)

    def knows(self, kind: str, code: str) -> bool:
        """Say whether it has rightly used this code before."""
        return self._mark(kind, code) in self.marks

    def learn(self, kind: str, code: str) -> None:
        """Remember that it rightly used a code; the oldest of many is forgotten."""
        mark = self._mark(kind, code)
        if mark not in self.marks:
            self.marks = [*self.marks, mark][-MOST_KNOWN:]
            self.changed = True

    def _mark(self, kind: str, code: str) -> str:
        return salted_hmac(
            f"{SALT}.{kind}", f"{self.pk}:{code.strip().upper()}", algorithm="sha256"
        ).hexdigest()[:16]


def new(*, at: datetime) -> Device:
    """Return a device that was never seen before."""
    return Device(secrets.token_hex(16), at, changed=True)


def of(request: HttpRequest) -> Device:
    """Return the device of a request, the same each time it is asked; one without a sound cookie is new."""
    found: Device | None = getattr(request, "_device", None)
    if found is None:
        found = _read(request.COOKIES.get(COOKIE, "")) or new(at=timezone.now())
        request._device = found  # type: ignore[attr-defined]
    return found


def _read(cookie: str) -> Device | None:
    try:
        told: Any = signing.loads(cookie, salt=SALT)
        return Device(str(told["pk"]), datetime.fromtimestamp(int(told["since"]), UTC), list(told["marks"]))
    except (signing.BadSignature, KeyError, TypeError, ValueError):
        return None


def keep(request: HttpRequest, response: HttpResponse) -> None:
    """Give the device its cookie, where a page has asked for it and it is new or has learnt something."""
    found: Device | None = getattr(request, "_device", None)
    if found is None or not found.changed:
        return
    told = {"pk": found.pk, "since": int(found.since.timestamp()), "marks": found.marks}
    response.set_cookie(
        COOKIE,
        signing.dumps(told, salt=SALT),
        max_age=KEPT_DAYS * 24 * 3600,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


# --- One's own page --------------------------------------------------------------------------------------------


def own_page_key(code: str) -> str:
    """Return what opens, for an hour and without a cookie, the page that shows a code to whoever was just given it."""
    return signing.dumps(code, salt=f"{SALT}.own_page")


def opens_own_page(key: str, code: str) -> bool:
    """Say whether this key was made for this code within the hour."""
    try:
        return signing.loads(key, salt=f"{SALT}.own_page", max_age=OWN_PAGE_SECONDS) == code
    except signing.BadSignature:
        return False
