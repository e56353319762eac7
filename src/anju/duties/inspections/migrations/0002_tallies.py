from django.db import migrations

from anju.means.figures.models.operations import KeepTally
from anju.means.figures.models.tallies import Spec

VISITS = Spec(
    name="visits",
    table="inspections_visitpart",
    day="visited_on",
    dimensions=(("agency", "agency_kind"), ("old", "is_old_community")),
    since="previous_on",
)
FINDINGS = Spec(
    name="findings",
    table="inspections_finding",
    day="found_on",
    where="counted",
    dimensions=(("agency", "agency_kind"), ("old", "is_old_community"), ("class1", "top_class")),
)
RECTIFIED = Spec(
    name="rectified",
    table="inspections_finding",
    day="rectified_on",
    where="counted",
    dimensions=(("agency", "agency_kind"), ("old", "is_old_community"), ("class1", "top_class")),
    since="found_on",
)


class Migration(migrations.Migration):
    dependencies = [
        ("figures", "0002_tallies"),
        ("inspections", "0001_initial"),
    ]

    operations = [KeepTally(VISITS), KeepTally(FINDINGS), KeepTally(RECTIFIED)]
