"""A monitor without a grid as a real process: it builds one beside itself and takes it."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import psutil
import pytest
from fakes.history_market import HistoryMarket
from fakes.processes import PATIENCE_S, Running, monitor, offline, run
from filelock import FileLock

from monitor.backtest.history_download import top_up
from monitor.backtest.open_history import symbols_of
from monitor.cli.build_grid import best_sources
from monitor.home import Home
from monitor.providers.sessions import load_calendar

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("monitor-process")]

STOPS_WITHIN_S = 5.0
FAST = ("--no-dashboard", "--data-interval", "5", "--scan-interval", "5")
FETCHING = "no grid yet: building one in the background: NDX: fetching history"
BUILDS = {"CONDORWATCH_BUILD_GRID": "true"}
LAST = date(2026, 2, 13)


@pytest.fixture
def stored(home: Path) -> Path:
    """A home that fetched hourly history when the network was there."""
    calendar = load_calendar(None, today=LAST)
    market = HistoryMarket(calendar, date(2025, 9, 2), LAST)
    now = datetime(2026, 2, 14, 12, tzinfo=UTC)
    top_up(
        home / "data" / "history", symbols_of("NDX"), source=market, calendar=calendar, now=now,
        intervals=("1h", "1d"),
    )  # fmt: skip
    return home


def busy(home: Path) -> FileLock:
    """While held, the builder waits with its first step: another process fetches history."""
    return FileLock(home / "data" / "history" / "backtest" / ".lock")


def builders(running: Running) -> list[psutil.Process]:
    """Builders of this monitor that have not ended."""

    def works(child: psutil.Process) -> bool:
        with suppress(psutil.NoSuchProcess):  # a zombie, too
            return "monitor.cli.build_grid" in child.cmdline()
        return False

    return [c for c in psutil.Process(running.process.pid).children() if works(c)]


def grid_problem(page: Any) -> str:
    return page["funnel"]["grid"]["problem"] or ""


def test_the_first_start_builds_a_grid_in_the_background_and_takes_it(stored: Path) -> None:
    with monitor(stored, *FAST, env=offline() | BUILDS) as one:
        with busy(stored):
            page = one.wait_for(lambda p: FETCHING in grid_problem(p))
            assert {"what": "grid", "why": grid_problem(page)} in page["health"]["problems"]
            (builder,) = builders(one)
            assert builder.nice() >= 10
        mapped = {Path(m.path).name for m in psutil.Process(one.process.pid).memory_maps()}
        assert not any("llvmlite" in name for name in mapped)  # nothing is compiled in the monitor
        page = one.wait_for(lambda p: p["funnel"]["grid"]["path"])
        assert page["funnel"]["grid"]["rows"] > 100
        assert page["funnel"]["grid"]["rejected"] == []
        assert grid_problem(page) == ""
        one.wait_for(lambda p: not builders(one))
        one.send(signal.SIGTERM)
        assert one.ended(STOPS_WITHIN_S) == 0
        _out, err = one.process.communicate()
    assert "no grid yet: building one in the background" in err
    assert "grid built: ndx-" in err
    (folder,) = (stored / "results").iterdir()
    assert page["funnel"]["grid"]["path"] == str(folder / "grid_trading_ready.csv")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_fault_35_a_signal_ends_monitor_and_builder_within_5_s(
    stored: Path, number: signal.Signals
) -> None:
    with busy(stored), monitor(stored, *FAST, env=offline() | BUILDS) as one:
        one.wait_for(lambda p: FETCHING in grid_problem(p))
        (builder,) = builders(one)
        one.send(number)
        assert one.ended(STOPS_WITHIN_S) == 0
        psutil.wait_procs([builder], timeout=STOPS_WITHIN_S)
        assert not builder.is_running()
    assert not (stored / "results" / ".partial").exists()


def test_a_killed_monitor_leaves_no_builder_behind(stored: Path) -> None:
    with busy(stored), monitor(stored, *FAST, env=offline() | BUILDS) as one:
        one.wait_for(lambda p: FETCHING in grid_problem(p))
        (builder,) = builders(one)
        one.process.kill()
        one.process.wait()
    gone, _ = psutil.wait_procs([builder], timeout=PATIENCE_S)  # at its next word to nobody
    assert gone == [builder]
    assert not list(stored.glob("results/*/grid_trading_ready.csv"))


def test_without_network_and_history_the_failure_is_told_and_not_repeated_at_once(
    home: Path,
) -> None:
    with monitor(home, *FAST, env=offline() | BUILDS) as one:
        page = one.wait_for(lambda p: "building one failed" in grid_problem(p))
        assert "no history could be fetched" in grid_problem(page)
        assert "(next try in 15 min)" in grid_problem(page)
        seen = page["monitor"]["iteration"]
        one.wait_for(lambda p: p["monitor"]["iteration"] > seen + 1)
        assert builders(one) == []
    assert list((home / "results").iterdir()) == []


def test_two_builders_never_work_on_one_home(stored: Path) -> None:
    with FileLock(stored / "data" / "grid_build.lock"):
        done = subprocess.run(
            [sys.executable, "-m", "monitor.cli.build_grid", str(stored), "NDX"],
            env=offline(), capture_output=True, text=True, check=False, timeout=90,
        )  # fmt: skip
    assert done.returncode == 2
    assert "another process is building a grid already" in done.stdout
    assert not list(stored.glob("results/*"))


@pytest.mark.parametrize(("sessions", "chains"), [(59, False), (60, True)])
def test_recorded_chains_are_taken_when_they_suffice_for_bands(
    home: Path, sessions: int, chains: bool
) -> None:
    calendar = load_calendar(None, today=LAST)
    folder = home / "options_csv_output_full" / "NDX"
    folder.mkdir(parents=True)
    for session in calendar.between(date(2025, 9, 2), LAST)[:sessions]:
        (folder / f"NDX_options_{session.date}.csv").touch()
    assert best_sources(Home(home), "NDX") == ((str(home), "yahoo") if chains else ("yahoo",))


def test_once_and_a_chosen_grid_and_the_setting_start_no_builder(home: Path) -> None:
    run("monitor", "--once", home=home, env=offline() | BUILDS)
    assert not (home / "logs" / "grid_build.log").exists()
    for args, env in (((), {}), (("--grid", str(home / "mine.csv")), BUILDS)):
        done = run("monitor", *FAST, *args, "--max-iterations", "1", home=home, env=offline() | env)
        assert done.returncode == 0, done.stderr
        assert not (home / "logs" / "grid_build.log").exists()
