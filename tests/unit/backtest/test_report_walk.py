"""The run's own walk-forward, as the report and run.json tell it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from run_cases import result_of

from monitor.backtest.configs import Dimensions, config_table
from monitor.backtest.grid_build import build_grid
from monitor.backtest.grid_walk import PICKED, REALIZED, folds_for, grid_columns, walk, walk_facts
from monitor.backtest.report_charts import reliability_chart, shown_against_realized
from monitor.backtest.trade_columns import TradeColumns, from_matrix
from monitor.domain.vocabulary import BandMode, SpreadType

DIMS = Dimensions(
    dtes=(1,), bands=(98,), modes=(BandMode.RAW100,), spread_types=(SpreadType.PUT_SPREAD,),
    widths=(10,), entry_minutes_pt=(450,),
)  # fmt: skip
N = 41


def lucky_then_not() -> TradeColumns:
    """Wins of 10 % on the first 20 sessions, then losses of half; the second one breaks even."""
    returns = np.full((2, N), 0.1)
    returns[0, 20:] = -0.5
    returns[0, 1] = 0.12  # not one number only
    returns[1] = np.where(np.arange(N) % 2 == 0, 0.1, -0.1)
    return from_matrix(
        returns, np.ones((2, N), int) * (np.arange(N) < N - 1),
        credit_to_risk=np.full((2, N), 0.1),
    )  # fmt: skip


def test_folds_never_overlap_and_leave_a_gap_of_the_longest_dte() -> None:
    for fold in (folds := folds_for(60, embargo=10)):
        assert fold.test_first - fold.train_stop == 10
    # room 50: learn from 25, judge thirds of the other 25
    assert [(f.train_first, f.train_stop, f.test_first, f.test_stop) for f in folds] == [
        (0, 25, 35, 43), (8, 33, 43, 51), (16, 41, 51, 59),
    ]  # fmt: skip


@pytest.mark.parametrize("n", [1, 10, 20, 29])
def test_a_window_too_short_has_no_walk_forward(n: int) -> None:
    assert folds_for(n, embargo=10) == ()
    assert walk_facts(None) is None


def test_trap_26_what_was_picked_for_its_past_is_shown_beside_what_came_after() -> None:
    walked = walk(lucky_then_not(), table=config_table(DIMS), n_entry=N)
    assert walked is not None
    facts = walk_facts(walked)
    assert facts is not None
    # room 40: learned from 20 sessions, judged on 21..26 first, where the lucky one only loses
    first = walked.naive.folds[0]
    assert (first.shown_win, first.realized_win) == (1.0, 0.0)
    assert first.realized_return == pytest.approx(-0.5)
    assert walked.naive.times_picked[0] >= 1
    assert walked.naive.times_picked[1] == 0  # it never won nine in ten
    json.dumps(facts, allow_nan=False)
    assert shown_against_realized(facts, "win") is not None
    assert reliability_chart(facts) is not None


def test_the_grids_columns_are_unknown_where_nothing_was_walked() -> None:
    columns = grid_columns(None, 2)
    assert all(np.isnan(columns[name]).all() for name in (PICKED, REALIZED))


def test_a_short_run_says_so_in_its_report() -> None:
    built = build_grid(result_of())
    assert all(walked is None for walked in built.walked.values())
    assert shown_against_realized(None, "win") is None
    assert reliability_chart(None) is None
