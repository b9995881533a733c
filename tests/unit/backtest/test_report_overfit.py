"""Overfitting of a run as run.json and the report tell it: PBO never without the chance of loss."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from run_cases import inputs_of, result_of
from stats_cases import NO, rows

from monitor.backtest.configs import ExitPolicy
from monitor.backtest.cscv import Overfitting
from monitor.backtest.grid_build import build_grid
from monitor.backtest.grid_overfit import overfit, overfit_facts
from monitor.backtest.report_charts import rank_chart
from monitor.backtest.run_report import report_html
from monitor.backtest.trade_columns import TradeColumns
from monitor.backtest.write_run import write_run


def always_the_least_bad() -> TradeColumns:
    """Ten that lose every day; one of them loses less."""
    data = -1 - np.random.default_rng(3).random((10, 64)) / 10
    data[7] += 0.5
    return rows(*data.tolist())


def test_the_least_bad_of_a_losing_lot_has_no_pbo_and_always_loses() -> None:
    facts = overfit_facts(overfit(always_the_least_bad()))
    assert facts is not None
    assert (facts["pbo_pct"], facts["best_loses_pct"]) == (0, 100)
    # 16 blocks, half of them chosen: 16! ÷ (8! · 8!)
    assert (facts["blocks"], facts["choices"]) == (16, 12_870)
    assert facts["different_best"] == 1
    assert facts["ranks"] == [0] * 18 + [12_870, 0]  # ω = 10 ÷ 11


def test_bars_left_of_the_middle_are_the_pbo() -> None:
    """ω of exactly ½ counts as overfit, so it belongs to the left."""
    found = Overfitting(
        best=np.arange(4), seen=np.ones(4), realized=np.array([1.0, -1, 1, 1]),
        rank=np.array([0.01, 0.5, 0.51, 0.99]),
    )  # fmt: skip
    facts = overfit_facts(found)
    assert facts is not None
    assert (facts["pbo_pct"], facts["best_loses_pct"]) == (50, 25)
    assert facts["ranks"][:10] == [1, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    chart = rank_chart(facts)
    assert chart is not None
    (bars,) = chart["data"]
    left = [y for x, y in zip(bars["x"], bars["y"], strict=True) if x < 0.5]
    assert sum(left) == pytest.approx(facts["pbo_pct"])


@pytest.mark.parametrize(
    "trades", [rows([0.1, -0.1] * 32, [NO] * 64), rows([0.1] * 31, [-0.1] * 31)]
)
def test_one_configuration_or_a_short_run_has_no_overfitting(trades: TradeColumns) -> None:
    assert overfit(trades) is None
    assert overfit_facts(None) is None
    assert rank_chart(None) is None


def test_the_report_gives_both_figures_together_or_says_why_there_is_none(tmp_path: Path) -> None:
    result = result_of()
    built = build_grid(result)  # six sessions
    run = write_run(
        tmp_path, "one", result=result, built=built, inputs=inputs_of(),
        policies=tuple(ExitPolicy), now=datetime(2026, 2, 18, 15, tzinfo=UTC), seconds={},
    )  # fmt: skip
    assert run.facts["overfitting"] is None
    without = (run.folder / "report.html").read_text()
    assert "not computed: it needs two configurations" in without
    known = {**run.facts, "overfitting": overfit_facts(overfit(always_the_least_bad()))}
    page = report_html(grid=built.table, ready=run.ready, facts=known)
    assert "<b>0 %</b> of the time it was no better than the median" in page
    assert "<b>100 %</b> of the time it lost money" in page
    assert "<div id=ranks>" in page
