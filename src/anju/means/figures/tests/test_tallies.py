"""A tally is what its facts are, whatever happens to them and however often it was folded."""

from datetime import date, timedelta
from random import Random

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from anju.duties.inspections.models import Finding, VisitPart
from anju.means.figures.models import TallyDelta, TallyRow, TallyState, tallies
from anju.means.figures.queries import kept, registry
from anju.means.figures.services import keeping

from .inspecting import chain, find, fine, life, make_unit, stamped, visit_unit

AT = timezone.make_aware(timezone.datetime(2024, 8, 1, 9))


def wrong():
    return [line for spec in registry.specs() for line in keeping.check(spec, at=AT)]


def test_every_declared_tally_has_the_triggers_it_declares(db):
    names = {spec.name for spec in registry.specs()}
    assert {"visits", "findings", "rectified", "fines"} <= names
    assert all(kept.usable(registry.specs()).values())
    assert set(TallyState.objects.values_list("name", flat=True)) == names


def test_writing_one_visit_notes_one_change_and_folding_makes_it_four_rows(city):
    unit = make_unit(city, 1)
    visit_unit(city, unit, date(2024, 3, 5))
    noted = TallyDelta.objects.filter(tally="visits")
    assert noted.count() == 1
    (delta,) = noted
    assert (delta.day, delta.number, delta.d1, delta.d2) == (date(2024, 3, 5), 1, "police_station", "false")
    assert keeping.fold() == 1
    assert not TallyDelta.objects.exists()
    kept = TallyRow.objects.filter(tally="visits").order_by("grain")
    assert [(row.grain, row.day, row.street > 0) for row in kept] == [
        (tallies.MONTH_COUNTY, date(2024, 3, 1), False),
        (tallies.MONTH_STREET, date(2024, 3, 1), True),
        (tallies.DAY_COUNTY, date(2024, 3, 5), False),
        (tallies.DAY_STREET, date(2024, 3, 5), True),
    ]
    assert keeping.fold() == 0


def test_a_change_that_counts_nothing_notes_nothing(city):
    unit = make_unit(city, 1)
    part = visit_unit(city, unit, date(2024, 3, 5))
    find(part)
    keeping.fold()
    VisitPart.objects.update(note="改了备注", findings_count=3)
    Finding.objects.update(text="改了文字", place="三单元")
    assert not TallyDelta.objects.exists()


def test_a_row_that_no_longer_counts_takes_itself_out_and_leaves_no_empty_row(city):
    unit = make_unit(city, 1)
    part = visit_unit(city, unit, date(2024, 3, 5))
    keeping.fold()
    VisitPart.objects.filter(pk=part.pk).update(visited_on=None)
    keeping.fold()
    assert not TallyRow.objects.filter(tally="visits").exists()
    assert wrong() == []


def test_money_is_added_up_to_the_cent_and_a_cancelled_fine_goes(city):
    finding = find(visit_unit(city, make_unit(city, 1), date(2024, 3, 5)))
    for amount in ("0.10", "0.20", "33.33"):
        penalty = fine(finding, date(2024, 3, 6), amount)
    keeping.fold()
    row = TallyRow.objects.get(tally="fines", grain=tallies.MONTH_COUNTY)
    assert (row.number, str(row.amount)) == (3, "33.63")
    penalty.cancelled_on = date(2024, 4, 1)
    penalty.save()
    keeping.fold()
    row.refresh_from_db()
    assert (row.number, str(row.amount)) == (2, "0.30")


def test_rows_that_came_by_copy_are_counted(city):
    unit = make_unit(city, 1)
    part = visit_unit(city, unit, date(2024, 3, 5))
    columns = [field.column for field in Finding._meta.concrete_fields if field.column != "id"]
    model = find(part)
    values = [
        getattr(model, field.attname) for field in Finding._meta.concrete_fields if field.column != "id"
    ]
    before = TallyDelta.objects.filter(tally="findings").count()
    with connection.cursor() as cursor:
        with cursor.copy(f"COPY inspections_finding ({', '.join(columns)}) FROM STDIN") as copy:
            for _ in range(500):
                copy.write_row(values)
        # Five hundred rows of one place and day are one change.
        assert TallyDelta.objects.filter(tally="findings").count() == before + 1
    assert wrong() == []


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_the_tally_is_what_the_facts_say(city, seed):
    dice = Random(seed)
    life(city, seed, visits=25)
    for _step in range(12):
        parts = list(VisitPart.objects.order_by("?")[:3])
        match dice.randrange(6):
            case 0:
                VisitPart.objects.filter(pk__in=[p.pk for p in parts]).update(
                    visited_on=None, previous_on=None
                )
                for part in parts:
                    chain(part.unit)
            case 1:
                where = stamped(city.areas.shanqian)
                VisitPart.objects.filter(pk__in=[p.pk for p in parts]).update(**where)
            case 2:
                Finding.objects.filter(part__in=parts, counted=True).update(rectified_on=date(2024, 7, 20))
            case 3:
                with connection.cursor() as cursor:
                    cursor.execute(
                        "UPDATE penalties_penalty SET amount = amount + 0.01, cancelled_on = NULL WHERE id % 2 = 0"
                    )
            case 4:
                with connection.cursor() as cursor:
                    cursor.execute(
                        "DELETE FROM inspections_finding f WHERE part_id = ANY(%s) "
                        "AND NOT EXISTS (SELECT 1 FROM penalties_penalty WHERE finding_id = f.id)",
                        [[part.pk for part in parts]],
                    )
            case 5:
                VisitPart.objects.update(is_old_community=True)
        if dice.random() < 0.5:
            keeping.fold()
    assert wrong() == []
    keeping.fold()
    assert wrong() == []
    before = list(TallyRow.objects.order_by("tally", "grain", *tallies.KEY).values_list("number", "amount"))
    for spec in registry.specs():
        keeping.rebuild(spec, at=AT)
    after = list(TallyRow.objects.order_by("tally", "grain", *tallies.KEY).values_list("number", "amount"))
    assert after == before


def test_a_tally_that_was_tampered_with_is_found_logged_and_no_longer_asked(city, caplog, capsys):
    visit_unit(city, make_unit(city, 1), date(2024, 3, 5))
    keeping.fold()
    TallyRow.objects.filter(tally="visits", grain=tallies.DAY_COUNTY).update(number=7)
    with pytest.raises(SystemExit):
        call_command("check_tallies")
    assert "tally visits differs" in caplog.text
    state = TallyState.objects.get(name="visits")
    assert state.differences == 1
    assert state.sample[0]["number"] == "-6"
    spec = next(s for s in registry.specs() if s.name == "visits")
    assert kept.usable([spec]) == {"visits": False}
    call_command("rebuild_tallies", "visits")
    call_command("check_tallies")
    assert kept.usable([spec]) == {"visits": True}


def test_a_whole_table_emptied_empties_its_tally(city):
    visit_unit(city, make_unit(city, 1), date(2024, 3, 5))
    keeping.fold()
    visit_unit(city, make_unit(city, 2), date(2024, 3, 5) + timedelta(days=1))
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; TRUNCATE inspections_visitpart CASCADE")
    assert not TallyRow.objects.filter(tally="visits").exists()
    assert not TallyDelta.objects.filter(tally="visits").exists()
    call_command("fold_tallies")
