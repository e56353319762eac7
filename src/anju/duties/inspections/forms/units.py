"""Forms of the register: a unit's facts, its end, its flags, the day of a joint visit."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from anju.ground.foundation import code_words, codes
from anju.ground.organisations.forms import DateInput
from anju.ground.organisations.models import Organisation
from anju.ground.territory.models import Area, Estate

from ..models import Unit
from ..queries import kinds


class UnitForm(forms.Form):
    """The facts of a unit in a place that was chosen before."""

    kind = forms.ChoiceField(label=_("类别"))
    name = forms.CharField(label=_("名称"), max_length=120)
    address = forms.CharField(label=_("地址"), max_length=200, required=False)
    estate = forms.ModelChoiceField(
        label=_("所在小区"), queryset=Estate.objects.none(), required=False, empty_label=_("不在小区内")
    )
    responsible = forms.CharField(label=_("负责人"), max_length=40, required=False)
    phone = forms.CharField(label=_("电话"), max_length=40, required=False)
    uscc = forms.CharField(label=_("统一社会信用代码"), max_length=30, required=False)
    agency = forms.ModelChoiceField(
        label=_("监管单位"),
        queryset=Organisation.objects.none(),
        required=False,
        empty_label=_("按规则确定"),
        help_text=_("一般不用选：派出所、消防救援机构按所在地和类别自动确定。"),
    )
    flags = forms.MultipleChoiceField(label=_("标记"), required=False, widget=forms.CheckboxSelectMultiple)
    insist = forms.BooleanField(label=_("已经核对，确认这样登记"), required=False)

    def __init__(
        self,
        *args: Any,
        area: Area,
        agencies: Sequence[tuple[int, str]],
        editing: bool = False,
        **kwargs: Any,
    ):
        super().__init__(*args, **kwargs)
        f: dict[str, Any] = self.fields
        f["kind"].choices = [("", _("请选择")), *kinds.kinds_by_group()]
        f["estate"].queryset = Estate.objects.filter(area=area, active=True).order_by("name")
        f["agency"].queryset = Organisation.objects.filter(pk__in=[pk for pk, _name in agencies])
        f["flags"].choices = [(key, kinds.flag_label(key)) for key in kinds.settable_flags()]
        if editing:
            del f["flags"]
        if not self.is_bound:
            # Asked only when something was found doubtful: one of the same name, or a code that does not check.
            del f["insist"]

    @classmethod
    def of(cls, unit: Unit, *, area: Area, agencies: Sequence[tuple[int, str]]) -> "UnitForm":
        """Return the form filled with what is stored."""
        said = ("kind", "name", "address", "estate", "responsible", "phone", "uscc", "agency")
        initial = {
            name: getattr(unit, f"{name}_id" if name in ("estate", "agency") else name) for name in said
        }
        return cls(initial=initial, area=area, agencies=agencies, editing=True)

    def clean_uscc(self) -> str:
        """Check the code by its check digits, and say what may have been meant."""
        text = str(self.cleaned_data["uscc"]).strip().upper()
        if not text:
            return ""
        checked = codes.check_uscc(text)
        # Some codes issued early fail although they stand on the licence: whoever looked may insist.
        if not checked.valid and not self.data.get("insist"):
            raise forms.ValidationError(code_words.sentence(checked.problem, suggestions=checked.suggestions))
        return checked.value


class EndForm(forms.Form):
    """The last day of a unit on the register, with the reason."""

    ended_on = forms.DateField(label=_("注销日期"), widget=DateInput())
    reason = forms.CharField(label=_("原因"), max_length=200, help_text=_("例如：关闭、搬迁、改作他用。"))


class FlagForm(forms.Form):
    """A flag that begins or ends on a day."""

    flag = forms.ChoiceField(label=_("标记"))
    on = forms.TypedChoiceField(
        label=_("怎么改"),
        choices=[("1", _("加上")), ("0", _("去掉"))],
        coerce=lambda value: value == "1",
        initial="1",
    )
    since = forms.DateField(label=_("从哪天起"), widget=DateInput())
    basis = forms.CharField(label=_("依据"), max_length=120, required=False, help_text=_("例如名单的文号。"))

    def __init__(self, *args: Any, today: date | None = None, **kwargs: Any):
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["flag"].choices = [(key, kinds.flag_label(key)) for key in kinds.settable_flags()]
        if today is not None:
            fields["since"].initial = today


class JointForm(forms.Form):
    """The day of a joint visit of a site, with the agencies and units it is for."""

    planned_for = forms.DateField(label=_("检查日期"), widget=DateInput())
