"""Two trees of places, and what stands in them.

*Division* is the legal place: a dated code of the national standard, never a primary key. *Area* is 属地管理: who
looks after what. Development zones are county-level areas without being a division; a province-administered city is
a division below the prefecture without being one of its areas. Reach follows areas; statistics may be sliced by both.
"""

from typing import Any

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.utils.translation import gettext_lazy as _

from .rules import name_key


class Division(models.Model):
    """A place by its statutory code, from the day the code held to the day it was succeeded."""

    class Level(models.IntegerChoices):
        PROVINCE = 1, _("省级")
        CITY = 2, _("地级")
        COUNTY = 3, _("县级")
        TOWNSHIP = 4, _("乡级")
        VILLAGE = 5, _("村级")

    code = models.CharField(max_length=12)
    name = models.CharField(max_length=60)
    initials = models.CharField(max_length=60, blank=True)
    level = models.PositiveSmallIntegerField(choices=Level)
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="children")
    path = models.CharField(max_length=400, help_text="names from the province down, separated by spaces")
    valid_from = models.DateField(null=True)
    valid_to = models.DateField(null=True)
    successor = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="predecessors")
    statistical_zone = models.BooleanField(default=False)
    source = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["code"],
                condition=models.Q(valid_to__isnull=True),
                name="division_code_once_at_a_time",
            )
        ]
        indexes = [
            models.Index(fields=["code"], name="division_code"),
            GinIndex(OpClass("name", "gin_trgm_ops"), name="division_name_trgm"),
            models.Index(fields=["initials"], name="division_initials", opclasses=["varchar_pattern_ops"]),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def current(self) -> "Division":
        """The division that holds this place today: itself, or the end of its chain of successors."""
        here = self
        while here.successor is not None:
            here = here.successor
        return here


class DivisionLine(models.Model):
    """Each division with each of its ancestors and itself (closure), so that one join rolls up any level."""

    ancestor = models.ForeignKey(Division, on_delete=models.CASCADE, related_name="+")
    descendant = models.ForeignKey(Division, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ancestor", "descendant"], name="division_line_once")]

    def __str__(self) -> str:
        return f"{self.ancestor_id}>{self.descendant_id}"


class Area(models.Model):
    """A management unit of the four levels: who is responsible for the place (属地管理)."""

    class Level(models.IntegerChoices):
        CITY = 2, _("市")
        COUNTY = 3, _("县（市、区）")
        STREET = 4, _("街道（乡镇）")
        COMMUNITY = 5, _("社区（村）")

    name = models.CharField(max_length=60)
    initials = models.CharField(max_length=60, blank=True)
    level = models.PositiveSmallIntegerField(choices=Level)
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="children")
    division = models.ForeignKey(Division, null=True, on_delete=models.PROTECT, related_name="areas")
    city = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
    county = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
    street = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
    path = models.CharField(max_length=300)
    active = models.BooleanField(default=True)

    class Meta:
        indexes = [
            GinIndex(OpClass("name", "gin_trgm_ops"), name="area_name_trgm"),
            models.Index(fields=["level", "county"], name="area_level_county"),
        ]

    def __str__(self) -> str:
        return self.name

    def at_level(self, level: int) -> int | None:
        """Return the id of this area's ancestor (or itself) at a level, or None below it."""
        if level == self.level:
            return self.pk
        if level > self.level:
            return None
        return {2: self.city_id, 3: self.county_id, 4: self.street_id}[level]


class Estate(models.Model):
    """A residential community (小区): 一小区一档 begins here."""

    class Management(models.TextChoices):
        COMPANY = "company", _("物业企业管理")
        SELF = "self", _("业主自管")
        STREET = "street", _("街道社区托管")
        WORK_UNIT = "work_unit", _("单位自管")
        NONE = "none", _("无物业管理")
        UNKNOWN = "unknown", _("待核实")

    name = models.CharField(_("名称"), max_length=80)
    name_key = models.CharField(max_length=80, blank=True, help_text="rules.name_key(name), to know repeats")
    initials = models.CharField(max_length=80, blank=True)
    aliases = models.JSONField(_("别名"), default=list, blank=True)
    area = models.ForeignKey(
        Area, verbose_name=_("所属社区"), on_delete=models.PROTECT, related_name="estates"
    )
    division = models.ForeignKey(Division, null=True, on_delete=models.PROTECT, related_name="estates")
    address = models.CharField(_("地址"), max_length=200, blank=True)
    year_built = models.PositiveSmallIntegerField(_("建成年份"), null=True, blank=True)
    listed_old = models.BooleanField(
        _("列入老旧小区名单"), default=False, help_text="on the city's list of old communities"
    )
    households = models.PositiveIntegerField(_("户数"), null=True, blank=True)
    building_count = models.PositiveIntegerField(_("楼栋数"), null=True, blank=True)
    management = models.CharField(
        _("管理方式"), max_length=10, choices=Management, default=Management.UNKNOWN
    )
    floor_area = models.DecimalField(
        _("建筑面积"), max_digits=12, decimal_places=2, null=True, blank=True, help_text="m²"
    )
    is_high_rise = models.BooleanField(_("有高层住宅"), default=False)
    hydrants = models.PositiveIntegerField(_("消火栓"), null=True, blank=True)
    extinguishers = models.PositiveIntegerField(_("灭火器"), null=True, blank=True)
    has_micro_station = models.BooleanField(_("微型消防站"), null=True, blank=True)
    has_control_room = models.BooleanField(_("消防控制室"), null=True, blank=True)
    fire_lane_marked = models.BooleanField(_("消防车通道标志"), null=True, blank=True)
    charging_places = models.PositiveIntegerField(_("充电车位"), null=True, blank=True)
    ebikes = models.PositiveIntegerField(_("电动自行车"), null=True, blank=True)
    longitude = models.FloatField(_("经度"), null=True, blank=True)
    latitude = models.FloatField(_("纬度"), null=True, blank=True)
    coordinate_source = models.CharField(
        max_length=10, blank=True, help_text="system the point came in; stored as WGS-84/CGCS2000"
    )
    is_demo = models.BooleanField(default=False)
    active = models.BooleanField(_("在册"), default=True)

    class Meta:
        indexes = [
            models.Index(fields=["area", "name"], name="estate_area_name"),
            GinIndex(OpClass("name", "gin_trgm_ops"), name="estate_name_trgm"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["area", "name"], name="estate_once_in_area"),
            models.UniqueConstraint(
                fields=["area", "name_key"], condition=~models.Q(name_key=""), name="estate_key_once_in_area"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Store the estate with the key by which repeats of its name are known."""
        if not self.name_key:
            self.name_key = name_key(self.name)
        super().save(*args, **kwargs)


class Building(models.Model):
    """A building (楼栋) of an estate."""

    estate = models.ForeignKey(Estate, on_delete=models.CASCADE, related_name="buildings")
    name = models.CharField(max_length=40)
    floors = models.PositiveSmallIntegerField(null=True, blank=True)
    stairwells = models.PositiveSmallIntegerField(null=True, blank=True)
    year_built = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["estate", "name"], name="building_once_in_estate")]

    def __str__(self) -> str:
        return self.name
