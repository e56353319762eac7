"""What codes and coordinates found wrong, said to the person who typed it."""

from django.utils.translation import gettext as _


def sentence(problem: str, *, suggestions: tuple[str, ...] = ()) -> str:
    """Return the gentle sentence for a problem word of `codes` or `coordinates`, with a "did you mean" if any."""
    said = _sentences().get(problem, "") if problem else ""
    if suggestions:
        said += _("您要填的是不是：%(codes)s？") % {"codes": _("、").join(suggestions)}
    return said


def _sentences() -> dict[str, str]:
    return {
        "empty": _("这里还没有填写。"),
        "length": _("位数不对，请核对有没有多填或漏填。"),
        "character": _("含有不该出现的字符，请对照证件核对。"),
        "authority": _("第一位登记管理部门代码不在国家标准之内，请核对。"),
        "place": _("行政区划代码不存在，请核对。"),
        "date": _("其中的出生日期不存在或在将来，请核对。"),
        "organisation_check": _("第17位（组织机构代码校验位）与前面各位不符，请核对。"),
        "check_digit": _("最后一位校验码与前面各位不符，请核对。"),
        "old_number": _("这像是旧的工商注册号，请填18位统一社会信用代码。"),
        "area_code": _("固定电话请加上区号，例如 0373-2831234。"),
        "no_numbers": _("没有找到经度和纬度，请写成“113.87, 35.30”这样的两个数。"),
        "one_number": _("只有一个数，请同时填写经度和纬度。"),
        "outside_china": _("这个位置不在我国境内，请核对经度和纬度。"),
        "too_many_numbers": _("数字太多，认不出经度和纬度，请只填两个数。"),
    }
