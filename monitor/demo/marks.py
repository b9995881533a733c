"""What a simulated spread is worth: the Bachelier model, marked "simulated" wherever it shows.

Price at expiration is normal around today's price with standard deviation price × vol × √T,
vol the underlying's own volatility index, T in sessions of 390 minutes and years of 252; no
rates, no skew, no bid and ask. Source: Bachelier (1900); docs/sources.md#demo
"""

from __future__ import annotations

from math import erf, exp, pi, sqrt

from monitor.domain.positions import Strikes

MINUTES_PER_SESSION = 390
MINUTES_PER_YEAR = 252 * MINUTES_PER_SESSION


def deviation(*, price: float, vol: float, minutes_left: float) -> float:
    """Standard deviation of the price at expiration, points; `vol` an annual fraction."""
    return price * vol * sqrt(max(minutes_left, 0.0) / MINUTES_PER_YEAR)


def call_value(*, price: float, strike: float, sd: float) -> float:
    """Expected payoff of a call, points per share.

    >>> round(call_value(price=100, strike=100, sd=10), 4)  # at the money: sd / √(2π)
    3.9894
    """
    if sd <= 0:
        return max(price - strike, 0.0)
    d = (price - strike) / sd
    return (price - strike) * 0.5 * (1 + erf(d / sqrt(2))) + sd * exp(-d * d / 2) / sqrt(2 * pi)


def put_value(*, price: float, strike: float, sd: float) -> float:
    """Expected payoff of a put, points per share; put–call parity without rates."""
    return call_value(price=price, strike=strike, sd=sd) - (price - strike)


def spread_value(strikes: Strikes, *, price: float, sd: float) -> float:
    """What closing the spread costs, points per share: 0 to the width (both wings: the wider)."""
    value = 0.0
    if strikes.short_put is not None and strikes.long_put is not None:
        value += put_value(price=price, strike=strikes.short_put, sd=sd)
        value -= put_value(price=price, strike=strikes.long_put, sd=sd)
    if strikes.short_call is not None and strikes.long_call is not None:
        value += call_value(price=price, strike=strikes.short_call, sd=sd)
        value -= call_value(price=price, strike=strikes.long_call, sd=sd)
    return value
