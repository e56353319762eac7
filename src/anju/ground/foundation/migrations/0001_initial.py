import django.db.models.deletion
import django.db.models.functions.comparison
from django.contrib.postgres.operations import BtreeGistExtension, TrigramExtension
from django.db import migrations, models

# Two triggers: the one for rows says what it refused; the one for the table alone catches TRUNCATE, which fires no
# row trigger. Both hold for the owner of the table too, so no code path of Anju can rewrite the journal.
APPEND_ONLY = """
CREATE FUNCTION foundation_event_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'foundation_event is append-only: % refused', TG_OP USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER event_refuses_change BEFORE UPDATE OR DELETE ON foundation_event
    FOR EACH ROW EXECUTE FUNCTION foundation_event_is_append_only();
CREATE TRIGGER event_refuses_truncate BEFORE TRUNCATE ON foundation_event
    FOR EACH STATEMENT EXECUTE FUNCTION foundation_event_is_append_only();
"""
NO_LONGER_APPEND_ONLY = """
DROP TRIGGER event_refuses_truncate ON foundation_event;
DROP TRIGGER event_refuses_change ON foundation_event;
DROP FUNCTION foundation_event_is_append_only();
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        TrigramExtension(),
        BtreeGistExtension(),
        migrations.CreateModel(
            name="CalendarDay",
            fields=[
                ("date", models.DateField(primary_key=True, serialize=False)),
                ("is_workday", models.BooleanField()),
                ("name", models.CharField(max_length=40)),
                ("source", models.CharField(blank=True, max_length=200)),
            ],
        ),
        migrations.CreateModel(
            name="CalendarYear",
            fields=[
                ("year", models.PositiveSmallIntegerField(primary_key=True, serialize=False)),
                ("confirmed", models.BooleanField(default=False)),
                ("source", models.CharField(blank=True, max_length=200)),
                ("revision", models.PositiveIntegerField(default=1)),
            ],
        ),
        migrations.CreateModel(
            name="JobProgress",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=60)),
                ("title", models.CharField(max_length=200)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("running", "Running"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("done", models.PositiveIntegerField(default=0)),
                ("total", models.PositiveIntegerField(default=0)),
                ("message", models.CharField(blank=True, max_length=500)),
                ("result", models.JSONField(default=dict)),
                ("owner_id", models.BigIntegerField(db_index=True, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("cancel_asked", models.BooleanField(default=False)),
            ],
        ),
        migrations.CreateModel(
            name="StoredFile",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("sha256", models.CharField(max_length=64, unique=True)),
                ("size", models.PositiveIntegerField()),
                ("media_type", models.CharField(max_length=60)),
                ("name", models.CharField(max_length=200)),
                ("width", models.PositiveIntegerField(null=True)),
                ("height", models.PositiveIntegerField(null=True)),
                ("taken_at", models.DateTimeField(null=True)),
                ("longitude", models.FloatField(null=True)),
                ("latitude", models.FloatField(null=True)),
                ("perceptual_hash", models.BigIntegerField(db_index=True, null=True)),
                ("stored_at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name="Event",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=60)),
                ("subject_type", models.CharField(blank=True, max_length=60)),
                ("subject_id", models.BigIntegerField(null=True)),
                ("actor_kind", models.CharField(max_length=10)),
                ("actor_id", models.BigIntegerField(null=True)),
                ("actor_name", models.CharField(blank=True, max_length=60)),
                ("actor_post", models.CharField(blank=True, max_length=120)),
                ("at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField(auto_now_add=True)),
                ("note", models.TextField(blank=True)),
                ("basis", models.CharField(blank=True, max_length=60)),
                ("data", models.JSONField(default=dict)),
                ("request_key", models.CharField(max_length=64, null=True)),
                ("request_digest", models.CharField(blank=True, max_length=64)),
                (
                    "actor_scope",
                    models.GeneratedField(
                        db_persist=True,
                        expression=django.db.models.functions.comparison.Coalesce("actor_id", 0),
                        output_field=models.BigIntegerField(),
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["subject_type", "subject_id", "at"], name="event_subject"),
                    models.Index(fields=["name", "at"], name="event_name"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("request_key__isnull", False)),
                        fields=("actor_scope", "request_key"),
                        name="event_request_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="NumberRegister",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.CharField(max_length=40)),
                ("year", models.PositiveSmallIntegerField()),
                ("last", models.PositiveIntegerField(default=0)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("code", "year"), name="register_once")],
            },
        ),
        migrations.CreateModel(
            name="IssuedNumber",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("subject_type", models.CharField(max_length=60)),
                ("subject_id", models.BigIntegerField()),
                ("issued_at", models.DateTimeField()),
                ("voided_reason", models.CharField(blank=True, max_length=200)),
                (
                    "register",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="issued",
                        to="foundation.numberregister",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("register", "number"), name="number_once")],
            },
        ),
        migrations.CreateModel(
            name="Clock",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("subject_type", models.CharField(max_length=60)),
                ("subject_id", models.BigIntegerField()),
                ("part_id", models.BigIntegerField(null=True)),
                ("kind", models.CharField(max_length=14)),
                ("owner_id", models.BigIntegerField(null=True)),
                ("amount", models.PositiveSmallIntegerField()),
                ("unit", models.CharField(max_length=8)),
                ("basis", models.CharField(blank=True, max_length=60)),
                ("is_default", models.BooleanField(default=False)),
                ("started_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("provisional", models.BooleanField(default=False)),
                ("stopped_at", models.DateTimeField(null=True)),
                ("paused_at", models.DateTimeField(null=True)),
                ("adjustments", models.JSONField(default=list)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["subject_type", "subject_id"], name="clock_subject"),
                    models.Index(
                        condition=models.Q(("stopped_at__isnull", True)),
                        fields=["subject_type", "due_at"],
                        name="clock_running",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("stopped_at__isnull", True)),
                        fields=("subject_type", "subject_id", "kind", "part_id"),
                        name="clock_runs_once",
                        nulls_distinct=False,
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Climb",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("subject_type", models.CharField(max_length=60)),
                ("subject_id", models.BigIntegerField()),
                ("term", models.DateTimeField()),
                ("rung", models.PositiveSmallIntegerField(default=0)),
                ("climbed_at", models.DateTimeField(null=True)),
                ("next_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("subject_type", "subject_id"), name="climb_subject_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Notice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("subject_type", models.CharField(max_length=60)),
                ("subject_id", models.BigIntegerField()),
                ("kind", models.CharField(max_length=20)),
                (
                    "level",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="rung of the ladder, when it has climbed"
                    ),
                ),
                ("organisation_id", models.BigIntegerField(null=True)),
                ("text", models.CharField(blank=True, max_length=500)),
                ("by", models.CharField(blank=True, max_length=120)),
                ("at", models.DateTimeField()),
                ("read_at", models.DateTimeField(null=True)),
                ("read_by", models.CharField(blank=True, max_length=120)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("read_at__isnull", True)),
                        fields=["organisation_id", "-at"],
                        name="notice_unread",
                    ),
                    models.Index(fields=["subject_type", "subject_id", "-at"], name="notice_subject"),
                ],
            },
        ),
        migrations.RunSQL(APPEND_ONLY, NO_LONGER_APPEND_ONLY),
    ]
