"""演示数据 for documents: somebody who issues, something it is about, and a place for files that vanishes."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, models

from anju.ground.access.actors import Actor
from anju.ground.foundation.models import JobProgress
from anju.means.documents import registry, services
from anju.means.documents.models import IssuedDocument

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


@pytest.fixture
def committed(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Let a test commit, for threads to meet in the database; afterwards only what it added is taken out again.

    pytest-django's own way empties every table by TRUNCATE, which the journal and the papers refuse.
    """
    tables = (
        "documents_issueddocument",
        "foundation_event",
        "foundation_issuednumber",
        "foundation_numberregister",
        "foundation_storedfile",
        "foundation_jobprogress",
    )
    with django_db_blocker.unblock():
        with connection.cursor() as cursor:
            last = {}
            for table in tables:
                cursor.execute(f"SELECT COALESCE(max(id), 0) FROM {table}")
                last[table] = cursor.fetchone()[0]
        yield
        with connection.cursor() as cursor:
            for table in tables:
                # Those alone that hold now: others are out of force for the tests that empty the tables.
                cursor.execute(
                    "SELECT quote_ident(tgname) FROM pg_trigger"
                    " WHERE tgrelid = %s::regclass AND NOT tgisinternal AND tgenabled = 'O'",
                    [table],
                )
                holding = [name for (name,) in cursor.fetchall()]
                for name in holding:
                    cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {name}")
                cursor.execute(f"DELETE FROM {table} WHERE id > %s", [last[table]])
                for name in holding:
                    cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER {name}")
        connection.close()
