"""Which grid file is in force, and what happens to the last good one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from monitor.runtime.grid_watch import NAME, GridWatch

COLUMNS = (
    "dte,band,spread_type,flow_mode,spread_width,entry_time_pst,entry_time_et,time_bucket,"
    "expected_win_pct,expected_roi_pct,sharpe,expected_credit,max_risk_per_contract,avg_pnl,"
    "n_trades,trade_score"
)
ROW = "3,P98,iron_condor,neutral,20,{at},{et},B,95.0,20.48,0.5,340.0,1660.0,20.0,100,70.0"
TIMES = (("07:00", "10:00"), ("07:15", "10:15"), ("07:30", "10:30"))


def put(results: Path, run: str, rows: int, *, second: int) -> Path:
    """A grid of so many rows, changed at that second."""
    path = results / run / NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [ROW.format(at=at, et=et) for at, et in TIMES[:rows]]
    path.write_text("\n".join([COLUMNS, *lines]) + "\n")
    os.utime(path, (second, second))
    return path


def rows(watch: GridWatch) -> int | None:
    watch.refresh()
    return watch.grid.grid.report.rows if watch.grid else None


def test_without_a_file_it_says_where_to_put_one(tmp_path: Path) -> None:
    watch = GridWatch(tmp_path)
    assert rows(watch) is None
    assert watch.problem == f"no grid file: put one at {tmp_path / 'backtest_tight' / NAME}"


def test_a_file_that_comes_later_is_taken(tmp_path: Path) -> None:
    watch = GridWatch(tmp_path)
    rows(watch)
    put(tmp_path, "backtest_tight", 1, second=1000)
    assert rows(watch) == 1
    assert watch.problem is None


def test_the_newest_run_is_in_force(tmp_path: Path) -> None:
    put(tmp_path, "b_old", 1, second=1000)
    put(tmp_path, "a_new", 2, second=2000)
    assert rows(GridWatch(tmp_path)) == 2


def test_an_unchanged_file_is_not_read_again(tmp_path: Path) -> None:
    put(tmp_path, "run", 1, second=1000)
    watch = GridWatch(tmp_path)
    rows(watch)
    first = watch.grid
    rows(watch)
    assert watch.grid is first
    put(tmp_path, "run", 2, second=2000)
    assert rows(watch) == 2
    assert watch.grid is not first


def test_a_bad_newer_file_is_named_and_the_last_good_one_stays(tmp_path: Path) -> None:
    put(tmp_path, "run", 2, second=1000)
    watch = GridWatch(tmp_path)
    assert rows(watch) == 2
    bad = put(tmp_path, "run", 1, second=2000)
    bad.write_text("dte;band\n1;P98\n")
    assert rows(watch) == 2
    assert watch.problem is not None
    assert "(the last good one stays in force)" in watch.problem
    put(tmp_path, "run", 3, second=3000)
    assert rows(watch) == 3
    assert watch.problem is None


def test_a_bad_first_file_leaves_no_grid(tmp_path: Path) -> None:
    put(tmp_path, "run", 1, second=1000).write_bytes(b"\xff\xfe\x00")
    watch = GridWatch(tmp_path)
    assert rows(watch) is None
    assert watch.problem is not None
    assert "stays in force" not in watch.problem


def test_a_chosen_file_alone_counts(tmp_path: Path) -> None:
    put(tmp_path, "run", 2, second=2000)
    chosen = put(tmp_path / "elsewhere", "mine", 1, second=1000)
    assert rows(GridWatch(tmp_path, chosen)) == 1
    absent = tmp_path / "absent.csv"
    watch = GridWatch(tmp_path, absent)
    assert rows(watch) is None
    assert watch.problem == f"no grid file: {absent} does not exist"


def test_a_file_that_vanishes_leaves_the_last_good_one_in_force_and_says_so(
    tmp_path: Path,
) -> None:
    path = put(tmp_path, "run", 2, second=1000)
    watch = GridWatch(tmp_path)
    rows(watch)
    path.unlink()
    assert rows(watch) == 2
    assert watch.problem is not None
    assert "is gone" in watch.problem


@pytest.mark.parametrize("folder", ["not_there", ""])
def test_results_need_not_exist(tmp_path: Path, folder: str) -> None:
    assert rows(GridWatch(tmp_path / folder)) is None
