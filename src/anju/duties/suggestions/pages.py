"""What this room lays on the desk: suggestions whose next act is mine, and opinions that I am asked for."""

from datetime import datetime

from django.db.models import Exists, OuterRef, Q, Subquery
from django.urls import reverse
from django.utils.translation import gettext_lazy as lazy

from anju.ground.foundation import clocks, desk
from anju.ground.foundation.notices import Word

from .models import CoHandling, Feedback, Suggestion
from .queries import ladder
from .rules import State

_OPINION = clocks.of_all(Suggestion).filter(clocks.RUNNING, part_id=OuterRef("pk"))
_UNDELIVERED = Exists(
    Feedback.objects.filter(reply__suggestion=OuterRef("pk"), delivered_on__isnull=True, value="")
)


def waits(at: datetime) -> list[desk.Wait]:
    """Say what is awaited on suggestions, by whose turn it is and what the post may do."""
    lead, hands_out = ("desk", "suggestions.handle"), ("desk", "suggestions.register")
    waiting, answered = Q(state__in=[State.REGISTERED, State.RETURNED]), Q(state=State.ANSWERED)
    over = answered & Q(due_at__lt=at)
    opinion = Q(state__in=[State.ASSIGNED, State.HANDLING], opinion_by__isnull=False)
    return [
        desk.Wait("assign", waiting, *hands_out, "due_at"),
        desk.Wait("accept", Q(state=State.ASSIGNED), *lead, "due_at"),
        desk.Wait("submit_for_signature", Q(state=State.HANDLING), *lead, "due_at", lazy("办理、起草答复")),
        desk.Wait("sign", Q(state=State.SIGNING), "desk", "suggestions.sign", "due_at"),
        desk.Wait("issue", Q(state=State.SIGNED), *lead, "due_at"),
        desk.Wait("assess", Q(state=State.ASSESSING), *hands_out, "due_at"),
        # A co-handler's opinion lies on its own desk; when it is late, it is the suggestion that climbs.
        desk.Wait("give_opinion", opinion, "", "", "opinion_by", lazy("提交协办意见")),
        desk.Wait("deliver", answered & Q(_UNDELIVERED), "lead", "suggestions.handle"),
        # Nobody is late because a deputy has not answered yet; once the term is over, the suggestion is closed by hand.
        desk.Wait("close", over, *hands_out, "", lazy("反馈期已过，征询后办结")),
    ]


def opinions(at: datetime) -> list[desk.Wait]:
    """Say which opinions are asked of which offices."""
    asked = Q(submitted_at=None, dropped_at=None, suggestion__state__in=[State.ASSIGNED, State.HANDLING])
    due = Subquery(_OPINION.order_by("due_at").values("due_at")[:1])
    words = lazy("提交协办意见")
    return [desk.Wait("give_opinion", asked, "organisation", "suggestions.handle", due, words, climbs=False)]


def _line(suggestion: Suggestion) -> desk.Line:
    return desk.Line(
        suggestion.title,
        reverse("suggestions:suggestion", args=[suggestion.pk]),
        f"{suggestion.meeting} {suggestion.number}",
        is_demo=suggestion.is_demo,
    )


NOTICES = {
    "returned": Word(lazy("退回交办")),
    "extend": Word(lazy("延长期限")),
    "feedback": Word(lazy("代表不满意")),
}
KINDS = (
    desk.Kind("suggestions", lazy("代表建议"), Suggestion, waits, _line, 12, ladder.rungs_of),
    desk.Kind(
        "opinions",
        lazy("协办意见"),
        CoHandling,
        opinions,
        lambda co: _line(co.suggestion),
        13,
        related=("suggestion",),
    ),
)
