"""The form in which a draft is changed: its plain facts, read from the types of the dataclass.

Text, days, money, yes-or-no and lists of sentences (one a line) can be typed; tables, people and moments stay as the
room that drafted the paper gave them.
"""

from dataclasses import fields, replace
from datetime import date
from decimal import Decimal
from typing import Any, get_type_hints

from django import forms
from django.utils.translation import gettext_lazy as _

from . import rules

LABELS = {
    "about": _("涉及的单位或者地点"),
    "accompanied_by": _("陪同检查人"),
    "address": _("地址"),
    "amount": _("罚款金额（元）"),
    "answer_by": _("反馈期限"),
    "applied_on": _("申请复查日期"),
    "basis": _("依据，每行一条"),
    "body": _("正文，每行一段"),
    "conclusion": _("结论"),
    "consequence": _("不改正的后果"),
    "contact": _("联系人"),
    "contact_unit": _("联系单位"),
    "copies": _("抄送，每行一个"),
    "court": _("受理诉讼的法院"),
    "criteria": _("判定要素，每行一条"),
    "decided_on": _("决定日期"),
    "deputies": _("代表，每行一人"),
    "discretion": _("裁量理由"),
    "due_on": _("改正期限"),
    "evidence": _("证据，每行一项"),
    "facts": _("事实"),
    "found_on": _("发现日期"),
    "grounds": _("移送依据，每行一条"),
    "hearing": _("可以要求听证"),
    "inspected_on": _("检查日期"),
    "kind": _("检查类别"),
    "matter": _("建议或者提案"),
    "measures": _("措施"),
    "meeting": _("会议"),
    "notice_number": _("告知书文号"),
    "noticed_on": _("告知日期"),
    "order_number": _("所依文书的文号"),
    "order_title": _("所依文书"),
    "ordered_on": _("所依文书的日期"),
    "organisation": _("发文机关"),
    "other": _("其他处罚"),
    "paid_on_spot": _("当场收缴罚款"),
    "parts": _("查封的部位，每行一处"),
    "pay_at": _("缴款银行和账号"),
    "phone": _("联系电话"),
    "place": _("地点"),
    "postcode": _("邮政编码"),
    "printed_by": _("印发机关"),
    "recipient": _("受文单位"),
    "remark": _("备注"),
    "renewal_of": _("所延长的决定书文号"),
    "requirement": _("查封期间的要求"),
    "responsible": _("消防安全责任人"),
    "result_class": _("办理结果"),
    "review_body": _("受理复议的机关"),
    "salutation": _("称谓"),
    "sealed_from": _("查封起始日"),
    "sealed_until": _("查封截止日"),
    "sign_by": _("签收期限"),
    "signed_on": _("成文日期"),
    "signer": _("签发人"),
    "standard": _("判定标准"),
    "statement": _("陈述、申辩情况"),
    "subject": _("建议标题"),
    "suggestion": _("建议编号"),
    "supervised_by": _("挂牌督办单位"),
    "thanks": _("结语"),
    "uscc": _("统一社会信用代码"),
    "unit": _("被检查单位"),
    "unit_kind": _("单位类别"),
    "violated": _("违反的条款，每行一条"),
    "warning": _("警告"),
}
LONG = {"facts": 6, "body": 16, "statement": 4, "measures": 3, "discretion": 2, "requirement": 3, "remark": 2}
MOST_LETTERS = 20_000


class DraftForm(forms.Form):
    """The plain facts of one draft."""

    def __init__(self, kind: str, given: Any, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.given = given
        self.listed: set[str] = set()
        hints = get_type_hints(type(given))
        needed = rules.KINDS[kind].needs
        for part in fields(given):
            made = self._field(part.name, hints[part.name], getattr(given, part.name), part.name in needed)
            if part.name in LABELS and made is not None:
                self.fields[part.name] = made

    def _field(self, name: str, hint: Any, value: Any, needed: bool) -> forms.Field | None:
        told: dict[str, Any] = {"label": LABELS.get(name, name), "required": needed}
        if hint is bool:
            return forms.BooleanField(**{**told, "required": False}, initial=value)
        if hint is str:
            rows = LONG.get(name, 0)
            widget = forms.Textarea(attrs={"rows": rows}) if rows else forms.TextInput()
            return forms.CharField(**told, initial=value, widget=widget, max_length=MOST_LETTERS)
        if hint is Decimal:
            return forms.DecimalField(**told, initial=value, min_value=0, max_digits=14, decimal_places=2)
        if hint in (date, date | None):
            day = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
            return forms.DateField(**{**told, "required": hint is date}, initial=value, widget=day)
        if hint == tuple[str, ...]:
            self.listed.add(name)
            area = forms.Textarea(attrs={"rows": max(2, len(value))})
            return forms.CharField(**told, initial="\n".join(value), widget=area, max_length=MOST_LETTERS)
        return None

    def changed(self) -> Any:
        """Return the facts with what was typed."""
        typed = dict(self.cleaned_data)
        for name in self.listed & typed.keys():
            typed[name] = tuple(line.strip() for line in typed[name].splitlines() if line.strip())
        return replace(self.given, **typed)
