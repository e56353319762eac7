"""What was published stays published: frozen answers with the rows they were counted from."""

from django.db import models
from django.db.models import Q

from anju.ground.territory.models import Area


class FigureSnapshot(models.Model):
    """An answer at a moment, frozen: a trigger refuses every change but the one act of publishing it."""

    title = models.CharField(max_length=120)
    query = models.JSONField(help_text="the question as address parameters: [[name, value], …]")
    reaches = models.JSONField(help_text="the reach it was asked with: [[kind, id, level], …]")
    area = models.ForeignKey(Area, null=True, on_delete=models.PROTECT, related_name="+")
    territory_name = models.CharField(max_length=200)
    tree = models.CharField(max_length=10)  # area | division: which tree the slices follow
    values = models.JSONField(
        help_text="[{measure, label, unit, definition, value, numerator, denominator, slices, rows}]"
    )
    starts_on = models.DateField()
    ends_on = models.DateField()
    cut_off = models.DateTimeField()
    edition = models.CharField(max_length=40, help_text="edition of rulebooks/deadlines (publication)")
    frozen_at = models.DateTimeField()
    frozen_by = models.CharField(max_length=200)
    published_at = models.DateTimeField(null=True)
    published_by = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [models.Index(fields=["-frozen_at"], name="snapshot_newest")]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__gte=models.F("starts_on")), name="snapshot_ends_after_start"
            )
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_by_place(self) -> bool:
        """Whether its slices are places."""
        return any(name == "by" and value in ("county", "street", "community") for name, value in self.query)
