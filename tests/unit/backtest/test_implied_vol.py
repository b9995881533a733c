"""Implied volatility at the edges: minutes left, deep wings, and prices that have none."""

from __future__ import annotations

import math

import numpy as np
import pytest

from monitor.backtest.implied_vol import implied_total_stdev, implied_vol
from monitor.backtest.implied_vol_kernels import implied_stdev_search
from monitor.backtest.pricing import price_options
from monitor.backtest.pricing_kernels import normalized_black
from monitor.errors import ImpliedVolError


@pytest.mark.parametrize(
    ("price", "is_call"),
    [(0.0, True), (-1.0, True), (100.0, True), (math.nan, True), (4.999, True), (95.0, False)],
)
def test_a_price_without_a_vol_raises_and_says_the_range(price: float, is_call: bool) -> None:
    forward, strike = (100.0, 95.0)
    with pytest.raises(ImpliedVolError, match=r"above .* and below"):
        implied_vol(price=price, forward=forward, strike=strike, years=0.1, is_call=is_call)


def test_no_life_left_has_no_vol() -> None:
    with pytest.raises(ImpliedVolError, match="life be above 0"):
        implied_vol(price=1.0, forward=100, strike=101, years=0.0, is_call=True)


def test_arrays_hold_nan_where_no_vol_fits_and_the_rest_is_solved() -> None:
    # 2.5066 = √2π: at the money a small stdev s costs s·F/√2π
    out = implied_total_stdev(
        price=[0.0, 1.0, math.inf, math.nan], forward=1000.0, strike=1000.0, is_call=True
    )
    assert np.isnan(out[[0, 2, 3]]).all()
    assert out[1] == pytest.approx(2.5066282746e-3, rel=1e-5)


def test_at_the_money_is_the_inverse_error_function() -> None:
    """At the money the price is F·erf(s/√8), by the definition of Φ."""
    for stdev in (1e-5, 0.01, 0.4, 2.0):
        price = 100 * math.erf(stdev / math.sqrt(8))
        got = implied_total_stdev(price=price, forward=100, strike=100, is_call=False)
        assert float(got) == pytest.approx(stdev, rel=1e-11)


def test_what_the_steps_leave_is_searched_for() -> None:
    """Total stdevs of 4 to 9 (400 % for years) lie outside the polynomial."""
    stdev = np.array([4.0, 6.0, 9.0])
    price = price_options(forward=100, strike=[100, 150, 400], total_stdev=stdev, is_call=True)
    got = implied_total_stdev(price=price, forward=100, strike=[100, 150, 400], is_call=True)
    np.testing.assert_allclose(got, stdev, rtol=1e-9)


@pytest.mark.parametrize("stdev", [0.003, 0.2, 1.5, 5.0])
@pytest.mark.parametrize("deviations", [0.0, 1.0, 6.0])
def test_the_search_alone_finds_the_same(stdev: float, deviations: float) -> None:
    """The bisection knows nothing of the guess and the steps."""
    x = stdev * deviations
    assert implied_stdev_search(x, normalized_black(x, stdev)) == pytest.approx(stdev, rel=1e-12)


def test_the_search_refuses_what_no_stdev_has() -> None:
    assert math.isnan(implied_stdev_search(0.1, 0.0))
    assert math.isnan(implied_stdev_search(0.1, math.exp(-0.05)))
    assert math.isnan(implied_stdev_search(0.1, math.nan))
