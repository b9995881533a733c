"""One line of a recorded chain read exactly: the plain twin of `chain_scan`'s kernels.

Used for the lines the kernels leave (quoted fields, exponents, other zones, faults), and by the
tests to compare. What cannot be read gets the reason that the report names.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from typing import TypeVar

import numpy as np

from monitor.backtest.chain_reasons import Skip
from monitor.backtest.chain_scan import COLUMNS, MAX_EXPIRATIONS, MAX_STAMPS, Odd, Rows
from monitor.backtest.chain_text import (
    AM,
    CALL,
    MAX_STRIKE,
    MILLI,
    OTHER,
    OWN,
    PUT,
    Bytes,
    Ints,
)

T = TypeVar("T")
_RIGHTS = {"put": PUT, "p": PUT, "call": CALL, "c": CALL}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row; units as in `chain_scan.Rows`, bid and ask None where empty."""

    stamp: int
    expiration: int
    strike: int
    right: int
    series: int
    bid: float | None
    ask: float | None


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that cannot be used, and why in words for its example in the report."""

    reason: Skip
    why: str


def read_line(line: str, *, places: Ints, columns: int, own: str, am: str | None) -> Line | Refused:
    """Read one line; `places` and `columns` as for `chain_scan.scan`."""
    try:
        fields = next(csv.reader([line], strict=True))
    except (csv.Error, StopIteration):
        return Refused(Skip.UNREADABLE, "no row of comma separated values")
    if len(fields) != columns:
        return Refused(Skip.SHORT, f"{len(fields)} of {columns} columns")
    texts = {name: fields[place].strip() for name, place in zip(COLUMNS, places, strict=True)}
    try:
        return Line(
            stamp=_read("timestamp", _instant, texts),
            expiration=_read("expiration", _day, texts),
            strike=_read("strike", _strike, texts),
            right=_read("type", _right, texts),
            series=_read("ticker", partial(_series, own=own, am=am), texts),
            bid=_read("bid", _price, texts),
            ask=_read("ask", _price, texts),
        )
    except _UnreadableError as error:
        return Refused(Skip.UNREADABLE, str(error))


def add_lines(rows: Rows, lines: list[tuple[int, Line]]) -> Rows:
    """`rows` with more lines, in the order of the file.

    Raises:
        OverflowError: More distinct stamps or expirations than a day's chain can have.
    """
    if not lines:
        return rows
    stamps = _extended(rows.stamps, [x.stamp for _, x in lines], MAX_STAMPS, "stamps")
    expirations = _extended(
        rows.expirations, [x.expiration for _, x in lines], MAX_EXPIRATIONS, "expirations"
    )
    stamp_of = {int(value): i for i, value in enumerate(stamps)}
    expiration_of = {int(value): i for i, value in enumerate(expirations)}
    more = Rows(
        stamp=np.array([stamp_of[x.stamp] for _, x in lines], np.int16),
        expiration=np.array([expiration_of[x.expiration] for _, x in lines], np.int16),
        strike=np.array([x.strike for _, x in lines], np.int32),
        right=np.array([x.right for _, x in lines], np.uint8),
        series=np.array([x.series for _, x in lines], np.uint8),
        bid=np.array([np.nan if x.bid is None else x.bid for _, x in lines]),
        ask=np.array([np.nan if x.ask is None else x.ask for _, x in lines]),
        line=np.array([number for number, _ in lines], np.int32),
        stamps=stamps,
        expirations=expirations,
    )
    order = np.argsort(np.concatenate([rows.line, more.line]), kind="stable")
    joined = {
        name: np.concatenate([getattr(rows, name), getattr(more, name)])[order]
        for name in Rows._fields[:-2]
    }
    return Rows(**joined, stamps=stamps, expirations=expirations)


def odd_texts(text: Bytes, odd: Odd) -> list[tuple[int, str]]:
    """Number and text of the lines that `scan` left."""
    return [
        (int(number), bytes(text[begin:end]).decode("utf-8", "replace").rstrip("\r"))
        for begin, end, number in zip(*odd, strict=True)
    ]


class _UnreadableError(ValueError):
    pass


def _read(name: str, reader: Callable[[str], T], texts: Mapping[str, str]) -> T:
    try:
        return reader(texts[name])
    except (ValueError, ArithmeticError) as error:
        raise _UnreadableError(f"{name} {texts[name][:40]!r}") from error


def _extended(known: Ints, values: list[int], most: int, what: str) -> Ints:
    new = sorted(set(values) - set(known.tolist()))
    if len(known) + len(new) > most:
        raise OverflowError(f"more than {most} distinct {what}")
    return np.concatenate([known, np.array(new, np.int64)])


def _instant(text: str) -> int:
    at = datetime.fromisoformat(text)
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at  # the format's stamps are UTC
    seconds = int(at.timestamp())
    if seconds < 0:
        raise ValueError(text)
    return seconds


def _day(text: str) -> int:
    return date.fromisoformat(text[:10] if _midnight(text) else text).toordinal()


def _midnight(text: str) -> bool:
    return text[10:].removesuffix("Z").removesuffix("+00:00") in {"T00:00:00", " 00:00:00"}


def _right(text: str) -> int:
    found = _RIGHTS.get(text.lower())
    if found is None:
        raise ValueError(text)
    return found


def _strike(text: str) -> int:
    milli = Decimal(text) * MILLI
    if not milli.is_finite() or not 0 < milli < MAX_STRIKE * MILLI or milli != int(milli):
        raise ValueError(text)
    return int(milli)


def _price(text: str) -> float | None:
    if not text:
        return None
    value = float(Decimal(text))
    if not np.isfinite(value):
        raise ValueError(text)
    return value


def _series(text: str, *, own: str, am: str | None) -> int:
    root = text.upper().partition(":")[2] if text[1:2] == ":" else text.upper()
    letters = root[: next((i for i, c in enumerate(root) if c.isdigit()), len(root))].strip()
    if not letters:
        raise ValueError(text)
    return OWN if letters == own else AM if letters == am else OTHER
