"""Rows by regime of a run: read from the very file that a backtest writes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from grid_rows import csv_text, row

from monitor.backtest.grid_csv import write_parquet
from monitor.backtest.grid_table import REGIMES, GridTable, Words
from monitor.domain.grid import SPREADS, combo_code
from monitor.domain.regime_rows import RegimeRate, RegimeRows
from monitor.domain.vocabulary import BandMode, Regime, SpreadType
from monitor.grid_regimes import load_regime_rows
from monitor.runtime.grid_watch import GridWatch

# exit policy, regime, DTE, width, win %, trades; all P98 condors at 07:30, vix250
ROWS = (
    ("managed", "all", 3, 20.0, 95.0, 100),
    ("managed", "low", 3, 20.0, 97.5, 40),
    ("managed", "high", 3, 20.0, 80.0, 10),
    ("managed", "low", 5, 20.0, 91.0, 33),
    ("managed", "medium", 3, 20.0, np.nan, 0),  # never traded there
    ("hold", "low", 3, 20.0, 60.0, 40),
)


def words(values: list[str]) -> Words:
    distinct = tuple(dict.fromkeys(values))
    return Words(np.array([distinct.index(v) for v in values], np.int16), distinct)


def write_run(folder: Path) -> None:
    n = len(ROWS)
    policy, regime, dte, width, win, trades = zip(*ROWS, strict=True)
    rates = np.array(win)
    write_parquet(
        GridTable(
            {
                "dte": np.array(dte, np.int64), "band": words(["P98"] * n),
                "spread_type": words(["iron_condor"] * n), "flow_mode": words(["neutral"] * n),
                "spread_width": np.array(width), "entry_time_pst": words(["07:30"] * n),
                "expected_win_pct": rates, "n_trades": np.array(trades, np.int64),
                "band_mode": words(["vix250"] * n), "exit_policy": words(list(policy)),
                "regime": Words(
                    np.array([REGIMES.index(r) for r in regime], np.int16), tuple(REGIMES)
                ),
                "win_low_pct": rates - 8, "win_high_pct": rates + 2,
                "n_eff": np.where(rates == 80, np.nan, np.array(trades) / 2),
            }
        ),
        folder / "grid.parquet",
    )  # fmt: skip


def find(rows: RegimeRows, regime: Regime, *, dte: int = 3, **other: float) -> RegimeRate | None:
    return rows.find(
        combo=combo_code(dte, 2, SPREADS.index(SpreadType.IRON_CONDOR), 0),
        width=other.get("width", 20.0), minute=int(other.get("minute", 450)),
        mode=BandMode.VIX250, regime=regime,
    )  # fmt: skip


def test_a_configuration_is_found_in_each_regime_under_the_exits_of_the_csv(tmp_path: Path) -> None:
    write_run(tmp_path)
    rows = load_regime_rows(tmp_path)
    assert rows is not None
    assert find(rows, Regime.LOW) == RegimeRate(
        win_rate_pct=97.5, low_pct=89.5, high_pct=99.5, n=40, n_eff=20.0
    )
    assert find(rows, Regime.HIGH) == RegimeRate(
        win_rate_pct=80.0, low_pct=72.0, high_pct=82.0, n=10, n_eff=None
    )
    found = find(rows, Regime.LOW, dte=5)
    assert found is not None
    assert found.n == 33


def test_what_never_traded_or_is_another_configuration_is_not_found(tmp_path: Path) -> None:
    write_run(tmp_path)
    rows = load_regime_rows(tmp_path)
    assert rows is not None
    assert find(rows, Regime.MEDIUM) is None
    assert find(rows, Regime.EXTREME) is None
    assert find(rows, Regime.LOW, width=25.0) is None
    assert find(rows, Regime.LOW, minute=465) is None


@pytest.mark.parametrize("content", [None, b"", b"PAR1 no more"])
def test_without_a_readable_file_nothing_is_known(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "grid.parquet").write_bytes(content)
    assert load_regime_rows(tmp_path) is None


def test_the_running_monitor_takes_them_with_the_grid(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "grid_trading_ready.csv").write_text(csv_text([row()]))
    watch = GridWatch(results=tmp_path)
    watch.refresh()
    assert watch.grid is not None
    assert watch.grid.regimes is None
    other = tmp_path / "ours"
    other.mkdir()
    (other / "grid_trading_ready.csv").write_text(csv_text([row()]))
    write_run(other)
    watch = GridWatch(results=tmp_path, chosen=other / "grid_trading_ready.csv")
    watch.refresh()
    assert watch.grid is not None
    assert watch.grid.regimes is not None
