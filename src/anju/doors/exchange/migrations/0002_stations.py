"""A station's workbook: the kinds of its sheets, and what an import of one counts."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("exchange", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="import",
            name="counts",
            field=models.JSONField(
                default=dict, help_text="of a station's workbook: counts by kind, and of units"
            ),
        ),
        migrations.AlterField(
            model_name="import",
            name="kind",
            field=models.CharField(
                choices=[
                    ("inspections", "检查执法月报工作簿"),
                    ("units", "检查对象名册"),
                    ("visits", "检查记录"),
                    ("findings", "隐患清单"),
                    ("orders", "责令改正文书"),
                    ("fines", "处罚台账"),
                    ("hazards", "隐患台账"),
                    ("complaints", "投诉台账"),
                    ("estates", "小区台账"),
                    ("companies", "物业企业台账"),
                ],
                max_length=12,
            ),
        ),
    ]
