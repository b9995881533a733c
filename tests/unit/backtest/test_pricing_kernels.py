"""The compiled kernels against their plain twin, against mpmath, and at the edges."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest

from monitor.backtest import fast_math, mills
from monitor.backtest.pricing import black76, black76_greeks, price_options
from monitor.backtest.pricing_kernels import (
    SERIES_MAX_STDEV,
    SERIES_MAX_X,
    normalized_black,
    otm_chain,
    otm_series_fast,
    price_chain,
)
from monitor.domain.pricing.black_plain import price_plain
from monitor.errors import DomainError

STRIKES = np.arange(5000.0, 7001.0, 5.0)
FORWARD = 6003.7


def test_exp_and_log_have_the_digits_they_claim() -> None:
    rng = np.random.default_rng(0)
    with mpmath.workdps(40):
        for x in rng.uniform(-700, 700, 400):
            exact = mpmath.exp(mpmath.mpf(x))
            assert abs(fast_math.exp_fine(x) / exact - 1) < 4e-16
            assert abs(fast_math.exp_fast(x) / exact - 1) < 1.2e-12
        near_one = 1 + rng.normal(0, 1e-3, 200)
        for x in np.concatenate([np.exp(rng.uniform(-690, 690, 200)), near_one]):
            assert abs(fast_math.log_fine(x) / mpmath.log(mpmath.mpf(x)) - 1) < 4e-16


def test_exp_goes_to_the_smallest_double_and_not_to_nonsense() -> None:
    assert 0 <= fast_math.exp_fine(-1e6) < 1e-300
    assert 0 <= fast_math.exp_fast(-1e300) < 1e-300


def test_mills_polynomials_have_the_digits_they_claim() -> None:
    rng = np.random.default_rng(1)
    with mpmath.workdps(60):
        for y in np.concatenate([rng.uniform(mills.ERFCX_LOWEST, 6, 300), rng.uniform(6, 60, 60)]):
            exact = mpmath.exp(mpmath.mpf(y) ** 2) * mpmath.erfc(y)
            assert abs(mills.scaled_erfc(1 / (y + mills.POLE)) / exact - 1) < 6e-15
        for h in np.concatenate([rng.uniform(0, 8, 300), rng.uniform(8, 60, 60)]):
            half = mpmath.mpf(h) / mpmath.sqrt(2)
            ratio = mpmath.sqrt(mpmath.pi / 2) * mpmath.exp(half**2) * mpmath.erfc(half)
            exact = 1 - mpmath.mpf(h) * ratio
            w = 1 / (h + mills.POLE)
            assert abs(mills.mills_slope_fine(w) / exact - 1) < 8e-15
            assert abs(mills.mills_slope_fast(w) / exact - 1) < 8e-12


@pytest.mark.parametrize("stdev", [1e-4, 3e-3, 0.02, 0.24, 0.26, 0.9, 3.0])
def test_rows_equal_the_plain_twin_on_both_sides(stdev: float) -> None:
    for is_call in (True, False):
        strikes = FORWARD * np.exp(stdev * np.linspace(-8, 8, 97))
        ours = price_options(forward=FORWARD, strike=strikes, total_stdev=stdev, is_call=is_call)
        plain = price_plain(forward=FORWARD, strike=strikes, total_stdev=stdev, is_call=is_call)
        # the plain twin subtracts logarithms, so it has the fewer digits
        np.testing.assert_allclose(ours, plain, rtol=3e-9, atol=1e-11)


def test_a_chain_equals_the_careful_kernel_to_its_stated_error() -> None:
    rng = np.random.default_rng(2)
    for s in (0.0007, 0.006, 0.03, 0.12, 0.249):
        stdev = s * rng.uniform(0.9, 1.0, len(STRIKES))
        out = np.empty(len(STRIKES))
        otm_chain(FORWARD, 0.98, STRIKES, np.log(STRIKES), stdev, out)
        careful = price_options(
            forward=FORWARD, strike=STRIKES, total_stdev=stdev, discount=0.98,
            is_call=STRIKES >= FORWARD,
        )  # fmt: skip
        tangible = careful > 1e-9 * FORWARD
        assert np.max(np.abs(out[tangible] / careful[tangible] - 1)) < 2e-10
        assert np.max(np.abs(out - careful)) < 1e-11 * FORWARD


def test_the_fast_series_holds_up_to_its_limits() -> None:
    for s in np.linspace(0.001, SERIES_MAX_STDEV, 40):
        for x in np.linspace(0.0, min(SERIES_MAX_X, 12 * s), 40):
            exact = normalized_black(x, s)
            assert otm_series_fast(x, s) * math.exp(-x / 2) == pytest.approx(exact, rel=2e-10)
            assert otm_series_fast(-x, s) * math.exp(x / 2) == pytest.approx(exact, rel=2e-10)


def test_a_chain_falls_back_to_the_careful_kernel_outside_the_series() -> None:
    strikes = np.array([1.0, 3000.0, 5990.0, 12_000.0, 40_000.0])
    stdev = np.array([0.1, 0.4, 0.0, 0.2, 1.5])
    out = np.empty(5)
    otm_chain(FORWARD, 1.0, strikes, np.log(strikes), stdev, out)
    expected = price_plain(
        forward=FORWARD, strike=strikes[[1, 3, 4]], total_stdev=stdev[[1, 3, 4]],
        is_call=[False, True, True],
    )  # fmt: skip
    np.testing.assert_allclose(out[[1, 3, 4]], expected, rtol=1e-9)
    assert out[0] == 0.0  # 87 deviations away
    assert out[2] == 0.0  # no time left: worth nothing out of the money


def test_both_sides_of_a_chain_obey_parity() -> None:
    puts, calls = np.empty(len(STRIKES)), np.empty(len(STRIKES))
    price_chain(FORWARD, 0.99, STRIKES, np.log(STRIKES), np.full(len(STRIKES), 0.02), puts, calls)
    np.testing.assert_allclose(calls - puts, 0.99 * (FORWARD - STRIKES), atol=1e-9)
    assert np.all(puts >= 0)
    assert np.all(calls >= 0)


def test_nan_in_nan_out_and_impossible_input_is_nan() -> None:
    nan = math.nan
    out = price_options(
        forward=[nan, 100, 100, -5, 100],
        strike=[100, nan, 100, 100, 0],
        total_stdev=[0.1, 0.1, nan, 0.1, 0.1],
        is_call=True,
    )
    assert np.isnan(out).all()
    chain = np.empty(1)
    otm_chain(100.0, 1.0, np.array([100.0]), np.log([100.0]), np.array([nan]), chain)
    assert np.isnan(chain[0])


def test_no_time_left_is_the_intrinsic_value() -> None:
    assert black76(forward=105, strike=100, years=0, vol=0.2, is_call=True) == 5
    assert black76(forward=105, strike=100, years=0, vol=0.2, is_call=False) == 0
    with pytest.raises(DomainError, match="no greeks"):
        black76_greeks(forward=105, strike=100, years=0, vol=0.2, is_call=True)


@pytest.mark.parametrize(
    "wrong", [{"forward": 0.0}, {"strike": -1.0}, {"years": -0.1}, {"vol": math.nan}]
)
def test_impossible_scalars_raise_and_name_the_value(wrong: dict[str, float]) -> None:
    good = {"forward": 100.0, "strike": 100.0, "years": 0.1, "vol": 0.2}
    with pytest.raises(DomainError, match=r"must"):
        black76(**(good | wrong), is_call=True)
