"""Luck among many tries: deflation, clusters, overfitting."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy import stats as scipy_stats
from stats_cases import NO, fair_grid, rows

from monitor.backtest import cscv_kernels
from monitor.backtest.clusters import find_clusters
from monitor.backtest.config_stats import daily_series
from monitor.backtest.cscv import BlockSums, block_sums, overfitting
from monitor.backtest.deflated_sharpe import (
    deflated_sharpe,
    expected_maximum,
    luck_sharpe,
    probabilistic_sharpe,
)
from monitor.backtest.trade_columns import TradeColumns
from monitor.errors import DomainError

NORMAL = {"skew": 0.0, "kurtosis": 3.0}


def test_expected_maximum_is_that_of_simulated_normals() -> None:
    largest = np.random.default_rng(1).standard_normal((4000, 50)).max(axis=1)
    assert expected_maximum(50) == pytest.approx(largest.mean(), rel=0.025)  # it is approximate


def test_one_try_needs_no_deflation() -> None:
    plain = probabilistic_sharpe(0.1, benchmark=0.0, sessions=250, **NORMAL)
    assert deflated_sharpe(0.1, tries=1, sessions=250, **NORMAL) == pytest.approx(plain)


def test_probability_of_a_normal_sharpe_is_students_to_first_order() -> None:
    """For a small Sharpe ratio and normal returns PSR is one minus the one-sided p-value of t."""
    p = scipy_stats.t.sf(0.05 * np.sqrt(1000), df=999)
    found = probabilistic_sharpe(0.05, benchmark=0.0, sessions=1000, **NORMAL)
    assert found == pytest.approx(1 - p, abs=1e-3)


def test_default_variance_is_one_over_sessions_less_one() -> None:
    given = deflated_sharpe(0.1, tries=20, sessions=101, variance=0.01, **NORMAL)
    assert deflated_sharpe(0.1, tries=20, sessions=101, **NORMAL) == given
    assert luck_sharpe(tries=20, variance=0.01) == pytest.approx(0.1 * expected_maximum(20))


def test_impossible_moments_give_no_probability() -> None:
    assert np.isnan(probabilistic_sharpe(1.0, benchmark=0, sessions=9, skew=3.0, kurtosis=3.0))
    assert np.isnan(probabilistic_sharpe(1.0, benchmark=0, sessions=1, **NORMAL))


def three_ideas() -> TradeColumns:
    """Three independent series, ten variants of each, and one that never traded."""
    rng = np.random.default_rng(5)
    ideas = rng.standard_normal((3, 200))
    noise = 0.3 * rng.standard_normal((3, 10, 200))
    return rows(*(ideas[:, None] + noise).reshape(30, 200).tolist(), [NO] * 200)


def test_variants_of_one_idea_are_one_try() -> None:
    found = find_clusters(three_ideas())
    assert found.count == 3
    assert not found.capped
    assert [len(set(found.leader[10 * i : 10 * i + 10])) for i in range(3)] == [1, 1, 1]
    assert found.leader[-1] == -1


def test_mirror_images_are_one_idea() -> None:
    series = np.random.default_rng(1).standard_normal(50)
    assert find_clusters(rows(series.tolist(), (-series).tolist())).count == 1


def test_no_two_leaders_correlate_and_every_member_does_with_its_leader() -> None:
    grid = fair_grid(4)
    found = find_clusters(grid.trades)
    series = np.array([daily_series(grid.trades, c) for c in range(grid.trades.n_configs)])
    moved = found.leader >= 0
    correlation = np.zeros((len(series),) * 2)
    correlation[np.ix_(moved, moved)] = np.abs(np.corrcoef(series[moved]))
    leaders = np.unique(found.leader[moved])
    assert len(leaders) == found.count
    among = correlation[np.ix_(leaders, leaders)] - np.eye(len(leaders))
    assert among.max() <= 0.5 + 1e-5
    members = np.flatnonzero(moved)
    assert correlation[members, found.leader[members]].min() > 0.5 - 1e-5


def test_too_many_clusters_count_every_configuration() -> None:
    noise = np.random.default_rng(2).standard_normal((20, 300))
    found = find_clusters(rows(*noise.tolist()), max_leaders=5)
    assert (found.count, found.capped) == (20, True)


def enumerated(data: np.ndarray, n_blocks: int) -> list[tuple[int, float]]:  # type: ignore[type-arg]
    """The best and its relative rank in every choice, straight from the paper's definition."""
    blocks = np.array_split(np.arange(data.shape[1]), n_blocks)

    def sharpe(chosen: tuple[int, ...]) -> np.ndarray:  # type: ignore[type-arg]
        part = data[:, np.concatenate([blocks[b] for b in chosen])]
        return part.mean(axis=1) / part.std(axis=1)

    found = []
    for choice in combinations(range(n_blocks), n_blocks // 2):
        rest = tuple(b for b in range(n_blocks) if b not in choice)
        best = int(np.argmax(sharpe(choice)))
        rank = scipy_stats.rankdata(sharpe(rest))[best] / (len(data) + 1)
        found.append((best, round(float(rank), 9)))
    return found


@pytest.mark.parametrize("tile", [4, 16, 64])
def test_choices_and_ranks_are_those_of_the_definition(
    tile: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """40 configurations × 60 sessions, 6 blocks, whole and cut into tiles."""
    data = np.random.default_rng(9).standard_normal((40, 60)) + 0.05
    blocks = block_sums(rows(*data.tolist()), n_blocks=6)
    for module in ("cscv", "cscv_kernels"):
        monkeypatch.setattr(f"monitor.backtest.{module}.TILE", tile)
    for name in ("_largest", "_fold", "_add", "_count", "_score_both", "_advance", "_scores",
                 "tops", "locate", "ranks"):  # fmt: skip
        plain = getattr(cscv_kernels, name).py_func
        monkeypatch.setattr(cscv_kernels, name, plain)
        if name in ("tops", "locate", "ranks"):
            monkeypatch.setattr(f"monitor.backtest.cscv.{name}", plain)
    found = overfitting(blocks)
    assert sorted(zip(found.best.tolist(), found.rank.round(9).tolist(), strict=True)) == sorted(
        enumerated(data, 6)
    )


def test_compiled_choices_and_ranks_are_those_of_the_definition() -> None:
    data = np.random.default_rng(10).standard_normal((3000, 60))  # more than one tile
    found = overfitting(block_sums(rows(*data.tolist()), n_blocks=6))
    assert sorted(zip(found.best.tolist(), found.rank.round(9).tolist(), strict=True)) == sorted(
        enumerated(data, 6)
    )


def test_performance_is_the_sharpe_ratio_of_each_half() -> None:
    data = np.random.default_rng(11).standard_normal((5, 40))
    found = overfitting(block_sums(rows(*data.tolist()), n_blocks=2))
    first, second = data[:, :20], data[:, 20:]
    sharpe = [part.mean(axis=1) / part.std(axis=1) for part in (first, second)]
    assert found.best.tolist() == [sharpe[0].argmax(), sharpe[1].argmax()]
    assert found.seen == pytest.approx([sharpe[0].max(), sharpe[1].max()], rel=1e-4)
    assert found.realized == pytest.approx(
        [sharpe[1][sharpe[0].argmax()], sharpe[0][sharpe[1].argmax()]], rel=1e-4
    )


def test_result_does_not_depend_on_the_number_of_threads() -> None:
    blocks = block_sums(fair_grid(1).trades, n_blocks=8)
    one, three = (overfitting(blocks, workers=w) for w in (1, 3))
    np.testing.assert_array_equal(one.best, three.best)
    np.testing.assert_array_equal(one.rank, three.rank)


def test_the_best_of_pure_noise_is_overfit_half_of_the_time() -> None:
    shares = []
    for seed in range(20):
        data = np.random.default_rng(seed).standard_normal((100, 80))
        shares.append(overfitting(block_sums(rows(*data.tolist()), n_blocks=8)).pbo)
    assert np.mean(shares) == pytest.approx(0.5, abs=0.15)


def test_a_real_winner_is_found_in_every_half() -> None:
    data = np.random.default_rng(3).standard_normal((100, 160))
    data[42] += 2
    found = overfitting(block_sums(rows(*data.tolist()), n_blocks=8))
    assert set(found.best) == {42}
    assert (found.pbo, found.chance_best_loses) == (0.0, 0.0)


def test_best_of_a_losing_lot_is_relative_but_loses() -> None:
    """One is always the least bad: PBO 0, and it loses every time."""
    data = -1 - np.random.default_rng(3).random((10, 80)) / 10
    data[7] += 0.5
    found = overfitting(block_sums(rows(*data.tolist()), n_blocks=4), measure="mean")
    assert (found.pbo, found.chance_best_loses) == (0.0, 1.0)


def test_ties_share_the_middle_rank() -> None:
    same = np.ones((2, 3), np.float32)
    found = overfitting(
        BlockSums(total=same, square=same, sessions=np.ones(2, int)), measure="mean"
    )
    assert found.rank.tolist() == [0.5, 0.5]


@pytest.mark.parametrize("n_blocks", [0, 3, 22, 12])
def test_blocks_must_be_even_and_fit(n_blocks: int) -> None:
    with pytest.raises(DomainError, match=f"{n_blocks} blocks of 11 sessions"):
        block_sums(rows([0.1] * 11), n_blocks=n_blocks)


def test_ranking_needs_two() -> None:
    with pytest.raises(DomainError, match="1 configurations with trades"):
        overfitting(block_sums(rows([0.1] * 8, [NO] * 8), n_blocks=4))
