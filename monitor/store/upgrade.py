"""Making a new database, and bringing an older one up to date with a copy kept beside it."""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from monitor.clock import SystemClock
from monitor.errors import StoreBusyError, StoreError
from monitor.store.backup import make_backup
from monitor.store.database_file import journal_of
from monitor.store.engine import open_engine
from monitor.store.failures import is_busy

if TYPE_CHECKING:
    from alembic.config import Config

logger = logging.getLogger(__name__)

LOCK_TIMEOUT_S = 30.0


def to_head(engine: Engine) -> None:
    """Run alembic up to the head, in one transaction."""
    from alembic import command

    config = _alembic()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def create_file(path: Path, migrate: Callable[[Engine], None]) -> None:
    """Make a new database beside its place and move it there whole.

    Raises:
        StoreError: The folder cannot be written.
    """
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


def upgrade_file(
    engine: Engine, path: Path, migrate: Callable[[Engine], None], *, head: str
) -> None:
    """Copy the database beside itself, then migrate it in one transaction.

    Raises:
        StoreError: No copy could be made, or the migration failed and was rolled back.
        StoreBusyError: Another process writes to it.
    """
    try:
        copy = make_backup(path, now=SystemClock().now(), why=f"before-{head}")
    except (OSError, sqlite3.Error) as error:
        raise StoreError(
            f"no backup of {path} could be made, so it was not upgraded: {error}",
            hint="make room on the disk and start again",
        ) from error
    logger.info("database upgraded", extra={"to": head, "backup": str(copy)})
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


def known_versions() -> frozenset[str]:
    """Every schema version this program can upgrade from."""
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory.from_config(_alembic())
    return frozenset(script.revision for script in scripts.walk_revisions())


@contextmanager
def lock(path: Path) -> Iterator[None]:
    """One process at a time creates or migrates this database.

    Raises:
        StoreBusyError: Another one has been at it for `LOCK_TIMEOUT_S`.
    """
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


def _alembic() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "monitor.store:migrations")
    return config
