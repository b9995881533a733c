"""Why a row of a recorded chain is not used. Codes are stored in cache files: only append."""

from __future__ import annotations

from enum import IntEnum


class Skip(IntEnum):
    """The first reason, in this order of judging, that a row meets; 0 is a row that is kept."""

    KEPT = 0
    SHORT = 1
    UNREADABLE = 2
    FOREIGN = 3
    AM_SETTLED = 4
    WRONG_DAY = 5
    OUTSIDE_HOURS = 6
    EXPIRED = 7
    NO_SESSION = 8
    ONE_SIDED = 9
    NO_PRICE = 10
    CROSSED = 11
    REPEATED = 12

    @property
    def text(self) -> str:
        return _TEXTS[self]


_TEXTS = {
    Skip.KEPT: "kept",
    Skip.SHORT: "too few or too many columns",
    Skip.UNREADABLE: "a value that cannot be read",
    Skip.FOREIGN: "an option of another underlying",
    Skip.AM_SETTLED: "AM-settled series: stops trading the session before",
    Skip.WRONG_DAY: "a stamp of another day than the file's",
    Skip.OUTSIDE_HOURS: "a stamp before the open, or at or after the close",
    Skip.EXPIRED: "an expiration before its stamp",
    Skip.NO_SESSION: "an expiration that is no trading session",
    Skip.ONE_SIDED: "bid or ask is missing",
    Skip.NO_PRICE: "ask not above 0, bid below 0, or beyond 200,000 points",
    Skip.CROSSED: "bid above ask",
    Skip.REPEATED: "the same option at the same stamp again: the later row counts",
}
