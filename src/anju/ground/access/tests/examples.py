"""Examples of the verbs of logins, loans, keys and of what takes a second person: each about somebody of its own."""

from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone
from tests.cast import BUILT_AT, SINCE, Builder
from tests.verbs import Example, World, example

from anju.ground.access import services
from anju.ground.access.actors import SYSTEM
from anju.ground.access.models import Account, Grant
from anju.ground.access.rules import Kind
from anju.ground.organisations import services as organisations


def keeper(world: World, number: int) -> Any:
    """Return an administrator besides the cast's, so that there is always another hand."""
    login = f"keeper{number}"
    account = Account.objects.filter(username=login).first()
    if account is None:
        by = Builder()
        person = organisations.create_person(
            name=f"管演{number}", phone="13800000000", is_demo=True, by=by, at=BUILT_AT
        )
        organisations.hold_post(
            person=person, organisation=world.city.offices.city_housing, role="administrator", title="",
            valid_from=SINCE, by=by, at=BUILT_AT,
        )  # fmt: skip
        account = services.create_account(
            username=login, password="only-for-tests-2024", person=person, by=by, at=BUILT_AT
        )
    return services.actor_of(account, at=world.now)


def wanted(world: World, **told: Any) -> Grant:
    """Make a request for a guarded post of somebody who has none yet."""
    person = organisations.create_person(
        name="魏演任", phone="13800000000", is_demo=True, by=Builder(), at=BUILT_AT
    )
    given = {"valid_from": world.now.date(), "reason": "局党组任命"} | told
    return Grant(
        kind=Kind.POST, person=person, organisation=world.city.offices.city_housing, role="auditor", **given
    )


def asked(world: World) -> Grant:
    """Ask for a guarded post."""
    return services.propose(wanted(world), by=keeper(world, 1), at=world.now)


@example("access.ask")
def ask(world: World) -> Example:
    keeper(world, 2)
    grant = wanted(world)
    later = wanted(world, valid_from=world.now.date() + timedelta(days=9))
    given = {"grant": grant, "reason": grant.reason}
    return Example(keeper(world, 1), given, other={"grant": later})


@example("access.confirm")
def confirm(world: World) -> Example:
    other = keeper(world, 2)
    return Example(other, {"grant_id": asked(world).pk, "note": "已核对任命文件"}, other={"note": "换一句"})


@example("access.refuse")
def refuse(world: World) -> Example:
    other = keeper(world, 2)
    return Example(other, {"grant_id": asked(world).pk, "note": "没有任命文件"}, other={"note": "人选不合适"})


@example("access.withdraw")
def withdraw(world: World) -> Example:
    keeper(world, 2)
    return Example(keeper(world, 1), {"grant_id": asked(world).pk}, other={"note": "写错了"})


# --- Logins ------------------------------------------------------------------------------------------------------

_numbers = count(1)


def hired(world: World, role: str = "grid_worker") -> Account:
    """Return the login of somebody new who holds a post, signed in on a device."""
    by, number = Builder(), next(_numbers)
    person = organisations.create_person(
        name=f"魏演{number}", phone="13800000000", is_demo=True, by=by, at=BUILT_AT
    )
    office = "city_housing" if role != "grid_worker" else "huaiyin_office"
    organisations.hold_post(
        person=person, organisation=getattr(world.city.offices, office), role=role, title="", valid_from=SINCE,
        by=by, at=BUILT_AT,
    )  # fmt: skip
    account = services.create_account(
        username=f"yan{number}", password="only-for-tests-2024", person=person, by=by, at=BUILT_AT
    )
    session = SessionStore()
    session.create()
    UserSession.objects.create(user=account, session_key=session.session_key, ip="192.0.2.1", user_agent="x")
    return account


def signed_out(account: Account, example: Example) -> Example:
    """Show that an act ends every session."""
    return replace(example, holds=lambda: not UserSession.objects.filter(user=account).exists())


def told_same(answer: Any) -> Any:
    """Compare two answers by the record and by the temporary password that came with it."""
    return answer.pk, answer.opened


@example("access.enrol")
def enrol(world: World) -> Example:
    given = {
        "office": world.city.offices.huaiyin_office.pk, "name": "魏新来", "phone": "", "badge_number": "",
        "username": f"xin{next(_numbers)}", "role": "grid_worker", "title": "", "valid_from": world.now.date(),
        "valid_to": None, "reason": "",
    }  # fmt: skip
    return Example(keeper(world, 1), given, other={"name": "魏另外"}, same=told_same)


@example("access.reset_password")
def reset_password(world: World) -> Example:
    return Example(keeper(world, 1), {"account_id": hired(world).pk}, same=told_same)


@example("access.reset_password", effect="sign_out")
def reset_signs_out(world: World) -> Example:
    account = hired(world)
    return signed_out(account, Example(keeper(world, 1), {"account_id": account.pk}))


def closing(world: World, account: Account) -> Example:
    return Example(
        keeper(world, 1), {"account_id": account.pk, "reason": "离职"}, other={"reason": "账号被盗用"}
    )


@example("access.close_account")
def close_account(world: World) -> Example:
    return closing(world, hired(world))


@example("access.close_account", effect="sign_out")
def close_signs_out(world: World) -> Example:
    account = hired(world)
    return signed_out(account, closing(world, account))


@example("access.open_account")
def open_account(world: World) -> Example:
    account = hired(world)
    services.close_account(account_id=account.pk, reason="离职", by=keeper(world, 2), at=world.now)
    return closing(world, account)


@example("access.remove_second_factor")
def remove_second_factor(world: World) -> Example:
    return closing(world, hired(world))


@example("access.remove_second_factor", effect="sign_out")
def factor_signs_out(world: World) -> Example:
    account = hired(world)
    return signed_out(account, closing(world, account))


@example("access.let_in")
def let_in(world: World) -> Example:
    given = {"account_id": hired(world).pk, "kind": Kind.PASSWORD, "reason": "忘记密码"}
    return Example(keeper(world, 2), given, other={"kind": Kind.FACTOR}, same=told_same)


@example("access.let_in", effect="sign_out")
def let_in_signs_out(world: World) -> Example:
    account = hired(world)
    given = {"account_id": account.pk, "kind": Kind.PASSWORD, "reason": "忘记密码"}
    return signed_out(account, Example(keeper(world, 2), given))


@example("access.rescue", effect="sign_out")
def rescue(world: World) -> Example:
    account = hired(world, "administrator")
    given = {"username": account.username, "reason": "两位管理员都忘记密码", "factor": False}
    return signed_out(account, Example(SYSTEM, given))


# --- Loans of posts, and keys --------------------------------------------------------------------------------------


def leave(world: World) -> dict[str, Any]:
    """Return what a loan to a colleague of the office says."""
    today = timezone.localdate(world.now)
    return {
        "to_person_id": world.city.people.colleague.person.pk, "valid_from": today, "valid_to": today,
        "reason": "年休假",
    }  # fmt: skip


@example("access.delegate")
def delegate(world: World) -> Example:
    account = hired(world)
    post = account.person.posts.get()
    given = {"post_id": post.pk, **leave(world)}
    return Example(services.actor_of(account, at=world.now), given, other={"reason": "出差"})


@example("access.lend")
def lend(world: World) -> Example:
    account = hired(world)
    given = {"post": account.person.posts.get(), **leave(world)}
    return Example(keeper(world, 1), given, other={"reason": "出差"})


@example("access.end_delegation")
def end_delegation(world: World) -> Example:
    account = hired(world)
    by = services.actor_of(account, at=world.now)
    made = services.delegate(post_id=account.person.posts.get().pk, **leave(world), by=by, at=world.now)
    return Example(by, {"delegation_id": made.pk})


@example("access.create_key")
def create_key(world: World) -> Example:
    account = hired(world)
    given = {"account": account, "name": "对接平台", "days": 90}
    return Example(services.actor_of(account, at=world.now), given, other={"name": "另一个平台"})


@example("access.revoke_key")
def revoke_key(world: World) -> Example:
    account = hired(world)
    by = services.actor_of(account, at=world.now)
    made = services.create_key(account=account, name="对接平台", days=90, by=by, at=world.now)
    return Example(by, {"key_id": made.pk})
