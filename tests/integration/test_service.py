"""Service definitions, judged by the managers' own tools where they are here."""

from __future__ import annotations

import plistlib
import shutil
import socket
import subprocess
import time
from pathlib import Path, PureWindowsPath
from xml.etree import ElementTree

import pytest
from fakes.processes import BIN, monitor, offline, run

from monitor.service.definitions import Job, launchd_agent, systemd_unit, windows_task

JOB = Job(
    python=str(BIN / "python"),
    home=Path("/home/me/my condors 100%"),
    options=("--ticker", "NDX", "--trend", "sideways"),
    data_interval_s=60,
)


def judged(unit: Path) -> list[str]:
    """What systemd says of a unit file."""
    done = subprocess.run(
        ["systemd-analyze", "verify", "--user", "--man=no", str(unit)],
        capture_output=True, text=True, check=False,
        env={**offline(), "XDG_RUNTIME_DIR": str(unit.parent)},
    )  # fmt: skip
    return done.stderr.splitlines()


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
def test_systemd_itself_finds_nothing_to_say_about_the_unit(tmp_path: Path) -> None:
    made = systemd_unit(JOB, tmp_path)
    Path(made.path).write_text(made.text, "utf-8")
    assert [line for line in judged(Path(made.path)) if "condorwatch" in line] == []
    broken = made.text.replace("Type=notify", "Typ=notify").replace("WatchdogSec=180", "Watch=x")
    Path(made.path).write_text(broken, "utf-8")
    assert "Typ" in "".join(judged(Path(made.path)))  # the check can fail


def test_the_watchdog_waits_for_three_cycles_and_not_less_than_three_minutes(
    tmp_path: Path,
) -> None:
    slow = Job(python="py", home=tmp_path, options=(), data_interval_s=600)
    assert "WatchdogSec=180\n" in systemd_unit(JOB, tmp_path).text
    assert "WatchdogSec=1800\n" in systemd_unit(slow, tmp_path).text


def test_launchd_gets_each_word_of_the_command(tmp_path: Path) -> None:
    parsed = plistlib.loads(launchd_agent(JOB, tmp_path).text.encode())
    assert parsed["ProgramArguments"] == list(JOB.command)
    assert parsed["KeepAlive"] == {"SuccessfulExit": False}


def test_task_scheduler_gets_well_formed_xml_with_a_quoted_home() -> None:
    job = Job(
        python=r"C:\Python\python.exe",
        home=PureWindowsPath(r"C:\Users\me & you\condors"),
        options=("--ticker", "NDX"),
        data_interval_s=60,
    )
    root = ElementTree.fromstring(windows_task(job, PureWindowsPath(r"C:\t")).text.encode())  # noqa: S314 -- our own text
    space = {"t": "http://schemas.microsoft.com/windows/2004/02/mit/task"}
    line = root.findtext(".//t:Arguments", namespaces=space)
    assert line == r'-m monitor.cli.main --home "C:\Users\me & you\condors" --ticker NDX'
    assert root.findtext(".//t:ExecutionTimeLimit", namespaces=space) == "PT0S"


def test_a_dry_run_shows_everything_and_writes_nothing(home: Path) -> None:
    done = run("monitor", "service", "install", "--dry-run", "--manager", "systemd", home=home)
    assert done.returncode == 0
    path, _, text = done.stdout.partition("\n")
    assert text.startswith("[Unit]")
    assert "systemctl --user enable --now condorwatch.service" in done.stdout
    assert not Path(path.removeprefix("# ")).exists()


def test_the_monitor_tells_systemd_that_it_is_ready_and_alive(home: Path, tmp_path: Path) -> None:
    """A real notification socket, as systemd gives one."""
    place = tmp_path / "notify.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(place))
        listener.settimeout(30)
        env = {**offline(), "NOTIFY_SOCKET": str(place)}
        with monitor(home, "--no-dashboard", "--data-interval", "5", env=env) as alive:
            heard = [listener.recv(1024).decode() for _ in range(3)]
            alive.process.terminate()
            deadline = time.monotonic() + 10
            while "STOPPING=1" not in heard and time.monotonic() < deadline:
                heard.append(listener.recv(1024).decode())
    assert heard[0] == "READY=1"
    assert [h.splitlines()[1] for h in heard[1:3]] == ["WATCHDOG=1", "WATCHDOG=1"]
    assert "STOPPING=1" in heard


def test_systemd_never_gives_up_on_it() -> None:
    """A database server that is away fails start after start."""
    text = systemd_unit(JOB, Path("/units")).text
    assert "StartLimitIntervalSec=0\n" in text
    assert "StartLimitBurst" not in text
