"""Forms of transfers: they read what was typed; the verbs decide."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from anju.duties.orders.models import Order
from anju.ground.organisations.models import Organisation

from .rules import KIND_LABELS

_TEXT = {"rows": 3}


class TransferForm(forms.Form):
    """A new transfer: to whom, why, what was stopped, with which evidence."""

    kind = forms.ChoiceField(label=_("方式"))
    receiver = forms.TypedChoiceField(label=_("接收机关"), coerce=int, empty_value=None)
    sender = forms.TypedChoiceField(label=_("移送机关"), coerce=int, empty_value=None)
    reason = forms.CharField(
        label=_("移送理由和请求"),
        widget=forms.Textarea(attrs=_TEXT),
        max_length=4000,
        help_text=_("为什么不属于本单位职权，请对方做什么；这段话会印在通知书上。"),
    )
    order = forms.TypedChoiceField(
        label=_("已下达的责令改正文书"), coerce=int, empty_value=None, required=False
    )
    stopped = forms.CharField(
        label=_("已当场责令停止或已采取的措施"),
        widget=forms.Textarea(attrs=_TEXT),
        max_length=4000,
        help_text=_("移送不等于放着不管：危险行为当场责令停止，写明停止了什么。"),
    )

    def __init__(
        self,
        *args: Any,
        receivers: Sequence[Organisation],
        senders: Sequence[Organisation],
        orders: Sequence[Order],
        serious: bool,
        only_serious: bool = False,
        **kwargs: Any,
    ):
        super().__init__(*args, **kwargs)
        kinds = [(key, label) for key, label in KIND_LABELS.items() if key != "serious_report" or serious]
        if only_serious:
            kinds = [(key, label) for key, label in kinds if key == "serious_report"]
        self.fields["kind"].choices = kinds  # type: ignore[attr-defined]
        self.fields["receiver"].choices = [("", _("请选择"))] + [(o.pk, o.name) for o in receivers]  # type: ignore[attr-defined]
        self.fields["sender"].choices = [(o.pk, o.name) for o in senders]  # type: ignore[attr-defined]
        if len(senders) < 2:
            del self.fields["sender"]
        if orders:
            self.fields["order"].choices = [("", _("没有"))] + [  # type: ignore[attr-defined]
                (o.pk, f"{o.get_kind_display()} {o.written_number}") for o in orders
            ]
        else:
            del self.fields["order"]
        # Both reports go to the two offices of the rulebook; nobody is chosen.
        self.fields["receiver"].required = not only_serious and self.data.get("kind") != "serious_report"
