"""What was typed, read into the verbs of a visit: the same for the desk and for the phone."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.ground.foundation import act_forms, acts
from anju.ground.foundation.act_forms import ActForm
from anju.ground.foundation.asked import whole
from anju.ground.foundation.refusals import NotFound
from anju.ground.organisations.models import Organisation

from .. import rules
from ..models import Visit
from ..services import checking
from ..services import visits as services
from ..services.visits import LOOP

MOST_PHOTOS = 9


class PlanForm(ActForm):
    """What planning a visit of a unit asks for."""

    def __init__(
        self, request: HttpRequest, *, offices: Sequence[Organisation], at: datetime, **initial: Any
    ):
        by, data = request.actor, request.POST or None  # type: ignore[attr-defined]
        super().__init__(LOOP, services.plan_visit.steps[0], None, by=by, at=at, data=data, initial=initial)
        del self.fields["unit_id"]
        self.fields["kind"].choices = list(rules.CHOSEN_KINDS.items())  # type: ignore[attr-defined]
        self.fields["agencies"].choices = [(o.pk, o.name) for o in offices]  # type: ignore[attr-defined]


def degrees(text: str | None) -> float | None:
    """Read a longitude or latitude; anything else is left out."""
    with suppress(ValueError):
        value = float(text or "")
        return value if -180 <= value <= 180 else None
    return None


def point_of(request: HttpRequest) -> tuple[float, float] | None:
    """Read where the sender stands, when they chose to say."""
    longitude, latitude = degrees(request.POST.get("longitude")), degrees(request.POST.get("latitude"))
    return (longitude, latitude) if longitude is not None and latitude is not None else None


def officer_ids(request: HttpRequest) -> list[int]:
    """Read the chosen officers."""
    return [pk for text in request.POST.getlist("officers") if (pk := whole(text)) is not None]


def photos_of(request: HttpRequest) -> list[checking.Upload]:
    """Read the photos that came along."""
    return [checking.Upload(file) for file in request.FILES.getlist("photos")[:MOST_PHOTOS]]


def answers_of(request: HttpRequest) -> dict[str, checking.Answer]:
    """Read the items of a checklist: r-<code> the result, n-<code> the note."""
    return {
        name[2:]: checking.Answer(str(value), request.POST.get(f"n-{name[2:]}", ""))
        for name, value in request.POST.items()
        if name.startswith("r-") and value
    }


def _found(request: HttpRequest) -> dict[str, Any]:
    same = request.POST.get("same", "").strip()
    return {"uploads": photos_of(request), "same_case_id": whole(same), "separate": same == "new"}


# What an act takes besides the fields that its step asks for, as pages send it.
_SENT: dict[str, Callable[[HttpRequest], dict[str, Any]]] = {
    "begin": lambda request: {"officer_ids": officer_ids(request), "point": point_of(request)},
    "check": lambda request: {"answers": answers_of(request)},
    "find": _found,
    "drop": lambda request: {"finding_id": whole(request.POST.get("finding")) or 0},
    "look": lambda request: {
        "case_id": whole(request.POST.get("case")) or 0,
        "uploads": photos_of(request),
        "insist": bool(request.POST.get("insist")),
    },
    "sign": lambda request: {
        "picture": request.FILES.get("signature"),
        "typed": bool(request.POST.get("typed")) if request.POST.get("drawable") else None,
    },
}
# The acts of a visit's page; its record is printed at an address of its own.
ACTS = tuple(act for act, verb in LOOP.verbs.items() if verb.steps[0].pressed and act != "print_record")


@transaction.atomic
def take(request: HttpRequest, visit_id: int, act: str, *, channel: str) -> Any:
    """Take an act of a visit with what was sent; return what its verb returns.

    channel  field (a phone) or staff (a desk)
    A signature that also finishes the visit (`finish` ticked) is one transaction: either both happen or neither.
    """
    if act not in ACTS:
        raise NotFound(_("没有这一步。"))
    key = act_forms.key_of(request)
    if act == "check" and "HX-Request" in request.headers:
        # The phone saves while one answers, from one page with one key: back and forth are not the same request. The
        # last one sent counts, so that none is needed.
        key = ""
    done = _done(request, visit_id, act, key, channel)
    if act in ("sign", "refuse_signature") and request.POST.get("finish"):
        done = _done(request, visit_id, "finish", acts.derived(key, "finish"), channel)
    return done


def _done(request: HttpRequest, visit_id: int, act: str, key: str, channel: str) -> Any:
    verb = LOOP.verbs[act]
    given = act_forms.typed(verb.steps[0], request.POST, request.FILES)
    # Most doubts of a visit are answered by a field of their own.
    given.pop("insist", None)
    given |= _SENT[act](request) if act in _SENT else {}
    given |= {"channel": channel} if act == "finish" else {}
    return verb(visit_id=visit_id, by=request.actor, at=timezone.now(), key=key, **given)  # type: ignore[attr-defined]


def visit_of(done: Any, visit_id: int) -> int:
    """Return which visit to show after an act: the one that was made, else the one acted upon."""
    return done.pk if isinstance(done, Visit) else visit_id
