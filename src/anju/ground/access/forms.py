"""The form of a post."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from anju.ground.organisations.forms import DateInput


class PostForm(forms.Form):
    """A further post of a person."""

    role = forms.ChoiceField(label=_("岗位"))
    title = forms.CharField(label=_("职务"), max_length=60, required=False)
    valid_from = forms.DateField(label=_("任职开始"), widget=DateInput())
    valid_to = forms.DateField(label=_("任职结束"), widget=DateInput(), required=False)
    reason = forms.CharField(
        label=_("任职依据"),
        max_length=200,
        required=False,
        help_text=_("能管理、审计或调阅封存信息的岗位要由另一位管理员复核，请写明任命文件或理由。"),
    )

    def __init__(self, *args: Any, roles: dict[str, str], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = list(roles.items())  # type: ignore[attr-defined]
