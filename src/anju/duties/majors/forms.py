"""Forms of major fire hazards: they read what was typed; the verbs decide."""

from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

_TEXT = {"rows": 3}
EXPERTS = 5
TYPED = 6


def _name(entry: dict[str, Any]) -> str:
    return str(entry["name_en"] if (get_language() or "").startswith("en") else entry["name"])


class ProposeForm(forms.Form):
    """What is said of a suspected major hazard; its criteria are those of the edition in force."""

    place = forms.ChoiceField(label=_("场所类型"))
    note = forms.CharField(label=_("检查情况和提请理由"), widget=forms.Textarea(attrs=_TEXT), max_length=2000)

    def __init__(self, *args: Any, book: dict[str, Any], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["place"].choices = [(entry["key"], _name(entry)) for entry in book["places"]]  # type: ignore[attr-defined]


class StepForm(forms.Form):
    """What one step of a major hazard needs beside its button."""

    due_on = forms.DateField(
        label=_("整改期限"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    measures = forms.CharField(
        label=_("整改期间的安全措施"),
        required=False,
        widget=forms.Textarea(attrs=_TEXT),
        max_length=2000,
        help_text=_("每行一条，印在通知书上"),
    )
    panel = forms.CharField(
        label=_("专家和意见"),
        widget=forms.Textarea(attrs={"rows": 5}),
        max_length=3000,
        help_text=_("每行一名专家：姓名，职称，意见"),
    )
    note = forms.CharField(
        label=_("情况和理由"), required=False, widget=forms.Textarea(attrs=_TEXT), max_length=2000
    )

    def __init__(self, *args: Any, act: str, note_required: bool, **kwargs: Any):
        super().__init__(*args, **{**kwargs, "auto_id": f"{act}-%s"})
        for name, of in (("due_on", "decide"), ("measures", "notify"), ("panel", "panel")):
            if act != of:
                del self.fields[name]
        self.fields["note"].required = note_required
        if act == "notify":
            del self.fields["note"]


def experts(text: str) -> list[dict[str, str]]:
    """Read the experts of a form, one a line: name, title, opinion, parted by commas of either width."""
    read = []
    for line in text.splitlines():
        parts = [part.strip() for part in line.replace("\uff0c", ",").split(",", 2)]
        if parts[0]:
            name, title, opinion = (*parts, "", "")[:3]
            read.append({"name": name, "title": title, "opinion": opinion})
    return read
