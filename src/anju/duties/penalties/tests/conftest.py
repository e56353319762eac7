"""Hands for the tests of penalties: the parties, a case that was filed, a decision that was served."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from anju.duties.cases.models import Case
from anju.duties.orders.queries import matters
from anju.duties.orders.tests.conftest import (  # noqa: F401  (fixtures)
    ONE,
    TWO,
    _own_store,
    fire,
    fire_chief,
    hazard,
    head,
    hired,
    offices,
    ordered,
    photo,
    police,
    police_chief,
    reported,
    unit,
    walk,
)
from anju.duties.penalties.models import Penalty
from anju.duties.penalties.services import penalties
from anju.duties.penalties.services.penalties import Accused, Measure


@pytest.fixture
def filed(hazard, fire, friday_9am) -> Callable[..., Penalty]:  # noqa: F811
    """Return a function that files an ordinary case of a blocked fire lane against the company."""

    def file(case: Case | None = None, *, accused: Accused = UNIT, by=None, **told) -> Penalty:
        case, by = case or hazard("FA01"), by or fire
        values = {
            "offence": "lane_blocked",
            "procedure": "ordinary",
            "facts": "小区消防车通道被固定障碍物占用，消防车无法通行",
            "officers": TWO,
        }
        matter = matters.of_case(by, case.pk, at=friday_9am)
        return penalties.file(matter=matter, accused=accused, by=by, at=friday_9am, **values | told)

    return file


@pytest.fixture
def decided(filed, fire, head, friday_9am) -> Callable[..., Penalty]:  # noqa: F811
    """Return a function that takes an ordinary case to its decision of 8,000 yuan, served the same day."""

    def decide(penalty: Penalty | None = None, *, amount: str = "8000") -> Penalty:
        penalty, at = penalty or filed(), friday_9am
        measure = Measure(Decimal(amount), reasons="占用时间长，影响通行")
        penalties.give_notice(penalty_id=penalty.pk, measure=measure, by=fire, at=at)
        later = at + timedelta(days=1)
        penalties.take_statement(
            penalty_id=penalty.pk, statement="无异议，放弃", answer="予以确认", by=fire, at=later
        )
        penalties.propose(penalty_id=penalty.pk, measure=measure, by=fire, at=later)
        penalties.decide(penalty_id=penalty.pk, by=head, at=later)
        return penalties.serve(penalty_id=penalty.pk, way="direct", served_to="孙悦", by=fire, at=later)

    return decide


PERSON = Accused("person", "胡小明", id_number="11010519491231002X", phone="13900001111", age=30)
UNIT = Accused("unit", "安邻物业服务有限公司")
