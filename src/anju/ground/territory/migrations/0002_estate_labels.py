import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("territory", "0001_initial"),
    ]

    operations = [
        migrations.AlterField(
            model_name="estate",
            name="active",
            field=models.BooleanField(default=True, verbose_name="在册"),
        ),
        migrations.AlterField(
            model_name="estate",
            name="address",
            field=models.CharField(blank=True, max_length=200, verbose_name="地址"),
        ),
        migrations.AlterField(
            model_name="estate",
            name="aliases",
            field=models.JSONField(blank=True, default=list, verbose_name="别名"),
        ),
        migrations.AlterField(
            model_name="estate",
            name="area",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="estates",
                to="territory.area",
                verbose_name="所属社区",
            ),
        ),
        migrations.AlterField(
            model_name="estate",
            name="building_count",
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name="楼栋数"),
        ),
        migrations.AlterField(
            model_name="estate",
            name="charging_places",
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name="充电车位"),
        ),
        migrations.AlterField(
            model_name="estate",
            name="ebikes",
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name="电动自行车"),
        ),
        migrations.AlterField(
            model_name="estate",
            name="extinguishers",
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name="灭火器"),
        ),
        migrations.AlterField(
            model_name="estate",
            name="fire_lane_marked",
            field=models.BooleanField(blank=True, null=True, verbose_name="消防车通道标志"),
        ),
        migrations.AlterField(
            model_name="estate",
            name="floor_area",
            field=models.DecimalField(
                blank=True,
                decimal_places=2,
                help_text="m²",
                max_digits=12,
                null=True,
                verbose_name="建筑面积",
            ),
        ),
        migrations.AlterField(
            model_name="estate",
            name="has_control_room",
            field=models.BooleanField(blank=True, null=True, verbose_name="消防控制室"),
        ),
        migrations.AlterField(
            model_name="estate",
            name="has_micro_station",
            field=models.BooleanField(blank=True, null=True, verbose_name="微型消防站"),
        ),
        migrations.AlterField(
            model_name="estate",
            name="households",
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name="户数"),
        ),
        migrations.AlterField(
            model_name="estate",
            name="hydrants",
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name="消火栓"),
        ),
        migrations.AlterField(
            model_name="estate",
            name="is_high_rise",
            field=models.BooleanField(default=False, verbose_name="有高层住宅"),
        ),
        migrations.AlterField(
            model_name="estate",
            name="latitude",
            field=models.FloatField(blank=True, null=True, verbose_name="纬度"),
        ),
        migrations.AlterField(
            model_name="estate",
            name="listed_old",
            field=models.BooleanField(
                default=False,
                help_text="on the city's list of old communities",
                verbose_name="列入老旧小区名单",
            ),
        ),
        migrations.AlterField(
            model_name="estate",
            name="longitude",
            field=models.FloatField(blank=True, null=True, verbose_name="经度"),
        ),
        migrations.AlterField(
            model_name="estate",
            name="management",
            field=models.CharField(
                choices=[
                    ("company", "物业企业管理"),
                    ("self", "业主自管"),
                    ("street", "街道社区托管"),
                    ("work_unit", "单位自管"),
                    ("none", "无物业管理"),
                    ("unknown", "待核实"),
                ],
                default="unknown",
                max_length=10,
                verbose_name="管理方式",
            ),
        ),
        migrations.AlterField(
            model_name="estate",
            name="name",
            field=models.CharField(max_length=80, verbose_name="名称"),
        ),
        migrations.AlterField(
            model_name="estate",
            name="year_built",
            field=models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="建成年份"),
        ),
    ]
