"""What was frozen stays as it was, and says what has changed since."""

from dataclasses import replace
from datetime import date

import pytest
from django.db import Error, connection, transaction

from anju.duties.cases.models import Case
from anju.duties.cases.rules import State
from anju.ground.foundation import journal
from anju.ground.foundation.refusals import NotAllowedNow, NotFound, NotPermitted, Refusal
from anju.means.figures import queries, services
from anju.means.figures.models import FigureSnapshot
from anju.means.figures.queries import Query
from anju.means.figures.rules import Period

from .making import make_case, moment, officer

JUNE = Period(date(2024, 6, 1), date(2024, 6, 30))
NOW = moment("2024-07-12 09:00")
LATER = moment("2024-08-01 09:00")


@pytest.fixture
def kept(city):
    """A frozen answer of 东湖区 in June, by street."""
    for day in range(1, 9):
        make_case(city.areas.huaiyin if day % 2 else city.areas.hebin, f"2024-06-{day:02d}", State.CLOSED)
    query = Query(("received", "on_time_rate"), JUNE, by="street")
    by = officer(city.areas.east, publish=True)
    return services.freeze(query=query, title="六月统计", by=by, at=NOW)


def test_a_snapshot_keeps_numbers_definitions_rows_and_cut_off(kept):
    received, on_time = kept.values
    assert (received["value"], on_time["value"]) == (8, 100.0)
    assert {part["name"]: part["value"] for part in received["slices"]} == {"槐荫街道": 4, "河滨街道": 4}
    assert received["rows"]["numerator"]["count"] == 8
    assert len(received["rows"]["numerator"]["sha256"]) == 64
    assert on_time["rows"]["denominator"]["count"] == 8
    assert "已并案" in received["definition"]
    assert kept.cut_off == moment("2024-07-01")
    assert [event.name for event in journal.events_of(kept)] == ["figures.freeze"]


def test_a_snapshot_refuses_every_change_and_removal(kept):
    attempts = (
        lambda: FigureSnapshot.objects.filter(pk=kept.pk).update(title="别的"),
        lambda: FigureSnapshot.objects.filter(pk=kept.pk).update(values=[]),
        lambda: FigureSnapshot.objects.filter(pk=kept.pk).update(published_at=LATER, title="别的"),
        lambda: FigureSnapshot.objects.filter(pk=kept.pk).delete(),
    )
    for attempt in attempts:
        with pytest.raises(Error, match="frozen"), transaction.atomic():
            attempt()
    assert FigureSnapshot.objects.get(pk=kept.pk).title == "六月统计"


def test_publishing_happens_once_and_cannot_be_taken_back(kept, city):
    by = officer(city.areas.east, publish=True)
    services.publish(snapshot_id=kept.pk, by=by, at=LATER)
    with pytest.raises(NotAllowedNow):
        services.publish(snapshot_id=kept.pk, by=by, at=LATER)
    with pytest.raises(Error, match="frozen"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE figures_figuresnapshot SET published_at = NULL")
    assert [event.name for event in journal.events_of(kept)] == ["figures.freeze", "figures.publish"]


def test_revisions_say_what_changed_even_when_the_number_did_not(kept, city):
    same = services.revisions(kept, at=LATER)
    assert all(line.difference == 0 for line in same)
    assert all(line.same_rows in (True, None) for line in same)
    first = Case.objects.order_by("pk")[0]
    Case.objects.filter(pk=first.pk).update(state=State.MERGED)
    make_case(city.areas.hebin, "2024-06-20", State.CLOSED)
    lines = {(r.measure, r.slice_name): r for r in services.revisions(kept, at=LATER)}
    total = lines["received", "东湖区"]
    assert (total.frozen, total.today, total.difference, total.same_rows) == (8, 8, 0, False)
    assert lines["received", "槐荫街道"].difference == -1
    assert lines["received", "河滨街道"].difference == 1
    assert FigureSnapshot.objects.get(pk=kept.pk).values == kept.values


def test_only_holders_of_the_power_freeze_and_only_within_reach(city, kept):
    query = Query(("received",), JUNE)
    with pytest.raises(NotPermitted):
        services.freeze(query=query, title="统计", by=officer(city.areas.east), at=NOW)
    with pytest.raises(Refusal):
        services.freeze(query=query, title=" ", by=officer(city.areas.east, publish=True), at=NOW)
    elsewhere = Query(("received",), JUNE, ("area", str(city.areas.west.pk)))
    with pytest.raises(NotFound):
        services.freeze(query=elsewhere, title="统计", by=officer(city.areas.east, publish=True), at=NOW)
    with pytest.raises(NotFound):
        services.publish(snapshot_id=kept.pk, by=officer(city.areas.west, publish=True), at=NOW)


def test_others_see_a_snapshot_once_it_is_published(city, kept):
    west = officer(city.areas.west)
    assert not queries.snapshots(actor=west).filter(pk=kept.pk).exists()
    assert queries.snapshots(actor=officer(city.areas.city)).filter(pk=kept.pk).exists()
    services.publish(snapshot_id=kept.pk, by=officer(city.areas.east, publish=True), at=LATER)
    assert queries.snapshots(actor=west).filter(pk=kept.pk).exists()


def test_one_post_does_not_publish_what_another_sees(city, kept):
    east, west = officer(city.areas.east), officer(city.areas.west, publish=True)
    both = replace(
        west,
        powers={**west.powers, "figures.see": (*west.powers["figures.see"], *east.powers["figures.see"])},
    )
    assert queries.snapshots(actor=both).filter(pk=kept.pk).exists()
    with pytest.raises(NotPermitted):
        services.publish(snapshot_id=kept.pk, by=both, at=LATER)
    assert FigureSnapshot.objects.get(pk=kept.pk).published_at is None
