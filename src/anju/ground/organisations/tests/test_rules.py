"""Roles that one person does not hold on the same day."""

from datetime import date

import pytest

from anju.ground.organisations.rules import Held, excluded

APART = [{"roles": ["keeper", "auditor"]}, {"roles": ["giver", "auditor"]}]


def day(n: int) -> date:
    return date(2024, 7, n)


@pytest.mark.parametrize(
    ("wanted", "held", "apart"),
    [
        (Held("auditor", day(10), None), Held("keeper", day(1), None), True),
        (Held("auditor", day(10), None), Held("keeper", day(1), day(9)), False),
        (Held("auditor", day(10), None), Held("keeper", day(1), day(10)), True),
        (Held("auditor", day(1), day(9)), Held("giver", day(10), None), False),
        (Held("auditor", day(1), day(10)), Held("giver", day(10), day(12)), True),
        (Held("keeper", day(1), None), Held("giver", day(1), None), False),
        (Held("auditor", day(1), None), Held("auditor", day(1), None), False),
        (Held("other", day(1), None), Held("auditor", day(1), None), False),
    ],
)
def test_two_roles_exclude_each_other_on_common_days_alone(wanted, held, apart):
    assert (excluded(wanted, [held], APART) == held) is apart
    assert (excluded(held, [wanted], APART) == wanted) is apart
