import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models

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
    initial = True

    dependencies = [
        ("cases", "0001_initial"),
        ("figures", "0002_tallies"),
        ("foundation", "0004_tries"),
        ("organisations", "0001_initial"),
        ("territory", "0002_estate_labels"),
    ]

    operations = [
        migrations.CreateModel(
            name="Unit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=20)),
                (
                    "state",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Case(
                            models.When(merged_into__isnull=False, then=models.Value("merged")),
                            models.When(ended_on__isnull=False, then=models.Value("ended")),
                            default=models.Value("listed"),
                        ),
                        output_field=models.CharField(max_length=10),
                    ),
                ),
                ("name", models.CharField(max_length=120)),
                (
                    "name_key",
                    models.CharField(
                        help_text="territory.rules.name_key(name), to know repeats", max_length=120
                    ),
                ),
                ("initials", models.CharField(blank=True, max_length=120)),
                ("address", models.CharField(blank=True, max_length=200)),
                ("uscc", models.CharField(blank=True, max_length=18)),
                ("responsible", models.CharField(blank=True, help_text="responsible person", max_length=40)),
                ("phone", models.CharField(blank=True, max_length=40)),
                ("longitude", models.FloatField(null=True)),
                ("latitude", models.FloatField(null=True)),
                (
                    "level",
                    models.PositiveSmallIntegerField(
                        default=4,
                        help_text="Area.Level of the supervising agency: 2 city, 3 county, 4 street",
                    ),
                ),
                ("registered_on", models.DateField()),
                (
                    "ended_on",
                    models.DateField(
                        help_text="gone: closed down, moved away, merged into another", null=True
                    ),
                ),
                ("moved", models.JSONField(null=True)),
                ("last_visited_on", models.DateField(null=True)),
                ("source_key", models.CharField(max_length=64, null=True)),
                ("source_number", models.CharField(blank=True, max_length=40)),
                ("is_demo", models.BooleanField(default=False)),
                (
                    "agency",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="organisations.organisation",
                    ),
                ),
                (
                    "area",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="territory.area",
                    ),
                ),
                (
                    "city",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="territory.area",
                    ),
                ),
                (
                    "community",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="territory.area",
                    ),
                ),
                (
                    "county",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="territory.area",
                    ),
                ),
                (
                    "division",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="territory.division",
                    ),
                ),
                (
                    "estate",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="units",
                        to="territory.estate",
                    ),
                ),
                (
                    "merged_into",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="inspections.unit",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        help_text="company or committee",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="organisations.organisation",
                    ),
                ),
                (
                    "street",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="territory.area",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Duty",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("checklist", models.CharField(help_text="key of rulebooks/checklists", max_length=30)),
                ("every_months", models.PositiveSmallIntegerField(default=12)),
                ("last_on", models.DateField(null=True)),
                ("due_on", models.DateField()),
                ("basis", models.CharField(blank=True, max_length=60)),
                ("active", models.BooleanField(default=True)),
                (
                    "agency",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="organisations.organisation",
                    ),
                ),
                (
                    "county",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="territory.area",
                    ),
                ),
                (
                    "street",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="territory.area",
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="duties",
                        to="inspections.unit",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="UnitFlag",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("flag", models.CharField(max_length=20)),
                ("valid_from", models.DateField()),
                ("valid_to", models.DateField(null=True)),
                (
                    "basis",
                    models.CharField(
                        blank=True, help_text="article key or list it stands on", max_length=120
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="flags",
                        to="inspections.unit",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="UnitMatch",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("score", models.FloatField(help_text="0 to 1: how alike name, address and place are")),
                (
                    "reasons",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=30), default=list, size=None
                    ),
                ),
                ("suggested_at", models.DateTimeField()),
                ("state", models.CharField(default="open", max_length=10)),
                ("decided_by", models.CharField(blank=True, max_length=120)),
                ("decided_at", models.DateTimeField(null=True)),
                (
                    "county",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="territory.area",
                    ),
                ),
                (
                    "other",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="inspections.unit"
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="matches",
                        to="inspections.unit",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Visit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("daily", "日常检查"),
                            ("complaint", "举报投诉核查"),
                            ("joint", "联合检查"),
                            ("campaign", "专项检查"),
                            ("drawn", "双随机抽查"),
                            ("recheck", "复查"),
                        ],
                        max_length=10,
                    ),
                ),
                ("state", models.CharField(default="planned", max_length=10)),
                (
                    "campaign",
                    models.CharField(
                        blank=True, help_text="name of the campaign or of the draw", max_length=60
                    ),
                ),
                ("planned_for", models.DateField(null=True)),
                ("planned_by", models.CharField(blank=True, max_length=120)),
                ("asked_on", models.DateField(null=True)),
                ("visited_on", models.DateField(null=True)),
                ("began_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("longitude", models.FloatField(null=True)),
                ("latitude", models.FloatField(null=True)),
                (
                    "met",
                    models.CharField(blank=True, help_text="who was there for the inspected", max_length=60),
                ),
                ("signed_by", models.CharField(blank=True, max_length=60)),
                ("refusal", models.CharField(blank=True, max_length=200)),
                ("witness", models.CharField(blank=True, max_length=60)),
                ("finished_at", models.DateTimeField(null=True)),
                ("finished_by_id", models.BigIntegerField(help_text="account", null=True)),
                ("finished_by_name", models.CharField(blank=True, max_length=60)),
                ("finished_by_post", models.CharField(blank=True, max_length=120)),
                (
                    "document_id",
                    models.BigIntegerField(
                        help_text="the printed record (documents.IssuedDocument)", null=True
                    ),
                ),
                ("source_key", models.CharField(max_length=64, null=True)),
                ("source_number", models.CharField(blank=True, max_length=40)),
                ("is_demo", models.BooleanField(default=False)),
                (
                    "agency",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="organisations.organisation",
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="cases.case",
                    ),
                ),
                (
                    "city",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="territory.area",
                    ),
                ),
                (
                    "community",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="territory.area",
                    ),
                ),
                (
                    "county",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="territory.area",
                    ),
                ),
                (
                    "division",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="territory.division",
                    ),
                ),
                (
                    "follows",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rechecks",
                        to="inspections.visit",
                    ),
                ),
                (
                    "signature",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="foundation.storedfile",
                    ),
                ),
                (
                    "street",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="territory.area",
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="visits",
                        to="inspections.unit",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="VisitPart",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("unit_kind", models.CharField(max_length=20)),
                ("kind", models.CharField(help_text="kind of the visit", max_length=10)),
                ("agency_kind", models.CharField(max_length=30)),
                ("checklist", models.CharField(max_length=30)),
                (
                    "edition",
                    models.DateField(
                        help_text="effective_from of the checklist used: an old visit shows its old form"
                    ),
                ),
                ("conclusion", models.CharField(blank=True, max_length=12)),
                ("note", models.TextField(blank=True)),
                ("concluded_at", models.DateTimeField(null=True)),
                ("visited_on", models.DateField(null=True)),
                ("previous_on", models.DateField(null=True)),
                ("is_old_community", models.BooleanField(default=False)),
                ("is_high_rise", models.BooleanField(default=False)),
                ("findings_count", models.PositiveSmallIntegerField(default=0)),
                ("is_demo", models.BooleanField(default=False)),
                (
                    "agency",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="organisations.organisation",
                    ),
                ),
                (
                    "city",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="territory.area",
                    ),
                ),
                (
                    "community",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="territory.area",
                    ),
                ),
                (
                    "county",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="territory.area",
                    ),
                ),
                (
                    "division",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="territory.division",
                    ),
                ),
                (
                    "street",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="territory.area",
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="inspections.unit",
                    ),
                ),
                (
                    "visit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="parts",
                        to="inspections.visit",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="VisitOfficer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=40)),
                ("badge", models.CharField(blank=True, max_length=30)),
                (
                    "person",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="organisations.person",
                    ),
                ),
                (
                    "part",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="officers",
                        to="inspections.visitpart",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Finding",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("unit_kind", models.CharField(max_length=20)),
                (
                    "item",
                    models.CharField(blank=True, help_text="checklist item it was found at", max_length=30),
                ),
                ("class_code", models.CharField(max_length=12)),
                ("top_class", models.CharField(max_length=12)),
                ("severity", models.CharField(max_length=16)),
                ("place", models.CharField(blank=True, max_length=200)),
                ("text", models.CharField(blank=True, max_length=1000)),
                ("agency_kind", models.CharField(max_length=30)),
                (
                    "found_on",
                    models.DateField(help_text="day of the visit; null until it is finished", null=True),
                ),
                ("at_once", models.BooleanField(default=False)),
                ("is_new", models.BooleanField(default=True)),
                ("counted", models.BooleanField(default=False)),
                ("rectified_on", models.DateField(null=True)),
                ("is_old_community", models.BooleanField(default=False)),
                ("is_high_rise", models.BooleanField(default=False)),
                ("source_key", models.CharField(max_length=64, null=True)),
                ("source_number", models.CharField(blank=True, max_length=40)),
                ("is_demo", models.BooleanField(default=False)),
                (
                    "agency",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="organisations.organisation",
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="findings",
                        to="cases.case",
                    ),
                ),
                (
                    "city",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="territory.area",
                    ),
                ),
                (
                    "community",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="territory.area",
                    ),
                ),
                (
                    "county",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="territory.area",
                    ),
                ),
                (
                    "division",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="territory.division",
                    ),
                ),
                (
                    "street",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="territory.area",
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="findings",
                        to="inspections.unit",
                    ),
                ),
                (
                    "visit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="findings",
                        to="inspections.visit",
                    ),
                ),
                (
                    "part",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="findings",
                        to="inspections.visitpart",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="CheckedItem",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "item",
                    models.CharField(help_text="key of the item in the checklist's edition", max_length=30),
                ),
                (
                    "result",
                    models.CharField(
                        choices=[("ok", "合格"), ("problem", "有问题"), ("not_applicable", "不涉及")],
                        max_length=16,
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=300)),
                (
                    "part",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="items",
                        to="inspections.visitpart",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="VisitPhoto",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("item", models.CharField(blank=True, max_length=30)),
                ("caption", models.CharField(blank=True, max_length=200)),
                ("added_by", models.CharField(blank=True, max_length=120)),
                ("added_at", models.DateTimeField()),
                (
                    "file",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="foundation.storedfile",
                    ),
                ),
                (
                    "finding",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="photos",
                        to="inspections.finding",
                    ),
                ),
                (
                    "visit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="photos",
                        to="inspections.visit",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="unit",
            index=models.Index(fields=["county", "kind", "name_key"], name="unit_county_kind"),
        ),
        migrations.AddIndex(
            model_name="unit",
            index=models.Index(fields=["street", "kind", "name_key"], name="unit_street_kind"),
        ),
        migrations.AddIndex(
            model_name="unit",
            index=models.Index(fields=["community", "name_key"], name="unit_community_name"),
        ),
        migrations.AddIndex(
            model_name="unit",
            index=models.Index(fields=["agency", "name_key"], name="unit_agency"),
        ),
        migrations.AddIndex(
            model_name="unit",
            index=models.Index(
                condition=models.Q(("uscc", ""), _negated=True), fields=["uscc"], name="unit_uscc"
            ),
        ),
        migrations.AddIndex(
            model_name="unit",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass("name", "gin_trgm_ops"), name="unit_name_trgm"
            ),
        ),
        migrations.AddConstraint(
            model_name="unit",
            constraint=models.UniqueConstraint(
                condition=models.Q(("source_key__isnull", False)),
                fields=("source_key",),
                name="unit_source_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="unit",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_on__isnull", True), ("kind", "estate")),
                fields=("estate",),
                name="unit_of_estate_once",
            ),
        ),
        migrations.AddIndex(
            model_name="duty",
            index=models.Index(
                condition=models.Q(("active", True)), fields=["agency", "due_on"], name="duty_agency_due"
            ),
        ),
        migrations.AddIndex(
            model_name="duty",
            index=models.Index(
                condition=models.Q(("active", True)), fields=["county", "due_on"], name="duty_county_due"
            ),
        ),
        migrations.AddIndex(
            model_name="duty",
            index=models.Index(
                condition=models.Q(("active", True)), fields=["street", "due_on"], name="duty_street_due"
            ),
        ),
        migrations.AddConstraint(
            model_name="duty",
            constraint=models.UniqueConstraint(fields=("unit", "agency", "checklist"), name="duty_once"),
        ),
        migrations.AddConstraint(
            model_name="duty",
            constraint=models.CheckConstraint(
                condition=models.Q(("every_months__gte", 1)), name="duty_has_a_period"
            ),
        ),
        migrations.AddConstraint(
            model_name="unitflag",
            constraint=models.UniqueConstraint(fields=("unit", "flag", "valid_from"), name="unit_flag_once"),
        ),
        migrations.AddConstraint(
            model_name="unitflag",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("valid_to__isnull", True), ("valid_to__gte", models.F("valid_from")), _connector="OR"
                ),
                name="unit_flag_ends_after_start",
            ),
        ),
        migrations.AddIndex(
            model_name="unitmatch",
            index=models.Index(
                condition=models.Q(("state", "open")), fields=["county", "-score"], name="match_open"
            ),
        ),
        migrations.AddConstraint(
            model_name="unitmatch",
            constraint=models.UniqueConstraint(fields=("unit", "other"), name="match_once"),
        ),
        migrations.AddIndex(
            model_name="visit",
            index=models.Index(fields=["unit", "-visited_on"], name="visit_unit"),
        ),
        migrations.AddIndex(
            model_name="visit",
            index=models.Index(
                models.F("county"),
                models.OrderBy(models.F("visited_on"), descending=True),
                name="visit_county",
            ),
        ),
        migrations.AddIndex(
            model_name="visit",
            index=models.Index(
                models.F("street"),
                models.OrderBy(models.F("visited_on"), descending=True),
                name="visit_street",
            ),
        ),
        migrations.AddIndex(
            model_name="visit",
            index=models.Index(
                models.F("agency"),
                models.OrderBy(models.F("visited_on"), descending=True),
                name="visit_agency",
            ),
        ),
        migrations.AddIndex(
            model_name="visit",
            index=models.Index(
                condition=models.Q(("state__in", ["planned", "open"])),
                fields=["agency", "planned_for"],
                name="visit_planned",
            ),
        ),
        migrations.AddConstraint(
            model_name="visit",
            constraint=models.UniqueConstraint(
                condition=models.Q(("source_key__isnull", False)),
                fields=("source_key",),
                name="visit_source_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="visit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "finished"), _negated=True),
                    models.Q(("finished_at__isnull", False), ("visited_on__isnull", False)),
                    _connector="OR",
                ),
                name="visit_finished_has_day",
            ),
        ),
        migrations.AddIndex(
            model_name="visitpart",
            index=models.Index(
                models.F("county"),
                models.F("agency_kind"),
                models.OrderBy(models.F("visited_on"), descending=True),
                name="part_county_day",
            ),
        ),
        migrations.AddIndex(
            model_name="visitpart",
            index=models.Index(models.F("agency_kind"), models.F("visited_on"), name="part_kind_day"),
        ),
        migrations.AddIndex(
            model_name="visitpart",
            index=models.Index(
                models.F("agency"),
                models.OrderBy(models.F("visited_on"), descending=True),
                name="part_agency_day",
            ),
        ),
        migrations.AddIndex(
            model_name="visitpart",
            index=models.Index(
                models.F("unit"), models.F("agency_kind"), models.F("visited_on"), name="part_unit_day"
            ),
        ),
        migrations.AddConstraint(
            model_name="visitpart",
            constraint=models.UniqueConstraint(fields=("visit", "agency"), name="part_once"),
        ),
        migrations.AddConstraint(
            model_name="visitpart",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("previous_on__isnull", True),
                    ("previous_on__lte", models.F("visited_on")),
                    _connector="OR",
                ),
                name="part_previous_is_before",
            ),
        ),
        migrations.AddConstraint(
            model_name="visitofficer",
            constraint=models.UniqueConstraint(fields=("part", "name", "badge"), name="visit_officer_once"),
        ),
        migrations.AddIndex(
            model_name="finding",
            index=models.Index(
                models.F("county"),
                models.F("agency_kind"),
                models.OrderBy(models.F("found_on"), descending=True),
                name="finding_county_day",
            ),
        ),
        migrations.AddIndex(
            model_name="finding",
            index=models.Index(models.F("agency_kind"), models.F("found_on"), name="finding_kind_day"),
        ),
        migrations.AddIndex(
            model_name="finding",
            index=models.Index(
                models.F("county"),
                models.OrderBy(models.F("rectified_on"), descending=True),
                condition=models.Q(("rectified_on__isnull", False)),
                name="finding_county_fixed",
            ),
        ),
        migrations.AddIndex(
            model_name="finding",
            index=models.Index(
                models.F("unit"), models.OrderBy(models.F("found_on"), descending=True), name="finding_unit"
            ),
        ),
        migrations.AddConstraint(
            model_name="finding",
            constraint=models.UniqueConstraint(
                condition=models.Q(("source_key__isnull", False)),
                fields=("source_key",),
                name="finding_source_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="finding",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("counted", False),
                    models.Q(("found_on__isnull", False), ("is_new", True)),
                    _connector="OR",
                ),
                name="finding_counted_is_new",
            ),
        ),
        migrations.AddConstraint(
            model_name="finding",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("rectified_on__isnull", True),
                    ("found_on__isnull", True),
                    ("rectified_on__gte", models.F("found_on")),
                    _connector="OR",
                ),
                name="finding_fixed_after_found",
            ),
        ),
        migrations.AddConstraint(
            model_name="checkeditem",
            constraint=models.UniqueConstraint(fields=("part", "item"), name="checked_item_once"),
        ),
        migrations.AddConstraint(
            model_name="visitphoto",
            constraint=models.UniqueConstraint(
                fields=("visit", "file", "finding", "item"), name="visit_photo_once", nulls_distinct=False
            ),
        ),
        KeepTally(VISITS),
        KeepTally(FINDINGS),
        KeepTally(RECTIFIED),
    ]
