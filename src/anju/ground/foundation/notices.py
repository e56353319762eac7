"""What an office must see about a thing and sign for: one table for every room.

    notices.register(Case, {"urge": Word(_("催办")), …})                 # in AppConfig.ready: what its kinds are called
    notices.tell(case, "urge", case.desk, "请抓紧", at=at, by="…")        # in a verb or an effect

A notice belongs to an office; one that belongs to nobody is shown to everybody who sees what it is about, so that
nothing ends in silence. How that reads and where it stands is said by the desk's lines of that kind of thing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.apps import apps
from django.db.models import Count, Max, Model, Q, QuerySet

from . import acts, desk
from .models import Notice
from .wording import lazy as _
from .workflow import ANY, Blocked, Step


@dataclass(frozen=True, slots=True)
class Word:
    """What a kind of notice is called.

    tone     how its badge is shown
    repeats  it only says what the desk's list shows as well (it is late): signed for all together
    """

    label: object
    tone: str = "warn"
    repeats: bool = False


# What every kind of thing has; of the rooms: {label of a model: {kind: word}}.
_EVERYWHERE = {"escalate": Word(_("超期升级"), "danger", repeats=True)}
_words: dict[str, Mapping[str, Word]] = {}


def register(model: type[Model], words: Mapping[str, Word]) -> None:
    """Say what the notices about a kind of thing are called (rooms call this in `AppConfig.ready`)."""
    _words[model._meta.label_lower] = words


def word_of(notice: Notice) -> Word:
    """Return what a notice is called."""
    return _words.get(notice.subject_type, {}).get(notice.kind) or _EVERYWHERE[notice.kind]


def tell(
    about: Model, kind: str, office: Any, text: str, *, at: datetime, by: str = "", level: int = 0
) -> Notice:
    """Lay a notice about a record on an office's desk, on that of all who see the record when there is no office."""
    known = _EVERYWHERE.keys() | _words.get(about._meta.label_lower, {}).keys()
    if kind not in known:
        raise RuntimeError(
            f"nobody has said what a notice {kind!r} about {about._meta.label_lower} is called"
        )
    return Notice.objects.create(
        subject_type=about._meta.label_lower,
        subject_id=about.pk,
        kind=kind,
        level=level,
        organisation_id=office.pk if office is not None else None,
        text=text.strip()[:500],
        by=by[:120],
        at=at,
    )


def about(record: Model) -> QuerySet[Notice]:
    """Return the notices about a record, the newest first."""
    found = Notice.objects.filter(subject_type=record._meta.label_lower, subject_id=record.pk)
    return found.order_by("-at", "-pk")


# ---------------------------------------------------------------------------------------------- whose they are


def _loops() -> list[acts.Loop]:
    """List the kinds of thing that notices may be about: those that lie on a desk and that acts move."""
    found = {kind.model: acts.loop_of(kind.model) for kind in desk.kinds()}
    return [loop for loop in found.values() if loop is not None]


def _theirs(actor: Any) -> Q:
    found = Q(pk__in=[])
    for loop in _loops():
        if offices := actor.offices(loop.see):
            found |= Q(subject_type=loop.model._meta.label_lower, organisation_id__in=offices)
    return found


def _nobodys(actor: Any) -> Q:
    found = Q(pk__in=[])
    for loop in _loops():
        if actor.has(loop.see):
            seen = loop.manager.filter(loop.condition(actor)).order_by().values("pk")
            found |= Q(subject_type=loop.model._meta.label_lower, subject_id__in=seen)
    return found & Q(organisation_id__isnull=True)


def shown_to(actor: Any) -> Q:
    """Return the condition "it is shown to the actor": of an own office, or nobody's and about what they see."""
    return _theirs(actor) | _nobodys(actor)


def unread(actor: Any) -> QuerySet[Notice]:
    """Return what is shown to somebody and not signed for, the newest first."""
    return Notice.objects.filter(shown_to(actor), read_at__isnull=True).order_by("-at", "-pk")


def nobodys(actor: Any) -> QuerySet[Notice]:
    """Return what no office could be found for and nobody has signed for, about what the actor sees."""
    return Notice.objects.filter(_nobodys(actor), read_at__isnull=True).order_by("-at", "-pk")


def has_own(actor: Any) -> bool:
    """Say whether an office of the actor has something to sign for."""
    return Notice.objects.filter(_theirs(actor), read_at__isnull=True).exists()


# ---------------------------------------------------------------------------------------------- how they read


@dataclass(frozen=True, slots=True)
class Told:
    """A notice as a page shows it: what it is called, and what it is about."""

    notice: Notice
    label: str
    tone: str
    line: desk.Line


def told(rows: Iterable[Notice]) -> list[Told]:
    """Say notices, with what each is about; what is about something that is gone is left out."""
    found = list(rows)
    lines: dict[str, Mapping[int, desk.Line]] = {}
    for label in {one.subject_type for one in found}:
        pks = [one.subject_id for one in found if one.subject_type == label]
        lines[label] = desk.lines_of(apps.get_model(label), pks)
    return [
        Told(one, str(word_of(one).label), word_of(one).tone, line)
        for one in found
        if (line := lines[one.subject_type].get(one.subject_id)) is not None
    ]


@dataclass(frozen=True, slots=True)
class Digest:
    """What only repeats the list: so many of each word, up to the newest that is counted."""

    counts: tuple[tuple[str, str, int], ...]  # words, tone, number
    upto: int

    @property
    def count(self) -> int:
        return sum(number for _label, _tone, number in self.counts)


def _repeating() -> Q:
    found = Q(kind__in=[kind for kind, word in _EVERYWHERE.items() if word.repeats])
    for label, words in _words.items():
        if kinds := [kind for kind, word in words.items() if word.repeats]:
            found |= Q(subject_type=label, kind__in=kinds)
    return found


def one_by_one(actor: Any) -> QuerySet[Notice]:
    """Return what somebody signs for one by one: it says what no list shows."""
    return unread(actor).exclude(_repeating())


def digest(actor: Any) -> Digest:
    """Count what somebody signs for all together."""
    rows = unread(actor).filter(_repeating()).order_by()
    counted = rows.values("subject_type", "kind").annotate(number=Count("pk"), upto=Max("pk"))
    numbers: dict[tuple[str, str], int] = {}
    upto = 0
    for row in counted:
        word = word_of(Notice(subject_type=row["subject_type"], kind=row["kind"]))
        said = (str(word.label), word.tone)
        numbers[said] = numbers.get(said, 0) + row["number"]
        upto = max(upto, row["upto"])
    return Digest(tuple((*said, number) for said, number in sorted(numbers.items())), upto)


# ---------------------------------------------------------------------------------------------- signing for them


def is_unread(notice: Notice, day: date) -> Blocked | None:
    """Say that a notice is signed for once."""
    return Blocked(_("这条提醒已经签收。"), never=True) if notice.read_at else None


STEPS = (Step("read_notice", _("签收提醒"), ANY, None, "", when=(is_unread,), mood="quiet"),)
LOOP = acts.Loop(
    Notice, STEPS, room="foundation", state="", seen=shown_to, noun=_("这条提醒"), missing=_("没有找到这条提醒。")
)  # fmt: skip


@LOOP.verb("read_notice")
def read_notice(turn: acts.Turn) -> None:
    """Sign for a notice; what it is about tells it."""
    turn.row.read_at, turn.row.read_by = turn.at, f"{turn.by.post} {turn.by.name}".strip()[:120]
    turn.made, turn.facts["notice"] = turn.row, turn.row.pk
    turn.subject = apps.get_model(turn.row.subject_type)(pk=turn.row.subject_id)


def read_digest(actor: Any, *, upto: int, at: datetime) -> int:
    """Sign for all that only repeats the list, as far as it was counted on the page; return how many."""
    found = Notice.objects.filter(_repeating(), read_at__isnull=True, pk__lte=upto)
    return LOOP.many("read_notice", found, by=actor, at=at)
