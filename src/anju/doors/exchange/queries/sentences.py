"""What is wrong with a cell, said to whoever filled it in."""

from typing import Any

from django.utils.translation import gettext as _


def date_sentence(problem: str, shown: str) -> str:
    """Return the sentence for a date that could not be read."""
    known = {
        "no_year": _("“%(shown)s”缺少年份，请写成 2024-03-05 的样子。"),
        "no_day": _("“%(shown)s”只有年月，请补上日。"),
        "future": _("日期“%(shown)s”还没有到，请核对。"),
        "ancient": _("日期“%(shown)s”太早，请核对。"),
        "order": _("日期“%(shown)s”早于检查或受理日期，请核对。"),
    }
    return known.get(problem, _("看不懂日期“%(shown)s”，请写成 2024-03-05 的样子。")) % {"shown": shown[:40]}


def lost_digits(shown: str) -> str:
    """Return the sentence for a code of which the spreadsheet kept only fifteen digits."""
    return _("“%(shown)s”被表格当成数字，后几位已经丢失。请把这一列设为文本后重新填写。") % {
        "shown": shown[:40]
    }


def other_code(name: str, known: str) -> str:
    """Return the sentence for a company that is registered under another code."""
    return _(
        "“%(name)s”登记的统一社会信用代码是 %(known)s，与本行不同。请核对代码；确需更正的，请到单位页面修改。"
    ) % {"name": name[:40], "known": known}


def kept_elsewhere(number: int, name: str) -> str:
    """Return the sentence for a company whose record another place keeps."""
    return _(
        "第 %(row)s 行：“%(name)s”不是在您的辖区登记的，资料没有改动；需要更正的，请登记地主管部门修改。"
    ) % {
        "row": number,
        "name": name[:40],
    }


def code_to_confirm(said: str) -> str:
    """Return what is wrong with a company's code, and where a ledger says why it stands all the same."""
    return said + _("理由写在“代码核对说明”一列（没有这一列可以加上）。")


def needed(name: str) -> str:
    """Return the sentence for a cell that must not be empty."""
    return _("缺少%(name)s，请补填。") % {"name": name}


def unclear_rectification(shown: str) -> str:
    """Return the sentence for words that do not say whether it was put right."""
    return _("从“%(shown)s”看不出是否已办完，请填“已整改”或“未整改”。") % {"shown": shown[:40]}


def contradiction() -> str:
    """Return the sentence for "not rectified" beside a day of rectification."""
    return _("一处写未整改，另一处又有完成日期，请核对。")


def unknown_class(shown: str, near: str) -> str:
    """Return the sentence for a class that the rulebook does not have."""
    if not shown:
        return _("从文字判断不出类别，请填写类别名称或代码。")
    said = _("没有“%(shown)s”这个类别。") % {"shown": shown[:40]}
    return said + (_("是否为“%(near)s”？") % {"near": near} if near else _("请填写类别名称或代码。"))


def amount_sentence(read: Any, shown: str) -> str:
    """Return the sentence for a sum of money that is not taken (rules.Amount)."""
    if read.problem == "wan":
        return _("“%(shown)s”是以万元为单位的，请换算成元（是否为 %(yuan)s 元？）。") % {
            "shown": shown[:40],
            "yuan": f"{read.value:f}",
        }
    known = {
        "fraction": _("“%(shown)s”精确到分以下，请核对金额。"),
        "not_positive": _("金额“%(shown)s”应大于零，请核对。"),
        "too_large": _("金额“%(shown)s”太大，请核对。"),
    }
    return known.get(read.problem, _("看不懂金额“%(shown)s”，请只填写数字，单位为元。")) % {
        "shown": shown[:40]
    }
