"""Recorded chains as the engine's marks: what was quoted, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from monitor.backtest.bars_panel import PriceTable, Sessions, price_table
from monitor.backtest.chain_book import ChainBook
from monitor.backtest.jit import kernel
from monitor.backtest.legs import ExpirationMarks
from monitor.backtest.parity import PRICE_UNIT
from monitor.backtest.trade_codes import PriceSource
from monitor.domain.quotes import DailyBars

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_DAY = 24 * 60
_STEP = 5
LATEST_CLOSE = 10  # minutes before the close: an older price is no settlement


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteMarks:
    """Marks out of one or more books of one ticker (all expirations; the finer 0 DTE one).

    Where two books know an option at the same instant the first one counts. `offset` is the
    index of the first of `sessions`.
    """

    sessions: Sessions
    books: tuple[ChainBook, ...]
    longest: int  # DTE: older sessions of an expiration are not looked at
    offset: int = 0

    def part(self, first: int, stop: int) -> QuoteMarks:
        """Only what the expirations of sessions first..stop−1 need."""
        begin = max(first - self.longest, self.offset)
        days = self.sessions.part(begin - self.offset, stop - self.offset)
        low, high = int(self.sessions.day[first - self.offset]), int(days.day[-1])
        return replace(
            self,
            sessions=days,
            books=tuple(_narrow(book, low, high) for book in self.books),
            offset=begin,
        )

    def marks(self, expiration: int) -> ExpirationMarks | None:
        """All marks of the expiration on one session; None where none was recorded."""
        ordinal = int(self.sessions.day[expiration - self.offset])
        since = int(self.sessions.day[max(expiration - self.offset - self.longest, 0)])
        uses = [
            (book, d, e)
            for book in self.books
            for d, e in book.uses.get(ordinal, ())
            if book.days[d].day >= since
        ]
        if not uses:
            return None
        keys = [self._keys(book.days[d].stamps) for book, d, _ in uses]
        instants = np.unique(np.concatenate(keys))
        instants = instants[instants >= 0]
        strikes = np.unique(np.concatenate([_strikes(book, d, e) for book, d, e in uses])).astype(
            np.int64
        )
        shape = (2 * len(strikes), len(instants))
        mid, half = np.full(shape, np.nan), np.full(shape, np.nan)
        spot = np.full(len(instants), np.nan)
        for (book, d, e), key in reversed(list(zip(uses, keys, strict=True))):
            day = book.days[d]
            columns = np.where(key >= 0, np.searchsorted(instants, key), -1)
            rows = np.searchsorted(strikes, _strikes(book, d, e)).astype(np.int64)
            own = int(day.strike_start[e])
            put_marks(day.quotes, own, rows, columns, len(strikes), mid, half)
            inside = (columns >= 0) & np.isfinite(book.spot[d])
            spot[columns[inside]] = book.spot[d][inside]
        return ExpirationMarks(
            expiration=expiration,
            session=instants // _DAY,
            minute=instants % _DAY,
            spot=spot,
            source=np.full(len(instants), PriceSource.QUOTES, np.uint8),
            put_strike=strikes,
            call_strike=strikes,
            mid=mid,
            half=half,
        )

    def _keys(self, stamps: Ints) -> Ints:
        """session · 1440 + minute of each stamp, −1 outside the sessions."""
        session, minute = self.sessions.place(stamps)
        return np.where(session < 0, -1, (session + self.offset) * _DAY + minute)


def parity_prices(
    sessions: Sessions, books: tuple[ChainBook, ...], daily: DailyBars | None = None
) -> PriceTable:
    """The underlying out of the chains themselves, where no bars are at hand.

    The settlement is the daily close where given; else the last price of the session if it is
    no older than ten minutes at the close, which is an approximation.
    """
    table = price_table(sessions, (), daily)
    price, close = table.price, table.close
    for book in reversed(books):
        for day, spot in zip(book.days, book.spot, strict=True):
            session, minute = sessions.place(day.stamps)
            slot, rest = np.divmod(minute - 9 * 60 - 30, _STEP)
            use = (session >= 0) & (rest == 0) & np.isfinite(spot)
            price[session[use], slot[use]] = spot[use]
    for s in np.flatnonzero(np.isnan(close)):
        last = (int(sessions.close_minute[s]) - 9 * 60 - 30) // _STEP
        tail = price[s, last - LATEST_CLOSE // _STEP : last]
        known = tail[np.isfinite(tail)]
        if len(known):
            close[s] = known[-1]
    return PriceTable(price=price, close=close)


def _strikes(book: ChainBook, d: int, e: int) -> Ints:
    day = book.days[d]
    return day.strikes[int(day.strike_start[e]) : int(day.strike_start[e + 1])]


def _narrow(book: ChainBook, low: int, high: int) -> ChainBook:
    """Only the expirations from `low` to `high` and the days they stand in."""
    uses = {x: places for x, places in book.uses.items() if low <= x <= high}
    kept = sorted({d for places in uses.values() for d, _ in places})
    new = {d: i for i, d in enumerate(kept)}
    return replace(
        book,
        days=tuple(book.days[d] for d in kept),
        spot=tuple(book.spot[d] for d in kept),
        uses={x: tuple((new[d], e) for d, e in places) for x, places in uses.items()},
        reports=(),
    )


@kernel
def put_marks(
    quotes: NDArray[np.int32],
    own: int,
    rows: Ints,
    columns: Ints,
    n_strikes: int,
    mid: Floats,
    half: Floats,
) -> None:
    """Mids and half-spreads of one day's quotes of one expiration, to their places.

    Only where both sides are quoted; what is there already stays where nothing is known.
    """
    for right in range(2):
        for k in range(len(rows)):
            row = right * n_strikes + rows[k]
            for t in range(len(columns)):
                if columns[t] < 0:
                    continue
                bid = np.int64(quotes[2 * right, own + k, t])
                ask = np.int64(quotes[2 * right + 1, own + k, t])
                if bid >= 0 and ask >= 0:
                    mid[row, columns[t]] = (bid + ask) / (2 * PRICE_UNIT)
                    half[row, columns[t]] = (ask - bid) / (2 * PRICE_UNIT)
