"""Model prices as the engine's marks: the surface of index vols on the bars at hand.

Every mark is a model price and says so; half-spreads come from the measured table by the leg's
out-of-the-money mid. Nothing is priced where the underlying or VIX is not known.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from monitor.backtest.bars_panel import OPEN_MINUTE, PriceTable, Sessions
from monitor.backtest.day_ranges import DayRanges
from monitor.backtest.jit import kernel
from monitor.backtest.legs import MILLI, ExpirationMarks
from monitor.backtest.model_moments import moments
from monitor.backtest.surface import Instants, chain_levels, chain_prices
from monitor.backtest.trade_codes import PriceSource
from monitor.domain.instruments import underlying
from monitor.domain.pricing.costs import HALF_SPREAD_EDGES, HALF_SPREADS
from monitor.domain.pricing.variance_clock import VarianceClock, intraday_share
from monitor.domain.trading_calendar import TradingCalendar
from monitor.errors import DomainError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
STRIKE_STEP = {"SPX": 5.0, "NDX": 10.0, "RUT": 5.0}
FAR_STEP = {"NDX": 25.0}  # more than 5 % away, where the modal spacing is wider
FAR = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelMarks:
    """Model marks of every slot of the bars.

    Args:
        prices: The underlying. vols: PriceTables in index points by symbol: VIX and the
            underlying's own index are needed, VIX1D, VIX9D and VIX3M where known.
        strike_low, strike_high: Furthest strikes wanted, points, by *expiration* session.
        rate, dividend_yield: Annual fractions by session.
        longest: Largest DTE of the run. offset: index of the first of `sessions`.
        days: Ranges for sessions without bars inside, which then are marked at their close
            too, and for the stop at their extremes.
    """

    ticker: str
    sessions: Sessions
    prices: PriceTable
    vols: dict[str, PriceTable]
    strike_low: Floats
    strike_high: Floats
    rate: Floats
    dividend_yield: Floats
    clock: VarianceClock
    longest: int
    offset: int = 0
    days: DayRanges | None = None

    def part(self, first: int, stop: int) -> ModelMarks:
        begin = max(first - self.longest - 1, self.offset)
        a, b = begin - self.offset, stop - self.offset
        return replace(
            self,
            sessions=self.sessions.part(a, b),
            prices=self.prices.part(a, b),
            vols={name: table.part(a, b) for name, table in self.vols.items()},
            strike_low=self.strike_low[a:b],
            strike_high=self.strike_high[a:b],
            rate=self.rate[a:b],
            dividend_yield=self.dividend_yield[a:b],
            offset=begin,
            days=None if self.days is None else self.days.part(a, b),
        )

    def marks(self, expiration: int) -> ExpirationMarks | None:
        """Model marks of one expiration; None where no strike or instant can be priced."""
        e = expiration - self.offset
        low, high = self.strike_low[e], self.strike_high[e]
        begin = max(e - self.longest, 1)  # the session before is the surface's origin
        at = moments(
            self.sessions, self.prices, self.vols, begin=begin, last=e, days=self.days,
            own_index=underlying(self.ticker).vol_index or "VIX",
        )  # fmt: skip
        if not (low < high and len(at.session) and np.isfinite(self.prices.close[begin - 1])):
            return None
        # by a price from before the first entry: strikes added later were not there to be sold
        strikes = listed_strikes(self.ticker, low, high, float(self.prices.close[begin - 1]))
        day = self.sessions.day[at.session]
        left = (self.sessions.day[e] - day) + (390 - at.passed) / (24 * 60)
        length = self.sessions.close_minute[at.session] - OPEN_MINUTE
        share = intraday_share(at.passed, session_minutes=length)
        chain = chain_levels(
            self.ticker,
            clock=self.clock,
            instants=Instants(
                origin=self.sessions.day[at.origin], time=self.clock.at(day, share=share)
            ),
            levels=at.levels,
            expiration=int(self.sessions.day[e]),
            dte=e - at.session,
            spot=at.spot,
            years=left / 365.0,
            rate=self.rate[at.session],
            dividend_yield=self.dividend_yield[at.session],
        )
        puts, calls = chain_prices(self.ticker, chain=chain, strikes=strikes)
        mid = np.concatenate([puts, calls])
        milli = np.round(strikes * MILLI).astype(np.int64)
        return ExpirationMarks(
            expiration=expiration,
            session=at.session + self.offset,
            minute=at.minute,
            spot=at.spot,
            source=np.full(len(at.spot), PriceSource.MODEL, np.uint8),
            put_strike=milli,
            call_strike=milli,
            mid=mid,
            half=half_spreads_of(self.ticker, mid),
            extreme=at.extreme,
        )


def model_marks(
    ticker: str,
    *,
    sessions: Sessions,
    prices: PriceTable,
    vols: dict[str, PriceTable],
    calendar: TradingCalendar,
    low: Floats,
    high: Floats,
    dtes: Ints,
    widest: float,
    rate: Floats | float = 0.0,
    dividend_yield: Floats | float = 0.0,
    days: DayRanges | None = None,
) -> ModelMarks:
    """Marks for the strikes that the entries' bands can reach.

    Args:
        low, high: Band levels of every entry, points, as in `EntryFacts`: cells, sessions,
            times; cell k has DTE `dtes[k]`.
        widest: Widest spread, points.

    Raises:
        DomainError: No half-spreads or surface were measured for the ticker, or VIX is missing.
    """
    symbol = underlying(ticker).symbol
    if symbol not in HALF_SPREADS:
        raise DomainError(
            f"no model prices for {symbol}: nothing was measured for it",
            hint="use recorded chains as the source",
        )
    if "VIX" not in vols or (underlying(ticker).vol_index or "VIX") not in vols:
        raise DomainError(f"model prices of {symbol} need its volatility index and VIX")
    n = len(sessions)
    lowest, highest = np.full(n, np.inf), np.full(n, -np.inf)
    with np.errstate(invalid="ignore"):
        for k, dte in enumerate(dtes):
            reach = n - int(dte)
            lowest[dte:] = np.fmin(lowest[dte:], np.fmin.reduce(low[k, :reach], axis=1))
            highest[dte:] = np.fmax(highest[dte:], np.fmax.reduce(high[k, :reach], axis=1))
    margin = widest + 4 * max(FAR_STEP.get(symbol, 0.0), STRIKE_STEP.get(symbol, 1.0))
    since = date.fromordinal(int(sessions.day[0]))
    open_days = np.asarray(calendar.ordinals_between(since, calendar.last), np.int64)
    filled = np.ones(n)
    return ModelMarks(
        ticker=symbol, sessions=sessions, prices=prices, vols=vols,
        strike_low=lowest - margin, strike_high=highest + margin, rate=filled * rate,
        dividend_yield=filled * dividend_yield, clock=VarianceClock(open_days),
        longest=int(dtes.max()), days=days,
    )  # fmt: skip


def listed_strikes(ticker: str, low: float, high: float, near: float) -> Floats:
    """The strikes taken as listed from `low` to `high`: a fine step near the money, else wider.

    `near` is the price around which "near" is meant, known before any of the entries.
    """
    step = STRIKE_STEP.get(ticker, 1.0)
    far = FAR_STEP.get(ticker, step)
    fine = np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step
    close = np.abs(fine / near - 1) <= FAR
    on_far = np.isclose(np.remainder(fine, far), 0) | np.isclose(np.remainder(fine, far), far)
    if far % step == 0 or far == step:
        return fine[close | on_far]
    wide = np.arange(np.ceil(low / far), np.floor(high / far) + 1) * far
    wide = wide[np.abs(wide / near - 1) > FAR]
    return np.union1d(fine[close], wide)


def half_spreads_of(ticker: str, mid: Floats) -> Floats:
    """Half-spreads of a table of mids, puts first, by the measured medians."""
    half = np.empty_like(mid)
    symbol = underlying(ticker).symbol
    spread_by_mid(mid, np.array(HALF_SPREAD_EDGES), np.array(HALF_SPREADS[symbol]), half)
    return half


@kernel
def spread_by_mid(mid: Floats, edges: Floats, spreads: Floats, half: Floats) -> None:
    """Half-spreads by the out-of-the-money mid of each strike, for both of its options.

    Rows of `mid`: puts, then the calls of the same strikes.
    """
    n = mid.shape[0] // 2
    for k in range(n):
        for t in range(mid.shape[1]):
            out = min(mid[k, t], mid[n + k, t])
            value = spreads[0]
            for i in range(len(edges)):
                value = spreads[i + 1] if out > edges[i] else value
            value = value if out == out else np.nan
            half[k, t] = value
            half[n + k, t] = value
