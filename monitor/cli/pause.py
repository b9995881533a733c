"""`monitor pause` and `resume`: opportunities stop and go on; exits never stop."""

from __future__ import annotations

import json
from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from monitor.cli.options import home_option, json_option
from monitor.clock import SystemClock
from monitor.config_load import load_settings
from monitor.domain.alert_text import clock_text
from monitor.home import find_home
from monitor.store.controls import paused_since, set_paused
from monitor.store.engine import write
from monitor.store.store import open_store


@click.command()
@home_option
@json_option
def pause(home: Path | None, as_json: bool) -> None:
    """Tell no opportunities until `monitor resume`.

    Exits, limits, data problems and errors go on. The page and an alert say that it is paused.

    Example: monitor pause
    """
    _set(home, paused=True, as_json=as_json)


@click.command()
@home_option
@json_option
def resume(home: Path | None, as_json: bool) -> None:
    """Tell opportunities again.

    Example: monitor resume
    """
    _set(home, paused=False, as_json=as_json)


def _set(home: Path | None, *, paused: bool, as_json: bool) -> None:
    place = find_home(home)
    settings = load_settings(place.root)
    place.prepare()
    store = open_store(place.root, settings)
    try:
        with write(store.engine) as connection:
            before = paused_since(connection)
            set_paused(connection, paused, at=SystemClock().now())
            since = paused_since(connection)
    finally:
        store.close()
    if as_json:
        stamp = None if since is None else since.astimezone(UTC).isoformat().replace("+00:00", "Z")
        click.echo(json.dumps({"schema_version": 1, "paused": paused, "since": stamp}))
    elif since is not None:
        shown = clock_text(since, ZoneInfo(settings.hours.display_timezone))
        click.echo(f"paused since {shown}: no opportunity is alerted; exits go on")
    else:
        click.echo("resumed, from the next cycle on" if before else "it was not paused")
