"""What may be claimed: nothing on a market without an edge, something where one was planted."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest
from stats_cases import DTES, NO, MadeGrid, fair_grid, rows

from monitor.backtest.clusters import find_clusters
from monitor.backtest.config_stats import summarize
from monitor.backtest.configs import ConfigTable, Kind
from monitor.backtest.grid_judge import Judged, Tries, judge
from monitor.backtest.unseen_loss import daily_moments_with_unseen_loss, with_unseen_loss
from monitor.backtest.variant_trades import Money
from monitor.backtest.verdict import (
    VERDICTS,
    cautious_moments,
    honest_score,
    naive_score,
    verdict_codes,
)
from monitor.domain.statistics import verdict_of_score
from monitor.domain.vocabulary import Verdict

EVIDENCE, NO_EDGE = VERDICTS.index(Verdict.EVIDENCE), VERDICTS.index(Verdict.NO_EDGE)
KINDS = (Kind.PUT_WITH, Kind.CALL_WITH, Kind.CONDOR)


class Columns:
    """What `judge` reads of a ConfigTable."""

    def __init__(self, grid: MadeGrid) -> None:
        self.dte = grid.dte.astype(np.uint8)
        self.band = grid.band.astype(np.uint8)
        self.mode = np.zeros(len(grid.dte), np.uint8)
        self.kind = np.array([int(k) for k in KINDS], np.uint8)[grid.spread]


def judged(grid: MadeGrid) -> Judged:
    n = np.diff(grid.trades.start)
    no_credit = np.zeros(len(n))  # prices are quotes: no error of a model to add
    money = Money(
        n=n, credit=no_credit, max_loss=no_credit + 1, pnl=no_credit, pnl_sd=no_credit,
        by_source=np.stack([n, 0 * n, 0 * n]),
    )  # fmt: skip
    tries = Tries(different=find_clusters(grid.trades).count, every=len(n))
    return judge(grid.trades, money, table=cast("ConfigTable", Columns(grid)), tries=tries)


@pytest.mark.slow
def test_grids_of_random_prices_without_an_edge_are_judged_no_edge() -> None:
    """100 markets, each with 1,200 fairly priced configurations on 90 sessions."""
    with_edge = [seed for seed in range(100) if (judged(fair_grid(seed)).verdict != NO_EDGE).any()]
    assert len(with_edge) <= 5


@pytest.mark.parametrize("seed", range(5))
def test_three_years_without_an_edge_give_no_evidence(seed: int) -> None:
    assert not (judged(fair_grid(seed, sessions=750)).verdict == EVIDENCE).any()


@pytest.mark.parametrize("seed", range(5))
def test_a_planted_edge_is_found_and_only_there(seed: int) -> None:
    """Sixteen same-day put spreads earn 5 % of their risk a trade over 750 sessions."""
    grid = fair_grid(seed, sessions=750, edge=0.05, where=(0, 0, 0))
    planted = (grid.dte == 0) & (grid.band == 0) & (grid.spread == 0)
    found = judged(grid).verdict == EVIDENCE
    assert found[planted].all()
    assert not found[~planted].any()


def test_more_tries_never_raise_the_deflated_sharpe() -> None:
    grid = fair_grid(3)
    moments = cautious_moments(summarize(grid.trades, dte=grid.dte), grid.dte)
    few, many = moments.deflated(10), moments.deflated(49_248)
    assert (many <= few).all()


def test_ninety_wins_of_ninety_are_no_evidence() -> None:
    """0.5 % a trade without a loss: its plain Sharpe ratio is enormous, its claim is not."""
    rng = np.random.default_rng(1)
    steady = (0.005 + 0.001 * rng.standard_normal((4, 90))).tolist()
    grid = MadeGrid(rows(*steady), *(np.zeros(4, np.int64) for _ in range(3)))
    found = judged(grid)
    assert found.sharpe_annual.min() > 50
    assert (found.win_rate == 1).all()
    assert found.honest_score.max() < 80


def test_trap_26_overlap_and_tries_turn_a_fine_sharpe_into_no_edge() -> None:
    """The best of 1,200 fair ten-day configurations shows a Sharpe ratio above 2."""
    grid = fair_grid(1)
    found = judged(grid)
    ten_days = grid.dte == max(DTES)
    best = np.nanargmax(np.where(ten_days, found.sharpe_annual, np.nan))
    assert found.sharpe_annual[best] > 2
    assert found.verdict[best] == NO_EDGE
    assert found.n_eff[best] < 0.6 * np.diff(grid.trades.start)[best]


def test_unseen_loss_by_hand() -> None:
    """Ten trades of +0.1 and half a loss of 1: mean (1 − 0.5)/10.5; variance ½·(1 + m)²/10.5²."""
    mean, variance = with_unseen_loss(
        np.array([0.1]), np.array([0.0]), np.array([10.0]), hit=np.array([1.0])
    )
    assert mean[0] == pytest.approx(0.5 / 10.5)
    assert variance[0] == pytest.approx(0.5 * (1 + 0.5 / 10.5) ** 2 / 10.5**2)


def test_unseen_loss_takes_all_open_trades_on_one_day() -> None:
    """Days 0.1, 0.1 and half a day of −3: mean −1.3/2.5, squares (0.02 + 4.5)/2.5."""
    found = daily_moments_with_unseen_loss(
        (np.array([0.1]), np.array([0.01])), 2, hit=np.array([3.0])
    )
    assert [m[0] for m in found] == pytest.approx([-1.3 / 2.5, 4.52 / 2.5])


def test_score_is_the_weaker_of_the_two_probabilities() -> None:
    found = honest_score(np.array([0.99, 0.5, NO]), np.array([0.9, 0.97, 0.9]))
    assert found[:2] == pytest.approx([90, 50])
    assert np.isnan(found[2])


@pytest.mark.parametrize("score", [100.0, 95.0, 94.999, 80.0, 79.999, 0.0, NO, np.inf])
def test_words_are_those_of_the_live_scan(score: float) -> None:
    assert VERDICTS[verdict_codes(np.array([score]))[0]] is verdict_of_score(score)


def test_naive_score_is_the_old_ranking() -> None:
    """By hand: 0.25 · 18 + 8 · 1.5 + 0.6 · 95 = 73.5."""
    found = naive_score(
        credit_to_risk_pct=np.array([18.0]), sharpe=np.array([1.5]), win_pct=np.array([95.0])
    )
    assert found[0] == pytest.approx(73.5)


def test_one_trade_gets_no_verdict() -> None:
    grid = MadeGrid(rows([0.1, NO, NO]), *(np.zeros(1, np.int64) for _ in range(3)))
    assert VERDICTS[judged(grid).verdict[0]] is Verdict.UNKNOWN
