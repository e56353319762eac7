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
            name="Order",
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
                        choices=[("immediate", "责令立即改正"), ("timed", "责令限期改正")], max_length=10
                    ),
                ),
                ("state", models.CharField(default="issued", max_length=10)),
                ("recipient", models.CharField(max_length=120)),
                (
                    "oral",
                    models.BooleanField(
                        default=False, help_text="minor and fixed at once: said, and noted in the record"
                    ),
                ),
                ("issued_at", models.DateTimeField()),
                ("due_on", models.DateField(null=True)),
                ("serve_by", models.DateField(null=True)),
                ("served_at", models.DateTimeField(null=True)),
                (
                    "served_how",
                    models.CharField(
                        blank=True, help_text="key of rulebooks/deadlines service.ways", max_length=20
                    ),
                ),
                ("served_to", models.CharField(blank=True, max_length=60)),
                ("service_note", models.CharField(blank=True, max_length=300)),
                ("recheck_by", models.DateField(null=True)),
                ("recheck_asked_at", models.DateTimeField(null=True)),
                ("complied_on", models.DateField(null=True)),
                ("document_id", models.BigIntegerField(null=True)),
                ("written_number", models.CharField(blank=True, max_length=80)),
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
                    "company",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
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
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="orders",
                        to="inspections.unit",
                    ),
                ),
                (
                    "visit",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="orders",
                        to="inspections.visit",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="OrderLine",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("class_code", models.CharField(max_length=12)),
                ("place", models.CharField(blank=True, max_length=200)),
                ("text", models.CharField(blank=True, max_length=1000)),
                ("due_on", models.DateField(null=True)),
                (
                    "case",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="order_lines",
                        to="cases.case",
                    ),
                ),
                (
                    "finding",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="order_lines",
                        to="inspections.finding",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="lines", to="orders.order"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Sealing",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("state", models.CharField(default="sealed", max_length=10)),
                (
                    "ground",
                    models.CharField(help_text="key of rulebooks/penalties sealing.grounds", max_length=30),
                ),
                (
                    "part",
                    models.CharField(help_text="what is sealed: place, room, equipment", max_length=200),
                ),
                ("reason", models.TextField()),
                ("sealed_at", models.DateTimeField()),
                ("until", models.DateField()),
                ("renewals", models.PositiveSmallIntegerField(default=0)),
                ("approved_by", models.CharField(max_length=120)),
                ("lifted_at", models.DateTimeField(null=True)),
                ("lifted_reason", models.CharField(blank=True, max_length=300)),
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
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sealings",
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
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sealings",
                        to="inspections.unit",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                models.F("county"),
                models.OrderBy(models.F("issued_at"), descending=True),
                name="order_county",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                models.F("street"),
                models.OrderBy(models.F("issued_at"), descending=True),
                name="order_street",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                models.F("agency"),
                models.OrderBy(models.F("issued_at"), descending=True),
                name="order_agency",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                models.F("company"),
                models.OrderBy(models.F("issued_at"), descending=True),
                name="order_company",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("state", "served")), fields=["due_on"], name="order_running"
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("state__in", ["served", "overdue"])),
                fields=["agency", "recheck_by"],
                name="order_recheck",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("state", "issued")), fields=["agency", "serve_by"], name="order_serve"
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.UniqueConstraint(
                condition=models.Q(("source_key__isnull", False)),
                fields=("source_key",),
                name="order_source_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "timed"), _negated=True), ("due_on__isnull", False), _connector="OR"
                ),
                name="order_timed_has_term",
            ),
        ),
        migrations.AddConstraint(
            model_name="orderline",
            constraint=models.UniqueConstraint(
                condition=models.Q(("case__isnull", False)),
                fields=("order", "case"),
                name="order_names_case_once",
            ),
        ),
        migrations.AddIndex(
            model_name="sealing",
            index=models.Index(
                condition=models.Q(("lifted_at__isnull", True)),
                fields=["county", "until"],
                name="sealing_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="sealing",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("lifted_at__isnull", True), ("state", "sealed")),
                    models.Q(("lifted_at__isnull", False), ("state", "lifted")),
                    _connector="OR",
                ),
                name="sealing_lifted_with_its_day",
            ),
        ),
    ]
