"""What the ground floor keeps: events, notices, stored files, numbers, the calendar, long jobs."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Coalesce
from django.utils import timezone


class Event(models.Model):
    """One line of the journal. Written once; a trigger refuses change and removal."""

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=60)
    subject_type = models.CharField(max_length=60, blank=True)
    subject_id = models.BigIntegerField(null=True)
    actor_kind = models.CharField(max_length=10)  # account | public | system
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=60, blank=True)
    actor_post = models.CharField(max_length=120, blank=True)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(auto_now_add=True)
    note = models.TextField(blank=True)
    basis = models.CharField(max_length=60, blank=True)
    data = models.JSONField(default=dict)
    request_key = models.CharField(max_length=64, null=True)
    request_digest = models.CharField(max_length=64, blank=True)
    actor_scope = models.GeneratedField(
        expression=Coalesce("actor_id", 0), output_field=models.BigIntegerField(), db_persist=True
    )

    class Meta:
        indexes = [
            models.Index(fields=["subject_type", "subject_id", "at"], name="event_subject"),
            models.Index(fields=["name", "at"], name="event_name"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["actor_scope", "request_key"],
                condition=models.Q(request_key__isnull=False),
                name="event_request_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.name}"


class StoredFile(models.Model):
    """A file kept by the SHA-256 of its bytes. The original is never changed and never served as it is."""

    sha256 = models.CharField(max_length=64, unique=True)
    size = models.PositiveIntegerField()
    media_type = models.CharField(max_length=100)
    name = models.CharField(max_length=200)
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    taken_at = models.DateTimeField(null=True)  # EXIF
    longitude = models.FloatField(null=True)  # EXIF, WGS-84
    latitude = models.FloatField(null=True)
    perceptual_hash = models.BigIntegerField(null=True)  # pictures.difference_hash
    bands = ArrayField(models.IntegerField(), default=list)  # pictures.bands of it, for `files.similar`
    stored_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [GinIndex(fields=["bands"], name="stored_file_bands")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_image(self) -> bool:
        return self.media_type.startswith("image/")


class NumberRegister(models.Model):
    """A gapless row of numbers, one for each code and year: 机关代字〔年〕第 4 digits."""

    code = models.CharField(max_length=40)
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["code", "year"], name="register_once")]

    def __str__(self) -> str:
        return f"{self.code}〔{self.year}〕"


class IssuedNumber(models.Model):
    """Each number ever given out, to what, or why it was voided: no repeat, no unnoticed gap."""

    register = models.ForeignKey(NumberRegister, on_delete=models.PROTECT, related_name="issued")
    number = models.PositiveIntegerField()
    subject_type = models.CharField(max_length=60)
    subject_id = models.BigIntegerField()
    issued_at = models.DateTimeField()
    voided_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["register", "number"], name="number_once")]

    def __str__(self) -> str:
        return f"{self.register}第{self.number:04d}号"


class Holding(models.Model):
    """Who of an office has what waits for the office (`hands`): without a row it is everybody's there.

    It counts for what the power is for that the awaited act takes: what comes to the office later for another power is
    everybody's again. People and offices are known by number: foundation stands below them.
    """

    subject_type = models.CharField(max_length=60)
    subject_id = models.BigIntegerField()
    power = models.CharField(max_length=60)
    organisation_id = models.BigIntegerField()
    person_id = models.BigIntegerField()
    person_name = models.CharField(max_length=60)
    given_by = models.CharField(max_length=60, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject_type", "subject_id", "organisation_id", "power"], name="holding_once"
            )
        ]
        indexes = [models.Index(fields=["organisation_id", "subject_type"], name="holding_office")]

    def __str__(self) -> str:
        return f"{self.subject_type}:{self.subject_id} {self.person_name}"


class CalendarYear(models.Model):
    """Whether the State Council's notice for a year is in (confirmed) or still awaited (provisional)."""

    year = models.PositiveSmallIntegerField(primary_key=True)
    confirmed = models.BooleanField(default=False)
    source = models.CharField(max_length=200, blank=True)
    revision = models.PositiveIntegerField(default=1)

    def __str__(self) -> str:
        return str(self.year)


class CalendarDay(models.Model):
    """A day that is not what its weekday says: a holiday on a weekday, or a make-up workday on a weekend."""

    date = models.DateField(primary_key=True)
    is_workday = models.BooleanField()
    name = models.CharField(max_length=40)
    source = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"{self.date} {self.name}"


class Notice(models.Model):
    """Something an office must see about a record, and sign for: `foundation.notices`. No office: it is nobody's."""

    subject_type = models.CharField(max_length=60)
    subject_id = models.BigIntegerField()
    kind = models.CharField(max_length=20)
    level = models.PositiveSmallIntegerField(default=0, help_text="rung of the ladder, when it has climbed")
    organisation_id = models.BigIntegerField(null=True)
    text = models.CharField(max_length=500, blank=True)
    by = models.CharField(max_length=120, blank=True)
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    read_by = models.CharField(max_length=120, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["organisation_id", "-at"],
                name="notice_unread",
                condition=models.Q(read_at__isnull=True),
            ),
            models.Index(fields=["subject_type", "subject_id", "-at"], name="notice_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.subject_type}:{self.subject_id}:{self.kind}"


class Clock(models.Model):
    """One term that runs on a record, or on a part of it that somebody else owes (`foundation.clocks`).

    part_id      the part of the record whose own term it is (a co-handler's opinion)
    owner_id     the office that must act until it ends
    adjustments  what was granted, in order: {"kind": "extend", "days"}, {"kind": "pause", "from", "to"} or
                 {"kind": "longer", "amount", "unit", "reason"}
    """

    subject_type = models.CharField(max_length=60)
    subject_id = models.BigIntegerField()
    part_id = models.BigIntegerField(null=True)
    kind = models.CharField(max_length=14)
    owner_id = models.BigIntegerField(null=True)
    amount = models.PositiveSmallIntegerField()
    unit = models.CharField(max_length=8)
    basis = models.CharField(max_length=60, blank=True)
    is_default = models.BooleanField(default=False)  # the law gives no figure; the city's rulebook does
    started_at = models.DateTimeField()
    due_at = models.DateTimeField()
    provisional = models.BooleanField(default=False)
    stopped_at = models.DateTimeField(null=True)
    paused_at = models.DateTimeField(null=True)
    adjustments = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject_type", "subject_id", "kind", "part_id"],
                condition=models.Q(stopped_at__isnull=True),
                nulls_distinct=False,
                name="clock_runs_once",
            )
        ]
        indexes = [
            models.Index(fields=["subject_type", "subject_id"], name="clock_subject"),
            models.Index(
                fields=["subject_type", "due_at"],
                name="clock_running",
                condition=models.Q(stopped_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}:{self.due_at:%Y-%m-%d %H:%M}"

    @property
    def is_late(self) -> bool:
        """Whether it was stopped after its term (a running clock is judged against a given time)."""
        return self.stopped_at is not None and self.stopped_at > self.due_at


class Climb(models.Model):
    """How far a record has climbed since a term passed (`foundation.ladder`); another term begins at the bottom."""

    subject_type = models.CharField(max_length=60)
    subject_id = models.BigIntegerField()
    term = models.DateTimeField()
    rung = models.PositiveSmallIntegerField(default=0)
    climbed_at = models.DateTimeField(null=True)
    next_at = models.DateTimeField(null=True)  # of the next rung; none above the last

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subject_type", "subject_id"], name="climb_subject_once")
        ]

    def __str__(self) -> str:
        return f"{self.subject_type}:{self.subject_id} {self.rung}"


class JobProgress(models.Model):
    """How far a long job is, for the bar an officer watches."""

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"

    kind = models.CharField(max_length=60)
    title = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    message = models.CharField(max_length=500, blank=True)
    result = models.JSONField(default=dict)
    owner_id = models.BigIntegerField(null=True, db_index=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    cancel_asked = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.title

    @property
    def percent(self) -> int:
        return (
            100
            if self.state == self.State.DONE
            else min(99, self.done * 100 // self.total)
            if self.total
            else 0
        )


class Try(models.Model):
    """A try that is counted against abuse (foundation.patience): a wrong code, a report; kept while it counts."""

    kind = models.CharField(max_length=20)
    device = models.CharField(max_length=32, blank=True, help_text="the random number of the device's cookie")
    known = models.BooleanField(default=False, help_text="the device had shown that it belongs to somebody")
    origin = models.CharField(max_length=64, blank=True, help_text="keyed fingerprint of the address")
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["kind", "device", "at"], name="try_device"),
            models.Index(fields=["kind", "origin", "at"], name="try_origin", condition=models.Q(known=False)),
            models.Index(fields=["kind", "at"], name="try_at"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}:{self.at:%Y-%m-%d %H:%M}"
