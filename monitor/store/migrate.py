"""Bringing the database to the schema this program knows, without ever losing one.

The usual case, a database of this very version, costs one SELECT and imports no alembic.
A new file is made beside its place and moved there whole, so a database that lies there empty
or half made is never our own doing and is refused, not overwritten.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from monitor.errors import StoreBusyError, StoreCorruptError, StoreError
from monitor.store.backup import backups, make_backup
from monitor.store.database_file import defect, journal_of, orphaned_journal
from monitor.store.engine import open_engine, read, sqlite_path
from monitor.store.failures import is_busy

logger = logging.getLogger(__name__)

HEAD = "0001"  # a test holds it to alembic's own head
LOCK_TIMEOUT_S = 30.0

Migrate = Callable[[Engine], None]


def ensure_schema(engine: Engine, *, migrate: Migrate | None = None) -> None:
    """Create or upgrade the database that `engine` points to; a current one is left alone.

    Several processes may start at once: one migrates, the others wait for it.

    Args:
        migrate: Brings a database to `HEAD`; default alembic's upgrade.

    Raises:
        StoreCorruptError: The file is bad, empty or of a newer version. It is kept as it is.
        StoreBusyError: Another process has been migrating for `LOCK_TIMEOUT_S`.
        StoreError: The folder cannot be written.
    """
    migrate = migrate or upgrade
    path = sqlite_path(engine)
    if path is None:
        if version_of(engine) != HEAD:
            migrate(engine)
        return
    if _is_current(engine, path):
        return
    with _migration_lock(path):
        if not path.exists():
            _create(path, migrate)
        elif not _is_current(engine, path):
            _upgrade_file(engine, path, migrate)


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


def upgrade(engine: Engine) -> None:
    """Run alembic up to the head, in one transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "monitor.store:migrations")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def refused(path: Path, why: str) -> StoreCorruptError:
    """The error for a database that is kept as it is, with the way back."""
    newest = next(iter(backups(path)), None)
    export = path.with_name("positions.json")
    steps = [f"the file was left as it is. To restore: stop the monitor, move {path.name} away"]
    if newest is not None:
        steps.append(f"then copy {newest} to {path}")
    elif export.exists():
        steps.append(f"then run: positions import {export}")
    else:
        steps.append("and start again; there is no backup beside it")
    return StoreCorruptError(f"{path} cannot be used: {why}", hint=", ".join(steps))


def _is_current(engine: Engine, path: Path) -> bool:
    """Whether there is nothing to do; refuses what must not be touched."""
    if orphaned_journal(path):
        raise refused(path, f"it is gone, but its journal {journal_of(path).name} is still there")
    try:
        problem = defect(path)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise StoreError(
            f"{path} cannot be read: {error.strerror}", hint="check who owns it, and --home"
        ) from error
    if problem is not None:
        raise refused(path, problem)
    try:
        found = version_of(engine)
    except StoreCorruptError as error:
        raise refused(path, error.message) from error
    if found is None:
        raise refused(path, "it is a database of another program (no schema version)")
    return found == HEAD


def _create(path: Path, migrate: Migrate) -> None:
    fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
    _sweep(path)
    engine = open_engine(f"sqlite:///{fresh}")
    try:
        _keep_old_export(path)
        migrate(engine)
        engine.dispose()
        # the last connection folded its journal into the file; only then is it whole
        if journal_of(fresh).exists():
            raise StoreError(f"the new database {fresh} could not be finished")
        fresh.replace(path)
    except (OSError, DBAPIError) as error:
        raise _unwritable(path, str(getattr(error, "orig", error))) from error
    finally:
        engine.dispose()
        _sweep(path)


def _keep_old_export(path: Path) -> None:
    """A new book's first export must not replace that of a lost one: it may be all that is left."""
    export = path.with_name("positions.json")
    if export.exists():
        stamp = datetime.fromtimestamp(export.stat().st_mtime, UTC)
        kept = export.with_name(f"positions-{stamp:%Y%m%dT%H%M%SZ}.json")
        kept.write_bytes(export.read_bytes())


def _sweep(path: Path) -> None:
    """Remove what a killed creation left; under the lock nobody else is creating."""
    for left in path.parent.glob(f".{path.name}.*.new*"):
        with suppress(OSError):
            left.unlink()


def _upgrade_file(engine: Engine, path: Path, migrate: Migrate) -> None:
    found = version_of(engine)
    if found not in _known_versions():
        raise refused(
            path,
            f"it was written by a newer version of this program (schema {found}; "
            f"this one knows up to {HEAD}): update the program",
        )
    try:
        copy = make_backup(path, now=datetime.now(UTC), why=f"before-{HEAD}")
    except (OSError, sqlite3.Error) as error:
        raise StoreError(
            f"no backup of {path} could be made, so it was not upgraded: {error}",
            hint="make room on the disk and start again",
        ) from error
    logger.info("database upgraded", extra={"from": found, "to": HEAD, "backup": str(copy)})
    try:
        migrate(engine)
    except DBAPIError as error:
        if is_busy(error):
            raise StoreBusyError(
                "the database is in use while it should be upgraded",
                hint="stop the monitor (`monitor stop`), then start again",
            ) from error
        raise StoreError(
            f"the upgrade of {path} failed and was undone: {error.orig}",
            hint=f"the copy from before is {copy}",
        ) from error


def _known_versions() -> frozenset[str]:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", "monitor.store:migrations")
    scripts = ScriptDirectory.from_config(config)
    return frozenset(script.revision for script in scripts.walk_revisions())


@contextmanager
def _migration_lock(path: Path) -> Iterator[None]:
    from filelock import FileLock, Timeout

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_name(f".{path.name}.migrate.lock"), timeout=LOCK_TIMEOUT_S):
            yield
    except Timeout as error:
        raise StoreBusyError(
            f"another process has been preparing {path} for {LOCK_TIMEOUT_S:.0f} s",
            hint="wait for it, or end it if it hangs",
        ) from error
    except OSError as error:
        raise _unwritable(path, error.strerror or str(error)) from error


def _unwritable(path: Path, why: str) -> StoreError:
    return StoreError(
        f"{path} cannot be written: {why}",
        hint="check that the folder is not read-only and the disk not full, or choose --home",
    )
