"""A page of a list is found part by part; it must be the very page that asking in one piece would give."""

import itertools
from datetime import timedelta

import pytest

from anju.duties.cases import queries
from anju.ground.access import services as access

ASKED = (
    {},
    {"state": "checking,assigned"},
    {"state": "reported,fixing", "class": "EG"},
    {"open": "1", "order": "due"},
    {"order": "closed"},
    {"q": "铁链"},
    {"overdue": "1"},
)


@pytest.fixture
def many(city, reported, walk, friday_9am):
    """A dozen cases at all estates and in several states."""
    made = []
    estates = itertools.cycle(vars(city.estates).values())
    for n, estate in zip(range(12), estates, strict=False):
        at = friday_9am + timedelta(minutes=n)
        made.append(reported(estate=estate, at=at, class_code="EG02" if n % 2 else "FF01", reporter=None))
    mine = [case for case in made if case.estate_id == city.estates.huaiyin.pk]
    walk(mine[0], "assign", "accept", "submit", at=friday_9am + timedelta(hours=1))
    walk(mine[1], "assign", at=friday_9am + timedelta(hours=1))
    return made


@pytest.mark.parametrize("asked", ASKED, ids=str)
def test_a_page_is_the_page_of_the_list(city, many, friday_9am, asked):
    at = friday_9am + timedelta(days=9)
    filters = queries.filters_from(asked)
    seen = 0
    for member in vars(city.people).values():
        actor = member.actor(at)
        whole = list(queries.listing(actor, filters, at=at))
        pages = [queries.page(actor, filters, at=at, number=n, size=3) for n in (1, 2, 3, 4, 5)]
        assert [case for page in pages for case in page.rows] == whole[:15]
        assert all((page.count, page.more) == (len(whole), False) for page in pages)
        seen += len(whole)
    assert seen


def test_a_page_costs_four_statements(city, many, street_officer, friday_9am, django_assert_max_num_queries):
    actor = street_officer.actor(friday_9am)
    with django_assert_max_num_queries(4):
        assert queries.page(actor, queries.Filters(), at=friday_9am).rows


def test_a_case_handled_outside_the_own_area_is_on_the_page(city, many, street_officer, friday_9am):
    far = next(case for case in many if case.street_id != city.areas.huaiyin_street.pk)
    type(far).objects.filter(pk=far.pk).update(handler=street_officer.post.organisation)
    actor = street_officer.actor(friday_9am)
    page = queries.page(actor, queries.Filters(), at=friday_9am, size=100)
    assert far in page.rows
    assert page.rows == list(queries.listing(actor, queries.Filters(), at=friday_9am))
    assert page.count == len(page.rows)


def test_alternatives_say_the_same_as_the_whole(city, many, street_officer, friday_9am):
    whole = access.visible_q(type(many[0]), to=street_officer.actor(friday_9am), power="cases.see")
    parts = access.alternatives(whole)
    assert len(parts) > 2
    found = {case for part in parts for case in type(many[0]).objects.filter(part)}
    assert found == set(type(many[0]).objects.filter(whole))
