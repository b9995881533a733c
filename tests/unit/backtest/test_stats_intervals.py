"""Intervals over columns against statsmodels, and what a sample is worth."""

from __future__ import annotations

import numpy as np
import pytest
from stats_cases import NO, fair_grid, rows
from statsmodels.stats.proportion import proportion_confint

from monitor.backtest.config_stats import summarize
from monitor.backtest.stats_intervals import (
    effective_trades,
    group_median,
    jeffreys_intervals,
    wilson_intervals,
)

WINS = np.array([0.0, 1.0, 7.5, 40.0, 88.0, 90.0])
TRIALS = np.array([5.0, 29.0, 11.2, 44.0, 90.0, 90.0])


@pytest.mark.parametrize(
    ("ours", "method"), [(wilson_intervals, "wilson"), (jeffreys_intervals, "jeffreys")]
)
def test_bounds_are_those_of_statsmodels(ours, method: str) -> None:  # type: ignore[no-untyped-def]
    low, high = proportion_confint(WINS, TRIALS, method=method)
    found = ours(WINS, TRIALS)
    some, all_ = WINS > 0, WINS < TRIALS
    assert found.low[some] == pytest.approx(low[some], abs=1e-9)
    assert found.high[all_] == pytest.approx(high[all_], abs=1e-9)
    assert found.low[0] == 0.0
    assert found.high[-1] == 1.0


def test_no_trials_no_bounds() -> None:
    for trials in (0.0, np.nan):
        found = wilson_intervals(np.array([0.0]), np.array([trials]))
        assert np.isnan([found.low[0], found.high[0]]).all()
        found = jeffreys_intervals(np.array([0.0]), np.array([trials]))
        assert np.isnan([found.low[0], found.high[0]]).all()


def test_overlapping_trades_are_worth_fewer_and_never_more() -> None:
    """Ten-day trades opened daily share nine days with the next."""
    grid = fair_grid(5, sessions=500)
    stats = summarize(grid.trades, dte=grid.dte)
    worth = effective_trades(stats, grid.dte) / stats.n_trades
    assert np.nanmax(worth) <= 1
    wide = grid.band == 0  # the nearest strikes: enough losses to measure
    assert np.median(worth[wide & (grid.dte == 10)]) < 0.35
    assert np.median(worth[wide & (grid.dte == 0)]) > 0.6


def test_unbroken_wins_borrow_the_groups_worth() -> None:
    rng = np.random.default_rng(1)
    toss = np.where(np.repeat(rng.random(30) < 0.8, 4), 0.1, -0.3).tolist()
    stats = summarize(rows(toss, [0.1] * 120), dte=np.zeros(2, int))
    alone, together = (effective_trades(stats, np.array(g)) for g in ([0, 1], [0, 0]))
    assert together[1] == pytest.approx(alone[0])  # same number of trades, same ratio
    assert together[1] < 90


def test_unbroken_wins_of_a_whole_group_count_trades_that_share_no_session() -> None:
    stats = summarize(rows([0.1] * 110 + [NO] * 10, held=10), dte=np.array([10]))
    assert effective_trades(stats, np.array([0]))[0] == pytest.approx(10)


def test_no_trades_are_worth_nothing_known() -> None:
    stats = summarize(rows([NO, NO], [0.1, -0.1]), dte=np.zeros(2, int))
    assert np.isnan(effective_trades(stats, np.array([0, 0]))[0])


def test_group_median_ignores_the_unknown() -> None:
    found = group_median(np.array([3.0, 1.0, NO, 2.0, 9.0, NO]), np.array([0, 0, 0, 0, 2, 1]))
    assert found[[0, 2]].tolist() == [2.0, 9.0]
    assert np.isnan(found[1])


def test_trap_22_a_band_seen_twice_says_so_in_its_interval() -> None:
    """A "P98" band that held 91.7 % of 100: its interval must not hold 98 %."""
    found = wilson_intervals(np.array([91.7]), np.array([100.0]))
    assert found.high[0] < 0.98
    assert found.low[0] < 0.87
