"""What the exchange keeps: who brought which file and what became of it; who took which list away."""

from pathlib import Path

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from .rules import IMPORT_LABELS, ExportState, ImportState


def relative(path: Path) -> str:
    """Return a path as it is kept: below DATA_DIR, which may be moved."""
    return str(path.relative_to(settings.DATA_DIR))


class Import(models.Model):
    """One file that somebody imported, or is about to."""

    class Kind(models.TextChoices):
        INSPECTIONS = "inspections", _("检查执法月报工作簿")
        UNITS = "units", _("检查对象名册")
        VISITS = "visits", _("检查记录")
        FINDINGS = "findings", _("隐患清单")
        ORDERS = "orders", _("责令改正文书")
        FINES = "fines", _("处罚台账")
        HAZARDS = "hazards", _("隐患台账")
        COMPLAINTS = "complaints", _("投诉台账")
        ESTATES = "estates", _("小区台账")
        COMPANIES = "companies", _("物业企业台账")

    owner_id = models.BigIntegerField(null=True)
    state = models.CharField(max_length=10, default=ImportState.UPLOADED)
    kind = models.CharField(max_length=12, choices=Kind)
    name = models.CharField(max_length=200)
    path = models.CharField(
        max_length=300, blank=True, help_text="below DATA_DIR; empty for the command line"
    )
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField(default=0)
    mapping = models.JSONField(default=dict, help_text="heading -> field, as a person chose; '' = none")
    rows = models.PositiveIntegerField(default=0)
    loaded = models.PositiveIntegerField(default=0)
    duplicates = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    errors = models.JSONField(default=list, help_text="the first 500: sheet, row, column, message")
    notes = models.JSONField(default=list)
    counts = models.JSONField(default=dict, help_text="of a station's workbook: counts by kind, and of units")
    returned = models.CharField(max_length=300, blank=True, help_text="below DATA_DIR")
    message = models.CharField(max_length=500, blank=True)
    job_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["owner_id", "-created_at"], name="import_owner")]

    def __str__(self) -> str:
        return self.name

    @property
    def kind_label(self) -> str:
        return str(self.Kind(self.kind).label)

    @property
    def state_label(self) -> str:
        return str(IMPORT_LABELS[self.state])


class Export(models.Model):
    """A list that somebody took away, or that is being written for them."""

    owner_id = models.BigIntegerField(null=True)
    state = models.CharField(max_length=10, default=ExportState.DONE)
    list = models.CharField(max_length=20)
    form = models.CharField(max_length=4, help_text="csv or xlsx")
    query = models.TextField(blank=True, help_text="the query of the list's page")
    rows = models.PositiveIntegerField(null=True, help_text="unknown of a CSV, which is streamed")
    path = models.CharField(max_length=300, blank=True, help_text="below DATA_DIR, of what a job wrote")
    job_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"export:{self.pk}"
