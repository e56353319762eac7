"""Forms of posts, and the day that other rooms ask for, too."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


class DateInput(forms.DateInput):
    """A day, with the browser's own calendar."""

    input_type = "date"

    def __init__(self, **kwargs: Any):
        super().__init__(format="%Y-%m-%d", **kwargs)


class EndForm(forms.Form):
    """The last day of a post, with the reason."""

    last_day = forms.DateField(label=_("最后一天"), widget=DateInput())
    reason = forms.CharField(label=_("原因"), max_length=200)
