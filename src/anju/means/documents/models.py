"""What documents keep: each issued paper with everything printed on it, and its two files."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class IssuedDocument(models.Model):
    """An official paper. Once issued it never changes (database trigger); it can only be voided, with a reason.

    subject_type and subject_id name the record it is about ("cases.case", 17) without a foreign key: documents lie
    below the duties. `data` holds every printed word, so that the paper can be read without its files.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("草稿")
        ISSUED = "issued", _("已印发")
        VOIDED = "voided", _("已作废")

    kind = models.CharField(max_length=40)
    template_edition = models.CharField(max_length=80)
    number = models.OneToOneField(
        "foundation.IssuedNumber", on_delete=models.PROTECT, null=True, related_name="document"
    )
    written_number = models.CharField(max_length=80, blank=True)
    title = models.CharField(max_length=200)
    subject_type = models.CharField(max_length=60)
    subject_id = models.BigIntegerField()
    organisation_name = models.CharField(max_length=120)
    data = models.JSONField(default=dict)
    docx_file = models.ForeignKey(
        "foundation.StoredFile", on_delete=models.PROTECT, null=True, related_name="+"
    )
    pdf_file = models.ForeignKey(
        "foundation.StoredFile", on_delete=models.PROTECT, null=True, related_name="+"
    )
    issued_at = models.DateTimeField()
    issued_by_name = models.CharField(max_length=60, blank=True)
    retention_class = models.CharField(max_length=20)
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    voided_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [models.Index(fields=["subject_type", "subject_id", "issued_at"], name="document_subject")]
        constraints = [
            models.CheckConstraint(
                name="document_issued_whole",
                condition=models.Q(state="draft")
                | models.Q(
                    number__isnull=False,
                    docx_file__isnull=False,
                    pdf_file__isnull=False,
                )
                & ~models.Q(written_number=""),
            ),
            models.CheckConstraint(
                name="document_voided_with_reason",
                condition=models.Q(state="voided") & ~models.Q(voided_reason="")
                | ~models.Q(state="voided") & models.Q(voided_reason=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} {self.written_number}".strip()
