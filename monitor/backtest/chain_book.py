"""All recorded days of a ticker, and from them each expiration's quotes along its whole life."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from monitor.backtest.chain_day import DayChain, FileReport, sealed
from monitor.backtest.chain_text import CALL, PUT
from monitor.backtest.jit import kernel
from monitor.backtest.parity import MISSING, PRICE_UNIT
from monitor.domain.trading_calendar import TradingCalendar

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Prices = NDArray[np.int32]

LOCKED_SHARE = 0.05  # of quotes with bid = ask: above it they are trades' prices, not quotes


class QuoteKind(StrEnum):
    """What the bids and asks of a source really are."""

    QUOTES = "quotes"
    TRADES = "trades"  # lowest and highest trade of a bar: no spread that could be paid
    MIDS = "mids"  # bid = ask = mid: the spread is unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpirationQuotes:
    """One expiration at every stamp of the days on which it is looked at.

    Shapes and types:
        day: (n,), int64, `date.toordinal()` of each instant.
        stamp: (n,), int64, UTC epoch seconds at which the quotes are *known*; ascending, all
            before their session's close.
        strikes: (n_strikes,), int64, thousandths of a point, ascending: all ever quoted.
        quotes: (4, n_strikes, n), int32, ten-thousandths of a point: put bid, put ask, call
            bid, call ask; MISSING where unquoted. A column is one chain.
        forward: (n,), float64, by parity, points; NaN unknown.
        spot: (n,), float64, the underlying by parity, points; NaN unknown.
    """

    expiration: int
    day: Ints
    stamp: Ints
    strikes: Ints
    quotes: Prices
    forward: Floats
    spot: Floats

    def mid_and_half(self, right: int) -> tuple[Floats, Floats]:
        """Mid and half the spread of PUT or CALL in points; NaN where not quoted on both sides.

        Shapes: (n_strikes, n), float64, C order.
        """
        bid, ask = self.quotes[2 * right], self.quotes[2 * right + 1]
        mid, half = np.empty(bid.shape), np.empty(bid.shape)
        mids_and_halves(bid, ask, mid, half)
        return mid, half


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainBook:
    """Recorded days of one ticker, oldest first.

    Stamps are when the quotes are *known*. Bids and asks that are a bar's lowest and highest
    trade (`QuoteKind.TRADES`) are recorded with the bar's start: their days are moved by
    `delay_s`, the bar's length, and end before the close.

    `uses[e]` says for each expiration in which days it stands: (place in `days`, place among
    that day's expirations). Days further than the wanted DTE from it are left out.

    Shapes: spot[i] (n_stamps of day i,), float64: the parity forward of the day's shortest
    expiration that has one, else what the source says, else NaN. Forward and price differ by
    carry: nothing on the day itself, about 0.01 % a session later.
    """

    ticker: str
    kind: QuoteKind
    delay_s: int
    days: tuple[DayChain, ...]
    spot: tuple[Floats, ...]
    uses: Mapping[int, tuple[tuple[int, int], ...]]
    reports: tuple[FileReport, ...]

    @property
    def expirations(self) -> tuple[int, ...]:
        """`date.toordinal()` of each, ascending."""
        return tuple(self.uses)

    def quotes_of(self, expiration: int) -> ExpirationQuotes:
        """Put the days of one expiration side by side.

        Raises:
            KeyError: No such expiration.
        """
        uses = self.uses[expiration]
        strikes = np.unique(np.concatenate([self._strikes(d, e) for d, e in uses]))
        sizes = [len(self.days[d].stamps) for d, _ in uses]
        quotes = np.full((4, len(strikes), sum(sizes)), MISSING, np.int32)
        at = 0
        for (d, e), size in zip(uses, sizes, strict=True):
            rows = np.searchsorted(strikes, self._strikes(d, e))
            put_day(self.days[d].quotes[:, _own(self.days[d], e)], rows, at, quotes)
            at += size
        return ExpirationQuotes(
            expiration=expiration,
            day=np.repeat(np.array([self.days[d].day for d, _ in uses], np.int64), sizes),
            stamp=np.concatenate([self.days[d].stamps for d, _ in uses]),
            strikes=strikes,
            quotes=quotes,
            forward=np.concatenate([self.days[d].forwards[e] for d, e in uses]),
            spot=np.concatenate([self.spot[d] for d, _ in uses]),
        )

    def _strikes(self, d: int, e: int) -> Ints:
        return self.days[d].strikes[_own(self.days[d], e)]


def make_book(
    days: Sequence[DayChain],
    *,
    ticker: str,
    calendar: TradingCalendar,
    max_dte: int,
    reports: Sequence[FileReport] = (),
    kind: QuoteKind | None = None,
    spots: Mapping[int, Floats] | None = None,
) -> ChainBook:
    """Index the days by expiration.

    Args:
        days: Of distinct dates, each a session.
        max_dte: Leave out what is more sessions away than this.
        kind: None: judge by how many quotes are locked (bid = ask), which real quotes never are.
        spots: By day what the source says, used where parity gives no price.
    """
    judged = kind or judged_kind(reports)
    ordered = tuple(sorted(days, key=lambda one: one.day))
    delay_s = bar_seconds(ordered) if judged is QuoteKind.TRADES else 0
    if delay_s:
        ordered = tuple(known_later(one, delay_s, _close(one.day, calendar)) for one in ordered)
    uses: dict[int, list[tuple[int, int]]] = {}
    for d, one in enumerate(ordered):
        reach = _last_expiration(one.day, max_dte, calendar)
        for e, expiration in enumerate(one.expirations.tolist()):
            if expiration <= reach:
                uses.setdefault(expiration, []).append((d, e))
    return ChainBook(
        ticker=ticker,
        kind=judged,
        delay_s=delay_s,
        days=ordered,
        spot=tuple(_spot(one, (spots or {}).get(one.day)) for one in ordered),
        uses={expiration: tuple(uses[expiration]) for expiration in sorted(uses)},
        reports=tuple(reports),
    )


def judged_kind(reports: Sequence[FileReport]) -> QuoteKind:
    """Whether bids and asks are quotes: a real market's bid is below its ask."""
    kept, locked = sum(r.kept for r in reports), sum(r.locked for r in reports)
    return QuoteKind.TRADES if locked > LOCKED_SHARE * kept else QuoteKind.QUOTES


def _last_expiration(day: int, max_dte: int, calendar: TradingCalendar) -> int:
    """Ordinal of the last session within `max_dte` of `day` (as far as the calendar knows)."""
    sessions = calendar.ordinals_between(date.fromordinal(day), calendar.last)
    return int(sessions[min(max_dte, len(sessions) - 1)])


def _own(day: DayChain, e: int) -> slice:
    return slice(int(day.strike_start[e]), int(day.strike_start[e + 1]))


def bar_seconds(days: Sequence[DayChain]) -> int:
    """The usual distance between a day's stamps; 0 when no day has two."""
    steps = np.concatenate([np.diff(one.stamps) for one in days] or [np.empty(0, np.int64)])
    values, counts = np.unique(steps, return_counts=True)
    return int(values[np.argmax(counts)]) if len(values) else 0


def known_later(day: DayChain, delay_s: int, close: int) -> DayChain:
    """The day with every stamp `delay_s` later, without what is then known after the close."""
    n = int(np.searchsorted(day.stamps + delay_s, close))
    moved = day._replace(
        stamps=day.stamps[:n] + delay_s,
        quotes=np.ascontiguousarray(day.quotes[:, :, :n]),
        forwards=np.ascontiguousarray(day.forwards[:, :n]),
        forward_strikes=np.ascontiguousarray(day.forward_strikes[:, :n]),
    )
    return sealed(moved)


def _close(day: int, calendar: TradingCalendar) -> int:
    session = calendar.shift(date.fromordinal(day), 0)
    return int(session.close.timestamp())


def _spot(day: DayChain, told: Floats | None) -> Floats:
    """At each stamp the forward of the first expiration that has one, else what was told."""
    known = np.isfinite(day.forwards)
    first = np.argmax(known, axis=0)
    otherwise = np.full(len(day.stamps), np.nan) if told is None else told[: len(day.stamps)]
    return np.where(known.any(axis=0), day.forwards[first, np.arange(len(day.stamps))], otherwise)


@kernel
def put_day(day: Prices, rows: Ints, at: int, quotes: Prices) -> None:
    """Copy a day's quotes of one expiration to its rows, from column `at` on."""
    for side in range(4):
        for k in range(len(rows)):
            row = rows[k]
            for t in range(day.shape[2]):
                quotes[side, row, at + t] = day[side, k, t]


@kernel
def mids_and_halves(bid: Prices, ask: Prices, mid: Floats, half: Floats) -> None:
    """(bid + ask)/2 and (ask − bid)/2 in points, NaN where either is missing."""
    for k in range(bid.shape[0]):
        for t in range(bid.shape[1]):
            low, high = np.int64(bid[k, t]), np.int64(ask[k, t])
            known = low >= 0 and high >= 0
            mid[k, t] = (low + high) / (2 * PRICE_UNIT) if known else np.nan
            half[k, t] = (high - low) / (2 * PRICE_UNIT) if known else np.nan


__all__ = [
    "CALL", "PUT", "ChainBook", "ExpirationQuotes", "QuoteKind", "judged_kind", "make_book",
]  # fmt: skip
