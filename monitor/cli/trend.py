"""`monitor trend`: the person's own view of the market, while the monitor runs."""

from __future__ import annotations

import json
from pathlib import Path

import click

from monitor.cli.group import CommandGroup
from monitor.cli.options import home_option, json_option
from monitor.clock import SystemClock
from monitor.config_load import load_settings
from monitor.domain.vocabulary import Trend
from monitor.errors import InputError
from monitor.home import find_home
from monitor.store.controls import set_trend, trend_set
from monitor.store.engine import read, write
from monitor.store.store import open_store


@click.group(cls=CommandGroup)
def trend() -> None:
    """Show or set the trend that picks the spread types.

    \b
    up        put spreads first: they earn when price holds or rises
    down      call spreads first: they earn when price holds or falls
    sideways  iron condors: they earn when price stays
    """


@trend.command("set")
@click.argument("value", metavar="up|down|sideways")
@home_option
@json_option
def set_(value: str, home: Path | None, as_json: bool) -> None:
    """Set the trend; a running monitor takes it at its next cycle.

    Example: monitor trend set up
    """
    chosen = parse_trend(value)
    place = find_home(home)
    place.prepare()
    store = open_store(place.root, load_settings(place.root))
    try:
        with write(store.engine) as connection:
            set_trend(connection, chosen, at=SystemClock().now())
    finally:
        store.close()
    _say(chosen, "trend set", as_json=as_json, text=f"trend {chosen.value}, from the next cycle on")


@trend.command("show")
@home_option
@json_option
def show(home: Path | None, as_json: bool) -> None:
    """Show the trend in force.

    Example: monitor trend show
    """
    place = find_home(home)
    settings = load_settings(place.root)
    place.prepare()
    store = open_store(place.root, settings)
    try:
        with read(store.engine) as connection:
            stored = trend_set(connection)
    finally:
        store.close()
    chosen, source = (stored, "trend set") if stored else (settings.trend, "settings")
    _say(chosen, source, as_json=as_json, text=f"trend {chosen.value} ({source})")


def parse_trend(text: str) -> Trend:
    """The trend that was meant.

    Raises:
        InputError: It is none, or `auto`, which is not available yet.
    """
    word = text.strip().lower()
    if word == "auto":
        raise InputError(
            "trend 'auto' is not available yet", hint="say it yourself: up, down or sideways"
        )
    if word not in set(Trend):
        raise InputError(f"{text!r} is no trend", hint="choose up, down or sideways")
    return Trend(word)


def _say(trend_: Trend, source: str, *, as_json: bool, text: str) -> None:
    if as_json:
        click.echo(json.dumps({"schema_version": 1, "trend": trend_.value, "source": source}))
    else:
        click.echo(text)
