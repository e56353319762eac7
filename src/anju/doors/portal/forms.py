"""The public's form: short, forgiving, usable with one thumb."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


class ReportForm(forms.Form):
    """What a resident says. `website` is a trap that people never see and machines fill in."""

    class_code = forms.CharField(
        label=_("是什么问题"), max_length=12, error_messages={"required": _("请选择一种最接近的情况。")}
    )
    place = forms.CharField(label=_("具体位置"), max_length=200, required=False)
    text = forms.CharField(label=_("补充说明"), max_length=2000, required=False)
    name = forms.CharField(label=_("称呼"), max_length=40, required=False)
    phone = forms.CharField(label=_("手机号"), max_length=20, required=False)
    longitude = forms.FloatField(required=False, min_value=-180, max_value=180)
    latitude = forms.FloatField(required=False, min_value=-90, max_value=90)
    website = forms.CharField(required=False)

    def clean_website(self) -> str:
        """Refuse what only a machine fills in."""
        if self.cleaned_data["website"]:
            raise forms.ValidationError(_("提交没有成功，请重新打开页面再试。"))
        return ""

    def clean_phone(self) -> str:
        """Accept an empty phone or one that can be called."""
        phone = "".join(c for c in self.cleaned_data["phone"] if c.isdigit())
        if phone and not (len(phone) == 11 and phone.startswith("1")) and not 7 <= len(phone) <= 12:
            raise forms.ValidationError(_("手机号看起来不完整，请核对；也可以不填。"))
        return phone

    def first_errors(self) -> dict[str, Any]:
        """Return one sentence for each field."""
        return {name: errors[0] for name, errors in self.errors.items()}
