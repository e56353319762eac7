"""What a suggestion keeps: deputies, clocks, co-handlers, talks, the answers with their frozen figures, feedback."""

from datetime import datetime
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q

from anju.ground.foundation import clocks
from anju.ground.foundation.models import Clock, StoredFile
from anju.ground.organisations.models import Organisation
from anju.ground.territory.models import Area, Division
from anju.means.documents.models import IssuedDocument
from anju.means.figures.models import FigureSnapshot

from . import rules
from .rules import State


def _place() -> models.ForeignKey:
    return models.ForeignKey(Area, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)


def _office(*, null: bool = True) -> models.ForeignKey:
    return models.ForeignKey(
        Organisation, null=null, on_delete=models.PROTECT, related_name="+", db_index=False
    )


class Deputy(models.Model):
    """A deputy of a people's congress. The telephone is kept under seal; opening it is journalled."""

    name = models.CharField(max_length=40)
    delegation = models.CharField(max_length=60, help_text="delegation or county, as the congress lists it")
    phone_sealed = models.BinaryField(default=bytes)
    phone_tail = models.CharField(max_length=4, blank=True)
    is_demo = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["name", "delegation"], name="deputy_name")]

    def __str__(self) -> str:
        return self.name


class Suggestion(models.Model):
    """A deputy's suggestion (建议) on its way from the assembly to the answer.

    registrar  the office that registered it and hands it out (交办单位); its place is stamped on the row
    lead       the office that handles and answers it (主办单位)
    desk       whose turn it is
    """

    meeting = models.CharField(max_length=60)
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=120)
    text = models.TextField()
    file = models.ForeignKey(StoredFile, null=True, on_delete=models.PROTECT, related_name="+")
    received_on = models.DateField()
    state = models.CharField(max_length=12, default=State.REGISTERED)
    round = models.PositiveSmallIntegerField(default=1)  # 2 after the deputies were dissatisfied
    registrar = _office(null=False)
    lead = _office()
    desk = _office()
    # The offices of `co_handlings` that are still asked, so that an index finds what an office has to do with.
    co_offices = ArrayField(models.BigIntegerField(), default=list)
    # The offices that have said it is not theirs.
    refused_by = ArrayField(models.BigIntegerField(), default=list)
    city = _place()
    county = _place()
    street = _place()
    community = _place()
    division = models.ForeignKey(
        Division, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    assigned_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)  # the first answer
    closed_at = models.DateTimeField(null=True)
    on_time = models.BooleanField(null=True)  # set with each answer: no answer came after its term
    extended = models.BooleanField(default=False)
    returns = models.PositiveSmallIntegerField(default=0)
    result_class = models.CharField(max_length=4, blank=True)
    feedback = models.CharField(max_length=12, blank=True)  # the latest, the worst of the signatories
    publication = models.CharField(max_length=10, default="full")
    publication_reason = models.CharField(max_length=200, blank=True)
    due_at = models.DateTimeField(null=True)  # the clock of whose turn it is
    due_clock = models.CharField(max_length=10, blank=True)
    provisional = models.BooleanField(default=False)
    opinion_by = models.DateTimeField(null=True)  # the clock of the co-handler whose opinion is due first
    is_demo = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index("city", F("received_on").desc(), F("id").desc(), name="suggestion_city_list"),
            models.Index("county", F("received_on").desc(), F("id").desc(), name="suggestion_county_list"),
            models.Index("lead", F("received_on").desc(), F("id").desc(), name="suggestion_lead_list"),
            models.Index("registrar", F("received_on").desc(), F("id").desc(), name="suggestion_own_list"),
            models.Index("desk", "due_at", name="suggestion_desk", condition=~Q(state=State.CLOSED)),
            models.Index("due_at", name="suggestion_due", condition=~Q(state=State.CLOSED)),
            models.Index("opinion_by", name="suggestion_opinion", condition=~Q(state=State.CLOSED)),
            models.Index("assigned_at", name="suggestion_assigned"),
            GinIndex("co_offices", name="suggestion_co_offices"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["registrar", "meeting", "number"], name="suggestion_once"),
            models.CheckConstraint(
                condition=Q(state__in=sorted(rules.STATE_LABELS)), name="suggestion_state_known"
            ),
            models.CheckConstraint(
                condition=~Q(state=State.CLOSED) | Q(closed_at__isnull=False),
                name="suggestion_closed_has_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.meeting} {self.number}"

    @property
    def clocks(self) -> models.QuerySet[Clock]:
        """The terms that run or ran on the suggestion and for its co-handlers, in the order in which they began."""
        return clocks.of(self)

    @property
    def state_label(self) -> object:
        return rules.STATE_LABELS[self.state]

    @property
    def state_tone(self) -> str:
        return rules.STATE_TONES[self.state]

    @property
    def is_open(self) -> bool:
        return self.state in rules.OPEN

    def is_overdue(self, at: datetime) -> bool:
        """Say whether the earliest running clock has passed."""
        return self.is_open and self.due_at is not None and self.due_at < at


class Signatory(models.Model):
    """A deputy who signed a suggestion; each is answered, and asked, one by one. `code` opens the deputy's own page."""

    suggestion = models.ForeignKey(Suggestion, on_delete=models.CASCADE, related_name="signatories")
    deputy = models.ForeignKey(Deputy, on_delete=models.PROTECT, related_name="signed")
    place = models.PositiveSmallIntegerField(default=1)  # 1 = the one who leads (领衔代表)
    code = models.CharField(max_length=12, unique=True)

    class Meta:
        ordering = ["place"]
        constraints = [
            models.UniqueConstraint(fields=["suggestion", "deputy"], name="signatory_once"),
            models.UniqueConstraint(fields=["suggestion", "place"], name="signatory_place_once"),
        ]

    def __str__(self) -> str:
        return f"{self.suggestion_id}:{self.deputy_id}"


class CoHandling(models.Model):
    """An office asked for its opinion (协办单位), with a term of its own."""

    suggestion = models.ForeignKey(Suggestion, on_delete=models.CASCADE, related_name="co_handlings")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", db_index=False)
    asked_at = models.DateTimeField(null=True)
    opinion = models.TextField(blank=True)
    file = models.ForeignKey(StoredFile, null=True, on_delete=models.PROTECT, related_name="+")
    submitted_at = models.DateTimeField(null=True)
    submitted_by = models.CharField(max_length=120, blank=True)
    dropped_at = models.DateTimeField(null=True)  # no longer asked, after the suggestion went to another lead

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["suggestion", "organisation"],
                condition=Q(dropped_at__isnull=True),
                name="co_handling_once",
            )
        ]
        indexes = [models.Index(fields=["organisation", "suggestion"], name="co_handling_office")]

    def __str__(self) -> str:
        return f"{self.suggestion_id}:{self.organisation_id}"


class Talk(models.Model):
    """A talk with a deputy before the answer: when, where, who, what was said, what the deputy thinks of it."""

    suggestion = models.ForeignKey(Suggestion, on_delete=models.CASCADE, related_name="talks")
    signatory = models.ForeignKey(Signatory, on_delete=models.PROTECT, related_name="talks")
    kind = models.CharField(max_length=10)
    held_on = models.DateField()
    place = models.CharField(max_length=120)
    attendees = models.CharField(max_length=200)
    content = models.TextField()
    attitude = models.CharField(max_length=12)
    recorded_at = models.DateTimeField()
    recorded_by = models.CharField(max_length=120)

    class Meta:
        ordering = ["held_on", "id"]

    def __str__(self) -> str:
        return f"{self.suggestion_id}:{self.held_on}"


class Reply(models.Model):
    """The first or the second answer: a draft with references, then signed words with frozen figures, then a document.

    sections   [{"heading", "text"}]; references stand in the texts as {{figure:…}}
    text       the body as signed: numbered parts, figures printed
    copies     [{"to", "count"}]
    public     what the public reads once published: {lines, …}, masked
    """

    suggestion = models.ForeignKey(Suggestion, on_delete=models.CASCADE, related_name="replies")
    round = models.PositiveSmallIntegerField()
    sections = models.JSONField(default=list)
    closing = models.TextField(blank=True)
    thanks = models.CharField(max_length=200, blank=True)
    result_class = models.CharField(max_length=4, blank=True)
    contact_unit = models.CharField(max_length=60, blank=True)
    contact = models.CharField(max_length=40, blank=True)
    phone = models.CharField(max_length=40, blank=True)
    postcode = models.CharField(max_length=6, blank=True)
    copies = models.JSONField(default=list)
    edited_at = models.DateTimeField()
    edited_by = models.CharField(max_length=120, blank=True)
    version = models.PositiveIntegerField(
        default=1
    )  # of the draft: two editors must not overwrite each other
    confirmed = models.JSONField(default=list)  # figures typed by hand that somebody insisted on
    submitted_at = models.DateTimeField(null=True)
    signer = models.CharField(max_length=40, blank=True)
    signed_at = models.DateTimeField(null=True)
    text = models.TextField(blank=True)
    snapshots = models.ManyToManyField(FigureSnapshot, related_name="+")
    document = models.OneToOneField(IssuedDocument, null=True, on_delete=models.PROTECT, related_name="+")
    issued_at = models.DateTimeField(null=True)
    published_at = models.DateTimeField(null=True)
    published_by = models.CharField(max_length=120, blank=True)
    public = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["suggestion", "round"], name="reply_once_a_round"),
            models.CheckConstraint(
                condition=Q(signed_at__isnull=True) | ~Q(signer=""), name="reply_signed_by_somebody"
            ),
            models.CheckConstraint(
                condition=Q(issued_at__isnull=True) | Q(document__isnull=False, signed_at__isnull=False),
                name="reply_issued_whole",
            ),
        ]
        indexes = [
            models.Index(
                F("published_at").desc(), name="reply_published", condition=Q(published_at__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"{self.suggestion_id}/{self.round}"

    @property
    def body(self) -> str:
        """The words of the draft with their references, as one text."""
        return rules.letter_text(self.sections, self.closing)

    @property
    def copy_lines(self) -> list[dict[str, Any]]:
        return [line for line in self.copies if line.get("to")]


class ReplyFigure(models.Model):
    """A figure of a signed letter: the reference, its frozen value, what is printed, and the snapshot that keeps it."""

    reply = models.ForeignKey(Reply, on_delete=models.CASCADE, related_name="figures")
    reference = models.CharField(max_length=160)
    measure = models.CharField(max_length=60)
    value = models.DecimalField(max_digits=20, decimal_places=4)
    printed = models.CharField(max_length=40)
    snapshot = models.ForeignKey(FigureSnapshot, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["reply", "reference"], name="reply_figure_once")]

    def __str__(self) -> str:
        return f"{self.measure}={self.printed}"


class Feedback(models.Model):
    """One signatory and one answer: how it was delivered, and what the signatory thinks of it (征询意见表)."""

    reply = models.ForeignKey(Reply, on_delete=models.CASCADE, related_name="feedback")
    signatory = models.ForeignKey(Signatory, on_delete=models.PROTECT, related_name="feedback")
    delivered_on = models.DateField(null=True)
    delivered_how = models.CharField(max_length=10, blank=True)
    value = models.CharField(max_length=12, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    given_at = models.DateTimeField(null=True)
    by_deputy = models.BooleanField(default=False)  # by the own code, not entered by an office

    class Meta:
        constraints = [models.UniqueConstraint(fields=["reply", "signatory"], name="feedback_once")]

    def __str__(self) -> str:
        return f"{self.reply_id}:{self.signatory_id}"

    @property
    def label(self) -> object:
        return rules.FEEDBACK_LABELS.get(self.value, "")


class Assessment(models.Model):
    """What experts say after a second dissatisfaction."""

    suggestion = models.OneToOneField(Suggestion, on_delete=models.CASCADE, related_name="assessment")
    held_on = models.DateField()
    experts = models.CharField(max_length=200)
    conclusion = models.TextField()
    recorded_at = models.DateTimeField()
    recorded_by = models.CharField(max_length=120)

    def __str__(self) -> str:
        return f"{self.suggestion_id}:{self.held_on}"


class YearlyReport(models.Model):
    """An office's report on a year's suggestions, with its figures frozen."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    year = models.PositiveSmallIntegerField()
    text = models.TextField(blank=True)
    snapshot = models.ForeignKey(FigureSnapshot, on_delete=models.PROTECT, related_name="+")
    reported_at = models.DateTimeField()
    reported_by = models.CharField(max_length=120)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "year"], name="yearly_report_once")]

    def __str__(self) -> str:
        return f"{self.organisation_id}:{self.year}"
