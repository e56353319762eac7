"""What the room keeps: transfers between agencies, each with the manifest of its evidence."""

from django.db import models
from django.db.models import F, Q

from anju.duties.cases.models import Case
from anju.duties.inspections.models import Placed, Unit
from anju.duties.orders.models import office
from anju.ground.foundation.models import StoredFile
from anju.ground.organisations.models import Organisation

from . import rules
from .rules import TransferState


class Transfer(Placed):
    """A matter that one agency hands to another in writing (移送), tells it of (抄告) or reports (书面报告).

    Two-sided: the sender fixed evidence and sent a numbered letter; the receiver signs, accepts, refuses or passes on,
    and reports the outcome back. `due_at` is the running clock of whoever must act next, `due_step` which one.
    sender_superior, receiver_superior   stamped, so that the matter is on their desks too
    passed_from   the transfer that was passed on to make this one
    """

    kind = models.CharField(max_length=16, choices=[(k, v.source) for k, v in rules.KIND_LABELS.items()])
    state = models.CharField(max_length=14, default=TransferState.DRAFT)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="transfers")
    unit = models.ForeignKey(Unit, null=True, on_delete=models.PROTECT, related_name="transfers")
    sender = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", db_index=False)
    receiver = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", db_index=False)
    sender_superior = office()
    receiver_superior = office()
    passed_from = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="passed_to")
    reason = models.TextField(help_text="why it lies outside the sender's power, and what is asked")
    stopped = models.TextField(blank=True, help_text="what was ordered to stop at once")
    manifest_hash = models.CharField(max_length=64, blank=True)
    sent_at = models.DateTimeField(null=True)
    signed_at = models.DateTimeField(null=True)
    signed_by = models.CharField(max_length=120, blank=True)
    accepted_at = models.DateTimeField(null=True)
    refused_at = models.DateTimeField(null=True)
    refusal = models.TextField(blank=True)
    contested_at = models.DateTimeField(null=True, help_text="laid before the common superior: once")
    reported_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=30, blank=True, help_text="key of rulebooks/transfers outcomes")
    outcome_text = models.TextField(blank=True)
    closed_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    due_step = models.CharField(max_length=14, blank=True)
    provisional = models.BooleanField(default=False)
    urged_at = models.DateTimeField(null=True)
    document_id = models.BigIntegerField(null=True)
    written_number = models.CharField(max_length=80, blank=True)
    is_demo = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index("sender", F("sent_at").desc(), name="transfer_sender"),
            models.Index("receiver", F("sent_at").desc(), name="transfer_receiver"),
            models.Index("county", F("sent_at").desc(), name="transfer_county"),
            models.Index("street", F("sent_at").desc(), name="transfer_street"),
            models.Index("sender_superior", "due_at", name="transfer_sender_above"),
            models.Index("receiver_superior", "due_at", name="transfer_receiver_above"),
            models.Index(fields=["due_at"], name="transfer_due", condition=~Q(state=TransferState.CLOSED)),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(sender=F("receiver")), name="transfer_to_another"),
            # Nothing ends in silence: a closed matter has an outcome, a refused one its reason.
            models.CheckConstraint(
                condition=~Q(state=TransferState.CLOSED) | ~Q(outcome=""), name="transfer_closed_has_outcome"
            ),
            models.CheckConstraint(
                condition=~Q(state=TransferState.REFUSED) | ~Q(refusal=""), name="transfer_refused_has_reason"
            ),
        ]

    def __str__(self) -> str:
        return self.written_number or f"transfer:{self.pk}"


class TransferEvidence(models.Model):
    """One line of the manifest that goes with a transfer: the file as it was fixed, by its SHA-256."""

    transfer = models.ForeignKey(Transfer, on_delete=models.CASCADE, related_name="evidence")
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    sha256 = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    taken_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["transfer", "sha256"], name="manifest_line_once")]

    def __str__(self) -> str:
        return f"{self.transfer_id}:{self.sha256[:8]}"
