"""Do forecasts of win rates come true? Scores, reliability, and an exact test of a shortfall."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.backtest.stats_intervals import wilson_intervals
from monitor.errors import DomainError

Floats = NDArray[np.float64]
EDGES = (0.0, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.925, 0.95, 0.975, 0.99, 1.0)
NEVER_CERTAIN = 1e-3  # a forecast of 100 % has no finite log-odds
_NEWTON_STEPS = 50


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Forecast win rates and what followed: `wins` of `trials`. Each of shape (n,)."""

    forecast: Floats
    wins: Floats
    trials: Floats

    @classmethod
    def joined(cls, parts: Sequence[Outcomes]) -> Outcomes:
        empty = np.empty(0)
        return cls(
            np.concatenate([empty, *(p.forecast for p in parts)]),
            np.concatenate([empty, *(p.wins for p in parts)]),
            np.concatenate([empty, *(p.trials for p in parts)]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """One value a bin of forecasts that holds any: means weighted by trials.

    `low` and `high` are Wilson bounds of the realized rate on the plain number of trials: with
    trades that share days they are too narrow.
    """

    forecast: Floats
    realized: Floats
    low: Floats
    high: Floats
    trials: Floats

    @property
    def expected_error(self) -> float:
        """Mean |forecast − realized| over bins, weighted by trials (ECE)."""
        return float(np.average(np.abs(self.forecast - self.realized), weights=self.trials))


def brier(forecast: Floats, won: Floats) -> float:
    """Mean squared difference between the forecast and 1 (won) or 0."""
    return float(np.mean((forecast - won) ** 2))


def log_loss(forecast: Floats, won: Floats) -> float:
    """Mean −ln of the probability given to what happened; inf for a certainty that failed."""
    from scipy import special  # heavy, and no part of a run

    return float(-np.mean(special.xlogy(won, forecast) + special.xlog1py(1 - won, -forecast)))


def shortfall_chance(*, wins: int, trials: int, forecast: float) -> float:
    """P(at most this many wins) if the forecast is right and trades are independent.

    Raises:
        DomainError: Not 0 ≤ wins ≤ trials, or the forecast is no probability.
    """
    if not (0 <= wins <= trials and 0 <= forecast <= 1):
        raise DomainError(f"{wins} wins of {trials} at {forecast}: need 0 ≤ wins ≤ trials, 0..1")
    from scipy import special  # heavy, and no part of a run

    return float(special.bdtr(wins, trials, forecast))


def reliability(outcomes: Outcomes, edges: Sequence[float] = EDGES) -> Reliability:
    """Sort the forecasts into bins (lower edge included, 1 in the last) and compare."""
    n_bins = len(edges) - 1
    which = np.clip(np.searchsorted(edges, outcomes.forecast, side="right") - 1, 0, n_bins - 1)

    def total(values: Floats) -> Floats:
        return np.bincount(which, values, minlength=n_bins).astype(np.float64)

    used = total(outcomes.trials) > 0
    trials, wins = total(outcomes.trials)[used], total(outcomes.wins)[used]
    bounds = wilson_intervals(wins, trials)
    return Reliability(
        forecast=total(outcomes.forecast * outcomes.trials)[used] / trials,
        realized=wins / trials,
        low=bounds.low,
        high=bounds.high,
        trials=trials,
    )


def calibration_slope(outcomes: Outcomes) -> float:
    """Slope of the outcomes' log-odds on the forecasts': 1 is calibrated, below 1 too bold.

    Logistic regression by Newton's method; NaN where the data do not tell (all forecasts the
    same, all won, all lost).
    """
    p = np.clip(outcomes.forecast, NEVER_CERTAIN, 1 - NEVER_CERTAIN)
    x = np.stack([np.ones_like(p), _log_odds(p)])
    won, all_trials = outcomes.wins.sum(), outcomes.trials.sum()
    if len(p) < 2 or np.ptp(x[1]) == 0 or not 0 < won < all_trials:
        return float("nan")
    # From the base rate with no slope: from a slope of 1, bold forecasts throw Newton off.
    beta = np.array([_log_odds(won / all_trials), 0.0])
    for _ in range(_NEWTON_STEPS):
        fitted = 0.5 * (1 + np.tanh(0.5 * (beta @ x)))  # logistic, and never overflows
        slope = x @ (outcomes.wins - outcomes.trials * fitted)
        weight = outcomes.trials * fitted * (1 - fitted)
        try:
            step = np.linalg.solve((x * weight) @ x.T, slope)
        except np.linalg.LinAlgError:  # forecasts that separate won from lost: no finite slope
            break
        beta = beta + step
        if np.max(np.abs(step)) < 1e-10:
            return float(beta[1])
    return float("nan")


def _log_odds(p: Floats) -> Floats:
    odds: Floats = np.log(p / (1 - p))
    return odds
