"""Empirical Bayes against simulated truth and hand calculation."""

from __future__ import annotations

import numpy as np
import pytest
from stats_cases import NO, rows

from monitor.backtest import groups
from monitor.backtest.groups import GroupMeans, group_means
from monitor.backtest.shrinkage import (
    MAX_STRENGTH,
    MIN_STRENGTH,
    BetaPrior,
    excess_variance,
    fit_beta,
    shrink_returns,
    shrunk_win_rate,
    surface_error,
)

ONE_GROUP = np.zeros(1000, np.int64)


def means(
    *, win_rate: float = 0.9, n_eff: float = 1e6, mean: float = 0.0, variance: float = 0.0
) -> GroupMeans:
    return GroupMeans(
        win_rate=np.array([win_rate]),
        win_n_eff=np.array([n_eff]),
        mean_return=np.array([mean]),
        mean_variance=np.array([variance]),
    )


def test_posterior_mean_by_hand() -> None:
    """Beta(9, 1), 8 of 10: (9 + 8) / (10 + 10) = 0.85; nothing traded: 0.9."""
    prior = BetaPrior(a=np.array([9.0]), b=np.array([1.0]))
    found = shrunk_win_rate(np.array([8.0, NO]), np.array([10.0, NO]), np.array([0, 0]), prior)
    assert found == pytest.approx([0.85, 0.9])


def test_fit_finds_the_strength_that_made_the_rates() -> None:
    """1,000 rates from Beta(90, 10), each seen 200 times."""
    rng = np.random.default_rng(1)
    wins = rng.binomial(200, rng.beta(90, 10, 1000))
    prior = fit_beta(wins / 200, np.full(1000, 200.0), ONE_GROUP, means())
    assert prior.a[0] + prior.b[0] == pytest.approx(100, rel=0.15)
    assert prior.a[0] / (prior.a[0] + prior.b[0]) == pytest.approx(0.9, abs=1e-3)


@pytest.mark.parametrize(
    ("spread", "strength"), [(0.0, MAX_STRENGTH), (0.45, MIN_STRENGTH)], ids=["equal", "any"]
)
def test_strength_stays_within_its_limits(spread: float, strength: float) -> None:
    rate = 0.5 + spread * np.where(np.arange(1000) % 2, 1, -1)
    prior = fit_beta(rate, np.full(1000, 50.0), ONE_GROUP, means(win_rate=0.5))
    assert prior.a[0] + prior.b[0] == pytest.approx(strength)


def test_a_group_that_only_won_is_not_certain() -> None:
    """20 independent wins: (20 + ½) / 21."""
    prior = fit_beta(np.ones(3), np.full(3, 20.0), np.zeros(3, int), means(win_rate=1, n_eff=20))
    assert prior.a[0] / (prior.a[0] + prior.b[0]) == pytest.approx(20.5 / 21)


def test_excess_variance_is_textbook_for_equal_weights() -> None:
    """Sample variance of 1, 2, 3, 4 is 5/3; noise of 1 each leaves 2/3; noise of 2 leaves none."""
    x, same = np.array([1.0, 2, 3, 4]), np.zeros(4, np.int64)
    for noise, left in ((1.0, 2 / 3), (2.0, 0.0)):
        found = excess_variance(x, np.full(4, noise), np.ones(4), same, 1)
        assert found[0] == pytest.approx(left)


def test_equal_members_are_believed_to_be_their_group() -> None:
    """No spread beyond noise: B = 1, so the group's mean and its own uncertainty."""
    found = shrink_returns(
        np.array([0.01, -0.01]), np.full(2, 0.01), np.full(2, 50.0), np.zeros(2, int),
        means(mean=0.004, variance=0.0009),
    )  # fmt: skip
    assert found.mean == pytest.approx([0.004, 0.004])
    assert found.variance == pytest.approx([0.0009, 0.0009])
    assert found.chance_positive[0] == pytest.approx(0.5530, abs=1e-4)  # Φ(0.004/0.03)


def test_james_stein_by_hand() -> None:
    """Means ±0.1 with noise variance 0.01: τ² = 0.02 − 0.01, so B = ½."""
    found = shrink_returns(
        np.array([0.1, -0.1]), np.full(2, 0.01), np.ones(2), np.zeros(2, int),
        means(variance=0.004), surface_sd=np.array([0.03, 0.0]),
    )  # fmt: skip
    assert found.mean == pytest.approx([0.05, -0.05])
    # ½ · 0.01 + ¼ · 0.004, and 0.03² where prices are the model's
    assert found.variance == pytest.approx([0.0069, 0.006])


def test_shrinking_leaves_the_error_that_theory_promises() -> None:
    """True means N(0, 1), noise variance 4: squared error 4 raw, 4/(4+1)·1 = 0.8 shrunk."""
    rng = np.random.default_rng(6)
    n = 50_000
    truth = rng.standard_normal(n)
    seen = truth + 2 * rng.standard_normal(n)
    found = shrink_returns(seen, np.full(n, 4.0), np.ones(n), np.zeros(n, int), means())
    assert np.mean((found.mean - truth) ** 2) == pytest.approx(0.8, rel=0.03)
    assert found.variance[0] == pytest.approx(0.8, rel=0.1)


def test_unknown_stays_unknown() -> None:
    found = shrink_returns(
        np.array([NO, 0.1]), np.array([NO, 0.01]), np.array([0.0, 5]), np.zeros(2, int), means()
    )
    assert np.isnan(found.mean[0])
    assert np.isnan(found.chance_positive[0])


def test_model_prices_add_15_percent_of_the_credit() -> None:
    found = surface_error(np.array([0.04, 0.04]), modeled=np.array([True, False]))
    assert found.tolist() == pytest.approx([0.006, 0.0])


def test_a_thousand_members_on_the_same_days_know_no_more_than_one() -> None:
    rng = np.random.default_rng(4)
    days = np.where(rng.random(200) < 0.9, 0.05, -0.4).tolist()
    alone, many = (
        group_means(rows(*[days] * k), np.zeros(k, np.int64), np.zeros(k, np.int64))
        for k in (1, 50)
    )
    assert many.win_n_eff[0] == pytest.approx(alone.win_n_eff[0])
    assert many.mean_variance[0] == pytest.approx(alone.mean_variance[0])


def test_compiled_and_plain_pools_agree() -> None:
    rng = np.random.default_rng(8)
    count = rng.integers(0, 4, (3, 50)).astype(np.float64)
    count[1] = 0  # a group without trades
    sums = np.stack([count, rng.binomial(count.astype(int), 0.9), rng.normal(0, 0.1, (3, 50))])
    block, kept = np.array([30.0, 30.0, 45.0]), np.array([0.5, 0.5, 0.4])
    plain, compiled = np.full((2, 4, 3), np.nan)
    groups._pool.py_func(sums, block, kept, plain)  # type: ignore[attr-defined]
    groups._pool(sums, block, kept, compiled)
    np.testing.assert_allclose(compiled, plain, rtol=1e-12)
    assert np.isnan(compiled[:, 1]).all()
    assert compiled[0, 0] == pytest.approx(sums[1, 0].sum() / count[0].sum())


def test_a_group_without_trades_says_nothing() -> None:
    found = group_means(rows([NO, NO], [0.1, -0.1]), np.array([0, 1]), np.zeros(2, np.int64))
    assert np.isnan(found.win_rate[0])
    assert found.win_rate[1] == 0.5
