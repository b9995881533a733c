"""`monitor alerts`: what was told, the person's answers, and a test of every channel."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from monitor.cli.group import CommandGroup
from monitor.cli.options import WHOLE, home_option, json_option
from monitor.clock import Clock, SystemClock
from monitor.config import Settings
from monitor.config_load import load_settings
from monitor.domain.alert_lifecycle import acknowledge, snooze
from monitor.domain.alert_text import clock_text
from monitor.domain.alerts import AlertRecord, Notice, Reason
from monitor.domain.plain_text import plain
from monitor.domain.snapshot import AlertView
from monitor.domain.vocabulary import Level
from monitor.errors import InputError, NotifyError, StoreError
from monitor.home import Home, find_home

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from monitor.store.store import Store

SCHEMA_VERSION = 1
LONGEST_SNOOZE_MIN = 7 * 24 * 60
RECENT = 10


@dataclass(frozen=True, slots=True)
class AlertsContext:
    """What tests replace: put one into the click context's `obj`."""

    clock: Clock


@click.group(cls=CommandGroup, name="alerts", no_args_is_help=True)
def alerts() -> None:
    """See the alerts, answer them, and test the channels.

    \b
    Example:
      monitor alerts list
      monitor alerts ack A17
    """


@alerts.command(name="list")
@home_option
@json_option
def list_(home: Path | None, as_json: bool) -> None:
    """Show the open alerts, and the last ten that were told.

    \b
    Example:
      monitor alerts list
    """
    from monitor.store import alerts as table
    from monitor.store.engine import read

    _home, settings, _now, store = _open(home)
    living: tuple[AlertView, ...] = ()
    recent: tuple[AlertView, ...] = ()
    trades: dict[str, list[str]] = {}
    if store is not None:
        with read(store.engine) as connection:
            living = table.living_views(connection)
            recent = table.recent(connection, RECENT)
            trades = _trades(connection, living)
        store.close()
    if as_json:
        _say_json({"living": [_fields(v) for v in living], "recent": [_fields(v) for v in recent]})
        return
    zone = ZoneInfo(settings.hours.display_timezone)
    ended = [view for view in recent if view.state == "resolved"]
    _say(["Open alerts:", *_lines(living, zone, trades)] if living else ["No alert is open."])
    if ended:
        _say(["", "Told lately and over:", *_lines(ended, zone, {})])


def _trades(connection: Connection, views: Iterable[AlertView]) -> dict[str, list[str]]:
    """What each opportunity alert told, as it was then."""
    from monitor.domain.trade_line import trade_lines
    from monitor.store.opportunities import told_by

    return {
        view.id: [
            line
            for told in told_by(connection, view.id).values()
            for line in trade_lines(told, as_told=True)
        ]
        for view in views
        if view.level == Level.OPPORTUNITY
    }


@alerts.command(short_help="Say that you have seen an alert.")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@home_option
@json_option
def ack(ids: tuple[str, ...], home: Path | None, as_json: bool) -> None:
    """Say that you have seen an alert: no more reminders, unless it gets worse.

    \b
    Example:
      monitor alerts ack A17
    """
    answered, _zone = _answer(home, ids, lambda record, _now: acknowledge(record))
    if as_json:
        _say_json({"acknowledged": [record.id for record in answered]})
    else:
        _say(f"{record.id} acknowledged: {record.condition.title}" for record in answered)


@alerts.command(name="snooze", short_help="Silence an alert's reminders for a while.")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.option(
    "--minutes",
    type=WHOLE,
    default=60,
    show_default=True,
    help=f"How long to be silent, 1 to {LONGEST_SNOOZE_MIN} (a week).",
)
@home_option
@json_option
def snooze_(ids: tuple[str, ...], minutes: int, home: Path | None, as_json: bool) -> None:
    """Silence an alert's reminders for a while, unless it gets worse.

    \b
    Example:
      monitor alerts snooze A17 --minutes 60
    """
    if not 1 <= minutes <= LONGEST_SNOOZE_MIN:
        raise InputError(
            f"--minutes {minutes} is out of range",
            hint=f"give 1 to {LONGEST_SNOOZE_MIN} minutes (a week)",
        )
    length = timedelta(minutes=minutes)
    answered, zone = _answer(home, ids, lambda record, now: snooze(record, until=now + length))
    if as_json:
        _say_json({"snoozed": [{"id": r.id, "until": _stamp(r.snoozed_until)} for r in answered]})
        return
    _say(
        f"{r.id} snoozed until {clock_text(r.snoozed_until, zone)}: {r.condition.title}"
        for r in answered
        if r.snoozed_until is not None
    )


@alerts.command(short_help="Send a test message through every channel.")
@home_option
@json_option
def test(home: Path | None, as_json: bool) -> None:
    """Send a test message through every channel and report each one.

    \b
    Example:
      monitor alerts test
    """
    found, settings, now, store = _open(home, create=True)
    assert store is not None  # noqa: S101 -- create=True
    outcome = _send_test(found, settings, store, now=now, as_json=as_json)
    store.close()
    failed = any(error is not None for error in outcome.values())
    if as_json:
        channels = [_outcome_fields(name, error) for name, error in outcome.items()]
        _say_json({"ok": not failed, "channels": channels})
    else:
        _say(_outcome_line(name, error) for name, error in outcome.items())
    if failed:
        sys.exit(1)


def _send_test(
    home: Home, settings: Settings, store: Store, *, now: datetime, as_json: bool
) -> dict[str, NotifyError | None]:
    from monitor.notify.console import ConsoleNotifier, wants_color
    from monitor.notify.dispatcher import Dispatcher
    from monitor.notify.setup import build_notifiers

    console = ConsoleNotifier(
        zone=ZoneInfo(settings.hours.display_timezone),
        color=wants_color(os.environ),
        stream=sys.stderr if as_json else None,  # stdout is for the JSON object alone
    )
    notifiers = (*build_notifiers(home, settings, console=False, people=True), console)
    notice = Notice(
        alert_number=0,
        sequence=0,
        reason=Reason.TEST,
        at=now,
        level=Level.INFO,
        title="TEST - this channel works; nothing has to be done",
    )
    # What waits in a shared database belongs into the files of the monitor that leads.
    alone = store.engine.dialect.name == "sqlite"
    sender = Dispatcher(store.engine, notifiers, clock=_clock(), covers=lambda _ticker: alone)
    return sender.send_test(notice, now)


def _answer(
    home: Path | None,
    ids: Iterable[str],
    change: Callable[[AlertRecord, datetime], AlertRecord],
) -> tuple[list[AlertRecord], ZoneInfo]:
    """Change all of them or, where one is not living, none."""
    from monitor.store import alerts as table
    from monitor.store.engine import write

    found, settings, now, store = _open(home)
    if store is None:
        raise StoreError(
            f"there is no alert yet in {found.root}",
            hint="name the monitor's home with --home or CONDORWATCH_HOME",
        )
    with write(store.engine) as connection:
        answered = [change(table.find_living(connection, text), now) for text in ids]
        for record in answered:
            table.save_answer(connection, record)
    store.close()
    return answered, ZoneInfo(settings.hours.display_timezone)


def _open(
    home: Path | None, *, create: bool = False
) -> tuple[Home, Settings, datetime, Store | None]:
    from monitor.store.store import open_existing, open_store

    found = find_home(home)
    settings = load_settings(found.root)
    if create:
        found.prepare()
        return found, settings, _clock().now(), open_store(found.root, settings)
    return found, settings, _clock().now(), open_existing(found.root, settings)


def _clock() -> Clock:
    given = click.get_current_context().find_object(AlertsContext)
    return SystemClock() if given is None else given.clock


def _lines(
    views: Iterable[AlertView], zone: ZoneInfo, trades: Mapping[str, list[str]]
) -> list[str]:
    lines = []
    for view in views:
        told = "" if view.last_sent_at is None else f", last {clock_text(view.last_sent_at, zone)}"
        lines.append(f"{view.id:>5}  [{view.level}] {view.title}")
        lines += [f"       {line}" for line in trades.get(view.id, ())]
        state = "" if view.state == "told" else f"{view.state}, "  # of an event: it says no more
        lines.append(f"       {state}told {view.sent_count} ×{told}")
    return lines


def _fields(view: AlertView) -> dict[str, Any]:
    return {
        key: _stamp(value) if isinstance(value, datetime) else value
        for key, value in asdict(view).items()
    }


def _outcome_fields(name: str, error: NotifyError | None) -> dict[str, Any]:
    if error is None:
        return {"name": name, "ok": True, "error": None, "hint": "", "permanent": False}
    return {
        "name": name,
        "ok": False,
        "error": error.message,
        "hint": error.hint,
        "permanent": error.permanent,
    }


def _outcome_line(name: str, error: NotifyError | None) -> str:
    if error is None:
        return f"{name}: sent"
    return f"{name}: failed: {error.message}" + (f" ({error.hint})" if error.hint else "")


def _stamp(instant: datetime | None) -> str | None:
    return None if instant is None else instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(plain(line))


def _say_json(fields: Mapping[str, Any]) -> None:
    document = {"schema_version": SCHEMA_VERSION, "ok": True, **fields}
    click.echo(json.dumps(document, indent=1, allow_nan=False))
