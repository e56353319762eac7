"""What an act asks for, as a form on a page; and the one way in which a press of its button becomes the act.

    order = act_forms.press(request, LOOP, "comply", order_id)                         # in the view of a POST
    refusal = act_forms.pressed(request, LOOP, act, order_id)                          # … that shows what refused it
    made, refusal = act_forms.filed(request, order_timed)                              # … of an act that files
    form = act_forms.form_of(request, order_timed, refusal=refusal, recheck_on=today)  # on the page of such an act
    acts = act_forms.buttons(request, LOOP, row, "orders:step", at=now)                # on the page of the thing
    acts = act_forms.buttons(…, act="comply", refusal=refusal)                         # sent back with what was typed
    {{ ui.act_buttons(acts, csrf_input) }}

A form only shows and gives back what was typed: what is right is decided by the verb (`asks.read`), in one place for
pages, API and programs.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from . import acts, asks
from .acts import Loop, Possible, Verb
from .asks import Field
from .refusals import NotFound, Refusal, show
from .workflow import Step


def key_of(request: HttpRequest) -> str:
    """Return the idempotency key that a form carries."""
    return str(request.POST.get("request_key", ""))[:64]


def typed(step: Step, data: Any, files: Any = None) -> dict[str, Any]:
    """Take what a step asks for out of what was sent; what it does not ask for is left where it is."""
    given: dict[str, Any] = {}
    for asked in step.asks:
        if asked.kind == "given":
            continue
        if asked.kind == "files":
            given[asked.name] = tuple(files.getlist(asked.name)) if files is not None else ()
        elif asked.kind in ("choices", "records"):
            given[asked.name] = tuple(value for value in data.getlist(asked.name) if value)
        else:
            given[asked.name] = data.get(asked.name)
    if step.doubts:
        given["insist"] = data.get("insist") in ("on", "1", "true")
    return given


def press(request: HttpRequest, loop: Loop, act: str, pk: Any, **more: Any) -> Any:
    """Do the act whose button was pressed on a record; raises what the verb raises, NotFound for no such act."""
    verb = loop.verbs.get(act)
    if verb is None or not verb.steps[0].pressed or not acts.is_declared(verb.name):
        raise NotFound(_("没有找到这个页面。"))
    step = verb.steps[0]
    given = typed(step, request.POST, request.FILES) | more
    return verb(by=request.actor, at=timezone.now(), key=key_of(request), **{verb.param: pk}, **given)  # type: ignore[attr-defined]


def file(request: HttpRequest, verb: Verb, **more: Any) -> Any:
    """Do an act that files, with what was typed on its page; `more` is what the page knows besides."""
    given = typed(verb.steps[0], request.POST, request.FILES) | more
    return verb(by=request.actor, at=timezone.now(), key=key_of(request), **given)  # type: ignore[attr-defined]


def pressed(request: HttpRequest, loop: Loop, act: str, pk: Any, **more: Any) -> Refusal | None:
    """Do the act whose button was pressed, and return what refused it; NotFound is raised."""
    try:
        press(request, loop, act, pk, **more)
    except NotFound:
        raise
    except Refusal as refusal:
        return refusal
    return None


def filed(request: HttpRequest, verb: Verb, **more: Any) -> tuple[Any, Refusal | None]:
    """Do an act that files when its page was sent: what it made, or what refused it; NotFound is raised."""
    if request.method != "POST":
        return None, None
    try:
        return file(request, verb, **more), None
    except NotFound:
        raise
    except Refusal as refusal:
        return None, refusal


def form_of(request: HttpRequest, verb: Verb, *, refusal: Refusal | None = None, **initial: Any) -> "ActForm":
    """Return the form of an act that files; what was just refused stands beside its field, or above, as typed."""
    data = request.POST if refusal else None
    by, at = request.actor, timezone.now()  # type: ignore[attr-defined]
    form = ActForm(verb.loop, verb.steps[0], None, by=by, at=at, data=data, initial=initial)
    if refusal is not None:
        show(form, refusal)
    return form


def forms_of(
    loop: Loop,
    row: Any,
    possible_acts: Iterable[Possible],
    *,
    by: Any,
    at: datetime,
    data: Any = None,
    act: str = "",
) -> dict[str, forms.Form]:
    """Return a form for each act that asks for something; that of `act` holds what was typed."""
    made: dict[str, forms.Form] = {}
    for possible in possible_acts:
        if possible.blocked is None and (possible.step.asks or possible.step.doubts):
            bound = data if possible.act == act else None
            made[possible.act] = ActForm(loop, possible.step, row, by=by, at=at, data=bound)
    return made


@dataclass(frozen=True, slots=True)
class Buttons:
    """What `ui.act_buttons` shows: the reader's acts with their forms, which one is open, and what is refused above."""

    steps: list[Possible]
    forms: dict[str, forms.Form]
    urls: dict[str, str]
    open: str = ""
    refusal: str = ""


def buttons(
    request: HttpRequest,
    loop: Loop,
    row: Any,
    address: str | Callable[[str], str],
    *,
    at: datetime,
    act: str = "",
    refusal: Refusal | None = None,
    elsewhere: Collection[str] = (),
    besides: Iterable[Step] = (),
) -> Buttons:
    """Return the acts that are the reader's on a record; what was just refused stands beside its field as typed.

    address    name of the address that takes a step: given the record's number and the act; or a function of the act
    elsewhere  acts that have a page of their own
    besides    steps shown before these, as this page offers them: asked for where somebody else will do them
    """
    by = request.actor  # type: ignore[attr-defined]
    own = [*map(Possible, besides), *loop.possible(row, by=by, at=at)]
    steps = [one for one in own if one.act not in elsewhere]
    drawn_ = forms_of(loop, row, steps, by=by, at=at, data=request.POST if refusal else None, act=act)
    beside = refusal is not None and refused(drawn_.get(act), refusal)
    named = address if callable(address) else lambda one: reverse(address, args=[row.pk, one])
    urls = {one.act: named(one.act) for one in steps}
    return Buttons(steps, drawn_, urls, act, "" if refusal is None or beside else str(refusal))


def refused(form: forms.Form | None, refusal: Refusal) -> bool:
    """Put a refusal beside its field, if the form has that field; say whether it has."""
    if form is None or refusal.field not in form.fields:
        return False
    form.add_error(refusal.field, str(refusal))
    return True


class ActForm(forms.Form):
    """The form of one act, drawn from the fields that its step asks for."""

    def __init__(
        self,
        loop: Loop,
        step: Step,
        row: Any,
        *,
        by: Any,
        at: datetime,
        data: Any = None,
        initial: Mapping[str, Any] | None = None,
    ):
        super().__init__(data, auto_id=f"{step.act}-%s", initial=dict(initial or {}))
        # What was typed is shown again as it was; the verb has already said what is wrong with it.
        self.use_required_attribute = False
        day = timezone.localtime(at).date()
        for asked in step.asks:
            if asked.kind != "given":
                offered = loop.offered(asked, row, day, by)
                self.fields[asked.name] = drawn(asked, offered)
        if step.doubts:
            self.fields["insist"] = forms.BooleanField(label=_("我已核对，仍然这样提交"), required=False)
        if data is not None:
            self.full_clean()

    def full_clean(self) -> None:
        """Take what was typed as it is: right and wrong are the verb's to say."""
        self.cleaned_data = {}
        self._errors = forms.utils.ErrorDict()


class ManyFiles(forms.ClearableFileInput):
    """A choice of several files at once."""

    allow_multiple_selected = True


def drawn(asked: Field, offered: Iterable[asks.Choice] | None) -> forms.Field:
    """Return the form field that shows a field."""
    common: dict[str, Any] = {
        "label": str(asked.label),
        "required": asked.required,
        "help_text": str(asked.help),
    }
    if asked.default is not None:
        common["initial"] = asked.default
    choices = [(key, str(words)) for key, words in offered] if offered is not None else []
    match asked.kind:
        case "line":
            return forms.CharField(max_length=asked.most, **common)
        case "text":
            return forms.CharField(
                max_length=asked.most,
                widget=forms.Textarea(attrs={"rows": 2 if asked.most <= 300 else 3}),
                **common,
            )
        case "day":
            return forms.DateField(
                widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **common
            )
        case "moment":
            widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
            return forms.DateTimeField(widget=widget, **common)
        case "whole":
            return forms.IntegerField(min_value=asked.least, max_value=asked.most, **common)
        case "money":
            return forms.DecimalField(max_digits=12, decimal_places=2, **common)
        case "tick":
            return forms.BooleanField(**common | {"required": False})
        case "choice" | "record":
            empty = [] if asked.required and asked.default is not None else [("", _("请选择"))]
            return forms.ChoiceField(choices=[*empty, *choices], **common)
        case "choices" | "records":
            return forms.MultipleChoiceField(choices=choices, widget=forms.CheckboxSelectMultiple, **common)
        case "files":
            return forms.FileField(widget=ManyFiles(), **common)
        case _:
            raise ValueError(asked.kind)
