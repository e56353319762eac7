"""Who acts: departments at all levels, police stations, fire brigades, companies, people and the posts they hold."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from anju.ground.territory.models import Area, Estate

from .rules import ContractState


class Organisation(models.Model):
    """A department, station, brigade, community office or company. Kinds are data: rulebooks/organisations."""

    kind = models.CharField(max_length=30)
    name = models.CharField(max_length=120)
    short_name = models.CharField(max_length=40, blank=True)
    initials = models.CharField(max_length=120, blank=True)
    area = models.ForeignKey(Area, null=True, on_delete=models.PROTECT, related_name="organisations")
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="children"
    )
    uscc = models.CharField(max_length=18, blank=True, help_text=_("统一社会信用代码"))
    uscc_override_reason = models.CharField(max_length=200, blank=True)
    document_code = models.CharField(max_length=20, blank=True, help_text=_("机关代字"))
    phone = models.CharField(max_length=40, blank=True)
    address = models.CharField(max_length=200, blank=True)
    legal_person = models.CharField(max_length=40, blank=True)
    is_demo = models.BooleanField(default=False)
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["uscc"], condition=~Q(uscc=""), name="organisation_uscc_once")
        ]
        indexes = [
            models.Index(fields=["kind", "area"], name="organisation_kind_area"),
            GinIndex(OpClass("name", "gin_trgm_ops"), name="organisation_name_trgm"),
        ]

    def __str__(self) -> str:
        return self.name


class Jurisdiction(models.Model):
    """A further area that an organisation covers, when one is not enough (a station of two streets)."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="jurisdictions")
    area = models.ForeignKey(Area, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "area"], name="jurisdiction_once")]

    def __str__(self) -> str:
        return f"{self.organisation_id}@{self.area_id}"


class Person(models.Model):
    """Somebody who works for an organisation. Login and powers are elsewhere (access)."""

    name = models.CharField(max_length=40)
    phone = models.CharField(max_length=20, blank=True)
    badge_number = models.CharField(max_length=30, blank=True, help_text=_("执法证号"))
    badge_until = models.DateField(null=True, blank=True)
    is_demo = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.name


class Post(models.Model):
    """A role that a person holds in an organisation from a day to a day."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="posts")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="posts")
    role = models.CharField(max_length=30, help_text="key of rulebooks/access roles")
    title = models.CharField(max_length=60, blank=True)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["organisation", "role"], name="post_organisation_role")]
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")),
                name="post_ends_after_start",
            )
        ]

    def __str__(self) -> str:
        return f"{self.person_id}:{self.role}@{self.organisation_id}"


class ServiceContract(models.Model):
    """A property-service contract (物业服务合同) between a company and an estate."""

    company = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="contracts")
    estate = models.ForeignKey(Estate, on_delete=models.PROTECT, related_name="contracts")
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)
    early_service = models.BooleanField(default=False, verbose_name=_("前期物业服务"))
    filed_on = models.DateField(null=True, blank=True, help_text=_("备案日期"))
    project_manager = models.CharField(max_length=40, blank=True)
    state = models.CharField(
        max_length=10, default=ContractState.RUNNING, help_text="what was told of it: rules.ContractState"
    )

    class Meta:
        indexes = [models.Index(fields=["company", "estate"], name="contract_company_estate")]
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")),
                name="contract_ends_after_start",
            )
        ]

    def __str__(self) -> str:
        return f"{self.company_id}>{self.estate_id}"
