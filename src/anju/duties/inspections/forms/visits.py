"""What was typed, read into the verbs of a visit: the same for the desk and for the phone."""

from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime
from typing import Any

from django import forms
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from anju.ground.access.actors import Actor
from anju.ground.foundation.asked import whole
from anju.ground.foundation.refusals import NotFound, Refusal
from anju.ground.organisations.models import Organisation

from .. import rules
from ..models import Visit
from ..services import checking
from ..services import visits as services

MOST_PHOTOS = 9


class PlanForm(forms.Form):
    """A plan: what kind of visit, when, who comes."""

    unit = forms.IntegerField(widget=forms.HiddenInput)
    kind = forms.ChoiceField(label=_("检查种类"), choices=[*rules.CHOSEN_KINDS.items()])
    planned_for = forms.DateField(
        label=_("检查日期"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    agencies = forms.MultipleChoiceField(
        label=_("参加单位"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("多选即为联合检查，本单位牵头"),
    )
    campaign = forms.CharField(
        label=_("专项行动名称"), max_length=60, required=False, help_text=_("专项检查必填")
    )
    note = forms.CharField(
        label=_("安排说明"), required=False, widget=forms.Textarea(attrs={"rows": 2}), max_length=500
    )

    def __init__(self, *args: Any, agencies: list[Organisation], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["agencies"].choices = [(o.pk, o.name) for o in agencies]  # type: ignore[attr-defined]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Refusal(_("日期请写成 2024-03-05 这样。"), field="planned_for") from None


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


class _Sent:
    """One request of an act: who, when, and what was typed."""

    def __init__(self, request: HttpRequest, visit_id: int, by: Actor, at: datetime, channel: str):
        self.request, self.visit_id, self.channel = request, visit_id, channel
        self.common: dict[str, Any] = {"visit_id": visit_id, "by": by, "at": at}
        self.key = request.POST.get("request_key", "")[:64]

    def text(self, name: str) -> str:
        return self.request.POST.get(name, "").strip()

    def number(self, name: str) -> int | None:
        return whole(self.request.POST.get(name))

    def ticked(self, name: str) -> bool:
        return bool(self.request.POST.get(name))


def _begin(sent: _Sent) -> Any:
    return services.begin_visit(
        **sent.common,
        officer_ids=officer_ids(sent.request),
        met=sent.text("met"),
        point=point_of(sent.request),
        key=sent.key,
    )


def _check(sent: _Sent) -> Any:
    # The phone saves while one answers, from one page with one key: back and forth are not the same request. The last
    # one sent counts, so that none is needed.
    key = "" if "HX-Request" in sent.request.headers else sent.key
    return checking.check_items(
        **sent.common, answers=answers_of(sent.request), rest=sent.text("rest"), key=key
    )


def _find(sent: _Sent) -> Any:
    same = sent.text("same")
    return checking.add_finding(
        **sent.common,
        class_code=sent.text("class_code"),
        place=sent.text("place"),
        text=sent.text("text"),
        item=sent.text("item"),
        at_once=sent.ticked("at_once"),
        uploads=photos_of(sent.request),
        same_case_id=whole(same),
        separate=same == "new",
        key=sent.key,
    )


def _drop(sent: _Sent) -> Any:
    return checking.drop_finding(**sent.common, finding_id=sent.number("finding") or 0, key=sent.key)


def _look(sent: _Sent) -> Any:
    return checking.look_at(
        **sent.common,
        case_id=sent.number("case") or 0,
        result=sent.text("result"),
        note=sent.text("note"),
        uploads=photos_of(sent.request),
        insist=sent.ticked("insist"),
        key=sent.key,
    )


def _conclude(sent: _Sent) -> Any:
    return checking.conclude_part(
        **sent.common, conclusion=sent.text("conclusion"), note=sent.text("note"), key=sent.key
    )


def _sign(sent: _Sent) -> Any:
    signed = checking.sign(
        **sent.common,
        signed_by=sent.text("signed_by"),
        picture=sent.request.FILES.get("signature"),
        typed=sent.ticked("typed") if sent.ticked("drawable") else None,
        met=sent.text("met"),
        key=f"{sent.key}s" if sent.key else "",
    )
    return _finish(sent) if sent.ticked("finish") else signed


def _refuse(sent: _Sent) -> Any:
    noted = checking.refuse_signature(
        **sent.common,
        reason=sent.text("reason"),
        witness=sent.text("witness"),
        met=sent.text("met"),
        key=f"{sent.key}s" if sent.key else "",
    )
    return _finish(sent) if sent.ticked("finish") else noted


def _withdraw(sent: _Sent) -> Any:
    return checking.withdraw_signature(**sent.common, reason=sent.text("reason"), key=sent.key)


def _finish(sent: _Sent) -> Any:
    return services.finish_visit(
        **sent.common, channel=sent.channel, absent=sent.ticked("absent"), key=sent.key
    )


def _cancel(sent: _Sent) -> Any:
    return services.cancel(**sent.common, reason=sent.text("reason") or sent.text("note"), key=sent.key)


def _void(sent: _Sent) -> Any:
    return services.void(**sent.common, reason=sent.text("reason") or sent.text("note"), key=sent.key)


def _ask_recheck(sent: _Sent) -> Any:
    return services.ask_recheck(
        **sent.common, note=sent.text("note"), planned_for=_day(sent.text("planned_for")), key=sent.key
    )


_ACTS: dict[str, Callable[[_Sent], Any]] = {
    "begin": _begin,
    "check": _check,
    "find": _find,
    "drop": _drop,
    "look": _look,
    "conclude": _conclude,
    "sign": _sign,
    "refuse_signature": _refuse,
    "withdraw_signature": _withdraw,
    "finish": _finish,
    "cancel": _cancel,
    "void": _void,
    "ask_recheck": _ask_recheck,
}


@transaction.atomic
def take(request: HttpRequest, visit_id: int, act: str, *, by: Actor, at: datetime, channel: str) -> Any:
    """Take an act of a visit with what was sent; return what its verb returns.

    channel  field (a phone) or staff (a desk)
    A signature that also finishes the visit (`finish` ticked) is one transaction: either both happen or neither.
    """
    verb = _ACTS.get(act)
    if verb is None:
        raise NotFound(_("没有这一步。"))
    return verb(_Sent(request, visit_id, by, at, channel))


def visit_of(done: Any, visit_id: int) -> int:
    """Return which visit to show after an act: the one that was made, else the one acted upon."""
    return done.pk if isinstance(done, Visit) else visit_id
