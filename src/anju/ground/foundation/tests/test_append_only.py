"""The journal cannot be rewritten, not even by the owner of its table."""

import pytest
from django.db import DatabaseError, connection, transaction
from tests.cast import BUILT_AT, Builder

from anju.ground.foundation import journal
from anju.ground.foundation.models import Event


@pytest.fixture
def event(db):
    return journal.record("foundation.tried", subject=None, by=Builder(), at=BUILT_AT)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE foundation_event SET note = 'nothing happened'",
        "DELETE FROM foundation_event",
        "TRUNCATE foundation_event",
        "TRUNCATE foundation_event CASCADE",
    ],
)
def test_no_statement_rewrites_the_journal(event, statement):
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert Event.objects.filter(pk=event.pk, note="").exists()


def test_no_code_rewrites_the_journal(event):
    event.note = "nothing happened"
    for rewrite in (event.save, event.delete, Event.objects.all().delete):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            rewrite()


@pytest.mark.django_db(transaction=True)
def test_an_event_outside_of_a_transaction_is_a_bug():
    with pytest.raises(RuntimeError, match="transaction of its act"):
        journal.record("foundation.tried", subject=None, by=Builder(), at=BUILT_AT)
