import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

from anju.means.figures.models.operations import KeepTally
from anju.means.figures.models.tallies import Spec

FINES = Spec(
    name="fines",
    table="penalties_penalty",
    day="decided_on",
    where="cancelled_on IS NULL AND amount IS NOT NULL",
    dimensions=(("agency", "agency_kind"), ("old", "is_old_community"), ("class1", "top_class")),
    amount="amount",
)


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("figures", "0002_tallies"),
        ("cases", "0001_initial"),
        ("inspections", "0001_initial"),
        ("organisations", "0001_initial"),
        ("territory", "0002_estate_labels"),
    ]

    operations = [
        migrations.CreateModel(
            name="Penalty",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("offence", models.CharField(max_length=30)),
                ("edition", models.DateField()),
                ("article", models.CharField(max_length=80)),
                ("state", models.CharField(default="filed", max_length=10)),
                (
                    "procedure",
                    models.CharField(
                        choices=[("simple", "简易程序"), ("ordinary", "普通程序")], max_length=10
                    ),
                ),
                ("agency_kind", models.CharField(max_length=30)),
                (
                    "party_kind",
                    models.CharField(choices=[("person", "个人"), ("unit", "单位")], max_length=10),
                ),
                ("party_name", models.CharField(max_length=120)),
                ("party_sealed", models.BinaryField(null=True)),
                ("party_age", models.PositiveSmallIntegerField(null=True)),
                ("facts", models.TextField(blank=True)),
                ("class_code", models.CharField(blank=True, max_length=12)),
                ("top_class", models.CharField(blank=True, max_length=12)),
                ("is_old_community", models.BooleanField(default=False)),
                ("unit_kind", models.CharField(blank=True, max_length=20)),
                (
                    "refused_correction",
                    models.BooleanField(default=False, help_text="ordered before and not obeyed"),
                ),
                (
                    "spare_only",
                    models.BooleanField(default=False, help_text="the person is too young for any penalty"),
                ),
                (
                    "handlers",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, size=None
                    ),
                ),
                ("first_offence", models.BooleanField(default=False)),
                ("corrected", models.BooleanField(default=False, help_text="put right before the decision")),
                ("filed_at", models.DateTimeField()),
                (
                    "decide_by",
                    models.DateField(help_text="90 days after filing in the ordinary procedure", null=True),
                ),
                ("noticed_at", models.DateTimeField(null=True)),
                ("statement_until", models.DateField(null=True)),
                ("statement", models.TextField(blank=True)),
                ("statement_answer", models.TextField(blank=True)),
                (
                    "hearing_until",
                    models.DateField(help_text="until when a hearing may be asked for, if at all", null=True),
                ),
                ("hearing_asked_at", models.DateTimeField(null=True)),
                ("hearing_on", models.DateField(null=True)),
                ("hearing_record", models.TextField(blank=True)),
                ("warning", models.BooleanField(default=False)),
                ("amount", models.DecimalField(decimal_places=2, max_digits=12, null=True)),
                ("proposed_amount", models.DecimalField(decimal_places=2, max_digits=12, null=True)),
                ("with_head_since", models.DateTimeField(null=True)),
                (
                    "reasons",
                    models.TextField(blank=True, help_text="discretion: why this amount, or why none"),
                ),
                ("approved_by", models.CharField(blank=True, max_length=120)),
                ("decided_at", models.DateTimeField(null=True)),
                ("decided_on", models.DateField(null=True)),
                ("served_at", models.DateTimeField(null=True)),
                ("serve_by", models.DateField(null=True)),
                ("pay_by", models.DateField(null=True)),
                ("paid_amount", models.DecimalField(decimal_places=2, default=0, max_digits=12)),
                ("paid_on", models.DateField(help_text="the day it was paid in full", null=True)),
                ("cancelled_on", models.DateField(null=True)),
                ("cancelled_reason", models.CharField(blank=True, max_length=300)),
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
                    "case",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="penalties",
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
                    "finding",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="penalties",
                        to="inspections.finding",
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
                        related_name="penalties",
                        to="inspections.unit",
                    ),
                ),
                (
                    "visit",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="penalties",
                        to="inspections.visit",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Payment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("principal", models.DecimalField(decimal_places=2, max_digits=12)),
                ("surcharge", models.DecimalField(decimal_places=2, default=0, max_digits=12)),
                ("paid_on", models.DateField(db_index=True)),
                ("way", models.CharField(help_text="bank | spot (cash on the spot)", max_length=20)),
                ("receipt", models.CharField(max_length=60)),
                ("recorded_by", models.CharField(max_length=120)),
                ("recorded_at", models.DateTimeField()),
                (
                    "handed_in_on",
                    models.DateField(
                        help_text="cash taken on the spot reaches the bank in 2 days", null=True
                    ),
                ),
                (
                    "penalty",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payments",
                        to="penalties.penalty",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PenaltyOfficer",
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
                    "penalty",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="officers",
                        to="penalties.penalty",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="organisations.person",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="penalty",
            index=models.Index(
                models.F("county"),
                models.F("agency_kind"),
                models.OrderBy(models.F("decided_on"), descending=True),
                name="penalty_county_day",
            ),
        ),
        migrations.AddIndex(
            model_name="penalty",
            index=models.Index(models.F("agency_kind"), models.F("decided_on"), name="penalty_kind_day"),
        ),
        migrations.AddIndex(
            model_name="penalty",
            index=models.Index(
                models.F("county"),
                models.OrderBy(models.F("filed_at"), descending=True),
                name="penalty_county_filed",
            ),
        ),
        migrations.AddIndex(
            model_name="penalty",
            index=models.Index(
                models.F("street"),
                models.OrderBy(models.F("filed_at"), descending=True),
                name="penalty_street_filed",
            ),
        ),
        migrations.AddIndex(
            model_name="penalty",
            index=models.Index(
                models.F("agency"),
                models.OrderBy(models.F("filed_at"), descending=True),
                name="penalty_agency",
            ),
        ),
        migrations.AddIndex(
            model_name="penalty",
            index=models.Index(
                models.F("company"),
                models.OrderBy(models.F("filed_at"), descending=True),
                name="penalty_company",
            ),
        ),
        migrations.AddConstraint(
            model_name="penalty",
            constraint=models.UniqueConstraint(
                condition=models.Q(("source_key__isnull", False)),
                fields=("source_key",),
                name="penalty_source_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="penalty",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__isnull", True), ("amount__gt", 0), _connector="OR"),
                name="penalty_amount_positive",
            ),
        ),
        migrations.AddConstraint(
            model_name="penalty",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__isnull", True), ("decided_on__isnull", False), _connector="OR"),
                name="fine_has_a_decision",
            ),
        ),
        migrations.AddConstraint(
            model_name="penalty",
            constraint=models.CheckConstraint(
                condition=models.Q(("paid_amount__gte", 0)), name="penalty_paid_not_negative"
            ),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("principal__gte", 0),
                    ("surcharge__gte", 0),
                    models.Q(("principal", 0), ("surcharge", 0), _negated=True),
                ),
                name="payment_positive",
            ),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.UniqueConstraint(fields=("penalty", "receipt"), name="payment_receipt_once"),
        ),
        migrations.AddConstraint(
            model_name="penaltyofficer",
            constraint=models.UniqueConstraint(
                fields=("penalty", "name", "badge"), name="penalty_officer_once"
            ),
        ),
        KeepTally(FINES),
    ]
