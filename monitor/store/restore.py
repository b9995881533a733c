"""Putting a backup in the database's place; what lay there is kept beside it."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

from monitor.errors import StoreError
from monitor.store.backup import backup_folder, copy_database
from monitor.store.database_file import defect, journal_of


def check_backup(path: Path) -> int:
    """How many open positions a backup holds.

    Raises:
        StoreError: It is missing, damaged, or no database of ours.
    """
    try:
        wrong = defect(path)
    except OSError as error:
        raise StoreError(
            f"{path} cannot be read: {error.strerror}", hint="`monitor backup --list` shows copies"
        ) from error
    if wrong:
        raise _no_backup(path, wrong)
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
            found = [row[0] for row in database.execute("PRAGMA integrity_check(5)")]
            if found != ["ok"]:
                raise _no_backup(path, "; ".join(found))
            counted = database.execute("SELECT count(*) FROM positions WHERE status = 'open'")
            return int(counted.fetchone()[0])
    except sqlite3.Error as error:
        raise _no_backup(path, str(error)) from error


def restore(database: Path, backup: Path, *, now: datetime) -> Path | None:
    """Replace the database by a checked backup; nobody may have it open.

    Returns:
        Where the replaced database is kept now; None when there was none.

    Raises:
        StoreError: The backup is no good; the database was not touched.
        OSError: The disk refused; the database is as it was, or kept beside it.
    """
    check_backup(backup)
    fresh = database.with_name(f".{database.name}.{os.getpid()}.restored")
    try:
        _copy(backup, fresh)
        with fresh.open("rb+") as file:
            os.fsync(file.fileno())
        kept = _set_aside(database, now)
        fresh.replace(database)
    finally:
        fresh.unlink(missing_ok=True)
    return kept


def _copy(source: Path, target: Path) -> None:
    try:
        copy_database(source, target)
    except sqlite3.Error as error:
        raise StoreError(
            f"{source} could not be copied: {error}; nothing was changed",
            hint="make room on the disk, or check its permissions",
        ) from error


def _set_aside(database: Path, now: datetime) -> Path | None:
    """Move database and journal away together: each is worthless without the other."""
    pieces = [database, journal_of(database), database.with_name(database.name + "-shm")]
    folder = backup_folder(database) / f"replaced-{now:%Y%m%dT%H%M%SZ}"
    found = [piece for piece in pieces if piece.exists()]
    if not found:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    for piece in reversed(found):  # the database last: without it nothing is taken for whole
        piece.replace(folder / piece.name)
    return folder


def _no_backup(path: Path, why: str) -> StoreError:
    return StoreError(
        f"{path} is no usable backup: {why}",
        hint="`monitor backup --list` shows the copies; nothing was changed",
    )
