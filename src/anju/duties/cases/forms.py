"""Forms of the room: they read what was typed; the verbs decide."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from . import rules
from .queries import catalogue


class FilesInput(forms.ClearableFileInput):
    """Several files in one field."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """A field whose value is the list of uploaded files."""

    widget = FilesInput(attrs={"accept": "image/jpeg,image/png,image/webp,application/pdf"})

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        files = data if isinstance(data, (list, tuple)) else [data] if data else []
        if self.required and not files:
            raise forms.ValidationError(self.error_messages["required"], code="required")
        return [super(FilesField, self).clean(one, initial) for one in files]


class ReportForm(forms.Form):
    """Filing on behalf of somebody who called or came to the counter."""

    kind = forms.ChoiceField(
        label=_("类型"), choices=[(k, v) for k, v in rules.KIND_LABELS.items()], initial="complaint"
    )
    estate = forms.IntegerField(widget=forms.HiddenInput, required=False)
    area = forms.IntegerField(widget=forms.HiddenInput, required=False)
    class_code = forms.ChoiceField(label=_("类别"), error_messages={"required": _("请选择最接近的类别。")})
    place = forms.CharField(
        label=_("具体位置"), max_length=200, required=False, help_text=_("几号楼、几单元、几层")
    )
    text = forms.CharField(label=_("情况说明"), widget=forms.Textarea(attrs={"rows": 4}), max_length=2000)
    name = forms.CharField(
        label=_("来电人姓名"), max_length=40, required=False, help_text=_("选填，加密封存，办理单位看不到")
    )
    phone = forms.CharField(label=_("来电人电话"), max_length=20, required=False)
    uploads = FilesField(label=_("照片"), required=False)

    def __init__(self, *args: Any, day: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        # Nothing is chosen beforehand: the first of a hundred would be filed by whoever forgets to look.
        self.fields["class_code"].choices = [("", _("请选择"))] + [  # type: ignore[attr-defined]
            (
                f"{kind_label} · {one['label']}",
                [
                    (leaf.code, gettext("%(name)s（%(code)s）") % {"name": leaf.label, "code": leaf.code})
                    for two in one["groups"]
                    for leaf in two["leaves"]
                ],
            )
            for kind, kind_label in rules.KIND_LABELS.items()
            for one in catalogue.tree(kind, on=day)
        ]
