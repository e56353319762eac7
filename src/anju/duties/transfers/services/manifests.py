"""The manifest of a transfer: what was stored, hashed anew before it is written down, sent, or looked at again."""

import hashlib
from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from anju.ground.foundation import files, journal
from anju.ground.foundation.models import Event
from anju.ground.foundation.refusals import Refusal

from .. import queries, rules
from ..models import Transfer, TransferEvidence


def hash_now(sha256: str) -> str:
    """Hash the stored original anew; "" when its bytes are gone."""
    try:
        return hashlib.sha256(files.path_of(sha256).read_bytes()).hexdigest()
    except OSError:
        return ""


def fixed(stored: Any) -> str:
    """Return the digest to be written into a manifest, after looking that the bytes still are those."""
    if hash_now(stored.sha256) != stored.sha256:
        raise Refusal(
            _("证据“%(name)s”与存入时不一致或已丢失，不能列入清单，请联系系统管理员。")
            % {"name": stored.name},
            field="evidence",
            code="evidence_changed",
        )
    return str(stored.sha256)


def hash_of(rows: Iterable[TransferEvidence]) -> str:
    """Return the hash of a manifest's lines."""
    return rules.manifest_hash(rules.Line(row.sha256, row.name, row.taken_at, row.note) for row in rows)


def facts_of(transfer: Transfer) -> dict[str, Any]:
    """Hash the stored files of a manifest anew and say what changed since it was fixed, as the journal keeps it.

    Three things are compared: each file with its line, the lines with the manifest's own hash, and that hash with the
    one the journal kept when the letter was sent; the column beside it may have been written by whoever changed both.
    """
    lines = list(transfer.evidence.order_by("pk"))
    found = {line.pk: hash_now(line.sha256) for line in lines}
    left = [e for e in journal.events_of(transfer) if e.name in ("transfers.send", "transfers.dispatch")]
    return {
        "found": {str(pk): now for pk, now in found.items()},
        "wrong": [line.sha256 for line in lines if found[line.pk] != line.sha256],
        "manifest": transfer.manifest_hash,
        "manifest_same": hash_of(lines) == transfer.manifest_hash,
        "sent_same": not left or left[-1].data["manifest"] == transfer.manifest_hash,
    }


def verdict_of(event: Event) -> queries.Verified:
    """Return what a look at a manifest said, line by line."""
    data = event.data
    lines = TransferEvidence.objects.filter(transfer=event.subject_id).select_related("file").order_by("pk")
    verdicts = []
    for line in lines:
        now = data["found"].get(str(line.pk), "")
        state = "ok" if now == line.sha256 else "changed" if now else "missing"
        verdicts.append(queries.Verdict(line, state, now))
    return queries.Verified(event.at, tuple(verdicts), data["manifest_same"], data["sent_same"])
