"""What each service manager is told: systemd, launchd, Windows Task Scheduler. Pure text."""

from __future__ import annotations

import plistlib
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath, PureWindowsPath
from xml.sax.saxutils import escape

NAME = "condorwatch"
LABEL = "io.condorwatch.monitor"
# The watchdog waits for three cycles, as the page does before it says STALE.
WATCHDOG_CYCLES = 3
LEAST_WATCHDOG_S = 180


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is to run: `python -m monitor.cli.main --home HOME OPTIONS`."""

    python: str
    home: PurePath
    options: tuple[str, ...]
    data_interval_s: float

    @property
    def command(self) -> tuple[str, ...]:
        return (self.python, "-m", "monitor.cli.main", "--home", str(self.home), *self.options)


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A file to write and the commands that make the manager take it, or leave it."""

    manager: str
    path: PurePath
    text: str
    install: tuple[tuple[str, ...], ...]
    uninstall: tuple[tuple[str, ...], ...]
    status: tuple[str, ...]
    note: str


def systemd_unit(job: Job, folder: Path) -> Definition:
    """A user unit: started at log-in, restarted after a crash or when it stops answering.

    It never gives up: a database server that is away for an hour fails many starts in a row.
    """
    watchdog = max(LEAST_WATCHDOG_S, round(WATCHDOG_CYCLES * job.data_interval_s))
    unit = f"{NAME}.service"
    text = f"""[Unit]
Description=Condorwatch, alert-only monitor of index credit spreads
After=network-online.target
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
ExecStart={" ".join(_unit_word(word) for word in job.command)}
WorkingDirectory={_unit_path(job.home)}
Restart=on-failure
RestartSec=30
WatchdogSec={watchdog}
TimeoutStartSec=300
TimeoutStopSec=15
NoNewPrivileges=yes
PrivateTmp=yes

[Install]
WantedBy=default.target
"""
    return Definition(
        manager="systemd",
        path=folder / unit,
        text=text,
        install=(
            ("systemctl", "--user", "daemon-reload"),
            ("systemctl", "--user", "enable", "--now", unit),
        ),
        uninstall=(("systemctl", "--user", "disable", "--now", unit),),
        status=("systemctl", "--user", "status", "--no-pager", unit),
        note="it runs while you are logged in; `loginctl enable-linger` lets it run always",
    )


def launchd_agent(job: Job, folder: Path) -> Definition:
    """A macOS launch agent: started at log-in, restarted when it fails."""
    path = folder / f"{LABEL}.plist"
    text = plistlib.dumps(
        {
            "Label": LABEL,
            "ProgramArguments": list(job.command),
            "WorkingDirectory": str(job.home),
            "RunAtLoad": True,
            "KeepAlive": {"SuccessfulExit": False},
            "ThrottleInterval": 10,
            "ExitTimeOut": 15,
            "StandardOutPath": str(job.home / "logs" / "monitor.out"),
            "StandardErrorPath": str(job.home / "logs" / "monitor.out"),
        }
    ).decode()
    return Definition(
        manager="launchd",
        path=path,
        text=text,
        install=(("launchctl", "load", "-w", str(path)),),
        uninstall=(("launchctl", "unload", "-w", str(path)),),
        status=("launchctl", "list", LABEL),
        note="on a Mac port 5000 usually belongs to AirPlay: add --port 5001 to the options",
    )


def windows_task(job: Job, folder: PurePath) -> Definition:
    """A Task Scheduler task: started at log-on, restarted when it fails."""
    path = PureWindowsPath(folder) / f"{NAME}.xml"
    program, *arguments = job.command
    text = f"""<?xml version="1.0" encoding="UTF-8"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <Triggers><LogonTrigger><Enabled>true</Enabled></LogonTrigger></Triggers>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <RestartOnFailure><Interval>PT1M</Interval><Count>255</Count></RestartOnFailure>
  </Settings>
  <Actions>
    <Exec>
      <Command>{escape(program)}</Command>
      <Arguments>{escape(_windows_line(arguments))}</Arguments>
      <WorkingDirectory>{escape(str(job.home))}</WorkingDirectory>
    </Exec>
  </Actions>
</Task>
"""
    return Definition(
        manager="Task Scheduler",
        path=path,
        text=text,
        install=(("schtasks", "/Create", "/TN", NAME, "/XML", str(path), "/F"),
                 ("schtasks", "/Run", "/TN", NAME)),
        uninstall=(("schtasks", "/Delete", "/TN", NAME, "/F"),),
        status=("schtasks", "/Query", "/TN", NAME, "/V", "/FO", "LIST"),
        note="it runs while you are logged on",
    )  # fmt: skip


def shown(command: Sequence[str]) -> str:
    """A command as a person would type it."""
    return shlex.join(command)


def _unit_word(word: str) -> str:
    """One argument of ExecStart: `%` and `$` mean something there, quotes and blanks too."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"' if any(c in word for c in " \t'\"\\") else escaped


def _unit_path(path: PurePath) -> str:
    return str(path).replace("%", "%%")


def _windows_line(words: Sequence[str]) -> str:
    from subprocess import list2cmdline

    return list2cmdline(words)
