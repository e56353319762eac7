"""What of the forms of penalties an offence asks for; the forms are drawn from the steps, the verbs decide."""

from typing import Any

from django import forms
from django.utils.translation import get_language

from .rules import Offence


def fit(form: forms.Form, offence: Offence, party: str, **initial: Any) -> None:
    """Leave of the form of a measure what the offence's article asks for."""
    allowed = offence.parties.get(party)
    if allowed is None:
        return
    _leave(
        form,
        warning=offence.warning,
        serious=allowed.serious is not None,
        base=bool(allowed.of),
        days=allowed.per_day is not None,
        reasons=not allowed.fixed,
    )
    if allowed.of:
        form.fields["base"].label = allowed.of_en if (get_language() or "").startswith("en") else allowed.of
    fixed = {"amount": f"{allowed.most:.2f}"} if allowed.fixed else {}
    form.initial = {**form.initial, **fixed, **initial}


def fit_filing(form: forms.Form, offence: Offence) -> None:
    """Leave of the form of a new case what the offence allows: whom it punishes, whether an order was disobeyed."""
    person = "person" in offence.parties
    _leave(
        form,
        offence=False,
        refused=offence.needs == "order",
        **dict.fromkeys(("id_number", "age", "phone", "address"), person),
    )
    for name, offered in (("procedure", None), ("party_kind", offence.parties)):
        field: Any = form.fields[name]
        shown = [(k, words) for k, words in field.choices if k and (offered is None or k in offered)]
        field.widget = forms.RadioSelect()
        field.choices = shown


def _leave(form: forms.Form, **wanted: bool) -> None:
    """Take out of a form the fields that are not wanted, but not what was just refused."""
    for name in [name for name, stays in wanted.items() if not stays and name not in form.errors]:
        del form.fields[name]
