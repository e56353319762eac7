"""The one way a thing moves from state to state: a table of steps.

A room declares `STEPS`, a tuple of Step. The same table decides what is allowed, draws the buttons an officer
sees, the diagram in docs/rooms/, and the allowed acts named in a refusal. Pure: no database, no clock.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .refusals import NotAllowedNow


@dataclass(frozen=True, slots=True)
class Step:
    """One edge: who may take the act, from which states, to which state, and by which article.

    act     verb, snake_case (`send_back`)
    label   what the button says
    source  states from which it is possible
    target  state after it; None = unchanged
    power   the power that it takes
    basis   article key, resolved in docs/law/
    clock   key of the clock (rulebooks/deadlines) that starts with the step; None = none starts
    note    "required" when a reason must be given, else "optional"
    tone    how the button looks: primary, plain or danger
    """

    act: str
    label: object
    source: frozenset[str]
    target: str | None
    power: str
    basis: str
    clock: str | None = None
    note: str = "optional"
    tone: str = "plain"


def find(steps: Sequence[Step], *, act: str, state: str) -> Step:
    """Return the step for `act` from `state`, or raise NotAllowedNow naming the acts that are possible."""
    for step in steps:
        if step.act == act and state in step.source:
            return step
    raise NotAllowedNow(
        f"{act} not allowed in {state}", data={"act": act, "state": state, "allowed": allowed(steps, state)}
    )


def allowed(steps: Iterable[Step], state: str) -> list[str]:
    """List the acts possible from `state`, in table order."""
    return [step.act for step in steps if state in step.source]


def mermaid(steps: Iterable[Step]) -> str:
    """Draw the table as a Mermaid state diagram for docs/rooms/."""
    lines = ["stateDiagram-v2"]
    for step in steps:
        for source in sorted(step.source):
            lines.append(f"    {source} --> {step.target or source}: {step.act}")
    return "\n".join(lines)
