"""Who of an office has what waits for the office: given, handed over, left, and the office's again when somebody goes.

    hands.give("cases", case_id, person_id, by=actor, at=now, key="…")    # to nobody's, or from whoever has it
    hands.of(case, actor, at=now)                                         # what the page of a thing shows

Only people of the office can have a thing whose post has the power that the awaited act takes. Who they are is
access's to say (`people_are`): foundation knows neither posts nor powers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NoReturn

from django.apps import apps
from django.db.models import Model, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from . import desk, jobs, reach
from .acts import ANY, GONE, SYSTEM, Loop, Turn
from .asks import Field, note
from .models import Event, Holding
from .refusals import Conflict, NotFound, Refusal
from .wording import lazy
from .workflow import NEW, Step

# The people of an office who can have what takes a power on a day: (number, name), by name.
People = Callable[[int, str, date], Sequence[tuple[int, str]]]
# Whom a person acts as at a moment; None without a login.
Acting = Callable[[int, datetime], Any]
_people: list[People] = []
_acting: list[Acting] = []


def people_are(people: People, acting: Acting) -> None:
    """Let access say who is in an office, and as whom a person acts."""
    _people[:], _acting[:] = [people], [acting]


def people(office: int, power: str, *, on: date) -> list[tuple[int, str]]:
    """List who of an office can have what takes a power."""
    return list(_people[0](office, power, on))


def colleagues(actor: Any, *, on: date) -> dict[int, str]:
    """Return who works in the actor's offices on a day, the actor too: {number: name}."""
    return {pk: name for office in sorted(actor.organisation_ids) for pk, name in people(office, "", on=on)}


_WHOM = Field("person_id", lazy("交给谁"), "record", required=True, lacking=lazy("请选择交给谁。"))
_WORD = note(lazy("留言"), most=200)
STEPS = (
    Step(
        "assign", lazy("交给某人"), NEW, None, "", mood="quiet",
        asks=(Field("kind", lazy("种类"), "line", required=True), Field("pk", lazy("事项"), "record", required=True),
              _WHOM, _WORD),
    ),
    Step("hand_over", lazy("转交"), ANY, None, "", mood="quiet", asks=(_WHOM, _WORD)),
    Step("release", lazy("退回本单位"), ANY, GONE, "", mood="quiet", asks=(_WORD,)),
    Step("return_to_office", lazy("人员离岗，退回本单位"), ANY, GONE, "", who=SYSTEM, mood="warn"),
)  # fmt: skip
HOLDINGS = Loop(
    Holding, STEPS, room="foundation", state="", noun=lazy("此件"),
    missing=lazy("这一件已经不在谁的名下，请刷新页面再看。"),
    seen=lambda by: Q(organisation_id__in=by.organisation_ids),
)  # fmt: skip


def _place(kind: desk.Kind, pk: int, by: Any, at: datetime) -> tuple[desk.Wait, int] | None:
    """Return what is awaited on a record of the actor's office, and of which office; None when nothing can be given."""
    found = desk.asked(kind, by, at)
    if found is None:
        return None
    waits, rows = found
    nth = rows.filter(pk=pk).order_by().values_list("desk_nth", flat=True).first()
    if nth is None:
        return None
    wait = waits[nth]
    columns = [f"{column}_id" for column in wait.owner.split("|") if column]
    if not columns:
        return None
    owners = kind.model._default_manager.filter(pk=pk).values_list(*columns).get()
    return wait, next(office for office in owners if office in by.offices(wait.power))


def _fitting(turn: Turn, kind: desk.Kind, pk: int, wait: desk.Wait, office: int, person_id: int) -> str:
    """Return the name of a person to whom a thing can be given; raises a Refusal for anybody else."""
    name = dict(people(office, wait.power, on=turn.today)).get(person_id)
    if name is None:
        raise Refusal(_("只能交给本单位在岗、有权办理这一步的同事，请另选。"), field="person_id")
    if wait.of is not None:
        whom = _acting[0](person_id, turn.at)
        theirs = wait.condition(whom) if whom is not None else None
        if theirs is None or not kind.model._default_manager.filter(theirs, pk=pk).exists():
            raise Refusal(
                _("%(name)s不能办理这一件的这一步，请另选同事。") % {"name": name}, field="person_id"
            )
    return name


def _told(turn: Turn, record: Model, name: str, was: str = "") -> None:
    """Let the event stand in the story of the thing itself, with whose name it is about."""
    turn.subject = record
    turn.facts = {"name": name} | ({"was": was} if was else {})


def _again(event: Event) -> Holding | None:
    """Answer a repeated request: what it gave, if it is still in somebody's hand."""
    made = str(event.data.get("made", "")).partition(":")[2]
    return Holding.objects.filter(pk=int(made)).first() if made else None


@HOLDINGS.verb("assign", answers=_again)
def assign(turn: Turn, *, kind: str, pk: int, person_id: int, note: str = "") -> Holding:
    """Give what is nobody's to one of the people of the office for which it waits."""
    thing = desk.named(kind)
    place = _place(thing, pk, turn.by, turn.at) if thing is not None else None
    if thing is None or place is None:
        raise NotFound(_("没有找到等您单位办理的这一件，可能已经办过。"))
    wait, office = place
    [record] = turn.lock(thing.model._default_manager.all(), [pk])
    given = {
        "subject_type": thing.model._meta.label_lower,
        "subject_id": pk,
        "power": wait.power,
        "organisation_id": office,
    }
    if held := Holding.objects.filter(**given).first():
        _already(held)
    name = _fitting(turn, thing, pk, wait, office, person_id)
    _told(turn, record, name)
    return Holding.objects.create(
        **given, person_id=person_id, person_name=name, given_by=turn.by.name, at=turn.at
    )


def _already(held: Holding) -> NoReturn:
    raise Conflict(
        _("此件已经由%(name)s办理，要换人请用“转交”。") % {"name": held.person_name}, field="person_id"
    )


@HOLDINGS.verb("hand_over", answers=_again)
def hand_over(turn: Turn, *, person_id: int, note: str = "") -> None:
    """Give what somebody has to a colleague."""
    held = turn.row
    if held.person_id == person_id:
        _already(held)
    thing, wait = _awaited(turn, held)
    was, held.person_id = held.person_name, person_id
    held.person_name = _fitting(turn, thing, held.subject_id, wait, held.organisation_id, person_id)
    held.given_by, held.at, turn.made = turn.by.name, turn.at, held
    _told(turn, _record(held), held.person_name, was)


@HOLDINGS.verb("release", answers=lambda event: None)
def release(turn: Turn, *, note: str = "") -> None:
    """Give back to the office what one has, or what a colleague has."""
    if turn.row.person_id != getattr(turn.by, "person_id", None):
        _awaited(turn, turn.row)
    _told(turn, _record(turn.row), turn.row.person_name)


@HOLDINGS.verb("return_to_office", answers=lambda event: None)
def return_to_office(turn: Turn) -> None:
    """Give back to the office what somebody had who is no longer there."""
    _told(turn, _record(turn.row), turn.row.person_name)


def _awaited(turn: Turn, held: Holding) -> tuple[desk.Kind, desk.Wait]:
    """Return what is awaited on what somebody has; raises a Refusal unless it waits for the actor, too."""
    for kind in desk.of_model(apps.get_model(held.subject_type)):
        place = _place(kind, held.subject_id, turn.by, turn.at)
        if place is not None and (place[0].power, place[1]) == (held.power, held.organisation_id):
            return kind, place[0]
    turn.refuse(_("此件现在不等您单位办理这一步，不必再交给谁。"))


def _record(held: Holding) -> Any:
    return apps.get_model(held.subject_type)._default_manager.get(pk=held.subject_id)


def give(kind: str, pk: int, person_id: int, *, by: Any, at: datetime, key: str = "", note: str = "") -> Any:
    """Give a thing to one of the people of the office, whether nobody has it or somebody does."""
    held = _held(kind, pk, by, at)
    if held is None:
        return assign(kind=kind, pk=pk, person_id=person_id, note=note, by=by, at=at, key=key)
    if held.person_id == person_id:
        return held
    return hand_over(holding_id=held.pk, person_id=person_id, note=note, by=by, at=at, key=key)


def leave(kind: str, pk: int, *, by: Any, at: datetime, key: str = "", note: str = "") -> None:
    """Give a thing back to the office; one that nobody has is the office's as it is."""
    if held := _held(kind, pk, by, at):
        release(holding_id=held.pk, note=note, by=by, at=at, key=key)


def _held(kind: str, pk: int, by: Any, at: datetime) -> Holding | None:
    """Return in whose hand of the actor's office a thing is that waits for it."""
    thing = desk.named(kind)
    place = _place(thing, pk, by, at) if thing is not None else None
    return _holding(thing.model, pk, *place) if thing is not None and place is not None else None


def _holding(model: type[Model], pk: int, wait: desk.Wait, office: int) -> Holding | None:
    found = Holding.objects.filter(subject_type=model._meta.label_lower, subject_id=pk)
    return found.filter(power=wait.power, organisation_id=office).first()


def return_left(*, at: datetime, person_id: int | None = None) -> int:
    """Give back to the offices what people had who are no longer there, or not today; returns how many things."""
    today = timezone.localtime(at).date()
    there: dict[tuple[int, str], set[int]] = {}
    returned = 0
    found = Holding.objects.order_by("pk")
    for held in found if person_id is None else found.filter(person_id=person_id):
        place = held.organisation_id, held.power
        if place not in there:
            there[place] = {pk for pk, _name in people(*place, on=today)}
        if held.person_id not in there[place]:
            return_to_office(holding_id=held.pk, by=reach.system(), at=at)
            returned += 1
    return returned


# The clock of jobs is UTC: a quarter past midnight in Shanghai, when posts and leaves have begun or ended.
@jobs.periodic("15 16 * * *", name="foundation.return_left")
def return_left_daily(timestamp: int) -> None:
    """Give back to the offices what people had whose post has ended, or who are on leave."""
    return_left(at=timezone.now())


@dataclass(frozen=True, slots=True)
class Hand:
    """What the page of a thing shows: what is awaited of the reader's office, who has it, and to whom it can be given.

    key     how a form names the thing
    held    in whose hand it is; None: everybody's of the office
    """

    key: str
    held: Holding | None
    people: tuple[tuple[int, str], ...]


def of(row: Model, actor: Any, *, at: datetime) -> list[Hand]:
    """Return in whose hand of the reader's office a thing is that waits for it."""
    found = []
    for kind in desk.of_model(type(row)):
        if (place := _place(kind, row.pk, actor, at)) is not None:
            wait, office = place
            held = Holding.objects.filter(
                subject_type=row._meta.label_lower,
                subject_id=row.pk,
                power=wait.power,
                organisation_id=office,
            ).first()
            can = tuple(people(office, wait.power, on=timezone.localtime(at).date()))
            if held is not None or len(can) > 1:
                found.append(Hand(f"{kind.name}:{row.pk}", held, can))
    return found


def story_detail(event: Event, said: dict[str, Any]) -> dict[str, Any]:
    """Say to whom a thing was given, from whom, or whose it was."""
    name, was = event.data.get("name", ""), event.data.get("was", "")
    words = {
        "foundation.assign": _("交给%(name)s办理"),
        "foundation.hand_over": _("由%(was)s转交%(name)s办理"),
        "foundation.release": _("由%(name)s退回本单位"),
        "foundation.return_to_office": _("%(name)s离岗，退回本单位"),
    }
    return {"title": words[event.name] % {"name": name, "was": was}} if event.name in words and name else {}
