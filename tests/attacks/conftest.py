"""Hands of the attacks: a world with one case, and the people who may not touch it."""

from collections.abc import Callable
from datetime import datetime

import pytest
from django.utils import timezone

from anju.duties.cases import services
from anju.duties.cases.models import Case
from anju.ground.access.actors import PUBLIC
from anju.ground.foundation.tests import samples

from .duty_world import begun, everything, hazard, ready, visited, world  # noqa: F401  (fixtures)


@pytest.fixture(autouse=True)
def _own_store(settings, tmp_path):
    settings.FILE_STORE = tmp_path / "files"


@pytest.fixture
def now() -> datetime:
    """This moment: pages read the real clock, so the attacks live in the present."""
    return timezone.now()


@pytest.fixture
def filed(city, now) -> Callable[..., Case]:
    """Return a function that files a hazard in 槐荫小区 as a resident would, with a sealed identity and a photo."""

    def file(seed: int = 71, **told) -> Case:
        # Each further one from another phone, or the limits of the public form would refuse it.
        phone = "13912345678" if seed == 71 else f"139{seed:08}"
        values = {
            "kind": "hazard",
            "class_code": "EG02",
            "text": "二单元一楼安全出口被铁链锁住，晚上打不开",
            "place": "3号楼2单元",
            "by": PUBLIC,
            "at": now,
            "channel": "portal",
            "estate": city.estates.huaiyin,
            "reporter": services.Reporter(name="韩梅梅", phone=phone, origin="203.0.113.9"),
            "uploads": [services.Upload(samples.upload(samples.photo(seed=seed)))],
        }
        return services.report(**values | told)

    return file


@pytest.fixture
def case(filed) -> Case:
    """One reported hazard, waiting to be dispatched."""
    return filed()


@pytest.fixture
def walk(city) -> Callable[..., Case]:
    """Return a function that takes a case through acts, each by whoever is in turn, now."""

    def go(case: Case, *acts: str) -> Case:
        people = city.people
        who = {
            "assign": people.street_officer,
            "accept": people.company_clerk,
            "return_back": people.company_clerk,
            "submit": people.company_clerk,
            "close": people.community_manager,
            "send_back": people.community_manager,
        }
        for number, act in enumerate(acts):
            at = timezone.now()
            case = services.take_step(
                case_id=case.pk,
                act=act,
                by=who[act].actor(at),
                at=at,
                note="当日下午到现场剪断铁链并拆除门锁，出口可以推开" + "了" * number,
                uploads=[services.Upload(samples.upload(samples.photo(seed=case.pk * 10 + number)))]
                if act == "submit"
                else [],
            )
        return case

    return go
