"""The style page: every component together, with sample text that is labelled as such."""

from pathlib import Path
from typing import Any

import yaml
from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from . import hands, navigation
from .jinja import static

SAMPLES = Path(__file__).parent / "templates" / "ui" / "style.yaml"


class SampleForm(forms.Form):
    """One field of each kind, to see how a Django form is drawn."""

    title = forms.CharField(label=_("标题"), max_length=60, help_text=_("一句话说清在哪里、是什么"))
    desk = forms.ChoiceField(label=_("承办单位"), choices=())
    due = forms.DateField(
        label=_("期限"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    note = forms.CharField(label=_("说明"), required=False, widget=forms.Textarea(attrs={"rows": 3}))
    urgent = forms.BooleanField(label=_("需要当天处理"), required=False)


def samples() -> dict[str, Any]:
    """Return the sample data as a context for `ui/style.html`: dates as aware datetimes, pictures as addresses."""
    content: dict[str, Any] = yaml.safe_load(SAMPLES.read_text(encoding="utf-8"))
    photos = content["photos"]
    for photo in photos["before"] + photos["after"]:
        photo["url"] = static(photo["picture"])
    for event in content["events"]:
        event["photos"] = photos.get(event.get("photos"), [])
    content["nav"] = [
        navigation.Entry(
            label=entry["label"],
            url="#",
            icon=entry["icon"],
            group=entry.get("group", ""),
            current=entry.get("current", False),
            badge=entry.get("badge", 0),
        )
        for entry in content["nav"]
    ]
    form = SampleForm({"title": "", "desk": "street"})
    form.fields["desk"].choices = content["options"]  # type: ignore[attr-defined]
    content["form"] = form
    content["hands"] = [hands.Hand("cases:0", None, tuple(content["options"]))]
    content["page"] = Paginator(range(2310), 50).page(4)
    return content


def style_page(request: HttpRequest) -> HttpResponse:
    """Show all components on one page; open to everybody, since it holds nothing but samples."""
    return render(request, "ui/style.html", samples())
