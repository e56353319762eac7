"""What this room lays on the desk: papers to finish, and papers to sign."""

from datetime import datetime

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as lazy

from anju.ground.access.actors import Actor
from anju.ground.foundation import desk

from .models import IssuedDocument

_State = IssuedDocument.State


def waits(at: datetime) -> list[desk.Wait]:
    """Say which papers are to be signed for an office, and which drafts are the reader's own to finish."""
    return [
        desk.Wait("sign", Q(state=_State.REVIEW), "organisation", "documents.sign", of=_not_mine),
        desk.Wait(
            "redraft", Q(state=_State.DRAFT), "organisation", "documents.issue", "", lazy("完成草稿"), _mine
        ),
    ]


def _mine(actor: Actor) -> Q:
    return Q(drafted_by_id=actor.account_id)


def _not_mine(actor: Actor) -> Q:
    """Leave out what the reader wrote: nobody signs that."""
    return ~_mine(actor) | Q(drafted_by_id__isnull=True)


def _line(paper: IssuedDocument) -> desk.Line:
    """Say how papers read on the desk."""
    return desk.Line(
        paper.title,
        reverse("documents:one", args=[paper.pk]),
        paper.drafted_by_name,
        paper.organisation_name,
    )


KIND = desk.Kind(
    "documents",
    lazy("文书"),
    IssuedDocument,
    waits,
    _line,
    70,
    fetch=lambda rows: rows.defer("facts", "data"),
)
