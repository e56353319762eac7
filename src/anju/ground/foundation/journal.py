"""The append-only record of who did what to what, when, and on which basis.

`record` writes the event beside the act, in the caller's transaction, then tells every listener by name, in the
same transaction. A database trigger refuses UPDATE and DELETE. An event written with an idempotency key is also
the receipt of that request: the same key again finds it (`receipt`), so a retry never acts twice.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Protocol

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.utils.translation import gettext as _

from .models import Event
from .refusals import Conflict


class Trace(Protocol):
    """Whoever acts: an access.Actor, a resident without an account, or the system itself."""

    @property
    def account_id(self) -> int | None: ...
    @property
    def kind(self) -> str: ...  # account | public | system
    @property
    def name(self) -> str: ...
    @property
    def post(self) -> str: ...


Listener = Callable[[Event], None]
_listeners: dict[str, list[Listener]] = defaultdict(list)


def hears(name: str) -> Callable[[Listener], Listener]:
    """Subscribe the decorated function to an event name; it runs in the recording transaction."""

    def subscribe(listener: Listener) -> Listener:
        if listener not in _listeners[name]:
            _listeners[name].append(listener)
        return listener

    return subscribe


def wiring() -> dict[str, list[str]]:
    """Say which listener hears which event: {event name: [dotted listener]}."""
    return {k: [f"{f.__module__}.{f.__qualname__}" for f in v] for k, v in sorted(_listeners.items()) if v}


def digest(payload: Any) -> str:
    """Return the SHA-256 hex of a payload in canonical JSON, to tell a retry from another request."""
    text = json.dumps(payload, sort_keys=True, ensure_ascii=False, cls=DjangoJSONEncoder, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def record(
    name: str,
    *,
    subject: models.Model | None,
    by: Trace,
    at: datetime,
    note: str = "",
    basis: str = "",
    data: dict[str, Any] | None = None,
    key: str = "",
    key_digest: str = "",
) -> Event:
    """Append one event and tell its listeners. Must run inside the transaction of the act itself.

    name        "room.verb_in_past_or_act", e.g. "cases.close"
    subject     the record acted upon; its label and pk are stored, no foreign key (news does not hold things up)
    key         the request's idempotency key, unique for each actor
    key_digest  digest() of the request, so that the same key with other contents is refused
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError(f"{name}: an event must be recorded in the transaction of its act")
    event = Event(
        name=name,
        subject_type=subject._meta.label_lower if subject is not None else "",
        subject_id=subject.pk if subject is not None else None,
        actor_kind=by.kind,
        actor_id=by.account_id,
        actor_name=by.name,
        actor_post=by.post,
        at=at,
        note=note,
        basis=basis,
        data=data or {},
        request_key=key or None,
        request_digest=key_digest,
    )
    event.save(force_insert=True)
    for listener in _listeners.get(name, ()):
        listener(event)
    return event


def origin(by: Trace) -> dict[str, str]:
    """Return from which address somebody acts, as the data of an act of access keeps it; {} when it is not known."""
    address = getattr(by, "address", "")
    return {"address": address} if address else {}


def receipt(*, by: Trace, key: str, key_digest: str) -> Event | None:
    """Return the event that an earlier request with this key left, or None.

    Raises Conflict when the key was used for a request with other contents.
    """
    if not key:
        return None
    found = Event.objects.filter(actor_scope=actor_scope(by), request_key=key)
    event = next(iter(found.only("subject_type", "subject_id", "request_digest")), None)
    if event and event.request_digest != key_digest:
        raise Conflict(
            _("这个请求编号已用于另一次不同的提交，请重新打开页面再提交。"), code="idempotency_conflict"
        )
    return event


def actor_scope(by: Trace) -> int:
    """Return the number within which idempotency keys are unique: the account, or 0 for everybody else."""
    return by.account_id or 0


def events_of(*subjects: models.Model) -> list[Event]:
    """List the events of one record (or several), oldest first."""
    return list(Event.objects.filter(_any_of(subjects)).order_by("at", "id"))


def _any_of(subjects: Iterable[models.Model]) -> models.Q:
    found = models.Q(pk__in=[])
    for subject in subjects:
        found |= models.Q(subject_type=subject._meta.label_lower, subject_id=subject.pk)
    return found


def events_named(subject: models.Model, name: str) -> models.QuerySet[Event]:
    """Return the events of one name on one record, oldest first."""
    return Event.objects.filter(
        subject_type=subject._meta.label_lower, subject_id=subject.pk, name=name
    ).order_by("id")
