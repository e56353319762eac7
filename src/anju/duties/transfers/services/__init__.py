"""The verbs of transfers between agencies."""

from .drafting import dispatch, draft_transfer, report_serious
from .letters import letter_of
from .loop import (
    LOOP,
    accept,
    close,
    contest,
    discard,
    handed_up,
    insist,
    late,
    mark_late,
    order_accept,
    order_return,
    pass_on,
    recompute_deadlines,
    redirect,
    refuse,
    report_back,
    resumed,
    send,
    sign_for,
    take_back,
    urge,
    verify,
    verify_manifest,
)

__all__ = [
    "LOOP", "accept", "close", "contest", "discard", "dispatch", "draft_transfer", "handed_up", "insist", "late",
    "letter_of", "mark_late", "order_accept", "order_return", "pass_on", "recompute_deadlines", "redirect", "refuse",
    "report_back", "report_serious", "resumed", "send", "sign_for", "take_back", "urge", "verify", "verify_manifest",
]  # fmt: skip
