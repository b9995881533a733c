"""Marks anchored to recorded chains: the day's own surface, where quotes are sparse or missing.

Each recorded chain of an expiration is fitted (`day_fit`); a mark takes the newest fit at or before
its instant, carried by the price of the underlying, the trading clock and the underlying's own
volatility index. All marks of a run come from fits, those at recorded stamps too: a trade entered
on a quote and closed on a fit would book the fit's error as a gain or loss.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from monitor.backtest.bars_panel import OPEN_MINUTE, SLOTS, STEP, PriceTable
from monitor.backtest.legs import MILLI, ExpirationMarks
from monitor.backtest.model_marks import half_spreads_of
from monitor.backtest.parity import MISSING, PRICE_UNIT, ParityForward, parity_forward
from monitor.backtest.quote_marks import QuoteMarks
from monitor.backtest.surface import ChainLevels, price_with_table
from monitor.backtest.trade_codes import PriceSource
from monitor.domain.instruments import underlying
from monitor.domain.pricing.costs import HALF_SPREADS
from monitor.domain.pricing.day_fit import ChainFit, fit_chain
from monitor.domain.pricing.surface_tables import SurfaceTable, surface_table
from monitor.domain.pricing.variance_clock import VarianceClock, intraday_share
from monitor.domain.trading_calendar import TradingCalendar
from monitor.errors import DomainError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
NEVER = np.iinfo(np.int64).max
LONGEST_SESSIONS = 1  # an anchor of the session before still serves
LONGEST_LAST_DAY = 15  # minutes, on the day of expiration: older ones failed (docs/pricing.md)
ANCHORED_NOTE = (
    "option prices are anchored, not quotes: of a surface fitted to each recorded chain; "
    "docs/pricing.md has its error"
)


@dataclass(frozen=True, slots=True)
class Anchor:
    """One fitted chain: its instant and what is needed to carry it."""

    session: int
    minute: int
    spot: float
    time_left: float
    index: float  # the underlying's own volatility index as known then; NaN unknown
    fit: ChainFit


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchoredMarks:
    """Marks at every 5-minute instant at which the underlying and an anchor are known.

    Args:
        quotes: The recorded chains. prices: the underlying, by the sessions of `quotes`.
        vol: Its own volatility index, points; None leaves the level of a fit where it was.
    """

    ticker: str
    quotes: QuoteMarks
    prices: PriceTable
    vol: PriceTable | None
    clock: VarianceClock
    table: SurfaceTable

    def part(self, first: int, stop: int) -> AnchoredMarks:
        quotes = self.quotes.part(first, stop)
        a = quotes.offset - self.quotes.offset
        b = a + len(quotes.sessions)
        return replace(
            self,
            quotes=quotes,
            prices=self.prices.part(a, b),
            vol=None if self.vol is None else self.vol.part(a, b),
        )

    def marks(self, expiration: int) -> ExpirationMarks | None:
        """Anchored marks of one expiration; None where no chain could be fitted."""
        recorded = self.quotes.marks(expiration)
        if recorded is None:
            return None
        anchors = list(self._anchors(recorded))
        begin = int(recorded.session[0]) - self.quotes.offset
        end = expiration - self.quotes.offset
        row, slot = np.nonzero(np.isfinite(self.prices.price[begin : end + 1]))
        session, minute = row + begin, SLOTS[slot]
        which = newest(anchors, session + self.quotes.offset, minute, expiration)
        session, slot, minute, which = (x[which >= 0] for x in (session, slot, minute, which))
        if not len(which):
            return None
        spot = self.prices.price[session, slot]
        strikes = recorded.put_strike / MILLI
        mid = np.empty((2 * len(strikes), len(which)))
        left = self._time_left(session, minute, end)
        index = self._index(session, slot)
        for place in np.unique(which):
            at = which == place
            mid[:, at] = self._priced(anchors[place], strikes, spot[at], left[at], index[at])
        _unlist(recorded, session + self.quotes.offset, mid)
        return ExpirationMarks(
            expiration=expiration,
            session=session + self.quotes.offset,
            minute=minute,
            spot=spot,
            source=np.full(len(which), PriceSource.ANCHORED, np.uint8),
            put_strike=recorded.put_strike,
            call_strike=recorded.call_strike,
            mid=mid,
            half=half_spreads_of(self.ticker, mid),
        )

    def _anchors(self, recorded: ExpirationMarks) -> Iterator[Anchor]:
        """The recorded chains that can be fitted, in the order of time."""
        end = recorded.expiration - self.quotes.offset
        session = recorded.session - self.quotes.offset
        left = self._time_left(session, recorded.minute, end)
        slot, off = np.divmod(recorded.minute - OPEN_MINUTE, STEP)
        bar = self.prices.price[session, np.minimum(slot, len(SLOTS) - 1)]
        spot = np.where((off == 0) & np.isfinite(bar), bar, recorded.spot)
        index = self._index(session, slot)
        for t in range(len(session)):
            fit = fitted(recorded, t, self.table) if left[t] > 0 else None
            if fit is not None and np.isfinite(spot[t]):
                yield Anchor(
                    int(recorded.session[t]), int(recorded.minute[t]), float(spot[t]),
                    float(left[t]), float(index[t]), fit,
                )  # fmt: skip

    def _time_left(self, session: Ints, minute: Ints, end: int) -> Floats:
        """Variance time to the close of session `end`."""
        sessions = self.quotes.sessions
        length = sessions.close_minute[session] - OPEN_MINUTE
        share = intraday_share(minute - OPEN_MINUTE, session_minutes=length)
        now = self.clock.at(sessions.day[session], share=share)
        left: Floats = self.clock.at_close(sessions.day[end]) - now
        return left

    def _index(self, session: Ints, slot: Ints) -> Floats:
        """The own volatility index as known: at the slot, else the close of the session before."""
        if self.vol is None:
            return np.full(len(session), np.nan)
        now = self.vol.price[session, np.minimum(slot, len(SLOTS) - 1)]
        before = np.concatenate([[np.nan], self.vol.close])[session]
        return np.where(np.isfinite(now), now, before)

    def _priced(
        self, anchor: Anchor, strikes: Floats, spot: Floats, left: Floats, index: Floats
    ) -> Floats:
        moved = index / anchor.index
        level = np.where(np.isfinite(moved), moved, 1.0)
        chain = ChainLevels(
            forward=anchor.fit.forward * spot / anchor.spot,
            discount=np.ones(len(spot)),
            atm_stdev=anchor.fit.atm_stdev * np.sqrt(left / anchor.time_left) * level,
            low_fidelity=np.zeros(len(spot), np.bool_),
        )
        own = replace(self.table, smile=anchor.fit.smile)
        return np.concatenate(price_with_table(own, chain=chain, strikes=strikes))


def anchored_marks(
    ticker: str,
    *,
    quotes: QuoteMarks,
    prices: PriceTable,
    vol: PriceTable | None,
    calendar: TradingCalendar,
) -> AnchoredMarks:
    """Marks from the fits of recorded chains.

    Raises:
        DomainError: No smile or half-spreads were measured for the ticker.
    """
    symbol = underlying(ticker).symbol
    if symbol not in HALF_SPREADS:
        raise DomainError(
            f"no anchored prices for {symbol}: its smile and half-spreads were not measured",
            hint="leave --anchored out: recorded quotes need neither",
        )
    since = date.fromordinal(int(quotes.sessions.day[0]))
    days = np.asarray(calendar.ordinals_between(since, calendar.last), np.int64)
    return AnchoredMarks(
        ticker=symbol, quotes=quotes, prices=prices, vol=vol, clock=VarianceClock(days),
        table=surface_table(symbol),
    )  # fmt: skip


def fitted(recorded: ExpirationMarks, t: int, table: SurfaceTable) -> ChainFit | None:
    """The fit of the chain at instant t; None where it gives none.

    The forward is by parity of this very expiration, else the underlying's price.
    """
    n = len(recorded.put_strike)
    bid, ask = recorded.mid[:, t] - recorded.half[:, t], recorded.mid[:, t] + recorded.half[:, t]
    sides = np.stack([bid[:n], ask[:n], bid[n:], ask[n:]])
    whole = np.where(np.isnan(sides), MISSING, np.round(np.nan_to_num(sides) * PRICE_UNIT))
    parity = parity_forward(recorded.put_strike, whole.astype(np.int32))
    found = fit_chain(
        strikes=recorded.put_strike / MILLI,
        put_bid=sides[0], put_ask=sides[1], call_bid=sides[2], call_ask=sides[3],
        forward=parity.forward if isinstance(parity, ParityForward) else float(recorded.spot[t]),
        table=table,
    )  # fmt: skip
    return found if isinstance(found, ChainFit) else None


def newest(anchors: list[Anchor], session: Ints, minute: Ints, expiration: int) -> Ints:
    """Place of the newest anchor at or before each instant that is not too old; −1 none."""
    day = 24 * 60
    keys = np.array([a.session * day + a.minute for a in anchors], np.int64)
    which = np.searchsorted(keys, session * day + minute, side="right") - 1
    known = which >= 0
    if not known.any():
        return which
    then = keys[np.maximum(which, 0)]
    known &= session - then // day <= LONGEST_SESSIONS
    known &= (session < expiration) | (session * day + minute - then <= LONGEST_LAST_DAY)
    return np.where(known, which, -1)


def _unlist(recorded: ExpirationMarks, session: Ints, mid: Floats) -> None:
    """No mark of a strike before the first session on which any of its options was quoted."""
    n = len(recorded.put_strike)
    quoted = np.isfinite(recorded.mid[:n]) | np.isfinite(recorded.mid[n:])
    first = np.where(quoted.any(axis=1), recorded.session[np.argmax(quoted, axis=1)], NEVER)
    unseen = session[None, :] < first[:, None]
    mid[:n][unseen] = np.nan
    mid[n:][unseen] = np.nan
