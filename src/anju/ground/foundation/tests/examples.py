"""Examples of foundation's own verbs."""

from datetime import date, timedelta
from itertools import count

from tests.verbs import Example, World, example

from anju.ground.foundation import hands, reach
from anju.ground.foundation.calendar import DayException
from anju.ground.foundation.models import Holding, JobProgress


@example("foundation.cancel_job")
def cancel_job(world: World) -> Example:
    by = world.actor("street_officer")
    job = JobProgress.objects.create(kind="demo", title="批量印发", owner_id=by.account_id, total=5)
    return Example(by, {"job_id": job.pk})


_days = count()


def a_day() -> date:
    """Return a Wednesday of a far year that no example has taken: nobody's terms reach it."""
    return date(2041, 1, 2) + timedelta(weeks=next(_days))


@example("foundation.edit_day")
@example("foundation.edit_day", follows="calendar_changed")
def edit_day(world: World) -> Example:
    given = {"day": a_day(), "is_workday": False, "name": "临时放假", "source": "演示通知"}
    return Example(world.actor("city_supervisor"), given, other={"name": "停电检修"})


@example("foundation.confirm_year")
@example("foundation.confirm_year", follows="calendar_changed")
def confirm_year(world: World) -> Example:
    day = a_day().replace(year=2051 + next(_days))
    given = {"year": day.year, "exceptions": [DayException(day, False, "元旦")], "source": "演示通知"}
    return Example(world.actor("administrator"), given, other={"source": "另一个通知"})


@example("foundation.load_year", follows="calendar_changed")
def load_year(world: World) -> Example:
    given = {"year": 2101 + next(_days), "exceptions": [], "confirmed": True, "source": "演示数据"}
    return Example(reach.system(), given)


def looked_at(world: World) -> int:
    """Report a case that two people of the residents' committee could go and look at."""
    # Foundation stands below cases: only what is played knows them.
    from anju.duties.cases.tests.examples import filed

    return filed(world).pk


def held(world: World) -> Holding:
    """Give a case to the grid worker."""
    whom = world.member("grid_worker").person.pk
    by = world.actor("community_manager")
    return hands.give("cases", looked_at(world), whom, by=by, at=world.now)


@example("foundation.assign")
def assign(world: World) -> Example:
    given = {"kind": "cases", "pk": looked_at(world), "person_id": world.member("grid_worker").person.pk}
    return Example(world.actor("community_manager"), given, other={"note": "今天去看"})


@example("foundation.hand_over")
def hand_over(world: World) -> Example:
    given = {"holding_id": held(world).pk, "person_id": world.member("community_manager").person.pk}
    return Example(world.actor("grid_worker"), given, other={"note": "我明天休假"})


@example("foundation.release")
def release(world: World) -> Example:
    given = {"holding_id": held(world).pk}
    return Example(world.actor("grid_worker"), given, other={"note": "不顺路"}, same=lambda answer: None)
