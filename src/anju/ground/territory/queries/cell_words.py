"""What the cleaning of cells and the check of points found wrong, said to the person who typed it."""

from django.utils.translation import gettext as _

from anju.ground.foundation import code_words


def sentence(problem: str) -> str:
    """Return the sentence for a problem word of `rules.clean_…`, or of the coordinates."""
    return _sentences().get(problem) or code_words.sentence(problem)


def _sentences() -> dict[str, str]:
    return {
        "several_numbers": _("这里有好几个数，请只填一个。"),
        "no_number": _("没有认出数字，请填阿拉伯数字；不清楚可以空着。"),
        "not_whole": _("应当是整数，请核对。"),
        "out_of_range": _("这个数不合常理，请核对。"),
        "no_year": _("没有认出年份，请写成四位年份，例如 1998。"),
        "several_years": _("这里有好几个年份，请只填全部建成（竣工）的那一年。"),
        "around_year": _("这里写的是一段时间，请填确切的四位年份；不清楚可以空着。"),
        "no_yes": _("请填“是”或“否”。"),
        "half_point": _("经度和纬度要同时填写。"),
        "unknown_management": _(
            "管理方式不认识，请从“物业企业、业主自管、街道社区托管、单位自管、无物业”中选一个。"
        ),
        "building_name": _("楼栋请一栋一栋写，用顿号隔开，例如“1号楼（6层）、2号楼”；连号可写“3-12号楼”。"),
        "too_many_buildings": _("楼栋太多了，请核对。"),
        "unknown_system": _("坐标系不认识，请填“WGS84”“国家2000”“高德”或“百度”；不清楚可以空着。"),
        "swapped": _("经度和纬度填反了，已自动对调，请核对。"),
        "outside_county": _("位置不在所属县（市、区）范围内，请核对坐标和坐标系。"),
        "county_hint": _("这个位置看上去在%(county)s。"),
    }
