"""What enforcement keeps: orders, penalties with their payments, sealings, transfers, major hazards, objections.

`Penalty` is counted by the day of its decision and carries its place, agency kind and the flags of the unit, as the
rows of inspections do. Money is Decimal yuan with two places everywhere.
"""

from django.db import models
from django.db.models import F, Q

from anju.duties.cases.models import Case
from anju.duties.inspections.models import Finding, Placed, Unit, Visit
from anju.ground.foundation.models import StoredFile
from anju.ground.organisations.models import Organisation, Person

from . import rules
from .rules import OrderState, PenaltyState, TransferState


def _office() -> models.ForeignKey:
    return models.ForeignKey(
        Organisation, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )


def _yuan() -> models.DecimalField:
    return models.DecimalField(max_digits=12, decimal_places=2, null=True)


class Order(Placed):
    """An order to correct: at once (责令立即改正) or by a day (责令限期改正).

    serve_by    the last day for service: 3 working days after the check (rulebooks/deadlines)
    recheck_by  the last day for the re-check: 3 working days after the term, or after the request for it
    """

    kind = models.CharField(max_length=10, choices=[(k, v.source) for k, v in rules.ORDER_KINDS.items()])
    state = models.CharField(max_length=10, default=OrderState.ISSUED)
    unit = models.ForeignKey(Unit, null=True, on_delete=models.PROTECT, related_name="orders")
    visit = models.ForeignKey(Visit, null=True, on_delete=models.PROTECT, related_name="orders")
    agency = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", db_index=False)
    recipient = models.CharField(max_length=120)
    company = _office()  # the recipient when it is an organisation that Anju knows: it sees its own orders
    oral = models.BooleanField(
        default=False, help_text="minor and fixed at once: said, and noted in the record"
    )
    issued_at = models.DateTimeField()
    due_on = models.DateField(null=True)
    serve_by = models.DateField(null=True)
    served_at = models.DateTimeField(null=True)
    served_how = models.CharField(
        max_length=20, blank=True, help_text="key of rulebooks/deadlines service.ways"
    )
    served_to = models.CharField(max_length=60, blank=True)
    service_note = models.CharField(max_length=300, blank=True)
    recheck_by = models.DateField(null=True)
    recheck_asked_at = models.DateTimeField(null=True)
    complied_on = models.DateField(null=True)
    document_id = models.BigIntegerField(null=True)
    written_number = models.CharField(max_length=80, blank=True)
    source_key = models.CharField(max_length=64, null=True)
    source_number = models.CharField(max_length=40, blank=True)
    is_demo = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index("county", F("issued_at").desc(), name="order_county"),
            models.Index("street", F("issued_at").desc(), name="order_street"),
            models.Index("agency", F("issued_at").desc(), name="order_agency"),
            models.Index("company", F("issued_at").desc(), name="order_company"),
            models.Index(fields=["due_on"], name="order_running", condition=Q(state=OrderState.SERVED)),
            models.Index(
                fields=["agency", "recheck_by"], name="order_recheck",
                condition=Q(state__in=[OrderState.SERVED, OrderState.OVERDUE]),
            ),
            models.Index(
                fields=["agency", "serve_by"], name="order_serve", condition=Q(state=OrderState.ISSUED)
            ),
        ]  # fmt: skip
        constraints = [
            models.UniqueConstraint(
                fields=["source_key"], condition=Q(source_key__isnull=False), name="order_source_once"
            ),
            models.CheckConstraint(
                condition=~Q(kind="timed") | Q(due_on__isnull=False), name="order_timed_has_term"
            ),
        ]

    def __str__(self) -> str:
        return self.written_number or f"order:{self.pk}"


class OrderLine(models.Model):
    """A hazard that an order names, with its own term."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    case = models.ForeignKey(Case, null=True, on_delete=models.PROTECT, related_name="order_lines")
    finding = models.ForeignKey(Finding, null=True, on_delete=models.PROTECT, related_name="order_lines")
    class_code = models.CharField(max_length=12)
    place = models.CharField(max_length=200, blank=True)
    text = models.CharField(max_length=1000, blank=True)
    due_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["order", "case"], condition=Q(case__isnull=False), name="order_names_case_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.order_id}:{self.class_code}"


class Penalty(Placed):
    """An administrative penalty case (行政处罚案件), from filing to payment or cancellation.

    offence       key of rulebooks/penalties; edition: effective_from of the edition by which it was judged
    party_name    the punished; a natural person's name and number are sealed in `party_sealed` and masked here
    amount        decided fine, None without one (a bare warning)
    decided_on    day of the decision; with cancelled_on null it is what `fines_decided_yuan` counts
    pay_by        last day to pay; afterwards 3 % a day, capped at the principal
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
    company = _office()  # the punished when it is an organisation that Anju knows
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
    first_offence = models.BooleanField(default=False)
    corrected = models.BooleanField(default=False, help_text="put right before the decision")
    filed_at = models.DateTimeField()
    decide_by = models.DateField(null=True, help_text="90 days after filing in the ordinary procedure")
    noticed_at = models.DateTimeField(null=True)
    statement_until = models.DateField(null=True)
    statement = models.TextField(blank=True)
    statement_answer = models.TextField(blank=True)
    hearing_asked_at = models.DateTimeField(null=True)
    hearing_on = models.DateField(null=True)
    hearing_record = models.TextField(blank=True)
    warning = models.BooleanField(default=False)
    amount = _yuan()
    proposed_amount = _yuan()
    reasons = models.TextField(blank=True, help_text="discretion: why this amount, or why none")
    approved_by = models.CharField(max_length=120, blank=True)
    decided_at = models.DateTimeField(null=True)
    decided_on = models.DateField(null=True)
    served_at = models.DateTimeField(null=True)
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


class Sealing(Placed):
    """A temporary sealing (临时查封), by a fire agency only, for at most 30 days at a time."""

    case = models.ForeignKey(Case, null=True, on_delete=models.PROTECT, related_name="sealings")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="sealings")
    agency = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    ground = models.CharField(max_length=30, help_text="key of rulebooks/penalties sealing.grounds")
    part = models.CharField(max_length=200, help_text="what is sealed: place, room, equipment")
    reason = models.TextField()
    sealed_at = models.DateTimeField()
    until = models.DateField()
    renewals = models.PositiveSmallIntegerField(default=0)
    approved_by = models.CharField(max_length=120)
    lifted_at = models.DateTimeField(null=True)
    lifted_reason = models.CharField(max_length=300, blank=True)
    document_id = models.BigIntegerField(null=True)
    written_number = models.CharField(max_length=80, blank=True)
    is_demo = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(fields=["county", "until"], name="sealing_open", condition=Q(lifted_at__isnull=True))
        ]

    def __str__(self) -> str:
        return self.written_number or f"sealing:{self.pk}"


class Transfer(Placed):
    """A matter that one agency hands to another in writing (移送), tells it of (抄告) or reports (书面报告).

    Two-sided: the sender fixed evidence and sent a numbered letter; the receiver signs, accepts, refuses or passes on,
    and reports the outcome back. `due_at` is the running clock of whoever must act next, `due_step` which one.
    sender_superior, receiver_superior   stamped, so that the matter is on their desks too
    passed_from   the transfer that was passed on to make this one
    """

    kind = models.CharField(max_length=16, choices=[(k, v.source) for k, v in rules.TRANSFER_KINDS.items()])
    state = models.CharField(max_length=14, default=TransferState.DRAFT)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="transfers")
    unit = models.ForeignKey(Unit, null=True, on_delete=models.PROTECT, related_name="transfers")
    sender = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", db_index=False)
    receiver = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", db_index=False)
    sender_superior = _office()
    receiver_superior = _office()
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
    reported_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=30, blank=True, help_text="key of rulebooks/transfers outcomes")
    outcome_text = models.TextField(blank=True)
    closed_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    due_step = models.CharField(max_length=14, blank=True)
    provisional = models.BooleanField(default=False)
    escalated_at = models.DateTimeField(null=True)
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


class MajorHazard(Placed):
    """A suspected major fire hazard (重大火灾隐患): judged by edition, decided by a panel, listed, removed."""

    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="major_hazard")
    unit = models.ForeignKey(Unit, null=True, on_delete=models.PROTECT, related_name="major_hazards")
    agency = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(
        max_length=12, help_text="proposed | panel | decided | dismissed | listed | removed"
    )
    edition = models.DateField(help_text="effective_from of rulebooks/major_hazards")
    criteria = models.JSONField(default=list, help_text="[{code, met, note}]")
    proposed_at = models.DateTimeField()
    decide_by = models.DateField()
    panel = models.JSONField(default=list, help_text="[{name, title, opinion}]")
    panel_on = models.DateField(null=True)
    decided_at = models.DateTimeField(null=True)
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


class Objection(models.Model):
    """What a punished person or a company says against an order or a decision, and the answer."""

    penalty = models.ForeignKey(Penalty, null=True, on_delete=models.PROTECT, related_name="objections")
    order = models.ForeignKey(Order, null=True, on_delete=models.PROTECT, related_name="objections")
    by_name = models.CharField(max_length=120)
    text = models.TextField()
    made_at = models.DateTimeField()
    answer_by = models.DateField()
    answer = models.TextField(blank=True)
    upheld = models.BooleanField(null=True)
    answered_at = models.DateTimeField(null=True)
    answered_by = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(penalty__isnull=True) ^ Q(order__isnull=True), name="objection_to_one_thing"
            )
        ]

    def __str__(self) -> str:
        return f"objection:{self.pk}"
