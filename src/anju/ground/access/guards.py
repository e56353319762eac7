"""Who may enter a view: the guards of foundation, under the name by which rooms above access know them."""

from anju.ground.foundation.guards import View, admits, ask_first, open_to_all, power, signed_in, writes

from .services import to_do_first

ask_first(to_do_first)

__all__ = ["View", "admits", "open_to_all", "power", "signed_in", "writes"]
