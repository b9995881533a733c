from __future__ import annotations

import numpy as np
import pytest

from monitor.backtest.bands import Bands, coverage, rolling_bands
from monitor.domain.past_moves import bands_plain

BANDS = (95, 97, 98, 99, 100)


def _walk(n: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    close = 20_000 * np.exp(np.cumsum(rng.normal(0, 0.01, n)))
    price = close * np.exp(rng.normal(0, 0.004, n))
    price[rng.random(n) < 0.05] = np.nan  # half days have no price at a late clock time
    close[rng.random(n) < 0.02] = np.nan
    scale = rng.uniform(0.1, 0.4, n)
    scale[rng.random(n) < 0.03] = np.nan
    return price, close, scale


@pytest.mark.parametrize("dte", [0, 1, 3, 5, 10])
@pytest.mark.parametrize(("window", "need"), [(30, 30), (100, 20)])
def test_rolling_bands_equal_the_plain_reading(dte: int, window: int, need: int) -> None:
    price, close, scale = _walk(260)
    got = rolling_bands(
        price, close, dte=dte, bands=BANDS, window=window, min_sample=need, scale=scale
    )
    for today in range(0, 260, 7):
        low, high, n = bands_plain(
            price, close, scale, today=today, dte=dte, bands=BANDS, window=window, min_sample=need
        )
        np.testing.assert_allclose(got.low[today], low, rtol=1e-13, atol=1e-16)
        np.testing.assert_allclose(got.high[today], high, rtol=1e-13, atol=1e-16)
        assert got.sample[today] == n


def test_a_band_by_hand() -> None:
    # Moves +1, +2, +3, +4, +5 %: type 7 at 2.5 % is 1 + 0.1 × 1, at 97.5 % it is 4 + 0.9 × 1.
    price = np.full(6, 100.0)
    close = np.array([101.0, 102, 103, 104, 105, 77])
    bands = rolling_bands(price, close, dte=0, bands=(95, 100), window=5, min_sample=5)
    np.testing.assert_allclose(bands.low[5], [0.011, 0.01])
    np.testing.assert_allclose(bands.high[5], [0.049, 0.05])
    assert np.isnan(bands.low[4]).all()  # four moves are not five


@pytest.mark.parametrize("dte", [0, 1, 3, 5, 10])
def test_trap_21_moving_the_last_n_prices_leaves_the_band_unchanged(dte: int) -> None:
    price, close, scale = _walk(150, seed=4)
    today = 140
    scale[today] = 0.2
    before = rolling_bands(price, close, dte=dte, bands=BANDS, window=100, min_sample=5,
                           scale=scale)  # fmt: skip
    # everything not settled at the entry: prices of the last n sessions, all closes from today
    price[today - dte : today] *= 0.7
    close[today:] *= 0.5
    price[today:] *= 1.3
    after = rolling_bands(price, close, dte=dte, bands=BANDS, window=100, min_sample=5,
                          scale=scale)  # fmt: skip
    np.testing.assert_array_equal(after.low[today], before.low[today])
    np.testing.assert_array_equal(after.high[today], before.high[today])
    # and the test can fail: yesterday's close is in the window
    close[today - 1] *= 0.5
    moved = rolling_bands(price, close, dte=dte, bands=BANDS, window=100, min_sample=5,
                          scale=scale)  # fmt: skip
    assert np.isfinite(before.low[today]).all()
    assert moved.low[today, -1] < before.low[today, -1]


def test_a_calm_sample_is_widened_by_todays_volatility() -> None:
    price = np.full(61, 100.0)
    close = 100 + np.tile([-1.0, 1.0, 0.5], 21)[:61]
    scale = np.full(61, 0.1)
    scale[60] = 0.3
    raw = rolling_bands(price, close, dte=0, bands=(100,), window=250, min_sample=10)
    scaled = rolling_bands(
        price, close, dte=0, bands=(100,), window=250, min_sample=10, scale=scale
    )
    np.testing.assert_allclose(scaled.low[60], 3 * raw.low[60])
    np.testing.assert_allclose(raw.low[60], -0.01)


def test_trap_22_coverage_is_measured_not_assumed() -> None:
    price = np.full(5, 100.0)
    close = np.array([100.0, 100, 104, 95, np.nan])
    bands = Bands(low=np.full((5, 1), -0.04), high=np.full((5, 1), 0.03), sample=np.full(5, 100))
    share, n = coverage(bands, price, close, dte=1)
    assert n == 3  # from sessions 0, 1, 2: moves 0, +4, −5 %
    np.testing.assert_allclose(share, [1 / 3])
