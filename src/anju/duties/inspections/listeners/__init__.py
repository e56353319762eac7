"""What the room hears from below, and who reaches what of it."""

from . import units, visits

__all__ = ["units", "visits"]
