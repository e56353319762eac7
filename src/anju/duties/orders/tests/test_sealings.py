"""Verbs of temporary sealing: who may, on which ground, for how long, each with its refusals."""

from datetime import date, timedelta

import pytest

from anju.duties.orders.queries import matters
from anju.duties.orders.queries.matters import WrongAgency
from anju.duties.orders.services import sealings
from anju.ground.foundation.refusals import NotAllowedNow, NotPermitted, Refusal

from .conftest import TWO

pytestmark = pytest.mark.django_db


def seal(case, unit, by, at, **told):
    values = {
        "unit_id": unit.pk,
        "ground": "escape_unusable",
        "part": "地下一层电动自行车库",
        "reason": "唯一安全出口被砖墙封堵，无法疏散",
        "until": date(2024, 8, 10),
        "officers": TWO,
    }
    return sealings.seal(matter=matters.of_case(by, case.pk, at=at), by=by, at=at, **values | told)


def test_only_the_fire_agency_seals_and_the_police_are_offered_the_transfer(
    hazard, unit, police, fire, head, friday_9am
):
    case = hazard("EG02")
    with pytest.raises(WrongAgency, match="消防救援机构") as refused:
        seal(case, unit, police, friday_9am)
    assert refused.value.data["to_kind"] == "fire_brigade"
    with pytest.raises(NotPermitted, match="负责人"):
        seal(case, unit, fire, friday_9am)
    made = seal(case, unit, head, friday_9am, key="s-1")
    assert made.written_number == "东消封字〔2024〕第0001号"
    assert seal(case, unit, head, friday_9am, key="s-1").pk == made.pk


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"until": date(2024, 8, 11)}, "最长 30 日"),
        ({"until": date(2024, 7, 11)}, "最长 30 日"),
        ({"ground": "dislike"}, "法定情形"),
        ({"part": ""}, "部位"),
        ({"reason": "危险"}, "危险情况"),
        ({"officers": TWO[:1]}, "至少需要 2 名"),
        ({"unit_id": 0}, "被查封的单位"),
    ],
)
def test_a_sealing_that_cannot_be_is_refused(hazard, unit, head, friday_9am, told, says):
    with pytest.raises(Refusal, match=says):
        seal(hazard("EG02"), unit, head, friday_9am, **told)


def test_a_sealing_is_renewed_lifted_or_ends_by_itself(hazard, unit, fire, head, friday_9am):
    made = seal(hazard("EG02"), unit, head, friday_9am)
    with pytest.raises(Refusal, match="最长 30 日"):
        sealings.renew(
            sealing_id=made.pk, until=date(2024, 9, 10), reason="出口仍未打通", by=head, at=friday_9am
        )
    with pytest.raises(NotPermitted):
        sealings.lift(sealing_id=made.pk, reason="已经打通", by=fire, at=friday_9am)
    again = sealings.renew(
        sealing_id=made.pk, until=date(2024, 9, 9), reason="出口仍未打通", by=head, at=friday_9am
    )
    assert (again.until, again.renewals) == (date(2024, 9, 9), 1)
    assert again.written_number == "东消封字〔2024〕第0002号"
    last = friday_9am.replace(month=9, day=9)
    assert sealings.end_expired(at=last) == 0
    assert sealings.end_expired(at=last + timedelta(days=1)) == 1
    assert sealings.end_expired(at=last + timedelta(days=1)) == 0
    other = seal(hazard("EG02"), unit, head, friday_9am)
    lifted = sealings.lift(sealing_id=other.pk, reason="出口已打通", by=head, at=friday_9am)
    assert lifted.lifted_at == friday_9am
    with pytest.raises(NotAllowedNow):
        sealings.lift(sealing_id=other.pk, reason="出口已打通", by=head, at=friday_9am)
