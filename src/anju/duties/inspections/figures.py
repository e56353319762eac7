"""The measures of inspections: units and visits, hazards found and put right, and of these the old communities.

The city's report says "检查单位 61,521 家，发现隐患 50,564 处，其中检查老旧小区 2,150 家，发现整改电动车隐患
6,280 处". Each of these words can be read in more than one way, so each has its companions, and stands beside them.

A hazard is a row of place × type × visit, seen for the first time (`Finding.counted`). A unit is counted once in a
period however often it was visited: at its first visit in the period, the part whose preceding day lies before it.
"""

from collections.abc import Mapping
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.urls import NoReverseMatch, reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from anju.duties.cases.figures import class_names, top_class_names
from anju.duties.cases.queries import catalogue
from anju.ground.foundation import rulebooks
from anju.means.figures.models.tallies import Spec
from anju.means.figures.queries import registry
from anju.means.figures.queries.registry import Column, Dimension, Facts, Measure, Tallied, Window

from . import rules
from .models import Finding, Visit, VisitPart

POLICE = "police_station"

# The triggers of a database are those of the migrations; `check_tallies` and a test compare them with these.
VISITS_TALLY = Spec(
    name="visits",
    table="inspections_visitpart",
    day="visited_on",
    dimensions=(("agency", "agency_kind"), ("old", "is_old_community")),
    since="previous_on",
)
FINDINGS_TALLY = Spec(
    name="findings",
    table="inspections_finding",
    day="found_on",
    where="counted",
    dimensions=(("agency", "agency_kind"), ("old", "is_old_community"), ("class1", "top_class")),
)
RECTIFIED_TALLY = Spec(
    name="rectified",
    table="inspections_finding",
    day="rectified_on",
    where="counted",
    dimensions=(("agency", "agency_kind"), ("old", "is_old_community"), ("class1", "top_class")),
    since="found_on",
)


# --- dimensions ---------------------------------------------------------------------------------------------------


def _names(book: str, section: str) -> Mapping[str, str]:
    """Name the entries of a section of a rulebook, of all its editions; newer ones win."""
    english = (get_language() or "").startswith("en")
    found = {}
    for _start, _end, content in rulebooks.editions(book):
        found.update({key: row["name_en" if english else "name"] for key, row in content[section].items()})
    return found


def agency_kinds() -> Mapping[str, str]:
    """Name each kind of agency."""
    return _names("organisations", "kinds")


def unit_kinds() -> Mapping[str, str]:
    """Name each kind of unit."""
    return _names("units", "kinds")


def old_or_not() -> Mapping[str, str]:
    """Name the two sides of the flag."""
    return {"True": str(_("老旧小区")), "False": str(_("其他"))}


_TEXT = models.CharField()
AGENCY = Dimension("agency_kind", _TEXT, _("检查部门"), agency_kinds)
OLD = Dimension("is_old_community", models.BooleanField(), _("老旧小区"), old_or_not)
UNIT = Dimension("unit_kind", _TEXT, _("单位类别"), unit_kinds)
AREAS = {2: "city", 3: "county", 4: "street", 5: "community"}


def address_of(name: str, pk: int | None) -> str:
    """Return the page of a record; "" while no door serves it."""
    try:
        return reverse(name, args=[pk]) if pk else ""
    except NoReverseMatch:
        return ""


def place_of(row: Any) -> str:
    return " ".join(area.name for area in (row.county, row.street) if area is not None)


def _kind_of_unit(row: Any) -> str:
    return unit_kinds().get(row.unit_kind, row.unit_kind)


VISITS = Facts(
    name="visits",
    label=_("检查"),
    model=VisitPart,
    guarded=Visit,
    reach="visit",
    areas=AREAS,
    division="division",
    dimensions={
        "agency": AGENCY,
        "old": OLD,
        "unit": UNIT,
        "visit_kind": Dimension(
            "kind", _TEXT, _("检查种类"), lambda: {k: str(v) for k, v in rules.KIND_LABELS.items()}
        ),
    },
    columns=(
        Column("unit", _("被检查单位"), lambda part: part.unit.name, "title"),
        Column("visited_on", _("检查日期"), lambda part: part.visited_on, "num"),
        Column("unit_kind", _("单位类别"), _kind_of_unit),
        Column("place", _("地点"), lambda part: f"{place_of(part)} {part.unit.address}".strip()),
        Column("agency", _("检查部门"), lambda part: part.agency.name),
        Column("kind", _("检查种类"), lambda part: str(rules.KIND_LABELS.get(part.kind, part.kind))),
        Column("findings", _("发现隐患"), lambda part: part.findings_count, "num"),
    ),
    related=("county", "street", "unit", "agency"),
    unread=("note",),
    address=lambda part: address_of("inspections:visit", part.visit_id),
    export="cases.export",
    order=("-visited_on", "-pk"),
    indexed=3,
)


def _finding_address(finding: Finding) -> str:
    return address_of("cases:case", finding.case_id) or address_of("inspections:visit", finding.visit_id)


FINDINGS = Facts(
    name="findings",
    label=_("隐患"),
    model=Finding,
    guarded=Visit,
    reach="visit",
    areas=AREAS,
    division="division",
    dimensions={
        "agency": AGENCY,
        "old": OLD,
        "class1": Dimension("top_class", _TEXT, _("大类"), top_class_names),
        "class": Dimension("class_code", _TEXT, _("类别"), class_names),
        "unit": UNIT,
    },
    columns=(
        Column("class", _("隐患"), lambda row: catalogue.label("hazard", row.class_code), "title"),
        Column("unit", _("被检查单位"), lambda row: row.unit.name),
        Column("place", _("地点"), lambda row: f"{place_of(row)} {row.place}".strip()),
        Column("agency", _("检查部门"), lambda row: row.agency.name),
        Column("found_on", _("发现日期"), lambda row: row.found_on, "num"),
        Column("rectified_on", _("整改日期"), lambda row: row.rectified_on, "num"),
    ),
    related=("county", "street", "unit", "agency"),
    unread=("text",),
    address=_finding_address,
    export="cases.export",
    order=("-found_on", "-pk"),
    indexed=3,
)

# --- conditions ---------------------------------------------------------------------------------------------------

_police = Q(agency_kind=POLICE)
_old = Q(is_old_community=True)
_ebike = Q(top_class=rules.EBIKE)


def visited(window: Window) -> Q:
    """Finished in the period; a part of a void visit has no day."""
    return Q(visited_on__gte=window.first, visited_on__lt=window.after)


def first_visited(window: Window) -> Q:
    """The unit's first visit in the period by this kind of agency: the one before, if any, lies before the period."""
    return visited(window) & (Q(previous_on__isnull=True) | Q(previous_on__lt=window.first))


def found(window: Window) -> Q:
    """First seen in the period."""
    return Q(counted=True, found_on__gte=window.first, found_on__lt=window.after)


def found_and_fixed(window: Window) -> Q:
    """First seen in the period and put right by its end."""
    return found(window) & Q(rectified_on__lt=window.after)


def fixed(window: Window) -> Q:
    """Put right in the period, whenever first seen."""
    return Q(counted=True, rectified_on__gte=window.first, rectified_on__lt=window.after)


def _by_visit(window: Window) -> Any:
    return F("visited_on")


def _by_finding(window: Window) -> Any:
    return F("found_on")


def _by_fixing(window: Window) -> Any:
    return F("rectified_on")


_POLICE = ("agency", (POLICE,))
_OLD = ("old", ("true",))
_EBIKE = ("class1", (rules.EBIKE,))

MEASURES = (
    Measure(
        name="units_inspected",
        label=_("检查单位数"),
        short=_("单位"),
        definition=_(
            "期内公安派出所检查过的单位数；同一单位不论检查几次只计一家，地点和类别以期内首次检查时为准，作废的检查不计。"
        ),
        unit="count",
        facts=VISITS,
        counts=lambda w: first_visited(w) & _police,
        date=_by_visit,
        by_day=True,
        tally=Tallied(VISITS_TALLY, (_POLICE,), since="before", earlier="previous_on"),
        additive_over_time=False,
        companions=("visits",),
        part_of="visits",
        word=_("家"),
        shelf="letter",
    ),
    Measure(
        name="visits",
        label=_("检查家次"),
        short=_("检查"),
        definition=_(
            "期内公安派出所完成检查的次数；同一单位每检查一次计一家次，复查和联合检查照计，作废的检查不计。"
        ),
        unit="count",
        facts=VISITS,
        counts=lambda w: visited(w) & _police,
        date=_by_visit,
        by_day=True,
        tally=Tallied(VISITS_TALLY, (_POLICE,)),
        companions=("units_inspected", "visits_all"),
        word=_("家次"),
        shelf="letter",
    ),
    Measure(
        name="hazards_found",
        label=_("发现隐患数"),
        short=_("隐患"),
        definition=_(
            "期内公安派出所检查中首次发现的隐患处数；一次检查中同一部位、同一类型计一处，复查再次见到的原隐患不重复计，已撤销的不计。"
        ),
        unit="count",
        facts=FINDINGS,
        counts=lambda w: found(w) & _police,
        date=_by_finding,
        by_day=True,
        tally=Tallied(FINDINGS_TALLY, (_POLICE,)),
        companions=("hazards_found_fixed", "hazards_found_all"),
        word=_("处"),
        shelf="letter",
    ),
    Measure(
        name="hazards_found_fixed",
        label=_("发现并已整改隐患数"),
        short=_("其中已整改"),
        definition=_(
            "上述发现隐患数中，到期末（期未满的到今日）已经整改并复查销号的处数，按发现日期归入各期。"
        ),
        unit="count",
        facts=FINDINGS,
        counts=lambda w: found_and_fixed(w) & _police,
        date=_by_finding,
        by_day=True,
        tally=Tallied(RECTIFIED_TALLY, (_POLICE,), since="within", earlier="found_on"),
        part_of="hazards_found",
        companions=("hazards_found",),
        better="high",
        word=_("处"),
        shelf="letter",
    ),
    Measure(
        name="old_communities_inspected",
        label=_("检查老旧小区数"),
        short=_("老旧小区"),
        definition=_(
            "检查单位数中的老旧小区数，是否老旧小区以期内首次检查当日为准；同一小区不论检查几次只计一家。"
        ),
        unit="count",
        facts=VISITS,
        counts=lambda w: first_visited(w) & _police & _old,
        date=_by_visit,
        by_day=True,
        tally=Tallied(VISITS_TALLY, (_POLICE, _OLD), since="before", earlier="previous_on"),
        additive_over_time=False,
        companions=("old_community_visits",),
        part_of="units_inspected",
        word=_("家"),
        shelf="letter",
    ),
    Measure(
        name="old_community_visits",
        label=_("检查老旧小区家次"),
        short=_("老旧小区"),
        definition=_("检查家次中，检查当日为老旧小区的家次；同一小区每检查一次计一家次。"),
        unit="count",
        facts=VISITS,
        counts=lambda w: visited(w) & _police & _old,
        date=_by_visit,
        by_day=True,
        tally=Tallied(VISITS_TALLY, (_POLICE, _OLD)),
        part_of="visits",
        companions=("old_communities_inspected",),
        word=_("家次"),
        shelf="letter",
    ),
    Measure(
        name="ebike_hazards_rectified",
        label=_("老旧小区发现并整改电动车隐患数"),
        short=_("整改电动车隐患"),
        definition=_(
            "期内公安派出所在老旧小区首次发现的电动自行车隐患中，到期末（期未满的到今日）已经整改并复查销号的处数。"
        ),
        unit="count",
        facts=FINDINGS,
        counts=lambda w: found_and_fixed(w) & _police & _old & _ebike,
        date=_by_finding,
        by_day=True,
        tally=Tallied(RECTIFIED_TALLY, (_POLICE, _OLD, _EBIKE), since="within", earlier="found_on"),
        part_of="ebike_hazards_found",
        companions=("ebike_hazards_found", "ebike_hazards_fixed_in_period"),
        better="high",
        word=_("处"),
        shelf="letter",
    ),
    Measure(
        name="ebike_hazards_found",
        label=_("老旧小区发现电动车隐患数"),
        short=_("发现电动车隐患"),
        definition=_("发现隐患数中，检查当日为老旧小区、隐患大类为电动自行车的处数，不论是否已经整改。"),
        unit="count",
        facts=FINDINGS,
        counts=lambda w: found(w) & _police & _old & _ebike,
        date=_by_finding,
        by_day=True,
        tally=Tallied(FINDINGS_TALLY, (_POLICE, _OLD, _EBIKE)),
        part_of="hazards_found",
        companions=("ebike_hazards_rectified",),
        word=_("处"),
        shelf="letter",
    ),
    Measure(
        name="ebike_hazards_fixed_in_period",
        label=_("期内整改老旧小区电动车隐患数"),
        short=_("期内整改电动车隐患"),
        definition=_(
            "期内整改并复查销号的老旧小区电动自行车隐患处数，不论何时发现，按销号日期归入各期；隐患由公安派出所检查发现。"
        ),
        unit="count",
        facts=FINDINGS,
        counts=lambda w: fixed(w) & _police & _old & _ebike,
        date=_by_fixing,
        by_day=True,
        tally=Tallied(RECTIFIED_TALLY, (_POLICE, _OLD, _EBIKE)),
        companions=("ebike_hazards_rectified",),
        better="high",
        word=_("处"),
        shelf="letter",
    ),
    Measure(
        name="visits_all",
        label=_("各部门检查家次"),
        short=_("各部门检查"),
        definition=_("期内各部门完成检查的家次；联合检查按参加部门分别计一家次，作废的检查不计。"),
        unit="count",
        facts=VISITS,
        counts=visited,
        date=_by_visit,
        by_day=True,
        tally=Tallied(VISITS_TALLY),
        word=_("家次"),
        shelf="letter",
    ),
    Measure(
        name="hazards_found_all",
        label=_("各部门发现隐患数"),
        short=_("各部门隐患"),
        definition=_("期内各部门检查中首次发现的隐患处数，算法与发现隐患数相同。"),
        unit="count",
        facts=FINDINGS,
        counts=found,
        date=_by_finding,
        by_day=True,
        tally=Tallied(FINDINGS_TALLY),
        word=_("处"),
        shelf="letter",
    ),
)


def register() -> None:
    """Make the measures of this room known to the engine."""
    registry.register(*MEASURES)
