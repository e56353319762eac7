"""Forms of objections: they read what was typed; the verbs decide."""

from django import forms
from django.utils.translation import gettext_lazy as _


class ObjectionForm(forms.Form):
    """What somebody says against an order or a decision."""

    by_name = forms.CharField(label=_("异议人"), max_length=120)
    text = forms.CharField(
        label=_("异议内容、事实和理由"), widget=forms.Textarea(attrs={"rows": 5}), max_length=2000
    )
