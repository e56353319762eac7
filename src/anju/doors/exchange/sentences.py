"""What is wrong with a cell, said to whoever filled it in."""

from django.utils.translation import gettext as _

from .rules import Column


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


def number_sentence(column: Column, shown: str, *, problem: str) -> str:
    """Return the sentence for a number that could not be read or cannot be true."""
    known = {
        "year": _("看不出“%(shown)s”是哪一年，请填四位年份。"),
        "range": _("“%(shown)s”超出合理范围，请核对。"),
        "flag": _("看不懂“%(shown)s”，请填“是”或“否”。"),
        "management": _(
            "看不懂管理方式“%(shown)s”，请填物业企业管理、业主自管、街道社区托管、单位自管或无物业管理。"
        ),
        "lost": _("“%(shown)s”被表格当成数字，后几位已经丢失。请把这一列设为文本后重新填写。"),
        "long": _("文字太长，最多 %(most)s 字。") % {"most": int(column.most)} if column.most else "",
    }
    return (
        known.get(problem) % {"shown": shown[:40]}
        if problem in known
        else (_("看不懂数字“%(shown)s”，请只填一个数。") % {"shown": shown[:40]})
    )


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
