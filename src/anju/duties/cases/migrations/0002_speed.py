from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0001_initial"),
        ("organisations", "0001_initial"),
        ("territory", "0002_estate_labels"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="case",
            name="case_county_recent",
        ),
        migrations.RemoveIndex(
            model_name="case",
            name="case_handler",
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                fields=["county", "-reported_at"],
                include=("id", "state", "class_code", "kind", "severity", "channel"),
                name="case_county_newest",
            ),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                models.F("handler"),
                models.OrderBy(models.F("reported_at"), descending=True),
                name="case_handled",
            ),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                models.F("checker"),
                models.OrderBy(models.F("reported_at"), descending=True),
                name="case_checked",
            ),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                models.F("dispatcher"),
                models.OrderBy(models.F("reported_at"), descending=True),
                name="case_dispatched",
            ),
        ),
    ]
