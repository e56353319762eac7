"""Forms of the room: they read what was typed; the verbs decide."""

from datetime import date, datetime
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from anju.ground.foundation.asked import whole
from anju.ground.organisations.models import Organisation

from . import rules
from .models import Signatory
from .services import Draft, Signer

PAPERS = "image/jpeg,image/png,image/webp,application/pdf"
ROWS = 4  # lines for joint signatories on an empty form
DAY = {"type": "date"}


def _day(label: Any, **options: Any) -> forms.DateField:
    return forms.DateField(
        label=label,
        widget=forms.DateInput(attrs=DAY, format="%Y-%m-%d"),
        error_messages={"invalid": _("日期请写成 2024-01-31 的样子。")},
        **options,
    )


def _spoken(labels: Any) -> Any:
    """Return choices whose labels are translated when the form is drawn."""
    return lambda: [(key, str(label)) for key, label in labels.items()]


class RegisterForm(forms.Form):
    """A suggestion as it came; its signatories stand in rows beside it (`signers`)."""

    meeting = forms.CharField(label=_("会议"), max_length=60, help_text=_("如：市十四届人大二次会议"))
    number = forms.IntegerField(label=_("建议编号"), min_value=1, max_value=99999)
    received_on = _day(_("收到日期"))
    title = forms.CharField(
        label=_("标题"), max_length=120, help_text=_("照原件填写，如：关于加强老旧小区安全管理的建议")
    )
    text = forms.CharField(
        label=_("内容"),
        max_length=20000,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=_("可写“见附件”"),
    )
    upload = forms.FileField(
        label=_("原件扫描"), required=False, widget=forms.ClearableFileInput(attrs={"accept": PAPERS})
    )
    publication = forms.ChoiceField(label=_("答复是否公开"), choices=_spoken(rules.PUBLICATION_LABELS))
    publication_reason = forms.CharField(label=_("不予公开的理由"), max_length=200, required=False)


def signers(data: QueryDict) -> list[Signer]:
    """Read the rows of deputies: deputy, delegation and phone, by their order."""
    names = data.getlist("deputy")
    delegations = [*data.getlist("delegation"), *[""] * len(names)]
    phones = [*data.getlist("phone"), *[""] * len(names)]
    return [Signer(*row) for row in zip(names, delegations, phones, strict=False) if row[0].strip()]


def signer_rows(data: QueryDict | None) -> list[dict[str, str]]:
    """Return the rows as they were typed, filled up to the usual number."""
    typed = (
        [{"name": s.name, "delegation": s.delegation, "phone": s.phone} for s in signers(data)]
        if data
        else []
    )
    empty = {"name": "", "delegation": "", "phone": ""}
    return typed + [empty] * max(1, ROWS - len(typed))


class StepForm(forms.Form):
    """What one act needs beside its button."""

    lead = forms.ChoiceField(label=_("主办单位"), required=False)
    co = forms.MultipleChoiceField(
        label=_("协办单位"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("可以勾选多个；没有协办的不选"),
    )
    held_on = _day(_("评估日期"), required=False)
    experts = forms.CharField(label=_("参加评估的专家"), required=False, max_length=200)
    note = forms.CharField(
        label=_("说明"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )
    insist = forms.BooleanField(label=_("已经核对，确认无误"), required=False)

    def __init__(
        self,
        *args: Any,
        act: str,
        offices: list[Organisation],
        lead_id: int | None = None,
        doubted: bool = False,
        **kwargs: Any,
    ):
        super().__init__(*args, **{**kwargs, "auto_id": f"{act}-%s"})
        if act == "assign":
            named = [(str(office.pk), office.name) for office in offices]
            self.fields["lead"].choices = [("", _("请选择")), *named]  # type: ignore[attr-defined]
            self.fields["lead"].required = True
            self.fields["lead"].initial = str(lead_id or "")
            self.fields["co"].choices = named  # type: ignore[attr-defined]
        else:
            del self.fields["lead"], self.fields["co"]
        if act != "assess":
            del self.fields["held_on"], self.fields["experts"]
        if not doubted:
            del self.fields["insist"]
        step = next((s for s in rules.STEPS if s.act == act), None)
        if step is not None and any(asked.name == "note" and asked.required for asked in step.asks):
            self.fields["note"].required = True
        self.fields["note"].label = _NOTES.get(act, _("说明"))


_NOTES = {
    "refuse_routing": _("为什么不属本单位职责，应由哪个单位主办"),
    "send_back": _("要改什么"),
    "close": _("怎样征询过代表，为什么没有反馈"),
    "assess": _("评估意见"),
}


class TalkForm(forms.Form):
    """A talk with a deputy."""

    signatory = forms.ChoiceField(label=_("代表"))
    kind = forms.ChoiceField(label=_("方式"), choices=_spoken(rules.TALK_LABELS))
    held_on = _day(_("日期"))
    place = forms.CharField(label=_("地点"), max_length=120)
    attendees = forms.CharField(label=_("参加人员"), max_length=200)
    content = forms.CharField(label=_("沟通内容"), max_length=4000, widget=forms.Textarea(attrs={"rows": 4}))
    attitude = forms.ChoiceField(label=_("代表态度"), choices=_spoken(rules.ATTITUDE_LABELS))

    def __init__(self, *args: Any, signatories: list[Signatory], **kwargs: Any):
        super().__init__(*args, **{**kwargs, "auto_id": "talk-%s"})
        self.fields["signatory"].choices = [(str(s.pk), s.deputy.name) for s in signatories]  # type: ignore[attr-defined]


class OpinionForm(forms.Form):
    """A co-handler's opinion."""

    opinion = forms.CharField(
        label=_("协办意见"), max_length=6000, widget=forms.Textarea(attrs={"rows": 10}),
        help_text=_("写明本单位做了什么、数字以哪天为准、下一步打算；主办单位据此写入答复"),
    )  # fmt: skip
    upload = forms.FileField(
        label=_("附件"), required=False, widget=forms.ClearableFileInput(attrs={"accept": PAPERS})
    )


class FigureForm(forms.Form):
    """The picker of a figure: which measure, when, where, and behind which part it is put."""

    measure = forms.ChoiceField(label=_("指标"))
    start = _day(_("自"))
    end = _day(_("至"))
    territory = forms.ChoiceField(label=_("地区"), required=False)
    section = forms.ChoiceField(label=_("放在"))
    words = forms.CharField(
        label=_("数字前的文字"), required=False, max_length=60, help_text=_("不填则用指标名称")
    )

    def __init__(
        self,
        *args: Any,
        measures: list[tuple[str, str]],
        territories: list[tuple[str, str]],
        sections: list[tuple[str, str]],
        **kwargs: Any,
    ):
        super().__init__(*args, **{**kwargs, "auto_id": "figure-%s"})
        for field in self.fields.values():
            # Sent with the draft it stands beside, so that nothing typed there is lost.
            field.widget.attrs["form"] = "draft"
        self.fields["measure"].choices = measures  # type: ignore[attr-defined]
        self.fields["territory"].choices = territories  # type: ignore[attr-defined]
        self.fields["section"].choices = sections  # type: ignore[attr-defined]


def read_draft(data: QueryDict) -> Draft:
    """Read a draft from its page: headings and texts by their order, copies by their rows."""
    headings, texts = data.getlist("heading"), data.getlist("text")
    texts = [*texts, *[""] * len(headings)]
    to, counts = data.getlist("copy_to"), data.getlist("copy_count")
    each = set(data.getlist("copy_each"))
    counts = [*counts, *["1"] * len(to)]
    return Draft(
        sections=[{"heading": h, "text": t} for h, t in zip(headings, texts, strict=False)],
        closing=data.get("closing", ""),
        thanks=data.get("thanks", ""),
        result_class=data.get("result_class", ""),
        contact_unit=data.get("contact_unit", ""),
        contact=data.get("contact", ""),
        phone=data.get("phone", ""),
        postcode=data.get("postcode", ""),
        copies=[
            {"to": t, "count": min(whole(n) or 1, 99), "each": str(row) in each}
            for row, (t, n) in enumerate(zip(to, counts, strict=False))
        ],
    )


def read_day(text: str) -> date | None:
    """Read a day written as 2024-01-31, or return None."""
    try:
        return datetime.strptime(text.strip(), "%Y-%m-%d").date()  # noqa: DTZ007  (a day, no moment)
    except ValueError:
        return None
