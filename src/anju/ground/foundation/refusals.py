"""Failures that a person can cause, each said in one clear sentence beside the button.

A Refusal is not a bug: it is shown to the user, rolls the transaction back, and is not logged as an error.
Everything else that goes wrong is a bug and surfaces as one.
"""

from collections.abc import Mapping
from typing import Any


class Refusal(Exception):
    """Something the user asked for cannot be done; says what is wrong and what to do instead.

    code   a stable machine word for the API (English, snake_case)
    field  the form field or column the sentence belongs to, when there is one
    data   facts a machine may want (allowed acts, limits, the other record's number)
    """

    code = "refused"
    status = 422

    def __init__(
        self,
        sentence: Any,
        *,
        field: str | None = None,
        data: Mapping[str, Any] | None = None,
        code: str = "",
    ):
        super().__init__(sentence)
        self.sentence = sentence
        self.field = field
        self.data = dict(data or {})
        if code:
            self.code = code

    def __str__(self) -> str:
        return str(self.sentence)


class NotAllowedNow(Refusal):
    """The act exists but not in this state; `data["allowed"]` lists the acts that are possible."""

    code = "not_allowed_now"
    status = 409


class NotPermitted(Refusal):
    """The actor sees the record but lacks the power for this act."""

    code = "not_permitted"
    status = 403


class NotFound(Refusal):
    """The record does not exist, or the actor may not see it: the two are told apart nowhere."""

    code = "not_found"
    status = 404


class Conflict(Refusal):
    """The same idempotency key came with other contents, or somebody else was faster."""

    code = "conflict"
    status = 409


class NeedsConfirmation(Refusal):
    """Doubtful but possible: the user may confirm with a reason; `data["confirm"]` names the field to send."""

    code = "needs_confirmation"
    status = 409


def show(form: Any, refusal: Refusal, *, field: str | None = None) -> None:
    """Put a refusal beside its field of a Django form (or the one given), or above the form."""
    field = field or refusal.field
    form.add_error(field if field in form.fields else None, str(refusal))
