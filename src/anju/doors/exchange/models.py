"""What the exchange keeps of each import: who brought which file, how its columns were read, what became of it."""

from django.db import models
from django.utils.translation import gettext_lazy as _


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

    class State(models.TextChoices):
        UPLOADED = "uploaded", _("待核对列")
        CHECKING = "checking", _("试运行中")
        CHECKED = "checked", _("待确认导入")
        RUNNING = "running", _("导入中")
        DONE = "done", _("已导入")
        FAILED = "failed", _("未能导入")
        CANCELLED = "cancelled", _("已取消")

    owner_id = models.BigIntegerField(null=True)
    kind = models.CharField(max_length=12, choices=Kind)
    name = models.CharField(max_length=200)
    path = models.CharField(
        max_length=300, blank=True, help_text="below DATA_DIR; empty for the command line"
    )
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField(default=0)
    mapping = models.JSONField(default=dict, help_text="heading -> field, as a person chose; '' = none")
    state = models.CharField(max_length=10, choices=State, default=State.UPLOADED)
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
        return str(self.State(self.state).label)
