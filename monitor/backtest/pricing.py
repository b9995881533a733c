"""Prices and greeks of European options: Black-76, and Black-Scholes-Merton on a spot.

Scalars are checked and raise; arrays propagate NaN. Units: points per share of the underlying;
vols, rates and yields are annual fractions, continuously compounded; lives are years.
Source: docs/sources.md#option-prices
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monitor.backtest import pricing_kernels
from monitor.errors import DomainError

Floats = NDArray[np.float64]
CALENDAR_DAYS = 365.0
_INV_SQRT_2PI = 1 / math.sqrt(2 * math.pi)


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeks:
    """Sensitivities of one option's price, by the price that was given (spot or forward).

    `vega_per_vol_point`: for 0.01 of vol. `theta_per_day`: one calendar day passing.
    """

    delta: float
    gamma: float
    vega_per_vol_point: float
    theta_per_day: float


def black76(
    *, forward: float, strike: float, years: float, vol: float, rate: float = 0.0, is_call: bool
) -> float:
    """Price of an option on a forward (Black 1976), points per share.

    With no life or no vol left it is the discounted intrinsic value.

    Raises:
        DomainError: A price is not positive, a life or vol negative, or a value not finite.
    """
    _check(price=forward, strike=strike, years=years, vol=vol, rates=(rate,))
    stdev = vol * math.sqrt(years)
    return pricing_kernels.black_price(forward, strike, stdev, math.exp(-rate * years), is_call)


def black_scholes(
    *,
    spot: float,
    strike: float,
    years: float,
    vol: float,
    rate: float,
    dividend_yield: float = 0.0,
    is_call: bool,
) -> float:
    """Price of an option on a spot that pays `dividend_yield`, points per share.

    Raises:
        DomainError: As `black76`.

    >>> round(black_scholes(spot=42, strike=40, years=0.5, vol=0.2, rate=0.1, is_call=True), 4)
    4.7594
    """
    _check(price=spot, strike=strike, years=years, vol=vol, rates=(rate, dividend_yield))
    forward = forward_price(spot=spot, years=years, rate=rate, dividend_yield=dividend_yield)
    return black76(forward=forward, strike=strike, years=years, vol=vol, rate=rate, is_call=is_call)


def forward_price(*, spot: float, years: float, rate: float, dividend_yield: float) -> float:
    """S·e^{(r−q)T}."""
    return spot * math.exp((rate - dividend_yield) * years)


def price_options(
    *,
    forward: ArrayLike,
    strike: ArrayLike,
    total_stdev: ArrayLike,
    is_call: ArrayLike,
    discount: ArrayLike = 1.0,
) -> Floats:
    """Black-76 prices of independent options; the arguments broadcast.

    `total_stdev` is vol × √years (or the surface's own). Impossible input gives NaN. Accurate
    to 1e-11 relative from deep out of the money to minutes before expiry.
    """
    values = np.broadcast_arrays(
        *(np.asarray(a, np.float64) for a in (forward, strike, total_stdev, discount)),
        np.asarray(is_call, np.bool_),
    )
    flat = [np.ascontiguousarray(a).reshape(-1) for a in values]
    out = np.empty(flat[0].shape)
    pricing_kernels.price_rows(flat[0], flat[1], flat[2], flat[3], flat[4], out)
    possible = (flat[0] > 0) & (flat[1] > 0) & (flat[2] >= 0)
    out[~possible] = np.nan
    return out.reshape(values[0].shape)


def black76_greeks(
    *, forward: float, strike: float, years: float, vol: float, rate: float = 0.0, is_call: bool
) -> Greeks:
    """Greeks by the forward; theta holds the forward still.

    Raises:
        DomainError: As `black76`, or no life or no vol left (they are not defined there).
    """
    return black_scholes_greeks(
        spot=forward,
        strike=strike,
        years=years,
        vol=vol,
        rate=rate,
        dividend_yield=rate,
        is_call=is_call,
    )


def black_scholes_greeks(
    *,
    spot: float,
    strike: float,
    years: float,
    vol: float,
    rate: float,
    dividend_yield: float = 0.0,
    is_call: bool,
) -> Greeks:
    """Greeks by the spot (Hull, chapter on the Greek letters).

    Raises:
        DomainError: As `black76`, or no life or no vol left (they are not defined there).
    """
    _check(price=spot, strike=strike, years=years, vol=vol, rates=(rate, dividend_yield))
    stdev = vol * math.sqrt(years)
    if not stdev > 0:
        raise DomainError(f"no greeks with {years:g} years at a vol of {vol:g}: both must be > 0")
    carry = rate - dividend_yield
    d1 = (math.log(spot / strike) + carry * years) / stdev + stdev / 2
    d2 = d1 - stdev
    sign = 1.0 if is_call else -1.0
    spot_discount = math.exp(-dividend_yield * years)
    strike_discount = math.exp(-rate * years)
    density = _INV_SQRT_2PI * math.exp(-d1 * d1 / 2)
    vega = spot * spot_discount * density * math.sqrt(years)
    spot_part = spot * spot_discount * _normal_cdf(sign * d1)
    strike_part = strike * strike_discount * _normal_cdf(sign * d2)
    theta = -vega * vol / (2 * years) + sign * (dividend_yield * spot_part - rate * strike_part)
    return Greeks(
        delta=sign * spot_part / spot,
        gamma=spot_discount * density / (spot * stdev),
        vega_per_vol_point=vega / 100,
        theta_per_day=theta / CALENDAR_DAYS,
    )


def _normal_cdf(d: float) -> float:
    return 0.5 * math.erfc(-d / math.sqrt(2))


def _check(
    *, price: float, strike: float, years: float, vol: float, rates: tuple[float, ...]
) -> None:
    if not all(map(math.isfinite, (price, strike, years, vol, *rates))):
        raise DomainError(
            f"price {price}, strike {strike}, years {years}, vol {vol}, rates {rates}: "
            "all must be finite"
        )
    if not (price > 0 and strike > 0):
        raise DomainError(f"price {price:g} and strike {strike:g} must be above 0")
    if not (years >= 0 and vol >= 0):
        raise DomainError(f"a life of {years:g} years and a vol of {vol:g} must not be negative")
