"""Prices of a chain's options where a leg has no usable quote: anchored, else model. Pure.

*Anchored*: the at-the-money stdev of the chain itself and our smile. *Model*: the index vols and
our smile. Both are estimates with the typical error below; a spread is priced by one of them
whole, never half by quotes. At 0 sessions to expiration both failed their test: no price.
Source: docs/pricing.md#model-against-recorded-credits
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from monitor.domain.chain_smile import ChainSmile
from monitor.domain.instruments import underlying
from monitor.domain.option_chain import OptionChain, PriceSource, Right
from monitor.domain.pricing.costs import half_spreads
from monitor.domain.pricing.implied_stdev import otm_price
from monitor.domain.pricing.model_error import is_measured, model_error
from monitor.domain.pricing.surface_plain import (
    IndexVols,
    TradingTime,
    atm_stdev,
    smile_stdev_plain,
)
from monitor.domain.trading_calendar import TradingCalendar
from monitor.errors import CalendarHorizonError


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
        stdev = smile_stdev_plain(
            self.symbol, forward=self.forward, atm_stdev=self.atm, strikes=[strike]
        )
        outside = otm_price(forward=self.forward, strike=strike, stdev=float(stdev[0]))
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
    if not is_measured(symbol):
        return f"no model prices of {symbol}: nothing was measured for it"
    if dte == 0:
        return "no model price on the expiration day: it failed its test"
    if smile.forward is not None and (atm := smile.atm_stdev) is not None:
        return SurfacePrices(
            symbol=symbol, kind=PriceSource.ANCHORED, forward=smile.forward, atm=atm,
            error_pct=float(model_error(symbol).anchored),
        )  # fmt: skip
    stdev = model_atm_stdev(
        symbol, vols=vols, expiration=chain.expiration, calendar=calendar, now=now
    )
    if isinstance(stdev, str):
        return stdev
    return SurfacePrices(
        symbol=symbol, kind=PriceSource.MODEL, forward=spot, atm=stdev,
        error_pct=float(model_error(symbol).mean_absolute),
    )  # fmt: skip


def model_atm_stdev(
    symbol: str,
    *,
    vols: Mapping[str, float | None],
    expiration: date,
    calendar: TradingCalendar,
    now: datetime,
) -> float | str:
    """At-the-money total stdev out of the index vols, or why it is unknown."""
    own_index = underlying(symbol).vol_index
    own = vols.get(own_index) if own_index else None
    if own is None or vols.get("VIX") is None:
        return f"no model price: {own_index} or VIX is unknown"
    levels = {name: _known(vols.get(name.upper())) for name in ("vix1d", "vix9d", "vix", "vix3m")}
    try:
        stdev = atm_stdev(
            symbol, time=TradingTime.around(calendar, now), now=now, expiration=expiration,
            vols=IndexVols(**levels, own=own),
        )  # fmt: skip
    except CalendarHorizonError as error:
        return f"no model price: {error.message}"
    return stdev if stdev > 0 else "no model price: no variance is left"


def _known(vol: float | None) -> float:
    return math.nan if vol is None else vol
