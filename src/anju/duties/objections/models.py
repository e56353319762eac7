"""What the room keeps: objections to the acts of agencies, with their answers."""

from django.db import models
from django.db.models import Q

from anju.duties.orders.models import Order
from anju.duties.penalties.models import Penalty

from .rules import State


class Objection(models.Model):
    """What a punished person or a company says against an order or a decision, and the answer."""

    penalty = models.ForeignKey(Penalty, null=True, on_delete=models.PROTECT, related_name="objections")
    order = models.ForeignKey(Order, null=True, on_delete=models.PROTECT, related_name="objections")
    state = models.CharField(max_length=10, default=State.OPEN)
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
