"""Questions about logins, the people behind them, and what they may do."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db.models import Prefetch, Q, QuerySet
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from anju.ground.foundation import rulebooks
from anju.ground.organisations.models import Person, Post
from anju.ground.organisations.queries import in_force

from .actors import Actor, Reach
from .models import Account, ApiKey, Delegation


def role_names(*, on: date) -> dict[str, str]:
    """Return the roles of the rulebook by key, named in the reader's language."""
    return _names("roles", on=on)


def _names(part: str, *, on: date) -> dict[str, str]:
    field = "name_en" if (get_language() or "").startswith("en") else "name"
    return {key: entry[field] for key, entry in rulebooks.load("access", on=on).get(part, {}).items()}


def usual_roles(kind: str, *, on: date) -> frozenset[str]:
    """Return the roles that are usual in a kind of organisation."""
    roles = rulebooks.load("access", on=on)["roles"]
    return frozenset(key for key, role in roles.items() if kind in role.get("in", ()))


def holders(power: str, *, organisation_id: int, on: date) -> set[int]:
    """Return the ids of the people who hold a power by a post in an organisation on a day (lent posts aside)."""
    roles = rulebooks.load("access", on=on)["roles"]
    granting = [
        key
        for key, role in roles.items()
        if any(power in part["powers"] for part in (role, *role.get("also", ())))
    ]
    held = Post.objects.filter(in_force(on), organisation=organisation_id, role__in=granting)
    return set(held.values_list("person_id", flat=True))


def people(*, text: str = "", role: str = "", closed: bool = False, on: date) -> QuerySet[Person]:
    """List people with their login and the posts they hold on a day; by name, login or office."""
    found = Person.objects.select_related("account").prefetch_related(
        Prefetch(
            "posts",
            queryset=Post.objects.filter(in_force(on)).select_related("organisation"),
            to_attr="posts_now",
        )
    )
    if text := text.strip():
        found = found.filter(
            Q(name__contains=text)
            | Q(account__username__icontains=text)
            | Q(pk__in=Post.objects.filter(in_force(on), organisation__name__contains=text).values("person"))
        )
    if role:
        found = found.filter(pk__in=Post.objects.filter(in_force(on), role=role).values("person"))
    if closed:
        found = found.filter(account__is_active=False)
    return found.order_by("name", "pk")


@dataclass(frozen=True, slots=True)
class Power:
    """One power as a person reads it: what it lets one do, and where."""

    key: str
    label: str
    reaches: tuple[str, ...]


def powers_of(actor: Actor, *, on: date) -> list[Power]:
    """Say in words what an actor may do and how far, in the order of the rulebook."""
    words = _names("powers", on=on)
    ranks = {key: rank for rank, key in enumerate(words)}
    held: dict = {}
    for key in sorted(actor.powers, key=lambda key: ranks.get(key, len(ranks))):
        label = words.get(key, key)
        # Two powers of one name are one to the reader.
        held.setdefault(label, Power(key, label, tuple(reach_words(reach) for reach in actor.powers[key])))
    return list(held.values())


def reach_words(reach: Reach) -> str:
    """Say how far one reach goes."""
    if reach.kind == "all":
        return _("全部")
    if reach.kind == "area":
        return _("%(place)s及下辖") % {"place": reach.label}
    if reach.kind == "company":
        return _("%(name)s服务的小区") % {"name": reach.label}
    return _("%(name)s承办的") % {"name": reach.label}


def security_of(account: Account, *, at: datetime) -> dict[str, Any]:
    """Return what an account's own page and the administrator's show: factor, sessions, keys."""
    return {
        "second_factor": Authenticator.objects.filter(user=account, type=Authenticator.Type.TOTP).exists(),
        "sessions": UserSession.objects.filter(user=account).count(),
        "keys": list(ApiKey.objects.filter(account=account).order_by("revoked_at", "-created_at")),
        "at": at,
    }


def delegations_of(person: Person, *, on: date) -> tuple[list[Delegation], list[Delegation]]:
    """Return the delegations a person has given and received that are not over: (given, received)."""
    open_ones = (
        Delegation.objects.filter(Q(post__person=person) | Q(to_person=person))
        .filter(ended_at__isnull=True, valid_to__gte=on)
        .select_related("post__organisation", "post__person", "to_person")
        .order_by("valid_from")
    )
    given = [lent for lent in open_ones if lent.post.person_id == person.pk]
    return given, [lent for lent in open_ones if lent.to_person_id == person.pk]


def colleagues_of(post: Post, *, on: date) -> list[tuple[int, str]]:
    """List the people to whom a post may be lent: those who hold a post in the same organisation."""
    posts = Post.objects.filter(in_force(on), organisation=post.organisation_id).exclude(
        person=post.person_id
    )
    return list(dict(posts.order_by("person__name").values_list("person_id", "person__name")).items())
