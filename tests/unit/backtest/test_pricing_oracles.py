"""Prices against QuantLib, vollib and 40-digit arithmetic on thousands of random options."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
import QuantLib
from numpy.typing import NDArray

from monitor.backtest.implied_vol import implied_total_stdev, implied_vol
from monitor.backtest.pricing import (
    black76,
    black76_greeks,
    black_scholes_greeks,
    price_options,
)

vollib_black = pytest.importorskip("vollib.black")
vollib_iv = pytest.importorskip("vollib.black.implied_volatility")

CASES = 3000
MINUTE = 1 / (252 * 390)
Floats = NDArray[np.float64]


def random_options(seed: int, *, deepest: float) -> tuple[Floats, ...]:
    """Lives from 2 minutes to 2 years, vols 3 to 200 %, `deepest` deviations from the money."""
    rng = np.random.default_rng(seed)
    years = np.exp(rng.uniform(math.log(2 * MINUTE), math.log(2.0), CASES))
    vol = np.exp(rng.uniform(math.log(0.03), math.log(2.0), CASES))
    forward = np.exp(rng.uniform(math.log(5), math.log(30_000), CASES))
    stdev = vol * np.sqrt(years)
    strike = forward * np.exp(stdev * rng.uniform(-deepest, deepest, CASES))
    return forward, strike, years, vol, stdev


def exact_otm_price(forward: float, strike: float, stdev: float) -> mpmath.mpf:
    """Φ at 40 digits, so that the subtraction costs nothing."""
    f, k, s = mpmath.mpf(forward), mpmath.mpf(strike), mpmath.mpf(stdev)
    sign = 1 if strike >= forward else -1
    d1 = mpmath.log(f / k) / s + s / 2

    def cdf(z: mpmath.mpf) -> mpmath.mpf:
        return mpmath.erfc(-z / mpmath.sqrt(2)) / 2

    return sign * (f * cdf(sign * d1) - k * cdf(sign * (d1 - s)))


def test_price_to_1e9_against_forty_digits_into_the_far_wing() -> None:
    """Ten deviations out, where the price is 1e-25 of the forward."""
    forward, strike, _, _, stdev = random_options(1, deepest=10)
    ours = price_options(
        forward=forward, strike=strike, total_stdev=stdev, is_call=strike >= forward
    )
    with mpmath.workdps(40):
        worst = max(
            abs(float(price / exact_otm_price(f, k, s) - 1))
            for f, k, s, price in zip(forward, strike, stdev, ours, strict=True)
        )
    # ln(F/K) in doubles is exact to 1e-16; ten deviations out minutes before expiry that is
    # 1e-16 · |h| / s, the only error left.
    assert worst < 1e-9


@pytest.mark.parametrize("is_call", [True, False])
def test_price_to_1e9_against_quantlib(is_call: bool) -> None:
    """QuantLib subtracts F·Φ(d1) − K·Φ(d2), so it knows its own price to about 1e-15 of F.

    Below −5.6 deviations its Φ is an asymptotic series, good to 1e-7 only: not asked there.
    """
    forward, strike, years, vol, stdev = random_options(2, deepest=5)
    kind = QuantLib.Option.Call if is_call else QuantLib.Option.Put
    reach = np.abs(np.log(forward / strike)) / stdev + stdev / 2
    assert np.sum(reach < 5.5) > CASES // 2
    for f, k, t, v, s in zip(
        *(a[reach < 5.5] for a in (forward, strike, years, vol, stdev)), strict=True
    ):
        theirs = QuantLib.blackFormula(kind, float(k), float(f), float(s), 0.97)
        ours = black76(
            forward=f, strike=k, years=t, vol=v, rate=-math.log(0.97) / t, is_call=is_call
        )
        assert ours == pytest.approx(theirs, rel=1e-9, abs=4e-15 * f)


@pytest.mark.parametrize("flag", ["c", "p"])
def test_price_to_1e9_against_vollib(flag: str) -> None:
    forward, strike, years, vol, _ = random_options(3, deepest=7)
    for f, k, t, v in zip(forward, strike, years, vol, strict=True):
        theirs = vollib_black.black(flag, f, k, t, 0.05, v)
        ours = black76(forward=f, strike=k, years=t, vol=v, rate=0.05, is_call=flag == "c")
        # in vollib, too, ln(F/K) has the last word: 1e-16 · |h| / s
        assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-300)


@pytest.mark.parametrize("is_call", [True, False])
def test_greeks_against_quantlib(is_call: bool) -> None:
    forward, strike, years, vol, stdev = random_options(4, deepest=4)
    kind = QuantLib.Option.Call if is_call else QuantLib.Option.Put
    for f, k, t, v, s in zip(
        forward[:500], strike[:500], years[:500], vol[:500], stdev[:500], strict=True
    ):
        rate, dividends = 0.05, 0.02
        spot = f * math.exp((dividends - rate) * t)
        theirs = QuantLib.BlackCalculator(
            QuantLib.PlainVanillaPayoff(kind, float(k)), float(f), float(s), math.exp(-rate * t)
        )
        ours = black_scholes_greeks(
            spot=spot, strike=k, years=t, vol=v, rate=rate, dividend_yield=dividends,
            is_call=is_call,
        )  # fmt: skip
        assert ours.delta == pytest.approx(theirs.delta(spot), rel=1e-9, abs=1e-14)
        assert ours.gamma == pytest.approx(theirs.gamma(spot), rel=1e-9, abs=1e-14)
        assert ours.vega_per_vol_point == pytest.approx(theirs.vega(t) / 100, rel=1e-9)
        assert ours.theta_per_day == pytest.approx(
            theirs.theta(spot, t) / 365, rel=1e-8, abs=1e-12 * f / t
        )


def test_greeks_of_a_forward_hold_the_forward_still() -> None:
    """By the small difference of prices: theta with F fixed, delta by F."""
    terms = {"strike": 5900.0, "vol": 0.17, "rate": 0.05, "is_call": False}
    greeks = black76_greeks(forward=6000, years=0.02, **terms)

    def price(forward: float, years: float) -> float:
        return black76(forward=forward, years=years, **terms)

    assert greeks.delta == pytest.approx((price(6000.5, 0.02) - price(5999.5, 0.02)), rel=1e-4)
    assert greeks.theta_per_day == pytest.approx(
        (price(6000, 0.02 - 1e-5) - price(6000, 0.02)) / 1e-5 / 365, rel=1e-3
    )


def test_implied_vol_to_1e8_where_the_price_knows_it() -> None:
    """Out of the money, from the money to ten deviations out, 2 minutes to 2 years.

    Prices come from 40-digit arithmetic, so our own formula cannot hide an error.
    """
    forward, strike, _, _, stdev = random_options(5, deepest=10)
    is_call = strike >= forward
    with mpmath.workdps(40):
        prices = np.array(
            [float(exact_otm_price(*case)) for case in zip(forward, strike, stdev, strict=True)]
        )
    ours = implied_total_stdev(price=prices, forward=forward, strike=strike, is_call=is_call)
    assert np.max(np.abs(ours / stdev - 1)) < 1e-8


@pytest.mark.parametrize("flag", ["c", "p"])
def test_implied_vol_against_vollib_where_vega_allows(flag: str) -> None:
    """Both sides of the money. A price holds 16 digits, so its vol is known to 2e-16·price/vega."""
    forward, strike, years, vol, _ = random_options(6, deepest=4)
    compared = 0
    for f, k, t, v in zip(forward, strike, years, vol, strict=True):
        price = vollib_black.black(flag, f, k, t, 0.0, v)
        known_to = 1e-15 * max(price, f, k) / black76_greeks(
            forward=f, strike=k, years=t, vol=v, is_call=True
        ).vega_per_vol_point / 100 / v  # fmt: skip
        if known_to > 1e-9:
            continue
        compared += 1
        ours = implied_vol(price=price, forward=f, strike=k, years=t, is_call=flag == "c")
        assert ours == pytest.approx(v, rel=1e-8)
        theirs = vollib_iv.implied_volatility(price, f, k, 0.0, t, flag)
        assert ours == pytest.approx(theirs, rel=1e-8)
    assert compared > CASES // 2
