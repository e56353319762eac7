"""What the room keeps: hazards suspected to be major fire hazards, and what was decided of them."""

from django.db import models

from anju.duties.cases.models import Case
from anju.duties.inspections.models import Placed, Unit
from anju.ground.organisations.models import Organisation


class MajorHazard(Placed):
    """A suspected major fire hazard (重大火灾隐患): judged by edition, decided by a panel, listed, removed."""

    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="major_hazard")
    unit = models.ForeignKey(Unit, null=True, on_delete=models.PROTECT, related_name="major_hazards")
    agency = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(
        max_length=12, help_text="proposed | panel | decided | dismissed | listed | removed"
    )
    edition = models.DateField(help_text="effective_from of rulebooks/major_hazards")
    place_kind = models.CharField(max_length=20, help_text="key of the edition's places")
    criteria = models.JSONField(default=list, help_text="[{code, met, note}]")
    proposed_at = models.DateTimeField()
    proposed_by = models.BigIntegerField(null=True, help_text="account; who proposes does not decide")
    decide_by = models.DateField()
    panel = models.JSONField(default=list, help_text="[{name, title, opinion}]")
    panel_on = models.DateField(null=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=120, blank=True)
    notify_by = models.DateField(null=True)
    due_on = models.DateField(null=True)
    listed_on = models.DateField(null=True)
    listed_by = models.ForeignKey(Organisation, null=True, on_delete=models.PROTECT, related_name="+")
    removed_on = models.DateField(null=True)
    removal_note = models.TextField(blank=True)
    note = models.TextField(blank=True)
    document_id = models.BigIntegerField(null=True)
    written_number = models.CharField(max_length=80, blank=True)
    is_demo = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["county", "state"], name="major_county_state")]

    def __str__(self) -> str:
        return self.written_number or f"major:{self.pk}"
