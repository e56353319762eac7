"""The form of a new penalty case, and what of a measure an article asks for; the verbs decide."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from anju.duties.orders.forms import text

from .rules import PARTIES, PROCEDURES, Offence
from .services.penalties import Accused


def fit(form: forms.Form, offence: Offence, party: str, **initial: Any) -> None:
    """Leave of the form of a measure what the offence's article asks for, beside what was just refused."""
    allowed = offence.parties.get(party)
    if allowed is None:
        return
    shown = {
        "warning": offence.warning,
        "serious": allowed.serious is not None,
        "base": bool(allowed.of),
        "days": allowed.per_day is not None,
        "reasons": not allowed.fixed,
    }
    for name, wanted in shown.items():
        if not wanted and name not in form.errors:
            del form.fields[name]
    if allowed.of:
        form.fields["base"].label = allowed.of_en if (get_language() or "").startswith("en") else allowed.of
    fixed = {"amount": f"{allowed.most:.2f}"} if allowed.fixed else {}
    form.initial = {**form.initial, **fixed, **initial}


class FileForm(forms.Form):
    """A penalty case as it is filed: party, facts, officers; for a decision on the spot also what was decided."""

    procedure = forms.ChoiceField(
        label=_("适用程序"), choices=[(k, v) for k, v in PROCEDURES.items()], widget=forms.RadioSelect
    )
    party_kind = forms.ChoiceField(label=_("被处罚人"), widget=forms.RadioSelect)
    party_name = forms.CharField(label=_("名称或姓名"), max_length=120)
    id_number = forms.CharField(
        label=_("证件号码"), max_length=20, required=False, help_text=_("个人填写，加密封存")
    )
    phone = forms.CharField(label=_("联系电话"), max_length=20, required=False)
    address = forms.CharField(label=_("住址"), max_length=120, required=False)
    age = forms.IntegerField(
        label=_("年龄"),
        required=False,
        min_value=0,
        max_value=130,
        help_text=_("个人填写，未成年人从轻或者不予处罚"),
    )
    facts = text(_("违法事实"), rows=4, required=True)
    refused = forms.BooleanField(label=_("责令后拒不改正"), required=False)
    corrected = forms.BooleanField(label=_("已及时改正"), required=False)
    first_offence = forms.BooleanField(label=_("初次违法，危害后果轻微"), required=False)
    first_badge = forms.CharField(label=_("本人执法证号"), max_length=30)
    second_name = forms.CharField(label=_("另一名执法人员"), max_length=40, required=False)
    second_badge = forms.CharField(label=_("其执法证号"), max_length=30, required=False)

    def __init__(self, *args: Any, parties: Sequence[str], needs_order: bool, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["party_kind"].choices = [(k, v) for k, v in PARTIES.items() if k in parties]  # type: ignore[attr-defined]
        if "person" not in parties:
            for name in ("id_number", "phone", "address", "age"):
                del self.fields[name]
        if not needs_order:
            del self.fields["refused"]

    def accused(self) -> Accused:
        """Return the party that was typed."""
        told = self.cleaned_data
        return Accused(
            kind=told["party_kind"],
            name=told["party_name"],
            id_number=told.get("id_number", ""),
            phone=told.get("phone", ""),
            age=told.get("age"),
            address=told.get("address", ""),
        )

    def officers(self, own: str) -> list[tuple[str, str]]:
        """Return the officers that were typed, the own one first."""
        told = self.cleaned_data
        return [(own, told["first_badge"]), (told.get("second_name", ""), told.get("second_badge", ""))]
