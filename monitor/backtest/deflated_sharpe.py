"""The probabilistic and the deflated Sharpe ratio: how much of a Sharpe ratio is luck.

All Sharpe ratios here are per session, not annualized. `kurtosis` is 3 for a normal.

Sources: Bailey and López de Prado, J. of Risk 15(2) (2012) 3 (PSR);
J. of Portfolio Management 40(5) (2014) 94 (DSR).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from monitor.backtest.normal import normal_cdf, upper_quantile

Floats = NDArray[np.float64]
EULER_GAMMA = 0.5772156649015329


def expected_maximum(tries: float) -> float:
    """Expected largest of `tries` independent standard normals; 0 for a single try.

    >>> round(expected_maximum(49_248), 4)
    4.2342
    """
    if tries <= 1:
        return 0.0
    low, high = upper_quantile(1 / tries), upper_quantile(1 / (tries * math.e))
    return (1 - EULER_GAMMA) * low + EULER_GAMMA * high


def luck_sharpe(*, tries: float, variance: Floats | float) -> Floats:
    """SR0: the Sharpe ratio that the best of `tries` worthless configurations is expected to show.

    Args:
        variance: Of a worthless configuration's Sharpe ratio; 1/(T − 1) for T sessions.
    """
    sharpe: Floats = np.sqrt(variance) * expected_maximum(tries)
    return sharpe


def probabilistic_sharpe(
    sharpe: Floats | float,
    *,
    benchmark: Floats | float,
    sessions: Floats | float,
    skew: Floats | float,
    kurtosis: Floats | float,
) -> Floats:
    """Probability that the true Sharpe ratio exceeds `benchmark`.

    NaN where sessions ≤ 1 or the moments contradict each other (the variance would not be
    positive).
    """
    sharpe = np.asarray(sharpe, np.float64)
    spread = 1 - skew * sharpe + (np.asarray(kurtosis, np.float64) - 1) / 4 * sharpe**2
    with np.errstate(invalid="ignore", divide="ignore"):
        z = (sharpe - benchmark) * np.sqrt(np.asarray(sessions) - 1) / np.sqrt(spread)
    possible = (spread > 0) & (np.asarray(sessions) > 1)
    return normal_cdf(np.where(possible, z, np.nan))


def deflated_sharpe(
    sharpe: Floats | float,
    *,
    tries: float,
    sessions: Floats | float,
    skew: Floats | float,
    kurtosis: Floats | float,
    variance: Floats | float | None = None,
) -> Floats:
    """Probability that the true Sharpe ratio is above zero, after `tries` attempts.

    Args:
        sessions: Independent sessions behind it (fewer than counted where trades overlap).
        variance: Of the Sharpe ratios of worthless configurations; 1/(sessions − 1) if None.
    """
    sessions = np.asarray(sessions, np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        v = np.where(sessions > 1, 1 / (sessions - 1), np.nan) if variance is None else variance
    return probabilistic_sharpe(
        sharpe,
        benchmark=luck_sharpe(tries=tries, variance=v),
        sessions=sessions,
        skew=skew,
        kurtosis=kurtosis,
    )
