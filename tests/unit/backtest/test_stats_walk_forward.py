"""Walk-forward: nothing of the test reaches the choice, and what is shown meets what came."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest
from stats_cases import NO, fair_grid, rows

from monitor.backtest.config_stats import ConfigStats, summarize
from monitor.backtest.pick_rules import Picks, best, honest_rule, naive_rule
from monitor.backtest.trade_columns import TradeColumns, from_matrix
from monitor.backtest.walk_forward import (
    Fold,
    FoldResult,
    WalkForward,
    make_folds,
    walk_forward,
    walk_rules,
)
from monitor.errors import DomainError

ZERO_2 = np.zeros(2, np.int64)


def first_of(trades: TradeColumns, stats: ConfigStats) -> Picks:
    return best(stats.mean_return, 1)


def run(trades: TradeColumns, folds: tuple[Fold, ...], rule=first_of) -> WalkForward:  # type: ignore[no-untyped-def]
    zeros = np.zeros(trades.n_configs, np.int64)
    return walk_forward(trades, folds=folds, rule=rule, dte=zeros, group=zeros)


def test_folds_follow_each_other_with_a_gap() -> None:
    found = make_folds(30, train=10, test=5, embargo=3)
    assert [(f.train_first, f.train_stop, f.test_first, f.test_stop) for f in found] == [
        (0, 10, 13, 18), (5, 15, 18, 23), (10, 20, 23, 28),
    ]  # fmt: skip


def test_expanding_folds_keep_all_history() -> None:
    found = make_folds(30, train=10, test=5, embargo=3, expanding=True)
    assert [(f.train_first, f.train_stop) for f in found] == [(0, 10), (0, 15), (0, 20)]


def test_too_short_a_history_has_no_fold() -> None:
    assert make_folds(12, train=10, test=5, embargo=3) == ()


@pytest.mark.parametrize(("train", "test", "embargo"), [(0, 5, 1), (5, 0, 1), (5, 5, -1)])
def test_impossible_folds_are_refused(train: int, test: int, embargo: int) -> None:
    with pytest.raises(DomainError, match="sessions: need"):
        make_folds(100, train=train, test=test, embargo=embargo)


def test_result_of_one_fold_worked_by_hand() -> None:
    """Shown: 3 of 4 won, mean 0.05. Then: 1 of 2 won, mean −0.2."""
    trades = rows(
        [0.1, 0.1, -0.1, 0.1, NO, 0.1, -0.5],
        [0.0, 0.0, -0.1, 0.1, NO, 0.9, 0.9],
    )
    fold = Fold(train_first=0, train_stop=4, test_first=5, test_stop=7)
    found = run(trades, (fold,))
    result = found.folds[0]
    assert result.picks.tolist() == [0]
    assert (result.shown_win, result.realized_win) == (0.75, 0.5)
    assert result.shown_return == pytest.approx(0.05)
    assert result.realized_return == pytest.approx(-0.2)
    assert found.times_picked.tolist() == [1, 0]
    assert found.realized_return[0] == pytest.approx(-0.2)
    assert np.isnan(found.realized_return[1])
    assert found.naive.trials.tolist() == [2, 2]
    assert found.naive.wins.tolist() == [1, 2]


def test_trap_38_nothing_unsettled_at_the_tests_start_reaches_the_choice() -> None:
    """Change every trade that settles on or after the test's start: the picks stay."""
    grid = fair_grid(7, sessions=120)
    fold = Fold(train_first=0, train_stop=90, test_first=92, test_stop=110)
    settle = grid.trades.entry.astype(int) + grid.trades.held
    rng = np.random.default_rng(1)
    noise = np.where(settle >= 92, rng.standard_normal(len(settle)), grid.trades.returns)
    other = TradeColumns(
        n_sessions=120, start=grid.trades.start, entry=grid.trades.entry, held=grid.trades.held,
        returns=noise.astype(np.float32),
    )  # fmt: skip
    assert (noise != grid.trades.returns).any()
    for rule in (first_of, honest_rule()):
        one, two = (run(trades, (fold,), rule).folds[0] for trades in (grid.trades, other))
        assert one.picks.tolist() == two.picks.tolist()
        assert one.shown_return == two.shown_return
        assert one.realized_return != two.realized_return


def test_trap_38_a_choice_is_made_again_in_every_fold() -> None:
    """The best of the first half is not the best of the second."""
    up, down = [0.1] * 40 + [-0.1] * 40, [-0.1] * 40 + [0.1] * 40
    found = run(rows(up, down), make_folds(80, train=10, test=10, embargo=0))
    assert [result.picks[0] for result in found.folds] == [0, 0, 0, 0, 1, 1, 1]


def test_luck_shown_is_not_luck_to_come() -> None:
    """On fair prices the naive top twenty show a win rate that does not come true."""
    grid = fair_grid(2, sessions=1000)
    credit = np.full(grid.trades.n_trades, 0.05, np.float32)
    trades = TradeColumns(
        n_sessions=1000, start=grid.trades.start, entry=grid.trades.entry, held=grid.trades.held,
        returns=grid.trades.returns, credit_to_risk=credit,
    )  # fmt: skip
    folds = make_folds(1000, train=90, test=63, embargo=10)
    group = (grid.dte * 5 + grid.band) * 3 + grid.spread
    found = walk_forward(trades, folds=folds, rule=naive_rule(), dte=grid.dte, group=group)
    assert found.win_gap.mean > 2 * found.win_gap.error
    shown = found.over_folds(lambda result: result.shown_return)
    realized = found.over_folds(lambda result: result.realized_return)
    assert shown.mean > realized.mean + 2 * realized.error


def test_nobody_picked_is_an_answer() -> None:
    found = run(rows([-0.1] * 20, [-0.2] * 20), make_folds(20, train=5, test=5, embargo=0),
                naive_rule_without_credit)  # fmt: skip
    assert found.folds[0].traded == 0
    assert np.isnan(found.win_gap.mean)


def naive_rule_without_credit(trades: TradeColumns, stats: ConfigStats) -> Picks:
    return best(np.where(stats.win_rate >= 0.9, stats.sharpe, np.nan), 20)


def test_standard_error_over_folds() -> None:
    """Gaps .1, .2, .3: mean .2, error .1/√3."""
    fold = Fold(train_first=0, train_stop=1, test_first=1, test_stop=2)
    results = tuple(
        FoldResult(fold=fold, picks=ZERO_2, traded=1, shown_win=1, realized_win=1 - gap,
                   shown_return=0, realized_return=0)
        for gap in (0.1, 0.2, 0.3)
    )  # fmt: skip
    found = run(rows([0.1, 0.1]), ())
    whole = WalkForward(
        folds=results, naive=found.naive, shrunk=found.shrunk, times_picked=ZERO_2,
        realized_return=np.zeros(2),
    )  # fmt: skip
    assert whole.win_gap.mean == pytest.approx(0.2)
    assert whole.win_gap.error == pytest.approx(0.1 / np.sqrt(3))


def test_naive_rule_ranks_by_the_old_score_above_90_percent() -> None:
    returns = np.full((3, 20), 0.1)
    returns[:, ::9] = [[0.1], [0.05], [-0.2]]  # the third wins 17 of 20
    returns[0, 0] = 0.11
    credit = np.repeat([[0.1], [0.5], [0.9]], 20, axis=1)
    trades = from_matrix(returns, np.zeros((3, 20), int), credit_to_risk=credit)
    stats = summarize(trades, dte=np.zeros(3, int))
    score = 25 * credit[:, 0] + 8 * stats.sharpe + 60 * stats.win_rate
    expected = sorted([0, 1], key=lambda c: -score[c])
    assert naive_rule()(trades, stats).tolist() == expected
    assert naive_rule(top=1)(trades, stats).tolist() == expected[:1]


def test_naive_rule_asks_for_the_credits_it_needs() -> None:
    trades = rows([0.1] * 20)
    with pytest.raises(DomainError, match="credit_to_risk"):
        naive_rule()(trades, summarize(trades, dte=np.array([0])))


def test_honest_rule_prefers_the_sure_to_the_lucky() -> None:
    """Same mean; one by 60 small wins, the other by one large win."""
    sure = [0.05] * 60
    lucky = [0.0] * 59 + [3.0]
    trades = rows(lucky, sure)
    assert honest_rule()(trades, summarize(trades, dte=ZERO_2)).tolist() == [1, 0]


def test_best_leaves_out_the_unknown() -> None:
    assert best(np.array([1.0, NO, 3.0, 3.0]), 3).tolist() == [2, 3, 0]


def test_rules_that_walk_together_do_not_disturb_each_other() -> None:
    grid = fair_grid(3, sessions=60)
    given = {
        "folds": make_folds(60, train=20, test=10, embargo=3),
        "dte": grid.dte,
        "group": np.zeros(grid.trades.n_configs, np.int64),
    }
    rules = (first_of, honest_rule(min_trades=2))
    together = walk_rules(grid.trades, rules=rules, **given)
    picked = []
    for one, rule in zip(together, rules, strict=True):
        alone = walk_forward(grid.trades, rule=rule, **given)
        np.testing.assert_equal(asdict(one), asdict(alone))
        picked.append([fold.picks.tolist() for fold in one.folds])
    assert picked[0] != picked[1]
