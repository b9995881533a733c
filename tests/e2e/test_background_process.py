"""`monitor start`, `status`, `pause`, `stop`: the real process, killed for real."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes.collector import collector
from fakes.processes import monitor, offline, run


def status(home: Path) -> tuple[int, dict[str, Any]]:
    done = run("monitor", "status", "--json", home=home)
    return done.returncode, json.loads(done.stdout)


@pytest.fixture
def started(home: Path) -> Iterator[int]:
    done = run("monitor", "start", "--no-dashboard", home=home)
    assert done.returncode == 0, done.stderr
    pid = status(home)[1]["pid"]
    yield pid
    run("monitor", "stop", home=home)


def gone(pid: int) -> bool:
    for _ in range(100):
        if not Path(f"/proc/{pid}/stat").exists() or " Z " in Path(f"/proc/{pid}/stat").read_text():
            return True
        time.sleep(0.05)
    return False


def test_before_the_first_run_status_says_never(home: Path) -> None:
    assert status(home) == (1, {
        "schema_version": 1, "ok": False, "state": "never", "pid": None, "last_cycle_at": None,
        "next_due_at": None, "age_s": None,
    })  # fmt: skip


def test_a_started_monitor_outlives_its_command_and_ends_by_stop(home: Path, started: int) -> None:
    code, shown = status(home)
    assert (code, shown["state"], shown["pid"]) == (0, "running", started)
    assert shown["age_s"] < 60
    done = run("monitor", "stop", home=home)
    assert done.returncode == 0
    assert str(started) in done.stdout
    assert gone(started)
    assert status(home)[1]["state"] == "stopped"


def test_fault_26_a_second_start_is_refused(home: Path, started: int) -> None:
    done = run("monitor", "start", "--no-dashboard", home=home)
    assert done.returncode == 2
    assert f"already (pid {started})" in done.stderr


def test_fault_37_a_killed_monitor_is_dead_to_status(home: Path, started: int) -> None:
    os.kill(started, signal.SIGKILL)
    assert gone(started)
    code, shown = status(home)
    assert (code, shown["state"]) == (1, "dead")
    said = run("monitor", "status", home=home)
    assert said.stdout.startswith("DEAD: it ended without a word")
    assert run("monitor", "stop", home=home).returncode == 1


def test_a_start_that_fails_says_why(home: Path) -> None:
    done = run("monitor", "start", "--ticker", "N D", home=home)
    assert done.returncode == 1
    assert "ended at once with exit code 2" in done.stderr
    assert ": --ticker 'N D' is no symbol" in done.stderr  # without a second "error:"
    assert "letters and digits" in done.stderr  # what to do about it
    assert "monitor.out" in done.stderr


def test_the_home_of_a_demo_is_not_called_dead(home: Path) -> None:
    assert run("monitor", "--source", "demo", "--once", home=home).returncode == 0
    code, shown = status(home / "demo")
    assert (code, shown["state"], shown["age_s"]) == (1, "simulated", None)
    said = run("monitor", "status", home=home / "demo").stdout
    assert said.startswith("simulated: ")
    assert "DEAD" not in said


def test_a_simulated_session_is_not_started_in_the_background(home: Path) -> None:
    done = run("monitor", "start", "--source", "demo", home=home)
    assert done.returncode == 2
    assert "monitor --source demo" in done.stderr


def test_paused_is_loud_and_a_running_monitor_takes_it(home: Path) -> None:
    with monitor(home, "--no-dashboard", "--data-interval", "5") as alive:
        alive.wait_for(lambda page: page["monitor"]["iteration"] >= 1)
        assert run("monitor", "pause", home=home).returncode == 0
        alive.wait_for(lambda page: page["monitor"]["paused"])
        code, shown = status(home)
        assert (code, shown["state"]) == (0, "paused")
        log = home / "logs" / "alerts.log"
        alive.until(lambda: log.exists() and "[WARNING] PAUSED since" in log.read_text("utf-8"))
        assert run("monitor", "resume", home=home).returncode == 0
        alive.wait_for(lambda page: not page["monitor"]["paused"])


def test_fault_37_the_dead_mans_ping_comes_each_cycle_and_stops_with_the_monitor(
    home: Path,
) -> None:
    with collector() as server:
        url = f"http://127.0.0.1:{server.port}/hush-hush"
        env = {
            **offline(), "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1",
            "CONDORWATCH_NOTIFY__HEARTBEAT_URL": url,
        }  # fmt: skip
        with monitor(home, "--no-dashboard", "--data-interval", "5", env=env) as alive:
            assert server.wait_for(2, within_s=40)
            os.kill(alive.page()["monitor"]["pid"], signal.SIGKILL)
            time.sleep(0.5)
            heard = len(server.paths)
            time.sleep(6)
            assert len(server.paths) == heard
        assert set(server.paths) == {"/hush-hush"}
    for path in (home / "data").rglob("*"):
        assert not path.is_file() or b"hush-hush" not in path.read_bytes()
    assert "hush-hush" not in (home / "logs" / "monitor.log").read_text("utf-8")
