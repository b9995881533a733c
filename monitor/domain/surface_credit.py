"""Prices of a chain's options where a leg has no usable quote: anchored, else model. Pure.

*Anchored*: the at-the-money stdev of the chain itself and our smile. *Model*: the index vols and
our smile. Both are estimates with the typical error below; a spread is priced by one of them
whole, never half by quotes. At 0 sessions to expiration both failed their test: no price.
Source: docs/pricing.md#model-against-recorded-credits
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from monitor.domain.chain_smile import ChainSmile
from monitor.domain.instruments import underlying
from monitor.domain.option_chain import OptionChain, PriceSource, Right
from monitor.domain.pricing.costs import half_spreads
from monitor.domain.pricing.implied_stdev import otm_price
from monitor.domain.pricing.variance_clock import VarianceClock, intraday_share
from monitor.domain.trading_calendar import TradingCalendar
from monitor.domain.vocabulary import SessionState
from monitor.errors import CalendarHorizonError

# Mean absolute error, % of the mean credit: "true ATM + our smile" and "recommended".
ANCHORED_ERROR_PCT = {"SPX": 19.0, "NDX": 18.0, "QQQ": 21.0, "SPY": 17.0}
MODEL_ERROR_PCT = {"SPX": 26.0, "NDX": 25.0, "QQQ": 33.0, "SPY": 19.0}
_HORIZON = timedelta(days=120)  # the term structure's last node is 93 days after its origin


@dataclass(frozen=True, slots=True, kw_only=True)
class SurfacePrices:
    """The surface of one expiration.

    `forward` in points, `atm` total stdev at it, `error_pct` typical error of a credit.
    """

    symbol: str
    kind: PriceSource
    forward: float
    atm: float
    error_pct: float

    def mid_and_half(self, right: Right, strike: float) -> tuple[float, float]:
        """An option's price and half its usual spread, points.

        In the money it is charged the spread of the strike's out-of-the-money option.
        """
        from monitor.domain.pricing.surface_moment import stdev_at  # its smile needs SciPy
        from monitor.domain.pricing.surface_tables import surface_table

        table = surface_table(self.symbol)
        stdev = stdev_at(table, strike=strike, forward=self.forward, atm=self.atm)
        outside = otm_price(forward=self.forward, strike=strike, stdev=stdev)
        parity = strike - self.forward if right is Right.PUT else self.forward - strike
        return outside + max(parity, 0.0), float(half_spreads(self.symbol, outside))


def surface_prices(
    chain: OptionChain,
    smile: ChainSmile,
    *,
    spot: float,
    vols: Mapping[str, float | None],
    dte: int,
    calendar: TradingCalendar,
    now: datetime,
) -> SurfacePrices | str:
    """Anchored to the chain where it shows an at-the-money price, else the model; or why neither.

    Args:
        vols: Index vols now by symbol, annual fractions; None unknown or stale.
    """
    symbol = underlying(chain.underlying).symbol
    if symbol not in MODEL_ERROR_PCT:
        return f"no model prices of {symbol}: nothing was measured for it"
    if dte == 0:
        return "no model price on the expiration day: it failed its test"
    if smile.forward is not None and (atm := smile.atm_stdev) is not None:
        return SurfacePrices(
            symbol=symbol, kind=PriceSource.ANCHORED, forward=smile.forward, atm=atm,
            error_pct=ANCHORED_ERROR_PCT[symbol],
        )  # fmt: skip
    stdev = model_atm_stdev(
        symbol, vols=vols, expiration=chain.expiration, dte=dte, calendar=calendar, now=now
    )
    if isinstance(stdev, str):
        return stdev
    return SurfacePrices(
        symbol=symbol, kind=PriceSource.MODEL, forward=spot, atm=stdev,
        error_pct=MODEL_ERROR_PCT[symbol],
    )  # fmt: skip


def model_atm_stdev(
    symbol: str,
    *,
    vols: Mapping[str, float | None],
    expiration: date,
    dte: int,
    calendar: TradingCalendar,
    now: datetime,
) -> float | str:
    """At-the-money total stdev out of the index vols, or why it is unknown."""
    from monitor.domain.pricing.surface_moment import Moment, atm_stdev
    from monitor.domain.pricing.surface_tables import surface_table

    own_index = underlying(symbol).vol_index
    own = vols.get(own_index) if own_index else None
    if own is None or vols.get("VIX") is None:
        return f"no model price: {own_index} or VIX is unknown"
    try:
        clock, origin, time = _trading_time(calendar, now)
        stdev = atm_stdev(
            surface_table(symbol), vols=vols, own=own,
            moment=Moment(clock=clock, origin=origin, time=time),
            expiration=expiration.toordinal(), dte=dte,
        )  # fmt: skip
    except CalendarHorizonError as error:
        return f"no model price: {error.message}"
    return stdev if stdev else "no model price: no variance is left"


def _trading_time(calendar: TradingCalendar, now: datetime) -> tuple[VarianceClock, int, float]:
    """A clock around now, the close before this session, and variance time now."""
    state, session = calendar.state_at(now)
    last = calendar.last_closed(now)
    first = last.date if last else calendar.first
    days = calendar.ordinals_between(first, first + _HORIZON)
    clock = VarianceClock(np.asarray(days, np.int64))
    origin = days[0]
    if state is not SessionState.OPEN or session is None:
        return clock, origin, float(clock.at_close(origin))
    passed = (now - session.open).total_seconds() / 60
    length = (session.close - session.open).total_seconds() / 60
    share = float(intraday_share(passed, session_minutes=length))
    return clock, origin, float(clock.at(session.date.toordinal(), share=share))
