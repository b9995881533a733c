"""One configuration's numbers against hand calculation, pandas and scipy."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats as scipy_stats
from stats_cases import NO, fair_grid, rows

from monitor.backtest import config_stats
from monitor.backtest.bootstrap import lost_to_centering
from monitor.backtest.config_stats import daily_series, summarize

DTE_0 = np.array([0])


def test_means_of_a_configuration_worked_by_hand() -> None:
    found = summarize(rows([0.1, 0.1, -0.5, NO, 0.2]), dte=DTE_0)
    assert found.n_trades[0] == 4
    assert found.n_wins[0] == 3
    assert found.win_rate[0] == 0.75
    assert found.mean_return[0] == pytest.approx(-0.025)
    assert found.mean_win[0] == pytest.approx(0.4 / 3)
    assert found.mean_loss[0] == pytest.approx(-0.5)
    # 0.5 / (0.5 + 0.1333): three wins of 0.1333 pay for 0.8 losses
    assert found.breakeven_win_rate[0] == pytest.approx(0.5 / (0.5 + 0.4 / 3))


def test_a_return_of_zero_is_no_win() -> None:
    assert summarize(rows([0.0, 0.1]), dte=DTE_0).n_wins[0] == 1


def test_sharpe_is_of_the_daily_calendar_with_zero_where_nothing_settled() -> None:
    """Four sessions 0.1, 0, 0, −0.05: mean 0.0125, sample deviation 0.0629153."""
    found = summarize(rows([0.1, NO, NO, -0.05]), dte=DTE_0)
    series = pd.Series([0.1, 0.0, 0.0, -0.05])
    assert found.daily_sharpe[0] == pytest.approx(0.0125 / 0.0629153, rel=1e-5)
    assert found.sharpe[0] == pytest.approx(series.mean() / series.std() * np.sqrt(252), rel=1e-6)


def test_trades_that_settle_together_are_one_day() -> None:
    trades = rows([0.1, 0.1, -0.9, NO], held=0)
    held = trades.held.copy()
    held[:] = [2, 1, 0]
    together = config_stats.TradeColumns(
        n_sessions=4, start=trades.start, entry=trades.entry, held=held, returns=trades.returns
    )
    assert daily_series(together, 0) == pytest.approx([0, 0, -0.7, 0])
    assert summarize(together, dte=DTE_0).non_overlapping[0] == 1


def test_trades_that_share_no_session_are_counted() -> None:
    found = summarize(rows([0.1] * 7 + [NO] * 3, held=2), dte=np.array([2]))
    assert found.non_overlapping[0] == 3  # entered on 0, 3 and 6


def test_raw_moments_give_scipys_skewness_and_kurtosis() -> None:
    grid = fair_grid(1)
    found = summarize(grid.trades, dte=grid.dte)
    c = 500
    series = daily_series(grid.trades, c)
    m1, m2 = found.day_1[c], found.day_2[c]
    m3, m4 = found.day_3[c], found.day_4[c]
    sd = np.sqrt(m2 - m1**2)
    skew = (m3 - 3 * m1 * m2 + 2 * m1**3) / sd**3
    kurtosis = (m4 - 4 * m1 * m3 + 6 * m1**2 * m2 - 3 * m1**4) / sd**4
    assert skew == pytest.approx(scipy_stats.skew(series), rel=1e-6)
    assert kurtosis == pytest.approx(scipy_stats.kurtosis(series, fisher=False), rel=1e-6)


def test_independent_sessions_keep_their_number() -> None:
    """Coin tosses, one a session: the bootstrap's variance is p(1−p)/n but for its own noise."""
    rng = np.random.default_rng(7)
    trades = rows(*np.where(rng.random((400, 250)) < 0.8, 0.1, -0.4).tolist())
    found = summarize(trades, dte=np.zeros(400, int))
    expected = 0.8 * 0.2 / 250
    assert np.mean(found.win_variance) == pytest.approx(expected, rel=0.06)
    assert np.mean(found.mean_variance) == pytest.approx(expected * 0.5**2, rel=0.06)
    assert np.mean(found.day_autovariance / found.day_variance) == pytest.approx(1, rel=0.06)


def test_variance_of_runs_of_equal_outcomes_is_that_of_the_runs() -> None:
    """Each outcome lasts ten sessions: 1,000 sessions are worth 100."""
    rng = np.random.default_rng(8)
    tosses = np.repeat(rng.random((200, 100)) < 0.7, 10, axis=1)
    found = summarize(rows(*np.where(tosses, 0.1, -0.3).tolist()), dte=np.full(200, 10))
    # A mean block of 30 keeps two thirds of a run's dependence: E Σ_{|i|<10} (1 − |i|/10) q^|i|.
    kept = 1 + 2 * sum((1 - i / 10) * (29 / 30) ** i for i in range(1, 10))
    ratio = found.win_rate * (1 - found.win_rate) / found.win_variance / 1000
    assert np.median(ratio) == pytest.approx(1 / kept, rel=0.15)


def test_without_trades_nothing_is_known() -> None:
    found = summarize(rows([NO, NO], [0.1, NO]), dte=np.array([0, 0]))
    assert found.n_trades.tolist() == [0, 1]
    assert np.isnan(found.win_rate[0])
    assert np.isnan(found.mean_return[0])
    assert np.isnan(found.sharpe[0])
    assert np.isnan(found.win_variance[1])  # one trade says nothing about its spread


def test_a_series_that_never_moves_has_no_sharpe() -> None:
    assert np.isnan(summarize(rows([0.125] * 5), dte=DTE_0).sharpe[0])


def test_result_does_not_depend_on_the_number_of_threads() -> None:
    grid = fair_grid(2)
    one, two = (summarize(grid.trades, dte=grid.dte, workers=w) for w in (1, 3))
    for name in config_stats._FIELDS:
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))


def test_compiled_and_plain_kernels_agree() -> None:
    grid = fair_grid(3, sessions=40)
    n = grid.trades.n_configs
    block, kept = np.full(n, 30.0), np.full(n, 1 - lost_to_centering(40, 30))
    plain = np.full((len(config_stats._FIELDS), n), np.nan)
    kernel = config_stats._summarize_rows
    twins = {name: getattr(config_stats, name) for name in ("_own", "_by_entry", "_by_day")}
    with pytest.MonkeyPatch.context() as patch:
        for name, compiled in twins.items():
            patch.setattr(config_stats, name, compiled.py_func)
        kernel.py_func(grid.trades.rows, 40, block, kept, 0, 60, plain)  # type: ignore[attr-defined]
    compiled_out = np.full_like(plain, np.nan)
    kernel(grid.trades.rows, 40, block, kept, 0, 60, compiled_out)
    np.testing.assert_allclose(plain, compiled_out, rtol=1e-9, atol=1e-15)
