"""Forms of objections: they read what was typed; the verbs decide."""

from django import forms
from django.utils.translation import gettext_lazy as _

_TEXT = {"rows": 3}


class ObjectionForm(forms.Form):
    """What somebody says against an order or a decision."""

    by_name = forms.CharField(label=_("异议人"), max_length=120)
    text = forms.CharField(
        label=_("异议内容、事实和理由"), widget=forms.Textarea(attrs={"rows": 5}), max_length=2000
    )


class AnswerForm(forms.Form):
    """The agency's answer."""

    upheld = forms.ChoiceField(
        label=_("审查结论"), choices=[("", _("请选择")), ("1", _("异议成立")), ("0", _("异议不成立"))]
    )
    answer = forms.CharField(label=_("情况和理由"), widget=forms.Textarea(attrs=_TEXT), max_length=2000)
