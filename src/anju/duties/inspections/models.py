"""What inspections keep: the register of units, what is due, visits with each agency's part, items and findings.

Rows that are counted (`VisitPart`, `Finding`) carry everything they are counted by: day, place at four levels, kind of
agency, flags of the unit on that day. So a number is one range of one table, and stays what it was when a unit
changes later.
"""

from collections.abc import Mapping
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Case as Either
from django.db.models import F, Q, Value, When
from django.utils.translation import gettext as _

from anju.duties.cases.models import Case
from anju.ground.foundation.models import StoredFile
from anju.ground.organisations.models import Organisation, Person
from anju.ground.territory.models import Area, Division, Estate

from . import rules
from .rules import MatchState, UnitState, VisitState


def _place() -> models.ForeignKey:
    return models.ForeignKey(Area, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)


def _choices(labels: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(key, label.source) for key, label in labels.items()]


class Placed(models.Model):
    """A row stamped with the four management levels and the division of its place, to be listed and counted by."""

    city = _place()
    county = _place()
    street = _place()
    community = _place()
    division = models.ForeignKey(
        Division, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )

    class Meta:
        abstract = True


class Unit(Placed):
    """Somebody or something that is inspected (检查对象): an estate, a company, a small venue, a rental house.

    kind     key of rulebooks/units
    agency   the office that supervises it (监管单位); what each agency owes it is in `Duty`
    moved    what went with it to the unit it was merged into: {kind of row: ids}, to be put back
    source_key  which ledger row it came from; source_number the sender's own number
    """

    kind = models.CharField(max_length=20)
    state = models.GeneratedField(
        expression=Either(
            When(merged_into__isnull=False, then=Value(UnitState.MERGED)),
            When(ended_on__isnull=False, then=Value(UnitState.ENDED)),
            default=Value(UnitState.LISTED),
        ),
        output_field=models.CharField(max_length=10),
        db_persist=True,
    )
    name = models.CharField(max_length=120)
    name_key = models.CharField(max_length=120, help_text="territory.rules.name_key(name), to know repeats")
    initials = models.CharField(max_length=120, blank=True)
    address = models.CharField(max_length=200, blank=True)
    estate = models.ForeignKey(Estate, null=True, on_delete=models.PROTECT, related_name="units")
    organisation = models.ForeignKey(
        Organisation, null=True, on_delete=models.PROTECT, related_name="+", help_text="company or committee"
    )
    area = models.ForeignKey(Area, on_delete=models.PROTECT, related_name="+", db_index=False)
    uscc = models.CharField(max_length=18, blank=True)
    responsible = models.CharField(max_length=40, blank=True, help_text="responsible person")
    phone = models.CharField(max_length=40, blank=True)
    longitude = models.FloatField(null=True)
    latitude = models.FloatField(null=True)
    agency = models.ForeignKey(
        Organisation, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    level = models.PositiveSmallIntegerField(
        default=4, help_text="Area.Level of the supervising agency: 2 city, 3 county, 4 street"
    )
    registered_on = models.DateField()
    ended_on = models.DateField(null=True, help_text="gone: closed down, moved away, merged into another")
    merged_into = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
    moved = models.JSONField(null=True)
    last_visited_on = models.DateField(null=True)
    source_key = models.CharField(max_length=64, null=True)
    source_number = models.CharField(max_length=40, blank=True)
    is_demo = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(fields=["county", "kind", "name_key"], name="unit_county_kind"),
            models.Index(fields=["street", "kind", "name_key"], name="unit_street_kind"),
            models.Index(fields=["community", "name_key"], name="unit_community_name"),
            models.Index(fields=["agency", "name_key"], name="unit_agency"),
            models.Index(fields=["uscc"], name="unit_uscc", condition=~Q(uscc="")),
            GinIndex(OpClass("name", "gin_trgm_ops"), name="unit_name_trgm"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["source_key"], condition=Q(source_key__isnull=False), name="unit_source_once"
            ),
            models.UniqueConstraint(
                fields=["estate"],
                condition=Q(kind="estate", ended_on__isnull=True),
                name="unit_of_estate_once",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class UnitFlag(models.Model):
    """A property of a unit from a day to a day: old_community, high_rise, key_fire_unit … (rulebooks/units flags)."""

    unit = models.ForeignKey(Unit, on_delete=models.CASCADE, related_name="flags")
    flag = models.CharField(max_length=20)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)
    basis = models.CharField(max_length=120, blank=True, help_text="article key or list it stands on")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["unit", "flag", "valid_from"], name="unit_flag_once"),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")),
                name="unit_flag_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.unit_id}:{self.flag}"


class Duty(models.Model):
    """What one agency owes one unit: which checklist, how often, when it was last done, when it is due."""

    unit = models.ForeignKey(Unit, on_delete=models.CASCADE, related_name="duties")
    agency = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", db_index=False)
    checklist = models.CharField(max_length=30, help_text="key of rulebooks/checklists")
    every_months = models.PositiveSmallIntegerField(default=12)
    last_on = models.DateField(null=True)
    due_on = models.DateField()
    basis = models.CharField(max_length=60, blank=True)
    active = models.BooleanField(default=True)
    # Stamped from the unit, so that what is due in a county is one index range.
    county = _place()
    street = _place()

    class Meta:
        indexes = [
            models.Index(fields=["agency", "due_on"], name="duty_agency_due", condition=Q(active=True)),
            models.Index(fields=["county", "due_on"], name="duty_county_due", condition=Q(active=True)),
            models.Index(fields=["street", "due_on"], name="duty_street_due", condition=Q(active=True)),
        ]
        constraints = [
            models.UniqueConstraint(fields=["unit", "agency", "checklist"], name="duty_once"),
            models.CheckConstraint(condition=Q(every_months__gte=1), name="duty_has_a_period"),
        ]

    def __str__(self) -> str:
        return f"{self.unit_id}:{self.checklist}@{self.agency_id}"


class Visit(Placed):
    """One visit of one unit by one or several agencies (a joint inspection is one visit with several parts).

    agency        the lead agency
    follows       the visit whose findings a re-check looks at again
    case          the case (complaint, hazard) that called for the visit
    planned_for   a planned visit's day; planned_by who planned it; asked_on the day on which a re-check was asked for
    finished_by   who finished it (account, name, post): the printed record is theirs, whoever prints it
    signed_by     who signed for the inspected; empty with `refusal` when they refused, and why
    """

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="visits")
    kind = models.CharField(max_length=10, choices=_choices(rules.KIND_LABELS))
    state = models.CharField(max_length=10, default=VisitState.PLANNED)
    agency = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", db_index=False)
    follows = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="rechecks")
    case = models.ForeignKey(Case, null=True, on_delete=models.PROTECT, related_name="+")
    campaign = models.CharField(max_length=60, blank=True, help_text="name of the campaign or of the draw")
    planned_for = models.DateField(null=True)
    planned_by = models.CharField(max_length=120, blank=True)
    asked_on = models.DateField(null=True)
    visited_on = models.DateField(null=True)
    began_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    longitude = models.FloatField(null=True)
    latitude = models.FloatField(null=True)
    met = models.CharField(max_length=60, blank=True, help_text="who was there for the inspected")
    signed_by = models.CharField(max_length=60, blank=True)
    signature = models.ForeignKey(StoredFile, null=True, on_delete=models.PROTECT, related_name="+")
    refusal = models.CharField(max_length=200, blank=True)
    witness = models.CharField(max_length=60, blank=True)
    finished_at = models.DateTimeField(null=True)
    finished_by_id = models.BigIntegerField(null=True, help_text="account")
    finished_by_name = models.CharField(max_length=60, blank=True)
    finished_by_post = models.CharField(max_length=120, blank=True)
    document_id = models.BigIntegerField(null=True, help_text="the printed record (documents.IssuedDocument)")
    source_key = models.CharField(max_length=64, null=True)
    source_number = models.CharField(max_length=40, blank=True)
    is_demo = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(fields=["unit", "-visited_on"], name="visit_unit"),
            models.Index("county", F("visited_on").desc(), name="visit_county"),
            models.Index("street", F("visited_on").desc(), name="visit_street"),
            models.Index("agency", F("visited_on").desc(), name="visit_agency"),
            models.Index(
                fields=["agency", "planned_for"],
                name="visit_planned",
                condition=Q(state__in=[VisitState.PLANNED, VisitState.OPEN]),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["source_key"], condition=Q(source_key__isnull=False), name="visit_source_once"
            ),
            models.CheckConstraint(
                condition=~Q(state=VisitState.FINISHED)
                | Q(visited_on__isnull=False, finished_at__isnull=False),
                name="visit_finished_has_day",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """The number people write down: day and running number."""
        day = self.visited_on or self.planned_for
        return f"J{day:%Y%m%d}{self.pk:07d}" if day and self.pk else ""

    @property
    def state_label(self) -> object:
        return rules.STATE_LABELS[self.state]

    @property
    def kind_label(self) -> object:
        label = rules.KIND_LABELS.get(self.kind, self.kind)
        # The draw was made elsewhere, if it was: the ledger says so, nobody here has seen it.
        if self.kind == rules.DRAWN and self.source_key:
            return _("%(kind)s（据台账）") % {"kind": label}
        return label


class VisitPart(Placed):
    """One agency's part of a visit, with its own checklist and conclusion: the row that is counted (家次).

    agency_kind     key of rulebooks/organisations, as the agency was that day
    visited_on      stamped when the visit is finished; null before, and null again when the visit is voided: a part
                    with a day is a part that counts
    previous_on     the day of the same unit's preceding counted part by the same kind of agency; null = none. With it
                    the distinct units (家) of a period are the parts whose previous day lies before the period.
                    `services` keep it right, also when an older visit comes in late.
    is_old_community, is_high_rise   flags of the unit on that day
    """

    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, related_name="parts")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+", db_index=False)
    unit_kind = models.CharField(max_length=20)
    kind = models.CharField(max_length=10, help_text="kind of the visit")
    agency = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", db_index=False)
    agency_kind = models.CharField(max_length=30)
    checklist = models.CharField(max_length=30)
    edition = models.DateField(
        help_text="effective_from of the checklist used: an old visit shows its old form"
    )
    conclusion = models.CharField(max_length=12, blank=True)
    note = models.TextField(blank=True)
    concluded_at = models.DateTimeField(null=True)
    visited_on = models.DateField(null=True)
    previous_on = models.DateField(null=True)
    is_old_community = models.BooleanField(default=False)
    is_high_rise = models.BooleanField(default=False)
    findings_count = models.PositiveSmallIntegerField(default=0)
    is_demo = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index("county", "agency_kind", F("visited_on").desc(), name="part_county_day"),
            models.Index("agency_kind", "visited_on", name="part_kind_day"),
            models.Index("agency", F("visited_on").desc(), name="part_agency_day"),
            models.Index("unit", "agency_kind", "visited_on", name="part_unit_day"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["visit", "agency"], name="part_once"),
            models.CheckConstraint(
                condition=Q(previous_on__isnull=True) | Q(previous_on__lte=F("visited_on")),
                name="part_previous_is_before",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.visit_id}:{self.agency_id}"


class VisitOfficer(models.Model):
    """An officer at a visit, with the badge as it was that day."""

    part = models.ForeignKey(VisitPart, on_delete=models.CASCADE, related_name="officers")
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=40)
    badge = models.CharField(max_length=30, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["part", "name", "badge"], name="visit_officer_once")]

    def __str__(self) -> str:
        return self.name


class CheckedItem(models.Model):
    """One item of a checklist as it was checked."""

    part = models.ForeignKey(VisitPart, on_delete=models.CASCADE, related_name="items")
    item = models.CharField(max_length=30, help_text="key of the item in the checklist's edition")
    result = models.CharField(max_length=16, choices=_choices(rules.RESULT_LABELS))
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["part", "item"], name="checked_item_once")]

    def __str__(self) -> str:
        return f"{self.part_id}:{self.item}"


class Finding(Placed):
    """A hazard seen at a visit. One row for each place × type × visit; the hazard itself is the case.

    is_new          first seen here; False when a re-check or a later visit saw the same open hazard again
    counted         is_new and the visit is finished and neither visit nor hazard was withdrawn: what figures count
    top_class       first-level class (EB e-bikes …), stamped with class_code from the rulebook of the day
    at_once         put right before the officers left (当场改正)
    rectified_on    the day its case was closed (local), kept by `listeners`; null while it is not put right
    """

    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, related_name="findings")
    part = models.ForeignKey(VisitPart, on_delete=models.PROTECT, related_name="findings")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="findings", db_index=False)
    unit_kind = models.CharField(max_length=20)
    case = models.ForeignKey(Case, null=True, on_delete=models.PROTECT, related_name="findings")
    item = models.CharField(max_length=30, blank=True, help_text="checklist item it was found at")
    class_code = models.CharField(max_length=12)
    top_class = models.CharField(max_length=12)
    severity = models.CharField(max_length=16)
    place = models.CharField(max_length=200, blank=True)
    text = models.CharField(max_length=1000, blank=True)
    agency = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", db_index=False)
    agency_kind = models.CharField(max_length=30)
    found_on = models.DateField(null=True, help_text="day of the visit; null until it is finished")
    at_once = models.BooleanField(default=False)
    is_new = models.BooleanField(default=True)
    counted = models.BooleanField(default=False)
    rectified_on = models.DateField(null=True)
    is_old_community = models.BooleanField(default=False)
    is_high_rise = models.BooleanField(default=False)
    source_key = models.CharField(max_length=64, null=True)
    source_number = models.CharField(max_length=40, blank=True)
    is_demo = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index("county", "agency_kind", F("found_on").desc(), name="finding_county_day"),
            models.Index("agency_kind", "found_on", name="finding_kind_day"),
            models.Index(
                "county", F("rectified_on").desc(), name="finding_county_fixed",
                condition=Q(rectified_on__isnull=False),
            ),
            models.Index("unit", F("found_on").desc(), name="finding_unit"),
        ]  # fmt: skip
        constraints = [
            models.UniqueConstraint(
                fields=["source_key"], condition=Q(source_key__isnull=False), name="finding_source_once"
            ),
            models.CheckConstraint(
                condition=Q(counted=False) | Q(is_new=True, found_on__isnull=False),
                name="finding_counted_is_new",
            ),
            models.CheckConstraint(
                condition=Q(rectified_on__isnull=True)
                | Q(found_on__isnull=True)
                | Q(rectified_on__gte=F("found_on")),
                name="finding_fixed_after_found",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.class_code}:{self.place}"


class VisitPhoto(models.Model):
    """A photo taken at a visit: of a finding, or of a hazard that a re-check looked at (`item`).

    When the visit is finished its photos become evidence of the case, too; until then they are only here.
    """

    visit = models.ForeignKey(Visit, on_delete=models.CASCADE, related_name="photos")
    finding = models.ForeignKey(Finding, null=True, on_delete=models.CASCADE, related_name="photos")
    item = models.CharField(max_length=30, blank=True)
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    caption = models.CharField(max_length=200, blank=True)
    added_by = models.CharField(max_length=120, blank=True)
    added_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["visit", "file", "finding", "item"], name="visit_photo_once", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return f"{self.visit_id}:{self.file_id}"


class UnitMatch(models.Model):
    """Two spellings that may be one unit: suggested, decided by a person, never merged silently."""

    unit = models.ForeignKey(Unit, on_delete=models.CASCADE, related_name="matches")
    other = models.ForeignKey(Unit, on_delete=models.CASCADE, related_name="+")
    score = models.FloatField(help_text="0 to 1: how alike name, address and place are")
    reasons = ArrayField(models.CharField(max_length=30), default=list)
    suggested_at = models.DateTimeField()
    state = models.CharField(max_length=10, default=MatchState.OPEN)
    decided_by = models.CharField(max_length=120, blank=True)
    decided_at = models.DateTimeField(null=True)
    county = _place()

    class Meta:
        indexes = [
            models.Index(fields=["county", "-score"], name="match_open", condition=Q(state=MatchState.OPEN))
        ]
        constraints = [models.UniqueConstraint(fields=["unit", "other"], name="match_once")]

    def __str__(self) -> str:
        return f"{self.unit_id}~{self.other_id}"
