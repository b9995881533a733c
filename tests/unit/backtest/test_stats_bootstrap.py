"""The closed forms of the block bootstrap against arch's resampling and against the definition."""

from __future__ import annotations

import numpy as np
import pytest
from arch.bootstrap import MovingBlockBootstrap, StationaryBootstrap
from numpy.typing import NDArray

from monitor.backtest.bootstrap import (
    block_sessions,
    lost_to_centering,
    moving_block_sum_variance,
    stationary_sum_variance,
)

CASES = [(90, 30), (60, 5), (37, 1), (200, 30)]
REPETITIONS = 4000
# The standard error of a variance from 4,000 normal draws is 2.2 %.
TOLERANCE = 0.09


def dependent(n: int) -> NDArray[np.float64]:
    """Sums of five neighbors, as overlapping trades have them, centered."""
    x = np.convolve(np.random.default_rng(n).standard_normal(n + 4), np.ones(5), "valid")
    return x - x.mean()


@pytest.mark.parametrize(("n", "block"), CASES)
def test_stationary_variance_is_that_of_archs_resamples(n: int, block: int) -> None:
    x = dependent(n)
    resampled = StationaryBootstrap(block, x, seed=np.random.default_rng(1))
    sums = resampled.apply(lambda sample: sample.sum(), REPETITIONS)
    assert stationary_sum_variance(x, block) == pytest.approx(sums.var(), rel=TOLERANCE)


@pytest.mark.parametrize(("n", "block"), CASES)
def test_moving_block_variance_is_that_of_archs_resamples(n: int, block: int) -> None:
    x = dependent(n)
    resampled = MovingBlockBootstrap(block, x, seed=np.random.default_rng(1))
    sums = resampled.apply(lambda sample: sample.sum(), REPETITIONS)
    assert moving_block_sum_variance(x, block) == pytest.approx(sums.var(), rel=TOLERANCE)


@pytest.mark.parametrize(("n", "block"), CASES)
def test_stationary_variance_is_politis_and_romanos_sum(n: int, block: int) -> None:
    """Lemma 1 written out: autocovariances weighted by (1−i/N)qⁱ + (i/N)q^(N−i)."""
    x, q = dependent(n), 1 - 1 / block
    total = x @ x
    for i in range(1, n):
        weight = (1 - i / n) * q**i + i / n * q ** (n - i)
        total += 2 * weight * (x[:-i] @ x[i:])
    assert stationary_sum_variance(x, block) == pytest.approx(total, rel=1e-9)


def test_variance_of_nothing_is_zero() -> None:
    assert stationary_sum_variance(np.zeros(50), 30) == 0.0


def test_lost_share_is_what_independent_sessions_lose_on_average() -> None:
    """For independent sessions the true variance of the sum is N; the bootstrap's mean is less."""
    rng, n, block = np.random.default_rng(3), 90, 30
    found = []
    for _ in range(3000):
        x = rng.standard_normal(n)
        found.append(stationary_sum_variance(x - x.mean(), block) / n)
    assert np.mean(found) == pytest.approx(1 - lost_to_centering(n, block), rel=0.05)


def test_single_session_blocks_lose_one_degree_of_freedom() -> None:
    assert lost_to_centering(90, 1) == pytest.approx(1 / 90)


def test_blocks_are_30_sessions_or_three_lives() -> None:
    assert block_sessions(np.array([0, 5, 10, 15])).tolist() == [30, 30, 30, 45]
