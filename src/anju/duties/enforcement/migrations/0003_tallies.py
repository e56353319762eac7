from django.db import migrations

from anju.means.figures.operations import KeepTally
from anju.means.figures.tallies import Spec

FINES = Spec(
    name="fines",
    table="enforcement_penalty",
    day="decided_on",
    where="cancelled_on IS NULL AND amount IS NOT NULL",
    dimensions=(("agency", "agency_kind"), ("old", "is_old_community"), ("class1", "top_class")),
    amount="amount",
)


class Migration(migrations.Migration):
    dependencies = [
        ("enforcement", "0002_initial"),
        ("figures", "0002_tallies"),
    ]

    operations = [KeepTally(FINES)]
