import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("foundation", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="storedfile",
            name="bands",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.IntegerField(), default=list, size=None
            ),
        ),
        migrations.AlterField(
            model_name="storedfile",
            name="perceptual_hash",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AlterField(
            model_name="storedfile",
            name="stored_at",
            field=models.DateTimeField(default=django.utils.timezone.now),
        ),
        migrations.AddIndex(
            model_name="storedfile",
            index=django.contrib.postgres.indexes.GinIndex(fields=["bands"], name="stored_file_bands"),
        ),
    ]
