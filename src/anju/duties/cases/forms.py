"""Forms of the room: they read what was typed; the verbs decide."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from anju.ground.organisations.models import Organisation

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


class StepForm(forms.Form):
    """What one step needs beside its button: a note, photos, the office that is to act."""

    handler = forms.ChoiceField(label=_("办理单位"), required=False)
    note = forms.CharField(
        label=_("说明"), required=False, widget=forms.Textarea(attrs={"rows": 3}), max_length=2000
    )
    uploads = FilesField(label=_("现场照片"), required=False)
    insist = forms.BooleanField(label=_("情况确实如此，仍按此文字提交"), required=False)

    def __init__(
        self,
        *args: Any,
        act: str,
        offices: list[Organisation],
        handler_id: int | None,
        doubted: bool = False,
        **kwargs: Any,
    ):
        super().__init__(*args, **{**kwargs, "auto_id": f"{act}-%s"})
        if act == "assign":
            self.fields["handler"].choices = [("", _("请选择"))] + [(o.pk, o.name) for o in offices]  # type: ignore[attr-defined]
            self.fields["handler"].initial = handler_id
        else:
            del self.fields["handler"]
        if act not in ("submit", "close", "send_back", "verify"):
            del self.fields["uploads"]
        if not doubted:
            del self.fields["insist"]
        step = next((s for s in (*rules.STEPS, rules.VERIFY) if s.act == act), None)
        if step is not None and step.note == "required":
            self.fields["note"].required = True
        self.fields["note"].label = _LABELS.get(act, _("说明"))


_LABELS = {
    "submit": _("整改情况"),
    "close": _("复查情况（居民会看到）"),
    "send_back": _("哪里还不合格"),
    "return_back": _("退单理由"),
    "void": _("不予受理的理由（上报人会看到）"),
    "reopen": _("重新办理的理由"),
    "verify": _("现场看到的情况"),
}


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


class TermForm(forms.Form):
    """Asking for more time, or for a suspension."""

    kind = forms.ChoiceField(label=_("申请"), choices=[("extend", _("延期")), ("suspend", _("中止"))])
    days = forms.IntegerField(label=_("延期工作日"), required=False, min_value=1, max_value=60)
    reason = forms.CharField(label=_("理由"), widget=forms.Textarea(attrs={"rows": 2}), max_length=500)
