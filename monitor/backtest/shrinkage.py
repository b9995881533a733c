"""Empirical Bayes: a configuration's luck is judged by its group's record.

Members of a group (root, DTE, type, exit, band) differ by width, flow and entry time. Win rates
are drawn towards the group by a Beta prior fitted by moments, returns by James and Stein's rule.
Both also carry the uncertainty of the group's own mean: its members trade on the same days, so
a thousand of them know hardly more than one (Morris, JASA 78 (1983) 47, eq. 1.17: the term
B² Var(mean), which matters when a group is a few months of days).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.backtest.groups import GroupMeans
from monitor.backtest.normal import normal_cdf

Floats = NDArray[np.float64]
MIN_STRENGTH, MAX_STRENGTH = 20.0, 2000.0
SURFACE_ERROR = 0.15  # of the credit a model prices; method, section 5


@dataclass(frozen=True, slots=True, kw_only=True)
class BetaPrior:
    """One prior a group: Beta(a, b), each of shape (n_groups,)."""

    a: Floats
    b: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class ShrunkReturn:
    """What a configuration's mean return is believed to be, each of shape (n_configs,)."""

    mean: Floats
    variance: Floats

    @property
    def chance_positive(self) -> Floats:
        """P(mean return > 0); NaN where nothing is known."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return normal_cdf(self.mean / np.sqrt(self.variance))


def fit_beta(
    rate: Floats, n_eff: Floats, group: NDArray[np.integer], means: GroupMeans
) -> BetaPrior:
    """Fit each group's Beta by moments, strength a + b within 20 to 2,000.

    The spread of the members' rates minus what sampling alone would give is the prior's variance
    s²; a + b = m(1−m)/s² − 1. Members are weighted by n_eff. The mean is the group's, drawn half
    a win and half a loss towards the middle (Jeffreys), so that no group is certain.
    """
    known = np.isfinite(rate) & np.isfinite(n_eff) & (n_eff > 0)
    n_groups = len(means.win_rate)
    m = (means.win_rate * means.win_n_eff + 0.5) / (means.win_n_eff + 1)
    p, w, g = rate[known], n_eff[known], group[known]
    noise = (p * (1 - p)) / w
    spread = excess_variance(p, noise, w, g, n_groups)
    with np.errstate(divide="ignore", invalid="ignore"):
        strength = np.where(spread > 0, m * (1 - m) / spread - 1, MAX_STRENGTH)
    strength = np.clip(strength, MIN_STRENGTH, MAX_STRENGTH)
    return BetaPrior(a=m * strength, b=(1 - m) * strength)


def shrunk_win_rate(
    wins_eff: Floats, n_eff: Floats, group: NDArray[np.integer], prior: BetaPrior
) -> Floats:
    """Posterior mean (a + k_eff) / (a + b + n_eff); the group's mean where nothing was traded."""
    a, b = prior.a[group], prior.b[group]
    traded = np.isfinite(n_eff)
    k, n = np.where(traded, wins_eff, 0.0), np.where(traded, n_eff, 0.0)
    rate: Floats = (a + k) / (a + b + n)
    return rate


def shrink_returns(
    mean: Floats,
    variance: Floats,
    n_trades: Floats,
    group: NDArray[np.integer],
    means: GroupMeans,
    *,
    surface_sd: Floats | float = 0.0,
) -> ShrunkReturn:
    """James–Stein by group: B = v/(v+τ²); mean (1−B)·own + B·group's.

    Variance (1−B)v + B²·Var(group's mean) + surface_sd². τ² is what the members' means differ by
    beyond their own noise v, never below zero; members are weighted by their trades.

    Args:
        mean, variance: A configuration's mean return and the variance of that estimate.
        surface_sd: Error of model prices in the same unit (`surface_error`); 0 for quotes.
    """
    known = np.isfinite(mean) & np.isfinite(variance)
    tau2 = excess_variance(
        mean[known], variance[known], n_trades[known], group[known], len(means.mean_return)
    )[group]
    with np.errstate(invalid="ignore", divide="ignore"):
        b = np.where(variance > 0, variance / (variance + tau2), np.where(tau2 > 0, 0.0, 1.0))
    center, center_variance = means.mean_return[group], means.mean_variance[group]
    result = (1 - b) * mean + b * center
    spread = (1 - b) * variance + b * b * center_variance + np.square(surface_sd)
    unknown = ~known | ~np.isfinite(center_variance)
    return ShrunkReturn(
        mean=np.where(unknown, np.nan, result), variance=np.where(unknown, np.nan, spread)
    )


def surface_error(credit_to_risk: Floats, *, modeled: NDArray[np.bool_] | bool) -> Floats:
    """The standard error that model prices add to a return: 0.15 × credit ÷ risk, else zero."""
    return np.where(modeled, SURFACE_ERROR * credit_to_risk, 0.0)


def excess_variance(
    x: Floats, noise: Floats, weight: Floats, group: NDArray[np.integer], n_groups: int
) -> Floats:
    """Variance between the members of each group beyond their own `noise`, ≥ 0.

    Weighted moments: E Σ w(x − x̄)² = Σ w v − Σ w² v/W + τ²(W − Σ w²/W). A group of one: 0.
    Source: DerSimonian and Kacker, Contemp. Clin. Trials 28 (2007) 105, eq. 6.
    """

    def total(values: Floats) -> Floats:
        sums: Floats = np.bincount(group, values, minlength=n_groups).astype(np.float64)
        return sums

    all_weight = total(weight)
    with np.errstate(invalid="ignore", divide="ignore"):
        center = total(weight * x) / all_weight
        scatter = total(weight * (x - center[group]) ** 2)
        expected = total(weight * noise) - total(weight**2 * noise) / all_weight
        result = (scatter - expected) / (all_weight - total(weight**2) / all_weight)
    return np.where(np.isfinite(result) & (result > 0), result, 0.0)
