"""Copies of the database, made with SQLite's own backup so that a writer cannot tear them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

KEEP = 14


def backup_folder(database: Path) -> Path:
    return database.parent / "backups"


def backups(database: Path) -> tuple[Path, ...]:
    """Whole backups beside the database, newest first."""
    return tuple(sorted(backup_folder(database).glob(f"{database.stem}-*.db"), reverse=True))


def make_backup(database: Path, *, now: datetime, why: str) -> Path:
    """Copy the database to `backups/monitor-<stamp>-<why>.db`; keeps the newest `KEEP`.

    Raises:
        OSError, sqlite3.Error: The copy failed; no half copy is left under the final name.
    """
    folder = backup_folder(database)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{database.stem}-{now:%Y%m%dT%H%M%SZ}-{why}.db"
    partial = target.with_suffix(".partial")
    try:
        copy_database(database, partial)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    for old in backups(database)[KEEP:]:
        old.unlink(missing_ok=True)
    return target


def daily_backup(database: Path, *, now: datetime) -> Path | None:
    """Make today's backup unless there is one; None when there was nothing to do."""
    today = f"{database.stem}-{now:%Y%m%d}"
    if not database.exists() or any(p.name.startswith(today) for p in backups(database)):
        return None
    return make_backup(database, now=now, why="daily")


def copy_database(source: Path, target: Path) -> None:
    """By SQLite itself: the newest changes may lie in the journal beside `source`.

    Raises:
        sqlite3.Error: It cannot be read or written.
    """
    with (
        closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as whole,
        closing(sqlite3.connect(target)) as copy,
    ):
        whole.backup(copy)
        # a copy is one file: it needs no journal beside it
        copy.execute("PRAGMA journal_mode=DELETE")
