import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("foundation", "0001_initial"),  # brings pg_trgm
    ]

    operations = [
        migrations.CreateModel(
            name="Division",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.CharField(max_length=12)),
                ("name", models.CharField(max_length=60)),
                ("initials", models.CharField(blank=True, max_length=60)),
                (
                    "level",
                    models.PositiveSmallIntegerField(
                        choices=[(1, "省级"), (2, "地级"), (3, "县级"), (4, "乡级"), (5, "村级")]
                    ),
                ),
                (
                    "path",
                    models.CharField(
                        help_text="names from the province down, separated by spaces", max_length=400
                    ),
                ),
                ("valid_from", models.DateField(null=True)),
                ("valid_to", models.DateField(null=True)),
                ("statistical_zone", models.BooleanField(default=False)),
                ("source", models.CharField(blank=True, max_length=200)),
                (
                    "parent",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="children",
                        to="territory.division",
                    ),
                ),
                (
                    "successor",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="predecessors",
                        to="territory.division",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Area",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=60)),
                ("initials", models.CharField(blank=True, max_length=60)),
                (
                    "level",
                    models.PositiveSmallIntegerField(
                        choices=[(2, "市"), (3, "县（市、区）"), (4, "街道（乡镇）"), (5, "社区（村）")]
                    ),
                ),
                ("path", models.CharField(max_length=300)),
                ("active", models.BooleanField(default=True)),
                (
                    "city",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="territory.area",
                    ),
                ),
                (
                    "county",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="territory.area",
                    ),
                ),
                (
                    "parent",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="children",
                        to="territory.area",
                    ),
                ),
                (
                    "street",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="territory.area",
                    ),
                ),
                (
                    "division",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="areas",
                        to="territory.division",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="DivisionLine",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "ancestor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="territory.division"
                    ),
                ),
                (
                    "descendant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="territory.division"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Estate",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=80)),
                (
                    "name_key",
                    models.CharField(
                        blank=True, help_text="rules.name_key(name), to know repeats", max_length=80
                    ),
                ),
                ("initials", models.CharField(blank=True, max_length=80)),
                ("aliases", models.JSONField(blank=True, default=list)),
                ("address", models.CharField(blank=True, max_length=200)),
                ("year_built", models.PositiveSmallIntegerField(blank=True, null=True)),
                (
                    "listed_old",
                    models.BooleanField(default=False, help_text="on the city's list of old communities"),
                ),
                ("households", models.PositiveIntegerField(blank=True, null=True)),
                ("building_count", models.PositiveIntegerField(blank=True, null=True)),
                (
                    "management",
                    models.CharField(
                        choices=[
                            ("company", "物业企业管理"),
                            ("self", "业主自管"),
                            ("street", "街道社区托管"),
                            ("work_unit", "单位自管"),
                            ("none", "无物业管理"),
                            ("unknown", "待核实"),
                        ],
                        default="unknown",
                        max_length=10,
                    ),
                ),
                (
                    "floor_area",
                    models.DecimalField(
                        blank=True, decimal_places=2, help_text="m²", max_digits=12, null=True
                    ),
                ),
                ("is_high_rise", models.BooleanField(default=False)),
                ("hydrants", models.PositiveIntegerField(blank=True, null=True)),
                ("extinguishers", models.PositiveIntegerField(blank=True, null=True)),
                ("has_micro_station", models.BooleanField(blank=True, null=True)),
                ("has_control_room", models.BooleanField(blank=True, null=True)),
                ("fire_lane_marked", models.BooleanField(blank=True, null=True)),
                ("charging_places", models.PositiveIntegerField(blank=True, null=True)),
                ("ebikes", models.PositiveIntegerField(blank=True, null=True)),
                ("longitude", models.FloatField(blank=True, null=True)),
                ("latitude", models.FloatField(blank=True, null=True)),
                (
                    "coordinate_source",
                    models.CharField(
                        blank=True,
                        help_text="system the point came in; stored as WGS-84/CGCS2000",
                        max_length=10,
                    ),
                ),
                ("is_demo", models.BooleanField(default=False)),
                ("active", models.BooleanField(default=True)),
                (
                    "area",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="estates",
                        to="territory.area",
                    ),
                ),
                (
                    "division",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="estates",
                        to="territory.division",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Building",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=40)),
                ("floors", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("stairwells", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("year_built", models.PositiveSmallIntegerField(blank=True, null=True)),
                (
                    "estate",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="buildings",
                        to="territory.estate",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="division",
            index=models.Index(fields=["code"], name="division_code"),
        ),
        migrations.AddIndex(
            model_name="division",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass("name", "gin_trgm_ops"), name="division_name_trgm"
            ),
        ),
        migrations.AddIndex(
            model_name="division",
            index=models.Index(
                fields=["initials"], name="division_initials", opclasses=["varchar_pattern_ops"]
            ),
        ),
        migrations.AddConstraint(
            model_name="division",
            constraint=models.UniqueConstraint(
                condition=models.Q(("valid_to__isnull", True)),
                fields=("code",),
                name="division_code_once_at_a_time",
            ),
        ),
        migrations.AddIndex(
            model_name="area",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass("name", "gin_trgm_ops"), name="area_name_trgm"
            ),
        ),
        migrations.AddIndex(
            model_name="area",
            index=models.Index(fields=["level", "county"], name="area_level_county"),
        ),
        migrations.AddConstraint(
            model_name="divisionline",
            constraint=models.UniqueConstraint(fields=("ancestor", "descendant"), name="division_line_once"),
        ),
        migrations.AddIndex(
            model_name="estate",
            index=models.Index(fields=["area", "name"], name="estate_area_name"),
        ),
        migrations.AddIndex(
            model_name="estate",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass("name", "gin_trgm_ops"), name="estate_name_trgm"
            ),
        ),
        migrations.AddConstraint(
            model_name="estate",
            constraint=models.UniqueConstraint(fields=("area", "name"), name="estate_once_in_area"),
        ),
        migrations.AddConstraint(
            model_name="estate",
            constraint=models.UniqueConstraint(
                condition=models.Q(("name_key", ""), _negated=True),
                fields=("area", "name_key"),
                name="estate_key_once_in_area",
            ),
        ),
        migrations.AddConstraint(
            model_name="building",
            constraint=models.UniqueConstraint(fields=("estate", "name"), name="building_once_in_estate"),
        ),
    ]
