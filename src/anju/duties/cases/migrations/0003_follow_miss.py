from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cases", "0002_speed")]

    operations = [
        migrations.CreateModel(
            name="FollowMiss",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "origin",
                    models.CharField(help_text="keyed fingerprint of the address", max_length=64),
                ),
                ("at", models.DateTimeField(db_index=True)),
            ],
            options={
                "indexes": [models.Index(fields=["origin", "at"], name="follow_miss_origin")],
            },
        ),
    ]
