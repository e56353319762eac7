"""Hands for the tests of the loop: report, take steps, photograph."""

from collections.abc import Callable
from datetime import datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from anju.duties.cases import services
from anju.duties.cases.models import Case
from anju.ground.access.actors import PUBLIC
from anju.ground.foundation.tests import samples


@pytest.fixture(autouse=True)
def _own_store(settings, tmp_path):
    settings.FILE_STORE = tmp_path / "files"


@pytest.fixture
def photo() -> Callable[..., services.Upload]:
    """Return a function that makes a photo; each number another picture."""

    def take(number: int = 1) -> services.Upload:
        data = samples.photo(seed=number)
        return services.Upload(SimpleUploadedFile(f"photo{number}.jpg", data, content_type="image/jpeg"))

    return take


@pytest.fixture
def reported(city, friday_9am) -> Callable[..., Case]:
    """Return a function that reports a case as a resident would."""

    def report(**told) -> Case:
        values = {
            "kind": "hazard",
            "class_code": "EG02",
            "text": "二单元一楼安全出口被铁链锁住，晚上打不开",
            "place": "3号楼2单元",
            "by": PUBLIC,
            "at": friday_9am,
            "channel": "portal",
            "estate": city.estates.huaiyin,
            "reporter": services.Reporter(name="韩梅", phone="13912345678", origin="203.0.113.9"),
        }
        return services.report(**values | told)

    return report


@pytest.fixture
def walk(wang, li, company_clerk, photo) -> Callable[..., Case]:
    """Return a function that takes a case through acts, each by whoever is in turn."""

    def go(case: Case, *acts: str, at: datetime) -> Case:
        who = {
            "assign": wang, "void": wang, "accept": company_clerk, "return_back": company_clerk,
            "submit": company_clerk, "close": li, "send_back": li, "verify": li,
        }  # fmt: skip
        notes = {
            "submit": "当日上午剪断铁链拆除门锁，出口恢复常开并张贴提示",
            "close": "下午三点到现场查看，出口可以自由推开，锁具已拆除",
            "send_back": "北侧出口仍然上锁，需要一并拆除",
            "return_back": "不属于本公司服务区域",
            "void": "经现场核实，位置不存在",
        }
        for act in acts:
            case = services.take_step(
                case_id=case.pk,
                act=act,
                by=who[act].actor(at),
                at=at,
                note=notes.get(act, ""),
                uploads=[photo(case.pk * 10 + len(act) + case.send_backs)] if act == "submit" else [],
            )
        return case

    return go
