"""What an event of the journal says of an act that gave somebody a power, a post or a login."""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from anju.ground.foundation.models import Event

from .queries import power_labels
from .rules import KIND_LABELS


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
