"""Forms of penalties: they read what was typed; the verbs decide."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from anju.duties.orders.forms import day, money, text
from anju.duties.orders.queries import matters
from anju.duties.orders.queries.matters import named

from . import rules
from .rules import PARTIES, PROCEDURES
from .services.penalties import Accused, Measure


class MeasureForm(forms.Form):
    """How much, and why; only the fields that the article asks for."""

    amount = money(_("罚款金额（元）"))
    warning = forms.BooleanField(label=_("警告"), required=False)
    serious = forms.BooleanField(label=_("情节严重"), required=False)
    base = money(_("计算基数（元）"))
    days = forms.IntegerField(label=_("持续天数"), required=False, min_value=1)
    reasons = text(_("裁量理由"), most=1000)

    def __init__(self, *args: Any, allowed: rules.Range, warning: bool, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if not warning:
            del self.fields["warning"]
        if allowed.serious is None:
            del self.fields["serious"]
        if not allowed.of:
            del self.fields["base"]
        else:
            self.fields["base"].label = (
                allowed.of_en if (get_language() or "").startswith("en") else allowed.of
            )
        if allowed.per_day is None:
            del self.fields["days"]
        if allowed.fixed:
            self.fields["amount"].initial = f"{allowed.most:.2f}"
            del self.fields["reasons"]

    def measure(self) -> Measure:
        """Return the measure that was typed; no amount is a warning alone."""
        told = self.cleaned_data
        return Measure(
            amount=told.get("amount") or None if told.get("warning") else told.get("amount"),
            warning=bool(told.get("warning")),
            reasons=told.get("reasons", ""),
            serious=bool(told.get("serious")),
            base=told.get("base"),
            days=told.get("days"),
        )


class SpotForm(MeasureForm):
    """A decision on the spot."""

    statement = text(_("当事人陈述和意见"), rows=2, most=500)


class StatementForm(forms.Form):
    """What the party said, and what was made of it."""

    statement = text(_("当事人的陈述申辩（放弃的写“放弃”）"), required=True)
    answer = text(_("复核意见"), required=True)


class HearingForm(forms.Form):
    """The day of a hearing."""

    hearing_on = day(_("听证日期"), required=True)


class HearingRecordForm(forms.Form):
    """What the hearing brought."""

    record = text(_("听证情况和意见"), rows=5, most=5000, required=True)


class SpareForm(forms.Form):
    """Why nobody is punished."""

    ground = forms.ChoiceField(label=_("不予处罚的情形"))
    note = text(_("理由"), required=True, most=500)

    def __init__(self, *args: Any, on: date, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["ground"].choices = [("", _("请选择")), *named(matters.book(on)["spare"])]  # type: ignore[attr-defined]


class PaymentForm(forms.Form):
    """Money that came in."""

    principal = money(_("罚款（元）"))
    surcharge = money(_("加处罚款（元）"))
    paid_on = day(_("缴款日期"), required=True)
    receipt = forms.CharField(label=_("凭证号"), max_length=60)
    way = forms.ChoiceField(label=_("缴款方式"), choices=[("bank", _("银行")), ("spot", _("当场收缴现金"))])
    ground = forms.ChoiceField(label=_("当场收缴的情形"), required=False)

    def __init__(self, *args: Any, on: date, spot: bool, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if spot:
            grounds = named(matters.book(on)["payment"]["cash_grounds"])
            self.fields["ground"].choices = [("", _("一百元以下")), *grounds]  # type: ignore[attr-defined]
        else:
            del self.fields["way"], self.fields["ground"]

    def told(self) -> dict[str, Any]:
        """Return what `record_payment` takes."""
        told = dict(self.cleaned_data)
        for name in ("principal", "surcharge"):
            told[name] = told[name] or Decimal(0)
        return told


class FileForm(forms.Form):
    """A penalty case as it is filed: party, facts, officers; for a decision on the spot also what was decided."""

    procedure = forms.ChoiceField(
        label=_("适用程序"), choices=[(k, v) for k, v in PROCEDURES.items()], widget=forms.RadioSelect
    )
    party_kind = forms.ChoiceField(label=_("被处罚人"), widget=forms.RadioSelect)
    party_name = forms.CharField(label=_("名称或姓名"), max_length=120)
    id_number = forms.CharField(
        label=_("证件号码"), max_length=20, required=False, help_text=_("个人填写，加密封存")
    )
    phone = forms.CharField(label=_("联系电话"), max_length=20, required=False)
    address = forms.CharField(label=_("住址"), max_length=120, required=False)
    age = forms.IntegerField(
        label=_("年龄"),
        required=False,
        min_value=0,
        max_value=130,
        help_text=_("个人填写，未成年人从轻或者不予处罚"),
    )
    facts = text(_("违法事实"), rows=4, required=True)
    refused = forms.BooleanField(label=_("责令后拒不改正"), required=False)
    corrected = forms.BooleanField(label=_("已及时改正"), required=False)
    first_offence = forms.BooleanField(label=_("初次违法，危害后果轻微"), required=False)
    first_badge = forms.CharField(label=_("本人执法证号"), max_length=30)
    second_name = forms.CharField(label=_("另一名执法人员"), max_length=40, required=False)
    second_badge = forms.CharField(label=_("其执法证号"), max_length=30, required=False)
    acted_at = forms.DateTimeField(
        label=_("当场处罚时间"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=_("不填即为现在；应在二十四小时内报备"),
    )

    def __init__(self, *args: Any, parties: Sequence[str], needs_order: bool, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["party_kind"].choices = [(k, v) for k, v in PARTIES.items() if k in parties]  # type: ignore[attr-defined]
        if "person" not in parties:
            for name in ("id_number", "phone", "address", "age"):
                del self.fields[name]
        if not needs_order:
            del self.fields["refused"]

    def accused(self) -> Accused:
        """Return the party that was typed."""
        told = self.cleaned_data
        return Accused(
            kind=told["party_kind"],
            name=told["party_name"],
            id_number=told.get("id_number", ""),
            phone=told.get("phone", ""),
            age=told.get("age"),
            address=told.get("address", ""),
        )

    def officers(self, own: str) -> list[tuple[str, str]]:
        """Return the officers that were typed, the own one first."""
        told = self.cleaned_data
        return [(own, told["first_badge"]), (told.get("second_name", ""), told.get("second_badge", ""))]
