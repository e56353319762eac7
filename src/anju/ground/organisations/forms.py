"""Forms of organisations and contracts."""

from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from .models import Organisation


class DateInput(forms.DateInput):
    """A day, with the browser's own calendar."""

    input_type = "date"

    def __init__(self, **kwargs: Any):
        super().__init__(format="%Y-%m-%d", **kwargs)


def named(book: dict[str, dict[str, Any]]) -> list[tuple[str, str]]:
    """Return the (key, name) of a rulebook's entries in the reader's language."""
    field = "name_en" if (get_language() or "").startswith("en") else "name"
    return [(key, entry[field]) for key, entry in book.items()]


class OrganisationForm(forms.Form):
    """The facts of an organisation."""

    kind = forms.ChoiceField(label=_("类别"))
    name = forms.CharField(label=_("单位名称"), max_length=120)
    short_name = forms.CharField(label=_("简称"), max_length=40, required=False)
    uscc = forms.CharField(label=_("统一社会信用代码"), max_length=30, required=False)
    uscc_override_reason = forms.CharField(
        label=_("代码核对说明"),
        max_length=200,
        required=False,
        help_text=_("代码通不过校验，但证照上确实如此时填写。"),
    )
    document_code = forms.CharField(
        label=_("机关代字"), max_length=20, required=False, help_text=_("文书编号用，例如“红住建”。")
    )
    legal_person = forms.CharField(label=_("法定代表人或负责人"), max_length=40, required=False)
    phone = forms.CharField(label=_("电话"), max_length=40, required=False)
    address = forms.CharField(label=_("地址"), max_length=200, required=False)
    active = forms.BooleanField(label=_("在用"), required=False, initial=True)

    def __init__(self, *args: Any, kinds: dict[str, dict[str, Any]], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = named(kinds)  # type: ignore[attr-defined]

    @classmethod
    def of(cls, organisation: Organisation, *, kinds: dict[str, dict[str, Any]]) -> "OrganisationForm":
        """Return the form filled with what is stored; the kind stays as it is."""
        form = cls(initial={name: getattr(organisation, name) for name in cls.base_fields}, kinds=kinds)
        return form.without_kind()

    def without_kind(self) -> "OrganisationForm":
        """Leave out the kind: an organisation that becomes another kind is another organisation."""
        del self.fields["kind"]
        return self


class ContractForm(forms.Form):
    """A property-service contract of a company with an estate."""

    valid_from = forms.DateField(label=_("合同起期"), widget=DateInput())
    valid_to = forms.DateField(
        label=_("合同止期"), widget=DateInput(), required=False, help_text=_("没有约定的可以空着。")
    )
    early_service = forms.BooleanField(label=_("前期物业服务"), required=False)
    filed_on = forms.DateField(label=_("备案日期"), widget=DateInput(), required=False)
    project_manager = forms.CharField(label=_("项目负责人"), max_length=40, required=False)
    overlap_reason = forms.CharField(
        label=_("与其他企业同期的说明"),
        max_length=200,
        required=False,
        help_text=_("交接期有两家企业时填写。"),
    )


class EndForm(forms.Form):
    """The last day of a contract or a post, with the reason."""

    last_day = forms.DateField(label=_("最后一天"), widget=DateInput())
    reason = forms.CharField(label=_("原因"), max_length=200)
