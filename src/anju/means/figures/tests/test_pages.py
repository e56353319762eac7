"""The pages of figures, as people open them."""

import re

import pytest
from django.urls import reverse

from anju.duties.cases.rules import State
from anju.means.figures.models import FigureSnapshot

from .making import make_case

PERIOD = "from=2024-01-01&to=2024-12-31"


@pytest.fixture
def filled(city):
    for n in range(6):
        make_case(city.areas.huaiyin, f"2024-03-{n + 1:02d}", State.CLOSED, place="=1+1")
    make_case(city.areas.shanqian, "2024-03-05", State.CLOSED)
    return city


def rows_links(page):
    found = re.findall(r'href="(/figures/rows\?[^"]*)"[^>]*>(?:<span class="num">)?([\d,]+)<', page)
    return [(href.replace("&amp;", "&"), int(text.replace(",", ""))) for href, text in found]


def test_every_number_on_the_dashboard_opens_as_many_rows(filled, county_supervisor, signed_in_as):
    client = signed_in_as(county_supervisor)
    page = client.get(f"{reverse('figures:home')}?{PERIOD}").content.decode()
    links = [link for link in rows_links(page) if "score" not in link[0]]
    assert len(links) > 8
    for href, number in dict(links).items():
        listed = client.get(href).content.decode()
        assert f"共 {number} 条" in listed, href
    assert "东湖区" in page
    assert "西山县" not in page


def test_the_outsider_finds_nothing(filled, outsider, company_clerk, signed_in_as):
    client = signed_in_as(outsider)
    east = filled.areas.east.pk
    asked = f"measure=received&territory=area:{east}&{PERIOD}"
    for path in (
        f"?territory=area:{east}",
        f"rows?{asked}",
        f"rows.csv?{asked}",
        "?territory=division:990102",
    ):
        assert client.get(reverse("figures:home") + path).status_code == 404
    assert signed_in_as(company_clerk).get(reverse("figures:home")).status_code == 404
    assert client.post(reverse("figures:freeze"), {"measure": "received", "title": "统计"}).status_code == 404


def test_the_file_holds_the_same_rows_and_no_formula(filled, county_supervisor, grid_worker, signed_in_as):
    client = signed_in_as(county_supervisor)
    response = client.get(f"{reverse('figures:rows_csv')}?measure=received&{PERIOD}")
    lines = b"".join(response.streaming_content).decode("utf-8-sig").splitlines()
    assert len(lines) == 1 + 6
    assert not any(cell.startswith("=") for line in lines for cell in line.split(","))


def test_a_supervisor_freezes_and_publishes_what_the_page_shows(filled, county_supervisor, signed_in_as):
    client = signed_in_as(county_supervisor)
    asked = {"measure": ["received", "return_rate"], "from": "2024-01-01", "to": "2024-12-31", "by": "street"}
    answer = client.post(reverse("figures:freeze"), {**asked, "title": "上年统计"})
    kept = FigureSnapshot.objects.get()
    assert answer.headers["Location"] == reverse("figures:snapshot", args=[kept.pk])
    page = client.get(answer.headers["Location"]).content.decode()
    assert "上年统计" in page
    assert "全部数字与今天一致" in page
    client.post(reverse("figures:publish", args=[kept.pk]))
    kept.refresh_from_db()
    assert kept.published_at is not None
    assert "已发布" in client.get(reverse("figures:snapshots")).content.decode()


def test_a_strange_question_is_answered_with_a_sentence(filled, county_supervisor, signed_in_as):
    client = signed_in_as(county_supervisor)
    page = client.get(f"{reverse('figures:home')}?from=x&to=y")
    assert page.status_code == 200
    assert "日期请写成" in page.content.decode()
    assert client.get(reverse("figures:rows")).status_code == 404
    assert client.get(f"{reverse('figures:rows')}?measure=nonsense").status_code == 422


def test_the_definitions_page_names_every_measure(filled, county_supervisor, signed_in_as):
    page = signed_in_as(county_supervisor).get(reverse("figures:definitions")).content.decode()
    assert "按期办结率" in page
    assert "on_time_rate" in page


def test_the_dashboard_asks_few_questions(
    filled, county_supervisor, signed_in_as, django_assert_max_num_queries
):
    client = signed_in_as(county_supervisor)
    client.get(reverse("figures:home"))
    with django_assert_max_num_queries(28):
        client.get(f"{reverse('figures:home')}?period=year")
