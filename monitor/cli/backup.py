"""`monitor backup` and `monitor restore`: copies of the database, and the way back."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import click
from filelock import FileLock, Timeout

from monitor.cli.options import home_option, json_option
from monitor.clock import SystemClock
from monitor.config_load import load_settings
from monitor.errors import ConfigError, InputError, StoreError
from monitor.export import export_positions
from monitor.home import Home, find_home
from monitor.running import PROBE_EVERY_S, TURN_S
from monitor.store.backup import backups, make_backup
from monitor.store.engine import database_url, open_engine, sqlite_path

NEWEST = "newest"


@click.command()
@click.option("--list", "only_list", is_flag=True, help="Show the copies, newest first.")
@home_option
@json_option
def backup(only_list: bool, home: Path | None, as_json: bool) -> None:
    """Copy the database now; the monitor does it once a day by itself and keeps 14.

    The copy is whole even while the monitor writes.

    Example: monitor backup
    """
    found = find_home(home)
    database = _database(found)
    if only_list:
        _list(database, as_json=as_json)
        return
    if not database.exists():
        raise StoreError(f"there is no database at {database} yet", hint="`positions add` makes it")
    try:
        made = make_backup(database, now=SystemClock().now(), why="asked")
    except (OSError, sqlite3.Error) as error:
        raise StoreError(
            f"no backup was made: {error}", hint="make room on the disk, or check its permissions"
        ) from error
    _say({"backup": str(made)}, f"copied to {made} ({_size(made)})", as_json=as_json)


@click.command()
@click.argument("which", metavar="FILE|newest")
@click.option("--dry-run", is_flag=True, help="Check the copy and change nothing.")
@home_option
@json_option
def restore(which: str, dry_run: bool, home: Path | None, as_json: bool) -> None:
    """Put a backup in the place of the database; the replaced one is kept.

    Stop the monitor first. Alerts told since that copy may be told again.

    \b
    Example:
      monitor stop
      monitor restore newest
    """
    from monitor.store.restore import check_backup
    from monitor.store.restore import restore as put_back

    found = find_home(home)
    database = _database(found)
    chosen = _choose(which, database)
    held = check_backup(chosen)
    what = f"{chosen} ({held} open position{'s' * (held != 1)})"
    if dry_run:
        _say({"backup": str(chosen), "open_positions": held}, f"good: {what}", as_json=as_json)
        return
    now = SystemClock().now()
    with _nobody_watches(found):
        try:
            kept = put_back(database, chosen, now=now)
        except OSError as error:
            raise StoreError(
                f"not restored: {error}", hint="make room on the disk, or check its permissions"
            ) from error
        _export(found, database, now)
    beside = f"; what was there is kept in {kept}" if kept else ""
    fields = {"restored": str(chosen), "open_positions": held, "kept": str(kept) if kept else None}
    _say(fields, f"restored {what}{beside}", as_json=as_json)


def _choose(which: str, database: Path) -> Path:
    if which != NEWEST:
        given = Path(which).expanduser()
        beside = database.parent / "backups" / which
        return beside if not given.exists() and beside.exists() else given
    found = backups(database)
    if not found:
        raise InputError(f"there is no backup beside {database}", hint="name a file")
    return found[0]


def _database(home: Home) -> Path:
    url = database_url(home.root, load_settings(home.root).store.url)
    engine = open_engine(url)
    path = sqlite_path(engine)
    engine.dispose()
    if path is None:
        raise ConfigError(
            "store.url names a database server: its own tools copy and restore it",
            hint="pg_dump and pg_restore for PostgreSQL",
        )
    return path


@contextmanager
def _nobody_watches(home: Home) -> Iterator[None]:
    home.prepare()
    lock = FileLock(home.lock, timeout=TURN_S)
    try:
        lock.acquire(poll_interval=PROBE_EVERY_S)
    except Timeout as error:
        raise ConfigError(
            f"a monitor runs on {home.root}", hint="`monitor stop` first, then restore"
        ) from error
    try:
        yield
    finally:
        lock.release()


def _export(home: Home, database: Path, now: datetime) -> None:
    """positions.json must not go on showing the replaced book."""
    from monitor.store.migrate import ensure_schema

    engine = open_engine(f"sqlite:///{database}")
    try:
        ensure_schema(engine)  # the copy may be of an older version
        export_positions(engine, home.positions_export, now=now)
    finally:
        engine.dispose()


def _list(database: Path, *, as_json: bool) -> None:
    found = backups(database)
    lines = [f"{path}  {_size(path)}" for path in found] or [f"no backup beside {database} yet"]
    _say({"backups": [str(path) for path in found]}, "\n".join(lines), as_json=as_json)


def _size(path: Path) -> str:
    return f"{path.stat().st_size / 1e6:.1f} MB"


def _say(fields: dict[str, object], text: str, *, as_json: bool) -> None:
    import json

    click.echo(json.dumps({"schema_version": 1, "ok": True, **fields}) if as_json else text)
