"""Published and independently computed values of the statistics, each with its source."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.backtest.calibration import brier, log_loss, shortfall_chance
from monitor.backtest.cscv import BlockSums, overfitting
from monitor.backtest.deflated_sharpe import (
    deflated_sharpe,
    expected_maximum,
    luck_sharpe,
    probabilistic_sharpe,
)
from monitor.backtest.stats_intervals import jeffreys_intervals, wilson_intervals
from monitor.domain.statistics import wilson_interval

WILSON = [
    # Newcombe, Statistics in Medicine 17 (1998) 857, table I, method 3
    (81, 263, 0.2552885198782742, 0.36620957698280004),
    (15, 148, 0.0623863995307363, 0.16048724172330803),
    (0, 20, 0.0, 0.16112515805281938),
    (1, 29, 0.006113214292762653, 0.17175521879320288),
    # statsmodels proportion_confint(method="wilson")
    (53, 58, 0.8135637093712647, 0.962614616873809),
    (95, 100, 0.8882495307680808, 0.9784563208456319),
    (90, 90, 0.9590643744356734, 1.0),
]


@pytest.mark.parametrize(("wins", "trials", "low", "high"), WILSON)
def test_wilson_interval(wins: int, trials: int, low: float, high: float) -> None:
    found = wilson_intervals(np.array([wins]), np.array([trials]))
    one = wilson_interval(wins, trials)
    for interval in ((found.low[0], found.high[0]), (one.low, one.high)):
        assert interval == pytest.approx((low, high), abs=1e-12)


def test_jeffreys_interval() -> None:
    """statsmodels proportion_confint(53, 58, method="jeffreys"); Brown, Cai, DasGupta 2001."""
    found = jeffreys_intervals(np.array([53.0]), np.array([58.0]))
    expected = (0.8213550751152977, 0.9663401999624137)
    assert (found.low[0], found.high[0]) == pytest.approx(expected, abs=1e-12)


def test_luck_sharpe_of_100_tries() -> None:
    """Bailey and López de Prado 2014, their example: 0.1132."""
    assert luck_sharpe(tries=100, variance=0.5 / 250) == pytest.approx(0.1132, abs=5e-5)


@pytest.mark.parametrize(("tries", "expected"), [(10, 1.5746), (49_248, 4.2342)])
def test_expected_maximum_of_normals(tries: int, expected: float) -> None:
    assert expected_maximum(tries) == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize(
    ("tries", "skew", "kurtosis", "expected"),
    [(100, -3, 10, 0.9004), (46, -3, 10, 0.9505), (88, 0, 3, 0.9505)],
)
def test_deflated_sharpe(tries: int, skew: float, kurtosis: float, expected: float) -> None:
    """Bailey and López de Prado 2014: annual Sharpe 2.5 over 1,250 days."""
    found = deflated_sharpe(
        2.5 / np.sqrt(250),
        tries=tries,
        sessions=1250,
        skew=skew,
        kurtosis=kurtosis,
        variance=0.5 / 250,
    )
    assert found == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize(("skew", "kurtosis", "expected"), [(0, 3, 0.982), (-2.448, 10.164, 0.913)])
def test_probabilistic_sharpe(skew: float, kurtosis: float, expected: float) -> None:
    """Bailey and López de Prado 2012: monthly Sharpe 0.458 over 24 months."""
    found = probabilistic_sharpe(0.458, benchmark=0, sessions=24, skew=skew, kurtosis=kurtosis)
    assert found == pytest.approx(expected, abs=5e-4)


def test_toy_of_four_configurations_is_overfit_in_three_of_six_splits() -> None:
    """Enumerated by hand; blocks 1 to 4, sums of two.

    12: A 9 is best; in 34 A has 1.5, the lowest. Mirror: B 9; in 12 B has 1.2, the lowest.
    13: A 5.5; in 24 A's 5 is third of four. Mirror: B 5.2; in 13 B's 5 is third.
    14: A 6; in 23 A's 4.5 is third. Mirror: B 6.2; in 14 B's 4 is second.
    """
    data = np.array([[5, 4, 0.5, 1], [0, 1.2, 5, 4], [2, 2, 2, 2.1], [1, 1, 1, 1]])
    blocks = BlockSums(
        total=data.T.astype(np.float32),
        square=(data.T**2).astype(np.float32),
        sessions=np.ones(4, np.int64),
    )
    found = overfitting(blocks, measure="mean")
    assert found.best.tolist() == [0, 1, 0, 1, 0, 1]
    assert found.rank * 5 == pytest.approx([1, 1, 3, 3, 3, 2])
    assert found.pbo == 3 / 6


@pytest.mark.parametrize(("wins", "expected"), [(89, 0.011472410067484739), (92, 0.12796047862)])
def test_chance_of_a_shortfall(wins: int, expected: float) -> None:
    """Binomial with n = 100, p = 0.95."""
    assert shortfall_chance(wins=wins, trials=100, forecast=0.95) == pytest.approx(expected)


def test_scores_of_four_forecasts() -> None:
    """(.01 + .01 + .64 + .0025)/4 and −(ln .9 + ln .9 + ln .2 + ln .95)/4, by hand."""
    forecast, won = np.array([0.9, 0.9, 0.8, 0.95]), np.array([1.0, 1.0, 0.0, 1.0])
    assert brier(forecast, won) == pytest.approx(0.165625, abs=1e-12)
    assert log_loss(forecast, won) == pytest.approx(0.46786305953432594, abs=1e-12)
