"""Questions about logins, the people behind them, and what they may do."""

from collections.abc import Iterable
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
from anju.ground.organisations.queries import in_force, powers_of_role
from anju.ground.organisations.rules import Held

from . import rules
from .actors import Actor, Reach
from .models import Account, ApiKey, Delegation, Grant


def role_names(*, on: date) -> dict[str, str]:
    """Return the roles of the rulebook by key, named in the reader's language."""
    return _names("roles", on=on)


def _names(part: str, *, on: date) -> dict[str, str]:
    field = "name_en" if (get_language() or "").startswith("en") else "name"
    return {key: entry[field] for key, entry in rulebooks.load("access", on=on).get(part, {}).items()}


def role_name(role: str, *, on: date) -> str:
    """Return what a role is called in Chinese, as the journal keeps it; the key of one the rulebook no longer knows."""
    return str(rulebooks.load("access", on=on)["roles"].get(role, {"name": role})["name"])


def usual_roles(kind: str, *, on: date) -> frozenset[str]:
    """Return the roles that are usual in a kind of organisation."""
    roles = rulebooks.load("access", on=on)["roles"]
    return frozenset(key for key, role in roles.items() if kind in role.get("in", ()))


def holders(power: str, *, organisation_id: int, on: date) -> set[int]:
    """Return the ids of the people who hold a power by a post in an organisation on a day (lent posts aside)."""
    held = Post.objects.filter(
        in_force(on), organisation=organisation_id, role__in=_roles_with([power], on=on)
    )
    return set(held.values_list("person_id", flat=True))


def people_of(office: int, power: str, on: date) -> list[tuple[int, str]]:
    """List who of an office is there to do what takes a power ("" = anything): by a post or a lent one."""
    lent = Delegation.objects.filter(in_force(on), ended_at__isnull=True)
    posts = Post.objects.filter(in_force(on), organisation=office)
    if power:
        posts = posts.filter(role__in=_roles_with([power], on=on))
    own = posts.exclude(pk__in=lent.values("post")).values("person")
    borrowed = lent.filter(post__in=posts).values("to_person")
    found = Person.objects.filter(Q(pk__in=own) | Q(pk__in=borrowed), account__is_active=True)
    return list(found.order_by("name", "pk").values_list("pk", "name"))


def held_by(person: Person) -> list[Held]:
    """List the roles that a person holds, held or will hold, by posts of their own and by lent ones."""
    own = Post.objects.filter(person=person).values_list("role", "valid_from", "valid_to")
    lent = Delegation.objects.filter(to_person=person, ended_at__isnull=True)
    borrowed = lent.values_list("post__role", "valid_from", "valid_to")
    return [Held(*line) for line in (*own, *borrowed)]


def is_guarded(role: str, *, on: date) -> bool:
    """Say whether a role can unseal, audit or administer, so that it takes a second person."""
    return role in _roles_with(rulebooks.load("access", on=on)["guarded"], on=on)


def guarded_by(person: Person | None, *, on: date) -> list[str]:
    """List the guarded roles that a person holds on a day or later."""
    if person is None:
        return []
    held = [one.role for one in held_by(person) if one.until is None or one.until >= on]
    return sorted({role for role in held if is_guarded(role, on=on)})


def _roles_with(powers: Iterable[str], *, on: date) -> list[str]:
    """List the roles of the rulebook that have one of the powers."""
    wanted = set(powers)
    roles = rulebooks.load("access", on=on)["roles"]
    return [
        key
        for key, role in roles.items()
        if any(not wanted.isdisjoint(part["powers"]) for part in (role, *role.get("also", ())))
    ]


def confirmers(*, on: date) -> set[int]:
    """Return the ids of the people who can confirm on a day: a post that may, and a login that is open."""
    posts = Post.objects.filter(
        in_force(on), role__in=_roles_with(["access.confirm"], on=on), person__account__is_active=True
    )
    return set(posts.values_list("person_id", flat=True))


def never_two(*, on: date) -> bool:
    """Say whether the city never had two people who may confirm: then the one there is may appoint the second.

    Posts of all days count, also ended ones: whoever ends the others' posts does not stand alone by that.
    """
    held = Post.objects.filter(role__in=_roles_with(["access.confirm"], on=on))
    return held.values("person").distinct().count() < 2


def grants_to_decide(actor: Actor) -> QuerySet[Grant]:
    """List what waits for somebody's confirmation: what others ask, and not about themselves; the oldest first."""
    waiting = (
        Grant.objects.filter(state=rules.State.ASKED) if actor.has("access.confirm") else Grant.objects.none()
    )
    return _shown(waiting.exclude(asked_by=actor.person_id).exclude(person=actor.person_id)).order_by(
        "asked_at"
    )


def grants_asked_by(actor: Actor) -> QuerySet[Grant]:
    """List what somebody has asked and what is not decided yet."""
    return _shown(Grant.objects.filter(state=rules.State.ASKED, asked_by=actor.person_id)).order_by(
        "asked_at"
    )


def grants_about(person: Person) -> QuerySet[Grant]:
    """List what is asked for a person and not decided yet."""
    return _shown(Grant.objects.filter(state=rules.State.ASKED, person=person)).order_by("asked_at")


def grants_decided() -> QuerySet[Grant]:
    """List what was decided or withdrawn, the newest first."""
    return _shown(Grant.objects.exclude(state=rules.State.ASKED)).order_by("-decided_at")


def _shown(found: QuerySet[Grant]) -> QuerySet[Grant]:
    return found.select_related(
        "person", "organisation", "post__organisation", "post__person", "asked_by", "decided_by"
    )


def guarded_powers(roles: Iterable[str], *, on: date) -> set[str]:
    """Return what roles can do for which a second person is asked."""
    book = rulebooks.load("access", on=on)
    held = {power for role in roles for power in powers_of_role(role, on=on)}
    return held & set(book["guarded"])


def power_labels(keys: Iterable[str], *, on: date) -> list[str]:
    """Name powers in the order of the rulebook, each name once."""
    words, wanted = _names("powers", on=on), set(keys)
    return list(dict.fromkeys(words[key] for key in words if key in wanted))


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
