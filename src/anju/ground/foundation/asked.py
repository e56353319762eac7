"""What stands in an address or a form, read without trusting it."""


def whole(text: str | None) -> int | None:
    """Return the whole number that a text writes in at most 18 digits, or None for anything else.

    `str.isdigit` also holds for ² and ①, which `int` refuses, and for thousands of digits, which no column takes.
    """
    text = (text or "").strip()
    return int(text) if 0 < len(text) <= 18 and text.isdecimal() else None
