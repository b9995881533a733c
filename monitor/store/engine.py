"""Opening the database: SQLite with WAL, full sync and `BEGIN IMMEDIATE`, or PostgreSQL.

Without `BEGIN IMMEDIATE` two writers that both read first lose updates in silence.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, IntegrityError

from monitor.errors import ConfigError
from monitor.store.failures import translate
from monitor.store.postgres import is_postgres, open_postgres, translate_postgres


def database_url(home: Path, url: str = "") -> str:
    """The settings' URL, or the home's own SQLite file."""
    return url or f"sqlite:///{home / 'data' / 'monitor.db'}"


def open_engine(url: str, *, busy_timeout_s: float = 5.0, durable: bool = True) -> Engine:
    """Create an engine; nothing is read or written yet.

    Args:
        durable: Force each commit to disk. A replay or demo can be run again and need not.
    """
    if is_postgres(url):
        return open_postgres(url, busy_timeout_s=busy_timeout_s)
    if not url.startswith("sqlite"):
        scheme = url.partition("://")[0] if "://" in url else "(not shown)"
        raise ConfigError(
            f"store.url names a database that is not supported: {scheme}",
            hint="sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME",
        )
    # The pool keeps a connection: closing the last one would copy the whole WAL each time.
    engine = create_engine(url, connect_args={"timeout": busy_timeout_s, "isolation_level": None})

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        read_only = connection.get_execution_options().get("read_only", False)
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine


@contextmanager
def write(engine: Engine) -> Iterator[Connection]:
    """One transaction that may write; it commits whole or not at all.

    Raises:
        StoreBusyError: Another process held the write lock for the whole busy timeout.
        StoreError: The disk is full or read-only, or the database is damaged.
    """
    with _translated(engine), engine.begin() as connection:
        yield connection


@contextmanager
def read(engine: Engine) -> Iterator[Connection]:
    """One consistent view; it never waits for a writer.

    Raises:
        StoreError: As `write`.
    """
    with (
        _translated(engine),
        engine.connect().execution_options(read_only=True) as connection,
        connection.begin(),
    ):
        yield connection


def sqlite_path(engine: Engine) -> Path | None:
    """The file of a SQLite engine; None for memory and for other databases."""
    name = engine.url.database
    if engine.dialect.name != "sqlite" or not name or name == ":memory:":
        return None
    return Path(name).resolve()


@contextmanager
def _translated(engine: Engine) -> Iterator[None]:
    try:
        yield
    except IntegrityError:
        raise  # a mistake of ours, not of the machine
    except DBAPIError as error:
        if engine.dialect.name == "postgresql":
            raise translate_postgres(error, engine) from error
        raise translate(error, sqlite_path(engine)) from error
