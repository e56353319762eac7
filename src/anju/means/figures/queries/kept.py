"""How the tallies stand: which may be counted on, what waits to be folded, when each was checked."""

from collections.abc import Iterable

from ..models import TallyDelta, TallyState
from ..models.tallies import Spec


def usable(specs: Iterable[Spec]) -> dict[str, bool]:
    """Say of each tally whether it may answer: its triggers are those declared, and the last check found it right."""
    wanted = {spec.name: spec for spec in specs}
    kept = {state.name: state for state in TallyState.objects.filter(name__in=wanted).defer("sample")}
    return {
        name: name in kept and kept[name].digest == spec.digest and not kept[name].differences
        for name, spec in wanted.items()
    }


def waiting() -> int:
    """Count the noted changes that are not folded yet."""
    return TallyDelta.objects.count()


def states(specs: Iterable[Spec]) -> list[TallyState]:
    """List how the tallies stand, for the page of definitions."""
    return list(TallyState.objects.filter(name__in=[spec.name for spec in specs]).order_by("name"))
