"""What this room lays elsewhere: on the journal's page what was given, on the desk what waits for a second person."""

from datetime import datetime
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from anju.ground.foundation import desk
from anju.ground.foundation.models import Event

from .actors import Actor
from .models import Grant
from .queries import power_labels
from .rules import KIND_LABELS, State


def granted(event: Event, said: dict[str, Any]) -> dict[str, Any]:
    """Say what an act of access gave: to whom, which post or login, with which powers, and from which address."""
    if not event.name.startswith("access.") and event.subject_type != "organisations.post":
        return {}
    data = event.data
    named = data.get("names") or [data.get(part) for part in ("person", "account", "username")]
    whom = [part for part in named if isinstance(part, str) and part]
    what = [str(KIND_LABELS[data["kind"]])] if data.get("kind") in KIND_LABELS else []
    labels = power_labels(data.get("powers") or (), on=timezone.localtime(event.at).date())
    return {
        "whom": " · ".join([*what, *whom]),
        "powers": _("、").join(labels),
        "address": data.get("address", ""),
    }


def waits(at: datetime) -> list[desk.Wait]:
    """Say which requests wait for a second person: what others ask, and not about themselves."""
    return [desk.Wait("confirm", Q(state=State.ASKED), "", "access.confirm", "", lazy("复核"), _a_third)]


def _a_third(actor: Actor) -> Q:
    return ~Q(asked_by_id=actor.person_id) & ~Q(person_id=actor.person_id)


def _line(grant: Grant) -> desk.Line:
    """Say how requests that take a second person read on the desk."""
    return desk.Line(
        f"{KIND_LABELS[grant.kind]} · {grant.person.name}",  # type: ignore[index]
        reverse("access:grants"),
        f"{grant.asked_by.name}: {grant.reason}",
    )


KIND = desk.Kind("grants", lazy("授权复核"), Grant, waits, _line, 90, related=("person", "asked_by"))
