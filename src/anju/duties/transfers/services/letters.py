"""The letter of a transfer: its facts, and how it goes out under the sender's next number."""

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from anju.duties.cases.queries import catalogue
from anju.duties.orders.queries import matters
from anju.ground.access.actors import Actor
from anju.ground.foundation import calendar, citations
from anju.ground.foundation.acts import Turn
from anju.means.documents import services as papers
from anju.means.documents.rules.facts import EvidenceLine, HazardLine, TransferLetterData

from .. import queries
from ..models import Transfer, TransferEvidence
from . import manifests

LETTER = "transfer_letter"


def send_out(transfer: Transfer, turn: Turn) -> None:
    """Issue the letter under the next number of the sender, the evidence checked once more (the caller saves)."""
    lines = list(transfer.evidence.select_related("file").order_by("pk"))
    for line in lines:
        manifests.fixed(line.file)
    paper = papers.issue(
        kind=LETTER,
        data=letter_of(transfer, lines, by=turn.by, at=turn.at),
        register_code=matters.register_code(transfer.sender, transfer.kind, on=turn.today),
        subject=transfer,
        by=turn.by,
        at=turn.at,
        organisation=transfer.sender,
    )
    transfer.document_id, transfer.written_number, transfer.sent_at = paper.pk, paper.written_number, turn.at
    turn.facts |= {
        "to": transfer.receiver.name,
        "number": transfer.written_number,
        "manifest": transfer.manifest_hash,
    }


def letter_of(
    transfer: Transfer, lines: Sequence[TransferEvidence], *, by: Actor, at: datetime
) -> TransferLetterData:
    """Return the facts of a transfer's letter, with its manifest and the days by which to sign and to answer."""
    case = transfer.case
    chosen = catalogue.find(case.kind, case.class_code, on=queries.day_of(case.reported_at))
    route = queries.suggest(case, at=at).route
    serious = transfer.kind == "serious_report"
    keys = tuple(queries.book(at)["serious"]["basis"]) if serious else route.basis
    grounds = tuple(citations.cite(key, chinese=True) for key in keys if not key.startswith("xx-defaults"))
    basis = [citations.cite(key, chinese=True) for key in chosen.basis if not key.startswith("xx-defaults")]
    estate = case.estate
    place = " ".join(part for part in (estate.name if estate else "", case.place) if part)
    outcome = queries.term_of(f"outcome_{transfer.kind}", at=at)
    return TransferLetterData(
        organisation=transfer.sender.name,
        recipient=transfer.receiver.name,
        about=transfer.unit.name
        if transfer.unit
        else place or (case.street.name if case.street else case.number),
        facts=_("%(text)s。%(reason)s")
        % {"text": case.text.strip().rstrip("。"), "reason": transfer.reason.strip().rstrip("。") + "。"},
        grounds=grounds,
        evidence=tuple(EvidenceLine(row.name, row.sha256, row.taken_at, row.note) for row in lines),
        manner=transfer.kind,
        found_on=queries.day_of(case.reported_at),
        place=place,
        hazards=(HazardLine(case.place or place, chosen.name, _("；").join(basis)),),
        measures=transfer.stopped.rstrip("。") + "。",
        sign_by=queries.day_of(calendar.due(at, queries.term_of("sign", at=at)).at),
        answer_by=queries.day_of(calendar.due(at, outcome).at),
        contact=by.name,
        phone=transfer.sender.phone,
        address=transfer.sender.address,
    )
