from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("foundation", "0002_stored_file_bands")]

    operations = [
        # The media types of .docx and .xlsx are 71 and 65 characters long.
        migrations.AlterField(
            model_name="storedfile", name="media_type", field=models.CharField(max_length=100)
        ),
    ]
