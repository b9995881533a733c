"""What the database's driver says → what the person should do."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.exc import DBAPIError

from monitor.errors import StoreBusyError, StoreCorruptError, StoreError

# https://www.sqlite.org/rescode.html; the low byte is the primary code
BUSY, LOCKED, READ_ONLY, IO_ERROR, CORRUPT, FULL, CANNOT_OPEN, NOT_A_DATABASE = (
    5, 6, 8, 10, 11, 13, 14, 26,
)  # fmt: skip


def primary_code(error: DBAPIError) -> int | None:
    """SQLite's primary result code; None for another database."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def is_busy(error: DBAPIError) -> bool:
    return primary_code(error) in {BUSY, LOCKED}


def translate(error: DBAPIError, database: Path | None) -> StoreError:
    """The error of ours that a driver's error means."""
    code, name = primary_code(error), str(database or "the database")
    if code in {BUSY, LOCKED}:
        from monitor.store.lock_holder import writer_of

        who = (writer_of(database) if database else None) or "another process"
        return StoreBusyError(
            f"{name} is being written by {who}; nothing was changed",
            hint="try again in a moment; if it stays so, end that process",
        )
    if code in {CORRUPT, NOT_A_DATABASE}:
        return StoreCorruptError(
            f"{name} is damaged: {error.orig}",
            hint="the file was left as it is; stop the monitor, move it away and restore the "
            "newest copy from data/backups",
        )
    if code in {READ_ONLY, CANNOT_OPEN}:
        return StoreError(
            f"{name} cannot be opened for writing: {error.orig}",
            hint="check that its folder exists and is not read-only, or choose another --home",
        )
    if code in {FULL, IO_ERROR}:
        return StoreError(
            f"{name} could not be written: {error.orig}; nothing was changed",
            hint="make room on the disk and try again",
        )
    return StoreError(f"{name} failed: {error.orig}")
