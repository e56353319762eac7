"""The verbs of figures: what is frozen, published and revised."""

from .snapshots import LOOP, freeze, least_published, note_all_revisions, note_revisions, publish, revisions

__all__ = [
    "LOOP",
    "freeze",
    "least_published",
    "note_all_revisions",
    "note_revisions",
    "publish",
    "revisions",
]
