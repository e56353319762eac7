"""The verbs of the room: the closed loop, what comes from above and beside it, following by a code."""

from .corrections import annotate, correct, publish, recall, undo, withdraw
from .following import FOLLOW, TooManyTries, follow
from .loop import (
    LOOP,
    Reporter,
    TooSoon,
    Upload,
    accept,
    acting_agencies,
    assign,
    close,
    close_at_recheck,
    close_on_spot,
    let_go,
    let_go_of,
    locked,
    rate,
    reopen,
    report,
    require_power_on,
    return_back,
    send_back,
    stamp_place,
    submit,
    take_over,
    take_over_from_others,
    take_step,
    verify,
    void,
)
from .supervision import (
    VIEWS,
    Part,
    ask_term,
    deadline_moved,
    decide_term,
    drop_view,
    end_long_suspensions,
    escalate,
    merge,
    resume,
    save_view,
    split,
    supervise,
    unmerge,
    unseal,
    urge,
)

__all__ = [
    "FOLLOW", "LOOP", "VIEWS", "Part", "Reporter", "TooManyTries", "TooSoon", "Upload", "accept",
    "acting_agencies", "annotate", "ask_term", "assign", "close", "close_at_recheck", "close_on_spot", "correct",
    "deadline_moved", "decide_term", "drop_view", "end_long_suspensions", "escalate", "follow", "let_go",
    "let_go_of", "locked", "merge", "publish", "rate", "recall", "reopen", "report", "require_power_on", "resume",
    "return_back", "save_view", "send_back", "split", "stamp_place", "submit", "supervise", "take_over",
    "take_over_from_others", "take_step", "undo", "unmerge", "unseal", "urge", "verify", "void", "withdraw",
]  # fmt: skip
