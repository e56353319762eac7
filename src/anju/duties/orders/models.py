"""What the room keeps: orders to correct with a line for each hazard, and temporary sealings."""

from django.db import models
from django.db.models import F, Q

from anju.duties.cases.models import Case
from anju.duties.inspections.models import Finding, Placed, Unit, Visit
from anju.ground.organisations.models import Organisation

from . import rules
from .rules import OrderState, SealingState


def office() -> models.ForeignKey:
    """Make the column of an office that may be missing; its indexes are those of the lists."""
    return models.ForeignKey(
        Organisation, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )


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
    company = office()  # the recipient when it is an organisation that Anju knows: it sees its own orders
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


class Sealing(Placed):
    """A temporary sealing (临时查封), by a fire agency only, for at most 30 days at a time."""

    state = models.CharField(max_length=10, default=SealingState.SEALED)
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
        constraints = [
            models.CheckConstraint(
                condition=Q(state=SealingState.SEALED, lifted_at__isnull=True)
                | Q(state=SealingState.LIFTED, lifted_at__isnull=False),
                name="sealing_lifted_with_its_day",
            )
        ]

    def __str__(self) -> str:
        return self.written_number or f"sealing:{self.pk}"
