"""What documents keep: each paper with its facts and everything printed on it, its two files, and who stands for it."""

from datetime import date

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from anju.ground.foundation import rulebooks


class IssuedDocument(models.Model):
    """An official paper. While it is a draft it may be drawn again; once issued it never changes (database trigger).

    subject_type and subject_id name the record it is about ("cases.case", 17) without a foreign key: documents lie
    below the duties. `facts` is what it was composed from, `data` every printed word, so that the paper can be read
    without its files. `organisation` issues it, `superior` is the organisation above: both list it.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("草稿")
        REVIEW = "review", _("送审中")
        ISSUED = "issued", _("已印发")
        VOIDED = "voided", _("已作废")

    kind = models.CharField(max_length=40)
    template_edition = models.CharField(max_length=160, blank=True)
    number = models.OneToOneField(
        "foundation.IssuedNumber", on_delete=models.PROTECT, null=True, related_name="document"
    )
    register_code = models.CharField(max_length=40, blank=True)
    written_number = models.CharField(max_length=80, blank=True)
    title = models.CharField(max_length=200)
    subject_type = models.CharField(max_length=60)
    subject_id = models.BigIntegerField()
    organisation_name = models.CharField(max_length=120)
    organisation = models.ForeignKey(
        "organisations.Organisation", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    superior = models.ForeignKey(
        "organisations.Organisation", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    facts = models.JSONField(default=dict)
    data = models.JSONField(default=dict)
    docx_file = models.ForeignKey(
        "foundation.StoredFile", on_delete=models.PROTECT, null=True, related_name="+"
    )
    pdf_file = models.ForeignKey(
        "foundation.StoredFile", on_delete=models.PROTECT, null=True, related_name="+"
    )
    drafted_at = models.DateTimeField(null=True)
    drafted_by_id = models.BigIntegerField(null=True, help_text="account")
    drafted_by_name = models.CharField(max_length=60, blank=True)
    submitted_at = models.DateTimeField(null=True)
    sent_back_reason = models.CharField(max_length=200, blank=True)
    signed_at = models.DateTimeField(null=True)
    signed_by_name = models.CharField(max_length=60, blank=True)
    issued_at = models.DateTimeField(null=True)
    issued_by_name = models.CharField(max_length=60, blank=True)
    retention_class = models.CharField(max_length=20)
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    voided_reason = models.CharField(max_length=200, blank=True)
    batch = models.BigIntegerField(null=True, help_text="foundation.JobProgress that issues it with others")

    class Meta:
        indexes = [
            models.Index(fields=["subject_type", "subject_id", "issued_at"], name="document_subject"),
            models.Index("organisation", F("issued_at").desc(), name="document_organisation"),
            models.Index("organisation", "kind", F("issued_at").desc(), name="document_organisation_kind"),
            models.Index("superior", F("issued_at").desc(), name="document_superior"),
            models.Index("superior", "kind", F("issued_at").desc(), name="document_superior_kind"),
            models.Index(
                fields=["organisation", "drafted_at"],
                name="document_waiting",
                condition=Q(state__in=["draft", "review"]),
            ),
            models.Index(fields=["batch", "id"], name="document_batch", condition=Q(batch__isnull=False)),
            GinIndex(OpClass("written_number", "gin_trgm_ops"), name="document_number_trgm"),
        ]
        constraints = [
            models.CheckConstraint(
                name="document_issued_whole",
                condition=Q(state__in=["draft", "review"])
                | Q(
                    number__isnull=False,
                    docx_file__isnull=False,
                    pdf_file__isnull=False,
                    issued_at__isnull=False,
                )
                & ~Q(written_number="")
                & ~Q(template_edition=""),
            ),
            models.CheckConstraint(
                name="document_voided_with_reason",
                condition=Q(state="voided") & ~Q(voided_reason="") | ~Q(state="voided") & Q(voided_reason=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} {self.written_number}".strip()

    @property
    def is_open(self) -> bool:
        """Whether the paper is still being written."""
        return self.state in (self.State.DRAFT, self.State.REVIEW)

    def needs_review(self, day: date) -> bool:
        """Say whether the paper's form is one that a leader signs, by the forms of a day."""
        return bool(rulebooks.load("documents", on=day)["forms"][self.kind]["review"])
