"""The verbs of the room: the closed loop, what comes from above and beside it, the ladder, following by a code."""

from .following import FOLLOW, TooManyTries, follow
from .ladder import escalate_overdue
from .loop import Reporter, TooSoon, Upload, locked, rate, report, require_power_on, stamp_place, take_step
from .on_spot import close_at_recheck, close_on_spot
from .supervision import (
    Part,
    ask_term,
    decide_term,
    end_long_suspensions,
    merge,
    read_notice,
    recompute_deadlines,
    resume,
    split,
    unmerge,
    unseal,
    urge,
)

__all__ = [
    "FOLLOW",
    "Part",
    "Reporter",
    "TooManyTries",
    "TooSoon",
    "Upload",
    "ask_term",
    "close_at_recheck",
    "close_on_spot",
    "decide_term",
    "end_long_suspensions",
    "escalate_overdue",
    "follow",
    "locked",
    "merge",
    "rate",
    "read_notice",
    "recompute_deadlines",
    "report",
    "require_power_on",
    "resume",
    "split",
    "stamp_place",
    "take_step",
    "unmerge",
    "unseal",
    "urge",
]
