"""What a case keeps: itself, its clocks, evidence, the reports that led to it, requests and merges."""

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from anju.ground.foundation import clocks
from anju.ground.foundation.models import Clock, StoredFile
from anju.ground.organisations.models import Organisation
from anju.ground.territory.models import Area, Division, Estate

from . import rules
from .rules import State


def _place(related: str = "+") -> models.ForeignKey:
    return models.ForeignKey(Area, null=True, on_delete=models.PROTECT, related_name=related, db_index=False)


def _office() -> models.ForeignKey:
    return models.ForeignKey(
        Organisation, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )


_COUNTED = [
    "id", "state", "class_code", "kind", "severity", "channel", "city", "street", "community", "division",
    "closed_at", "on_time", "returns", "repeat", "due_at", "paused_at",
]  # fmt: skip


class Case(models.Model):
    """A complaint (投诉) or a hazard (隐患) on its way from report to closing.

    The four management levels of the place are stamped on the row, so that a county's list is one index range;
    when an area is moved, `listeners` stamp its cases anew. They are the place, never an audience.
    """

    kind = models.CharField(max_length=10, choices=[(k, v.source) for k, v in rules.KIND_LABELS.items()])
    class_code = models.CharField(max_length=12)
    severity = models.CharField(max_length=16)
    state = models.CharField(max_length=10, default=State.REPORTED)
    channel = models.CharField(max_length=10)
    text = models.TextField()
    place = models.CharField(
        max_length=200, blank=True, help_text="where in the estate: building, stairwell, floor"
    )

    estate = models.ForeignKey(
        Estate, null=True, on_delete=models.PROTECT, related_name="cases", db_index=False
    )
    division = models.ForeignKey(
        Division, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    city = _place()
    county = _place()
    street = _place()
    community = _place()
    longitude = models.FloatField(null=True)
    latitude = models.FloatField(null=True)

    dispatcher = _office()
    handler = _office()
    # Set while an agency has the case because it acts on it in another room: who had it before, and may have it again.
    handler_before = _office()
    taken_over_at = models.DateTimeField(null=True)
    checker = _office()
    desk = _office()  # whose turn it is
    company = _office()  # the property company of the estate
    routing_rule = models.CharField(max_length=60, blank=True)
    unit_id = models.BigIntegerField(null=True, help_text="where it was found: inspections.Unit")
    unit_kind = models.CharField(max_length=20, blank=True)  # rulebooks/units

    reported_at = models.DateTimeField()
    assigned_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    submitted_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)  # the clock of whose turn it is
    due_clock = models.CharField(max_length=10, blank=True)
    provisional = models.BooleanField(default=False)
    paused_at = models.DateTimeField(null=True)
    verified_at = models.DateTimeField(null=True)

    on_time = models.BooleanField(null=True)  # set at closing: clocks.kept_in_time
    returns = models.PositiveSmallIntegerField(default=0)
    returned_by = ArrayField(models.BigIntegerField(), default=list)  # the offices that have returned it
    send_backs = models.PositiveSmallIntegerField(default=0)
    urges = models.PositiveSmallIntegerField(default=0)
    supervised = models.BooleanField(default=False)
    reopens = models.PositiveSmallIntegerField(default=0)
    verify_by = models.DateTimeField(
        null=True
    )  # the clock of whoever looks at the place, beside the turn's own
    satisfaction = models.PositiveSmallIntegerField(null=True)
    repeat = models.BooleanField(default=False)  # same reporter, same matter, within the rulebook's days
    closing_text = models.TextField(blank=True)
    public_text = models.TextField(blank=True)  # the wording that somebody has published
    published_at = models.DateTimeField(null=True)
    closing_insisted = models.BooleanField(default=False)  # accepted although the text was challenged

    merged_into = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="merged")
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="children")
    state_before_merge = models.CharField(max_length=10, blank=True)
    # The way back from the last act, while nothing rests on it: {act, by, at, was, started, stopped, photos}.
    undo = models.JSONField(null=True)
    source_key = models.CharField(max_length=64, null=True)  # which ledger row it came from
    source_number = models.CharField(max_length=40, blank=True)  # the sender's own number
    is_demo = models.BooleanField(default=False)
    search = ArrayField(models.CharField(max_length=2), default=list)

    class Meta:
        indexes = [
            models.Index("county", "state", "class_code", F("reported_at").desc(), name="case_county_list"),
            # With what lists are narrowed by and figures are made of, so that both count without reading the cases.
            models.Index(
                fields=["county", "-reported_at"],
                include=_COUNTED,
                name="case_county_newest",
            ),
            models.Index("street", "state", F("reported_at").desc(), name="case_street_list"),
            models.Index("community", "state", F("reported_at").desc(), name="case_community_list"),
            models.Index("estate", F("reported_at").desc(), name="case_estate"),
            # With the place: what an office has outside its own area is found without reading what it has inside.
            models.Index("handler", "county", "street", "community", name="case_by_handler"),
            models.Index("checker", "county", "street", "community", name="case_by_checker"),
            models.Index("dispatcher", "county", "street", "community", name="case_by_dispatcher"),
            models.Index("company", F("reported_at").desc(), name="case_company"),
            models.Index("reported_at", name="case_reported"),
            models.Index("desk", "due_at", name="case_todo", condition=Q(state__in=sorted(rules.OPEN))),
            models.Index(
                "county", "due_at", name="case_county_due", condition=Q(state__in=sorted(rules.OPEN))
            ),
            models.Index("due_at", name="case_due", condition=Q(state__in=sorted(rules.OPEN))),
            models.Index("verify_by", name="case_verify_by", condition=Q(state__in=sorted(rules.OPEN))),
            models.Index("closed_at", name="case_closed", condition=Q(closed_at__isnull=False)),
            models.Index("published_at", name="case_published", condition=Q(published_at__isnull=False)),
            GinIndex("search", name="case_search"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["source_key"], condition=Q(source_key__isnull=False), name="case_source_once"
            ),
            models.CheckConstraint(
                condition=Q(state__in=sorted(rules.STATE_LABELS)), name="case_state_known"
            ),
            models.CheckConstraint(
                condition=~Q(state=State.CLOSED) | Q(closed_at__isnull=False), name="case_closed_has_time"
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """The case number that people write down: local date of report and running number."""
        return f"{timezone.localtime(self.reported_at):%Y%m%d}{self.pk:07d}" if self.pk else ""

    @property
    def clocks(self) -> models.QuerySet[Clock]:
        """The terms that run or ran on the case, in the order in which they began."""
        return clocks.of(self)

    @property
    def state_label(self) -> object:
        return rules.STATE_LABELS[self.state]

    @property
    def kind_label(self) -> object:
        return rules.KIND_LABELS[self.kind]

    @property
    def severity_label(self) -> object:
        return rules.SEVERITY_LABELS.get(self.severity, self.severity)

    @property
    def channel_label(self) -> object:
        return rules.CHANNEL_LABELS.get(self.channel, self.channel)

    @property
    def is_open(self) -> bool:
        return self.state in rules.OPEN

    def is_overdue(self, at: datetime) -> bool:
        """Say whether the clock of whose turn it is has passed."""
        return self.is_open and self.paused_at is None and self.due_at is not None and self.due_at < at


class Evidence(models.Model):
    """A photo or file that shows something about a case at one step of it."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="evidence")
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    purpose = models.CharField(max_length=10)  # of which step: report | verify | rectify | recheck | note
    shows = models.CharField(max_length=10)  # before | claimed | after | failed | past | other
    caption = models.CharField(max_length=200, blank=True)
    added_by = models.CharField(max_length=120, blank=True)
    added_at = models.DateTimeField()
    doubts = models.JSONField(default=list)  # [{"code", …}]: time, distance, reused elsewhere
    answer = models.CharField(max_length=500, blank=True)  # what the checker says of the doubts

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "file", "purpose"], name="evidence_once")]

    def __str__(self) -> str:
        return f"{self.case_id}:{self.purpose}"


class Report(models.Model):
    """One person's report of a matter. Merged cases keep their reports, so each reporter keeps a reply and a clock."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="reports")
    code = models.CharField(max_length=12, unique=True, help_text="what the reporter follows it by")
    text = models.TextField()
    anonymous = models.BooleanField(default=True)
    reported_at = models.DateTimeField()
    reply_due_at = models.DateTimeField(null=True)
    reply_basis = models.CharField(max_length=60, blank=True)
    reply_since = models.DateTimeField(null=True)  # when its term began anew: the matter was reopened
    replied_at = models.DateTimeField(null=True)
    reply_text = models.TextField(blank=True)
    rating = models.PositiveSmallIntegerField(null=True)
    rating_reason = models.CharField(max_length=500, blank=True)
    rated_at = models.DateTimeField(null=True)
    # What was said when the reopened matter was closed again; figures count the first word, above.
    rating_again = models.PositiveSmallIntegerField(null=True)
    rated_again_at = models.DateTimeField(null=True)
    reporter = models.CharField(max_length=64, blank=True)  # keyed fingerprint of the phone, for repeats

    class Meta:
        indexes = [
            models.Index(
                fields=["rated_at"],
                include=["rating", "case"],
                name="report_rated",
                condition=Q(rated_at__isnull=False),
            ),
            models.Index(
                fields=["reporter", "reported_at"], name="report_reporter", condition=~Q(reporter="")
            ),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def last_rating(self) -> int | None:
        """What the reporter said last."""
        return self.rating if self.rating_again is None else self.rating_again

    def has_rated(self, closed_at: datetime | None) -> bool:
        """Say whether the reporter has rated this closing of the matter, not only an earlier one."""
        last = self.rated_again_at or self.rated_at
        return last is not None and (closed_at is None or last >= closed_at)


class SealedIdentity(models.Model):
    """Who reported, encrypted. Handlers never read it; `services.unseal` does, with a reason and a trace."""

    report = models.OneToOneField(Report, on_delete=models.CASCADE, related_name="identity")
    sealed = models.BinaryField()

    def __str__(self) -> str:
        return f"sealed:{self.report_id}"


class TermRequest(models.Model):
    """A request to extend the running term or to suspend it, and the superior's decision."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="term_requests")
    kind = models.CharField(max_length=10)  # extend | suspend
    days = models.PositiveSmallIntegerField(null=True)
    reason = models.CharField(max_length=500)
    asked_by = models.CharField(max_length=120)
    asked_organisation = models.ForeignKey(
        Organisation, null=True, on_delete=models.PROTECT, related_name="+"
    )
    asked_at = models.DateTimeField()
    granted = models.BooleanField(null=True)
    decided_by = models.CharField(max_length=120, blank=True)
    decided_at = models.DateTimeField(null=True)
    decision = models.CharField(max_length=500, blank=True)
    ended_at = models.DateTimeField(null=True)  # a suspension's end

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case"], condition=Q(granted__isnull=True), name="one_open_request_per_case"
            )
        ]

    def __str__(self) -> str:
        return f"{self.case_id}:{self.kind}"


class Merge(models.Model):
    """A case folded into another, reversibly."""

    into = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    folded = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="merges")
    at = models.DateTimeField()
    by = models.CharField(max_length=120)
    reason = models.CharField(max_length=300, blank=True)
    undone_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.folded_id}>{self.into_id}"


class SavedView(models.Model):
    """A list an officer wants back: a name and the filters."""

    account_id = models.BigIntegerField(db_index=True)
    name = models.CharField(max_length=40)
    query = models.CharField(max_length=600)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account_id", "name"], name="view_name_once")]

    def __str__(self) -> str:
        return self.name
