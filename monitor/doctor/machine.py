"""The machine around the monitor: clock, disk, port, calendar, database, backups."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import requests

from monitor.config import Settings
from monitor.doctor.finding import Finding, Grade
from monitor.domain.alert_text import age_text
from monitor.domain.trading_calendar import TradingCalendar
from monitor.home import Home
from monitor.running import is_held, what_runs
from monitor.runtime.health import DISK_LOW_MB
from monitor.store.backup import backups
from monitor.store.engine import sqlite_path
from monitor.store.migrate import check_integrity
from monitor.store.store import open_existing

TIME_URL = "https://www.cboe.com/"
CLOCK_OFF = timedelta(seconds=5)
HORIZON_LOW = timedelta(days=30)
BACKUP_OLD = timedelta(days=3)
TIMEOUT_S = 6.0


def clock(now: Callable[[], datetime], *, url: str = TIME_URL) -> list[Finding]:
    """This machine's clock against the `Date` of a web server's answer."""
    asked = now()
    try:
        answer = requests.head(url, timeout=TIMEOUT_S, allow_redirects=False)
        said = parsedate_to_datetime(answer.headers["Date"])
    except (requests.RequestException, KeyError, ValueError, TypeError) as error:
        return [_clock(Grade.UNKNOWN, f"no server told its time ({type(error).__name__})")]
    took = now() - asked
    off = asked + took / 2 - said
    # The header has whole seconds, and the answer took its time.
    sure = abs(off) - timedelta(seconds=1) - took / 2
    if sure > CLOCK_OFF:
        way = "ahead" if off > timedelta(0) else "behind"
        text = f"the clock is {abs(off).total_seconds():.0f} s {way} of the time on the web"
        return [_clock(Grade.FAIL, text, "switch on network time: windows and exits go by it")]
    return [_clock(Grade.OK, f"within {max(1, round(abs(off).total_seconds()))} s of the web's")]


def _clock(grade: Grade, said: str, todo: str = "") -> Finding:
    return Finding(check="clock", grade=grade, said=said, todo=todo)


def horizon(calendar: TradingCalendar, now: datetime) -> list[Finding]:
    """How far ahead the exchange's sessions are known."""
    left = calendar.last - now.date()
    said = f"sessions are known to {calendar.last}, {left.days} days ahead"
    low = left < HORIZON_LOW
    todo = "upgrade the package exchange_calendars" if low else ""
    return [Finding(check="calendar", grade=Grade.WARN if low else Grade.OK, said=said, todo=todo)]


def disk(folder: Path) -> list[Finding]:
    free_mb = shutil.disk_usage(folder).free / 1e6
    low = free_mb < DISK_LOW_MB
    return [
        Finding(
            check="disk",
            grade=Grade.FAIL if low else Grade.OK,
            said=f"{free_mb / 1000:.1f} GB free at {folder}",
            todo=f"make room: below {DISK_LOW_MB:.0f} MB alerts may not be kept" if low else "",
        )
    ]


def port(host: str, number: int, *, running: bool) -> list[Finding]:
    """Whether the page can have its port, or has it."""
    try:
        with socket.create_connection((host.strip("[]"), number), timeout=1):
            taken = True
    except OSError:
        taken = False
    where = f"port {number} on {host}"
    if taken and not running:
        grade, said = Grade.WARN, f"{where} is taken by another program"
        todo = f"start with --port {number + 1}; on a Mac AirPlay holds port 5000"
        return [Finding(check="port", grade=grade, said=said, todo=todo)]
    said = f"{where} {'is served' if taken else 'is free'}"
    return [Finding(check="port", grade=Grade.OK, said=said)]


def monitor(home: Home) -> list[Finding]:
    """Whether one runs on this home."""
    if not is_held(home.lock):
        todo = "`monitor start`, or `monitor` in a terminal"
        return [Finding(check="monitor", grade=Grade.NOTE, said="no monitor runs here", todo=todo)]
    who = what_runs(home)
    pid = f", pid {who.pid}" if who else ""
    return [
        Finding(
            check="monitor",
            grade=Grade.OK,
            said=f"a monitor runs here{pid}",
            todo="`monitor status` says whether it is on time",
        )
    ]


def database(home: Home, settings: Settings, now: datetime) -> list[Finding]:
    """Read the whole database; look at the age of its newest copy."""
    store = open_existing(home.root, settings)
    if store is None:
        return [
            Finding(
                check="database",
                grade=Grade.NOTE,
                said="there is no database yet",
                todo="`positions add` or the first start makes it",
            )
        ]
    try:
        check_integrity(store.engine)
        count = len(store.list_positions())
        path = sqlite_path(store.engine)
    finally:
        store.close()
    found = [Finding(check="database", grade=Grade.OK, said=f"whole; {count} open position(s)")]
    return found if path is None else [*found, _newest_copy(path, now)]


def _newest_copy(path: Path, now: datetime) -> Finding:
    copies = backups(path)
    if not copies:
        return Finding(
            check="backup", grade=Grade.NOTE, said="no copy yet", todo="`monitor backup` makes one"
        )
    age = max(0.0, now.timestamp() - copies[0].stat().st_mtime)
    old = age > BACKUP_OLD.total_seconds()
    return Finding(
        check="backup",
        grade=Grade.WARN if old else Grade.OK,
        said=f"{len(copies)} {'copy' if len(copies) == 1 else 'copies'}, "
        f"the newest {age_text(timedelta(seconds=age))}",
        todo="`monitor backup`; a running monitor does it daily" if old else "",
    )
