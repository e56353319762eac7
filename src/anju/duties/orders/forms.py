"""The form of a new sealing, and what forms have in common; the verbs decide."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from anju.ground.foundation.refusals import Refusal

from .queries import matters


def day(label: Any, *, required: bool = False, **more: Any) -> forms.DateField:
    """Make the field of a day."""
    return forms.DateField(
        label=label,
        required=required,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        **more,
    )


def text(
    label: Any, *, rows: int = 3, most: int = 2000, required: bool = False, **more: Any
) -> forms.CharField:
    """Make the field of a longer text."""
    return forms.CharField(
        label=label, required=required, max_length=most, widget=forms.Textarea(attrs={"rows": rows}), **more
    )


class SealForm(forms.Form):
    """A temporary sealing."""

    unit = forms.ChoiceField(label=_("被查封单位"))
    ground = forms.ChoiceField(label=_("法定情形"))
    part = forms.CharField(label=_("查封的部位或者场所"), max_length=200)
    reason = text(_("现场危险情况"), required=True)
    until = day(_("查封至"), required=True)
    first_name = forms.CharField(label=_("执行人员"), max_length=40)
    first_badge = forms.CharField(label=_("执法证号"), max_length=30)
    second_name = forms.CharField(label=_("另一名执行人员"), max_length=40)
    second_badge = forms.CharField(label=_("其执法证号"), max_length=30)

    def __init__(self, *args: Any, on: date, units: Sequence[tuple[int, str]], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["unit"].choices = [(str(pk), name) for pk, name in units]  # type: ignore[attr-defined]
        self.fields["ground"].choices = [  # type: ignore[attr-defined]
            ("", _("请选择")),
            *matters.named(matters.book(on)["sealing"]["grounds"]),
        ]  # type: ignore[attr-defined]

    def officers(self) -> list[tuple[str, str]]:
        told = self.cleaned_data
        return [(told["first_name"], told["first_badge"]), (told["second_name"], told["second_badge"])]


def read(form: forms.Form) -> forms.Form:
    """Return a form that is valid, or refuse with its first error beside its field."""
    if not form.is_valid():
        name, errors = next(iter(form.errors.items()))
        label = form.fields[name].label if name in form.fields else ""
        raise Refusal(f"{label}：{errors[0]}" if label else errors[0], field=name)
    return form
