"""What may be claimed of each configuration after so many were tried.

`honest_score` = 100 × the smaller of P(mean net return > 0) and the deflated Sharpe ratio:
95 and more is evidence, 80 to 95 weak, below that no edge.

Two dangers of credit spreads that the textbook formulas do not see are met here:

* **The loss that has not happened yet**: see `unseen_loss.py`.
* **Overlap.** Ten-day trades opened daily are a tenth as many independent results as sessions.
  The sessions behind a Sharpe ratio are divided by what the block bootstrap finds its variance
  to be too small by, the configuration's own factor or its group's median, whichever is larger.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.backtest.config_stats import ConfigStats
from monitor.backtest.deflated_sharpe import deflated_sharpe
from monitor.backtest.stats_intervals import group_median
from monitor.backtest.unseen_loss import (
    EVENTS,
    daily_moments_with_unseen_loss,
    with_unseen_loss,
)
from monitor.domain.statistics import EVIDENCE_SCORE, WEAK_SCORE
from monitor.domain.vocabulary import Verdict

Floats = NDArray[np.float64]
VERDICTS = tuple(Verdict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CautiousMoments:
    """A configuration's numbers with the unseen loss among them. Each of shape (n_configs,)."""

    mean_return: Floats
    mean_variance: Floats  # of the estimate
    sharpe: Floats  # per session
    skew: Floats
    kurtosis: Floats
    sessions: Floats  # independent ones

    def deflated(self, tries: float) -> Floats:
        """The deflated Sharpe ratio after `tries` attempts."""
        return deflated_sharpe(
            self.sharpe, tries=tries, sessions=self.sessions, skew=self.skew,
            kurtosis=self.kurtosis,
        )  # fmt: skip


def cautious_moments(stats: ConfigStats, group: NDArray[np.integer]) -> CautiousMoments:
    """Add the unseen loss to mean, variance and daily moments; count independent sessions.

    NaN for a configuration with fewer than two trades: nothing may be said of it.
    """
    n = np.where(stats.n_trades >= 2, stats.n_trades, np.nan)
    hit = n / stats.non_overlapping
    mean, variance = with_unseen_loss(stats.mean_return, stats.mean_variance, n, hit=hit)
    m1, m2, m3, m4 = daily_moments_with_unseen_loss(
        (stats.day_1, stats.day_2, stats.day_3, stats.day_4), stats.n_sessions, hit=hit
    )
    square = m1 * m1  # numpy's powers above two take a logarithm each
    variance_1 = m2 - square
    sd = np.sqrt(variance_1)
    third = m3 - 3 * m1 * m2 + 2 * m1 * square
    fourth = m4 - 4 * m1 * m3 + 6 * square * m2 - 3 * square * square
    return CautiousMoments(
        mean_return=mean,
        mean_variance=variance,
        sharpe=m1 / sd,
        skew=third / (variance_1 * sd),
        kurtosis=fourth / (variance_1 * variance_1),
        sessions=(stats.n_sessions + EVENTS) / _overlap(stats, group),
    )


def honest_score(chance_positive: Floats, deflated: Floats) -> Floats:
    """100 × the smaller of the two probabilities; NaN where either is unknown."""
    return 100 * np.minimum(chance_positive, deflated)


def verdict_codes(score: Floats) -> NDArray[np.int8]:
    """Index into VERDICTS of each score, as `domain.statistics.verdict_of_score` has it."""
    code = {word: VERDICTS.index(word) for word in VERDICTS}
    conditions = [~np.isfinite(score), score >= EVIDENCE_SCORE, score >= WEAK_SCORE]
    words = [Verdict.UNKNOWN, Verdict.EVIDENCE, Verdict.WEAK]
    codes = np.select(conditions, [code[w] for w in words], default=code[Verdict.NO_EDGE])
    return codes.astype(np.int8)


def naive_score(*, credit_to_risk_pct: Floats, sharpe: Floats, win_pct: Floats) -> Floats:
    """The person's old ranking, kept as a column: 0.25·credit/risk + 8·Sharpe + 0.6·win."""
    return 0.25 * credit_to_risk_pct + 8 * sharpe + 0.6 * win_pct


def _overlap(stats: ConfigStats, group: NDArray[np.integer]) -> Floats:
    """How many times larger the mean's variance is than with independent sessions, ≥ 1."""
    with np.errstate(invalid="ignore", divide="ignore"):
        own = np.where(stats.day_variance > 0, stats.day_autovariance / stats.day_variance, np.nan)
    typical = group_median(own, group)[group]
    factor: Floats = np.fmax(1.0, np.fmax(own, typical))
    return factor
