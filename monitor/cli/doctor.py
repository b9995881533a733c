"""`monitor doctor`: everything that must be right before you rely on it."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from monitor.cli.options import home_option, json_option
from monitor.clock import SystemClock
from monitor.config import Settings
from monitor.config_load import load_settings
from monitor.doctor.finding import Finding, Grade, checked
from monitor.domain.plain_text import plain
from monitor.domain.trading_calendar import TradingCalendar
from monitor.errors import ConfigError
from monitor.home import Home, find_home

LIVE = {"auto": ("yahoo", "cboe"), "yahoo": ("yahoo",), "cboe": ("cboe",)}
_COLORS = {Grade.OK: "green", Grade.WARN: "yellow", Grade.FAIL: "red"}


@click.command()
@home_option
@json_option
def doctor(home: Path | None, as_json: bool) -> None:
    """Check settings, clock, calendar, sources, grid, database, disk, port and channels.

    Nothing is changed and no alert is sent. Exit code 1 when a check fails.

    Example: monitor doctor
    """
    found = find_home(home)
    logging.basicConfig(handlers=[logging.NullHandler()])  # the clients' own words are for no one
    findings = []
    for finding in _examine(found):
        findings.append(finding)
        if not as_json:
            click.echo(_line(finding))
    failed = any(finding.grade is Grade.FAIL for finding in findings)
    if as_json:
        rows = [
            {"check": f.check, "state": f.grade.value, "said": f.said, "todo": f.todo}
            for f in findings
        ]
        click.echo(json.dumps({"schema_version": 1, "ok": not failed, "findings": rows}))
    if failed:
        sys.exit(1)


def _examine(home: Home) -> Iterator[Finding]:
    try:
        settings = load_settings(home.root)
    except ConfigError as error:
        yield Finding(check="settings", grade=Grade.FAIL, said=error.message, todo=error.hint)
        return
    own = (home.root / "config.toml").exists()
    said = f"readable ({home.root / 'config.toml'})" if own else "the defaults: no config.toml"
    yield Finding(check="settings", grade=Grade.OK, said=said)
    home.prepare()
    yield from _machine(home, settings)
    yield from _inputs(home, settings)


def _machine(home: Home, settings: Settings) -> Iterator[Finding]:
    from monitor.doctor import machine
    from monitor.running import is_held

    now = SystemClock().now
    yield from checked("clock", lambda: machine.clock(now))
    yield from checked("disk", lambda: machine.disk(home.root))
    yield from checked("monitor", lambda: machine.monitor(home))
    yield from checked("database", lambda: machine.database(home, settings, now()))
    page = settings.dashboard
    running = is_held(home.lock)
    yield from checked("port", lambda: machine.port(page.host, page.port, running=running))


def _inputs(home: Home, settings: Settings) -> Iterator[Finding]:
    from monitor.app import calendar_for
    from monitor.doctor import inputs, machine
    from monitor.notify.setup import build_notifiers

    clock = SystemClock()
    calendar = calendar_for(home, clock)
    yield from checked("calendar", lambda: machine.horizon(calendar, clock.now()))
    for name in LIVE.get(settings.data.source, ()):  # a simulation asks nobody
        yield from _source(name, home, settings, calendar)
    yield from checked("grid", lambda: inputs.grid(home, settings, clock.now()))
    yield from checked(
        "channels",
        lambda: inputs.channels(build_notifiers(home, settings, console=False, people=True)),
    )
    yield from checked("heartbeat", lambda: inputs.heartbeat(settings))


def _source(
    name: str, home: Home, settings: Settings, calendar: TradingCalendar
) -> Iterator[Finding]:
    from monitor.doctor import inputs
    from monitor.providers.live import build_live_sources
    from monitor.runtime.feed import symbols_for

    now = SystemClock().now()
    built = build_live_sources(
        name, data=settings.data, cache_dir=home.data / "cache", calendar=calendar
    )
    if name == "yahoo":  # Cboe's daily files have no price of now
        symbols = symbols_for(settings.tickers)
        yield from checked(
            f"source {name}",
            lambda: inputs.source(name, built.market, symbols, calendar=calendar, now=now),
        )
    yield from checked(
        f"chains {name}",
        lambda: inputs.chain_source(
            name, built.chains, settings.tickers, calendar=calendar, now=now
        ),
    )
    built.market.close()


def _line(finding: Finding) -> str:
    mark = click.style(f"{finding.grade.value:<8}", fg=_COLORS.get(finding.grade))
    todo = f"\n{'':<9}{'':<15}→ {plain(finding.todo)}" if finding.todo else ""
    return f"{mark} {finding.check:<14} {plain(finding.said)}{todo}"
