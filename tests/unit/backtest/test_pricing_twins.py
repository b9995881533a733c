"""Each compiled pricing kernel against its own Python text, number by number."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.backtest import fast_math, mills
from monitor.backtest import implied_vol_kernels as vols
from monitor.backtest import pricing_kernels as prices
from monitor.backtest import surface_kernels as surface
from monitor.domain.pricing.surface_tables import NDX_TABLE, smile_cubics

Floats = NDArray[np.float64]
RNG = np.random.default_rng(11)
N = 60
FORWARD = np.full(N, 6000.0)
STDEV = np.exp(RNG.uniform(np.log(1e-3), np.log(4.0), N))
STRIKE = FORWARD * np.exp(STDEV * RNG.uniform(-5, 5, N))
DISCOUNT = np.full(N, 0.99)
IS_CALL = STRIKE > FORWARD
STRIKES = np.arange(5500.0, 6501.0, 25.0)


def plain(kernel: object) -> object:
    return kernel.py_func  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def _divisions_as_in_the_kernel() -> object:
    """Kernels divide by zero to inf without a word; numpy's scalars would warn."""
    with np.errstate(all="ignore"):
        yield


def test_polynomials() -> None:
    for w in np.linspace(0.01, 0.28, 20):
        for kernel in (mills.scaled_erfc, mills.mills_slope_fast, mills.mills_slope_fine):
            assert kernel(w) == pytest.approx(plain(kernel)(w), rel=1e-13)
    table = (1.0, 0.5, 0.25, 0.125)
    assert fast_math.polynomial(2.0, table) == plain(fast_math.polynomial)(2.0, table) == 4.0


def test_one_price() -> None:
    for x, s in zip(np.abs(np.log(STRIKE / FORWARD)), STDEV, strict=True):
        assert prices.normalized_black(x, s) == pytest.approx(
            plain(prices.normalized_black)(x, s), rel=1e-12
        )
        if s <= prices.SERIES_MAX_STDEV and x <= prices.SERIES_MAX_X:
            for kernel in (prices.otm_series_fast, prices._series_fine):
                assert kernel(x, s) == pytest.approx(plain(kernel)(x, s), rel=1e-12)


def test_rows_of_prices_and_back() -> None:
    compiled, twin = np.empty(N), np.empty(N)
    arguments = (FORWARD, STRIKE, STDEV, DISCOUNT, IS_CALL)
    prices.price_rows(*arguments, compiled)
    plain(prices.price_rows)(*arguments, twin)
    np.testing.assert_allclose(compiled, twin, rtol=1e-12)
    one = [plain(prices.black_price)(*row) for row in zip(*arguments, strict=True)]
    np.testing.assert_allclose(compiled, one, rtol=1e-11)
    found, found_twin = np.empty(N), np.empty(N)
    vols.implied_stdev_rows(compiled, FORWARD, STRIKE, DISCOUNT, IS_CALL, found)
    plain(vols.implied_stdev_rows)(compiled, FORWARD, STRIKE, DISCOUNT, IS_CALL, found_twin)
    np.testing.assert_allclose(found, found_twin, rtol=1e-9)


def test_implied_stdev_step_by_step() -> None:
    for x, s in ((0.0, 0.01), (0.05, 0.02), (0.4, 0.3)):
        price = prices.normalized_black(x, s)
        guess = plain(vols._guess)(x, price)
        assert vols._guess(x, price) == pytest.approx(guess, rel=1e-12)
        assert vols._step(x, price, guess) == pytest.approx(
            plain(vols._step)(x, price, guess), rel=1e-6, abs=1e-12
        )
        assert plain(vols.implied_stdev_search)(x, price) == pytest.approx(s, rel=1e-11)
    assert np.isnan(plain(vols._searched)(1.0, -1.0, 1.0, 1.0, True))


def test_chains() -> None:
    stdev = np.where(STRIKES == 6000.0, 0.5, 0.02)  # one strike for the careful kernel
    compiled, twin = np.empty((2, len(STRIKES))), np.empty((2, len(STRIKES)))
    arguments = (6003.0, 0.99, STRIKES, np.log(STRIKES), stdev)
    prices.price_chain(*arguments, compiled[0], compiled[1])
    plain(prices.price_chain)(*arguments, twin[0], twin[1])
    np.testing.assert_allclose(compiled, twin, rtol=1e-11)
    one, other = np.empty(len(STRIKES)), np.empty(len(STRIKES))
    prices.otm_chain(*arguments, one)
    plain(prices.otm_chain)(*arguments, other)
    np.testing.assert_allclose(one, other, rtol=1e-11)
    plain(prices._repair_outside)(6003.0, 0.99, STRIKES, stdev, other)
    np.testing.assert_allclose(one, other, rtol=1e-11)


def test_surface() -> None:
    forward = np.array([6000.0, 5950.0, np.nan, 6010.0])
    stdev = np.array([0.004, 0.02, 0.02, 0.0])
    ones = np.ones(4)
    shape = (2, len(STRIKES), 4)
    compiled, twin = np.empty(shape), np.empty(shape)
    arguments = (forward, ones, stdev, STRIKES, np.log(STRIKES), smile_cubics(NDX_TABLE.smile))
    repaired = surface.surface_chains(*arguments, compiled[0], compiled[1])
    assert (
        repaired == plain(surface.surface_chains)(*arguments, twin[0], twin[1]) == 2
    )  # flat ends of the smile
    np.testing.assert_allclose(compiled, twin, rtol=1e-10, atol=1e-12)


def test_smile_and_level() -> None:
    out, twin = np.empty(len(STRIKES)), np.empty(len(STRIKES))
    arguments = (np.log(6000.0), 0.01, np.log(STRIKES), smile_cubics(NDX_TABLE.smile))
    surface.smile_stdev(*arguments, out)
    plain(surface.smile_stdev)(*arguments, twin)
    np.testing.assert_allclose(out, twin, rtol=1e-13)
    nan = np.nan
    levels = np.array([[1e-4, 6e-4, 2e-3, 7e-3], [nan, nan, 2e-3, nan], [nan, 6e-4, nan, nan]])
    time = np.tile([1.0, 6.1, 20.2, 64.0], (3, 1))
    elapsed, total = np.array([0.5, 0.0, 0.0]), np.array([80.0, 3.0, 3.0])
    row, row_twin = np.empty(3), np.empty(3)
    surface.remaining_variance(levels, time, elapsed, total, row)
    plain(surface.remaining_variance)(levels, time, elapsed, total, row_twin)
    np.testing.assert_allclose(row, row_twin, rtol=1e-13)
    assert np.isnan(row).tolist() == [False, False, True]


@pytest.mark.parametrize("seed", range(20))
def test_repair_equals_its_twin_and_leaves_no_arbitrage(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count = 24
    split = int(rng.integers(0, count + 1))
    gaps = rng.choice([5.0, 10.0, 25.0], count - 1)
    otm: Floats = rng.uniform(0, 60, count)
    twin = otm.copy()
    surface.repair_arbitrage(split, 0.98, gaps, otm, np.empty((4, count)))
    plain(surface.repair_arbitrage)(split, 0.98, gaps, twin, np.empty((4, count)))
    np.testing.assert_allclose(otm, twin, rtol=1e-12, atol=1e-12)
    slopes = np.diff(otm) / gaps
    for part, low, high in ((slopes[: max(split - 1, 0)], 0, 0.98), (slopes[split:], -0.98, 0)):
        assert ((part >= low - 1e-9) & (part <= high + 1e-9)).all()
        assert (np.diff(part) >= -1e-9).all()
    assert (otm >= 0).all()


def test_helpers_of_the_repair() -> None:
    slopes = np.array([0.1, 0.5, 0.2, 0.6])
    twin = slopes.copy()
    gaps = np.array([1.0, 2.0, 1.0, 1.0])
    assert surface._out_of_order(slopes, 0, 4, 0.0, 1.0) == 1
    assert plain(surface._out_of_order)(slopes, 0, 4, 0.0, 0.55) == 2
    assert plain(surface._out_of_order)(slopes, 2, 2, 0.0, 1.0) == 0
    surface._pool(slopes, gaps, 0, 4, np.empty((4, 5)))
    plain(surface._pool)(twin, gaps, 0, 4, np.empty((4, 5)))
    assert slopes.tolist() == twin.tolist() == pytest.approx([0.1, 0.4, 0.4, 0.6])
