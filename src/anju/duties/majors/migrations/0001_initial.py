import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("cases", "0001_initial"),
        ("inspections", "0001_initial"),
        ("organisations", "0001_initial"),
        ("territory", "0002_estate_labels"),
    ]

    operations = [
        migrations.CreateModel(
            name="MajorHazard",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        help_text="proposed | panel | decided | dismissed | listed | removed", max_length=12
                    ),
                ),
                ("edition", models.DateField(help_text="effective_from of rulebooks/major_hazards")),
                ("place_kind", models.CharField(help_text="key of the edition's places", max_length=20)),
                ("criteria", models.JSONField(default=list, help_text="[{code, met, note}]")),
                ("proposed_at", models.DateTimeField()),
                (
                    "proposed_by",
                    models.BigIntegerField(help_text="account; who proposes does not decide", null=True),
                ),
                ("decide_by", models.DateField()),
                ("panel", models.JSONField(default=list, help_text="[{name, title, opinion}]")),
                ("panel_on", models.DateField(null=True)),
                ("decided_at", models.DateTimeField(null=True)),
                ("decided_by", models.CharField(blank=True, max_length=120)),
                ("notify_by", models.DateField(null=True)),
                ("due_on", models.DateField(null=True)),
                ("listed_on", models.DateField(null=True)),
                ("removed_on", models.DateField(null=True)),
                ("removal_note", models.TextField(blank=True)),
                ("note", models.TextField(blank=True)),
                ("document_id", models.BigIntegerField(null=True)),
                ("written_number", models.CharField(blank=True, max_length=80)),
                ("is_demo", models.BooleanField(default=False)),
                (
                    "agency",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="organisations.organisation",
                    ),
                ),
                (
                    "case",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="major_hazard",
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
                    "listed_by",
                    models.ForeignKey(
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
                (
                    "unit",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="major_hazards",
                        to="inspections.unit",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["county", "state"], name="major_county_state")],
            },
        ),
    ]
