"""What figures keep: snapshots and revisions, and the tallies with their triggers."""

from .records import FigureRevision, FigureSnapshot, TallyDelta, TallyKey, TallyRow, TallyState

__all__ = [
    "FigureRevision",
    "FigureSnapshot",
    "TallyDelta",
    "TallyKey",
    "TallyRow",
    "TallyState",
]
