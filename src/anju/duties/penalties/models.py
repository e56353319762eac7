"""What the room keeps: penalties with their officers and payments. Money is Decimal yuan with two places everywhere.

`Penalty` is counted by the day of its decision and carries its place, agency kind and the flags of the unit, as the
rows of inspections do.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from anju.duties.cases.models import Case
from anju.duties.inspections.models import Finding, Placed, Unit, Visit
from anju.duties.orders.models import office
from anju.ground.organisations.models import Organisation, Person

from . import rules
from .rules import PenaltyState


def _yuan() -> models.DecimalField:
    return models.DecimalField(max_digits=12, decimal_places=2, null=True)


class Penalty(Placed):
    """An administrative penalty case (行政处罚案件), from filing to payment or cancellation.

    offence       key of rulebooks/penalties; edition: effective_from of the edition by which it was judged
    party_name    the punished; a natural person's name and number are sealed in `party_sealed` and masked here
    amount        decided fine, None without one (a bare warning)
    decided_on    day of the decision; with cancelled_on null it is what `fines_decided_yuan` counts
    serve_by      last day to serve the decision
    pay_by        last day to pay; afterwards 3 % a day, capped at the principal
    with_head_since  since when its head is to act: a decision was proposed, or nobody so young is punished
    handlers      accounts that filed or proposed it: none of them decides
    """

    offence = models.CharField(max_length=30)
    edition = models.DateField()
    article = models.CharField(max_length=80)
    state = models.CharField(max_length=10, default=PenaltyState.FILED)
    procedure = models.CharField(max_length=10, choices=[(k, v.source) for k, v in rules.PROCEDURES.items()])
    agency = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", db_index=False)
    agency_kind = models.CharField(max_length=30)
    case = models.ForeignKey(Case, null=True, on_delete=models.PROTECT, related_name="penalties")
    finding = models.ForeignKey(Finding, null=True, on_delete=models.PROTECT, related_name="penalties")
    visit = models.ForeignKey(Visit, null=True, on_delete=models.PROTECT, related_name="penalties")
    unit = models.ForeignKey(Unit, null=True, on_delete=models.PROTECT, related_name="penalties")
    company = office()  # the punished when it is an organisation that Anju knows
    party_kind = models.CharField(max_length=10, choices=[(k, v.source) for k, v in rules.PARTIES.items()])
    party_name = models.CharField(max_length=120)
    party_sealed = models.BinaryField(null=True)
    party_age = models.PositiveSmallIntegerField(null=True)
    facts = models.TextField(blank=True)
    class_code = models.CharField(max_length=12, blank=True)
    top_class = models.CharField(max_length=12, blank=True)
    is_old_community = models.BooleanField(default=False)
    unit_kind = models.CharField(max_length=20, blank=True)
    refused_correction = models.BooleanField(default=False, help_text="ordered before and not obeyed")
    spare_only = models.BooleanField(default=False, help_text="the person is too young for any penalty")
    handlers = ArrayField(models.BigIntegerField(), default=list)
    first_offence = models.BooleanField(default=False)
    corrected = models.BooleanField(default=False, help_text="put right before the decision")
    filed_at = models.DateTimeField()
    decide_by = models.DateField(null=True, help_text="90 days after filing in the ordinary procedure")
    noticed_at = models.DateTimeField(null=True)
    statement_until = models.DateField(null=True)
    statement = models.TextField(blank=True)
    statement_answer = models.TextField(blank=True)
    hearing_until = models.DateField(null=True, help_text="until when a hearing may be asked for, if at all")
    hearing_asked_at = models.DateTimeField(null=True)
    hearing_on = models.DateField(null=True)
    hearing_record = models.TextField(blank=True)
    warning = models.BooleanField(default=False)
    amount = _yuan()
    proposed_amount = _yuan()
    with_head_since = models.DateTimeField(null=True)
    reasons = models.TextField(blank=True, help_text="discretion: why this amount, or why none")
    approved_by = models.CharField(max_length=120, blank=True)
    decided_at = models.DateTimeField(null=True)
    decided_on = models.DateField(null=True)
    served_at = models.DateTimeField(null=True)
    serve_by = models.DateField(null=True)
    pay_by = models.DateField(null=True)
    paid_amount = models.DecimalField(max_digits=12, decimal_places=2, default=0)
    paid_on = models.DateField(null=True, help_text="the day it was paid in full")
    cancelled_on = models.DateField(null=True)
    cancelled_reason = models.CharField(max_length=300, blank=True)
    document_id = models.BigIntegerField(null=True)
    written_number = models.CharField(max_length=80, blank=True)
    source_key = models.CharField(max_length=64, null=True)
    source_number = models.CharField(max_length=40, blank=True)
    is_demo = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index("county", "agency_kind", F("decided_on").desc(), name="penalty_county_day"),
            models.Index("agency_kind", "decided_on", name="penalty_kind_day"),
            models.Index("county", F("filed_at").desc(), name="penalty_county_filed"),
            models.Index("street", F("filed_at").desc(), name="penalty_street_filed"),
            models.Index("agency", F("filed_at").desc(), name="penalty_agency"),
            models.Index("company", F("filed_at").desc(), name="penalty_company"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["source_key"], condition=Q(source_key__isnull=False), name="penalty_source_once"
            ),
            models.CheckConstraint(
                condition=Q(amount__isnull=True) | Q(amount__gt=0), name="penalty_amount_positive"
            ),
            models.CheckConstraint(
                condition=Q(amount__isnull=True) | Q(decided_on__isnull=False), name="fine_has_a_decision"
            ),
            models.CheckConstraint(condition=Q(paid_amount__gte=0), name="penalty_paid_not_negative"),
        ]

    def __str__(self) -> str:
        return self.written_number or f"penalty:{self.pk}"


class PenaltyOfficer(models.Model):
    """An officer who handles a penalty case, with the badge as it was."""

    penalty = models.ForeignKey(Penalty, on_delete=models.CASCADE, related_name="officers")
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=40)
    badge = models.CharField(max_length=30, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["penalty", "name", "badge"], name="penalty_officer_once")
        ]

    def __str__(self) -> str:
        return self.name


class Payment(models.Model):
    """Money received for a penalty: principal and late surcharge apart."""

    penalty = models.ForeignKey(Penalty, on_delete=models.PROTECT, related_name="payments")
    principal = models.DecimalField(max_digits=12, decimal_places=2)
    surcharge = models.DecimalField(max_digits=12, decimal_places=2, default=0)
    paid_on = models.DateField(db_index=True)
    way = models.CharField(max_length=20, help_text="bank | spot (cash on the spot)")
    receipt = models.CharField(max_length=60)
    recorded_by = models.CharField(max_length=120)
    recorded_at = models.DateTimeField()
    handed_in_on = models.DateField(null=True, help_text="cash taken on the spot reaches the bank in 2 days")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(principal__gte=0, surcharge__gte=0) & ~Q(principal=0, surcharge=0),
                name="payment_positive",
            ),
            models.UniqueConstraint(fields=["penalty", "receipt"], name="payment_receipt_once"),
        ]

    def __str__(self) -> str:
        return f"{self.penalty_id}:{self.receipt}"
