"""The one way a thing moves from state to state: a table of steps.

A room declares `STEPS`, a tuple of Step. The same table decides what is allowed and who may, reads what was given
(`asks`), draws the buttons an officer sees with their forms, the words of the story, the diagram in docs/rooms/, and
the allowed acts named in a refusal. Pure: no database, no clock. The engine that takes a step is `acts`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from .asks import Field

ANY: frozenset[str] = frozenset(
    {"*"}
)  # whatever state: a kind of thing without states, or an act possible in all
NEW: frozenset[str] = frozenset()  # an act by which the thing comes into being
SYSTEM, PUBLIC, WITHIN = "system", "public", "within"
GONE = "gone"  # a target: the thing ceases to be, its story stays (a draft that is thrown away)


@dataclass(frozen=True, slots=True)
class Blocked:
    """Why an act is not possible now although the state allows it.

    allowed  acts that are possible instead
    since    from which day it will be possible by itself; None = not by waiting
    never    not for this record at all (another kind of it): no button says so
    """

    sentence: object
    allowed: tuple[str, ...] = ()
    since: date | None = None
    code: str = ""
    never: bool = False


Guard = Callable[[Any, date], Blocked | None]


@dataclass(frozen=True, slots=True)
class Step:
    """One edge: who may take the act, from which states, to which state, and by which article.

    act      verb, snake_case (`send_back`), unique within its room: the event is `<room>.<act>`
    label    what the button says
    source   states from which it is possible; NEW for filing, ANY for whatever state
    target   state after it; None = unchanged, GONE = it is removed
    power    the power that it takes; "" = none (whoever has the code, or the system itself)
    basis    article key, resolved in docs/law/
    who      whose turn it is: roles of the Loop, "lead|registrar"; "public": whoever knows the code; "system": nobody
             presses it; "within": a part of an act of another room, which has asked for sight and power (the paper of
             an order); "" = whoever holds the power over the record
    when     guards: pure functions of (record, day) that say why not now
    asks     what the act asks for
    starts, stops  clocks that the act starts and brings to their end
    doubts   codes of what the verb may doubt: each asks for a word, which the event keeps
    follows  acts that may follow by themselves, each with its own event
    effects  what else the act does to other records, by the name under which the Loop has it; held by a test each
    said     how the story says it; default: the label
    tone     how the button looks: primary, plain or danger
    mood     how the story shows it: quiet, active, done, warn, danger; default by tone
    leaf     name of the leaf of the public record that it leaves
    long     the system's act with which a job, started under the same receipt, ends what this one begins
    open     locks its own row alone, not the parent: two thousand do it at once
    """

    act: str
    label: object
    source: frozenset[str]
    target: str | None
    power: str
    basis: str = ""
    tone: str = "plain"
    who: str = ""
    when: tuple[Guard, ...] = ()
    asks: tuple[Field, ...] = ()
    starts: tuple[str, ...] = ()
    stops: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()
    said: object = ""
    mood: str = ""
    leaf: str = ""
    long: str = ""
    open: bool = False

    @property
    def word(self) -> object:
        """How the story says it."""
        return self.said or self.label

    @property
    def feeling(self) -> str:
        """How the story shows it."""
        return self.mood or {"danger": "danger", "primary": "active"}.get(self.tone, "active")

    @property
    def files(self) -> bool:
        """Whether it makes the thing."""
        return self.source == NEW

    @property
    def pressed(self) -> bool:
        """Whether somebody presses a button for it."""
        return self.who not in (SYSTEM, WITHIN) and not self.files

    def possible(self, state: str) -> bool:
        """Say whether a state allows it."""
        return self.source == ANY or state in self.source


def mermaid(steps: Iterable[Step]) -> str:
    """Draw the table as a Mermaid state diagram for docs/rooms/."""
    lines = ["stateDiagram-v2"]
    for step in steps:
        if step.files and step.target:
            lines.append(f"    [*] --> {step.target}: {step.act}")
        for source in sorted(step.source - ANY):
            target = "[*]" if step.target == GONE else step.target or source
            lines.append(f"    {source} --> {target}: {step.act}")
    return "\n".join(lines)
