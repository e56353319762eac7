"""Examples of the verbs of what takes a second person: each about somebody of its own."""

from datetime import timedelta
from typing import Any

from tests.cast import BUILT_AT, SINCE, Builder
from tests.verbs import Example, World, example

from anju.ground.access import services
from anju.ground.access.models import Grant
from anju.ground.access.rules import Kind
from anju.ground.organisations import services as organisations


def keeper(world: World, number: int) -> Any:
    """Return an administrator besides the cast's, so that there is always another hand."""
    from anju.ground.access.models import Account

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
    return Example(keeper(world, 1), {"grant": grant}, other={"grant": later})


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
