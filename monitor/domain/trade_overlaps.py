"""A wanted trade against the book: the same trade, and legs that meet at the broker.

A broker holds one net quantity of each option. Buying a leg that is sold in another spread
closes that leg there, whatever the two spreads are called in this book.
"""

from __future__ import annotations

from collections.abc import Iterable

from monitor.domain.spreads import describe_strikes
from monitor.domain.trade import Trade

SIDES = (("put", "short_put", "long_put"), ("call", "short_call", "long_call"))


def overlaps(trade: Trade, book: Iterable[Trade]) -> tuple[str, ...]:
    """One sentence for each meeting of this trade with a held one of the same series."""
    return tuple(
        text
        for other in book
        if (other.ticker, other.expiration, other.settlement)
        == (trade.ticker, trade.expiration, trade.settlement)
        for text in _against(trade, other)
    )


def _against(trade: Trade, other: Trade) -> list[str]:
    mine, theirs = trade.strikes, other.strikes
    if mine is None or theirs is None:
        return []
    if mine == theirs:
        return [
            f"you already hold this: {other.name}, {other.contracts} × {describe_strikes(theirs)}"
        ]
    said = []
    for right, short, long in SIDES:
        sold, bought = getattr(mine, short), getattr(mine, long)
        if bought is not None and bought == getattr(theirs, short):
            said.append(
                f"this long {right} {bought:g} is the short {right} of {other.name}: "
                "the broker nets them, and that spread loses its short leg"
            )
        if sold is not None and sold == getattr(theirs, long):
            said.append(
                f"this short {right} {sold:g} is the long {right} of {other.name}: "
                "the broker nets them, and that spread loses its protection"
            )
        if sold is not None and sold == getattr(theirs, short):
            said.append(f"the {right} {sold:g} is sold in {other.name} already")
    return said
