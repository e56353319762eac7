"""Logins, delegations of a post during leave, and keys for machines."""

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from anju.ground.organisations.models import Organisation, Person, Post

from . import rules


class AccountManager(BaseUserManager["Account"]):
    """Loads each account with its person, whom every request needs."""

    def get_queryset(self) -> models.QuerySet["Account"]:
        return super().get_queryset().select_related("person")

    def get_by_natural_key(self, username: str | None) -> "Account":
        return self.get(username=username)


class Account(AbstractBaseUser):
    """A login. What it may do comes from the posts of its person, never from the account."""

    username = models.CharField(_("登录名"), max_length=60, unique=True)
    person = models.OneToOneField(Person, null=True, on_delete=models.PROTECT, related_name="account")
    email = models.EmailField(blank=True)
    is_active = models.BooleanField(default=True)
    language = models.CharField(max_length=10, blank=True)
    must_change_password = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    # A temporary password, in the hand that has just given it; kept nowhere.
    opened = ""

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS = []
    EMAIL_FIELD = "email"
    objects = AccountManager()

    def __str__(self) -> str:
        return self.username


class Delegation(models.Model):
    """A post lent to another person for the days of a leave; ends by itself, can be ended early."""

    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="delegations")
    to_person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="delegations_received")
    valid_from = models.DateField()
    valid_to = models.DateField()
    reason = models.CharField(max_length=200)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_to__gte=F("valid_from")), name="delegation_ends_after_start"
            )
        ]

    def __str__(self) -> str:
        return f"{self.post_id}>{self.to_person_id}"


class Grant(models.Model):
    """What one administrator asks for and a second person confirms before it is done (rules.STEPS)."""

    kind = models.CharField(max_length=10, help_text="rules.Kind")
    state = models.CharField(max_length=10, default=rules.State.ASKED)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="grants")
    # A post to be held, or (`post`) one to be lent, and the days.
    role = models.CharField(max_length=30, blank=True)
    organisation = models.ForeignKey(Organisation, null=True, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=60, blank=True)
    post = models.ForeignKey(Post, null=True, on_delete=models.PROTECT, related_name="+")
    valid_from = models.DateField(null=True)
    valid_to = models.DateField(null=True)
    reason = models.CharField(max_length=200)
    asked_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    decided_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=200, blank=True)
    # The temporary password of a reset, in the hand that has just confirmed it; kept nowhere.
    opened = ""

    class Meta:
        indexes = [models.Index(fields=["state", "-asked_at"], name="grant_state")]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "person", "role", "organisation", "post"],
                condition=Q(state=rules.State.ASKED),
                nulls_distinct=False,
                name="grant_asked_once",
            ),
            models.CheckConstraint(condition=~Q(person=F("decided_by")), name="grant_not_by_the_person"),
            models.CheckConstraint(
                condition=~Q(state=rules.State.CONFIRMED) | ~Q(asked_by=F("decided_by")),
                name="grant_by_a_second_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}:{self.person_id}"


class ApiKey(models.Model):
    """A machine's key: only its SHA-256 is kept. It acts as the account it belongs to, no wider."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=60)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    # The key's text, in the hand that has just made it; kept nowhere.
    secret = ""

    def __str__(self) -> str:
        return self.name
