"""How allauth behaves here: nobody signs up by themselves, axes counts failures, the journal notes each sign-in."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from anju.ground.foundation import devices, journal, patience
from anju.ground.foundation.asked import address_of

from .actors import PUBLIC
from .services import named, tried_username

# Said by the page itself: no message is needed on top.
SILENT = frozenset({"account/messages/logged_in.txt", "account/messages/logged_out.txt"})


SIGN_IN = "sign_in"


def is_own_device(request: HttpRequest, credentials: dict[str, Any] | None = None) -> bool:
    """Say whether a login is tried where it has signed in before: failures of others do not lock it there (axes asks).

    Wrong passwords of the device itself do, as everywhere: after them the lock that all share holds for it, too.
    """
    guard = _own_device(request, credentials)
    return guard is not None and guard.wait() == 0


def _own_device(request: HttpRequest, credentials: dict[str, Any] | None) -> patience.Guard | None:
    device = devices.of(request)
    if not device.knows(SIGN_IN, tried_username(request, credentials)):
        return None
    cooling = int(settings.AXES_COOLOFF_TIME * 3600)
    limits = patience.Limits(
        within=cooling,
        device_free=settings.AXES_FAILURE_LIMIT,
        first_wait=cooling,
        longest_wait=cooling,
        address_free=0,
        address_patience=0,
        address_most=0,
    )
    return patience.Guard(SIGN_IN, device, "", limits, timezone.now())


class AccountAdapter(DefaultAccountAdapter):
    """Sign-in for staff: accounts are opened by an administrator."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Leave counting of wrong passwords to axes, whose page says how long to wait."""

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        if (guard := _own_device(request, credentials)) is not None:
            guard.note()
        with transaction.atomic():
            journal.record(
                "access.sign_in_failed",
                subject=None,
                by=PUBLIC,
                at=timezone.now(),
                data={"username": str(credentials.get("username", ""))[:60], "address": address_of(request)},
            )

    def login(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        super().login(request, user)
        devices.of(request).learn(SIGN_IN, user.get_username())
        with transaction.atomic():
            journal.record(
                "access.signed_in",
                subject=user,
                by=named(user),  # type: ignore[arg-type]
                at=timezone.now(),
                data={"address": address_of(request)},
            )

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the address that allauth counts under: behind our proxies, not the proxy that all have in common."""
        return address_of(request)

    def set_password(self, user: Any, password: str) -> None:
        """Store a new password chosen by its owner, who then need not change it again."""
        with transaction.atomic():
            user.must_change_password = False
            super().set_password(user, password)
            journal.record(
                "access.password_changed",
                subject=user,
                by=named(user),
                at=timezone.now(),
                data={"address": address_of(self.request)},
            )

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("access:me")

    def add_message(
        self, request: HttpRequest, level: int, message_template: str | None = None, *args: Any, **kwargs: Any
    ) -> None:
        if message_template not in SILENT:
            super().add_message(request, level, message_template, *args, **kwargs)
