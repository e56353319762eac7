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
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from anju.ground.foundation import journal, reach, rulebooks
from anju.ground.foundation.acts import Loop, Turn, derived
from anju.ground.foundation.models import Event
from anju.ground.foundation.reach import (
    alternatives,
    condition_of,
    reaches_by,
    require,
    require_power,
    visible,
    visible_q,
)
from anju.ground.foundation.refusals import Conflict, NotFound, NotPermitted, Refusal
from anju.ground.organisations import services as organisations
from anju.ground.organisations.models import Jurisdiction, Organisation, Person, Post
from anju.ground.organisations.queries import in_force, powers_of_role
from anju.ground.organisations.rules import Held

from . import escrow, held, queries, rules
from .actors import PUBLIC, SYSTEM, Actor, Reach
from .models import Account, ApiKey, Delegation, Grant

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


def actor_of_person(person_id: int, at: datetime) -> Actor | None:
    """Build the actor that a person is at a moment; None without an open login."""
    account = Account.objects.filter(person_id=person_id, is_active=True).first()
    return actor_of(account, at=at) if account is not None else None


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
    held_in: dict[str, frozenset[int]] = {}
    for post in posts:
        role = roles.get(post.role)
        if role is None:
            continue
        for part in (role, *role.get("also", ())):
            reaches = dict.fromkeys(_reaches(post, part["reach"], more.get(post.organisation_id, [])))
            for power in part["powers"]:
                powers.setdefault(power, {}).update(reaches)
                held_in[power] = held_in.get(power, frozenset()) | {post.organisation_id}
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
        held_in=held_in,
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
    found = held.of_key(_digest(secret), at=at, on=day)
    if found is None:
        return None
    account, (posts, more) = found
    if account.person is None:
        return Actor(account_id=account.pk, kind="account", name=account.username, post=""), account
    return _actor(account, account.person, posts, more, day), account


# --- Keys for machines -------------------------------------------------------------------------------------------

KEYS = Loop(
    ApiKey, rules.KEY_STEPS, room="access", state="", param="key_id", addressed=True, noun=lazy("这个密钥"),
    missing=lazy("没有找到这个密钥。"), news=lambda key: {"account": key.account.username},
    seen=lambda by: Q() if by.has("access.manage") else Q(account=by.account_id),
)  # fmt: skip


@KEYS.verb("create_key")
def create_key(turn: Turn, *, account: Account, name: str, days: int) -> ApiKey:
    """Make a key for one's own account; its `secret` is in the hand of this one request and stored nowhere."""
    if turn.by.account_id != account.pk:
        # Also no administrator: whoever holds the secret acts with the account's powers.
        raise NotFound(_("没有找到这个账号。"))
    secret = secrets.token_urlsafe(32)
    made = ApiKey.objects.create(
        account=account, name=name, digest=_digest(secret), expires_at=turn.at + timedelta(days=days)
    )
    made.secret = secret
    return made


@KEYS.verb("revoke_key")
def revoke_key(turn: Turn) -> None:
    """Revoke a key; the next request that brings it is refused."""
    turn.row.revoked_at = turn.at


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


# --- Posts -------------------------------------------------------------------------------------------------------


@transaction.atomic
def give_post(
    *,
    person: Person,
    organisation: Organisation,
    role: str,
    valid_from: date,
    by: Actor,
    at: datetime,
    title: str = "",
    valid_to: date | None = None,
    reason: str = "",
    key: str = "",
) -> Post | Grant:
    """Let a person hold a role; one that can unseal, audit or administer is asked for, and a second person confirms.

    While the city never had a second person who could confirm, the one there is appoints exactly that person alone.
    """
    require_power(by, "access.manage")
    today = timezone.localtime(at).date()
    post: dict[str, Any] = {
        "person": person,
        "organisation": organisation,
        "role": role,
        "title": title,
        "valid_to": valid_to,
    }
    if not queries.is_guarded(role, on=valid_from):
        return _hold(**post, valid_from=valid_from, agreed=False, by=by, at=at, key=key)
    # Two at once would each be the second.
    Person.objects.select_for_update().get(pk=by.person_id)
    # Once there are two nothing more is given alone: the same request sent twice is told what it did.
    alone: dict[str, Any] = {**post, "valid_from": valid_from, "agreed": True}
    own_key, asked_for = derived(key, "appoint"), organisations.hold_post.digest(alone)
    if known := journal.receipt(by=by, key=own_key, key_digest=asked_for):
        return organisations.hold_post.answer(known)
    if queries.never_two(on=today) and "access.confirm" in powers_of_role(role, on=valid_from):
        made = _hold(**alone, by=by, at=at, key=own_key)
        journal.record("access.appointed_alone", subject=made, by=by, at=at, data=journal.origin(by))
        return made
    asked = Grant(kind=rules.Kind.POST, **post, valid_from=valid_from, reason=reason)
    return propose(asked, by=by, at=at, key=key)


def _hold(*, person: Person, role: str, valid_from: date, valid_to: date | None, **told: Any) -> Post:
    """Enter a post, also against the posts that were lent to the person."""
    wanted = Held(role, valid_from, valid_to)
    organisations.refuse_excluded(person, wanted, queries.held_by(person), field="role")
    return organisations.hold_post(person=person, role=role, valid_from=valid_from, valid_to=valid_to, **told)


DELEGATIONS = Loop(
    Delegation, rules.DELEGATION_STEPS, room="access", state="", addressed=True, noun=lazy("这条委托"),
    missing=lazy("没有找到这条委托。"),
    seen=lambda by: Q() if by.has("access.manage") else Q(post__person=by.person_id),
)  # fmt: skip


@DELEGATIONS.verb("delegate")
def delegate(
    turn: Turn, *, post_id: int, to_person_id: int, valid_from: date, valid_to: date, reason: str
) -> Delegation | Grant:
    """Lend a post to a colleague of the organisation for the days of a leave; a guarded one is only asked for."""
    post = Post.objects.select_related("organisation", "person").filter(pk=post_id).first()
    if post is None or (post.person_id != turn.by.person_id and not turn.by.has("access.manage")):
        raise NotFound(_("没有找到这个岗位。"))
    if valid_to < turn.today:
        raise Refusal(_("委托的最后一天已经过去，请改正。"), field="valid_to")
    if valid_to < valid_from:
        raise Refusal(_("结束日期早于开始日期，请改正。"), field="valid_to")
    if to_person_id == post.person_id:
        raise Refusal(_("不能委托给本人，请选择另一位同事。"), field="to_person_id")
    if to_person_id == turn.by.person_id:
        raise Refusal(_("不能把别人的岗位委托给自己，请由另一位管理员办理。"), field="to_person_id")
    colleagues = Post.objects.filter(
        in_force(valid_from), organisation=post.organisation, person=to_person_id
    )
    if not colleagues.exists():
        raise Refusal(_("只能委托给本单位在岗的同事。"), field="to_person_id")
    [borrower] = turn.lock(Person.objects.all(), [to_person_id])
    turn.subject, turn.facts = post, _about_loan(post, borrower, valid_from, valid_to)
    days: dict[str, Any] = {"valid_from": valid_from, "valid_to": valid_to, "reason": reason}
    if queries.is_guarded(post.role, on=valid_from):
        grant = Grant(kind=rules.Kind.LEND, person=borrower, post=post, **days)
        return turn.do(ask, grant=grant, reason=reason)
    return turn.do(lend, post=post, to_person_id=borrower.pk, **days)


@DELEGATIONS.verb("lend")
def lend(
    turn: Turn, *, post: Post, to_person_id: int, valid_from: date, valid_to: date, reason: str
) -> Delegation:
    """Lend a post, as its holder or two administrators want it (delegate, confirm)."""
    # A post given at the same moment would not be seen.
    [borrower] = turn.lock(Person.objects.all(), [to_person_id])
    wanted = Held(post.role, valid_from, valid_to)
    organisations.refuse_excluded(borrower, wanted, queries.held_by(borrower), field="to_person_id")
    turn.facts = _about_loan(post, borrower, valid_from, valid_to)
    turn.facts["powers"] = sorted(powers_of_role(post.role, on=valid_from))
    return Delegation.objects.create(
        post=post, to_person=borrower, valid_from=valid_from, valid_to=valid_to, reason=reason
    )


def _about_loan(post: Post, borrower: Person, valid_from: date, valid_to: date) -> dict[str, Any]:
    return {
        "post": post.pk,
        "person": borrower.pk,
        "role": post.role,
        "from": valid_from.isoformat(),
        "to": valid_to.isoformat(),
        "names": [borrower.name, post.organisation.name, queries.role_name(post.role, on=valid_from)],
    }


@DELEGATIONS.verb("end_delegation")
def end_delegation(turn: Turn) -> None:
    """End a delegation before its last day."""
    turn.row.ended_at = turn.at


# --- Logins ------------------------------------------------------------------------------------------------------

USERNAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{1,29}")
# Read aloud over the telephone: no letter that looks like another, none that sounds like a digit.
TEMPORARY_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
# How long the very request that gave a temporary password is told it again: a second click, an answer that got lost.
TOLD_AGAIN = timedelta(minutes=2)


def _whose_login(turn: Turn) -> None:
    """Refuse whoever acts on their own login, or alone on one that can unseal, audit or administer."""
    account = turn.row
    if account is None:
        return
    if account.pk == turn.by.account_id:
        raise Refusal(_own_login())
    if turn.step.act in rules.ASKED_FOR and queries.guarded_by(account.person, on=turn.today):
        raise Refusal(
            _("这个账号能够管理、审计或调阅封存信息，要由另一位管理员复核后办理。"), code="needs_second"
        )


def _own_login() -> str:
    return _("不能在这里办理自己的账号：密码和动态验证码在“我的账号与权限”中修改，其余请由另一位管理员办理。")


ACCOUNTS = Loop(
    Account, rules.ACCOUNT_STEPS, room="access", state="", addressed=True, turns=_whose_login, noun=lazy("这个账号"),
    missing=lazy("没有找到这个账号。"), seen=lambda by: Q() if by.has("access.manage") else Q(pk__in=[]),
    news=lambda account: {"person": account.person.name if account.person else "", "account": account.username},
    choices={"roles": lambda account, day, by: queries.role_names(on=day).items()},
)  # fmt: skip


def temporary_password(asked: str = "") -> str:
    """Return a password for the first sign-in: three groups of four, some 59 bits.

    asked  names the request that gives it, which is told the same when it comes again; "" = by chance
    """
    number = int.from_bytes(escrow.keyed("temporary password", asked) if asked else secrets.token_bytes(32))
    letters = []
    for _n in range(12):
        number, rank = divmod(number, len(TEMPORARY_ALPHABET))
        letters.append(TEMPORARY_ALPHABET[rank])
    return "-".join("".join(letters[start : start + 4]) for start in (0, 4, 8))


def _password_of(name: str, account_id: int | None, key: str | None) -> str:
    """Return the temporary password of a request, named by what its event keeps; without a key one by chance."""
    return temporary_password(f"{name} {account_id} {key}" if key else "")


def _give_password(turn: Turn, account: Account) -> None:
    """Set a temporary password, which only the answer to this request holds (`opened`)."""
    name = turn.loop.event(turn.step.act)
    account.opened = _password_of(name, turn.by.account_id, turn.key)
    account.set_password(account.opened)
    account.must_change_password = True


def _told_again(event: Event) -> Account:
    """Return the login that an earlier equal request was about; for a moment also `opened`, while it holds."""
    account: Account = Account.objects.get(pk=event.subject_id)
    if account.must_change_password and timezone.now() - event.at < TOLD_AGAIN:
        password = _password_of(event.name, event.actor_id, event.request_key)
        account.opened = password if account.check_password(password) else ""
    return account


@ACCOUNTS.verb("enrol", answers=_told_again)
def enrol(
    turn: Turn, *, office: int, name: str, phone: str, badge_number: str, username: str, **post: Any
) -> Account:
    """Enter a person with a login, whose first password is `opened`, and a first post; a guarded one is asked for."""
    seen = visible(Organisation, to=turn.by, power="access.manage")
    organisation = seen.filter(pk=office, active=True).first()
    if organisation is None:
        raise NotFound(_("没有找到这个单位。"))
    told: dict[str, Any] = {"by": turn.by, "at": turn.at}
    person = organisations.create_person(name=name, phone=phone, badge_number=badge_number, **told)
    # Before the post, which may have to wait: the login alone can do nothing.
    account = _new_login(username, person)
    _give_password(turn, account)
    account.save()
    give_post(person=person, organisation=organisation, **post, **told)
    return account


@ACCOUNTS.verb("create_account")
def create_account(
    turn: Turn, *, username: str, person: Person, password: str = "", hashed: str = ""
) -> Account:
    """Open a login from the server itself, for a person.

    hashed  the password as it is stored, where many logins have the same (the demo)
    """
    account = _new_login(username, person)
    account.password = hashed
    if not hashed:
        account.set_password(password)
    account.save()
    return account


def _new_login(username: str, person: Person) -> Account:
    """Return a login for a person who has none, not saved yet."""
    username = username.strip()
    if not USERNAME.fullmatch(username):
        raise Refusal(
            _("登录名用2到30个字母或数字，可以有点、横线和下划线，以字母或数字开头。"), field="username"
        )
    if Account.objects.filter(username__iexact=username).exists():
        raise Refusal(_("登录名已被使用，请换一个。"), field="username")
    if Account.objects.filter(person=person).exists():
        raise Refusal(_("%(name)s已有账号，不能再开一个。") % {"name": person.name}, field="person")
    return Account(username=username, person=person)


@ACCOUNTS.verb("reset_password", answers=_told_again)
def reset_password(turn: Turn) -> None:
    """Give an account a temporary password, `opened`, to be handed over once; all its sessions end."""
    _give_password(turn, turn.row)


@ACCOUNTS.verb("close_account")
def close_account(turn: Turn, *, reason: str) -> None:
    """Close an account: its sessions end, its keys refuse at once; posts stay as they are."""
    turn.row.is_active = False


@ACCOUNTS.verb("open_account")
def open_account(turn: Turn, *, reason: str) -> None:
    """Open an account again."""
    turn.row.is_active = True


@ACCOUNTS.verb("remove_second_factor")
def remove_second_factor(turn: Turn, *, reason: str) -> None:
    """Take the second factor off an account whose owner has lost the telephone and the codes."""
    Authenticator.objects.filter(user=turn.row).delete()


@ACCOUNTS.verb("let_in", answers=_told_again)
def let_in(turn: Turn, *, kind: str, reason: str) -> None:
    """Do to a login that takes a second person what one has asked and another confirmed (confirm)."""
    turn.facts["kind"] = kind
    if kind == rules.Kind.PASSWORD:
        reset_password.body(turn)
    elif kind == rules.Kind.FACTOR:
        remove_second_factor.body(turn, reason=reason)
    else:
        open_account.body(turn, reason=reason)


def _of_login(username: str) -> int | None:
    return Account.objects.filter(username=username).values_list("pk", flat=True).first()


@ACCOUNTS.verb("rescue", param="username", locate=_of_login)
def rescue(turn: Turn, *, reason: str, factor: bool) -> None:
    """Open a login again from the server itself, whose keepers are the second hand; `opened` is its password.

    factor  take the second factor off, too
    """
    turn.facts = {"opened": not turn.row.is_active, "factor": factor}
    turn.row.is_active = True
    if factor:
        remove_second_factor.body(turn, reason=reason)
    reset_password.body(turn)


@ACCOUNTS.effect("sign_out")
def _sign_out(turn: Turn) -> None:
    """Sign a login out everywhere."""
    for session in UserSession.objects.filter(user=turn.row):
        session.end()


# --- What takes a second person ----------------------------------------------------------------------------------


class _Rehearsed(Exception):
    """Rolls back an act that was only tried."""


def ask_for_account(
    *, kind: str, account_id: int, reason: str, by: Actor, at: datetime, key: str = ""
) -> Grant:
    """Ask for a reset, the removal of a second factor or the opening of a login that takes a second person."""
    account = Account.objects.filter(ACCOUNTS.condition(by), pk=account_id, person__isnull=False).first()
    if account is None:
        raise NotFound(_("没有找到这个账号。"))
    if account.pk == by.account_id:
        raise Refusal(_own_login())
    return propose(Grant(kind=kind, person=account.person, reason=reason), by=by, at=at, key=key)


def _whose(turn: Turn) -> None:
    """Refuse whoever does not stand rightly to the act: who asked withdraws, a third one decides."""
    grant = turn.row
    if grant is not None and not rules.may(
        turn.step.act, person=turn.by.person_id, asked_by=grant.asked_by_id, concerned=grant.person_id
    ):
        raise NotPermitted(_("申请人和当事人不能复核，请由另一位管理员办理。"))


GRANTS = Loop(
    Grant, rules.STEPS, room="access", addressed=True, labels=rules.STATE_LABELS, moods=rules.STATE_TONES, turns=_whose,
    seen=lambda by: Q() if by.has("access.confirm") else Q(asked_by=by.person_id),
    noun=lazy("这个申请"), missing=lazy("没有找到这个申请。"),
)  # fmt: skip
_SAME = ("kind", "person_id", "role", "organisation_id", "post_id")


def propose(asked: Grant, *, by: Actor, at: datetime, key: str = "") -> Grant:
    """File what takes a second person; refused at once when it could not be done, or when nobody could confirm it."""
    made: Grant = ask(grant=asked, reason=asked.reason, by=by, at=at, key=key)
    return made


@GRANTS.verb(
    "ask",
    asked=lambda given: [
        given["reason"],
        *(getattr(given["grant"], n) for n in (*_SAME, "valid_from", "valid_to")),
    ],
)
def ask(turn: Turn, *, grant: Grant, reason: str) -> Grant:
    """File a request (propose)."""
    organisations.refuse_own(turn.by, grant.person)
    grant.reason = reason
    others = queries.confirmers(on=turn.today) - {turn.by.person_id, grant.person_id}
    if not others:
        raise Refusal(_nobody_to_confirm(on=turn.today))
    turn.lock(Person.objects.all(), [grant.person_id])
    if Grant.objects.filter(
        **{name: getattr(grant, name) for name in _SAME}, state=rules.State.ASKED
    ).exists():
        raise Conflict(_("同样的申请已在等待复核，不必再提。"), code="already_asked")
    if grant.kind in (rules.Kind.POST, rules.Kind.LEND):
        try:
            with transaction.atomic():
                _carry_out(turn, grant)
                raise _Rehearsed
        except _Rehearsed:
            pass
    grant.asked_by_id, grant.asked_at = turn.by.person_id, turn.at
    grant.save(force_insert=True)
    turn.facts = _about_grant(grant, turn)
    return grant


def _nobody_to_confirm(*, on: date) -> str:
    if queries.never_two(on=on):
        return _(
            "这件事要由另一位管理员复核，而本市还只有一位管理员。请先任命第二位管理员（这一次不需要复核），再由他复核。"
        )
    return _(
        "这件事要由另一位管理员复核，而现在没有申请人和当事人以外的人可以复核。"
        "请增加一位管理员；确实没有人时，请服务器的管理人员在服务器上办理（./anju manage rescue_login）。"
    )


def _confirmed_again(event: Event) -> Grant:
    """Return what an earlier equal request confirmed; for a moment also the password of a reset, while it holds."""
    grant: Grant = Grant.objects.get(pk=event.subject_id)
    if grant.kind == rules.Kind.PASSWORD:
        key = derived(event.request_key or "", let_in.act)
        done = Event.objects.get(actor_scope=event.actor_scope, request_key=key)
        grant.opened = _told_again(done).opened
    return grant


@GRANTS.verb("confirm", answers=_confirmed_again)
def confirm(turn: Turn, *, note: str = "") -> None:
    """Confirm what another administrator asked, and do it; a reset's temporary password is `opened`, this once."""
    _decide(turn, note)
    turn.row.opened = _carry_out(turn, turn.row)


@GRANTS.verb("refuse")
def refuse(turn: Turn, *, note: str) -> None:
    """Refuse what another administrator asked, with a reason."""
    _decide(turn, note)


@GRANTS.verb("withdraw")
def withdraw(turn: Turn, *, note: str = "") -> None:
    """Take back what one has asked oneself."""
    _decide(turn, note)


def _decide(turn: Turn, note: str) -> None:
    turn.row.answer, turn.row.decided_by_id, turn.row.decided_at = note, turn.by.person_id, turn.at
    turn.facts = _about_grant(turn.row, turn)


def _carry_out(turn: Turn, grant: Grant) -> str:
    """Do what was asked; returns the temporary password of a reset, or ""."""
    if grant.kind == rules.Kind.POST:
        assert grant.organisation and grant.valid_from
        # What somebody does before the second person has agreed, they do without the power.
        _hold(
            person=grant.person, organisation=grant.organisation, role=grant.role, title=grant.title,
            valid_from=max(grant.valid_from, turn.today), valid_to=grant.valid_to, agreed=True, by=turn.by, at=turn.at,
        )  # fmt: skip
        return ""
    if grant.kind == rules.Kind.LEND:
        assert grant.post and grant.valid_from and grant.valid_to
        since = max(grant.valid_from, turn.today)
        if grant.valid_to < since or not (grant.post.valid_to is None or grant.post.valid_to >= since):
            raise Refusal(_("委托的日子或岗位已经结束，请不同意这个申请。"))
        turn.do(
            lend, post=grant.post, to_person_id=grant.person_id, valid_from=since, valid_to=grant.valid_to,
            reason=grant.reason,
        )  # fmt: skip
        return ""
    account = Account.objects.get(person=grant.person)
    done: Account = turn.do(let_in, account_id=account.pk, kind=grant.kind, reason=grant.reason)
    return done.opened


def _about_grant(grant: Grant, turn: Turn) -> dict[str, Any]:
    """Return what the journal says of a request or its end: what, for whom, with which role and powers, from where."""
    role = grant.role or (grant.post.role if grant.post else "")
    office = grant.organisation or (grant.post.organisation if grant.post else None)
    named = [grant.person.name, office.name if office else "", queries.role_name(role, on=turn.today)]
    return {
        "kind": grant.kind,
        "person": grant.person_id,
        "asked_by": grant.asked_by.name,
        "names": [name for name in named if name],
        "role": role,
        "powers": sorted(powers_of_role(role, on=turn.today)) if role else [],
    }


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
