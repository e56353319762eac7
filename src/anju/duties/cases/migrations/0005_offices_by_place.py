from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0004_figures"),
        ("organisations", "0001_initial"),
        ("territory", "0002_estate_labels"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="case",
            name="case_handled",
        ),
        migrations.RemoveIndex(
            model_name="case",
            name="case_checked",
        ),
        migrations.RemoveIndex(
            model_name="case",
            name="case_dispatched",
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                models.F("handler"),
                models.F("county"),
                models.F("street"),
                models.F("community"),
                name="case_by_handler",
            ),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                models.F("checker"),
                models.F("county"),
                models.F("street"),
                models.F("community"),
                name="case_by_checker",
            ),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                models.F("dispatcher"),
                models.F("county"),
                models.F("street"),
                models.F("community"),
                name="case_by_dispatcher",
            ),
        ),
    ]
