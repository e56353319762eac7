"""Finding papers: those about a record, those of an organisation, those that wait for somebody."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import models
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.ground.access.actors import Actor
from anju.ground.foundation import rulebooks
from anju.ground.foundation.asked import day
from anju.ground.foundation.refusals import NotFound

from .. import rules
from ..models import IssuedDocument
from . import registry

State = IssuedDocument.State
OPEN = (State.DRAFT, State.REVIEW)
# An exact count beyond this would cost more than it tells; the list then says "more than".
COUNT_LIMIT = 10_000
WAITING_LIMIT = 200
_LIST_COLUMNS = (
    "pk", "kind", "title", "written_number", "organisation_name", "issued_at", "issued_by_name", "signed_by_name",
    "state", "subject_type", "subject_id",
)  # fmt: skip


def documents_of(subject: models.Model) -> list[IssuedDocument]:
    """List the documents issued about a record, newest first, voided ones included."""
    about = IssuedDocument.objects.filter(subject_type=subject._meta.label_lower, subject_id=subject.pk)
    return list(about.exclude(state__in=OPEN).order_by("-issued_at", "-id"))


def document_for(actor: Actor, document_id: int) -> IssuedDocument:
    """Return an issued document that the actor may read; raises NotFound otherwise, whatever the reason."""
    found = _files().exclude(state__in=OPEN).filter(pk=document_id).first()
    if found is None or not may_read(actor, found):
        raise NotFound(_("没有找到这份文书。"))
    return found


def paper_for(actor: Actor, document_id: int) -> IssuedDocument:
    """Return a document in whatever state; a draft is shown only to its own organisation and the one above."""
    found = _files().filter(pk=document_id).first()
    if found is None or not (of_own_office(actor, found) or (not found.is_open and may_read(actor, found))):
        raise NotFound(_("没有找到这份文书。"))
    return found


def _files() -> QuerySet[IssuedDocument]:
    return IssuedDocument.objects.select_related("docx_file", "pdf_file")


def of_own_office(actor: Actor, document: IssuedDocument) -> bool:
    """Say whether a paper is of the actor's organisation, or of one below it, and they may write or sign papers."""
    if not (actor.has("documents.issue") or actor.has("documents.sign")):
        return False
    if document.organisation_id in actor.organisation_ids:
        return True
    # The office above reads what it may know of: a punished person's name is not among it.
    return document.superior_id in actor.organisation_ids and not registry.refuses(actor, document)


def may_read(actor: Actor, document: IssuedDocument) -> bool:
    """Say whether an actor may read an issued paper: as the room of its subject decides, or of their own office."""
    return of_own_office(actor, document) or registry.may_see(actor, document)


@dataclass(frozen=True, slots=True)
class Filters:
    """What the list of papers is narrowed by.

    scope  "own": of the actor's organisations; "below": of those directly below them
    """

    scope: str = "own"
    kind: str = ""
    since: date | None = None
    until: date | None = None
    text: str = ""


def filters_from(query: Mapping[str, Any]) -> Filters:
    """Read filters from a query string; anything unreadable is left out rather than refused."""
    kind = str(query.get("kind") or "")
    return Filters(
        scope="below" if query.get("scope") == "below" else "own",
        kind=kind if kind in rules.KINDS else "",
        since=day(query.get("since")),
        until=day(query.get("until")),
        text=str(query.get("q") or "").strip()[:60],
    )


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the list: its rows, how many there are (up to COUNT_LIMIT), whether there are more."""

    rows: list[IssuedDocument]
    count: int
    more: bool


def listing(actor: Actor, filters: Filters, *, number: int = 1, size: int = 50) -> Page:
    """Return one page of issued papers, newest first: a range of the index of the organisation (or the one above)."""
    column = "superior_id" if filters.scope == "below" else "organisation_id"
    # issued_at is null for drafts alone: saying so here lets the range of the index end before them.
    found = IssuedDocument.objects.filter(
        **{f"{column}__in": sorted(actor.organisation_ids)}, issued_at__isnull=False
    )
    if filters.kind:
        found = found.filter(kind=filters.kind)
    if filters.since:
        found = found.filter(issued_at__gte=_midnight(filters.since))
    if filters.until:
        found = found.filter(issued_at__lt=_midnight(filters.until + timedelta(days=1)))
    if filters.text:
        found = found.filter(Q(written_number__contains=filters.text))
    counted = found[: COUNT_LIMIT + 1].count()
    start = (number - 1) * size
    rows = found.order_by(F("issued_at").desc(), "-pk")[start : start + size].only(*_LIST_COLUMNS)
    return Page(list(rows) if counted > start else [], min(counted, COUNT_LIMIT), counted > COUNT_LIMIT)


def chosen(actor: Actor, ids: list[int]) -> list[IssuedDocument]:
    """Return those of the papers that are issued and of the actor's own office or one below it, by their number."""
    found = _files().filter(pk__in=ids, state=State.ISSUED).order_by("issued_at", "pk")
    return [paper for paper in found if of_own_office(actor, paper)]


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def waiting(actor: Actor) -> tuple[list[IssuedDocument], list[IssuedDocument]]:
    """List what waits for somebody: papers in review they may sign, and drafts of their organisation; oldest first."""
    ids = sorted(actor.organisation_ids)
    to_sign: list[IssuedDocument] = []
    drafts: list[IssuedDocument] = []
    columns = (
        *_LIST_COLUMNS,
        "drafted_at",
        "drafted_by_id",
        "drafted_by_name",
        "submitted_at",
        "sent_back_reason",
    )
    open_ = IssuedDocument.objects.filter(batch__isnull=True).order_by("drafted_at").only(*columns)
    if actor.has("documents.sign"):
        to_sign = list(
            open_.filter(organisation_id__in=ids, state=State.REVIEW).exclude(drafted_by_id=actor.account_id)[
                :WAITING_LIMIT
            ]
        )
    if actor.has("documents.issue"):
        drafts = list(
            open_.filter(organisation_id__in=ids, state__in=OPEN, drafted_by_id=actor.account_id)[
                :WAITING_LIMIT
            ]
        )
    return to_sign, drafts


def waiting_count(actor: Actor) -> int:
    """Count the papers that wait for the actor's signature."""
    if not actor.has("documents.sign") or not actor.organisation_ids:
        return 0
    found = IssuedDocument.objects.filter(
        organisation_id__in=sorted(actor.organisation_ids), state=State.REVIEW, batch__isnull=True
    ).exclude(drafted_by_id=actor.account_id)
    return found[:WAITING_LIMIT].count()


def kind_names(*, on: date, english: bool = False) -> dict[str, str]:
    """Return what each kind of paper is called on a day: {kind: name}."""
    forms = rulebooks.load("documents", on=on)["forms"]
    return {kind: forms[kind]["name_en" if english else "name"] for kind in rules.KINDS if kind in forms}


def batch(job_id: int) -> QuerySet[IssuedDocument]:
    """Return the papers of a batch in the order they were given, drafts that were refused among them."""
    return IssuedDocument.objects.filter(batch=job_id).order_by("id").only(*_LIST_COLUMNS)
