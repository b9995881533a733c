"""Replay and demo as real processes: the same bytes twice, ended by a signal, one a home."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
from fakes.processes import monitor, offline, run

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("replay-process")]

STOPS_WITHIN_S = 5.0
DAYS = ("replay", "2022-03-30", "--to", "2022-04-05", "--ticker", "SPX", "--ticker", "QQQ")


@pytest.fixture
def bars(shared_data: Path) -> str:
    return f"replay:{shared_data / 'replay'}"


def test_two_replays_write_the_same_bytes(tmp_path: Path, bars: str, shared_data: Path) -> None:
    user_grid = (shared_data / "grid" / "user_grid_trading_ready.csv").read_bytes()
    told = []
    for seed, zone in (("1", "Asia/Tokyo"), ("2", "America/New_York")):
        home = tmp_path / seed
        grid = home / "results" / "backtest_tight" / "grid_trading_ready.csv"
        grid.parent.mkdir(parents=True)
        grid.write_bytes(user_grid)
        env = offline() | {"PYTHONHASHSEED": seed, "TZ": zone}
        done = run("monitor", *DAYS, "--source", bars, "--profile", "maximum", home=home, env=env)
        assert done.returncode == 0, done.stderr
        told.append((home / "replay" / "logs" / "alerts.jsonl").read_bytes())
    assert told[0] == told[1]
    kinds = {json.loads(line)["level"] for line in told[0].splitlines()}
    assert kinds >= {"WARNING", "OPPORTUNITY"}


def test_a_second_replay_on_a_home_is_refused_and_the_first_goes_on(home: Path, bars: str) -> None:
    watched = ("--source", bars, "--ticker", "SPX", "--no-dashboard")
    with monitor(home, *watched) as first:
        first.home = home / "replay"
        first.wait_for(lambda page: page["monitor"]["iteration"] >= 1)
        second = run("monitor", *DAYS, "--source", bars, home=home)
        assert second.returncode == 2
        assert "another monitor runs on" in second.stderr
        seen = first.page()["monitor"]["iteration"]
        first.wait_for(lambda page: page["monitor"]["iteration"] > seen)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_fault_35_a_watched_replay_ends_within_5_s_with_its_summary(
    home: Path, bars: str, number: signal.Signals
) -> None:
    slow = ("replay", "2022-04-18", "--speed", "1", "--ticker", "SPX", "--source", bars)
    with monitor(home, *slow) as process:  # five minutes between two bars
        process.home = home / "replay"
        process.wait_for(lambda page: page["monitor"]["iteration"] == 1)
        process.send(number)
        assert process.ended(STOPS_WITHIN_S) == 0
        out, _err = process.process.communicate()
    assert "Replayed 1 session(s), 1 cycles" in out
    page = json.loads((home / "replay" / "data" / "dashboard_data.json").read_bytes())
    assert page["monitor"]["state"] == "stopped"
    assert page["next_due_at"] == page["generated_at"] == "2022-04-18T13:35:00Z"


def test_a_position_added_to_a_watched_replay_is_seen_at_its_next_cycle(
    home: Path, bars: str
) -> None:
    with monitor(home, "--source", bars, "--ticker", "SPX", "--no-dashboard") as process:
        process.home = home / "replay"
        process.wait_for(lambda page: page["monitor"]["iteration"] >= 1)
        added = run(
            "positions", "add", "--ticker", "SPX", "--dte", "2", "--spread", "put_spread",
            "--contracts", "1", "--credit", "150", "--short-put", "4300", "--long-put", "4290",
            home=process.home,
        )  # fmt: skip
        assert added.returncode == 0, added.stderr
        assert "SIMULATED: logged" in added.stdout
        assert "expires Wed 2022-04-20 (2 DTE)" in added.stdout  # counted from the replayed day
        process.wait_for(lambda page: page["portfolio"]["open"] == 1)
    assert not (home / "data" / "monitor.db").exists()


def test_the_demo_runs_and_ends_by_a_signal(home: Path) -> None:
    with monitor(home, "--source", "demo", "--no-dashboard") as process:
        process.home = home / "demo"
        page = process.wait_for(lambda p: p["monitor"]["iteration"] >= 3)
        assert page["monitor"]["simulated"]
        assert page["positions"]
        process.send(signal.SIGTERM)
        assert process.ended(STOPS_WITHIN_S) == 0
        out, _err = process.process.communicate()
    assert "SIMULATED NDX" in out
    assert {path.name for path in home.iterdir()} <= {"demo", ".demo-lock"}


def test_the_demo_ends_after_the_asked_number_of_cycles(home: Path) -> None:
    done = run("monitor", "--source", "demo", "--no-dashboard", "--max-iterations", "2", home=home)
    assert done.returncode == 0, done.stderr
    page = json.loads((home / "demo" / "data" / "dashboard_data.json").read_bytes())
    assert page["monitor"]["iteration"] == 2
