"""The bytes of a recorded chain's CSV → columns of numbers, at the speed of reading them.

A general CSV reader takes longer for a season of chains than all the rest of a backtest. These
kernels read only what such files normally hold; a line they do not understand they name by its
place, and `chain_rows.read_line` (the csv module) then reads that line exactly.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.backtest.chain_text import (
    U0,
    U1,
    Bytes,
    Ints,
    Place,
    read_date,
    read_decimal,
    read_instant,
    read_right,
    read_series,
    same,
    to_milli,
)
from monitor.backtest.jit import kernel

TIME, TICKER, RIGHT, STRIKE, EXPIRATION, BID, ASK = range(7)
COLUMNS = ("timestamp", "ticker", "type", "strike", "expiration", "bid", "ask")
FIELDS = len(COLUMNS)
MAX_STAMPS = 5000  # distinct ones in a day; more is no chain of ours
MAX_EXPIRATIONS = 500

_COMMA, _NEWLINE, _RETURN = b",\n\r"
_U58 = np.uint64(58)
_DE_BRUIJN = np.uint64(0x03F79D71B4CB0A89)  # times 2**i, its top 6 bits tell i
_BIT_OF = np.array(
    [i for _, i in sorted(((0x03F79D71B4CB0A89 << i) % 2**64 >> 58, i) for i in range(64))]
)


class Rows(NamedTuple):
    """Columns of what was read; shapes (n_rows,) but for the two tables of distinct values.

    `stamp` and `expiration` are places in `stamps` (UTC epoch seconds) and `expirations`
    (`date.toordinal()`), both in order of first sight. `strike` is in thousandths, `right` PUT
    or CALL, `series` OWN, AM or OTHER, `line` the line of the file, 1 being the header. `bid`
    and `ask` are points per share, NaN where the field is empty.
    """

    stamp: NDArray[np.int16]
    expiration: NDArray[np.int16]
    strike: NDArray[np.int32]
    right: NDArray[np.uint8]
    series: NDArray[np.uint8]
    bid: NDArray[np.float64]
    ask: NDArray[np.float64]
    line: NDArray[np.int32]
    stamps: Ints
    expirations: Ints


class Odd(NamedTuple):
    """Lines the kernel left: where they begin and end in the text, and their number."""

    begin: Ints
    end: Ints
    line: Ints


def scan(text: Bytes, *, places: Ints, columns: int, own: bytes, am: bytes) -> tuple[Rows, Odd]:
    """Read every line of a file's bytes after the header.

    Args:
        text: Without the header line; less than 2 GB.
        places: For TIME, TICKER, … ASK the column it stands in. Shape: (FIELDS,).
        columns: How many columns the header has.
        own, am: The roots of the PM- and the AM-settled series; `am` empty where there is none.

    Raises:
        OverflowError: More distinct stamps or expirations than a day's chain can have.
    """
    separators = np.empty(len(text) + 1, np.int32)  # memory is used only as far as it is filled
    last = np.empty(len(text) + 1, np.int32)
    count, lines = find_separators(text, separators, last)
    rows, odd = empty_rows(lines), Odd(*(np.empty(lines, np.int64) for _ in Odd._fields))
    counts = _read_rows(
        text, separators[:count], last[:lines], places, columns,
        np.frombuffer(own, np.uint8), np.frombuffer(am, np.uint8), rows, odd,
    )  # fmt: skip
    if counts[0] < 0:
        raise OverflowError(
            f"more than {MAX_STAMPS} distinct stamps or {MAX_EXPIRATIONS} expirations"
        )
    n, n_odd, n_stamps, n_expirations = counts
    sizes = [n] * (len(Rows._fields) - 2) + [n_stamps, n_expirations]
    kept = {
        name: getattr(rows, name)[:size] for name, size in zip(Rows._fields, sizes, strict=True)
    }
    return Rows(**kept), Odd(*(column[:n_odd] for column in odd))


def empty_rows(size: int) -> Rows:
    """Columns of room for `size` rows."""
    return Rows(
        stamp=np.empty(size, np.int16),
        expiration=np.empty(size, np.int16),
        strike=np.empty(size, np.int32),
        right=np.empty(size, np.uint8),
        series=np.empty(size, np.uint8),
        bid=np.empty(size, np.float64),
        ask=np.empty(size, np.float64),
        line=np.empty(size, np.int32),
        stamps=np.empty(MAX_STAMPS, np.int64),
        expirations=np.empty(MAX_EXPIRATIONS, np.int64),
    )


@kernel
def find_separators(
    text: Bytes, separators: NDArray[np.int32], last: NDArray[np.int32]
) -> tuple[int, int]:
    """Places of all commas and newlines in `text`, and which of them end a line.

    64 bytes at a time become two masks of 64 bits, whose set bits are then walked: several
    times faster than branching on each byte.

    Returns:
        How many separators, how many lines. `last[i]` is the place in `separators` of the i-th
        line's end; a last line without a newline is given one behind the text.
    """
    size = len(text)
    count, lines = U0, U0
    for word in range(size // 64 + 1):
        separator, newline = U0, U0
        if word * 64 + 64 <= size:
            for j in range(64):
                byte = text[word * 64 + j]
                separator |= np.uint64((byte == _COMMA) | (byte == _NEWLINE)) << np.uint64(j)
            for j in range(64):
                newline |= np.uint64(text[word * 64 + j] == _NEWLINE) << np.uint64(j)
        else:
            for j in range(size - word * 64):
                byte = text[word * 64 + j]
                separator |= np.uint64((byte == _COMMA) | (byte == _NEWLINE)) << np.uint64(j)
                newline |= np.uint64(byte == _NEWLINE) << np.uint64(j)
        while separator != U0:
            bit = _BIT_OF[((separator & (~separator + U1)) * _DE_BRUIJN) >> _U58]
            separators[count] = word * 64 + bit
            last[lines] = count
            lines += (newline >> np.uint64(bit)) & U1
            count += U1
            separator &= separator - U1
    if size > 0 and text[size - 1] != _NEWLINE:
        separators[count] = size
        last[lines] = count
        lines += U1
        count += U1
    return int(count), int(lines)


@kernel
def _place(table: Ints, count: int, value: int) -> int:
    """Where `value` stands among the first `count`, newest first; `count` when it does not."""
    for i in range(count - 1, -1, -1):
        if table[i] == value:
            return i
    return count


@kernel
def _span(separators: NDArray[np.int32], place: int, start: int) -> tuple[Place, Place]:
    """Where the field before separator `place` begins and ends; a line's first at `start`."""
    begin = max(start, separators[place - 1] + 1 if place > 0 else 0)
    return np.uint64(begin), np.uint64(separators[place])


@kernel
def _read_rows(
    text: Bytes,
    separators: NDArray[np.int32],
    last: NDArray[np.int32],
    places: Ints,
    columns: int,
    own: Bytes,
    am: Bytes,
    rows: Rows,
    odd: Odd,
) -> tuple[int, int, int, int]:
    """Fill `rows` and `odd`; how many of each, and how many distinct stamps and expirations.

    Most rows repeat the stamp and the expiration of the row before, so the text is compared
    before it is read. −1 rows: more distinct ones than there is room for.
    """
    n, n_odd, n_stamps, n_expirations = 0, 0, 0, 0
    now_stamp, now_expiration = 0, 0
    stamp_at, stamp_end, expiration_at, expiration_end = U0, U0, U0, U0
    start, behind = 0, 0  # of the next line: its first byte, its first separator
    for number in range(len(last)):
        first, begun, finish = behind, start, separators[last[number]]
        behind, start = last[number] + 1, finish + 1
        fine = behind - first == columns and (finish == 0 or text[finish - 1] != _RETURN)
        if fine:
            at, end = _span(separators, first + places[TIME], begun)
            if not same(text, at, end, stamp_at, stamp_end):
                seconds = read_instant(text, at, end)
                fine = seconds >= 0
                if fine:
                    stamp_at, stamp_end = at, end
                    now_stamp = _place(rows.stamps, n_stamps, seconds)
                    if now_stamp == len(rows.stamps):
                        return -1, 0, 0, 0
                    rows.stamps[now_stamp] = seconds
                    n_stamps = max(n_stamps, now_stamp + 1)
        if fine:
            at, end = _span(separators, first + places[EXPIRATION], begun)
            if not same(text, at, end, expiration_at, expiration_end):
                day = read_date(text, at, end)
                fine = day >= 0
                if fine:
                    expiration_at, expiration_end = at, end
                    now_expiration = _place(rows.expirations, n_expirations, day)
                    if now_expiration == len(rows.expirations):
                        return -1, 0, 0, 0
                    rows.expirations[now_expiration] = day
                    n_expirations = max(n_expirations, now_expiration + 1)
        if fine:
            at, end = _span(separators, first + places[TICKER], begun)
            series = read_series(text, at, end, own, am)
            at, end = _span(separators, first + places[RIGHT], begun)
            right = read_right(text, at, end)
            at, end = _span(separators, first + places[STRIKE], begun)
            milli = to_milli(read_decimal(text, at, end)[0])
            at, end = _span(separators, first + places[BID], begun)
            bid, good_bid = read_decimal(text, at, end)
            at, end = _span(separators, first + places[ASK], begun)
            ask, good_ask = read_decimal(text, at, end)
            fine = series >= 0 and right >= 0 and milli > 0 and good_bid and good_ask
            if fine:
                rows.stamp[n], rows.expiration[n] = now_stamp, now_expiration
                rows.line[n], rows.strike[n] = number + 2, milli
                rows.right[n], rows.series[n] = right, series
                rows.bid[n], rows.ask[n] = bid, ask
                n += 1
        if not fine and finish > begun:
            odd.begin[n_odd], odd.end[n_odd], odd.line[n_odd] = begun, finish, number + 2
            n_odd += 1
    return n, n_odd, n_stamps, n_expirations
