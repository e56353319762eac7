"""Two at once: the same request twice, the same step by two officers, the same job in four workers, a killed worker."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from anju.duties.cases import services
from anju.duties.cases.models import Case, Report, TermRequest
from anju.ground.access.actors import PUBLIC
from anju.ground.foundation import journal, ladder, notices
from anju.ground.foundation.models import Event
from anju.ground.foundation.refusals import NotAllowedNow, Refusal

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Run acts in threads of their own, each with its connection, and return what each gave or raised."""
    barrier = threading.Barrier(len(acts))

    def run(act: Callable[[], object]) -> object:
        try:
            connection.ensure_connection()
            barrier.wait()
            return act()
        except Exception as error:
            barrier.abort()  # nobody waits for one who never comes
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(run, acts))


def test_the_same_report_sent_twice_at_once_files_one_case(city, now):
    def send() -> Case:
        return services.report(
            kind="hazard", class_code="EG02", text="安全出口被铁链锁住", by=PUBLIC, at=now, channel="portal",
            estate=city.estates.huaiyin, reporter=services.Reporter(phone="13912345678"), key="one-and-only",
        )  # fmt: skip

    given = at_once(*[send] * 4)
    assert {getattr(case, "pk", case) for case in given} == {Case.objects.get().pk}
    assert Report.objects.count() == Event.objects.filter(name="cases.report").count() == 1


def test_the_same_step_sent_twice_at_once_is_taken_once_and_answered_twice(city, case, now):
    officer = city.people.street_officer.actor(now)

    def step() -> Case:
        return services.take_step(case_id=case.pk, act="assign", by=officer, at=now, key="step-1")

    given = at_once(step, step, step)
    assert [getattr(got, "state", got) for got in given] == ["assigned"] * 3
    assert journal.events_named(case, "cases.assign").count() == 1


def test_of_two_officers_who_take_the_same_step_one_wins_and_one_is_told(city, case, walk, now):
    walk(case, "assign", "accept", "submit")
    manager, worker = city.people.community_manager.actor(now), city.people.grid_worker.actor(now)

    def close() -> Case:
        return services.take_step(
            case_id=case.pk, act="close", by=manager, at=now, note="现场查看出口可以推开，锁具已拆除"
        )

    def send_back() -> Case:
        return services.take_step(case_id=case.pk, act="send_back", by=worker, at=now, note="北侧还锁着")

    given = at_once(close, send_back)
    assert sum(isinstance(got, NotAllowedNow) for got in given) == 1
    assert sum(isinstance(got, Case) for got in given) == 1
    case.refresh_from_db()
    events = [e.name for e in journal.events_of(case) if e.name in ("cases.close", "cases.send_back")]
    assert events == [{"closed": "cases.close", "fixing": "cases.send_back"}[case.state]]
    assert case.clocks.filter(stopped_at=None).count() == (case.state == "fixing")


def test_two_who_grant_more_time_at_once_extend_it_once(city, case, walk, now):
    walk(case, "assign", "accept")
    clerk = city.people.company_clerk.actor(now)
    asked = services.ask_term(case_id=case.pk, kind="extend", days=3, reason="铁门需要定制", by=clerk, at=now)
    deciders = [city.people.street_officer.actor(now), city.people.county_supervisor.actor(now)]
    given = at_once(
        *[
            lambda by=by: services.decide_term(request_id=asked.pk, granted=True, by=by, at=now)
            for by in deciders
        ]
    )
    assert sorted(type(got).__name__ for got in given) == ["NotAllowedNow", "TermRequest"]
    assert len(case.clocks.get(kind="rectify").adjustments) == 1
    assert TermRequest.objects.get().granted is True


def test_two_who_merge_the_same_pair_crosswise_end_with_one_merged(city, case, filed, now):
    other = filed(seed=76, text="3号楼安全出口一直锁着")
    officer = city.people.street_officer.actor(now)
    given = at_once(
        lambda: services.merge(into_id=case.pk, case_id=other.pk, by=officer, at=now),
        lambda: services.merge(into_id=other.pk, case_id=case.pk, by=officer, at=now),
    )
    assert sorted(type(got).__name__ for got in given) == ["Case", "NotAllowedNow"]
    assert sorted(Case.objects.values_list("state", flat=True)) == ["merged", "reported"]


def test_a_reporter_who_presses_twice_rates_once_and_reopens_once(city, case, walk, now):
    walk(case, "assign", "accept", "submit", "close")
    code = case.reports.get().code

    def rate() -> Report:
        return services.rate(code=code, rating=1, reason="出口还是打不开", by=PUBLIC, at=timezone.now())

    given = at_once(rate, rate, rate)
    assert sorted(type(got).__name__ for got in given) == ["NotAllowedNow", "NotAllowedNow", "Report"]
    case.refresh_from_db()
    assert (case.state, case.reopens) == ("reported", 1)
    assert case.desk == city.offices.east_housing


def test_four_workers_escalate_each_overdue_case_once(city, filed, now):
    cases = [filed(seed=80 + n, text=f"安全出口第{n}次被锁住") for n in range(6)]
    later = max(c.due_at for c in cases) + timedelta(minutes=1)
    raised = at_once(*[lambda: ladder.climb_all(at=later, batch=2)] * 4)
    assert sum(raised) == len(cases)
    for case in cases:
        assert journal.events_named(case, "cases.escalate").count() == 1
        assert notices.about(case).filter(kind="escalate").count() == 1
    assert ladder.climb_all(at=later) == 0


def test_a_worker_killed_between_claim_and_record_leaves_nothing(city, case, now, monkeypatch):
    later = case.due_at + timedelta(minutes=1)
    before = Case.objects.values().get(pk=case.pk)

    def cut(*_args: object, **_told: object) -> None:
        # As a kill does: the server sees the connection go and rolls back.
        connection.cursor().execute("SELECT pg_terminate_backend(pg_backend_pid())")

    with monkeypatch.context() as patch:
        patch.setattr(journal, "record", cut)
        (given,) = at_once(lambda: ladder.climb_all(at=later))
    assert isinstance(given, Exception) and not isinstance(given, Refusal)
    assert Case.objects.values().get(pk=case.pk) == before
    assert not notices.about(case).exists()
    assert ladder.climb_all(at=later) == 1


def test_a_step_whose_record_fails_is_not_taken(city, case, now, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(journal, "record", lambda *a, **k: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            services.take_step(
                case_id=case.pk, act="assign", by=city.people.street_officer.actor(now), at=now
            )
    case.refresh_from_db()
    assert case.state == "reported"
    assert not case.clocks.filter(kind="accept").exists()


def test_the_journal_refuses_to_be_changed_or_shortened(case):
    for statement in (
        "UPDATE foundation_event SET note = 'x'",
        "DELETE FROM foundation_event",
    ):
        with pytest.raises(Exception, match="append"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert journal.events_of(case)
