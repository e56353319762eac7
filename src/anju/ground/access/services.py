"""Who acts, with which powers and how far each reaches; logins, delegations, keys.

The door itself (`visible`, `require`, `reaches_by`) is foundation.reach, handed on here: it is the only way a duty
room lists records for somebody, and the only way it checks one act.
"""

import hashlib
import re
import secrets
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from allauth.usersessions.models import UserSession
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.ground.foundation import journal, reach, rulebooks
from anju.ground.foundation.reach import (
    alternatives,
    condition_of,
    reaches_by,
    require,
    require_power,
    visible,
    visible_q,
)
from anju.ground.foundation.refusals import NotFound, Refusal
from anju.ground.organisations.models import Jurisdiction, Person, Post
from anju.ground.organisations.queries import in_force

from . import held
from .actors import PUBLIC, SYSTEM, Actor, Reach
from .models import Account, ApiKey, Delegation

__all__ = [
    "PUBLIC",
    "SYSTEM",
    "Actor",
    "Reach",
    "alternatives",
    "reaches_by",
    "require",
    "require_power",
    "visible",
    "visible_q",
]

reach.system_is(SYSTEM)


def actor_of(account: Account, *, at: datetime) -> Actor:
    """Build the actor an account is at a moment: its person's posts that day, and posts lent to it.

    Costs at most two queries: the person (when not loaded with the account), and what it holds.
    """
    person = account.person
    if person is None or not account.is_active:
        return Actor(account_id=account.pk, kind="account", name=account.username, post="")
    day = timezone.localtime(at).date()
    return _actor(account, person, *held.of_person(person, on=day), day)


def actors_of(accounts: QuerySet[Account], *, at: datetime) -> Iterator[tuple[Actor, Account]]:
    """Build the actors of many accounts at a moment, in four queries however many there are."""
    day = timezone.localtime(at).date()
    by_person: dict[int, list[Post]] = {}
    by_post = {}
    for post in _posts_on(day):
        by_person.setdefault(post.person_id, []).append(post)
        by_post[post.pk] = post
    for made in Delegation.objects.filter(in_force(day), ended_at__isnull=True):
        if made.post_id in by_post:
            by_person.setdefault(made.to_person_id, []).append(by_post[made.post_id])
    more = _more_areas(list(by_post.values()))
    for account in accounts.select_related("person"):
        if account.person is not None:
            yield _actor(account, account.person, by_person.get(account.person.pk, []), more, day), account


def _posts_on(day: date) -> QuerySet[Post]:
    return Post.objects.filter(in_force(day)).select_related("organisation__area").order_by("id")


def _more_areas(posts: list[Post]) -> dict[int, list[Jurisdiction]]:
    """Return the further areas of the posts' organisations: {organisation id: lines}."""
    more: dict[int, list[Jurisdiction]] = {}
    if posts:
        organisations = {post.organisation_id for post in posts}
        for line in Jurisdiction.objects.filter(organisation__in=organisations).select_related("area"):
            more.setdefault(line.organisation_id, []).append(line)
    return more


def named(account: Account) -> Actor:
    """Return an actor that only has a name, for the journal of sign-in itself: no powers, no query of posts."""
    person = account.person
    return Actor(
        account_id=account.pk, kind="account", name=person.name if person else account.username, post=""
    )


def tried_username(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str:
    """Return the login somebody tries, in one case, so that failures add up however it is written (axes asks)."""
    given = (credentials or {}).get("username") or request.POST.get("login", "")
    return str(given).strip().lower()[:60]


def to_do_first(request: HttpRequest) -> str | None:
    """Name the page to which somebody signed in must go before all others, or None.

    A password given by an administrator is changed first; then the roles that need one set up a second factor.
    """
    account: Account = request.user  # type: ignore[assignment]
    if account.must_change_password:
        return "account_change_password"
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if not actor.roles:
        return None
    needing = rulebooks.load("access", on=timezone.localdate()).get("second_factor", ())
    if actor.roles.isdisjoint(needing) or (account.person and account.person.is_demo):
        return None
    return None if is_mfa_enabled(account) else "mfa_activate_totp"


def _actor(
    account: Account, person: Person, posts: list[Post], more: dict[int, list[Jurisdiction]], day: date
) -> Actor:
    roles = rulebooks.load("access", on=day)["roles"]
    powers: dict[str, dict[Reach, None]] = {}
    for post in posts:
        role = roles.get(post.role)
        if role is None:
            continue
        for part in (role, *role.get("also", ())):
            reaches = dict.fromkeys(_reaches(post, part["reach"], more.get(post.organisation_id, [])))
            for power in part["powers"]:
                powers.setdefault(power, {}).update(reaches)
    first = posts[0] if posts else None
    own = next((post for post in posts if post.person_id == person.pk), first)
    return Actor(
        account_id=account.pk,
        kind="account",
        name=person.name,
        post=f"{own.organisation.name} {own.title}".strip() if own else "",
        powers={power: tuple(reaches) for power, reaches in powers.items()},
        organisation_ids=frozenset(post.organisation_id for post in posts),
        person_id=person.pk,
        roles=frozenset(post.role for post in posts),
        home_area_id=own.organisation.area_id if own else None,
    )


def _reaches(post: Post, kind: str, extra: list[Jurisdiction]) -> list[Reach]:
    organisation = post.organisation
    if kind == "all":
        return [Reach("all", 0)]
    if kind == "area" and organisation.area is not None:
        areas = [organisation.area, *(line.area for line in extra)]
        return [Reach("area", area.pk, area.level, area.name) for area in areas]
    return [Reach(kind, organisation.pk, 0, organisation.name)]


def actor_of_key(secret: str, *, at: datetime) -> tuple[Actor, Account] | None:
    """Return whom an API key acts for, or None when the key is unknown, expired or revoked."""
    day = timezone.localtime(at).date()
    found = held.of_key(hashlib.sha256(secret.encode()).hexdigest(), at=at, on=day)
    if found is None:
        return None
    account, (posts, more) = found
    if account.person is None:
        return Actor(account_id=account.pk, kind="account", name=account.username, post=""), account
    return _actor(account, account.person, posts, more, day), account


# --- Keys for machines -------------------------------------------------------------------------------------------


@transaction.atomic
def create_key(*, account: Account, name: str, by: Actor, at: datetime, days: int | None = 365) -> str:
    """Make a key for an account and return its secret, which is shown once and never stored."""
    name = " ".join(name.split())
    if not name:
        raise Refusal(_("请写明这个密钥给哪个系统用。"), field="name")
    if by.account_id != account.pk and not by.has("access.manage"):
        raise NotFound(_("没有找到这个账号。"))
    secret = secrets.token_urlsafe(32)
    key = ApiKey.objects.create(
        account=account,
        name=name,
        digest=hashlib.sha256(secret.encode()).hexdigest(),
        expires_at=at + timedelta(days=days) if days else None,
    )
    journal.record("access.key_created", subject=key, by=by, at=at, data={"account": account.username})
    return secret


@transaction.atomic
def revoke_key(*, key_id: int, by: Actor, at: datetime) -> ApiKey:
    """Revoke a key; the next request that brings it is refused."""
    key = ApiKey.objects.select_for_update().filter(pk=key_id, revoked_at__isnull=True).first()
    if key is None or (key.account_id != by.account_id and not by.has("access.manage")):
        raise NotFound(_("没有找到这个密钥，可能已经吊销。"))
    key.revoked_at = at
    key.save(update_fields=["revoked_at"])
    journal.record("access.key_revoked", subject=key, by=by, at=at)
    return key


# --- Posts lent for a leave --------------------------------------------------------------------------------------


@transaction.atomic
def delegate(
    *, post_id: int, to_person_id: int, valid_from: date, valid_to: date, reason: str, by: Actor, at: datetime
) -> Delegation:
    """Lend a post to another person of the same organisation for the days of a leave."""
    post = Post.objects.select_related("organisation").filter(pk=post_id).first()
    if post is None or (post.person_id != by.person_id and not by.has("access.manage")):
        raise NotFound(_("没有找到这个岗位。"))
    if not reason.strip():
        raise Refusal(_("请写明委托原因（休假、出差等）。"), field="reason")
    if valid_to < timezone.localtime(at).date():
        raise Refusal(_("委托的最后一天已经过去，请改正。"), field="valid_to")
    if valid_to < valid_from:
        raise Refusal(_("结束日期早于开始日期，请改正。"), field="valid_to")
    if to_person_id == post.person_id:
        raise Refusal(_("不能委托给本人，请选择另一位同事。"), field="to_person_id")
    colleagues = Post.objects.filter(
        in_force(valid_from), organisation=post.organisation, person=to_person_id
    )
    if not colleagues.exists():
        raise Refusal(_("只能委托给本单位在岗的同事。"), field="to_person_id")
    made = Delegation.objects.create(
        post=post, to_person_id=to_person_id, valid_from=valid_from, valid_to=valid_to, reason=reason
    )
    journal.record("access.delegated", subject=made, by=by, at=at, note=reason, data={"post": post.pk})
    return made


@transaction.atomic
def end_delegation(*, delegation_id: int, by: Actor, at: datetime) -> None:
    """End a delegation before its last day."""
    made = Delegation.objects.select_for_update().filter(pk=delegation_id, ended_at__isnull=True).first()
    if made is None or (made.post.person_id != by.person_id and not by.has("access.manage")):
        raise NotFound(_("没有找到这条委托。"))
    made.ended_at = at
    made.save(update_fields=["ended_at"])
    journal.record("access.delegation_ended", subject=made, by=by, at=at)


# --- Logins ------------------------------------------------------------------------------------------------------

USERNAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{1,29}")
# Read aloud over the telephone: no letter that looks like another, none that sounds like a digit.
TEMPORARY_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


def temporary_password() -> str:
    """Return a password for the first sign-in: three groups of four, some 59 bits."""
    return "-".join("".join(secrets.choice(TEMPORARY_ALPHABET) for _n in range(4)) for _group in range(3))


@transaction.atomic
def create_account(
    *, username: str, password: str, person: Person, by: Actor, at: datetime, must_change: bool = False
) -> Account:
    """Open a login for a person.

    must_change  the password is known to somebody else: nothing else can be done before it is changed
    """
    username = username.strip()
    if not USERNAME.fullmatch(username):
        raise Refusal(
            _("登录名用2到30个字母或数字，可以有点、横线和下划线，以字母或数字开头。"), field="username"
        )
    if Account.objects.filter(username__iexact=username).exists():
        raise Refusal(_("登录名已被使用，请换一个。"), field="username")
    if Account.objects.filter(person=person).exists():
        raise Refusal(_("%(name)s已有账号，不能再开一个。") % {"name": person.name}, field="person")
    account = Account.objects.create_user(username, password, person=person, must_change_password=must_change)
    journal.record("access.account_created", subject=account, by=by, at=at, data={"person": person.name})
    return account


@transaction.atomic
def reset_password(*, account_id: int, by: Actor, at: datetime) -> str:
    """Give an account a temporary password and return it, to be handed over once; all its sessions end."""
    account = _managed(account_id, by)
    password = temporary_password()
    account.set_password(password)
    account.must_change_password = True
    account.save(update_fields=["password", "must_change_password"])
    end_sessions(account)
    journal.record("access.password_reset", subject=account, by=by, at=at)
    return password


@transaction.atomic
def set_active(*, account_id: int, active: bool, by: Actor, at: datetime, reason: str) -> Account:
    """Close or reopen an account. Closing ends its sessions; its keys refuse at once; posts stay as they are."""
    account = _managed(account_id, by)
    if account.pk == by.account_id and not active:
        raise Refusal(_("不能停用自己的账号，请由另一位管理员办理。"))
    if not reason.strip():
        raise Refusal(_("请写明原因。"), field="reason")
    account.is_active = active
    account.save(update_fields=["is_active"])
    if not active:
        end_sessions(account)
    name = "access.account_opened" if active else "access.account_closed"
    journal.record(name, subject=account, by=by, at=at, note=reason)
    return account


@transaction.atomic
def remove_second_factor(*, account_id: int, by: Actor, at: datetime, reason: str) -> Account:
    """Take the second factor off an account whose owner has lost the telephone and the codes."""
    account = _managed(account_id, by)
    if not reason.strip():
        raise Refusal(_("请写明核实本人身份的方式。"), field="reason")
    Authenticator.objects.filter(user=account).delete()
    end_sessions(account)
    journal.record("access.second_factor_removed", subject=account, by=by, at=at, note=reason)
    return account


def end_sessions(account: Account) -> int:
    """Sign an account out everywhere and return how many sessions ended."""
    sessions = list(UserSession.objects.filter(user=account))
    for session in sessions:
        session.end()
    return len(sessions)


def _managed(account_id: int, by: Actor) -> Account:
    account = Account.objects.select_for_update(of=("self",)).filter(pk=account_id).first()
    if account is None or not by.has("access.manage"):
        raise NotFound(_("没有找到这个账号。"))
    return account


def who_can_see(record: Model, *, power: str, at: datetime) -> list[dict[str, Any]]:
    """Answer "who can see this, and why?": each person, by which post, power and reach.

    Every active account's powers are resolved exactly as for a request, and asked of this one record: each different
    reach once, however many people have it. Returns [{person, post, account, reaches}], by office and name.
    """
    model = type(record)
    covers: dict[Reach, bool] = {}
    answers = []
    for actor, account in actors_of(Account.objects.filter(is_active=True, person__isnull=False), at=at):
        why = []
        for stretch in actor.powers.get(power, ()):
            if stretch not in covers:
                covers[stretch] = (
                    stretch.kind == "all"
                    or model._default_manager.filter(
                        condition_of(model, stretch, power=power), pk=record.pk
                    ).exists()
                )
            if covers[stretch]:
                why.append(stretch)
        if why:
            answers.append(
                {"person": actor.name, "post": actor.post, "account": account.username, "reaches": why}
            )
    return sorted(answers, key=lambda answer: (answer["post"], answer["person"]))
