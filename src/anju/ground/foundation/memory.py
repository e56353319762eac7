"""Work of a size that a stranger chooses takes its share of this process's memory before it begins.

The size is known from a header, so the sum over all threads is bounded by construction. Who finds no room waits a
little, in turn, and is then asked to come again: nobody's process is killed for somebody else's picture.
"""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Condition

from django.conf import settings
from django.utils.translation import gettext as _

from .refusals import Refusal

MEGABYTE = 1024 * 1024


class Busy(Refusal):
    """The machine has its hands full for a moment; `data["retry_after"]` says in how many seconds to come again."""

    code = "busy"
    status = 503


class Budget:
    """So many bytes for all threads of a process; shares are given in the order in which they were asked for."""

    def __init__(self, most: int, *, patience: float):
        self.most = most
        self.patience = patience
        self.taken = 0
        self.peak = 0
        self._line: deque[object] = deque()
        self._changed = Condition()

    @contextmanager
    def share(self, size: int) -> Iterator[None]:
        """Hold `size` bytes; waits `patience` seconds for them at most, then raises Busy.

        A size above the whole budget is cut to it: such work goes alone. What must not begin at all asks `most` first.
        """
        size = min(size, self.most)
        self._take(size)
        try:
            yield
        finally:
            with self._changed:
                self.taken -= size
                self._changed.notify_all()

    def _take(self, size: int) -> None:
        mine = object()
        with self._changed:
            self._line.append(mine)
            try:
                if not self._changed.wait_for(
                    lambda: self._line[0] is mine and self.taken + size <= self.most, timeout=self.patience
                ):
                    raise Busy(
                        _("现在同时处理的照片和文件太多，请过半分钟再试一次。"),
                        data={"retry_after": 30},
                    )
                self.taken += size
                self.peak = max(self.peak, self.taken)
            finally:
                self._line.remove(mine)
                self._changed.notify_all()


@cache
def heavy() -> Budget:
    """Return this process's budget for pictures being decoded and workbooks being looked at (ANJU_HEAVY_MB)."""
    return Budget(settings.HEAVY_MB * MEGABYTE, patience=settings.HEAVY_PATIENCE)
