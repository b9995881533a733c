"""Reliability of forecasts against hand counts, statsmodels and scipy."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats as scipy_stats

from monitor.backtest.calibration import (
    Outcomes,
    brier,
    calibration_slope,
    log_loss,
    reliability,
    shortfall_chance,
)
from monitor.errors import DomainError


def outcomes(forecast: list[float], wins: list[float], trials: list[float]) -> Outcomes:
    return Outcomes(np.array(forecast), np.array(wins), np.array(trials))


def test_bins_and_expected_error_by_hand() -> None:
    """.92 and .91 share a bin: 100 + 300 trials, said .9125, won 350 of 400; 1.0: 90 of 100."""
    found = reliability(outcomes([0.92, 0.91, 1.0], [80, 270, 90], [100, 300, 100]))
    assert found.trials.tolist() == [400, 100]
    assert found.forecast == pytest.approx([0.9125, 1.0])
    assert found.realized == pytest.approx([0.875, 0.9])
    assert found.expected_error == pytest.approx((400 * 0.0375 + 100 * 0.1) / 500)
    assert (found.low < found.realized).all()
    assert (found.realized < found.high).all()


def test_slope_is_that_of_statsmodels_logistic_regression() -> None:
    rng = np.random.default_rng(1)
    p = rng.uniform(0.6, 0.97, 300)
    trials = rng.integers(5, 40, 300).astype(float)
    wins = rng.binomial(trials.astype(int), 0.3 + 0.6 * p).astype(float)
    x = sm.add_constant(np.log(p / (1 - p)))
    model = sm.GLM(np.stack([wins, trials - wins], axis=1), x, family=sm.families.Binomial())
    found = calibration_slope(Outcomes(p, wins, trials))
    assert found == pytest.approx(model.fit().params[1], rel=1e-6)


def test_true_forecasts_have_slope_one_and_bold_ones_less() -> None:
    rng = np.random.default_rng(2)
    p = rng.uniform(0.7, 0.95, 4000)
    wins = rng.binomial(50, p).astype(float)
    log_odds = np.log(p / (1 - p))
    bold = 1 / (1 + np.exp(-2 * log_odds))
    trials = np.full(4000, 50.0)
    assert calibration_slope(Outcomes(p, wins, trials)) == pytest.approx(1, abs=0.05)
    assert calibration_slope(Outcomes(bold, wins, trials)) == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize(
    ("forecast", "wins", "trials"),
    [([0.9, 0.9], [5, 4], [10, 10]), ([0.9, 0.8], [10, 10], [10, 10]), ([], [], [])],
    ids=["same forecast", "all won", "none"],
)
def test_slope_of_data_that_do_not_tell_is_unknown(
    forecast: list[float], wins: list[float], trials: list[float]
) -> None:
    assert np.isnan(calibration_slope(outcomes(forecast, wins, trials)))


def test_joining_nothing_is_empty() -> None:
    assert len(Outcomes.joined([]).forecast) == 0


def test_shortfall_is_scipys_binomial_tail() -> None:
    found = shortfall_chance(wins=17, trials=20, forecast=0.93)
    assert found == pytest.approx(scipy_stats.binom.cdf(17, 20, 0.93))


@pytest.mark.parametrize(("wins", "trials", "forecast"), [(3, 2, 0.5), (-1, 2, 0.5), (1, 2, 1.5)])
def test_impossible_shortfalls_are_refused(wins: int, trials: int, forecast: float) -> None:
    with pytest.raises(DomainError, match="need 0 ≤ wins"):
        shortfall_chance(wins=wins, trials=trials, forecast=forecast)


def test_a_certainty_that_failed_costs_everything() -> None:
    assert log_loss(np.array([1.0]), np.array([0.0])) == np.inf
    assert brier(np.array([1.0]), np.array([0.0])) == 1.0
