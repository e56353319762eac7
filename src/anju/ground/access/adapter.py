"""How allauth behaves here: nobody signs up by themselves, axes counts failures, the journal notes each sign-in."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from anju.ground.foundation import journal
from anju.ground.foundation.asked import address_of

from .actors import PUBLIC
from .services import named

# Said by the page itself: no message is needed on top.
SILENT = frozenset({"account/messages/logged_in.txt", "account/messages/logged_out.txt"})


class AccountAdapter(DefaultAccountAdapter):
    """Sign-in for staff: accounts are opened by an administrator."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Leave counting of wrong passwords to axes, whose page says how long to wait."""

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
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
        with transaction.atomic():
            journal.record(
                "access.signed_in",
                subject=user,
                by=named(user),  # type: ignore[arg-type]
                at=timezone.now(),
                data={"address": address_of(request)},
            )

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the address of a request as the rest of the house knows it, for the list of one's sessions."""
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
