from __future__ import annotations

import csv
from pathlib import Path

import pytest

from monitor.config import Settings
from monitor.demo.grid import write_demo_grid
from monitor.grid_file import load_grid

IMPOSSIBLE = 9  # the last rows of the file


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "results" / "demo" / "grid_trading_ready.csv"


def test_the_same_seed_writes_the_same_bytes(path: Path) -> None:
    write_demo_grid(path, 7)
    first = path.read_bytes()
    write_demo_grid(path, 7)
    assert path.read_bytes() == first
    write_demo_grid(path, 8)
    assert path.read_bytes() != first


def test_the_file_loads_and_its_report_has_impossible_rows_to_show(path: Path) -> None:
    written = write_demo_grid(path, 7)
    report = load_grid(path).report
    assert report.rows == written
    assert 0 < report.usable < written
    assert len([kind for kind, count in report.rejected if count]) >= 6


@pytest.mark.parametrize("seed", range(10))
def test_some_condors_pass_balanced_in_each_entry_window_that_is_shown(
    path: Path, seed: int
) -> None:
    """By hand, from the file's own columns: balanced is 90 % wins, 20 % ROI, 0.30, 50."""
    write_demo_grid(path, seed)
    preferences = Settings().preferences
    for bands in (preferences.low.bands, preferences.medium.bands, preferences.high.bands):
        passing = [
            row
            for row in rows_of(path)[:-IMPOSSIBLE]
            if row["spread_type"] == "iron_condor"
            and row["band"] in bands
            and 90 <= float(row["expected_win_pct"]) <= 100
            and 20 <= float(row["expected_roi_pct"]) < 100
            and float(row["sharpe"]) >= 0.30
            and float(row["trade_score"]) >= 50
        ]
        assert passing
        assert all("07:00" <= row["entry_time_pst"] <= "08:30" for row in passing)


def test_possible_rows_hang_together(path: Path) -> None:
    write_demo_grid(path, 7)
    possible = rows_of(path)[:-IMPOSSIBLE]
    assert len(possible) > 24
    for row in possible:
        credit, loss = float(row["expected_credit"]), float(row["max_risk_per_contract"])
        assert credit + loss == pytest.approx(float(row["spread_width"]) * 100)
        assert float(row["expected_roi_pct"]) == pytest.approx(100 * credit / loss, abs=0.01)
        hour, minute = row["entry_time_pst"].split(":")
        assert row["entry_time_et"] == f"{int(hour) + 3:02d}:{minute}"
        assert -2 * credit <= float(row["avg_pnl"]) <= 0.5 * credit
        assert row["source"] == "SIMULATED"


def test_it_is_a_few_dozen_rows(path: Path) -> None:
    assert 40 <= write_demo_grid(path, 7) <= 150
