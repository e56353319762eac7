"""Examples of the verbs of organisations, people, posts and contracts: each about one of its own."""

from datetime import timedelta
from itertools import count
from typing import Any

from tests.cast import BUILT_AT, SINCE, Builder
from tests.verbs import Example, World, example

from anju.ground.access.actors import SYSTEM
from anju.ground.organisations import services
from anju.ground.organisations.models import Organisation, Person, ServiceContract
from anju.ground.organisations.rules import ContractState
from anju.ground.territory import services as territory
from anju.ground.territory.models import Estate

BY, _numbers = Builder(), count(1)
# Codes that fail their check digits, of the right length.
DOUBTED = ("91350211M0000XUF46", "9141000017000140ID")


def organisation(world: World) -> Organisation:
    """Enter an office of the county."""
    return services.create_organisation(
        kind="police_station",
        name=f"演示{next(_numbers)}派出所",
        area=world.city.areas.east,
        by=BY,
        at=BUILT_AT,
    )


def person() -> Person:
    """Enter somebody without a post."""
    return services.create_person(name=f"演{next(_numbers)}", is_demo=True, by=BY, at=BUILT_AT)


def estate(world: World) -> Estate:
    """Enter an estate without a company."""
    return territory.create_estate(
        name=f"演示{next(_numbers)}院", area=world.city.areas.huaiyin, management="none", by=BY, at=BUILT_AT
    ).estate


def contract(world: World, **told: Any) -> ServiceContract:
    """Sign a contract with an estate of its own."""
    given = {"company": world.city.offices.company, "estate": estate(world), "valid_from": SINCE}
    return services.sign_contract(**given | {"by": BY, "at": BUILT_AT} | told)


def management_of(row: Estate) -> str:
    """Return who manages an estate, as it stands now."""
    return Estate.objects.get(pk=row.pk).management


@example("organisations.create")
def create(world: World) -> Example:
    given = {"kind": "police_station", "name": f"演示{next(_numbers)}派出所", "area": world.city.areas.east}
    return Example(world.actor("county_supervisor"), given, other={"phone": "0373-0000000"})


@example("organisations.create", doubt="uscc")
def create_with_a_doubted_code(world: World) -> Example:
    given = {
        "kind": "property_company",
        "name": "演示存疑物业",
        "area": world.city.areas.east,
        "uscc": DOUBTED[0],
    }
    return Example(
        world.actor("county_supervisor"), given, other={"uscc_override_reason": "营业执照原件如此"}
    )


@example("organisations.edit")
def edit(world: World) -> Example:
    given = {"organisation_id": organisation(world).pk, "changes": {"phone": "0373-0000001"}}
    return Example(world.actor("county_supervisor"), given, other={"changes": {"phone": "0373-0000002"}})


@example("organisations.edit", doubt="uscc")
def edit_with_a_doubted_code(world: World) -> Example:
    given = {"organisation_id": organisation(world).pk, "changes": {"uscc": DOUBTED[1]}}
    return Example(world.actor("county_supervisor"), given, other={"uscc_override_reason": "登记证原件如此"})


@example("organisations.create_person")
def create_person(world: World) -> Example:
    return Example(
        world.actor("administrator"), {"name": f"演{next(_numbers)}"}, other={"phone": "13800000001"}
    )


@example("organisations.hold_post")
def hold_post(world: World) -> Example:
    given = {
        "person": person(), "organisation": world.city.offices.huaiyin_community, "role": "grid_worker",
        "valid_from": world.now.date(),
    }  # fmt: skip
    return Example(world.actor("administrator"), given, other={"title": "网格长"})


@example("organisations.end_post")
def end_post(world: World) -> Example:
    held = services.hold_post(
        person=person(), organisation=world.city.offices.huaiyin_community, role="grid_worker", valid_from=SINCE,
        by=BY, at=BUILT_AT,
    )  # fmt: skip
    given = {"post_id": held.pk, "last_day": world.now.date(), "reason": "调离"}
    return Example(world.actor("administrator"), given, other={"reason": "退休"})


@example("organisations.sign_contract")
@example("organisations.sign_contract", effect="company_manages")
def sign_contract(world: World) -> Example:
    served = estate(world)
    given = {"company": world.city.offices.company, "estate": served, "valid_from": world.now.date()}
    return Example(
        world.actor("county_supervisor"), given, other={"project_manager": "演经理"},
        holds=lambda: management_of(served) == Estate.Management.COMPANY,
    )  # fmt: skip


@example("organisations.sign_contract", doubt="overlap")
def sign_in_a_handover(world: World) -> Example:
    given = {
        "company": world.city.offices.other_company,
        "estate": contract(world).estate,
        "valid_from": SINCE,
    }
    return Example(world.actor("county_supervisor"), given, other={"overlap_reason": "本月交接"})


@example("organisations.begin_contract")
@example("organisations.begin_contract", effect="company_manages")
def begin_contract(world: World) -> Example:
    made = contract(world, valid_from=world.now.date(), at=world.now - timedelta(days=3))
    assert made.state == ContractState.AHEAD
    return Example(
        SYSTEM, {"contract_id": made.pk},
        holds=lambda: management_of(made.estate) == Estate.Management.COMPANY,
    )  # fmt: skip


@example("organisations.end_contract")
@example("organisations.end_contract", effect="company_left")
def end_contract(world: World) -> Example:
    made = contract(world)
    given = {"contract_id": made.pk, "last_day": world.now.date() - timedelta(days=2), "reason": "更换企业"}
    return Example(
        world.actor("county_supervisor"), given, other={"reason": "解除合同"},
        holds=lambda: management_of(made.estate) == Estate.Management.UNKNOWN,
    )  # fmt: skip


@example("organisations.lapse_contract")
@example("organisations.lapse_contract", effect="company_left")
def lapse_contract(world: World) -> Example:
    over = world.now.date() - timedelta(days=2)
    made = contract(world, valid_to=over, at=world.now - timedelta(days=3))
    assert made.state == ContractState.RUNNING
    return Example(
        SYSTEM, {"contract_id": made.pk},
        holds=lambda: management_of(made.estate) == Estate.Management.UNKNOWN,
    )  # fmt: skip
