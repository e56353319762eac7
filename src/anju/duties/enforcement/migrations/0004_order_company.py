import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [
        ("enforcement", "0003_tallies"),
        ("organisations", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="order",
            name="company",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="organisations.organisation",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index("company", F("issued_at").desc(), name="order_company"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["due_on"], condition=Q(state="served"), name="order_running"),
        ),
    ]
