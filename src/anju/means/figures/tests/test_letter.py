"""The page of the report's figures, and what happens to them after they are published."""

import json
import re
from datetime import date
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import Error, connection, transaction
from django.urls import reverse

from anju.duties.inspections.models import Finding
from anju.duties.penalties.models import Penalty
from anju.ground.foundation import journal
from anju.means.figures import jobs, queries, services
from anju.means.figures.models import FigureRevision, FigureSnapshot
from anju.means.figures.queries import Query, registry
from anju.means.figures.rules import Period

from .inspecting import find, fine, make_unit, pay, visit_unit
from .making import moment, officer

HALF = Period(date(2024, 1, 1), date(2024, 7, 15))
ASKED = "from=2024-01-01&to=2024-07-15"
NOW = moment("2024-07-16 09:00")
LATER = moment("2024-09-01 09:00")
SIX = ("units_inspected", "hazards_found", "fines_decided_yuan", "old_communities_inspected",
       "ebike_hazards_rectified", "ebike_fines_yuan")  # fmt: skip


@pytest.fixture
def half(city):
    """A small half-year: two units, three visits, three hazards, two fines."""
    shop, old = make_unit(city, 1), make_unit(city, 2, "hebin")
    find(visit_unit(city, shop, date(2024, 2, 5)), top_class="FA", class_code="FA01")
    visit_unit(city, shop, date(2024, 5, 6))
    part = visit_unit(city, old, date(2024, 3, 4), is_old_community=True)
    fixed = find(part, rectified_on=date(2024, 3, 9))
    find(part)
    pay(fine(fixed, date(2024, 3, 12), "200"), date(2024, 3, 20), "200")
    fine(fixed, date(2024, 3, 13), "75394.50", top_class="FA", class_code="FA01")
    return city


def numbers(page):
    found = re.findall(r'href="(/figures/rows\?[^"]*)"[^>]*>(?:<span class="num">)?([\d,.]+)', page)
    return {href.replace("&amp;", "&"): text for href, text in found}


def test_the_page_reads_as_the_report_does_and_every_number_opens_its_rows(
    half, county_supervisor, signed_in_as
):
    client = signed_in_as(county_supervisor)
    page = client.get(f"{reverse('figures:letter')}?{ASKED}").content.decode()
    text = re.sub(r"<[^>]+>", "", page)
    assert (
        "2024年1月1日至2024年7月15日，东湖区公安派出所共检查单位2家，发现隐患3处，罚款75,594.50元；"
        "其中检查老旧小区1家，发现整改电动车隐患1处，罚款200元。"
    ) in text
    for words in (
        "检查家次",
        "3家次",
        "整改率50.0%",
        "罚款缴纳金额",
        "200元",
        "同比",
        "环比",
        "以决定日期为准",
    ):
        assert words in text, words
    opened = 0
    for href, number in numbers(page).items():
        listed = client.get(href).content.decode()
        if "yuan" not in href:
            assert f"共 {number} 条" in listed or number == "0", href
            opened += 1
    assert opened > 12


def test_without_this_years_records_the_page_shows_the_last_year_that_has_some(
    half, county_supervisor, signed_in_as
):
    page = signed_in_as(county_supervisor).get(reverse("figures:letter")).content.decode()
    assert "今年还没有检查记录" in page
    assert "2024年1月1日" in page


def test_whoever_sees_no_figures_sees_no_report(half, company_clerk, signed_in_as, outsider):
    assert signed_in_as(company_clerk).get(reverse("figures:letter")).status_code == 404
    assert signed_in_as(company_clerk).get(reverse("figures:revisions")).status_code == 404
    east = half.areas.east.pk
    asked = f"{reverse('figures:letter')}?{ASKED}&territory=area:{east}"
    assert signed_in_as(outsider).get(asked).status_code == 404


def test_a_strange_period_is_answered_with_a_sentence(half, county_supervisor, signed_in_as):
    page = signed_in_as(county_supervisor).get(f"{reverse('figures:letter')}?from=x&to=y")
    assert (page.status_code, "日期请写成" in page.content.decode()) == (200, True)


@pytest.fixture
def published(half):
    """The half-year's figures of 东湖区, frozen and published."""
    by = officer(half.areas.east, publish=True)
    names = tuple(measure.name for measure in registry.on_shelf("letter"))
    kept = services.freeze(query=Query(names, HALF, by="street"), title="上半年检查执法数字", by=by, at=NOW)
    return services.publish(snapshot_id=kept.pk, by=by, at=NOW)


def test_a_frozen_amount_is_exact_and_compares_as_it_was(published):
    kept = {number["measure"]: number for number in published.values}
    assert kept["fines_decided_yuan"]["value"] == 75594.5
    assert json.dumps(kept["fines_decided_yuan"]["value"]) == "75594.5"
    assert kept["ebike_fines_yuan"]["value"] == 200
    assert all(line.difference == 0 for line in services.revisions(published, at=LATER))


def test_what_changes_after_publication_is_noticed_once_and_the_publication_stays(published, half):
    assert services.note_revisions(snapshot_id=published.pk, at=LATER) == []
    frozen = published.values
    visit = visit_unit(half, make_unit(half, 3), date(2024, 6, 3))
    find(visit, rectified_on=None)
    Finding.objects.filter(rectified_on=None, is_old_community=True).update(rectified_on=date(2024, 7, 1))
    noticed = services.note_revisions(snapshot_id=published.pk, at=LATER)
    told = {(r.measure, r.slice_name): (r.old, r.new) for r in noticed}
    assert told["units_inspected", "东湖区"] == (2, 3)
    assert told["units_inspected", "槐荫街道"] == (1, 2)
    assert told["ebike_hazards_rectified", "东湖区"] == (1, 2)
    assert ("units_inspected", "河滨街道") not in told
    assert ("fines_decided_yuan", "东湖区") not in told
    assert services.note_revisions(snapshot_id=published.pk, at=LATER) == []
    assert FigureSnapshot.objects.get(pk=published.pk).values == frozen
    assert [e.name for e in journal.events_of(published)][-1] == "figures.revise"
    # Back again is a change too: the record keeps both.
    visit.findings.update(counted=False)
    again = services.note_revisions(snapshot_id=published.pk, at=LATER)
    assert ("hazards_found", 4, 3) in [(r.measure, r.old, r.new) for r in again if r.slice_key is None]


def test_the_nightly_round_asks_published_snapshots_only(published, half):
    by = officer(half.areas.east, publish=True)
    services.freeze(query=Query(("visits",), HALF), title="未发布", by=by, at=NOW)
    visit_unit(half, make_unit(half, 3), date(2024, 6, 3))
    assert jobs.revise(timestamp=0) > 0
    assert set(FigureRevision.objects.values_list("snapshot_id", flat=True)) == {published.pk}
    assert jobs.fold(timestamp=0) > 0
    assert jobs.check(timestamp=0) == 0


def test_a_recorded_revision_cannot_be_changed_or_removed(published, half):
    visit_unit(half, make_unit(half, 3), date(2024, 6, 3))
    services.note_revisions(snapshot_id=published.pk, at=LATER)
    for sql in ("UPDATE figures_figurerevision SET new = '1'", "DELETE FROM figures_figurerevision"):
        with pytest.raises(Error, match="added to only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)


def test_revisions_stand_under_the_snapshot_on_their_page_and_with_the_rows(
    published, half, county_supervisor, signed_in_as
):
    client = signed_in_as(county_supervisor)
    assert "发布的数字都没有变" in client.get(reverse("figures:revisions")).content.decode()
    visit_unit(half, make_unit(half, 3), date(2024, 6, 3))
    services.note_revisions(snapshot_id=published.pk, at=LATER)
    page = client.get(f"{reverse('figures:revisions')}?measure=visits").content.decode()
    assert "检查家次" in page
    assert "+1" in page
    assert "检查单位数</a>" not in page
    assert "发布后的修订" in client.get(reverse("figures:snapshot", args=[published.pk])).content.decode()
    rows = client.get(f"{reverse('figures:rows')}?measure=visits&{ASKED}").content.decode()
    assert "处修订" in rows
    assert queries.revisions(actor=officer(half.areas.west)).count() > 0  # published for all


def test_a_supervisor_freezes_what_the_page_shows(half, county_supervisor, signed_in_as):
    client = signed_in_as(county_supervisor)
    page = client.get(f"{reverse('figures:letter')}?{ASKED}").content.decode()
    form = page.split('id="freeze"')[1].split("</form>")[0]
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form)
    asked: dict[str, list[str]] = {}
    for name, value in fields:
        asked.setdefault(name, []).append(value)
    answer = client.post(reverse("figures:freeze"), {**asked, "title": "半年数字"})
    kept = FigureSnapshot.objects.get()
    assert answer.headers["Location"] == reverse("figures:snapshot", args=[kept.pk])
    assert {number["measure"] for number in kept.values} >= set(SIX)
    assert "75,594.50" in client.get(answer.headers["Location"]).content.decode()


def test_the_command_prints_the_new_measures_and_says_what_does_not_add_up(half):
    out = StringIO()
    words = ("--from", "2024-01-01", "--to", "2024-07-15", "--territory", "9901")
    call_command("figures", *words, "--json", stdout=out)
    told = {line["measure"]: line for line in json.loads(out.getvalue())}
    assert (told["units_inspected"]["value"], told["visits"]["value"]) == (2, 3)
    assert (told["fines_decided_yuan"]["value"], told["fines_decided_yuan"]["unit"]) == (75594.5, "yuan")
    assert "75594.5," in out.getvalue()
    out = StringIO()
    call_command("figures", *words, "--measure", "units_inspected", "--by", "month", stdout=out)
    assert "不能相加" in out.getvalue()
    out = StringIO()
    call_command("figures", *words, "--measure", "fines_decided_yuan", "visits", stdout=out)
    heading, fines, visits = out.getvalue().splitlines()
    assert "2024-01-01" in heading
    assert re.fullmatch(r"罚款金额 +75,594.50元", fines)
    assert re.fullmatch(r"检查家次 +3", visits)


def test_a_period_that_was_reported_on_is_one_click_away(half, county_supervisor, signed_in_as):
    client = signed_in_as(county_supervisor)
    assert 'class="tabs"' not in client.get(reverse("figures:letter")).content.decode()
    services.freeze(query=Query(SIX, HALF), title="半年", by=officer(half.areas.east, publish=True), at=NOW)
    page = client.get(reverse("figures:letter")).content.decode()
    assert "?from=2024-01-01&amp;to=2024-07-15" in page
    page = client.get(f"{reverse('figures:letter')}?{ASKED}").content.decode()
    tab = re.search(r'<a href="([^"]*)" aria-current="page">([^<]*)</a>', page[page.index('class="tabs"') :])
    assert tab.group(2).strip() == "2024年1月1日至2024年7月15日"


def test_the_rows_of_the_fines_lead_to_the_very_place(half, county_supervisor, signed_in_as):
    seen = Penalty.objects.order_by("pk").first().finding
    Finding.objects.filter(pk=seen.pk).update(place="3号楼2单元2层楼梯间")
    seen.refresh_from_db()
    page = signed_in_as(county_supervisor).get(
        f"{reverse('figures:rows')}?measure=fines_decided_yuan&{ASKED}"
    )
    assert f"{seen.unit.name} {seen.place}" in page.content.decode()
