"""The installed `monitor` as a real process, without a network."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from fakes.processes import Running, hanging_server, monitor, offline, run
from fakes.spine import running

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("monitor-process")]

STOPS_WITHIN_S = 5.0
ONCE_WITHIN_S = 30.0
FAST = ("--no-dashboard", "--data-interval", "5", "--scan-interval", "5")


def assert_whole(home: Path) -> None:
    """I4: integrity and foreign keys."""
    connection = sqlite3.connect(home / "data" / "monitor.db")
    try:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    finally:
        connection.close()


def test_trap_29_once_without_a_network_ends_with_3_and_invents_nothing(home: Path) -> None:
    done = run(
        "monitor", "--ticker", "NDX", "--trend", "sideways", "--once",
        home=home, timeout=ONCE_WITHIN_S,
    )  # fmt: skip
    assert done.returncode == 3, done.stderr
    assert "NDX: UNKNOWN" in done.stdout
    assert "VIX UNKNOWN → regime UNKNOWN" in done.stdout
    assert "Data is missing or stale for NDX" in done.stdout
    assert "Nothing was filled in." in done.stdout
    assert "Traceback" not in done.stderr
    page = json.loads((home / "data" / "dashboard_data.json").read_bytes())
    assert page["markets"][0]["price"] is page["markets"][0]["vix"] is None
    assert page["monitor"]["state"] == "stopped"
    assert not list((home / "data").glob("history/**/*.parquet"))


def test_once_as_json_is_one_object_with_the_same_exit_code(home: Path) -> None:
    done = run("monitor", "--once", "--json", home=home)
    assert done.returncode == 3
    told = json.loads(done.stdout)
    assert told["schema_version"] == 1
    assert told["markets"][0]["ticker"] == "NDX"
    assert told["markets"][0]["price"] is None


def test_fault_26_the_second_monitor_on_a_home_exits_2(home: Path) -> None:
    with monitor(home, *FAST) as first:
        first.wait_for(lambda page: page["monitor"]["iteration"] >= 1)
        second = run("monitor", *FAST, home=home)
        assert second.returncode == 2
        assert "another monitor runs on" in second.stderr
        once = run("monitor", "--once", "--json", home=home)
        assert once.returncode == 2
        assert json.loads(once.stdout)["ok"] is False
        seen = first.page()["monitor"]["iteration"]
        first.wait_for(lambda page: page["monitor"]["iteration"] > seen)  # not disturbed


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_fault_35_a_signal_ends_the_monitor_within_5_s(home: Path, number: signal.Signals) -> None:
    with monitor(home, *FAST) as running_one:
        running_one.wait_for(lambda page: page["monitor"]["iteration"] >= 1)
        running_one.send(number)
        assert running_one.ended(STOPS_WITHIN_S) == 0
        assert running_one.page()["monitor"]["state"] == "stopped"
    assert_whole(home)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_fault_35_also_while_a_fetch_hangs(home: Path, number: signal.Signals) -> None:
    with hanging_server() as (port, reached):
        env = offline(port) | {"CONDORWATCH_DATA__TIMEOUT_S": "60"}
        with monitor(home, *FAST, env=env) as running_one:
            running_one.until(reached.is_set)
            running_one.send(number)
            assert running_one.ended(STOPS_WITHIN_S) == 0
            _out, err = running_one.process.communicate()
    assert "stopped while a fetch was still hanging" in err
    assert_whole(home)
    again = run("monitor", "--once", home=home)  # nothing is left locked
    assert again.returncode == 3, again.stderr


def test_the_asked_number_of_cycles_and_no_more(home: Path) -> None:
    done = run("monitor", *FAST, "--max-iterations", "2", home=home)
    assert done.returncode == 0, done.stderr
    page = json.loads((home / "data" / "dashboard_data.json").read_bytes())
    assert page["monitor"]["iteration"] == 2
    assert page["monitor"]["state"] == "stopped"
    assert done.stdout.endswith("stopped\n")


@pytest.fixture(scope="module")
def alive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One monitor that other processes talk to."""
    with monitor(tmp_path_factory.mktemp("alive"), "--trend", "down", *FAST) as process:
        process.wait_for(lambda page: page["monitor"]["iteration"] >= 1)
        yield process


def test_trend_set_reaches_the_running_monitor(alive: Running) -> None:
    page = alive.page()
    assert (page["markets"][0]["trend"], page["markets"][0]["trend_source"]) == ("down", "flag")
    assert run("monitor", "trend", "set", "up", home=alive.home).returncode == 0
    page = alive.wait_for(lambda p: p["markets"][0]["trend"] == "up")
    assert page["markets"][0]["trend_source"] == "trend set"


def test_trap_30_positions_add_reaches_the_running_monitor(alive: Running) -> None:
    added = run(
        "positions", "add", "--dte", "5", "--band", "P97", "--spread", "put_spread",
        "--contracts", "3", "--credit", "150.00", "--risk", "850.00",
        "--short-put", "19800", "--long-put", "19700", "--json", home=alive.home,
    )  # fmt: skip
    assert added.returncode == 0, added.stderr
    page = alive.wait_for(lambda p: p["portfolio"]["open"] == 1)
    assert page["positions"][0]["max_loss_usd"] == 29_850  # 3 × $10,000 − $150
    assert page["portfolio"]["total_max_loss_usd"] == 29_850
    position = page["positions"][0]["id"]
    closed = run("positions", "close", position, "--pnl", "75", home=alive.home)
    assert closed.returncode == 0, closed.stderr
    page = alive.wait_for(lambda p: p["portfolio"]["open"] == 0)
    assert page["portfolio"]["realized_pnl_usd"] == 75


def test_fault_20_a_suspended_monitor_goes_on_when_it_is_woken(alive: Running) -> None:
    alive.send(signal.SIGSTOP)
    alive.until(lambda: psutil.Process(alive.process.pid).status() == psutil.STATUS_STOPPED)
    asleep = alive.page()["monitor"]["iteration"]
    shown = run("monitor", "trend", "show", home=alive.home)  # takes a while, and must not hang
    assert shown.returncode == 0
    assert alive.page()["monitor"]["iteration"] == asleep
    alive.send(signal.SIGCONT)
    alive.wait_for(lambda page: page["monitor"]["iteration"] > asleep)


WRITER = """
import sys
from pathlib import Path
from fakes.snapshots import empty_snapshot
from monitor.domain.snapshot import Problem
from monitor.runtime.snapshot_file import write_snapshot
from dataclasses import replace
snapshot = empty_snapshot()
notes = tuple(Problem(what=str(i), why="x" * 60) for i in range(600))
snapshot = replace(snapshot, health=replace(snapshot.health, problems=notes))
path = Path(sys.argv[1])
print("ready", flush=True)
while True:
    write_snapshot(path, snapshot)
"""


def test_fault_23_killed_while_writing_the_page_it_stays_readable(home: Path) -> None:
    path = home / "data" / "dashboard_data.json"
    path.parent.mkdir()
    tests = Path(__file__).resolve().parents[1]
    env = offline() | {"PYTHONPATH": str(tests)}
    for _ in range(8):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], env=env, stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        while not path.exists():
            pass
        for _ in range(40):  # a reader beside it never sees half a file
            assert len(json.loads(path.read_bytes())["health"]["problems"]) == 600
        writer.kill()
        writer.communicate()
        assert len(json.loads(path.read_bytes())["health"]["problems"]) == 600
    (path.parent / f".{path.name}.99999.tmp").write_text('{"half')  # as a kill may leave it
    with running(home):
        pass
    assert list(path.parent.glob(".dashboard_data.json.*")) == []
