"""A run's folder appears whole or not at all."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from run_cases import inputs_of, result_of

from monitor.backtest.configs import ExitPolicy
from monitor.backtest.grid_build import build_grid
from monitor.backtest.run_folder import (
    RunFolderError,
    check_name,
    find_run,
    new_run,
    write_facts,
)
from monitor.backtest.write_run import Written, write_run
from monitor.errors import DataError, InputError
from monitor.runtime.grid_watch import GridWatch


def written(results: Path, name: str = "one") -> Written:
    result = result_of()
    return write_run(
        results, name, result=result, built=build_grid(result), inputs=inputs_of(),
        policies=tuple(ExitPolicy), now=datetime(2026, 2, 18, 15, tzinfo=UTC), seconds={},
    )  # fmt: skip


def test_a_run_has_its_five_files_and_leaves_nothing_else(tmp_path: Path) -> None:
    run = written(tmp_path)
    assert sorted(p.name for p in run.folder.iterdir()) == [
        "grid.parquet", "grid_trading_ready.csv", "report.html", "run.json", "trades.parquet",
    ]  # fmt: skip
    assert [p.name for p in tmp_path.iterdir()] == ["one"]


def test_run_json_says_what_was_computed_from_what(tmp_path: Path) -> None:
    facts = json.loads((written(tmp_path).folder / "run.json").read_text())
    assert facts["schema_version"] == 1
    assert facts["window"] == {
        "first": "2026-02-02", "last": "2026-02-06", "entry_sessions": 5,
        "last_settlement": "2026-02-09",
    }  # fmt: skip
    assert facts["source"]["hash"] == "abc"
    assert facts["no_trade"][0]["configuration_days"] == 8
    assert facts["sentence"].startswith("Of 2 configurations none earned after costs")


def test_every_trade_and_refusal_adds_up_to_configurations_times_days(tmp_path: Path) -> None:
    facts = written(tmp_path).facts
    refused = sum(r["configuration_days"] for r in facts["no_trade"])
    assert facts["trades"] + refused == 4 + 8


def test_the_running_monitor_finds_the_new_grid_and_never_a_half_written_one(
    tmp_path: Path,
) -> None:
    watch = GridWatch(results=tmp_path)
    with new_run(tmp_path, "half") as folder:
        (folder / "grid_trading_ready.csv").write_text("dte,ba")
        watch.refresh()
        assert watch.grid is None
        assert watch.problem is not None
        assert "no grid file" in watch.problem
        write_facts(folder, {})
        (folder / "grid_trading_ready.csv").unlink()
    written(tmp_path)
    watch.refresh()
    assert watch.grid is not None
    assert watch.grid.path == tmp_path / "one" / "grid_trading_ready.csv"


def test_a_failure_half_way_keeps_the_earlier_run(tmp_path: Path) -> None:
    before = (written(tmp_path).folder / "run.json").read_bytes()

    def fail() -> None:
        with new_run(tmp_path, "one") as folder:
            (folder / "run.json").write_text("{}")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert (tmp_path / "one" / "run.json").read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["one"]


def test_a_run_of_the_same_name_is_replaced(tmp_path: Path) -> None:
    written(tmp_path)
    (tmp_path / "one" / "notes.txt").write_text("mine")
    written(tmp_path)
    assert not (tmp_path / "one" / "notes.txt").exists()


def test_a_folder_that_is_no_run_of_ours_is_left_alone(tmp_path: Path) -> None:
    foreign = tmp_path / "backtest_tight"
    foreign.mkdir()
    (foreign / "grid_trading_ready.csv").write_text("the person's own")
    with pytest.raises(InputError, match="not a run"), new_run(tmp_path, "backtest_tight"):
        pass
    assert (foreign / "grid_trading_ready.csv").read_text() == "the person's own"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_results_folder_is_said(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(RunFolderError, match="cannot be written"), new_run(tmp_path, "one"):
            pass
    finally:
        tmp_path.chmod(0o700)


def test_a_file_where_the_results_should_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("")
    with (
        pytest.raises(RunFolderError, match="cannot be written"),
        new_run(tmp_path / "results", "one"),
    ):
        pass


@pytest.mark.parametrize("name", ["", "..", ".hidden", "a/b", "a b", "ä", "x" * 101])
def test_a_name_that_would_lead_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="not a run's name"):
        check_name(name)


def test_an_unknown_run_names_its_neighbor(tmp_path: Path) -> None:
    written(tmp_path, "backtest_tight")
    with pytest.raises(InputError) as caught:
        find_run(tmp_path, "backtest_tigth")
    assert caught.value.hint == "did you mean backtest_tight?"


@pytest.mark.parametrize("content", ["{", '{"schema_version": 99}'])
def test_a_run_that_cannot_be_read_is_said(tmp_path: Path, content: str) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "run.json").write_text(content)
    with pytest.raises(DataError, match=r"run\.json"):
        find_run(tmp_path, "one")
