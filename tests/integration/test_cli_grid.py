"""`monitor grid check` and `monitor grid show` as a person calls them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from monitor.cli.grid import WORDS, grid
from monitor.domain.grid import Kind, Warn

HEADER = (
    "dte,band,spread_type,flow_mode,spread_width,entry_time_pst,entry_time_et,time_bucket,"
    "expected_win_pct,expected_roi_pct,sharpe,expected_credit,max_risk_per_contract,avg_pnl,"
    "n_trades,trade_score"
)
CONDOR = "3,P98,iron_condor,neutral,20,07:30,10:30,B,95.0,20.48,0.5,340,1660,20,100,70"
PUT = "1,P97,put_spread,with_flow,20,07:45,10:45,B,91.4,20.48,0.5,340,1660,20,58,60"
TOO_RICH = "5,P95,call_spread,neutral,10,07:45,10:45,B,99.0,393.65,0.5,21575,5480,80,58,160"


def run(*args: str | Path, **env: str) -> Result:
    return CliRunner().invoke(grid, [str(a) for a in args], env=env)


def document(result: Result) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(result.stdout)
    assert parsed["schema_version"] == 1
    return parsed


@pytest.fixture
def file(home: Path) -> Path:
    folder = home / "results" / "backtest_tight"
    folder.mkdir(parents=True)
    path = folder / "grid_trading_ready.csv"
    path.write_text("\n".join([HEADER, CONDOR, PUT, TOO_RICH, PUT]) + "\n")
    return path


def test_check_counts_every_row_once(file: Path) -> None:
    result = run("check", file, "--json")
    assert result.exit_code == 0
    report = document(result)
    assert report["ok"] is True
    assert (report["rows"], report["usable"]) == (4, 2)
    assert report["rejected"] == {"credit_at_least_width": 1, "duplicate": 1}
    worst = report["worst"][0]
    assert (worst["line"], worst["column"], worst["value"]) == (4, "expected_credit", "21575")


def test_check_speaks_plainly(file: Path) -> None:
    text = run("check", file).stdout
    assert "4 rows, 2 usable" in text
    assert "credit as large as the width or larger" in text
    assert "line 4: expected_credit 21575: a 10-point spread is worth at most $1,000" in text


def test_every_kind_has_words() -> None:
    assert {k.value for k in (*Kind, *Warn)} == set(WORDS)


@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_a_refused_file_exits_3_with_a_way_out(tmp_path: Path, flags: list[str]) -> None:
    path = tmp_path / "grid.csv"
    path.write_text(HEADER.replace("band,", "") + "\n")
    result = run("check", path, *flags)
    assert result.exit_code == 3
    if flags:
        error = document(result)["error"]
        assert "missing column 'band'" in error["message"]
        assert error["hint"]
    else:
        assert result.stdout == ""
        assert "missing column 'band'" in result.stderr


def test_show_takes_the_newest_run_of_the_home_folder(file: Path, home: Path) -> None:
    newer = home / "results" / "later" / file.name
    newer.parent.mkdir()
    newer.write_text(f"{HEADER}\n{PUT}\n")
    os.utime(file, (1_000_000_000, 1_000_000_000))
    shown = document(run("show", "--home", home, "--json"))
    assert shown["path"] == str(newer)
    assert [r["band"] for r in shown["rows"]] == ["P97"]


def test_show_gives_the_interval_and_the_break_even(file: Path, home: Path) -> None:
    rows = document(run("show", file, "--home", home, "--json"))["rows"]
    assert [r["line"] for r in rows] == [2, 3]  # best score first
    put = rows[1]
    assert put["win_low_pct"] == pytest.approx(81.36, abs=0.01)  # Wilson 53/58
    assert put["win_high_pct"] == pytest.approx(96.26, abs=0.01)
    assert put["breakeven_win_pct"] == pytest.approx(80.0)
    text = run("show", file, "--home", home).stdout
    assert "81.4–96.3" in text
    assert "2 of 2 matching rows; 2 usable" in text


@pytest.mark.parametrize(
    ("flags", "lines"),
    [
        (["--dte", "1"], [3]),
        (["--band", "p98"], [2]),
        (["--spread", "put_spread"], [3]),
        (["--min-win", "95"], [2]),
        (["--limit", "1"], [2]),
        (["--dte", "1", "--band", "P98"], []),
    ],
)
def test_show_filters(file: Path, home: Path, flags: list[str], lines: list[int]) -> None:
    shown = document(run("show", file, "--home", home, "--json", *flags))
    assert [r["line"] for r in shown["rows"]] == lines


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        (["--band", "P42"], "P95, P97"),
        (["--spread", "iron_condr"], "iron_condor"),
        (["--limit", "0"], "1 or more"),
        (["--dte", "1_0"], "whole number"),
    ],
)
def test_a_slip_of_the_keyboard_exits_2(file: Path, flags: list[str], word: str) -> None:
    result = run("show", file, *flags)
    assert result.exit_code == 2
    assert word in result.stderr


def test_show_without_a_file_says_where_to_put_one(home: Path) -> None:
    result = run("show", "--home", home)
    assert result.exit_code == 3
    assert "backtest_tight" in result.stderr


def test_help_has_a_runnable_example() -> None:
    for command in (["check"], ["show"], []):
        text = run(*command, "--help").stdout
        assert "monitor grid" in text
