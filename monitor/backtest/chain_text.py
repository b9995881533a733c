"""Fields of a recorded chain's CSV read from bytes: instants, dates, prices, tickers.

Each of these answers −1 (or False) for whatever it does not know for certain.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.backtest.jit import kernel

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]
Place = Any  # unsigned 64 bits
"""Where something stands in the text.

An index that cannot be negative spares the compiled code a test per byte. Unsigned together with
a plain whole number would make a float: hence `U1` and its like.
"""

U0, U1, U2 = np.uint64(0), np.uint64(1), np.uint64(2)
PUT, CALL = 0, 1
OWN, AM, OTHER = 0, 1, 2  # whose series a row's ticker names
MILLI = 1000  # strikes are whole thousandths of a point, as in option symbols
MAX_STRIKE = 2e6
MAX_DIGITS = 15  # beyond this a decimal is not exact in a float64
EPOCH = 719_163  # date(1970, 1, 1).toordinal()

_DOT, _MINUS, _PLUS, _COLON, _SPACE, _T, _Z = b".-+: TZ"
_A, _LAST_LETTER, _ZERO, _NINE = b"AZ09"
_TENS = 10.0 ** np.arange(MAX_DIGITS + 1)
_PUT_WORD, _CALL_WORD = np.frombuffer(b"put", np.uint8), np.frombuffer(b"call", np.uint8)


@kernel
def _digits(text: Bytes, at: Place, count: int) -> int:
    """The number these `count` digits make; −1 when there is anything else."""
    value = 0
    for i in range(at, at + count):
        digit = int(text[i]) - 48
        if digit < 0 or digit > 9:
            return -1
        value = value * 10 + digit
    return value


@kernel
def _ordinal(year: int, month: int, day: int) -> int:
    """`date(year, month, day).toordinal()`, or −1 when there is no such day."""
    if year < 1 or month < 1 or month > 12 or day < 1:
        return -1
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    length = 31
    if month == 2:
        length = 29 if leap else 28
    elif month in {4, 6, 9, 11}:
        length = 30
    if day > length:
        return -1
    shifted = year - (month <= 2)
    month_days = (153 * ((month + 9) % 12) + 2) // 5
    return 365 * shifted + shifted // 4 - shifted // 100 + shifted // 400 + month_days + day - 306


@kernel
def read_date(text: Bytes, begin: Place, end: Place) -> int:
    """The ordinal of YYYY-MM-DD; −1 for anything else."""
    at, size = np.int64(begin), np.int64(end) - np.int64(begin)
    if size != 10 or text[at + 4] != _MINUS or text[at + 7] != _MINUS:
        return -1
    return _ordinal(_digits(text, at, 4), _digits(text, at + 5, 2), _digits(text, at + 8, 2))


@kernel
def read_instant(text: Bytes, begin: Place, end: Place) -> int:
    """UTC epoch seconds of YYYY-MM-DD[T ]HH:MM:SS[Z|+00:00|]; −1 for anything else."""
    at, size = np.int64(begin), np.int64(end) - np.int64(begin)
    if size == 25:
        zone = text[at + 19] == _PLUS and text[at + 22] == _COLON
        if not zone or _digits(text, at + 20, 2) != 0 or _digits(text, at + 23, 2) != 0:
            return -1
    elif size != 19 and not (size == 20 and text[at + 19] == _Z):
        return -1
    parted = text[at + 10] == _T or text[at + 10] == _SPACE
    if not parted or text[at + 13] != _COLON or text[at + 16] != _COLON:
        return -1
    day = read_date(text, np.uint64(at), np.uint64(at + 10))
    hour, minute = _digits(text, at + 11, 2), _digits(text, at + 14, 2)
    second = _digits(text, at + 17, 2)
    if day < EPOCH or not (0 <= hour < 24 and 0 <= minute < 60 and 0 <= second < 60):
        return -1
    return (day - EPOCH) * 86400 + hour * 3600 + minute * 60 + second


@kernel
def read_decimal(text: Bytes, at: Place, end: Place) -> tuple[float, bool]:
    """A plain decimal and whether it is one; an empty field is NaN, and fine."""
    if at == end:
        return np.nan, True
    value, digits, places, dot, other = 0, 0, 0, 0, 0
    for i in range(at, end):
        digit = int(text[i]) - 48
        if 0 <= digit <= 9:
            value = value * 10 + digit
            digits += 1
            places += dot
        elif text[i] == _DOT and dot == 0:
            dot = 1
        else:
            other += 1
    negative = text[at] == _MINUS
    if other > negative or digits == 0 or digits > MAX_DIGITS:
        return np.nan, False
    number = value / _TENS[places]
    return (-number if negative else number), True


@kernel
def same(text: Bytes, at: Place, end: Place, begin: Place, stop: Place) -> bool:
    if end - at != stop - begin:
        return False
    for i in range(end - at):
        if text[at + i] != text[begin + i]:
            return False
    return True


@kernel
def _is(text: Bytes, at: np.uint64, length: Place, word: Bytes) -> bool:
    if length != np.uint64(len(word)):
        return False
    for i in range(length):
        if text[at + i] != word[i]:
            return False
    return True


@kernel
def read_series(text: Bytes, at: Place, end: Place, own: Bytes, am: Bytes) -> int:
    """OWN, AM or OTHER by the letters of a ticker like O:NDXP251203P20170000; −1 when
    they are not plain capitals before a digit."""
    if end >= at + U2 and text[at + U1] == _COLON:
        at += U2
    length = U0
    while at + length < end and _A <= text[at + length] <= _LAST_LETTER:
        length += U1
    behind = text[at + length] if at + length < end else _A
    if length == U0 or not _ZERO <= behind <= _NINE:
        return -1
    if _is(text, at, length, own):
        return OWN
    return AM if _is(text, at, length, am) else OTHER


@kernel
def read_right(text: Bytes, at: Place, end: Place) -> int:
    """PUT or CALL for the words put and call; −1 for anything else."""
    if _is(text, at, end - at, _PUT_WORD):
        return PUT
    return CALL if _is(text, at, end - at, _CALL_WORD) else -1


@kernel
def to_milli(points: float) -> int:
    """Thousandths of a point; 0 when they are not whole, not above 0 or beyond all reason."""
    if not 0 < points < MAX_STRIKE:
        return 0
    milli = int(points * MILLI + 0.5)
    return milli if milli / MILLI == points else 0
