"""What was published stays published: frozen answers with the rows they were counted from."""

from django.db import models
from django.db.models import Q

from anju.ground.territory.models import Area

from .tallies import DAY_COUNTY, DAY_STREET, MONTH_COUNTY, MONTH_STREET


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


class TallyKey(models.Model):
    """What a counted fact is added up by: day, place, month of the earlier day, up to four dimensions as text.

    Ids of areas, not keys to them: 0 stands for none, so that equal is equal. Written by triggers and `keeping` only.
    """

    tally = models.CharField(max_length=30)
    day = models.DateField()
    city = models.BigIntegerField()
    county = models.BigIntegerField()
    street = models.BigIntegerField()
    since = models.DateField(help_text="first day of the month of the earlier day; 0001-01-01 = none")
    d1 = models.CharField(max_length=40)
    d2 = models.CharField(max_length=40)
    d3 = models.CharField(max_length=40)
    d4 = models.CharField(max_length=40)
    number = models.BigIntegerField()
    amount = models.DecimalField(max_digits=20, decimal_places=2)

    class Meta:
        abstract = True


class TallyRow(TallyKey):
    """Facts added up in one of four grains: by month or day, for a county or a street (tallies.GRAINS)."""

    grain = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tally", "grain", "day", "city", "county", "street", "since", "d1", "d2", "d3", "d4"],
                name="tally_row_once",
            )
        ]
        indexes = [
            # What folding takes away again; nearly always empty.
            models.Index(fields=["tally"], name="tally_row_empty", condition=Q(number=0, amount=0)),
            # A question of one agency reads this index alone: the table itself is not touched.
            models.Index(
                fields=["tally", "grain", "d1", "day"],
                name="tally_row_first",
                include=["city", "county", "street", "since", "d2", "d3", "d4", "number", "amount"],
                condition=Q(grain__in=[MONTH_COUNTY, DAY_COUNTY]),
            ),
            models.Index(
                fields=["tally", "grain", "county", "day"],
                name="tally_row_county",
                condition=Q(grain__in=[MONTH_STREET, DAY_STREET]),
            ),
            models.Index(
                fields=["tally", "grain", "street", "day"],
                name="tally_row_street",
                condition=Q(grain__in=[MONTH_STREET, DAY_STREET]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tally} {self.day} {self.county}"


class TallyDelta(TallyKey):
    """What statements have changed since the last folding: written by the triggers, in the facts' transaction."""

    class Meta:
        indexes = [models.Index(fields=["tally", "day"], name="tally_delta_day")]

    def __str__(self) -> str:
        return f"{self.tally} {self.day} {self.number:+d}"


class TallyState(models.Model):
    """How a tally stands: which triggers it has, when it was folded and checked, and whether it met its facts.

    differences  how many kept rows were wrong at the last check; with any, figures are counted from the rows
    """

    name = models.CharField(max_length=30, primary_key=True)
    digest = models.CharField(max_length=16)
    rebuilt_at = models.DateTimeField(null=True)
    checked_at = models.DateTimeField(null=True)
    differences = models.PositiveIntegerField(default=0)
    sample = models.JSONField(default=list, help_text="the first wrong rows")

    def __str__(self) -> str:
        return self.name


class FigureRevision(models.Model):
    """A published number that became another: noticed later, added to the record, never taken from it.

    slice_key     None for the total
    old, new      as they were known before and as they are now; money as text
    rows_changed  the number stayed and the rows it is made of did not (or both changed)
    """

    snapshot = models.ForeignKey(FigureSnapshot, on_delete=models.PROTECT, related_name="revisions")
    noticed_at = models.DateTimeField()
    measure = models.CharField(max_length=60)
    label = models.CharField(max_length=120)
    unit = models.CharField(max_length=10)
    slice_key = models.CharField(max_length=60, null=True)
    slice_name = models.CharField(max_length=200)
    old = models.JSONField(null=True)
    new = models.JSONField(null=True)
    rows_changed = models.BooleanField()
    rows = models.JSONField(null=True, help_text="count and hash of the rows as they are now; of totals only")

    class Meta:
        indexes = [
            models.Index(fields=["snapshot", "-noticed_at"], name="revision_of_snapshot"),
            models.Index(fields=["measure", "-noticed_at"], name="revision_of_measure"),
        ]

    def __str__(self) -> str:
        return f"{self.label} {self.old} > {self.new}"
