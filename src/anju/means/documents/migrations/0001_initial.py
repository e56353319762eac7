import django.db.models.deletion
from django.db import migrations, models

# An issued paper stays as it was signed: only issued -> voided with a reason, and nothing else in the row may differ.
ISSUED_STAYS = """
CREATE FUNCTION documents_issued_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.state = 'draft' AND NEW.state IN ('draft', 'issued') THEN
        RETURN NEW;
    ELSIF TG_OP = 'UPDATE' AND OLD.state = 'issued' AND NEW.state = 'voided' AND NEW.voided_reason <> ''
        AND to_jsonb(NEW) - 'state' - 'voided_reason' = to_jsonb(OLD) - 'state' - 'voided_reason' THEN
        RETURN NEW;
    ELSIF TG_OP = 'DELETE' AND OLD.state = 'draft' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'documents_issueddocument: % refused, the document is %', TG_OP, OLD.state
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER document_stays BEFORE UPDATE OR DELETE ON documents_issueddocument
    FOR EACH ROW EXECUTE FUNCTION documents_issued_stays();
CREATE FUNCTION documents_refuse_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'documents_issueddocument: TRUNCATE refused' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER document_refuses_truncate BEFORE TRUNCATE ON documents_issueddocument
    FOR EACH STATEMENT EXECUTE FUNCTION documents_refuse_truncate();
"""
ISSUED_NO_LONGER_STAYS = """
DROP TRIGGER document_refuses_truncate ON documents_issueddocument;
DROP FUNCTION documents_refuse_truncate();
DROP TRIGGER document_stays ON documents_issueddocument;
DROP FUNCTION documents_issued_stays();
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("foundation", "0003_longer_media_type"),
    ]

    operations = [
        migrations.CreateModel(
            name="IssuedDocument",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=40)),
                ("template_edition", models.CharField(max_length=80)),
                ("written_number", models.CharField(blank=True, max_length=80)),
                ("title", models.CharField(max_length=200)),
                ("subject_type", models.CharField(max_length=60)),
                ("subject_id", models.BigIntegerField()),
                ("organisation_name", models.CharField(max_length=120)),
                ("data", models.JSONField(default=dict)),
                ("issued_at", models.DateTimeField()),
                ("issued_by_name", models.CharField(blank=True, max_length=60)),
                ("retention_class", models.CharField(max_length=20)),
                (
                    "state",
                    models.CharField(
                        choices=[("draft", "草稿"), ("issued", "已印发"), ("voided", "已作废")],
                        default="draft",
                        max_length=10,
                    ),
                ),
                ("voided_reason", models.CharField(blank=True, max_length=200)),
                (
                    "docx_file",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="foundation.storedfile",
                    ),
                ),
                (
                    "number",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="document",
                        to="foundation.issuednumber",
                    ),
                ),
                (
                    "pdf_file",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="foundation.storedfile",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["subject_type", "subject_id", "issued_at"], name="document_subject")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state", "draft"),
                            models.Q(
                                ("docx_file__isnull", False),
                                ("number__isnull", False),
                                ("pdf_file__isnull", False),
                                models.Q(("written_number", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="document_issued_whole",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "voided"), models.Q(("voided_reason", ""), _negated=True)),
                            models.Q(models.Q(("state", "voided"), _negated=True), ("voided_reason", "")),
                            _connector="OR",
                        ),
                        name="document_voided_with_reason",
                    ),
                ],
            },
        ),
        migrations.RunSQL(ISSUED_STAYS, ISSUED_NO_LONGER_STAYS),
    ]
