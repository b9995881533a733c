"""The report: one file, honest cells, and nothing that could run."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

from run_cases import inputs_of, result_of

from monitor.backtest.configs import ExitPolicy
from monitor.backtest.grid_build import build_grid
from monitor.backtest.report_charts import (
    RETURN,
    by_dte_and_regime,
    by_time_and_band,
    cell_means,
    of_variant,
)
from monitor.backtest.write_run import write_run


def page(results: Path, **changes: object) -> str:
    result = result_of()
    run = write_run(
        results, "one", result=result, built=build_grid(result), inputs=inputs_of(**changes),
        policies=tuple(ExitPolicy), now=datetime(2026, 2, 18, 15, tzinfo=UTC), seconds={},
    )  # fmt: skip
    return (run.folder / "report.html").read_text()


def test_the_report_needs_no_network(tmp_path: Path) -> None:
    html = page(tmp_path)
    assert "Plotly.react" in html
    assert not re.search(r"<(script|link|img)[^>]+(src|href)\s*=", html)


def test_the_report_says_the_sentence_and_what_was_not_traded(tmp_path: Path) -> None:
    html = page(tmp_path)
    assert "Of 2 configurations none earned after costs" in html
    assert "the day&#x27;s move goes the other way" in html
    assert "1DTE P98 put_spread with_flow w10 @ 07:30" in html


def test_text_from_files_cannot_become_markup(tmp_path: Path) -> None:
    html = page(tmp_path, problems=("<script>alert(1)</script>.csv: not used",))
    assert "<script>alert(1)" not in html
    assert "&lt;script&gt;alert(1)" in html


def test_a_cell_is_the_mean_of_its_configurations_weighted_by_trades() -> None:
    rows = of_variant(build_grid(result_of()).table, policy="managed", fill=0.5)
    down, across, means, trades = cell_means(rows, "regime", "band", "avg_pnl")
    assert (sorted(down), across) == (["all", "low", "medium"], ["P98"])
    by = dict(zip(down, zip(means[:, 0], trades[:, 0], strict=True), strict=True))
    assert by["low"] == (98, 3)
    assert by["medium"] == (-402, 1)


def test_unknown_regimes_have_no_chart_and_the_page_says_why(tmp_path: Path) -> None:
    result = result_of()
    unknown = result_of(regime=result.regime * 0 - 1)
    rows = of_variant(build_grid(unknown).table, policy="managed", fill=0.5)
    assert by_dte_and_regime(rows, RETURN) is None
    assert by_time_and_band(rows, RETURN) is not None
    run = write_run(
        tmp_path, "one", result=unknown, built=build_grid(unknown), inputs=inputs_of(),
        policies=tuple(ExitPolicy), now=datetime(2026, 2, 18, 15, tzinfo=UTC), seconds={},
    )  # fmt: skip
    assert "the regimes at entry are unknown" in (run.folder / "report.html").read_text()


def test_charts_hold_no_number_that_is_none() -> None:
    rows = of_variant(build_grid(result_of()).table, policy="managed", fill=0.5)
    figure = by_dte_and_regime(rows, RETURN)
    text = json.dumps(figure, allow_nan=False)
    assert '"low", "medium"' in text
