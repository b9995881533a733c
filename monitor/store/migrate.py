"""Bringing the database to the schema this program knows, without ever losing one.

The usual case, a database of this very version, costs one SELECT and imports no alembic.
A new file is made beside its place and moved there whole, so a database that lies there empty
or half made is never our own doing and is refused, not overwritten.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Engine, text

from monitor.errors import StoreCorruptError, StoreError
from monitor.store.database_file import defect, journal_of, orphaned_journal
from monitor.store.engine import read, sqlite_path

HEAD = "0001"  # a test holds it to alembic's own head

Migrate = Callable[[Engine], None]


def ensure_schema(engine: Engine, *, migrate: Migrate | None = None) -> None:
    """Create or upgrade the database that `engine` points to; a current one is left alone.

    Several processes may start at once: one migrates, the others wait for it.

    Args:
        migrate: Brings a database to `HEAD`; default alembic's upgrade.

    Raises:
        StoreCorruptError: The file is bad, empty or of a newer version. It is kept as it is.
        StoreBusyError: Another process has been migrating for half a minute.
        StoreError: The folder cannot be written.
    """
    path = sqlite_path(engine)
    if version_of(engine) == HEAD if path is None else _is_current(engine, path):
        return
    from monitor.store import upgrade  # alembic, backups: only where there is work to do

    migrate = migrate or upgrade.to_head
    if path is None:
        _upgrade_server(engine, migrate, upgrade.known_versions())
        return
    with upgrade.lock(path):
        if not path.exists():
            upgrade.create_file(path, migrate)
        elif not _is_current(engine, path):
            found = version_of(engine)
            if found not in upgrade.known_versions():
                raise refused(
                    path,
                    f"it was written by a newer version of this program (schema {found}; "
                    f"this one knows up to {HEAD}): update the program",
                )
            upgrade.upgrade_file(engine, path, migrate, head=HEAD)


def version_of(engine: Engine) -> str | None:
    """The schema version the database says it has; None when it has no such table.

    Raises:
        StoreError: The database cannot be read.
    """
    with read(engine) as connection:
        if not engine.dialect.has_table(connection, "alembic_version"):
            return None
        found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
        return found


def _upgrade_server(engine: Engine, migrate: Migrate, known: frozenset[str]) -> None:
    """The writers' turn makes concurrent starts wait; the second finds nothing to do."""
    found = version_of(engine)
    if found is not None and found not in known:
        raise StoreError(
            f"the database was written by a newer version of this program (schema {found}; this "
            f"one knows up to {HEAD})",
            hint="update the program",
        )
    migrate(engine)


def check_integrity(engine: Engine) -> None:
    """Read the whole SQLite file and its references; for a long-running start, not each command.

    Raises:
        StoreCorruptError: Something is broken; the message says what and how to restore.
    """
    path = sqlite_path(engine)
    if path is None:
        return
    with read(engine) as connection:
        found = [row[0] for row in connection.exec_driver_sql("PRAGMA quick_check(5)")]
        orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(5)
    if found != ["ok"] or orphans:
        raise refused(path, "; ".join([*(f for f in found if f != "ok"), *map(str, orphans)]))


def refused(path: Path, why: str) -> StoreCorruptError:
    """The error for a database that is kept as it is, with the way back."""
    from monitor.store.backup import backups

    newest = next(iter(backups(path)), None)
    export = path.with_name("positions.json")
    if newest is not None:
        way = f"then `monitor restore newest` puts {newest} in its place"
    elif export.exists():
        way = f"move {path.name} away, then run: positions import {export}"
    else:
        way = f"move {path.name} away and start again; there is no backup beside it"
    return StoreCorruptError(
        f"{path} cannot be used: {why}",
        hint=f"the file was left as it is. To restore: stop the monitor, {way}",
    )


def unreadable(path: Path, error: OSError) -> StoreError:
    """The error for a database that cannot be looked at."""
    return StoreError(
        f"{path} cannot be read: {error.strerror}", hint="check who owns it, and --home"
    )


def _is_current(engine: Engine, path: Path) -> bool:
    """Whether there is nothing to do; refuses what must not be touched."""
    try:
        orphaned = orphaned_journal(path)
        problem = defect(path) if path.exists() else None
    except OSError as error:
        raise unreadable(path, error) from error
    if orphaned:
        raise refused(path, f"it is gone, but its journal {journal_of(path).name} is still there")
    if not path.exists():
        return False
    if problem is not None:
        raise refused(path, problem)
    try:
        found = version_of(engine)
    except StoreCorruptError as error:
        raise refused(path, error.message) from error
    if found is None:
        raise refused(path, "it is a database of another program (no schema version)")
    return found == HEAD
