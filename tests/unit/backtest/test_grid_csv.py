"""The grid's rows and its CSV: the person's columns, known numbers only, loadable live."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from run_cases import result_of

from monitor.backtest.configs import ExitPolicy
from monitor.backtest.grid_build import build_grid
from monitor.backtest.grid_csv import write_csv, write_parquet
from monitor.backtest.grid_table import GridTable, tradable_rows
from monitor.grid_file import load_grid

# the header of the person's own file
PERSONS = (
    "dte,band,spread_type,flow_mode,spread_width,entry_time_pst,entry_time_et,time_bucket,"
    "expected_win_pct,expected_roi_pct,sharpe,expected_credit,max_risk_per_contract,avg_pnl,"
    "n_trades,trade_score"
)


def ready(grid: GridTable) -> GridTable:
    return tradable_rows(grid, policy=ExitPolicy.MANAGED, fill=0.5, mode="raw100")


@pytest.fixture
def row(tmp_path: Path) -> dict[str, str]:
    path = tmp_path / "grid_trading_ready.csv"
    write_csv(ready(build_grid(result_of()).table), path)
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 1
    return rows[0]


def test_the_persons_sixteen_columns_come_first_in_the_persons_order(row: dict[str, str]) -> None:
    assert ",".join(list(row)[:16]) == PERSONS


def test_a_row_is_what_the_hand_calculation_says(row: dict[str, str]) -> None:
    said = {name: row[name] for name in PERSONS.split(",")[:8]}
    assert said == {
        "dte": "1", "band": "P98", "spread_type": "put_spread", "flow_mode": "with_flow",
        "spread_width": "10", "entry_time_pst": "07:30", "entry_time_et": "10:30",
        "time_bucket": "B: 07:00-08:45 PST / 10:00-11:45 ET (15-min)",
    }  # fmt: skip
    numbers = {name: float(row[name]) for name in PERSONS.split(",")[8:]}
    # 3 of 4 won; 100 / 902; mean -27, sample deviation 250; 0.25·11.0865 - 8·0.108 + 0.6·75
    assert numbers == {
        "expected_win_pct": 75, "expected_roi_pct": 11.09, "sharpe": -0.108,
        "expected_credit": 100, "max_risk_per_contract": 902, "avg_pnl": -27, "n_trades": 4,
        "trade_score": 46.91,
    }  # fmt: skip
    assert float(row["expected_return_pct"]) == -2.993  # -27 / 902
    assert (row["no_trade"], row["price_source"], row["exit_policy"]) == ("1", "quotes", "managed")
    assert row["verdict"] == "no edge"


def test_trap_03_roi_and_expected_return_are_two_columns(row: dict[str, str]) -> None:
    assert float(row["expected_roi_pct"]) > 0 > float(row["expected_return_pct"])


def test_a_win_rate_carries_its_interval(row: dict[str, str]) -> None:
    low, high = float(row["win_low_pct"]), float(row["win_high_pct"])
    # Newcombe's method 3 for 3 of 4 is 30.06 to 95.44 %; fewer effective trades are wider
    assert 0 < low <= 30.07
    assert 95.43 <= high <= 100
    assert 0 < float(row["n_eff"]) <= 4


def test_the_monitor_loads_the_file_without_an_impossible_row(tmp_path: Path) -> None:
    path = tmp_path / "grid.csv"
    write_csv(ready(build_grid(result_of()).table), path)
    report = load_grid(path).report
    assert (report.rows, report.usable, report.rejected) == (1, 1, ())
    assert {str(kind) for kind, _ in report.warnings} == {"few_trades"}


def test_a_configuration_without_a_spread_of_results_has_no_row() -> None:
    # one trade, or four equal ones: no Sharpe ratio can be printed, and none is made up
    for pnl in ((98.0,), (98.0,) * 4):
        assert len(ready(build_grid(result_of(pnl)).table)) == 0


def test_the_whole_grid_has_both_exits_all_configurations_and_each_regime() -> None:
    grid = build_grid(result_of()).table
    policies, regimes = grid.words("exit_policy"), grid.words("regime")
    seen = [
        (policies.values[p], regimes.values[r], n)
        for p, r, n in zip(policies.codes, regimes.codes, grid.floats("n_trades"), strict=True)
    ]
    assert sorted(seen) == [
        ("hold", "all", 0), ("hold", "all", 4), ("hold", "low", 3), ("hold", "medium", 1),
        ("managed", "all", 0), ("managed", "all", 4), ("managed", "low", 3),
        ("managed", "medium", 1),
    ]  # fmt: skip


def test_unknown_numbers_are_empty_never_zero(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    path = tmp_path / "grid.parquet"
    write_parquet(build_grid(result_of()).table, path)
    table = pq.read_table(path)
    never = np.flatnonzero(table["n_trades"].to_numpy() == 0)
    assert len(never) == 2
    for name in ("expected_win_pct", "avg_pnl", "sharpe", "win_low_pct", "honest_score"):
        assert all(table[name][int(i)].as_py() is None for i in never)
    assert {table["verdict"][int(i)].as_py() for i in never} == {"unknown"}
    assert {table["price_source"][int(i)].as_py() for i in never} == {"none"}
