"""`monitor status`: is somebody watching? For people, and for cron by its exit code."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
import msgspec

from monitor.cli.options import home_option, json_option
from monitor.clock import SystemClock
from monitor.domain.alert_text import age_text
from monitor.home import Home, find_home
from monitor.running import is_held, what_runs

GRACE = timedelta(seconds=15)  # a cycle ends a little after it was due
HEALTHY = ("running", "paused")
SIMULATED = "simulated"


class Written(msgspec.Struct):
    """What `status` needs of dashboard_data.json."""

    class Monitor(msgspec.Struct):
        pid: int
        state: str
        paused: bool
        source: str
        display_timezone: str
        simulated: bool = False

    generated_at: datetime
    next_due_at: datetime
    monitor: Monitor


@click.command()
@home_option
@json_option
def status(home: Path | None, as_json: bool) -> None:
    """Say whether the monitor runs and is on time; exit code 1 when it does not.

    \b
    running, paused   it watches (exit code 0)
    late              it runs, but its last cycle is overdue
    stopped, dead     nobody watches your positions
    never             it has not run in this home yet
    simulated         the home of a demo or a replay, whose clock is not this one

    \b
    Example, in a crontab: warn when nobody watches on a weekday
      */5 6-13 * * 1-5  monitor status --home ~/condorwatch || notify-send "monitor is not running"
    """
    found = find_home(home)
    now = SystemClock().now()
    written = _read(found)
    state = _state(found, written, now)
    if as_json:
        click.echo(json.dumps(_fields(found, written, state, now)))
    else:
        click.echo(_sentence(found, written, state, now))
    if state not in HEALTHY:
        raise click.exceptions.Exit(1)


def _read(home: Home) -> Written | None:
    try:
        return msgspec.json.decode(home.snapshot.read_bytes(), type=Written)
    except (OSError, msgspec.MsgspecError):
        return None


def _state(home: Home, written: Written | None, now: datetime) -> str:
    if not is_held(home.lock):
        if written is None:
            return "never"
        if written.monitor.simulated:
            return SIMULATED  # its clock and its lock are not those of a live home
        return "stopped" if written.monitor.state == "stopped" else "dead"
    if written is None or now > written.next_due_at + GRACE:
        return "late"
    return "paused" if written.monitor.paused else "running"


def _sentence(home: Home, written: Written | None, state: str, now: datetime) -> str:
    who = what_runs(home)
    pid = f", pid {who.pid}" if who else ""
    if written is None:
        return {
            "never": f"never: no monitor has run in {home.root}",
            "late": f"late: a monitor runs in {home.root}{pid}, and has not finished a cycle",
        }.get(state, state)
    zone = ZoneInfo(written.monitor.display_timezone)
    at = f"{written.generated_at.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}"
    if state == SIMULATED:
        return (
            f"simulated: a demo or a replay wrote {home.root}, last at {at} by its own clock. "
            "It watches no market; its page says whether it runs. Give a live home with --home"
        )
    age = age_text(max(timedelta(0), now - written.generated_at)).removesuffix(" old")
    last = f"last cycle {at}, {age} ago"
    return {
        "running": f"running{pid}: {last}, source {written.monitor.source}",
        "paused": f"PAUSED{pid}: no opportunity is alerted, exits are; {last}",
        "late": f"LATE{pid}: {last}, the next one is overdue. Asleep or hanging?",
        "stopped": f"stopped: {last}. Nobody watches; `monitor start` begins again",
        "dead": f"DEAD: it ended without a word; {last}. Nobody watches; `monitor start` begins "
        "again, logs/monitor.log may tell why",
    }[state]


def _fields(home: Home, written: Written | None, state: str, now: datetime) -> dict[str, Any]:
    who = what_runs(home)
    age = now - written.generated_at if written and state != SIMULATED else None
    return {
        "schema_version": 1,
        "ok": state in HEALTHY,
        "state": state,
        "pid": who.pid if who else None,
        "last_cycle_at": _stamp(written.generated_at) if written else None,
        "next_due_at": _stamp(written.next_due_at) if written else None,
        "age_s": None if age is None else round(age.total_seconds(), 1),
    }


def _stamp(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
