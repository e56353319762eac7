"""Forms of people, posts, delegations and keys."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from anju.ground.organisations.forms import DateInput


class EnrolForm(forms.Form):
    """A new person with a login and a first post."""

    name = forms.CharField(label=_("姓名"), max_length=40)
    phone = forms.CharField(label=_("手机"), max_length=20, required=False)
    username = forms.CharField(
        label=_("登录名"), max_length=30, help_text=_("2到30个字母或数字，例如姓名拼音或工号。")
    )
    role = forms.ChoiceField(label=_("岗位"))
    title = forms.CharField(label=_("职务"), max_length=60, required=False)
    valid_from = forms.DateField(label=_("任职开始"), widget=DateInput())
    valid_to = forms.DateField(
        label=_("任职结束"), widget=DateInput(), required=False, help_text=_("不知道时空着。")
    )
    badge_number = forms.CharField(label=_("执法证号"), max_length=30, required=False)
    reason = forms.CharField(
        label=_("任职依据"),
        max_length=200,
        required=False,
        help_text=_("能管理、审计或调阅封存信息的岗位要由另一位管理员复核，请写明任命文件或理由。"),
    )

    def __init__(self, *args: Any, roles: dict[str, str], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = list(roles.items())  # type: ignore[attr-defined]


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


class DelegateForm(forms.Form):
    """A post lent to a colleague for the days of a leave."""

    to_person_id = forms.TypedChoiceField(label=_("委托给"), coerce=int)
    valid_from = forms.DateField(label=_("第一天"), widget=DateInput())
    valid_to = forms.DateField(label=_("最后一天"), widget=DateInput())
    reason = forms.CharField(label=_("原因"), max_length=200, help_text=_("例如：年休假、出差、培训。"))

    def __init__(self, *args: Any, colleagues: list[tuple[int, str]], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["to_person_id"].choices = colleagues  # type: ignore[attr-defined]


class KeyForm(forms.Form):
    """A key for another system."""

    name = forms.CharField(label=_("给哪个系统用"), max_length=60)
    days = forms.TypedChoiceField(
        label=_("有效期"), coerce=int, choices=[(90, _("90天")), (365, _("一年"))], initial=365
    )


class ReasonForm(forms.Form):
    """A reason, for acts that need one."""

    reason = forms.CharField(label=_("原因"), max_length=200)
