"""Forms of estates."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from anju.ground.foundation.coordinates import System

from . import rules
from .models import Estate
from .queries import cell_words

SYSTEMS = [
    (System.WGS84.value, _("WGS-84（GPS）")),
    (System.CGCS2000.value, _("CGCS2000（天地图）")),
    (System.GCJ02.value, _("GCJ-02（高德、腾讯）")),
    (System.BD09.value, _("BD-09（百度）")),
]
KNOWN = [("", _("不清楚")), ("yes", _("是")), ("no", _("否"))]
COUNTS = ("households", "building_count", "hydrants", "extinguishers", "charging_places", "ebikes")
YES = {"yes": True, "no": False, "": None}


class EstateForm(forms.Form):
    """The facts of an estate as an officer types them."""

    name = forms.CharField(label=_("小区名称"), max_length=80)
    aliases = forms.CharField(
        label=_("别名"), max_length=200, required=False, help_text=_("几个别名之间用顿号隔开。")
    )
    address = forms.CharField(label=_("地址"), max_length=200, required=False)
    year_built = forms.CharField(label=_("建成年份"), max_length=20, required=False)
    listed_old = forms.BooleanField(label=_("列入市老旧小区名单"), required=False)
    listed_basis = forms.CharField(label=_("认定文件文号"), max_length=100, required=False)
    management = forms.ChoiceField(label=_("管理方式"), choices=Estate.Management.choices)
    households = forms.CharField(label=_("户数"), max_length=20, required=False)
    building_count = forms.CharField(label=_("楼栋数"), max_length=20, required=False)
    floor_area = forms.CharField(label=_("建筑面积（平方米）"), max_length=30, required=False)
    is_high_rise = forms.BooleanField(label=_("有高层住宅（高于27米）"), required=False)
    buildings = forms.CharField(
        label=_("楼栋"),
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("用顿号隔开，层数写在括号里，例如“1号楼（6层）、2号楼”；连号可写“3-12号楼（18层）”。"),
    )
    point = forms.CharField(
        label=_("经纬度"),
        max_length=60,
        required=False,
        help_text=_("例如 113.8722, 35.3032，先后次序都可以。"),
    )
    system = forms.ChoiceField(label=_("坐标系"), choices=SYSTEMS, required=False)
    hydrants = forms.CharField(label=_("室内外消火栓（个）"), max_length=20, required=False)
    extinguishers = forms.CharField(label=_("灭火器（具）"), max_length=20, required=False)
    has_micro_station = forms.ChoiceField(label=_("微型消防站"), choices=KNOWN, required=False)
    has_control_room = forms.ChoiceField(label=_("消防控制室"), choices=KNOWN, required=False)
    fire_lane_marked = forms.ChoiceField(label=_("消防车通道标线标志"), choices=KNOWN, required=False)
    charging_places = forms.CharField(label=_("充电车位（个）"), max_length=20, required=False)
    ebikes = forms.CharField(label=_("电动自行车（辆）"), max_length=20, required=False)

    def __init__(self, *args: Any, today: date, **kwargs: Any):
        self.today = today
        super().__init__(*args, **kwargs)
        for name in (*COUNTS, "year_built"):
            self.fields[name].widget.attrs["inputmode"] = "numeric"

    @classmethod
    def of(cls, estate: Estate, *, today: date) -> "EstateForm":
        """Return the form filled with what is stored."""
        initial: dict[str, Any] = {
            name: getattr(estate, name)
            for name in cls.base_fields
            if name != "buildings" and hasattr(estate, name)
        }
        stand = sorted(estate.buildings.all(), key=lambda building: rules.in_house_order(building.name))
        initial["buildings"] = gettext("、").join(
            gettext("%(name)s（%(n)s层）") % {"name": b.name, "n": b.floors} if b.floors else b.name
            for b in stand
        )
        initial["aliases"] = gettext("、").join(estate.aliases)
        for name in ("has_micro_station", "has_control_room", "fire_lane_marked"):
            initial[name] = {True: "yes", False: "no", None: ""}[getattr(estate, name)]
        if estate.longitude is not None:
            initial["point"] = f"{estate.longitude:.6f}, {estate.latitude:.6f}"
        return cls(initial=initial, today=today)

    def clean(self) -> dict[str, Any]:
        """Read the numbers as a workbook's cells are read: 约300户 is 300."""
        given = super().clean() or {}
        for name in COUNTS:
            self._take(name, rules.clean_count(given.get(name)))
        self._take("year_built", rules.clean_year(given.get("year_built"), today=self.today))
        self._take("floor_area", rules.clean_area(given.get("floor_area")))
        if "buildings" in self.data:
            self._take("buildings", rules.clean_buildings(given.get("buildings", "")))
        else:
            self.cleaned_data["buildings"] = None  # not asked: those that stand stay
        self._take("point", rules.clean_point(given.get("point")))
        for name in ("has_micro_station", "has_control_room", "fire_lane_marked"):
            given[name] = YES[given.get(name, "")]
        given["aliases"] = [a for a in rules.split_names(given.get("aliases", "")) if a]
        return given

    def _take(self, name: str, read: tuple[Any, str | None]) -> None:
        value, problem = read
        self.cleaned_data[name] = value
        if problem:
            self.add_error(name, cell_words.sentence(problem))

    def facts(self) -> dict[str, Any]:
        """Return what `create_estate` and `edit_estate` take as facts."""
        left_out = ("point", "system", "listed_basis", "listed_old", "buildings")
        return {name: value for name, value in self.cleaned_data.items() if name not in left_out}
