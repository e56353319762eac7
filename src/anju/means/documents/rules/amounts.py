"""Money as a decision must write it: in figures and in the capital numerals of banks (大写). Pure."""

from collections.abc import Mapping
from decimal import ROUND_DOWN, Decimal
from typing import Any

LARGEST = Decimal("999999999999.99")
_FEN = Decimal("0.01")


def figures(amount: Decimal) -> str:
    """Write an amount in figures: 200, 1409.50, 61521; whole yuan without decimals, no separators."""
    exact = _checked(amount)
    return f"{exact:.0f}" if exact == exact.to_integral_value() else f"{exact:.2f}"


def in_words(amount: Decimal, written: Mapping[str, Any]) -> str:
    """Write an amount in capital numerals: 200 is 贰佰元整, 10050.05 is 壹万零伍拾元零伍分.

    written  the numerals, places and units of the rulebook (digits, places, groups, yuan, jiao, fen, whole)
    Raises ValueError for a negative amount, one with more than two decimals, or one of a billion thousands and more.
    """
    exact = _checked(amount)
    zero = written["digits"][0]
    whole, cents = divmod(int(exact * 100), 100)
    jiao, fen = divmod(cents, 10)
    words = _whole(whole, written) + written["yuan"] if whole else ""
    if not cents:
        return (words or zero + written["yuan"]) + written["whole"]
    if jiao:
        words += written["digits"][jiao] + written["jiao"]
    elif words:
        words += zero
    if fen:
        words += written["digits"][fen] + written["fen"]
    return words


def writable(amount: Decimal) -> bool:
    """Say whether an amount can stand on a document: not negative, not too large, whole fen."""
    return Decimal(0) <= amount <= LARGEST and amount == amount.quantize(_FEN, rounding=ROUND_DOWN)


def _checked(amount: Decimal) -> Decimal:
    if not Decimal(0) <= amount <= LARGEST:
        raise ValueError(f"{amount} cannot be written on a document")
    if amount != amount.quantize(_FEN, rounding=ROUND_DOWN):
        raise ValueError(f"{amount} has more than two decimals")
    return amount


def _whole(number: int, written: Mapping[str, Any]) -> str:
    """Write a positive whole number in groups of four: a run of zeros is one 零, and none ends a group."""
    digits, places, groups = written["digits"], written["places"], written["groups"]
    text, pending_zero = "", False
    for group in range(len(groups) - 1, -1, -1):
        four = number // 10000**group % 10000
        for place in range(3, -1, -1):
            digit = four // 10**place % 10
            if digit:
                text += (digits[0] if pending_zero and text else "") + digits[digit] + places[place]
                pending_zero = False
            else:
                pending_zero = True
        if four:
            text += groups[group]
            # After a group the zeros that ended it are not read: 壹拾万柒仟; those that begin the next one are.
            pending_zero = False
    return text
