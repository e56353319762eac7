"""Every verb there is, by enumeration: pressed three times at once, with other contents, by a stranger, too late.

A verb without an example fails here: nothing is left out by forgetting it.
"""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.utils import timezone

from anju.ground.access import services as access
from anju.ground.access.models import Account
from anju.ground.foundation import acts, calendar, ladder
from anju.ground.foundation.models import Event, Notice
from anju.ground.foundation.refusals import Conflict, NeedsConfirmation, NotFound, NotPermitted, Refusal
from anju.ground.foundation.tests import samples
from tests.verbs import Example, Told, World, examples, load_rooms

load_rooms()
TOLD = examples()
PLAIN = [told for told in TOLD if not (told.follows or told.doubt or told.effect)]
# What people do, on a page or as a part of another room's act.
DONE = {name: verb for name, verb in acts.verbs().items() if verb.steps[0].who != acts.SYSTEM}
_keys = count(1)
# What has no example here, though a test of its own: it takes a figure of the very city that a letter nearly repeats.
NOT_SHOWN = [
    ("suggestions.sign", "doubts", "figure_by_hand"),
    ("suggestions.submit_for_signature", "doubts", "figure_by_hand"),
]


@pytest.fixture(scope="module")
def world(worlds: Any, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The city in a database of its own, in which every example of this file is played and committed."""
    from django.conf import settings

    with django_db_blocker.unblock():
        standing = worlds.of({"city"})
        worlds.copy(standing, worlds.own)
        worlds.enter(worlds.own)
        calendar.forget()
        before, settings.FILE_STORE = settings.FILE_STORE, tmp_path_factory.mktemp("files")
        yield World(worlds.members(), timezone.now())
        settings.FILE_STORE = before
        worlds.enter(standing)
        worlds.drop(worlds.own)
        calendar.forget()


def named(told: list[Told]) -> Any:
    """Parametrize a test by examples."""
    return pytest.mark.parametrize("told", told, ids=[one.name for one in told])


def called(told: Told, shown: Example, world: World, key: str, **other: Any) -> Any:
    """Call an example's verb."""
    return acts.verbs()[told.verb](by=shown.by, at=world.now, key=key, **shown.given | other)


def new_key() -> str:
    """Return a key that no example has used."""
    return f"every-verb-{next(_keys)}"


def at_once(times: int, act: Any) -> list[Any]:
    """Run an act in threads that start together, each with its connection; return what each gave or raised."""
    barrier = threading.Barrier(times)

    def run(_number: int) -> Any:
        try:
            connection.ensure_connection()
            barrier.wait(timeout=30)
            return act()
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as threads:
        return list(threads.map(run, range(times)))


@contextmanager
def undone() -> Iterator[None]:
    """Take back whatever is written inside."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


# Marked so that a database is made also when this file runs alone: pytest-django looks for the mark.
@pytest.mark.django_db
def test_every_verb_that_somebody_does_has_an_example():
    assert sorted(DONE.keys() - {told.verb for told in PLAIN}) == []


def test_every_example_is_of_a_verb_there_is():
    assert sorted({told.verb for told in TOLD} - acts.verbs().keys()) == []


def test_every_act_that_may_follow_every_doubt_and_every_effect_has_an_example():
    declared = {
        (verb.name, kind, name)
        for verb in acts.verbs().values()
        for step in verb.steps
        for kind in ("follows", "doubts", "effects")
        for name in getattr(step, kind)
    }
    shown = {(told.verb, "follows", told.follows) for told in TOLD if told.follows}
    shown |= {(told.verb, "doubts", told.doubt) for told in TOLD if told.doubt}
    shown |= {(told.verb, "effects", told.effect) for told in TOLD if told.effect}
    assert sorted(declared - shown) == NOT_SHOWN


@named(PLAIN)
def test_of_three_equal_requests_at_once_one_is_done_and_each_gets_the_same_answer(told, world):
    shown, key = told.make(world), new_key()
    answers = at_once(3, lambda: called(told, shown, world, key))
    errors = [answer for answer in answers if isinstance(answer, Exception)]
    assert not errors, errors
    assert len({repr(shown.same(answer)) for answer in answers}) == 1
    assert Event.objects.filter(request_key=key, name=told.verb).count() == 1
    # Later, too, and whatever else was done meanwhile.
    assert repr(shown.same(called(told, shown, world, key))) == repr(shown.same(answers[0]))


@named([told for told in PLAIN])
def test_the_same_key_with_other_contents_is_a_conflict_and_does_nothing(told, world):
    shown, key = told.make(world), new_key()
    called(told, shown, world, key)
    before = Event.objects.count()
    others: list[dict[str, Any]] = [shown.other] if shown.other else []
    if shown.files:
        others.append({shown.files: [SimpleUploadedFile("x.jpg", samples.photo(seed=999), "image/jpeg")]})
    if verb_param := acts.verbs()[told.verb].param:
        others.append({verb_param: -1 if isinstance(shown.given[verb_param], int) else "-"})
    assert others, "say what would be another request"
    for other in others:
        with pytest.raises(Conflict):
            called(told, shown, world, key, **other)
    assert Event.objects.count() == before


@named(
    [
        told
        for told in PLAIN
        if not acts.verbs()[told.verb].files
        and acts.verbs()[told.verb].steps[0].who not in (acts.PUBLIC, acts.WITHIN)
    ]
)
def test_to_a_stranger_of_another_county_there_is_nothing_to_act_on(told, world):
    shown = told.make(world)
    before = Event.objects.count()
    with pytest.raises((NotFound, NotPermitted)), undone():
        acts.verbs()[told.verb](by=world.actor("outsider"), at=world.now, key=new_key(), **shown.given)
    assert Event.objects.count() == before


@named([told for told in PLAIN if not acts.verbs()[told.verb].files])
def test_an_act_that_the_new_state_does_not_allow_is_refused_and_leaves_nothing(told, world):
    verb = acts.verbs()[told.verb]
    shown = told.make(world)
    called(told, shown, world, new_key())
    before = Event.objects.count()
    pk = Event.objects.filter(name=told.verb).latest("id").subject_id
    row = verb.loop.manager.filter(pk=pk).first()
    if row is not None and any(step.possible(verb.loop.state_of(row)) for step in verb.steps):
        return  # may be done again: the table says so
    with pytest.raises(Refusal):
        called(told, shown, world, new_key())
    assert Event.objects.count() == before


@named([told for told in TOLD if told.follows])
def test_what_may_follow_an_act_follows_with_an_event_of_its_own(told, world):
    shown, key = told.make(world), new_key()
    last = Event.objects.latest("id").pk if Event.objects.exists() else 0
    called(told, shown, world, key)
    room = told.verb.partition(".")[0]
    assert Event.objects.filter(pk__gt=last, name=f"{room}.{told.follows}").count() == 1


@named([told for told in TOLD if told.doubt])
def test_a_doubt_asks_for_a_word_and_keeps_it(told, world):
    shown, key = told.make(world), new_key()
    insisting = {name: value for name, value in shown.given.items()}
    with pytest.raises(NeedsConfirmation) as asked:
        called(told, shown, world, key)
    assert told.doubt in asked.value.data["doubts"]
    insisting |= {asked.value.data["confirm"]: shown.other.get(asked.value.data["confirm"], True)}
    acts.verbs()[told.verb](by=shown.by, at=world.now, key=key, **insisting)
    assert told.doubt in Event.objects.get(request_key=key).data["doubts"]


@named([told for told in TOLD if told.effect])
def test_an_effect_is_brought_about_by_what_declares_it_and_by_nothing_else(told, world, monkeypatch):
    shown = told.make(world)
    assert shown.holds is not None and not shown.holds()
    loop = acts.verbs()[told.verb].loop
    with monkeypatch.context() as patch, undone():
        patch.setitem(loop.effects, told.effect, lambda turn: None)
        called(told, shown, world, "")
        assert not shown.holds(), "it also happens without the effect: the test could not fail"
    called(told, shown, world, "")
    assert shown.holds()


def test_a_notice_goes_only_to_an_office_that_can_open_what_it_is_about(world):
    for told in TOLD:
        if told.effect.startswith("tell") or told.verb.endswith(f".{ladder.ACT}"):
            called(told, told.make(world), world, new_key())
    everybody = [actor for actor, _account in access.actors_of(Account.objects.all(), at=world.now)]
    kinds, blind = set(), []
    for notice in Notice.objects.exclude(organisation_id=None):
        loop = acts.loop_of(apps.get_model(notice.subject_type))
        readers = [actor for actor in everybody if notice.organisation_id in actor.organisation_ids]
        seen = [
            loop.manager.filter(loop.condition(actor), pk=notice.subject_id).exists() for actor in readers
        ]
        kinds.add((notice.subject_type, notice.kind))
        if readers and not any(seen):
            blind.append(f"{notice} lies before office {notice.organisation_id}, which cannot open it")
    assert len(kinds) > 5 and blind == [], kinds
