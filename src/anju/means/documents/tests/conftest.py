"""演示数据 for documents: somebody who issues, something it is about, and a place for files that vanishes."""

from typing import Any

import pytest
from django.db import models

from anju.ground.access.actors import Actor
from anju.ground.foundation.models import JobProgress
from anju.means.documents import services
from anju.means.documents.models import IssuedDocument
from anju.means.documents.queries import registry

from .samples import AT, order


@pytest.fixture
def li() -> Actor:
    return Actor(account_id=None, kind="account", name="李演示", post="街道办事处干部")


@pytest.fixture(autouse=True)
def _files_that_vanish(settings: Any, tmp_path: Any) -> None:
    settings.FILE_STORE = tmp_path / "files"
    settings.DATA_DIR = tmp_path


@pytest.fixture(autouse=True)
def _deciders_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_deciders", {})
    monkeypatch.setattr(registry, "_void_themselves", set())


@pytest.fixture
def subject(db: None) -> models.Model:
    """Return the record the papers are about; documents need only its type and number."""
    return JobProgress.objects.create(kind="demo", title="演示")


@pytest.fixture
def issued(subject: models.Model, li: Actor) -> IssuedDocument:
    return services.issue(
        kind="order_timed", data=order(), register_code="红演办责改字", subject=subject, by=li, at=AT
    )
