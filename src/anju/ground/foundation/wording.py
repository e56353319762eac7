"""Sentences of pure rules: a text that is translated only when shown, without importing Django in the rules."""

from collections.abc import Callable

_translate: Callable[[str], str] = str


def use(translate: Callable[[str], str]) -> None:
    """Give the function that translates (foundation does this when Django is ready)."""
    global _translate
    _translate = translate


class lazy:
    """A sentence in Chinese, translated when it is turned into text."""

    __slots__ = ("source",)

    def __init__(self, source: str):
        self.source = source

    def __str__(self) -> str:
        return _translate(self.source)

    def __repr__(self) -> str:
        return f"lazy({self.source!r})"

    def __eq__(self, other: object) -> bool:
        return str(self) == str(other)

    def __hash__(self) -> int:
        return hash(self.source)

    def __html__(self) -> str:
        import html

        return html.escape(str(self))
