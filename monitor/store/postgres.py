"""PostgreSQL behind the same store: writers take turns by an advisory lock, as SQLite's do by
their file, so that what reads before it writes loses no update.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from monitor.errors import ConfigError, StoreBusyError, StoreError, StoreUnavailableError

SCHEMES = ("postgresql", "postgres", "postgresql+psycopg")
WRITERS_TURN = 0x636F6E64  # any number that nothing else in this database locks
CONNECT_TIMEOUT_S = 5
# A statement or a silent transaction longer than this is a hang. A machine that vanished (power,
# network) is missed after 25 s, not after the system's two hours: until then it leads its tickers.
SERVER_OPTIONS = (
    "-c statement_timeout=30s -c idle_in_transaction_session_timeout=60s "
    "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"
)

# https://www.postgresql.org/docs/current/errcodes-appendix.html
LOCK_NOT_AVAILABLE, DISK_FULL, READ_ONLY = "55P03", "53100", "25006"
AWAY = ("08", "57P")  # connection exceptions; shut down, crashed, starting up


def is_postgres(url: str) -> bool:
    return url.partition("://")[0] in SCHEMES


def open_postgres(url: str, *, busy_timeout_s: float) -> Engine:
    """An engine on the server; nothing is connected yet.

    Raises:
        ConfigError: The driver is not installed.
    """
    try:
        import psycopg  # noqa: F401 -- the extra "pg"
    except ImportError as error:
        raise ConfigError(
            "store.url names PostgreSQL, and its driver is not installed",
            hint="python -m pip install 'condorwatch[pg]'",
        ) from error
    engine = create_engine(
        _parsed("postgresql+psycopg://" + url.partition("://")[2]),
        pool_pre_ping=True,  # a connection that a restart cut is replaced unnoticed
        pool_size=2,
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT_S,
            "application_name": "condorwatch",
            "options": SERVER_OPTIONS,
        },
    )

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        if connection.get_execution_options().get("read_only", False):
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            return
        wait_ms = max(1, round(1000 * busy_timeout_s))
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {wait_ms}")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITERS_TURN})")

    return engine


def _parsed(url: str) -> URL:
    """The complaint about a URL may quote a piece of its password, so it is not passed on."""
    try:
        return make_url(url)
    except (ValueError, ArgumentError):
        raise ConfigError(
            "store.url is no address of a database (it is not shown: it may hold a password)",
            hint="postgresql://USER:PASSWORD@HOST:PORT/NAME; in the password %40 stands for @, "
            "%3A for :, %2F for /",
        ) from None


def translate_postgres(error: DBAPIError, engine: Engine) -> StoreError:
    """The error of ours that a driver's error means; the URL's password is never in it."""
    code: Any = getattr(error.orig, "sqlstate", None)
    name = engine.url.render_as_string(hide_password=True)
    if code == LOCK_NOT_AVAILABLE:
        return StoreBusyError(
            f"{name} is being written by another process; nothing was changed",
            hint="try again in a moment; if it stays so, end that process",
        )
    if code is None or error.connection_invalidated or str(code).startswith(AWAY):
        return StoreUnavailableError(
            f"{name} does not answer: {_first_line(error)}",
            hint="is the server running, and may this machine reach it?",
        )
    if code in (DISK_FULL, READ_ONLY):
        return StoreError(
            f"{name} could not be written: {_first_line(error)}; nothing was changed",
            hint="make room on the server's disk, or make it writable",
        )
    return StoreError(f"{name} failed: {_first_line(error)}")


def _first_line(error: DBAPIError) -> str:
    lines = str(error.orig).strip().splitlines()
    return lines[0] if lines else type(error.orig).__name__
